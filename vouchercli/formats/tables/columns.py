"""From the cells of a row to our fields: the plan of one profile on one header, made once and run
on every row.

Most rows of a large file are plain: nothing to strip, nothing damaged. One regular expression over
the whole row says so, and then the cells are only picked; every other row takes the careful way,
cell by cell. A test holds the two ways together.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING

from vouchercli.formats.configs.fields import ABSENT, FIELDS, FILLED, type_of
from vouchercli.formats.configs.profiles import Spec
from vouchercli.formats.tables import cells, readers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchercli.formats.configs.fields import Type
    from vouchercli.formats.configs.profiles import Profile

# Cells that need no cleaning and cannot be damaged, by type; between them stands the unit
# separator.
SEPARATOR = "\x1f"
# without \u951f, of which garbled texts are made
WORD = "[0-9A-Za-z_\\-()\u00b7\uff08\uff09\u4e00-\u951e\u9520-\u9fff]"
PLAIN: dict[Type, str] = {
    "id": r"(?!\d{4}-\d\d-\d\d(?:[\x1f ]|\Z))[\w\-|#/]*",
    "amount": r"-?\d+(?:\.\d{1,2})?",
    "time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)?",
    "name": rf"(?:{WORD}+(?: {WORD}+)*)?",
}
ANY = r"[^\x1f]*"


class Plan:
    """How the rows under one header become values of `FIELDS[kind]`."""

    def __init__(self, profile: Profile, header: Sequence[str]) -> None:
        self.profile = profile
        self.header = tuple(header)
        self._reads_plain = False
        self.turns_amounts = profile.is_fen or profile.refunds_are_negative
        self._width = len(self.header)
        self._at = {
            cells.column_key(name): position
            for position, name in reversed(list(enumerate(header)))
            if name
        }
        # The row's kind, pay or refund ('' in other kinds of file); raises `RowFault`.
        self.kind = (
            readers.kinds(profile.kind_rule, self._at, self.header)
            if profile.kind == "redemptions"
            else readers.no_kind
        )
        self._plain_types: dict[int, Type] | None = {}
        self._filled: set[int] = set()
        self._first = cells.column_key(self.header[0]) if self.header else ""
        self._ends: dict[
            str, bool
        ] = {}  # last letter of a row's first cell: whether the header's first column ends so
        self.downward: set[int] = set()  # columns whose blank cells are those above them
        self._makers = [self._maker(field) for field in FIELDS[profile.kind]]
        # Nothing in a row but names and numbers: it may look like the header, or like a footer.
        self._is_bare = not {"time", "amount"} & set((self._plain_types or {}).values())
        self._plain = self._plain_row()
        self._reads_plain = (
            True  # from here on the makers are those of plain rows: nothing is cleaned
        )
        self._made: list[Callable[[Sequence[str], str], str]] = []
        silent = [field for field in FIELDS[profile.kind] if self._is_silent(field)]
        self._silent = {field: place for place, field in enumerate(silent, 1)}
        self._constants = [ABSENT.get(field, "") for field in silent]
        self._pick = (
            itemgetter(*[self._quick(field) for field in FIELDS[profile.kind]])
            if self._plain
            else None
        )

    def position(self, *names: str) -> int | None:
        """Where the first of these columns stands that the header has."""
        return next(
            (self._at[key] for name in names if (key := cells.column_key(name)) in self._at), None
        )

    def has(self, field: str) -> bool:
        """Whether the file says anything about this field of ours: by a column, or by the profile's
        own word.
        """
        spec = self.profile.fields.get(field)
        if spec is None:
            return field == "merchant_no" and bool(self.profile.key)
        specs = [one for one in (spec.pay, spec.refund) if one] or [spec]
        return any(
            one.value is not None
            or one.default is not None
            or self.position(*one.columns, *one.join) is not None
            for one in specs
        )

    def plain(self, row: list[str]) -> list[str] | None:
        """The row without backticks and TABs when nothing else is to be cleaned in it; else
        None.
        """
        if self._plain is None or len(row) != self._width:
            return None
        if self._is_bare and self.is_header(row):
            return None
        joined = SEPARATOR.join(row)
        if "`" not in joined and "\t" not in joined:
            return row if self._plain.fullmatch(joined) else None
        if self._is_bare:  # a mark within a name belongs to it
            return None
        joined = joined.replace("`", "").replace("\t", "")
        return joined.split(SEPARATOR) if self._plain.fullmatch(joined) else None

    def is_header(self, row: list[str]) -> bool:
        """Whether a row begins as the header does; where times or amounts are read, no plain row is
        the header once more.
        """
        last = row[0][-1:]
        if last not in self._ends:
            self._ends[last] = cells.column_key(last) in ("", self._first[-1:])
        return self._ends[last] and cells.column_key(row[0]) == self._first

    def finisher(self, field: str, spec: Spec) -> Callable[[Sequence[str], str], str]:
        """The maker of a field out of a row whose cells have been cleaned. It raises `RowFault`."""
        return self._field(field, spec)

    def quick_values(self, row: list[str], kind: str) -> tuple[str, ...]:
        """`values` of a row that `plain` gave: picked out of its cells and the few that must be
        made.
        """
        assert self._pick is not None
        found: tuple[str, ...] = self._pick(
            [kind, *self._constants, *[maker(row, kind) for maker in self._made], *row]
        )
        return found

    def _is_silent(self, field: str) -> bool:
        """Whether neither file nor profile says anything about a field."""
        spec = self.profile.fields.get(field)
        is_made = field == "kind" or (field == "merchant_no" and self.profile.key)
        if spec is None:
            return not is_made
        return self.position(*spec.columns) is None and spec == Spec(
            columns=spec.columns, optional=spec.optional
        )

    def _quick(self, field: str) -> int:
        """Where `quick_values` finds a field, counted from the front (those made) or, for plain
        cells, from the back.
        """
        spec = self.profile.fields.get(field)
        if field == "kind" and self.profile.kind == "redemptions":
            return 0
        position = self.position(*spec.columns) if spec and spec.columns else None
        is_turned = type_of(field) == "amount" and self.turns_amounts
        if (
            spec
            and position is not None
            and not (spec.pattern or spec.words or spec.default or spec.pay or is_turned)
        ):
            return position - self._width
        if field in self._silent:
            return self._silent[field]
        self._made.append(self._maker(field))
        return len(self._silent) + len(self._made)

    def values(self, row: Sequence[str], kind: str) -> tuple[str, ...]:
        """The cleaned texts of `FIELDS[kind]`, '' where the file says nothing. Raises
        `RowFault`.
        """
        return tuple([maker(row, kind) for maker in self._makers])

    def _plain_row(self) -> re.Pattern[str] | None:
        """The pattern of a plain row; None when joined columns are read, or when it may be a footer
        (nothing but names and numbers).
        """
        if self._plain_types is None or (
            self._is_bare and (self.profile.footer or not self._filled)
        ):
            return None
        types, filled = self._plain_types, self._filled
        shapes = [
            (r"(?=[^\x1f])" if at in filled else "") + PLAIN[types[at]] if at in types else ANY
            for at in range(len(self.header))
        ]
        return re.compile(SEPARATOR.join(shapes), re.ASCII)

    def _uses(self, position: int, kind: Type) -> None:
        """Note that a column is read as `kind`; one that is read in two ways has no plain form."""
        if self._plain_types is not None and (
            kind not in PLAIN or self._plain_types.setdefault(position, kind) != kind
        ):
            self._plain_types = None

    def _maker(self, field: str) -> Callable[[Sequence[str], str], str]:
        if field == "kind" and self.profile.kind == "redemptions":
            return lambda _, kind: kind
        spec = self.profile.fields.get(field)
        if field == "merchant_no" and self.profile.key and spec is None:
            return self._key_maker()
        if spec is None:
            return _constant(ABSENT.get(field, ""))
        if spec.pay and spec.refund:
            return _by_kind(self._field(field, spec.pay), self._field(field, spec.refund))
        return self._field(field, spec)

    def _field(self, field: str, spec: Spec) -> Callable[[Sequence[str], str], str]:
        if spec.value is not None:
            return _constant(spec.value)
        if spec.join:
            return self._join_maker(field, spec)
        position = self.position(*spec.columns)
        if position is None:
            return _constant(spec.default if spec.default is not None else ABSENT.get(field, ""))
        column = self.header[position]
        if spec.down:
            self._plain_types = (
                None  # the cells above are looked at: every row goes the careful way
            )
            self.downward |= {position}
        must_be_filled = spec.default is None and (
            field in FILLED[self.profile.kind] or self._is_the_only_merchant(field)
        )
        self._uses(position, type_of(field))
        self._filled |= {position} if must_be_filled else set()
        read = readers.as_it_is if self._reads_plain else readers.reader(field, column)
        pattern = re.compile(spec.pattern) if spec.pattern else None
        finish = self._amount_finish(column) if type_of(field) == "amount" else None

        def make(row: Sequence[str], kind: str) -> str:
            text = read(row[position])
            if text and pattern:
                text = readers.matched(pattern, field, column, text)
            if spec.words:
                text = spec.words.get(text, text)
            if not text:
                if must_be_filled:
                    raise readers.blank_fault(column)
                return spec.default or ""
            return finish(text, kind) if finish else text

        return make

    def _is_the_only_merchant(self, field: str) -> bool:
        """A redemption names its merchant by our number or by the platform's: when the file has one
        of them, it must be filled.
        """
        other = {"merchant_no": "platform_no", "platform_no": "merchant_no"}.get(field)
        if self.profile.kind != "redemptions" or other is None:
            return False
        spec = self.profile.fields.get(other)
        return spec is None or (spec.value is None and self.position(*spec.columns) is None)

    def _amount_finish(self, column: str) -> Callable[[str, str], str] | None:
        """Fen to yuan, and the sign that refund rows have on this platform turned."""
        is_fen, is_negative = self.profile.is_fen, self.profile.refunds_are_negative
        if not self.turns_amounts:
            return None

        def finish(text: str, kind: str) -> str:
            if is_fen:
                try:
                    text = cells.yuan_of_fen(text)
                except ValueError:
                    raise readers.cell_fault(column, text, readers.NOT_FEN) from None
            return cells.opposite(text) if is_negative and kind == "refund" else text

        return finish

    def _join_maker(self, field: str, spec: Spec) -> Callable[[Sequence[str], str], str]:
        self._plain_types = None
        clean = readers.CLEAN[type_of(field)]
        positions = [
            position for name in spec.join if (position := self.position(name)) is not None
        ]
        return lambda row, _: spec.glue.join(
            [text for position in positions if (text := clean(row[position]))]
        )

    def _key_maker(self) -> Callable[[Sequence[str], str], str]:
        """A merchant's number made of the columns of `key:`, each of which must be filled."""
        parts: list[tuple[str, Callable[[Sequence[str], str], str]]] = []
        for name in self.profile.key:
            if name in self.profile.fields:
                position = self.position(*self.profile.fields[name].columns)
                parts.append(
                    (
                        name if position is None else self.header[position],
                        self._field(name, self.profile.fields[name]),
                    )
                )
            else:
                position = self._at[cells.column_key(name)]
                parts.append((name, _picked(position)))

        def make(row: Sequence[str], kind: str) -> str:
            texts = [part(row, kind) for _, part in parts]
            for (name, _), text in zip(parts, texts, strict=True):
                if not text:
                    raise readers.blank_fault(name)
            return cells.identity_key(*texts)

        return make


def _constant(value: str) -> Callable[[Sequence[str], str], str]:
    return lambda row, kind: value


def _picked(position: int) -> Callable[[Sequence[str], str], str]:
    return lambda row, kind: cells.name_text(row[position])


def _by_kind(
    pay: Callable[[Sequence[str], str], str], refund: Callable[[Sequence[str], str], str]
) -> Callable[[Sequence[str], str], str]:
    return lambda row, kind: (refund if kind == "refund" else pay)(row, kind)
