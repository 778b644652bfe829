"""Packs that nobody claimed are taken back from a round under way, by two people."""

from __future__ import annotations

from typing import Any

import pytest
import towns

STAFF = {"chen": "maker", "lin": "checker", "zhao": "checker"}
NOW = "2020-03-27 10:00"


@pytest.fixture
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Round r1 of 20 packs is open, 3 are claimed; 1,000.00 of 2,000.00 yuan are committed."""
    return build(voucher, monkeypatch)


def build(voucher: Any, monkeypatch: pytest.MonkeyPatch, *options: str) -> Any:
    towns.build(
        voucher,
        towns.programme(funds={"treasury": "2000.00"}, staff=STAFF, one_checker_up_to="900.00"),
        towns.pack(),
    )
    towns.make_round(
        voucher, "r1", *options, packs=20, maker="chen", checkers=("lin", "zhao"), state="open"
    )
    monkeypatch.setenv("VOUCHER_NOW", NOW)
    monkeypatch.setenv("VOUCHER_ACTOR", "chen")
    claim(voucher, 1, 2, 3)
    return voucher


def claim(town: Any, *numbers: int, expect: int = 0) -> Any:
    rows = "".join(f"C{each},r1,resident-{each},2020-03-27 09:00:{each:02d}\n" for each in numbers)
    file = towns.write(f"claims{numbers[0]}.csv", towns.CLAIMS + rows)
    return town("claim", "import", file, "-o", "json", expect=expect).data


def reduce(town: Any, packs: int, *options: str, expect: int = 0) -> Any:
    words = ("--packs", str(packs), "--note", "few come", "--actor", "chen")
    return town("round", "reduce", "r1", *words, *options, "-o", "json", expect=expect).json


def approve(town: Any, actor: str, expect: int = 0) -> Any:
    return town("round", "approve", "r1", "--actor", actor, expect=expect)


def show(town: Any) -> Any:
    return town("round", "show", "r1", "-o", "json").data


def free(town: Any) -> int:
    return int(town("programme", "show", "-o", "json").data["funders"][0]["uncommitted_fen"])


def test_packs_are_lowered_and_their_money_is_free_in_the_same_instant(town: Any) -> None:
    reduce(town, 5)
    # 1,000.00 yuan were promised: two must approve, although 750.00 remain
    assert "(1 of 2 checkers)" in approve(town, "lin").err
    assert (show(town)["packs"], free(town)) == (20, 1000_00)
    ran = approve(town, "zhao")
    assert "reduced r1 to 15 packs: 250.00 yuan are uncommitted again" in ran.err
    data = show(town)
    assert (data["packs"], data["claimed"], free(town)) == (15, 3, 1250_00)
    assert data["committed"] == [{"funder": "treasury", "amount_fen": 750_00}]
    (amendment,) = data["amendments"]
    assert (amendment["kind"], amendment["before"], amendment["after"]) == (
        "reduce",
        {"packs": 20},
        {"packs": 15},
    )
    assert "reduce" in town("round", "show", "r1").out
    town("check")


@pytest.mark.parametrize(
    ("packs", "code", "hint"),
    [
        (18, "too_many_packs", "voucher round reduce r1 --packs 17 --note WHY"),
        (2000, "too_many_packs", "voucher round reduce r1 --packs 17 --note WHY"),
    ],
)
def test_never_below_what_is_claimed(town: Any, packs: int, code: str, hint: str) -> None:
    (problem,) = reduce(town, packs, expect=3)["problems"]
    assert (problem["code"], problem["hint"]) == (code, hint)
    reduce(town, 17)


def test_what_is_claimed_meanwhile_is_asked_again_at_the_approval(town: Any) -> None:
    reduce(town, 17)
    approve(town, "lin")
    claim(town, 4)
    refused = approve(town, "zhao", expect=3).err
    assert "too_many_packs" in refused
    assert "next: voucher round reject r1 --note WHY" in refused  # else another cannot be proposed
    assert (show(town)["packs"], free(town)) == (20, 1000_00)
    town("round", "reject", "r1", "--note", "one more came", "--actor", "zhao")
    reduce(town, 16)
    approve(town, "lin")
    approve(town, "zhao")
    assert (show(town)["packs"], free(town)) == (4, 1800_00)
    (problem,) = reduce(town, 1, expect=3)["problems"]
    assert (problem["code"], problem["hint"]) == ("nothing_left", "voucher round close r1")
    town("round", "close", "r1")


def test_a_round_of_which_nothing_would_remain_is_cancelled_instead(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    town("batch", "undo", "1", "--yes")
    for packs in (20, 21):
        (problem,) = reduce(town, packs, expect=3)["problems"]
        assert (problem["code"], problem["hint"]) == (
            "nothing_remains",
            "voucher round cancel r1 --note WHY",
        )
    town("round", "cancel", "r1", "--note", "nobody comes", "--actor", "chen")


def test_a_reason_is_needed_and_a_round_under_way(town: Any) -> None:
    ran = town("round", "reduce", "r1", "--packs", "5", "--actor", "chen", "-o", "json", expect=3)
    (problem,) = ran.json["problems"]
    assert (problem["code"], problem["hint"]) == (
        "note_needed",
        "voucher round reduce r1 --packs 5 --note WHY",
    )
    town("round", "reduce", "r1", "--packs", "0", "--note", "x", expect=2)
    towns.make_round(town, "r2", maker="chen")
    ran = town("round", "reduce", "r2", "--packs", "5", "--note", "x", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "wrong_state"


def test_packs_of_a_paused_round_are_lowered_too(town: Any) -> None:
    town("round", "pause", "r1", "--actor", "chen")
    reduce(town, 5)
    approve(town, "lin")
    approve(town, "zhao")
    assert (show(town)["state"], show(town)["packs"]) == ("paused", 15)


def test_the_report_of_an_earlier_day_has_the_packs_of_that_day(town: Any) -> None:
    reduce(town, 5)
    approve(town, "lin")
    town("round", "approve", "r1", "--actor", "zhao", "--now", "2020-03-28 10:00")
    earlier, today = (
        town("report", "rounds", "--as-of", day, "--now", "2020-03-29", "-o", "json").data["rows"]
        for day in ("2020-03-27", "2020-03-28")
    )
    assert (earlier[0]["packs"], today[0]["packs"]) == (20, 15)


@pytest.mark.parametrize("state", ["open", "paused"])
def test_a_platform_has_to_be_told(
    voucher: Any, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    town = build(voucher, monkeypatch, "--platform", "wechat")
    town("round", "order", "r1", "--actor", "chen")
    if state == "paused":
        town("round", "pause", "r1", "--actor", "chen")
    reduce(town, 5)
    approve(town, "lin")
    ran = approve(town, "zhao")
    assert "wechat still has order 1 of r1, which is no longer valid [order_stands]" in ran.err
    if state == "paused":
        assert "tell wechat; the next order goes out once the round is resumed" in ran.err
    else:
        assert "voucher round order r1, or wait: the next tick orders so many" in ran.err
        said = town("schedule", "tick").out
        assert "ordered 15 packs of r1 from wechat (order 2)" in " ".join(said.split())


def test_the_packs_of_a_lottery_stand_once_its_entrants_are_published(voucher: Any) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    towns.make_round(voucher, "r1", "--mode", "lottery")
    voucher("draw", "commit", "r1", "--now", "2020-03-26 09:00", "--yes")
    rows = "application_no,round,resident,applied_at\nA1,r1,resident-1,2020-03-26 10:00:00\n"
    voucher("application", "import", towns.write("a.csv", rows), "--now", "2020-03-26 11:00")
    voucher("round", "open", "r1", "--now", towns.OPENS)
    voucher("draw", "entrants", "r1", "--now", towns.OPENS)
    ran = voucher("round", "reduce", "r1", "--packs", "1", "--note", "x", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "entrants_published"
    voucher("draw", "run", "r1", "--now", towns.OPENS)
    ran = voucher("round", "reduce", "r1", "--packs", "1", "--note", "x", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "round_drawn"


def test_a_lottery_keeps_the_places_of_its_quotas(voucher: Any) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    towns.make_round(voucher, "r1", "--mode", "lottery")  # 10 packs
    closes = ("--registration-closes", "2020-03-26 18:00", "--stratum", "district=east:6")
    voucher("draw", "commit", "r1", *closes, "--now", "2020-03-26 09:00")
    voucher("round", "open", "r1", "--now", towns.OPENS)
    words = ("round", "reduce", "r1", "--note", "few come", "-o", "json")
    ran = voucher(*words, "--packs", "5", expect=3)
    assert ran.json["problems"][0]["code"] == "quotas_too_large"
    voucher(*words, "--packs", "4")
    voucher("round", "approve", "r1", "--actor", "lin")
    assert show(voucher)["packs"] == 6


def test_the_name_until_v0_2_0_still_does_it_and_no_help_shows_it(town: Any) -> None:
    words = ("--packs", "5", "--note", "few come", "--actor", "chen")
    assert "proposed for r1: reduce" in town("round", "lower", "r1", *words).err
    assert "amendment_waiting" in town("round", "lower", "r1", *words, expect=3).err
    assert "lower" not in town("round", "--help").out
