"""Bars as SVG: a picture beside a table that has the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from vouchercli.pages import Grid

MOST = 24  # bars: more are a table, not a picture
LINE, TEXT, GAP, CHARACTER = 22, 14, 8, 9.0  # pixels: a character of the widest font there is
WIDTH, WIDEST_LABEL = 640, 24  # pixels; characters


class Bar(NamedTuple):
    """A bar and its words, in pixels from the left and the top."""

    label: str
    text: str
    top: int
    width: float


class Picture(NamedTuple):
    """Bars under each other; `label_width` is where they begin."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    label_width: float


def picture(grid: Grid) -> Picture | None:
    """The bars of a grid; None where there is nothing to compare."""
    if grid.bars is None:
        return None
    rows = [row for row in grid.body if row[grid.bars.value_at].number is not None]
    numbers = [float(row[grid.bars.value_at].number or 0) for row in rows]
    if not 2 <= len(rows) <= MOST or min(numbers) < 0 or not max(numbers):
        return None
    labels = [_short(row[grid.bars.label_at].text) for row in rows]
    texts = [row[grid.bars.value_at].text for row in rows]
    label_width = max(map(cell_len, labels)) * CHARACTER + GAP
    room = WIDTH - label_width - max(map(cell_len, texts)) * CHARACTER - 2 * GAP
    bars = tuple(
        Bar(label, text, place * LINE, round(number / max(numbers) * room, 1))
        for place, (label, text, number) in enumerate(zip(labels, texts, numbers, strict=True))
    )
    return Picture(bars, WIDTH, len(bars) * LINE, round(label_width, 1))


def _short(text: str) -> str:
    if cell_len(text) <= WIDEST_LABEL:
        return text
    return set_cell_size(text, WIDEST_LABEL - 1).rstrip() + "…"
