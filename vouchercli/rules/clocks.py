"""The clock of a programme: how far it is believed. Rows later than now are refused, but for a
small difference between clocks; a clock that has jumped does nothing that cannot be undone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.result import Word, say

if TYPE_CHECKING:
    from vouchercli.result import Message
    from vouchercli.rules.values import Node

UNITS = {
    ("second", "seconds"): 1,
    ("minute", "minutes"): 60,
    ("hour", "hours"): 3_600,
    ("day", "days"): 86_400,
}
SPAN = re.compile(r"\s*(\d{1,4})\s+(second|minute|hour|day)s?\s*")
MOST_AHEAD = 3_600  # clocks that differ by more are wrong, not different


class Clock(NamedTuple):
    """`ahead`: how many seconds later than now a row may be, because platforms' clocks differ;
    `jump`: how many seconds after the last tick a tick still believes its clock.
    """

    ahead: int = 0
    jump: int = 15 * 86_400

    @property
    def document(self) -> dict[str, str]:
        """As a programme writes it."""
        return {key: span_text(seconds) for key, seconds in self._asdict().items()}


def read(node: Node) -> Clock:
    """`clock: {ahead: 5 minutes, jump: 15 days}`."""
    part = node.fields(Clock._fields)
    return Clock(
        _read_span(part["ahead"], Clock().ahead, "5 minutes", MOST_AHEAD),
        _read_span(part["jump"], Clock().jump, "15 days"),
    )


def latest_at(clock: Clock, now: int) -> int:
    """The last moment (UTC seconds) that a row of a file read at `now` may name."""
    return now + clock.ahead


def has_jumped(now: int, last_tick_at: int, jump: int) -> bool:
    """Whether a tick at `now` is further from the last one than a clock is believed."""
    return now - last_tick_at > jump


def span(seconds: int) -> tuple[int, str]:
    """900 -> (15, "minutes"): in the largest unit that divides it."""
    (one, many), length = next(
        (each for each in reversed(UNITS.items()) if seconds and seconds % each[1] == 0),
        (("minute", "minutes"), 60),
    )
    number = seconds // length
    return number, one if number == 1 else many


def span_text(seconds: int) -> str:
    """900 -> `15 minutes`, as a programme writes it."""
    return " ".join(map(str, span(seconds)))


def span_words(seconds: int) -> Message:
    """The same for a person."""
    number, unit = span(seconds)
    return say("{number} {unit}", number=number, unit=Word(unit))


def _read_span(node: Node, default: int, example: str, most: int | None = None) -> int:
    """A length of time in words, as seconds."""
    if node.is_missing:
        return default
    written = SPAN.fullmatch(node.scalar or "")
    if not written:
        node.fault(
            "bad_length",
            "{offending} is not a length of time",
            "write it like {example}, in seconds, minutes, hours or days",
            example=example,
        )
        return default
    seconds = int(written[1]) * next(each for (one, _), each in UNITS.items() if one == written[2])
    if most is not None and seconds > most:
        node.fault(
            "too_long",
            "{offending} is more than {most}",
            "write {most} or less",
            most=span_text(most),
        )
        return default
    return seconds
