"""Histories of payment by chance: payments in time and late, refunds, corrections, days that are
closed and signed, settlements, banks that pay, reject, give back and stammer, holds, debts. After
each step what is owed, held, paid and owing is that of a model in plain Python.

Set SETTLEMENTS to try more of them; the slow test tries longer ones.
"""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_settlements import PAYERS, SHOPS, STAFF, mark

from vouchercli.cli.main import main
from vouchercli.store import checks

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = date(2020, 3, 27)
MERCHANTS = ("M1", "M2", "M3")  # M3 has no account
FUNDERS = ("treasury", "district")  # 60 % and 40 % of each voucher
WAITS, GONE = ("sent", "accepted"), ("rejected", "returned", "dropped")
CLAIMS, COUPONS, VALUE, ORDER = 12, 4, 1000, 5000
PAPERS = ("--note", "typed in wrongly", "--evidence", "receipt 17")
ANSWERS = "transfer_no,status,amount,paid_on,reference,reason_code,reason\n"
ACCOUNTS = ("payable", "held", "paid", "clawed_back", "written_off")


def make(voucher: Any) -> None:
    """A round whose vouchers are claimed, in part paid by a district."""
    towns.build(
        voucher,
        towns.programme(
            funds={"treasury": "1000000.00", "district": "1000000.00"},
            staff=STAFF,
            clock={"jump": "90 days"},
        ),
        towns.pack(
            "pack",
            towns.coupon("10", "40", COUPONS),
            validity={"days_after_claim": 60},
            funding={"treasury": "60%", "district": "40%"},
        ),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r1", packs=CLAIMS, state="open", closes=towns.CLOSES)
    payer = PAYERS + PAYERS.replace("treasury", "district")
    Path("payers.yaml").write_text(payer, "utf-8")
    rows = [f"C{n},r1,P{n},2020-03-27 09:00\n" for n in range(1, CLAIMS + 1)]
    towns.write("claims.csv", towns.CLAIMS + "".join(rows))
    voucher("claim", "import", "claims.csv", "--actor", "mei", "--now", "2020-03-27 09:30")


# ---------------------------------------------------------------- the model


@dataclass(eq=False)
class Due:
    """What a merchant is owed of a funder, and which transfer pays it."""

    merchant: str
    funder: str
    fen: int
    up_to: int
    transfer: Transfer | None = None
    hold: int = 0


@dataclass(eq=False)
class Transfer:
    number: str
    merchant: str
    funder: str
    fen: int
    is_first: bool
    state: str = "planned"


@dataclass(eq=False)
class Settlement:
    state: str
    transfers: list[Transfer]


@dataclass(eq=False)
class Payment:
    """A payment that stands: what is kept of it; `dues`: with what it was taken up."""

    number: str
    claim: int
    coupon: int
    merchant: str
    day: int
    booked: int
    left: int = ORDER
    kept: int = VALUE
    holds: list[int] = field(default_factory=list)
    dues: list[Due] = field(default_factory=list)


@dataclass(eq=False)
class Hold:
    number: int
    merchant: str
    payment: Payment | None = None
    is_on: bool = True


def shares(fen: int) -> dict[str, int]:
    """Of a voucher's money: 60 in 100, half up, and the rest."""
    treasury = (fen * 60 + 50) // 100
    return {"treasury": treasury, "district": fen - treasury}


@dataclass
class Books:
    """What is owed, held and paid, by hand."""

    today: int = 0
    sealed: int = -1
    signed: int = -1
    taken: int = -1
    # booked and not taken up: (merchant, funder, fen, day, the payment that it makes)
    facts: list[tuple[str, str, int, int, Payment | None]] = field(default_factory=list)
    booked: Counter[str] = field(default_factory=Counter)
    payments: list[Payment] = field(default_factory=list)
    dues: list[Due] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    back: Counter[tuple[str, str]] = field(default_factory=Counter)  # (account, funder)

    def book(self, merchant: str, was: int, now: int, day: int, of: Payment | None = None) -> None:
        """What is kept of a payment goes from one amount to another."""
        before = shares(was)
        for funder, fen in shares(now).items():
            if moved := fen - before[funder]:
                self.booked[funder] += moved
                self.facts.append((merchant, funder, moved, day, of))

    def day_of(self, own: int) -> int:
        """On which day it is booked."""
        return max(own, self.sealed + 1)

    def is_held(self, due: Due) -> bool:
        standing = [each for each in self.holds if each.is_on]
        return any(each.number == due.hold for each in standing) or any(
            each.payment is None and each.merchant == due.merchant for each in standing
        )

    def open_dues(self) -> list[Due]:
        return [due for due in self.dues if due.transfer is None]

    def take_up(self) -> None:
        """What was booked by the last signed day is owed."""
        if self.signed <= self.taken:
            return
        sums: Counter[tuple[int, str, str]] = Counter()
        of: dict[tuple[int, str, str], list[Payment]] = {}
        for merchant, funder, fen, day, payment in self.facts:
            if day <= self.signed:
                sums[day, merchant, funder] += fen
                if payment is not None:
                    of.setdefault((day, merchant, funder), []).append(payment)
        self.facts = [each for each in self.facts if each[3] > self.signed]
        for place in sorted(sums, key=lambda each: each[0]):
            if sums[place]:
                due = Due(*place[1:], sums[place], place[0])
                self.dues.append(due)
                for payment in of.get(place, ()):
                    payment.dues.append(due)
        self.taken = self.signed

    def run(self, funders: tuple[str, ...], merchant: str | None, first: int) -> None:
        """A settlement for each funder that owes something."""
        self.take_up()
        for funder in funders:
            made = []
            for shop in MERCHANTS:
                mine = [
                    due
                    for due in self.open_dues()
                    if (due.merchant, due.funder) == (shop, funder)
                    and due.up_to <= self.signed
                    and merchant in (None, shop)
                    and not self.is_held(due)
                ]
                fen = sum(due.fen for due in mine)
                if fen > 0 and shop != "M3" and not self._is_tried(shop):
                    made.append(self._pay(shop, funder, mine, fen, first))
            if made:
                self.settlements.append(Settlement("draft", made))
                for place, transfer in enumerate(made, start=1):
                    transfer.number = f"S{len(self.settlements)}-{place}"

    def _is_tried(self, shop: str) -> bool:
        return any(
            each.is_first and each.merchant == shop and each.state in ("planned", *WAITS)
            for each in self.transfers()
        )

    def _pay(self, shop: str, funder: str, mine: list[Due], fen: int, first: int) -> Transfer:
        is_known = any(each.merchant == shop and each.state == "paid" for each in self.transfers())
        if not first or is_known or first >= fen:
            transfer = Transfer("", shop, funder, fen, is_first=False)
            for due in mine:
                due.transfer = transfer
            return transfer
        transfer = Transfer("", shop, funder, first, is_first=True)
        self.dues.append(Due(shop, funder, first, 0, transfer))
        self.dues.append(Due(shop, funder, -first, 0))
        return transfer

    def transfers(self) -> list[Transfer]:
        return [each for settlement in self.settlements for each in settlement.transfers]

    def end(self, transfer: Transfer, state: str) -> None:
        """It has come to a state; what came back is owed again."""
        transfer.state = state
        if state in GONE:
            for due in self.dues:
                if due.transfer is transfer:
                    due.transfer = None

    def hold(self, merchant: str, payment: Payment | None) -> None:
        for transfer in self.transfers():
            if transfer.state == "planned" and transfer.merchant == merchant:
                self.end(transfer, "dropped")
        number = len(self.holds) + 1
        self.holds.append(Hold(number, merchant, payment))
        if payment is not None:
            payment.holds.append(number)
            for funder, fen in shares(payment.kept).items():
                self.dues.append(Due(merchant, funder, fen, payment.booked, hold=number))
                self.dues.append(Due(merchant, funder, -fen, payment.booked))

    def is_paid(self, payment: Payment) -> bool:
        """Whether the bank has it, or has paid it."""
        mine = payment.dues
        if payment.holds:
            mine = [due for due in self.dues if due.hold == payment.holds[-1]]
        return any(due.transfer and due.transfer.state in (*WAITS, "paid") for due in mine)

    # ------------------------------------------------------------ compared

    def accounts(self) -> dict[str, dict[str, int]]:
        found = {}
        for funder in FUNDERS:
            paid = sum(
                due.fen
                for due in self.dues
                if due.funder == funder and due.transfer and due.transfer.state == "paid"
            )
            held = sum(
                due.fen for due in self.open_dues() if due.funder == funder and self.is_held(due)
            )
            back, off = self.back["clawed_back", funder], self.back["written_off", funder]
            payable = self.booked[funder] - paid - held + back + off
            sums = zip(ACCOUNTS, (payable, held, paid, -back, -off), strict=True)
            found[funder] = {name: fen for name, fen in sums if fen}
        return found

    def debts(self) -> dict[tuple[str, str], int]:
        sums: Counter[tuple[str, str]] = Counter()
        for due in self.open_dues():
            sums[due.merchant, due.funder] += due.fen
        return {place: -fen for place, fen in sums.items() if fen < 0}

    def unpaid(self) -> dict[tuple[str, str], Counter[str]]:
        """By merchant and funder: what is held, on its way, and neither."""
        found: dict[tuple[str, str], Counter[str]] = {}
        for due in self.dues:
            if due.transfer is None or due.transfer.state != "paid":
                what = "sent" if due.transfer else "held" if self.is_held(due) else "open"
                found.setdefault((due.merchant, due.funder), Counter())[what] += due.fen
        return _not_zero(found)


def _not_zero(found: dict[Any, Counter[str]]) -> dict[Any, Counter[str]]:
    kept = {
        place: Counter({what: fen for what, fen in sums.items() if fen})
        for place, sums in found.items()
    }
    return {place: sums for place, sums in kept.items() if sums}


# ---------------------------------------------------------------- the town


class Town:
    """The program in a folder, and the model beside it. What a step chooses among is a number."""

    def __init__(self) -> None:
        for name, content in towns.files("settlement histories", towns.START, make).items():
            Path(name).write_bytes(content)
            Path(name).chmod(0o600)
        self.books = Books()
        self.rows = self.files = self.written_off = 0
        self.free = [
            (claim, coupon) for claim in range(1, CLAIMS + 1) for coupon in range(1, COUPONS + 1)
        ]
        self.last_answer = ""

    def do(self, *args: str, by: str = "mei", codes: tuple[int, ...] = (0,)) -> Any:
        """A command in the evening of today; what it answers."""
        out, err = io.StringIO(), io.StringIO()
        words = (*args, "-o", "json", "--actor", by, "--now", f"{self.day(self.books.today)} 20:00")
        with redirect_stdout(out), redirect_stderr(err):
            code = main(words)
        assert code in codes, f"{words}: exit {code}\n{out.getvalue()}{err.getvalue()}"
        return json.loads(out.getvalue())["data"]

    @staticmethod
    def day(number: int) -> str:
        return (FIRST + timedelta(days=number)).isoformat()

    def file(self, head: str, rows: list[str]) -> str:
        self.files += 1
        return towns.write(f"{self.files}.csv", head + "".join(f"{row}\n" for row in rows))

    def moment(self, day: int) -> str:
        """A second of its own on that day."""
        self.rows += 1
        return f"{self.day(day)} 10:{self.rows // 60:02d}:{self.rows % 60:02d}"

    # ------------------------------------------------------------ facts

    def pay(self, rows: list[tuple[int, int]]) -> None:
        lines, books = [], self.books
        for shop, late in rows:
            if not self.free:
                break
            (claim, coupon), own = self.free.pop(0), max(0, books.today - late)
            at, merchant = self.moment(own), MERCHANTS[shop]
            number = f"T{self.rows}"
            payment = Payment(number, claim, coupon, merchant, own, books.day_of(own))
            books.payments.append(payment)
            books.book(merchant, 0, VALUE, payment.booked, payment)
            lines.append(f"{number},pay,C{claim},{coupon},{merchant},{at},50,0,10,")
        if lines:
            self.do("redemption", "import", self.file(towns.PAYMENTS, lines))

    def refund(self, place: int, part: int, late: int) -> None:
        books = self.books
        standing = [each for each in books.payments if each.left]
        if not standing:
            return
        of = standing[place % len(standing)]
        amount = of.left if part == 0 else min(of.left, 1000 * part)
        gone = of.kept
        if amount < of.left:
            gone = VALUE * (ORDER - of.left + amount) // ORDER - (VALUE - of.kept)
        own = max(of.day, books.today - late)
        cells = f"C{of.claim},{of.coupon},{of.merchant},{self.moment(own)}"
        row = f"R{self.rows},refund,{cells},{amount / 100},0,{gone / 100},{of.number}"
        self.do("redemption", "import", self.file(towns.PAYMENTS, [row]))
        books.book(of.merchant, of.kept, of.kept - gone, books.day_of(own))
        of.left, of.kept = of.left - amount, of.kept - gone

    def correct(self, place: int, shop: int) -> None:
        """A payment without refunds never was, or was at another merchant."""
        books = self.books
        standing = [each for each in books.payments if each.left == ORDER]
        if not standing:
            return
        of, merchant = standing[place % len(standing)], MERCHANTS[shop]
        how = ("--reverse",) if merchant == of.merchant else ("--merchant", merchant)
        number = self.do("redemption", "correct", of.number, *how, *PAPERS)["correction"]
        self.do("correction", "approve", str(number), by="lin")
        books.payments.remove(of)
        day = books.day_of(of.day)
        books.book(of.merchant, VALUE, 0, day)
        if merchant != of.merchant:
            new = Payment(of.number, of.claim, of.coupon, merchant, of.day, day)
            books.payments.append(new)
            books.book(merchant, 0, VALUE, day, new)

    def sleep(self, days: int) -> None:
        self.books.today += days

    def close(self, *, is_signed: bool) -> None:
        books = self.books
        last = books.today - 1
        if last > books.sealed:
            self.do("day", "close", self.day(last))
            books.sealed = last
        if is_signed and books.sealed > books.signed:
            self.do("day", "sign", self.day(books.sealed), by="wu")
            books.signed = books.sealed

    # ------------------------------------------------------------ payment

    def settle(self, funder: int, shop: int, first: int) -> None:
        books = self.books
        if books.signed < 0:
            return
        funders, more, merchant = FUNDERS, [], None
        if funder < len(FUNDERS):
            funders = (FUNDERS[funder],)
            more += ["--funder", funders[0]]
        if shop < len(MERCHANTS):
            merchant = MERCHANTS[shop]
            more += ["--merchant", merchant]
        if first:
            more += ["--first-payment", "1.00", "--round", "r1"]
        self.do("settlement", "run", "--up-to", self.day(books.signed), *more)
        books.run(funders, merchant, 100 if first else 0)

    def of_state(self, *states: str) -> list[tuple[int, Settlement]]:
        every = enumerate(self.books.settlements, start=1)
        return [(number, each) for number, each in every if each.state in states]

    def advance(self, place: int, steps: int) -> None:
        """A settlement goes on, so many steps."""
        found = self.of_state("draft", "verified", "approved")
        if not found:
            return
        number, settlement = found[place % len(found)]
        for _ in range(steps):
            if not self._go_on(number, settlement):
                return

    def _go_on(self, number: int, settlement: Settlement) -> bool:
        planned = [each for each in settlement.transfers if each.state == "planned"]
        state, name = settlement.state, str(number)
        if state == "draft":
            codes = (0,) if planned else (3,)
            self.do("settlement", "verify", name, "--note", "agrees", codes=codes)
            settlement.state = "verified" if planned else state
        elif state == "verified":
            self.do("settlement", "approve", name, by="lin")
            settlement.state = "approved"
        elif state == "approved":
            to = ("--bank", "voucher", "--to", f"pay-{number}.csv")
            self.do("settlement", "export", name, *to, by="wu", codes=(0,) if planned else (3,))
            if planned:
                settlement.state = "exported"
                for each in planned:
                    each.state = "sent"
        return settlement.state != state

    def reject(self, place: int) -> None:
        found = self.of_state("draft", "verified", "approved")
        if found:
            number, settlement = found[place % len(found)]
            self.do("settlement", "reject", str(number), "--note", "not now", by="lin")
            settlement.state = "rejected"
            for each in settlement.transfers:
                if each.state == "planned":
                    self.books.end(each, "dropped")

    def answer(self, place: int, verdicts: list[str]) -> None:
        """What a bank says of the transfers of a settlement."""
        found = self.of_state("exported")
        if not found:
            return
        _, settlement = found[place % len(found)]
        told = [each for each in settlement.transfers if each.state != "dropped"]
        rows, refused = [], 0  # each with the number of its file: the same bytes are read once
        known = [verdict for verdict in verdicts if verdict != "unknown"]
        for each, verdict in zip(told, known, strict=False):
            status, fen = verdict.removesuffix("!"), each.fen + verdict.endswith("!")
            of_paid = ("2020-04-01", f"B{each.number}") if status == "paid" else ("", "")
            rows.append(
                f"{mark(each.number)}{each.number},{status},{fen / 100:.2f},{','.join(of_paid)},AC01,{self.files}"
            )
            refused += self._hear(each, status, is_right=fen == each.fen)
        if "unknown" in verdicts:
            rows.append(f"S99-1,paid,1.00,2020-04-01,B,,{self.files}")
            refused += 1
        self.last_answer = self.file(ANSWERS, rows)
        words = ("settlement", "paid", self.last_answer, "--bank", "voucher")
        data = self.do(*words, by="wu", codes=(4,) if refused else (0,))
        assert data["again"] or data["refused"] == refused

    def _hear(self, each: Transfer, status: str, *, is_right: bool) -> bool:
        """Whether the answer is refused."""
        if not is_right:
            return True
        if status == each.state or (status, each.state) == ("accepted", "paid"):
            return False
        if (each.state in WAITS and status != "returned") or (each.state, status) == (
            "paid",
            "returned",
        ):
            self.books.end(each, status)
        else:
            return True
        return False

    def answer_again(self) -> None:
        if self.last_answer:
            words = ("settlement", "paid", self.last_answer, "--bank", "voucher")
            assert self.do(*words, by="wu")["again"]

    # ------------------------------------------------------------ holds and debts

    def hold_merchant(self, shop: int) -> None:
        merchant, books = MERCHANTS[shop], self.books
        is_held = any(
            each.is_on and each.payment is None and each.merchant == merchant
            for each in books.holds
        )
        words = ("settlement", "hold", "--merchant", merchant, "--reason", "disputed")
        self.do(*words, "--evidence", "letter", codes=(3,) if is_held else (0,))
        if not is_held:
            books.hold(merchant, None)

    def hold_payment(self, place: int) -> None:
        books = self.books
        if not books.payments:
            return
        of = books.payments[place % len(books.payments)]
        is_held = any(each.is_on and each.payment is of for each in books.holds)
        may = of.kept > 0 and not is_held and not books.is_paid(of)
        words = ("settlement", "hold", "--transaction", of.number, "--reason", "serial_twice")
        self.do(*words, "--evidence", "list", codes=(0,) if may else (3,))
        if may:
            books.hold(of.merchant, of)

    def release(self, place: int) -> None:
        standing = [each for each in self.books.holds if each.is_on]
        if standing:
            chosen = standing[place % len(standing)]
            self.do("settlement", "release", str(chosen.number), "--note", "fine", by="lin")
            chosen.is_on = False

    def repay(self, place: int, is_part: bool) -> None:
        self._lessen(place, "clawed_back", is_part=is_part)

    def write_off(self, place: int) -> None:
        self._lessen(place, "written_off", is_part=False)

    def _lessen(self, place: int, account: str, *, is_part: bool) -> None:
        books = self.books
        debts = sorted(books.debts().items())
        if not debts:
            return
        (merchant, funder), fen = debts[place % len(debts)]
        fen = (fen + 1) // 2 if is_part else fen
        of = ("--funder", funder)
        if account == "clawed_back":
            words = ("settlement", "repaid", merchant, f"{fen / 100:.2f}", "--reference")
            words = (*words, f"B{len(books.dues)}")
            self.do(*words, *of, by="wu")
        else:
            words = ("settlement", "write-off", merchant, "--note", "closed", "--evidence", "list")
            number = self.do(*words, *of)["write_off"]
            self.do("settlement", "approve", "--write-off", str(number), by="lin")
        books.back[account, funder] += fen
        books.dues.append(Due(merchant, funder, fen, 0))

    # ------------------------------------------------------------ compared

    def agrees(self) -> None:
        """What the program shows is what the model has."""
        books = self.books
        rounds = self.do("fund", "show")["rounds"]
        found = {
            each["funder"]: {
                name: each[f"{name}_fen"] for name in ACCOUNTS if each.get(f"{name}_fen")
            }
            for each in rounds
        }
        assert {funder: found.get(funder, {}) for funder in FUNDERS} == books.accounts()
        debts = self.do("settlement", "debts", "--limit", "0")["debts"]
        owing = {(each["merchant_no"], each["funder"]): each["amount_fen"] for each in debts}
        assert owing == books.debts()
        unpaid: dict[tuple[str, str], Counter[str]] = {}
        for each in self.do("settlement", "unpaid", "--limit", "0")["unpaid"]:
            open_ = ("owes", "no_account", "not_settled")
            what = "open" if each["reason"] in open_ else "held"
            what = "sent" if each["reason"] == "in_settlement" else what
            sums = unpaid.setdefault((each["merchant_no"], each["funder"]), Counter())
            sums[what] += each["amount_fen"]
        assert _not_zero(unpaid) == books.unpaid()

    def is_sound(self) -> None:
        with towns.session(Path("voucher.db")) as session:
            for name, check in checks.CHECKS.items():
                assert check(session.db) == [], name


# ---------------------------------------------------------------- what may happen

PLACE = st.integers(0, 9)
SHOP = st.sampled_from([0, 0, 0, 1, 1, 2])
LATE = st.sampled_from([0, 0, 0, 1, 3])
VERDICTS = st.lists(
    st.sampled_from(
        ["paid", "paid", "paid", "accepted", "rejected", "returned", "paid!", "unknown"]
    ),
    min_size=1,
    max_size=4,
)


def _step(name: str, *values: Any) -> Any:
    return st.tuples(st.just(name), *values)


PAY = _step("pay", st.lists(st.tuples(SHOP, LATE), min_size=1, max_size=4))
SETTLE = _step(
    "settle", st.integers(0, 5), st.sampled_from([0, 1, 3, 3, 3, 3]), st.sampled_from([0, 0, 1])
)
STEPS = st.one_of(
    PAY,
    PAY,
    _step("refund", PLACE, st.integers(0, 3), LATE),
    _step("refund", PLACE, st.just(0), LATE),
    _step("correct", PLACE, st.integers(0, 2)),
    _step("night"),
    _step("night"),
    _step("close"),
    SETTLE,
    _step("advance", PLACE, st.integers(1, 3)),
    _step("advance", PLACE, st.just(3)),
    _step("reject", PLACE),
    _step("answer", PLACE, VERDICTS),
    _step("answer", PLACE, VERDICTS),
    _step("again"),
    _step("hold_merchant", st.integers(0, 2)),
    _step("hold_payment", PLACE),
    _step("release", PLACE),
    _step("repay", PLACE, st.booleans()),
    _step("write_off", PLACE),
    _step("pay_day", PLACE, VERDICTS),
    _step("pay_day", PLACE, VERDICTS),
)


def histories(longest: int) -> st.SearchStrategy[list[Any]]:
    return st.builds(
        lambda first, more: [first, *more], PAY, st.lists(STEPS, min_size=6, max_size=longest)
    )


def live(history: list[Any]) -> int:
    """A history in a town of its own; it agrees with the model after each of its steps, so many."""
    with TemporaryDirectory() as folder, chdir(folder):
        town = Town()
        verbs: dict[str, Callable[..., None]] = {
            "night": lambda: (town.sleep(1), town.close(is_signed=True)),  # type: ignore[dict-item]
            "close": lambda: (town.sleep(1), town.close(is_signed=False)),  # type: ignore[dict-item]
            "again": town.answer_again,
            "pay_day": lambda place, verdicts: pay_day(town, place, verdicts),
        }
        for name, *values in history:
            verbs.get(name, getattr(town, name, None))(*values)  # type: ignore[misc]
            town.agrees()
        town.is_sound()
    return len(history)


def pay_day(town: Town, place: int, verdicts: list[str]) -> None:
    """All that is due goes the whole way."""
    town.sleep(1)
    town.close(is_signed=True)
    town.settle(9, 9, 0)
    while town.of_state("draft", "verified", "approved"):
        before = len(town.of_state("exported"))
        town.advance(0, 3)
        if len(town.of_state("exported")) == before:
            town.reject(0)
    town.answer(place, verdicts)


TRIED = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)


@settings(TRIED, max_examples=int(os.environ.get("SETTLEMENTS", "6")))
@given(history=histories(14))
def test_what_is_owed_held_and_paid_is_what_the_model_has(history: list[Any]) -> None:
    assert live(history) == len(history)


def test_a_merchant_that_is_held_pays_back_and_is_forgiven() -> None:
    history: list[Any] = [
        ("pay", [(0, 0), (0, 0), (1, 0)]),
        ("pay_day", 1, ["paid", "paid"]),
        ("refund", 0, 0, 0),
        ("night",),
        ("settle", 9, 9, 0),
        ("hold_merchant", 0),
        ("repay", 0, True),
        ("write_off", 0),
    ]
    assert live(history) == len(history)


@pytest.mark.slow
@settings(TRIED, max_examples=int(os.environ.get("SETTLEMENTS", "150")))
@given(history=histories(40))
def test_long_histories_of_settlements(history: list[Any]) -> None:
    assert live(history) == len(history)
