"""Whether the evidence of cases is what was frozen, their holds stand, and what two people decided
is in the books.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import cases, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

ALL_LINES = """
SELECT case_id, place, redemption_id, transaction_no, line, sha256, amount_fen, added_by, added_at
FROM case_lines ORDER BY case_id, place
"""
# Each time that evidence was added the log kept how many rows there were, and their digest.
SAID = """
SELECT json_extract(detail, '$.case'), json_extract(detail, '$.rows'),
    json_extract(detail, '$.sha256'), audit_id
FROM audit WHERE deed IN ('case.open', 'case.add') ORDER BY audit_id
"""
# A row that stands, or was reversed, is what it was when it was frozen.
AS_IT_STOOD = """
SELECT 'case ' || l.case_id || ' ' || l.transaction_no AS subject,
    l.line ->> 'base_fen' || ', ' || (l.line ->> 'subsidy_fen') AS expected,
    f.base_fen || ', ' || (s.after_fen - s.before_fen) AS found
FROM case_lines l JOIN redemptions f USING (redemption_id) JOIN splits s USING (split_id)
WHERE f.transaction_no = l.transaction_no AND f.refund_of IS NULL AND expected <> found
UNION ALL
SELECT 'case ' || l.case_id || ' ' || l.transaction_no,
    l.line ->> 'base_fen' || ', ' || (l.line ->> 'subsidy_fen') AS expected,
    f.base_fen || ', ' || (s.after_fen - s.before_fen) AS found
FROM case_lines l JOIN reversed_redemptions f USING (redemption_id) JOIN splits s USING (split_id)
WHERE f.transaction_no = l.transaction_no AND expected <> found
"""
# While a case is not closed its holds stand; what it held alone ends with it.
HOLDS = """
SELECT 'case ' || c.case_id AS subject, 'hold ' || k.hold_id AS expected, 'released' AS found
FROM cases c JOIN case_holds k USING (case_id) JOIN holds h USING (hold_id)
WHERE c.state <> 'closed' AND h.released_at IS NOT NULL
UNION ALL
SELECT 'hold ' || h.hold_id, 'released with case ' || max(c.case_id), 'stands'
FROM holds h JOIN case_holds k USING (hold_id) JOIN cases c USING (case_id)
WHERE h.released_at IS NULL
GROUP BY h.hold_id HAVING max(k.is_ours) AND sum(c.state <> 'closed') = 0
"""
# What was decided: two people, the rows reversed, the merchant suspended.
DECIDED = """
SELECT 'case ' || c.case_id AS subject, 'a decision of two people' AS expected, c.state AS found
FROM cases c WHERE c.outcome = 'founded' AND NOT EXISTS (SELECT 1 FROM proposals p
    WHERE p.subject = 'case' AND p.subject_id = c.case_id AND p.state = 'effective')
UNION ALL
SELECT 'case ' || s.case_id || ' ' || s.sanction, p.after ->> 'sanctions', p.state
FROM case_sanctions s LEFT JOIN proposals p USING (proposal_id)
WHERE p.state IS NOT 'effective' OR p.subject <> 'case' OR p.subject_id <> s.case_id
    OR NOT EXISTS (SELECT 1 FROM json_each(p.after, '$.sanctions') j WHERE j.value = s.sanction)
UNION ALL
SELECT 'case ' || p.subject_id, j.value, 'none'
FROM proposals p CROSS JOIN json_each(p.after, '$.sanctions') j
WHERE p.subject = 'case' AND p.state = 'effective' AND NOT EXISTS (
    SELECT 1 FROM case_sanctions s WHERE s.proposal_id = p.proposal_id AND s.sanction = j.value)
UNION ALL
SELECT 'case ' || s.case_id || ' claw_back', s.amount_fen, ifnull((
    SELECT sum(y.after_fen - y.before_fen) FROM case_corrections k
        JOIN reversed_redemptions v USING (correction_id) JOIN splits y USING (split_id)
    WHERE k.case_id = s.case_id), 0) AS found
FROM case_sanctions s WHERE s.sanction = 'claw_back' AND s.amount_fen <> found
UNION ALL
SELECT 'case ' || s.case_id, 'suspended from ' || s.from_at, 'never suspended'
FROM case_sanctions s JOIN cases c USING (case_id)
WHERE s.sanction IN ('suspension', 'exclusion') AND c.merchant_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM suspensions u WHERE u.merchant_id = c.merchant_id
        AND (u.until_at IS NULL OR u.until_at > s.from_at))
