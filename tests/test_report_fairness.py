"""Fairness: counts for each eligible resident, and chances with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import intervals

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

LIST = "resident,group,district\n" + "".join(
    f"r{at},{group},{district}\n"
    for at, group, district in (
        (1, "old", "上城"),
        (2, "old", "上城"),
        (3, "old", "下城"),
        (4, "new", "下城"),
    )
)


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    def build() -> None:
        towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,a\n")
        voucher("eligibility", "import", towns.write("e.csv", LIST))
        towns.make_round(voucher, "r1", packs=9, state="open")
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-30 09:00")
        claims = "C1,r1,r1,2020-03-27 08:00:09\nC9,r1,stranger,2020-03-27 08:01:00\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
        rows = (
            "T1,pay,C1,1,M1,2020-03-28 10:00:00,50,0,10,\n"
            "T9,pay,C9,1,M1,2020-03-28 10:00:00,50,0,10,\n"
        )
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + rows))

    once("report fairness", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-30 09:00")
    return voucher


def test_for_each_eligible_resident(town: Voucher) -> None:
    told = town("report", "fairness", "-o", "json").data
    new, old = told["by_group"]
    assert (old["eligible"], old["claimers"], old["claim_rate"]) == (3, 1, "0.3333")
    assert (old["packs"], old["subsidy_fen"], old["each_fen"]) == (1, 1_000, 333)
    assert (new["eligible"], new["claimers"], new["each_fen"]) == (1, 0, 0)
    districts = {row["key"]: row for row in told["by_district"]}
    assert (districts["上城"]["eligible"], districts["上城"]["claim_rate"]) == (2, "0.5000")
    before = town("report", "fairness", "--as-of", "2020-03-26", "-o", "json").data
    assert [row["claimers"] for row in before["by_group"]] == [0, 0]


def test_in_chinese_and_in_every_form(town: Voucher) -> None:
    assert "人均补贴" in town("report", "fairness", "--lang", "zh", "-o", "csv").out
    for suffix in ("html", "xlsx", "docx"):
        town("report", "fairness", "-O", f"f.{suffix}")


def test_chances_in_a_lottery(voucher: Voucher, monkeypatch: pytest.MonkeyPatch) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    words = ("--mode", "lottery", "--closes-at", "2020-04-20")
    towns.make_round(voucher, "r1", *words, packs=10)
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-25 09:00")
    voucher("draw", "commit", "r1", "--registration-closes", "2020-03-26 20:00")
    rows = "".join(
        f"A{at:02},r1,who{at},2020-03-25 10:00:00,,{'上城' if at % 2 else '下城'}\n"
        for at in range(40)
    )
    header = "application_no,round,resident,applied_at,group,district\n"
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-27 08:00")
    voucher("application", "import", towns.write("a.csv", header + rows))
    voucher("round", "open", "r1")
    voucher("draw", "run", "r1", "--to", "out")
    told = voucher("report", "fairness", "-o", "json").data
    lots = told["lotteries"]
    assert [row["applicants"] for row in lots] == [20, 20]
    assert sum(row["winners"] for row in lots) == 10
    for row in lots:
        low, high = (float(row[key]) for key in ("low", "high"))
        assert row["is_like_all"] == ("yes" if low <= 0.25 <= high else "no")
    for row in lots:
        assert float(row["low"]) <= float(row["win_rate"] or 0) <= float(row["high"])
    assert told["tried_often"] == told["never_won"] == 0


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (0, 10, "0.0000", "0.2775"),  # Wilson 1927, as tables have it
        (10, 10, "0.7225", "1.0000"),
        (81, 263, "0.2553", "0.3662"),  # Newcombe 1998, table I, method 3
        (15, 148, "0.0624", "0.1605"),
        (1, 29, "0.0061", "0.1718"),
    ],
)
def test_intervals_are_those_of_the_papers(part: int, whole: int, low: str, high: str) -> None:
    assert intervals.wilson(part, whole) == (low, high)


@given(st.integers(1, 10**6), st.data())
def test_an_interval_holds_its_own_share(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    interval = intervals.wilson(part, whole)
    assert interval is not None
    assert float(interval.low) - 1e-4 <= part / whole <= float(interval.high) + 1e-4
    assert intervals.wilson(0, 0) is None
