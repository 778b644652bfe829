"""What looks like a person's identity, in any text: numbers of identity cards, mobile telephones
and bank cards, e-mail addresses.

The look decides, not the place: a number that has slipped into a wrong column, a message or a file
name is found as well. What counts, character by character:

- **identity number**: 18 characters, the first 1 to 9, the 7th to 14th a true date from 1900 to
  2099, the last a digit or X; `is_sure` when the last is also the check character of GB 11643. Or
  15 digits, the first 1 to 9, the 7th to 12th a true date of the 20th century.
- **mobile**: 11 digits, the first 1, the second 3 to 9; also behind 86, +86, 0086 or (+86).
- **card**: 16 to 19 digits (15 behind 34 and 37) with a right last digit by Luhn's sum and a
  beginning of `CARD`.
- **e-mail**: name@host.domain.

No digit stands directly beside a number: eleven digits inside a longer number are no mobile.
Letters and Chinese characters may. Digits of every script and width are alike. Between the digits
may stand up to three of: blank, hyphen, dash, `_`, `/`, `·`, or something unseen, or a dot before
four digits, if the groups are those that people write: the first of a mobile and of an identity
number has three or more digits and the others two or more, those of a card three or more; or each
digit stands by itself. A mobile may be a power of ten: 1.3812345679E+10. `.0` or `.00` behind a
number belongs to it, a `+` before it too. What stands in `token:` and 32 or 34 hexadecimal
digits, or in a digest of 32 or more, is nobody's.

Pure: no file, clock or database; every room may use it.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.patterns import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


HIDDEN = "***"  # in a message, where nobody needs to know again who it was


class _Hidden(str):
    """What stands for a number, also where the sentence groups its digits (`{count:,}`)."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return str(self)


UNSEEN = (
    "\u200b\u200c\u200d\u200e\u200f\u2060\u180e\u00ad\ufeff"
    "\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fb"
BETWEEN = r"(?:[ \t\-_/·\u200b]{1,3}|(?<=\d{3})\.(?=\d{4}(?!\d)))"  # 145000000.00 is an amount
# A text without this holds no identity: eleven digits close together, or the sign of an e-mail.
NEAR = (
    r"[ \t\-.-/_+()\u00a0-\u00bf\u1680\u180e\u2000-\u206f\u2212\u3000\u30fb\ufeff"
    r"\uff0b-\uff0f\uff3f]"
)
SUSPECT = Pattern(rf"(?<!\d)\d(?:{NEAR}{{0,3}}\d){{10}}|[@\uff20\ufe6b]|\d{{8}}[Ee]\+?10")
# A text without this holds no identity number of 18 characters.
SUSPECT_NUMBER = Pattern(
    rf"(?<!\d)\d(?:{NEAR}{{0,3}}\d){{16}}{NEAR}{{0,3}}[\dXx\uff38\uff58](?!\d)"
)
# The same as the beginnings of these two, found three times as fast: they begin with a digit.
ELEVEN, SEVENTEEN = (Pattern(rf"\d(?<!\d\d)(?:{NEAR}{{0,3}}\d){{{more}}}") for more in (10, 16))
SIGNS = ("@", "\uff20", "\ufe6b", "E10", "e10", "E+10", "e+10")
NOBODY = Pattern(
    r"token:[0-9a-f]{32}(?:[0-9a-f]{2})?(?![0-9a-f])"
    r"|(?<![0-9A-Za-z])(?:[0-9a-f]{32,}|[0-9A-F]{32,})(?![0-9A-Za-z])"
)
EMAIL = Pattern(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}"
    r"(?:\.[A-Za-z0-9\-]{1,63})*\.[A-Za-z]{2,24}(?![A-Za-z0-9\-])"
)
# a mobile that a spreadsheet shows as a power of ten
POWER = Pattern(r"(?<![\d.,])1[.,][3-9]\d{8,9}[Ee]\+?10(?!\d)")
RUN = Pattern(rf"\d+(?:{BETWEEN}\d+)*(?:(?:{BETWEEN})?[Xx])?")
GROUP = Pattern(r"\d+")
CALLED = Pattern(r"[(]?(?:\+|00)?86[)][ \-]?$")  # before a mobile, in brackets
ROUND_END = Pattern(r"\.0{1,2}(?!\d)")
MOBILE = Pattern(r"(?:(?:00)?86)?1[3-9]\d{9}")
CARD = Pattern(
    r"(?:62|81|60|6[459]|4|5[0-8]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720|3[5689]|9558)\d+"
)
AMEX = Pattern(r"3[47]\d{13}")
AMOUNT = Pattern(r"\d{1,14}\.\d\d")  # of money, as the log has it: no message quotes people so
LONGEST = 19
SIZES = frozenset((11, 13, 15, 16, 17, 18, LONGEST))
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

