"""The numerical core: differences of groups, jumps and changes, from moments alone.

Each gives what the groups differ in, (spending y, used subsidy s), with the covariance of both,
from which the law makes intention to treat and Wald. Formulas and sources: docs/effect.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vouchercli.rules import effects as law
from vouchercli.rules.intervals import Z_95

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from vouchercli.rules.effects import Key, Moments

    Array = NDArray[np.float64]

Y, S, X = range(3)
LEAST_BINS = 3  # on each side of a jump: a line and what is left of it
FEWEST = 2  # people in a cell that has a variance


class TooFew(Exception):
    """There is not enough to compare."""


class Contrast(NamedTuple):
    """How much two groups differ in y and s (yuan a person), the covariance of both, how many
    standard errors make 95 %, and how many people are in each group.
    """

    by: Array
    cov: Array
    z: float
    treated: int
    control: int
    freedom: float = 0.0  # 0: normal

    @property
    def itt(self) -> tuple[float, float, float]:
        """Intention to treat: the difference in spending and its 95 % interval."""
        half = self.z * float(np.sqrt(self.cov[Y, Y]))
        of = float(self.by[Y])
        return of, of - half, of + half

    @property
    def wald(self) -> tuple[float, float, float] | None:
        """Spending for each yuan of subsidy used, with Fieller's 95 % interval; None: the groups
        hardly differ in what they used.
        """
        y, s, square = float(self.by[Y]), float(self.by[S]), self.z**2
        a = s * s - square * self.cov[S, S]
        if s <= 0 or a <= 0:
            return None
        b = y * s - square * self.cov[Y, S]
        c = y * y - square * self.cov[Y, Y]
        root = float(np.sqrt(max(b * b - a * c, 0.0)))
        return y / s, float(b - root) / float(a), float(b + root) / float(a)

    @property
    def turned(self) -> Contrast:
        """The same with the groups the other way round."""
        return self._replace(by=-self.by, treated=self.control, control=self.treated)

    @property
    def p(self) -> float:
        """How often chance alone makes so large a difference in y."""
        error = float(np.sqrt(self.cov[Y, Y]))
        if error == 0:
            return 1.0 if self.by[Y] == 0 else 0.0
        t = float(self.by[Y]) / error
        return law.two_sided_t(t, self.freedom) if self.freedom else law.two_sided(t)


class Group(NamedTuple):
    """A group of people: how many, the means of y, s and x, and the sums of squares and products
    about them.
    """

    n: int
    mean: Array
    about: Array

    @classmethod
    def of(cls, cells: Sequence[Moments]) -> Group:
        """All people of these cells."""
        n = sum(each.n for each in cells)
        sums = np.array([float(sum(getattr(each, name) for each in cells)) for name in law.SUMS])
        total = {name: float(sum(getattr(each, name) for each in cells)) for name in law.SQUARES}
        raw = np.array(
            [
                [total["yy"], total["sy"], total["xy"]],
                [total["sy"], total["ss"], total["xs"]],
                [total["xy"], total["xs"], total["xx"]],
            ]
        )
        return cls(n, sums / n, raw - np.outer(sums, sums) / n)

    def placebo(self) -> Group:
        """The same with earlier spending in the place of spending, and nothing to adjust by."""
        order = [X, S, X]
        about = self.about[np.ix_(order, order)].copy()
        about[X, :] = about[:, X] = 0.0
        return Group(self.n, self.mean[order], about)


def by_stratum(cells: Mapping[Key, Moments]) -> dict[str, Group]:
    """The people of each stratum."""
    found: dict[str, list[Moments]] = {}
    for key, of in cells.items():
        found.setdefault(key.stratum, []).append(of)
    return {stratum: Group.of(every) for stratum, every in found.items()}


# ---------------------------------------------------------------- by lot


def lots(treated: Mapping[str, Group], control: Mapping[str, Group]) -> Contrast:
    """Winners less losers, within strata, each weighed by its people, and adjusted by earlier
    spending with a slope of each group (W. Lin 2013); the variances are HC2, which within strata
    is the variance of each group over its people. Raises `TooFew`.
    """
    pairs = [
        (treated[each], control[each])
        for each in treated
        if each in control and min(treated[each].n, control[each].n) >= FEWEST
    ]
    if not pairs:
        raise TooFew
    slopes = [_slope([pair[side] for pair in pairs]) for side in (0, 1)]
    people = sum(one.n + other.n for one, other in pairs)
    by, cov = np.zeros(2), np.zeros((2, 2))
    for pair in pairs:
        n = pair[0].n + pair[1].n
        earlier = sum(each.n * each.mean[X] for each in pair) / n
        for side, sign in ((0, 1), (1, -1)):
            group, slope = pair[side], slopes[side]
            by += sign * n / people * (group.mean[:X] - slope * (group.mean[X] - earlier))
            cov += (n / people) ** 2 * _rest(group, slope) / group.n
    return Contrast(by, cov, Z_95, sum(one.n for one, _ in pairs), sum(two.n for _, two in pairs))


def _slope(groups: Iterable[Group]) -> Array:
    """How y and s go with earlier spending within the strata of one group."""
    about: Array = sum((each.about for each in groups), np.zeros((3, 3)))
    return about[:X, X] / about[X, X] if about[X, X] > 0 else np.zeros(2)


def _rest(group: Group, slope: Array) -> Array:
    """The covariance of y and s once earlier spending is taken out."""
    cross = np.outer(slope, group.about[X, :X])
    rest = group.about[:X, :X] - cross - cross.T + np.outer(slope, slope) * group.about[X, X]
    return np.asarray(rest / (group.n - 1))


# ---------------------------------------------------------------- by a limit


class Bin(NamedTuple):
    """The people of one place along arrival or score."""

    at: int
    is_treated: bool
    group: Group


def bins(cells: Mapping[Key, Moments], *, is_score: bool) -> list[Bin]:
    """The bins of cells, in their order. Their side decides, not who had a pack in the end: before
    selling out, or from the limit of a score on.
    """
    found: dict[int, list[Moments]] = {}
    for key, of in cells.items():
        if key.arrival is not None:
            found.setdefault(key.arrival, []).append(of)
    return [Bin(at, (at >= 0) is is_score, Group.of(every)) for at, every in sorted(found.items())]


def jump(
    every: Sequence[Bin], width: int, donut: int, cut: float = 0.0, *, is_curved: bool = False
) -> Contrast:
    """Those just on the side of a pack less those just beside it: a line on each side, weighed by a
    triangle of that width, without those nearer than the donut. The covariance is HC1, from people
    and not from bins. `is_curved`: a parabola on each side, which is the bias-corrected line with
    its robust error where the bias is taken within the same width (Calonico, Cattaneo, Titiunik,
    Econometrica 2014, remark 7). Raises `TooFew`.
    """
    used = [each for each in every if donut <= abs(each.at - cut) < width]
    for side in (True, False):
        if len({each.at for each in used if each.is_treated is side}) < LEAST_BINS + is_curved:
            raise TooFew
    at = np.array([(each.at - cut) / width for each in used])
    won = np.array([each.is_treated for each in used], dtype=float)
    n = np.array([each.group.n for each in used], dtype=float)
    kernel = 1 - np.abs(at)
    curves = [at * at, won * at * at] if is_curved else []
    design = np.column_stack([np.ones_like(at), won, at, won * at, *curves])
    means = np.array([each.group.mean[:X] for each in used])
    bread = np.linalg.inv((design * (kernel * n)[:, None]).T @ design)
    line = bread @ (design * (kernel * n)[:, None]).T @ means
    off = means - design @ line
    squares = np.array([each.group.about[:X, :X] for each in used])
    squares += n[:, None, None] * off[:, :, None] * off[:, None, :]
    pull = (design @ bread)[:, 1] * kernel  # of each bin on the jump
    people = float(n.sum())
    cov = np.einsum("b,bij->ij", pull**2, squares) * people / (people - design.shape[1])
    treated = round(float((n * won).sum()))
    return Contrast(line[1], cov, Z_95, treated, round(people) - treated)


def elsewhere(every: Sequence[Bin], width: int, donut: int) -> float | None:
    """How often chance alone makes the larger jump of two where there is no limit: a width away on
    each side. None: there are too few bins.
    """
    found = []
    is_above = all(each.at > 0 for each in every if each.is_treated)  # of a score
    for side in (True, False):
        cut = width if side is is_above else -width
        own = [
            Bin(each.at, each.at < cut, each.group)
            for each in every
            if each.is_treated is side and donut <= abs(each.at)
        ]
        try:
            found.append(jump(own, width, 0, cut).p)
        except TooFew:
            continue
    return min(1.0, len(found) * min(found)) if found else None


def earlier(every: Sequence[Bin]) -> list[Bin]:
    """The same bins with earlier spending in the place of spending."""
    return [each._replace(group=each.group.placebo()) for each in every]
