"""The append-only log: one hash-chained line a deed, written in the deed's own transaction."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vouchercli.store.db import Session

LAST_HASH = "SELECT hash FROM audit ORDER BY audit_id DESC LIMIT 1"
ADD = """
INSERT INTO audit (at, entered_at, actor, os_user, deed, subject, detail, previous_hash, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def note(session: Session, deed: str, subject: str, **detail: Any) -> None:
    """Write the line of one deed (`round.approve`, `hz-1`); `detail` holds what changed, `before` and `after`."""
    db = session.db
    row = db.execute(LAST_HASH).fetchone()
    previous = row["hash"] if row else ""
    fields = (
        session.now, session.entered_at, session.actor, session.os_user, deed, subject,
        json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    )
    db.execute(ADD, (*fields, previous, digest(previous, fields)))


def digest(previous: str, fields: tuple[Any, ...]) -> str:
    """SHA-256 over the previous line's hash and this line's fields, in canonical JSON."""
    text = json.dumps([previous, *fields], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
