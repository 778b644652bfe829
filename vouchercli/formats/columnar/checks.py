"""What a large file says about itself, compared before a row of it is kept: counts and sums by
columns, its last lines one by one.

Whatever is not plainly right is left to `Reading.check`, which reads the file row by row and says
what is wrong.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from vouchercli.errors import VoucherError
from vouchercli.formats.columnar import frames, lines
from vouchercli.formats.tables.footers import Tally

if TYPE_CHECKING:
    from vouchercli.formats.tables.records import Reading

LINES = 50_000  # looked through at a time
AMOUNT = r"^-?\d{1,12}(\.\d{1,2})?$"


def last_row(reading: Reading) -> int:
    """The last line before the footer, when what the file announces is right; `reading.ignored`
    then says how many rows the profile leaves out. Raises `VoucherError` when it is not,
    `NotPlainError` when that cannot be told by columns.
    """
    if reading.may_be_cut and not reading.filters:
        return lines.NO_END
    look = Look(reading)
    try:
        for piece in lines.pieces(reading, lambda line: -(-line // LINES) * LINES):
            look.at(lines.sorted_out(reading, piece))
        reading.compare(look.tally, look.footer)
    except VoucherError:
        reading.check()  # it says exactly what is wrong, and where
        raise
    reading.ignored = look.ignored
    return look.last


class Look:
    """What was seen so far."""

    def __init__(self, reading: Reading) -> None:
        self._reading, self._watched = reading, reading.watched
        self.tally = Tally()
        self.footer: list[str] = []
        self.ignored = 0
        self.last = lines.NO_END

    def at(self, found: lines.Sorted) -> None:
        """Count the rows of one piece."""
        reading = self._reading
        cells = frames.cells(reading, found, [0, *self._watched.values()])
        amounts = [pl.col(str(place)).str.contains(AMOUNT) for place in self._watched.values()]
        special = pl.Series(
            [reading.is_special(cell) for cell in cells.get_column("0").to_list()], dtype=pl.Boolean
        )
        is_plain = (
            cells.select(pl.all_horizontal(pl.lit(value=True), *amounts)).to_series() & ~special
        )
        line = pl.Series(found.even, dtype=pl.Int64)
        if self.footer and is_plain.any():
            raise self._follows(int(line.filter(is_plain)[0]))
        self._add(cells.filter(is_plain))
        before = self.last
        for number in sorted([*found.odd.tolist(), *line.filter(~is_plain).to_list()]):
            self._take(number, found.row(number))
        if self.last != before and (line.filter(is_plain) > self.last).any():
            raise self._follows(int(line.filter(is_plain)[-1]))

    def _add(self, cells: pl.DataFrame) -> None:
        sums = [
            frames.fen(str(place)).sum().alias(column) for column, place in self._watched.items()
        ]
        for name, rows, *fen in (
            cells.group_by("kind").agg(pl.len().alias("rows"), *sums).iter_rows()
        ):
            self.tally.add_many(
                name,
                rows,
                {
                    column: Decimal(one) / 100
                    for column, one in zip(self._watched, fen, strict=True)
                },
            )
        is_ours = frames.is_ours(self._reading, cells)
        self.ignored += int((~is_ours).sum()) if is_ours is not None else 0

    def _take(self, number: int, row: list[str]) -> None:
        """One line by itself."""
        before = len(self.footer)
        found = self._reading.taken(number, row, self.footer)
        if found is None:
            if not before and self.footer:
                self.last = number - 1
            return
        record, sort = found
        self.tally.add(number, sort, row, self._watched)
        self.ignored += record is None

    def _follows(self, number: int) -> VoucherError:
        return self._reading.rows_follow(number)
