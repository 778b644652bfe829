"""The tables of an audit package: as they stand in the database, as CSV that other programs read,
and the `datapackage.json` that says what each column is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.formats.written.formulas import disarm
from vouchercli.ops.auditing.package_index import WHAT
from vouchercli.rules import money, resident_tokens, times
from vouchercli.store import packaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from vouchercli.formats.written.packages import Package
    from vouchercli.session import Session
    from vouchercli.store.packaged import Extract

TYPES = {"int": "integer", "fen": "number", "date": "date", "time": "datetime"}
TIME = "%Y-%m-%dT%H:%M:%S%z"


def as_json(value: Any) -> bytes:
    """A value as a JSON file."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def as_line(value: Any) -> str:
    """A value as a line of a file of JSON lines."""
    return json.dumps(value, ensure_ascii=False) + "\n"


def write(
    session: Session,
    row: sqlite3.Row,
    since: int | None,
    until: int | None,
    has_rows: bool,
    package: Package,
) -> None:
    """Write every table of the programme (`row`); with `has_rows` every claim and redemption of
    the span too.
    """
    span = {
        "since": -times.END_OF_TIME if since is None else since,
        "until": times.END_OF_TIME if until is None else until + 1,
    }
    asked: list[tuple[Extract, dict[str, int]]] = [(each, {}) for each in packaged.TABLES]
    asked += [(each, span) for each in packaged.ROWS] if has_rows else []
    for extract, more in asked:
        found = packaged.rows(session.db, extract, programme_id=row["programme_id"], **more)
        rows = _in_words(extract, found, row["time_zone"])
        package.write_table(f"{extract.name}.csv", _head(extract), rows)
    content = {
        "profile": "data-package",
        "name": "audit-package",
        "title": f"{row['programme']}: {WHAT['datapackage.json']}",
        "resources": [_resource(extract) for extract, _ in asked],
    }
    package.write("datapackage.json", as_json(content))


def _head(extract: Extract) -> list[str]:
    return [f"{name}_yuan" if kind == "fen" else name for name, kind in extract.fields]


def _in_words(
    extract: Extract, rows: Iterator[tuple[Any, ...]], zone: str
) -> Iterator[tuple[str, ...]]:
    """The rows as texts: exact yuan, times with their offset, days, tokens."""
    written: dict[str, Callable[[Any], str]] = {
        "int": str,
        "fen": money.yuan,
        "time": lambda at: times.iso(at, zone),
        "date": times.day_text,
        "token": resident_tokens.shown,
        "text": lambda text: disarm(str(text)),
    }
    ways = [written[kind] for _, kind in extract.fields]
    for row in rows:
        yield tuple(
            "" if value is None else way(value) for way, value in zip(ways, row, strict=True)
        )


def _resource(extract: Extract) -> dict[str, Any]:
    path = f"{extract.name}.csv"
    return {
        "name": extract.name.replace("/", "-").replace("_", "-"),
        "path": path,
        "description": str(WHAT[path]),
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [
                {"name": name, "type": TYPES.get(kind, "string")}
                | ({"format": TIME} if kind == "time" else {})
                for name, (_, kind) in zip(_head(extract), extract.fields, strict=True)
            ],
            "missingValues": [""],
        },
    }