# What a message says under these names is a number of ours or a merchant's: it keeps its digits,
# unless it is a true identity number.
KEYS = frozenset(
    (
        "account_no",
        "application",
        "application_no",
        "claim",
        "claim_no",
        "coupon_no",
        "exclude",
        "excluded",
        "first",
        "holder",
        "last",
        "merchant",
        "merchant_no",
        "merchants",
        "number",
        "order_no",
        "other_merchant",
        "phone",
        "platform_no",
        "refund_of",
        "to",
        "transaction_no",
        "transfer_no",
        "unregistered",
        "uscc",
    )
)


class Identity(NamedTuple):
    """Where an identity stands in a text; `kind`: person, mobile, card or email. `is_sure`: an
    identity number of 18 characters whose check character is right.
    """

    start: int
    end: int
    kind: str
    is_sure: bool = False


class _Even(dict[int, str]):
    """Each character as the one it stands for: digits of every script and width as 0 to 9, letters
    and marks of every width as ASCII, blanks, dashes and what is unseen as one of each.
    """

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in UNSEEN:
            even = "\u200b"
        elif char in DASHES:
            even = "-"
        elif char.isspace():
            even = " "
        elif char.isdecimal():
            even = str(unicodedata.decimal(char))
        else:
            even = unicodedata.normalize("NFKC", char)
            even = char if len(even) != 1 or even.isdigit() else even  # a raised 2 is no digit
        self[code] = even
        return even


EVEN = _Even()


def may_hold_one(text: str, *, of_numbers: bool = False) -> bool:
    """Whether a long text may hold an identity (`of_numbers`: a number of 18 characters): False
    only where `SUSPECT` (`SUSPECT_NUMBER`) finds nothing.
    """
    if of_numbers:
        return SEVENTEEN.search(text) is not None
    return ELEVEN.search(text) is not None or any(sign in text for sign in SIGNS)


def find(text: str) -> list[Identity]:
    """Every identity in a text, from left to right; none overlaps another."""
    if not SUSPECT.search(text):
        return []
    if not text.isascii():
        text = text.translate(EVEN)  # each character stays at its place
    found: list[Identity] = []
    at = 0
    for nobody in NOBODY.finditer(text):
        found += _find(text, at, nobody.start())
        at = nobody.end()
    return [*found, *_find(text, at, len(text))]


def mask(text: str, put: Callable[[str], str]) -> str:
    """The text with each identity replaced by what `put` makes of it; the same text when it holds
    none. Masking again changes nothing, if `put` gives a token or `HIDDEN`.
    """
    return _replace(text, find(text), put)


def mask_numbers(text: str, put: Callable[[str], str]) -> str:
    """The same for true identity numbers alone: what a key, a merchant's telephone or account
    loses.
    """
    return _replace(text, [each for each in find(text) if each.is_sure], put)


def hide(text: str) -> str:
    """A text for a message: identities as `***`."""
    return _replace(text, find(text), lambda _: HIDDEN)


def hide_values(values: Mapping[str, object]) -> dict[str, object]:
    """The values of a message by their names (`KEYS` keep their numbers), identities hidden."""
    return {name: _hide_value(name, value) for name, value in values.items()}


def whole(text: str) -> Identity | None:
    """The identity that a text is, with nothing beside it but blanks; None when it is none."""
    if not SUSPECT.search(text):
        return None
    found = find(text)
    is_whole = len(found) == 1 and len(text[: found[0].start].strip()) == 0
    return found[0] if is_whole and not text[found[0].end :].strip() else None


def is_somebody(text: str) -> bool:
    """Whether a text is an identity by its look, or the token of one."""
    return NOBODY.fullmatch(text) is not None or whole(text) is not None


def _hide_value(name: str, value: object) -> object:
    if isinstance(value, tuple):  # several names
        return tuple(_hide_value(name, each) for each in value)
    if (
        isinstance(value, int)
        and value >= 10**17
        and any(each.is_sure for each in find(str(value)))
    ):
        return _Hidden(HIDDEN)  # no sum of money and no count is so long
    if not isinstance(value, str) or not SUSPECT.search(value) or AMOUNT.fullmatch(value):
        return value
    hidden = mask_numbers(value, lambda _: HIDDEN) if name in KEYS else hide(value)
    return value if hidden == value else hidden  # a word of ours stays one


def _replace(text: str, found: list[Identity], put: Callable[[str], str]) -> str:
    if not found:
        return text
    parts, at = [], 0
    for each in found:
        parts += [text[at : each.start], put(text[each.start : each.end])]
        at = each.end
    return "".join((*parts, text[at:]))


