"""The even lines of large files as columns: cells without the marks around them, then our fields as
text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from vouchercli.formats.columnar import mapping
from vouchercli.formats.columnar.lines import NotPlainError
from vouchercli.formats.columnar.mapping import ByKind, Cell, Made
from vouchercli.formats.configs.fields import FILLED, type_of
from vouchercli.formats.tables.readers import RowFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vouchercli.formats.columnar.lines import Sorted
    from vouchercli.formats.columnar.mapping import Way
    from vouchercli.formats.tables.records import Reading

# Cells that need no cleaning and cannot be damaged (columns.PLAIN says the same for one row).
PLAIN = {
    "id": r"^[0-9A-Za-z_\-|#/]*$",
    "amount": r"^\d{1,12}(\.\d{1,2})?$",
    "time": r"^(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:[0-5]\d$",
}
LIKE_A_DATE = r"^\d{4}-\d\d-\d\d"
NO_PLAIN_ID = r"[^0-9A-Za-z_|#/]"
MARKS = " \t`"  # every cell loses them, whatever it is


def cells(reading: Reading, found: Sorted, also: Iterable[int] = ()) -> pl.DataFrame:
    """The columns that the profile reads, and `also` those at these places, named by place: text
    without the marks around it. And `kind`.
    """
    positions = sorted(
        {place for way in (mapping.of(reading) or {}).values() for place in places(way)}
        | set(reading.filters)
        | set(also)
    )
    data = found.data()
    return with_kinds(reading, _stripped(reading, _read(reading, found, data, positions), data))


def _read(reading: Reading, found: Sorted, data: bytes, positions: list[int]) -> pl.DataFrame:
    """Columns as they stand, named by place."""

    names = [str(place) for place in positions]
    if not data:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    frame = pl.read_csv(
        data,
        has_header=False,
        separator=reading.delimiter,
        quote_char='"' if found.is_quoted else None,
        infer_schema=False,
        empty_string_is_null=False,
        columns=positions,
    )
    frame.columns = names
    if frame.height != len(found.even):
        raise NotPlainError
    return frame


def _stripped(reading: Reading, frame: pl.DataFrame, data: bytes) -> pl.DataFrame:

    return (
        frame.with_columns(pl.all().str.strip_chars(MARKS))
        if _has_marks(data, reading.delimiter)
        else frame
    )


def _has_marks(data: bytes, delimiter: str) -> bool:
    """Whether some cell may begin or end with a mark."""

    if b"`" in data or b"\t" in data:
        return True
    octets = np.frombuffer(data, np.uint8)
    blanks = np.flatnonzero(octets == ord(" "))
    beside = octets[
        np.concatenate((np.maximum(blanks - 1, 0), np.minimum(blanks + 1, len(octets) - 1)))
    ]
    return bool(np.isin(beside, [ord(delimiter), ord("\n"), ord('"')]).any())


def places(way: Way) -> list[int]:
    """The columns that a field is made of."""
    if isinstance(way, ByKind):
        return [*places(way.pay), *places(way.refund)]
    return [] if isinstance(way, str) else [way.place]


def fields(reading: Reading, frame: pl.DataFrame) -> pl.DataFrame:
    """`line`, and our fields as text; null where a cell cannot be made into one."""
    ways, clean = mapping.of(reading), Cleaned(frame)
    assert ways is not None
    return frame.select(
        "line",
        *(
            (frame.get_column("kind") if field == "kind" else _column(frame, way, clean)).alias(
                field
            )
            for field, way in ways.items()
        ),
    )


class Cleaned:
    """The cells of columns, cleaned one by one and once only."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._found: dict[tuple[int, str], list[str | None]] = {}

    def __call__(self, way: Made) -> list[str | None]:
        """The cells that a field is made of; None where one cannot be used."""
        key = way.place, way.sort
        if key not in self._found:
            self._found[key] = [
                _or_none(way.read, cell)
                for cell in self._frame.get_column(str(way.place)).to_list()
            ]
        return self._found[key]


def _or_none(read: Callable[[str], str], cell: str) -> str | None:
    try:
        return read(cell)
    except RowFault:
        return None


