"""The regular lines of large files as columns: cells without the marks around them, then our
fields as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import col, lit, when

from vouchercli import identities
from vouchercli.formats.columnar.lines import NotByLinesError
from vouchercli.formats.configs.fields import FILLED, GROUPS, KEYS, WITH_REFUNDS, type_of
from vouchercli.formats.tables import currencies
from vouchercli.formats.tables.cells import column_key
from vouchercli.formats.tables.damage import SUSPECT
from vouchercli.formats.tables.nothing import NAMED, NULL_WORDS
from vouchercli.formats.tables.origins import ByKind, Cell, Origin
from vouchercli.formats.tables.plans import ID
from vouchercli.formats.tables.readers import RowFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.formats.columnar.lines import Lines
    from vouchercli.formats.tables.records import Reading

# Amounts and times that `fen` and the proof's moments can read: fewer than `plans.CLEAN` accepts.
AMOUNT = r"^\d{1,12}(\.\d{1,2})?$"
COMPACT = r"^(19|20)\d{6}[ T]?\d{6}$"  # 20200328121005, 20200328 121005
TIME = r"^(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:[0-5]\d$"
# What an identifier cannot be; those with a hyphen are looked at twice.
NO_ID, NO_ID_WITHOUT_HYPHEN = (rf"[^{marks}]|^(?:{SUSPECT})$" for marks in (rf"{ID}\-", ID))
# The words for nothing as programs write them; any other spelling is read row by row.
NULLS = {
    spelling: ""
    for word in sorted(NULL_WORDS)
    if word.isascii()
    for spelling in (word, word.upper(), word.capitalize())
}
# What an identity in a key looks like. The regular expressions of polars look neither forward nor
# back, so that a few rows more than those are read one by one.
NUMBER_OF_A_PERSON = (
    r"(?:^|\D)[1-9]\d{5}-?((?:19|20)\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-?\d{3}"
    r"[\dXx](?:$|\D)"
)
MOBILE_OR_EMAIL = r"^(?:(?:00)?86)?-?1[3-9]\d(?:-?\d){8}$|@"
OF_15_TO_19 = r"^\d{15,19}$"
TOKEN = "token:"
MARKS = " \t`"  # every cell loses them, whatever it is


def cells(reading: Reading, rows: Lines, also: Iterable[int] = ()) -> pl.DataFrame:
    """The columns that the profile reads, and `also` those at these places, named by place: text
    without the marks around it. And `kind`.
    """
    plan = reading.plan
    positions = {part.place for part in plan.parts if isinstance(part, Cell)}
    positions.update(also, (place for place, _ in reading.filters))
    positions |= {place for place in (plan.kind_place, reading.currency) if place is not None}
    data = rows.text()
    frame = _read(reading, rows, data, sorted(positions))
    if _has_marks(data, rows.table.delimiter):
        frame = frame.with_columns(pl.all().str.strip_chars(MARKS))
    return _with_kinds(reading, frame)


def _read(reading: Reading, rows: Lines, data: bytes, positions: list[int]) -> pl.DataFrame:
    """The columns as they are written, named by place."""

    names = [str(place) for place in positions]
    if not data:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    frame = pl.read_csv(
        data,
        has_header=False,
        separator=rows.table.delimiter,
        quote_char='"' if rows.is_quoted else None,
        infer_schema=False,
        empty_string_is_null=False,
        columns=positions,
    )
    frame.columns = names
    if frame.height != len(rows.regular):
        raise NotByLinesError
    return frame


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


def fields(reading: Reading, frame: pl.DataFrame) -> pl.DataFrame:
    """`line`, and our fields as text; null where a cell cannot be made into one."""
    return frame.select(
        "line",
        *(
            (col("kind") if field == "kind" else _column(reading, frame, origin)).alias(field)
            for field, origin in reading.plan.origins.items()
        ),
    )


def _text_or_none(make: Callable[..., str], *given: object) -> str | None:
    try:
        return make(*given)
    except RowFault:
        return None


def _with_kinds(reading: Reading, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with their `kind`: pay or refund; '' where that is not clear, and in files that
    know neither.
    """
    plan = reading.plan
    if plan.kind_place is None:
        return frame.with_columns(kind=lit(plan.kind([])))
    texts = frame.get_column(str(plan.kind_place))
    kinds = {
        text: _text_or_none(plan.kind, [text] * len(plan.header)) or "" for text in texts.unique()
    }
    return frame.with_columns(kind=texts.replace_strict(kinds, default="", return_dtype=pl.String))


