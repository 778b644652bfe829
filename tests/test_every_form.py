"""Every report and list can be had in every form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from conftest import EVERY_COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

WORDS = {
    "report bulletin": ["--day", "2020-03-28"],
    "report compare": ["r1", "town"],
    "report explain": ["leverage"],
}
LISTS = sorted(
    command
    for command in EVERY_COMMAND - {"report site", "report nation", "lake list"}
    if command.startswith("report ") or command.endswith(" list")
)
# nothing of theirs is in this town
EMPTY = {
    *("application list", "correction list", "day list", "eligibility list", "series list"),
    "report forecasts",
    *("report fairness", "report operations", "report series", "report settlement"),
    *("case list", "risk list", "settlement list"),
}


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    def build() -> None:
        shops = "merchant_no,name,industry,district\nM1,面馆,餐饮,上城区\n"
        towns.build(voucher, towns.programme(), towns.pack(), merchants=shops)
        towns.make_round(voucher, "r1", packs=9, state="open")
        claim = "C1,r1,a,2020-03-27 08:00:01\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claim))
        paid = "T1,pay,C1,1,M1,2020-03-28 10:00:00,50,0,10,\n"
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + paid))

    once("every form", build)
    return voucher


@pytest.mark.parametrize("command", LISTS)
def test_in_every_form(town: Voucher, command: str) -> None:
    for form in ("csv", "html", "md", "docx", "xlsx"):
        town(*command.split(), *WORDS.get(command, []), "-O", f"page.{form}")
        assert Path(f"page.{form}").stat().st_size or (form, command) == ("csv", "report series")
    lines = town(*command.split(), *WORDS.get(command, []), "-o", "jsonl").out.splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert bool(lines) == (command not in EMPTY)
