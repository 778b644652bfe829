"""Who made each revision of a round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules.staff import Hand
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

ADD = "INSERT INTO authors (round_id, revision, actor, os_user, at) VALUES (?, ?, ?, ?, ?)"
# The first hand and the last one.
FIRST_AND_LAST = """
SELECT a.actor, a.os_user FROM authors a JOIN rounds r USING (round_id)
WHERE r.round_id = ? AND a.revision IN (1, r.revision) ORDER BY a.revision
"""


def add(session: Session, round_id: int, revision: int) -> None:
    """The session's actor made that revision."""
    session.db.execute(ADD, (round_id, revision, session.actor, session.os_user, session.now))


def first_and_last(db: sqlite3.Connection, round_id: int) -> list[Hand]:
    """Who made the round and who last edited it; each once."""
    return list(dict.fromkeys(typed.rows(db, Hand, FIRST_AND_LAST, (round_id,))))
