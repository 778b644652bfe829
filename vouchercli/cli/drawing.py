"""A table for a person: drawn to fit the terminal, in Chinese and English, with no number ever cut.

Amounts are shown in the finest unit that fits; then long texts are folded; and where even that is
too wide, each row is written as a list. Into a file or a pipe a table is as wide as it needs to be,
exact to the fen.

Rich prints it on a terminal; a file or a pipe gets the same characters without it, since loading it
takes half as long as a report.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.cli.language import language, t
from vouchercli.cli.values import DASH, EXACT, UNITS, Unit, as_lines, clean, label, pretty
from vouchercli.cli.wrapping import cells as cell_len
from vouchercli.cli.wrapping import folded
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.result import Column, Table

NUMBERS = ("int", "fen", "ratio", "rate")
DATE_WIDTH = 10
# how narrow a text may be folded, and the gap between columns: from airy to tight
TRIES = (
    (16, 2),
    (8, 2),
    (8, 1),
)
NO_LIMIT = 10_000
PLAIN, BOLD, DIM = "", "bold", "dim"  # as Rich calls them


def draw(table: Table) -> None:
    """Print the table, its title and its notes to stdout."""
    if table.is_record:
        table = as_lines(table)
    is_terminal = sys.stdout.isatty()
    width = (
        shutil.get_terminal_size().columns if is_terminal or os.environ.get("COLUMNS") else NO_LIMIT
    )
    body, unit = _fitted(table, width)
    lines = [
        (line, BOLD)
        for line in folded(clean(t(table.title.text, table.title.params)), width).split("\n")
    ]
    lines += body
    lines += [
        (line, DIM) for note in _notes(table, unit) for line in folded(note, width).split("\n")
    ]
    if is_terminal and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR"):
        _print(lines)
    else:
        sys.stdout.write("".join(f"{line.rstrip()}\n" for line, _ in lines))


def _print(lines: Iterable[Line]) -> None:
    """To a terminal, in as many styles as it has; the lines fit already."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    for line, style in lines:
        console.print(Text(line.rstrip(), style=style), soft_wrap=True)


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
    """What a person is shown."""
    return [
        column
        for column in table.columns
        if "table" in column.where and not (column.optional and not any(column.values(table.lines)))
    ]


# ---------------------------------------------------------------- fitting


class Strip(NamedTuple):
    """One column as it will be drawn: its heading, its cells, and how narrow it may become."""

    heading: str
    cells: list[str]
    footer: str
    kind: str

    @property
    def natural(self) -> int:
        """The width at which nothing is folded but the heading."""
        lines = [line for cell in (*self.cells, self.footer) for line in cell.split("\n")]
        return max((cell_len(text) for text in (*lines, *_pieces(self.heading))), default=0)

    def least(self, text_at_least: int) -> int:
        """The narrowest it may be: numbers are never folded, a time breaks between date and
        clock.
        """
        if self.kind in NUMBERS:
            return self.natural
        return min(
            self.natural,
            (
                max(DATE_WIDTH, *map(cell_len, _pieces(self.heading)))
                if self.kind == "time"
                else text_at_least
            ),
        )


Line = tuple[str, str]  # a line of a table, and its style


def _fitted(table: Table, width: int) -> tuple[list[Line], Unit]:
    """The table in the finest unit in which it fits; else as a list of rows."""
    columns = _columns(table)
    has_money = any(column.kind == "fen" for column in columns)
    for text_at_least, gap in TRIES:
        for unit in UNITS[language()] if has_money else (EXACT,):
            strips = [_strip(column, table, unit) for column in columns]
            room = width - gap * (len(strips) - 1)
            if sum(strip.least(text_at_least) for strip in strips) <= room:
                return _grid(table, strips, _widths(strips, room, text_at_least), gap), unit
    return _list(table, columns, width), EXACT


def _strip(column: Column, table: Table, unit: Unit) -> Strip:
    total = column.of(table.total) if table.total and table.rows else None
    footer = "" if total is None else pretty(column, total, table.zone, unit)
    cells = [pretty(column, each, table.zone, unit) for each in column.shown_values(table.rows)]
    if column.kind == "time" and all(cell.endswith(":00") or cell == DASH for cell in cells):
        cells = [cell.removesuffix(":00") for cell in cells]
    return Strip(label(column), cells, footer, column.kind)


