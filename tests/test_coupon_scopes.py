"""Vouchers of one pack with scopes of their own: rows, columns, the till and `check` judge them
alike.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.ops.intake import by_columns
from vouchercli.rules import templates

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]


def scoped(own: dict[str, Any]) -> dict[str, Any]:
    """A coupon with a scope of its own."""
    return towns.coupon("10", "40") | {"scope": own}


SHOPS = {"M1": ("餐饮", "下城"), "M2": ("零售", "下城"), "M3": ("餐饮", "滨江")}
MEALS = {"industries": ["餐饮"], "hours": ["10:00-22:00"]}
GOODS = {"any_of": [{"channel": "online"}, {"industries": ["零售"]}]}
PACK = towns.pack(
    "pack",
    scoped(MEALS),
    scoped(GOODS),
    towns.coupon("10", "40"),
    scope={"districts": ["下城"]},
)
PAYMENTS = [
    *product((1, 2, 3), SHOPS, ("offline", "online", ""), ("09:59:59", "10:00:00")),
]


def is_lawful(coupon_no: int, shop: str, channel: str, clock: str) -> bool:
    """By hand."""
    trade, district = SHOPS[shop]
    own = {
        1: trade == "餐饮" and clock == "10:00:00",
        2: channel != "offline" or trade == "零售",
        3: True,
    }
    return district == "下城" and own[coupon_no]


@pytest.fixture
def town(voucher: Voucher) -> Voucher:
    """A claim of the pack for each payment."""
    shops = "".join(f"{no},店,{trade},{place}\n" for no, (trade, place) in SHOPS.items())
    merchants = "merchant_no,name,industry,district\n" + shops
    towns.build(voucher, towns.programme(), PACK, merchants=merchants)
    towns.make_round(voucher, "r1", packs=len(PAYMENTS), state="open")
    rows = [f"C{at},r1,r{at},2020-03-27 08:00:01\n" for at in range(len(PAYMENTS))]
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + "".join(rows)))
    return voucher


@pytest.mark.parametrize("bytes_", [0, 1 << 40], ids=["columns", "rows"])
def test_each_voucher_keeps_its_own_scope_and_the_packs(
    town: Voucher, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    rows = [
        f"T{at},pay,C{at},{no},{shop},2020-03-28 {clock},40,0,10,,{channel}\n"
        for at, (no, shop, channel, clock) in enumerate(PAYMENTS)
    ]
    file = towns.write("r.csv", towns.PAYMENTS.strip() + ",channel\n" + "".join(rows))
    town("redemption", "import", file, expect=4)
    stands = town("redemption", "list", "-o", "json").data["redemptions"]
    lawful = {f"T{at}" for at, payment in enumerate(PAYMENTS) if is_lawful(*payment)}
    assert {row["transaction_no"] for row in stands} == lawful
    rejects = town("batch", "rejects", "3", "-o", "json").data["rejects"]
    assert {each["reason"] for each in rejects} == {"out_of_scope"}
    town("check")


@pytest.mark.parametrize("payment", PAYMENTS[::5], ids=str)
def test_the_till_says_the_same(town: Voucher, payment: tuple[int, str, str, str]) -> None:
    number, shop, channel, clock = payment
    words = ["--channel", channel] if channel else []
    asked = (
        *("--merchant", shop, "--amount", "40", "--coupon", str(number), *words),
        *("--at", f"2020-03-28 {clock}", "-o", "json"),
    )
    for which in (("--claim", "C0"), ("--round", "r1")):
        ran = town("redemption", "check", *which, *asked, expect=None)
        assert (ran.data["reason"] is None) == is_lawful(*payment)


def test_check_finds_a_payment_outside_its_vouchers_scope(town: Voucher, here: Any) -> None:
    row = "T1,pay,C1,1,M1,2020-03-28 12:00:00,40,0,10,\n"
    town("redemption", "import", towns.write("r.csv", towns.PAYMENTS + row))
    town("check")
    towns.by_hand(here, "UPDATE segments SET industry = '住宿' WHERE industry = '餐饮'")
    ran = town("check", "-o", "json", expect=5)
    assert "scope_by_law" in {each["check"] for each in ran.data["checks"] if each["breaches"]}


def test_what_each_voucher_is_for_is_shown(town: Voucher) -> None:
    shown = town("template", "show", "pack", "-o", "json").data
    assert shown["fields"]["coupons 40-10"] == (
        "1 x 10 / 40 (industries: 餐饮; hours: 10:00-22:00)"
    )
    assert shown["fields"]["coupons 40-10 (3)"] == "1 x 10 / 40"
    assert shown["coupons"][0]["scope"]["industries"] == "餐饮"
    towns.make_round(town, "r2", "--platform", "alipay", opens="2020-04-01 08:00")
    assert town("round", "order", "r2", "-o", "json").code == 0


def test_a_word_that_no_merchant_has_is_warned_of_in_its_coupon(town: Voucher) -> None:
    other = towns.pack("other", scoped({"industries": ["餐饮业"]}))
    ran = town("template", "check", towns.write("other.yaml", other))
    assert "no merchant of the registry is 餐饮业" in ran.err


@pytest.mark.parametrize(
    ("pack", "own", "code"),
    [
        ({"channel": "offline"}, {"channel": "online"}, "scopes_apart"),
        ({"districts": ["a"]}, {"districts": ["b"]}, "scopes_apart"),
        ({"goods": ["tv"]}, {"goods": {"phone": {}}}, "scopes_apart"),
        ({}, {"goods": {"phone": {"per_resident": 1}}}, "counted_by_pack"),
        ({}, {"serial": "once"}, "unknown_key"),
        ({}, {"registration": "open"}, "unknown_key"),
        ({}, {"hours": ["25:00-26:00"]}, "bad_hours"),
    ],
)
def test_a_wrong_scope_of_a_coupon_is_a_fault(
    pack: dict[str, Any], own: dict[str, Any], code: str
) -> None:
    document = towns.pack("p", scoped(own), scope=pack)
    template, faults = templates.read(document)
    assert template is None
    assert [each.code for each in faults] == [code]


def test_goods_of_one_coupon_are_judged_where_the_row_says_them(voucher: Voucher) -> None:
    pack = towns.pack("pack", scoped({"goods": ["book"]}))
    pack["coupons"].append(towns.coupon("10", "40"))
    towns.build(voucher, towns.programme(), pack, merchants="merchant_no,name\nM1,店\n")
    towns.make_round(voucher, "r1", packs=3, state="open")
    claims = "".join(f"C{at},r1,r{at},2020-03-27 08:00:01\n" for at in range(3))
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
    at = "M1,2020-03-28 10:00:00,40,0,10,"
    rows = (
        f"T1,pay,C0,1,{at},book\n"
        f"T2,pay,C1,1,{at},pen\n"
        f"T3,pay,C1,2,{at},pen\n"
        f"T4,pay,C2,1,{at},\n"
        f"T5,pay,C2,2,{at},\n"
    )
    file = towns.write("r.csv", towns.PAYMENTS.strip() + ",goods\n" + rows)
    ran = voucher("redemption", "import", file, "-o", "json", expect=4).data
    assert ran["reasons"] == {"other_goods": 1}
    assert ran["unverified"] == [{"key": "goods", "rows": 1, "paid_fen": 1_000}]
    voucher("check")
