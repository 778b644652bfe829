"""How far from a limit is looked, from the cells themselves: the width that makes the mean squared
error of a line's jump least (G. Imbens and K. Kalyanaraman, Review of Economic Studies 2012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vouchercli.ops.effect.moments import TooFew, Y

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vouchercli.ops.effect.moments import Bin

    Array = NDArray[np.float64]

LEAST_BINS = 5  # on each side within any width: a parabola and what is left of it
OF_DENSITY, OF_CURVATURE, OF_TRIANGLE = 1.84, 3.56, 3.4375  # their constants
OF_CHANCE = 2160  # their term for a curvature that is not well known


class _Side(NamedTuple):
    """The bins of one side, the nearest to the limit first: how far, people, means of y, squares
    within bins.
    """

    at: Array
    n: Array
    y: Array
    within: Array

    def near(self, width: float) -> _Side:
        """Those within a width, or the nearest few."""
        count = max(LEAST_BINS, int(np.searchsorted(np.abs(self.at), width)))
        return _Side(*(each[:count] for each in self))

    @property
    def variance(self) -> float:
        """Of y of its people."""
        people, mean = self.n.sum(), np.average(self.y, weights=self.n)
        between = (self.n * (self.y - mean) ** 2).sum()
        return float((self.within.sum() + between) / (people - 1))

    def bend(self) -> float:
        """The second derivative of y at the limit, by a parabola."""
        design = np.vander(self.at, 3, increasing=True)
        return 2 * float(_fit(design, self.y, self.n)[2])


def optimal(every: Sequence[Bin], donut: int) -> int:
    """The width in the unit of the bins, of those not nearer than the donut. Raises `TooFew`."""
    used = [each for each in every if abs(each.at) >= donut]
    sides = [_side([each for each in used if each.is_treated is side]) for side in (True, False)]
    if any(len(each.at) < LEAST_BINS for each in sides):
        raise TooFew
    unit = _spread(sides)
    sides = [each._replace(at=each.at / unit) for each in sides]
    least = max(float(np.abs(each.at[LEAST_BINS - 1])) for each in sides)
    most = min(float(np.abs(each.at[-1])) for each in sides)
    found = _best(sides, donut / unit)
    return round(min(max(found, least), most) * unit) + 1  # what lies at the width counts nothing


def _side(every: Sequence[Bin]) -> _Side:
    near_first = sorted(every, key=lambda each: abs(each.at))
    columns = (
        [float(each.at) for each in near_first],
        [float(each.group.n) for each in near_first],
        [float(each.group.mean[Y]) for each in near_first],
        [float(each.group.about[Y, Y]) for each in near_first],
    )
    return _Side(*(np.array(each) for each in columns))


def _spread(sides: Sequence[_Side]) -> float:
    at, n = (np.concatenate([each[place] for each in sides]) for place in (0, 1))
    return float(np.sqrt(np.average((at - np.average(at, weights=n)) ** 2, weights=n)))


def _best(sides: Sequence[_Side], donut: float) -> float:
    people = float(sum(each.n.sum() for each in sides))
    pilot = max(OF_DENSITY * people**-0.2, 2 * donut)
    close = [each.near(pilot) for each in sides]
    reach = sum(float(np.abs(each.at[-1])) - donut for each in close)
    density = float(sum(each.n.sum() for each in close)) / (people * reach)
    variances = [each.variance for each in close]
    third = _third(sides)
    bends, chance = [], 0.0
    for side, variance in zip(sides, variances, strict=True):
        own = float(side.n.sum())
        width = OF_CURVATURE * (variance / (density * max(third**2, 1e-12) * own)) ** (1 / 7)
        local = side.near(width)
        bends.append(local.bend())
        chance += OF_CHANCE * variance / (local.n.sum() * float(np.abs(local.at[-1])) ** 4)
    off = (bends[0] - bends[1]) ** 2 + chance
    return float(OF_TRIANGLE * (sum(variances) / (density * off * people)) ** 0.2)


def _third(sides: Sequence[_Side]) -> float:
    """The third derivative of y, by one cubic with a jump."""
    at, n, y = (np.concatenate([each[place] for each in sides]) for place in range(3))
    won = np.concatenate([np.full(len(each.at), place) for place, each in enumerate(sides)])
    design = np.column_stack([np.vander(at, 4, increasing=True), won])
    return 6 * float(_fit(design, y, n)[3])


def _fit(design: Array, y: Array, n: Array) -> Array:
    root = np.sqrt(n)
    return np.asarray(np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0], float)
