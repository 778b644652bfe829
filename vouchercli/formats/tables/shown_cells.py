"""What the sheets of an XLSX, ODS or XLS file show and its reader does not tell: errors, formulas
that were saved without a value, the zeros of a number format (000123, HZ0001), dates shown as
months.

The XML of a sheet is looked through for these by a few bytes first, and read only when there may be
any. What is found lies over the cells that the reader gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from vouchercli.formats.tables import xls_cells
from vouchercli.formats.tables.nothing import NO_VALUE, as_error
from vouchercli.formats.tables.number_formats import MONTH, MONTH_YEAR, Months, shown_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchercli.formats.tables.archives import Blob
    from vouchercli.formats.tables.number_formats import Zeros

    Shown = Zeros | Months

Overlay = dict[int, dict[int, str]]  # row (from 1) -> place (from 0) -> what the cell shows

OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # of XLS
PIECE = 1 << 20
EDGE = 64  # bytes that pieces share, so that nothing is missed between two
WIDEST = 15  # digits that a number keeps
LONGEST_FORMULA = 200
ODS_CONTENT = "content.xml"
MOST_REPEATED = 1_000  # a sheet's empty end is one cell, a million times
CODE = re.compile(r"[^\d.,%¥￥$€£]*\d[\d-]*")
MONTH_SHOWN = re.compile(r"\d{4}\s?[-/.年]\s?\d{1,2}\s?月?")
RELATION = re.compile(r"\{?[^}]*\}?id$|^r:id$")
REFERENCE = re.compile(r"([A-Z]{1,3})(\d+)")


# ---------------------------------------------------------------- XLSX


def of_sheet(blob: Blob, name: str) -> Overlay:
    """What lies over the cells of one sheet. Nothing for a file whose parts are not where they
    should be: its cells are then read as their reader gives them.
    """
    try:
        with blob.open() as stream:
            if stream.read(len(OLE_MAGIC)) == OLE_MAGIC:
                return xls_cells.overlay(OLE_MAGIC + stream.read(), name)
        with blob.open() as stream, ZipFile(stream) as book:
            if ODS_CONTENT in book.namelist():
                return _overlay(book, ODS_CONTENT, _Table(name))
            part, formats = _parts_of_sheets(book)[name], _formats(book)
            if _may_show_more(book, part, formats):
                return _overlay(book, part, _Sheet(formats))
    except (BadZipFile, KeyError, expat.ExpatError, OSError, ValueError):
        pass
    return {}


def _parts_of_sheets(book: ZipFile) -> dict[str, str]:
    """Sheet name -> its part in the package."""
    names = {name.replace("\\", "/").lstrip("/").casefold(): name for name in book.namelist()}
    targets: dict[str, str] = {}
    sheets: dict[str, str] = {}

    def relation(tag: str, given: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[given["Id"]] = given["Target"]

    def sheet(tag: str, given: dict[str, str]) -> None:
        if tag == "sheet":
            key = next(each for each in given if RELATION.search(each))
            sheets[given["name"]] = given[key]

    workbook = next((name for name in names if name.endswith("workbook.xml")), "")
    folder = workbook.rpartition("/")[0]
    _elements(book.read(names[f"{folder}/_rels/workbook.xml.rels".lstrip("/")]), relation)
    _elements(book.read(names[workbook]), sheet)
    found = {}
    for name, key in sheets.items():
        target = targets[key].replace("\\", "/")
        path = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
        if path.casefold() in names:
            found[name] = names[path.casefold()]
    return found


def _formats(book: ZipFile) -> dict[str, Shown]:
    """The style of a cell, as its number is written -> the format that shows zeros or months."""
    part = next((name for name in book.namelist() if name.endswith("styles.xml")), None)
    if part is None:
        return {}
    codes: dict[str, Shown] = {str(MONTH_YEAR): Months()}
    styles: dict[str, Shown] = {}
    inside, count = False, 0

    def begin(tag: str, given: dict[str, str]) -> None:
        nonlocal inside, count
        if tag == "numFmt" and (shown := shown_by(given.get("formatCode", ""))):
            codes[given["numFmtId"]] = shown
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            if given.get("numFmtId") in codes:
                styles[str(count)] = codes[given["numFmtId"]]
            count += 1

    def end(tag: str) -> None:
        nonlocal inside
        if tag == "cellXfs":
            inside = False

    _elements(book.read(part), begin, end)
    return styles


def _elements(
    text: bytes, begin: Callable[[str, dict[str, str]], None], end: Callable[[str], Any] = len
) -> None:
    parser = _parser(begin, end)
    parser.Parse(text, True)


def _parser(
    begin: Callable[[str, dict[str, str]], None], end: Callable[[str], Any]
) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, given: begin(tag.rpartition(":")[2], given)
    parser.EndElementHandler = lambda tag: end(tag.rpartition(":")[2])
    return parser


def _may_show_more(book: ZipFile, part: str, formats: dict[str, Shown]) -> bool:
    marks = [rb"""\bt=["']e["']""", rb"<(?:\w+:)?f[\s/>]"]
    if formats:
        marks.append(rb"""\bs=["'](?:%s)["']""" % "|".join(formats).encode())
    wanted, kept = re.compile(rb"|".join(marks)), b""
    # found far quicker; where none of these is, the pattern is not either
    plain = [b'="e"', b"='e'", b"<f", b":f"]
    plain += [quote + style.encode() + quote for style in formats for quote in (b'"', b"'")]
    for piece in _pieces(book, part):
        text = kept + piece
        if any(each in text for each in plain) and wanted.search(text):
            return True
        kept = piece[-EDGE:]
    return False


def _pieces(book: ZipFile, part: str) -> Iterator[bytes]:
    with book.open(part) as stream:
        while piece := stream.read(PIECE):
            yield piece


def _overlay(book: ZipFile, part: str, reading: _Sheet | _Table) -> Overlay:
    parser = _parser(reading.begin, reading.end)
    parser.CharacterDataHandler = reading.add
    for piece in _pieces(book, part):
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    return reading.overlay


@dataclass
class _Sheet:
    """Where in a sheet's XML the reading is, and what was found."""

    formats: dict[str, Shown]
    overlay: Overlay = field(default_factory=dict)
    row: int = 0
    place: int = -1
    kind: str = ""
    style: str = ""
    value: str = ""
    formula: str = ""
    has_formula: bool = False
    has_text: bool = False
    within: str = ""

    def begin(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""
        if tag == "c":
            self.row, self.place = self._position(given.get("r", ""))
            self.kind, self.style = given.get("t", "n"), given.get("s", "")
            self.value, self.formula, self.has_formula, self.has_text = "", "", False, False
        elif tag == "row":
            self.row, self.place = int(given.get("r", self.row + 1)), -1
        elif tag == "f":
            self.has_formula, self.within = True, tag
        elif tag in ("v", "t"):
            self.within = tag

    def add(self, text: str) -> None:
        """Text within an element."""
        if self.within == "v":
            self.value += text
        elif self.within == "f" and len(self.formula) < LONGEST_FORMULA:
            self.formula += text
        elif self.within == "t":
            self.has_text = True

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag == self.within:
            self.within = ""
        if tag == "c" and (shown := self._shown()):
            self.overlay.setdefault(self.row, {})[self.place] = shown

    def _position(self, reference: str) -> tuple[int, int]:
        match = REFERENCE.fullmatch(reference)
        if match is None:
            return self.row, self.place + 1
        place = 0
        for letter in match[1]:
            place = place * 26 + ord(letter) - 64
        return int(match[2]), place - 1

    def _shown(self) -> str:
        value = self.value.strip()
        if self.kind == "e":
            return as_error(value)
        if self.has_formula and not value and not self.has_text and self.kind != "str":
            formula = self.formula.strip()
            return f"{NO_VALUE} ={formula}" if formula else NO_VALUE
        shown = self.formats.get(self.style)
        if shown is None or self.kind != "n":
            return ""
        digits = value[:-2] if value.endswith(".0") else value
        return shown.show(digits) if digits.isdigit() and len(digits) <= WIDEST else ""


# ---------------------------------------------------------------- ODS


@dataclass
class _Table:
    """Where in the tables of an ODS file the reading is, and what was found in the one of that
    name. A cell has its text as it is shown beside its value.
    """

    name: str
    overlay: Overlay = field(default_factory=dict)
    row: int = 0
    place: int = 0
    repeated_rows: int = 1
    cell: dict[str, str] | None = None
    text: str = ""
    is_here: bool = False
    is_text: bool = False

    def begin(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""
        attributes = {key.rpartition(":")[2]: value for key, value in given.items()}
        if tag == "table":
            self.is_here, self.row = attributes.get("name") == self.name, 0
        elif tag == "table-row":
            self.row, self.place = self.row + 1, 0
            self.repeated_rows = int(attributes.get("number-rows-repeated", 1))
        elif tag in ("table-cell", "covered-table-cell"):
            kinds = [value for key, value in given.items() if key.endswith("value-type")]
            self.cell, self.text = attributes | {"kinds": " ".join(kinds)}, ""
        elif tag == "p":
            self.is_text = True

    def add(self, text: str) -> None:
        """Text within an element."""
        if self.is_text and self.cell is not None:
            self.text += text

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag == "p":
            self.is_text = False
        elif tag == "table-row":
            self.row += self.repeated_rows - 1
        elif tag in ("table-cell", "covered-table-cell") and self.cell is not None:
            count = int(self.cell.get("number-columns-repeated", 1))
            shown = self._shown(self.cell) if self.is_here else ""
            if shown and max(count, self.repeated_rows) <= MOST_REPEATED:
                for row in range(self.row, self.row + self.repeated_rows):
                    places = range(self.place, self.place + count)
                    self.overlay.setdefault(row, {}).update(dict.fromkeys(places, shown))
            self.place += count
            self.cell = None

    def _shown(self, cell: dict[str, str]) -> str:
        kinds, text = cell["kinds"].split(), self.text.strip()
        if "error" in kinds:
            return as_error(text)
        if not kinds and cell.get("formula") and not text:
            return f"{NO_VALUE} {cell['formula'].partition(':')[2][:LONGEST_FORMULA]}"
        if "date" in kinds and MONTH_SHOWN.fullmatch(text):
            return MONTH
        value = cell.get("value", "").removesuffix(".0")
        if "float" in kinds and text != value and CODE.fullmatch(text):
            digits = re.sub(r"\D", "", text)
            is_same = value.isdigit() and digits.lstrip("0") == value.lstrip("0")
            return text if is_same else ""
        return ""
