"""What a large file says about itself, compared before a row of it is kept: counts and sums by
columns, its last lines one by one.

Whatever is not plainly right is left to `Reading.check`, which reads the file row by row and says
what is wrong.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
from polars import col, lit

from vouchercli.errors import VoucherError
from vouchercli.formats.columnar import frames, lines
from vouchercli.formats.tables.footers import Tally

if TYPE_CHECKING:
    from vouchercli.formats.tables.records import Reading

WHOLE = r"^-?\d{1,12}$"  # with commas before the decimals, the others are read one by one
LINES = 50_000  # looked through at a time
AMOUNT = r"^-?\d{1,12}(\.\d{1,2})?$"


def last_row(reading: Reading) -> int:
    """The last line before the footer, when what the file announces is right; `reading.ignored`
    then says how many rows the profile leaves out. Raises `VoucherError` when it is not,
    `NotByLinesError` when that cannot be told by columns.
    """
    if reading.may_be_cut and not reading.filters:
        return lines.NO_END
    survey = Survey(reading)
    try:
        for piece in lines.pieces(reading, lambda line: -(-line // LINES) * LINES):
            survey.add(lines.sort_lines(reading, piece))
        reading.compare(survey.tally, survey.footer)
    except VoucherError:
        reading.check()  # its error names the exact fault and place
        raise
    reading.ignored = survey.ignored
    return survey.last


class Survey:
    """What was seen of a file so far."""

    def __init__(self, reading: Reading) -> None:
        self._reading, self._watched = reading, reading.watched
        self.tally = Tally(has_comma=reading.profile.has_decimal_comma)
        self._amount = WHOLE if reading.profile.has_decimal_comma else AMOUNT
        self.footer: list[str] = []
        self.ignored = 0
        self.last = lines.NO_END

    def add(self, rows: lines.Lines) -> None:
        """Count the rows of one piece."""
        reading = self._reading
        cells = frames.cells(reading, rows, [0, *self._watched.values()])
        amounts = [col(str(place)).str.contains(self._amount) for place in self._watched.values()]
        special = pl.Series(
            [reading.is_special(cell) for cell in cells.get_column("0").to_list()], dtype=pl.Boolean
        )
        has_plain_cells = (
            cells.select(pl.all_horizontal(lit(value=True), *amounts)).to_series() & ~special
        )
        line = pl.Series(rows.regular, dtype=pl.Int64)
        regular = line.filter(has_plain_cells)
        if self.footer and len(regular):
            raise reading.rows_follow(regular[0])
        self._add_regular(cells.filter(has_plain_cells))
        before = self.last
        for number in sorted([*rows.irregular.tolist(), *line.filter(~has_plain_cells)]):
            self._add_row(number, rows.row(number))
        if self.last != before and (regular > self.last).any():
            raise reading.rows_follow(regular[-1])

    def _add_regular(self, cells: pl.DataFrame) -> None:
        sums = [
            frames.fen(str(place)).sum().alias(column) for column, place in self._watched.items()
        ]
        for kind, rows, *amounts in (
            cells.group_by("kind").agg(pl.len().alias("rows"), *sums).iter_rows()
        ):
            self.tally.sums[None, kind] += rows
            for column, fen in zip(self._watched, amounts, strict=True):
                self.tally.sums[column, kind] += Decimal(fen) / 100
        is_ours = frames.is_ours(self._reading, cells)
        self.ignored += 0 if is_ours is None else int((~is_ours).sum())

    def _add_row(self, number: int, row: list[str]) -> None:
        """Count one line by itself."""
        is_first = not self.footer
        result = self._reading.read_row(number, row, self.footer)
        if result:
            record, kind = result
            self.tally.add(number, kind, row, self._watched)
            self.ignored += record is None
        elif is_first and self.footer:
            self.last = number - 1
