"""Whether settled rounds and closed programmes are at rest: nothing is left, nothing has moved
since, and what was returned is what the log says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

# Of public funders every account of a settled round is empty that waits for somebody.
SETTLED = """
SELECT r.round || ' ' || f.funder AS subject, 0 AS expected,
    abs(b.payable_fen) + abs(b.held_fen) + iif(f.amount_fen IS NULL, 0,
        abs(b.committed_fen) + abs(b.outstanding_fen)) AS found
FROM rounds r JOIN balances b USING (round_id) JOIN funders f USING (funder_id)
WHERE r.state IN ('settled', 'archived') AND f.kind = 'public' AND found <> 0
UNION ALL
SELECT r.round || ' transfers', 'paid', t.state
FROM rounds r JOIN dues d USING (round_id) JOIN transfers t USING (transfer_id)
    JOIN funders f ON f.funder_id = d.funder_id
WHERE r.state IN ('settled', 'archived') AND f.kind = 'public'
    AND t.state IN ('planned', 'sent', 'accepted')
GROUP BY r.round_id, t.state
"""
# Its rounds are settled or cancelled, its accounts are empty, its statement is what they come to,
# and no posting came behind it.
CLOSED = """
WITH ended AS (
    SELECT c.programme_id, c.last_posting, f.funder_id, f.funder, f.kind, p.programme
    FROM closings c JOIN programmes p USING (programme_id) JOIN funders f USING (programme_id)
), stands AS (
    SELECT e.funder_id, sum(uncommitted_fen) AS uncommitted, sum(committed_fen) AS committed,
        sum(outstanding_fen) AS outstanding, sum(written_off_fen) AS written_off,
        sum(payable_fen + held_fen) AS payable, -sum(appropriated_fen) AS given,
        sum(paid_fen) AS paid, -sum(clawed_back_fen) AS repaid, sum(returned_fen) AS returned
    FROM ended e JOIN balances b USING (funder_id) GROUP BY 1
)
SELECT e.programme || ' ' || r.round AS subject, 'settled' AS expected, r.state AS found
FROM ended e JOIN rounds r USING (programme_id)
WHERE r.state NOT IN ('settled', 'archived', 'cancelled')
UNION
SELECT e.programme || ' ' || e.funder, 0, s.uncommitted || ' ' || s.committed || ' '
    || s.outstanding || ' ' || s.written_off || ' ' || s.payable
FROM ended e JOIN stands s USING (funder_id)
WHERE (s.uncommitted, s.committed, s.outstanding, s.written_off) <> (0, 0, 0, 0)
    OR (e.kind = 'public' AND s.payable <> 0)
UNION
SELECT e.programme || ' ' || e.funder || ' statement',
    ifnull(l.given_fen || ' ' || l.paid_fen || ' ' || l.repaid_fen || ' ' || l.own_fen || ' '
        || (l.returned_fen + l.at_the_end_fen), 'none'),
    s.given || ' ' || s.paid || ' ' || s.repaid || ' ' || iif(e.kind = 'public', 0, s.payable)
        || ' ' || s.returned
FROM ended e JOIN stands s USING (funder_id)
    LEFT JOIN closing_lines l USING (programme_id, funder_id)
WHERE (l.given_fen, l.paid_fen, l.repaid_fen, l.own_fen, l.returned_fen + l.at_the_end_fen)
    IS NOT (s.given, s.paid, s.repaid, iif(e.kind = 'public', 0, s.payable), s.returned)
UNION
SELECT e.programme || ' posting ' || g.posting_id, 'none', g.why
FROM ended e JOIN postings g USING (funder_id) WHERE g.posting_id > e.last_posting
"""
# What two people decided, and what the log says was returned.
AS_LOGGED = """
SELECT p.programme AS subject, 'an approved proposal' AS expected,
    ifnull(q.kind || ' ' || q.state, 'none') AS found
FROM closings c JOIN programmes p USING (programme_id) LEFT JOIN proposals q USING (proposal_id)
WHERE (q.subject, q.subject_id, q.kind, q.state, q.ended_at)
    IS NOT ('programme', c.programme_id, 'close', 'effective', c.closed_at)
UNION ALL
SELECT p.programme || ' ' || f.funder, ifnull(a.detail ->> ('$.statement.' || json_quote(f.funder)
        || '.at_the_end'), 'no line'), l.at_the_end_fen
FROM closing_lines l JOIN programmes p USING (programme_id) JOIN funders f USING (funder_id)
    JOIN closings c ON c.programme_id = l.programme_id
    LEFT JOIN audit a ON a.deed = 'programme.closed' AND a.subject = p.programme
        AND a.at = c.closed_at
WHERE l.at_the_end_fen IS NOT a.detail ->> ('$.statement.' || json_quote(f.funder)
    || '.at_the_end')
UNION ALL
SELECT 'audit ' || a.audit_id, 'a closed programme', a.subject
FROM audit a WHERE a.deed = 'programme.closed' AND NOT EXISTS (
    SELECT 1 FROM closings c JOIN programmes p USING (programme_id)
    WHERE p.programme = a.subject AND c.closed_at = a.at)
"""


def _check(statement: str) -> Callable[[sqlite3.Connection], list[Breach]]:
    return lambda db: [
        (str(subject), str(want), str(found)) for subject, want, found in db.execute(statement)
    ]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "settled_rounds_stand": _check(SETTLED),
    "closed_to_nothing": _check(CLOSED),
    "closings_as_logged": _check(AS_LOGGED),
}
