"""Rounds under way: paused, resumed, topped up, rescheduled; by two people, and never at the cost
of what was granted.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st
from towns import CLOSES, OPENS

from vouchercli.rules import amendments as law
from vouchercli.rules import claims as claim_law
from vouchercli.store import claims
from vouchercli.store import db as store

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

    Voucher = Callable[..., Ran]

NOW = "2020-03-27 12:00"
PROGRAMME = towns.programme(
    "city",
    funds={"treasury": "2000.00", "app": "platform"},
    staff={"chen": "maker", "lin": "checker", "zhao": "checker", "qian": "finance"},
    one_checker_up_to="1000.00",
    unused="next_round",
)
PACK = towns.pack(funding={"treasury": "80%", "app": "20%"})  # 50 yuan a pack, 40 of the treasury
# Load the programme again with other values: rounds rest on it, so both checkers approve.
change = partial(towns.change, maker="chen", checkers=("lin", "zhao"))


@pytest.fixture(autouse=True)
def actor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not named is chen, the maker."""
    monkeypatch.setenv("VOUCHER_ACTOR", "chen")


@pytest.fixture
def approved(voucher: Voucher, once: Once) -> Voucher:
    """Round r1 of 20 packs is approved: 1000 yuan, one checker up to there."""

    def build() -> None:
        towns.build(voucher, PROGRAMME, PACK)
        towns.make_round(voucher, "r1", packs=20, closes=CLOSES, maker="chen")

    once("amendments", build)
    return voucher


