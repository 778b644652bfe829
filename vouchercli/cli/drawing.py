"""Tables on a terminal. Rich draws them; this module chooses the unit of amounts that fits, decides
what may be folded, and turns a table that is too wide into a list.

Amounts are shown in the finest unit that fits; then texts are folded, at blanks and between Chinese
characters, never inside a number, a time, a code or a digest; and where even that is too wide, each
row is written as lines. Into a file or a pipe a table is as wide as it needs to be, exact to the
fen.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

from rich import box
from rich.console import Console, Group
from rich.segment import Segment, Segments
from rich.table import Table as Grid
from rich.text import Text

from vouchercli.cli.language import language, t
from vouchercli.cli.values import DASH, EXACT, UNITS, Unit, as_lines, clean, label, pretty
from vouchercli.cli.wrapping import cells, fill, fold, tokens
from vouchercli.result import Word

if TYPE_CHECKING:
    from rich.console import RenderableType

    from vouchercli.result import Column, Table

NUMBERS = ("int", "fen", "ratio", "rate")
# how narrow a text may be folded, and the gap between columns: from airy to tight
TRIES = ((16, 2), (8, 2), (8, 1))
NO_LIMIT = 1_000_000
# As box.SIMPLE, for a stream without line-drawing characters
HYPHENS = box.Box("    \n    \n -- \n    \n    \n -- \n    \n    \n", ascii=True)
# where a heading may be broken: at its blanks and before a bracket
PIECES = r" *(?:杠杆率|(?:(?!杠杆率)[^\s(（])+|[(（]\S*)"


def draw(table: Table) -> None:
    """Print the table, its title and its notes to stdout."""
    if table.is_record:
        table = as_lines(table)
    is_terminal = sys.stdout.isatty()
    has_width = is_terminal or os.environ.get("COLUMNS")
    width = shutil.get_terminal_size().columns if has_width else NO_LIMIT
    console = Console(
        file=sys.stdout,
        width=width,
        height=NO_LIMIT,  # without it Rich takes a dumb terminal to be 80 columns wide
        force_terminal=is_terminal,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
    )
    title = t(table.title.text, table.title.params)
    body, unit = _fit(table, width, HYPHENS if console.options.ascii_only else box.SIMPLE)
    with console.capture() as captured:
        console.print(
            Group(
                Text(fold(clean(title), width), "bold"),
                body,
                *(Text(fold(note, width), "dim") for note in _notes(table, unit)),
            ),
            soft_wrap=True,
        )
    sys.stdout.write(re.sub(" +\n", "\n", captured.get()))


def _notes(table: Table, unit: Unit) -> list[str]:
    notes = [t(note.text, note.params) for note in table.notes]
    if not table.rows:
        notes.insert(0, t("(none)"))
    elif any(column.kind == "fen" for column in _columns(table)):
        text = (
            "Amounts in {unit}."
            if unit is EXACT
            else "Amounts in {unit}; -o csv and -o json are exact."
        )
        notes.insert(0, t(text, {"unit": Word(unit.name)}))
    return [clean(note) for note in notes]


def _columns(table: Table) -> list[Column]:
    """The columns of a table that are shown to a reader."""
    return [
        column
        for column in table.columns
        if "table" in column.where
        and not (column.optional and not any(column.shown_values(table.lines)))
    ]


class Strip(NamedTuple):
    """One column as it may be drawn: the pieces of its heading, its cells, its footer."""

    heading: list[str]
    cells: list[str]
    footer: str
    is_number: bool

    @property
    def natural(self) -> int:
        """The width at which nothing is folded but the heading."""
        lines = "\n".join((*self.cells, self.footer)).split("\n")
        return max(map(cells, (*lines, *map(str.strip, self.heading))))

    def least(self, text_at_least: int) -> int:
        """The narrowest it may be: what has no blank and is not Chinese stays whole."""
        parts = {part for cell in (*self.cells, self.footer) for part in tokens(cell)}
        whole = max(cells(part.strip()) for part in (*parts, *self.heading))
        return max(whole, min(self.natural, text_at_least))


def _fit(table: Table, width: int, rules: box.Box) -> tuple[RenderableType, Unit]:
    """The table in the finest unit in which it fits; else as a list of rows."""
    columns = _columns(table)
    has_money = any(column.kind == "fen" for column in columns)
    for text_at_least, gap in TRIES:
        for unit in UNITS[language()] if has_money else (EXACT,):
            strips = [_strip(column, table, unit) for column in columns]
            room = width - gap * (len(strips) - 1)
            if widths := _widths(strips, room, text_at_least):
                grid = _grid(
                    strips, widths, gap, rules, has_total=len(table.lines) > len(table.rows)
                )
                return grid, unit
    return _list(table, columns, width), EXACT


def _grid(
    strips: list[Strip], widths: list[int], gap: int, rules: box.Box, *, has_total: bool
) -> Grid:
    """Rich's table of columns of these widths; a cell is lines that fit already, and Rich parts
    columns by one blank more.
    """
    grid = Grid(
        box=rules,
        show_edge=False,
        padding=0,
        show_footer=has_total,
        header_style="bold",
        footer_style="bold",
    )
    for strip, width in zip(strips, widths, strict=True):
        grid.add_column(
            _cell(fill(strip.heading, width), strip, width),
            _cell(fold(strip.footer, width), strip, width),
            width=width + (gap - 1) * (strip is not strips[-1]),
        )
    for row in zip(*(strip.cells for strip in strips), strict=True):
        grid.add_row(
            *(
                _cell(fold(text, width), strip, width)
                for text, strip, width in zip(row, strips, widths, strict=True)
            )
        )
    return grid


def _cell(text: str, strip: Strip, width: int) -> Segments:
    """Lines that fit already: as a Text Rich would look for places to fold in each cell, which
    takes four times as long.
    """
    if strip.is_number:
        text = "\n".join(" " * (width - cells(line)) + line for line in text.split("\n"))
    return Segments([Segment(text)])


def _strip(column: Column, table: Table, unit: Unit) -> Strip:
    totals = table.total if table.total and table.rows else {}
    name = column.shown or column.source or column.key
    texts = [pretty(column, each, table.zone, unit) for each in column.shown_values(table.rows)]
    if column.kind in ("time", "end") and all(cell[-3:] == ":00" or cell == DASH for cell in texts):
        texts = [cell.removesuffix(":00") for cell in texts]
    return Strip(
        _pieces(label(column)),
        texts,
        pretty(column, totals[name], table.zone, unit) if name in totals else "",
        column.kind in NUMBERS,
    )


def _pieces(label: str) -> list[str]:
    """Where a heading may be broken, also a long Chinese word in its middle (财政|补贴)."""
    pieces: list[str] = []
    for piece in re.findall(PIECES, label):
        is_long_word = len(piece) >= 4 and cells(piece) == 2 * len(piece) and piece[0] != "（"
        middle = (len(piece) + 1) // 2 if is_long_word else len(piece)
        pieces += filter(None, (piece[:middle], piece[middle:]))
    return pieces


def _widths(strips: list[Strip], room: int, text_at_least: int) -> list[int] | None:
    """The natural widths, the widest that may be folded narrowed until all fit; None when they
    cannot.
    """
    widths = [strip.natural for strip in strips]
    if sum(widths) <= room:
        return widths
    least = [strip.least(text_at_least) for strip in strips]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        _, widest = max(
            (width, place) for place, width in enumerate(widths) if width > least[place]
        )
        widths[widest] -= 1
    return widths


def _list(table: Table, columns: list[Column], width: int) -> Group:
    """Each row as lines of `heading: value`, for a terminal too narrow for any table."""
    rows = table.lines
    return Group(
        *(
            Text(
                "\n".join(
                    fold(
                        f"{label(column)}: {pretty(column, column.of(row), table.zone)}",
                        width,
                    )
                    for column in columns
                )
                + ("\n" if row is not rows[-1] else "")
            )
            for row in rows
        )
    )
