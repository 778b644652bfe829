"""Figures as they were known on a sealed day, whatever came or was corrected since."""

from __future__ import annotations

import json
from typing import Any

import pytest
import towns
from test_corrections import figures, settle
from test_days import MEI, STAFF, claims, close, payments, why

SHOPS = (
    "merchant_no,name,district,industry,size,brand,designated_size\n"
    "M1,one,上城区,餐饮,small,,below\nM2,two,西湖区,零售,large,世纪联华,above\n"
)
GROUPINGS = (
    "round", "template", "coupon", "day", "week", "month", "district", "industry", "size",
    "brand", "designated_size", "merchant", "platform", "channel",
)  # fmt: skip
FUNDED = {"treasury": "60%", "district": "20%", "alipay": "20%"}
DAY = "2020-03-28"


@pytest.fixture
def town(voucher: Any) -> Any:
    """Round r1 of 6 packs of two 40-10, three funders; 27 and 28 March are sealed."""
    funders = {
        "treasury": {"kind": "public", "amount": "5000.00"},
        "district": {"kind": "public", "amount": "5000.00"},
        "alipay": {"kind": "platform"},
    }
    towns.build(
        voucher,
        towns.programme(staff=STAFF, clock={"jump": "90 days"}, funders=funders),
        towns.pack(
            "pack",
            towns.coupon("10", "40", 2),
            validity={"days_after_claim": 7},
            funding=FUNDED,
        ),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=6, state="open", closes=towns.CLOSES)
    claims(
        voucher,
        "c.csv",
        "C1 P1 2020-03-27 09:00",
        "C2 P2 2020-03-27 09:01",
        "C3 P3 2020-03-28 09:00",
    )
    payments(
        voucher,
        "p.csv",
        "T1 C1 1 2020-03-27 10:00",
        "T2 C1 2 2020-03-28 10:00",
        "T3 C2 1 2020-03-28 11:00",
        "R3 C2 1 2020-03-28 12:00 T3",
        "T5 C3 1 2020-03-30 12:00",
    )
    close(voucher, DAY)
    return voucher


def seen(voucher: Any, *how: str) -> dict[str, Any]:
    """The rows of every report of the days up to the sealed one."""
    reports = {
        by: voucher("report", "leverage", "--by", by, "--funders", "-o", "json", *how).data["rows"]
        for by in GROUPINGS
    }
    rounds = voucher("report", "rounds", "-o", "json", *how).data["rows"]
    for row in rounds:
        del row["breaches"]  # of rejects nothing is left when they are accepted
    return reports | {"rounds": rounds}


def go_on(voucher: Any) -> None:
    """Late rows, refunds, corrections of payments and of a claim, a change of a shop's name."""
    claims(voucher, "c2.csv", "C4 P4 2020-03-27 12:00", "C5 P5 2020-03-28 12:00")
    towns.write(
        "late.csv",
        towns.PAYMENTS + "T6,pay,C4,1,M2,2020-03-27 13:00,60,0,10,\n"
        "R2,refund,C1,2,M1,2020-03-28 13:00,50,0,10,T2\n"
        "T7,pay,C2,1,M2,2020-03-28 14:00,70,0,10,\n",
    )
    assert voucher("redemption", "import", "late.csv", *MEI, "-o", "json").data["accepted"] == 3
    settle(voucher, "redemption", "T1", "--amount", "90", "--merchant", "M2")
    settle(voucher, "claim", "C3", "--claimed-at", "2020-03-27 21:00")
    settle(voucher, "claim", "C5", "--reverse")
    towns.write("shops.csv", SHOPS.replace("two", "deux").replace("one", "un"))
    voucher("merchant", "import", "shops.csv", *MEI, "--now", "2020-07-01 09:00")


def test_every_report_says_again_what_it_said(town: Any) -> None:
    before = seen(town, "--as-of", DAY)
    go_on(town)
    assert seen(town, "--as-of", DAY) != before
    assert seen(town, "--known-on", DAY) == before
    close(town, "2020-04-02")
    assert seen(town, "--known-on", DAY) == before
    town("check")


