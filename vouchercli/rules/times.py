"""Times as people and platforms write them, and the local calendar: read in the programme's zone,
kept as UTC seconds.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from vouchercli.result import Word, say

if TYPE_CHECKING:
    from vouchercli.result import Message

# until a programme says otherwise: a registry may come before any programme
HOME_ZONE = "Asia/Shanghai"

WRITTEN = re.compile(
    r"""\s*(?P<year>\d{4})
    (?: (?P<sep>[-/.年]) (?P<month>\d{1,2}) [-/.月] (?P<day>\d{1,2}) 日?
        | (?P<m2>\d{2})(?P<d2>\d{2}) )
    (?: [T\s]* (?P<hour>\d{1,2}) [:时点] (?P<minute>\d{2}) 分?
        (?: :? (?P<second>\d{2}) 秒? (?:[.,]\d+)? )? )?
    \s* (?P<offset> Z | [+-]\d{2}:?\d{2} )? \s*""",
    re.VERBOSE,
)


# the names of what is an end
ENDS = (
    "closes_at",
    "ends_at",
    "expires_at",
    "registration_closes_at",
    "until_at",
    "vouchers_until_at",
)
# what is no time, and what it lacks; tried in this order
UNDATED = re.compile(r"\s*(?:上午|下午)?\d{1,2}[:时点].*")
YEARLESS = re.compile(r"\s*\d{1,2}[-/.月]\d{1,2}日?(?:[T\s].*)?")
MONTHS = (
    Word("January"),
    Word("February"),
    Word("March"),
    Word("April"),
    Word("May"),
    Word("June"),
    Word("July"),
    Word("August"),
    Word("September"),
    Word("October"),
    Word("November"),
    Word("December"),
)
END_OF_TIME = 1 << 62


class NoSuchTimeError(ValueError):
    """A clock time that was skipped when the clocks were put forward."""


def why_no_time(text: str) -> Message | None:
    """What is wrong with a text that `parse` refuses, for a person who can write it anew; None
    where it is no time at all.
    """
    match = WRITTEN.fullmatch(text)
    if not match and UNDATED.fullmatch(text):
        return say("the date is missing")
    if not match and YEARLESS.fullmatch(text):
        return say("the year is missing")
    if not match:
        return None
    part = {key: int(match[key] or 0) for key in NUMBERED}
    why = _why_no_day(part["year"], part["month"] or part["m2"], part["day"] or part["d2"])
    return (
        why
        or _why_no_clock(part["hour"], part["minute"], part["second"])
        or say("it is beyond the calendar")
    )


NUMBERED = ("year", "month", "day", "m2", "d2", "hour", "minute", "second")


def _why_no_day(year: int, month: int, day: int) -> Message | None:
    """What is wrong with a day of the calendar; None for one that is there."""
    if year == 0:
        return say("there is no year 0")
    if not 1 <= month <= 12:
        return say("there is no month {month}", month=month)
    first = date(year, month, 1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) if year < 9999 else None
    days = (last - first).days if last else 31
    if 1 <= day <= days:
        return None
    named = MONTHS[month - 1]
    if month == 2 and day == 29:
        return say("{month} {year} has no day {day}", month=named, year=year, day=day)
    return say("{month} has no day {day}", month=named, day=day)


def _why_no_clock(hour: int, minute: int, second: int) -> Message | None:
    """What is wrong with a time of day; None for one that is there."""
    if hour == 24 and (minute or second):
        return say("a day ends at 24:00")
    if hour > 24:
        return say("there is no hour {hour}", hour=hour)
    if minute > 59:
        return say("there is no minute {minute}", minute=minute)
    return say("there is no second {second}", second=second) if second > 59 else None


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of that IANA name; raises `ValueError` when there is none."""
    try:
        return ZoneInfo(name)
    except Exception as error:
        raise ValueError(f"no time zone {name}") from error