@pytest.fixture
def opened(approved: Voucher, once: Once, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """... and open; it is noon of its first day."""
    once("amendments, open", lambda: approved("round", "open", "r1", "--now", OPENS))
    monkeypatch.setenv("VOUCHER_NOW", NOW)
    return approved


def by(voucher: Voucher, actor: str, verb: str, *rest: str, expect: int = 0) -> Ran:
    return voucher("round", verb, "r1", *rest, "--actor", actor, "-o", "json", expect=expect)


def read_code(ran: Ran) -> str:
    return str(ran.json["problems"][0]["code"])


def show(voucher: Voucher) -> Any:
    return voucher("round", "show", "r1", "-o", "json").data


def read_uncommitted(voucher: Voucher) -> int:
    return int(voucher("programme", "show", "-o", "json").data["funders"][0]["uncommitted_fen"])


def claim(voucher: Voucher, *times: str, first: int = 1, expect: int = 0) -> dict[str, int]:
    """Import claims of different residents made at these times; gives the reasons of the
    rejects.
    """
    lines = "".join(
        f"C{number},r1,resident-{number},{at}\n" for number, at in enumerate(times, first)
    )
    file = towns.write("claims.csv", towns.CLAIMS + lines)
    return dict(
        voucher("claim", "import", file, "-o", "json", "--now", towns.LATER, expect=expect).data[
            "reasons"
        ]
    )


# ---------------------------------------------------------------- pause and resume


def test_a_pause_takes_effect_at_once_and_a_resumption_after_a_second_person(
    opened: Voucher,
) -> None:
    data = by(opened, "chen", "pause", "--note", "the platform double-counts").data
    assert data["state"] == "paused"
    data = by(opened, "chen", "resume").data
    assert (data["state"], data["amendments"][-1]["state"]) == ("paused", "proposed")
    assert read_code(by(opened, "chen", "approve", expect=3)) == "not_a_checker"
    data = by(opened, "lin", "approve", "--now", "2020-03-27 13:00").data
    assert data["state"] == "open"
    pause, resumption = data["amendments"]
    assert (pause["kind"], pause["state"], pause["proposed_by"], pause["note"]) == (
        "pause",
        "effective",
        "chen",
        "the platform double-counts",
    )
    assert (resumption["before"], resumption["after"], resumption["verdicts"][0]["actor"]) == (
        {"state": "paused"},
        {"state": "open"},
        "lin",
    )
    assert (pause["ended_at"], resumption["ended_at"]) == (
        "2020-03-27T12:00:00+08:00",
        "2020-03-27T13:00:00+08:00",
    )


def test_a_claim_counts_by_the_moment_it_was_made(opened: Voucher) -> None:
    by(opened, "chen", "pause")
    assert claim(opened, "2020-03-27 11:59:59", "2020-03-27 12:00:00", expect=4) == {
        "round_paused": 1
    }
    by(opened, "chen", "resume")
    by(opened, "lin", "approve", "--now", "2020-03-27 13:00")
    assert claim(opened, "2020-03-27 12:59:59", "2020-03-27 13:00:00", first=3, expect=4) == {
        "round_paused": 1
    }
    assert show(opened)["claimed"] == 2
    explained = opened("batch", "rejects", "2", "-o", "json").data["rejects"][0]["explanation"]
    assert explained == "claimed at 2020-03-27 12:59:59, while round r1 was paused"
    row = opened("report", "rounds", "-o", "json").data["rows"][0]
    assert row["breaches"] == 2
    opened("check")


def test_who_is_not_of_the_staff_cannot_pause(opened: Voucher) -> None:
    assert read_code(by(opened, "stranger", "pause", expect=3)) == "not_staff"
    assert read_code(by(opened, "qian", "pause", expect=3)) == "not_staff"
    assert by(opened, "lin", "pause").data["state"] == "paused"
    assert read_code(by(opened, "lin", "pause", expect=3)) == "wrong_state"


def test_only_a_paused_round_is_resumed_and_it_can_be_closed_instead(opened: Voucher) -> None:
    ran = opened("round", "resume", "r1", "--actor", "chen", expect=3)
    assert ran.err.splitlines()[0] == "error: round r1 is already open [wrong_state]"
    by(opened, "chen", "pause")
    by(opened, "chen", "resume")
    assert read_code(by(opened, "chen", "close", "--yes", expect=3)) == "amendment_waiting"
    by(opened, "chen", "reject", "--note", "it is closed instead")
    by(opened, "chen", "close", "--yes")
    assert by(opened, "lin", "approve").data["state"] == "closed"
    assert [each["state"] for each in show(opened)["amendments"]] == [
        "effective",
        "declined",
        "effective",
    ]
    assert read_code(by(opened, "lin", "approve", expect=3)) == "wrong_state"


def test_a_resumption_after_the_end_is_pointed_out(opened: Voucher) -> None:
    by(opened, "chen", "pause")
    by(opened, "chen", "resume")
    ran = by(opened, "lin", "approve", "--now", "2020-03-30")
    assert (ran.data["state"], read_code(ran)) == ("open", "round_over")


# ---------------------------------------------------------------- top-up


def test_a_top_up_commits_its_money_when_it_is_approved(opened: Voucher) -> None:
    claim(opened, "2020-03-27 09:00:00")
    assert read_uncommitted(opened) == 1200_00
    data = by(opened, "chen", "top-up", "--packs", "10", "--note", "sold out in an hour").data
    assert (data["packs"], read_uncommitted(opened)) == (20, 1200_00)
    assert by(opened, "lin", "approve").data["packs"] == 20  # 1500 yuan in all: two must approve
    assert read_code(by(opened, "lin", "approve", expect=3)) == "already_approved"
    data = by(opened, "zhao", "approve").data
    assert (data["packs"], data["claimed"], data["state"], read_uncommitted(opened)) == (
        30,
        1,
        "open",
        800_00,
    )
    assert data["committed"] == [{"funder": "treasury", "amount_fen": 1200_00}]
    assert (data["amendments"][0]["before"], data["amendments"][0]["after"]) == (
        {"packs": 20},
        {"packs": 30},
    )
    opened("check")


def test_a_top_up_is_refused_when_the_fund_is_short_and_changes_nothing(opened: Voucher) -> None:
    ran = by(opened, "chen", "top-up", "--packs", "31")  # 1240 yuan of the treasury's 1200
    assert [(each["code"], each["level"]) for each in ran.json["problems"]] == [
        ("fund_short", "warning")
    ]
    by(opened, "lin", "approve")
    before = show(opened)
    assert read_code(by(opened, "zhao", "approve", expect=3)) == "fund_short"
    assert (show(opened), read_uncommitted(opened)) == (before, 1200_00)
    by(opened, "zhao", "reject", "--note", "no money")
    by(opened, "chen", "top-up", "--packs", "30")
    by(opened, "lin", "approve")
    by(opened, "zhao", "approve")
    assert read_uncommitted(opened) == 0


def test_a_top_up_of_nothing_is_a_slip(opened: Voucher) -> None:
    for packs in ("0", "-5", "many"):
        assert read_code(by(opened, "chen", "top-up", "--packs", packs, expect=2)) == "usage"


def test_small_top_ups_do_not_slip_under_the_band(opened: Voucher) -> None:
    assert (
        "checkers needed: 2"
        in opened("round", "top-up", "r1", "--packs", "1", "--actor", "chen").err
    )


def test_one_amendment_waits_at_a_time_and_its_proposer_may_take_it_back(opened: Voucher) -> None:
    by(opened, "chen", "top-up", "--packs", "1")
    assert read_code(by(opened, "chen", "top-up", "--packs", "2", expect=3)) == "amendment_waiting"
    assert read_code(by(opened, "qian", "reject", "--note", "no", expect=3)) == "not_staff"
    data = by(opened, "chen", "reject", "--note", "a slip").data
    assert (data["state"], data["packs"], data["amendments"][0]["state"]) == (
        "open",
        20,
        "declined",
    )
    assert data["amendments"][0]["verdicts"][0]["note"] == "a slip"
    by(opened, "chen", "top-up", "--packs", "2")


# ---------------------------------------------------------------- reschedule


def test_an_opening_and_a_closing_are_moved_by_two_people(approved: Voucher) -> None:
    ran = by(
        approved,
        "chen",
        "reschedule",
        "--opens-at",
        "2020-03-26 20:00",
        "--closes-at",
        "2020-03-30",
    )
    assert ran.data["opens_at"] == "2020-03-27T08:00:00+08:00"
    data = by(approved, "lin", "approve").data
    assert (data["state"], data["revision"]) == ("approved", 1)
    assert (data["opens_at"], data["closes_at"]) == (
        "2020-03-26T20:00:00+08:00",
        "2020-03-31T00:00:00+08:00",
    )
    assert data["amendments"][0]["before"] == {
        "opens_at": "2020-03-27T08:00:00+08:00",
        "closes_at": "2020-03-29T08:00:00+08:00",
    }
    assert data["amendments"][0]["after"] == {
        "opens_at": "2020-03-26T20:00:00+08:00",
        "closes_at": "2020-03-31T00:00:00+08:00",
    }


def test_an_earlier_closing_never_drops_a_claim_that_is_in(opened: Voucher) -> None:
    by(opened, "chen", "reschedule", "--closes-at", "2020-03-28 08:00")
    claim(opened, "2020-03-28 08:00:00")
    ran = by(opened, "lin", "approve", expect=3)
    assert read_code(ran) == "closes_before_claims"
    assert show(opened)["closes_at"] == "2020-03-29T08:00:00+08:00"
    by(opened, "lin", "reject", "--note", "too late")
    by(opened, "chen", "reschedule", "--closes-at", "2020-03-28 08:00:01")
    by(opened, "lin", "approve")
    opened("check")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--opens-at", "2020-03-28 08:00"], "already_open"),
        (["--closes-at", "2020-03-27 12:00"], "time_past"),
        (["--closes-at", "2020-03-26"], "time_past"),
    ],
)
def test_a_window_that_cannot_be_kept_is_refused(
    opened: Voucher, options: list[str], expected: str
) -> None:
    assert read_code(by(opened, "chen", "reschedule", *options, expect=3)) == expected
    assert show(opened)["amendments"] == []


