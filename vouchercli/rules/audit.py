"""The law of the log: each line is sealed with the line before it, so that none can be changed,
taken out, put in or moved.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# at, entered_at, actor, os_user, deed, subject, detail (JSON as written)
Fields = tuple[int, int, str, str, str, str, str]
HEAD = re.compile(r"(?:(\d*):)?([0-9a-f]{64})")
SHORT = 60  # characters of a value in a line for people


@dataclass(frozen=True)
class Line:
    """One line as it is kept: `number` counts from 1, `hash` seals it, `previous_hash` is the seal
    of the line before.
    """

    number: int
    fields: Fields
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold: `what` is 'edited' (the line is not what was sealed) or 'gap'
    (it does not follow the line `after`).
    """

    line: int
    what: str
    after: int
    expected: str
    found: str


def digest(previous: str, fields: Fields) -> str:
    """SHA-256, in hexadecimal, over the previous line's hash and this line's fields in canonical
    JSON: one list, no blanks, UTF-8, nothing but control characters, quotes and backslashes
    escaped.
    """
    text = json.dumps([previous, *fields], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def breaks(lines: Iterable[Line]) -> Iterator[Break]:
    """Every place where the chain does not hold, the first line first. Nothing can tell that the
    last lines are gone but a head that was noted elsewhere.
    """
    number, previous = 0, ""
    for line in lines:
        if line.number != number + 1 or line.previous_hash != previous:
            yield Break(line.number, "gap", number, previous, line.previous_hash)
        if line.hash != (sealed := digest(line.previous_hash, line.fields)):
            yield Break(line.number, "edited", number, sealed, line.hash)
        number, previous = line.number, line.hash


def parse_head(text: str) -> tuple[int | None, str]:
    """A head as it was written down, `12:9f86...` or the digest alone, as (number, digest). Raises
    `ValueError`.
    """
    head = HEAD.fullmatch(text.strip().casefold())
    if head is None:
        raise ValueError(text)
    return int(head[1]) if head[1] else None, head[2]


LATE_SECONDS = 60  # clocks and people take that long


def late_entry(at: int, entered_at: int) -> int | None:
    """When it was entered (`entered_at`, the machine's clock), where that is another time than the
    one it counts from; None: the same, within a minute.
    """
    return entered_at if abs(entered_at - at) > LATE_SECONDS else None


# ---------------------------------------------------------------- what a deed changed


def changes(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """(what, before, after) of each value that differs; None where there was or is nothing."""
    old, new = _known(before), _known(after)
    return [
        (key, old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)
    ]


def _known(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def shorten(value: Any) -> str:
    """A value of the log in short."""
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"
