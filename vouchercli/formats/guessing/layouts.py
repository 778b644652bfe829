"""Where the rows of a file begin and end, when no profile knows it."""

from __future__ import annotations

import re
from collections import deque
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats.guessing import names
from vouchercli.formats.guessing.values import AMOUNT, MOMENT
from vouchercli.formats.tables.cells import id_text
from vouchercli.formats.tables.headers import DEPTH, trim

if TYPE_CHECKING:
    from vouchercli.formats.tables.sources import Part

ROWS = 500  # that are looked at
LAST = 40  # rows at the end that may be a footer
CLOSING = re.compile(
    r"^\W*(合计|总计|总条数|总笔数|总金额|小计|导出|合計|総計|합계|총계"
    r"|(grand )?(sub)?totals?\b|sum\b)",
    re.IGNORECASE,
)


class Layout(NamedTuple):
    """A table inside a file: the line of its header (0: none), the names in it, the first rows, and
    the first cell of its footer ('': none was seen).
    """

    line: int
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    footer: str


def layout_of(part: Part) -> Layout:
    """The table of a part: below the row whose names are known best; else below the first row of
    words that is as wide as those after it; else all of it, without a header.
    """
    every = ((line, trim(row)) for line, row in part.rows())
    rows = [*islice(every, DEPTH + ROWS)]
    last = [*deque(every, LAST)] or rows[DEPTH:][-LAST:] or rows[-LAST:]
    head = rows[:DEPTH]
    best = max(head, key=lambda row: (names.count_known(row[1]), -row[0]), default=(0, ()))
    if names.count_known(best[1]) < 2:
        best = _first_of_words(rows)
    line, header = best
    end, footer = next(
        ((at, row[0]) for at, row in last if at > line and row and CLOSING.search(row[0])),
        (rows[-1][0] + 1 if rows else 0, ""),
    )
    body = [row for at, row in rows if line < at < end and any(row)][:ROWS]
    width = len(header) or max(map(len, body), default=0)
    filled = tuple((row + ("",) * width)[:width] for row in body)
    return Layout(line, header, filled, footer)


def _first_of_words(rows: list[tuple[int, tuple[str, ...]]]) -> tuple[int, tuple[str, ...]]:
    for (line, row), (_, below) in pairwise(rows):
        is_wide = len(row) > 1 and len(row) >= len(below) - 1
        if is_wide and all(row) and not any(map(_is_value, row)) and any(map(_is_value, below)):
            return line, row
    return 0, ()


def _is_value(cell: str) -> bool:
    text = id_text(cell)
    return AMOUNT.fullmatch(text) is not None or MOMENT.fullmatch(text) is not None
