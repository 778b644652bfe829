"""`voucher todo`: what waits for whom, the oldest first, with a command that does it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import towns

STAFF = {"mei": "maker", "lin": "checker", "wu": "checker", "an": "finance"}


@pytest.fixture
def town(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A town with makers and checkers; two checkers must approve more than 1,000 yuan."""
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
    towns.build(
        voucher,
        towns.programme(staff=STAFF, one_checker_up_to="1000.00"),
        towns.pack(),
        merchants="merchant_no,name,district\nM1,one,east\n",
    )
    return voucher


def waiting(voucher: Any, *options: str) -> list[tuple[Any, ...]]:
    rows = voucher("todo", "-o", "json", *options).data["waiting"]
    return [
        (row["name"], row["kind"], row["amount_fen"], row["by"], row["who"], row["next"])
        for row in rows
    ]


def test_what_waits_is_listed_oldest_first_and_each_command_does_it(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    towns.make_round(town, "r2", packs=100, checkers=("lin", "wu"))
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 09:00")
    towns.draft(town, "r1", packs=10)
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 10:00")
    towns.change(town, checkers=(), funders={"treasury": {"kind": "public", "amount": "900000"}})
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 11:00")
    town("round", "top-up", "r2", "--packs", "20", "--note", "liked", "--actor", "wu")
    assert waiting(town) == [
        ("r1", "submission", 50_000, "mei", "mei", "voucher round submit r1 --actor mei"),
        (
            "town",
            "change",
            100_000_000,
            "mei",
            "lin, wu",
            "voucher programme approve town --actor lin",
        ),
        ("r2", "top-up", 600_000, "wu", "lin", "voucher round approve r2 --actor lin"),
    ]
    shown = town("todo").err.splitlines()
    assert shown[0] == "for r1: voucher round submit r1 --actor mei"
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 12:00")
    for _ in range(6):  # what is shown is typed until nothing waits
        for line in town("todo").err.splitlines():
            if ": voucher " in line and "NAME" not in line:
                town(*shlex.split(line.partition(": voucher ")[2]), expect=None)
    # r2 is beyond one checker: wu tops it up, so that only lin can and two must
    shown = town("todo").err
    assert (
        "warning: nobody else on the staff of programme town may approve r2 [no_one_may]" in shown
    )
    assert "- {name: NAME, roles: [checker]}" in shown
    assert "for r2" not in shown
    left = town("todo", "-o", "json").data["waiting"]
    assert [(row["name"], row["given"], row["needed"], row["who"]) for row in left] == [
        ("r2", 1, 2, "")
    ]


def test_corrections_of_merchants_wait_for_a_checker_of_any_programme(town: Any) -> None:
    towns.make_round(town, "r1")
    towns.write("moved.csv", "merchant_no,name,district\nM1,one,west\n")
    town(
        "merchant",
        "import",
        "moved.csv",
        "--from",
        "2020-03-01",
        "--note",
        "moved",
        "--actor",
        "lin",
    )
    reminded = town("schedule", "tick", "-o", "json").json["problems"]
    assert [(each["code"], each["hint"]) for each in reminded] == [
        ("correction_waits", "voucher batch show 2")
    ]
    assert town("schedule", "tick", "--programme", "town", "-o", "json").json["problems"] == []
    ((name, kind, fen, by, who, command),) = waiting(town)
    assert (kind, fen, by, who) == ("correction", 0, "lin", "wu")
    assert command == f"voucher merchant approve {name} --actor wu"
    town(*shlex.split(command)[1:])
    assert waiting(town) == []
    assert "nothing waits for anybody" in town("todo").err
    assert "没有待办事项" in town("todo", "--lang", "zh").err


def test_a_chosen_programme_shows_its_own(town: Any) -> None:
    town("programme", "load", towns.write("other.yaml", towns.programme("other", staff=STAFF)))
    towns.draft(town, "r1", "--programme", "town")
    towns.draft(town, "q1", "--programme", "other")
    assert [row[0] for row in waiting(town)] == ["r1", "q1"]
    assert [row[0] for row in waiting(town, "--programme", "other")] == ["q1"]


def test_where_a_file_holds_several_programmes_each_command_names_its_own(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"mei": "maker", "an": "checker"}
    town("programme", "load", towns.write("other.yaml", towns.programme("other", staff=other)))
    towns.make_round(town, "r1", everywhere=("--programme", "town"))
    towns.draft(town, "r1", "--programme", "other")
    towns.write("moved.csv", "merchant_no,name,district\nM1,one,west\n")
    town(
        "merchant", "import", "moved.csv", "--from", "2020-03-01", "--note", "moved",
        "--actor", "mei",
    )  # fmt: skip
    town("round", "top-up", "r1", "--packs", "5", "--actor", "mei", "--programme", "town")
    assert sorted(row[5] for row in waiting(town)) == [
        "voucher merchant approve 2 --actor lin --programme town",
        "voucher round approve r1 --actor lin --programme town",
        "voucher round submit r1 --actor mei --programme other",
    ]
    assert "Programme" in town("todo").out
    hints = [each["hint"] for each in town("schedule", "tick", "-o", "json").json["problems"]]
    assert "voucher round show r1 --programme town" in hints
    # a correction of merchants concerns every programme
    assert sorted(row[1] for row in waiting(town, "--programme", "other")) == [
        "correction",
        "submission",
    ]
    town("programme", "use", "other", "--actor", "mei")
    assert "voucher round submit r1 --actor mei" in [row[5] for row in waiting(town)]
    for row in waiting(town):
        town(*shlex.split(row[5])[1:])
    assert [row[1] for row in waiting(town)] == ["approval"]
    monkeypatch.setenv("VOUCHER_PROGRAMME", "otter")
    assert "[unknown_programme]" in town("todo", expect=3).err


def test_who_made_a_round_may_approve_what_others_amend_and_is_named(town: Any) -> None:
    towns.make_round(town, "r1", maker="wu")
    town("round", "top-up", "r1", "--packs", "5", "--actor", "mei")
    assert [row[4] for row in waiting(town)] == ["lin, wu"]
    town("round", "approve", "r1", "--actor", "wu")


def test_without_a_file_nothing_is_looked_up(voucher: Any) -> None:
    refused = voucher("todo", expect=3)
    assert "no_database" in refused.err
    assert "voucher init" in refused.err
