"""Everyday commands load only what they need: a heavy library would be paid for at every start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {
    "pandas",
    "numpy",
    "polars",
    "pydantic",
    "pyarrow",
    "duckdb",
    "xlsxwriter",
    "sqlite_utils",
    "python_calamine",
    "click",
    "jinja2",
    "docx",
    "lxml",
    "cryptography",
}
LOADED = """
import json, sys
from vouchercli.cli.main import main
code = main(sys.argv[1:])
sys.stdout.flush()
print(json.dumps({"code": code, "modules": sorted({name.split(".")[0] for name in sys.modules})}), file=sys.stderr)
"""
EVERYDAY = (
    (("--version",), {"rich", "yaml"}),
    (("--help",), {"rich", "yaml"}),
    (("round", "create", "--help", "--lang", "zh"), {"rich", "yaml"}),
    (("report", "leverage", "-o", "json"), {"rich", "yaml"}),
    (("report", "rounds", "-o", "json"), {"rich", "yaml"}),
    (("report", "leverage", "--by", "day", "-o", "csv"), {"rich", "yaml"}),
    (("programme", "show", "-o", "csv"), {"rich"}),
    (("round", "list", "-o", "json"), {"rich", "yaml"}),
    (("report", "leverage"), {"yaml"}),
    (("round", "list"), {"yaml"}),
)


def loaded(folder: Path, *words: str) -> set[str]:
    """The top-level modules in memory after a command has run in a process of its own."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VOUCHER_", "LC_", "LANG", "COV"))
    }
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stderr.splitlines()[-1])
    assert told["code"] == 0, done.stderr
    return set(told["modules"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and a programme."""
    made = tmp_path_factory.mktemp("start")
    loaded(made, "init")
    loaded(made, "programme", "load", "hangzhou-2020")
    return made


@pytest.mark.parametrize(
    ("words", "also"),
    [
        pytest.param(*each, id=" ".join(each[0]), marks=[pytest.mark.slow] if place % 3 else [])
        for place, each in enumerate(EVERYDAY)
    ],
)
def test_an_everyday_command_loads_nothing_heavy(
    folder: Path, words: tuple[str, ...], also: set[str]
) -> None:
    assert loaded(folder, *words) & (HEAVY | also) == set()


@pytest.mark.parametrize("noun", ["merchant", "claim", "redemption"])
def test_a_small_import_loads_no_columns(folder: Path, noun: str) -> None:
    (folder / "m.csv").write_text("merchant_no,name\nM1,店\n", "utf-8")
    (folder / "c.csv").write_text("claim_no,round,resident,claimed_at\n", "utf-8")
    (folder / "r.csv").write_text(
        "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,subsidy\n", "utf-8"
    )
    assert (
        loaded(folder, noun, "import", f"{noun[0]}.csv", "-o", "json")
        & {"rich", "numpy", "polars", "pyarrow", "python_calamine"}
        == set()
    )


def test_a_heavy_library_is_found(folder: Path) -> None:
    assert "sqlite_utils" not in loaded(folder, "init", "--db", "other.db")
    assert "yaml" in loaded(folder, "programme", "load", "hangzhou-2020")
    assert "rich" in loaded(folder, "round", "list")
