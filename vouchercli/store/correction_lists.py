"""Corrections of single rows as lists show them, and the rows that they reversed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import times
from vouchercli.store import sql_functions, typed
from vouchercli.store.lists import Listing

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.store.lists import Listed

# Whose a correction is: as noted when it took effect; else of the claim that it names; when that
# is gone, as the log has it.
PROGRAMME_OF = """coalesce(
    (SELECT x.programme_id FROM corrections x WHERE x.correction_id = p.proposal_id),
    (SELECT r.programme_id FROM claims c JOIN rounds r USING (round_id)
        WHERE c.claim_no = json_extract(p.before, '$.claim_no')),
    (SELECT g.programme_id FROM audit a
        JOIN programmes g ON g.programme = json_extract(a.detail, '$.programme')
        WHERE a.subject = json_extract(p.before,
                iif(p.subject = 'claim', '$.claim_no', '$.transaction_no'))
            AND a.deed = p.subject || '.correct'
            AND json_extract(a.detail, '$.correction') = p.proposal_id))"""


class Line(NamedTuple):
    """A correction as lists show it; `before` and `after` are JSON, times UTC seconds."""

    correction: int
    subject: str
    name: str
    state: str
    before: str
    after: str
    amount_fen: int
    note: str
    evidence: str
    proposed_by: str
    proposed_at: int
    approved_by: str
    ended_at: int | None
    batches: str


LIST = Listing(
    Line,
    f"""
SELECT p.proposal_id, p.subject, json_extract(p.before, iif(p.subject = 'claim', '$.claim_no',
        '$.transaction_no')), p.state, p.before, p.after, p.amount_fen, p.note, p.evidence,
    p.proposed_by, p.proposed_at, ifnull((SELECT group_concat(actor, ', ') FROM (SELECT v.actor
        FROM verdicts v WHERE v.proposal_id = p.proposal_id AND v.verdict = 'approve'
        ORDER BY v.verdict_id)), ''), p.ended_at,
    ifnull((SELECT group_concat(batch_id, ', ') FROM correction_batches b
        WHERE b.correction_id = p.proposal_id), '')
FROM proposals p
WHERE p.subject IN ('claim', 'redemption') AND {PROGRAMME_OF} = :programme_id
    AND ifnull(p.proposal_id = :correction, 1)
""",
    "p.proposal_id DESC",
)


PROGRAMME = f"SELECT {PROGRAMME_OF} FROM proposals p WHERE p.proposal_id = ?"


def programme_of(db: sqlite3.Connection, correction: int) -> int:
    """The programme (programme_id) of a correction."""
    return typed.number(db, PROGRAMME, (correction,))


def listed(db: sqlite3.Connection, programme_id: int, *, correction: int | None = None) -> Listed:
    """The corrections (`Line`) of a programme, or one of them, the newest first."""
    return LIST.of(db, programme_id=programme_id, correction=correction)


class ReversedRow(NamedTuple):
    """A row that was reversed: `what` it is, its number, where it had come in, on which day its
    reversal is booked (yyyymmdd), and where it was entered anew.
    """

    what: str
    number: str
    day: int
    base_fen: int
    subsidy_fen: int
    batch: int
    line: int
    booked_on: int
    anew_batch: int | None
    anew_line: int | None


ROWS = """
SELECT 'claim', v.claim_no, local_day(v.claimed_at, p.time_zone), 0, 0, v.batch_id, v.line,
    v.booked_on, v.anew_batch_id, v.anew_line
FROM reversed_claims v JOIN rounds USING (round_id) JOIN programmes p USING (programme_id)
WHERE v.correction_id = :correction
UNION ALL
SELECT iif(v.refund_of IS NULL, 'pay', 'refund'), v.transaction_no, v.day, v.base_fen,
    s.after_fen - s.before_fen, v.batch_id, v.line, v.booked_on, v.anew_batch_id, v.anew_line
FROM reversed_redemptions v JOIN splits s USING (split_id) WHERE v.correction_id = :correction
"""


def rows_of(db: sqlite3.Connection, correction: int) -> list[ReversedRow]:
    """The rows that a correction reversed."""
    sql_functions.register(db, local_day=times.local_day)
    return typed.rows(db, ReversedRow, ROWS, {"correction": correction})
