"""How sure a share is. Source: E. B. Wilson 1927, the score interval of a proportion."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

Z_95 = 1.959964  # of the normal distribution: 95 % lie within


class Interval(NamedTuple):
    """A share of 1 and the bounds that hold the true one in 95 of 100 cases, as decimal strings
    with 4 decimals.
    """

    low: str
    high: str


def wilson(part: int, whole: int) -> Interval | None:
    """The 95 % interval of `part` out of `whole`; None of nothing."""
    if whole <= 0:
        return None
    share, square = part / whole, Z_95**2
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = Z_95 * sqrt(share * (1 - share) / whole + square / (4 * whole**2))
    half /= 1 + square / whole
    return Interval(f"{max(middle - half, 0):.4f}", f"{min(middle + half, 1):.4f}")


def holds(interval: Interval, part: int, whole: int) -> bool:
    """Whether the share `part` / `whole` lies within the interval."""
    return float(interval.low) <= part / whole <= float(interval.high)
