"""Tables as texts of one line a row, which can be read by columns: a text is one as it stands; a
sheet is written out once into a private temporary file that vanishes with it.

Line n is row n of the sheet. A line break within a cell is written as a mark, so that a row stays
one line; cells behind the header's last that hold nothing are left out.
"""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.formats.tables.archives import kept_in, private_file
from vouchercli.formats.tables.cells import Number
from vouchercli.formats.tables.csvs import cells_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from vouchercli.formats.tables.archives import Blob

DELIMITER = ","
# in the place of line breaks; a sheet that holds one of these itself is read row by row
MARKS = {"\n": "\x1e", "\r": "\x1f"}
WRITTEN = str.maketrans(MARKS)
READ = str.maketrans({mark: sign for sign, mark in MARKS.items()})
AT_ONCE = 1_000


class LineText(NamedTuple):
    """The text, its codec and delimiter. `width`: how many cells each row of the sheet has; 0: it
    is a text by itself.
    """

    text: Blob
    codec: str
    delimiter: str
    width: int = 0

    @property
    def odd_marks(self) -> tuple[bytes, ...]:
        """What stands in lines that are not as they look."""
        return tuple(mark.encode() for mark in MARKS.values()) if self.width else ()

    def row(self, line: str) -> list[str]:
        """The cells of one line, as the table has them."""
        if not self.width:
            return cells_of(line, self.delimiter)
        # as it was written: blanks before a cell are the sheet's
        cells = [cell.translate(READ) for cell in next(csv.reader([line]), [])]
        return cells + [""] * (self.width - len(cells))


def of_sheet(
    rows: Iterator[tuple[int, list[str]]],
    name: str,
    *,
    header_line: int,
    width: int,
    full_width: int,
    codes: Collection[int],
) -> tuple[LineText, set[int]] | None:
    """The rows of a sheet behind its header as a text, and the places among `codes` at which
    numbers stand. `width`: the cells that are read, `full_width`: those of each row. None when some
    row is wider or narrower, or holds one of our marks.
    """
    file, path = private_file()
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=False)
    text.write("\n" * header_line)
    numbers: set[int] = set()
    beyond = [""] * (full_width - width)
    behind = (row for line, row in rows if line > header_line)
    while some := [*islice(behind, AT_ONCE)]:
        if any(len(row) != full_width for row in some):
            return None
        numbers.update(_places_of_numbers(some, set(codes) - numbers))
        if beyond:
            some = [row[:width] if row[width:] == beyond else row for row in some]
        written = _as_lines(some)
        if written is None:
            return None
        text.write(written)
    text.flush()
    text.detach()
    return LineText(kept_in(file, path, name), "utf-8", DELIMITER, full_width), numbers


def _places_of_numbers(rows: list[list[str]], places: set[int]) -> Iterator[int]:
    for place in places:
        if any(row[place].__class__ is Number for row in rows):
            yield place


def _as_lines(rows: list[list[str]]) -> str | None:
    text = _as_csv(rows)
    if any(mark in text for mark in MARKS.values()):
        return None
    if text.count("\n") == len(rows) and "\r" not in text:
        return text
    return _as_csv([[cell.translate(WRITTEN) for cell in row] for row in rows])


def _as_csv(rows: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
