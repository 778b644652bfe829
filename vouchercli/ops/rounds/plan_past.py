"""Read the results of the city's own past rounds and estimate the next round from them; without
past rounds there is no estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops.answers import dated
from vouchercli.result import JSON, SHOWN, Column, Table, Word, only, say
from vouchercli.rules import leverage, money
from vouchercli.rules import plans as law
from vouchercli.rules.leverage import Claimed, Sums
from vouchercli.store import plans

if TYPE_CHECKING:
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.store.plans import PastRound

SHOWN_ROUNDS = 12


@dataclass(frozen=True)
class Past:
    """A closed round and what it came to; `is_over`: its last voucher has expired, so that its
    redemptions are final.
    """

    row: PastRound
    sums: Sums
    is_over: bool

    @property
    def sold_out_seconds(self) -> int | None:
        """From the opening to the last pack, for a first-come round that was sold out."""
        is_sold_out = self.row.mode == "fcfs" and self.row.claimed == self.row.packs
        return self.row.last_claimed_at - self.row.opens_at if is_sold_out else None

    @property
    def claimed(self) -> Claimed:
        """What was claimed of it."""
        return Claimed(self.row.claimed, self.row.vouchers, self.row.face_fen)


def list_past(current: RoundAtHand) -> list[Past]:
    """List the city's closed rounds with claims, except this one, by opening."""
    sums = plans.sums(current.db)
    return [
        Past(row, sums.get(row.round_id, Sums()), row.last_expires_at <= current.now)
        for row in plans.past(current.db, current.round_id)
    ]


def estimate(current: RoundAtHand, past: list[Past]) -> dict[str, Any] | None:
    """Estimate from past rounds: pooled figures, and ranges with the rounds that each rests on;
    None without a past round.

    Redemption and leverage rest only on rounds whose vouchers have all expired: an unfinished one
    would make them too low.
    """
    if not past:
        return None
    over = [each for each in past if each.is_over]
    sold_out = [each.sold_out_seconds for each in past if each.sold_out_seconds is not None]
    claims = sum((each.claimed for each in over), Claimed())
    sums = leverage.pooled(each.sums for each in over)
    return {
        "rounds": len(past),
        "same_template_rounds": sum(each.row.template == current.row["template"] for each in past),
        "claim_rate": leverage.rate(
            sum(each.row.claimed for each in past), sum(each.row.packs for each in past)
        ),
        "sold_out_rounds": len(sold_out),
        "fastest_sell_out_seconds": min(sold_out, default=None),
        "slowest_sell_out_seconds": max(sold_out, default=None),
        "finished_rounds": len(over),
        "used_of_claimed": leverage.used_of_claimed(sums, claims),
        "gross": sums.gross,
        "own_spend": sums.own_spend,
        **_estimate_ranges(current, past, over),
    }


def _estimate_ranges(current: RoundAtHand, past: list[Past], over: list[Past]) -> dict[str, Any]:
    """Estimate the ranges of this round: packs claimed, vouchers used, subsidy paid, leverage."""
    claims = law.spread((each.row.claimed, each.row.packs) for each in past)
    used = law.spread((each.sums.vouchers, each.row.vouchers) for each in over)
    paid = law.spread((each.sums.paid_fen, each.row.face_fen) for each in over)
    packs, pack = current.row["packs"], current.row["pack_value_fen"]
    return {
        "claims": law.times_whole(claims, packs),
        "vouchers_used": law.times_whole(law.product(claims, used), packs * current.row["coupons"]),
        "subsidy_fen": law.times_whole(law.product(claims, paid), packs * pack),
        "claim_rates": law.shown(claims, 4),
        "redemption_rates": law.shown(used, 4),
        "gross_range": law.shown(
            law.spread((each.sums.base_fen, each.sums.public_fen) for each in over), 2
        ),
        "own_spend_range": law.shown(
            law.spread((each.sums.own_fen, each.sums.public_fen) for each in over), 2
        ),
    }


