"""A database that was built once, copied in memory for each test that changes it."""

from __future__ import annotations

import sqlite3


def copied(built: sqlite3.Connection) -> sqlite3.Connection:
    """The same tables and rows in a connection of its own; keys are held as in the program."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    built.backup(db)
    db.execute("PRAGMA foreign_keys = ON")
    return db
