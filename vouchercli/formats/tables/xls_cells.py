"""What the sheets of an XLS file show and its reader does not tell: errors, the zeros of number
formats, and dates shown as months. Of a file older than Excel 97, nothing.

An XLS file is a small file system (compound file) whose stream Workbook is a row of records: two
bytes of type, two of length, the data ([MS-CFB], [MS-XLS]).
"""

from __future__ import annotations

import struct
from struct import unpack_from
from typing import TYPE_CHECKING

from vouchercli.formats.tables.number_formats import MONTH_YEAR, Months, Zeros, shown_by

if TYPE_CHECKING:
    from collections.abc import Iterator

ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
END_OF_CHAIN = 0xFFFFFFFA  # and above: no sector
BOF, EOF, BOUNDSHEET, FORMAT, XF = 0x809, 0x0A, 0x85, 0x41E, 0xE0
BOOLERR, FORMULA, NUMBER, RK, MULRK = 0x205, 0x06, 0x203, 0x27E, 0xBD
EXCEL_97 = 0x600
IS_NO_NUMBER, IS_ERROR = 0xFFFF, 2  # in the value of a formula
DIGITS = 10**15


def overlay(data: bytes, name: str) -> dict[int, dict[int, str]]:
    """Row (from 1) -> place (from 0) -> what the cell of the sheet shows; nothing for a file that
    is not understood.
    """
    try:
        stream = _workbook(data)
        return _Book(stream).overlay(name)
    except (struct.error, KeyError, IndexError, UnicodeDecodeError, ValueError):
        return {}


class _Book:
    def __init__(self, stream: bytes) -> None:
        self.stream = stream
        self.sheets: dict[str, int] = {}
        self.styles: list[Zeros | Months | None] = []
        codes: dict[int, Zeros | Months | None] = {MONTH_YEAR: Months()}
        kinds: list[int] = []
        for kind, data in self._records(0):
            if kind == BOF and unpack_from("<H", data)[0] != EXCEL_97:
                raise ValueError("older than Excel 97")
            if kind == BOUNDSHEET:
                self.sheets[_text(data, 7, data[6])] = unpack_from("<I", data)[0]
            elif kind == FORMAT:
                number, length = unpack_from("<HH", data)
                codes[number] = shown_by(_text(data, 4, length))
            elif kind == XF:
                kinds.append(unpack_from("<H", data, 2)[0])
        self.styles = [codes.get(number) for number in kinds]

    def overlay(self, name: str) -> dict[int, dict[int, str]]:
        """What lies over the cells of one sheet."""
        found: dict[int, dict[int, str]] = {}
        for kind, data in self._records(self.sheets[name]):
            for row, place, shown in self._cells(kind, data):
                if shown:
                    found.setdefault(row + 1, {})[place] = shown
        return found

    def _records(self, at: int) -> Iterator[tuple[int, bytes]]:
        """The records of one substream; charts inside a sheet have their own ends."""
        depth = 0
        while True:
            kind, length = unpack_from("<HH", self.stream, at)
            yield kind, self.stream[at + 4 : at + 4 + length]
            depth += (kind == BOF) - (kind == EOF)
            if depth <= 0:
                return
            at += 4 + length

    def _cells(self, kind: int, data: bytes) -> Iterator[tuple[int, int, str]]:
        if kind == BOOLERR:
            row, place, _, value, is_error = unpack_from("<HHHBB", data)
            yield row, place, ERRORS.get(value, "#UNKNOWN!") if is_error else ""
        elif kind == FORMULA:
            row, place, _, what, code, mark = unpack_from("<HHHBxBxxxH", data)
            if mark == IS_NO_NUMBER and what == IS_ERROR:
                yield row, place, ERRORS.get(code, "#UNKNOWN!")
        elif kind == NUMBER:
            row, place, style, number = unpack_from("<HHHd", data)
            yield row, place, self._shown(style, number)
        elif kind == RK:
            row, place, style, packed = unpack_from("<HHHI", data)
            yield row, place, self._shown(style, _unpacked(packed))
        elif kind == MULRK:
            row, first = unpack_from("<HH", data)
            for number in range((len(data) - 6) // 6):
                style, packed = unpack_from("<HI", data, 4 + 6 * number)
                yield row, first + number, self._shown(style, _unpacked(packed))

    def _shown(self, style: int, number: float) -> str:
        form = self.styles[style] if style < len(self.styles) else None
        is_whole = form is not None and 0 <= number < DIGITS and number == int(number)
        return form.show(str(int(number))) if form is not None and is_whole else ""


def _unpacked(packed: int) -> float:
    """A number that is kept in 30 bits: whole or the upper half of a float, perhaps times 100."""
    if packed & 2:
        number = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        number = unpack_from("<d", bytes(4) + (packed & 0xFFFFFFFC).to_bytes(4, "little"))[0]
    return number / 100 if packed & 1 else number


def _text(data: bytes, at: int, length: int) -> str:
    """A text of so many characters, of one byte or of two; its first byte says which."""
    if data[at] & 1:
        return data[at + 1 : at + 1 + 2 * length].decode("utf-16-le")
    return data[at + 1 : at + 1 + length].decode("latin-1")


# ---------------------------------------------------------------- the compound file


def _workbook(data: bytes) -> bytes:
    """The stream Workbook."""
    size, small = 1 << unpack_from("<H", data, 0x1E)[0], 1 << unpack_from("<H", data, 0x20)[0]
    (first_folder,) = unpack_from("<I", data, 0x30)
    cutoff, first_small = unpack_from("<II", data, 0x38)
    table = _allocation_table(data, size)
    folder = _chain(data, size, table, first_folder, 1)
    entries = {}
    for at in range(0, len(folder) - 127, 128):
        length = unpack_from("<H", folder, at + 64)[0]
        name = folder[at : at + max(length - 2, 0)].decode("utf-16-le")
        entries[name] = unpack_from("<II", folder, at + 116)
    start, length = entries["Workbook"]
    if length >= cutoff:
        return _chain(data, size, table, start, 1)[:length]
    small_file = _chain(data, size, table, entries["Root Entry"][0], 1)
    small_table = _numbers(_chain(data, size, table, first_small, 1))
    return _chain(small_file, small, small_table, start, 0)[:length]


def _allocation_table(data: bytes, size: int) -> tuple[int, ...]:
    """Which sector follows each sector."""
    sectors = [*unpack_from("<109I", data, 0x4C)]
    following, count = unpack_from("<II", data, 0x44)
    for _ in range(count):
        numbers = unpack_from(f"<{size // 4}I", data, (following + 1) * size)
        sectors += numbers[:-1]
        following = numbers[-1]
    return tuple(
        number
        for sector in sectors
        if sector < END_OF_CHAIN
        for number in unpack_from(f"<{size // 4}I", data, (sector + 1) * size)
    )


def _chain(data: bytes, size: int, table: tuple[int, ...], sector: int, ahead: int) -> bytes:
    """The sectors of one stream, `ahead` of them stand before the first."""
    pieces: list[bytes] = []
    while sector < END_OF_CHAIN and len(pieces) <= len(table):
        pieces.append(data[(sector + ahead) * size : (sector + ahead + 1) * size])
        sector = table[sector]
    return b"".join(pieces)


def _numbers(data: bytes) -> tuple[int, ...]:
    return unpack_from(f"<{len(data) // 4}I", data)
