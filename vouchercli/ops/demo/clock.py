"""The demo's own time: seconds of the local clock since 2020 began (China has no summer time), and
when shops are busy.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate

BEGINNING = datetime(2020, 1, 1)
DAY = 86_400
DAYS = 366
# How much of a day's trade falls into each of its hours: lunch, dinner, and next to nothing at
# night.
BUSY_HOURS = (
    0.02,
    0.02,
    0.02,
    0.02,
    0.02,
    0.02,
    0.1,
    1.0,
    2.0,
    3.0,
    4.0,
    8.0,
    9.0,
    5.0,
    4.0,
    4.0,
    5.0,
    8.0,
    10.0,
    9.0,
    7.0,
    4.0,
    1.0,
    0.2,
)
TRADE = (0.0, *accumulate(BUSY_HOURS * DAYS))  # the trade done up to each full hour of the year


def at(text: str) -> int:
    """Seconds since 2020 began of a local time such as `2020-03-27 08:00`."""
    return int((datetime.fromisoformat(text) - BEGINNING).total_seconds())


def as_text(moment: int) -> str:
    """`2020-03-27 08:00:00` of a moment."""
    return f"{days()[moment // DAY]} {clocks()[moment % DAY]}"


@cache
def days() -> tuple[str, ...]:
    """The dates of the year as text, by day."""
    return tuple((BEGINNING + timedelta(days=day)).strftime("%Y-%m-%d") for day in range(DAYS))


@cache
def clocks() -> tuple[str, ...]:
    """`HH:MM:SS` of every second of a day."""
    return tuple(
        f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(DAY)
    )


def busy_moment(low: int, high: int, chance: float) -> int:
    """A moment in [low, high): `chance` (0 to 1) runs evenly through the trade done between the
    two.
    """
    hour, rest = divmod(low, 3600)
    before = TRADE[hour] + (TRADE[hour + 1] - TRADE[hour]) * rest / 3600
    hour, rest = divmod(high, 3600)
    after = TRADE[hour] + (TRADE[hour + 1] - TRADE[hour]) * rest / 3600
    target = before + (after - before) * chance
    hour = bisect_right(TRADE, target) - 1
    moment = hour * 3600 + int(3600 * (target - TRADE[hour]) / (TRADE[hour + 1] - TRADE[hour]))
    return low if moment < low else high - 1 if moment >= high else moment
