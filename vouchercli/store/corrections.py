"""Rows that were wrong: taken out of the facts in force, kept as they were, and linked with what
was entered in their place.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import money, times
from vouchercli.store import (
    claims,
    redemptions,
    reopening,
    sql_functions,
    transaction_numbers,
    typed,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.session import Session

Freed = list[tuple[Any, ...]]  # round_id, funder_id, fen
Fields = dict[str, str]  # a row by our own fields

# ---------------------------------------------------------------- what stands


class Row(NamedTuple):
    """A row that stands: its id, its own fields, its local day, the subsidy that it brought (fen,
    of a refund negative), the payment that it refunds, and which use of its voucher it is.
    """

    id: int
    fields: Fields
    day: int
    subsidy_fen: int
    refund_of: int | None
    use_no: int


PAID = f"""
SELECT f.redemption_id, {reopening.AS_FIELDS}, f.day, f.subsidy_fen, f.refund_of, f.use_no
FROM (SELECT x.*, CASE WHEN x.stays THEN 0 ELSE abs(x.subsidy_fen) END AS stated_fen
    FROM redemption_facts x WHERE [which]) f
JOIN claims c ON c.claim_id = f.claim_id
JOIN merchants m ON m.merchant_id = f.merchant_id
LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
ORDER BY f.voucher, f.use_no
"""
OF_NUMBER = PAID.replace(
    "[which]", "x.redemption_id IN (SELECT redemption_id FROM standing_numbers) AND x.kind = :kind"
)
OF_VOUCHER = PAID.replace(
    "[which]",
    "(x.use_no >= :from_use OR x.paid_at >= :from_at) AND x.voucher = :voucher",
)
PLACE = "SELECT voucher, paid_at FROM redemptions WHERE redemption_id = ?"
OF_CLAIM = PAID.replace("[which]", "x.voucher BETWEEN :claim_id * 1024 AND :claim_id * 1024 + 1023")
CLAIM = f"""
SELECT c.claim_id, {claims.as_fields("c", "r")}, b.kind = 'allocation'
FROM claims c JOIN rounds r USING (round_id) JOIN batches b USING (batch_id)
WHERE r.programme_id = ? AND c.claim_no = ?
"""


class Claim(NamedTuple):
    """A claim that stands; `is_granted`: it was granted here, by no file."""

    id: int
    fields: Fields
    is_granted: bool


def redemption(
    db: sqlite3.Connection, programme_id: int, transaction_no: str, kind: str
) -> Row | None:
    """The payment or refund with that number; None when there is none in the programme."""
    transaction_numbers.find_standing(db, [transaction_no])
    found = [
        row
        for row in _rows(db, OF_NUMBER, {"kind": kind})
        if row.fields["transaction_no"] == transaction_no
    ]
    return next(iter(found), None) if _is_of(db, programme_id, found) else None


def _is_of(db: sqlite3.Connection, programme_id: int, found: list[Row]) -> bool:
    return bool(found) and claim(db, programme_id, found[0].fields["claim_no"]) is not None


def behind(db: sqlite3.Connection, row: Row) -> list[Row]:
    """The row, and those of its voucher that are later than it or were judged after it: they rest
    on it. What is later and was judged before holds the voucher only as long as what came late in
    front of it lets it go.
    """
    voucher, from_at = db.execute(PLACE, (row.id,)).fetchone()
    asked = {"voucher": voucher, "from_use": row.use_no, "from_at": from_at}
    return sorted(_rows(db, OF_VOUCHER, asked), key=lambda each: each.id != row.id)


def claim(db: sqlite3.Connection, programme_id: int, claim_no: str) -> Claim | None:
    """The claim with that number; None when there is none in the programme."""
    for claim_id, fields, is_granted in typed.tuples(db, CLAIM, (programme_id, claim_no)):
        return Claim(claim_id, json.loads(fields), bool(is_granted))
    return None


def paid_with(db: sqlite3.Connection, claim_id: int) -> list[Row]:
    """The payments and refunds on a claim's vouchers, each voucher's in the order of their use."""
    return _rows(db, OF_CLAIM, {"claim_id": claim_id})


def _rows(db: sqlite3.Connection, statement: str, asked: dict[str, int | str]) -> list[Row]:
    sql_functions.register(db, yuan=money.yuan)
    return [
        Row(row_id, json.loads(fields), *rest)
        for row_id, fields, *rest in typed.tuples(db, statement, asked)
    ]


# ---------------------------------------------------------------- reversed


class Entry(NamedTuple):
    """Where a row that is reversed is entered anew; None: nowhere."""

    id: int
    batch_id: int | None
    line: int | None


BEGIN = "INSERT INTO corrections (correction_id, programme_id, corrected_at) VALUES (?, ?, ?)"
ADD_BATCH = "INSERT INTO correction_batches (batch_id, correction_id) VALUES (?, ?)"
REVERSE = """
INSERT INTO reversed_redemptions
SELECT f.redemption_id, f.transaction_no, f.voucher, f.use_no, f.merchant_id, f.segment_id,
    f.channel, f.paid_at, f.day, f.base_fen, f.merchant_discount_fen, f.split_id, f.line,
    f.refund_of, x.batch_id, b.vouchers, b.spent, b.floor_fen, ifnull(p.transaction_no, ''),
    :correction_id, max(f.day, :open_on), :batch_id, :line, d.details
