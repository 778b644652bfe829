"""What the law asks of a merchant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

USCC = re.compile(r"[0-9A-HJ-NP-RTUW-Y]{18}")  # GB 32100: no I, O, S, V, Z
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VALUES = {char: value for value, char in enumerate(LETTERS)}
WEIGHTS = (*(3**place % 31 for place in range(17)), 1)
# a business registration number from before the unified code of 2015
OLD_NUMBER = re.compile(r"\d{13}|\d{15}")
DIVISION_CODE = re.compile(r"\d{6}")  # GB/T 2260


@dataclass(frozen=True)
class Merchant:
    """One merchant as a scope judges it; an unregistered one has no district, industry or size."""

    merchant_no: str
    district: str = ""
    industry: str = ""
    size: str = ""
    is_registered: bool = True


@dataclass(frozen=True)
class Suspension:
    """A merchant may not redeem in [from_at, until_at), UTC seconds; `until_at` None: until further
    notice.
    """

    from_at: int
    until_at: int | None


def is_suspended(suspensions: Iterable[Suspension], at: int) -> bool:
    """Whether a payment at that second falls into a suspension."""
    return any(
        each.from_at <= at and (each.until_at is None or at < each.until_at) for each in suspensions
    )


def is_old_number(uscc: str) -> bool:
    """Whether the text is a 13- or 15-digit registration number instead of an 18-character unified
    code.
    """
    return OLD_NUMBER.fullmatch(uscc) is not None


def is_uscc(uscc: str) -> bool:
    """Whether the text has the shape of a unified social credit code; `has_check_digit` looks at
    its last character.
    """
    return USCC.fullmatch(uscc) is not None


def has_check_digit(uscc: str) -> bool:
    """Whether the last character of a text of that shape is its check digit: GB 32100, weights 3^n
    modulo 31.
    """
    return _weighed(uscc) % 31 == 0


def check_digit(body: str) -> str:
    """The check digit of the first 17 characters."""
    return LETTERS[-_weighed(body) % 31]


def _weighed(text: str) -> int:
    total: int = sum(map(mul, WEIGHTS, map(VALUES.__getitem__, text)))
    return total
