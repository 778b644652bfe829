"""The file of verdicts on each round: submitted, approved, rejected; nothing is ever removed from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.store.db import Session

ADD = "INSERT INTO approvals (round_id, revision, verdict, actor, os_user, note, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
HISTORY = "SELECT * FROM approvals WHERE round_id = ? ORDER BY approval_id"
# What was said since the round was last handed in: an edit, a rejection and a new submission all void what stood before.
CURRENT = """
SELECT a.verdict, a.actor FROM approvals a JOIN rounds r USING (round_id)
WHERE a.round_id = ?1 AND a.revision = r.revision AND a.approval_id >= (
    SELECT max(approval_id) FROM approvals WHERE round_id = ?1 AND verdict = 'submit'
)
ORDER BY a.approval_id
"""


def add(session: Session, round_id: int, revision: int, verdict: str, note: str = "") -> None:
    """The verdict `submit`, `approve` or `reject` of the session's actor on that revision."""
    session.db.execute(ADD, (round_id, revision, verdict, session.actor, session.os_user, note, session.now))


def history(db: sqlite3.Connection, round_id: int) -> list[sqlite3.Row]:
    """Every verdict on a round, the first one first."""
    return db.execute(HISTORY, (round_id,)).fetchall()


def submitters(db: sqlite3.Connection, round_id: int) -> list[str]:
    """Who handed in what now lies before the checkers."""
    return [row["actor"] for row in db.execute(CURRENT, (round_id,)) if row["verdict"] == "submit"]


def approvers(db: sqlite3.Connection, round_id: int) -> list[str]:
    """Who has approved what was last handed in."""
    return [row["actor"] for row in db.execute(CURRENT, (round_id,)) if row["verdict"] == "approve"]
