"""How times are written in files: by the forms that a profile names, else by those that can be read
in one way only. What is understood becomes `2020-03-28 12:10:05`, what is not stays as it is.
"""

from __future__ import annotations

import re

from vouchercli.formats.configs.time_forms import HALF, HALVES, MONTH, MONTHS, OFFSET, compiled
from vouchercli.patterns import Pattern
from vouchercli.result import Word

AMBIGUOUS = Word(
    'it is not clear which is the day and which the month: say it in the profile, time: "%d/%m/%Y'
    ' %H:%M" or "%m/%d/%Y %H:%M"'
)
DAY_FIRST = Word(
    "with the day first it is not a time that is known: say it in the profile, like time:"
    ' "%d/%m/%Y %H:%M"'
)
SHORT_YEAR = Word(
    'its year has two digits: say in the profile how it is written, like time: "%m/%d/%y %H:%M"'
)
UNKNOWN_FORM = Word(
    'a time is not known to be written so: say it in the profile, like time: "%d/%m/%Y %H:%M"'
)
OTHER_FORM = Word("it is not written as time: in the profile says")
NO_SUCH_HALF = Word("the hour does not fit to morning or afternoon")

SEVERAL_NUMBERS = Pattern(r"\d\D+\d+\D+\d")
YEAR_FIRST = Pattern(r"\s*\d{4}\s*[-/.年]|\s*\d{8}(?:\D|\d{4}(?:\d\d)?\D?|$)")
KNOWN = Pattern(
    rf"""\s*(?:
      (?P<year>\d{{4}})\s?[-/.年]\s?(?P<month>\d{{1,2}})\s?[-/.月]\s?(?P<day>\d{{1,2}})\s?[日.]?
    | (?P<y2>\d{{4}})(?P<m2>\d\d)(?P<d2>\d\d)
    | (?P<a>\d{{1,2}})(?P<s>[-/.])(?P<b>\d{{1,2}})(?P=s)(?P<y3>\d{{4}}|\d\d)
    | (?P<d4>\d{{1,2}})[-\s](?P<n4>{MONTH})[-\s,.]+(?P<y4>\d{{4}})
    | (?P<n5>{MONTH})\.?\s(?P<d5>\d{{1,2}}),?\s+(?P<y5>\d{{4}})
    )
    (?: [T\s,]*(?P<before>{HALF})?\s*
        (?: (?P<hour>\d{{1,2}})[:时時点](?P<minute>\d\d)分?(?::?(?P<second>\d\d)秒?(?:[.,]\d+)?)?
          | (?<=\d{{8}})(?P<c>\d{{6}}(?=\D|$|\d{{3}}(?:\D|$))|\d{{4}}(?=\D|$))(?:\d{{3}}|[.,]\d+)?
          | (?<=[T\s])(?P<c2>\d{{4,6}})(?:[.,]\d+)? )
        \s*(?P<after>{HALF})?\s*(?P<offset>{OFFSET})?
    )?\s*""",
    re.VERBOSE | re.IGNORECASE,
)


class UnreadableTime(ValueError):
    """A time that is written in no form that can be understood; `problem` says why."""

    def __init__(self, problem: Word) -> None:
        super().__init__(problem)
        self.problem = problem


def as_iso(text: str, forms: tuple[str, ...] = ()) -> str:
    """The time as `2020-03-28 12:10:05` (perhaps with an offset), by `forms` (like
    `%d/%m/%Y %H:%M`) where there are any; they say all but what begins with the year. A text that
    is no time stays. Raises `UnreadableTime`.
    """
    for form in forms:
        match = compiled(form).fullmatch(text.strip())
        if match and (written := by_form(match)):
            return written
    if forms and not YEAR_FIRST.match(text):
        raise UnreadableTime(OTHER_FORM)
    if match := KNOWN.fullmatch(text):
        return _known(text, match.groupdict())
    if SEVERAL_NUMBERS.search(text) and not YEAR_FIRST.match(text):
        raise UnreadableTime(UNKNOWN_FORM)
    return text


