"""Every ```console block of README.md, README.zh.md and docs/ is run: one page is one session, in
order, in a folder of its own.

`$ command` is run by bash, lines that begin with `> ` continue it (a here-document). What follows
is compared with what a terminal of 80 columns would show; `...` alone stands for any lines, inside
a line for any text; no output given: only the exit code, 0, is asked for.

`pytest --bless tests/test_docs.py` writes into the pages what their commands print:

- An output that fits stays byte for byte. So does each line that is still printed, with its `...`.
- A line that is printed no more gives way to the line that is most like it, or goes. A line that
  is new is written, unless it lies under a `...` line of the page.
- An output that is `...` alone fits always and stays. Take the `...` away, and the whole output is
  written: a command that prints, and whose output the page shall not show, needs the `...`.
- The page is run twice, in two folders. What differs between both (digests, random codes, times of
  the machine, durations) is written as `...`; so are folders, today's date, the login, the name of
  the machine and the versions of Python and SQLite. Whatever else varies is replaced by `...` by
  hand, once.
- An output line that would be read as a command, a continuation or the end of the block (`$ `,
  `> `, three backticks) begins with `...` instead of its first character.
- A page with a command that fails is not written: the command is mended first. A failure that the
  page wants to show ends with `; echo "exit code $?"`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pages import INSTALLED, WrongPageError, blessed, common, merged, steps, untrue
from processes import nursery

ROOT = Path(__file__).resolve().parents[1]
FRONTS = [page for page in (ROOT / "README.md", ROOT / "README.zh.md") if page.exists()]
GUIDES = [*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "zh").glob("*.md"))]
PAGES = (*FRONTS, *GUIDES)
# README.md with the program as it is installed; the others so in the slow suite, and else from the
# nursery
LONGEST = ("operating.md", "manual.md")  # many steps: with the slow suites
RUNS = [
    pytest.param(PAGES[0], True, id="README.md"),
    *(
        pytest.param(
            page, False, id=page.name, marks=[pytest.mark.slow] if page.name in LONGEST else []
        )
        for page in PAGES[1:]
    ),
    *(
        pytest.param(page, True, id=f"{page.name}, installed", marks=pytest.mark.slow)
        for page in PAGES[1:]
    ),
]
LYING = """\
Text stays.

```console
$ export GREETING=hello
$ echo $GREETING; echo 7 of 9; echo end
good bye
...f 9
end
$ cat <<EOF
> one
> two
> EOF
$ echo anything
...
$ seq 8
1
...
9
$ echo $PWD/x $RANDOM$RANDOM of $(pwd)
```
"""
TRUE = """\
Text stays.

```console
$ export GREETING=hello
$ echo $GREETING; echo 7 of 9; echo end
hello
...f 9
end
$ cat <<EOF
> one
> two
> EOF
one
two
$ echo anything
...
$ seq 8
1
...
8
$ echo $PWD/x $RANDOM$RANDOM of $(pwd)
.../x ... of ...
```
"""


@pytest.mark.parametrize(("page", "is_installed"), RUNS)
def test_a_page_tells_the_truth(
    page: Path, is_installed: bool, tmp_path: Path, bless: bool
) -> None:
    programs = INSTALLED if is_installed else nursery()
    if bless:
        text = page.read_text("utf-8")
        put_right = blessed(text, tmp_path, programs)
        if put_right != text:
            page.write_text(put_right, "utf-8")
        return
    wrong = untrue(page.read_text("utf-8"), tmp_path, programs)
    assert not wrong, (
        f"{page.name} {wrong}\nif that is right: pytest --bless tests/test_docs.py -k {page.name}"
    )


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("hledger"), reason="apt-get install hledger")
def test_what_other_programs_say_of_the_ledger_is_true(tmp_path: Path) -> None:
    """Not everybody who runs the pages has them: their blocks are no console blocks."""
    pytest.importorskip("beancount", reason="beancount has no wheel here")
    page = (ROOT / "docs" / "finance.md").read_text("utf-8")
    assert page.count("```text\n$ ") == 2
    assert not untrue(page.replace("```text\n$ ", "```console\n$ "), tmp_path, nursery())


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


def test_a_wrong_page_is_put_right_and_a_right_one_stays(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    assert blessed(LYING, tmp_path / "first") == TRUE
    assert blessed(TRUE, tmp_path / "second") == TRUE


def test_a_page_whose_command_fails_is_not_blessed(tmp_path: Path) -> None:
    with pytest.raises(WrongPageError, match="line 3: false"):
        blessed("```console\n$ true\n$ false\n```\n", tmp_path)


def test_what_a_page_would_take_for_a_command_is_written_with_dots(tmp_path: Path) -> None:
    page = "```console\n$ printf '$ ls\\n> x\\n```\\n'\n```\n"
    put_right = blessed(page, tmp_path)
    assert put_right.splitlines()[2:] == ["... ls", "... x", "...``", "```"]
    assert untrue(put_right, tmp_path) == ""


@pytest.mark.parametrize(
    ("expected", "printed", "right"),
    [
        (["...", "exit code 4"], ["x", "exit code 3"], ["...", "exit code 3"]),
        (["a", "b"], ["a", "new", "b"], ["a", "new", "b"]),
        (["a", "gone", "b"], ["a", "b"], ["a", "b"]),
        (
            ["head", "...", "total 7", "..."],
            ["head", "1", "2", "total 8", "note"],
            ["head", "...", "total 8", "..."],
        ),
        (["said ...", "batch 1"], ["said at 9", "batch 2"], ["said ...", "batch 2"]),
        (["a"], [], []),
    ],
)
def test_only_what_is_wrong_is_written(
    expected: list[str], printed: list[str], right: list[str]
) -> None:
    assert merged(expected, printed) == right


def test_what_two_runs_do_not_share_is_dots() -> None:
    assert common(["a 12 s b", "same"], ["a 9 s b", "same"]) == ["a ... s b", "same"]
    assert common(["x", "1", "2", "y"], ["x", "3", "y"]) == ["x", "...", "y"]
