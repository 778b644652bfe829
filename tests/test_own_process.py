"""A spreadsheet and a file in the inbox are taken in by a process of their own, as at a desk and from cron."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import towns
import xlsxwriter

from vouchercli.ops.intake import apart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CLAIM = ["claim_no", "round", "resident", "claimed_at"]
NOW = ("--now", "2020-03-27 12:00")


def build(voucher: Any) -> None:
    towns.build(
        voucher,
        towns.programme(unused="next_round", clock={"jump": "2 days"}),
        towns.pack(),
        merchants="merchant_no,name\nM1,面馆\n",
    )
    towns.make_round(voucher, "r1", state="open", closes=towns.CLOSES)


def command(*args: str) -> Any:
    """(exit code, the JSON answer) of a whole command."""
    ran = subprocess.run(
        [sys.executable, "-m", "vouchercli", *args, "-o", "json", *NOW, "--actor", "mei"],
        capture_output=True,
        check=False,
    )
    return ran.returncode, json.loads(ran.stdout)


def write_workbook(path: Path, rows: Sequence[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)


def test_a_spreadsheet_at_the_desk_is_taken_in_apart(voucher: Any, here: Path) -> None:
    build(voucher)
    path = here / "claims.xlsx"
    assert apart.may_cost_much("-")
    write_workbook(path, [CLAIM, ["C1", "r1", "P1", "2020-03-27 09:00:00"]])
    assert apart.may_cost_much(path)
    code, answer = command("claim", "import", "claims.xlsx")
    assert (code, answer["data"]["accepted"]) == (0, 1)
    path.write_bytes(path.read_bytes()[:900])  # an archive that was cut
    code, answer = command("claim", "import", "claims.xlsx")
    assert code == 3 and answer["problems"]
    voucher("check")


def test_a_file_in_the_inbox_is_taken_in_apart(voucher: Any, here: Path) -> None:
    build(voucher)
    inbox = here / "inbox" / "voucher" / "claims"
    write_workbook(inbox / "good.xlsx", [CLAIM, ["C1", "r1", "P1", "2020-03-27 09:00:00"]])
    towns.write("inbox/voucher/claims/bad.csv", "nothing,of,this\n1,2,3\n")
    for name in ("good.xlsx", "bad.csv"):  # nobody has written to them for a while
        os.utime(inbox / name, (towns.at("2020-03-27 11:00"),) * 2)
    code, _ = command("schedule", "tick")
    assert code == 4
    assert (inbox / "done" / "good.xlsx").exists() and (inbox / "failed" / "bad.csv").exists()
    assert voucher("claim", "list", "-o", "json").data["claims"][0]["claim_no"] == "C1"
    voucher("check")
