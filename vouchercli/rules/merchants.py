"""What the law asks of a merchant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import mul

USCC = re.compile(r"[0-9A-HJ-NP-RTUW-Y]{18}")  # GB 32100: no I, O, S, V, Z
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VALUES = {char: value for value, char in enumerate(LETTERS)}
WEIGHTS = tuple(3**place % 31 for place in range(17))
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


def is_old_number(uscc: str) -> bool:
    """Whether the text is a 13- or 15-digit registration number instead of an 18-character unified
    code.
    """
    return OLD_NUMBER.fullmatch(uscc) is not None


def is_uscc(uscc: str) -> bool:
    """Whether the text has the shape of a unified social credit code; `check_digit` says what its
    last character must be.
    """
    return USCC.fullmatch(uscc) is not None


def check_digit(uscc: str) -> str:
    """The last character of the unified code that begins with these 17: GB 32100, weights 3^n
    modulo 31. What follows them is not looked at.
    """
    total: int = sum(map(mul, WEIGHTS, map(VALUES.__getitem__, uscc)))
    return LETTERS[-total % 31]
