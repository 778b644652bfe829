"""Whether what was reversed is out of force, was decided as the log says, and was entered anew
where it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import corrections, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

# What the approval that let it take effect said of the rows.
SAID = """
SELECT c.correction_id, ifnull((SELECT json_extract(a.detail, '$.rows') FROM audit a
    WHERE a.deed = 'correction.approve' AND json_type(a.detail, '$.rows') = 'text'
        AND json_extract(a.detail, '$.correction') = c.correction_id
    ORDER BY a.audit_id LIMIT 1), '')
FROM corrections c ORDER BY c.correction_id
"""
UNDECIDED = """
SELECT 'correction ' || c.correction_id AS subject, 'effective' AS expected,
    ifnull(p.state, 'no proposal') AS found
FROM corrections c LEFT JOIN proposals p ON p.proposal_id = c.correction_id
    AND p.subject IN ('claim', 'redemption')
WHERE p.state IS NOT 'effective'
UNION ALL
SELECT 'correction ' || p.proposal_id, 'rows', 'none'
FROM proposals p WHERE p.subject IN ('claim', 'redemption') AND p.state = 'effective'
    AND p.proposal_id NOT IN (SELECT correction_id FROM reversed_redemptions
        UNION ALL SELECT correction_id FROM reversed_claims)
"""
# A row that was reversed and stands as well; one that was to be entered anew and is nowhere: not
# in force, not reversed since, not a reject of its batch.
STANDING = """
SELECT v.transaction_no AS subject, 'reversed' AS expected, 'in force' AS found
FROM reversed_redemptions v JOIN redemptions f USING (redemption_id)
UNION ALL
SELECT v.claim_no, 'reversed', 'in force' FROM reversed_claims v JOIN claims c USING (claim_id)
UNION ALL
SELECT v.transaction_no, 'batch ' || v.anew_batch_id || ':' || v.anew_line, 'no row'
FROM reversed_redemptions v
WHERE v.anew_batch_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM redemption_runs n CROSS JOIN redemptions f
            ON f.redemption_id BETWEEN n.first_id AND n.last_id
        WHERE n.batch_id = v.anew_batch_id AND f.line = v.anew_line)
    AND (v.anew_batch_id, v.anew_line) NOT IN (SELECT batch_id, line FROM reversed_redemptions
        UNION ALL SELECT batch_id, line FROM rejects)
UNION ALL
SELECT v.claim_no, 'batch ' || v.anew_batch_id || ':' || v.anew_line, 'no row'
FROM reversed_claims v
WHERE v.anew_batch_id IS NOT NULL AND (v.anew_batch_id, v.anew_line) NOT IN (
    SELECT batch_id, line FROM reversed_claims UNION ALL SELECT batch_id, line FROM rejects
    UNION ALL SELECT batch_id, line FROM claims WHERE batch_id IN (SELECT batch_id
        FROM correction_batches))
"""


def corrections_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Corrections that nobody approved, or whose rows are not those that were logged."""
    breaches = [
        (f"correction {number}", said[:12], made[:12])
        for number, said in typed.tuples(db, SAID)
        if (made := corrections.digest(db, number)) != said
    ]
    return breaches + _breaches(db, UNDECIDED)


def _breaches(db: sqlite3.Connection, statement: str) -> list[Breach]:
    return [(str(subject), str(want), str(found)) for subject, want, found in db.execute(statement)]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "corrections_as_logged": corrections_as_logged,
    "corrections_in_force": lambda db: _breaches(db, STANDING),
}
