"""Working days: what the programme's own calendar says, else a calendar of public holidays, else
the weekday.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SATURDAY = 6  # ISO


@dataclass(frozen=True)
class Calendar:
    """A programme's own days (yyyymmdd): holidays, and weekends that are worked."""

    holidays: frozenset[int] = frozenset()
    workdays: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Day:
    """One local day; `holiday` names it where a calendar does; `source` is what said so."""

    day: int
    is_workday: bool
    holiday: str
    source: Literal["programme", "calendar", "weekday"]


def judge(day: int, own: Calendar, known: tuple[bool, str] | None) -> Day:
    """Whether a local day is worked. `known` is (is it off, the holiday's name) by a public
    calendar; None: it does not know.
    """
    if day in own.holidays or day in own.workdays:
        return Day(day, day in own.workdays, "", "programme")
    if known is not None:
        return Day(day, not known[0], known[1], "calendar")
    return Day(day, times.as_date(day).isoweekday() < SATURDAY, "", "weekday")


def span(first: int, last: int) -> Iterator[int]:
    """Every local day from `first` to `last` (yyyymmdd), both included."""
    day, end = times.as_date(first), times.as_date(last)
    while day <= end:
        yield times.as_day(day)
        day += timedelta(days=1)


def count_days(first: int, last: int, judge: Callable[[int], Day]) -> tuple[int, int]:
    """(working days, days off) from `first` to `last`, both included."""
    days = [judge(day).is_workday for day in span(first, last)]
    return sum(days), len(days) - sum(days)
