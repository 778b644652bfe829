"""What statements answer, with its types: a number, a row, rows."""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

Row = TypeVar("Row")


def number(db: sqlite3.Connection, statement: str, parameters: Any = ()) -> int:
    """The number, or the truth as 1 or 0, that the statement answers with."""
    return int(db.execute(statement, parameters).fetchone()[0])


def row(
    db: sqlite3.Connection, kind: Callable[..., Row], statement: str, parameters: Any = ()
) -> Row | None:
    """The first row, its columns in the order of the kind's fields; None when there is none."""
    return next((kind(*each) for each in db.execute(statement, parameters)), None)


def rows(
    db: sqlite3.Connection, kind: Callable[..., Row], statement: str, parameters: Any = ()
) -> list[Row]:
    """All rows, each as `row` gives it."""
    return [*starmap(kind, tuples(db, statement, parameters))]


def tuples(db: sqlite3.Connection, statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
    """All rows, each a tuple."""
    cursor = db.cursor()
    cursor.row_factory = None  # of a million rows half the time
    return cursor.execute(statement, parameters).fetchall()


def column(db: sqlite3.Connection, statement: str, parameters: Any = ()) -> list[Any]:
    """The first value of every row."""
    return [each[0] for each in db.execute(statement, parameters)]
