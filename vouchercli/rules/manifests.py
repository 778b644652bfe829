"""The manifest of a lake, as it is read: nothing in it is believed before it has been looked at.

One that an earlier version wrote is read as one of today; what it does not say is not known.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import times
from vouchercli.rules.canonical import own_digest
from vouchercli.rules.lake import SNAPSHOTS, TABLES, VERSION, File, Manifest, summed

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[Any], bool]

PATH = re.compile(r"\d{4}-\d{2}/[^./\\\0][^/\\\0]*\.parquet")
SURROGATES = re.compile("[\ud800-\udfff]")  # nothing can show them
LAST = 99991230  # a day, in every zone


WRONG, NEWER, OLDER = "wrong", "newer", "older"


class Unread(NamedTuple):
    """Why it is none, and which key is wrong, or what of it is not ours."""

    why: str
    what: str


def read(document: Any) -> Manifest | Unread:
    """What this version or an earlier one wrote and nobody changed, or why it is no manifest."""
    if not isinstance(document, dict) or document.get("sha256") != own_digest(document):
        return Unread(WRONG, "sha256")
    version: Any = document.get("voucher_lake")
    if not _is_number(version) or version < 1:
        return Unread(WRONG, "voucher_lake")
    if version > VERSION:
        return Unread(NEWER, f"voucher_lake {version}")
    document = _of_today(document, version)
    return _other_tables(document.get("tables")) or _wrong(document) or _made(document)


def _of_today(document: dict[str, Any], version: int) -> dict[str, Any]:
    """The first version had one limit of counts for all days, and at first no terms."""
    if version > 1:
        return document
    days, least = document.get("as_of"), document.get("least")
    many = len(days) if isinstance(days, list) else 0
    return {"terms": {}, **document, "least": [least] * many}


def _other_tables(tables: Any) -> Unread | None:
    """Tables that are not ours: an older program had fewer columns, a newer one has more."""
    if not isinstance(tables, dict) or not all(map(_is_named, tables.values())):
        return Unread(WRONG, "tables")
    theirs, ours = (
        {(table, *column) for table, columns in every.items() for column in columns.items()}
        for every in (tables, TABLES)
    )
    for why, other in ((NEWER, theirs - ours), (OLDER, ours - theirs)):
        if other:
            return Unread(why, ", ".join(sorted(f"{each[0]}.{each[1]}" for each in other)))
    return None


def _wrong(document: dict[str, Any]) -> Unread | None:
    """The first key that is not what it should be, by itself, then beside the others."""
    for name in Manifest._fields:
        if name not in document or not KEYS[name](document[name]):
            return Unread(WRONG, name)
    wrong = next((name for name, holds in TOGETHER.items() if not holds(document)), None)
    return Unread(WRONG, wrong) if wrong else None


def _made(document: dict[str, Any]) -> Manifest:
    fields = {name: document[name] for name in Manifest._fields}
    lists = {name: tuple(each) for name, each in fields.items() if isinstance(each, list)}
    return Manifest(**{**fields, **lists, "files": tuple(File(**each) for each in fields["files"])})


# ---------------------------------------------------------------- a key by itself


def _is_number(value: Any) -> bool:
    return type(value) is int  # true is none


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not SURROGATES.search(value)


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, (*value, *value.values())))


def _is_day(value: Any) -> bool:
    try:
        return _is_number(value) and 0 < value <= LAST and bool(times.as_date(value))
    except ValueError:
        return False


def _is_moment(value: Any) -> bool:
    return _is_count(value) and value < times.day_bounds(LAST, "UTC")[0]


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _is_file(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {*File._fields}
        and all(OF_FILE[name](value[name]) for name in File._fields)
        and value["first"] <= value["last"]
        and value["sums"].keys() == {*summed(value["table"])}
    )


OF_FILE: dict[str, Check] = {
    "path": lambda value: _is_text(value) and PATH.fullmatch(value) is not None,
    "table": lambda value: _is_text(value) and value in TABLES,
    **dict.fromkeys(("month", "rows", "bytes"), _is_count),
    **dict.fromkeys(("first", "last"), _is_day),
    "sums": lambda value: isinstance(value, dict) and all(map(_is_number, value.values())),
    "sha256": _is_text,
}
KEYS: dict[str, Check] = {
    **dict.fromkeys(("city", "name", "programme", "currency", "zone", "seal"), _is_text),
    **dict.fromkeys(("title", "terms"), _is_named),
    "tables": lambda value: value == TABLES,
    "since": lambda value: _is_number(value) and (value == 0 or _is_day(value)),
    **dict.fromkeys(("first_day", "day"), _is_day),
    "exported_at": _is_moment,
    "as_of": _list_of(_is_day),
    "least": _list_of(_is_count),
    **dict.fromkeys(("percentages", "funders"), _list_of(_is_text)),
    "is_rehearsal": lambda value: isinstance(value, bool),
    "files": _list_of(_is_file),
}


# ---------------------------------------------------------------- beside the others


def _days_follow(document: dict[str, Any]) -> bool:
    """Each export is later than the one before it, the last one is of the head, and of each lie
    rounds, funds, merchants and residents.
    """
    days, files = document["as_of"], document["files"]
    there = sorted((each["table"], each["last"]) for each in files if each["table"] in SNAPSHOTS)
    return (
        days[-1:] == [document["day"]]
        and all(one < next_one for one, next_one in pairwise(days))
        and there == sorted((table, day) for table in SNAPSHOTS for day in days)
    )


def _files_are_apart(document: dict[str, Any]) -> bool:
    """No file counts twice, and none has a day that is not sealed yet."""
    files = document["files"]
    return len({each["path"] for each in files}) == len(files) and all(
        document["first_day"] <= each["first"] and each["last"] <= document["day"] for each in files
    )


TOGETHER: dict[str, Check] = {
    "first_day": lambda document: document["since"] <= document["first_day"] <= document["day"],
    "as_of": _days_follow,
    "least": lambda document: len(document["least"]) == len(document["as_of"]),
    "files": _files_are_apart,
}
