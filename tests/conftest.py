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


PROGRAMME = """\
programme: town
name: {zh: 小镇, en: Town}
time_zone: Asia/Shanghai
currency: CNY
funders: {treasury: {kind: public, amount: "1000000.00"}, shops: {kind: merchant}}
limits: {packs_per_resident_per_round: 1, vouchers_per_merchant_per_day: 2}
refunds: POLICY
"""
TEMPLATE = """\
template: pack
name: {zh: 消费券, en: Voucher}
coupons:
  - {count: 3, kind: amount_off, denomination: "10.00", threshold: "40.00"}
  - {kind: percent_off, percent: "10", threshold: "2000.00", cap: "400.00"}
validity: {days_after_claim: 7}
funding: {treasury: "100%"}
"""
CLAIMS = """\
claim_no,round,resident,claimed_at
C1,r1,330102199001010011,2020-03-27 08:00:01
C2,r1,330102199001010022,2020-03-27 08:00:02
C3,r1,330102199001010033,2020-03-27 08:00:03
"""
MERCHANTS = "merchant_no,name,district\nM1,面馆,西湖区\nM2,书店,上城区\n"


@pytest.fixture
def city(voucher: Callable[..., Ran], here: Path) -> Callable[..., Callable[..., Ran]]:
    """A small town with an open round r1 (10 packs), two merchants and three claims; `city(policy)` gives `voucher`."""

    def build(policy: str = "full_restores", *, with_claims: bool = True) -> Callable[..., Ran]:
        for name, text in (("programme.yaml", PROGRAMME.replace("POLICY", policy)), ("pack.yaml", TEMPLATE), ("claims.csv", CLAIMS),
                           ("merchants.csv", MERCHANTS)):
            (here / name).write_text(text, "utf-8")
        voucher("init")
        voucher("programme", "load", "programme.yaml")
        voucher("template", "add", "pack.yaml")
        voucher("round", "create", "r1", "--template", "pack", "--packs", "10", "--opens-at", "2020-03-27 08:00", "--closes-at",
                "2020-03-28 08:00", "--actor", "mei")
        voucher("round", "submit", "r1", "--actor", "mei")
        voucher("round", "approve", "r1", "--actor", "lin")
        voucher("round", "open", "r1", "--actor", "mei", "--now", "2020-03-27 08:00")
        voucher("merchant", "import", "merchants.csv")
        if with_claims:
            voucher("claim", "import", "claims.csv")
        return voucher

    return build
