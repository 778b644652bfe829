"""The period that a figure of a series is of: a day, a week, a month, a quarter, a year, or any
span of days; and the same period of the year before.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.result import Word
from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Callable

GRAINS = (
    Word("day"),
    Word("week"),
    Word("month"),
    Word("quarter"),
    Word("year"),
    Word("span"),
)
WEEKS_A_YEAR = timedelta(weeks=52)  # the same weekdays
QUARTERS = {"一": 1, "二": 2, "三": 3, "四": 4}
LEAST, MOST = 1990, 2099  # years
Y, M, D = r"(\d{4})", r"(\d{1,2})", r"(\d{1,2})"


class Period(NamedTuple):
    """From the first day to the last (yyyymmdd), and what length that is."""

    grain: str
    first_on: int
    last_on: int

    @property
    def days(self) -> int:
        """How many days it has."""
        return (times.as_date(self.last_on) - times.as_date(self.first_on)).days + 1


def between(first: date, last: date) -> Period:
    """The period of these days, and what it is. Raises `ValueError` when it ends before it
    begins.
    """
    if first > last:
        raise ValueError("a period ends on or after its first day")
    return Period(_grain(first, last), times.as_day(first), times.as_day(last))


def _grain(first: date, last: date) -> str:
    if first == last:
        return "day"
    if first.weekday() == 0 and last - first == timedelta(days=6):
        return "week"
    if first.day != 1 or (last + timedelta(days=1)).day != 1:
        return "span"
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if months == 3 and first.month % 3 == 1:
        return "quarter"
    return {1: "month", 12: "year" if first.month == 1 else "span"}.get(months, "span")


# ---------------------------------------------------------------- as people write it


def parse(text: str) -> Period:
    """A period as files have it: 2020-03-27, 2020-W13, 2020-03, 2020-Q1, 2020, 2020年1-2月, or two
    of them with a slash or a wave between: 2020-03-27/2020-04-02. Raises `ValueError`.
    """
    try:
        return _parse(text)
    except ValueError as error:
        raise ValueError(f"not a period: {text}") from error


def _parse(text: str) -> Period:
    bare = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()
    bare = re.sub(r"[T ]00:00(:00(\.0+)?)?$", "", bare).replace(" ", "").upper()
    for pattern, read in FORMS:
        if match := pattern.fullmatch(bare):
            return between(*read(*match.groups()))
    first, mark, last = _halves(bare)
    if not mark:
        raise ValueError(text)
    return between(_span(first)[0], _span(last)[1])


def _halves(text: str) -> tuple[str, str, str]:
    marks = [mark for mark in ("/", "~", "至", "..") if text.count(mark) == 1]
    return text.partition(marks[0]) if marks else ("", "", "")


def _span(text: str) -> tuple[date, date]:
    for pattern, read in FORMS:
        if match := pattern.fullmatch(text):
            return read(*match.groups())
    raise ValueError(text)


def _of_day(year: str, month: str, day: str) -> tuple[date, date]:
    return (_date(year, int(month), int(day)),) * 2


def _of_week(year: str, week: str) -> tuple[date, date]:
    first = date.fromisocalendar(_year(year), int(week), 1)
    return first, first + timedelta(days=6)


def _of_months(year: str, month: str, to: str) -> tuple[date, date]:
    return _date(year, int(month), 1), _end(_year(year), int(to))


def _of_month(year: str, month: str) -> tuple[date, date]:
    return _of_months(year, month, month)


def _of_quarter(year: str, quarter: str) -> tuple[date, date]:
    number = QUARTERS.get(quarter) or int(quarter)
    return _of_months(year, str(3 * number - 2), str(3 * number))


def _of_year(year: str) -> tuple[date, date]:
    return _of_months(year, "1", "12")


def _date(year: str, month: int, day: int) -> date:
    return date(_year(year), month, day)


def _year(text: str) -> int:
    if not LEAST <= int(text) <= MOST:
        raise ValueError(f"not a year of a figure: {text}")
    return int(text)


def _end(year: int, month: int) -> date:
    if not 1 <= month <= 12:
        raise ValueError(f"not a month: {month}")
    return date(year, month, monthrange(year, month)[1])


FORMS: tuple[tuple[re.Pattern[str], Callable[..., tuple[date, date]]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"{Y}[-/.]{M}[-/.]{D}", _of_day),
        (rf"{Y}年{M}月{D}日", _of_day),
        (r"(\d{4})(\d\d)(\d\d)", _of_day),
        (rf"{Y}-?W{M}", _of_week),
        (rf"{Y}年第?{M}周", _of_week),
        (rf"{Y}[-/.]{M}", _of_month),
        (rf"{Y}年{M}月份?", _of_month),
        (r"(\d{4})(\d\d)", _of_month),
        (rf"{Y}年{M}[-~至]{M}月份?", _of_months),
        (rf"{Y}-?Q([1-4])", _of_quarter),
        (rf"{Y}年第?([1-4一二三四])季度", _of_quarter),
        (rf"{Y}年?", _of_year),
    )
)


# ---------------------------------------------------------------- beside other periods


def year_before(period: Period) -> Period | None:
    """The same period of the year before: of a week 52 weeks earlier, of whole months the same
    months, of days the same dates; None where there is no such date (29 February).
    """
    first, last = times.as_date(period.first_on), times.as_date(period.last_on)
    if period.grain == "week":
        return between(first - WEEKS_A_YEAR, last - WEEKS_A_YEAR)
    if first.day == 1 and (last + timedelta(days=1)).day == 1 and first != last:
        return between(first.replace(year=first.year - 1), _end(last.year - 1, last.month))
    try:
        return between(first.replace(year=first.year - 1), last.replace(year=last.year - 1))
    except ValueError:
        return None


def touches(period: Period, first_on: int, last_on: int) -> bool:
    """Whether it has a day within these (yyyymmdd, both included)."""
    return period.first_on <= last_on and period.last_on >= first_on


def days_before(first_on: int, days: int) -> tuple[int, int]:
    """So many days that end the day before one (yyyymmdd): the first and the last of them."""
    day = times.as_date(first_on)
    return times.as_day(day - timedelta(days=days)), times.as_day(day - timedelta(days=1))
