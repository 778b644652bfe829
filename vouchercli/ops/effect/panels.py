"""Districts in waves as a panel: which weeks the comparisons need, and the districts that tell of
all of them. No other week counts, so that a row more in a file changes no figure.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vouchercli.ops.effect.moments import Group, X
from vouchercli.rules import effects as law

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from vouchercli.rules.effects import Key, Moments

    Array = NDArray[np.float64]
    Start = int | None
    Weeks = Mapping[int, Sequence[Moments]]
    Districts = Mapping[str, Weeks]


class Cohort(NamedTuple):
    """The districts of one start (None: they have none in these cells): the means of y and s by
    (district, week, 2), people.
    """

    start: Start
    weeks: list[int]
    means: Array
    people: int

    @property
    def districts(self) -> int:
        """How many there are."""
        return len(self.means)

    def begins_after(self, week: int) -> bool:
        """Whether it has no vouchers in that week nor before."""
        return self.start is None or self.start > week


class Gap(NamedTuple):
    """A district that is left out: the weeks that are needed and that it does not tell of."""

    district: str
    start: Start
    weeks: list[int]


class Panel(NamedTuple):
    """The cohorts that are large enough, the weeks before the opening that are compared with, the
    longest window that is told of any start, how many people stand in districts that were left out;
    which districts lack weeks, whether a whole cohort is gone for that, and the weeks that nothing
    needs.
    """

    cohorts: list[Cohort]
    before: list[int]
    longest: int
    left_out: int
    gaps: list[Gap]
    lost_cohort: bool
    surplus: list[int]

    @property
    def begun(self) -> list[int]:
        """Places of the cohorts that have vouchers."""
        return [at for at, each in enumerate(self.cohorts) if each.start is not None]


def start_of(key: Key) -> Start:
    """The week in which the district of a cell has vouchers for the first time."""
    if key.arm == law.LOST:
        return None
    return 1 if key.arrival is None else key.arrival


def is_before(key: Key) -> bool:
    """Whether the district of a cell had no vouchers yet in its week."""
    start = start_of(key)
    return start is None or key.week < max(start, 1)


def panel(cells: Mapping[Key, Moments], windows: Collection[int], before: int) -> Panel:
    """The districts by their starts, for windows of so many weeks against so many weeks before the
    opening; those that lack a week that is needed, and cohorts that are too small, are left out.
    """
    found = _by_start(cells)
    told = _told(found)
    longest = {start: _longest(start, windows, told) for start in found if start is not None}
    needed = _needed(found, told, longest, before)
    gaps = [*_gaps(found, needed)]
    lacking = {(each.start, each.district) for each in gaps}
    cohorts, lost_cohort = [], False
    for start in sorted(found, key=_last_none):
        whole = [of for name, of in found[start].items() if (start, name) not in lacking]
        if len(whole) >= law.LEAST_DISTRICTS:
            cohorts.append(_cohort(start, needed[start], whole))
        elif len(found[start]) >= law.LEAST_DISTRICTS:
            lost_cohort = True
    people = sum(_people(weeks) for each in found.values() for weeks in each.values())
    return Panel(
        cohorts,
        sorted(week for week in set().union(*needed.values()) if week < 0),
        max(longest.values(), default=0),
        people - sum(each.people for each in cohorts),
        gaps,
        lost_cohort,
        sorted({key.week for key in cells}.difference(*needed.values())),
    )


def _by_start(cells: Mapping[Key, Moments]) -> dict[Start, dict[str, dict[int, list[Moments]]]]:
    found: dict[Start, dict[str, dict[int, list[Moments]]]] = {}
    for key, of in cells.items():
        districts = found.setdefault(start_of(key), {})
        districts.setdefault(key.stratum, {}).setdefault(key.week, []).append(of)
    return found


def _last_none(start: Start) -> tuple[bool, int]:
    return start is None, start or 0


def _told(found: Mapping[Start, Districts]) -> set[int]:
    """The weeks that the file tells of: those of at least half of all districts. A week that fewer
    tell of is theirs alone, and no reason to leave the others out.
    """
    every = [weeks for districts in found.values() for weeks in districts.values()]
    counts = Counter(week for weeks in every for week in weeks)
    return {week for week, count in counts.items() if 2 * count >= len(every)}


def _needed(
    found: Iterable[Start], told: set[int], longest: Mapping[int, int], before: int
) -> dict[Start, list[int]]:
    """The weeks that districts of each start must tell of: before the opening; until they begin,
    while others are compared with them; and from then on their longest window that is told.
    """
    ends = {start: start + weeks for start, weeks in longest.items()}
    last = max((end for start, end in ends.items() if end > start), default=1)  # none: nothing is
    return {
        start: sorted(
            week
            for week in told
            if -before <= week < 0 or 0 < week < (last if start is None else min(ends[start], last))
        )
        for start in found
    }


def _longest(start: int, windows: Iterable[int], told: set[int]) -> int:
    return max((each for each in windows if told.issuperset(range(start, start + each))), default=0)


def _gaps(found: Mapping[Start, Districts], needed: Mapping[Start, list[int]]) -> Iterable[Gap]:
    for start in sorted(found, key=_last_none):
        for district, weeks in found[start].items():
            lacking = [week for week in needed[start] if week not in weeks]
            if lacking:
                yield Gap(district, start, lacking)


def _people(weeks: Weeks) -> int:
    return max(sum(of.n for of in every) for every in weeks.values())


def _cohort(start: Start, weeks: list[int], districts: Sequence[Weeks]) -> Cohort:
    means = [[Group.of(each[week]).mean[:X] for week in weeks] for each in districts]
    shape = (len(districts), len(weeks), X)
    return Cohort(start, weeks, np.array(means).reshape(shape), sum(map(_people, districts)))