def _column(reading: Reading, frame: pl.DataFrame, origin: Origin) -> Any:
    if isinstance(origin, ByKind):
        pay, refund = (_column(reading, frame, part) for part in origin)
        return when(col("kind") == "refund").then(refund).otherwise(pay)
    if not isinstance(origin, Cell):
        return lit(origin)
    spec = origin.spec
    if origin.type == "name":
        return _names(reading, frame, origin)
    if origin.is_read_one_by_one:
        make = reading.plan.maker(origin._replace(place=0))
        texts = frame.get_column(str(origin.place)).to_list()
        pairs = zip(texts, frame["kind"], strict=True)
        return pl.Series(
            [_text_or_none(make, [text], kind) for text, kind in pairs], dtype=pl.String
        )
    column = _without_nothing(origin, col(str(origin.place)))
    if origin.type == "time" and frame[str(origin.place)].str.contains(COMPACT).any():
        column = when(column.str.contains(COMPACT)).then(_spaced(column)).otherwise(column)
    if spec.default:
        column = when(column == "").then(lit(spec.default)).otherwise(column)
    if origin.is_fen:
        padded = column.str.zfill(3)
        column = when(column.str.contains(r"^\d{1,12}$")).then(
            pl.concat_str(padded.str.head(-2), lit("."), padded.str.tail(2))
        )
    if origin.is_turned:
        column = when(col("kind") == "refund").then(_opposite(column)).otherwise(column)
    return column


def _names(reading: Reading, frame: pl.DataFrame, origin: Cell) -> pl.Series:
    """Names of groups and districts, each read once as a row would be; None where a name may hold
    a person.
    """
    make = reading.plan.maker(origin._replace(place=0))
    texts = frame.get_column(str(origin.place))
    names = {text: _text_or_none(make, [text], "") for text in texts.unique()}
    for text, name in names.items():
        if name and origin.field in GROUPS and (identities.SUSPECT.search(name) or TOKEN in name):
            names[text] = None
    return texts.replace_strict(names, return_dtype=pl.String)


def _without_nothing(cell: Cell, column: pl.Expr) -> pl.Expr:
    """The texts with the profile's words in place of its own, and '' where one says that nothing is
    there. In a field that every row needs that is left to the rows, which say what is wrong.
    """
    words = cell.spec.words
    texts = column.replace(words) if words else column
    if cell.blanks:
        is_blank = column.str.strip_chars().str.to_lowercase().is_in(sorted(cell.blanks))
        is_meant = column.is_in([*words]) if words else lit(value=False)
        texts = when(is_blank & ~is_meant).then(lit("")).otherwise(texts)
    if cell.is_needed or cell.field in NAMED:
        return texts
    nulls = {word: "" for word in NULLS if word not in words and word not in words.values()}
    return texts.replace(nulls)


def _spaced(text: pl.Expr) -> pl.Expr:
    """`COMPACT` times as `2020-03-28 12:10:05`."""
    digits = text.str.replace_all("[ T]", "")
    marks = ("", "-", "-", " ", ":", ":")
    cuts = ((0, 4), (4, 2), (6, 2), (8, 2), (10, 2), (12, 2))
    parts = [
        part
        for mark, (start, length) in zip(marks, cuts, strict=True)
        for part in (lit(mark), digits.str.slice(start, length))
    ]
    return pl.concat_str(parts)


def _opposite(text: pl.Expr) -> pl.Expr:
    """`cells.opposite` of an amount."""
    is_nothing = text.str.strip_chars("0.") == ""
    return (
        when(text.str.starts_with("-"))
        .then(text.str.slice(1))
        .when(is_nothing)
        .then(text)
        .otherwise(lit("-") + text)
    )


