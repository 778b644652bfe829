"""Files whose every row ends with one comma more than their header has: banks write them so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vouchercli.formats.tables.cells import EDGE
from vouchercli.formats.tables.csvs import BrokenRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

HEAD, REST = re.compile(r"[-+\xa5\uffe5]?\d{1,3}"), re.compile(r"\d{3}(?:\.\d{1,2})?")


def is_the_layout(
    rows: Iterator[tuple[int, list[str]]],
    wide: int,
    amounts: Iterable[int],
    is_special: Callable[[str], bool],
) -> bool:
    """Whether every row is `wide`, one cell more than the header, and its last cell always blank:
    it belongs to no column. Not so when an amount of a row (they stand at `amounts`) may have been
    cut in two at its thousands comma. Last lines (`is_special`) may be shorter.
    """
    has_rows = False
    for _, row in rows:
        if isinstance(row, BrokenRow) or not any(cell.strip(EDGE) for cell in row):
            continue
        if is_special(row[0]) and len(row) != wide:
            continue
        if len(row) != wide or row[-1].strip(EDGE) or may_be_cut(row, amounts):
            return False
        has_rows = True
    return has_rows


def may_be_cut(row: list[str], amounts: Iterable[int]) -> bool:
    """Whether an amount and the cell behind it may be one amount with a thousands comma."""
    return any(
        HEAD.fullmatch(row[place].strip(EDGE)) and REST.fullmatch(row[place + 1].strip(EDGE))
        for place in amounts
        if place + 1 < len(row)
    )
