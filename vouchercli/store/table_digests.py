"""The digest of every table: an upgrade says them all, so that what it left is known for good."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from vouchercli.store import fact_digests, typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.store.breaches import Breach

# The log proves itself by its chain; the others are SQLite's and the migrations' own.
TABLES = """
SELECT name FROM sqlite_schema
WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND name NOT IN ('_sqlite_migrations', 'audit', 'fact_digests_said')
ORDER BY name
"""
AT_ONCE = 4_096
LAST_UPGRADE = """
SELECT 'audit ' || audit_id, json_extract(detail, '$.tables') FROM audit
WHERE audit_id = (SELECT max(audit_id) FROM audit) AND deed = 'file.upgrade'
    AND json_type(detail, '$.tables') = 'object'
"""


def every(db: sqlite3.Connection) -> dict[str, str]:
    """SHA-256, in hexadecimal, of every table by its name: of its rows in the order of their key.
    Of facts, which may be millions, it is that of the digests which are kept of them.
    """
    kept = {facts for facts, *_ in typed.tuples(db, fact_digests.TOP)}
    return {
        name: fact_digests.root_of(db, name) if name in kept else _of_rows(db, name)
        for name in typed.column(db, TABLES)
    }


def _of_rows(db: sqlite3.Connection, name: str) -> str:
    digest = sha256()
    cursor = db.cursor()
    cursor.row_factory = None
    # whole rows are read by their key, whichever indexes there are
    cursor.execute("".join(('SELECT * FROM "', name, '" NOT INDEXED')))
    while rows := cursor.fetchmany(AT_ONCE):
        digest.update(repr(rows).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def tables_as_upgraded(db: sqlite3.Connection) -> list[Breach]:
    """Tables that are not what the upgrade left, as long as nothing was done since."""
    for line, said in db.execute(LAST_UPGRADE):
        logged, now = json.loads(said), every(db)
        return [
            (f"{name} of {line}", logged.get(name, "none")[:12], now.get(name, "none")[:12])
            for name in sorted({*logged, *now})
            if logged.get(name) != now.get(name)
        ]
    return []
