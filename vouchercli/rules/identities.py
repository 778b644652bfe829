"""The law of identities: what is one person's number however it is written, and whether an identity
number can be right.

A way of evening out has a number and never changes, because the tokens in a file rest on it: a file
goes on with the way that it began with, at every door. docs/operating.md says byte by byte what
each way does.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from vouchercli.identities import check_character, find, is_luhn, whole
from vouchercli.patterns import Pattern
from vouchercli.result import Word

ROUNDED_IDENTITY = Word(
    "a spreadsheet kept the identity number as a number: its last three digits are lost"
)
ROUNDED_CARD = Word(
    "a spreadsheet kept the number of the card as a number: its last digits are lost"
)
SEVERAL_VALUES = Word("several values stand in one cell: give each a cell of its own")
BESIDE_A_NUMBER = Word("something else stands beside the number: leave only the number")

MASKED = Word(
    "characters of it are hidden, and several people may have the same ones: ask for the whole"
    " number"
)
ODD_MARKS = Word(
    "marks stand between its digits that nobody can be sure of: write the digits alone"
)

BEFORE_WAYS, WAY = 1, 2  # as cells were cleaned before there were ways; of files made now

UNSEEN = Pattern(
    "[\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u180e\u00ad\u061c\u202a-\u202e\u2066-\u2069]"
)
# dashes and minus signs of every width, dots in the middle, blanks
BETWEEN = Pattern(r"[\s\-\u2010-\u2015\u2212\u00b7\u30fb\u2e31()]+")
MARKS = "'\"`\u2018\u2019\u201c\u201d"
MAIL = Pattern(r"[^\s@]+@[^\s@]+\.[^\s@]+")
MOBILE = Pattern(r"(?:(?:\+|00)?86|0)?(1[3-9]\d{9})")
NUMBER = Pattern(r"\d{17}[\dX]|\d{15}", re.ASCII)  # of an identity card
TRAVEL = Pattern(r"[A-Z]{1,2}\d{6,10}[A-Z]?", re.ASCII)  # a passport, a permit
DIGITS = Pattern(r"\d{11,}", re.ASCII)  # of a bank card
SEVERAL = Pattern("[;,\t\r\n\u2028\u2029\uff1b\uff0c\u3001]")
WHOLE = Pattern(r"(\d+)\.0+", re.ASCII)

# 138****0001, 张*, ●●0001; 1380000XXXX: no platform's own number has only digits and such a run
HIDING = Pattern("[*\uff0a\u2022\u25cf\u25cb\u00d7]")
CROSSED = r"^[0-9]+[Xx]{3,}[0-9]*$"
CROSSED_OUT = Pattern(CROSSED, re.ASCII)

# What `even_out` may change, of texts of letters, digits, - and other marks of numbers; a text with
# a dash is looked at only when it matches `DASHED`.
CHANGEABLE = (
    r"^(?:0086|86|0)1[3-9][0-9]{9}$|^[0-9]{15}$|^[0-9]{17}x$|^[A-Za-z]{1,2}[0-9]{6,10}[A-Za-z]?$"
)
# Two numbers, as far as the marks that identifiers are made of may part them.
PARTED = r"[0-9X]+[|/#_]+[0-9]{11}|[0-9]{11}[0-9X]*[|/#_]+[0-9]"
MARKED = r"^[0-9][0-9_/|#]*[_/|#][0-9_/|#]*[0-9Xx]$"  # `has_odd_marks` is true of such alone
DASHED = r"^(?:-*[A-Za-z]){0,2}[0-9-]*(?:[A-Za-z]-*)?$"


def even_out(text: str, way: int = WAY) -> str:
    """One spelling for what is one person, by that way (`BEFORE_WAYS`: as it stands).

    A telephone number is its 11 digits, an identity number has 18 characters with a capital X, an
    e-mail address small letters; of any other number of at least 11 digits the digits alone count.
    Everything else keeps its characters and letter case, without what stands around it.
    """
    if way == BEFORE_WAYS or (text.isascii() and text.isalnum() and _is_even(text)):
        return text
    text = str(UNSEEN.sub("", unicodedata.normalize("NFKC", text))).strip().strip(MARKS).strip()
    if MAIL.fullmatch(text):
        return text.lower()
    close = str(BETWEEN.sub("", text))
    if whole := WHOLE.fullmatch(close):
        close = whole[1]
    large = close.upper()
    if mobile := MOBILE.fullmatch(close):
        return str(mobile[1])
    if NUMBER.fullmatch(large):
        return in_full(large)
    if TRAVEL.fullmatch(large) or DIGITS.fullmatch(close):
        return large
    return text


def _is_even(text: str) -> bool:
    """Whether it surely stays as it is: 11 digits of a mobile number, or 18 of an identity card."""
    if not text[:-1].isdigit():
        return False
    return (len(text) == 11 and text[0] == "1" and text.isdigit()) or (
        len(text) == 18 and (text[-1] == "X" or text[-1].isdigit())
    )


def in_full(number: str) -> str:
    """An identity number of 15 digits, as they were until 1999, as its 18; any other as it is."""
    if len(number) != 15:
        return number
    full = f"{number[:6]}19{number[6:]}"
    return full + check_character(full) if _has_true_date(full) else number


def is_identity_number(number: str) -> bool:
    """Whether it looks like an identity number: 18 characters with a true date in them."""
    return (
        len(number) == 18
        and number.isascii()
        and number[:17].isdigit()
        and (number[17].isdigit() or number[17] == "X")
        and number[0] != "0"
        and _has_true_date(number)
    )


def has_wrong_check(number: str) -> bool:
    """Whether it looks like an identity number, but its last character does not fit."""
    return is_identity_number(number) and number[17] != check_character(number)


def is_several(text: str) -> bool:
    """Whether several values stand in it: beside marks that part values, or two numbers that each
    look like a person's.
    """
    return SEVERAL.search(text) is not None or len(find(text)) > 1


def has_more_than_a_number(text: str) -> bool:
    """Whether a name or a label stands beside a person's number: 手机 13800000001."""
    found = find(text)
    if text.isascii() or len(found) != 1:
        return False
    rest = text[: found[0].start] + text[found[0].end :]
    return any(char.isalpha() and not char.isascii() for char in rest)


def is_masked(text: str) -> bool:
    """Whether characters of it are hidden, as screens and exports show people: 138****0001."""
    return HIDING.search(text) is not None or CROSSED_OUT.search(text) is not None


def has_odd_marks(text: str) -> bool:
    """Whether it is the number of a person, written with marks between its digits, or digits, that
    `even_out` does not know: 138.0000.0001.
    """
    found = whole(text)
    return (
        found is not None and found.kind in ("person", "mobile") and not _is_plain(even_out(text))
    )


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isalnum()


def is_rounded(number: str) -> bool:
    """Whether a spreadsheet has kept an identity number as a number: of its digits beyond the 15th
    only zeros are left, and its check fails.
    """
    return number[15:] == "000" and has_wrong_check(number)


def is_rounded_card(number: str) -> bool:
    """Whether a spreadsheet has kept the number of a bank card as a number."""
    is_cut = 16 < len(number) < 20 and number.isdigit() and not number[15:].strip("0")
    return is_cut and not is_luhn(number)


def _has_true_date(number: str) -> bool:
    try:
        year = date(int(number[6:10]), int(number[10:12]), int(number[12:14])).year
    except ValueError:
        return False
    return 1850 <= year < 2100
