"""The law of days: when one may be sealed, what its seal says, and how seals hang together."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.rules.values import Node

IMPORT_SECONDS = 86_400


HEAD = re.compile(r"(\d{4}-\d\d-\d\d):([0-9a-f]{64})")
HOUR, DAY = 3_600, 86_400


class Books(NamedTuple):
    """`close_after_days`: how many days after its end the clock seals a day; None: only by hand."""

    close_after_days: int | None = None


def read(node: Node) -> Books:
    """`books: {close_after_days: 1}`."""
    part = node.fields(Books._fields)
    key = part["close_after_days"]
    return Books(None if key.is_missing else key.whole(1, least=0))


class Sums(NamedTuple):
    """What was booked on a day: counts (`reversals`: of rows of any kind), what they come to (fen,
    net of refunds and reversals), and the digest of the facts and postings themselves.
    """

    claims: int
    payments: int
    refunds: int
    reversals: int
    base_fen: int
    subsidy_fen: int
    postings: int
    posted_fen: int
    facts_sha256: str


def seal(previous: str, programme: str, day: int, last_ids: tuple[int, int], sums: Sums) -> str:
    """SHA-256, in hexadecimal, over the seal of the day before ('' for the first), the programme's
    code, the day (yyyymmdd), the last claim and redemption that were written by then, and what was
    booked, in canonical JSON: one list, no blanks, UTF-8.
    """
    text = json.dumps(
        [previous, programme, day, *last_ids, *sums], ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


def following(day: int) -> int:
    """The day after: 20200331 -> 20200401."""
    return times.as_day(times.as_date(day) + timedelta(days=1))


def each_day(first: int, last: int) -> Iterator[int]:
    """Every day from the first to the last (yyyymmdd), both included."""
    day = first
    while day <= last:
        yield day
        day = following(day)


def is_in_time(begun_at: int, now: int) -> bool:
    """Whether an import that began at `begun_at` (UTC seconds) may still be at work: it takes
    minutes, and one that was stopped is gone on with within a day.
    """
    return now - begun_at <= IMPORT_SECONDS


def head(day: int, seal: str) -> str:
    """The head of the days up to one, as it is noted elsewhere: `2020-03-31:9f86...`."""
    return f"{times.day_text(day)}:{seal}"


def parse_head(text: str) -> tuple[int, str] | None:
    """(day as yyyymmdd, seal) of a head of days as it was written down; None: it is none."""
    found = HEAD.fullmatch(text.strip().casefold())
    return None if found is None else (int(found[1].replace("-", "")), found[2])


def is_check_due(last_at: int | None, now: int, zone: str, hour: int) -> bool:
    """Whether all sealed days were not read since `hour` o'clock last came (local time)."""
    since = times.day_bounds(times.local_day(now, zone), zone)[0] + hour * HOUR
    if since > now:
        yesterday = times.local_day(now - DAY, zone)
        since = times.day_bounds(yesterday, zone)[0] + hour * HOUR
    return last_at is None or last_at < since


TURNS = 7


def is_in_turn(day: int, today: int) -> bool:
    """Whether a sealed day is one of those that `today` (both yyyymmdd) reads: a seventh of all,
    every one of them within seven days, and of each week another weekday.
    """
    number = times.as_date(day).toordinal()
    return (number + number // TURNS - times.as_date(today).toordinal()) % TURNS == 0


def last_due(books: Books, now: int, zone: str) -> int | None:
    """The last day (yyyymmdd) that the clock seals at `now`; None: it seals none."""
    if books.close_after_days is None:
        return None
    today = times.as_date(times.day_of(now, zone))
    return times.as_day(today - timedelta(days=books.close_after_days + 1))
