"""What spreadsheets make of numbers and codes, in every spelling that they write.

An identifier that is none of these is believed. `SUSPECT` is wider: what it matches within a row
is looked at by itself.
"""

from __future__ import annotations

import re

from vouchercli.patterns import Pattern

# 1.38E+10, 1.3800000001E10, 5,58199E+12, 5.58199e12, 1E+05; but 945324E7 and 12E-4 are true
# numbers: the mantissa has a point or comma, or the exponent a sign as a spreadsheet writes it.
SCIENTIFIC = Pattern(r"[+-]?(?:\d+[.,]\d+E[+-]?\d+|\d+E\+\d+|\dE-\d\d\d?)", re.IGNORECASE)
# digits beyond the 15th are gone
ROUNDED = Pattern(r"\d{16,}[.,]0+")
GROUPED = Pattern(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")

YEAR = r"(?:19|20|21)\d\d"
# As each language shortens its months. English ones have a capital letter: MAR-05 is a number.
NAMES = (
    "Jan Feb Mar Apr May Jun Jul Aug Sep Sept Oct Nov Dec January February March April June July"
    " August September October November December Mrz Mär Mai Okt Dez janv févr mars avr mai juin"
    " juil août sept oct nov déc ene feb mar abr may jun jul ago sep dic gen mag giu lug ott"
)
MONTHS = NAMES.split()
MONTH = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
MINUTES = r"[0-5]\d"
# a spreadsheet never writes one-digit minutes: 30:5 is a coupon's terms
CLOCK = rf"(?:\d{{1,5}}:{MINUTES}(?::{MINUTES}(?:\.\d+)?)?|\d{{1,2}}:{MINUTES}\.\d+)"
HALF = r"(?:[AaPp]\.?[Mm]\.?|上午|下午|午前|午後|오전|오후)"
TIME = rf"(?:{HALF} ?)?{CLOCK}(?: ?{HALF})?"
NUMERAL = "[〇○零一二三四五六七八九十]{1,4}"
DATES = (
    rf"(?P<y>{YEAR})(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}})",
    rf"(?P<a>\d{{1,2}})(?P<t>[-/.])(?P<b>\d{{1,2}})(?P=t){YEAR}",
    r"(?P<e>\d{1,2})/(?P<f>\d{1,2})(?:/\d\d)?",
    r"(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?|\d{4}年",
    rf"(?:{NUMERAL}年)?{NUMERAL}月(?:{NUMERAL}日)?",
    r"(?:\d{4}년 ?)?\d{1,2}월 ?(?:\d{1,2}일)?",
    rf"\d{{1,2}}(?:[-/ ]|\. ?){MONTH}(?:[-/ ,]+\d\d(?:\d\d)?)?",
    rf"{MONTH}[-/ ](?:{YEAR}|\d{{1,2}}(?:,? {YEAR})?)",
)
CLOCKS = Pattern(TIME)
DATED = tuple(Pattern(rf"{date}(?:[T ]+{TIME})?") for date in DATES)

# Of characters that identifiers are made of; as Python and Rust read it. The first character
# decides of most texts.
SUSPECT = (
    r"\d(?:\d{0,3}[-/]\d{1,2}(?:[-/]\d{1,4})?|\d?[-/][A-Za-z]{3,9}(?:[-/]\d{2,4})?|[Ee]-\d{2,3})"
    r"|[A-Zadefgjlmnos][a-z]{2,8}[-/]\d{1,4}"
    r"|#.*|[-/]+"
    r"|[Nn](?i:ull|an|a|/a|/d|one|il|at)|[Uu](?i:ndefined|nknown)"
)


def is_lost(text: str) -> bool:
    """Whether a number has lost digits: 1.38E+10, 1234567890123456.0."""
    return bool(SCIENTIFIC.fullmatch(text) or ROUNDED.fullmatch(text))


def is_grouped(text: str) -> bool:
    """Whether it is written as an amount, with commas between the thousands."""
    return GROUPED.fullmatch(text) is not None


def is_turned(text: str) -> bool:
    """Whether it has become a date or a time: 2-Jan, 3/4, 1月2日, 150:20:00."""
    if CLOCKS.fullmatch(text):
        return True
    return any(
        match is not None and _can_be_date(match.groupdict())
        for match in (date.fullmatch(text) for date in DATED)
    )


def _can_be_date(part: dict[str, str | None]) -> bool:
    """Whether the numbers are a month and a day, in either order where both are used; 1900/1/0 is
    the day of nothing.
    """
    if month := part.get("m"):
        return int(month) <= 12 and int(part["d"] or 0) <= 31
    first, second = part.get("a") or part.get("e"), part.get("b") or part.get("f")
    if not (first and second):
        return True
    low, high = sorted((int(first), int(second)))
    return 1 <= low <= 12 and high <= 31
