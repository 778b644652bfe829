"""docs/commands.md, docs/commands.zh.md, the manual page and the pictures are what the scripts of
`make docs` write; the manual page is judged by groff.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
from collections import defaultdict
from difflib import unified_diff
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import EVERY_COMMAND, HIDDEN

ROOT = Path(__file__).resolve().parents[1]
MANUAL = ROOT / "docs" / "voucher.1"
REFERENCE = ("commands.md", "commands.zh.md", "voucher.1")
PICTURES = ("leverage.svg", "leverage.zh.svg")
ALLOWED = {"http://www.w3.org/2000/svg"}  # the name of the format, which nobody loads


def script(name: str) -> dict[str, Any]:
    """The names of a script that `make docs` runs."""
    return runpy.run_path(str(ROOT / "scripts" / name), run_name=name)


def outdated(written: dict[Path, str]) -> str:
    """How the files differ from what they should hold, and the command that mends them; or ''."""
    lines = [
        line
        for path, text in written.items()
        for line in unified_diff(
            path.read_text("utf-8").splitlines() if path.exists() else [],
            text.splitlines(),
            f"{path.name} as it is",
            f"{path.name} as it should be",
            n=0,
            lineterm="",
        )
    ]
    return "\n".join([*lines[:20], "run this command: make docs"]) if lines else ""


# ---------------------------------------------------------------- the commands


def test_the_reference_is_what_the_commands_say() -> None:
    written = script("make-reference")["written"]()
    assert {path.name for path in written} == set(REFERENCE)
    wrong = outdated(written)
    assert not wrong, wrong


def test_an_outdated_page_is_found_and_the_command_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    assert "make docs" in outdated({page: "new\n"})
    page.write_text("old\n", "utf-8")
    wrong = outdated({page: "new\n"})
    assert "-old\n+new" in wrong and wrong.endswith("make docs")
    assert outdated({page: "old\n"}) == ""


@pytest.mark.parametrize("name", REFERENCE)
def test_every_command_has_its_place_and_shared_options_are_described_once(name: str) -> None:
    text = (ROOT / "docs" / name).read_text("utf-8").replace("\\-", "-")
    headings = re.findall(r'^(?:##+ |\.SS ")(voucher [a-z -]+)', text, re.MULTILINE)
    assert {heading.strip() for heading in headings} >= {
        f"voucher {command}" for command in EVERY_COMMAND - HIDDEN
    }
    for option in ("--db", "--programme", "--lang", "--actor", "--now", "--as-of", "--dry-run"):
        terms = re.findall(rf'^(?:- `|\.B "){option}\b', text, re.MULTILINE)
        assert len(terms) == 1, option


def test_every_variable_that_the_program_reads_is_explained() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "vouchercli").rglob("*.py"))
    read = set(re.findall(r"environ(?:\.get\(|\[)\"(VOUCHER_[A-Z]+)\"", source))
    assert len(read) >= 4
    for name in REFERENCE:
        text = (ROOT / "docs" / name).read_text("utf-8")
        assert read <= set(re.findall(r'(?:- `|\.B ")(VOUCHER_[A-Z]+)', text)), name


def complaints(page: Path) -> str:
    """What groff and man have to say against a manual page."""
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "MANWIDTH": "80"}
    said = ""
    for command in (["groff", "-man", "-ww", "-Tutf8"], ["man", "--warnings", "-l"]):
        if shutil.which(command[0]):
            ran = subprocess.run(
                [*command, str(page)], env=environ, capture_output=True, text=True, encoding="utf-8"
            )
            said += ran.stderr + ("" if ran.returncode == 0 else f"{command}: {ran.returncode}")
    return said


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_groff_and_man_read_the_manual_page_without_a_warning(tmp_path: Path) -> None:
    assert complaints(MANUAL) == ""
    bad = tmp_path / "bad.1"
    bad.write_text(MANUAL.read_text("utf-8") + ".NOSUCH request\n", "utf-8")
    assert "NOSUCH" in complaints(bad)


# ---------------------------------------------------------------- the pictures


def lines_shown(svg: str) -> list[str]:
    """The texts of a picture, line by line."""
    lines: dict[float, list[str]] = defaultdict(list)
    for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        lines[float(element.attrib["y"])].append(element.text or "")
    return [" ".join(words) for _, words in sorted(lines.items())]


@pytest.mark.slow  # it builds the demo once more
def test_the_pictures_show_what_the_report_of_the_demo_prints(tmp_path: Path) -> None:
    made = script("make-pictures")
    made["build_demo"](tmp_path / "demo")
    drawn = made["pictures"](tmp_path / "demo")
    assert {path.name for path in drawn} == set(PICTURES)
    for path, svg in drawn.items():
        assert lines_shown(path.read_text("utf-8")) == lines_shown(svg), (
            f"{path.name} is not what the report shows; run this command: make docs"
        )


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_whole_in_itself(name: str) -> None:
    svg = (ROOT / "docs" / "images" / name).read_text("utf-8")
    assert set(re.findall(r"\w+://[^\s\"')]+", svg)) == ALLOWED
    assert "@font-face" not in svg and "<script" not in svg
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(ids) == len(set(ids)) and all(each.startswith("leverage-") for each in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(ids)
    shown = lines_shown(svg)
    assert "voucher report leverage" in {line.replace("\xa0", " ") for line in shown}
    assert any(line.endswith("10.66 9.66 4.70") for line in shown)
