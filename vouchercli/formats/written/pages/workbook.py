"""A page as a workbook: a sheet for each table, with real numbers, and one that says what they
mean.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.pages import Cell, Grid, Page, Shape

CREATED = datetime(2020, 1, 1)  # the same page has the same bytes
SHAPES: dict[Shape, str] = {
    "text": "@",
    "int": "#,##0",
    "yuan": "#,##0.00",
    "ratio": "0.00",
    "rate": "0.0%",
    "change": "+0.0%;-0.0%;0.0%",
}
NARROW, WIDE = 8, 60  # columns of a sheet, in characters
LONG = 20_000  # rows: such a book is written row by row, and never held
MEASURED = 1_000  # rows that a column's width is taken from
A4, LANDSCAPE_FROM = 9, 8  # paper of xlsxwriter; columns
FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
LONGEST_NAME = 31  # of a sheet


def render(page: Page) -> bytes:
    """The XLSX file."""
    import xlsxwriter  # only for those who want a workbook

    kept = io.BytesIO()
    is_long = max((len(grid.rows) for grid in page.grids), default=0) > LONG
    way = {"in_memory": not is_long, "constant_memory": is_long}
    kind = _long_sheet() if is_long else None
    with xlsxwriter.Workbook(kept, way) as book:
        book.set_properties({"created": CREATED, "title": page.title})
        looks = _Looks(book)
        names: set[str] = set()
        for grid in page.grids:
            name = _sheet_name(grid.title, names)
            _write_grid(book, book.add_worksheet(name, kind), name, grid, looks)
        _write_about(book.add_worksheet(_sheet_name(page.words.about, names)), page, looks)
    return kept.getvalue()


def _long_sheet() -> type[Any]:
    """The kind of sheet for many rows, with numbers that have a look and are numbers: what the
    library asks of each of two million cells takes longer than to write it. The bytes are the same.
    """
    from xlsxwriter.utility import xl_rowcol_to_cell_fast
    from xlsxwriter.worksheet import CellNumberTuple, Worksheet

    class LongSheet(Worksheet):  # type: ignore[misc]  # the library has no types
        def write_number(self, row: int, col: int, number: Any, look: Any) -> None:
            self._check_dimensions(row, col)
            if row > self.previous_row:
                self._write_single_row(row)
            self.table[row][col] = CellNumberTuple(number, look)

        def _write_cell(self, row: int, col: int, cell: Any) -> None:
            if cell.__class__ is not CellNumberTuple or not cell.format:
                super()._write_cell(row, col, cell)
                return
            place, look = xl_rowcol_to_cell_fast(row, col), cell.format._get_xf_index()
            self.fh.write(f'<c r="{place}" s="{look}"><v>{cell.number:.16G}</v></c>')

    return LongSheet


class _Looks:
    """The formats of a book's cells."""

    def __init__(self, book: Any) -> None:
        self.bold = book.add_format({"bold": True})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.head = {
            is_number: book.add_format(
                {"bold": True, "bottom": 1, "num_format": "@", "align": side, "text_wrap": True}
            )
            for is_number, side in ((False, "left"), (True, "right"))
        }
        self.cell = {shape: book.add_format({"num_format": it}) for shape, it in SHAPES.items()}
        self.total = {
            shape: book.add_format({"num_format": it, "bold": True, "top": 1})
            for shape, it in SHAPES.items()
        }


def _sheet_name(title: str, taken: set[str]) -> str:
    """A name that a sheet may have: short, without signs that are forbidden, and its own."""
    plain = FORBIDDEN.sub(" ", title).split(",")[0].strip()[:LONGEST_NAME] or "1"
    name, number = plain, 2
    while name.casefold() in taken:
        suffix = f" {number}"
        name, number = plain[: LONGEST_NAME - len(suffix)] + suffix, number + 1
    taken.add(name.casefold())
    return name


def _write_grid(book: Any, sheet: Any, name: str, grid: Grid, looks: _Looks) -> None:
    if len(grid.rows) <= MEASURED:
        grid = replace(grid, rows=[*grid.rows])  # of few rows the cells are made once, not twice
    sheet.freeze_panes(1, 1)
    sheet.set_paper(A4)
    if len(grid.headings) >= LANDSCAPE_FROM:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&R&P / &N")
    for at, heading in enumerate(grid.headings):
        sheet.write_string(0, at, heading.text, looks.head[heading.is_number])
        sheet.set_column(at, at, _width(grid, at))
    last = len(grid.rows) if grid.has_total else 0
    of_rows, of_total = (
        [look[heading.shape] for heading in grid.headings] for look in (looks.cell, looks.total)
    )
    for place, row in enumerate(grid.rows, 1):
        _write_row(sheet, place, row, of_total if place == last else of_rows)
    if len(grid.body) > 1:
        sheet.autofilter(0, 0, len(grid.body), len(grid.headings) - 1)
    if grid.bars and len(grid.body) > 1:
        sheet.insert_chart(len(grid.rows) + 2, 0, _chart(book, name, grid))


def _write_row(sheet: Any, place: int, row: Sequence[Cell], looks: Sequence[Any]) -> None:
    for at, (text, number, _) in enumerate(row):
        if number is not None:
            sheet.write_number(place, at, number, looks[at])
        elif text:
            sheet.write_string(place, at, text, looks[at])


def _chart(book: Any, name: str, grid: Grid) -> Any:
    """Bars made by the spreadsheet itself, from the cells."""
    assert grid.bars is not None
    chart = book.add_chart({"type": "bar"})
    label_at, value_at, last = grid.bars.label_at, grid.bars.value_at, len(grid.body)
    chart.add_series(
        {
            "name": [name, 0, value_at],
            "categories": [name, 1, label_at, last, label_at],
            "values": [name, 1, value_at, last, value_at],
        }
    )
    chart.set_title({"name": grid.title, "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    chart.set_size({"width": 720, "height": min(120 + 24 * last, 900)})
    return chart


def _width(grid: Grid, at: int) -> int:
    """Room for a column's heading and values; a Chinese character takes two."""
    from rich.cells import cell_len

    cells = (row[at] for row in (*grid.rows[:MEASURED], *grid.rows[-1:]))
    texts = (each.text if each.number is None else f"{each.number:,.2f}" for each in cells)
    longest = max(map(cell_len, (grid.headings[at].text, *texts)))
    return min(max(NARROW, longest + 2), WIDE)


def _write_about(sheet: Any, page: Page, looks: _Looks) -> None:
    """What the figures are about, what their words mean, and what is said beside them."""
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, page.title, looks.bold)
    rows: list[tuple[str, str]] = [*page.about, ("", "")]
    if page.meanings:
        rows += [(page.words.meanings, ""), *page.meanings, ("", "")]
    said = [note for grid in page.grids for note in grid.notes]
    if notes := list(dict.fromkeys((*said, *page.notes))):
        rows += [(page.words.notes, ""), *(("", note) for note in notes)]
    for place, (label, text) in enumerate(rows, 2):
        is_heading = bool(label) and not text
        sheet.write_string(place, 0, label, looks.bold if is_heading else looks.wrapped)
        sheet.write_string(place, 1, text, looks.wrapped)
