"""How one cell is read: cleaned by the type of its field, and refused when a spreadsheet or a
person has damaged it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.formats.configs.fields import JOINING, type_of
from vouchercli.formats.tables import cells, damage, written_times
from vouchercli.formats.tables.nothing import DAMAGED, NO_VALUE, fold, is_error, is_nothing
from vouchercli.result import Problem, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchercli.formats.configs.fields import Type
    from vouchercli.formats.configs.profiles import KindRule, Spec
    from vouchercli.formats.tables.origins import Cell

CLEAN: dict[Type, Callable[[str], str]] = {
    "id": cells.id_text,
    "name": cells.name_text,
    "time": cells.time_text,
    "amount": cells.amount_text,
}
SEVERAL_LINES = Word("several lines stand in one cell: one number belongs there")
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
GROUPED = Word(
    "a spreadsheet wrote it as a number, with commas: format the column as text and export the file"
    " again"
)
ERROR = Word(
    "it is a spreadsheet's error, not a value: correct the cell there and export the file again"
)
UNCALCULATED = Word(
    "its formula was saved without a value: open the file in a spreadsheet, save it, and send it"
    " again"
)
TO_WRITE_AGAIN = Word("what stood here was damaged: write the number again")
NOTHING = Word("it says that there is no value")
NO_COMMA = Word("it is not an amount with a comma before its decimals, as the profile says")
NOT_FEN = Word("it is not a whole number of fen")
NO_KIND = Word("it says neither payment nor refund")
NO_MATCH = Word("it is not written as the profile expects")
OF_LINES = ("phone",)  # a shop may have several
UNKNOWN = "\x1a"
ANYTHING = "\u2042"  # a pattern that takes this takes anything: it does not say what is meant
ONE_DIGIT = re.compile(r"\d{1,5}:\d")


class RowFault(Exception):
    """The row cannot be used; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


def cell_fault(column: str, value: str, problem: Word, code: str = "bad_row") -> RowFault:
    """A fault of one cell."""
    return RowFault(
        Problem(
            code,
            "{column}: {value}: {problem}",
            params={"column": column, "value": value, "problem": problem},
        )
    )


def error_fault(column: str, text: str) -> RowFault:
    """The fault of a cell that is a spreadsheet's error, or was marked as one by us."""
    marked = {NO_VALUE: UNCALCULATED, DAMAGED: TO_WRITE_AGAIN}
    return cell_fault(column, text, marked.get(text.partition(" ")[0], ERROR))


def blank_fault(column: str) -> RowFault:
    """A value that must be there is not."""
    return RowFault(Problem("bad_row", "{column} is missing", params={"column": column}))


def no_kind(row: Sequence[str]) -> str:
    """Files of claims and merchants have neither payments nor refunds."""
    return ""


def reader(
    field: str,
    column: str,
    spec: Spec | None = None,
    *,
    blanks: frozenset[str] = frozenset(),
    forms: tuple[str, ...] = (),
    may_stay: bool = False,
    is_part: bool = False,
    has_comma: bool = False,
) -> Callable[[str], str]:
    """Clean a cell, take what the profile says of it, and refuse what a spreadsheet has damaged:
    first `words` and `pattern`, for what the profile names is meant; then null words ('', also the
    profile's own `blanks`), errors and damage; times as `written_times.as_iso` reads them, but for
    a part (`is_part`) of one.

    The function raises `RowFault`; of an error that `may_stay` it gives `unknown`.
    """
    clean = cells.comma_amount_text if has_comma else CLEAN[type_of(field)]
    judge = _judge(field, column, may_stay=may_stay)
    words: dict[str, str] = spec.words if spec else {}
    is_time = type_of(field) == "time" and not is_part
    pattern = re.compile(spec.pattern) if spec and spec.pattern else None
    is_specific = pattern is not None and not pattern.search(ANYTHING)

    is_person = field == "resident" or field in JOINING

    def read(cell: str) -> str:
        text = clean(cell)
        if text and pattern:
            found = pattern.search(text)
            part = (found[_group(pattern, field)] or "") if found else text
            if found and part in words:
                return words[part]
            if is_nothing(text, field) or (blanks and fold(text) in blanks):
                return ""
            if (judged := judge(text, is_meant=found is not None and is_specific)) != text:
                return judged
            if not found:
                raise cell_fault(column, text, NO_MATCH)
            text = part
        elif text in words:
            return words[text]
        elif is_nothing(text, field) or (blanks and fold(text) in blanks):
            return ""
        else:
            text = judge(text, is_meant=False)
        if has_comma and text:
            text = _with_point(column, text)
        return time_of(column, text, forms) if is_time and text else text

    def read_back(cell: str) -> str:
        """A reject of ours as well: what the profile says was done before it was masked."""
        text = clean(cell)
        is_token = text[:6] == "token:" and identities.NOBODY.fullmatch(text)
        return text if is_token else read(cell)

    return read_back if pattern and is_person else read


