"""Files whose every row ends with one comma more than their header has: banks write them so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vouchercli.formats.tables.cells import EDGE
from vouchercli.formats.tables.csvs import BrokenRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.formats.tables.records import Reading

HEAD, REST = re.compile(r"[-+\xa5\uffe5]?\d{1,3}"), re.compile(r"\d{3}(?:\.\d{1,2})?")


def is_the_layout(reading: Reading) -> bool:
    """Whether every row has one cell more than the header, always blank: it belongs to no column.
    Not so when an amount of a row may have been cut in two at its thousands comma.
    """
    wide = len(reading.header) + 1
    has_rows = False
    for _, row in reading.rows():
        if isinstance(row, BrokenRow) or not any(cell.strip(EDGE) for cell in row):
            continue
        if reading.is_special(row[0]) and len(row) != wide:
            continue
        if len(row) != wide or row[-1].strip(EDGE) or may_be_cut(row, reading.plan.amounts):
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
