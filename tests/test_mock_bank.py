"""Our payment file goes to mock-bank, and what it answers is read, for each of its behaviours. The
whole program plays elsewhere; here are the files alone. All data is synthetic.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.errors import VoucherError
from vouchercli.formats.banks import answers, payment_files
from vouchercli.formats.configs import banks
from vouchercli.transfers import AnswerFile, Payer, PaymentOrder, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable

    Bank = Callable[..., list[AnswerFile]]

pytestmark = pytest.mark.slow

JUDGES = Path(f"{sys.prefix}-judges", "bin", "python")
BANK = Path(__file__).with_name("bank.py")
ACCOUNT = "12020201010101010"
PAYER = Payer("杭州市商务局", ACCOUNT, "中国工商银行杭州分行", "102331002015")
CLOCK = "2026-04-01T09:00"  # a Wednesday
HELD = {"name": "BUREAU", "currency": "CNY", "account_number": ACCOUNT, "balance": 100_000_00}
# seeded there: an account that is closed, and one of a bank that is not there
CLOSED, NOWHERE = "NL84MOCK0000000003", "NL57MOCK0000000004"
FEN = {"T-1": 101, "T-2": 201, "T-3": 301}


def order(**accounts: str) -> PaymentOrder:
    """Three transfers; some go to the accounts that are named."""
    some = [
        Transfer(
            number,
            f"杭州面馆 <{number}>",
            accounts.get(number.replace("-", "_"), f"622208120200000000{at}"),
            "中国建设银行杭州分行",
            "105331000012",
            fen,
            "消费券资金",
        )
        for at, (number, fen) in enumerate(FEN.items())
    ]
    return PaymentOrder("ORDER-1", 1_775_000_000, 20260401, PAYER, some)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """What the bank answers to the orders, file by file; its statements of other accounts are left
    out.
    """
    if not JUDGES.exists():
        pytest.skip("without the judges (make test-slow)")
    asked = subprocess.run([JUDGES, "-c", "import mockbank"], capture_output=True, check=False)
    if asked.returncode:
        pytest.skip("without mock-bank")

    def play(behaviour: str, made: PaymentOrder, *more: Any, **fields: Any) -> list[AnswerFile]:
        payment_files.write(tmp_path / "order.xml", made, banks.load("iso20022"))
        account = HELD | {"behaviour": behaviour, "number": 91} | fields
        steps = [{"send": "order.xml"}, *more, {"days": 1}, {"days": 6}]
        told = {"clock": CLOCK, "accounts": {"BUREAU": account}, "steps": steps}
        subprocess.run([JUDGES, BANK, tmp_path], input=json.dumps(told), text=True, check=True)
        return [answers.read(path) for path in _ours(tmp_path)]

    return play


def _ours(folder: Path) -> list[Path]:
    """The messages about our account, in the order in which they came; pacs.004 passes between
    banks.
    """
    return [path for path in sorted(folder.glob("*-BUREAU.xml")) if "pacs" not in path.name]


def said(files: list[AnswerFile], kind: str) -> list[tuple[Any, ...]]:
    """What files of a kind say of transfers."""
    return [
        (each.transfer_no, each.status, each.amount_fen, each.paid_on, each.reason_code)
        for file in files
        if file.kind == kind
        for each in file.answers
    ]


def accepted(*numbers: str) -> list[tuple[Any, ...]]:
    return [(number, "accepted", None, None, "") for number in numbers or FEN]


def paid(*numbers: str) -> list[tuple[Any, ...]]:
    return [(number, "paid", FEN[number], 20260401, "") for number in numbers or FEN]


def test_accept_pays_every_transfer_and_says_so_twice_by_one_number(bank: Bank) -> None:
    files = bank("accept", order())
    assert said(files, "pain.002") == accepted()
    assert said(files, "camt.054") == said(files, "camt.053") == paid()
    (report,) = [file for file in files if file.kind == "pain.002"]
    assert (report.order_no, report.order_transfers, report.order_sum_fen) == ("ORDER-1", 3, 603)
    (whole,) = report.of_orders
    assert (whole.order_no, whole.status, whole.said) == ("ORDER-1", "accepted", "ACCP")
    numbers = [
        {each.transfer_no: each.entry_no for each in file.answers}
        for file in files
        if file.kind != "pain.002" and file.answers
    ]
    assert numbers == [numbers[0]] * 2
    assert not any(file.problems for file in files)


def test_closed_account_rejects_one_and_pays_the_others(bank: Bank) -> None:
    files = bank("accept", order(T_2=CLOSED))
    rejected = ("T-2", "rejected", None, None, "AC04")
    assert said(files, "pain.002") == [*accepted("T-1"), rejected, *accepted("T-3")]
    assert said(files, "camt.053") == paid("T-1", "T-3")
    assert "closed" in next(each.reason for each in files[0].answers if each.reason)


def test_bad_bank_id_rejects_one(bank: Bank) -> None:
    files = bank("accept", order(T_3=NOWHERE))
    assert said(files, "pain.002")[2] == ("T-3", "rejected", None, None, "RC01")
    assert said(files, "camt.053") == paid("T-1", "T-2")


def test_insufficient_funds_rejects_what_does_not_fit(bank: Bank) -> None:
    files = bank("insufficient-funds", order(), balance=310)
    assert said(files, "pain.002") == [
        *accepted("T-1", "T-2"),
        ("T-3", "rejected", None, None, "AM04"),
    ]
    assert said(files, "camt.053") == paid("T-1", "T-2")


def test_return_later_pays_and_gives_back(bank: Bank) -> None:
    only = {"days": 3, "reason": "MD07", "end_to_end_id": "T-2"}
    files = bank("return-later", order(), parameters=only)
    back = ("T-2", "returned", 201, 20260406, "MD07")
    assert said(files, "camt.054") == [*paid(), back]
    assert said(files, "camt.053") == [*paid(), back]


def test_reject_file_rejects_the_whole_order(bank: Bank) -> None:
    files = bank("reject-file", order())
    assert said(files, "pain.002") == said(files, "camt.053") == []
    (whole,) = files[0].of_orders
    assert (whole.order_no, whole.status, whole.reason_code) == ("ORDER-1", "rejected", "FF01")
    assert not whole.is_repeat


def test_duplicate_file_says_nothing_of_the_first(bank: Bank) -> None:
    files = bank("duplicate-file", order(), {"send": "order.xml"})
    reports = [file for file in files if file.kind == "pain.002"]
    assert [file.of_orders[0].status for file in reports] == ["accepted", "rejected"]
    assert [file.of_orders[0].is_repeat for file in reports] == [False, True]
    assert said(files, "camt.053") == paid()


def test_silent_sends_no_report_and_its_bookings_tell(bank: Bank) -> None:
    files = bank("silent", order())
    assert [file for file in files if file.kind == "pain.002"] == []
    assert said(files, "camt.054") == said(files, "camt.053") == paid()


def test_statement_gap_is_noticed_and_the_notification_tells_the_rest(bank: Bank) -> None:
    files = bank("statement-gap", order())
    assert said(files, "camt.054") == paid()
    assert len(said(files, "camt.053")) == 2
    found = [each.code for file in files for each in file.problems]
    assert found == ["bank_statement_gap"]


def test_a_payment_whose_account_closed_meanwhile_is_rejected_later(bank: Bank) -> None:
    later = order()._replace(pay_on=20260403)
    files = bank("accept", later, {"change": ["BUREAU", {"closed": True}]})
    rejected = [(number, "rejected", None, None, "AC04") for number in FEN]
    assert said(files, "pain.002") == [*accepted(), *rejected]
    assert said(files, "camt.054") == []


def test_the_message_between_banks_is_refused_by_its_name(bank: Bank, tmp_path: Path) -> None:
    bank("return-later", order())
    (path,) = tmp_path.glob("*-pacs.004-BUREAU.xml")
    with pytest.raises(VoucherError) as caught:
        answers.read(path)
    assert caught.value.code == "unknown_bank_message"
    assert caught.value.params["message"] == "Document/PmtRtr"
