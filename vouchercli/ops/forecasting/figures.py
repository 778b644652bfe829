"""The figures of a forecast: which there are, and what past rounds say of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.result import Word
from vouchercli.rules import forecasts as law
from vouchercli.rules import leverage
from vouchercli.rules.forecasts import Bounds, Next, Range, Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vouchercli.result import Kind
    from vouchercli.rules.forecasts import Past

    PaidOn = Callable[[int], int | None]


class Figure(NamedTuple):
    """A figure of a forecast: how it is called and shown. `is_late`: it is known when the last
    voucher has ended, not when the round has closed; `of_races`: only of first come, first served.
    """

    key: str
    label: Word
    kind: Kind
    is_late: bool = False
    of_races: bool = False


FIGURES = (
    Figure("claimed", Word("packs claimed"), "int"),
    Figure("closing_seconds", Word("last pack gone, or closed, after"), "span", of_races=True),
    Figure("peak_per_second", Word("claims in the busiest second"), "int", of_races=True),
    Figure("used", Word("vouchers used"), "int", is_late=True),
    Figure("subsidy_fen", Word("subsidy paid"), "fen", is_late=True),
    Figure("most_owed_fen", Word("most that merchants wait for"), "fen", is_late=True),
)
BY_KEY = {each.key: each for each in FIGURES}


def of_mode(mode: str) -> list[Figure]:
    """The figures of rounds that are granted so."""
    return [each for each in FIGURES if mode == law.RACE or not each.of_races]


def said_by(replay: Replay, paid_on: PaidOn) -> dict[str, Bounds]:
    """What one past round says of every figure in the place of the next."""
    used, paid = replay.used_by_day(), replay.paid_by_day()
    owed = [owed_by_day(paid, paid_on, side) for side in (0, 1)]
    return {
        "claimed": replay.claimed,
        "closing_seconds": replay.closing,
        "peak_per_second": replay.peak,
        "used": _total(used),
        "subsidy_fen": _total(paid),
        "most_owed_fen": Bounds(*(max(each.values(), default=0) for each in owed)),
    }


def _total(by_day: Mapping[int, Bounds]) -> Bounds:
    return Bounds(
        sum(each.low for each in by_day.values()), sum(each.high for each in by_day.values())
    )


def owed_by_day(paid: Mapping[int, Bounds], paid_on: PaidOn, side: int) -> dict[int, int]:
    """What merchants wait for at the end of each day that changes it (side 0: of the lower bounds,
    1: of the higher).
    """
    return law.waiting({day: each[side] for day, each in paid.items()}, paid_on).owed


def ranges(past: Sequence[Past], ahead: Next, paid_on: PaidOn) -> dict[str, Range | None]:
    """The range of every figure; redemption rests only on rounds whose vouchers have all ended."""
    said = [(each.is_over, said_by(Replay(each, ahead), paid_on)) for each in past]
    return {
        figure.key: law.range_of(
            [each[figure.key] for is_over, each in said if is_over or not figure.is_late]
        )
        for figure in of_mode(ahead.mode)
    }


def kept(found: Range | None) -> dict[str, Any] | None:
    """A range as JSON and the log have it, with its chance as a decimal string."""
    return found and found._asdict() | {"chance": chance_of(found.rounds)}


def chance_of(rounds: int) -> str | None:
    """The chance that the next round lies within so many, as a rate."""
    promised = law.chance(rounds)
    return None if promised is None else leverage.rate(promised.numerator, promised.denominator)
