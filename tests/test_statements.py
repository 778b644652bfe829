"""Statements of merchants: they add up to the fen, whatever happened; files of all merchants are
written whole, once, and go on after a kill.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import test_settlements as of
import towns
from processes import forked
from python_calamine import CalamineWorkbook
from test_settlements import LATER, LIN, MEI, WU

from vouchercli.ops.settlements import statement_files

town = of.town
FILES = ("settlement", "statement", "--all", "--to", "out")


def statement(voucher: Any, merchant: str, *args: str) -> Any:
    return voucher("settlement", "statement", merchant, "-o", "json", *LATER, *args).data


def balance(said: Any) -> tuple[int, int, int, int, int, int]:
    (row,) = said["balances"]
    names = ("opening", "booked", "paid", "repaid", "written_off", "closing")
    opening, booked, paid, repaid, written_off, closing_ = (row[f"{each}_fen"] for each in names)
    return opening, booked, paid, repaid, written_off, closing_


def contents(folder: str) -> dict[str, bytes]:
    return {
        each.name: each.read_bytes()
        for each in Path(folder).iterdir()
        if each.suffix in (".xlsx", ".csv", ".html")
    }


def paid_town(voucher: Any) -> None:
    """M1 is paid 30 yuan and gives 10 of them back; M2 is held, M3 has no account."""
    of.settle(voucher, "2020-03-27")
    of.send(voucher, 1)
    of.hear(voucher, "S1-1,paid,30.00,2020-03-30,B1,,", "S1-2,rejected,10.00,,B2,AC01,no such")
    of.pay(voucher, "late.csv", "R1 C1 1 M1 2020-03-28 11:00 T1")
    hold = ("settlement", "hold", "--merchant", "M2", "--reason", "under_inquiry")
    voucher(*hold, "--evidence", "letter 7", *MEI, *LATER)


# ---------------------------------------------------------------- one merchant


def test_a_statement_says_what_was_redeemed_and_paid(town: Any) -> None:
    paid_town(town)
    said = statement(town, "M1")
    assert balance(said) == (0, 2000, 3000, 0, 0, -1000)
    assert said["account"] == "***************0011"
    assert [
        (row["booked_on"], row["payments"], row["refunds"], row["base_fen"])
        for row in said["redeemed"]
    ] == [("2020-03-27", 3, 0, 15000), ("2020-03-28", 0, 1, -5000)]
    assert said["redeemed_total"]["funder_treasury_fen"] == 2000
    assert [(row["transfer_no"], row["reference"]) for row in said["settled"]] == [("S1-1", "B1")]
    assert [(row["reason"], row["amount_fen"]) for row in said["open"]] == [
        ("day_not_settled", -1000)
    ]


def test_what_is_held_or_came_back_says_why(town: Any) -> None:
    paid_town(town)
    said = statement(town, "M2")
    assert balance(said) == (0, 1000, 0, 0, 0, 1000)
    assert [(row["reason"], row["amount_fen"]) for row in said["open"]] == [("under_inquiry", 1000)]
    assert [(row["state"], row["reason"]) for row in said["settled"]] == [("rejected", "no such")]
    assert [row["reason"] for row in statement(town, "M3")["open"]] == ["no_account"]


def test_what_a_merchant_owes_stands_with_its_age_and_a_reminder(town: Any) -> None:
    paid_town(town)
    of.sign(town, "2020-03-28")
    of.settle(town, "2020-03-28")
    ran = town("settlement", "statement", "M1", *LATER)
    assert "M1 owes treasury 10.00 yuan since 2020-03-28: please pay it back" in ran.err
    assert "held as disputed" in ran.err
    (debt,) = statement(town, "M1")["debts"]
    assert (debt["amount_fen"], debt["days"]) == (1000, 2)
    town("settlement", "repaid", "M1", "4", "--reference", "B9", *WU, *LATER)
    assert balance(statement(town, "M1")) == (0, 2000, 3000, 400, 0, -600)
    give_up = ("settlement", "write-off", "M1", "--note", "closed", "--evidence", "register")
    number = str(town(*give_up, "-o", "json", *MEI, *LATER).data["write_off"])
    town("settlement", "approve", "--write-off", number, *LIN, *LATER)
    said = statement(town, "M1")
    assert balance(said) == (0, 2000, 3000, 400, 600, 0)
    assert [(row["kind"], row["on"]) for row in said["given"]] == [
        ("repaid", "2020-03-30"),
        ("written_off", "2020-03-30"),
    ]
    assert not said["open"]


def test_a_payment_that_is_corrected_leaves_its_day_as_it_was(town: Any) -> None:
    correct = ("redemption", "correct", "T2", "--reverse", "--note", "twice", "--evidence", "x")
    number = str(town(*correct, "-o", "json", *MEI, *LATER).data["correction"])
    town("correction", "approve", number, *LIN, *LATER)
    said = statement(town, "M1")
    assert [(row["booked_on"], row["payments"]) for row in said["redeemed"]] == [
        ("2020-03-27", 3),
        ("2020-03-28", -1),
    ]
    assert balance(said)[-1] == 2000 == sum(row["amount_fen"] for row in said["open"])


def test_a_period_begins_where_the_last_one_ended(town: Any) -> None:
    paid_town(town)
    before = statement(town, "M1", "--until", "2020-03-27")
    after = statement(town, "M1", "--since", "2020-03-28")
    assert balance(before) == (0, 3000, 0, 0, 0, 3000)
    assert balance(after) == (3000, -1000, 3000, 0, 0, -1000)
    refused = town(
        *["settlement", "statement", "M1", "--since", "2020-03-29", "--until", "2020-03-27"],
        *LATER,
        expect=2,
    )
    assert "empty_window" in refused.err


def test_chinese_readers_read_chinese(town: Any) -> None:
    paid_town(town)
    ran = town("settlement", "statement", "M2", "--lang", "zh", *LATER)
    assert "商户对账单：M2" in ran.out
    assert "under_inquiry" not in ran.out
    assert "如有异议" in ran.err
    ran = town("settlement", "statement", "M2", "--lang", "zh", "-o", "csv", *LATER)
    assert "期末余额（元）" in ran.out


def test_every_form_has_it(town: Any) -> None:
    paid_town(town)
    for form in ("xlsx", "html", "csv"):
        town("settlement", "statement", "M1", "-O", f"M1.{form}", *LATER)
    book = CalamineWorkbook.from_path("M1.xlsx")
    sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
    cells = [cell for sheet in sheets for row in sheet.to_python() for cell in row]
    assert -10 in cells
    assert "***************0011" in cells
    for form in ("html", "csv"):
        text = Path(f"M1.{form}").read_text("utf-8")
        assert "***************0011" in text
        assert "6228480000000000011" not in text


def test_who_is_not_known_has_no_statement(town: Any) -> None:
    refused = town("settlement", "statement", "M9", *LATER, expect=3)
    assert "unknown_merchant" in refused.err


# ---------------------------------------------------------------- whatever happens


DAYS = ("27", "28", "29")
SHOPS = ("M1", "M2", "M3")


class Office:
    """Pays, gives back, settles, holds and hears by chance."""

    def __init__(self, voucher: Any, seed: int) -> None:
        self.voucher, self.chance = voucher, random.Random(seed)
        self.free = [(claim, coupon) for claim in ("C1", "C2", "C3") for coupon in range(1, 6)]
        self.spent: list[tuple[str, str, int, str]] = []
        self.settlements = self.numbers = 0

    def live(self) -> None:
        for day in DAYS:
            self._trade(day)
            if self.spent and self.chance.random() < 0.3:
                self._hold()
            of.sign(self.voucher, f"2020-03-{day}")
            made = of.settle(self.voucher, f"2020-03-{day}").data["settlements"]
            for each in made:
                self.settlements = each["settlement"]
                self._pay(each["settlement"])
            self._release()
            self._repay()

    def _trade(self, day: str) -> None:
        rows = []
        for _ in range(self.chance.randint(1, 4)):
            claim, coupon = self.free.pop(self.chance.randrange(len(self.free)))
            self.numbers += 1
            shop = self.chance.choice(SHOPS)
            self.spent.append((f"T{self.numbers}", claim, coupon, shop))
            rows.append(f"T{self.numbers} {claim} {coupon} {shop} 2020-03-{day} 12:00")
        for _ in range(self.chance.randint(0, 2) if day != DAYS[0] else 0):
            number, claim, coupon, shop = self.spent.pop(0)
            rows.append(f"R{number} {claim} {coupon} {shop} 2020-03-{day} 13:00 {number}")
        of.pay(self.voucher, f"day-{day}.csv", *rows)

    def _hold(self) -> None:
        number, _, _, shop = self.chance.choice(self.spent)
        what = self.chance.choice([("--merchant", shop), ("--transaction", number)])
        said = ("--reason", "disputed", "--evidence", "call")
        self.voucher("settlement", "hold", *what, *said, *MEI, *LATER, expect=None)

    def _pay(self, number: int) -> None:
        if self.chance.random() < 0.2:
            return
        of.send(self.voucher, number, f"pay-{number}.csv")
        rows = []
        for transfer, (_, state, fen) in of.transfers(self.voucher, number).items():
            answer = self.chance.choice(["paid", "paid", "rejected", ""])
            if answer and state == "sent":
                rows.append(f"{transfer},{answer},{fen / 100:.2f},2020-03-30,B{number},AC01,")
        if rows:
            of.hear(self.voucher, *rows, name=f"answer-{number}.csv", expect=None)

    def _release(self) -> None:
        for each in self.voucher("settlement", "holds", "-o", "json", *LATER).data["holds"]:
            if self.chance.random() < 0.5:
                number = str(each["hold"])
                self.voucher("settlement", "release", number, "--note", "ok", *LIN, *LATER)

    def _repay(self) -> None:
        for each in self.voucher("settlement", "debts", "-o", "json", *LATER).data["debts"]:
            yuan = str(self.chance.randint(1, each["amount_fen"] // 100))
            words = ("settlement", "repaid", each["merchant_no"], yuan, "--reference", "B")
            self.voucher(*words, *WU, *LATER)


def booked(merchant: str) -> int:
    """What vouchers paid at a merchant, straight from the facts: ten yuan each, refunds off."""
    with closing(sqlite3.connect("voucher.db")) as db:
        return 1000 * int(
            db.execute(
                "SELECT sum(iif(refund_of IS NULL, 1, -1)) FROM redemptions JOIN merchants"
                " USING (merchant_id) WHERE merchant_no = ?",
                (merchant,),
            ).fetchone()[0]
            or 0
        )


def seeds(often: int, rarely: int) -> list[Any]:
    return [
        pytest.param(seed, marks=[] if seed < often else pytest.mark.slow) for seed in range(rarely)
    ]


@pytest.mark.parametrize("seed", seeds(4, 60))
def test_statements_add_up_whatever_happened(voucher: Any, once: Any, seed: int) -> None:
    def begin() -> None:
        of.build(voucher)
        claims = [f"C{n},r1,P{n},2020-03-27 09:00\n" for n in (1, 2, 3)]
        towns.write("claims.csv", towns.CLAIMS + "".join(claims))
        voucher("claim", "import", "claims.csv", *MEI, "--now", "2020-03-27 09:30")

    once("statements", begin)
    Office(voucher, seed).live()
    voucher("check")
    for merchant in SHOPS:
        said = statement(voucher, merchant)
        opening, redeemed, paid, repaid, written_off, closing_ = balance(said)
        assert opening == 0
        assert redeemed == booked(merchant)
        assert closing_ == redeemed - paid + repaid + written_off
        assert closing_ == sum(row["amount_fen"] for row in said["open"])
        assert paid == sum(r["amount_fen"] for r in said["settled"] if r["state"] == "paid")
        for last, first in (("27", "28"), ("28", "29"), ("29", "30")):
            before = balance(statement(voucher, merchant, "--until", f"2020-03-{last}"))
            after = balance(statement(voucher, merchant, "--since", f"2020-03-{first}"))
            assert before[-1] == after[0]
            assert after[-1] == closing_


# ---------------------------------------------------------------- all merchants


@pytest.mark.parametrize("form", ["xlsx", "csv", "html"])
def test_every_merchant_gets_a_file_once(town: Any, form: str) -> None:
    paid_town(town)
    first = town(*FILES, "--form", form, "-o", "json", *WU, *LATER).data
    assert (first["merchants"], first["written"], first["same"]) == (3, 3, 0)
    files = contents("out")
    assert {*files} == {f"{each}.{form}" for each in SHOPS}
    again = town(*FILES, "--form", form, "-o", "json", *WU, *LATER).data
    assert (again["written"], again["same"]) == (0, 3)
    assert contents("out") == files
    Path("out", f"M1.{form}").write_text("changed by hand", "utf-8")
    mended = town(*FILES, "--form", form, "-o", "json", *WU, *LATER).data
    assert (mended["written"], mended["same"]) == (1, 2)
    assert contents("out") == files
    assert not [*Path("out").glob(".*.part")]


def test_a_file_is_the_statement_of_one(town: Any) -> None:
    paid_town(town)
    town(*FILES, "--form", "xlsx", *WU, *LATER)
    town("settlement", "statement", "M2", "-O", "M2.xlsx", *LATER)
    assert Path("out", "M2.xlsx").read_bytes() == Path("M2.xlsx").read_bytes()


def test_only_what_changed_is_written_anew(town: Any) -> None:
    paid_town(town)
    town(*FILES, "--form", "csv", *WU, *LATER)
    of.pay(town, "more.csv", "T9 C3 1 M3 2020-03-29 12:00")
    told = town(*FILES, "--form", "csv", "-o", "json", *WU, *LATER).data
    assert (told["written"], told["same"]) == (1, 2)


def test_one_settlement_and_its_merchants(town: Any) -> None:
    paid_town(town)
    told = town(*FILES, "--form", "csv", "--settlement", "1", "-o", "json", *WU, *LATER).data
    assert told["merchants"] == 2
    assert {*contents("out")} == {"M1.csv", "M2.csv"}
    town(*FILES, "--form", "csv", "--settlement", "7", *WU, *LATER, expect=3)


def test_files_for_all_stand_in_the_log_and_ask_for_staff(town: Any) -> None:
    town(*FILES, "--form", "csv", "--actor", "nobody", *LATER, expect=3)
    assert not Path("out").exists()
    town(*FILES, "--form", "csv", "--dry-run", *WU, *LATER)
    assert not Path("out").exists()
    town(*FILES, "--form", "csv", *WU, *LATER)
    lines = town("audit", "log", "-o", "json").data
    (line,) = [each for each in str(lines).split("}, {") if "settlement.statements" in each]
    assert "wu" in line
    town("audit", "verify")


def test_what_is_asked_must_make_sense(town: Any) -> None:
    for words in ((), ("M1", "--all"), ("M1", "--to", "out"), ("M1", "--form", "csv")):
        refused = town("settlement", "statement", *words, *LATER, expect=2)
        assert "one_merchant_or_all" in refused.err
    for words in (("--to", "out"), ("--form", "csv"), ("--to", "out", "--form", "docx")):
        refused = town("settlement", "statement", "--all", *words, *WU, *LATER, expect=2)
        assert "form_needed" in refused.err


def test_a_folder_of_others_is_left_alone(town: Any) -> None:
    Path("out").mkdir()
    Path("out", "letter.txt").write_text("mine", "utf-8")
    refused = town(*FILES, "--form", "csv", *WU, *LATER, expect=3)
    assert "not_its_folder" in refused.err
    assert [each.name for each in Path("out").iterdir()] == ["letter.txt"]


def test_numbers_make_safe_and_different_names() -> None:
    numbers = [
        "M1",
        "../M1",
        ".M1",
        "M/1",
        "M%2F1",
        "店1",
        "m1",
        "MN",
        "mN",
        "Mn",
        "X" * 300,
        "x" * 300,
        "x" * 301,
    ]
    names = [*map(statement_files.file_name, numbers)]
    assert names[:3] == ["M1", "%2E%2E%2FM1", "%2EM1"]
    assert len({each.casefold() for each in names}) == len(names)
    assert all(len(each) < 200 and each.isascii() and "/" not in each for each in names)


# ---------------------------------------------------------------- killed


@pytest.fixture
def many(voucher: Any) -> Any:
    """More merchants than one process writes."""
    shops = "merchant_no,name\n" + "".join(f"M{n},shop {n}\n" for n in range(1, 301))
    of.build(voucher)
    towns.write("shops.csv", shops)
    voucher("merchant", "import", "shops.csv", *MEI)
    rows = [f"T{n} C{n} 1 M{n} 2020-03-27 10:00" for n in range(1, 301)]
    claims = [f"C{n},r2,P{n},2020-03-27 09:00\n" for n in range(1, 301)]
    towns.make_round(voucher, "r2", packs=300, state="open", closes=towns.CLOSES)
    towns.write("claims.csv", towns.CLAIMS + "".join(claims))
    voucher("claim", "import", "claims.csv", *MEI, "--now", "2020-03-27 09:30")
    of.pay(voucher, "many.csv", *rows)
    return voucher


def test_a_run_that_is_killed_goes_on(many: Any, here: Path) -> None:
    many(*FILES[:-1], "calm", "--form", "csv", *WU, *LATER)
    expected = contents("calm")
    assert len(expected) == 300
    process = forked(here, *FILES, "--form", "csv", *WU, *LATER)
    wait_for_files(process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    there = contents("out")
    assert there.items() <= expected.items()  # whole, or not there
    told = many(*FILES, "--form", "csv", "-o", "json", *WU, *LATER).data
    assert told["written"] + told["same"] == 300
    assert contents("out") == expected
    assert not [*Path("out").glob(".*.part")]


def wait_for_files(process: Any) -> None:
    deadline = time.monotonic() + 60
    while len([*Path("out").glob("*.csv")]) < 20 and process.poll() is None:
        assert time.monotonic() < deadline


def test_a_run_that_is_interrupted_says_so_in_words(many: Any, here: Path) -> None:
    command = [sys.executable, "-m", "vouchercli", *FILES, "--form", "csv", *WU, *LATER]
    environ = os.environ | {"VOUCHER_LANG": "en"}
    process = subprocess.Popen(
        command, cwd=here, stderr=subprocess.PIPE, text=True, process_group=0, env=environ
    )
    wait_for_files(process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
    _, said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said and "interrupted" in said
