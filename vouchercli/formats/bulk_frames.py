"""The even lines of large files as columns: cells without the marks around them, then our fields as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.formats.bulk_lines import NotPlainError
from vouchercli.formats.fields import FILLED, type_of
from vouchercli.formats.readers import RowFault
from vouchercli.formats.ways import ByKind, Cell, Made

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from vouchercli.formats.bulk_lines import Sorted
    from vouchercli.formats.layout import Reading
    from vouchercli.formats.ways import Way

# Cells that need no cleaning and cannot be damaged (columns.PLAIN says the same for one row).
PLAIN = {
    "id": r"^[0-9A-Za-z_\-|#/]*$",
    "amount": r"^\d{1,12}(\.\d{1,2})?$",
    "time": r"^(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:[0-5]\d$",
}
LIKE_A_DATE = r"^\d{4}-\d\d-\d\d"
MARKS = " \t`"  # every cell loses them, whatever it is


def cells(reading: Reading, found: Sorted, also: Iterable[int] = ()) -> pl.DataFrame:
    """The columns that the profile reads, and `also` those at these places, as text without the marks around them, named by place."""
    positions = sorted({place for way in (reading.ways or {}).values() for place in places(way)} | set(reading.filters) | set(also))
    return _stripped(read(reading, found, positions), found.data)


def read(reading: Reading, found: Sorted, positions: list[int]) -> pl.DataFrame:
    """Columns as they stand, named by place."""
    import polars as pl

    names = [str(place) for place in positions]
    if not found.data:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    frame = pl.read_csv(found.data, has_header=False, separator=reading.delimiter, quote_char='"' if found.is_quoted else None,
                        infer_schema=False, empty_string_is_null=False, columns=positions)
    frame.columns = names
    if frame.height != len(found.even):
        raise NotPlainError
    return frame


def _stripped(frame: pl.DataFrame, data: bytes) -> pl.DataFrame:
    import polars as pl

    has_marks = b"`" in data or b"\t" in data or b" ," in data or b", " in data
    return frame.with_columns(pl.all().str.strip_chars(MARKS)) if has_marks else frame


def places(way: Way) -> list[int]:
    """The columns that a field is made of."""
    if isinstance(way, ByKind):
        return [*places(way.pay), *places(way.refund)]
    return [] if isinstance(way, str) else [way.place]


def fields(reading: Reading, frame: pl.DataFrame) -> pl.DataFrame:
    """Our fields as text; null where a cell cannot be made into one."""
    ways = reading.ways
    assert ways is not None
    kinds = {"kind": kind(reading, frame, ways["kind"])} if "kind" in ways else {}
    frame = frame.with_columns(**kinds)
    return frame.select([
        (frame.get_column("kind") if field == "kind" else _column(frame, way)).alias(field) for field, way in ways.items()
    ])


def kind(reading: Reading, frame: pl.DataFrame, way: Way) -> pl.Series:
    """pay or refund of each row; '' where that cannot be told."""
    import polars as pl

    if not isinstance(way, Cell):
        return pl.Series("kind", [reading.kind_of(str(way))], dtype=pl.String).new_from_index(0, frame.height)
    found = frame.get_column(str(way.place))
    known = {text: reading.kind_in(way.place, text) for text in found.unique()}
    return found.replace_strict(known, default="", return_dtype=pl.String)


def _column(frame: pl.DataFrame, way: Way) -> Any:
    import polars as pl

    if isinstance(way, str):
        return pl.lit(way)
    if isinstance(way, ByKind):
        return pl.when(pl.col("kind") == "refund").then(_column(frame, way.refund)).otherwise(_column(frame, way.pay))
    text = pl.col(str(way.place))
    if isinstance(way, Made):
        return _made(frame.get_column(str(way.place)), frame.get_column("kind") if "kind" in frame.columns else None, way)
    if way.words:
        text = text.replace(way.words)
    if way.default:
        text = pl.when(text == "").then(pl.lit(way.default)).otherwise(text)
    if way.is_fen:
        padded = text.str.zfill(3)
        text = pl.when(text.str.contains(r"^\d{1,12}$")).then(pl.concat_str(padded.str.head(-2), pl.lit("."), padded.str.tail(2)))
    return pl.when(pl.col("kind") == "refund").then(_opposite(text)).otherwise(text) if way.is_turned else text


def _opposite(text: pl.Expr) -> pl.Expr:
    """`cells.opposite` of an amount."""
    import polars as pl

    is_nothing = text.str.strip_chars("0.") == ""
    return pl.when(text.str.starts_with("-")).then(text.str.slice(1)).when(is_nothing).then(text).otherwise(pl.lit("-") + text)


def _made(found: pl.Series, kinds: pl.Series | None, way: Made) -> pl.Series:
    """The cells put through the profile's own maker, one by one."""
    import polars as pl

    row = [""] * (way.place + 1)
    texts: list[str | None] = []
    for cell, one in zip(found.to_list(), kinds.to_list() if kinds is not None else [""] * found.len(), strict=True):
        row[way.place] = cell
        try:
            texts.append(way.make(row, one))
        except RowFault:
            texts.append(None)
    return pl.Series(texts, dtype=pl.String)


def is_ours(reading: Reading, frame: pl.DataFrame, made: pl.DataFrame) -> pl.Series | None:
    """Which rows the profile does not leave out (a row of which neither payment nor refund can be told is kept, and refused);
    None when it leaves out none."""
    import polars as pl

    kept = None
    for place, is_left_out in reading.filters.items():
        found = frame.get_column(str(place))
        known = {text: not is_left_out(text) for text in found.unique()}
        mine = found.replace_strict(known, return_dtype=pl.Boolean) if known else pl.Series([], dtype=pl.Boolean)
        kept = mine if kept is None else kept & mine
    return kept | (made.get_column("kind") == "") if kept is not None and "kind" in made.columns else kept


def conditions(reading: Reading) -> list[pl.Expr]:
    """What makes a row plain."""
    import polars as pl

    found: list[pl.Expr] = [pl.lit(value=True)]
    for field, way in (reading.ways or {}).items():
        sort, text = type_of(field), pl.col(field)
        if isinstance(way, str) or sort == "kind":
            continue
        found.append(text.is_not_null())
        if not isinstance(way, Made):
            found.append(text.str.contains(PLAIN[sort]))
            if sort == "id":
                found.append(~text.str.contains(LIKE_A_DATE))
        if field in FILLED[reading.profile.kind]:
            found.append(text != "")
    return found
