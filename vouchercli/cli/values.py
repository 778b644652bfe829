"""How values read to a person, in Chinese and English: amounts in a unit, times, rates, words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.cli import keys
from vouchercli.cli.cleaning import clean
from vouchercli.cli.language import READ, t
from vouchercli.cli.units import EXACT, Unit, asked, with_unit
from vouchercli.result import Column, Figure, Message, Word
from vouchercli.rules import money, resident_tokens, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.result import Table

DASH = "–"


def as_lines(table: Table) -> Table:
    """A record as a table for readers: one line for each column that has a value."""
    stated = (
        (column, column.of(table.rows[0])) for column in table.columns if "table" in column.where
    )
    rows = tuple(
        {"what": heading(column), "value": pretty(column, each, table.zone, asked() or EXACT)}
        for column, each in stated
        if each is not None and each != ""
    )
    columns = (Column("what", "what", "word"), Column("value", "value"))
    return replace(table, columns=columns, rows=rows, is_record=False)


def in_unit(table: Table, unit: Unit) -> Table:
    """The table with its amounts as they are shown in that unit (still in fen), for people and
    spreadsheets.
    """
    total = table.total if table.total and table.rows else None
    by_column = {
        each.key: rounded(
            each,
            each.shown_values(table.rows),
            None if total is None else each.of(total),
            unit,
        )
        for each in table.columns
    }
    rows = [dict(zip(by_column, row, strict=True)) for row in zip(*by_column.values(), strict=True)]
    for row in rows:
        if any(map(is_money, row.values())):
            row[table.columns[0].key] = with_unit(t(row[table.columns[0].key]), unit)
    if total is not None:
        sums = {each.key: rounded(each, [each.of(total)], None, unit)[0] for each in table.columns}
        total = {each: value for each, value in sums.items() if value is not None}
    columns = tuple(replace(each, source="", shown="") for each in table.columns)
    return replace(table, columns=columns, rows=rows, total=total)


def is_money(value: Any) -> bool:
    """Whether a value brings it along that it is an amount."""
    return isinstance(value, Figure) and value.kind == "fen"


def has_figures_of_money(table: Table) -> bool:
    """Whether amounts stand among other figures, where no heading says their unit."""
    columns = [each for each in table.columns if each.kind == "figure"]
    return any(is_money(each) for column in columns for each in column.shown_values(table.rows))


def label(column: Column) -> str:
    """The heading of a column: our words translated and capitalised, data as it is."""
    if column.verbatim:
        return clean(column.label)
    words = t(column.label)
    return words[:1].upper() + words[1:]


def heading(column: Column) -> str:
    """The label of a column of a record, of amounts with the unit that was asked for."""
    unit = asked()
    if unit is None or column.kind != "fen":
        return Word(column.label)
    return with_unit(t(column.label), unit)


PRINTED: dict[str, Callable[[Any, str, Unit], str]] = {
    "fen": lambda value, zone, unit: unit.amount_text(value),
    "int": lambda value, zone, unit: f"{value:,}",
    "rate": lambda value, zone, unit: money.grouped(_tenths(value), 1) + " %",
    "change": lambda value, zone, unit: signed(money.grouped(_tenths(value), 1)) + " %",
    "time": lambda value, zone, unit: times.shown(value, zone),
    "end": lambda value, zone, unit: times.shown_end(value, zone),
    "span": lambda value, zone, unit: span(value),
    "date": lambda value, zone, unit: times.day_text(value),
    "token": lambda value, zone, unit: resident_tokens.shown(value),
    "word": lambda value, zone, unit: clean(t(str(value))),
    "code": lambda value, zone, unit: clean(keys.code(value)),
    "deed": lambda value, zone, unit: clean(keys.deed(value)),
    "entry": lambda value, zone, unit: clean(keys.entry(value)),
}


def pretty(column: Column, value: Any, zone: str, unit: Unit = EXACT) -> str:
    """A value as a person reads it."""
    if value is None:
        return DASH
    if isinstance(value, Figure):
        return pretty(replace(column, kind=value.kind), value.value, zone, unit)
    if isinstance(value, Message):
        return clean(t(value.text, value.params))
    if isinstance(value, Word):
        return clean(t(value))
    if isinstance(value, list):
        value = joined(value)
    if type(value) in READ:
        value = READ[type(value)](value)
    if value == "" and column.blank:
        return clean(t(column.blank))
    printed = PRINTED.get(column.kind)
    return printed(value, zone, unit) if printed else clean(str(value))


def joined(values: list[Any]) -> str:
    """The items of a list: names and words with commas, sentences with semicolons."""
    sentences = [t(each.text, each.params) for each in values if isinstance(each, Message)]
    if sentences:
        return t("; ").join(sentences)
    return ", ".join(t(each) if isinstance(each, Word) else each for each in values)


LENGTHS = ((86_400, "{count:,} d"), (3_600, "{count} h"), (60, "{count} min"), (1, "{count} s"))


def span(seconds: int) -> str:
    """A length of time in its two largest units: 1504800 -> `17 d 10 h`."""
    parts: list[str] = []
    for length, text in LENGTHS:
        count, seconds = divmod(seconds, length)
        if count or (length == 1 and not parts):
            parts.append(t(text, {"count": count}))
        elif parts:  # 1 d 5 s is a day
            break
    return " ".join(parts[:2])


def signed(number: str) -> str:
    """A number with its sign, also where it is more than nothing."""
    return number if number[:1] == "-" or not number.strip("0.,") else f"+{number}"


def rounded(column: Column, values: list[Any], total: Any, unit: Unit) -> list[Any]:
    """The values of a column as they are shown in that unit: they agree with their total."""
    if column.kind != "fen" or not all(each is None or isinstance(each, int) for each in values):
        return values
    return unit.rounded(values, total)


def _tenths(rate: str) -> int:
    """A decimal string, a share of 1, in tenths of a percent, half up: "0.86755" -> 868."""
    whole, _, decimals = rate.partition(".")
    return money.half_up(int(whole + decimals) * 1000, 10 ** len(decimals))
