"""Rounds are cancelled: a draft at once, what was approved by two people and with a note."""

from __future__ import annotations

from typing import Any

import pytest
import towns

STAFF = {"chen": "maker", "lin": "checker", "zhao": "checker"}


@pytest.fixture
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Round r1 of 20 packs, 1,000.00 of the town's 2,000.00 yuan, is approved; up to there one
    checker suffices.
    """
    towns.build(
        voucher,
        towns.programme(funds={"treasury": "2000.00"}, staff=STAFF, one_checker_up_to="1000.00"),
        towns.pack(),
    )
    towns.make_round(voucher, "r1", packs=20, maker="chen")
    monkeypatch.setenv("VOUCHER_ACTOR", "chen")
    return voucher


def cancel(town: Any, *options: str, actor: str = "chen", expect: int = 0) -> Any:
    return town(
        "round", "cancel", "r1", *options, "--actor", actor, "-o", "json", expect=expect
    ).json


def show(town: Any) -> Any:
    return town("round", "show", "r1", "-o", "json").data


def free(town: Any) -> int:
    return int(town("programme", "show", "-o", "json").data["funders"][0]["uncommitted_fen"])


def refusal(answer: Any) -> str:
    return str(answer["problems"][0]["code"])


def test_a_second_person_cancels_what_was_approved_and_only_then_the_money_goes_back(
    town: Any,
) -> None:
    cancel(town, "--note", "the budget was withdrawn")
    assert (show(town)["state"], free(town)) == ("approved", 1000_00)
    assert "for r1: voucher round approve r1 --actor lin" in town("todo").err
    own = town("round", "approve", "r1", "--actor", "chen", "-o", "json", expect=3)
    assert refusal(own.json) == "not_a_checker"
    ran = town("round", "approve", "r1", "--actor", "lin")
    assert "cancelled r1; 1,000.00 yuan are uncommitted again" in ran.err
    data = show(town)
    assert (data["state"], free(town)) == ("cancelled", 2000_00)
    (amendment,) = data["amendments"]
    assert (amendment["kind"], amendment["state"], amendment["note"]) == (
        "cancel",
        "effective",
        "the budget was withdrawn",
    )
    assert (amendment["before"], amendment["after"]) == (
        {"state": "approved"},
        {"state": "cancelled"},
    )
    town("check")


def test_nobody_cancels_what_was_approved_without_saying_why(town: Any) -> None:
    answer = cancel(town, expect=3)
    assert refusal(answer) == "note_needed"
    assert answer["problems"][0]["hint"] == "voucher round cancel r1 --note WHY"
    assert refusal(cancel(town, "--note", "  ", expect=3)) == "note_needed"
    assert show(town)["amendments"] == []


@pytest.mark.parametrize("state", ["draft", "submitted"])
def test_what_nobody_has_approved_is_cancelled_at_once(town: Any, state: str) -> None:
    towns.make_round(town, "r2", state=state, maker="chen")
    ran = town("round", "cancel", "r2", "--actor", "chen", "-o", "json")
    assert (ran.data["state"], ran.data["amendments"]) == ("cancelled", [])
    assert town("todo", "-o", "json").data["waiting"] == []


def test_an_edit_is_no_way_round_the_second_person(town: Any) -> None:
    town("round", "edit", "r1", "--packs", "19", "--actor", "chen")
    assert (show(town)["state"], free(town)) == ("draft", 2000_00)
    assert refusal(cancel(town, expect=3)) == "note_needed"
    cancel(town, "--note", "no money")
    assert show(town)["state"] == "draft"
    # while it waits, the draft is not handed in, and nobody is told to
    waits = town("todo", "-o", "json").data["waiting"]
    assert [(each["kind"], each["next"]) for each in waits] == [
        ("cancel", "voucher round approve r1 --actor lin")
    ]
    ran = town("round", "submit", "r1", "--actor", "chen", "-o", "json", expect=3)
    assert refusal(ran.json) == "amendment_waiting"
    town("round", "reject", "r1", "--note", "there is", "--actor", "lin")
    town("round", "submit", "r1", "--actor", "chen")
    assert refusal(cancel(town, "--note", "no money", expect=3)) == "amendment_waiting"
    town("round", "reject", "r1", "--note", "no", "--actor", "lin")
    cancel(town, "--note", "no money")
    town("round", "approve", "r1", "--actor", "lin")
    assert show(town)["state"] == "cancelled"
    town("check")


def test_a_cancellation_is_turned_down_or_taken_back(town: Any) -> None:
    for actor in ("lin", "chen"):
        cancel(town, "--note", "a slip")
        town("round", "reject", "r1", "--note", "no", "--actor", actor)
    data = show(town)
    assert (data["state"], free(town)) == ("approved", 1000_00)
    assert [each["state"] for each in data["amendments"]] == ["declined", "declined"]


def test_a_round_that_opened_meanwhile_is_cancelled_as_long_as_nobody_has_claimed(
    town: Any,
) -> None:
    cancel(town, "--note", "no money")
    town("round", "open", "r1", "--actor", "chen", "--now", towns.OPENS)
    towns.write("claims.csv", towns.CLAIMS + "C1,r1,resident-1,2020-03-27 09:00:00\n")
    town("claim", "import", "claims.csv", "--now", "2020-03-27 10:00")
    ran = town(
        "round", "approve", "r1", "--actor", "lin", "--now", "2020-03-27 10:01", "-o", "json",
        expect=3,
    )  # fmt: skip
    assert refusal(ran.json) == "round_has_claims"
    assert ran.json["problems"][0]["hint"] == "voucher round reject r1 --note WHY"
    assert show(town)["state"] == "open"
    town("batch", "undo", "1", "--yes")
    town("round", "approve", "r1", "--actor", "lin")
    assert (show(town)["state"], free(town)) == ("cancelled", 2000_00)


def test_a_paused_and_a_closed_round_are_cancelled_by_two(town: Any) -> None:
    town("round", "open", "r1", "--actor", "chen", "--now", towns.OPENS)
    town("round", "pause", "r1", "--actor", "chen", "--now", "2020-03-27 09:00")
    cancel(town, "--note", "no money", "--now", "2020-03-27 09:01")
    town("round", "close", "r1", "--now", "2020-04-30")  # its end came first
    assert [each["state"] for each in show(town)["amendments"]] == ["effective", "void"]
    cancel(town, "--note", "no money", "--now", "2020-04-30")
    town("round", "approve", "r1", "--actor", "zhao", "--now", "2020-04-30")
    assert show(town)["state"] == "cancelled"
    town("check")


def test_without_staff_another_name_suffices(voucher: Any) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    towns.make_round(voucher, "r1")
    cancel(voucher, "--note", "no money")
    own = voucher("round", "approve", "r1", "--actor", "chen", "-o", "json", expect=3)
    assert refusal(own.json) == "own_round"
    voucher("round", "approve", "r1", "--actor", "anybody")
    assert show(voucher)["state"] == "cancelled"


def test_the_tick_reminds_of_a_cancellation_that_waits(town: Any) -> None:
    cancel(town, "--note", "no money")
    problems = town("schedule", "tick", "-o", "json").json["problems"]
    assert [each["code"] for each in problems] == ["amendment_waits"]
    assert town("schedule", "tick", "-o", "json").json["problems"] == []
