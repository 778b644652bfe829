"""Large text files by columns: a block of lines becomes a frame of plain text cells; every other
line stays a line.

Only what needs no more cleaning than blanks, backticks and quotes around its cells is put into the
frame, and only when the profile makes each field of one column: whatever is damaged or of another
width is given back line by line, to be read by `tables` as in any small file. `lines` cuts the
file, `frames` makes the columns, `checks` compares footers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from vouchercli.formats.columnar import checks, frames, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.formats.columnar.lines import Piece, Sorted
    from vouchercli.formats.tables.records import Reading, Record

NotPlainError = lines.NotPlainError


@dataclass(frozen=True)
class Block:
    """Some consecutive lines. `columns()` makes the frame of the plain rows, with `line` and our
    fields as text, and the numbers of the other lines; `records(lines)` reads any of them the
    careful way.
    """

    last_line: int
    is_last: bool
    columns: Callable[[], tuple[pl.DataFrame, list[int]]]
    records: Callable[[Iterable[int]], Iterator[Record]]
    share: float | None


def blocks(reading: Reading, after_line: int, end_of: Callable[[int], int]) -> Iterator[Block]:
    """The blocks behind `after_line`, each up to a line that `end_of` gives. What the file says of
    itself is compared first.

    Raises `NotPlainError` before a block that is not made of one line a row; `VoucherError` when
    the last lines refuse the file.
    """
    last_row = checks.last_row(reading)
    for piece in lines.pieces(reading, end_of):
        if piece.last > after_line:
            yield _block(reading, piece, last_row)


def _block(reading: Reading, piece: Piece, last_row: int) -> Block:
    found = lines.sorted_out(reading, piece, last_row)

    def records(numbers: Iterable[int]) -> Iterator[Record]:
        for number in numbers:
            record = reading.record(number, found.row(number))
            if record is not None:
                yield record

    return Block(
        piece.last, piece.is_last, partial(_columns, reading, found), records, reading.share_read()
    )


def _columns(reading: Reading, found: Sorted) -> tuple[pl.DataFrame, list[int]]:

    cells = frames.cells(reading, found).with_columns(pl.Series("line", found.even, pl.Int64))
    ours = frames.is_ours(reading, cells)
    frame, odd = (
        frames.fields(reading, cells if ours is None else cells.filter(ours)),
        found.odd.tolist(),
    )
    plain = frames.is_plain(reading, frame)
    if plain.all():
        return frame, odd
    return frame.filter(plain), sorted([*odd, *frame.get_column("line").filter(~plain).to_list()])
