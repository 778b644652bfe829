"""What a face value does, as two arms of one draw have shown: the change in percent of what came
of each winner, by a change of one percent of the face.

Chance alone decided who is in which arm, so the difference is the face's (intention to treat: every
winner counts, also who claimed nothing). The interval is that of the ratio of two means by the
delta method (log of a mean: variance / (n mean^2)).
"""

from __future__ import annotations

from math import log, sqrt
from typing import NamedTuple

from vouchercli.rules.intervals import Z_95

FEWEST = 30  # winners in an arm: of fewer the interval is not to be trusted


class Arm(NamedTuple):
    """One arm: what a pack has of it that is varied (`dose`, fen), its winners, the sum of what
    came of them, and the sum of the squares.
    """

    dose: int
    winners: int
    total: int
    squares: float


class Elasticity(NamedTuple):
    """The change in percent by one percent more, and the bounds that hold the true one in 95 of 100
    cases, as decimal strings.
    """

    point: str
    low: str
    high: str


def elasticity(one: Arm, other: Arm) -> Elasticity | None:
    """What two arms show; None where they cannot: too few winners, the same dose, or nothing
    came.
    """
    arms = one, other
    if one.dose == other.dose or any(
        each.winners < FEWEST or each.total <= 0 or each.dose <= 0 for each in arms
    ):
        return None
    step = log(other.dose / one.dose)
    point = (log(_mean(other)) - log(_mean(one))) / step
    half = Z_95 * sqrt(sum(_spread(each) for each in arms)) / abs(step)
    return Elasticity(*(f"{value:.2f}" for value in (point, point - half, point + half)))


def _mean(arm: Arm) -> float:
    return arm.total / arm.winners


def _spread(arm: Arm) -> float:
    """The variance of the log of an arm's mean."""
    variance = (arm.squares - arm.total**2 / arm.winners) / (arm.winners - 1)
    return variance / (arm.winners * _mean(arm) ** 2)
