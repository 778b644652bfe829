"""Open whatever file was handed over: CSV, gzip, zip, spreadsheet or standard input, as rows of
text with line numbers.

Nothing here knows what the columns mean. A CSV of any size is read in pieces; a spreadsheet is held
by its reader.
"""

from __future__ import annotations

import hashlib
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.configs.layouts import Layout
from vouchercli.formats.tables import csvs, fixed_widths, parquet
from vouchercli.formats.tables.archives import MAX_BYTES, ZIP_MAGIC, Blob, blob_of, spool, unpack
from vouchercli.formats.tables.encodings import CHINESE, encoding_of, is_chinese, strict_codec
from vouchercli.result import NO_ROOM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vouchercli.formats.configs.profiles import EntryChoice

OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # .xls
TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
FOREIGN = {b"%PDF": "PDF", b"Rar!": "RAR", b"7z\xbc\xaf": "7-Zip"}
DELIMITERS = (",", "\t", ";", "|", "^", "~", "\x01", "\uff0c")  # between cells, as met
SEP_LINE = re.compile(r"""["']?sep=(.)["']?[,;\t]*\r?(?:\n|$)""", re.IGNORECASE)  # Excel writes it


TAG = re.compile(r"<(?:\?xml|!doctype|[a-z][\w:-]*)(?:\s[^<>]*)?>")


class Rows(Protocol):
    """(line from 1, cells) of the rows, from the beginning each time. A text gives those behind
    line `after`, and is told how many cells a row may have (`widths`).
    """

    def __call__(
        self, after: int = 0, widths: frozenset[int] = csvs.NO_WIDTHS
    ) -> Iterator[tuple[int, list[str]]]:
        """Begin to read them."""


@dataclass(frozen=True)
class Part:
    """One table of the file: the text as it is cut by `delimiter` ('': by none), or one sheet of
    `height` rows.
    """

    name: str
    rows: Rows
    delimiter: str = ""
    height: int = 0


@dataclass(frozen=True)
class Source:
    """An open file. `sha256` is of the file as given; `sha1s` makes the SHA-1 of the file as given
    and of what it wraps. `hidden` names the sheets that nobody sees and that are not read;
    `is_guess`: nothing but the decoding speaks for the encoding.
    """

    name: str
    sha256: str
    sha1s: Callable[[], frozenset[str]]
    encoding: str  # the codec's name, or `xlsx`, `xls` ...
    parts: tuple[Part, ...]
    # how much of the file the reading begun last has behind it
    share: Callable[[], float | None] = lambda: None
    text: Blob | None = None  # the bytes of a text file, unpacked
    delimiter: str = ""  # between the cells of a text file, where that is known
    is_guess: bool = False
    hidden: tuple[str, ...] = ()

    def cuts(self, layout: Layout) -> list[tuple[Part, ...]]:
        """The ways in which its cells may be told apart, the likeliest first."""
        text, codec = self.text, self.encoding
        if text is None:
            return [self.parts]
        if layout.widths:
            cut = partial(fixed_widths.rows, text.open, codec, layout.widths, layout.in_bytes)
            return [(Part("", cut),)]
        known = self.delimiter or layout.delimiter
        return [
            (Part("", partial(csvs.rows, text.open, codec, delimiter), delimiter),)
            for delimiter in ((known,) if known else _delimiters(text, codec))
        ]

    def read_as(self, encoding: str) -> Source | None:
        """The same text by another encoding; None when it is not strictly that."""
        codec = strict_codec(self.text.open, encoding) if self.text else None
        return replace(self, encoding=codec, is_guess=False, parts=()) if codec else None


def open_source(
    path: Path | str,
    *,
    encoding: str | None = None,
    fallback: str | None = None,
    others: Sequence[str] = (),
    choices: Sequence[EntryChoice] = (),
    largest: int = MAX_BYTES,
) -> Source:
    """The file at `path` (`-`: standard input), of `largest` bytes at most. `encoding` forces
    one, `fallback` replaces GB18030 as the second guess, `others` are tried where that fails;
    `choices` say which entry of an archive is meant. Raises `VoucherError` for all that cannot be
    read.
    """
    try:
        is_piped = str(path) == "-"
        outer = spool(sys.stdin.buffer, "-", largest) if is_piped else _file(Path(path), largest)
        with ThreadPoolExecutor(
            1
        ) as aside:  # a second core digests a large file while this one looks at its text
            sha256 = aside.submit(_digest, outer, "sha256")
            source = _open(path, outer, encoding, fallback, others, choices)
            return replace(source, sha256=sha256.result())
    except OSError as error:
        if error.errno in NO_ROOM:
            raise
        raise whole_files.unreadable(path, error) from error