FROM redemptions f JOIN redemption_facts x USING (redemption_id)
LEFT JOIN refunds b ON b.redemption_id = f.redemption_id
LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
LEFT JOIN redemption_details d ON d.redemption_id = f.redemption_id
WHERE f.redemption_id = :id
"""
LEAVE = "INSERT INTO leaving VALUES (?)"
REVERSE_CLAIM = """
INSERT INTO reversed_claims
SELECT c.claim_id, c.claim_no, c.round_id, c.resident, c.pack_no, c.claimed_at, c.expires_at,
    c.batch_id, c.line, :correction_id,
    max(local_day(c.claimed_at, p.time_zone), :open_on), :batch_id, :line
FROM claims c JOIN rounds r USING (round_id) JOIN programmes p USING (programme_id)
WHERE c.claim_id = :id
"""


def begin(session: Session, correction_id: int, programme_id: int) -> None:
    """A correction takes effect."""
    session.db.execute(BEGIN, (correction_id, programme_id, session.now))


def add_batch(db: sqlite3.Connection, correction_id: int, batch_id: int) -> None:
    """What is entered anew has a batch of its own."""
    db.execute(ADD_BATCH, (batch_id, correction_id))


def reverse(
    db: sqlite3.Connection, correction_id: int, open_on: int, entries: Iterable[Entry]
) -> None:
    """Take these payments and refunds out of the facts in force, and keep them; each reversal is
    booked on its own day, or on the first open one. Within `ledger.booking`.
    """
    entries = list(entries)
    asked = {"correction_id": correction_id, "open_on": open_on}
    db.executemany(REVERSE, [asked | each._asdict() for each in entries])
    redemptions.expect_leaving(db)
    db.executemany(LEAVE, [(each.id,) for each in entries])
    reopening.note_freed(db)
    redemptions.take_out(db)


def reverse_claim(db: sqlite3.Connection, correction_id: int, open_on: int, entry: Entry) -> None:
    """The same of a claim on which nothing stands any more."""
    asked = {"correction_id": correction_id, "open_on": open_on}
    sql_functions.register(db, local_day=times.local_day)
    db.execute(REVERSE_CLAIM, asked | entry._asdict())
    claims.take_out_one(db, entry.id)


GIVE = "INSERT INTO freed (round_id, funder_id, fen) VALUES (?, ?, ?)"


def give_freed(db: sqlite3.Connection, money_left: Freed) -> None:
    """What is entered anew may use it."""
    db.executemany(GIVE, money_left)


SUBSIDY = """
SELECT CAST(ifnull(sum(s.after_fen - s.before_fen), 0) AS BIGINT)
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
    JOIN splits s ON s.split_id = f.split_id
WHERE n.batch_id = ?
"""
REVERSED = """
SELECT redemption_id, transaction_no || ifnull(char(31) || details, ''), voucher, use_no,
    merchant_id, segment_id, channel, paid_at, day, base_fen, merchant_discount_fen, split_id, line,
    refund_of, batch_id, vouchers, spent, floor_fen, refund_of_no, booked_on, anew_batch_id,
    anew_line
FROM reversed_redemptions WHERE correction_id = ? ORDER BY redemption_id
"""
# Tokens are left out: a new key wraps them.
REVERSED_CLAIM = """
SELECT claim_id, claim_no, round_id, pack_no, claimed_at, expires_at, batch_id, line, booked_on,
    anew_batch_id, anew_line
FROM reversed_claims WHERE correction_id = ?
"""


def subsidy_of(db: sqlite3.Connection, batch_id: int | None) -> int:
    """What the vouchers of a batch's rows paid, net, in fen."""
    return typed.number(db, SUBSIDY, (batch_id,))


def digest(db: sqlite3.Connection, correction_id: int) -> str:
    """SHA-256 of the rows that a correction reversed, in hexadecimal."""
    rows = [typed.tuples(db, each, (correction_id,)) for each in (REVERSED, REVERSED_CLAIM)]
    return sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


# ---------------------------------------------------------------- what files must not bring again

NUMBERS = "SELECT transaction_no FROM reversed_redemptions"
CLAIM_NUMBERS = "SELECT claim_no FROM reversed_claims"


def numbers(db: sqlite3.Connection) -> list[str]:
    """The transaction numbers of the rows that were reversed."""
    return typed.column(db, NUMBERS)


def claim_numbers(db: sqlite3.Connection) -> list[str]:
    """The numbers of the claims that were reversed."""
    return typed.column(db, CLAIM_NUMBERS)


# ---------------------------------------------------------------- what rests on it

OF_BATCH = """
SELECT correction_id FROM correction_batches WHERE batch_id = :batch_id
UNION SELECT correction_id FROM reversed_redemptions WHERE batch_id = :batch_id
UNION SELECT correction_id FROM reversed_claims WHERE batch_id = :batch_id
ORDER BY 1
"""
WAITING_ROWS = """
SELECT DISTINCT j.batch_id FROM rejects j JOIN batches b USING (batch_id)
WHERE j.reason = 'displaces_sealed' AND b.programme_id = ? AND b.state = 'done' ORDER BY 1
"""


def of_batch(db: sqlite3.Connection, batch_id: int) -> list[int]:
    """The corrections that reversed rows of a batch, or made it."""
    return typed.column(db, OF_BATCH, {"batch_id": batch_id})


def waiting_batches(db: sqlite3.Connection, programme_id: int) -> list[int]:
    """The batches with rows that wait because something sealed stands in their way."""
    return typed.column(db, WAITING_ROWS, (programme_id,))