# ---------------------------------------------------------------- tables

PAST = (
    Column("round", "round"),
    Column("template", "template"),
    Column("packs", "packs", "int"),
    Column("claim_rate", "claimed of packs", "rate"),
    Column("sell_out_seconds", "sold out (s)", "int"),
    Column("used_of_claimed", "used of claimed", "rate"),
    Column("gross", "gross", "ratio"),
    Column("own_spend", "own-spend", "ratio"),
    *only(JSON, "programme", "mode", "opens_at", "claimed"),
)
RANGES = (
    Column("what", "what", "word"),
    Column("low", "lowest"),
    Column("pooled", "pooled"),
    Column("high", "highest"),
    Column("rounds", "rests on rounds", "int"),
)


def _describe_past(each: Past) -> dict[str, Any]:
    """Describe one past round in its own time zone; a figure that is not final yet is None."""
    row, sums = each.row, each.sums
    return dated(row._asdict(), row.time_zone) | {
        "template": row.pinned,
        "claim_rate": leverage.rate(row.claimed, row.packs),
        "sell_out_seconds": each.sold_out_seconds,
        "used_of_claimed": leverage.used_of_claimed(sums, each.claimed) if each.is_over else None,
        "gross": sums.gross if each.is_over else None,
        "own_spend": sums.own_spend if each.is_over else None,
    }


def tabulate_past(
    current: RoundAtHand, past: list[Past], expected: dict[str, Any]
) -> tuple[Table, ...]:
    """Tabulate the past rounds with their pooled total, and the estimate from them."""
    left = len(past) - SHOWN_ROUNDS
    notes = [
        say(
            "{same} of {rounds} rounds had this card pack; redemption and leverage rest on the"
            " {over} whose vouchers have all expired.",
            same=expected["same_template_rounds"],
            rounds=len(past),
            over=expected["finished_rounds"],
        )
    ]
    if left > 0:
        notes.append(say("{left} earlier rounds are in the total and not shown.", left=left))
    rounds = Table(
        say("Results of the city's own closed rounds (pooled)"),
        PAST,
        [*map(_describe_past, past)],
        expected | {"packs": sum(each.row.packs for each in past)},
        notes=tuple(notes),
        key="expected.past",
        where=JSON,
    )
    shown = replace(rounds, rows=rounds.rows[-SHOWN_ROUNDS:], key=None, where=SHOWN)
    return (rounds, shown, _tabulate_ranges(expected, is_race=current.row["mode"] == "fcfs"))


def _tabulate_ranges(expected: dict[str, Any], *, is_race: bool) -> Table:
    """Tabulate the estimate of this round from the lowest past round to the highest; the time to
    sell out only for a first-come round.
    """
    sell_out = {
        "rounds": expected["sold_out_rounds"],
        "low": expected["fastest_sell_out_seconds"],
        "pooled": None,
        "high": expected["slowest_sell_out_seconds"],
    }
    whole = "{:,}".format
    lines = (
        (Word("packs claimed"), expected["claims"], whole),
        (Word("vouchers used"), expected["vouchers_used"], whole),
        (Word("subsidy paid (yuan)"), expected["subsidy_fen"], money.grouped),
        (Word("seconds to sell out"), sell_out if is_race and sell_out["rounds"] else None, whole),
        (Word("gross"), expected["gross_range"], str),
        (Word("own-spend"), expected["own_spend_range"], str),
    )
    rows = tuple(
        {key: None if each[key] is None else text(each[key]) for key in ("low", "pooled", "high")}
        | {"what": what, "rounds": each["rounds"]}
        for what, each, text in lines
        if each is not None
    )
    return Table(
        say("What this round can be expected to come to"),
        RANGES,
        rows,
        notes=(
            say(
                "From the lowest past round to the highest; past rounds do not decide what"
                " this one will be."
            ),
        ),
    )