def _widths(strips: list[Strip], room: int, text_at_least: int) -> list[int]:
    """The natural widths, the widest foldable one narrowed until all fit."""
    widths = [strip.natural for strip in strips]
    least = [strip.least(text_at_least) for strip in strips]
    while sum(widths) > room:
        widest = max(
            (place for place in range(len(strips)) if widths[place] > least[place]),
            key=lambda place: widths[place],
        )
        widths[widest] = least[widest] if strips[widest].kind == "time" else widths[widest] - 1
    return widths


def _grid(table: Table, strips: list[Strip], widths: list[int], gap: int) -> list[Line]:
    """Headings, a rule, the rows, and under another rule the total."""
    rule = (_rule(sum(widths) + gap * (len(widths) - 1)), PLAIN)
    numeric = [strip.kind in NUMBERS for strip in strips]

    def drawn(cells: Iterable[str], style: str, *, is_low: bool = False) -> list[Line]:
        return [(line, style) for line in _lines(cells, widths, numeric, " " * gap, is_low=is_low)]

    headings = (_heading(strip.heading, width) for strip, width in zip(strips, widths, strict=True))
    lines = [*drawn(headings, BOLD, is_low=True), rule]
    for cells in zip(*(strip.cells for strip in strips), strict=True):
        lines += drawn(cells, PLAIN)
    return (
        lines
        if table.total is None or not table.rows
        else [*lines, rule, *drawn((strip.footer for strip in strips), BOLD)]
    )


def _rule(width: int) -> str:
    """A line across; in a terminal that knows no line drawing, of hyphens."""
    try:
        "\u2500".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "-" * width
    return "\u2500" * width


def _lines(
    cells: Iterable[str], widths: list[int], numeric: list[bool], gap: str, *, is_low: bool
) -> list[str]:
    """One row: each cell folded to its column's width, numbers to the right, short cells above (or
    below, when `is_low`).
    """
    columns = [
        [
            line if len(line) == width and line.isascii() else _filled(line, width, is_number)
            for line in folded(cell, width).split("\n")
        ]
        for cell, width, is_number in zip(cells, widths, numeric, strict=True)
    ]
    height = max(map(len, columns), default=0)
    for column, width in zip(columns, widths, strict=True):
        at = 0 if is_low else len(column)
        column[at:at] = [" " * width] * (height - len(column))
    return [gap.join(parts) for parts in zip(*columns, strict=True)]


def _filled(text: str, width: int, is_number: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if is_number else text + blanks


PIECES = re.compile(r"[^\s(（]+|[(（][^\s]*")


def _pieces(label: str) -> list[str]:
    """Where a heading may be broken: at its blanks, before a bracket, and a long Chinese word in
    its middle (财政|补贴).
    """
    pieces: list[str] = []
    for piece in PIECES.findall(label):
        middle = (
            (len(piece) + 1) // 2
            if len(piece) >= 4 and cell_len(piece) == 2 * len(piece) and piece[0] not in "（"
            else len(piece)
        )
        pieces += [part for part in (piece[:middle], piece[middle:]) if part]
    return pieces


def _heading(label: str, width: int) -> str:
    """A heading in lines of at most `width` cells, broken only between its pieces."""
    lines, rest = [""], label
    for piece in _pieces(label):
        blank = " " if rest.startswith(" ") else ""
        rest = rest.lstrip().removeprefix(piece)
        if cell_len(lines[-1] + blank + piece) <= width:
            lines[-1] += blank + piece
        else:
            lines.append(piece)
    return "\n".join(line for line in lines if line)


def _list(table: Table, columns: list[Column], width: int) -> list[Line]:
    """Each row as lines of `heading: value`, for a terminal too narrow for any table."""
    lines: list[str] = []
    for row in table.lines:
        lines += [""] if lines else []
        lines += [
            f"{label(column)}: {pretty(column, column.of(row), table.zone)}" for column in columns
        ]
    return [(part, PLAIN) for line in lines for part in folded(line, width).split("\n")]
