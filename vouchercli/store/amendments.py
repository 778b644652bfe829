"""What amendments of rounds change and leave behind: packs, times, pauses, roll-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

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
    WHERE c.round_id = r.round_id AND c.batch_id = ?1
        AND c.line NOT IN (SELECT of_line FROM duplicates WHERE of_batch = ?1))
ORDER BY r.round
"""


def rounds_under_way(db: sqlite3.Connection, batch_id: int) -> list[str]:
    """The rounds under way of which the batch alone granted packs."""
    return [row["round"] for row in db.execute(UNDER_WAY, (batch_id,))]
