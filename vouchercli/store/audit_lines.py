"""Lines are added to the audit log, each chained to the one before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vouchercli.rules.audit import digest
from vouchercli.store import fact_digests, typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.audit import Fields

LAST_HASH = "SELECT hash FROM audit ORDER BY audit_id DESC LIMIT 1"
ADD = """
INSERT INTO audit (at, entered_at, actor, os_user, deed, subject, detail, previous_hash, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def note_upgrade(db: sqlite3.Connection, version: str, at: int) -> None:
    """Write the line of an upgrade of a file that has a log: by the program itself, at the moment
    `at`, with the digest of all facts as they are kept from here on.
    """
    facts = fact_digests.unsaid(db) if _last_hash(db) else None
    if facts is not None:
        detail = json.dumps({"facts": facts}, separators=(",", ":"))
        add(db, (at, at, "voucher", "voucher", "file.upgrade", version, detail))


def add(db: sqlite3.Connection, fields: Fields) -> None:
    """Chain a line to the last one."""
    previous = _last_hash(db)
    db.execute(ADD, (*fields, previous, digest(previous, fields)))


def _last_hash(db: sqlite3.Connection) -> str:
    return next(iter(typed.column(db, LAST_HASH)), "")