"""
# What was granted here is dated by the arrival, and was given with its batch. A pack of the very
# second of the decision may have come before it.
EXCLUDED = """
SELECT 'claim ' || c.claim_no AS subject, 'no pack, by case ' || x.case_id AS expected, 'a pack'
FROM exclusions x CROSS JOIN claims c ON c.resident = x.resident
    JOIN rounds r ON r.round_id = c.round_id AND r.programme_id = x.programme_id
    JOIN batches b ON b.batch_id = c.batch_id
WHERE CASE b.kind WHEN 'allocation' THEN max(c.claimed_at, b.imported_at) ELSE c.claimed_at END
    BETWEEN x.from_at + 1 AND ifnull(x.until_at - 1, 9223372036854775807)
"""
# Every case and its end stand in the log.
LOGGED = """
SELECT 'case ' || c.case_id AS subject, d.column1 AS expected, 'no line' AS found
FROM cases c CROSS JOIN (VALUES ('case.open'), ('case.approve'), ('case.close')) d
WHERE CASE d.column1 WHEN 'case.open' THEN 1 WHEN 'case.approve' THEN c.outcome = 'founded'
        ELSE c.state = 'closed' END
    AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.deed = d.column1
        AND json_extract(a.detail, '$.case') = c.case_id)
UNION ALL
SELECT 'case ' || c.case_id, ifnull(a.detail ->> 'residents', 0) || ' residents', (
    SELECT count(*) FROM case_residents k WHERE k.case_id = c.case_id) || ' residents' AS kept
FROM cases c JOIN audit a ON a.deed = 'case.open' AND a.detail ->> 'case' = c.case_id
WHERE kept <> ifnull(a.detail ->> 'residents', 0) || ' residents'
UNION ALL
SELECT 'audit ' || a.audit_id, 'case ' || json_extract(a.detail, '$.case'), 'no case'
FROM audit a WHERE a.deed = 'case.open'
    AND json_extract(a.detail, '$.case') NOT IN (SELECT case_id FROM cases)
UNION ALL
SELECT 'case ' || n.case_id || ' note ' || n.place, n.words, 'no line'
FROM case_notes n WHERE NOT EXISTS (SELECT 1 FROM audit a
    WHERE a.deed IN ('case.note', 'case.visit') AND a.actor = n.actor AND a.at = n.at
        AND json_extract(a.detail, '$.case') = n.case_id
        AND json_extract(a.detail, '$.note') = n.words)
"""


def evidence_as_frozen(db: sqlite3.Connection) -> list[Breach]:
    """Rows of evidence that are not what was frozen and logged."""
    kept: dict[int, list[cases.Line]] = {}
    for number, *line in typed.tuples(db, ALL_LINES):
        kept.setdefault(number, []).append(cases.Line(*line))
    breaches: list[Breach] = [
        (f"case {number} {row.transaction_no}", row.sha256[:12], found[:12])
        for number, rows in kept.items()
        for row in rows
        if (found := cases.digest(row.line)) != row.sha256
    ]
    said: dict[int, int] = {}
    for number, count, digest, line in typed.tuples(db, SAID):
        said[number] = count
        found = cases.digest_of(kept.get(number, [])[:count])
        if found != digest:
            breaches.append((f"audit {line} case {number}", str(digest)[:12], found[:12]))
    breaches += [
        (f"case {number}", f"{said.get(number, 0)} rows", f"{len(rows)} rows")
        for number, rows in kept.items()
        if len(rows) != said.get(number, 0)
    ]
    return breaches + _breaches(db, AS_IT_STOOD)


def _breaches(db: sqlite3.Connection, statement: str) -> list[Breach]:
    return [(str(subject), str(want), str(found)) for subject, want, found in db.execute(statement)]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "evidence_as_frozen": evidence_as_frozen,
    "cases_hold": lambda db: _breaches(db, HOLDS),
    "cases_as_decided": lambda db: _breaches(db, DECIDED),
    "no_pack_while_excluded": lambda db: _breaches(db, EXCLUDED),
    "cases_as_logged": lambda db: _breaches(db, LOGGED),
}
