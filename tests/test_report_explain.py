"""A figure broken down: files, ways of paying, ledger and rules add up to it, or it says so."""

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
        document = towns.programme(funds={"city": "public", "bank": "platform"})
        pack = towns.pack(
            "pack", towns.coupon("10", "40", 3), funding={"city": "80%", "bank": "20%"}
        )
        towns.build(voucher, document, pack, merchants="merchant_no,name\nM1,a\n")
        for code in ("r1", "r2"):
            towns.make_round(voucher, code, packs=2, state="open")
        claims = "C1,r1,a,2020-03-27 08:00:09\nC2,r2,b,2020-03-27 08:01:00\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
        one = (
            "T1,pay,C1,1,M1,2020-03-28 10:00:00,50,0,10,\n"
            "T2,pay,C2,1,M1,2020-03-28 10:00:00,150,0,10,\n"
            "T3,pay,C1,2,M1,2020-03-28 11:00:00,70,0,10,\n"
        )
        two = "R3,refund,C1,2,M1,2020-03-29 11:00:00,70,0,10,T3\n"
        for name, rows in (("one", one), ("two", two)):
            file = towns.write(f"{name}.csv", towns.PAYMENTS + rows)
            voucher("redemption", "import", file)

    once("report explain", build)
    return voucher


def test_the_parts_add_up_to_the_figure(town: Voucher) -> None:
    told = town("report", "explain", "leverage", "-o", "json").data
    total = town("report", "leverage", "-o", "json").data["total"]
    figures = {row["figure"]: row for row in told["figures"]}
    assert figures["G"]["top_fen"] == total["base_fen"] == 20_000
    assert figures["G"]["bottom_fen"] == total["subsidy_fen"] == 1_600
    assert figures["G"]["value"] == total["gross"] == "12.50"
    assert figures["All-funder leverage"]["value"] == "10.00"
    one, two = told["by_file"]
    assert (one["file"], one["payments"], one["refunds"], one["base_fen"]) == (
        *("one.csv", 3, 0), 27_000,
    )  # fmt: skip
    assert (two["refunds"], two["base_fen"], two["subsidy_fen"]) == (1, -7_000, -800)
    assert sum(row["subsidy_fen"] for row in told["by_way"]) == total["subsidy_fen"]
    ledger = {row["funder"]: row["redeemed_fen"] for row in told["ledger"]}
    assert ledger == {"city": 1_600, "bank": 400}
    assert told["rules"][0]["funding"] == "city 80%, bank 20%"


def test_of_one_round_and_up_to_a_day(town: Voucher) -> None:
    words = ("report", "explain", "leverage", "--round", "r1", "--as-of", "2020-03-28")
    told = town(*words, "-o", "json").data
    assert told["figures"][0]["top_fen"] == 12_000
    assert [row["file"] for row in told["by_file"]] == ["one.csv"]
    assert told["ledger"] == []  # the books have no such span
    assert "杠杆率的由来" in town(*words, "--lang", "zh").out
    town(*words, "-O", "e.html")


def test_what_is_used_is_broken_down_to_files_and_ways(town: Voucher) -> None:
    told = town("report", "explain", "used", "--round", "r1", "-o", "json").data
    count, amount, quota = told["figures"]
    assert (count["top"], count["bottom"], count["value"]) == (1, 3, "0.3333")
    assert (amount["top"], amount["bottom"], amount["value"]) == (1_000, 3_000, "0.3333")
    assert quota["value"] == "0.1667"
    assert [row["payments"] for row in told["by_file"]] == [2, 0]
    assert {row["round"] for row in told["by_way"]} == {"r1"}
    assert "核销率的由来" in town("report", "explain", "used", "--lang", "zh").out
    before = town("report", "explain", "used", "--as-of", "2020-03-28", "-o", "json").data
    assert before["figures"][0]["top"] == 3


def test_the_sums_of_a_merchant(town: Voucher) -> None:
    words = ("report", "explain", "merchant", "--merchant")
    told = town(*words, "M1", "-o", "json").data
    figures = {row["figure"]: row for row in told["figures"]}
    assert (figures["G"]["top_fen"], figures["G"]["bottom_fen"]) == (20_000, 1_600)
    assert [row["payments"] for row in told["by_file"]] == [3, 0]
    one = town(*words, "M1", "--round", "r2", "-o", "json").data
    assert one["figures"][0]["top_fen"] == 15_000
    assert "商户 M1 金额的由来" in town(*words, "M1", "--lang", "zh").out
    assert "unknown_merchant" in town(*words, "M9", expect=3).err
    assert "need its number" in town("report", "explain", "merchant", expect=2).err
    assert "need its number" in town("report", "explain", "used", *words[3:], "M1", expect=2).err


