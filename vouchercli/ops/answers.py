"""What an outcome says to a program: its data and its tables as JSON has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.rules import resident_tokens, times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vouchercli.result import Column, Outcome, Row, Table


WRITTEN: dict[str, Callable[[Any, str], str]] = {
    "time": times.iso,
    "end": times.iso,
    "date": lambda day, zone: times.day_text(day),
    "token": lambda token, zone: resident_tokens.shown(token),
    "sentence": lambda said, zone: str(said),
}


def answer(outcome: Outcome) -> Any:
    """The `data` of `-o json`: what the operation says itself, and every table that has a key."""
    tables = [table for table in outcome.tables if table.key is not None]
    if not tables:
        return outcome.data
    data = dict(outcome.data or {})
    for table in tables:
        path = str(table.key).split(".")
        listed = rows(table)
        if table.is_record or not table.key:
            _place(data, path).update(listed[0])
        else:
            _place(data, path[:-1])[path[-1]] = listed
        if table.total_key and table.total:
            total = rows(table, [table.total])[0]
            data[table.total_key] = {key: total[key] for key in total if key in table.total}
    if outcome.left is not None:
        data["more"] = outcome.left > 0
    return data


def _place(data: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """The object at a path, made where it is not there yet."""
    for key in filter(None, path):
        data = data.setdefault(key, {})
    return data


def rows(table: Table, given: Sequence[Row] | None = None) -> list[dict[str, Any]]:
    """The table's rows (or those given) as objects, each value as its column's kind is written in
    JSON.
    """
    given = table.rows if given is None else given
    columns = [column for column in table.columns if "json" in column.where]
    keys = [column.key for column in columns]
    wanted = set(keys)
    # a report has a hundred thousand rows that are so already
    if not any(column.source or column.kind in WRITTEN for column in columns) and all(
        isinstance(row, dict) and row.keys() == wanted for row in given
    ):
        return list(given)
    values = (_values(column, given, table.zone) for column in columns)
    return [dict(zip(keys, row, strict=True)) for row in zip(*values, strict=True)]


def dated(fields: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """The same fields, each moment (`at`, `*_at`; UTC seconds) as JSON has it."""
    return {
        key: times.iso(field, zone) if f"_{key}".endswith("_at") and field is not None else field
        for key, field in fields.items()
    }


def _values(column: Column, given: Sequence[Row], zone: str) -> list[Any]:
    """Times, dates, tokens and sentences as text; every other kind is kept as JSON has it."""
    values = column.values(given)
    written = WRITTEN.get(column.kind)
    if written is None:
        return values
    return [None if value is None else written(value, zone) for value in values]
