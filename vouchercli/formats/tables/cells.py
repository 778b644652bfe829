"""Cells on their way in and out: what is stripped, what is kept, what was damaged by a spreadsheet.

In: byte order marks, backticks, TABs, wrapping quotes and blanks of every width go; NFKC
(full-width digits and letters) is for ids, amounts and times, never for names. Out: a text that a
spreadsheet would run as a formula gets a leading ', which the way in takes off again. So a cell
written by us and read by us is the same cell.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from vouchercli.formats.written.formulas import FORMULA

if TYPE_CHECKING:
    from collections.abc import Iterable

INVISIBLE = (
    "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u180e\u00ad"
    # marks of direction: a telephone number that is copied from a list of contacts has them
    "\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
BLANKS = (
    " \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\u00a0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
END_OF_FILE = "\x1a"  # Ctrl-Z: old programs end a text with it
EDGE = BLANKS + INVISIBLE + "`" + END_OF_FILE
QUOTES = "'\"\u2018\u2019\u201c\u201d\u02cb\uff07\uff02\uff40"
# ="0012": how exports keep a spreadsheet from eating zeros
TEXT_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
LINE_BREAK = re.compile(r"\s*[\r\n\u2028\u2029]+\s*")
UNSEEN = re.compile(f"[{INVISIBLE}]")
# 1.200,50 and 1 200,50, as much of Europe writes amounts
WITH_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:([. '])\d{3})(?:\1\d{3})*)(?:,\d{1,2})?")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
# 11002.0, 11002.00, 11002,00: a number that once was a text
WHOLE_FLOAT = re.compile(r"(\d{1,15})\.0+|(\d{4,15}),00?")
# what remains of characters read in a wrong encoding
GARBLED = re.compile("[\ufffd\x80-\x84\x86-\x9f]|锟斤拷")
ESCAPE = "\x1b"  # ISO-2022 changes its characters by it
NOTED = re.compile(r"[^()]*\d[^()]*\(.*\)")  # 131.77(已退款89.84)
SERIAL = re.compile(r"[2-7]\d{4}(\.\d+)?")  # days since 1899-12-30: years 1954 to 2119
WIDEST_NUMBER = len("123456789012345.0")
FEN = re.compile(r"([+-]?)(\d+)")
SERIAL_ORIGIN = datetime(1899, 12, 30)


class Number(str):
    """A cell of a sheet that holds a number: if it was a code, the zeros before it are gone."""

    __slots__ = ()


def name_text(cell: str) -> str:
    """A name, an address: its own characters, without what stands around it; line breaks become
    blanks.
    """
    text = cell.strip(EDGE)
    if text[:2] == '="' and (match := TEXT_FORMULA.fullmatch(text)):
        text = match[1].strip(EDGE)
    elif text[:1] == '"' and text[-1:] == '"' and len(text) > 1 and '"' not in text[1:-1]:
        text = text[1:-1].strip(EDGE)
    if text[:1] == "'" and text[1:2] in FORMULA:
        text = text[1:].strip(EDGE)
    return LINE_BREAK.sub(" ", text) if not text.isprintable() else text


def is_garbled(text: str) -> bool:
    """Whether a cleaned cell was read in a wrong encoding before it came here: characters that
    nobody writes, question marks alone (???), or the escapes of a Japanese or Korean mail.
    """
    if text.isascii():
        return ESCAPE in text or (text[:2] == "??" and not text.strip("? "))
    return GARBLED.search(text) is not None


def id_text(cell: str) -> str:
    """A number, a code: NFKC, no quotes around it, nothing unseen inside, `11002.0` as 11002."""
    text = bare_text(cell)
    if text[-1:] == "0" and (match := WHOLE_FLOAT.fullmatch(text)):
        return match[1] or match[2]
    return text


def bare_text(cell: str) -> str:
    """A cell in one width, without what stands around it."""
    text = cell.strip(EDGE)
    if not text.isascii():
        text = UNSEEN.sub("", unicodedata.normalize("NFKC", text)).strip(EDGE)
    if text[:2] == '="' and (match := TEXT_FORMULA.fullmatch(text)):
        text = match[1]
    return text.strip(QUOTES).strip(EDGE)


def amount_text(cell: str) -> str:
    """An amount: bare_text without ¥, 元 and well-formed thousands commas ("1,234.50"; "1,23" stays
    and is refused later).
    """
    text = bare_text(cell)
    if text[-2:] == ".0" and text[:-2].isdigit() and len(text) <= WIDEST_NUMBER:
        return text[:-2]
    text = _without_unit(text)
    if "," in text and THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    return text


def comma_amount_text(cell: str) -> str:
    """The same where a comma stands before the decimals, as it is written (`with_point`); but a
    cell of a sheet that holds a number has a point.
    """
    text = amount_text(cell) if isinstance(cell, Number) else _without_unit(bare_text(cell))
    return text.replace(".", ",") if isinstance(cell, Number) else text


def _without_unit(text: str) -> str:
    if text.isascii():
        return text
    return text.replace("\u2212", "-").replace("¥", "").replace("元", "").strip(EDGE)


def with_point(text: str) -> str:
    """An amount with a comma before its decimals: `1.200,50` as 1200.50. Raises `ValueError`."""
    if not WITH_COMMA.fullmatch(text):
        raise ValueError(text)
    return re.sub("[. ']", "", text).replace(",", ".")


def time_text(cell: str) -> str:
    """A time: id_text, and a spreadsheet's serial number (43917.333333) as `2020-03-27
    08:00:00`.
    """
    text = id_text(cell)
    if SERIAL.fullmatch(text):
        moment = SERIAL_ORIGIN + timedelta(seconds=round(float(text) * 86_400))
        return moment.isoformat(" ") if "." in text else moment.date().isoformat()
    return text


def yuan_of_fen(text: str) -> str:
    """Fen as yuan text, exactly: "1234" -> "12.34". Raises `ValueError` for anything but whole
    fen.
    """
    match = FEN.fullmatch(text)
    if not match:
        raise ValueError(text)
    digits = match[2].rjust(3, "0")
    return f"{match[1]}{digits[:-2]}.{digits[-2:]}"


def opposite(text: str) -> str:
    """An amount with its sign turned; nothing stays nothing, and there is no -0."""
    if text[:1] in ("-", "+"):
        return text[1:] if text[0] == "-" else "-" + text[1:]
    return "-" + text if text.strip("0.") else text


@lru_cache(maxsize=4096)  # every header is held against every name of every profile
def column_key(name: str) -> str:
    """What a header name is compared by: brackets and letters of any width alike, no blanks, no
    marks around it.
    """
    text = unicodedata.normalize("NFKC", name.replace("ï»¿", "")).casefold()
    return "".join(UNSEEN.sub("", text).split()).strip("`'\"?*#")


def column_keys(names: Iterable[str]) -> set[str]:
    """What several header names are compared by."""
    return set(map(column_key, names))


def identity_key(*parts: str) -> str:
    """A merchant's number made of other columns: NFKC, lower case, one kind of dash, blanks
    collapsed (and none beside a Chinese or Japanese character), joined by ` | `; so it survives
    what people change without meaning it.
    """
    return " | ".join(_normalise(part) for part in parts)


def _normalise(text: str) -> str:
    folded = " ".join(
        UNSEEN.sub("", unicodedata.normalize("NFKC", text)).translate(DASHES).casefold().split()
    )
    return BESIDE_WIDE.sub("", folded)


DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-") | {
    ord("\u301c"): "~"
}
BESIDE_WIDE = re.compile(r"(?<=[\u2e80-\ud7ff\uf900-\ufaff]) | (?=[\u2e80-\ud7ff\uf900-\ufaff])")
