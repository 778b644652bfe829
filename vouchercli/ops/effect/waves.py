"""Districts in waves: what each cohort (the districts of one start) changed by, against districts
that have not begun, week by week; from the means of districts alone.

Group-time effects (B. Callaway and P. H. C. Sant'Anna, Journal of Econometrics 2021) with those
that are not yet treated as controls, added up over the weeks from each cohort's own start, and
weighed by its districts. With one start it is the difference of changes of two groups.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vouchercli.ops.effect.moments import Contrast, Group, TooFew, X, Y
from vouchercli.rules import effects as law

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from vouchercli.rules.effects import Key, Moments

    Array = NDArray[np.float64]
    Part = tuple[int, int, float]  # cohort, week, weight

LEAST_DISTRICTS = 3  # of a cohort: fewer have no variance that could be relied on
FEWEST_BEFORE = 2  # weeks before the opening that show a trend


class Cohort(NamedTuple):
    """The districts of one start (None: they have none in these cells): the means of y and s by
    (district, week, 2), people.
    """

    start: int | None
    weeks: list[int]
    means: Array
    people: int

    @property
    def districts(self) -> int:
        """How many there are."""
        return len(self.means)

    def has_window(self, weeks: int) -> bool:
        """Whether so many weeks from its own start are told."""
        return self.start is not None and {*range(self.start, self.start + weeks)} <= {*self.weeks}

    def begins_after(self, week: int) -> bool:
        """Whether it has no vouchers in that week nor before."""
        return self.start is None or self.start > week


class Panel(NamedTuple):
    """The cohorts that are large enough, the weeks before the opening that all of them have, and
    how many people stand in districts that were left out.
    """

    cohorts: list[Cohort]
    before: list[int]
    left_out: int

    @property
    def begun(self) -> list[int]:
        """Places of the cohorts that have vouchers."""
        return [at for at, each in enumerate(self.cohorts) if each.start is not None]


def start_of(key: Key) -> int | None:
    """The week in which the district of a cell has vouchers for the first time."""
    if key.arm == law.LOST:
        return None
    return 1 if key.arrival is None else key.arrival


def is_before(key: Key) -> bool:
    """Whether the district of a cell had no vouchers yet in its week."""
    start = start_of(key)
    return start is None or key.week < max(start, 1)


def panel(cells: Mapping[Key, Moments]) -> Panel:
    """The districts by their starts; those that lack a week of their cohort, and cohorts of fewer
    than three, are left out. Raises `TooFew`.
    """
    found: dict[int | None, dict[str, dict[int, list[Moments]]]] = {}
    for key, of in cells.items():
        districts = found.setdefault(start_of(key), {})
        districts.setdefault(key.stratum, {}).setdefault(key.week, []).append(of)
    cohorts = [_cohort(start, found[start]) for start in sorted(found, key=_last_none)]
    large = [each for each in cohorts if each.districts >= LEAST_DISTRICTS]
    if not large:
        raise TooFew
    before = set.intersection(*({week for week in each.weeks if week < 0} for each in large))
    told = sum(_people(weeks) for each in found.values() for weeks in each.values())
    return Panel(large, sorted(before), told - sum(each.people for each in large))


def _last_none(start: int | None) -> tuple[bool, int]:
    return start is None, start or 0


def _people(weeks: Mapping[int, Sequence[Moments]]) -> int:
    return max(sum(of.n for of in every) for every in weeks.values())


def _cohort(start: int | None, districts: Mapping[str, Mapping[int, list[Moments]]]) -> Cohort:
    weeks = sorted({week for each in districts.values() for week in each})
    whole = [each for each in districts.values() if len(each) == len(weeks)]
    means = [[Group.of(each[week]).mean[:X] for week in weeks] for each in whole]
    shape = (len(whole), len(weeks), X)
    return Cohort(start, weeks, np.array(means).reshape(shape), sum(map(_people, whole)))


# ---------------------------------------------------------------- what is compared


def change(of: Panel, first: int, last: int) -> Contrast:
    """By how much more districts changed, from before the opening to the weeks `first` to `last`
    (counted from each one's own start; below 0: before the opening), added up, than districts that
    have not begun. Of all cohorts that have those weeks. Raises `TooFew`.
    """
    weeks = [week for week in range(first, last + 1) if week]
    return _mean_of_cohorts(of, lambda start: {_calendar(start, week): 1.0 for week in weeks})


def _calendar(start: int, week: int) -> int:
    """A week of a cohort's own as a week from the opening."""
    return week if week < 0 else start + week - 1


def own_weeks(of: Panel) -> list[int]:
    """The weeks that cohorts tell of, from each one's own start; before the opening as they are."""
    starts = ((each, each.start) for each in of.cohorts if each.start is not None)
    after = {week - start + 1 for each, start in starts for week in each.weeks if week >= start}
    return [*of.before, *sorted(after)]


def trend(of: Panel) -> float | None:
    """How often chance alone makes groups move apart so much before their starts: by their slopes,
    in one week before the opening, or between the opening and a later start. None: fewer than two
    weeks before the opening.
    """
    if len(of.before) < FEWEST_BEFORE:
        return None
    centred = np.array(of.before) - np.mean(of.before)
    tests = [
        _p(of, dict(zip(of.before, map(float, weights), strict=True)))
        for weights in (centred, *_each_week(len(of.before)))
    ]
    tests.append(_p_of_waiting(of))
    known = [each for each in tests if each is not None]
    return min(1.0, len(known) * min(known)) if known else None


def _each_week(count: int) -> Array:
    """Weights that hold each week but the first against the first."""
    weights = np.eye(count)[1:]
    weights[:, 0] = -1.0
    return weights


def _p(of: Panel, weights: Mapping[int, float]) -> float | None:
    try:
        return _mean_of_cohorts(of, lambda _: weights).p
    except TooFew:
        return None


def _p_of_waiting(of: Panel) -> float | None:
    """Of cohorts that begin later: the weeks from the opening to their start."""
    later = of._replace(
        cohorts=[each for each in of.cohorts if each.start is None or each.start > 1]
    )
    try:
        return _mean_of_cohorts(later, lambda start: dict.fromkeys(range(1, start), 1.0)).p
    except TooFew:
        return None


def _mean_of_cohorts(of: Panel, weights_of: Callable[[int], Mapping[int, float]]) -> Contrast:
    """The mean over cohorts, each weighed by its districts, of what its weighted weeks differ by.
    Raises `TooFew` where no cohort can be compared.
    """
    compared = [
        (at, parts)
        for at in of.begun
        if (parts := _compare(of, at, weights_of(of.cohorts[at].start or 1))) is not None
    ]
    districts = sum(of.cohorts[at].districts for at, _ in compared)
    if not districts:
        raise TooFew
    sums: defaultdict[tuple[int, int], float] = defaultdict(float)
    for at, parts in compared:
        for cohort, week, weight in parts:
            sums[cohort, week] += weight * of.cohorts[at].districts / districts
    return _contrast(of, {at for at, _ in compared}, sums)


def _compare(of: Panel, at: int, weights: Mapping[int, float]) -> list[Part] | None:
    """One cohort less those that have not begun by then, each week against all weeks before the
    opening; None: it lacks a week, or nobody is left to compare with.
    """
    parts: list[Part] = []
    own = of.cohorts[at]
    for week, weight in weights.items():
        until = max(week, own.start or 1)
        others = [
            place
            for place, each in enumerate(of.cohorts)
            if each.begins_after(until) and week in each.weeks
        ]
        if week not in own.weeks or not others or not of.before:
            return None
        parts += _against_before(of, at, week, weight)
        districts = sum(of.cohorts[place].districts for place in others)
        for place in others:
            share = of.cohorts[place].districts / districts
            parts += _against_before(of, place, week, -weight * share)
    return parts


def _against_before(of: Panel, at: int, week: int, weight: float) -> list[Part]:
    usual = -weight / len(of.before)
    return [(at, week, weight), *((at, each, usual) for each in of.before)]


def _contrast(of: Panel, led: set[int], sums: Mapping[tuple[int, int], float]) -> Contrast:
    """Sums of means of cohorts, whose districts are the sample: variances of cohorts add up, and
    the degrees of freedom are Welch's and Satterthwaite's.
    """
    by, cov, below = np.zeros(X), np.zeros((X, X)), 0.0
    used = {at for at, _ in sums}
    for at in used:
        each = of.cohorts[at]
        weights = np.array([sums.get((at, week), 0.0) for week in each.weeks])
        of_district = np.einsum("w,dwc->dc", weights, each.means)
        part = np.cov(of_district, rowvar=False) / each.districts
        by += of_district.mean(axis=0)
        cov += part
        below += part[Y, Y] ** 2 / (each.districts - 1)
    districts = sum(of.cohorts[at].districts for at in used)
    freedom = float(cov[Y, Y] ** 2 / below) if below > 0 else float(districts - len(used))
    treated, control = (sum(of.cohorts[at].people for at in those) for those in (led, used - led))
    return Contrast(by, cov, law.t_95(freedom), treated, control, freedom)
