"""From the cells of a row to our fields: the plan of one profile on one header, made once and run
on every row.

Most rows of a large file are clean: nothing to strip, nothing damaged. One regular expression over
the whole row says so, and then the cells are only picked; every other row is read cell by cell. A
test holds both against each other.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from vouchercli.formats.configs.fields import (
    ABSENT,
    CODES,
    FIELDS_OF,
    FILLED,
    WITH_REFUNDS,
    type_of,
)
from vouchercli.formats.configs.profiles import Spec
from vouchercli.formats.tables import cells, readers
from vouchercli.formats.tables.csvs import BrokenRow
from vouchercli.formats.tables.damage import SUSPECT
from vouchercli.formats.tables.headers import MERCHANT
from vouchercli.formats.tables.nothing import fold
from vouchercli.formats.tables.origins import (
    KIND,
    ByKind,
    Cell,
    Joined,
    Key,
    Origin,
    is_columnar,
    parts_of,
)
from vouchercli.formats.tables.readers import RowFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchercli.formats.configs.fields import Type
    from vouchercli.formats.configs.profiles import Profile

    Maker = Callable[[Sequence[str], str], str]  # from a row and its kind to a field

# The unit separator stands between the cells of a row that is read as one text.
SEPARATOR = "\x1f"
# without \u951f, of which garbled texts are made
WORD = "[0-9A-Za-z_\\-()\u00b7\uff08\uff09\u4e00-\u951e\u9520-\u9fff]"
ID = r"0-9A-Za-z_|#/"  # what identifiers are made of, beside the hyphen
DATE = r"\d{4}-\d\d-\d\d"
END = r"(?:\x1f|\Z)"  # of a cell
NULL_NAMES = (
    r"-+|[Nn](?i:ull|an?|one?|il|at)|[Uu](?i:ndefined)|\((?i:null|blank|na|none)\)|\(空白\)"
    r"|（空白）|无|暂无|空|未填|未填写"
)
# Cells that need no cleaning, cannot be damaged and say something, by type.
CLEAN: dict[Type, str] = {
    "id": rf"(?!(?:{SUSPECT}){END})[{ID}\-]*",
    "amount": r"-?\d+(?:\.\d{1,2})?",
    "time": rf"{DATE}[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)?",
    "name": rf"(?!(?:{NULL_NAMES}){END})(?:{WORD}+(?: {WORD}+)*)?",
}
ANY = r"[^\x1f]*"
# The field that tells the rows of a kind apart.
NUMBERS = {
    "merchants": "merchant_no",
    "applications": "application_no",
    "eligibility": "resident",
    "series": "period",
    "claims": "claim_no",
    "redemptions": "transaction_no",
    "answers": "transfer_no",
    "holds": "reason",
    "releases": "hold_no",
    "cells": "round",
    "survey": "round",
    "bills": "transaction_no",
    "day_bills": "merchant_no",
    "statements": "statement_no",
    "results": "number",
}


class Plan:
    """How the rows under one header become values of `FIELDS_OF[kind]`; `origins` says where each
    field comes from, `downward` which columns repeat the cell above where they are blank, `codes`
    which hold codes that may begin with zeros.
    """

    def __init__(self, profile: Profile, header: Sequence[str]) -> None:
        self.profile = profile
        self.header = tuple(header)
        self._places = {
            cells.column_key(name): place
            for place, name in reversed(list(enumerate(header)))
            if name
        }
        # Whether the header's first column ends so, by the last letter of a row's first cell.
        self._endings: dict[str, bool] = {}
        self._first = cells.column_key(self.header[0]) if self.header else ""
        rule, is_redemption = profile.kind_rule, profile.kind in WITH_REFUNDS
        # The column that distinguishes payments from refunds.
        self.kind_place = (
            self.position(*(rule.columns or (rule.sign,)))
            if is_redemption and not rule.value
            else None
        )
        # The row's kind, pay or refund ('' in other kinds of file); raises `RowFault`.
        self.kind = (
            readers.kinds(rule, self.kind_place, self.header) if is_redemption else readers.no_kind
        )
        self.origins = {field: self._origin_of(field) for field in FIELDS_OF[profile.kind]}
        self.parts = [part for origin in self.origins.values() for part in parts_of(origin)]
        columns = [part for part in self.parts if isinstance(part, Cell)]
        self.codes = {cell.place for cell in columns if cell.field in CODES}
        # Where amounts stand.
        self.amounts = {cell.place for cell in columns if cell.type == "amount"}
        self.downward = {cell.place for cell in columns if cell.spec.down}
        # Nothing in a row but names and numbers: it may look like the header, or like a footer.
        self.is_bare = not {"time", "amount"} & {cell.type for cell in columns}
        self._clean = self._clean_row(columns)
        self._number = self.maker(self.origins[NUMBERS[profile.kind]])
        self._makers = [self.maker(origin) for origin in self.origins.values()]
        self._texts: list[str] = []
        self._clean_makers: list[Maker] = []
        self._pick = itemgetter(*self._slots())

    @property
    def is_columnar(self) -> bool:
        """Whether every field can be made of whole columns (`columnar`)."""
        return self.profile.kind != "merchants" and all(map(is_columnar, self.origins.values()))

    def position(self, *names: str) -> int | None:
        """The position of the first of these columns that the header has."""
        return next(
            (self._places[key] for key in map(cells.column_key, names) if key in self._places),
            None,
        )

    def has(self, field: str) -> bool:
        """Whether this field of ours comes from a column of the file or is fixed by the profile."""
        spec = self.profile.fields.get(field)
        if spec is None:
            return field == "merchant_no" and bool(self.profile.key)
        return any(
            part.value is not None
            or part.default is not None
            or self.position(*part.columns, *part.join) is not None
            for part in (spec.pay, spec.refund, spec)
            if part
        )

    def clean_row(self, row: list[str]) -> list[str] | None:
        """The row without backticks and TABs when nothing else is to be cleaned in it; else
        None.
        """
        if self._clean is None or len(row) != len(self.header) or row.__class__ is BrokenRow:
            return None
        if self.is_bare and self.is_header(row):
            return None
        joined = SEPARATOR.join(row)
        if "`" not in joined and "\t" not in joined:
            return row if self._clean.fullmatch(joined) else None
        if self.is_bare:  # a mark within a name belongs to it
            return None
        joined = joined.replace("`", "").replace("\t", "")
        return joined.split(SEPARATOR) if self._clean.fullmatch(joined) else None

    def has_number(self, row: Sequence[str]) -> bool:
        """Whether a row has what tells the rows of its kind apart: a claim's number, a
        resident.
        """
        try:
            return bool(self._number(row, ""))
        except RowFault:
            return False

    def is_header(self, row: list[str]) -> bool:
        """Whether a row begins as the header does; where times or amounts are read, no clean row is
        the header once more.
        """
        return self._ends_as_header(row[0][-1:]) and cells.column_key(row[0]) == self._first

    def _ends_as_header(self, last: str) -> bool:
        if last not in self._endings:
            self._endings[last] = cells.column_key(last) in ("", self._first[-1:])
        return self._endings[last]

    def clean_values(self, row: list[str], kind: str) -> tuple[str, ...]:
        """`values` of a row that `clean_row` gave: picked out of its cells and the few that must
        be made.
        """
        made = [maker(row, kind) for maker in self._clean_makers]
        values: tuple[str, ...] = self._pick([*row, kind, *self._texts, *made])
        return values

    def are_clean(self, rows: Sequence[list[str]]) -> list[bool]:
        """Of each row (none of them broken) whether `clean_row` would give it back as it is."""
        if self._clean is None:
            return [False] * len(rows)
        matches, width = self._clean.fullmatch, len(self.header)
        texts = [*map(SEPARATOR.join, rows)]
        found = [
            cells == width and match is not None
            for cells, match in zip(map(len, rows), map(matches, texts), strict=True)
        ]
        if any(mark in "".join(texts) for mark in "`\t"):
            found = [
                is_clean and "`" not in text and "\t" not in text
                for is_clean, text in zip(found, texts, strict=True)
            ]
        lasts = {row[0][-1:] for row in rows if row}
        if self.is_bare and any(map(self._ends_as_header, lasts)):
            found = [
                is_clean and not self.is_header(row)
                for is_clean, row in zip(found, rows, strict=True)
            ]
        return found

    def clean_columns(self, rows: Sequence[list[str]]) -> list[Sequence[str]] | None:
        """`clean_values` of rows that are clean, by fields; None when there are none, or one of
        them is refused or holds an error.
        """
        if not rows:
            return None
        try:
            made = [[maker(row, "") for row in rows] for maker in self._clean_makers]
        except RowFault:
            return None
        if any(map(readers.is_unknown, chain.from_iterable(made))):
            return None
        same = [[text] * len(rows) for text in ("", *self._texts)]
        return [*self._pick([*zip(*rows, strict=True), *same, *made])]

    def values(self, row: Sequence[str], kind: str) -> tuple[str, ...]:
        """The cleaned texts of `FIELDS_OF[kind]`, '' where the file says nothing. Raises
        `RowFault`.
        """
        return tuple([maker(row, kind) for maker in self._makers])

    def maker(self, origin: Origin, *, is_clean: bool = False) -> Maker:
        """The function that makes a field of a row; of one whose cells have been cleaned when
        `is_clean`. It raises `RowFault`.
        """
        if isinstance(origin, str):
            return lambda row, kind: origin
        if isinstance(origin, Joined):
            return _joined_maker(origin)
        if isinstance(origin, Cell):
            return _cell_maker(origin, is_clean=is_clean)
        makers = [
            self.maker(part, is_clean=is_clean)
            for part in (origin.parts if isinstance(origin, Key) else origin)
        ]
        if isinstance(origin, Key):
            return _key_maker(origin, makers)
        return lambda row, kind: makers[kind == "refund"](row, kind)

    def _origin_of(self, field: str) -> Origin:
        spec = self.profile.fields.get(field)
        if field == "kind" and self.profile.kind in WITH_REFUNDS:
            return KIND
        if spec:
            return self._origin(field, spec)
        if field == "merchant_no" and self.profile.key:
            return self._key()
        return ABSENT.get(field, "")

    def _key(self) -> Key:
        """A merchant's number made of the profile's `key`: of fields of ours, or of columns."""
        parts: list[Origin] = []
        columns = []
        for name in self.profile.key:
            spec = self.profile.fields.get(name) or Spec(columns=(name,))
            field = name if name in self.profile.fields else "address"  # a text like any other
            origin = self._origin(field, spec, is_key=True)
            parts.append(origin)
            columns.append(origin.column if isinstance(origin, Cell) else name)
        optional = frozenset(
            place
            for place, name in enumerate(self.profile.key)
            if name in self.profile.key_may_lack
        )
        return Key(tuple(columns), tuple(parts), optional)

    def _origin(self, field: str, spec: Spec, *, is_key: bool = False) -> Origin:
        if spec.value is not None:
            return spec.value
        if spec.pay and spec.refund:
            return ByKind(self._origin(field, spec.pay), self._origin(field, spec.refund))
        if spec.join:
            places = [self.position(name) for name in spec.join]
            parts = [
                self._cell(field, place, replace(spec, words={}), is_key=is_key)._replace(
                    is_needed=False, is_fen=False, is_turned=False, forms=()
                )
                for place in places
                if place is not None
            ]
            return Joined(tuple(parts), spec.glue, spec.time or self.profile.time)
        place = self.position(*spec.columns)
        if place is None:
            return spec.default if spec.default is not None else ABSENT.get(field, "")
        return self._cell(field, place, spec, is_key=is_key)

    def _cell(self, field: str, place: int, spec: Spec, *, is_key: bool) -> Cell:
        if spec.default is None and field in ABSENT:  # a blank cell says no more than no column
            spec = replace(spec, default=ABSENT[field])
        is_merchant = self.profile.kind == "merchants"
        is_needed = spec.default is None and (
            field in FILLED[self.profile.kind] or self._is_the_only_merchant(field)
        )
        is_amount, is_time = type_of(field) == "amount", type_of(field) == "time"
        return Cell(
            field,
            place,
            self.header[place],
            spec,
            is_needed,
            is_amount and self.profile.is_fen,
            is_amount and self.profile.refunds_are_negative,
            frozenset(map(fold, (*self.profile.blank, *spec.blank))),
            (spec.time or self.profile.time) if is_time else (),
            is_merchant and not is_key and field not in FILLED["merchants"],
            is_amount and self.profile.has_decimal_comma,
        )

    def _is_the_only_merchant(self, field: str) -> bool:
        """A redemption names its merchant by our number or by the platform's: when the file has one
        of them, it must be filled.
        """
        others = [
            spec for name, spec in self.profile.fields.items() if name in MERCHANT and name != field
        ]
        return (
            self.profile.kind == "redemptions"
            and field in MERCHANT
            and all(spec.value is None and self.position(*spec.columns) is None for spec in others)
        )

    def _clean_row(self, columns: list[Cell]) -> re.Pattern[str] | None:
        """The pattern of a clean row; None where there is none: a column is read as two types, the
        cells above are looked at, commas stand before decimals, joined cells may hold marks, or a
        row may be a footer (nothing but names and numbers).
        """
        types = {cell.place: cell.type for cell in columns}
        needed = {cell.place for cell in columns if cell.is_needed}
        if (
            self.downward
            or any(cell.has_comma for cell in columns)
            or any(types[cell.place] != cell.type for cell in columns)
            or (self.is_bare and (self.profile.footer or not needed))
            or (not self.is_bare and len(columns) != len(self.parts))
        ):
            return None
        shapes = [
            (r"(?=[^\x1f])" if place in needed else "") + CLEAN[types[place]]
            if place in types
            else ANY
            for place in range(len(self.header))
        ]
        return re.compile(SEPARATOR.join(shapes), re.ASCII)

    def _slots(self) -> list[int]:
        """Where `clean_values` finds each field: in the row's own cells, and behind them in its
        kind, the texts that are the same for every row, and the fields that must be made.
        """
        width = len(self.header)
        self._texts = [origin for origin in self.origins.values() if isinstance(origin, str)]
        slots, texts = [], 0
        for origin in self.origins.values():
            if origin is KIND:
                slots.append(width)
            elif isinstance(origin, Cell) and origin.is_copied:
                slots.append(origin.place)
            elif isinstance(origin, str):
                texts += 1
                slots.append(width + texts)
            else:
                self._clean_makers.append(self.maker(origin, is_clean=True))
                slots.append(width + len(self._texts) + len(self._clean_makers))
        return slots


def _cell_maker(cell: Cell, *, is_clean: bool) -> Maker:
    place, column, needs_pattern = cell.place, cell.column, cell.spec.pattern
    default = cell.spec.default or ""
    read = _read_clean(cell) if is_clean and not needs_pattern else readers.reader_of(cell)

    def make(row: Sequence[str], kind: str) -> str:
        text = read(row[place])
        if not text:
            if not cell.is_needed:
                return default
            if cell.type != "amount" or not (text := cells.amount_text(row[place])):
                raise _lacking(column, row[place])
        if cell.is_fen:
            text = readers.yuan_of_fen(column, text)
        return cells.opposite(text) if cell.is_turned and kind == "refund" else text

    return make


def _read_clean(cell: Cell) -> Callable[[str], str]:
    """The reader of a cell that needs no cleaning and is not damaged."""
    words, blanks = cell.spec.words, cell.blanks

    def read(text: str) -> str:
        if text in words:
            return words[text]
        return "" if blanks and fold(text) in blanks else text

    return read


def _lacking(column: str, cell: str) -> readers.RowFault:
    """Why a value that every row needs is not there: the cell is blank, or says so."""
    text = cells.bare_text(cell)
    return (
        readers.cell_fault(column, text, readers.NOTHING) if text else readers.blank_fault(column)
    )


def _joined_maker(origin: Joined) -> Maker:
    """Several columns in one; where one of them is an error, so is the whole."""
    reads = [(cell.place, readers.reader_of(cell, is_part=True)) for cell in origin.cells]
    name = origin.glue.join(cell.column for cell in origin.cells)

    def make(row: Sequence[str], kind: str) -> str:
        texts = [text for place, read in reads if (text := read(row[place]))]
        unknown = [text for text in texts if text.startswith(readers.UNKNOWN)]
        if unknown:
            return unknown[0]
        text = origin.glue.join(texts)
        return readers.time_of(name, text, origin.forms) if origin.is_time and text else text

    return make


def _key_maker(key: Key, makers: list[Maker]) -> Maker:
    def make(row: Sequence[str], kind: str) -> str:
        texts = [maker(row, kind) for maker in makers]
        for place, text in enumerate(texts):
            if not text and place not in key.optional:
                raise readers.blank_fault(key.columns[place])
        return cells.identity_key(*texts)

    return make