def parse(text: str, zone: str, *, end_of_day: bool = False) -> int:
    """UTC epoch seconds of a written time: `2020-03-27 08:00`, `2020-03-27T08:00+08:00`,
    `20200327`, `2020年3月27日 8:00`, also `24:00`. A bare date is its first second, or with
    `end_of_day` its end (24:00). Raises `ValueError`; `NoSuchTimeError` for 02:30 where the clock
    goes from 02:00 to 03:00.
    """
    match = WRITTEN.fullmatch(text)
    if not match:
        raise ValueError(f"not a time: {text}")
    part = match.groupdict()
    day = date(int(part["year"]), int(part["month"] or part["m2"]), int(part["day"] or part["d2"]))
    clock = (
        (int(part["hour"]), int(part["minute"]), int(part["second"] or 0))
        if part["hour"]
        else (24 if end_of_day else 0, 0, 0)
    )
    if clock[0] > 24 or clock[1] > 59 or clock[2] > 59 or (clock[0] == 24 and clock[1:] != (0, 0)):
        raise ValueError(f"not a time of day: {text}")
    try:
        local = datetime(day.year, day.month, day.day) + timedelta(
            hours=clock[0], minutes=clock[1], seconds=clock[2]
        )
    except OverflowError as error:
        raise ValueError(f"beyond the calendar: {text}") from error
    if part["offset"]:
        return int(datetime.fromisoformat(local.isoformat() + part["offset"]).timestamp())
    at = int(local.replace(tzinfo=zone_named(zone)).timestamp())
    is_clock = part["hour"] is not None and clock[0] < 24  # a day begins when it begins
    if is_clock and datetime.fromtimestamp(at, zone_named(zone)).replace(tzinfo=None) != local:
        raise NoSuchTimeError(f"skipped when summer time began: {text}")
    return at


def stated_end(text: str, zone: str) -> int:
    """An end as platforms write it in their files: like `parse`, a bare date to its 24:00; of an
    end at 23:59, or in the 59th second of a minute, that minute or second still counts. Raises
    `ValueError`.
    """
    at = parse(text, zone, end_of_day=True)
    part = WRITTEN.fullmatch(text)
    assert part is not None
    if part["second"] == "59":
        return at + 1
    is_last_minute = part["second"] is None and (part["hour"], part["minute"]) == ("23", "59")
    return at + 60 * is_last_minute


def end_text(text: str) -> str:
    """A written end to its second: `2020-03-27` -> `2020-03-27 24:00:00`, a written time of day is
    kept. Raises `ValueError`.
    """
    match = WRITTEN.fullmatch(text)
    if not match:
        raise ValueError(f"not a time: {text}")
    part = match.groupdict()
    day = f"{part['year']}-{part['month'] or part['m2']:0>2}-{part['day'] or part['d2']:0>2}"
    hour, minute, second = (part[key] or "00" for key in ("hour", "minute", "second"))
    clock = f"{hour:0>2}:{minute}:{second}" if part["hour"] else "24:00:00"
    return f"{day} {clock}{part['offset'] or ''}"


def iso(at: int, zone: str) -> str:
    """ISO-8601 with offset, as JSON shows it: `2020-03-27T08:00:00+08:00`."""
    return datetime.fromtimestamp(at, zone_named(zone)).isoformat()


def shown(at: int, zone: str) -> str:
    """As a table shows it: `2020-03-27 08:00:00` in the programme's zone. In the hour that is there
    twice, when summer time ends, with its offset: `2026-10-25 02:30:00+02:00`.
    """
    local = datetime.fromtimestamp(at, zone_named(zone))
    is_doubled = local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()
    return local.isoformat(" ") if is_doubled else local.strftime("%Y-%m-%d %H:%M:%S")


def shown_end(at: int, zone: str) -> str:
    """The same for a moment that is an end: midnight is 24:00 of the day that it ends, as it was
    written (`2020-03-31 24:00:00`); a beginning is 00:00 of its own day.
    """
    text = shown(at, zone)
    if not text.endswith(" 00:00:00"):
        return text
    return f"{day_text(day_of(at - 1, zone))} 24:00:00"


def shown_as(name: str, at: int, zone: str) -> str:
    """As `shown`, or as `shown_end` where the name says that it is an end: `closes_at`."""
    return shown_end(at, zone) if name in ENDS else shown(at, zone)


def day_of(at: int, zone: str) -> int:
    """The local date as yyyymmdd."""
    return as_day(datetime.fromtimestamp(at, zone_named(zone)))


