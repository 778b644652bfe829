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
    `is_fen`: the amount is in fen; `is_turned`: the amount of a refund has the other sign.
    """

    field: str
    place: int
    column: str
    spec: Spec
    is_needed: bool
    is_fen: bool
    is_turned: bool

    @property
    def type(self) -> Type:
        """How the cell is cleaned."""
        return type_of(self.field)

    @property
    def is_copied(self) -> bool:
        """Whether a clean cell is the field without any change."""
        spec = self.spec
        return not (spec.pattern or spec.words or spec.default or self.is_fen or self.is_turned)


class ByKind(NamedTuple):
    """A field that payments and refunds have in different columns."""

    pay: Origin
    refund: Origin


class Joined(NamedTuple):
    """The texts of several columns, with `glue` between them."""

    places: tuple[int, ...]
    glue: str
    type: Type


class Key(NamedTuple):
    """A merchant's number made of other columns, each of which must be filled."""

    columns: tuple[str, ...]
    parts: tuple[Origin, ...]


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
    return (part.place,) if isinstance(part, Cell) else part.places


def is_columnar(origin: Origin) -> bool:
    """Whether the field can be made of whole columns."""
    if isinstance(origin, ByKind):
        return all(
            is_columnar(part) and not (isinstance(part, Cell) and part.spec.pattern)
            for part in origin
        )
    if isinstance(origin, Cell):
        is_computed = origin.is_fen or origin.is_turned
        return not (origin.spec.down or (origin.spec.pattern and is_computed))
    return isinstance(origin, str)
