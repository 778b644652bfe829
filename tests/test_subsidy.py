"""The subsidy of one order, against published worked examples and by properties."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.formats.configs import yamls
from vouchercli.rules import money, shares, subsidy, templates
from vouchercli.rules.coupons import Coupon
from vouchercli.rules.shares import Share

GOLDEN = yamls.read(Path(__file__).parent / "cases/golden.yaml").value
KINDS = {"gov": "public", "city": "public", "bank": "platform", "shop": "merchant"}
GOVERNMENT = (Share("gov", 10_000),)

amounts = st.integers(min_value=0, max_value=10**9)


def fen(value: Any) -> int:
    """A golden figure (text or whole number) in fen."""
    return money.parse_yuan(str(value))


def bp(value: Any) -> int:
    """A golden rate such as 0.5 in basis points."""
    return int(Decimal(str(value)) * 10_000)


def coupons(pairs: list[list[Any]]) -> list[Coupon]:
    """[denomination, threshold] pairs as coupons."""
    return [
        Coupon(number, f"{threshold}-{face}", "amount_off", fen(face), fen(threshold))
        for number, (face, threshold) in enumerate(pairs, 1)
    ]


@pytest.mark.parametrize("case", GOLDEN["orders"], ids=lambda case: case["what"])
def test_a_worked_order_comes_out_to_the_fen(case: dict[str, Any]) -> None:
    lists = case.get("orders") or [case["list"]]
    pack = coupons(case.get("coupons") or [case["coupon"]])
    discount = fen(case.get("merchant_discount", 0))
    match = Share("merchant", bp(case.get("match", 0)))
    orders = [
        subsidy.order(fen(price), discount, coupon, GOVERNMENT, KINDS, match)
        for price, coupon in zip(lists, pack, strict=True)
    ]
    assert sum(order.subsidy_fen for order in orders) == fen(case["subsidy"])
    assert sum(order.own_fen for order in orders) == fen(case["pays"])
    assert sum(order.parts.match_fen for order in orders) == fen(case.get("merchant_match", 0))
    if "merchant_receives" in case:
        assert sum(order.merchant_receives_fen for order in orders) == fen(
            case["merchant_receives"]
        )
    for price, coupon in zip(lists, pack, strict=True):
        assert subsidy.best(pack, fen(price) - discount) is not None
        assert (
            subsidy.subsidy(
                subsidy.best(pack, fen(price) - discount) or coupon, fen(price) - discount
            )
            == coupon.denomination_fen
        )


@pytest.mark.parametrize(("price", "expected"), GOLDEN["smart_products_beijing_2020"]["cases"])
def test_smart_products_get_ten_percent_from_2000_up_to_400(price: str, expected: str) -> None:
    coupon = Coupon(1, "2000-10%", "percent_off", 40_000, 200_000, 1_000)
    assert (subsidy.subsidy(coupon, fen(price)) or 0) == fen(expected)


@pytest.mark.parametrize("case", GOLDEN["quotas"], ids=lambda case: case["what"])
def test_published_quotas_are_packs_times_pack_value(case: dict[str, Any]) -> None:
    lines = [
        {
            "count": count,
            "kind": "amount_off",
            "denomination": str(face),
            "threshold": str(threshold),
        }
        for count, face, threshold in case["coupons"]
    ]
    pack, faults = templates.read(
        {
            "template": "t",
            "name": {"en": "T"},
            "coupons": lines,
            "validity": {"days_after_claim": 7},
            "funding": {"gov": "100%"},
        }
    )
    assert pack is not None, faults
    assert templates.pack_value_fen(pack) == fen(case["pack_value"])
    assert case["packs"] * templates.pack_value_fen(pack) == fen(case["quota"])
    assert templates.floor_spend_fen(pack) == sum(
        count * fen(threshold) for count, _, threshold in case["coupons"]
    )


def test_the_habitual_shopper_shows_ten_and_changes_nothing() -> None:
    golden = GOLDEN["habitual_shopper"]
    with_voucher = subsidy.order(10_000, 0, coupons([[10, 40]])[0], GOVERNMENT, KINDS)
    without = subsidy.order(10_000, 0, None, GOVERNMENT, KINDS)
    assert (
        money.ratio(with_voucher.base_fen, with_voucher.parts.public_fen) == f"{golden['gross']}.00"
    )
    assert (
        money.ratio(with_voucher.own_fen, with_voucher.parts.public_fen)
        == f"{golden['own_spend']}.00"
    )
    assert with_voucher.base_fen - without.base_fen == fen(golden["incremental"])


def test_shanghais_lots_make_its_quota() -> None:
    golden = GOLDEN["shanghai_2025"]
    assert sum(count for count, _, _ in golden["vouchers"]) == golden["total_vouchers"]
    assert sum(count * face for count, face, _ in golden["vouchers"]) == golden["quota"]


def test_below_the_threshold_nobody_pays_but_the_consumer() -> None:
    order = subsidy.order(
        4_499, 500, coupons([[10, 40]])[0], GOVERNMENT, KINDS, Share("merchant", 10_000)
    )
    assert (order.base_fen, order.subsidy_fen, order.own_fen, order.merchant_receives_fen) == (
        3_999,
        0,
        3_999,
        3_999,
    )


def test_a_percentage_is_rounded_half_up_once() -> None:
    coupon = Coupon(1, "1-12.5%", "percent_off", 10**6, 100, 1_250)
    assert subsidy.subsidy(coupon, 100) == 13  # 12.5 fen
    assert subsidy.subsidy(coupon, 132) == 17  # 16.5 fen
    assert subsidy.subsidy(coupon, 131) == 16


def test_three_parties_share_to_the_fen_and_the_last_takes_the_rest() -> None:
    funding = (Share("gov", 3_333), Share("bank", 3_333), Share("shop", 3_334))
    parts = subsidy.parts(1_001, funding, KINDS, Share("shop", 5_000))
    assert parts.by_funder == (("gov", 334), ("bank", 334), ("shop", 333))
    assert (parts.public_fen, parts.platform_fen, parts.match_fen) == (334, 334, 333 + 501)


def test_the_voucher_that_pays_most_is_the_best() -> None:
    pack = coupons([[10, 40], [10, 40], [20, 80], [40, 160]])
    assert subsidy.best(pack, 3_999) is None
    assert [
        getattr(subsidy.best(pack, base), "coupon_no", None)
        for base in (4_000, 8_000, 15_999, 21_000)
    ] == [1, 3, 3, 4]


@st.composite
def fundings(draw: st.DrawFn) -> tuple[Share, ...]:
    """Shares of one to four funders that make 10000."""
    cuts = sorted(draw(st.sets(st.integers(min_value=1, max_value=9_999), max_size=3)))
    edges = [0, *cuts, 10_000]
    funders = draw(st.permutations(list(KINDS)))
    return tuple(
        Share(funder, end - start)
        for funder, start, end in zip(funders, edges, edges[1:], strict=False)
    )


def test_a_match_ends_at_its_cap() -> None:
    half = Share("merchant", 5_000, 2_000)
    assert [shares.match(paid, half) for paid in (0, 3_999, 4_000, 9_000)] == [
        0,
        2_000,
        2_000,
        2_000,
    ]
    assert shares.match(3_001, half) == 1_501


@given(amounts, fundings(), st.integers(min_value=0, max_value=10_000))
def test_parts_lose_nothing(amount_fen: int, funding: tuple[Share, ...], match_bp: int) -> None:
    parts = subsidy.parts(amount_fen, funding, KINDS, Share("merchant", match_bp))
    assert sum(amount for _, amount in parts.by_funder) == amount_fen
    assert all(amount >= 0 for _, amount in parts.by_funder)
    assert parts.public_fen + parts.platform_fen + parts.match_fen == amount_fen + shares.match(
        amount_fen, Share("merchant", match_bp)
    )


@given(
    st.integers(min_value=1, max_value=10**6),
    st.integers(min_value=1, max_value=5),
    amounts,
    fundings(),
    st.integers(min_value=0, max_value=10_000),
)
def test_nobody_is_ever_paid_to_shop(
    face: int, times: int, base: int, funding: tuple[Share, ...], match_bp: int
) -> None:
    threshold = (
        face + money.half_up(face * match_bp, 10_000)
    ) * times  # what a template may say: rules.templates refuses less
    order = subsidy.order(
        base,
        0,
        Coupon(1, "x", "amount_off", face, threshold),
        funding,
        KINDS,
        Share("merchant", match_bp),
    )
    assert order.own_fen >= 0
    assert (
        order.own_fen + order.parts.public_fen + order.parts.platform_fen + order.parts.match_fen
        == base
    )
    assert order.merchant_receives_fen == base - order.parts.match_fen


@given(
    st.integers(min_value=1, max_value=10_000),
    st.integers(min_value=1, max_value=10**6),
    st.integers(min_value=0, max_value=10**6),
    amounts,
)
def test_a_percentage_never_passes_its_cap_and_never_falls_as_the_price_rises(
    rate: int, cap: int, threshold: int, base: int
) -> None:
    coupon = Coupon(1, "x", "percent_off", cap, threshold, rate)
    paid = subsidy.subsidy(coupon, base)
    assert (paid is None) == (base < threshold)
    assert paid is None or (
        0 <= paid <= min(cap, base) and paid <= (subsidy.subsidy(coupon, base + 1) or 0)
    )


@given(amounts.filter(bool), amounts)
def test_when_only_the_government_pays_own_spend_is_gross_less_one(paid: int, own: int) -> None:
    base = paid + own
    order = subsidy.order(base, 0, Coupon(1, "x", "amount_off", paid, paid), GOVERNMENT, KINDS)
    # N = G - 1, without rounding
    assert order.own_fen * paid == (base - paid) * order.parts.public_fen