def is_ours(reading: Reading, frame: pl.DataFrame) -> pl.Series | None:
    """Which rows the profile does not leave out (a row of which neither payment nor refund can be
    told is kept, and refused); None when it leaves out none.
    """

    if not reading.filters:
        return None
    is_kept = pl.Series([True]).new_from_index(0, frame.height)
    for place, is_left_out in reading.filters:
        texts = frame.get_column(str(place))
        known = {text: not is_left_out(text) for text in texts.unique()}
        is_kept &= texts.replace_strict(known, default=True, return_dtype=pl.Boolean)
    if reading.profile.kind in WITH_REFUNDS:
        is_kept |= frame["kind"] == ""
    return is_kept


def is_in_yuan(reading: Reading, frame: pl.DataFrame) -> pl.Series | None:
    """Which rows say yuan, or nothing, in the column of their currency; None: there is none."""
    if reading.currency is None:
        return None
    texts = frame.get_column(str(reading.currency))
    return texts.is_in([text for text in texts.unique() if currencies.is_yuan(text)])


def has_plain_cells(reading: Reading, frame: pl.DataFrame) -> pl.Series:
    """Which rows need no cleaning. Only those with a hyphen in an identifier are looked at
    twice.
    """
    is_regular = frame.select(_has_plain_cells(reading, frame, NO_ID_WITHOUT_HYPHEN)).to_series()
    if is_regular.all():
        return is_regular
    is_right = is_regular.to_numpy().copy()
    others = frame.filter(~is_regular)
    is_right[~is_right] = others.select(_has_plain_cells(reading, others, NO_ID)).to_series()
    return pl.Series(is_right)


def _has_plain_cells(reading: Reading, frame: pl.DataFrame, no_id: str) -> pl.Expr:
    conditions: list[pl.Expr] = [lit(value=True)]
    for field, origin in reading.plan.origins.items():
        if isinstance(origin, str) or field == "kind":
            continue
        text, sort = col(field), type_of(field)
        conditions.append(text.is_not_null())
        if sort == "name":
            continue
        conditions.append(
            text.str.contains(AMOUNT if sort == "amount" else TIME)
            if sort in ("amount", "time")
            else ~text.str.contains(no_id)
        )
        if field in FILLED[reading.profile.kind]:
            conditions.append(text != "")
    conditions += [~each for each in _may_hold_identities(reading, frame)]
    conditions += [~each for each in _may_be_the_header(reading)]
    return pl.all_horizontal(conditions)


def _may_hold_identities(reading: Reading, frame: pl.DataFrame) -> Iterator[pl.Expr]:
    """Where a key or a group may hold a person: such rows are looked at one by one. Some platforms
    number by district and day: the year of the row itself is nobody's birth.
    """
    kind = reading.profile.kind
    moments = [field for field in reading.plan.origins if type_of(field) == "time"]
    for field, origin in reading.plan.origins.items():
        if isinstance(origin, str):
            continue
        text = col(field)
        if field in KEYS[kind]:
            if frame[field].str.contains(NUMBER_OF_A_PERSON).any():
                years = text.str.extract(NUMBER_OF_A_PERSON)
                is_of_the_row = [years == col(moment).str.head(4) for moment in moments]
                yield years.is_not_null() & ~pl.any_horizontal(lit(value=False), *is_of_the_row)
            if "resident" in reading.plan.origins or reading.identities:
                usual = reading.usual_widths.get(field, 0)
                yield text.str.contains(MOBILE_OR_EMAIL) | (
                    text.str.contains(OF_15_TO_19) & (text.str.len_bytes() != usual)
                )


def _may_be_the_header(reading: Reading) -> Iterator[pl.Expr]:
    """Where a row may be the header once more: no time or amount tells it from a row of names and
    numbers.
    """
    origin = reading.plan.origins.get("resident")
    if reading.plan.is_bare and isinstance(origin, Cell):
        key = column_key(origin.column)
        yield col("resident").str.to_lowercase().str.strip_chars("#") == key


def fen(column: str) -> pl.Expr:
    """Plain amounts in yuan (`AMOUNT`) as fen, as `rules.money.parse_yuan`: without binary
    fractions.
    """

    return col(column).cast(pl.Decimal(20, 2), strict=False).to_physical().cast(pl.Int64)
