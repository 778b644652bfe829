"""What an outcome says to a program: its data and its tables as JSON has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.rules import resident_tokens, times

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchercli.result import Column, Outcome, Row, Table


WRITTEN: dict[str, Callable[[Any, str], str]] = {
    "time": times.iso,
    "date": lambda day, zone: times.day_text(day),
    "token": lambda token, zone: resident_tokens.shown(token),
    "sentence": lambda said, zone: said.text.format(**said.params),
}


def answer(outcome: Outcome) -> Any:
    """The `data` of `-o json`: what the operation says itself, and every table that has a key."""
    tables = [table for table in outcome.tables if table.key is not None]
    if not tables:
        return outcome.data
    data = dict(outcome.data or {})
    for table in tables:
        listed = rows(table, table.rows)
        if not table.key:
            data |= listed[0]
        else:
            data[str(table.key)] = listed[0] if table.is_record else listed
        if table.total_key and table.total:
            total = rows(table, [table.total])[0]
            data[table.total_key] = {key: total[key] for key in total if key in table.total}
    return data


def rows(table: Table, given: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as objects, each value as its column's kind is written in JSON."""
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


def _values(column: Column, given: Sequence[Row], zone: str) -> list[Any]:
    """Times, dates, tokens and sentences as text; every other kind is kept as JSON has it."""
    values = column.values(given)
    written = WRITTEN.get(column.kind)
    if written is None:
        return values
    return [None if value is None else written(value, zone) for value in values]
