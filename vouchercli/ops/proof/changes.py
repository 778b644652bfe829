"""What a line of the log changed, as people read it: local times, yuan, counts, words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.result import Message, Word, say
from vouchercli.rules import audit as law
from vouchercli.rules import deeds, money, times
from vouchercli.store import templates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

NOTHING: tuple[Any, ...] = (None, "", [], {})
LONGEST = 200  # characters of a value


def in_words(db: sqlite3.Connection, line: Mapping[str, Any], zone: str) -> list[Message]:
    """Each value that changed, and what else the line says; `line` has `before`, `after` and
    `detail`.
    """
    return [*_changes(db, line, zone), *_details(db, line["detail"], zone)]


def _changes(db: sqlite3.Connection, line: Mapping[str, Any], zone: str) -> Iterator[Message]:
    for what, old, new in law.changes(line["before"], line["after"]):
        if what in deeds.INNER or (old in NOTHING and new in NOTHING):
            continue
        before, after = (_value(db, what, each, zone) for each in (old, new))
        if old in NOTHING:
            yield say("{what}: {after}", what=_name(what), after=after)
        else:
            yield say("{what}: {before} → {after}", what=_name(what), before=before, after=after)


def _details(db: sqlite3.Connection, detail: Mapping[str, Any], zone: str) -> Iterator[Message]:
    for what in deeds.DETAILS:
        if detail.get(what) not in NOTHING:
            value = _value(db, what, detail[what], zone)
            yield say("{what}: {after}", what=_name(what), after=value)


def _name(what: str) -> Word:
    return Word(deeds.NAMES.get(what, what))


def _value(db: sqlite3.Connection, what: str, value: Any, zone: str) -> Any:
    """A value by its name."""
    if value in NOTHING:
        return "–"
    if isinstance(value, bool):
        return Word("yes" if value else "no")
    if what == "template_id":
        return templates.name_of(db, value) or str(value)
    if isinstance(value, int):
        return _number(what, value, zone)
    if what in deeds.FUNDS and isinstance(value, dict):
        return tuple(
            say("{funder} {amount}", funder=funder, amount=_yuan(fen))
            for funder, fen in value.items()
        )
    return _text(what, value if isinstance(value, str) else _flat(value), zone)


def _number(what: str, value: int, zone: str) -> Message | str:
    """`*_fen` is money, `*_at` UTC seconds, anything else a count."""
    if what.endswith("_fen"):
        return _yuan(value)
    return times.shown(value, zone) if what.endswith("_at") else f"{value:,}"


def _text(what: str, value: str, zone: str) -> str:
    """A word of ours, a time as files have it, or data."""
    if what in deeds.OURS:
        return Word(value)
    if what.endswith("_at"):
        return times.shown(times.parse(value, zone), zone)
    return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"


def _yuan(fen: int) -> Message:
    return say("{amount} yuan", amount=money.grouped(fen, 2))


def _flat(value: Any) -> str:
    """Lists and objects of a YAML file without their brackets."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_flat(each)}" for key, each in value.items())
    if isinstance(value, list):
        inner = isinstance(next(iter(value), None), dict | list)
        return (" / " if inner else ", ").join(map(_flat, value))
    return value if isinstance(value, str) else json.dumps(value)
