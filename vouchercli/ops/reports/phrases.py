"""Figures inside the sentences of a brief."""

from __future__ import annotations

from vouchercli.result import Amount, Message, say
from vouchercli.rules import money

UNKNOWN = "–"
MINUTE, HOUR, DAY = 60, 3_600, 86_400  # in seconds


def yuan(fen: int) -> Amount:
    """An amount before the word yuan."""
    return Amount(fen)


def percent(rate: str | None) -> str:
    """A share of 1 as people read it: "0.8676" -> 86.8 %."""
    if rate is None:
        return UNKNOWN
    return money.grouped(money.half_up(int(rate.replace(".", "")), 10), 1) + " %"


def signed_percent(change: str | None) -> str:
    """A change as people read it: "1.4000" -> +140.0 %."""
    text = percent(change)
    return text if text[0] in f"-{UNKNOWN}" else f"+{text}"


def lasting(seconds: int) -> Message:
    """A length of time in the unit that people name it in, rounded half up: 118,800 -> 33 hours."""
    if seconds < 2 * HOUR:
        return say("{count} minutes", count=money.half_up(seconds, MINUTE))
    if seconds < 3 * DAY:
        return say("{count} hours", count=money.half_up(seconds, HOUR))
    return say("{count:,} days", count=money.half_up(seconds, DAY))