def _known(text: str, part: dict[str, str | None]) -> str:
    clock, half = _clock_of(part)
    if part["a"]:
        day, month = _in_order(part)
    elif name := part["n4"] or part["n5"]:
        month = str(MONTHS.index(name[:3].lower()) + 1)
        day = part["d4"] or part["d5"] or ""
    elif not (clock and (half or part["c"] or part["c2"] or part["offset"])):
        return text  # as our own calendar reads it
    else:
        month = part["month"] or part["m2"] or ""
        day = part["day"] or part["d2"] or ""
    year = part["year"] or part["y2"] or part["y3"] or part["y4"] or part["y5"] or ""
    return _joined(year, month, day, clock, half, part["offset"])


def _in_order(part: dict[str, str | None]) -> tuple[str, str]:
    """Day and month of 4/30/2020: only where they cannot be the other way round. Who writes the day
    first says so in the profile, once for all rows.
    """
    first, second = part["a"] or "", part["b"] or ""
    if len(part["y3"] or "") != 4:
        raise UnreadableTime(SHORT_YEAR)
    if int(first) > 12:
        raise UnreadableTime(DAY_FIRST)
    if int(second) <= 12 and int(first) != int(second):
        raise UnreadableTime(AMBIGUOUS)
    return second, first


def _clock_of(part: dict[str, str | None]) -> tuple[tuple[str, str, str], str] | tuple[None, str]:
    half = (part["before"] or part["after"] or "").lower()
    if part["before"] and part["after"]:
        raise UnreadableTime(NO_SUCH_HALF)
    if part["hour"]:
        return (part["hour"], part["minute"] or "", part["second"] or "00"), half
    compact = part["c"] or part["c2"]
    if not compact:
        return None, half
    if len(compact) == 5:  # 93015: the zero before it went as a number
        compact = "0" + compact
    return (compact[:2], compact[2:4], compact[4:] or "00"), half


def _joined(
    year: str,
    month: str,
    day: str,
    clock: tuple[str, str, str] | None,
    half: str,
    offset: str | None,
) -> str:
    date = f"{year}-{month:0>2}-{day:0>2}"
    if clock is None:
        return date
    hour, minute, second = clock
    return f"{date} {_hour(int(hour), half):02d}:{minute}:{second}{_offset(offset)}"


def _hour(hour: int, half: str) -> int:
    """The hour of 24; 12 in the morning is 0. 13:10 PM is said twice, 13:10 AM is wrong; and 12 at
    night may be either end of the day.
    """
    if not half:
        return hour
    is_afternoon = HALVES[half]
    is_wrong = (hour > 12 and not is_afternoon) or (hour == 0 and is_afternoon)
    if is_wrong or (half == "晚上" and hour == 12):
        raise UnreadableTime(NO_SUCH_HALF)
    if hour >= 12:
        return hour if is_afternoon else 0
    return hour + 12 if is_afternoon else hour


def _offset(text: str | None) -> str:
    if not text:
        return ""
    digits = text.upper().removeprefix("UTC").removeprefix("GMT").replace("Z", "")
    if not digits:
        return "+00:00"
    hours, minutes = digits[1:].replace(":", ""), "00"
    if len(hours) > 2:
        hours, minutes = hours[:-2], hours[-2:]
    return f"{digits[0]}{hours:0>2}:{minutes}"


def by_form(match: re.Match[str]) -> str:
    """The time that a form has found; '' where its numbers are no day and month."""
    part = match.groupdict()
    if seconds := part.get("s"):
        from datetime import UTC, datetime  # only here: few platforms count seconds

        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")
    name = part.get("b")
    month = str(MONTHS.index(name[:3].lower()) + 1) if name else part.get("m") or ""
    if not (1 <= int(month) <= 12 and 1 <= int(part["d"] or 0) <= 31):
        return ""
    year = part.get("Y") or _century(part.get("y") or "")
    hour = part.get("H") or part.get("I")
    clock = (hour, part.get("M") or "00", part.get("S") or "00") if hour else None
    if clock:
        clock = (clock[0], f"{clock[1]:0>2}", f"{clock[2]:0>2}")
    half = (part.get("p") or "").lower()
    return _joined(year, month, part["d"] or "", clock, half, part.get("z"))


def _century(year: str) -> str:
    """A year of two digits as computers read it: 69 to 99 are of the last century."""
    return ("19" if year >= "69" else "20") + year