def with_kinds(reading: Reading, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with their `kind`: pay or refund; '' where that cannot be told, and in files that
    know neither.
    """

    way = (mapping.of(reading) or {}).get("kind", "")
    if not isinstance(way, Cell):
        return frame.with_columns(kind=pl.lit(reading.kind_of(str(way))))
    found = frame.get_column(str(way.place))
    known = {text: reading.kind_in(way.place, text) for text in found.unique()}
    return frame.with_columns(kind=found.replace_strict(known, default="", return_dtype=pl.String))


def _column(frame: pl.DataFrame, way: Way, clean: Cleaned) -> Any:

    if isinstance(way, str):
        return pl.lit(way)
    if isinstance(way, ByKind):
        return (
            pl.when(pl.col("kind") == "refund")
            .then(_column(frame, way.refund, clean))
            .otherwise(_column(frame, way.pay, clean))
        )
    text = pl.col(str(way.place))
    if isinstance(way, Made):
        return _made(clean(way), frame.get_column("kind").to_list(), way)
    if way.words:
        text = text.replace(way.words)
    if way.default:
        text = pl.when(text == "").then(pl.lit(way.default)).otherwise(text)
    if way.is_fen:
        padded = text.str.zfill(3)
        text = pl.when(text.str.contains(r"^\d{1,12}$")).then(
            pl.concat_str(padded.str.head(-2), pl.lit("."), padded.str.tail(2))
        )
    return (
        pl.when(pl.col("kind") == "refund").then(_opposite(text)).otherwise(text)
        if way.is_turned
        else text
    )


def _opposite(text: pl.Expr) -> pl.Expr:
    """`cells.opposite` of an amount."""

    is_nothing = text.str.strip_chars("0.") == ""
    return (
        pl.when(text.str.starts_with("-"))
        .then(text.str.slice(1))
        .when(is_nothing)
        .then(text)
        .otherwise(pl.lit("-") + text)
    )


def _made(found: list[str | None], kinds: list[str], way: Made) -> pl.Series:
    """The cleaned cells put through the profile's own maker, one by one."""

    row = [""] * (way.place + 1)
    texts: list[str | None] = []
    for cell, one in zip(found, kinds, strict=True):
        try:
            row[way.place] = cell or ""
            texts.append(None if cell is None else way.make(row, one))
        except RowFault:
            texts.append(None)
    return pl.Series(texts, dtype=pl.String)


def is_ours(reading: Reading, frame: pl.DataFrame) -> pl.Series | None:
    """Which rows the profile does not leave out (a row of which neither payment nor refund can be
    told is kept, and refused); None when it leaves out none.
    """

    kept = None
    for place, is_left_out in reading.filters.items():
        found = frame.get_column(str(place))
        known = {text: not is_left_out(text) for text in found.unique()}
        mine = (
            found.replace_strict(known, return_dtype=pl.Boolean)
            if known
            else pl.Series([], dtype=pl.Boolean)
        )
        kept = mine if kept is None else kept & mine
    return (
        kept | (frame.get_column("kind") == "")
        if kept is not None and reading.profile.kind == "redemptions"
        else kept
    )


def is_plain(reading: Reading, frame: pl.DataFrame) -> pl.Series:
    """Which rows need no cleaning. Identifiers without a hyphen are no dates: only the others are
    looked at twice.
    """

    plain = frame.select(pl.all_horizontal(_conditions(reading, is_quick=True))).to_series()
    if plain.all():
        return plain
    found = plain.to_numpy().copy()
    found[~found] = (
        frame.filter(~plain)
        .select(pl.all_horizontal(_conditions(reading, is_quick=False)))
        .to_series()
        .to_numpy()
    )
    return pl.Series(found)


def _conditions(reading: Reading, *, is_quick: bool) -> list[pl.Expr]:

    found: list[pl.Expr] = [pl.lit(value=True)]
    for field, way in (mapping.of(reading) or {}).items():
        sort, text = type_of(field), pl.col(field)
        if isinstance(way, str) or sort == "kind":
            continue
        found.append(text.is_not_null())
        if not isinstance(way, Made):
            if sort == "id" and is_quick:
                found.append(~text.str.contains(NO_PLAIN_ID))
            elif sort == "id":
                found += [text.str.contains(PLAIN[sort]), ~text.str.contains(LIKE_A_DATE)]
            else:
                found.append(text.str.contains(PLAIN[sort]))
        if field in FILLED[reading.profile.kind]:
            found.append(text != "")
    return found


def fen(column: str) -> pl.Expr:
    """Plain amounts in yuan (`PLAIN`: at most two decimals) as fen, as `rules.money.parse_yuan`; no
    binary fraction comes into it.
    """

    return pl.col(column).cast(pl.Decimal(20, 2), strict=False).to_physical().cast(pl.Int64)
