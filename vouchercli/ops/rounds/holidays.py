"""Public holidays: from the package chinesecalendar where it is installed; the programme's own
calendar goes before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Word
from vouchercli.rules import calendars, times

if TYPE_CHECKING:
    from vouchercli.rules.calendars import Day
    from vouchercli.rules.programmes import Programme

CHINA = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "PRC")
HOLIDAYS = {
    "New Year's Day": Word("New Year's Day"),
    "Spring Festival": Word("Spring Festival"),
    "Tomb-sweeping Day": Word("Tomb-sweeping Day"),
    "Labour Day": Word("Labour Day"),
    "Dragon Boat Festival": Word("Dragon Boat Festival"),
    "National Day": Word("National Day"),
    "Mid-autumn Festival": Word("Mid-autumn Festival"),
}


def judge_day(programme: Programme, day: int) -> Day:
    """Judge whether a local day (yyyymmdd) is a working day, and by which source."""
    return calendars.judge(
        day, programme.calendar, _look_up_holiday(day) if programme.time_zone in CHINA else None
    )


def _look_up_holiday(day: int) -> tuple[bool, str] | None:
    """Look up a day in mainland China: (whether it is off, the holiday's name); None when the
    package is missing or does not cover the year.
    """
    try:
        import chinese_calendar  # not installed everywhere
    except ImportError:
        return None
    try:
        is_off, name = chinese_calendar.get_holiday_detail(times.as_date(day))
    except NotImplementedError:
        return None
    # A weekend that is worked is not a holiday.
    return bool(is_off), (HOLIDAYS.get(name, name or "") if is_off else "")
