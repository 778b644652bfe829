"""What a city's past rounds let one expect: a range from the lowest to the highest, what they come
to together, and how many rounds that rests on. Without rounds there is nothing to expect.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import money

if TYPE_CHECKING:
    from collections.abc import Iterable

LEVELS = ("low", "pooled", "high")
Ratio = tuple[int, int]  # (part, whole)


class Spread(NamedTuple):
    """Ratios of several rounds, each (part, whole) with whole > 0: the lowest, all pooled (sum over
    sum), the highest.
    """

    rounds: int
    low: Ratio
    pooled: Ratio
    high: Ratio


def spread(pairs: Iterable[Ratio]) -> Spread | None:
    """The spread of the pairs that have a whole; None without any. low <= pooled <= high,
    always.
    """
    ratios = sorted((pair for pair in pairs if pair[1] > 0), key=lambda pair: Fraction(*pair))
    if not ratios:
        return None
    parts, wholes = zip(*ratios, strict=True)
    return Spread(len(ratios), ratios[0], (sum(parts), sum(wholes)), ratios[-1])


def shown(ratios: Spread | None, digits: int) -> dict[str, int | str | None] | None:
    """As decimal strings with so many digits, half up."""
    return ratios and {
        "rounds": ratios.rounds,
        **{
            level: money.ratio(part, whole, digits)
            for level, (part, whole) in zip(LEVELS, ratios[1:], strict=True)
        },
    }


def product(*factors: Spread | None) -> Spread | None:
    """Low times low, pooled times pooled, high times high; None when one is missing. It rests on
    the fewest rounds of them.
    """
    known = [factor for factor in factors if factor is not None]
    if len(known) < len(factors):
        return None
    return Spread(
        min(each.rounds for each in known),
        *(
            prod(Fraction(*ratio) for ratio in ratios).as_integer_ratio()
            for ratios in zip(*(each[1:] for each in known), strict=True)
        ),
    )


def times_whole(ratios: Spread | None, amount: int) -> dict[str, int] | None:
    """`amount` (packs, vouchers, fen) times each of the three, half up to a whole."""
    return ratios and {
        "rounds": ratios.rounds,
        **{
            level: money.half_up(amount * part, whole)
            for level, (part, whole) in zip(LEVELS, ratios[1:], strict=True)
        },
    }
