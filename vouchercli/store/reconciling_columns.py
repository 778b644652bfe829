"""Our rows of many days as a few long texts, to be laid beside a large bill by columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

RUNS = """
SELECT first_id, last_id, first_paid_at, last_paid_at FROM redemption_runs ORDER BY first_id
"""
# SQLite puts the texts together: Python makes no object of each cell (P-012).
ROWS = """
SELECT count(*), group_concat(transaction_no, char(10)), group_concat(redemption_id),
    group_concat(merchant_id), group_concat(day), group_concat(split_id),
    group_concat(refund_of IS NOT NULL)
FROM redemptions WHERE redemption_id BETWEEN ? AND ?
"""
SPLITS = """
SELECT s.split_id, s.after_fen - s.before_fen FROM splits s JOIN rounds r USING (round_id)
WHERE r.programme_id = :programme_id AND ifnull(r.round_id = :round_id, 1)
"""
MERCHANTS = "SELECT merchant_id, merchant_no, platform_no FROM merchants"
STAGED = "SELECT transaction_no, kind = 'refund' FROM incoming_bills WHERE reason IS NULL"
CLEAR = "DROP TABLE IF EXISTS temp.left_rows"
CREATE = "CREATE TEMP TABLE left_rows (redemption_id INTEGER PRIMARY KEY)"
ADD = "INSERT INTO left_rows VALUES (?)"


class Run(NamedTuple):
    """Rows of ours that were written together, and when the first and the last of them was paid."""

    first_id: int
    last_id: int
    first_paid_at: int
    last_paid_at: int


class Rows(NamedTuple):
    """The rows of a run: their number, and each column as one text (numbers by line, the others by
    commas).
    """

    rows: int
    transaction_nos: str
    redemption_ids: str
    merchant_ids: str
    days: str
    split_ids: str
    are_refunds: str


def runs(db: sqlite3.Connection) -> list[Run]:
    """All runs."""
    return typed.rows(db, Run, RUNS)


def rows(db: sqlite3.Connection, run: Run) -> Rows | None:
    """The rows of a run; None: there are none any more."""
    found = Rows._make(typed.tuples(db, ROWS, run[:2])[0])
    return found if found.rows else None


def splits(
    db: sqlite3.Connection, programme_id: int, round_id: int | None
) -> list[tuple[int, int]]:
    """(split, fen) of the rounds that are held against the bill (None: all)."""
    return typed.tuples(db, SPLITS, {"programme_id": programme_id, "round_id": round_id})


def merchants(db: sqlite3.Connection) -> list[tuple[int, str, str]]:
    """(merchant, its number, the platform's number)."""
    return typed.tuples(db, MERCHANTS)


def staged(db: sqlite3.Connection) -> list[tuple[str, int]]:
    """(number, whether it is a refund) of the fit rows that are staged."""
    return typed.tuples(db, STAGED)


def leave(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Say which of our rows do not plainly agree: `reconciling.gather` looks at these alone."""
    db.execute(CLEAR)
    db.execute(CREATE)
    db.executemany(ADD, ((each,) for each in ids))
