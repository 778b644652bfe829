"""The schema that a new file gets at once is the one to which all numbered steps come; it stands in
vouchercli/store/schema/whole.sql to be reviewed (`pytest --bless` rewrites it).
"""

from __future__ import annotations

import difflib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import vouchercli.store
from vouchercli.rules import times
from vouchercli.store import migrations, sql_functions
from vouchercli.store.db import open_db

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(vouchercli.store.__file__).parent / "schema"
HEAD = """\
-- What all numbered files of this folder come to: a new file gets it at once.
-- Written by: pytest --bless tests/test_schema_snapshot.py

"""
# In the order of their making, which is the order in which triggers fire and ties of plans fall.
ALL = """
SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY rowid
"""
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid"
APPLIED = "_sqlite_migrations"


@pytest.fixture
def stepped(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file that went through every numbered step."""
    with closing(sqlite3.connect(tmp_path / "stepped.db", isolation_level=None)) as db:
        migrations.migrate(db)
        yield db


def dumped(db: sqlite3.Connection) -> str:
    """Every table, index, trigger and view of a file, what stands in its tables, its version."""
    made = [f"{sql};\n\n" for (sql,) in (tuple(row) for row in db.execute(ALL))]
    return HEAD + "".join(made) + "".join(_rows(db)) + f"\nPRAGMA user_version = {version(db)};\n"


def _rows(db: sqlite3.Connection) -> Iterator[str]:
    for (table,) in db.execute(TABLES).fetchall():
        for row in map(tuple, db.execute(f'SELECT * FROM "{table}"').fetchall()):
            # no step was applied to a file that came whole
            values = [*map(repr, row[:-1]), "NULL" if table == APPLIED else repr(row[-1])]
            yield f"INSERT INTO {table} VALUES ({', '.join(values)});\n"


def version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def changes(db: sqlite3.Connection, snapshot: str) -> list[str]:
    """The lines in which a file differs from the snapshot."""
    lines = difflib.unified_diff(
        snapshot.splitlines(), dumped(db).splitlines(), "whole.sql", "the steps", lineterm="", n=1
    )
    return list(lines)


def test_the_schema_is_the_reviewed_one(stepped: sqlite3.Connection, bless: bool) -> None:
    whole = FOLDER / "whole.sql"
    if bless:
        whole.write_text(dumped(stepped), "utf-8")
    assert not changes(stepped, whole.read_text("utf-8")), (
        "the schema changed: review it, then pytest --bless tests/test_schema_snapshot.py"
    )


def test_a_new_file_is_one_that_went_through_every_step(
    stepped: sqlite3.Connection, tmp_path: Path
) -> None:
    with closing(open_db(tmp_path / "new.db", create=True)) as new:
        assert dumped(new) == dumped(stepped)
        migrations.migrate(new)  # nothing is left to do
        assert dumped(new) == dumped(stepped)


def test_a_changed_schema_is_found(stepped: sqlite3.Connection) -> None:
    snapshot = dumped(stepped)
    stepped.execute("ALTER TABLE rounds ADD COLUMN mood TEXT")
    assert any("mood" in line for line in changes(stepped, snapshot))


def test_a_new_file_whose_making_was_killed_between_steps_is_made_whole(tmp_path: Path) -> None:
    """As programs before this one left it: some tables, no version."""
    from sqlite_utils import Database

    path = tmp_path / "killed.db"
    with closing(open_db(path, create=True)) as db:
        expected = dumped(db)
        owner = db.execute("PRAGMA application_id").fetchone()[0]
    path.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA application_id = {owner}")
        sql_functions.register(db, local_day=times.local_day)
        migrations.migrations.apply(Database(db), stop_before="004_schedule.sql")
    with closing(open_db(path, create=True)) as db:
        assert dumped(db) == expected