def test_the_order_of_times_holds_for_amendments_too(approved: Voucher) -> None:
    assert (
        read_code(by(approved, "chen", "reschedule", "--closes-at", "2020-03-27 08:00", expect=3))
        == "closes_before_opening"
    )
    assert read_code(by(approved, "chen", "reschedule", expect=2)) == "nothing_to_edit"
    ran = by(approved, "chen", "reschedule", "--opens-at", OPENS)
    assert (ran.data["amendments"], ran.json["status"]) == ([], "ok")


def test_an_approval_that_comes_too_late_is_refused(approved: Voucher) -> None:
    by(approved, "chen", "reschedule", "--opens-at", "2020-03-26 20:00")
    assert (
        read_code(by(approved, "lin", "approve", "--now", "2020-03-26 20:00", expect=3))
        == "time_past"
    )


def test_an_opening_never_moves_before_the_announced_end_of_registration(approved: Voucher) -> None:
    approved(
        "round",
        "copy",
        "r1",
        "r2",
        "--opens-at",
        "2020-04-03 08:00",
        "--mode",
        "lottery",
        "--actor",
        "chen",
    )
    approved("round", "submit", "r2", "--actor", "chen")
    approved("round", "approve", "r2", "--actor", "lin")
    db = store.open_db(Path("voucher.db"))
    db.execute(
        "INSERT INTO draws (round_id, seed_sha256, sealed_seed, registration_closes_at,"
        " public_source, committed_by, committed_at) SELECT round_id, ?, ?, opens_at - 3600, '',"
        " '', 0 FROM rounds WHERE round = 'r2'",
        ("0" * 64, b"0" * 32),
    )
    db.close()
    ran = approved(
        "round",
        "reschedule",
        "r2",
        "--opens-at",
        "2020-04-03 06:59",
        "--actor",
        "chen",
        "-o",
        "json",
        expect=3,
    )
    assert read_code(ran) == "registration_closes_late"
    approved("round", "reschedule", "r2", "--opens-at", "2020-04-03 07:00", "--actor", "chen")


