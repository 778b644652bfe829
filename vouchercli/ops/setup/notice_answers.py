"""What a clerk answers with a notice in hand, as values of a programme's and a template's document.

Every reader raises `ValueError` for what is not written as it must be; what is written well and
means nothing is found when the document is read.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs import yamls
from vouchercli.rules import money, times

if TYPE_CHECKING:
    from collections.abc import Sequence

AMOUNT = re.compile(r"(\d[\d,]*(?:\.\d+)?)([万亿]?)元?")
TIMES = {"": 1, "万": 10_000, "亿": 100_000_000}
VOUCHER = re.compile(
    r"(?:(?P<count>\d+)\s*[x×*]\s*)?满?(?P<one>[\d,.]+%?)\s*[-减]\s*(?P<other>[\d,.]+%?)"
    r"(?:\s*/\s*(?P<cap>[\d,.]+))?"
)
LIST_MARKS = re.compile(r"[,，、]")
ONE_WORD = ("channel", "registration")  # of a scope; its other words stand in lists


def text(texts: Sequence[str]) -> str:
    """One text."""
    if len(texts) != 1:
        raise ValueError(texts)
    return " ".join(texts[0].split())


def lines(texts: Sequence[str]) -> list[str]:
    """Texts as they are, each in one line."""
    return [" ".join(each.split()) for each in texts]


def amount(written: str) -> str:
    """An amount as a document has it: `50万` -> 500000.00."""
    match = AMOUNT.fullmatch(_plain(written))
    if match is None:
        raise ValueError(written)
    fen = Decimal(match[1].replace(",", "")) * TIMES[match[2]] * 100
    if fen != int(fen):
        raise ValueError(written)
    return money.yuan(int(fen))


def moment(texts: Sequence[str]) -> str:
    """A time of day on a date, as it was written."""
    written = _plain(text(texts))
    times.parse(written, times.HOME_ZONE)
    return written


def count(texts: Sequence[str]) -> str:
    """A whole number: `2万` -> 20000."""
    yuan, _, rest = amount(text(texts).removesuffix("份")).partition(".")
    if int(rest) or not int(yuan):
        raise ValueError(texts)
    return yuan


def funders(texts: Sequence[str]) -> dict[str, Any]:
    """NAME[:KIND][=AMOUNT]: who pays, of which kind (public unless said), how much."""
    found: dict[str, Any] = {}
    for each in texts:
        head, _, given = _plain(each).partition("=")
        name, _, kind = head.partition(":")
        funder = {"kind": kind.strip() or "public"}
        found[name.strip()] = funder | ({"amount": amount(given)} if given else {})
    return found


def shares(texts: Sequence[str]) -> dict[str, str]:
    """NAME=PERCENT."""
    pairs = [_plain(each).partition("=") for each in texts]
    if not all(sign and name.strip() and value.strip() for name, sign, value in pairs):
        raise ValueError(texts)
    return {name.strip(): value.strip().removesuffix("%") + "%" for name, _, value in pairs}


def coupons(texts: Sequence[str]) -> list[dict[str, Any]]:
    """[COUNTx]THRESHOLD-FACE as notices write it (满100减20, 5x40-10; the larger is the threshold),
    or [COUNTx]THRESHOLD-PERCENT%/CAP.
    """
    return [_coupon(each) for each in texts]


def _coupon(written: str) -> dict[str, Any]:
    match = VOUCHER.fullmatch(_plain(written))
    if match is None:
        raise ValueError(written)
    one, other, cap = match["one"], match["other"], match["cap"]
    rates = [each for each in (one, other) if each.endswith("%")]
    count = {"count": int(match["count"] or 1)}
    if len(rates) == 1 and cap:
        (least,) = {one, other} - {*rates}
        rate = {"percent": rates[0].removesuffix("%"), "threshold": amount(least)}
        return count | {"kind": "percent_off"} | rate | {"cap": amount(cap)}
    if rates or cap:
        raise ValueError(written)
    face, threshold = sorted((amount(one), amount(other)), key=money.parse_yuan)
    return count | {"kind": "amount_off", "denomination": face, "threshold": threshold}


def settings(texts: Sequence[str]) -> Any:
    """KEY=VALUE, a part of a mapping by KEY.PART=VALUE; a word alone stands for itself."""
    if len(texts) == 1 and "=" not in _plain(texts[0]):
        return _plain(texts[0]).strip()
    found: dict[str, Any] = {}
    for each in texts:
        route, sign, value = _plain(each).partition("=")
        if not sign or not value.strip():
            raise ValueError(each)
        *above, key = (part.strip() for part in route.split("."))
        part = found
        for name in above:
            part = part.setdefault(name, {})
        part[key] = _value(value.strip())
    return found


def scope(texts: Sequence[str]) -> Any:
    """KEY=VALUE; what a scope lists is parted by commas."""
    found = settings(texts)
    if not isinstance(found, dict):
        raise ValueError(texts)
    return {
        key: [part.strip() for part in LIST_MARKS.split(value)]
        if isinstance(value, str) and key not in ONE_WORD
        else value
        for key, value in found.items()
    }


def staff(texts: Sequence[str]) -> list[dict[str, Any]]:
    """NAME=ROLE, also NAME=ROLE+ROLE."""
    pairs = [_plain(each).partition("=") for each in texts]
    if not all(sign for _, sign, _ in pairs):
        raise ValueError(texts)
    return [
        {"name": name.strip(), "roles": [role.strip() for role in roles.split("+")]}
        for name, _, roles in pairs
    ]


def _value(written: str) -> Any:
    if written in ("true", "false"):
        return written == "true"
    if written[0] in "[{":
        return yamls.parse(written, written).value
    return int(written) if written.isdecimal() else written


def _plain(written: str) -> str:
    """In one line, with half-width signs."""
    return " ".join(unicodedata.normalize("NFKC", written).split())