def _find(text: str, start: int, end: int) -> Iterator[Identity]:
    """The identities between two places of an evened text."""
    at = start
    apart = [(each, "mobile") for each in POWER.finditer(text, start, end)]
    if "@" in text:
        apart += [(each, "email") for each in EMAIL.finditer(text, start, end)]
    for each, kind in sorted(apart, key=lambda one: one[0].start()):
        if each.start() >= at:
            yield from _numbers(text, at, each.start())
            yield Identity(each.start(), each.end(), kind)
            at = each.end()
    yield from _numbers(text, at, end)


def _numbers(text: str, start: int, end: int) -> Iterator[Identity]:
    done = start
    for run in RUN.finditer(text, start, end):
        if run.end() - run.start() < 11:
            continue
        groups = [each.span() for each in GROUP.finditer(text, *run.span())]
        if len(groups) == 1 and groups[0][1] - groups[0][0] > LONGEST:  # an x may stand behind it
            continue
        x_at = run.end() - 1 if text[run.end() - 1] in "Xx" else None
        first = 0
        while first < len(groups):
            found = _longest(text, groups, first, x_at)
            if found is None:
                first += 1
                continue
            begin, stop = _with_dress(text, found, max(done, start), end)
            yield found._replace(start=begin, end=stop)
            done = stop
            while first < len(groups) and groups[first][0] < stop:
                first += 1


def _longest(
    text: str, groups: list[tuple[int, int]], first: int, x_at: int | None
) -> Identity | None:
    """The longest identity that begins with this one of the groups of digits. No more of them are
    looked at than it can have: a run may be as long as a file.
    """
    digits, sizes, best = "", [], None
    last = len(groups) - 1
    for number, (begin, end) in enumerate(groups[first : first + LONGEST + 1], first):
        digits += text[begin:end]
        sizes.append(end - begin)
        if len(digits) > LONGEST:
            break
        if number == last and x_at is not None and len(digits) == 17:
            kind = _kind(digits + "X", [*sizes, 1] if x_at > end else [*sizes[:-1], sizes[-1] + 1])
            if kind:
                return Identity(groups[first][0], x_at + 1, *kind)
        if kind := _kind(digits, sizes):
            best = Identity(groups[first][0], end, *kind)
    return best


def _kind(digits: str, sizes: list[int]) -> tuple[str, bool] | None:
    """(kind, is_sure) of so many digits in groups of these sizes; None when they are nobody's."""
    size = len(digits)
    if size not in SIZES:
        return None
    if MOBILE.fullmatch(digits) and _is_grouped(_without_country(digits, sizes), 3, 2):
        return "mobile", False
    if size in (15, 18) and digits[0] != "0" and _is_grouped(sizes, 3, 1):
        if size == 18 and _is_date(digits[6:14]):
            return "person", check_character(digits) == digits[17]
        if size == 15 and _is_date("19" + digits[6:12]):
            return "person", False
    is_card = AMEX.fullmatch(digits) or (16 <= size <= LONGEST and CARD.fullmatch(digits))
    if is_card and "X" not in digits and _is_grouped(sizes, 3, 1) and is_luhn(digits):
        return "card", False
    return None


def _without_country(digits: str, sizes: list[int]) -> list[int]:
    """The sizes of the groups of a mobile without 86 or 0086 before them."""
    extra = len(digits) - 11
    if not extra:
        return sizes
    return sizes[1:] if sizes[0] == extra else [sizes[0] - extra, *sizes[1:]]


def _is_grouped(sizes: list[int], first: int, others: int) -> bool:
    """Whether people write a number in such groups."""
    if len(sizes) == 1 or set(sizes) == {1}:
        return True
    return sizes[0] >= first and all(size >= others for size in sizes[1:])


def _with_dress(text: str, found: Identity, least: int, most: int) -> tuple[int, int]:
    """Where a number begins and ends with the marks that belong to it."""
    begin, end = found.start, found.end
    if found.kind == "mobile" and (called := CALLED.search(text, max(least, begin - 8), begin)):
        begin = called.start()
    elif begin > least and text[begin - 1] == "+":
        begin -= 1
    rounded = ROUND_END.match(text, end, most)
    return begin, rounded.end() if rounded else end


def _is_date(text: str) -> bool:
    """Whether yyyymmdd is a day from 1900 to 2099."""
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    if not (1900 <= year <= 2099 and 1 <= month <= 12):
        return False
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= DAYS[month - 1] + (month == 2 and is_leap)


def check_character(digits: str) -> str:
    """The last character of an identity number by its first 17 digits (GB 11643, MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=False))
    return CHECKS[total % 11]


def is_luhn(digits: str) -> bool:
    """Whether the last digit of a card is right (ISO/IEC 7812-1)."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        total += DOUBLED[int(digit)] if at % 2 else int(digit)
    return total % 10 == 0