def test_an_opening_that_came_voids_what_would_have_moved_it(approved: Voucher) -> None:
    by(approved, "chen", "reschedule", "--opens-at", "2020-03-28 08:00")
    approved("round", "open", "r1", "--now", OPENS)
    assert show(approved)["amendments"][0]["state"] == "void"


def test_an_end_before_its_time_takes_two_people_and_begins_with_the_approval(
    opened: Voucher,
) -> None:
    assert read_code(by(opened, "chen", "close", expect=3)) == "too_early"
    data = by(opened, "chen", "close", "--yes", "--note", "the shops are overrun").data
    assert (data["state"], data["closes_at"], data["amendments"][0]["after"]) == (
        "open",
        "2020-03-29T08:00:00+08:00",
        {"state": "closed"},
    )
    assert read_code(by(opened, "chen", "approve", expect=3)) == "not_a_checker"
    claim(opened, "2020-03-27 12:59:59")
    data = by(opened, "lin", "approve", "--now", "2020-03-27 13:00").data
    assert (data["state"], data["claimed"]) == ("closed", 1)
    assert [
        (each["kind"], each["state"], each["before"], each["after"]) for each in data["amendments"]
    ] == [
        (
            "close",
            "effective",
            {"closes_at": "2020-03-29T08:00:00+08:00"},
            {"closes_at": "2020-03-27T13:00:00+08:00"},
        )
    ]
    assert claim(opened, "2020-03-27 13:00:00", first=2, expect=4) == {"after_closing": 1}
    opened("check")


def test_an_end_before_its_time_that_nobody_approved_is_void_when_the_time_has_come(
    opened: Voucher,
) -> None:
    by(opened, "chen", "close", "--yes")
    assert "提前截止" in opened("round", "show", "r1", "--lang", "zh").out
    data = by(opened, "chen", "close", "--now", CLOSES).data
    assert (data["state"], data["closes_at"], data["amendments"][0]["state"]) == (
        "closed",
        "2020-03-29T08:00:00+08:00",
        "void",
    )


def test_a_round_whose_packs_are_gone_is_closed_by_one_person_and_the_history_says_so(
    opened: Voucher,
) -> None:
    claim(opened, *(f"2020-03-27 09:00:{second:02d}" for second in range(20)))
    data = by(opened, "chen", "close").data
    assert [(each["kind"], each["before"], each["after"]) for each in data["amendments"]] == [
        (
            "close",
            {"closes_at": "2020-03-29T08:00:00+08:00"},
            {"closes_at": "2020-03-27T12:00:00+08:00"},
        )
    ]


# ---------------------------------------------------------------- shown, logged, rehearsed


def test_the_history_reads_well_in_both_languages(opened: Voucher) -> None:
    by(opened, "chen", "top-up", "--packs", "1", "--note", "more")
    by(opened, "lin", "approve")
    assert "Amendments" in opened("round", "show", "r1").out
    line = next(
        line
        for line in opened("round", "show", "r1", "-o", "csv").out.splitlines()
        if ",top-up," in line
    )
    *before, entered, ended, checked, note = line.split(",")
    assert before == ["2", "top-up", "proposed", "20 → 21", "chen", "2020-03-27T12:00:00+08:00"]
    assert entered == "2026-11-27T09:00:00+08:00"
    assert (ended, checked, note) == ("", "lin", "more")
    table = opened("round", "show", "r1", "--lang", "zh").out
    assert "调整记录" in table
    assert "追加份数" in table
    ran = opened("round", "approve", "r1", "--actor", "zhao", "--lang", "zh")
    assert ran.err.splitlines()[0] == "期次 r1 已追加至 21 份：另占用额度 40.00 元"


