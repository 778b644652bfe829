"""Carry what is left of a round into the next one, for programmes with `unused: next_round`."""

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
class CarryOver:
    """What a copy of a round begins with: its own packs, and those that the unclaimed ones and the
    expired vouchers pay for.
    """

    base: int
    unclaimed: int = 0
    expired_fen: int = 0
    packs: int = 0
    message: Message | None = None


def foresee(current: RoundAtHand, new_value_fen: int, *, is_said: bool) -> CarryOver:
    """Foresee the packs of the next round. Packs that this round took over itself do not count
    as its own; otherwise the number would grow from week to week.

    Only a round that has closed has anything left. Its unclaimed packs are taken over once, and so
    is each fen of the vouchers that have expired by now: a later copy takes what has expired
    since. `is_said`: --packs counts alone.
    """
    row = current.row
    rolled_in = amendments.rolled_in(current.db, current.round_id)
    base = row["packs"] - (rolled_in.packs if rolled_in else 0)
    if current.programme.unused != "next_round" or row["state"] not in (
        *law.HAS_ENDED,
        "open",
        "paused",
    ):
        return CarryOver(base)
    other, gone_fen = amendments.rolled_out(current.db, current.round_id)
    unclaimed = 0 if other else row["packs"] - row["claimed"]
    if is_said or row["state"] not in law.HAS_ENDED:
        return CarryOver(
            base,
            message=_explain_unused(current, unclaimed, is_said=is_said) if unclaimed else None,
        )
    expired_fen = max(releases.sum_expired_unused(current) - gone_fen, 0)
    packs = law.rolled_in(unclaimed * row["pack_value_fen"] + expired_fen, new_value_fen)
    if packs:
        message = _describe_carry_over(packs, new_value_fen, unclaimed, expired_fen, current.code)
        return CarryOver(base, unclaimed, expired_fen, packs, message)
    if not other:
        return CarryOver(base)
    message = say(
        "nothing is rolled in: {other} took over the unclaimed packs of {round}",
        other=other,
        round=current.code,
    )
    return CarryOver(base, message=message)


def _explain_unused(current: RoundAtHand, unclaimed: int, *, is_said: bool) -> Message:
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


def _describe_carry_over(
    packs: int, value_fen: int, unclaimed: int, expired_fen: int, code: str
) -> Message:
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
