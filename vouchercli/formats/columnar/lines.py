"""Large text files by lines: cut into pieces, and the lines that are plainly one row each told from
those that are read one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from vouchercli.formats.tables import csvs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchercli.formats.tables.records import Reading

PIECE = 1 << 23
STATEFUL = ("iso2022", "hz", "utf_7", "utf-7")  # what a byte means depends on those before it
NO_END = 1 << 62


class NotPlainError(Exception):
    """From here on the file is not made of one line a row: it is read row by row."""


@dataclass(frozen=True)
class Piece:
    """Some consecutive lines as UTF-8, each ended by one newline."""

    first: int
    last: int
    data: bytes
    is_last: bool


@dataclass(frozen=True)
class Sorted:
    """The lines of a piece behind the header: `even` are the numbers of those that have as many
    cells as the header, whose text `data` makes (quoted cells among them: `is_quoted`); `odd` those
    of the others.
    """

    even: np.ndarray[Any, Any]
    odd: np.ndarray[Any, Any]
    data: Callable[[], bytes]
    is_quoted: bool
    row: Callable[[int], list[str]]


def pieces(reading: Reading, end_of: Callable[[int], int]) -> Iterator[Piece]:
    """The file in pieces, each up to a line that `end_of` gives. Raises `NotPlainError` when it
    cannot be cut at newlines.
    """

    assert reading.text is not None
    codec = "utf-8" if reading.encoding in ("utf-8", "ascii") else reading.encoding
    if codec.startswith(STATEFUL) or "\n".encode(codec) != b"\n":  # UTF-16 and its kin
        raise NotPlainError
    with reading.text.open() as stream:
        line, rest, newlines, is_end = 0, b"", 0, False
        while not (is_end and not rest):
            wanted = end_of(line + 1) - line
            read = [rest]
            while (
                newlines <= wanted and not is_end
            ):  # one more than wanted: the last piece knows that it is the last
                some = stream.read(PIECE)
                is_end = not some
                read.append(some)
                newlines += some.count(b"\n")
            data = b"".join(read)
            cut = len(data)
            if newlines >= wanted:
                cut = int(np.flatnonzero(np.frombuffer(data, np.uint8) == 10)[wanted - 1]) + 1
            # the caller may work long with a piece: keep no second copy
            data, rest, read = (
                data[:cut],
                data[cut:],
                [],
            )
            first, line = line + 1, line + min(wanted, newlines + (not data.endswith(b"\n")))
            newlines = max(newlines - wanted, 0)
            if data:
                piece = Piece(
                    first,
                    line,
                    _by_newlines(data if codec == "utf-8" else data.decode(codec).encode()),
                    is_end and not rest,
                )
                del data
                yield piece
                del piece


def _by_newlines(data: bytes) -> bytes:
    if b"\r" in data:
        if data.count(b"\r") != data.count(b"\r\n"):
            raise NotPlainError
        data = data.replace(b"\r\n", b"\n")
    return data if data.endswith(b"\n") else data + b"\n"


def sorted_out(reading: Reading, piece: Piece, last_row: int = NO_END) -> Sorted:
    """The even and the odd lines between the header and `last_row`. Raises `NotPlainError` when a
    quoted cell goes over a line's end.
    """

    data, delimiter, width = piece.data, reading.delimiter, len(reading.header)
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets == 10)
    starts = np.concatenate((np.zeros(1, ends.dtype), ends[:-1] + 1))
    is_odd = _per_line(octets, ord(delimiter), ends) != width - 1
    numbers = np.arange(piece.first, piece.first + len(ends))
    is_row = (numbers > reading.header_line) & (numbers <= last_row)
    is_quoted = _per_line(octets, 34, ends) > 0 if b'"' in data else np.zeros(len(ends), bool)
    if is_quoted.any():
        is_odd = _is_odd(data, delimiter, width, (starts, ends), is_quoted, is_odd, is_row)

    def row(number: int) -> list[str]:
        at = number - piece.first
        return csvs.cells_of(data[starts[at] : ends[at]].decode(), delimiter)

    is_even = ~is_odd & is_row
    text = partial(_kept, data, starts, ends, is_even)
    return Sorted(
        numbers[is_even], numbers[is_odd & is_row], text, bool((is_quoted & is_even).any()), row
    )


def _is_odd(
    data: bytes,
    delimiter: str,
    width: int,
    places: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]],
    is_quoted: np.ndarray[Any, Any],
    is_odd: np.ndarray[Any, Any],
    is_row: np.ndarray[Any, Any],
) -> np.ndarray[Any, Any]:
    """Which lines are odd where some have quoted cells: not those of the header's width with
    nothing behind a quote.
    """

    starts, ends = places
    rows, quoted = np.flatnonzero(is_row), np.flatnonzero(is_quoted)
    even = _quoted_row(delimiter, width)
    if len(rows) and rows[0] <= quoted[0] and quoted[-1] <= rows[-1]:
        whole = re.compile(rb"(?:" + even + rb"\n)*+")
        if whole.fullmatch(data, starts[rows[0]], ends[rows[-1]] + 1):
            return np.zeros(len(is_odd), bool)
    is_odd = is_odd.copy()
    well, even_row = _well_quoted(delimiter), re.compile(even)
    for at in quoted:
        is_odd[at] = even_row.fullmatch(data, starts[at], ends[at]) is None
        if is_odd[at] and not well.fullmatch(data, starts[at], ends[at]):
            raise NotPlainError
    return is_odd


def _per_line(
    octets: np.ndarray[Any, Any], octet: int, ends: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """How often an octet stands in each line."""

    return np.diff(np.searchsorted(np.flatnonzero(octets == octet), ends), prepend=0)


def _kept(
    data: bytes,
    starts: np.ndarray[Any, Any],
    ends: np.ndarray[Any, Any],
    is_kept: np.ndarray[Any, Any],
) -> bytes:
    """The lines that are kept, in one piece."""

    if is_kept.all():
        return data
    edges = np.flatnonzero(np.diff(is_kept.astype(np.int8), prepend=0, append=0))
    return b"".join(
        data[starts[begin] : ends[end - 1] + 1]
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
    )


def _well_quoted(delimiter: str) -> re.Pattern[bytes]:
    """A line whose quoted cells all end in it."""
    mark = re.escape(delimiter.encode())
    cell = rb'(?:[^"' + mark + rb']*+|"(?:[^"]++|"")*+"[\t ]*+)'
    return re.compile(cell + rb"(?:" + mark + cell + rb")*+")


def _quoted_row(delimiter: str, width: int) -> bytes:
    """A line of so many cells, quoted from end to end or without a quote."""
    mark = re.escape(delimiter.encode())
    cell = rb'(?:[^"\n' + mark + rb']*+|"(?:[^"\n]++|"")*+")'
    return cell + rb"(?:" + mark + cell + rb"){%d}" % (width - 1)
