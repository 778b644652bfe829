"""How sure a share is (E. B. Wilson 1927, the score interval of a proportion), and how many
standard errors hold 95 %.
"""

from __future__ import annotations

from math import expm1, sqrt
from typing import NamedTuple

Z_95 = 1.959964  # of the normal distribution: 95 % lie within


def t_95(freedom: float) -> float:
    """How many standard errors hold 95 % of Student's t. Source: D. L. Wallace 1959, the inverse of
    his transform to a normal number.
    """
    shrink = (8 * freedom + 1) / (8 * freedom + 3)
    return sqrt(freedom * expm1((Z_95 / shrink) ** 2 / freedom))


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
