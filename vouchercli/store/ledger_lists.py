"""Postings and balances as lists and exports read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import ledger
from vouchercli.store.lists import Listed, Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


class Posting(NamedTuple):
    """A posting as it is shown; `day` and `booked_on` as yyyymmdd, `posted_at` in UTC seconds."""

    posting: int
    booked_on: int
    day: int
    funder: str
    round: str | None
    from_account: str
    to_account: str
    amount_fen: int
    why: str
    batch: int | None
    posted_at: int


ALL = """
SELECT g.posting_id, g.booked_on, g.day, f.funder, r.round, g.from_account, g.to_account,
    g.amount_fen, g.why, g.batch_id, g.posted_at
FROM postings g JOIN funders f USING (funder_id) LEFT JOIN rounds r USING (round_id)
WHERE f.programme_id = :programme_id
"""
LIST = Listing(
    Posting,
    ALL
    + """AND ifnull(f.funder = :funder, 1) AND ifnull(r.round = :round, :round IS NULL)
    AND ifnull(:account IN (g.from_account, g.to_account), 1) AND ifnull(g.batch_id = :batch,
        :batch IS NULL)
    AND g.booked_on BETWEEN :first AND :last""",
    "g.booked_on, g.posting_id",
)
IN_ORDER = ALL + "ORDER BY g.booked_on, g.posting_id"
# account by account, of each funder and round
STANDING = " UNION ALL ".join(
    f"""
SELECT f.funder, r.round, '{account}' AS account, b.{account}_fen AS amount_fen,
    {place} AS place, f.position, b.round_id
FROM balances b JOIN funders f USING (funder_id) LEFT JOIN rounds r USING (round_id)
WHERE f.programme_id = :programme_id AND b.{account}_fen <> 0"""
    for place, account in enumerate(ledger.ACCOUNTS)
)


class Standing(NamedTuple):
    """What stands on an account of a funder and its part of a round (None: the funder's own), in
    fen; appropriated is negative.
    """

    funder: str
    round: str | None
    account: str
    amount_fen: int


ACCOUNTS = Listing(
    Standing,
    f"""
SELECT funder, round, account, amount_fen FROM ({STANDING})
WHERE ifnull(funder = :funder, 1) AND ifnull(round = :round, :round IS NULL)""",
    "position, round_id, place",
    names_columns=True,
)


def listed(db: sqlite3.Connection, programme_id: int, **wanted: str | int | None) -> Listed:
    """Postings (`Posting`) of a programme by funder, round, account, batch (None: any), booked from
    the day `first` to `last` (yyyymmdd), in the order of those days.
    """
    return LIST.of(db, programme_id=programme_id, **wanted)


def accounts(db: sqlite3.Connection, programme_id: int, **wanted: str | None) -> Listed:
    """What stands on every account (`Standing`) of a programme by funder and round (None: any)."""
    return ACCOUNTS.of(db, programme_id=programme_id, **wanted)


def in_order(db: sqlite3.Connection, programme_id: int) -> Iterator[Posting]:
    """Every posting of a programme in the order of the days on which they are booked."""
    return (Posting(*row) for row in db.execute(IN_ORDER, {"programme_id": programme_id}))