def test_the_next_sealed_day_has_what_came_since(town: Any) -> None:
    go_on(town)
    close(town, "2020-04-01")
    now = seen(town, "--as-of", "2020-04-01")
    payments(town, "later.csv", "T9 C4 2 2020-03-31 10:00")
    settle(town, "redemption", "T6", "--reverse")
    known = seen(town, "--known-on", "2020-04-01")
    names = [[row.pop("name") for row in each["merchant"]] for each in (now, known)]
    assert names == [["un", "deux"], ["one", "two"]]  # a report has the names of today, or of then
    assert known == now
    assert [key for key, _, _ in figures(town)] != []


def test_an_earlier_part_of_what_was_known(town: Any) -> None:
    before = town("report", "leverage", "--as-of", "2020-03-27", "-o", "json").data["rows"]
    go_on(town)
    known = town(
        "report", "leverage", "--as-of", "2020-03-27", "--known-on", DAY, "-o", "json"
    ).data
    assert known["rows"] == before
    assert known["known_on"] == DAY
    since = ("--since", DAY, "--known-on", DAY, "--by", "merchant", "-o", "json")
    assert [row["base_fen"] for row in town("report", "leverage", *since).data["rows"]] == [5000]


def test_what_cannot_be_known_is_refused(town: Any) -> None:
    for report in ("leverage", "rounds"):
        asked = ("report", report, "-o", "json")
        assert why(town(*asked, "--known-on", "2020-03-29", expect=3)) == "day_open"
        assert (
            why(town(*asked, "--known-on", DAY, "--as-of", "2020-03-30", expect=2))
            == "known_before"
        )
        hours = ("--as-of", "2020-03-28 12:00")
        assert why(town(*asked, "--known-on", DAY, *hours, expect=2)) == "whole_days_only"


def test_a_report_says_when_it_is_not_what_was_known(town: Any) -> None:
    said = f"as it was known then: --known-on {DAY}"
    assert said not in town("report", "leverage", "--as-of", DAY).err
    go_on(town)
    for report in ("leverage", "rounds"):
        assert said in town("report", report, "--as-of", DAY).err
        assert said not in town("report", report, "--known-on", DAY).err


def test_also_where_no_day_is_sealed(voucher: Any) -> None:
    towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,one\n")
    towns.make_round(voucher, "r1", packs=3, state="open", closes=towns.CLOSES)
    towns.write("c.csv", towns.CLAIMS + "C1,r1,P1,2020-03-27 09:00\n")
    voucher("claim", "import", "c.csv", "--now", "2020-03-28 08:00")
    towns.write("p.csv", towns.PAYMENTS + "T1,pay,C1,1,M1,2020-03-27 10:00,50,0,10,\n")
    voucher("redemption", "import", "p.csv", "--now", "2020-03-28 09:00")
    asked = ("report", "leverage", "--as-of", "2020-03-27", "--now", "2020-07-01 09:00")
    assert "came later" not in voucher(*asked).err
    towns.write("late.csv", towns.PAYMENTS + "T2,pay,C1,2,M1,2020-03-27 11:00,50,0,10,\n")
    voucher("redemption", "import", "late.csv", "--now", "2020-06-20 09:00", expect=None)
    assert "came later than the day after, the last at 2020-06-20 09:00" in voucher(*asked).err


def test_the_same_question_gives_the_same_bytes(town: Any) -> None:
    def asked(report: str, form: str) -> str:
        return str(town("report", report, "--known-on", DAY, "-o", form).out)

    forms = [(report, form) for report in ("leverage", "rounds") for form in ("csv", "table")]
    before = [asked(*each) for each in forms]
    go_on(town)
    close(town, "2020-04-02")
    assert [asked(*each) for each in forms] == before
    assert json.loads(asked("rounds", "json"))["data"]["rows"][0]["breaches"] is None


def test_a_round_of_which_everything_came_later_was_not_known(town: Any) -> None:
    """Nor a merchant, nor a day."""
    towns.make_round(town, "r2", packs=2, state="open", closes=towns.CLOSES)
    known = seen(town, "--as-of", DAY)
    towns.write("late.csv", towns.CLAIMS + f"C9,r2,P9,{DAY} 09:00\n")
    town("claim", "import", "late.csv", *MEI)
    payments(town, "p2.csv", f"T9 C9 1 {DAY} 10:00")
    assert [row["key"] for row in seen(town, "--as-of", DAY)["round"]] == ["r1", "r2"]
    assert seen(town, "--known-on", DAY) == known
    town("check")
