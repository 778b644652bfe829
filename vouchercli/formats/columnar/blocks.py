"""Large text files by columns: a block of lines becomes a frame of plain text cells; every other
line stays a line.

Only what needs no more cleaning than blanks, backticks and quotes around its cells is put into the
frame, and only when the profile makes each field of one column: whatever is damaged or of another
width is given back line by line, to be read by `tables` as in any small file. `lines` cuts the
file, `frames` makes the columns, `checks` compares footers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from vouchercli.formats.columnar import checks, frames, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.formats.columnar.lines import Lines
    from vouchercli.formats.tables.records import Reading, Record

NotByLinesError = lines.NotByLinesError


@dataclass(frozen=True)
class Block:
    """Some consecutive lines; `share`: the part of the file read so far (None: not known)."""

    reading: Reading
    lines: Lines
    share: float | None

    @property
    def last_line(self) -> int:
        """The number of its last line."""
        return self.lines.piece.last

    @property
    def height(self) -> int:
        """How many lines it has behind the header."""
        return len(self.lines.regular) + len(self.lines.irregular)

    @property
    def is_last(self) -> bool:
        """Whether the file ends with it."""
        return self.lines.piece.is_last

    def columns(self) -> tuple[pl.DataFrame, list[int]]:
        """The frame of the plain rows, with `line` and our fields as text, and the numbers of the
        other lines.
        """
        return _columns(self.reading, self.lines)

    def records(self, numbers: Iterable[int]) -> Iterator[Record]:
        """Any of its lines, read as in a small file."""
        for number in numbers:
            result = self.reading.read_row(number, self.lines.row(number), [])
            if result and result[0]:
                yield result[0]


def blocks(reading: Reading, after_line: int, end_of: Callable[[int], int]) -> Iterator[Block]:
    """The blocks behind `after_line`, each up to a line that `end_of` gives. What the file says of
    itself is compared first.

    Raises `NotByLinesError` before a block that is not made of one line a row; `VoucherError` when
    the last lines refuse the file.
    """
    last_row = checks.last_row(reading)
    for piece in lines.pieces(reading, end_of):
        if piece.last > after_line:
            yield Block(reading, lines.sort_lines(reading, piece, last_row), reading.share_read())


def records(reading: Reading, places: lines.Places, numbers: Iterable[int]) -> Iterator[Record]:
    """Lines that were read by blocks before, read once more as in a small file; `numbers` in
    order.
    """
    for number, row in places.rows(numbers):
        result = reading.read_row(number, row, [])
        if result and result[0]:
            yield result[0]


def _columns(reading: Reading, rows: Lines) -> tuple[pl.DataFrame, list[int]]:
    cells = frames.cells(reading, rows).with_columns(pl.Series("line", rows.regular, pl.Int64))
    is_ours = frames.is_ours(reading, cells)
    cells = cells if is_ours is None else cells.filter(is_ours)
    frame = frames.fields(reading, cells)
    irregular = rows.irregular.tolist()
    is_regular = frames.has_plain_cells(reading, frame)
    if (is_in_yuan := frames.is_in_yuan(reading, cells)) is not None:
        is_regular &= is_in_yuan
    if is_regular.all():
        return frame, irregular
    return frame.filter(is_regular), sorted([*irregular, *frame["line"].filter(~is_regular)])
