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

from vouchercli.cli import bars
from vouchercli.cli.cleaning import clean
from vouchercli.cli.language import language, t
from vouchercli.cli.units import EXACT, UNITS, Unit, asked, with_unit
from vouchercli.cli.values import (
    DASH,
    PRINTED,
    as_lines,
    has_figures_of_money,
    label,
    pretty,
    rounded,
)
from vouchercli.cli.wrapping import cells, fill, fold, tokens
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from vouchercli.result import Column, Table

NUMBERS = ("int", "fen", "ratio", "rate", "change", "figure")
# how narrow a text may be folded, and the gap between columns: from airy to tight
TRIES = ((16, 2), (8, 2), (8, 1))
NO_LIMIT = 1_000_000
TIMES = ("time", "end")
ALWAYS, THREE_DIGITS = 2, 100  # whole yuan are always good enough; coarser is not
# As box.SIMPLE, for a stream without line-drawing characters
HYPHENS = box.Box("    \n    \n -- \n    \n    \n -- \n    \n    \n", ascii=True)
# where a heading may be broken: at its blanks and before a bracket
PIECES = r" *(?:杠杆率|(?:(?!杠杆率)[^\s(（])+|[(（]\S*)"


def draw(tables: Sequence[Table], *, in_one_unit: bool = False) -> None:
    """Print the tables of one answer to stdout, each with its title and its notes; of a report
    their amounts are in one unit.
    """
    width = _width()
    rules = HYPHENS if _console(width).options.ascii_only else box.SIMPLE
    chosen = [as_lines(table) if table.is_record else table for table in tables]
    fits = [_fit(table, width, rules) for table in chosen]
    coarsest = max((fit.unit for fit in fits), default=0) if in_one_unit else 0
    for position, (table, fit) in enumerate(zip(chosen, fits, strict=True)):
        if position:
            print()
        is_odd = fit.is_grid and fit.has_money and fit.unit < coarsest
        _print(table, _fit(table, width, rules, coarsest) if is_odd else fit, width)


def _width() -> int:
    has_width = sys.stdout.isatty() or os.environ.get("COLUMNS")
    return shutil.get_terminal_size().columns if has_width else NO_LIMIT


def _console(width: int) -> Console:
    return Console(
        file=sys.stdout,
        width=width,
        height=NO_LIMIT,  # without it Rich takes a dumb terminal to be 80 columns wide
        force_terminal=sys.stdout.isatty(),
        color_system=None if os.environ.get("NO_COLOR") else "auto",
    )


def _print(table: Table, fit: Fit, width: int) -> None:
    console = _console(width)
    title = t(table.title.text, table.title.params)
    with console.capture() as captured:
        console.print(
            Group(
                Text(fold(clean(title), width), "bold"),
                fit.body,
                *(Text(fold(note, width), "dim") for note in _notes(table, fit)),
            ),
            soft_wrap=True,
        )
    sys.stdout.write(re.sub(" +\n", "\n", captured.get()))