def test_every_step_is_a_line_with_before_and_after(opened: Voucher) -> None:
    by(opened, "chen", "pause")
    by(opened, "chen", "resume")
    by(opened, "lin", "approve")
    by(opened, "chen", "top-up", "--packs", "1")
    by(opened, "lin", "approve")
    by(opened, "zhao", "approve")
    lines = opened("audit", "log", "--about", "r1", "--since", NOW, "-o", "json").data["lines"]
    assert [
        (line["deed"], line["actor"], line["before"], line["after"]) for line in reversed(lines)
    ] == [
        ("round.pause", "chen", {"state": "open"}, {"state": "paused"}),
        ("amendment.propose", "chen", {"state": "paused"}, {"state": "open"}),
        ("amendment.approve", "lin", {"state": "paused"}, {"state": "open"}),
        ("amendment.propose", "chen", {"packs": 20}, {"packs": 21}),
        ("amendment.approve", "lin", {"amendment": "proposed"}, {"amendment": "proposed"}),
        (
            "amendment.approve",
            "zhao",
            {"packs": 20},
            {"packs": 21, "committed": {"treasury": 40_00}},
        ),
    ]


@pytest.mark.parametrize(
    "words", [["pause"], ["top-up", "--packs", "5"], ["reschedule", "--closes-at", "2020-03-30"]]
)
def test_a_dry_run_amends_nothing(opened: Voucher, words: list[str]) -> None:
    before = show(opened)
    assert by(opened, "chen", *words, "--dry-run").data != before
    assert show(opened) == before


def test_an_edit_or_a_cancellation_voids_what_was_waiting(approved: Voucher) -> None:
    by(approved, "chen", "top-up", "--packs", "5")
    data = by(approved, "chen", "edit", "--packs", "10").data
    assert (data["state"], data["packs"], data["amendments"][0]["state"]) == ("draft", 10, "void")
    assert read_code(by(approved, "lin", "approve", expect=3)) == "wrong_state"
    assert read_code(by(approved, "chen", "top-up", "--packs", "5", expect=3)) == "wrong_state"


# ---------------------------------------------------------------- the next round


def next_round(voucher: Voucher, *options: str, source: str = "r1", new: str = "r2") -> Ran:
    return voucher(
        "round", "copy", source, new, "--opens-at", "2020-04-03 08:00", "--actor", "chen", *options
    )


def close(voucher: Voucher) -> None:
    """Three of the twenty packs are claimed, the round is over."""
    claim(voucher, "2020-03-27 09:00:00", "2020-03-27 09:00:01", "2020-03-27 09:00:02")
    voucher("round", "close", "r1", "--now", "2020-03-29 08:00")


def test_what_was_not_claimed_is_rolled_into_the_next_round(opened: Voucher) -> None:
    close(opened)
    ran = next_round(opened)
    assert "rolled in: 17 packs, 850.00 yuan, from 17 unclaimed packs of r1" in ran.err.splitlines()
    data = opened("round", "show", "r2", "-o", "json").data
    assert (data["packs"], data["rolled_in"]) == (
        37,
        {"round": "r1", "unclaimed": 17, "expired_fen": 0, "packs": 17, "amount_fen": 850_00},
    )
    assert "17 (r1)" in opened("round", "show", "r2").out
    ran = next_round(opened, new="r3")
    assert "nothing is rolled in: r2 took over the unclaimed packs of r1" in ran.err
    assert opened("round", "show", "r3", "-o", "json").data["packs"] == 20
    opened("round", "cancel", "r2")
    next_round(opened, new="r4")
    assert opened("round", "show", "r4", "-o", "json").data["packs"] == 37


