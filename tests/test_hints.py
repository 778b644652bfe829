"""Hints that are there to be pasted name the programme where the command did that they answer."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.cli.pasting import for_programme

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            'voucher report leverage --as-of "2020-04-16 24:00"',
            'voucher report leverage --as-of "2020-04-16 24:00" --programme P',
        ),
        (
            "voucher round plan r1, then voucher round list",
            "voucher round plan r1 --programme P, then voucher round list --programme P",
        ),
        ("voucher round open r1: or not", "voucher round open r1 --programme P: or not"),
        ("见 voucher report rounds。", "见 voucher report rounds --programme P。"),
        (
            'voucher draw verify "a b.json" --entrants x',
            'voucher draw verify "a b.json" --entrants x --programme P',
        ),
        ("voucher round show r1 --programme q", "voucher round show r1 --programme q"),
        ("voucher batch list", "voucher batch list"),
    ],
)
def test_a_hint_names_the_programme_at_the_end_of_its_command(told: str, expected: str) -> None:
    assert for_programme(told, "P") == expected
    assert for_programme(told, None) == told


def advice(said: str) -> list[str]:
    """The commands of the last `next:` line."""
    hint = said[said.rindex("next: ") + len("next: ") :].strip()
    return [part for part in re.split(r", then |, correct it, |; ", hint) if part]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_several_files_in_a_hint_are_several_words(
    voucher: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "two words"
    folder.mkdir()
    database = folder / "voucher.db"
    voucher("--db", str(database), "init")
    exposed = [database, folder / "schedule.out"]
    exposed[1].write_text("")
    for each in exposed:
        each.chmod(0o604)
    said = voucher("--db", str(database), "doctor", expect=None).err
    (command,) = [line for line in said.splitlines() if "chmod o=" in line]
    subprocess.run(["/bin/sh", "-c", command.split("next: ")[1]], check=True)
    assert [each.stat().st_mode & 0o007 for each in exposed] == [0, 0]


@pytest.mark.parametrize("noun", ["merchant", "application", "eligibility", "claim", "redemption"])
def test_the_way_out_of_an_unknown_layout_stays_with_the_kind_of_file(
    voucher: Callable[..., Any], here: Path, noun: str
) -> None:
    voucher("init")
    voucher("programme", "load", "county-example")
    Path("odd file.csv").write_text("a,b,c\n1,2,3\n")
    refused = voucher(noun, "import", "odd file.csv", expect=3).err
    guess = next(line for line in refused.splitlines() if "next: " in line)
    first, second = advice(guess)[0], advice(guess)[1]
    voucher(*shlex.split(first)[1:])
    kind = {"eligibility": "eligibility"}.get(noun, f"{noun}s")
    assert f"kind: {kind}\n" in Path("my-platform.yaml").read_text()
    again = voucher(*shlex.split(second.removeprefix("then "))[1:], expect=None).err
    assert "other_kind" not in again and "wrong_kind" not in again


def test_a_kind_of_file_is_named_with_its_article(voucher: Callable[..., Any], here: Path) -> None:
    voucher("init")
    voucher("programme", "load", "county-example")
    Path("c.csv").write_text("claim_no,round,resident,claimed_at\n")
    for noun, kind in (("application", "applications file"), ("eligibility", "eligibility list")):
        said = voucher(noun, "import", "c.csv", expect=3).err
        assert f"c.csv has the columns of the claims file, not of the {kind} [other_kind]" in said
        Path("odd.csv").write_text("a,b,c\n1,2,3\n")
        said = voucher(noun, "import", "odd.csv", expect=3).err
        assert f"odd.csv fits no profile of the {kind}; columns found: a, b, c" in said