def test_packs_claimed_come_from_files(town: Voucher, here: Any) -> None:
    told = town("report", "explain", "claimed", "-o", "json").data
    assert [(row["round"], row["claimed"]) for row in told["figures"]] == [("r1", 1), ("r2", 1)]
    assert [(row["file"], row["round"], row["packs"]) for row in told["by_file"]] == [
        ("c.csv", "r1", 1), ("c.csv", "r2", 1),
    ]  # fmt: skip
    early = ("--as-of", "2020-03-27 08:00:30")
    assert len(town("report", "explain", "claimed", *early, "-o", "json").data["by_file"]) == 1
    assert "领取数的由来" in town("report", "explain", "claimed", "--lang", "zh").out
    towns.by_hand(
        here,
        "DROP TRIGGER claims_leave_a_seat",
        "DELETE FROM claims WHERE claim_no = 'C1'",
    )
    ran = town("report", "explain", "claimed", expect=5)
    assert "r1: 0 claims stand, the totals have 1" in ran.err


def test_what_funders_paid_comes_from_postings(town: Voucher, here: Any) -> None:
    told = town("report", "explain", "funds", "-o", "json").data
    paid = {row["funder"]: row["redeemed_fen"] for row in told["figures"]}
    assert paid == {"city": 1_600, "bank": 400}
    moves = [
        (row["funder"], row["from_account"], row["to_account"], row["file"], row["amount_fen"])
        for row in told["postings"]
    ]
    assert ("city", "outstanding", "payable", "one.csv", 2_400) in moves
    assert ("city", "payable", "outstanding", "two.csv", 800) in moves
    assert "各出资方支付的由来" in town("report", "explain", "funds", "--lang", "zh").out
    town("report", "explain", "funds", "-O", "funds.xlsx")
    towns.by_hand(
        here,
        "UPDATE balances SET payable_fen = payable_fen + 1 WHERE (funder_id, round_id) ="
        " (SELECT funder_id, round_id FROM balances WHERE payable_fen > 0 ORDER BY 1 LIMIT 1)",
    )
    assert "the books say" in town("report", "explain", "funds", expect=5).err


def test_totals_that_somebody_changed_are_told(town: Voucher, here: Any) -> None:
    towns.by_hand(here, "UPDATE group_totals SET base_fen = base_fen + 1")
    ran = town("report", "explain", "leverage", expect=5)
    assert "figures_differ" in ran.err and "20000" in ran.err


def test_a_refund_that_somebody_changed_is_told(town: Voucher, here: Any) -> None:
    towns.by_hand(here, "UPDATE refunds SET vouchers = 0")
    ran = town("report", "explain", "used", expect=5)
    assert "the facts come to 3 vouchers used, the totals to 2" in ran.err


def test_a_ledger_that_somebody_changed_is_told(town: Voucher, here: Any) -> None:
    towns.by_hand(
        here,
        "UPDATE balances SET payable_fen = payable_fen + 1 WHERE (funder_id, round_id) ="
        " (SELECT funder_id, round_id FROM balances WHERE payable_fen > 0 ORDER BY 1 LIMIT 1)",
    )
    ran = town("report", "explain", "leverage", expect=5)
    assert "the ledger comes to" in ran.err


@pytest.mark.parametrize(("money", "back"), [("returns", 10), ("stays", 0)])
def test_subsidy_that_stays_without_a_sale_is_no_difference(
    voucher: Voucher, money: str, back: int
) -> None:
    towns.build(
        voucher,
        towns.programme(refunds={"money": {"full": money}}, funds={"city": "public"}),
        towns.pack("pack", towns.coupon("10", "40", 3), funding={"city": "100%"}),
        merchants="merchant_no,name\nM1,a\n",
    )
    towns.make_round(voucher, "r1", packs=2, state="open")
    claim = "C1,r1,a,2020-03-27 08:00:09\n"
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claim))
    rows = (
        "T1,pay,C1,1,M1,2020-03-28 10:00:00,50,0,10,\n"
        "T2,pay,C1,2,M1,2020-03-28 11:00:00,70,0,10,\n"
        f"R1,refund,C1,1,M1,2020-03-29 11:00:00,50,0,{back},T1\n"
    )
    voucher("redemption", "import", towns.write("p.csv", towns.PAYMENTS + rows))
    told = voucher("report", "explain", "leverage", "-o", "json").data
    stays = voucher("report", "leverage", "-o", "json").data["total"]["stays_fen"]
    assert told["ledger"][0]["redeemed_fen"] == 1_000 + stays
    assert stays == 1_000 - back * 100


def test_what_cannot_be_explained(town: Voucher) -> None:
    assert "unknown_figure" in town("report", "explain", "weather", expect=2).err


def test_ways_there_is_no_room_for_are_summed_in_a_note(
    town: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figure still adds up: what is left out is told with its rows and its money."""
    monkeypatch.setattr("vouchercli.ops.reports.explain.MOST_WAYS", 0)
    ran = town("report", "explain", "leverage")
    assert "more ways: 4 rows, subsidy 1600 fen" in ran.out
