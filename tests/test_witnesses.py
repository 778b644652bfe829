"""Heads of the log that were noted elsewhere, and witnessed by a second person: a history that was
rewritten with full rights is found by them.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.rules import audit as law

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

MERCHANTS = "merchant_no,name\nM1,one\n"
NOW = ("--now", "2020-03-27 09:00")


@pytest.fixture
def town(city: Callable[..., Callable[..., Ran]]) -> Callable[..., Ran]:
    """The small town: its building left lines 1 to 8; mei is maker, lin checker."""
    return city()


def head(town: Callable[..., Ran]) -> str:
    return str(town("audit", "head", "-o", "json").data["head"])


def codes(ran: Ran) -> list[str]:
    return [each["code"] for each in ran.json["problems"]]


def rewrite(number: int, actor: str) -> None:
    """Change who did a line and seal all lines from there on anew, as one with full rights can."""
    with closing(sqlite3.connect("voucher.db")) as db:
        guards = db.execute(
            "SELECT name, sql FROM sqlite_schema WHERE name LIKE 'audit_never%'"
        ).fetchall()
        for name, _ in guards:
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE audit SET actor = ? WHERE audit_id = ?", (actor, number))
        previous = ""
        for line, *fields in db.execute(
            "SELECT audit_id, at, entered_at, actor, os_user, deed, subject, detail FROM audit"
            " ORDER BY audit_id"
        ).fetchall():
            seal = law.digest(previous, tuple(fields))
            db.execute(
                "UPDATE audit SET previous_hash = ?, hash = ? WHERE audit_id = ?",
                (previous, seal, line),
            )
            previous = seal
        for _, statement in guards:
            db.execute(statement)
        db.commit()


# ---------------------------------------------------------------- since the noted head


def test_what_came_after_the_noted_head_is_named(town: Callable[..., Ran]) -> None:
    noted = head(town)
    town("round", "pause", "r1", "--actor", "mei", *NOW)
    ran = town("audit", "verify", "--head", noted, "-o", "json")
    assert (ran.data["lines"], ran.data["lines_since"], ran.data["noted_heads"]) == (9, 1, 1)
    assert [(row["line"], row["actor"], row["deed"]) for row in ran.data["since_head"]] == [
        (9, "mei", ran.data["since_head"][0]["deed"])
    ]
    assert ran.data["since_head"][0]["about"] == "r1"
    assert "Since the noted head" in town("audit", "verify", "--head", noted).out
    assert town("audit", "verify", "-o", "json").data["lines_since"] is None


# ---------------------------------------------------------------- a file of heads


def test_every_head_of_a_file_must_be_in_the_log(town: Callable[..., Ran]) -> None:
    first = head(town)
    town("round", "pause", "r1", "--actor", "mei", *NOW)
    second = head(town)
    Path("heads.txt").write_text(f"{first}\n\n{json.dumps({'at': 'x', 'head': second})}\n")
    ran = town("audit", "verify", "--heads", "heads.txt")
    assert ran.err == "all 9 lines are intact, and the 2 noted heads are among them\n"
    rewrite(9, "lin")
    ran = town("audit", "verify", "--heads", "heads.txt", "-o", "json", expect=5)
    assert [(each["code"], each["where"]) for each in ran.json["problems"]] == [
        ("audit_head_missing", "heads.txt:3")
    ]
    # the log by itself holds: only what was noted elsewhere tells
    town("audit", "verify")


@pytest.mark.parametrize("text", ["", "\n", "8:abc\n", f"8:{'0' * 65}\n", f"8:{'0' * 64} " * 2])
def test_a_file_of_something_else_is_refused(town: Callable[..., Ran], text: str) -> None:
    Path("heads.txt").write_text(text)
    ran = town("audit", "verify", "--heads", "heads.txt", "-o", "json", expect=3)
    assert codes(ran) == ["bad_heads"]


# ---------------------------------------------------------------- a witness


def test_a_second_person_witnesses_a_head_once(town: Callable[..., Ran]) -> None:
    town("round", "pause", "r1", "--actor", "mei", *NOW)
    seen = head(town)
    ran = town("audit", "witness", seen, "--actor", "lin", *NOW, "-o", "json")
    assert ran.data == {"head": seen, "witness": "lin", "line": 10}
    line = town("audit", "log", "--limit", "1", "-o", "json").data["lines"][0]
    assert (line["deed"], line["about"], line["after"]) == (
        "audit.witness",
        "line 9",
        {"head": seen},
    )
    again = town("audit", "witness", seen.partition(":")[2], "--actor", "lin", *NOW)
    assert "lin has witnessed line 9 already" in again.err
    town("audit", "verify")
    town("check")


def test_who_wrote_the_line_does_not_witness_it(town: Callable[..., Ran]) -> None:
    town("round", "pause", "r1", "--actor", "lin", *NOW)
    words = ("--actor", "lin", *NOW, "-o", "json")
    assert codes(town("audit", "witness", head(town), *words, expect=3)) == ["own_line"]
    said = town("audit", "witness", head(town), "--actor", "lin", *NOW, "--lang", "zh", expect=3)
    assert "日志第 9 行由 lin 所写：须由他人见证" in said.err


def test_a_maker_and_a_stranger_do_not_witness(voucher: Callable[..., Ran]) -> None:
    staff = {"mei": "maker", "lin": "checker", "shen": "auditor", "wu": "finance"}
    towns.build(voucher, towns.programme(staff=staff), towns.pack(), merchants=MERCHANTS)
    seen, town = head(voucher), voucher
    for actor in ("shen", "wu"):
        town("audit", "witness", seen, "--actor", actor, *NOW)
    for actor in ("mei", "nobody"):
        words = ("--actor", actor, *NOW, "-o", "json")
        assert codes(town("audit", "witness", head(town), *words, expect=3)) == ["not_a_witness"]


def test_a_head_that_is_not_in_the_log_is_not_witnessed(town: Callable[..., Ran]) -> None:
    words: tuple[Any, ...] = ("--actor", "lin", *NOW, "-o", "json")
    unknown = f"8:{'0' * 64}"
    assert codes(town("audit", "witness", unknown, *words, expect=3)) == ["head_not_in_log"]
    other = f"7:{head(town).partition(':')[2]}"
    assert codes(town("audit", "witness", other, *words, expect=3)) == ["head_not_in_log"]
    assert codes(town("audit", "witness", "8", *words, expect=2)) == ["bad_head"]


def test_a_rewritten_history_contradicts_its_own_witness(town: Callable[..., Ran]) -> None:
    town("round", "pause", "r1", "--actor", "mei", *NOW)
    town("audit", "witness", head(town), "--actor", "lin", *NOW)
    rewrite(9, "wu")
    ran = town("audit", "verify", "-o", "json", expect=5)
    assert [(each["code"], each["where"]) for each in ran.json["problems"]] == [
        ("audit_witness_wrong", "audit:10")
    ]
