"""A line of a pack as its YAML says it: the vouchers it makes, and the orders they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vouchercli.rules import later, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vouchercli.rules.values import Node

COUPON_KEYS = {
    "amount_off": ("denomination", "threshold"),
    "percent_off": ("percent", "threshold", "cap"),
}
PRICE_ENDS = ("below", "max_order")
ONE_FEN = "one_fen"
TIMES = re.compile(r"([1-9]\d{0,3})x")
MOST_COUPONS = 100
WHOLE_BP = 10_000


@dataclass(frozen=True)
class Coupon:
    """One voucher of the pack. For a percentage `denomination_fen` is the cap and `percent_bp` the
    rate. `most_base_fen`: orders of more do not take it; None: there is no price end.
    """

    coupon_no: int
    coupon: str
    kind: Literal["amount_off", "percent_off"]
    denomination_fen: int
    threshold_fen: int
    percent_bp: int | None = None
    most_base_fen: int | None = None


def read(node: Node, match_bp: int) -> tuple[Coupon, ...]:
    """The vouchers of a pack, numbered from 1."""
    pack: list[Coupon] = []
    for item in node.items():
        count, line = _line(item, match_bp)
        for _ in range(min(count, MOST_COUPONS + 1 - len(pack))):
            pack.append(Coupon(len(pack) + 1, *line))
    if len(pack) > MOST_COUPONS:
        node.fault("too_many_coupons", "a pack holds at most {most} coupons", most=MOST_COUPONS)
    if isinstance(node.value, list) and not node.value:
        node.fault("empty_pack", "the pack has no coupon")
    return tuple(pack)


Line = tuple[str, Literal["amount_off", "percent_off"], int, int, "int | None", "int | None"]


def _line(node: Node, match_bp: int) -> tuple[int, Line]:
    """The count of one line and what each of its coupons is."""
    kind = node.value.get("kind") if isinstance(node.value, dict) else None
    is_percent = kind == "percent_off"
    keys = COUPON_KEYS["percent_off" if is_percent else "amount_off"]
    part = node.fields(
        ("count", "kind", *keys, *PRICE_ENDS),
        required=() if later.of_word("kind", kind) else ("kind", *keys),
    )
    part["kind"].choice(tuple(COUPON_KEYS), "amount_off")
    count, face = part["count"].whole(1), part["cap" if is_percent else "denomination"]
    amount = face.yuan(None)
    if amount == 0:
        face.fault("bad_amount", "{offending} must be more than 0", "write an amount above 0")
    denomination = amount or 0
    threshold = _threshold(part["threshold"], None if is_percent else denomination)
    most_base = _price_end(part, threshold)
    if is_percent:
        percent = part["percent"].percent()
        if percent * (WHOLE_BP + match_bp) > WHOLE_BP**2:
            part["percent"].fault(
                "more_than_the_price",
                "{offending} and its match exceed the price",
                "write a smaller percentage",
            )
        name = f"{short(threshold)}-{percent_text(percent)}"
        return count, (name, "percent_off", denomination, threshold, percent, most_base)
    most = denomination + money.half_up(denomination * match_bp, WHOLE_BP)
    if not part["threshold"].is_missing and threshold < most:
        part["threshold"].fault(
            "more_than_the_price",
            "threshold {offending} is lower than the voucher and its match together ({most})",
            'write a threshold of at least "{most}"',
            most=money.yuan(most),
        )
    name = f"{short(threshold)}-{short(denomination)}"
    return count, (name, "amount_off", denomination, threshold, None, most_base)


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


def short(fen: int) -> str:
    """4000 -> 40, 4050 -> 40.50"""
    return money.yuan(fen).removesuffix(".00")


def percent_text(bp: int) -> str:
    """1000 -> 10%, 1250 -> 12.5%"""
    whole, rest = divmod(bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
