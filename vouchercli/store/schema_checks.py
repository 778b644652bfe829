"""Whether the schema is the shipped one: every table, index, trigger and view by its text."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache

from vouchercli.store.schema_files import WHOLE, schema_text

# SQLite's own tables and the list of migrations are nobody's law.
OBJECTS = """
SELECT type || ' ' || name AS subject, sql FROM sqlite_schema
WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND (tbl_name <> '_sqlite_migrations' OR type = 'trigger')
"""


def schema_as_shipped(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """(object, what it should be, what it is) of each that was dropped, added or rewritten."""
    shipped, there = _shipped(), dict(map(tuple, db.execute(OBJECTS)))
    return [
        (subject, _state(shipped, subject), _state(there, subject, shipped))
        for subject in {**shipped, **there}
        if shipped.get(subject) != there.get(subject)
    ]


@cache
def _shipped() -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(schema_text(WHOLE))
        return dict(db.execute(OBJECTS).fetchall())


def _state(objects: dict[str, str], subject: str, shipped: dict[str, str] | None = None) -> str:
    if subject not in objects:
        return "missing"
    return "as shipped" if shipped is None else "another text" if subject in shipped else "added"
