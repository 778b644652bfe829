"""Order amounts against the threshold of their voucher, and the average order with and without."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules.distances import CODES, edges
from vouchercli.store import by_columns, order_amounts

# Of C1 to C4 at a restaurant, of C5 and C6 at a shop.
BASES = {"C1": "40", "C2": "41", "C3": "42", "C4": "80", "C5": "40.01", "C6": "100"}
SHOPS = "merchant_no,name,district,industry\nM1,one,east,food\nM2,two,west,shops\n"
SERIES = "measure,period,industry,value,unit,source\n"


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Two coupons 40-10 a pack, six payments on 28 March."""

    def build() -> None:
        towns.build(
            voucher,
            towns.programme(unused="pool"),
            towns.pack("pack", towns.coupon("10", "40", 2), validity={"days_after_claim": 9}),
            merchants=SHOPS,
        )
        towns.make_round(voucher, "r1", packs=8, state="open", closes=towns.CLOSES)
        rows = "".join(f"C{n},r1,P{n},2020-03-27 09:00:0{n}\n" for n in range(1, 8))
        voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + rows))
        lines = "".join(
            f"T{claim},pay,{claim},1,{'M1' if claim < 'C5' else 'M2'},2020-03-28 10:00,{base},0,10,\n"
            for claim, base in BASES.items()
        )
        voucher("redemption", "import", towns.write("pay.csv", towns.PAYMENTS + lines))

    once("orders", build)
    return voucher


def counts(voucher: Any, *how: str) -> dict[str, int]:
    rows = voucher("report", "orders", *how, "-o", "json").data["rows"]
    assert [row["distance"] for row in rows] == [*CODES] * (len(rows) // len(CODES))
    return {row["distance"]: row["orders"] for row in rows if row["orders"]}


def test_orders_are_counted_by_their_distance_from_the_threshold(town: Any) -> None:
    assert counts(town) == {
        "at": 1, "within_1_yuan": 2, "within_5_percent": 1, "within_100_percent": 1, "more": 1,
    }  # fmt: skip
    first = town("report", "orders", "-o", "json").data["rows"][1]
    assert (first["coupon"], first["threshold_fen"]) == ("40-10", 4_000)
    assert (first["share_of_orders"], first["share_of_orders_so_far"]) == ("0.3333", "0.5000")
    assert counts(town, "--since", "2020-03-29") == {}
    assert "no payment" in town("report", "orders", "--since", "2020-03-29").err


@pytest.mark.parametrize("many", [0, by_columns.MANY])
def test_a_payment_that_is_refunded_in_full_does_not_count(
    town: Any, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_columns, "MANY", many)  # by columns, and by rows
    rows = (
        "R1,refund,C1,1,M1,2020-03-29 10:00,40,0,10,TC1\n"
        "R2,refund,C6,1,M2,2020-03-29 10:00,20,0,2,TC6\n"
    )
    town("redemption", "import", towns.write("back.csv", towns.PAYMENTS + rows), expect=None)
    assert "at" not in counts(town)
    assert counts(town)["more"] == 1  # a part was given back: the order was as large
    assert counts(town, "--as-of", "2020-03-28")["at"] == 1


def test_every_form_has_the_picture_or_the_rows(town: Any) -> None:
    page = town("report", "orders", "-o", "html", "--lang", "zh").out
    assert "恰为门槛" in page
    assert page.count("<svg") == 1
    table = town("report", "orders", "-o", "csv").out.splitlines()
    assert (
        table[0]
        == "coupon,distance,threshold_yuan,orders,share_of_orders,share_of_orders_so_far,says_little"
    )
    assert len(table) > len(CODES)
    assert "not known" in town("report", "orders").out


def averages(voucher: Any, *how: str) -> list[tuple[Any, ...]]:
    rows = voucher("report", "orders", *how, "-o", "json").data["averages"]
    names = ("by", "key", "redemptions", "average_fen", "orders_without", "average_without_fen")
    return [tuple(row[name] for name in names) for row in rows]


def test_the_average_without_a_voucher_is_not_known_without_series(town: Any) -> None:
    assert averages(town) == [("all", "", 6, 5_717, None, None)]


def series(voucher: Any, *rows: str) -> None:
    lines = "".join(f"{row},office\n" for row in rows)
    file = towns.write("series.csv", SERIES + lines)
    voucher("series", "import", file, "--now", "2020-04-10 09:00")


def test_the_average_without_is_what_a_source_counts_less_those_with(town: Any) -> None:
    series(
        town,
        "turnover,2020-03-28,,1343.01,yuan",
        "orders,2020-03-28,,56,",
        "turnover,2020-03-28,food,703.00,yuan",
        "orders,2020-03-28,food,29,",
        "turnover,2020-03-28,shops,500.00,yuan",
        "orders,2020-03-27,food,29,",  # no turnover of that day, and no voucher
    )
    assert averages(town) == [
        ("all", "", 6, 5_717, None, None),
        ("all", "", 6, 5_717, 50, 2_000),
        ("industry", "food", 4, 5_075, 25, 2_000),
    ]
    # of half a day no source says anything
    assert averages(town, "--as-of", "2020-03-28 12:00") == [("all", "", 6, 5_717, None, None)]
    assert "not an effect" in town("report", "orders").out.replace("\n", " ")


def test_a_source_of_fewer_shops_says_nothing_of_orders_without(town: Any) -> None:
    series(town, "turnover,2020-03,,100.00,yuan", "orders,2020-03,,3,")
    assert averages(town)[1] == ("all", "", 6, 5_717, None, None)
    assert "does not cover the same" in town("report", "orders").out.replace("\n", " ")


@given(threshold=st.integers(1, 10**9), base=st.integers(0, 10**9))
def test_an_order_is_in_the_first_line_that_it_fits(threshold: int, base: int) -> None:
    base += threshold
    above = base - threshold
    fits = [above == 0, above <= 100]
    fits += [above <= threshold * percent // 100 for percent in (5, 10, 20, 50, 100)]
    wanted = (*fits, True).index(True)
    assert sum(base > edge for edge in edges(threshold)) == wanted
    every = {1 << 10 | 1: edges(threshold)}
    number = ((7 * 1024 + 1) << order_amounts.BITS) + min(base, (1 << order_amounts.BITS) - 1)
    if threshold <= 5 * 10**8:
        lots = [(f"{number},{number}", 1), (str(number), -1)]
        for count in (order_amounts._by_rows, order_amounts._by_columns):
            assert count(lots, {7: 1}, every) == Counter({(1 << 10 | 1, wanted): 1})
