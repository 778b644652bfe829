"""What one order gets from one voucher, and who pays it, to the fen. Formulas: facts.md."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from vouchercli.rules import money
from vouchercli.rules.shares import WHOLE_BP, match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vouchercli.rules.coupons import Coupon
    from vouchercli.rules.shares import Share

NOTHING: Mapping[str, str] = MappingProxyType({})


def lawful_subsidy(base_fen: int, denomination_fen: int, percent_bp: int | None) -> int:
    """What a voucher pays on a base that meets its threshold, in fen: the denomination, or the
    percentage (half up) up to the cap.
    """
    if percent_bp is None:
        return denomination_fen
    return min(denomination_fen, money.half_up(base_fen * percent_bp, WHOLE_BP))


def of_coupon(coupon: Coupon, base_fen: int, said: Mapping[str, str]) -> int:
    """What a voucher pays on a base that meets its threshold, in fen, by what the row says
    (`rules.details`): never more than it proves. Without its grade (its class) the least that any
    would give, without its diners the cap of one.
    """
    if coupon.rates:
        of_word = [each for each in coupon.rates if each.word == said.get(coupon.rates_by)]
        return min(
            lawful_subsidy(base_fen, each.cap_fen, each.percent_bp)
            for each in of_word or coupon.rates
        )
    if coupon.most_diners is None:
        return lawful_subsidy(base_fen, coupon.denomination_fen, coupon.percent_bp)
    diners = min(int(said.get("diners", 1)), coupon.most_diners)
    cap_fen = coupon.denomination_fen // coupon.most_diners * diners
    return lawful_subsidy(base_fen, cap_fen, coupon.percent_bp)


def subsidy(coupon: Coupon, base_fen: int, said: Mapping[str, str] = NOTHING) -> int | None:
    """What the voucher pays on a base (list price - merchant discount), in fen, by what is said of
    the goods (`of_coupon`); None below the threshold and above the price end.
    """
    is_within = coupon.most_base_fen is None or base_fen <= coupon.most_base_fen
    return (
        of_coupon(coupon, base_fen, said)
        if is_within and base_fen >= coupon.threshold_fen
        else None
    )


def best(coupons: Iterable[Coupon], base_fen: int) -> Coupon | None:
    """The voucher that pays most on that base (the first of equals), or None when it reaches no
    threshold.
    """
    fitting = [
        (paid, -coupon.coupon_no, coupon)
        for coupon in coupons
        if (paid := subsidy(coupon, base_fen)) is not None
    ]
    return max(fitting, key=lambda step: step[:2])[2] if fitting else None


@dataclass(frozen=True)
class Parts:
    """Who pays a subsidy: by funder in the template's order (together the subsidy), and summed by
    kind, in fen.

    `match_fen` is all that merchants pay: the match and the shares of merchant funders.
    """

    by_funder: tuple[tuple[str, int], ...]
    public_fen: int
    platform_fen: int
    match_fen: int


def parts(
    subsidy_fen: int,
    funding: Sequence[Share],
    kinds: Mapping[str, str],
    matched: Share | None = None,
) -> Parts:
    """Split a subsidy between its funders (each share half up once, the last takes the rest) and
    add the match.

    `kinds` is funder -> public, platform or merchant, as the programme says.
    """
    amounts = money.split(subsidy_fen, tuple(share.bp for share in funding))
    by_funder = tuple(
        (share.funder, amount) for share, amount in zip(funding, amounts, strict=True)
    )
    sums = {"public": 0, "platform": 0, "merchant": 0}
    for funder, amount in by_funder:
        sums[kinds[funder]] += amount
    return Parts(
        by_funder, sums["public"], sums["platform"], sums["merchant"] + match(subsidy_fen, matched)
    )


@dataclass(frozen=True)
class Order:
    """One order at the till, in fen. own = base - public - platform - match; merchant_receives =
    own + public + platform.
    """

    list_fen: int
    merchant_discount_fen: int
    base_fen: int
    subsidy_fen: int
    parts: Parts

    @property
    def own_fen(self) -> int:
        """What the consumer pays."""
        return (
            self.base_fen - self.parts.public_fen - self.parts.platform_fen - self.parts.match_fen
        )

    @property
    def merchant_receives_fen(self) -> int:
        """What the merchant has in the end: from the consumer, the public funders and the
        platform.
        """
        return self.own_fen + self.parts.public_fen + self.parts.platform_fen


def order(
    list_fen: int,
    merchant_discount_fen: int,
    coupon: Coupon | None,
    funding: Sequence[Share],
    kinds: Mapping[str, str],
    matched: Share | None = None,
    said: Mapping[str, str] = NOTHING,
) -> Order:
    """The order with that voucher; without a voucher, or below its threshold, nobody pays but the
    consumer. `said`: of the goods (`rules.details`).
    """
    base = list_fen - merchant_discount_fen
    paid = (subsidy(coupon, base, said) if coupon else None) or 0
    return Order(list_fen, merchant_discount_fen, base, paid, parts(paid, funding, kinds, matched))
