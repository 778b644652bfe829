"""Bars beside a table on a terminal: one for each row, as long as the number of one column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vouchercli.result import Table

LEAST, MOST = 8, 24  # characters: a shorter bar says nothing, a longer one no more
EIGHTHS = " ▏▎▍▌▋▊▉█"
PLAIN = "#"


def bars(table: Table, room: int, *, is_plain: bool) -> list[str] | None:
    """A bar for each row of the table, at most as long as there is room; None: there is no picture
    of it, no room, or nothing to compare. `is_plain`: in signs that every terminal has.
    """
    column = next((each for each in table.columns if each.key == table.bars), None)
    if column is None or room < LEAST:
        return None
    numbers = [_number(each) for each in column.values(table.rows)]
    largest = max((each for each in numbers if each is not None), default=0)
    if len(numbers) < 2 or largest <= 0 or any(each is not None and each < 0 for each in numbers):
        return None
    width = min(room, MOST)
    return [
        "" if each is None else _bar(each / largest, width, is_plain=is_plain) for each in numbers
    ]


def _number(value: Any) -> float | None:
    if isinstance(value, Figure):
        value = value.value
    return None if value is None else float(value)


def _bar(share: float, width: int, *, is_plain: bool) -> str:
    """A bar of a share of so many characters; by eighths where the terminal has them."""
    if is_plain:
        return PLAIN * round(share * width)
    whole, rest = divmod(round(share * width * 8), 8)
    return EIGHTHS[8] * whole + (EIGHTHS[rest] if rest else "")


def longest(drawn: Sequence[str]) -> int:
    """How wide a column of bars is."""
    return max(map(len, drawn))
