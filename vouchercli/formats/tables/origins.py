"""Where our fields come from in a file: what a profile says of each, held against one header.

It is said here once and read twice: `plans` makes the fields of one row of it, `columnar.frames`
those of whole columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats.configs.fields import type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.configs.fields import Type
    from vouchercli.formats.configs.profiles import Spec


class Cell(NamedTuple):
    """A field that is read from one column. `is_needed`: a row that leaves it blank is refused;
    `is_fen`: the amount is in fen; `is_turned`: the amount of a refund has the other sign;
    `blanks`: the words that say that nothing is there, folded; `forms`: how times are written;
    `may_stay`: where it is a spreadsheet's error, what is known stays; `has_comma`: a comma stands
    before the decimals of an amount.
    """

    field: str
    place: int
    column: str
    spec: Spec
    is_needed: bool
    is_fen: bool = False
    is_turned: bool = False
    blanks: frozenset[str] = frozenset()
    forms: tuple[str, ...] = ()
    may_stay: bool = False
    has_comma: bool = False

    @property
    def type(self) -> Type:
        """How the cell is cleaned."""
        return type_of(self.field)

    @property
    def is_copied(self) -> bool:
        """Whether a clean cell is the field without any change. A clean amount is never blank."""
        spec = self.spec
        has_default = spec.default and self.type != "amount"
        is_made = spec.pattern or spec.words or self.blanks or has_default
        return not (is_made or self.is_fen or self.is_turned)

    @property
    def is_read_one_by_one(self) -> bool:
        """Whether only a look at each cell makes the field of it."""
        return bool(self.spec.pattern or self.forms or self.has_comma)


class ByKind(NamedTuple):
    """A field that payments and refunds have in different columns."""

    pay: Origin
    refund: Origin


class Joined(NamedTuple):
    """The texts of several columns, with `glue` between them."""

    cells: tuple[Cell, ...]
    glue: str
    forms: tuple[str, ...] = ()

    @property
    def is_time(self) -> bool:
        """Whether a date and a time of day are joined."""
        return any(cell.type == "time" for cell in self.cells)


class Key(NamedTuple):
    """A merchant's number made of other columns, each of which must be filled but the optional
    ones.
    """

    columns: tuple[str, ...]
    parts: tuple[Origin, ...]
    optional: frozenset[int] = frozenset()


Origin = str | Cell | ByKind | Joined | Key  # a text is the same for every row
KIND = ByKind("pay", "refund")  # the field that distinguishes them


def parts_of(origin: Origin) -> Iterator[Cell | Joined]:
    """What a field is read from."""
    if isinstance(origin, Cell | Joined):
        yield origin
    elif not isinstance(origin, str):
        for part in origin.parts if isinstance(origin, Key) else origin:
            yield from parts_of(part)


def places_of(part: Cell | Joined) -> tuple[int, ...]:
    """The columns that a part is read from."""
    return tuple(cell.place for cell in ((part,) if isinstance(part, Cell) else part.cells))


def is_columnar(origin: Origin) -> bool:
    """Whether the field can be made of whole columns."""
    if isinstance(origin, ByKind):
        return all(
            is_columnar(part) and not (isinstance(part, Cell) and part.is_read_one_by_one)
            for part in origin
        )
    if isinstance(origin, Cell):
        is_computed = origin.is_fen or origin.is_turned
        return not (origin.spec.down or (origin.is_read_one_by_one and is_computed))
    return isinstance(origin, str)
