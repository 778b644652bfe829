"""XLSX, XLS and ODS: every cell as the text that a person would have typed, damage included so that
it is seen.

A number of more than 15 digits has lost its last ones: it is shown as Excel shows it
(1.23456789012346E+17), so that nobody takes it for an id, now or when the reject comes back. A
duration stays 150:20:00.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from vouchercli.errors import VoucherError
from vouchercli.formats.tables import foreign, shown_cells
from vouchercli.formats.tables.cells import Number
from vouchercli.formats.tables.number_formats import MONTH, month_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.tables.archives import Blob

DIGITS = 15


def sheets(blob: Blob) -> tuple[dict[str, Sheet], tuple[str, ...]]:
    """The visible sheets by name, in order, and the names of the others. Raises `VoucherError`:
    bad_spreadsheet, locked_spreadsheet, reader_failed.
    """
    with foreign.reading(blob.name):
        return _sheets(blob)


def _sheets(blob: Blob) -> tuple[dict[str, Sheet], tuple[str, ...]]:
    try:
        with blob.open() as stream:
            book = CalamineWorkbook.from_filelike(stream)
            visible = {
                sheet.name: sheet.visible == SheetVisibleEnum.Visible
                for sheet in book.sheets_metadata
            }
            return (
                {
                    name: Sheet(name, blob, book.get_sheet_by_name(name))
                    for name, seen in visible.items()
                    if seen
                },
                tuple(name for name, seen in visible.items() if not seen),
            )
    except PasswordError as error:
        raise VoucherError(
            "locked_spreadsheet",
            "{file} is locked with a password",
            hint="open it and save it without one",
            file=blob.name,
        ) from error
    except (CalamineError, OSError, ValueError) as error:
        raise VoucherError(
            "bad_spreadsheet",
            "{file} cannot be read as a spreadsheet: {why}",
            hint="open it and save it again as XLSX or CSV",
            file=blob.name,
            why=str(error),
        ) from error


@dataclass
class Sheet:
    """One sheet: its cells, and what it shows and its reader does not tell (`shown_cells`), found
    when its rows are read first.
    """

    name: str
    blob: Blob
    cells: Any
    overlay: shown_cells.Overlay | None = None


def rows(
    sheet: Sheet, after: int = 0, _widths: frozenset[int] = frozenset()
) -> Iterator[tuple[int, list[str]]]:
    """(row number, cells) of a sheet behind row `after`; row 1 is the first."""
    if sheet.overlay is None:
        sheet.overlay = shown_cells.of_sheet(sheet.blob, sheet.name)
    overlay, number = sheet.overlay, after
    for number, row in enumerate(islice(sheet.cells.iter_rows(), after, None), after + 1):
        cells = [cell if isinstance(cell, str) else cell_text(cell) for cell in row]
        yield number, _laid_over(cells, overlay.get(number))
    for below in range(number + 1, max(overlay, default=0) + 1):
        yield below, _laid_over([], overlay.get(below))


def _laid_over(cells: list[str], shown: dict[int, str] | None) -> list[str]:
    """The cells with what is shown in place of what is kept."""
    if shown:
        cells += [""] * (max(shown) + 1 - len(cells))
        for place, text in shown.items():
            cells[place] = month_text(cells[place]) if text == MONTH else text
    return cells


def cell_text(cell: Any) -> str:
    """A stored value as text: 11002.0 -> 11002, a date -> 2020-03-27, a moment to its second, a
    duration as 150:20:00.
    """
    if isinstance(cell, (int, float)):
        return str(cell).upper() if isinstance(cell, bool) else _number_text(cell)
    if isinstance(cell, datetime):
        return (cell + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(cell)


@lru_cache(maxsize=10_000)  # amounts, and numbers of vouchers, are few
def _number_text(value: float) -> Number:
    return Number(_number(value))


def _number(value: float) -> str:
    if not abs(value) < 10**DIGITS:
        return f"{value:.14E}"
    return f"{round(value):d}" if value == round(value) else f"{value:.15g}"
