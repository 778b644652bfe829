"""Who may do what: every command, by every kind of hand, against one table that the manual prints."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import towns
from conftest import EVERY_COMMAND

from vouchercli.rules import doors

Voucher = Callable[..., Any]
STAFF = {"mei": "maker", "lin": "checker", "fu": "finance", "an": "auditor"}
HANDS = {"stranger": "mallory", **{role: name for name, role in STAFF.items()}}
REFUSED = {
    "not_staff",
    "not_a_checker",
    "not_a_witness",
    "not_an_auditor",
    "not_finance",
    "no_one_may",
    "wrong_login",
}
# What each is tried with, where it needs more than --dry-run. These open no file.
WITHOUT_A_FILE = {"demo", "help", "init", "programme new"}
WORDS = {
    "audit package": "package",
    "audit sample": "--margin 5",
    "risk sample": "--margin 5",
    "audit witness": "0" * 64,
    "effect estimate": "r1",
    "effect import": "cells.csv --source x",
    "effect plan": "r1",
    "effect survey-size": "r1",
    "application import": "applications.csv",
    "batch rejects": "1",
    "batch resume": "1",
    "batch retry": "1",
    "batch show": "1",
    "batch undo": "1",
    "restore": "none.db",
    "claim correct": "C1 --reverse --note x --evidence y",
    "claim grant": "r1 someone",
    "claim import": "claims.csv",
    "draw commit": "r1",
    "draw entrants": "r1",
    "draw run": "r1",
    "draw show": "r1",
    "draw verify": "certificate.json --entrants entrants.csv",
    "eligibility approve": "1",
    "eligibility import": "eligibility.csv",
    "eligibility remove": "someone",
    "eligibility reject": "1 --note x",
    "correction approve": "1",
    "correction reject": "1 --note x",
    "correction show": "1",
    "redemption correct": "T1 --reverse --note x --evidence y",
    "day close": "2020-03-27",
    "day show": "2020-03-27",
    "day sign": "2020-03-27",
    "export datasette": "public",
    "export package": "public",
    "lake check": "nowhere",
    "lake export": "lake --city 330100",
    "lake list": "nowhere",
    "fund appropriate": "treasury 1",
    "fund return": "treasury 1",
    "fund transfer": "treasury other 1",
    "key rotate": "--reason x",
    "merchant approve": "1",
    "merchant import": "merchants.csv",
    "merchant reinstate": "M1",
    "merchant reject": "1 --note x",
    "merchant show": "M1",
    "merchant suspend": "M1 --reason x",
    "profile export": "voucher",
    "profile guess": "claims.csv",
    "profile show": "voucher",
    "profile try": "claims.csv",
    "programme export": "town",
    "programme close": "town",
    "programme load": "other-limits.yaml",
    "programme reject": "town --note x",
    "programme use": "town",
    "reconcile approve": "1",
    "reconcile assign": "1 --to mei",
    "reconcile reject": "1 --note x",
    "reconcile resolve": "1 --explained --note x --evidence y",
    "reconcile run": "bill.csv",
    "reconcile show": "1",
    "redemption check": "--claim C1 --coupon 1 --merchant M1 --amount 50",
    "redemption import": "payments.csv",
    "round allocate": "r1",
    "round cancel": "r1",
    "round close": "r1 --yes",
    "round copy": "r1 r2 --opens-at 2020-04-09",
    "round create": "r2 --template pack --packs 1 --opens-at 2020-04-09",
    "round draw": "r1",
    "round edit": "r1 --packs 9",
    "round replace": "r1 --template pack --note x",
    "round extend": "r1 --until 2020-05-09 --note x",
    "round lower": "r1 --packs 1 --note x",
    "round reduce": "r1 --packs 1 --note x",
    "round open": "r1",
    "round order": "r1",
    "round pause": "r1",
    "round plan": "r1",
    "round rehearse": "r1",
    "round reject": "r1 --note x",
    "round reopen": "r1 --note x",
    "round reschedule": "r1 --closes-at 2020-04-09",
    "round resume": "r1",
    "round settle": "r1",
    "round show": "r1",
    "report compare": "r1 r2",
    "report nation": "city.json",
    "report explain": "leverage",
    "report site": "site",
    "round submit": "r1",
    "round approve": "r1",
    "round top-up": "r1 --packs 1 --note x",
    "series import": "series.csv",
    "case add": "1 --transaction T1",
    "case approve": "1",
    "case close": "1 --note x",
    "case decide": "1 --sanction warning --note x",
    "case export": "1 pack",
    "case note": "1 x",
    "case open": "--merchant M1 --reason other --note x",
    "case reject": "1 --note x",
    "case show": "1",
    "case visit": "1 --on 2020-03-27 --who x --seen y",
    "settlement approve": "1",
    "settlement export": "1 --bank voucher --to pay.csv",
    "settlement hold": "--merchant M1 --reason disputed --evidence x",
    "settlement notice": "1",
    "settlement paid": "--settlement 1 --reference x",
    "settlement reject": "1 --note x",
    "settlement release": "1 --note x",
    "settlement repaid": "M1 1 --reference x",
    "settlement run": "--up-to 2020-03-27",
    "risk show": "1",
    "settlement show": "1",
    "settlement statement": "M1",
    "settlement verify": "1 --note x",
    "settlement write-off": "M1 --note x --evidence y",
    "template add": "pack.yaml",
    "template check": "pack.yaml",
    "template diff": "pack@1 pack@1",
    "template export": "pack",
    "template history": "pack",
    "template show": "pack",
}


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """A town with one of the staff for each role, and round r1, submitted by mei."""
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
    programme = towns.programme(staff=STAFF)

    def build() -> None:
        towns.build(voucher, programme, towns.pack(), merchants="merchant_no,name\nM1,one\n")
        towns.make_round(voucher, "r1", state="submitted")

    once("doors", build)
    limits = {"packs_per_resident_per_round": 2}
    towns.write("other-limits.yaml", programme | {"limits": limits})
    towns.write("applications.csv", "application_no,round,resident,applied_at\n")
    towns.write("eligibility.csv", "resident,group\n1,low\n")
    towns.write("claims.csv", towns.CLAIMS + "C1,r1,res,2020-03-27 09:00\n")
    towns.write("payments.csv", towns.PAYMENTS + "T1,pay,C1,1,M1,2020-03-27 09:00,50,0,10,\n")
    return voucher


def is_refused(voucher: Voucher, command: str, *options: str) -> bool:
    """Whether the door stays shut; behind it anything may be answered."""
    words = shlex.split(WORDS.get(command, ""))
    ran = voucher(*command.split(), *words, "--dry-run", *options, "-o", "json", expect=None)
    assert ran.code != 2, f"{command}: {ran.out}{ran.err}"
    codes = {problem["code"] for problem in ran.json["problems"]}
    return ran.code == 3 and bool(codes & REFUSED)


def test_every_command_has_one_door() -> None:
    every = [command for door in doors.DOORS for command in door.commands]
    assert sorted(every) == sorted(EVERY_COMMAND)
    assert {*WORDS} <= EVERY_COMMAND
    for door in doors.DOORS:
        assert {*door.by_clock} <= {*door.commands}


@pytest.mark.parametrize("hand", HANDS)
def test_every_command_is_open_to_whom_the_table_says(town: Voucher, hand: str) -> None:
    wrong = [
        command
        for command in sorted(EVERY_COMMAND - WITHOUT_A_FILE)
        if is_refused(town, command, "--actor", HANDS[hand]) != (not may(hand, command))
    ]
    assert wrong == []


def may(hand: str, command: str) -> bool:
    roles = doors.DOOR[command].roles
    return not roles or hand in roles


def test_the_manual_prints_the_table() -> None:
    text = Path(__file__).parents[1].joinpath("docs", "operating.md").read_text("utf-8")
    lines = text[text.index("| Deeds | Commands |") :].split("\n\n")[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    hands = [*HANDS]
    assert head == ["Deeds", "Commands", *hands, "the clock does"]
    for door, (what, commands, *cells, by_clock) in zip(doors.DOORS, rows, strict=True):
        told = "all others" if door.what == "look" else ", ".join(door.commands)
        yes = ["yes" if not door.roles or hand in door.roles else "no" for hand in hands]
        assert (what, commands, cells) == (door.what, told, yes)
        assert by_clock == ", ".join(door.by_clock)


# ---------------------------------------------------------------- who is not named


def test_a_shared_login_takes_in_files_and_decides_nothing(town: Voucher) -> None:
    commands = sorted(EVERY_COMMAND - WITHOUT_A_FILE)
    refused = [command for command in commands if is_refused(town, command)]
    assert refused == sorted(
        command
        for command in commands
        if doors.DOOR[command].roles and not doors.DOOR[command].takes_login
    )


def test_a_personal_login_that_is_nobodys_looks_only(town: Voucher) -> None:
    towns.change(town, maker="lin", checkers=(), logins="personal")
    commands = sorted(EVERY_COMMAND - WITHOUT_A_FILE)
    refused = [command for command in commands if is_refused(town, command)]
    assert refused == sorted(command for command in commands if doors.DOOR[command].roles)


def test_without_staff_everybody_may_and_doctor_says_so(voucher: Voucher) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    towns.make_round(voucher, "r1", state="submitted")
    voucher("round", "approve", "r1", "--actor", "mallory")
    found = {each["check"]: each for each in voucher("doctor", "-o", "json").data["checks"]}
    assert (found["Staff"]["state"], found["Staff"]["code"]) == ("warning", "no_staff")


# ---------------------------------------------------------------- a role that nobody has


def test_a_role_that_nobody_has_is_answered_with_the_line_to_add(
    voucher: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
    document = towns.programme(staff={"mei": "maker"})
    towns.build(voucher, document, towns.pack())
    towns.make_round(voucher, "r1", state="submitted")
    refused = voucher("round", "approve", "r1", "--actor", "mei", expect=3)
    assert "nobody on the staff of programme town has the role checker" in refused.err
    assert "- {name: NAME, roles: [checker]}" in refused.err
    # so it is done: nobody else could
    document["staff"].append({"name": "lin", "roles": ["checker"]})
    voucher("programme", "load", towns.write("programme.yaml", document), "--actor", "mei")
    voucher("round", "approve", "r1", "--actor", "lin")
    # from now on a checker says who checks
    document["staff"].append({"name": "wu", "roles": ["checker"]})
    again = voucher(
        "programme", "load", towns.write("programme.yaml", document), "--actor", "mei", "-o", "json"
    )
    assert again.data["result"] == "waiting"


# ---------------------------------------------------------------- several programmes


def test_each_programme_has_its_own_staff_and_the_registry_all_of_them(
    town: Voucher,
) -> None:
    other = towns.programme("other", staff={"bo": "maker", "cy": "checker"})
    town("programme", "load", towns.write("other.yaml", other))
    options = ("--template", "pack", "--packs", "1", "--opens-at", "2020-04-09")
    in_other = ("--programme", "other", "--actor")
    assert "not_staff" in town("round", "create", "q", *options, *in_other, "mei", expect=3).err
    town("round", "create", "q", *options, *in_other, "bo")
    town("merchant", "suspend", "M1", "--reason", "x", "--actor", "bo")
    town("merchant", "reinstate", "M1", "--actor", "mei")
    refused = town("merchant", "suspend", "M1", "--reason", "x", "--actor", "mallory", expect=3)
    assert "not_staff" in refused.err
    # a batch is of its programme, whichever is chosen
    town("claim", "import", "claims.csv", "--programme", "town", "--actor", "mei", expect=None)
    assert "not_staff" in town("batch", "undo", "2", "--actor", "bo", "--yes", expect=3).err
    town("batch", "undo", "2", "--actor", "mei", "--yes")


# ---------------------------------------------------------------- the clock


def test_the_clock_does_what_was_approved_in_its_own_name(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town("round", "approve", "r1", "--actor", "lin")
    town(
        "round",
        "create",
        "r2",
        "--template",
        "pack",
        "--packs",
        "5",
        "--opens-at",
        "2020-03-27",
        "--actor",
        "mei",
    )
    for folder, file in (("pay-app/claims", "claims.csv"), ("pay-app/redemptions", "payments.csv")):
        (here / "inbox" / folder).mkdir(parents=True)
        os.utime((here / file).rename(here / "inbox" / folder / file), (0, 0))
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-27 09:30")
    before = len(towns.ask(".", "SELECT 1 FROM audit"))
    town("schedule", "tick", "--actor", "mallory", expect=None)
    deeds = towns.ask(".", "SELECT actor, deed, subject FROM audit WHERE audit_id > ?", before)
    assert [(actor, deed, Path(about).name) for actor, deed, about in deeds] == [
        ("clock", "round.open", "r1"),
        ("inbox/pay-app/claims", "claims.import", "claims.csv"),
        ("inbox/pay-app/redemptions", "redemptions.import", "payments.csv"),
    ]
    # a draft stays one: the clock approves nothing
    states = towns.ask(".", "SELECT round, state FROM rounds ORDER BY round")
    assert states == [("r1", "open"), ("r2", "draft")]
    assert towns.ask(".", "SELECT DISTINCT actor FROM verdicts") == [("lin",)]
    # nobody is the clock by saying so
    assert "not_staff" in town("round", "close", "r1", "--actor", "clock", expect=3).err


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ({"name": "clock", "roles": ["maker"]}, "reserved_name"),
        ({"name": "Clock ", "roles": ["maker"]}, "reserved_name"),
        ({"name": "inbox/claims", "roles": ["maker"]}, "reserved_name"),
        ({"name": "an", "roles": ["auditor", "maker"]}, "auditor_acts"),
    ],
)
def test_no_person_has_the_name_of_the_clock_and_an_auditor_acts_not(
    voucher: Voucher, person: dict[str, Any], code: str
) -> None:
    voucher("init")
    document = towns.programme() | {"staff": [person]}
    refused = voucher("programme", "load", towns.write("p.yaml", document), expect=3)
    assert code in refused.err
