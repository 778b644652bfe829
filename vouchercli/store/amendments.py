"""Amendments of rounds: proposed, approved, effective; the pauses and the roll-ins that they leave
behind.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules.staff import Hand

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

ADD = """
INSERT INTO amendments (round_id, kind, state, before, after, note, proposed_by, os_user,
    proposed_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING amendment_id
"""
HISTORY = """
SELECT amendment_id, kind, state, before, after, note, proposed_by, os_user, proposed_at, ended_at
FROM amendments WHERE round_id = ? ORDER BY amendment_id
"""
END = (
    "UPDATE amendments SET state = ?, before = ?, after = ifnull(?, after), ended_at = ? WHERE"
    " amendment_id = ?"
)
# Void what still waits: all of it, or only what would move an opening that has come.
VOID = """
UPDATE amendments SET state = :state, ended_at = :at
WHERE round_id = :round_id AND state = 'proposed' AND (NOT :only_opening OR json_extract(after,
    '$.opens_at') IS NOT NULL)
"""
ADD_VERDICT = (
    "INSERT INTO amendment_verdicts (amendment_id, verdict, actor, os_user, note, at) VALUES (?, ?,"
    " ?, ?, ?, ?)"
)
VERDICTS = (
    "SELECT verdict, actor, os_user, note, at FROM amendment_verdicts WHERE amendment_id = ? ORDER"
    " BY verdict_id"
)


class Amendment(NamedTuple):
    """A change of a round: its number, and the terms that it changes, `before` and `after`."""

    amendment: int
    kind: str
    state: str
    before: dict[str, Any]
    after: dict[str, Any]
    note: str
    proposed_by: str
    os_user: str
    proposed_at: int
    ended_at: int | None


class Verdict(NamedTuple):
    """`approve` or `reject`, by whom, under which login, when (UTC seconds)."""

    verdict: str
    actor: str
    os_user: str
    note: str
    at: int


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


def waiting(db: sqlite3.Connection, round_id: int) -> Amendment | None:
    """The amendment that waits for approval; None when there is none."""
    return next((each for each in history(db, round_id) if each.state == "proposed"), None)


def history(db: sqlite3.Connection, round_id: int) -> list[Amendment]:
    """Every amendment of a round, the first one first."""
    rows = map(Amendment._make, db.execute(HISTORY, (round_id,)))
    return [
        row._replace(before=json.loads(str(row.before)), after=json.loads(str(row.after)))
        for row in rows
    ]


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
    wanted = {"round_id": round_id, "at": at, "only_opening": only_opening}
    db.execute(VOID, wanted | {"state": "void"})


def add_verdict(session: Session, amendment_id: int, verdict: str, note: str = "") -> None:
    """`approve` or `reject`, by the session's actor."""
    session.db.execute(
        ADD_VERDICT, (amendment_id, verdict, session.actor, session.os_user, note, session.now)
    )


def verdicts(db: sqlite3.Connection, amendment_id: int) -> list[Verdict]:
    """What was said on it, the first word first."""
    return [*map(Verdict._make, db.execute(VERDICTS, (amendment_id,)))]


def approvers(db: sqlite3.Connection, amendment_id: int) -> list[Hand]:
    """Who has approved it."""
    return [
        Hand(each.actor, each.os_user)
        for each in verdicts(db, amendment_id)
        if each.verdict == "approve"
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


# ---------------------------------------------------------------- rolled in

ADD_ROLL_IN = (
    "INSERT INTO roll_ins (round_id, from_round_id, unclaimed, expired_fen, packs) VALUES (?, ?, ?,"
    " ?, ?)"
)
DROP_ROLL_IN = "DELETE FROM roll_ins WHERE round_id = ?"
ROLLED_IN = """
SELECT r.round, i.unclaimed, i.expired_fen, i.packs, i.packs * t.pack_value_fen
FROM roll_ins i JOIN rounds r ON r.round_id = i.from_round_id
    JOIN rounds own ON own.round_id = i.round_id JOIN templates t ON t.template_id = own.template_id
WHERE i.round_id = ?
"""
ROLLED_OUT = """
SELECT max(r.round) AS round, ifnull(sum(i.expired_fen), 0) AS expired_fen
FROM roll_ins i JOIN rounds r ON r.round_id = i.round_id WHERE i.from_round_id = ?
    AND r.state <> 'cancelled'
"""


class RolledIn(NamedTuple):
    """What a round took over: packs paid for by the unclaimed packs of an earlier round and by its
    expired vouchers.
    """

    round: str
    unclaimed: int
    expired_fen: int
    packs: int
    amount_fen: int


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


def rolled_in(db: sqlite3.Connection, round_id: int) -> RolledIn | None:
    """What this round took over; None when nothing."""
    row = db.execute(ROLLED_IN, (round_id,)).fetchone()
    return RolledIn._make(row) if row else None


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
