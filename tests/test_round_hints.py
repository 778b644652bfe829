"""What a refusal of a round's command says to do next is not refused by the round's state."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.rules import rounds as law

if TYPE_CHECKING:
    from conftest import Once

STAFF = {"mei": "maker", "lin": "checker"}
NOW, OVER = "2020-03-28 09:00", "2020-03-30 09:00"
WORDS = {"NEW": "new", "TIME": OVER, "N": "1", "WHY": "why", "NAME": "lin", "CODE": "r"}
EXTRA = {
    "reject": ["--note", "no"],
    "edit": ["--packs", "9"],
    "cancel": ["--note", "why"],
    "pause": ["--note", "why"],
    "resume": ["--note", "why"],
    "top-up": ["--packs", "1", "--note", "why"],
    "reduce": ["--packs", "1", "--note", "why"],
    "reschedule": ["--closes-at", "2020-04-01 09:00"],
    "replace": ["--template", "pack", "--note", "why"],
    "extend": ["--until", "2020-05-01", "--note", "why"],
    "approve": ["--actor", "lin"],
    "allocate": [],
    "draw": [],
}
ENDED = ("closed", "settled", "archived", "cancelled")
# what a round is, beside its state
KINDS = {
    "here": [],
    "platform": ["--platform", "app"],
    "lottery": ["--mode", "lottery"],
}


def codes() -> list[tuple[str, str, str, int]]:
    """(its code, state, kind, claims) of a round of every state and kind, with and without
    claims.
    """
    return [
        (f"{state}-{kind}-{claims}", state, kind, claims)
        for state in law.STATES
        for kind in KINDS
        for claims in ((0, 1, 2, 3) if state in ("open", "paused", "closed") else (0,))
    ]


def build(voucher: Any) -> None:
    towns.build(voucher, towns.programme(staff=STAFF), towns.pack())
    rows = ""
    for code, state, kind, claims in codes():
        reached = state if state in towns.STATES else "open"
        towns.make_round(voucher, code, *KINDS[kind], packs=2, state=reached, closes=towns.CLOSES)
        rows += "".join(
            f"{code}-{each},{code},resident-{each},2020-03-27 09:00:0{each}\n"
            for each in range(claims)
        )
    file = towns.write("claims.csv", towns.CLAIMS + rows)
    voucher("claim", "import", file, "--now", "2020-03-27 10:00", expect=4)
    for code, state, _, _ in codes():
        if state in ("paused", *ENDED):
            towns.by_hand(".", f"UPDATE rounds SET state = '{state}' WHERE round = '{code}'")


@pytest.fixture
def town(voucher: Any, once: Once, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A round of every state and kind, with 0 to 3 claims on its 2 packs."""
    monkeypatch.setenv("VOUCHER_ACTOR", "mei")
    once("rounds of every state", lambda: build(voucher))
    return voucher


def commands(hint: str) -> list[list[str]]:
    """The commands that a hint names, filled in, without `voucher`."""
    found = re.findall(r"voucher (.*?)(?=, (?:or )?|, then|, and| \(|:? or |; |: |$)", hint)
    return [[WORDS.get(word, word) for word in shlex.split(each)] for each in found]


# every state, kind and number of claims with the slow suites; here every fifth of them
@pytest.mark.parametrize(
    ("now", "step"),
    [
        (NOW, 5),
        pytest.param(NOW, 1, marks=pytest.mark.slow),
        pytest.param(OVER, 1, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("action", [*law.ACTIONS, "allocate", "draw"])
def test_a_hint_names_no_command_that_the_state_refuses(
    town: Any, action: str, now: str, step: int
) -> None:
    refused = 0
    for code, *_ in codes()[::step]:
        words = ["round", action, code, *EXTRA.get(action, [])]
        ran = town(*words, "--now", now, "--dry-run", "-o", "json", expect=None)
        for problem in ran.json["problems"]:
            if problem["level"] == "warning" or ran.code == 0:
                continue
            refused += 1
            for named in commands(problem["hint"]):
                again = town(*named, "--now", now, "--dry-run", "-o", "json", expect=None)
                assert again.code in (0, 3, 4), (code, words, problem, again.err or again.out)
                codes_again = {each["code"] for each in again.json["problems"]}
                assert codes_again.isdisjoint(("wrong_state", "not_staff")), (words, problem)
    assert refused > 0
    assert Path("voucher.db").exists()


def test_the_commands_of_a_hint_are_found() -> None:
    assert commands("wait, or propose: voucher round close r1 --yes (a second person)") == [
        ["round", "close", "r1", "--yes"]
    ]
    assert commands("voucher round top-up r1 --packs N, voucher round copy r1 NEW") == [
        ["round", "top-up", "r1", "--packs", "1"],
        ["round", "copy", "r1", "new"],
    ]
