"""Lines are added to the audit log, each chained to the one before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vouchercli.rules.audit import digest
from vouchercli.store import fact_digests, table_digests, typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.audit import Fields

LAST_HASH = "SELECT hash FROM audit ORDER BY audit_id DESC LIMIT 1"
LAST = "SELECT ifnull(max(audit_id), 0) FROM audit"
LAST_AT = "SELECT ifnull(max(at), 0) FROM audit"
ADD = """
INSERT INTO audit (at, entered_at, actor, os_user, deed, subject, detail, previous_hash, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def note_upgrade(db: sqlite3.Connection, before: int, after: int) -> None:
    """Write the line of an upgrade from one schema to another, of a file that has a log: by the
    program itself, at the moment of the last line, with the digest of every table and, where they
    have changed, of all facts.
    """
    if not _last_hash(db):
        return
    facts = fact_digests.unsaid(db)
    said = {
        "before": {"schema": before},
        "after": {"schema": after},
        "tables": table_digests.every(db),
        **({} if facts is None else {"facts": facts}),
    }
    at = typed.number(db, LAST_AT)
    detail = json.dumps(said, separators=(",", ":"))
    add(db, (at, at, "voucher", "voucher", "file.upgrade", f"schema {after}", detail))


def last(db: sqlite3.Connection) -> int:
    """The number of the last line; 0: there is none."""
    return typed.number(db, LAST)


def add(db: sqlite3.Connection, fields: Fields) -> None:
    """Chain a line to the last one."""
    previous = _last_hash(db)
    db.execute(ADD, (*fields, previous, digest(previous, fields)))


def _last_hash(db: sqlite3.Connection) -> str:
    return next(iter(typed.column(db, LAST_HASH)), "")
