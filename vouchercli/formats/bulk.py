"""Large text files by columns: a block of lines becomes a frame of plain text cells; every other line stays a line.

Only what needs no cleaning is put into the frame, and only when the profile takes its fields straight from columns: whatever is
quoted, padded, damaged or of another width is given back line by line, to be read by `layout` as in any small file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from vouchercli.formats import csvs
from vouchercli.formats.fields import FILLED, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    import polars as pl

    from vouchercli.formats.layout import Reading, Record

PIECE = 1 << 23
# Cells that need no cleaning and cannot be damaged (columns.PLAIN says the same for one row).
PLAIN = {
    "id": r"^[0-9A-Za-z_\-|#/]*$",
    "amount": r"^\d{1,12}(\.\d{1,2})?$",
    "time": r"^(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:[0-5]\d$",
}
LIKE_A_DATE = r"^\d{4}-\d\d-\d\d"


class NotPlainError(Exception):
    """From here on the file is not made of one line a row: it is read row by row."""


@dataclass(frozen=True)
class Block:
    """Some consecutive lines. `frame` has the plain rows: `line`, and our fields as text; `odd` the numbers of the other lines;
    `records(lines)` reads any of them the careful way."""

    last_line: int
    is_last: bool
    frame: pl.DataFrame
    odd: list[int]
    records: Callable[[Iterable[int]], Iterator[Record]]
    share: float | None


def is_there() -> bool:
    """Whether the libraries for large files are installed (the extra `parquet`)."""
    return find_spec("polars") is not None and find_spec("numpy") is not None


def blocks(reading: Reading, after_line: int, end_of: Callable[[int], int]) -> Iterator[Block]:
    """The blocks behind `after_line`, each up to a line that `end_of` gives. Raises `NotPlainError` before a block that is not
    made of one line a row."""
    import numpy as np

    assert reading.text is not None
    codec = "utf-8" if reading.encoding in ("utf-8", "ascii") else reading.encoding
    if "\n".encode(codec) != b"\n":  # UTF-16 and its kin
        raise NotPlainError
    with reading.text.open() as stream:
        line, rest, is_end = 0, b"", False
        while not (is_end and not rest):
            wanted = end_of(line + 1) - line
            pieces, newlines = [rest], rest.count(b"\n")
            while newlines <= wanted and not is_end:  # one more than wanted: the last block knows that it is the last
                piece = stream.read(PIECE)
                is_end = not piece
                pieces.append(piece)
                newlines += piece.count(b"\n")
            data = b"".join(pieces)
            cut = len(data)
            if newlines >= wanted:
                cut = int(np.flatnonzero(np.frombuffer(data, np.uint8) == 10)[wanted - 1]) + 1
            data, rest = data[:cut], data[cut:]
            first, line = line + 1, line + min(wanted, newlines + (not data.endswith(b"\n")))
            if line > after_line and data:
                octets = data if codec == "utf-8" else data.decode(codec).encode()
                yield _block(reading, reading.delimiter, octets, first, line, is_end and not rest)


def _block(reading: Reading, delimiter: str, data: bytes, first: int, last: int, is_last: bool) -> Block:
    import numpy as np
    import polars as pl

    if b"\r" in data:
        if data.count(b"\r") != data.count(b"\r\n"):
            raise NotPlainError
        data = data.replace(b"\r\n", b"\n")
    if not data.endswith(b"\n"):
        data += b"\n"
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets == 10)
    starts = np.concatenate((np.zeros(1, ends.dtype), ends[:-1] + 1))
    is_odd = _per_line(octets, ord(delimiter), ends) != len(reading.header) - 1
    if b'"' in data:
        is_quoted = _per_line(octets, 34, ends) > 0
        well = _well_quoted(delimiter)
        if not all(well.fullmatch(data, starts[at], ends[at]) for at in np.flatnonzero(is_quoted)):
            raise NotPlainError
        is_odd |= is_quoted
    numbers = np.arange(first, first + len(ends))
    is_odd &= numbers > reading.header_line
    is_even = ~is_odd & (numbers > reading.header_line)

    def records(lines: Iterable[int]) -> Iterator[Record]:
        for number in lines:
            text = data[starts[number - first]:ends[number - first]].decode()
            record = reading.record(number, csvs.cells_of(text, delimiter))
            if record is not None:
                yield record

    frame = _frame(reading, delimiter, _kept(data, starts, ends, is_even)).with_columns(pl.Series("line", numbers[is_even], pl.Int64))
    is_plain = frame.select(pl.all_horizontal(_conditions(reading))).to_series()
    odd = numbers[is_odd].tolist()
    if not is_plain.all():
        odd = sorted([*odd, *frame.get_column("line").filter(~is_plain).to_list()])
        frame = frame.filter(is_plain)
    return Block(last, is_last, frame, odd, records, reading.share_read())


def _per_line(octets: np.ndarray[Any, Any], octet: int, ends: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How often an octet stands in each line."""
    import numpy as np

    return np.diff(np.searchsorted(np.flatnonzero(octets == octet), ends), prepend=0)


def _kept(data: bytes, starts: np.ndarray[Any, Any], ends: np.ndarray[Any, Any], is_kept: np.ndarray[Any, Any]) -> bytes:
    """The lines that are kept, in one piece."""
    import numpy as np

    if is_kept.all():
        return data
    edges = np.flatnonzero(np.diff(is_kept.astype(np.int8), prepend=0, append=0))
    return b"".join(data[starts[begin]:ends[end - 1] + 1] for begin, end in zip(edges[::2], edges[1::2], strict=True))


def _well_quoted(delimiter: str) -> re.Pattern[bytes]:
    """A line whose quoted cells all end in it."""
    mark = re.escape(delimiter.encode())
    cell = rb'(?:[^"' + mark + rb']*+|"(?:[^"]++|"")*+"[\t ]*+)'
    return re.compile(cell + rb"(?:" + mark + cell + rb")*+")


def _frame(reading: Reading, delimiter: str, data: bytes) -> pl.DataFrame:
    """The columns that the profile reads, as text under our names; what the file does not have is a constant."""
    import polars as pl

    plan = reading.straight
    assert plan is not None
    positions = sorted({place for place in plan.values() if isinstance(place, int)})
    names = [str(place) for place in positions]
    if data:
        cells = pl.read_csv(data, has_header=False, separator=delimiter, quote_char=None, infer_schema=False, empty_string_is_null=False,
                            columns=positions)
        cells.columns = names
    else:
        cells = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    if data and cells.height != data.count(b"\n"):
        raise NotPlainError
    return cells.select([_column(reading, field, place) for field, place in plan.items()])


def _column(reading: Reading, field: str, place: int | str) -> pl.Expr:
    import polars as pl

    if isinstance(place, str):
        return pl.lit(place).alias(field)
    text = pl.col(str(place))
    spec = reading.profile.fields.get(field)
    return (text.replace(spec.words) if spec and spec.words else text).alias(field)


def _conditions(reading: Reading) -> list[pl.Expr]:
    """What makes a row plain."""
    import polars as pl

    found = []
    for field, place in (reading.straight or {}).items():
        kind = type_of(field)
        if not isinstance(place, int) or kind == "kind":
            continue
        text = pl.col(field)
        found.append(text.str.contains(PLAIN[kind]))
        if kind == "id":
            found.append(~text.str.contains(LIKE_A_DATE))
        if field in FILLED[reading.profile.kind]:
            found.append(text != "")
    return found
