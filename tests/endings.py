"""Whoever wants a round settled or a programme closed, and does what each refusal says until it is."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import towns

from vouchercli.cli.main import main

ACCOUNTS = "merchant_no,name,account_name,account_no,bank\nM3,three,合成三店,6228480000000000037,合成银行\n"
FILLED = {
    "--note WHAT": "--note agrees",
    "--note WHY": "--note so",
    "--evidence TEXT": "--evidence paper",
    "--reference NO": "--reference B1",
    "--bank PROFILE": "--bank voucher",
    "-O LIST.html": "-O list.html",
}
FINANCE = ("day sign", "settlement export", "settlement paid", "settlement repaid")
COMMAND = re.compile(r"voucher (.*?)(?:, or |, by |, with |; or|$)")
FORMAT = "%Y-%m-%d %H:%M"


class Said(NamedTuple):
    code: int
    data: Any
    problems: list[dict[str, Any]]


class Officer:
    """Works at one moment after the other. `gives_up`: debts are written off, not paid back, and so
    is what a merchant without an account is owed.
    """

    def __init__(self, now: str, *, gives_up: bool = False) -> None:
        self.now = datetime.strptime(now, FORMAT)
        self.gives_up = gives_up
        self.met: list[str] = []  # the codes of what was open
        self.files = 0

    def do(self, *args: str, by: str = "mei") -> Said:
        """A command, whatever comes of it."""
        out, err = io.StringIO(), io.StringIO()
        words = (*args, "-o", "json", "--actor", by, "--now", self.now.strftime(FORMAT))
        with redirect_stdout(out), redirect_stderr(err):
            code = main(words)
        assert code in (0, 3, 4), f"{words}: exit {code}\n{out.getvalue()}{err.getvalue()}"
        told = json.loads(out.getvalue())
        return Said(code, told["data"], told["problems"])

    def sure(self, *args: str, by: str = "mei") -> Said:
        """A command that must be done."""
        said = self.do(*args, by=by)
        assert said.code == 0, (args, said)
        return said

    def wait(self, days: int = 1) -> None:
        self.now += timedelta(days=days)

    def close(self, *, steps: int = 60) -> None:
        """Close the programme by doing what each refusal says."""
        for _ in range(steps):
            said = self.do("programme", "close", "town")
            if said.code == 0:
                self.sure("programme", "approve", "town", by="lin")
                return
            self.go_on(said.problems[1:] or said.problems)
        raise AssertionError(f"it never ends: {self.met[-20:]}, {said.problems}")

    def go_on(self, problems: list[dict[str, Any]]) -> None:
        """Do what the first thing asks for that is no mere waiting."""
        assert problems
        self.met += [each["code"] for each in problems]
        each = next((some for some in problems if some["code"] != "round_goes_on"), problems[0])
        if each["code"] == "vouchers_out":
            assert each["hint"].startswith("wait until then")
            self.wait(3)
        else:
            self.follow(each["code"], each["hint"])

    def follow(self, code: str, hint: str) -> None:
        """Run the command that a hint names, or where there are two the one of this officer."""
        if code == "dues_without_account" and not self.gives_up:
            self.sure("merchant", "import", towns.write("accounts.csv", ACCOUNTS))
            return
        commands = [each for each in COMMAND.findall(hint) if each]
        if code == "dues_without_account" or (code == "debt_open" and self.gives_up):
            said = self.run(next(each for each in commands if "write-off" in each))
            waits = str(said.data["write_off"])
            self.sure("settlement", "approve", "--write-off", waits, by="lin")
            return
        if code == "settlement_under_way" and "paid FILE" in hint:
            self.run(next(each for each in commands if "--reference" in each))
            return
        said = self.run(commands[0])
        if said.code == 3 and said.problems[0]["code"] in ("day_not_over", "too_early"):
            self.wait()
        elif said.code == 3:
            assert said.problems[0]["code"] == "round_not_done", said
            self.go_on(said.problems[1:] or said.problems)

    def run(self, command: str) -> Said:
        for blank, word in FILLED.items():
            command = command.replace(blank, word)
        if "--to FILE" in command:
            self.files += 1
            command = command.replace("--to FILE", f"--to sent-{self.files}.csv")
        words = command.replace("--actor NAME", "").split()
        start = " ".join(words[:2])
        by = "wu" if start in FINANCE else "lin" if words[1] == "approve" else "mei"
        if start == "settlement release":
            by = "zhao"
        return self.do(*words, by=by)

    def final(self) -> dict[str, Any]:
        """The final statement, which must add up."""
        told = self.sure("report", "funds", "--final").data
        for each in told["funds"]:
            paid = each["paid_fen"] - each["repaid_fen"] + each["own_fen"]
            back = each["returned_fen"] + each["at_the_end_fen"]
            assert each["given_fen"] == paid + back, each
            assert each["open_fen"] == each["difference_fen"] == 0
        assert self.sure("check", "--all").problems == []
        return dict(told)


def answer(rows: list[str]) -> str:
    head = "transfer_no,status,amount,paid_on,reference,reason_code,reason\n"
    return towns.write("answer.csv", head + "".join(f"{row}\n" for row in rows))


def sent(name: str) -> list[str]:
    """The numbers of the transfers in a payment file."""
    lines = Path(name).read_text("utf-8-sig").splitlines()[1:]
    return [line.split(",")[0] for line in lines]
