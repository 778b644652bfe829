"""A workbook to fill in: a header, columns that keep what is typed, and a sheet that explains."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.formats.configs.fields import Type

# Numbers are texts: a spreadsheet that takes them for numbers loses their zeros and their digits.
SHAPES: dict[Type, str] = {
    "id": "@",
    "name": "@",
    "time": "yyyy-mm-dd hh:mm:ss",
    "amount": "0.00",
}
CREATED = datetime(2020, 1, 1)  # the same workbook has the same bytes
NARROW, WIDE = 12, 60  # columns of a sheet, in characters
LAST_ROW = 1_048_575


class BlankColumn(NamedTuple):
    """A column to fill in: its heading, how its cells are kept, and the only `words` that may stand
    there (none: any).
    """

    heading: str
    type: Type
    words: tuple[str, ...] = ()


def workbook(
    name: str,
    columns: Sequence[BlankColumn],
    about: str,
    explained: Sequence[Sequence[str]],
    rows: Sequence[Sequence[str]] = (),
) -> bytes:
    """The XLSX file: sheet `name` with the headings and the `rows` that are known (texts), sheet
    `about` with the rows of `explained`.
    """
    import xlsxwriter  # only for those who want a workbook
    from rich.cells import cell_len

    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, {"in_memory": True}) as book:
        book.set_properties({"created": CREATED})
        bold = book.add_format({"bold": True, "bottom": 1, "num_format": "@"})
        shapes = {shape: book.add_format({"num_format": shape}) for shape in SHAPES.values()}
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for at, column in enumerate(columns):
            width = max(NARROW, cell_len(column.heading) + 4)
            sheet.set_column(at, at, width, shapes[SHAPES[column.type]])
            sheet.write_string(0, at, column.heading, bold)
            if column.words:
                choice = {"validate": "list", "source": list(column.words)}
                sheet.data_validation(1, at, LAST_ROW, at, choice)
        for row, cells in enumerate(rows, 1):
            for at, (column, cell) in enumerate(zip(columns, cells, strict=True)):
                sheet.write_string(row, at, cell, shapes[SHAPES[column.type]])
        help_sheet = book.add_worksheet(about)
        for row, cells in enumerate(explained):
            for at, cell in enumerate(cells):
                help_sheet.write_string(row, at, cell, bold if row == 0 else None)
        for at, cells in enumerate(zip(*explained, strict=True)):
            width = max(map(cell_len, cells)) + 2
            help_sheet.set_column(at, at, min(max(NARROW, width), WIDE))
    return kept.getvalue()


Form = Literal["csv", "xlsx"]
