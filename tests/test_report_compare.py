"""Rounds, families and programmes side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    def build() -> None:
        towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,a\n")
        for code, opens in (("r1", "2020-03-27 08:00"), ("r2", "2020-03-28 08:00")):
            towns.make_round(voucher, code, packs=1, state="open", opens=opens)
        claims = "C1,r1,a,2020-03-27 08:00:09\nC2,r2,b,2020-03-28 08:01:00\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
        rows = (
            "T1,pay,C1,1,M1,2020-03-28 10:00:00,50,0,10,\n"
            "T2,pay,C2,1,M1,2020-03-28 10:00:00,150,0,10,\n"
        )
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + rows))
        voucher("programme", "load", "hangzhou-2009")

    once("report compare", build)
    return voucher


def subjects(town: Voucher, *names: str) -> dict[str, Any]:
    told = town("report", "compare", *names, "-o", "json").data["subjects"]
    return {each["subject"]: each for each in told}


def test_rounds_and_their_programme(town: Voucher) -> None:
    told = subjects(town, "r1", "r2", "town")
    assert [told[name]["gross"] for name in ("r1", "r2", "town")] == ["5.00", "15.00", "10.00"]
    assert (told["r1"]["sell_out_seconds"], told["town"]["sell_out_seconds"]) == (9, None)
    assert (told["town"]["rounds"], told["town"]["merchants"]) == (2, 1)
    report = town("report", "leverage", "-o", "json").data
    assert told["town"]["base_fen"] == report["total"]["base_fen"]


def test_one_that_only_has_published_figures(town: Voucher) -> None:
    told = subjects(town, "town", "hangzhou-2009")
    assert told["hangzhou-2009"]["source"]
    assert told["hangzhou-2009"]["packs"] is None
    shown = town("report", "compare", "town", "hangzhou-2009").out
    assert "published by others" in shown and "–" in shown


def test_in_every_form(town: Voucher) -> None:
    shown = town("report", "compare", "r1", "r2").out
    assert "1 min" in shown  # r2 was sold out after a minute
    chinese = town("report", "compare", "r1", "r2", "--lang", "zh", "-o", "csv").out
    assert "杠杆率,5.00,15.00" in chinese and "拉动消费（交易额）,50.00,150.00" in chinese
    for suffix in ("html", "xlsx", "md", "docx"):
        town("report", "compare", "r1", "r2", "-O", f"c.{suffix}")


def test_what_cannot_be_compared(town: Voucher) -> None:
    assert "too_few_subjects" in town("report", "compare", "r1", expect=2).err
    assert "unknown_subject" in town("report", "compare", "r1", "nothing", expect=3).err