def test_what_expired_unused_is_rolled_in_too_and_only_once(opened: Voucher) -> None:
    close(opened)
    Path("m.csv").write_text("merchant_no,name\nM1,面馆\n", "utf-8")
    opened("merchant", "import", "m.csv")
    Path("paid.csv").write_text(
        "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of\nT1,pay,C1,1,M1,2020-03-28"
        " 12:00:00,50.00,0,10.00,\n",
        "utf-8",
    )
    opened("redemption", "import", "paid.csv", "--now", "2020-03-29 09:00")
    next_round(opened, "--now", "2020-03-30 09:00")
    # nothing has expired yet
    assert opened("round", "show", "r2", "-o", "json").data["rolled_in"]["packs"] == 17
    # three packs of 50 yuan, 10 of them paid
    ran = next_round(opened, "--now", "2020-04-04 09:00", new="r3")
    assert (
        "rolled in: 2 packs, 100.00 yuan, from 0 unclaimed packs of r1 and 140.00 yuan of its"
        " expired vouchers" in ran.err
    )
    data = opened("round", "show", "r3", "-o", "json").data
    assert (data["packs"], data["rolled_in"]) == (
        22,
        {"round": "r1", "unclaimed": 0, "expired_fen": 140_00, "packs": 2, "amount_fen": 100_00},
    )
    assert "nothing is rolled in: " in next_round(opened, "--now", "2020-04-05 09:00", new="r4").err
    opened("round", "cancel", "r2")
    opened("round", "cancel", "r3")
    next_round(opened, "--now", "2020-04-05 09:00", new="r5")
    # 17 unclaimed and 140 yuan: 990 yuan
    assert opened("round", "show", "r5", "-o", "json").data["packs"] == 20 + 19


def test_what_may_still_be_used_is_not_rolled_in(opened: Voucher) -> None:
    change(opened, unused_after_days=3)
    close(opened)
    next_round(opened, "--now", "2020-04-06 07:00")
    assert opened("round", "show", "r2", "-o", "json").data["rolled_in"]["expired_fen"] == 0
    next_round(opened, "--now", "2020-04-06 10:00", new="r3")
    assert opened("round", "show", "r3", "-o", "json").data["rolled_in"]["expired_fen"] == 150_00


def test_the_week_after_begins_with_its_own_packs_again(opened: Voucher) -> None:
    richer = towns.programme(funds={"treasury": "9000.00", "app": "platform"})
    change(opened, funders=richer["funders"])
    close(opened)
    next_round(opened)
    for actor, verb in (("chen", "submit"), ("lin", "approve"), ("zhao", "approve")):
        opened("round", verb, "r2", "--actor", actor)
    opened("round", "open", "r2", "--now", "2020-04-03 08:00")
    opened("round", "close", "r2", "--now", "2020-04-11")
    opened("round", "copy", "r2", "r3", "--opens-at", "2020-04-12 08:00")
    assert opened("round", "show", "r3", "-o", "json").data["packs"] == 20 + 37


def test_a_new_version_of_the_pack_takes_over_the_money_not_the_count(opened: Voucher) -> None:
    close(opened)
    coupons = [towns.coupon("20", "80", 3)]
    opened("template", "add", towns.write("pack.yaml", {**PACK, "coupons": coupons}))
    next_round(opened, "--template", "pack@2")
    data = opened("round", "show", "r2", "-o", "json").data
    # 850 yuan pay for 14 packs of 60
    assert (data["version"], data["rolled_in"]["packs"], data["packs"]) == (
        2,
        14,
        34,
    )
    assert opened("round", "show", "r1", "-o", "json").data["version"] == 1


def test_packs_that_are_named_count_alone(opened: Voucher) -> None:
    close(opened)
    ran = next_round(opened, "--packs", "25")
    assert "17 packs of r1 are unclaimed and not rolled in: --packs was given" in ran.err
    assert opened("round", "show", "r2", "-o", "json").data["rolled_in"] is None
    next_round(opened, new="r3")
    opened("round", "edit", "r3", "--packs", "30", "--actor", "chen")
    assert opened("round", "show", "r3", "-o", "json").data["rolled_in"] is None


def test_nothing_is_rolled_in_while_the_round_goes_on_or_where_the_policy_differs(
    opened: Voucher,
) -> None:
    ran = next_round(opened)
    assert "nothing is rolled in: round r1 is open; copy it after it has closed" in ran.err
    close(opened)
    change(opened, unused="treasury")
    ran = next_round(opened, new="r3")
    assert "rolled" not in ran.err
    assert opened("round", "show", "r3", "-o", "json").data["packs"] == 20


# ---------------------------------------- hints in a file of several programmes


