"""Open whatever file was handed over: CSV, gzip, zip, spreadsheet or standard input, as rows of
text with line numbers.

Nothing here knows what the columns mean. A CSV of any size is read in pieces; a spreadsheet is held
by its reader.
"""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.tables import csvs, parquet
from vouchercli.formats.tables.archives import ZIP_MAGIC, Blob, blob_of, spool, unpack
from vouchercli.formats.tables.encodings import encoding_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vouchercli.formats.configs.profiles import EntryChoice

OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # .xls
TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
FOREIGN = {b"%PDF": "PDF", b"Rar!": "RAR", b"7z\xbc\xaf": "7-Zip"}


@dataclass(frozen=True)
class Part:
    """One table of the file: the text itself, or one sheet. `rows()` begins anew each time: (line
    from 1, cells).
    """

    name: str
    rows: Callable[[], Iterator[tuple[int, list[str]]]]


@dataclass(frozen=True)
class Source:
    """An open file. `sha256` is of the file as given; `sha1s` makes the SHA-1 of the file as given
    and of what it wraps.
    """

    name: str
    sha256: str
    sha1s: Callable[[], frozenset[str]]
    encoding: str  # the codec's name, or `xlsx`, `xls` ...
    parts: tuple[Part, ...]
    # how much of the file the reading begun last has behind it
    share: Callable[[], float | None] = lambda: None
    text: Blob | None = None  # the bytes of a text file, unpacked
    delimiter: str = ","  # between the cells of a text file


def open_source(
    path: Path | str,
    *,
    encoding: str | None = None,
    fallback: str | None = None,
    choices: Sequence[EntryChoice] = (),
) -> Source:
    """The file at `path` (`-`: standard input). `encoding` forces one, `fallback` replaces GB18030
    as the second guess; `choices` say which entry of an archive is meant. Raises `VoucherError` for
    all that cannot be read.
    """
    outer = spool(sys.stdin.buffer, "-") if str(path) == "-" else _file(Path(path))
    with ThreadPoolExecutor(
        1
    ) as aside:  # a second core digests a large file while this one looks at its text
        sha256 = aside.submit(_digest, outer, "sha256")
        source = _open(path, outer, encoding, fallback, choices)
        return replace(source, sha256=sha256.result())


def _open(
    path: Path | str,
    outer: Blob,
    encoding: str | None,
    fallback: str | None,
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
        return Source(outer.name, "", sha1s, *_workbook(inner, head))
    if head == parquet.MAGIC:
        text = parquet.as_text(inner, Path(path) if inner is outer and str(path) != "-" else None)
        return Source(
            outer.name,
            "",
            sha1s,
            "utf-8",
            _lines(text, "utf-8", parquet.DELIMITER),
            text.share,
            text,
            parquet.DELIMITER,
        )
    if head in FOREIGN:
        raise _foreign(inner.name, FOREIGN[head])
    codec = encoding_of(inner.open, inner.name, asked=encoding, fallback=fallback)
    _refuse_html(inner, codec)
    delimiter = csvs.delimiter_of(inner.open, codec)
    return Source(
        outer.name, "", sha1s, codec, _lines(inner, codec, delimiter), outer.share, inner, delimiter
    )


def _lines(text: Blob, codec: str, delimiter: str) -> tuple[Part, ...]:
    return (Part("", partial(csvs.rows, text.open, codec, delimiter)),)


def _file(path: Path) -> Blob:
    name = identities.hide(str(path))  # it is kept and shown
    try:
        if path.is_dir():
            raise VoucherError(
                "is_a_folder", "{file} is a folder, not a file", hint="name a file in it", file=name
            )
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise whole_files.unreadable(path, error) from error
    return blob_of(path, name, size)


def _digest(blob: Blob, name: str) -> str:
    digest = hashlib.new(name, usedforsecurity=False)
    with blob.open() as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _workbook(blob: Blob, head: bytes) -> tuple[str, tuple[Part, ...]]:
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

    parts = tuple(
        Part(name, partial(spreadsheets.rows, sheet))
        for name, sheet in spreadsheets.sheets(blob).items()
    )
    return "xlsx" if head == ZIP_MAGIC else "xls", parts


def _refuse_html(blob: Blob, codec: str) -> None:
    """Portals like to send a web page named .xls."""
    with blob.open() as stream:
        start = stream.read(2048).decode(codec, "ignore").lstrip("\ufeff \t\r\n").casefold()
    if start.startswith(("<html", "<!doctype", "<table", "<?xml")):
        raise _foreign(blob.name, "HTML")


def _foreign(name: str, what: str) -> VoucherError:
    return VoucherError(
        "foreign_file",
        "{file} is a {what} file, which is not read here",
        hint="ask for it as CSV or XLSX",
        file=name,
        what=what,
    )
