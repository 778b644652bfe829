"""A line of a pack as its YAML says it: the vouchers it makes, and the orders they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from vouchercli.rules import grades, later, money, shares, written_scope
from vouchercli.rules.shares import WHOLE_BP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vouchercli.rules.scope import Scope
    from vouchercli.rules.shares import Share
    from vouchercli.rules.values import Node

COUPON_KEYS = {
    "amount_off": ("denomination", "threshold"),
    "percent_off": ("percent", "threshold", "cap"),
}
PRICE_ENDS = ("below", "max_order")
BY_WORD = ("rates", "rates_by", "cap_per", "most_diners")  # beside a percentage
RATES_BY = ("grade", "goods")
ONE_FEN = "one_fen"
TIMES = re.compile(r"([1-9]\d{0,3})x")
MOST_COUPONS = 100


@dataclass(frozen=True)
class Rate:
    """The percentage of one grade, or of one class of goods, and its cap."""

    word: str
    percent_bp: int
    cap_fen: int


@dataclass(frozen=True)
class Coupon:
    """One voucher of the pack. For a percentage `denomination_fen` is the cap and `percent_bp` the
    rate; with `rates` by what a row says of its grade or goods (`rates_by`), or a cap for each of
    at most so many diners, they are the most that it can be. `most_base_fen`: orders of more do not
    take it; None: there is no price end. `scope`: what holds for it beside the pack's scope.
    """

    coupon_no: int
    coupon: str
    kind: Literal["amount_off", "percent_off"]
    denomination_fen: int
    threshold_fen: int
    percent_bp: int | None = None
    most_base_fen: int | None = None
    rates: tuple[Rate, ...] = ()
    most_diners: int | None = None
    rates_by: str = ""
    scope: Scope | None = None


def read(node: Node, match: Share | None, where: Scope) -> tuple[Coupon, ...]:
    """The vouchers of a pack, numbered from 1; `where`: the scope of the pack."""
    pack: list[Coupon] = []
    for item in node.items():
        count, line = _line(item, match, where)
        for _ in range(min(count, MOST_COUPONS + 1 - len(pack))):
            pack.append(replace(line, coupon_no=len(pack) + 1))
    if len(pack) > MOST_COUPONS:
        node.fault("too_many_coupons", "a pack holds at most {most} coupons", most=MOST_COUPONS)
    if isinstance(node.value, list) and not node.value:
        node.fault("empty_pack", "the pack has no coupon")
    return tuple(pack)


def _line(node: Node, match: Share | None, where: Scope) -> tuple[int, Coupon]:
    """The count of one line and what each of its coupons is, without its number."""
    kind = node.value.get("kind") if isinstance(node.value, dict) else None
    is_percent = kind == "percent_off"
    keys = COUPON_KEYS["percent_off" if is_percent else "amount_off"]
    has_rates = is_percent and node.value.get("rates") is not None
    needed = tuple(key for key in keys if not (has_rates and key == "percent"))
    part = node.fields(
        ("count", "kind", *keys, *PRICE_ENDS, "scope", *(BY_WORD if is_percent else ())),
        required=() if later.of_word("kind", kind) else ("kind", *needed),
    )
    part["kind"].choice(tuple(COUPON_KEYS), "amount_off")
    count, face = part["count"].whole(1), part["cap" if is_percent else "denomination"]
    amount = face.yuan(None)
    if amount == 0:
        face.fault("bad_amount", "{offending} must be more than 0", "write an amount above 0")
    denomination = amount or 0
    threshold = _threshold(part["threshold"], None if is_percent else denomination)
    most_base, own = _price_end(part, threshold), written_scope.read_own(part["scope"], where)
    if is_percent:
        line = _percent_line(part, denomination, threshold, match.bp if match else 0)
        return count, replace(line, most_base_fen=most_base, scope=own)
    most = denomination + shares.match(denomination, match)
    if not part["threshold"].is_missing and threshold < most:
        part["threshold"].fault(
            "more_than_the_price",
            "threshold {offending} is lower than the voucher and its match together ({most})",
            'write a threshold of at least "{most}"',
            most=money.yuan(most),
        )
    name = f"{short(threshold)}-{short(denomination)}"
    line = Coupon(0, name, "amount_off", denomination, threshold)
    return count, replace(line, most_base_fen=most_base, scope=own)


def _percent_line(
    part: Mapping[str, Node], cap_fen: int, threshold_fen: int, match_bp: int
) -> Coupon:
    """A percentage: one for all, or one for each grade or class; its cap for a payment, or for each
    diner.
    """
    by = _rates_by(part)
    rates = _rates(part["rates"], by, cap_fen, match_bp)
    if rates and not part["percent"].is_missing:
        part["percent"].fault(
            "idle_key", "rates are percentages already", "write one of percent and rates"
        )
    percents = [each.percent_bp for each in rates] or [_percent(part["percent"], match_bp)]
    caps = [each.cap_fen for each in rates] or [cap_fen]
    name = f"{short(threshold_fen)}-{'/'.join(percent_text(each) for each in percents)}"
    diners = _most_diners(part)
    return Coupon(
        0,
        name,
        "percent_off",
        max(caps) * (diners or 1),
        threshold_fen,
        max(percents),
        rates=rates,
        most_diners=diners,
        rates_by=by if rates else "",
    )


def _rates_by(part: Mapping[str, Node]) -> str:
    """What of a row the rates go by."""
    if part["rates"].is_missing and not part["rates_by"].is_missing:
        part["rates_by"].fault(
            "idle_key",
            "rates_by says something beside rates only",
            'write rates: {{phone: {{percent: "15", cap: "500.00"}}}}',
        )
    return part["rates_by"].choice(RATES_BY, RATES_BY[0])


def _percent(node: Node, match_bp: int) -> int:
    percent = node.percent()
    if percent * (WHOLE_BP + match_bp) > WHOLE_BP**2:
        node.fault(
            "more_than_the_price",
            "{offending} and its match exceed the price",
            "write a smaller percentage",
        )
    return percent


def _rates(node: Node, by: str, cap_fen: int, match_bp: int) -> tuple[Rate, ...]:
    """`{grade 1: "20", grade 2: {percent: "15", cap: "1500.00"}}`: without a cap of its own that
    of the voucher.
    """
    rates: list[Rate] = []
    for word, each in node.entries():
        is_map = isinstance(each.value, dict)
        part = each.fields(("percent", "cap"), required=("percent",)) if is_map else {}
        percent = _percent(part.get("percent", each), match_bp)
        cap = (part["cap"].yuan(cap_fen) if part else None) or cap_fen
        if cap > cap_fen:
            part["cap"].fault(
                "cap_above_cap",
                "{offending} is more than the cap of the voucher",
                "write the largest of them as the cap of the voucher",
            )
        rates.append(Rate(grades.even(word) if by == "grade" else word, percent, cap))
    return tuple(rates)


def _most_diners(part: Mapping[str, Node]) -> int | None:
    """How many diners a payment counts at most, where the cap is one for each."""
    per, most = part["cap_per"], part["most_diners"]
    if per.is_missing:
        if not most.is_missing:
            most.fault("idle_key", "most_diners says something beside cap_per only", "leave it out")
        return None
    per.choice(("diner",))
    if not part["rates"].is_missing:
        per.fault("idle_key", "a cap for each diner has one percentage", "write percent")
    if most.is_missing:
        most.fault(
            "most_diners_needed",
            "a cap for each diner needs the most diners that a payment counts: it says how much"
            " money a round must hold",
            "write most_diners: 10",
        )
    return most.whole() or None


def _threshold(node: Node, denomination_fen: int | None) -> int:
    """An amount; of a voucher of so much (None: a percentage) also `3x`, three times it, and
    `one_fen`: it leaves one fen to pay.
    """
    if denomination_fen is not None and isinstance(node.value, str):
        if node.value == ONE_FEN:
            return denomination_fen + 1
        if times_face := TIMES.fullmatch(node.value):
            return denomination_fen * int(times_face[1])
    return node.yuan(0) or 0


def _price_end(part: Mapping[str, Node], threshold_fen: int) -> int | None:
    """The most that an order may come to, after merchant discounts: `max_order`, or what is
    `below` another amount.
    """
    written = [key for key in PRICE_ENDS if not part[key].is_missing]
    if len(written) > 1:
        part["max_order"].fault(
            "idle_key", "below is a price end already", "write one of below and max_order"
        )
    if not written:
        return None
    amount = part[written[0]].yuan(None)
    if amount is None:
        return None
    most = amount - (written[0] == "below")
    if most < threshold_fen:
        part[written[0]].fault(
            "no_price_left",
            "no order reaches the threshold and stays within {offending}",
            "write an amount above the threshold",
        )
    return most


def full_base_fen(coupon: Coupon) -> int:
    """The least base on which a voucher pays its denomination: its threshold, or for a percentage
    what reaches the cap (half up), if that is more.
    """
    if coupon.percent_bp is None:
        return coupon.threshold_fen
    half_fen = (2 * coupon.denomination_fen - 1) * WHOLE_BP
    return max(coupon.threshold_fen, -(-half_fen // (2 * coupon.percent_bp)))


def percents_text(coupon: Coupon) -> str:
    """The percentage of a voucher as people read it; of several by grade or class `20%/15%`."""
    percents = [each.percent_bp for each in coupon.rates] or [coupon.percent_bp or 0]
    return "/".join(map(percent_text, percents))


def short(fen: int) -> str:
    """4000 -> 40, 4050 -> 40.50"""
    return money.yuan(fen).removesuffix(".00")


def percent_text(bp: int) -> str:
    """1000 -> 10%, 1250 -> 12.5%"""
    whole, rest = divmod(bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
