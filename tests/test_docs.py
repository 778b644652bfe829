"""Every ```console block of README.md and docs/ is run: one page is one session, in order, in a
folder of its own.

`$ command` is run by bash, lines that begin with `> ` continue it (a here-document). What follows
is compared with what a terminal would show; `...` alone stands for any lines, inside a line for any
text; no output given: only the exit code, 0, is asked for.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from processes import nursery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
INSTALLED = Path(sys.executable).parent
MARK = "--page-mark--"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One command of a page, the line it stands on, and what it is said to print."""

    line: int
    command: str
    expected: tuple[str, ...]


def steps(page: str) -> list[Step]:
    """The commands of a page, in order."""
    found: list[Step] = []
    for block in BLOCK.finditer(page):
        first = page.count("\n", 0, block.start(1)) + 1
        command: list[str] = []
        expected: list[str] = []
        start = first
        for number, line in enumerate([*block[1].splitlines(), "$ "], first):
            if line.startswith("$ "):
                if command:
                    found.append(Step(start, "\n".join(command), tuple(expected)))
                command, expected, start = ([line[2:]] if line != "$ " else []), [], number
            elif line.startswith("> ") and not expected:
                command.append(line[2:])
            else:
                expected.append(line.rstrip())
    return found


def pattern(expected: tuple[str, ...]) -> str:
    """The lines as one regular expression."""
    parts = [
        r"(?:[^\n]*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", "[^\n]*") + "\n"
        for line in expected
    ]
    return "".join(parts)


@contextmanager
def terminal(folder: Path, programs: Path) -> Iterator[Callable[[str], tuple[int, str]]]:
    """A shell for one page: exports last. Gives a function that runs a command and returns its exit
    code and what is shown; `programs` is where `voucher` lies.
    """
    # the last would compile the program anew for every command
    unwanted = (
        "VOUCHER_",
        "LC_",
        "PYTHONDONTWRITEBYTECODE",
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    paths = (programs, INSTALLED, os.environ["PATH"])
    environ |= {
        "PATH": ":".join(map(str, paths)),
        "LANG": "C.UTF-8",
        "COLUMNS": "80",
        "HOME": str(folder),
    }
    environ["PYTHONUNBUFFERED"] = "1"  # data and talk in the order of a terminal
    pipe = subprocess.PIPE
    with subprocess.Popen(
        ["bash"], cwd=folder, env=environ, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT
    ) as shell:
        assert shell.stdin and shell.stdout

        def run(command: str) -> tuple[int, str]:
            shell.stdin.write(
                f"{{ {command}\n}} </dev/null; status=$?; echo; echo {MARK} $status\n".encode()
            )
            shell.stdin.flush()
            lines = []
            while not (line := shell.stdout.readline().decode()).startswith(MARK):
                assert line, f"the shell ended in: {command}"
                lines.append(line.rstrip())
            text = "\n".join(lines[:-1] if lines[-1:] == [""] else lines)
            return int(line.split()[1]), f"{text}\n" if text else ""

        yield run
        shell.stdin.close()


def untrue(page: str, folder: Path, programs: Path = INSTALLED) -> str:
    """The first step of a page that does not do what the page says, or ''."""
    with terminal(folder, programs) as run:
        for step in steps(page):
            code, output = run(step.command)
            if code != 0:
                return f"line {step.line}: {step.command}\nexit {code}\n{output}"
            if step.expected and not re.fullmatch(pattern(step.expected), output):
                return (
                    f"line {step.line}: {step.command}\n--- the page says\n"
                    + "\n".join(step.expected)
                    + f"\n--- it prints\n{output}"
                )
    return ""


GUIDES = PAGES[1:]
# README.md with the program as it is installed; the guides so in the slow suite, and else from the
# nursery
RUNS = [
    pytest.param(PAGES[0], True, id="README.md"),
    *(pytest.param(page, False, id=page.name) for page in GUIDES),
    *(
        pytest.param(page, True, id=f"{page.name}, installed", marks=pytest.mark.slow)
        for page in GUIDES
    ),
]


@pytest.mark.parametrize(("page", "is_installed"), RUNS)
def test_a_page_tells_the_truth(page: Path, is_installed: bool, tmp_path: Path) -> None:
    wrong = untrue(page.read_text("utf-8"), tmp_path, INSTALLED if is_installed else nursery())
    assert not wrong, f"{page.name} {wrong}"


def test_a_page_that_lies_is_found(tmp_path: Path) -> None:
    assert untrue("```console\n$ echo one\ntwo\n```\n", tmp_path)
    assert untrue("```console\n$ false\n```\n", tmp_path)
    page = (
        "text\n```console\n$ cat > f <<EOF\n> a\n> b\n> EOF\n$ export X=1\n$ cat f; echo at"
        " $X$(date +%Y)\na\n...\nat 1...\n```\n"
    )
    assert untrue(page, tmp_path) == ""


def test_the_guides_are_run_at_all() -> None:
    run = {page.name: len(steps(page.read_text("utf-8"))) for page in PAGES}
    assert run["README.md"] >= 8
    assert run["operating.md"] >= 30