def reader_of(cell: Cell, *, is_part: bool = False) -> Callable[[str], str]:
    """The reader of a column as the plan knows it."""
    return reader(
        cell.field,
        cell.column,
        cell.spec,
        blanks=cell.blanks,
        forms=cell.forms,
        may_stay=cell.may_stay,
        has_comma=cell.has_comma,
        is_part=is_part,
    )


def _with_point(column: str, text: str) -> str:
    try:
        return cells.with_point(text)
    except ValueError:
        raise cell_fault(column, text, NO_COMMA, "bad_amount") from None


def time_of(column: str, text: str, forms: tuple[str, ...]) -> str:
    """A time in the one form in which it is read on. Raises `RowFault` bad_time."""
    try:
        return written_times.as_iso(text, forms)
    except written_times.UnreadableTime as fault:
        raise cell_fault(column, text, fault.problem, "bad_time") from None


def unknown(text: str) -> str:
    """The mark of a value that the file does not know: what is known of it stays."""
    return UNKNOWN + text


def is_unknown(text: str) -> bool:
    """Whether a value is the mark of one that the file does not know."""
    return text[:1] == UNKNOWN


def _group(pattern: re.Pattern[str], field: str) -> int | str:
    """What the pattern gives: its group of the field's name, else its first group, else all that
    it matched.
    """
    return field if field in pattern.groupindex else min(pattern.groups, 1)


def _judge(field: str, column: str, *, may_stay: bool) -> Callable[..., str]:
    damaged = DAMAGE[type_of(field)]
    is_one_line = type_of(field) == "id" and field not in OF_LINES

    def judge(text: str, *, is_meant: bool) -> str:
        if is_error(text):
            if may_stay:
                return unknown(text)
            raise error_fault(column, text)
        if is_one_line and not (is_meant or text.isprintable()) and cells.LINE_BREAK.search(text):
            shown = cells.LINE_BREAK.sub(" ⏎ ", text)
            raise cell_fault(column, shown, SEVERAL_LINES)
        fault = damaged(text)
        if fault and not (is_meant and fault is TURNED):
            raise cell_fault(column, text, fault)
        return text

    return judge


def _damage_of_name(text: str) -> Word | None:
    return GARBLED if cells.is_garbled(text) else None


def _damage_of_id(text: str) -> Word | None:
    if text.isalnum() and text.isascii():  # most of them: what is damaged has marks in it
        return None
    if damage.is_lost(text):
        return LOST
    if damage.is_grouped(text):
        return GROUPED
    return TURNED if damage.is_turned(text) else _damage_of_name(text)


def _damage_of_amount(text: str) -> Word | None:
    if "(" in text and cells.NOTED.fullmatch(text):
        return TWO_IN_ONE
    if damage.is_lost(text):
        return LOST
    is_turned = damage.is_turned(text) or (":" in text and ONE_DIGIT.fullmatch(text))
    return TURNED if is_turned else _damage_of_name(text)


def _damage_of_time(text: str) -> Word | None:
    return LOST if damage.is_lost(text) else None


DAMAGE: dict[Type, Callable[[str], Word | None]] = {
    "id": _damage_of_id,
    "amount": _damage_of_amount,
    "time": _damage_of_time,
    "name": _damage_of_name,
}


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
        return _by_sign(place, header[place])
    pay = re.compile(rule.pay, re.IGNORECASE) if rule.pay else None
    refund = re.compile(rule.refund, re.IGNORECASE)
    column = header[place]
    known: dict[str, str] = {}

    def kind_of(row: Sequence[str]) -> str:
        cell = row[place]
        kind = known.get(cell)
        if kind is None:
            text = cells.id_text(cell)
            if is_error(text):
                raise error_fault(column, text)
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


def _by_sign(place: int, column: str) -> Callable[[Sequence[str]], str]:
    def kind_of(row: Sequence[str]) -> str:
        text = cells.amount_text(row[place])
        if is_error(text):
            raise error_fault(column, text)
        return "refund" if text.startswith("-") else "pay"

    return kind_of
