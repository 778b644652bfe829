"""The console blocks of a page: read, run, compared with what they print, and put right.

tests/test_docs.py states the rules.
"""

from __future__ import annotations

import datetime
import os
import platform
import pwd
import re
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

INSTALLED = Path(sys.executable).parent
MARK = "--page-mark--"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
GAP = "..."
# a line of output that the page would take for a command, for its continuation or for the end
AMBIGUOUS = ("$ ", "> ", "```")


@dataclass(frozen=True)
class Step:
    """One command of a page, the line it stands on, and what it is said to print."""

    line: int
    command: str
    expected: tuple[str, ...]

    @property
    def output_line(self) -> int:
        """The line on which its output begins, or would begin."""
        return self.line + self.command.count("\n") + 1


class WrongPageError(Exception):
    """A page whose commands fail: there is nothing to write into it."""


def steps(page: str) -> list[Step]:
    """The commands of a page, in order."""
    commands: list[Step] = []
    for block in BLOCK.finditer(page):
        first = page.count("\n", 0, block.start(1)) + 1
        command: list[str] = []
        expected: list[str] = []
        start = first
        for number, line in enumerate([*block[1].splitlines(), "$ "], first):
            if line.startswith("$ "):
                if command:
                    commands.append(Step(start, "\n".join(command), tuple(expected)))
                command, expected, start = ([line[2:]] if line != "$ " else []), [], number
            elif line.startswith("> ") and not expected:
                command.append(line[2:])
            else:
                expected.append(line.rstrip())
    return commands


def pattern(expected: Sequence[str]) -> str:
    """The lines as one regular expression."""
    parts = [
        r"(?:[^\n]*\n)*?" if line == GAP else re.escape(line).replace(r"\.\.\.", "[^\n]*") + "\n"
        for line in expected
    ]
    return "".join(parts)


def is_printed(expected: Sequence[str], output: str) -> bool:
    """Whether the output is what the page says."""
    return re.fullmatch(pattern(expected), output) is not None


# what each writer says under VOUCHER_NOW: the pages say it once, in words
STAND_IN = re.compile(r"acting as if it were |按 \S+ \S+ 办理（")


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
                if not STAND_IN.match(line):
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
            if step.expected and not is_printed(step.expected, output):
                return (
                    f"line {step.line}: {step.command}\n--- the page says\n"
                    + "\n".join(step.expected)
                    + f"\n--- it prints\n{output}"
                )
    return ""


# ---------------------------------------------------------------- blessing


def blessed(page: str, folder: Path, programs: Path = INSTALLED) -> str:
    """The page with what its commands print, by the rules of tests/test_docs.py.

    Raises WrongPageError when a command fails, or prints what the page cannot hold.
    """
    runs = [
        _outputs(page, folder / name, programs) for name in ("once", "and-again")
    ]  # two folders whose names have not even the length in common
    lines = page.splitlines(keepends=True)
    for step, *outputs in reversed([*zip(steps(page), *runs, strict=True)]):
        if step.expected and all(is_printed(step.expected, output) for output in outputs):
            continue
        shown = merged(step.expected, common(*(output.splitlines() for output in outputs)))
        if not all(is_printed(shown, output) for output in outputs):
            raise WrongPageError(f"line {step.line}: {step.command}\ncannot be shown:\n{outputs}")
        start = step.output_line - 1
        lines[start : start + len(step.expected)] = [f"{line}\n" for line in shown]
    return "".join(lines)


def _outputs(page: str, folder: Path, programs: Path) -> list[str]:
    """What each command of the page prints, run in an empty folder."""
    folder.mkdir()
    outputs = []
    with terminal(folder, programs) as run:
        for step in steps(page):
            code, output = run(step.command)
            if code != 0:
                raise WrongPageError(f"line {step.line}: {step.command}\nexit {code}\n{output}")
            outputs.append(_masked(output, programs, folder))
    return outputs


def _masked(output: str, programs: Path, folder: Path) -> str:
    """The output without what belongs to this machine and this day."""
    places = "|".join(re.escape(str(place)) for place in (folder, programs, INSTALLED))
    names = (platform.python_version(), sqlite3.sqlite_version, pwd.getpwuid(os.getuid()).pw_name)
    words = "|".join(map(re.escape, (*names, platform.node())))
    today = datetime.date.today()
    days = "|".join(str(today + datetime.timedelta(days)) for days in (-1, 0, 1))  # in any zone
    masked = re.sub(rf"({places}|{days}|(?<![\w.-])({words})(?![\w.-]))", GAP, output)
    return "".join(
        GAP + line[1:] if line.startswith(AMBIGUOUS) else line
        for line in masked.splitlines(keepends=True)
    )


def common(once: Sequence[str], again: Sequence[str]) -> list[str]:
    """The lines of two runs, with `...` for whatever is not alike in both."""
    lines: list[str] = []
    for tag, i, k, j, m in SequenceMatcher(None, once, again, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += once[i:k]
        elif k - i == m - j:
            lines += map(_alike, once[i:k], again[j:m])
        else:
            lines.append(GAP)
    return lines


def _alike(once: str, again: str) -> str:
    """One line of both runs: the words that differ are `...`."""
    pairs = zip_longest(re.split(r"(\s+)", once), re.split(r"(\s+)", again))
    words = (one if one == other else GAP for one, other in pairs)
    return re.sub(r"(\.\.\.){2,}", GAP, "".join(word or "" for word in words))


def merged(expected: Sequence[str], printed: Sequence[str]) -> list[str]:
    """What the page says, put right: its lines that are still printed stay as they are, with
    their `...`, others give way to the line that is most like them, and what lies under a `...`
    line stays under it. The cheapest way to lay one list beside the other decides.
    """
    if not expected:
        return list(printed)
    best: dict[tuple[int, int], tuple[float, list[str]]] = {(0, 0): (0.0, [])}
    for i in range(len(expected) + 1):
        for j in range(len(printed) + 1):
            if i or j:
                ways = _ways(best, expected, printed, i, j)
                best[i, j] = min(ways, key=lambda way: way[0])
    return best[len(expected), len(printed)][1]


def _ways(
    best: dict[tuple[int, int], tuple[float, list[str]]],
    expected: Sequence[str],
    printed: Sequence[str],
    i: int,
    j: int,
) -> Iterator[tuple[float, list[str]]]:
    """The ways to have laid `i` expected lines beside `j` printed ones, each with its cost."""
    said = expected[i - 1] if i else ""
    if i and j and said != GAP:
        cost, lines = best[i - 1, j - 1]
        line = printed[j - 1]
        if is_printed([said], f"{line}\n"):
            yield cost, [*lines, said]
        else:
            yield cost + 2 - SequenceMatcher(None, said, line).ratio(), [*lines, line]
    if i:
        cost, lines = best[i - 1, j]
        yield (cost, [*lines, said]) if said == GAP else (cost + 2, lines)
    if j and said == GAP:
        yield best[i, j - 1]
    if j:
        cost, lines = best[i, j - 1]
        yield cost + 2, [*lines, printed[j - 1]]
