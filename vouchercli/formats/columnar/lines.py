"""Large text files by lines: cut into pieces; regular lines are one row of the header's width each,
irregular ones are read one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import SEEK_CUR
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from vouchercli.formats.tables import csvs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.formats.tables.line_texts import LineText
    from vouchercli.formats.tables.records import Reading

    Array = np.ndarray[Any, Any]

PIECE = 1 << 23
NEWLINE, RETURN = b"\n\r"
STATEFUL = ("iso2022", "hz", "utf_7", "utf-7")  # what a byte means depends on those before it
NO_END = 1 << 62


class NotByLinesError(Exception):
    """From here on the file is not made of one line a row: it is read row by row."""


@dataclass(frozen=True)
class Piece:
    """Some consecutive lines as UTF-8, each ended by one newline. `offset` and `ends` are where it
    begins and its lines end in the file, in octets.
    """

    first: int
    last: int
    data: bytes
    is_last: bool
    offset: int
    ends: Array


@dataclass(frozen=True)
class Lines:
    """The lines of a piece behind the header, by their numbers: `regular` have as many cells as the
    header (quoted cells among them: `is_quoted`), `irregular` have not.
    """

    piece: Piece
    table: LineText
    starts: Array
    ends: Array
    is_regular: Array
    regular: Array
    irregular: Array
    is_quoted: bool

    def text(self) -> bytes:
        """The regular lines in one text."""
        data, starts, ends = self.piece.data, self.starts, self.ends
        if self.is_regular.all():
            return data
        edges = np.flatnonzero(np.diff(self.is_regular.astype(np.int8), prepend=0, append=0))
        return b"".join(
            data[starts[begin] : ends[end - 1] + 1]
            for begin, end in zip(edges[::2], edges[1::2], strict=True)
        )

    def row(self, number: int) -> list[str]:
        """The cells of one line."""
        at = number - self.piece.first
        return self.table.row(self.piece.data[self.starts[at] : self.ends[at]].decode())


def pieces(reading: Reading, end_of: Callable[[int], int]) -> Iterator[Piece]:
    """The file in pieces, each up to a line that `end_of` gives. Raises `NotByLinesError` when it
    cannot be cut at newlines.
    """

    table = reading.as_lines()
    assert table is not None
    codec = "utf-8" if table.codec in ("utf-8", "ascii") else table.codec
    is_one_octet = len(table.delimiter) == 1 and table.delimiter.isascii()
    # UTF-16 and its kin; files of fixed widths have no delimiter
    if not is_one_octet or codec.startswith(STATEFUL) or "\n".encode(codec) != b"\n":
        raise NotByLinesError
    with table.text.open() as stream:
        line, rest, newlines, is_end, offset = 0, b"", 0, False, 0
        while not (is_end and not rest):
            line_count = end_of(line + 1) - line
            read = [rest]
            # one more than needed, to detect the last piece; numpy counts twice as fast as bytes do
            while newlines <= line_count and not is_end:
                octets = stream.read(PIECE)
                is_end = not octets
                read.append(octets)
                newlines += int(np.count_nonzero(np.frombuffer(octets, np.uint8) == NEWLINE))
            data = b"".join(read)
            ends = _ends(data)[:line_count].astype(np.uint32)
            cut = int(ends[-1]) + 1 if newlines >= line_count else len(data)
            if data[cut - 1 : cut] not in (b"\n", b""):  # the last line of the file
                ends = np.append(ends, np.uint32(cut))
            # the caller may work long with a piece: keep no second copy
            data, rest, read = (
                data[:cut],
                data[cut:],
                [],
            )
            first, line = line + 1, line + min(line_count, newlines + (not data.endswith(b"\n")))
            newlines = max(newlines - line_count, 0)
            if data:
                piece = Piece(
                    first,
                    line,
                    _by_newlines(data if codec == "utf-8" else data.decode(codec).encode()),
                    is_end and not rest,
                    offset,
                    ends,
                )
                offset += cut
                del data
                yield piece
                del piece


def _ends(data: bytes) -> Array:
    """Where its lines end."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE)


