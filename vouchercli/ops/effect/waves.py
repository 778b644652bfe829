"""Districts in waves: what each cohort (the districts of one start) changed by, against districts
that have not begun, week by week; from the means of districts alone.

Group-time effects (B. Callaway and P. H. C. Sant'Anna, Journal of Econometrics 2021) with those
that are not yet treated as controls, added up over the weeks from each cohort's own start, and
weighed by its districts. With one start it is the difference of changes of two groups.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from vouchercli.ops.effect.moments import Contrast, TooFew, X
from vouchercli.rules import intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from vouchercli.ops.effect.panels import Panel

    Array = NDArray[np.float64]
    Part = tuple[int, int, float]  # cohort, week, weight
    Weights = Mapping[int, float]  # of weeks

FEWEST_BEFORE = 2  # weeks before the opening that show a trend


# ---------------------------------------------------------------- what is compared


def change(of: Panel, first: int, last: int) -> Contrast:
    """By how much more districts changed, from before the opening to the weeks `first` to `last`
    (counted from each one's own start; below 0: before the opening), added up, than districts that
    have not begun. Of all cohorts that have those weeks. Raises `TooFew`.
    """
    return _mean_of_cohorts(of, of.begun, _weights(first, last))


def in_window(of: Panel, weeks: int) -> list[int]:
    """Places of the cohorts that the change of so many weeks from their starts is of."""
    weights = _weights(1, weeks)
    return [at for at in of.begun if _compare(of, at, weights(_start(of, at)))]


def _start(of: Panel, at: int) -> int:
    return of.cohorts[at].start or 1


def _weights(first: int, last: int) -> Callable[[int], Weights]:
    weeks = [week for week in range(first, last + 1) if week]
    return lambda start: {_calendar(start, week): 1.0 for week in weeks}


def _calendar(start: int, week: int) -> int:
    """A week of a cohort's own as a week from the opening."""
    return week if week < 0 else start + week - 1


def own_weeks(of: Panel) -> list[int]:
    """The weeks that cohorts tell of, from each one's own start; before the opening as they are."""
    starts = ((each, each.start) for each in of.cohorts if each.start is not None)
    after = {week - start + 1 for each, start in starts for week in each.weeks if week >= start}
    return [*of.before, *sorted(after)]


# ---------------------------------------------------------------- whether they moved alike before


def trend(of: Panel, window: int) -> float | None:
    """How often chance alone makes groups of a window move apart so much before their starts: all
    its cohorts and each alone, by their slopes, in one week before the opening, or between the
    opening and a later start; against those whom the window compares them with, weighed as there.
    None: fewer than two weeks before the opening, or no cohort.
    """
    if len(of.before) < FEWEST_BEFORE:
        return None
    led = in_window(of, window)
    tests = [
        _p(of, among, weights, window)
        for among in dict.fromkeys([tuple(led), *((at,) for at in led)])
        for weights in _looks(of)
    ]
    known = [each for each in tests if each is not None]
    return min(1.0, len(known) * min(known)) if known else None


def _looks(of: Panel) -> Iterator[Callable[[int], Weights]]:
    """Weights of weeks by the start of a cohort: a slope, each week against the first, and the
    weeks from the opening to a later start.
    """
    centred = np.array(of.before) - np.mean(of.before)
    for weights in (centred, *_each_week(len(of.before))):
        yield _of_all(dict(zip(of.before, map(float, weights), strict=True)))
    yield lambda start: dict.fromkeys(range(1, start), 1.0)


def _of_all(weights: Weights) -> Callable[[int], Weights]:
    return lambda _: weights


def _each_week(count: int) -> Array:
    """Weights that hold each week but the first against the first."""
    weights = np.eye(count)[1:]
    weights[:, 0] = -1.0
    return weights


def _p(
    of: Panel, among: Sequence[int], weights_of: Callable[[int], Weights], window: int
) -> float | None:
    try:
        return _mean_of_cohorts(of, among, weights_of, window).p
    except TooFew:
        return None


# ---------------------------------------------------------------- sums of means


def _mean_of_cohorts(
    of: Panel, among: Sequence[int], weights_of: Callable[[int], Weights], window: int = 0
) -> Contrast:
    """The mean over cohorts, each weighed by its districts, of what its weighted weeks differ by.
    Raises `TooFew` where no cohort can be compared.
    """
    compared = [
        (at, parts)
        for at in among
        if (parts := _compare(of, at, weights_of(_start(of, at)), window))
    ]
    districts = sum(of.cohorts[at].districts for at, _ in compared)
    if not districts:
        raise TooFew
    sums: defaultdict[tuple[int, int], float] = defaultdict(float)
    for at, parts in compared:
        for cohort, week, weight in parts:
            sums[cohort, week] += weight * of.cohorts[at].districts / districts
    return _contrast(of, {at for at, _ in compared}, sums)


def _compare(of: Panel, at: int, weights: Weights, window: int = 0) -> list[Part]:
    """One cohort less those that have not begun in each week (or, of a window, as it weighs them),
    each week against all weeks before the opening; nothing: it lacks a week, or nobody is left to
    compare with.
    """
    parts: list[Part] = []
    own, start = of.cohorts[at], _start(of, at)
    for week, weight in weights.items():
        shares = _shares(of, range(start, start + window) or (max(week, start),))
        if week not in own.weeks or not shares or not of.before:
            return []
        parts += _against_before(of, at, week, weight)
        for place, share in shares.items():
            parts += _against_before(of, place, week, -weight * share)
    return parts


def _shares(of: Panel, weeks: Sequence[int]) -> dict[int, float]:
    """How much each cohort counts, by its districts, among those that have not begun in each of
    these weeks; nothing: in one of them nobody is left.
    """
    found: defaultdict[int, float] = defaultdict(float)
    for week in weeks:
        waiting = [at for at, each in enumerate(of.cohorts) if each.begins_after(week)]
        districts = sum(of.cohorts[at].districts for at in waiting)
        if not districts:
            return {}
        for at in waiting:
            found[at] += of.cohorts[at].districts / districts / len(weeks)
    return found


def _against_before(of: Panel, at: int, week: int, weight: float) -> list[Part]:
    usual = -weight / len(of.before)
    return [(at, week, weight), *((at, each, usual) for each in of.before)]


def _contrast(of: Panel, led: set[int], sums: Mapping[tuple[int, int], float]) -> Contrast:
    """Sums of means of cohorts, whose districts are the sample: variances of cohorts add up. The
    degrees of freedom are those of districts that vary alike (R. M. Bell and D. F. McCaffrey 2002;
    G. W. Imbens and M. Kolesar 2016), and so known from the weights: estimated from few districts
    they are largest where those few happen to vary least, and chance passes for an effect.
    """
    by, cov = np.zeros(X), np.zeros((X, X))
    alike, below = 0.0, 0.0
    used = {at for at, _ in sums}
    for at in used:
        each = of.cohorts[at]
        weights = np.array([sums.get((at, week), 0.0) for week in each.weeks])
        of_district = np.einsum("w,dwc->dc", weights, each.means)
        by += of_district.mean(axis=0)
        cov += np.cov(of_district, rowvar=False) / each.districts
        part = float(weights @ weights) / each.districts
        alike += part
        below += part**2 / (each.districts - 1)
    if not below:  # the weights cancel: a week against itself
        raise TooFew
    freedom = alike**2 / below
    treated, control = (sum(of.cohorts[at].people for at in those) for those in (led, used - led))
    return Contrast(by, cov, intervals.t_95(freedom), treated, control, freedom)
