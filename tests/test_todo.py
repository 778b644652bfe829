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
    # r2 is beyond one checker: mei made it, wu tops it up, so that only lin can and two must
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


def test_without_a_file_nothing_is_looked_up(voucher: Any) -> None:
    refused = voucher("todo", expect=3)
    assert "no_database" in refused.err
    assert "voucher init" in refused.err
