"""Whether what agreed and what did not make the whole of each day that was held against a bill, and
two people decided what is resolved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

# The sides of the breaks that stand, and of what agreed beyond the days of its run, by day.
PARTS = """
SELECT b.programme_id, b.source, b.round_id, p.day, iif(p.is_beyond, 0, p.their_rows) AS their_rows,
    iif(p.is_beyond, 0, p.their_fen) AS their_fen, p.our_rows, p.our_fen
FROM breaks b JOIN break_parts p USING (break_id) WHERE b.cleared_at IS NULL
UNION ALL
SELECT r.programme_id, r.source, r.round_id, a.day, 0, 0, 1, a.our_fen
FROM agreed_beyond a JOIN reconciliations r USING (run_id)
"""
WHOLE = f"""
WITH parts AS MATERIALIZED (
    SELECT programme_id, source, round_id, day, sum(their_rows) AS their_rows,
        sum(their_fen) AS their_fen, sum(our_rows) AS our_rows, sum(our_fen) AS our_fen
    FROM ({PARTS}) GROUP BY programme_id, source, round_id, day
)
SELECT d.source || ' ' || d.day || ' ' || s.column1 AS subject,
    iif(s.column1 = 'theirs', d.their_rows || '/' || d.their_fen, d.our_rows || '/' || d.our_fen)
        AS expected,
    iif(s.column1 = 'theirs',
        (d.agreed_their_rows + ifnull(p.their_rows, 0)) || '/' || (d.agreed_their_fen
            + ifnull(p.their_fen, 0)),
        (d.agreed_our_rows + ifnull(p.our_rows, 0)) || '/' || (d.agreed_our_fen
            + ifnull(p.our_fen, 0))) AS found
FROM standing_days d CROSS JOIN (VALUES ('theirs'), ('ours')) s
LEFT JOIN parts p ON p.programme_id = d.programme_id AND p.source = d.source
    AND p.round_id IS d.round_id AND p.day = d.day
WHERE expected <> found
"""
# A break is what its rows come to.
ADD_UP = """
SELECT 'break ' || b.break_id AS subject, b.our_fen || '/' || b.their_fen AS expected,
    ifnull(sum(p.our_fen), 0) || '/' || ifnull(sum(p.their_fen), 0) AS found
FROM breaks b LEFT JOIN break_parts p USING (break_id)
GROUP BY b.break_id HAVING expected <> found
UNION ALL
SELECT 'run ' || r.run_id, r.opened, count(b.break_id)
FROM reconciliations r LEFT JOIN breaks b ON b.run_id = r.run_id
GROUP BY r.run_id HAVING r.opened <> count(b.break_id)
UNION ALL
SELECT 'run ' || r.run_id || ' cleared', r.cleared, count(b.break_id)
FROM reconciliations r LEFT JOIN breaks b ON b.cleared_run = r.run_id
GROUP BY r.run_id HAVING r.cleared <> count(b.break_id)
UNION ALL
SELECT 'batch ' || j.batch_id || ' line ' || j.line, 'a break', 'none'
FROM rejects j JOIN batches b USING (batch_id)
WHERE j.reason = 'displaces_sealed' AND b.programme_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM breaks k WHERE k.source = 'intake' AND k.batch_id = j.batch_id AND k.line = j.line
        AND k.cleared_at IS NULL)
"""

# What is resolved two people have decided, and the log has it.
DECIDED = """
SELECT 'break ' || b.break_id AS subject, 'a decision of two people' AS expected, b.state AS found
FROM breaks b WHERE b.state = 'resolved' AND NOT EXISTS (SELECT 1 FROM proposals p
    WHERE p.subject = 'break' AND p.subject_id = b.break_id AND p.state = 'effective'
        AND p.after ->> 'resolution' = b.resolution)
UNION ALL
SELECT 'break ' || p.subject_id, p.after ->> 'resolution', ifnull(b.state, 'no break')
FROM proposals p LEFT JOIN breaks b ON b.break_id = p.subject_id
WHERE p.subject = 'break' AND p.state = 'effective' AND ifnull(b.state, '') <> 'resolved'
UNION ALL
SELECT 'break ' || break_id, 'approved', 'no line' FROM (
    SELECT break_id FROM breaks WHERE state = 'resolved'
    EXCEPT
    SELECT b.break_id FROM (
        SELECT json_extract(detail, '$.break') AS first, json_extract(detail, '$.break') AS last
        FROM audit WHERE deed = 'reconcile.approve'
        UNION ALL
        SELECT s.value ->> 0, s.value ->> 1 FROM audit a, json_each(a.detail, '$.breaks') s
        WHERE a.deed = 'reconcile.approve'
    ) l CROSS JOIN breaks b ON b.break_id BETWEEN l.first AND l.last
)
"""


def _check(statement: str) -> Callable[[sqlite3.Connection], list[Breach]]:
    return lambda db: [
        (str(subject), str(want), str(found)) for subject, want, found in db.execute(statement)
    ]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "days_reconciled": _check(WHOLE),
    "breaks_add_up": _check(ADD_UP),
    "breaks_as_decided": _check(DECIDED),
}
