"""What only some files say of a payment: its class of goods, grade, pieces, diners, place of
delivery, serial number; and what the scope of a voucher asks of it.

A payment is held to what its row says. One that does not say it is accepted, and counted as
unverified wherever figures are: it is never taken for right without a word.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain
from typing import TYPE_CHECKING, Any

from vouchercli.result import Word
from vouchercli.rules import grades, money
from vouchercli.rules.scope import AMOUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vouchercli.rules.coupons import Coupon
    from vouchercli.rules.scope import Goods, Scope

    Details = Mapping[str, str]  # a row's texts by our fields, without those that are blank
    Broken = tuple[str, dict[str, str]]  # a reason code, and the values that explain it

NAMES = ("goods", "grade", "units", "diners", "delivered_to", "serial", *AMOUNTS)
COUNTED = ("units", "diners")
# the keys of a scope that asks for none of them
NOT_ASKED: dict[str, Any] = {
    "goods": (),
    "exclude_goods": frozenset(),
    "units": None,
    "delivered_to": frozenset(),
    "serial": "",
    "not_beside": frozenset(),
}
NOTHING = "0.00"
MOST = 10_000
NUMBER = re.compile(r"0*([1-9]\d{0,4})")
# A serial number or IMEI, after `_serial`; people write blanks and dashes into it.
SERIAL = re.compile(r"[0-9A-Z./+*:#_]{4,40}")
PROBLEMS = {
    **dict.fromkeys(COUNTED, Word("write a whole number above 0")),
    **dict.fromkeys(AMOUNTS, Word("write an amount in yuan, 0 or more")),
    "serial": Word("a serial number has 4 to 40 letters and digits"),
}


# ---------------------------------------------------------------- what a row says


def read(texts: Mapping[str, str]) -> dict[str, str]:
    """A row's details as they are kept, without the blank ones. Raises `DetailError`."""
    return {name: _read(name, text) for name, text in texts.items() if text}


class DetailError(ValueError):
    """A text that is no value of its field (`name`)."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name, self.text, self.problem = name, text, PROBLEMS[name]


def _read(name: str, text: str) -> str:
    if name == "grade":
        return grades.even(text)
    if name == "serial":
        return _serial(text)
    if name in AMOUNTS:
        return _amount(name, text)
    if name not in COUNTED:
        return text
    number = NUMBER.fullmatch(text)
    if not number or int(number[1]) > MOST:
        raise DetailError(name, text)
    return number[1]


def _amount(name: str, text: str) -> str:
    try:
        fen = money.parse_yuan(text)
    except ValueError as error:
        raise DetailError(name, text) from error
    if fen < 0:
        raise DetailError(name, text)
    return money.yuan(fen)


def _serial(text: str) -> str:
    """A serial number as it is compared: capitals, without blanks and dashes."""
    plain = unicodedata.normalize("NFKC", text).upper()
    serial = "".join(sign for sign in plain if not (sign.isspace() or sign == "-"))
    if not SERIAL.fullmatch(serial):
        raise DetailError("serial", text)
    return serial


# ---------------------------------------------------------------- what a scope asks


def asked(scope: Scope, coupons: Sequence[Coupon]) -> frozenset[str]:
    """The details that are asked of payments with such vouchers; only these are kept."""
    by_words = {each.rates_by for each in coupons}
    own = [asked(each.scope, ()) for each in coupons if each.scope]
    by_key = {
        "goods": bool(scope.goods or scope.exclude_goods or "goods" in by_words),
        "grade": any(each.grade for each in scope.goods) or "grade" in by_words,
        "units": scope.units is not None,
        "diners": any(each.most_diners for each in coupons),
        "delivered_to": bool(scope.delivered_to),
        "serial": bool(scope.serial),
        **{name: name in scope.not_beside for name in AMOUNTS},
    }
    return frozenset(name for name, is_asked in by_key.items() if is_asked).union(*own)


def classes(scopes: Mapping[int, Scope]) -> dict[tuple[int, str], int]:
    """How many pieces of a class one resident may have, by the round and the class."""
    return {
        (round_id, each.name): each.per_resident
        for round_id, scope in scopes.items()
        for each in scope.goods
        if each.per_resident is not None
    }


def find_broken(scope: Scope, coupon: Coupon | None, details: Details) -> Broken | None:
    """The first condition that what the row says does not keep; what it does not say breaks
    none. `coupon`: the one that was used (None: the pack has no such).
    """
    own = coupon.scope if coupon else None
    rates = () if coupon is None else _broken_rates(coupon, details)
    every = chain(_broken(scope, details), () if own is None else _broken(own, details), rates)
    return next(every, None)


def _broken_rates(coupon: Coupon, details: Details) -> Iterator[Broken]:
    """A grade, or a class, for which the voucher has no percentage."""
    word = details.get(coupon.rates_by)
    known = [each.word for each in coupon.rates]
    if word is None or word in known:
        return
    if coupon.rates_by == "goods":
        yield "other_goods", {"goods": word, "only_goods": ", ".join(known)}
    else:
        yield "other_grade", {"paid_grade": word, "grades": ", ".join(known)}


def _broken(scope: Scope, details: Details) -> Iterator[Broken]:
    word = details.get("goods")
    if word is not None:
        if word in scope.exclude_goods:
            yield "other_goods", {"excluded_goods": word}
        names = [each.name for each in scope.goods]
        if names and word not in names:
            yield "other_goods", {"goods": word, "only_goods": ", ".join(names)}
        yield from _broken_grade(scope, word, details.get("grade"))
    if scope.units is not None and int(details.get("units", 0)) > scope.units:
        yield "too_many_units", {"units": details["units"], "most_units": str(scope.units)}
    place = details.get("delivered_to")
    if scope.delivered_to and place is not None and place not in scope.delivered_to:
        places = ", ".join(sorted(scope.delivered_to))
        yield "delivered_elsewhere", {"delivered_to": place, "places": places}
    for name in AMOUNTS:
        amount = details.get(name, NOTHING)
        if name in scope.not_beside and amount != NOTHING:
            yield "not_beside", {"beside": name, "amount": amount}


def _broken_grade(scope: Scope, word: str, grade: str | None) -> Iterator[Broken]:
    for each in scope.goods:
        is_asked = each.name == word and each.grade and grade is not None
        if is_asked and not grades.keeps(each.grade, str(grade)):
            yield "other_grade", {"grade": str(grade), "goods": word, "grades": each.grade}


def unverified(scope: Scope, coupon: Coupon | None, details: Details) -> tuple[str, ...]:
    """The conditions that could not be judged, by their keys: the row does not say it."""
    names = asked(scope, () if coupon is None else (coupon,))
    goods = details.get("goods")
    classes = scope.goods + (coupon.scope.goods if coupon and coupon.scope else ())
    of_class = [each.grade for each in classes if goods in (None, each.name)]
    if not any(of_class) and not (coupon and coupon.rates_by == "grade"):
        names -= {"grade"}
    return tuple(name for name in NAMES if name in names and name not in details)


def shown_goods(goods: tuple[Goods, ...]) -> str:
    """The classes as one text: `laptop (grade <=2), phone (1 a resident), tv`."""
    return ", ".join(
        each.name
        + f" (grade {each.grade})" * bool(each.grade)
        + f" ({each.per_resident} a resident)" * (each.per_resident is not None)
        for each in goods
    )
