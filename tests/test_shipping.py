"""The tick ships the head of the log once a day to a file or a command elsewhere; what fails there
stops nothing here.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import witness
from vouchercli.formats.written import shipping

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

DAY, SAME_DAY, NEXT_DAY = "2020-03-30 09:00", "2020-03-30 23:59:59", "2020-03-31 00:00"


@pytest.fixture
def town(city: Callable[..., Callable[..., Ran]]) -> Callable[..., Ran]:
    """The small town, its round closed by the tick."""
    voucher = city()
    voucher("schedule", "tick", "--now", "2020-03-29 09:00")
    return voucher


def settle(**keys: Any) -> None:
    Path("witness.yaml").write_text(json.dumps(keys), "utf-8")


def tick(town: Callable[..., Ran], now: str, *options: str, expect: int = 0) -> list[Any]:
    ran = town("schedule", "tick", "--now", now, "-o", "json", *options, expect=expect)
    return [(each["deed"], each["subject"], each["code"]) for each in ran.data["deeds"]]


def head(town: Callable[..., Ran]) -> str:
    return str(town("audit", "head", "-o", "json").data["head"])


def test_nothing_is_shipped_where_nobody_says_so(town: Callable[..., Ran]) -> None:
    assert tick(town, DAY) == []


def test_the_head_is_shipped_once_a_day_to_the_end_of_a_file(town: Callable[..., Ran]) -> None:
    Path("far").mkdir()
    settle(file="far/heads.jsonl")
    first = head(town)
    assert tick(town, DAY, "--dry-run") == [("ship", "far/heads.jsonl", None)]
    assert not Path("far/heads.jsonl").exists()
    assert tick(town, DAY) == [("ship", "far/heads.jsonl", None)]
    assert tick(town, SAME_DAY) == []
    assert tick(town, NEXT_DAY) == [("ship", "far/heads.jsonl", None)]
    lines = [json.loads(line) for line in Path("far/heads.jsonl").read_text("utf-8").splitlines()]
    assert [(line["at"], line["database"], line["head"]) for line in lines] == [
        ("2020-03-30T09:00:00+08:00", "voucher.db", first),
        ("2020-03-31T00:00:00+08:00", "voucher.db", first),
    ]
    assert Path("far/heads.jsonl").stat().st_mode & 0o777 == 0o600
    ran = town("audit", "verify", "--heads", "far/heads.jsonl", "-o", "json")
    assert (ran.data["noted_heads"], ran.data["lines_since"]) == (2, 0)


def test_a_database_put_back_to_an_older_state_is_found(town: Callable[..., Ran]) -> None:
    shutil.copy("voucher.db", "older.db")
    town("round", "copy", "r1", "r2", "--opens-at", "2020-04-09", "--now", "2020-03-29 10:00")
    settle(file="heads.jsonl")
    tick(town, DAY)
    town("audit", "verify", "--heads", "heads.jsonl")
    ran = town(
        "audit", "verify", "--heads", "heads.jsonl", "--db", "older.db", "-o", "json", expect=5
    )
    assert [(each["code"], each["where"]) for each in ran.json["problems"]] == [
        ("audit_head_missing", "heads.jsonl:1")
    ]


def test_a_command_is_given_the_head_as_its_input(town: Callable[..., Ran]) -> None:
    settle(command=["tee", "-a", "it; is $no shell"])
    said = town("schedule", "tick", "--now", DAY).out
    assert "ship the head" in said
    assert json.loads(Path("it; is $no shell").read_text("utf-8"))["head"] == head(town)
    assert tick(town, SAME_DAY) == []


@pytest.mark.parametrize(
    ("keys", "subject", "code"),
    [
        ({"file": "nowhere/heads"}, "nowhere/heads", "unwritable_file"),
        ({"file": "link"}, "link", "unwritable_file"),
        ({"file": "."}, ".", "unwritable_file"),
        ({"command": ["no-such-command"]}, "no-such-command", "ship_failed"),
        ({"command": ["false"]}, "false", "ship_failed"),
        ({"file": ["a"]}, "witness.yaml", "bad_yaml"),
        ({"command": "tee a"}, "witness.yaml", "bad_yaml"),
        ({"else": 1}, "witness.yaml", "bad_yaml"),
    ],
)
def test_what_cannot_be_shipped_is_said_and_tried_again(
    town: Callable[..., Ran], keys: dict[str, Any], subject: str, code: str
) -> None:
    Path("link").symlink_to("victim")
    settle(**keys)
    assert tick(town, DAY, expect=4) == [("ship", subject, code)]
    assert not Path("victim").exists()
    settle(file="heads.jsonl")
    assert tick(town, SAME_DAY) == [("ship", "heads.jsonl", None)]


def test_one_place_that_fails_does_not_keep_it_from_the_other(town: Callable[..., Ran]) -> None:
    settle(file="heads.jsonl", command=["sh", "-c", "echo the line is down >&2; exit 7"])
    ran = town("schedule", "tick", "--now", DAY, expect=4)
    assert "sh failed: the line is down" in ran.err
    assert Path("heads.jsonl").exists()
    assert tick(town, SAME_DAY, expect=4) == [("ship", "sh", "ship_failed")]
    said = town("schedule", "tick", "--now", SAME_DAY, "--lang", "zh", expect=4).err
    assert "sh 未能办成：the line is down" in said


def test_doctor_says_when_the_head_was_shipped_last(town: Callable[..., Ran]) -> None:
    def seen(now: str) -> tuple[str, str | None] | None:
        rows = town("doctor", "--now", now, "-o", "json").data["checks"]
        found = [each for each in rows if each["check"] == "Head of the log elsewhere"]
        return (found[0]["value"], found[0]["code"]) if found else None

    assert seen(DAY) is None
    settle(file="heads.jsonl")
    assert seen(DAY) == ("never yet", "never_shipped")
    tick(town, DAY)
    assert seen("2020-04-01 09:00:00") == ("2020-03-30 09:00:00", None)
    assert seen("2020-04-01 09:00:01") == ("2020-03-30 09:00:00", "shipped_long_ago")
    settle(file="nowhere/heads.jsonl")
    tick(town, "2020-03-31 09:00", expect=4)  # a day has passed, not more: perhaps none came
    assert seen("2020-03-31 09:00") == ("2020-03-30 09:00:00", None)
    tick(town, "2020-03-31 09:01", expect=4)
    assert seen("2020-03-31 09:01") == ("2020-03-30 09:00:00", "not_shipped")
    settle(file="heads.jsonl", command=["false"])
    tick(town, "2020-03-31 09:02", expect=4)
    assert seen("2020-03-31 09:02") == ("never yet", "never_shipped")  # not to both places
    settle(files="heads.jsonl")
    assert town("doctor", expect=5).err.count("bad_yaml") == 1


def test_a_command_that_does_not_end_is_stopped(here: Path) -> None:
    with pytest.raises(VoucherError) as stopped:
        shipping.run(["tail", "-f", "/dev/null"], b"8:0\n", 0, here)
    assert stopped.value.code == "ship_too_long"


def test_the_settings_have_sane_defaults() -> None:
    assert witness.read({"command": ["a", "b"]}) == (witness.Elsewhere("", ("a", "b"), 30), [])
    assert witness.read({"file": "a", "seconds": 5}) == (witness.Elsewhere("a", (), 5), [])
