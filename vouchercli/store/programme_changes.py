"""Changes of programmes that wait for a second person, and what was said on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.rules.staff import Hand
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

    Row = sqlite3.Row

RESTED_ON = (
    "SELECT EXISTS (SELECT 1 FROM rounds WHERE programme_id = ? AND state NOT IN ('draft',"
    " 'submitted', 'cancelled'))"
)
ADD = """
INSERT INTO programme_changes (programme_id, state, digest, document, file, proposed_by, os_user,
    proposed_at)
VALUES (?, 'proposed', ?, ?, ?, ?, ?, ?) RETURNING change_id
"""
WAITING = "SELECT * FROM programme_changes WHERE programme_id = ? AND state = 'proposed'"
ALL_WAITING = """
SELECT c.*, p.programme, p.time_zone FROM programme_changes c JOIN programmes p USING (programme_id)
WHERE c.state = 'proposed' AND ifnull(p.programme = ?, 1) ORDER BY c.change_id
"""
END = "UPDATE programme_changes SET state = ?, ended_at = ? WHERE change_id = ?"
ADD_VERDICT = (
    "INSERT INTO change_verdicts (change_id, verdict, actor, os_user, note, at) VALUES (?, ?, ?, ?,"
    " ?, ?)"
)
APPROVERS = (
    "SELECT actor, os_user FROM change_verdicts WHERE change_id = ? AND verdict = 'approve' ORDER"
    " BY verdict_id"
)


def is_rested_on(db: sqlite3.Connection, programme_id: int) -> bool:
    """Whether a round of the programme was approved and not cancelled: money is promised by its
    rules.
    """
    return bool(typed.number(db, RESTED_ON, (programme_id,)))


def add(session: Session, programme_id: int, digest: str, document: Any, file: str) -> int:
    """Keep a change that waits for approval; gives its number."""
    values = (
        programme_id,
        digest,
        json.dumps(document, ensure_ascii=False),
        file,
        session.actor,
        session.os_user,
        session.now,
    )
    return typed.number(session.db, ADD, values)


def waiting(db: sqlite3.Connection, programme_id: int) -> Row | None:
    """The change that waits for approval; None when there is none."""
    row: Row | None = db.execute(WAITING, (programme_id,)).fetchone()
    return row


def all_waiting(db: sqlite3.Connection, programme: str | None) -> list[Row]:
    """Every change that waits, with its programme's code and zone; of one programme when that is
    given.
    """
    return db.execute(ALL_WAITING, (programme,)).fetchall()


def end(db: sqlite3.Connection, change_id: int, state: str, at: int) -> None:
    """It took effect, or was rejected."""
    db.execute(END, (state, at, change_id))


def add_verdict(session: Session, change_id: int, verdict: str, note: str = "") -> None:
    """`approve` or `reject`, by the session's actor."""
    session.db.execute(
        ADD_VERDICT, (change_id, verdict, session.actor, session.os_user, note, session.now)
    )


def approvers(db: sqlite3.Connection, change_id: int) -> list[Hand]:
    """Who has approved it."""
    return [Hand(row["actor"], row["os_user"]) for row in db.execute(APPROVERS, (change_id,))]
