"""What is left of a round goes into the next one, where the programme says `unused: next_round`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vouchercli.result import Word, say
from vouchercli.rules import amendments as law
from vouchercli.rules import money
from vouchercli.store import amendments

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.one_round import Found
    from vouchercli.result import Message


@dataclass(frozen=True)
class Foreseen:
    """What a copy of a round begins with: its own packs, and those that the unclaimed ones pay for."""

    base: int
    unclaimed: int = 0
    packs: int = 0
    says: tuple[Message, ...] = ()


def foreseen(db: sqlite3.Connection, it: Found, new_value_fen: int, *, is_said: bool) -> Foreseen:
    """The packs of the next round. What this one took over itself is not its own: it would grow from week to week.

    Only a round that has closed has anything left, and only one round takes it over; `is_said`: --packs counts alone.
    """
    row, code = it.row, it.row["round"]
    taken = amendments.rolled_in(db, row["round_id"])
    base, unclaimed = row["packs"] - (taken["packs"] if taken else 0), row["packs"] - row["claimed"]
    packs = law.rolled_in(unclaimed, row["pack_value_fen"], new_value_fen)
    if it.programme.unused != "next_round" or not packs or row["state"] not in (*law.HAS_ENDED, "open", "paused"):
        return Foreseen(base)
    if is_said:
        return Foreseen(base, says=(say("{unclaimed:,} packs of {round} are unclaimed and not rolled in: --packs was given",
                                        unclaimed=unclaimed, round=code),))
    if row["state"] not in law.HAS_ENDED:
        return Foreseen(base, says=(say("nothing is rolled in: round {round} is {state}; copy it after it has closed", round=code,
                                        state=Word(row["state"])),))
    if other := amendments.rolled_out(db, row["round_id"]):
        return Foreseen(base, says=(say("nothing is rolled in: {other} took over the unclaimed packs of {round}", other=other,
                                        round=code),))
    return Foreseen(base, unclaimed, packs, (
        say("rolled in: {packs:,} packs, {amount} yuan, from {unclaimed:,} unclaimed packs of {round}", packs=packs,
            amount=money.grouped(packs * new_value_fen), unclaimed=unclaimed, round=code),
    ))