def test_every_hint_names_the_programme_that_was_named(opened: Voucher) -> None:
    opened("programme", "load", "hangzhou-2020")
    assert "[which_programme]" in opened("round", "show", "r1", expect=3).err
    ran = opened("round", "pause", "r1", "--actor", "chen", "--programme", "city")
    assert (
        ran.err.splitlines()[1]
        == "next: voucher round resume r1 --programme city, then by a second person: voucher round"
        " approve r1 --programme city"
    )
    ran = opened("round", "open", "r1", "--programme", "city", expect=3)
    assert ran.err.splitlines()[1] == "  next: voucher round resume r1 --programme city"
    ran = opened("round", "open", "r1", "--programme", "city", "-o", "json", expect=3)
    assert ran.json["problems"][0]["hint"] == "voucher round resume r1 --programme city"
    ran = opened(
        "round",
        "copy",
        "r1",
        "r2",
        "--opens-at",
        "2020-05-01",
        "--programme",
        "city",
        "--lang",
        "zh",
    )
    assert (
        ran.err.splitlines()[-1]
        == "下一步：先运行 voucher round plan r2 --programme city，再运行 voucher round submit r2"
        " --programme city"
    )


# ---------------------------------------- the law by itself, and the law by set

TIMES = st.integers(0, 6)
PAUSES = st.lists(st.tuples(TIMES, st.one_of(st.none(), TIMES)), max_size=3)


@given(PAUSES, TIMES)
def test_law_and_store_agree_on_pauses(pauses: list[tuple[int, int | None]], at: int) -> None:
    lawful = tuple((start, end) for start, end in pauses if end is None or end >= start)
    round_ = claim_law.ClaimRound("open", 0, 10, 5, towns.limited(), lawful)
    reason = claim_law.reason(claim_law.Claim(1, "C", "r", b"x", at), round_)
    assert (reason == "round_paused") == law.is_paused(at, lawful)
    assert reason in (None, "round_paused")
    db = sqlite3.connect(":memory:")
    db.executescript(
        "CREATE TABLE pauses (round_id, from_at, until_at);CREATE TABLE rounds (round_id,"
        " programme_id, state, opens_at, closes_at, mode, resident_group, platform, hands_winners,"
        " lead_id);CREATE TABLE winners (round_id, resident);CREATE TABLE persons (round_id,"
        " resident, person);CREATE TABLE applications (round_id, application_no, resident);"
        "CREATE TABLE exclusions (programme_id, resident, from_at, until_at);"
        "CREATE TABLE eligibility (programme_id, resident, resident_group);INSERT INTO rounds VALUES (1, 1,"
        " 'open', 0, 10, 'fcfs', '', '', 0, NULL);CREATE TABLE incoming_claims (place, round_id,"
        " claimed_at, reason, claim_id, resident, batch_id, application_no);CREATE TABLE batches (batch_id,"
        " options);"
    )
    db.executemany("INSERT INTO pauses VALUES (1, ?, ?)", lawful)
    db.execute("INSERT INTO incoming_claims VALUES (1, 1, ?, NULL, NULL, NULL, 1, '')", (at,))
    db.execute(claims.JUDGE_EACH, {"latest_at": None})
    assert db.execute("SELECT reason FROM incoming_claims").fetchone()[0] == reason
    db.close()


@pytest.mark.parametrize(
    ("standing", "opens_at", "closes_at", "hindrance"),
    [
        (("approved", 50, 90, None), 40, None, None),
        (("approved", 50, 90, None), 60, 100, None),
        (("approved", 50, 90, None), 10, None, "time_past"),
        (("open", 5, 90, None), 40, None, "already_open"),
        (("open", 5, 90, 30), None, 31, None),
        (("open", 5, 90, 30), None, 30, "closes_before_claims"),
        (("paused", 5, 90, 8), None, 10, "time_past"),
    ],
)
def test_a_window_moves_only_ahead(
    standing: tuple[str, int, int, int | None],
    opens_at: int | None,
    closes_at: int | None,
    hindrance: str | None,
) -> None:
    assert law.hindrance(law.RoundWindow(*standing), opens_at, closes_at, 10) == hindrance


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_rolling_in_never_makes_money(unused_fen: int, value_fen: int) -> None:
    packs = law.rolled_in(unused_fen, value_fen)
    assert packs * value_fen <= unused_fen < (packs + 1) * value_fen


def test_the_database_itself_lets_one_amendment_wait(opened: Voucher) -> None:
    by(opened, "chen", "top-up", "--packs", "1")
    db = store.open_db(Path("voucher.db"))
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        db.execute(
            "INSERT INTO proposals (subject, subject_id, kind, state, before, after, amount_fen,"
            " note, evidence, proposed_by, os_user, proposed_at, entered_at)"
            " VALUES ('round', 1, 'top-up', 'proposed', '{}', '{}', 0, '', '', '', '', 0, 0)"
        )
    db.close()
