"""The whole program plays against mock-bank, a bank of another house: a settlement is run, approved
and sent as pain.001, every message that the bank answers is taken in, what came back is mended and
paid again, and days go on, until every line is paid or explained. Then the bank's own books say the
same as ours, to the fen. All data is synthetic.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import test_settlements as paying
import towns
from test_mock_bank import ACCOUNT, BANK, CLOSED, JUDGES, NOWHERE
from test_settlements import LIN, MEI, WU

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

MONDAY = date(2020, 3, 30)
HEAD = "merchant_no,name,account_name,account_no,bank\n"
RIGHT = {f"M{n}": f"622848000000000{n:04}" for n in (1, 2, 3)} | {"M4": ""}
PAYERS = f'treasury: {{name: 合成财政局, account_no: "{ACCOUNT}", bank: 合成银行}}\n'
BALANCE = 1_000_00


class Case(NamedTuple):
    """One behaviour of the bank: of the `payer`'s account, with `parameters`, a `balance` (fen),
    or by the wrong `accounts` of payees. `back`: which transfers of the first order come back.
    `odd`: what is said of its files beside.
    """

    payer: str = "accept"
    balance: int = BALANCE
    accounts: dict[str, str] = {}  # noqa: RUF012 (of a NamedTuple)
    back: frozenset[int] = frozenset()
    is_sent_twice: bool = False
    odd: frozenset[str] = frozenset()


CASES = {
    "accept": Case(),
    "closed-account": Case(accounts={"M2": CLOSED}, back=frozenset({2})),
    "bad-bank-id": Case(accounts={"M3": NOWHERE}, back=frozenset({3})),
    "insufficient-funds": Case("insufficient-funds", balance=35_00, back=frozenset({2, 3})),
    "return-later": Case("return-later", back=frozenset({2})),
    "reject-file": Case("reject-file", back=frozenset({1, 2, 3})),
    "duplicate-file": Case("duplicate-file", is_sent_twice=True, odd=frozenset({"repeated"})),
    "silent": Case("silent"),
    "statement-gap": Case("statement-gap", odd=frozenset({"bank_statement_gap"})),
}


class Bank:
    """mock-bank, in a process of its own, by the judges' Python."""

    def __init__(self, case: Case) -> None:
        fields = {"name": "BUREAU", "currency": "CNY", "account_number": ACCOUNT, "number": 91}
        held = fields | {"balance": case.balance, "behaviour": case.payer}
        asked = {"clock": f"{MONDAY}T09:00", "accounts": {"BUREAU": held}, "steps": []}
        self.process = subprocess.Popen(
            [JUDGES, BANK, "."], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._write(asked)

    def _write(self, told: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()

    def take(self, **step: Any) -> dict[str, Any]:
        """Let it carry out a step; what came of it."""
        self._write(step)
        assert self.process.stdout is not None
        answered: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answered

    def change(self, **fields: Any) -> None:
        self.take(change=["BUREAU", fields])

    def end(self) -> None:
        self.process.communicate(timeout=60)


class Office:
    """The bureau, and the bank that it deals with, on the same day."""

    def __init__(self, voucher: Any, case: Case) -> None:
        self.voucher, self.bank, self.day = voucher, Bank(case), MONDAY
        self.odd: set[str] = set()
        self.heard = 0

    def run(self, *args: str, by: tuple[str, ...] = MEI, expect: int | None = 0) -> Any:
        return self.voucher(*args, "-o", "json", *by, "--now", f"{self.day} 10:00", expect=expect)

    def registry(self, accounts: dict[str, str]) -> None:
        """The accounts of merchants are these."""
        rows = "".join(f"{no},shop {no},合成{no},{to},合成银行\n" for no, to in accounts.items())
        towns.write("shops.csv", HEAD + rows)
        self.run("merchant", "import", "shops.csv")
        held = self.run("settlement", "holds", "--reason", "account_changed").data["holds"]
        for each in held:  # a changed account is paid when a second person has looked at it
            self.run("settlement", "release", str(each["hold"]), "--note", "rung up", by=LIN)

    def pay(self, up_to: str) -> list[int]:
        """Settle, approve, and send to the bank; the settlements."""
        made = self.run("settlement", "run", "--up-to", up_to).data["settlements"]
        numbers = [each["settlement"] for each in made]
        for number in map(str, numbers):
            self.run("settlement", "verify", number, "--note", "agrees")
            self.run("settlement", "approve", number, by=LIN)
            to = ("--bank", "iso20022", "--to", f"pay-{number}.xml")
            self.run("settlement", "export", number, *to, by=WU)
        return numbers

    def send(self, number: int) -> None:
        self.hear(self.bank.take(send=f"pay-{number}.xml"))

    def wait(self, days: int) -> None:
        """Days pass, one by one; the desk takes in what has come."""
        for _ in range(days):
            self.day += timedelta(days=1)
            self.hear(self.bank.take(days=1))

    def hear(self, said: dict[str, list[str]]) -> None:
        """Every message about our account; pacs.004 passes between banks."""
        for name in said["files"]:
            if name.endswith("-BUREAU.xml") and "pacs" not in name:
                heard = self.run("settlement", "paid", name, by=WU)
                self.odd |= {each["code"] for each in heard.json["problems"]}
                self.heard += 1

    def transfers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(number as the bank knows it, transfer) of every settlement."""
        for row in self.run("settlement", "list").data["settlements"]:
            shown = self.run("settlement", "show", str(row["settlement"])).data
            for each in shown["transfers"]:
                place = each["transfer_no"].partition("-")[2]
                yield f"{shown['order_no']}-{place}", each

    def unpaid(self) -> set[tuple[str, str]]:
        rows = self.run("settlement", "unpaid").data["unpaid"]
        return {(each["merchant_no"], each["reason"]) for each in rows}


@pytest.fixture
def office(voucher: Any, request: pytest.FixtureRequest) -> Iterator[Office]:
    """Four merchants have taken vouchers, M4 has no account; the first day is signed."""
    if not JUDGES.exists():
        pytest.skip("without the judges (make test-slow)")
    asked = subprocess.run([JUDGES, "-c", "import mockbank"], capture_output=True, check=False)
    if asked.returncode:
        pytest.skip("without mock-bank")
    case: Case = request.param
    paying.build(voucher)
    Path("payers.yaml").write_text(PAYERS, "utf-8")
    office = Office(voucher, case)
    office.registry(RIGHT | case.accounts)
    claims = [f"C{n},r1,P{n},2020-03-27 09:00\n" for n in (1, 2, 3)]
    towns.write("claims.csv", towns.CLAIMS + "".join(claims))
    voucher("claim", "import", "claims.csv", *MEI, "--now", "2020-03-27 09:30")
    shops = ("M1", "M1", "M1", "M2", "M2"), ("M3", "M4")
    rows = [
        f"T{claim}{coupon} C{claim} {coupon} {shop} 2020-03-27 1{claim}:0{coupon}"
        for claim, of_claim in enumerate(shops, 1)
        for coupon, shop in enumerate(of_claim, 1)
    ]
    paying.pay(voucher, "day-27.csv", *rows)
    paying.sign(voucher, "2020-03-27")
    yield office
    office.bank.end()


@pytest.mark.parametrize(
    ("office", "case"), [(case, case) for case in CASES.values()], ids=CASES, indirect=["office"]
)
def test_until_every_line_is_paid_or_explained(office: Office, case: Case) -> None:
    (first,) = office.pay("2020-03-27")
    back = {number for number, _ in office.transfers() if int(number[-1]) in case.back}
    if case.payer == "return-later":
        (only,) = back
        office.bank.change(parameters={"days": 2, "reason": "MD07", "end_to_end_id": only})
    office.send(first)
    if case.is_sent_twice:
        office.send(first)
    office.wait(4)
    came_back = {n for n, each in office.transfers() if each["state"] in ("rejected", "returned")}
    assert came_back == back
    assert office.heard and office.odd == case.odd
    assert {each["state"] for _, each in office.transfers()} <= {"paid", "rejected", "returned"}

    mend(office)
    next_day(office)
    for number in office.pay("2020-03-28"):
        office.send(number)
    office.wait(2)
    assert office.pay("2020-03-28") == []

    owes = set() if 2 in case.back else {("M2", "owes")}  # it was paid what was given back since
    assert office.unpaid() == {("M4", "no_account")} | owes
    states = {row["state"] for row in office.run("settlement", "list").data["settlements"]}
    assert states == {"closed"}
    office.voucher("check")
    agrees_with_the_bank(office, {"M1": 40_00, "M2": 20_00 if owes else 10_00, "M3": 10_00})


def mend(office: Office) -> None:
    """The account of each payee is right, the bank has money for all and does as it is told."""
    office.registry(RIGHT)
    paid = office.bank.take(books="BUREAU")
    spent = sum(fen for _, _, fen in paid["paid"])
    office.bank.change(balance=BALANCE - spent, behaviour="accept", parameters={})


def next_day(office: Office) -> None:
    """On the day behind M1 takes one more, and one of M2's is given back; it is signed too."""
    rows = ("T31 C3 1 M1 2020-03-28 11:00", "R14 C1 4 M2 2020-03-28 12:00 T14")
    paying.pay(office.voucher, "day-28.csv", *rows)
    paying.sign(office.voucher, "2020-03-28")


def agrees_with_the_bank(office: Office, paid_fen: dict[str, int]) -> None:
    """Each payment that the bank has made and not taken back is one that we call paid, to the fen;
    each payee has what it should, and nobody else has anything.
    """
    books = office.bank.take(books="BUREAU")
    ours = {n: each["amount_fen"] for n, each in office.transfers() if each["state"] == "paid"}
    assert sorted((number, fen) for number, _, fen in books["paid"]) == sorted(ours.items())
    got: Counter[str] = Counter()
    for _, account, fen in books["paid"]:
        got[account] += fen
    assert got == {RIGHT[merchant]: fen for merchant, fen in paid_fen.items()}
    assert paying.money(office.voucher)["paid"] == sum(ours.values())
    assert books["balance"] == BALANCE - sum(ours.values())
