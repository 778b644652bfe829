"""Which encoding a text is in that is no UTF-8: the one that makes names and common characters of
it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from vouchercli.formats.configs.layouts import Layout
from vouchercli.formats.guessing import names
from vouchercli.formats.tables.headers import DEPTH, begin_of

if TYPE_CHECKING:
    from vouchercli.formats.tables.sources import Source

CANDIDATES = ("gb18030", "big5", "shift_jis", "euc-kr", "latin-1")  # as a profile names them
ROWS = 200
# So many syllables and nothing else are Korean: as Chinese they are common characters by chance.
PURE = 6
# of each encoding, a codec and the first bytes of the characters that are common in it
COMMON = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5": ("big5", 0xA4, 0xC6),
    "shift_jis": ("shift_jis", 0x82, 0x97),
    "latin-1": ("latin-1", 0xC0, 0xFF),
}


def likeliest(source: Source) -> tuple[Source, str]:
    """The text by the likeliest encoding, and its name where it is a guess ('': it is not)."""
    if source.text is None or source.encoding != "gb18030":
        return source, ""
    readings = [(each, name) for name in CANDIDATES if (each := source.read_as(name)) is not None]
    return max(readings, key=lambda reading: _likeness(*reading), default=(source, ""))


def _likeness(source: Source, encoding: str) -> tuple[int, float]:
    """How many known names of columns a reading has, and which share of its characters beyond ASCII
    is common.
    """
    (part,) = source.cuts(Layout())[0]
    rows = [begin_of(row) for _, row in islice(part.rows(), ROWS)]
    known = max((names.count_known(row) for row in rows[:DEPTH]), default=0)
    strange = [char for row in rows for cell in row for char in cell if not char.isascii()]
    common = sum(_is_common(char, encoding) for char in strange)
    is_korean = encoding == "euc-kr" and common == len(strange) >= PURE
    return known, common / max(len(strange), 1) + is_korean


def _is_common(char: str, encoding: str) -> bool:
    if encoding == "euc-kr":
        return "가" <= char <= "힣"
    codec, first, last = COMMON[encoding]
    try:
        return first <= char.encode(codec)[0] <= last
    except UnicodeEncodeError:
        return False
