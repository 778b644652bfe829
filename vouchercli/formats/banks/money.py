"""Amounts and days as banks write them, exactly: no float is ever made."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

AMOUNT = re.compile(r"\+?(\d{1,16})(?:\.(\d{1,5}))?", re.ASCII)
DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?!\d)", re.ASCII)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


def yuan(amount_fen: int) -> str:
    """Fen as yuan with two decimals: 1234 -> 12.34."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def fen(text: str) -> int:
    """Yuan as fen: `12.3` -> 1230. Raises `ValueError`, also for a part of a fen and for less than
    nothing.
    """
    match = AMOUNT.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    decimals = (match[2] or "").rstrip("0")
    if len(decimals) > 2:
        raise ValueError(text)
    return int(match[1]) * 100 + int(decimals.ljust(2, "0"))


def iso_day(day: int) -> str:
    """20260401 -> 2026-04-01. Raises `ValueError` when there is no such day."""
    return date(day // 10_000, day // 100 % 100, day % 100).isoformat()


def day_of(text: str) -> int:
    """The day with which a date or a time begins: `2026-04-01T10:00:00+08:00` -> 20260401. Raises
    `ValueError`.
    """
    match = DAY.match(text.strip())
    if not match:
        raise ValueError(text)
    year, month, day = (int(part) for part in match.groups())
    date(year, month, day)
    return year * 10_000 + month * 100 + day


def iso_time(at: int) -> str:
    """UTC seconds -> `2026-04-01T02:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> int | None:
    """A time as UTC seconds; None when it says no zone, for then nobody knows. Raises
    `ValueError`.
    """
    if not TIME.fullmatch(text.strip()):
        raise ValueError(text)
    moment = datetime.fromisoformat(text.strip())
    return int(moment.timestamp()) if moment.tzinfo else None
