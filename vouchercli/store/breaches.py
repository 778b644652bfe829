"""What a check finds: statements that name what breaks an invariant, so an empty answer is the
proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.store import open_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

Breach = tuple[str, str, str]  # subject, expected, found


def rows(db: sqlite3.Connection, statement: str, parameters: Any = ()) -> list[Breach]:
    """What a statement names as subject, expected and found; open rows are laid out for it."""
    with open_rows.laid_out(db):
        cursor = db.cursor()
        cursor.row_factory = None
        return [_breach(*each) for each in cursor.execute(statement, parameters)]


def query(statement: str) -> Callable[[sqlite3.Connection], list[Breach]]:
    """The check that runs a statement."""
    return lambda db: rows(db, statement)


def _breach(subject: Any, expected: Any, found: Any) -> Breach:
    return str(subject), str(expected), str(found)
