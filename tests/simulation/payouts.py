"""What merchants were paid, are owed and owe, by the model and by the program; and the last days of a
city, on which all is paid that can be.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import banking
import desks
import ledgers
import payments
from city_payments import FUNDERS, PUBLIC, WAITING, Payments, not_zero
from seals import MAKER
from small_city import HOUR, midnight_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from city_model import Books
    from life import Life
    from payments import Paying

Pair = tuple[str, Any, Any]
LISTED = ("funder", "state", "up_to", "made_by", "transfers", "paid", "back")
SUMS = ("planned_fen", "paid_fen", "back_fen")
DAYS_TO_END = 8

# ---------------------------------------------------------------- compared


def pairs(life: Life, books: Books, stands: Counter[Any]) -> Iterator[Pair]:
    """What the model has of settlements, debts and what is not paid, and what the program says."""
    mine = life.paying
    if mine is None:
        return
    booked = ledgers.payable(ledgers.booked(life, books))
    ours = mine.books.accounts(booked)
    theirs = {place: fen for place, fen in stands.items() if place[2] in ledgers.OF_PAYMENT and fen}
    yield "accounts of payment", ours, theirs
    yield from _lists(life, mine)
    yield "what the bank has paid", _paid(mine.books), mine.bank.paid()
    if life.chance.random() < 0.4:
        yield from _report(life, mine)


def _lists(life: Life, mine: Paying) -> Iterator[Pair]:
    listed = life.do("settlement", "list", "-o", "json", "--limit", "0").data["settlements"]
    theirs = {each["settlement"]: tuple(each[name] for name in (*LISTED, *SUMS)) for each in listed}
    yield "settlements", mine.books.listed(), theirs
    debts = life.do("settlement", "debts", "-o", "json", "--limit", "0").data["debts"]
    owing = {(each["merchant_no"], each["funder"]): each["amount_fen"] for each in debts}
    yield "debts of merchants", mine.books.debts(), owing
    unpaid: dict[str, Counter[str]] = {}
    for each in life.do("settlement", "unpaid", "-o", "json", "--limit", "0").data["unpaid"]:
        what = "open" if each["reason"] in ("owes", "no_account", "not_settled") else "held"
        what = "sent" if each["reason"] == "in_settlement" else what
        unpaid.setdefault(each["merchant_no"], Counter())[what] += each["amount_fen"]
    yield "what is not paid", mine.books.unpaid(), not_zero(unpaid)
    if mine.books.settlements and life.chance.random() < 0.5:
        number = life.chance.randint(1, len(mine.books.settlements))
        data = life.do("settlement", "show", str(number), "-o", "json", "--limit", "0").data
        theirs_ = sorted(
            (each["merchant_no"], each["amount_fen"], each["state"]) for each in data["transfers"]
        )
        transfers = mine.books.settlements[number - 1].transfers
        ours = sorted((each.merchant, each.fen, each.state) for each in transfers)
        yield f"transfers of settlement {number}", ours, theirs_


def _paid(books: Payments) -> dict[str, int]:
    """By account."""
    found: dict[str, int] = {}
    for each in books.transfers():
        if each.state == "paid":
            found[each.account] = found.get(each.account, 0) + each.fen
    return found


def _report(life: Life, mine: Paying) -> Iterator[Pair]:
    """Of the public fund, as `report settlement` has it."""
    data = life.do("report", "settlement", "-o", "json").data
    total = data["total"]
    books = mine.books
    dues = [due for due in books.dues if due.funder == PUBLIC]
    unpaid = books.unpaid()
    opened = [sums["open"] for sums in unpaid.values()]
    back = dict.fromkeys(("clawed_back", "written_off"), 0)
    for (account, funder, _), fen in books.back.items():
        back[account] += fen if funder == PUBLIC else 0
    ours = {
        "booked_fen": sum(due.fen for due in dues if due.is_booked),
        "paid_fen": sum(due.fen for due in dues if due.transfer and due.transfer.state == "paid"),
        "held_fen": sum(sums["held"] for sums in unpaid.values()),
        "in_settlement_fen": sum(sums["sent"] for sums in unpaid.values()),
        "not_settled_fen": sum(fen for fen in opened if fen > 0),
        "debts_fen": -sum(fen for fen in opened if fen < 0),
        "repaid_fen": back["clawed_back"],
        "written_off_fen": back["written_off"],
    }
    yield "report settlement", ours, {name: total[name] for name in ours}


# ---------------------------------------------------------------- the end


def finish(life: Life) -> None:
    """Some bring back what they bought, and then days follow on which nothing happens but payment: in
    the end all is paid that can be, and debts are repaid or given up.
    """
    mine = life.paying
    if mine is None:
        return
    for _ in range(3):
        life.city.live()
    desks.tell_payments(life)
    for _ in range(DAYS_TO_END):
        life.city.now = midnight_after(life.city.now) + 9 * HOUR
        payments.sign_all(life)
        for funder in FUNDERS:
            _settle_rest(life, mine, funder)
        payments.go_on_with_all(life, 1.0)
        mine.bank.pay_all(life.city.now)
        while (said := banking.listen(life, mine)) is not None:
            banking.take_in(life, mine, said)
        if not _left(life, mine):
            break
    life.agree("what could be paid and is not", [], _left(life, mine))
    for _ in range(2):
        life.chance.choice((banking.repay, banking.write_off))(life)
    for each in _lists(life, mine):
        life.agree(*each)
    life.do("check")


def _settle_rest(life: Life, mine: Paying, funder: str) -> None:
    last = life.seals.signed_until(payments.last_cool(life, mine.terms))
    if last and last >= mine.books.taken:
        words = ("settlement", "run", "--up-to", last, "--funder", funder, "--actor", MAKER)
        life.do(*words, trouble=life.trouble())
        payments.take_up(life, last)
        mine.books.run(last, MAKER, life.city.rules.accounts, funder=funder)


def _left(life: Life, mine: Paying) -> list[Any]:
    """What is on its way, and what could be."""
    states = ("planned", *WAITING)
    sent: list[Any] = [each for each in mine.books.transfers() if each.state in states]
    sums: Counter[tuple[str, str]] = Counter()
    for due in mine.books.open_dues():
        if not mine.books.is_held(due):
            sums[due.merchant, due.funder] += due.fen
    accounts = life.city.rules.accounts
    return sent + [place for place, fen in sums.items() if fen > 0 and accounts[place[0]]]
