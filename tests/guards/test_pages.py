"""The pages as a reader sees them: tables are whole, decisions are numbered, every variable of the
environment is named.
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from source import ROOT, modules, none_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
NUMBERED = {"decisions.md": "D", "performance.md": "P"}
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
BORDER = re.compile(r"(?<!\\)\|")
SEPARATOR = re.compile(r"\|( ?:?-+:? ?\|)+")
LONGEST_CELL = 320


def broken_tables(page: str) -> list[str]:
    """Rows that no reader would show in their table."""
    text = FENCED.sub(lambda block: "\n" * block[0].count("\n"), page)
    faults: list[str] = []
    widths: list[int] = []  # how many cells each row of the table at hand has
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if not line.startswith("|"):
            faults += [f"line {number - 1}: a row without a table"] if len(widths) == 1 else []
            widths = []
            continue
        widths.append(len(BORDER.split(line.strip()[1:-1])))
        if len(widths) == 2 and not SEPARATOR.fullmatch(line.strip()):
            faults.append(f"line {number - 1}: a table without a head")
        if widths[-1] != widths[0]:
            faults.append(f"line {number}: {widths[-1]} cells, its head has {widths[0]}")
    return faults


def long_cells(page: str) -> list[str]:
    """Cells that nobody reads in a table."""
    return [
        f"line {number}: {len(cell)} characters in a cell"
        for number, line in enumerate(page.splitlines(), 1)
        for cell in BORDER.split(line)
        if line.startswith("|") and len(cell) > LONGEST_CELL
    ]


def misnumbered(page: str, letter: str) -> list[str]:
    """Numbers and dates of a page that run backwards, or stand twice. A number may be left out:
    what is decided side by side counts from numbers of its own.
    """
    numbers = re.findall(rf"^\| ({letter}-\d+) \|", page, re.MULTILINE)
    day = r"(\d{4}-\d\d-\d\d)"
    dates = re.findall(rf"^(?:## |\| {letter}-\d+ \| ){day}", page, re.MULTILINE)
    return [
        *(f"{after} follows {before}" for before, after in pairwise(numbers) if after <= before),
        *(f"{after} follows {before}" for before, after in pairwise(dates) if after < before),
    ]


def dead_numbers(pages: Iterable[str]) -> list[str]:
    """Decisions that a page names and none makes."""
    texts = list(pages)
    made = {no for text in texts for no in re.findall(r"^\| ([DP]-\d{3}) \|", text, re.MULTILINE)}
    named = {no for text in texts for no in re.findall(r"\b[DP]-\d{3}\b", text)}
    return sorted(named - made)


def variables() -> set[str]:
    """The names that the program looks up in its environment."""
    nodes = [node for module in modules() for node in ast.walk(module.tree)]
    named = {
        ast.unparse(node.targets[0]): node.value.value
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    asked = [key for node in nodes for key in _keys(node)]
    constants = {key.value for key in asked if isinstance(key, ast.Constant)}
    return constants | {named[key.id] for key in asked if isinstance(key, ast.Name)}


def _keys(node: ast.AST) -> list[ast.expr]:
    """What is looked up: the X of `environ[X]`, `environ.get(X)`, `X in environ` and of
    `environ[name] for name in (X, Y)`.
    """
    match node:
        case ast.Subscript(value=where, slice=key) if _is_environment(where):
            return [] if isinstance(key, ast.Name) and key.id.islower() else [key]
        case ast.Call(func=ast.Attribute(value=where, attr="get" | "setdefault"), args=[key, *_]):
            is_name = isinstance(key, ast.Name) and key.id.islower()
            return [key] if _is_environment(where) and not is_name else []
        case ast.Compare(left=key, comparators=[where]) if _is_environment(where):
            return [key]
        case ast.GeneratorExp(elt=ast.Subscript(value=where), generators=[each]):
            is_tuple = isinstance(each.iter, ast.Tuple) and _is_environment(where)
            return each.iter.elts if is_tuple else []
    return []


def _is_environment(node: ast.expr) -> bool:
    return ast.unparse(node) in ("environ", "os.environ")


def unnamed(page: str, names: set[str]) -> list[str]:
    """Variables that no row of the page's tables names."""
    rows = "\n".join(line for line in page.splitlines() if line.startswith("| `"))
    return sorted(name for name in names if f"`{name}`" not in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_of_a_page_is_whole(page: Path) -> None:
    assert none_of(broken_tables(page.read_text("utf-8")))


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("| 1 | 2 |\n\n| 3 | 4 |\n| 5 | 6 |\n", "line 5: a table without a head"),
        ("| 1 | 2 |\n\n| 3 | 4 |\n\ntext\n", "line 5: a row without a table"),
        ("| 1 | 2 | 3 |\n", "line 3: 3 cells, its head has 2"),
        ("| 1 |\n", "line 3: 1 cells, its head has 2"),
    ],
)
def test_a_broken_table_is_found(rows: str, fault: str) -> None:
    assert broken_tables(f"| a | b |\n|---|---|\n{rows}") == [fault]


def test_a_whole_table_is_not_called_broken() -> None:
    page = "| a | b |\n|---|--:|\n| 1 | `x \\| y` |\n\n```\n| of a terminal\n```\n"
    assert broken_tables(page) == []


@pytest.mark.parametrize(("page", "letter"), NUMBERED.items())
def test_decisions_are_numbered_in_the_order_of_dates(page: str, letter: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert f"| {letter}-001 |" in text
    assert none_of(misnumbered(text, letter) + long_cells(text))


def test_a_wrong_number_or_date_and_a_long_cell_are_found() -> None:
    page = "## 2026-11-21\n| D-001 | a |\n## 2026-11-22\n| D-002 | b |\n"
    assert misnumbered(page, "D") + long_cells(page) == []
    assert long_cells(f"{page}| D-003 | {'x' * 400} |\n") == ["line 5: 402 characters in a cell"]
    assert misnumbered(page.replace("D-002", "D-001"), "D") == ["D-001 follows D-001"]
    assert misnumbered(page.replace("11-22", "11-20"), "D") == ["2026-11-20 follows 2026-11-21"]


def test_every_decision_that_a_page_names_is_there() -> None:
    assert none_of(dead_numbers(page.read_text("utf-8") for page in PAGES))
    assert dead_numbers(["| D-001 | x |\nsee D-001 and D-007"]) == ["D-007"]


def test_every_variable_of_the_environment_is_a_topic() -> None:
    names = variables()
    assert {"VOUCHER_DB", "VOUCHER_NOW", "LC_MESSAGES", "_VOUCHER_COMPLETE"} <= names
    assert none_of(unnamed((ROOT / "docs/topics.md").read_text("utf-8"), names))
    assert unnamed("VOUCHER_DB\n| `VOUCHER_NOW` | x |\n", {"VOUCHER_DB", "VOUCHER_NOW"}) == [
        "VOUCHER_DB"
    ]
