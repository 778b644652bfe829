"""Amendments of rounds: proposed, approved, effective; the pauses and the roll-ins that they leave
behind.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.rules.staff import Hand

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

    Row = sqlite3.Row

ADD = """
INSERT INTO amendments (round_id, kind, state, before, after, note, proposed_by, os_user,
    proposed_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING amendment_id
"""
WAITING = "SELECT * FROM amendments WHERE round_id = ? AND state = 'proposed'"
HISTORY = "SELECT * FROM amendments WHERE round_id = ? ORDER BY amendment_id"
END = (
    "UPDATE amendments SET state = ?, before = ?, after = ifnull(?, after), ended_at = ? WHERE"
    " amendment_id = ?"
)
# Void what still waits: all of it, or only what would move an opening that has come.
VOID = """
UPDATE amendments SET state = 'void', ended_at = :at
WHERE round_id = :round_id AND state = 'proposed' AND (NOT :only_opening OR json_extract(after,
    '$.opens_at') IS NOT NULL)
"""
ADD_VERDICT = (
    "INSERT INTO amendment_verdicts (amendment_id, verdict, actor, os_user, note, at) VALUES (?, ?,"
    " ?, ?, ?, ?)"
)
VERDICTS = "SELECT * FROM amendment_verdicts WHERE amendment_id = ? ORDER BY verdict_id"


def add(
    session: Session,
    round_id: int,
    kind: str,
    before: dict[str, Any],
    after: dict[str, Any],
    note: str,
    *,
    is_effective: bool = False,
) -> int:
    """Propose an amendment, or keep one that takes effect at once; gives its number."""
    state, ended_at = ("effective", session.now) if is_effective else ("proposed", None)
    values = (
        round_id,
        kind,
        state,
        json.dumps(before),
        json.dumps(after),
        note,
        session.actor,
        session.os_user,
        session.now,
        ended_at,
    )
    return int(session.db.execute(ADD, values).fetchone()[0])


def waiting(db: sqlite3.Connection, round_id: int) -> Row | None:
    """The amendment that waits for approval; None when there is none."""
    row: Row | None = db.execute(WAITING, (round_id,)).fetchone()
    return row


def history(db: sqlite3.Connection, round_id: int) -> list[Row]:
    """Every amendment of a round, the first one first."""
    return db.execute(HISTORY, (round_id,)).fetchall()


def end(
    db: sqlite3.Connection,
    amendment_id: int,
    state: str,
    before: dict[str, Any],
    at: int,
    *,
    after: dict[str, Any] | None = None,
) -> None:
    """It took effect (`before`: what stood until then; `after`: what it came to, unless that was
    said) or was rejected.
    """
    db.execute(
        END,
        (state, json.dumps(before), None if after is None else json.dumps(after), at, amendment_id),
    )


def void(db: sqlite3.Connection, round_id: int, at: int, *, only_opening: bool = False) -> None:
    """The round moved on without what was still waiting."""
    db.execute(VOID, {"round_id": round_id, "at": at, "only_opening": only_opening})


def add_verdict(session: Session, amendment_id: int, verdict: str, note: str = "") -> None:
    """`approve` or `reject`, by the session's actor."""
    session.db.execute(
        ADD_VERDICT, (amendment_id, verdict, session.actor, session.os_user, note, session.now)
    )


def verdicts(db: sqlite3.Connection, amendment_id: int) -> list[Row]:
    """What was said on it, the first word first."""
    return db.execute(VERDICTS, (amendment_id,)).fetchall()


def approvers(db: sqlite3.Connection, amendment_id: int) -> list[Hand]:
    """Who has approved it."""
    return [
        Hand(row["actor"], row["os_user"])
        for row in verdicts(db, amendment_id)
        if row["verdict"] == "approve"
    ]


# ---------------------------------------------------------------- what they change

REGISTRATION = "SELECT registration_closes_at FROM draws WHERE round_id = ?"
ADD_PACKS = "UPDATE rounds SET packs = packs + ? WHERE round_id = ?"
MOVE = (
    "UPDATE rounds SET opens_at = ifnull(?, opens_at), closes_at = ifnull(?, closes_at) WHERE"
    " round_id = ?"
)
ADD_PAUSE = "INSERT INTO pauses (round_id, from_at) VALUES (?, ?)"
END_PAUSE = "UPDATE pauses SET until_at = max(from_at, ?) WHERE round_id = ? AND until_at IS NULL"
PAUSES = "SELECT from_at, until_at FROM pauses WHERE round_id = ? ORDER BY pause_id"


def registration_closes_at(db: sqlite3.Connection, round_id: int) -> int | None:
    """When registration for the round's draw closes, as it was announced; None: when the round
    opens, or there is no draw.
    """
    row = db.execute(REGISTRATION, (round_id,)).fetchone()
    return None if row is None else row["registration_closes_at"]


def add_packs(db: sqlite3.Connection, round_id: int, packs: int) -> None:
    """So many packs more."""
    db.execute(ADD_PACKS, (packs, round_id))


def move(
    db: sqlite3.Connection, round_id: int, opens_at: int | None, closes_at: int | None
) -> None:
    """A new opening, a new closing; None leaves it where it is."""
    db.execute(MOVE, (opens_at, closes_at, round_id))


def begin_pause(db: sqlite3.Connection, round_id: int, at: int) -> None:
    """From now on no claim counts."""
    db.execute(ADD_PAUSE, (round_id, at))


def end_pause(db: sqlite3.Connection, round_id: int, at: int) -> None:
    """From now on claims count again."""
    db.execute(END_PAUSE, (at, round_id))


def pauses(db: sqlite3.Connection, round_id: int) -> list[tuple[int, int | None]]:
    """(from_at, until_at) of each pause."""
    return [(row["from_at"], row["until_at"]) for row in db.execute(PAUSES, (round_id,))]


# ---------------------------------------------------------------- rolled in

ADD_ROLL_IN = (
    "INSERT INTO roll_ins (round_id, from_round_id, unclaimed, expired_fen, packs) VALUES (?, ?, ?,"
    " ?, ?)"
)
DROP_ROLL_IN = "DELETE FROM roll_ins WHERE round_id = ?"
ROLLED_IN = (
    "SELECT i.*, r.round AS source FROM roll_ins i JOIN rounds r ON r.round_id = i.from_round_id"
    " WHERE i.round_id = ?"
)
ROLLED_OUT = """
SELECT max(r.round) AS round, ifnull(sum(i.expired_fen), 0) AS expired_fen
FROM roll_ins i JOIN rounds r ON r.round_id = i.round_id WHERE i.from_round_id = ?
    AND r.state <> 'cancelled'
"""


def roll_in(
    db: sqlite3.Connection,
    round_id: int,
    from_round_id: int,
    unclaimed: int,
    expired_fen: int,
    packs: int,
) -> None:
    """`packs` of this round come from the unclaimed packs of that one, and from its expired
    vouchers.
    """
    db.execute(ADD_ROLL_IN, (round_id, from_round_id, unclaimed, expired_fen, packs))


def forget_roll_in(db: sqlite3.Connection, round_id: int) -> None:
    """Somebody has said how many packs there shall be: nothing is rolled in any more."""
    db.execute(DROP_ROLL_IN, (round_id,))


def rolled_in(db: sqlite3.Connection, round_id: int) -> Row | None:
    """What this round took over: source, unclaimed, expired_fen, packs; None when nothing."""
    row: Row | None = db.execute(ROLLED_IN, (round_id,)).fetchone()
    return row


def rolled_out(db: sqlite3.Connection, round_id: int) -> tuple[str | None, int]:
    """(a round that took over this one's unclaimed packs, None when none has; what was taken over
    of expired vouchers, in fen).
    """
    row = db.execute(ROLLED_OUT, (round_id,)).fetchone()
    return row["round"], row["expired_fen"]


# ---------------------------------------------------------------- what an undo would free

UNDER_WAY = """
SELECT r.round FROM rounds r
WHERE r.state IN ('open', 'paused') AND EXISTS (SELECT 1 FROM claims c
    WHERE c.round_id = r.round_id AND c.batch_id = ?)
ORDER BY r.round
"""


def rounds_under_way(db: sqlite3.Connection, batch_id: int) -> list[str]:
    """The rounds under way of which the batch granted packs."""
    return [row["round"] for row in db.execute(UNDER_WAY, (batch_id,))]
