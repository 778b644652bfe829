"""The ledger: one posting moves an amount of one funder from one account to another. Append-only.

Accounts (`ACCOUNTS`): appropriated -> uncommitted -> committed (approved, unclaimed) -> outstanding
(claimed, unredeemed) -> payable (redeemed, unpaid) -> paid; held, clawed_back, written_off,
returned. A funder without a fund to watch commits what it promises straight from appropriated. What
facts move is posted by the database itself, by round, local day and funder, wherever totals change
within `booking`. That no fund promises more than it has, and that no round pays more than is
committed to it, is the database's own law (table `balances`), so it holds however many processes
write.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.rules import money, times
from vouchercli.store import days, fact_digests, typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ACCOUNTS = (
    "appropriated",
    "uncommitted",
    "committed",
    "outstanding",
    "payable",
    "held",
    "paid",
    "clawed_back",
    "written_off",
    "returned",
)
OF_FUNDERS = ACCOUNTS[:2]  # the others are of a round too

POST = """
INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, batch_id, day,
    booked_on, posted_at)
VALUES (:funder_id, :round_id, :from_account, :to_account, :amount_fen, :why,
    (SELECT batch_id FROM booking), :day, max(:day, :open_on), :at)
"""
BALANCES = "SELECT {accounts} FROM balances WHERE funder_id = ? AND round_id = ifnull(?, round_id)"
BALANCES = BALANCES.format(
    accounts=", ".join(f"coalesce(sum({each}_fen), 0) AS {each}" for each in ACCOUNTS)
)
HELD_BY_ROUNDS = """
SELECT b.round_id, b.funder_id, b.committed_fen + b.outstanding_fen + ifnull((
    SELECT sum(m.amount_fen * ((m.to_account IN ('committed', 'outstanding'))
        - (m.from_account IN ('committed', 'outstanding'))))
    FROM held_moves m WHERE m.funder_id = b.funder_id AND m.round_id = b.round_id), 0)
FROM balances b JOIN rounds r USING (round_id) WHERE r.programme_id = ?
"""
FEWER = "fewer packs, or raise the fund's amount in the programme's file and load it again"
FUNDER = "SELECT funder FROM funders WHERE funder_id = ?"
ZONE = """
SELECT p.programme_id, p.time_zone FROM funders f JOIN programmes p USING (programme_id)
WHERE f.funder_id = ?
"""
BOOK = """
INSERT INTO booking (only, why, batch_id, open_on, posted_at, first_new, is_held)
SELECT 1, :why, :batch_id, :open_on, :at, ifnull(max(posting_id), 0) + 1, 1 FROM postings
"""
# What comes back first: other payments may need it.
POST_HELD = """
INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, batch_id, day,
    booked_on, posted_at)
SELECT funder_id, round_id, iif(amount_fen > 0, from_account, to_account), iif(amount_fen > 0,
    to_account, from_account), abs(amount_fen), why, batch_id, day, max(day, open_on), posted_at
