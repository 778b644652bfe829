"""What a city's past rounds let one expect: a range from the lowest to the highest, what they come
to together, and how many rounds that rests on. Without rounds there is nothing to expect.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from vouchercli.rules import money

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Spread:
    """Ratios of several rounds, each (part, whole) with whole > 0: the lowest, all pooled (sum over
    sum), the highest.
    """

    rounds: int
    low: tuple[int, int]
    pooled: tuple[int, int]
    high: tuple[int, int]


def spread(pairs: Iterable[tuple[int, int]]) -> Spread | None:
    """The spread of the pairs that have a whole; None without any. low <= pooled <= high,
    always.
    """
    found = [pair for pair in pairs if pair[1] > 0]
    if not found:
        return None

    def size(pair: tuple[int, int]) -> Fraction:
        return Fraction(*pair)

    whole = (sum(part for part, _ in found), sum(whole for _, whole in found))
    return Spread(len(found), min(found, key=size), whole, max(found, key=size))


def shown(found: Spread | None, digits: int) -> dict[str, int | str | None] | None:
    """As decimal strings with so many digits, half up."""
    return (
        None
        if found is None
        else {
            "rounds": found.rounds,
            "low": money.ratio(*found.low, digits),
            "pooled": money.ratio(*found.pooled, digits),
            "high": money.ratio(*found.high, digits),
        }
    )


def product(*factors: Spread | None) -> Spread | None:
    """Low times low, pooled times pooled, high times high; None when one is missing. It rests on
    the fewest rounds of them.
    """
    found = [factor for factor in factors if factor is not None]
    if len(found) < len(factors):
        return None
    low = high = pooled = Fraction(1)
    for each in found:
        low, pooled, high = (
            low * Fraction(*each.low),
            pooled * Fraction(*each.pooled),
            high * Fraction(*each.high),
        )
    return Spread(
        min(each.rounds for each in found),
        *(each.as_integer_ratio() for each in (low, pooled, high)),
    )


def times_whole(found: Spread | None, amount: int) -> dict[str, int] | None:
    """`amount` (packs, vouchers, fen) times each of the three, half up to a whole."""
    return (
        None
        if found is None
        else {
            "rounds": found.rounds,
            **{
                name: money.half_up(amount * part, whole)
                for name, (part, whole) in (
                    ("low", found.low),
                    ("pooled", found.pooled),
                    ("high", found.high),
                )
            },
        }
    )
