"""The `voucher` fixture: one command line through main(), in a folder of its own, in English, at a fixed moment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="rewrite the golden files instead of comparing with them")


@pytest.fixture
def bless(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(request.config.getoption("--bless"))


@dataclass(frozen=True)
class Ran:
    """What one command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def data(self) -> Any:
        return self.json["data"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, without the machine's locale and settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("VOUCHER_DB", "VOUCHER_LANG", "VOUCHER_ACTOR", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VOUCHER_NOW", "2020-03-20T09:00:00+08:00")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def voucher(here: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run `voucher ARGS...` in `here`; `expect` is the exit code it must have (None: any)."""

    def run(*args: str, expect: int | None = 0) -> Ran:
        capfd.readouterr()
        code = main(args)
        captured = capfd.readouterr()
        ran = Ran(code, captured.out, captured.err)
        assert expect is None or code == expect, f"exit {code}, not {expect}\n{ran.out}\n{ran.err}"
        return ran

    return run