FROM held_moves, booking WHERE amount_fen <> 0 ORDER BY amount_fen
"""
NONE_HELD = "DELETE FROM held_moves"
FIRST_NEW = "SELECT first_new FROM booking"
NONE_NEW = """
UPDATE booking SET first_new = (SELECT ifnull(max(posting_id), 0) + 1 FROM postings)
"""
END_BOOKING = "DELETE FROM booking"
LAST = "SELECT ifnull(max(posting_id), 0) FROM postings"
PACK_PART = "INSERT OR REPLACE INTO pack_parts (round_id, funder_id, amount_fen) VALUES (?, ?, ?)"
NO_PARTS = "DELETE FROM pack_parts WHERE round_id = ?"


class Balances(NamedTuple):
    """What stands on each account, in fen; appropriated is negative: money came from it."""

    appropriated: int
    uncommitted: int
    committed: int
    outstanding: int
    payable: int
    held: int
    paid: int
    clawed_back: int
    written_off: int
    returned: int

    @property
    def redeemed(self) -> int:
        """What vouchers paid, whatever has become of it since: payable to merchants, or paid."""
        return self.payable + self.held + self.paid + self.clawed_back + self.written_off

    @property
    def of_rounds(self) -> int:
        """All that rounds hold, whatever has become of it: unclaimed, claimed, redeemed, paid."""
        return self.committed + self.outstanding + self.redeemed


def post(
    db: sqlite3.Connection,
    funder_id: int,
    round_id: int | None,
    from_account: str,
    to_account: str,
    amount_fen: int,
    why: str,
    at: int,
) -> None:
    """Move `amount_fen` (nothing is posted for 0). Raises `fund_short` when the funder has less
    uncommitted.
    """
    assert from_account in ACCOUNTS and to_account in ACCOUNTS, (from_account, to_account)
    if amount_fen == 0:
        return
    programme_id, zone = db.execute(ZONE, (funder_id,)).fetchone()
    values = {
        "funder_id": funder_id,
        "round_id": round_id,
        "from_account": from_account,
        "to_account": to_account,
        "amount_fen": amount_fen,
        "why": why,
        "day": times.day_of(at, zone),
        "open_on": days.open_on(db, programme_id),
        "at": at,
    }
    try:
        posted = db.execute(POST, values).lastrowid
    except sqlite3.IntegrityError as error:
        if "fund_short" not in str(error):
            raise
        raise short(db, funder_id, amount_fen) from error
    _keep_digests(db, posted or 0)


@contextmanager
def booking(
    db: sqlite3.Connection, programme_id: int | None, why: str, at: int, batch_id: int | None
) -> Iterator[None]:
    """While facts of a programme are written or leave: what they move is put together, and posted
    at the end for that deed and batch, at that moment (UTC seconds), in the transaction at hand.
    """
    first_open = 0 if programme_id is None else days.open_on(db, programme_id)
    db.execute(BOOK, {"why": why, "batch_id": batch_id, "open_on": first_open, "at": at})
    yield
    db.execute(POST_HELD)
    db.execute(NONE_HELD)
    _keep_digests(db, 0)
    db.execute(END_BOOKING)


def _keep_digests(db: sqlite3.Connection, posted: int) -> None:
    """Keep the digests of new postings: all of the booking at hand, else the one just posted."""
    first = next(iter(typed.column(db, FIRST_NEW)), posted)
    fact_digests.add_written(db, "postings", first)
    db.execute(NONE_NEW)


def keep_pack(db: sqlite3.Connection, round_id: int, parts: Iterable[tuple[int, int]]) -> None:
    """What one pack of the round can cost each funder: (funder_id, fen)."""
    db.execute(NO_PARTS, (round_id,))
    db.executemany(PACK_PART, [(round_id, funder_id, fen) for funder_id, fen in parts if fen])


def last(db: sqlite3.Connection) -> int:
    """The number of the last posting; 0: there is none."""
    return typed.number(db, LAST)


def balances(db: sqlite3.Connection, funder_id: int, round_id: int | None = None) -> Balances:
    """What stands on a funder's accounts; with `round_id` its part of that round."""
    return typed.rows(db, Balances, BALANCES, (funder_id, round_id))[0]


def balance(
    db: sqlite3.Connection, funder_id: int, account: str, round_id: int | None = None
) -> int:
    """What stands on one account, in fen."""
    return int(getattr(balances(db, funder_id, round_id), account))


def held_by_rounds(db: sqlite3.Connection, programme_id: int) -> dict[tuple[int, int], int]:
    """(round_id, funder_id) -> fen that is committed to a round and not paid, with what the booking
    at hand has moved so far.
    """
    return {(row[0], row[1]): row[2] for row in typed.tuples(db, HELD_BY_ROUNDS, (programme_id,))}


def short(
    db: sqlite3.Connection, funder_id: int, needed_fen: int, hint: str = FEWER
) -> VoucherError:
    """The refusal of an amount that a fund has not uncommitted."""
    funder = db.execute(FUNDER, (funder_id,)).fetchone()["funder"]
    available = balance(db, funder_id, "uncommitted")
    return VoucherError(
        "fund_short",
        "{funder} has {available} yuan uncommitted; {needed} yuan are needed, {missing} yuan are"
        " missing",
        hint=hint,
        funder=funder,
        available=money.grouped(available),
        needed=money.grouped(needed_fen),
        missing=money.grouped(needed_fen - available),
    )
