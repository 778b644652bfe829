"""The report on merchants: counts, shares and Gini worked by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import concentration as law

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

SHOPS = (
    "merchant_no,name,size,industry\nM1,a,small,餐饮\nM2,b,small,餐饮\nM3,c,large,零售\n"
    "M4,d,,零售\n"
)


def paid(number: str, coupon: int, shop: str, kind: str = "pay", of: str = "") -> str:
    at = "2020-03-28 10:00:00" if kind == "pay" else "2020-03-29 10:00:00"
    return f"{number},{kind},C1,{coupon},{shop},{at},50,0,10,{of}\n"


ROWS = "".join(
    (
        paid("T1", 1, "M1"),
        paid("T2", 2, "M1"),
        paid("T3", 3, "M1"),
        paid("T4", 4, "M3"),
        paid("T5", 5, "M2"),
        paid("R5", 5, "M2", "refund", "T5"),  # M2 has no payment that stands
    )
)


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    def build() -> None:
        towns.build(voucher, towns.programme(), towns.pack(), merchants=SHOPS)
        towns.make_round(voucher, "r1", packs=4, state="open")
        claims = "C1,r1,a,2020-03-27 08:00:01\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + ROWS))

    once("report merchants", build)
    return voucher


def test_counts_and_shares(town: Voucher) -> None:
    told = town("report", "merchants", "-o", "json").data
    assert told["summary"] == {
        "registered": 4,
        "with_payments": 2,
        "not_registered": 0,
        "share_with_payments": "0.5000",
        "subsidy_fen": 4_000,
        "share_of_first_hundredth": "0.7500",
        "share_of_first_tenth": "0.7500",
        "gini": "0.2500",  # (2 (1 x 10 + 2 x 30) - 3 x 40) / (2 x 40)
    }
    sizes = {row["key"]: row for row in told["by_size"]}
    assert (sizes["small"]["registered"], sizes["small"]["with_payments"]) == (2, 1)
    assert (sizes["large"]["subsidy_fen"], sizes["large"]["share"]) == (1_000, "0.2500")
    assert sizes[""]["registered"] == 1 and [*sizes][-1] == ""
    assert [row["merchant_no"] for row in told["first"]] == ["M1", "M3"]  # M2 kept nothing
    assert told["lorenz"][4] == {"tenths": "0.5000", "share": "0.2500"}
    assert told["without_payments"] == []


def test_those_without_a_payment_are_listed_where_asked(town: Voucher) -> None:
    ran = town("report", "merchants", "--top", "1")
    assert "2 merchants have no payment" in ran.err
    told = town("report", "merchants", "--inactive", "9", "--top", "1", "-o", "json").data
    assert [row["merchant_no"] for row in told["without_payments"]] == ["M2", "M4"]
    assert len(told["first"]) == 1


def test_before_any_payment(town: Voucher) -> None:
    told = town("report", "merchants", "--as-of", "2020-03-01", "-o", "json").data
    assert told["summary"]["gini"] is None and told["lorenz"] == []
    town("report", "merchants", "--as-of", "2020-03-01", "--lang", "zh")


def test_a_refund_counts_from_its_own_time(town: Voucher) -> None:
    told = town("report", "merchants", "--as-of", "2020-03-28", "-o", "json").data
    assert told["summary"]["with_payments"] == 3


def test_in_every_form(town: Voucher) -> None:
    for suffix in ("html", "md", "docx", "xlsx", "csv"):
        town("report", "merchants", "--lang", "zh", "-O", f"m.{suffix}")
    assert "基尼系数" in town("report", "merchants", "--lang", "zh").out


def by_pairs(amounts: list[int]) -> Fraction:
    """Gini by its other definition: the mean difference of all pairs / twice the mean."""
    differences = sum(abs(one - two) for one in amounts for two in amounts)
    return Fraction(differences, 2 * len(amounts) * sum(amounts))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any))
def test_gini_is_the_mean_difference_of_pairs(amounts: list[int]) -> None:
    found = law.gini(law.ordered(amounts))
    assert found is not None
    assert abs(Fraction(found) - by_pairs(amounts)) <= Fraction(1, 20_000)


@given(st.lists(st.integers(-5, 10**6), min_size=1, max_size=200))
def test_a_lorenz_curve_rises_and_bends_one_way(amounts: list[int]) -> None:
    ascending = law.ordered(amounts)
    curve = law.lorenz(ascending)
    if not sum(ascending):
        assert all(share is None for _, share in curve)
        return
    shares = [Fraction(share or "") for _, share in curve]
    assert shares == sorted(shares) and shares[-1] == 1
    assert all(
        share <= Fraction(tenth, 10) + Fraction(1, 10_000)
        for (tenth, _), share in zip(curve, shares, strict=True)
    )


def test_the_largest_come_first_where_it_is_asked(town: Voucher) -> None:
    rows = town("report", "leverage", "--by", "merchant", "--sort", "base", "-o", "json").data
    bases = [row["base_fen"] for row in rows["rows"]]
    assert bases == sorted(bases, reverse=True) and len(bases) > 1
    top = town("report", "leverage", "--by", "merchant", "--top", "1", "-o", "json").data
    most = max(rows["rows"], key=lambda row: row["subsidy_fen"])["subsidy_fen"]
    assert [row["subsidy_fen"] for row in top["rows"]] == [most]
    assert top["total"] == rows["total"]
    refused = town("report", "leverage", "--sort", "name", expect=2)
    assert "unknown_sort" in refused.err


def test_merchants_that_no_registry_lists_stand_by_themselves(voucher: Voucher) -> None:
    pack = towns.pack(scope={"registration": "open"})
    towns.build(voucher, towns.programme(), pack, merchants=SHOPS)
    towns.make_round(voucher, "r1", packs=4, state="open")
    claims = "C1,r1,a,2020-03-27 08:00:01\n"
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
    rows = paid("T1", 1, "M1") + paid("T2", 2, "M4") + paid("T3", 3, "M9")
    voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + rows))
    told = voucher("report", "merchants", "-o", "json").data
    assert (told["summary"]["with_payments"], told["summary"]["not_registered"]) == (3, 1)
    assert told["summary"]["share_with_payments"] == "0.5000"
    *_, blank, outside = told["by_size"]
    assert (blank["key"], blank["is_registered"], blank["with_payments"]) == ("", True, 1)
    assert (outside["key"], outside["is_registered"], outside["registered"]) == ("", False, 0)
    shown = voucher("report", "merchants", "-o", "csv").out
    assert "(not in the registry),0,1," in shown
    assert "（名录外）" in voucher("report", "merchants", "--lang", "zh", "-o", "csv").out
