"""Whether plans of effect are what was sealed, and cells and answers what their batches count."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

PLANS = """
SELECT r.round, e.terms, e.sha256, e.sealed_at FROM effect_plans e JOIN rounds r USING (round_id)
ORDER BY e.plan_id
"""
SEALED = """
SELECT subject, json_extract(detail, '$.after'), at FROM audit WHERE deed = 'effect.plan'
ORDER BY audit_id
"""
# Of a batch that is done so many rows stand as it accepted; of one that was undone none.
COUNTED = """
SELECT b.kind || ' ' || b.batch_id AS subject, iif(b.state = 'undone', 0, b.accepted) AS expected,
    count(f.batch_id) AS found
FROM batches b LEFT JOIN (
    SELECT batch_id, 'cells' AS kind FROM effect_cells
    UNION ALL SELECT batch_id, 'survey' FROM survey_answers) f USING (batch_id, kind)
WHERE b.kind IN ('cells', 'survey') GROUP BY b.batch_id HAVING expected <> found
UNION ALL
SELECT 'cells of batch ' || batch_id, 0, count(*) FROM effect_cells
WHERE batch_id NOT IN (SELECT batch_id FROM batches WHERE kind = 'cells') GROUP BY batch_id
UNION ALL
SELECT 'answers of batch ' || batch_id, 0, count(*) FROM survey_answers
WHERE batch_id NOT IN (SELECT batch_id FROM batches WHERE kind = 'survey') GROUP BY batch_id
"""


def plans_as_sealed(db: sqlite3.Connection) -> list[Breach]:
    """Plans whose text is not the one whose digest the log has, or of whose sealing it has no line;
    lines without a plan.
    """
    kept = typed.tuples(db, PLANS)
    said = typed.tuples(db, SEALED)
    breaches: list[Breach] = [
        (round_, sha256[:12], found[:12])
        for round_, terms, sha256, _ in kept
        if (found := hashlib.sha256(terms.encode()).hexdigest()) != sha256
    ]
    plans = {(round_, sha256, at) for round_, _, sha256, at in kept}
    breaches += [(each[0], str(each[1])[:12], "no line") for each in sorted(plans - {*said})]
    gone = [each for each in said if each not in plans]
    return breaches + [(each[0], str(each[1])[:12], "no plan") for each in gone]


def effects_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Files of cells and of surveys of which other rows stand than were accepted; what the rows
    say is proved with all facts.
    """
    return [(str(each[0]), str(each[1]), str(each[2])) for each in typed.tuples(db, COUNTED)]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "plans_as_sealed": plans_as_sealed,
    "effects_as_logged": effects_as_logged,
}
