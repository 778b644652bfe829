"""Which room may import which is said in pyproject.toml, and so is what may be called where: `make
lint` asks import-linter and ruff. Here each of their rules is seen to fail once, and what neither
can say is looked for: who but cli/ speaks.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from source import ROOT, Module, modules, none_of, sample

BIN = Path(sys.executable).parent


def voices(module: Module) -> list[str]:
    """Only cli/ writes to the streams (ruff sees who prints)."""
    if module.room == "cli":
        return []
    names = [ast.unparse(node) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)]
    return [f"{module.name} uses {name}" for name in names if name in ("sys.stdout", "sys.stderr")]


def test_only_the_command_line_speaks() -> None:
    assert none_of([complaint for module in modules() for complaint in voices(module)])


def test_a_speaking_operation_is_found() -> None:
    assert voices(sample("import sys\nsys.stderr.write('x')"))


def linted(text: str, file: str) -> str:
    """What ruff says of a text that stood in that file, by the project's own rules."""
    ran = subprocess.run(
        [BIN / "ruff", "check", "--no-cache", "--output-format=concise", "--stdin-filename", file],
        input=text,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout


@pytest.mark.parametrize(
    ("text", "file", "code"),
    [
        ("print('opened')\n", "vouchercli/ops/rounds/x.py", "T201"),
        ("import time\n\nAT = time.time()\n", "vouchercli/cli/x.py", "TID251"),
        ("import datetime\n\nAT = datetime.datetime.now()\n", "vouchercli/rules/x.py", "TID251"),
        ("from datetime import date\n\nON = date.today()\n", "vouchercli/store/x.py", "TID251"),
        ("import click\n\nclick.echo('x')\n", "vouchercli/cli/x.py", "TID251"),
    ],
)
def test_what_a_room_must_not_call_is_found(text: str, file: str, code: str) -> None:
    assert code in linted(text, file)
    assert code not in linted('"""A room."""\n', file)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program, to be spoiled."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copytree(
        ROOT / "vouchercli", copy / "vouchercli", ignore=shutil.ignore_patterns("*.pyc")
    )
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def contract(house: Path, name: str) -> str:
    """What import-linter says of one contract there."""
    ran = subprocess.run(
        [BIN / "lint-imports", "--no-cache", "--contract", name],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house)},
        capture_output=True,
        text=True,
        check=False,
    )
    return "broken" if ran.returncode == 1 and "BROKEN" in ran.stdout else ran.stdout + ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("floors", "store/x.py", "from vouchercli.ops import sessions"),
        ("floors", "rules/x.py", "def f():\n    from vouchercli.store import db"),
        ("formats", "formats/x.py", "from vouchercli.rules import money"),
        ("words", "cli/x.py", "from vouchercli.store import rounds"),
        ("wings-of-ops", "ops/intake/x.py", "from vouchercli.ops.granting import grants"),
        ("wings-of-ops", "ops/setup/x.py", "from vouchercli.ops.rounds import drafts"),
        ("wings-of-formats", "formats/written/x.py", "from vouchercli.formats.tables import csvs"),
        ("circles", "store/x.py", "def f():\n    from vouchercli.store import y"),
        ("law", "rules/x.py", "import random"),
        ("law", "rules/x.py", "import polars"),
    ],
)
def test_an_import_against_the_direction_is_found(
    house: Path, name: str, file: str, text: str
) -> None:
    beside = house / "vouchercli/store/y.py"
    spoiled = house / "vouchercli" / file
    spoiled.write_text(text + "\n", "utf-8")
    beside.write_text("from vouchercli.store import x\n" if name == "circles" else "", "utf-8")
    try:
        assert contract(house, name) == "broken"
    finally:
        spoiled.unlink()
        beside.unlink()
