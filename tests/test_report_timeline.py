"""The reports on the course of rounds, and on rejected rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

HOUR = 3_600


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """Two rounds of one pack: r1 is sold out and used, r2 is drafted only."""

    def build() -> None:
        document = towns.programme(staff={"mei": "maker", "lin": "checker"})
        towns.build(voucher, document, towns.pack(), merchants="merchant_no,name\nM1,a\n")
        words = ("--template", "pack", "--packs", "1")
        for code, opens in (("r1", "2020-03-27 08:00"), ("r2", "2020-04-27 08:00")):
            at = ("--now", "2020-03-25 08:00", "--actor", "mei")
            voucher("round", "create", code, *words, "--opens-at", opens, *at)
        voucher("round", "submit", "r1", "--now", "2020-03-25 09:00", "--actor", "mei")
        voucher("round", "approve", "r1", "--now", "2020-03-26 09:00", "--actor", "lin")
        voucher("round", "open", "r1", "--now", "2020-03-27 08:00", "--actor", "mei")
        monkeypatch.setenv("VOUCHER_NOW", "2020-04-10 09:00")
        claims = "C1,r1,a,2020-03-27 08:00:30\nC2,r1,b,2020-03-27 08:00:31\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims), expect=4)
        rows = (
            "T1,pay,C1,1,M1,2020-03-27 17:00:00,50,0,10,\n"
            "T2,pay,C1,2,M1,2020-03-28 17:00:00,50,0,10,\n"
            "T3,pay,C9,2,M1,2020-03-28 17:00:00,50,0,10,\n"
            "T4,pay,C1,3,M1,2020-03-28 17:00:00,30,0,10,\n"
        )
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + rows), expect=4)

    once("report timeline", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-04-10 09:00")
    return voucher


def test_from_draft_to_first_redemption(town: Voucher) -> None:
    told = town("report", "timeline", "-o", "json").data
    first, second = told["spans"]
    assert first == {
        "round": "r1",
        "draft_to_approval_seconds": 25 * HOUR,
        "approval_to_opening_seconds": 23 * HOUR,
        "opening_to_sold_out_seconds": 30,
        "opening_to_use_seconds": 9 * HOUR,
        "draft_to_use_seconds": 57 * HOUR,
    }
    assert {each for key, each in second.items() if key != "round"} == {None}
    steps = told["steps"][0]
    assert steps["drafted_at"] == "2020-03-25T08:00:00+08:00"
    assert steps["first_use_at"] == "2020-03-27T17:00:00+08:00"
    assert told["steps"][1]["approved_at"] is None
    assert "2 d 9 h" in town("report", "timeline").out
    assert "起草至首笔核销" in town("report", "timeline", "--lang", "zh", "-o", "csv").out


def test_one_round_alone(town: Voucher) -> None:
    told = town("report", "timeline", "--round", "r2", "-o", "json").data
    assert [row["round"] for row in told["steps"]] == ["r2"]


def test_rejected_rows_over_all_files(town: Voucher) -> None:
    told = town("report", "rejects", "-o", "json").data
    kinds = {row["kind"]: row for row in told["by_kind"]}
    assert (kinds["redemptions"]["read"], kinds["redemptions"]["rejected"]) == (4, 2)
    assert kinds["redemptions"]["share"] == "0.5000"
    reasons = {(row["kind"], row["reason"]): row for row in told["by_reason"]}
    assert reasons["redemptions", "unknown_claim"]["subsidy_fen"] == 1_000
    assert reasons["claims", "over_quota"]["rows"] == 1
    assert told["by_profile"][0]["profile"] == "voucher"
    later = town("report", "rejects", "--since", "2020-05-01", "-o", "json").data
    assert later["by_kind"] == later["by_reason"] == []
    assert "未通过占比" in town("report", "rejects", "--lang", "zh", "-o", "csv").out
    for suffix in ("html", "xlsx"):
        town("report", "rejects", "-O", f"r.{suffix}")


def test_an_undone_file_does_not_count(town: Voucher) -> None:
    batch = town("batch", "list", "-o", "json").data["batches"][0]["batch"]
    town("batch", "undo", str(batch), "--note", "wrong", "--yes")
    told = town("report", "rejects", "-o", "json").data
    assert [row["kind"] for row in told["by_kind"]] == ["claims"]
