"""Our rows of many days as a few long texts, to be laid beside a large bill by columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.store.reconciling import Span

# SQLite puts the texts together: Python makes no object of each cell (P-012).
RUNS = """
SELECT count(*), group_concat(f.transaction_no, char(10)), group_concat(f.redemption_id),
    group_concat(f.merchant_id), group_concat(f.day), group_concat(f.split_id),
    group_concat(f.refund_of IS NOT NULL)
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.last_paid_at >= :begins_at AND n.first_paid_at < :ends_at
    AND f.day BETWEEN :look_from AND :look_to
GROUP BY n.first_id
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


def runs(db: sqlite3.Connection, span: Span) -> Iterator[Run]:
    """Our rows of the days that are looked through, run by run."""
    cursor = db.cursor()
    cursor.row_factory = None
    return map(Run._make, cursor.execute(RUNS, span._asdict() | {"allowed": None}))


def splits(db: sqlite3.Connection, span: Span) -> list[tuple[int, int]]:
    """(split, fen) of the rounds that are held against the bill."""
    asked = {"programme_id": span.programme_id, "round_id": span.round_id}
    return typed.tuples(db, SPLITS, asked)


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