def _open(
    path: Path | str,
    outer: Blob,
    encoding: str | None,
    fallback: str | None,
    others: Sequence[str],
    choices: Sequence[EntryChoice],
) -> Source:
    inner = unpack(outer, choices)

    def sha1s() -> frozenset[str]:
        return frozenset(
            _digest(blob, "sha1") for blob in ((outer,) if inner is outer else (outer, inner))
        )

    with inner.open() as stream:
        head = stream.read(4)
    if head in (ZIP_MAGIC, OLE_MAGIC):
        kind, parts, hidden = _workbook(inner, head)
        return Source(outer.name, "", sha1s, kind, parts, hidden=hidden)
    if head == parquet.MAGIC:
        text = parquet.as_text(inner, Path(path) if inner is outer and str(path) != "-" else None)
        codec, delimiter, share, is_guess = "utf-8", parquet.DELIMITER, text.share, False
    elif head in FOREIGN:
        raise _foreign(inner.name, FOREIGN[head])
    else:
        text, delimiter, share = inner, "", outer.share
        codec, is_guess = _encoding(inner, encoding, fallback, others)
        _refuse_markup(inner, codec)
    source = Source(outer.name, "", sha1s, codec, (), share, text, delimiter, is_guess)
    return replace(source, parts=source.cuts(Layout())[0])


def _encoding(
    text: Blob, asked: str | None, fallback: str | None, others: Sequence[str]
) -> tuple[str, bool]:
    """The codec of a text, and whether that is a guess."""
    try:
        codec = encoding_of(text.open, text.name, asked=asked, fallback=fallback)
    except VoucherError as error:
        fitting = (strict_codec(text.open, other) for other in others)
        codec = next((each for each in fitting if each), "")
        if error.code != "undecodable" or asked or not codec:
            raise
        return codec, False
    is_told = codec not in CHINESE or asked or fallback or is_chinese(text.open)
    return codec, not is_told


def _delimiters(text: Blob, codec: str) -> list[str]:
    """The delimiters that stand in the beginning of the text, the one there is most of first; only
    the one that its first line names, where it does (`sep=;`).
    """
    with text.open() as raw:
        sample = raw.read(csvs.SAMPLE).decode(csvs.codec_of(codec), "ignore")
    if named := SEP_LINE.match(sample):
        return [named[1]]
    likeliest = csvs.delimiter_of(text.open, codec)
    return [likeliest, *(each for each in DELIMITERS if each in sample and each != likeliest)]


def _file(path: Path, largest: int) -> Blob:
    name = identities.hide(str(path))  # it is kept and shown
    try:
        whole_files.require_ordinary(path)
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise whole_files.unreadable(path, error) from error
    whole_files.refuse_large(name, size, largest)
    return blob_of(path, name, size)


def _digest(blob: Blob, name: str) -> str:
    digest = hashlib.new(name, usedforsecurity=False)
    with blob.open() as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _workbook(blob: Blob, head: bytes) -> tuple[str, tuple[Part, ...], tuple[str, ...]]:
    if Path(blob.name).suffix.lower() in TEXT_SUFFIXES:
        kind = "xlsx" if head == ZIP_MAGIC else "xls"
        raise VoucherError(
            "wrong_suffix",
            "{file} is named as text but is a spreadsheet",
            hint="rename it to end with .{kind}, or save it as CSV",
            file=blob.name,
            kind=kind,
        )
    # the reader is loaded only when a spreadsheet comes
    from vouchercli.formats.tables import spreadsheets

    sheets, hidden = spreadsheets.sheets(blob)
    parts = tuple(
        Part(name, partial(spreadsheets.rows, sheet), height=sheet.cells.height)
        for name, sheet in sheets.items()
    )
    return "xlsx" if head == ZIP_MAGIC else "xls", parts, hidden


def _refuse_markup(blob: Blob, codec: str) -> None:
    """Portals like to send a web page named .xls, and old programs write spreadsheets as XML."""
    with blob.open() as stream:
        start = stream.read(2048).decode(codec, "ignore").lstrip("\ufeff \t\r\n").casefold()
    if "urn:schemas-microsoft-com:office:spreadsheet" in start:
        raise _foreign(blob.name, "SpreadsheetML (Excel 2003 XML)")
    if start.startswith("mime-version:"):
        raise _foreign(blob.name, "MHTML (web archive)")
    if TAG.match(start):
        is_page = any(tag in start for tag in ("<html", "<!doctype html", "<table"))
        raise _foreign(blob.name, "HTML" if is_page else "XML")
    if start.startswith(("[{", '{"')):
        raise _foreign(blob.name, "JSON")


def _foreign(name: str, what: str) -> VoucherError:
    return VoucherError(
        "foreign_file",
        "{file} is a {what} file, which is not read here",
        hint="open it in a spreadsheet program and save it as XLSX, or ask for it as CSV or XLSX",
        file=name,
        what=what,
    )
