"""How values read to a person, in Chinese and English: amounts in a unit, times, rates, words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.cli import keys
from vouchercli.cli.cleaning import clean
from vouchercli.cli.language import t
from vouchercli.result import Column, Figure, Message, Word
from vouchercli.rules import money, resident_tokens, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.result import Table

DASH = "–"


class Unit(NamedTuple):
    """How amounts are shown: in units of `fen`, with `digits` decimals."""

    fen: int
    digits: int
    name: str

    def amount_text(self, amount_fen: int) -> str:
        """The amount, grouped by thousands, rounded half up."""
        return money.grouped(money.half_up(amount_fen * 10**self.digits, self.fen), self.digits)


# From exact to coarse; a Chinese reader counts in ten thousands, an English one in thousands and
# millions.
EXACT = Unit(100, 2, "yuan")
UNITS = {
    "zh": (
        EXACT,
        Unit(100, 0, "yuan, rounded"),
        Unit(1_000_000, 2, "10,000 yuan, rounded"),
        Unit(1_000_000, 0, "10,000 yuan, rounded"),
    ),
    "en": (
        EXACT,
        Unit(100, 0, "yuan, rounded"),
        Unit(100_000, 0, "thousand yuan, rounded"),
        Unit(100_000_000, 2, "million yuan, rounded"),
    ),
}


def as_lines(table: Table) -> Table:
    """A record as a table for readers: one line for each column that has a value."""
    stated = (
        (column, column.of(table.rows[0])) for column in table.columns if "table" in column.where
    )
    rows = tuple(
        {"what": Word(column.label), "value": pretty(column, each, table.zone)}
        for column, each in stated
        if each is not None and each != ""
    )
    columns = (Column("what", "what", "word"), Column("value", "value"))
    return replace(table, columns=columns, rows=rows, is_record=False)


def label(column: Column) -> str:
    """The heading of a column: our words translated and capitalised, data as it is."""
    if column.verbatim:
        return clean(column.label)
    words = t(column.label)
    return words[:1].upper() + words[1:]


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
    printed = PRINTED.get(column.kind)
    return printed(value, zone, unit) if printed else clean(str(value) or t(column.blank))


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


def _tenths(rate: str) -> int:
    """A decimal string, a share of 1, in tenths of a percent, half up: "0.86755" -> 868."""
    whole, _, decimals = rate.partition(".")
    return money.half_up(int(whole + decimals) * 1000, 10 ** len(decimals))
