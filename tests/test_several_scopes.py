"""A template whose scope is one of several: rows, columns, the till and `check` judge it alike."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.ops.intake import by_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

SHOPS = {"M1": "餐饮", "M2": "零售", "M3": "住宿"}
PACK = towns.pack(
    "pack",
    towns.coupon("10", "40"),
    scope={
        "any_of": [
            {"channel": "any", "exclude": ["餐饮", "住宿"]},
            {"channel": "online", "industries": ["餐饮"], "hours": ["10:00-22:00"]},
        ]
    },
)
PAYMENTS = [*product(SHOPS, ("offline", "online", ""), ("09:59:59", "10:00:00"))]


def is_lawful(shop: str, channel: str, clock: str) -> bool:
    """By hand: the shop's own trade, or a meal that is delivered by day; a payment that states no
    channel is not held against anyone.
    """
    if SHOPS[shop] == "零售":
        return True
    return SHOPS[shop] == "餐饮" and channel != "offline" and clock == "10:00:00"


@pytest.fixture
def town(voucher: Voucher) -> Voucher:
    """A claim of the pack for each payment."""
    shops = "".join(f"{number},店,{trade}\n" for number, trade in SHOPS.items())
    towns.build(voucher, towns.programme(), PACK, merchants="merchant_no,name,industry\n" + shops)
    towns.make_round(voucher, "r1", packs=len(PAYMENTS), state="open")
    rows = [f"C{at},r1,r{at},2020-03-27 08:00:01\n" for at in range(len(PAYMENTS))]
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + "".join(rows)))
    return voucher


@pytest.mark.parametrize("bytes_", [0, 1 << 40], ids=["columns", "rows"])
def test_a_payment_keeps_one_of_the_scopes_as_a_whole(
    town: Voucher, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    rows = [
        f"T{at},pay,C{at},1,{shop},2020-03-28 {clock},40,0,10,,{channel}\n"
        for at, (shop, channel, clock) in enumerate(PAYMENTS)
    ]
    file = towns.write("r.csv", towns.PAYMENTS.strip() + ",channel\n" + "".join(rows))
    town("redemption", "import", file, expect=4)
    stands = town("redemption", "list", "-o", "json").data["redemptions"]
    lawful = {f"T{at}" for at, payment in enumerate(PAYMENTS) if is_lawful(*payment)}
    assert {row["transaction_no"] for row in stands} == lawful
    rejects = town("batch", "rejects", "3", "-o", "json").data["rejects"]
    assert {each["reason"] for each in rejects} == {"out_of_scope"}
    town("check")


@pytest.mark.parametrize("payment", PAYMENTS, ids=" ".join)
def test_the_till_says_the_same(town: Voucher, payment: tuple[str, str, str]) -> None:
    shop, channel, clock = payment
    words = ["--channel", channel] if channel else []
    ran = town(
        *("redemption", "check", "--claim", "C0", "--merchant", shop, "--amount", "40", *words),
        *("--at", f"2020-03-28 {clock}", "-o", "json"),
        expect=None,
    )
    assert (ran.data["reason"] is None) == is_lawful(*payment)


def test_check_finds_a_payment_that_keeps_none(town: Voucher, here: Any) -> None:
    row = "T1,pay,C1,1,M1,2020-03-28 12:00:00,40,0,10,,online\n"
    file = towns.write("r.csv", towns.PAYMENTS.strip() + ",channel\n" + row)
    town("redemption", "import", file)
    towns.by_hand(
        here, "UPDATE segments SET district = 'x', industry = '住宿' WHERE industry = '餐饮'"
    )
    ran = town("check", "-o", "json", expect=5)
    found = {each["check"] for each in ran.data["checks"] if each["breaches"]}
    assert "scope_by_law" in found


def test_what_a_scope_of_several_says_is_shown_and_ordered(town: Voucher) -> None:
    shown = town("template", "show", "pack", "-o", "json").data["fields"]
    assert shown["scope.any_of"] == (
        "channel: any; exclude: 住宿, 餐饮 | channel: online; industries: 餐饮; hours: 10:00-22:00"
    )
    towns.make_round(town, "r2", "--platform", "alipay", opens="2020-04-01 08:00")
    order = town("round", "order", "r2", "-o", "json")
    assert order.code == 0


@pytest.mark.parametrize("bytes_", [0, 1 << 40], ids=["columns", "rows"])
def test_without_a_channel_one_channel_must_do_for_all_scopes(
    voucher: Voucher, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    """A pack for shops only, and meals online only: no meal can be paid with it."""
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    pack = PACK | {"scope": PACK["scope"] | {"channel": "offline"}}
    registry = "merchant_no,name,industry\nM1,店,餐饮\nM2,店,零售\n"
    towns.build(voucher, towns.programme(), pack, merchants=registry)
    towns.make_round(voucher, "r1", state="open")
    rows = [f"C{at},r1,r{at},2020-03-27 08:00:01\n" for at in (1, 2)]
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + "".join(rows)))
    paid = [f"T{at},pay,C{at},1,M{at},2020-03-28 12:00:00,40,0,10,\n" for at in (1, 2)]
    path = towns.write("r.csv", towns.PAYMENTS + "".join(paid))
    ran = voucher("redemption", "import", path, "-o", "json", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (1, {"out_of_scope": 1})
    voucher("check")
