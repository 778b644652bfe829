"""What is left of a round goes into the next one, where the programme says `unused: next_round`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vouchercli.ops.rounds import releases
from vouchercli.result import Word, say
from vouchercli.rules import amendments as law
from vouchercli.rules import money
from vouchercli.store import amendments

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message


@dataclass(frozen=True)
class Foreseen:
    """What a copy of a round begins with: its own packs, and those that the unclaimed ones and the
    expired vouchers pay for.
    """

    base: int
    unclaimed: int = 0
    expired_fen: int = 0
    packs: int = 0
    said: Message | None = None


def foreseen(current: RoundAtHand, new_value_fen: int, *, is_said: bool) -> Foreseen:
    """The packs of the next round. What this one took over itself is not its own: it would grow
    from week to week.

    Only a round that has closed has anything left. Its unclaimed packs are taken over once, and so
    is each fen of the vouchers that have expired by now: a later copy takes what has expired
    since. `is_said`: --packs counts alone.
    """
    row = current.row
    taken = amendments.rolled_in(current.db, current.round_id)
    base = row["packs"] - (taken.packs if taken else 0)
    if current.programme.unused != "next_round" or row["state"] not in (
        *law.HAS_ENDED,
        "open",
        "paused",
    ):
        return Foreseen(base)
    other, gone_fen = amendments.rolled_out(current.db, current.round_id)
    unclaimed = 0 if other else row["packs"] - row["claimed"]
    if is_said or row["state"] not in law.HAS_ENDED:
        return Foreseen(
            base, said=_left(current, unclaimed, is_said=is_said) if unclaimed else None
        )
    expired_fen = max(releases.expired_unused(current) - gone_fen, 0)
    packs = law.rolled_in(unclaimed * row["pack_value_fen"] + expired_fen, new_value_fen)
    if packs:
        said = _said(packs, new_value_fen, unclaimed, expired_fen, current.code)
        return Foreseen(base, unclaimed, expired_fen, packs, said)
    if not other:
        return Foreseen(base)
    gone = say(
        "nothing is rolled in: {other} took over the unclaimed packs of {round}",
        other=other,
        round=current.code,
    )
    return Foreseen(base, said=gone)


def _left(current: RoundAtHand, unclaimed: int, *, is_said: bool) -> Message:
    if is_said:
        return say(
            "{unclaimed:,} packs of {round} are unclaimed and not rolled in: --packs was given",
            unclaimed=unclaimed,
            round=current.code,
        )
    return say(
        "nothing is rolled in: round {round} is {state}; copy it after it has closed",
        round=current.code,
        state=Word(current.row["state"]),
    )


def _said(packs: int, value_fen: int, unclaimed: int, expired_fen: int, code: str) -> Message:
    amount = money.grouped(packs * value_fen)
    if not expired_fen:
        return say(
            "rolled in: {packs:,} packs, {amount} yuan, from {unclaimed:,} unclaimed packs of"
            " {round}",
            packs=packs,
            amount=amount,
            unclaimed=unclaimed,
            round=code,
        )
    return say(
        "rolled in: {packs:,} packs, {amount} yuan, from {unclaimed:,} unclaimed packs of {round}"
        " and {expired} yuan of its expired vouchers",
        packs=packs,
        amount=amount,
        unclaimed=unclaimed,
        round=code,
        expired=money.grouped(expired_fen),
    )
