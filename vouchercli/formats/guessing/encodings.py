"""Which encoding a text is in that is no UTF-8: the one that makes names and common characters of
it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.guessing import names
from vouchercli.formats.tables.headers import DEPTH, trim
from vouchercli.formats.tables.sources import Source, open_source

if TYPE_CHECKING:
    from pathlib import Path

CANDIDATES = ("gb18030", "big5", "cp932", "cp949", "cp1252")
ROWS = 200
# So many syllables and nothing else are Korean: as Chinese they are common characters by chance.
PURE = 6
# of each encoding, the codec and the first bytes of the characters that are common in it
COMMON = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5": ("big5", 0xA4, 0xC6),
    "cp932": ("shift_jis", 0x82, 0x97),
    "cp1252": ("cp1252", 0xC0, 0xFF),
}


def open_guessed(path: Path | str, encoding: str | None) -> tuple[Source, bool]:
    """The file, and whether its encoding is a guess. Raises `VoucherError` for all that cannot be
    read.
    """
    if encoding:
        return open_source(path, encoding=encoding), False
    try:
        source = open_source(path)
    except VoucherError as error:
        if error.code != "undecodable":
            raise
        source = None
    if source is not None and source.encoding != "gb18030":
        return source, False
    readable = [each for name in CANDIDATES if (each := _opened(path, name)) is not None]
    if not readable:
        return open_source(path), False  # which says why not
    return max(readable, key=_likeness), True


def _opened(path: Path | str, encoding: str) -> Source | None:
    try:
        return open_source(path, encoding=encoding)
    except VoucherError:
        return None


def _likeness(source: Source) -> tuple[int, float]:
    """How many known names of columns a reading has, and which share of its characters beyond ASCII
    is common.
    """
    rows = [trim(row) for _, row in islice(source.parts[0].rows(), ROWS)]
    known = max((names.count_known(row) for row in rows[:DEPTH]), default=0)
    foreign = [char for row in rows for cell in row for char in cell if not char.isascii()]
    common = sum(_is_common(char, source.encoding) for char in foreign)
    is_korean = source.encoding == "cp949" and common == len(foreign) >= PURE
    return known, common / max(len(foreign), 1) + is_korean


def _is_common(char: str, encoding: str) -> bool:
    if encoding == "cp949":
        return "가" <= char <= "힣"
    codec, first, last = COMMON[encoding]
    try:
        return first <= char.encode(codec)[0] <= last
    except UnicodeEncodeError:
        return False
