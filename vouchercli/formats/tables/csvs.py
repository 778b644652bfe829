"""CSV records with the line where each begins; a quote mark that is never closed damages its own
row, not its neighbours.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

AFTER_QUOTE = re.compile(r'"[\t ]+(?=,|\r|\n|$)')  # `"398…"<TAB>,`: payment exports do that
TAIL = re.compile(r"\t+(?=[,;\r\n]|\Z)")  # a TAB behind every value: no delimiter
SAMPLE = 1 << 16
MAX_CELL = 1 << 20
SHOWN = 1000  # characters kept of a line that is one endless cell


class BrokenRow(list[str]):
    """The cells of a line whose quote mark is never closed."""


def rows(
    open_bytes: Callable[[], BinaryIO], encoding: str, delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of every record; line 1 is the first. Cells are as they stand, blanks and
    marks included.
    """
    csv.field_size_limit(MAX_CELL)
    with open_bytes() as raw, io.TextIOWrapper(raw, _codec(encoding), newline="") as text:
        yield from records(text, delimiter)


def delimiter_of(open_bytes: Callable[[], BinaryIO], encoding: str) -> str:
    """Comma, unless there are more TABs, semicolons or upright strokes at the beginning of the
    file.
    """
    with open_bytes() as raw:
        sample = raw.read(SAMPLE).decode(_codec(encoding), "ignore")
    return max(",", "\t", ";", "|", key=TAIL.sub("", sample).count)


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding


def records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records of `lines`; lines that an unclosed quote has swallowed are given back one by
    one.
    """
    lines = iter(lines)
    pending: list[str] = []  # lines of the record that is being read
    ended: list[bool] = []
    first = 1
    while True:  # once, and again after each damaged place
        reader = csv.reader(_pass_on(lines, pending, ended), delimiter=delimiter)
        try:
            for row in reader:
                if ended or (len(pending) > 1 and _is_swallowed(pending, delimiter)):
                    break
                yield first, row
                first += len(pending)
                pending.clear()
            else:
                return
        except csv.Error:  # a cell longer than any cell: an unclosed quote
            pass
        yield from _split_lines(pending, first, delimiter)
        first += len(pending)
        pending.clear()


def _pass_on(lines: Iterator[str], pending: list[str], ended: list[bool]) -> Iterator[str]:
    """Pass the lines on and note them; fill `ended` when the reader asks for more than there
    is.
    """
    for line in lines:
        pending.append(line)
        yield line
    if pending:  # in the middle of a record
        ended.append(True)


def _is_swallowed(lines: list[str], delimiter: str) -> bool:
    """Whether an unclosed quote has swallowed lines: the record is not well quoted, or its inner
    lines are rows by themselves.
    """
    text = AFTER_QUOTE.sub('"', "".join(lines))
    try:
        cells = len(
            next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        )
    except csv.Error:
        return True
    return any(line.count(delimiter) >= max(cells, 3) - 1 for line in lines[1:-1])


def _split_lines(lines: list[str], first: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, first):
        if line.strip():
            cells = cells_of(line, delimiter)
            yield number, BrokenRow(cells) if line.count('"') % 2 else cells


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line by itself."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return BrokenRow([line[:SHOWN] + "…"])