def _notes(table: Table, fit: Fit) -> list[str]:
    notes = [t(note.text, note.params) for note in table.notes]
    unit = asked() or UNITS[language()][fit.unit]
    if fit.year:
        notes.insert(0, t("Times of {year}.", {"year": fit.year}))
    if not table.rows:
        notes.insert(0, t("(none)"))
    elif has_figures_of_money(table) or any(column.kind == "fen" for column in _columns(table)):
        text = (
            "Amounts in {unit}."
            if unit is EXACT
            else "Amounts in {unit}, rounded so that parts add up to their total; -o json is exact."
            if asked()
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


class Fit(NamedTuple):
    """A table as it fits: its `body`, which of the units its amounts are in, whether it `has_money`
    and `is_grid` (else a list of rows); of which `year` all times are that are written without it.
    """

    body: RenderableType
    unit: int = 0
    has_money: bool = False
    is_grid: bool = False
    year: str = ""


def _fit(table: Table, width: int, rules: box.Box, coarsest: int = 0) -> Fit:
    """The table in the finest unit in which it fits, but for `coarsest`, which other tables of the
    answer need; where it does not fit, without the year of its times; else as a list of rows.
    """
    columns = _columns(table)
    if [column.label for column in columns] == [""]:
        return Fit(_paragraphs(columns[0], table, width))
    units = _units(table, columns)
    order = [coarsest, *units] if coarsest in units else units
    years = dict.fromkeys(("", _year(table, columns)))
    for year in years:
        for text_at_least, gap in TRIES:
            for place in order:
                unit = asked() or UNITS[language()][place]
                strips = [_strip(column, table, unit, year) for column in columns]
                room = width - gap * (len(strips) - 1)
                if widths := _widths(strips, room, text_at_least):
                    has_total = len(table.lines) > len(table.rows)
                    left = room - sum(widths) - gap
                    if drawn := _bars(table, left, is_plain=rules is HYPHENS):
                        shown = next(each for each in columns if each.key == table.bars)
                        strips.append(Strip(_pieces(label(shown)), drawn, "", is_number=False))
                        widths.append(bars.longest(drawn))
                    grid = _grid(strips, widths, gap, rules, has_total=has_total)
                    return Fit(grid, place, len(units) > 1, is_grid=True, year=year)
    return Fit(_list(table, columns, width))


def _bars(table: Table, room: int, *, is_plain: bool) -> list[str] | None:
    """The bars beside a table, on a terminal alone: into a file or a pipe go the numbers."""
    return bars.bars(table, room, is_plain=is_plain) if sys.stdout.isatty() else None


def _paragraphs(column: Column, table: Table, width: int) -> RenderableType:
    """The sentences of a column without a heading."""
    said = (pretty(column, each, table.zone) for each in column.shown_values(table.rows))
    return Segments([Segment("\n".join(fold(each, width) for each in said) + "\n")])


def _units(table: Table, columns: list[Column]) -> list[int]:
    """The units that a table may be in, by their place: without money only the first; cut off to
    whole yuan always, coarser where the smallest amount keeps three digits.
    """
    money = [column for column in columns if column.kind == "fen"]
    amounts = [abs(each) for column in money for each in column.shown_values(table.rows) if each]
    if not money or asked():
        return [0]
    least = min(amounts, default=0)
    return [
        place
        for place, unit in enumerate(UNITS[language()])
        if place < ALWAYS or least * 10**unit.digits >= THREE_DIGITS * unit.fen
    ]


def _year(table: Table, columns: list[Column]) -> str:
    """The year of all times of a table, when there is but one."""
    moments = [column for column in columns if column.kind in TIMES]
    years = {
        PRINTED[column.kind](each, table.zone, EXACT)[:4]
        for column in moments
        for each in column.shown_values(table.rows)
        if isinstance(each, int)
    }
    return years.pop() if len(years) == 1 else ""


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


def _strip(column: Column, table: Table, unit: Unit, year: str = "") -> Strip:
    totals = table.total if table.total and table.rows else {}
    name = column.shown or column.source or column.key
    values = rounded(column, column.shown_values(table.rows), totals.get(name), unit)
    texts = [pretty(column, each, table.zone, unit) for each in values]
    if column.kind in TIMES and all(cell[-3:] == ":00" or cell == DASH for cell in texts):
        texts = [cell.removesuffix(":00") for cell in texts]
    if column.kind in TIMES and year:
        texts = [cell.removeprefix(f"{year}-") for cell in texts]
    return Strip(
        _pieces(_heading(column)),
        texts,
        pretty(column, totals[name], table.zone, unit) if name in totals else "",
        column.kind in NUMBERS,
    )


def _heading(column: Column) -> str:
    """With the unit of its amounts where one was asked for."""
    unit = asked()
    return label(column) if unit is None or column.kind != "fen" else with_unit(label(column), unit)


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
                        f"{_heading(column)}: "
                        + pretty(column, column.of(row), table.zone, asked() or EXACT),
                        width,
                    )
                    for column in columns
                )
                + ("\n" if row is not rows[-1] else "")
            )
            for row in rows
        )
    )
