"""How one cell is read: cleaned by the type of its field, and refused when a spreadsheet or a
person has damaged it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vouchercli.formats.configs.fields import type_of
from vouchercli.formats.tables import cells
from vouchercli.result import Problem, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchercli.formats.configs.fields import Type
    from vouchercli.formats.configs.profiles import KindRule

CLEAN: dict[Type, Callable[[str], str]] = {
    "id": cells.id_text,
    "name": cells.name_text,
    "time": cells.time_text,
    "amount": cells.amount_text,
}
LOST = Word(
    "a spreadsheet kept it as a number and lost its last digits: format the column as text and"
    " export the file again"
)
TURNED = Word(
    "a spreadsheet turned it into a date or a time: format the column as text and export the file"
    " again"
)
GARBLED = Word(
    "it was read in a wrong encoding before it came here, and its characters are lost: ask for the"
    " file again"
)
TWO_IN_ONE = Word("an amount and a note stand in one cell: leave only the amount")
NOT_FEN = Word("it is not a whole number of fen")
NO_KIND = Word("it says neither payment nor refund")
NO_MATCH = Word("it is not written as the profile expects")


class RowFault(Exception):
    """The row cannot be used; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def cell_fault(column: str, value: str, problem: Word) -> RowFault:
    """A fault of one cell."""
    return RowFault(
        Problem(
            "bad_row",
            "{column}: {value}: {problem}",
            params={"column": column, "value": value, "problem": problem},
        )
    )


def blank_fault(column: str) -> RowFault:
    """A value that must be there is not."""
    return RowFault(Problem("bad_row", "{column} is missing", params={"column": column}))


def match_pattern(pattern: re.Pattern[str], field: str, column: str, text: str) -> str:
    """What the pattern finds: its group of the field's name, else its first group, else all it
    matched.
    """
    match = pattern.search(text)
    if not match:
        raise cell_fault(column, text, NO_MATCH)
    return match[field if field in pattern.groupindex else min(pattern.groups, 1)] or ""


def no_kind(row: Sequence[str]) -> str:
    """Files of claims and merchants have neither payments nor refunds."""
    return ""


def reader(field: str, column: str) -> Callable[[str], str]:
    """Clean a cell and refuse what a spreadsheet has damaged."""
    kind = type_of(field)
    clean = CLEAN[kind]
    damaged = {
        "id": _damage_of_id,
        "amount": _damage_of_amount,
        "time": _damage_of_time,
        "name": _damage_of_name,
    }[kind]

    def read(cell: str) -> str:
        text = clean(cell)
        fault = damaged(text)
        if fault:
            raise cell_fault(column, text, fault)
        return text

    return read


def _damage_of_name(text: str) -> Word | None:
    return GARBLED if not text.isascii() and cells.GARBLED.search(text) else None


def _damage_of_id(text: str) -> Word | None:
    if ("+" in text and cells.SCIENTIFIC.fullmatch(text)) or (
        text[-2:] == ".0" and cells.ROUNDED.fullmatch(text)
    ):
        return LOST
    if (":" in text and cells.CLOCK.fullmatch(text)) or (
        "-" in text and cells.DATE.fullmatch(text)
    ):
        return TURNED
    return _damage_of_name(text)


def _damage_of_amount(text: str) -> Word | None:
    if "(" in text and cells.NOTED.fullmatch(text):
        return TWO_IN_ONE
    return _damage_of_id(text)


def _damage_of_time(text: str) -> Word | None:
    return LOST if "+" in text and cells.SCIENTIFIC.fullmatch(text) else None


def yuan_of_fen(column: str, text: str) -> str:
    """An amount in fen as yuan. Raises `RowFault`."""
    try:
        return cells.yuan_of_fen(text)
    except ValueError:
        raise cell_fault(column, text, NOT_FEN) from None


def kinds(
    rule: KindRule, place: int | None, header: tuple[str, ...]
) -> Callable[[Sequence[str]], str]:
    """The function from a row to pay or refund; `place` is the column that says which. The function
    raises `RowFault`.
    """
    if place is None:
        return lambda row: rule.value or rule.otherwise or "pay"
    if rule.sign:
        return lambda row: "refund" if cells.amount_text(row[place]).startswith("-") else "pay"
    pay, refund = re.compile(rule.pay) if rule.pay else None, re.compile(rule.refund)
    column = header[place]
    known: dict[str, str] = {}

    def kind_of(row: Sequence[str]) -> str:
        cell = row[place]
        kind = known.get(cell)
        if kind is None:
            text = cells.id_text(cell).casefold()
            if refund.search(text):
                kind = "refund"
            else:
                kind = "pay" if pay and pay.search(text) else rule.otherwise
            if not kind:
                raise cell_fault(column, text, NO_KIND) if text else blank_fault(column)
            if len(known) < 1000:
                known[cell] = kind
        return kind

    return kind_of