def _by_newlines(data: bytes) -> bytes:
    if b"\r" in data:
        octets = np.frombuffer(data, np.uint8)
        is_return = octets == RETURN
        if data.endswith(b"\r") or (octets[1:][is_return[:-1]] != NEWLINE).any():
            raise NotByLinesError
        data = octets[~is_return].tobytes()
    return data if data.endswith(b"\n") else data + b"\n"


class Places:
    """Where the lines of a file stand, so that some of them can be read once more."""

    def __init__(self, reading: Reading) -> None:
        table = reading.as_lines()
        assert table is not None
        self._table = table
        self._pieces: list[tuple[int, int, Array]] = []

    def add(self, piece: Piece) -> None:
        """Note the lines of the piece that comes next: four octets a line."""
        self._pieces.append((piece.first, piece.offset, piece.ends))

    def rows(self, numbers: Iterable[int]) -> Iterator[tuple[int, list[str]]]:
        """The numbers and cells of lines that are noted, in the order of the file."""
        coming, done = iter(self._pieces), 0
        first, offset, ends = 0, 0, np.zeros(0, np.uint32)
        with self._table.text.open() as stream:
            for number in numbers:
                while number >= first + len(ends):
                    first, offset, ends = next(coming)
                at = number - first
                start = offset + (int(ends[at - 1]) + 1 if at else 0)
                _pass_over(stream, start - done)
                done = offset + int(ends[at])
                text = stream.read(done - start).decode(self._table.codec)
                yield number, self._table.row(text.removesuffix("\r"))


def _pass_over(stream: BinaryIO, octets: int) -> None:
    """What was packed cannot be leapt over."""
    if stream.seekable():
        stream.seek(octets, SEEK_CUR)
        return
    while octets > 0 and (read := stream.read(min(octets, PIECE))):
        octets -= len(read)


def sort_lines(reading: Reading, piece: Piece, last_row: int = NO_END) -> Lines:
    """The regular and the irregular lines between the header and `last_row`. Raises
    `NotByLinesError` when a quoted cell goes over a line's end.
    """
    table = reading.as_lines()
    assert table is not None
    data, delimiter, width = piece.data, table.delimiter, reading.width
    octets = np.frombuffer(data, np.uint8)
    ends = _ends(data)
    starts = np.concatenate((np.zeros(1, ends.dtype), ends[:-1] + 1))
    is_regular = _count(octets, ord(delimiter), ends) == width - 1
    numbers = np.arange(piece.first, piece.first + len(ends))
    is_row = (numbers > reading.header_line) & (numbers <= last_row)
    quoted = np.flatnonzero(_count(octets, ord('"'), ends)) if b'"' in data else ends[:0]
    if len(quoted):
        row = _row_pattern(delimiter, rb'"(?:[^"\n]++|"")*+"', b"{%d}" % (width - 1))
        rows = np.flatnonzero(is_row)
        is_inside = len(rows) and rows[0] <= quoted[0] and quoted[-1] <= rows[-1]
        whole = re.compile(rb"(?:" + row + rb"\n)*+")
        if is_inside and whole.fullmatch(data, starts[rows[0]], ends[rows[-1]] + 1):
            is_regular[:] = True
        else:
            regular = re.compile(row)
            well_quoted = csvs.whole_line(delimiter)
            for at in quoted:
                line = data, starts[at], ends[at]
                is_regular[at] = regular.fullmatch(*line) is not None
                if not (is_regular[at] or well_quoted.fullmatch(*line)):
                    raise NotByLinesError
    for mark in table.odd_marks:
        if mark in data:
            is_regular &= _count(octets, ord(mark), ends) == 0
    is_irregular = ~is_regular & is_row
    is_regular &= is_row
    return Lines(
        piece,
        table,
        starts,
        ends,
        is_regular,
        numbers[is_regular],
        numbers[is_irregular],
        bool(is_regular[quoted].any()),
    )


def _count(octets: Array, octet: int, ends: Array) -> Array:
    """How often an octet occurs in each line."""
    return np.diff(np.searchsorted(np.flatnonzero(octets == octet), ends), prepend=0)


def _row_pattern(delimiter: str, quoted: bytes, times: bytes) -> bytes:
    """A line of one cell and so many more, each without a quote or `quoted`."""
    mark = re.escape(delimiter.encode())
    cell = rb'(?:[^"\n' + mark + rb"]*+|" + quoted + rb")"
    return cell + rb"(?:" + mark + cell + rb")" + times
