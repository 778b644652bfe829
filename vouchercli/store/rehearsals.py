"""A file made for rehearsals stays one; everything that comes out of it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

IS_ONE = "SELECT EXISTS (SELECT 1 FROM rehearsals)"
MARK = "INSERT INTO rehearsals (only) VALUES (1)"


def is_one(db: sqlite3.Connection) -> bool:
    """Whether the file was made for rehearsals."""
    return bool(typed.number(db, IS_ONE))


def mark(db: sqlite3.Connection) -> None:
    """Make a file without a deed one for rehearsals."""
    db.execute(MARK)
