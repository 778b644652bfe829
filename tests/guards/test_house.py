"""The house itself: no machine's paths in the project, no test that proves nothing."""

from __future__ import annotations

import ast
import re
import subprocess
from typing import TYPE_CHECKING

from source import ROOT, called, none_of, trees_of_tests

if TYPE_CHECKING:
    from pathlib import Path

PLACES = re.compile(
    r"(?<![\w.])/(wor[k]|root|home/\w+|Users/\w+)/|/tm[p]/venv"
    r"|\b(pyp[i]|pythonhoste[d]|npmj[s]|crate[s]|debia[n]|ubunt[u]|golan[g])\.(org|io|com)\b"
)
TEXTS = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".sql", ".csv", ".json", ".cfg", ""}
NOT_OURS = (".git", ".venv", "__pycache__", "demo", "dist", "build")


def files() -> list[Path]:
    """The project's files, those that git would keep; without git, all but the usual litter."""
    asked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode == 0:
        found = [ROOT / name for name in asked.stdout.splitlines()]
    else:
        found = [
            path
            for path in ROOT.rglob("*")
            if not any(part.startswith(NOT_OURS) or part.endswith("_cache") for part in path.parts)
        ]
    return [path for path in found if path.is_file() and path.suffix in TEXTS]


def places(name: str, text: str) -> list[str]:
    """Lines that name a machine's folders or a package registry."""
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        if PLACES.search(line)
    ]


def proves_something(function: ast.FunctionDef, helpers: set[str]) -> bool:
    """Whether a test asserts, expects an exception, or calls a function of its file that does."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = called(node)
            if name in ("pytest.raises", "pytest.fail", "raises") or name in helpers:
                return True
    return False


def proofless(name: str, tree: ast.Module) -> list[str]:
    """Test functions that assert nothing."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    tests = [each for each in functions if each.name.startswith("test_")]
    helpers = {
        each.name
        for each in functions
        if each not in tests and any(isinstance(node, ast.Assert) for node in ast.walk(each))
    }
    return [
        f"{name}:{each.lineno}: {each.name} asserts nothing"
        for each in tests
        if not proves_something(each, helpers)
    ]


def test_no_file_names_a_machine() -> None:
    found = [
        complaint
        for path in files()
        for complaint in places(str(path.relative_to(ROOT)), path.read_text("utf-8", "replace"))
    ]
    assert none_of(found)


def test_a_machine_path_is_found() -> None:
    assert places("x.md", "see /" + "work/main and pypi" + ".org")
    assert places("x.md", "an ordinary line about work/life") == []


def test_every_test_proves_something() -> None:
    assert none_of(
        [complaint for name, tree in trees_of_tests() for complaint in proofless(name, tree)]
    )


def test_a_test_without_an_assertion_is_found() -> None:
    tree = ast.parse(
        "def test_it_runs():\n    main()\ndef test_it_works():\n    assert main() == 0"
    )
    assert proofless("x.py", tree) == ["x.py:1: test_it_runs asserts nothing"]
