"""What a statement gives, as plain values. Values for its places go by position, or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

Record = TypeVar("Record")


def number(db: sqlite3.Connection, statement: str, *values: object, **named: object) -> int:
    """The first value of the first row: a count, an id, an amount; 1 or 0 of a question."""
    return int(db.execute(statement, named or values).fetchone()[0])


def column(db: sqlite3.Connection, statement: str, *values: object, **named: object) -> list[Any]:
    """The first value of every row."""
    return [row[0] for row in db.execute(statement, named or values)]


def records(
    db: sqlite3.Connection,
    make: Callable[[Any], Record],
    statement: str,
    *values: object,
    **named: object,
) -> list[Record]:
    """Every row as `make` makes it: `tuple`, or `_make` of a NamedTuple with these columns."""
    return [*map(make, db.execute(statement, named or values))]
