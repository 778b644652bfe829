"""Where the rows of a file begin and end, and what stands between their cells, when no profile
knows it.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from functools import partial
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats.configs.layouts import Layout
from vouchercli.formats.guessing import names
from vouchercli.formats.guessing.values import AMOUNT, MOMENT
from vouchercli.formats.tables import fixed_widths
from vouchercli.formats.tables.cells import id_text
from vouchercli.formats.tables.headers import DEPTH, begin_of, refuse_many
from vouchercli.formats.tables.sources import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.formats.tables.sources import Source

    Row = tuple[int, tuple[str, ...]]

ROWS = 500  # that are looked at
LAST = 40  # rows at the end that may be a footer
WIDEST = 1 << 16  # bytes of a line that may be cut by widths
CLOSING = re.compile(
    r"^\W*(合计|总计|总条数|总笔数|总金额|小计|导出|合計|総計|합계|총계"
    r"|(grand )?(sub)?totals?\b|sum\b)",
    re.IGNORECASE,
)


class Table(NamedTuple):
    """A table inside a file: the line of its header (0: none), the names in it, the first rows, and
    the first cell of its footer ('': none was seen); `part` is where it stands, `widths` cut it.
    """

    part: Part
    line: int
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    footer: str
    widths: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.header) or max(map(len, self.rows), default=0)


def best_table(source: Source) -> tuple[Table, list[str]]:
    """The table that looks most like one, however the file may be cut; and the names of the sheets
    that have the same header, where there are several. Raises `VoucherError` too_many_columns.
    """
    tables = [table_of(part) for parts in source.cuts(Layout()) for part in parts]
    best = max(tables, key=_likeness)
    refuse_many(source, best.line, best.header)
    if best.width < 2 and (cut := _cut_by_widths(source)):
        return cut, []
    alike = [each.part.name for each in tables if each.header and each.header == best.header]
    return best, alike if len(alike) > 1 and source.text is None else []


def _likeness(table: Table) -> tuple[int, float, int]:
    """Known names, then how many rows have as many cells as most, then their number."""
    filled = Counter(len([*filter(None, row)]) > 1 for row in table.rows)
    return (
        names.count_known(table.header),
        filled[True] / max(len(table.rows), 1),
        table.width,
    )


def table_of(part: Part) -> Table:
    """The table of a part: below the row whose names are known best; else below the first row of
    words that is as wide as those after it; else all of it, without a header.
    """
    every = ((line, begin_of(row)) for line, row in part.rows())
    rows = [*islice(every, DEPTH + ROWS)]
    last = [*deque(every, LAST)] or rows[DEPTH:][-LAST:] or rows[-LAST:]
    line, header = max(
        rows[:DEPTH], key=lambda row: (names.count_known(row[1]), -row[0]), default=(0, ())
    )
    if names.count_known(header) < 2:
        line, header = _first_of_words(rows)
    end, footer = next(
        ((at, row[0]) for at, row in last if at > line and row and CLOSING.search(row[0])),
        (rows[-1][0] + 1 if rows else 0, ""),
    )
    body = [row for at, row in rows if line < at < end and any(row)][:ROWS]
    width = len(header) or max(map(len, body), default=0)
    filled = tuple((row + ("",) * width)[:width] for row in body)
    return Table(part, line, header, filled, footer)


def _first_of_words(rows: Sequence[Row]) -> Row:
    for (line, row), (_, below) in pairwise(rows):
        is_wide = len(row) > 1 and len(row) >= len(below) - 1
        if is_wide and all(row) and not any(map(_is_value, row)) and any(map(_is_value, below)):
            return line, row
    return 0, ()


def _is_value(cell: str) -> bool:
    text = id_text(cell)
    return AMOUNT.fullmatch(text) is not None or MOMENT.fullmatch(text) is not None


def _cut_by_widths(source: Source) -> Table | None:
    """The table of lines without delimiters: a cell begins where every line has a blank before, and
    some line none.
    """
    if source.text is None:
        return None
    with source.text.open() as stream:
        lines = [line.rstrip(b"\r\n\x1a") for line in islice(stream, ROWS)]
    lines = [line for line in lines if line.strip() and len(line) < WIDEST]
    longest = max(map(len, lines), default=0)
    is_blank = [all(line[at : at + 1] in (b" ", b"") for line in lines) for at in range(longest)]
    starts = [0, *(at for at in range(1, longest) if is_blank[at - 1] and not is_blank[at])]
    if len(starts) < 2:
        return None
    widths = tuple(after - at for at, after in pairwise([*starts, longest]))
    cut = partial(fixed_widths.rows, source.text.open, source.encoding, widths, True)
    return table_of(Part("", cut))._replace(widths=widths)
