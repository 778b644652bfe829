"""The schema of a fresh file is the one reviewed in tests/cases/schema.sql (`pytest --bless`
rewrites it).
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli.store.db import open_db

if TYPE_CHECKING:
    import sqlite3

SNAPSHOT = Path(__file__).parent / "cases" / "schema.sql"
ALL = """
SELECT sql FROM sqlite_schema
WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlite_migrations%'
ORDER BY type, name
"""


def dumped(db: sqlite3.Connection) -> str:
    """Every table, index, trigger and view of a file, ordered by type and name."""
    return "".join(f"{sql};\n\n" for (sql,) in (tuple(row) for row in db.execute(ALL)))


def changes(db: sqlite3.Connection, snapshot: str) -> list[str]:
    """The lines in which a file's schema differs from the snapshot."""
    lines = difflib.unified_diff(
        snapshot.splitlines(),
        dumped(db).splitlines(),
        "schema.sql",
        "this program",
        lineterm="",
        n=1,
    )
    return list(lines)


def test_the_schema_is_the_reviewed_one(tmp_path: Path, bless: bool) -> None:
    db = open_db(tmp_path / "fresh.db", create=True)
    if bless:
        SNAPSHOT.write_text(dumped(db), "utf-8")
    assert not changes(db, SNAPSHOT.read_text("utf-8")), (
        "the schema changed: review it, then pytest --bless tests/test_schema_snapshot.py"
    )


def test_a_changed_schema_is_found(tmp_path: Path) -> None:
    db = open_db(tmp_path / "fresh.db", create=True)
    snapshot = dumped(db)
    db.execute("ALTER TABLE rounds ADD COLUMN mood TEXT")
    assert any("mood" in line for line in changes(db, snapshot))
