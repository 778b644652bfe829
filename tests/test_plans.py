"""What a plan foresees: money, dates, residents, merchants, and what past rounds came to - nothing
without any.
"""

from __future__ import annotations

import sys
from datetime import date
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st
from towns import OPENS

from vouchercli.rules import calendars, programmes
from vouchercli.rules import plans as law
from vouchercli.rules.calendars import Calendar, Day

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

PROGRAMME = towns.programme("hz-2020", funds={"treasury": "485000000.00"})
PACK = towns.pack("universal-5x10")


@pytest.fixture
def town(
    voucher: Callable[..., Ran], once: Once, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """A programme with one pack and no other calendar than the weekdays."""
    monkeypatch.setitem(sys.modules, "chinese_calendar", None)
    once("plans", lambda: towns.build(voucher, PROGRAMME, PACK))
    return voucher


create = partial(towns.draft, template="universal-5x10", maker="chen")


def plan(voucher: Callable[..., Ran], code: str, *options: str) -> Any:
    return voucher("round", "plan", code, *options, "-o", "json").data


# ---------------------------------------------------------------- money and other rounds


def test_a_plan_foresees_money_and_other_rounds(town: Callable[..., Ran]) -> None:
    create(town, "hz-1", packs=2000000)
    create(town, "hz-2", opens="2020-04-03 07:00")
    create(town, "hz-3", opens="2020-04-03 08:00")
    data = plan(town, "hz-1")
    assert data["liability"] == [
        {
            "funder": "treasury",
            "liability_fen": 100_000_000_00,
            "left_fen": 485_000_000_00,
            "left_after_fen": 385_000_000_00,
        }
    ]
    assert (data["opens_on"], data["overlapping"], data["checkers_needed"]) == (
        "Friday",
        ["hz-2"],
        1,
    )
    assert data["merchants"] == {"total": 0, "districts": [], "industries": [], "cells": []}
    assert "Rounds at the same time" in town("round", "plan", "hz-1").out


def test_a_plan_warns_of_a_fund_that_will_run_short(town: Callable[..., Ran]) -> None:
    create(town, "big", packs=10000000)
    ran = town("round", "plan", "big")
    assert (
        "warning: treasury is short of 15,000,000.00 yuan: the round cannot be approved"
        " [fund_short]" in ran.err
    )


def test_a_plan_of_nothing_is_refused(town: Callable[..., Ran]) -> None:
    ran = town("round", "plan", "hz-1", expect=3)
    assert (ran.out, ran.err.splitlines()[0]) == (
        "",
        "error: there is no round hz-1 [unknown_round]",
    )


# ---------------------------------------------------------------- dates


def test_a_plan_looks_at_weekdays(town: Callable[..., Ran]) -> None:
    create(town, "hz-1", "--closes-at", "2020-04-05")
    data = plan(town, "hz-1")
    assert [
        (each["what"], each["on"], each["weekday"], each["is_workday"]) for each in data["dates"]
    ] == [
        ("opens", "2020-03-27", "Friday", True),
        ("closes", "2020-04-05", "Sunday", False),
        ("first_voucher_ends", "2020-04-03", "Friday", True),
        ("last_voucher_ends", "2020-04-12", "Sunday", False),
    ]
    assert data["days"] == {"workdays": 6, "days_off": 4}
    assert {each["source"] for each in data["dates"]} == {"weekday"}
    assert "The public holidays of 2020 are not known" in town("round", "plan", "hz-1").out


def test_the_programmes_own_calendar_goes_first(town: Callable[..., Ran]) -> None:
    days = {
        "holidays": [{"from": "2020-04-04", "to": "2020-04-06"}, "2020-03-27"],
        "workdays": ["2020-04-11"],
    }
    town("programme", "load", towns.write("programme.yaml", PROGRAMME | {"calendar": days}))
    create(town, "hz-1", "--closes-at", "2020-04-06")
    data = plan(town, "hz-1")
    assert (data["dates"][0]["is_workday"], data["dates"][0]["source"]) == (False, "programme")
    assert data["days"] == {"workdays": 5, "days_off": 6}
    assert town("programme", "show", "-o", "json").data["calendar"] == {
        "holidays": ["2020-03-27", "2020-04-04", "2020-04-05", "2020-04-06"],
        "workdays": ["2020-04-11"],
    }


def test_public_holidays_are_asked_where_the_package_is_installed(
    town: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = ModuleType("chinese_calendar")

    def detail(day: date) -> tuple[bool, str | None]:
        if day.year > 2020:
            raise NotImplementedError
        return (
            (True, "Tomb-sweeping Day") if day == date(2020, 4, 4) else (day.isoweekday() > 5, None)
        )

    package.get_holiday_detail = detail  # type: ignore[attr-defined] # what the package gives
    monkeypatch.setitem(sys.modules, "chinese_calendar", package)
    create(town, "hz-1", "--closes-at", "2020-04-04")
    closes = plan(town, "hz-1")["dates"][1]
    assert (closes["is_workday"], closes["holiday"], closes["source"]) == (
        False,
        "Tomb-sweeping Day",
        "calendar",
    )
    assert "清明节" in town("round", "plan", "hz-1", "--lang", "zh").out
    assert "not known here" not in town("round", "plan", "hz-1").out
    create(town, "later", opens="2021-04-02 08:00")
    assert {each["source"] for each in plan(town, "later")["dates"]} == {"weekday"}


def test_the_real_package_knows_the_spring_of_2020() -> None:
    package = pytest.importorskip("chinese_calendar")
    assert package.get_holiday_detail(date(2020, 4, 4)) == (True, "Tomb-sweeping Day")
    assert package.get_holiday_detail(date(2020, 4, 26))[0] is False


@pytest.mark.parametrize(
    ("calendar", "code"),
    [
        ({"holidays": ["2020-13-01"]}, "bad_time"),
        ({"holidays": [{"from": "2020-04-06", "to": "2020-04-04"}]}, "bad_span"),
        ({"holidays": [{"from": "2020-04-06"}]}, "missing_key"),
        ({"holidays": ["2020-04-04"], "workdays": ["2020-04-04"]}, "day_is_both"),
        ({"holidays": [{"from": "1020-01-01", "to": "2020-04-04"}]}, "bad_span"),
        ({"holiday": []}, "unknown_key"),
        ({"holidays": "2020-04-04"}, "wrong_type"),
    ],
)
def test_a_calendar_with_faults_is_refused(calendar: dict[str, Any], code: str) -> None:
    _, faults = programmes.read(PROGRAMME | {"calendar": calendar})
    assert [fault.code for fault in faults] == [code]


def test_who_says_whether_a_day_is_worked() -> None:
    own = Calendar(frozenset({20200406}), frozenset({20200411}))
    assert calendars.judge(20200406, own, (False, "")) == Day(20200406, False, "", "programme")
    assert calendars.judge(20200411, own, (True, "")) == Day(20200411, True, "", "programme")
    assert calendars.judge(20200404, own, (True, "Tomb-sweeping Day")) == Day(
        20200404, False, "Tomb-sweeping Day", "calendar"
    )
    assert calendars.judge(20200404, own, None) == Day(20200404, False, "", "weekday")
    assert list(calendars.span(20200228, 20200301)) == [20200228, 20200229, 20200301]


# ---------------------------------------------------------------- people


def test_a_plan_counts_the_merchants_of_the_scope_by_district_and_industry(
    town: Callable[..., Ran],
) -> None:
    create(town, "hz-1")
    Path("shops.csv").write_text(
        "merchant_no,name,district,industry\nM1,a,330102,food\nM2,b,330102,food\nM3,c,330106,food\nM4,d,330102,books\n",
        "utf-8",
    )
    town("merchant", "import", "shops.csv")
    town("merchant", "suspend", "M2", "--reason", "cash-out")
    assert plan(town, "hz-1")["merchants"] == {
        "total": 3,
        "districts": [
            {"district": "330102", "merchants": 2},
            {"district": "330106", "merchants": 1},
        ],
        "industries": [{"industry": "books", "merchants": 1}, {"industry": "food", "merchants": 2}],
        "cells": [
            {"district": "330102", "industry": "books", "merchants": 1},
            {"district": "330102", "industry": "food", "merchants": 1},
            {"district": "330106", "industry": "food", "merchants": 1},
        ],
    }


def test_a_plan_counts_the_residents_of_the_list(town: Callable[..., Ran]) -> None:
    Path("list.csv").write_text(
        "resident,group,district\n1,poor,西湖区\n2,poor,西湖区\n3,poor,上城区\n3,medic,上城区\n4,medic,上城区\n",
        "utf-8",
    )
    town("eligibility", "import", "list.csv")
    create(town, "poor", "--mode", "targeted", "--group", "poor", packs=5)
    create(town, "all", "--mode", "targeted", packs=3)
    create(town, "race")
    data = plan(town, "poor")["residents"]
    assert (data["eligible"], data["districts"]) == (
        3,
        [{"district": "上城区", "residents": 1}, {"district": "西湖区", "residents": 2}],
    )
    assert "[fewer_residents]" in town("round", "plan", "poor").err
    assert plan(town, "all")["residents"]["eligible"] == 4
    assert "[fewer_packs]" in town("round", "plan", "all").err
    assert plan(town, "race")["residents"]["eligible"] is None
    assert "any resident may claim a pack of race" in town("round", "plan", "race").err


# ---------------------------------------------------------------- past rounds


def test_a_plan_invents_nothing_without_past_rounds(town: Callable[..., Ran]) -> None:
    create(town, "hz-1")
    ran = town("round", "plan", "hz-1")
    assert "no round has closed yet: there are no past figures to estimate from" in ran.err
    assert "expect of this round" not in ran.out
    assert plan(town, "hz-1")["expected"] is None


@pytest.fixture
def past(town: Callable[..., Ran]) -> Callable[..., Ran]:
    """... and two closed rounds: of 4 packs 2 claimed, of 2 packs all within 50 seconds; 3 vouchers
    used.
    """
    for code, packs, opens in (("hz-1", 4, OPENS), ("hz-2", 2, "2020-04-10 08:00")):
        towns.make_round(
            town, code, template="universal-5x10", packs=packs, opens=opens, state="open"
        )
    Path("claims.csv").write_text(
        "claim_no,round,resident,claimed_at\nC1,hz-1,a,2020-03-27 08:00:05\nC2,hz-1,b,2020-03-27"
        " 08:01:45\nC3,hz-2,a,2020-04-10 08:00:05\nC4,hz-2,b,2020-04-10 08:00:50\n",
        "utf-8",
    )
    Path("shops.csv").write_text("merchant_no,name\nM1,a\n", "utf-8")
    Path("used.csv").write_text(
        "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy\nT1,pay,C1,1,M1,2020-03-28"
        " 12:00:00,50.00,0,10.00\nT2,pay,C1,2,M1,2020-03-29"
        " 12:00:00,70.00,0,10.00\nT3,pay,C3,1,M1,2020-04-11 12:00:00,100.00,0,10.00\n",
        "utf-8",
    )
    town("claim", "import", "claims.csv", "--now", "2020-04-12")
    town("merchant", "import", "shops.csv")
    town("redemption", "import", "used.csv", "--now", "2020-04-12")
    town("round", "close", "hz-1", "--now", "2020-04-04")
    town("round", "close", "hz-2", "--now", "2020-04-17 08:00")
    create(town, "hz-3", opens="2020-06-01", packs=100)
    return town


def test_a_plan_rests_on_the_citys_own_closed_rounds(past: Callable[..., Ran]) -> None:
    expected = plan(past, "hz-3", "--now", "2020-05-01")["expected"]
    assert (expected["rounds"], expected["finished_rounds"], expected["same_template_rounds"]) == (
        2,
        2,
        2,
    )
    assert (expected["claim_rate"], expected["used_of_claimed"], expected["gross"]) == (
        "0.6667",
        "0.1500",
        "7.33",
    )
    assert expected["claims"] == {"rounds": 2, "low": 50, "pooled": 67, "high": 100}
    assert expected["vouchers_used"] == {"rounds": 2, "low": 25, "pooled": 50, "high": 100}
    assert expected["subsidy_fen"] == {
        "rounds": 2,
        "low": 25_000,
        "pooled": 50_000,
        "high": 100_000,
    }
    assert expected["gross_range"] == {
        "rounds": 2,
        "low": "6.00",
        "pooled": "7.33",
        "high": "10.00",
    }
    assert expected["own_spend_range"] == {
        "rounds": 2,
        "low": "5.00",
        "pooled": "6.33",
        "high": "9.00",
    }
    assert (
        expected["sold_out_rounds"],
        expected["fastest_sell_out_seconds"],
        expected["slowest_sell_out_seconds"],
    ) == (1, 50, 50)
    assert [each["sell_out_seconds"] for each in expected["past"]] == [None, 50]


def test_redemption_and_leverage_wait_for_the_last_voucher(past: Callable[..., Ran]) -> None:
    expected = plan(past, "hz-3", "--now", "2020-04-10")["expected"]
    assert (expected["rounds"], expected["finished_rounds"]) == (2, 1)
    assert expected["used_of_claimed"] == "0.2000"
    assert expected["gross_range"]["rounds"] == expected["vouchers_used"]["rounds"] == 1
    assert expected["past"][1]["gross"] is None
    early = plan(past, "hz-3", "--now", "2020-04-01")["expected"]
    assert (
        early["finished_rounds"],
        early["used_of_claimed"],
        early["vouchers_used"],
        early["gross_range"],
    ) == (0, None, None, None)
    assert early["claims"]["rounds"] == 2


def test_a_plan_shows_every_past_round_and_the_range(past: Callable[..., Ran]) -> None:
    out = past("round", "plan", "hz-3", "--now", "2020-05-01").out
    assert "Results of the city's own closed rounds (pooled)" in out
    assert "seconds to sell out" in out
    assert "2 of 2 rounds had this card pack; redemption and leverage rest on the 2 whose" in out
    create(
        past,
        "lot",
        "--mode",
        "lottery",
        "--registration-opens",
        "2020-05-01",
        opens="2020-06-20",
    )
    assert "seconds to sell out" not in past("round", "plan", "lot", "--now", "2020-05-01").out


def test_a_closed_round_is_not_its_own_past(past: Callable[..., Ran]) -> None:
    assert [
        each["round"] for each in plan(past, "hz-1", "--now", "2020-05-01")["expected"]["past"]
    ] == ["hz-2"]


PAIRS = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=8)


@given(PAIRS)
def test_what_is_pooled_lies_between_the_lowest_and_the_highest(
    pairs: list[tuple[int, int]],
) -> None:
    result = law.spread(pairs)
    if result is None:
        assert all(whole == 0 for _, whole in pairs)
    else:
        assert Fraction(*result.low) <= Fraction(*result.pooled) <= Fraction(*result.high)
        assert result.rounds == sum(whole > 0 for _, whole in pairs)


@given(PAIRS, PAIRS, st.integers(0, 10**6))
def test_a_product_keeps_the_order_and_rests_on_the_fewest(
    one: list[tuple[int, int]], other: list[tuple[int, int]], amount: int
) -> None:
    first, second = law.spread(one), law.spread(other)
    result = law.times_whole(law.product(first, second), amount)
    if first is None or second is None:
        assert result is None
    else:
        assert result is not None
        assert result["low"] <= result["pooled"] <= result["high"]
        assert result["rounds"] == min(first.rounds, second.rounds)