@lru_cache(1 << 16)
def _day_of_quarter(quarter: int, zone: str) -> int:
    return day_of(quarter * 900, zone)


def local_day(at: int, zone: str) -> int:
    """`day_of` for millions of times: midnight falls on a quarter of an hour in every zone."""
    return _day_of_quarter(at // 900, zone)


def clock_of(at: int, zone: str) -> tuple[int, int]:
    """(minute of the local day, ISO weekday 1 = Monday)."""
    local = datetime.fromtimestamp(at, zone_named(zone))
    return local.hour * 60 + local.minute, local.isoweekday()


def day_text(day: int) -> str:
    """20200327 -> `2020-03-27`."""
    return f"{day // 10_000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"


def as_day(local: date) -> int:
    """date(2020, 3, 27) -> 20200327."""
    return local.year * 10_000 + local.month * 100 + local.day


def as_date(day: int) -> date:
    """20200327 -> date(2020, 3, 27)."""
    return date(day // 10_000, day // 100 % 100, day % 100)


def day_bounds(day: int, zone: str) -> tuple[int, int]:
    """The UTC seconds [first, end) of a local day."""
    first = as_date(day)
    return _midnight(first, zone), _midnight(first + timedelta(days=1), zone)


def _midnight(local: date, zone: str) -> int:
    return int(datetime(*local.timetuple()[:3], tzinfo=zone_named(zone)).timestamp())


def week_bounds(day: int, zone: str) -> tuple[int, int]:
    """The UTC seconds [first, end) of the calendar week, Monday to Sunday, of a local day."""
    monday = as_date(day) - timedelta(days=as_date(day).weekday())
    return _midnight(monday, zone), _midnight(monday + timedelta(days=7), zone)


def month_bounds(day: int, zone: str) -> tuple[int, int]:
    """The UTC seconds [first, end) of the calendar month of a local day."""
    first = _midnight(as_date(day).replace(day=1), zone)
    return first, month_end(first, zone)


def week_of(day: int) -> str:
    """The ISO week of a local date: `2020-W13`."""
    year, week, _ = as_date(day).isocalendar()
    return f"{year}-W{week:02d}"


def month_of(day: int) -> str:
    """The month of a local date: `2020-03`."""
    return day_text(day)[:7]


def add_days(at: int, days: int, zone: str) -> int:
    """The same local clock time `days` later."""
    local = datetime.fromtimestamp(at, zone_named(zone)).replace(tzinfo=None) + timedelta(days=days)
    return int(local.replace(tzinfo=zone_named(zone)).timestamp())


def month_end(at: int, zone: str) -> int:
    """The first second after the local calendar month of `at`."""
    local = datetime.fromtimestamp(at, zone_named(zone))
    return _midnight(date(local.year + local.month // 12, local.month % 12 + 1, 1), zone)


class Reader:
    """Reads the times of one file: like `parse`, with the start of each day kept, for files of
    millions of rows.
    """

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._days: dict[str, tuple[int, int, bool]] = {}

    def read(self, text: str) -> tuple[int, int]:
        """(UTC epoch seconds, local day as yyyymmdd). Raises `ValueError`."""
        day = self._days.get(text[:10])
        if day and day[2] and len(text) == 19 and text[10] in " T" and text[13] == text[16] == ":":
            clock = text[11:13] + text[14:16] + text[17:]
            if (
                clock.isascii()
                and clock.isdigit()
                and clock[:2] < "24"
                and clock[2:4] < "60"
                and clock[4:] < "60"
            ):
                return (
                    day[0] + int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + int(clock[4:]),
                    day[1],
                )
        try:
            return self._read_any_form(text)
        except OverflowError as error:  # the last day of the calendar has no end
            raise ValueError(f"beyond the calendar: {text}") from error

    def _read_any_form(self, text: str) -> tuple[int, int]:
        at = parse(text, self.zone)
        local_day = day_of(at, self.zone)
        if text[:10] == day_text(local_day):
            start, end = day_bounds(local_day, self.zone)
            # a day of 23 or 25 hours goes the slow way
            self._days[text[:10]] = (
                start,
                local_day,
                end - start == 86_400,
            )
        return at, local_day
