"""Who made each revision of a round, and the verdicts on it: submitted, approved, rejected; nothing
is ever removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules.staff import Hand
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

ADD = (
    "INSERT INTO approvals (round_id, revision, verdict, actor, os_user, note, at) VALUES (?, ?, ?,"
    " ?, ?, ?, ?)"
)
HISTORY = "SELECT * FROM approvals WHERE round_id = ? ORDER BY approval_id"
# What was said since the round was last handed in: an edit, a rejection and a new submission all
# void what stood before.
CURRENT = """
SELECT a.actor, a.os_user FROM approvals a JOIN rounds r USING (round_id)
WHERE a.round_id = ?1 AND a.verdict = ?2 AND a.revision = r.revision AND a.approval_id >= (
    SELECT max(approval_id) FROM approvals WHERE round_id = ?1 AND verdict = 'submit'
)
ORDER BY a.approval_id
"""
ADD_AUTHOR = "INSERT INTO authors (round_id, revision, actor, os_user, at) VALUES (?, ?, ?, ?, ?)"
# The first hand and the last one. A round of an older file has no line here: its names stand in the
# round, its logins nowhere.
AUTHORS = """
SELECT r.created_by AS actor, ifnull((SELECT os_user FROM authors a WHERE a.round_id = r.round_id
    AND a.revision = 1), '') AS os_user
FROM rounds r WHERE r.round_id = ?1
UNION ALL
SELECT r.edited_by, ifnull((SELECT os_user FROM authors a WHERE a.round_id = r.round_id
    AND a.revision = r.revision), '')
FROM rounds r WHERE r.round_id = ?1
"""


def add(session: Session, round_id: int, revision: int, verdict: str, note: str = "") -> None:
    """The verdict `submit`, `approve` or `reject` of the session's actor on that revision."""
    session.db.execute(
        ADD, (round_id, revision, verdict, session.actor, session.os_user, note, session.now)
    )


def add_author(session: Session, round_id: int, revision: int) -> None:
    """The session's actor made that revision."""
    session.db.execute(
        ADD_AUTHOR, (round_id, revision, session.actor, session.os_user, session.now)
    )


def history(db: sqlite3.Connection, round_id: int) -> list[sqlite3.Row]:
    """Every verdict on a round, the first one first."""
    return db.execute(HISTORY, (round_id,)).fetchall()


def authors(db: sqlite3.Connection, round_id: int) -> list[Hand]:
    """Who made the round, last edited it, and handed in what now lies before the checkers; each
    once.
    """
    makers = typed.rows(db, Hand, AUTHORS, (round_id,))
    return list(dict.fromkeys(makers + typed.rows(db, Hand, CURRENT, (round_id, "submit"))))


def approvers(db: sqlite3.Connection, round_id: int) -> list[Hand]:
    """Who has approved what was last handed in."""
    return typed.rows(db, Hand, CURRENT, (round_id, "approve"))
