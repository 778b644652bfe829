"""Merchants are paid: settlements are put together by the tick or by hand, verified, approved, put up,
sent; the bank answers; payments are held and let go, and what was taken back is repaid or given up.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import evening
import ledgers
import seals
from bank import Bank
from city_payments import (
    BEFORE_EXPORT,
    FUNDERS,
    PUBLIC,
    WAITING,
    Fact,
    Payments,
    Settlement,
    Terms,
    by_number,
    not_zero,
)
from city_rules import split
from listed import key
from seals import CHECKER, FINANCE, MAKER, following
from small_city import HOUR, midnight_after, shown, yuan

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from bank import Answer, Said
    from city_model import Books
    from deeds import Ran
    from life import Life

Pair = tuple[str, Any, Any]
SECOND = "yan"  # the second checker, where an amount asks for two
PAYER = "{name: 合成财政局, account_no: '9999990000000000001', bank: 合成银行}"
REASONS = ("under_inquiry", "disputed", "invoice_missing")
LISTED = ("funder", "state", "up_to", "made_by", "transfers", "paid", "back")
SUMS = ("planned_fen", "paid_fen", "back_fen")
DAYS_TO_END = 8


@dataclass
class Paying:
    """What the city has settled, and its bank."""

    books: Payments
    bank: Bank = field(default_factory=Bank)
    last_answer: str = ""

    @property
    def terms(self) -> Terms:
        return self.books.terms


def draw_terms(chance: random.Random, *, has_staff: bool) -> Terms:
    """How a city pays."""
    every = chance.choice(("", "day", "day", "week", "end"))
    bank = chance.choice(("voucher", "iso20022"))
    if not every:
        return Terms(two_from=chance.choice((0, 3_000)) if has_staff else 0, bank=bank)
    return Terms(
        every,
        "end_of_programme" if every == "end" else chance.choice(("merchant_advance", "prefund")),
        cooling=chance.choice((0, 0, 0, 1)),
        notice=chance.choice((0, 0, 1)),
        first_fen=chance.choice((0, 0, 100)),
        two_from=chance.choice((0, 3_000)) if has_staff else 0,
        bank=bank,
    )


def document(terms: Terms) -> dict[str, Any]:
    """What of it stands in the programme."""
    said: dict[str, Any] = {}
    if terms.two_from:
        band = {"up_to": yuan(terms.two_from), "checkers": 1}
        said["approvals"] = [band, {"checkers": 2}]
    if terms.every:
        said["settlement"] = {
            "pattern": terms.pattern,
            "every": terms.every,
            "cooling_off_days": terms.cooling,
            "notice_days": terms.notice,
            **({"first_payment": yuan(terms.first_fen)} if terms.first_fen else {}),
        }
    return said


def found(life: Life) -> None:
    """Merchants get accounts, all but one, and the city says from which it pays."""
    accounts = life.city.rules.accounts
    for number in life.city.rules.merchants:
        accounts[number] = "" if number == "M3" else account(number)
    Path("payers.yaml").write_text("".join(f"{each}: {PAYER}\n" for each in FUNDERS), "utf-8")


def account(merchant: str) -> str:
    """A synthetic account."""
    return f"62284800000000{by_number(merchant):05d}"


def open_accounts(life: Life, listed: list[str]) -> None:
    """A registry comes: who is new has an account, and who had none may have one by now."""
    accounts = life.city.rules.accounts
    for number in listed if accounts else ():
        if number not in accounts or (not accounts[number] and life.chance.random() < 0.5):
            accounts[number] = account(number)


# ---------------------------------------------------------------- what is owed


def facts(life: Life, books: Books) -> Iterator[Fact]:
    """What was booked on which day to whom."""
    for each in ledgers.booked(life, books):
        for funder, fen in each.moved.parts.items() if each.moved.merchant else ():
            yield Fact(each.moved.merchant, each.moved.round, funder, fen, each.day)


def _take_up(life: Life, up_to: str) -> None:
    assert life.paying is not None
    if up_to > life.paying.books.taken:
        books = evening.model(life, evening.standing(life))
        life.paying.books.take_up(facts(life, books), up_to)


def _last_cool(life: Life, terms: Terms) -> str:
    return following(shown(life.city.now)[:10], -1 - terms.cooling)


def was_ticked(life: Life) -> None:
    """A tick has settled what was due: all up to the last signed day that has cooled off, on a
    working day, once.
    """
    mine = life.paying
    if mine is None or mine.terms.every not in ("day", "week"):
        return
    last = life.seals.signed_until(_last_cool(life, mine.terms))
    if mine.terms.every == "week":  # it ends on a Sunday
        last = following(last, -((seals.weekday(last) + 1) % 7)) if last else ""
    is_workday = seals.weekday(shown(life.city.now)[:10]) < 5
    if is_workday and last >= seals.FIRST and last > mine.books.taken:
        _take_up(life, last)
        made = mine.books.run(last, "clock", life.city.rules.accounts)
        life.count("settled by the clock", made is not None)


# ---------------------------------------------------------------- settled by hand


def pay_day(life: Life) -> None:
    """Finance signs, settles, and goes on with what is under way."""
    sign_all(life)
    settle(life)
    _go_on_with_all(life, 0.8)


def sign_all(life: Life) -> None:
    """Yesterday is sealed, and all that is sealed is signed."""
    day = following(shown(life.city.now)[:10], -1)
    if day < seals.FIRST or any(file.is_cut for file in life.city.files):
        return
    if day > life.seals.last:
        life.do("day", "close", day, "--actor", CHECKER, trouble=life.trouble())
    sealed_by = {each["sealed_by"] for each in life.seals.unsigned(day)}
    others = [name for name in FINANCE if name not in sealed_by]
    if sealed_by and others:
        seals.sign_by(life, day, others[0])


def settle(life: Life) -> None:
    """Somebody puts a settlement together, perhaps of days that are not signed or too warm."""
    mine, chance, today = life.paying, life.chance, shown(life.city.now)[:10]
    if mine is None:
        return
    terms, books = mine.terms, mine.books
    last = life.seals.signed_until(_last_cool(life, terms))
    day = chance.choice((*(last or today,) * 8, following(today, -1), today))
    day = max(day, books.taken)
    why = ""
    if day > _last_cool(life, terms):
        why = "[too_warm]"
    elif life.seals.signed_until(day) < day:
        why = "[no_signed_day]"
    more: dict[str, Any] = {}
    words = ["settlement", "run", "--up-to", day]
    if chance.random() < 0.3:
        more["funder"] = chance.choice(FUNDERS)
        words += ["--funder", more["funder"]]
    if chance.random() < 0.15:
        more["merchant"] = chance.choice(sorted(life.city.rules.merchants))
        words += ["--merchant", more["merchant"]]
    elif chance.random() < 0.15:
        more["round_"] = chance.choice(life.city.rules.rounds).code
        words += ["--round", more["round_"]]
    if chance.random() < 0.1:
        more["first_fen"] = 100
        words += ["--first-payment", "1.00"]
    actor = chance.choice((MAKER, MAKER, "han"))
    ran = life.do(*words, "--actor", actor, codes=(3,) if why else (0,), trouble=life.trouble())
    if why:
        life.agree("why nothing is settled", True, why in ran.err)
        return
    _take_up(life, day)
    made = books.run(day, actor, life.city.rules.accounts, **more)
    life.count("settled by hand", made is not None)


def go_on(life: Life) -> None:
    """A settlement that the bank does not have yet goes a step, or is turned down."""
    found = _of_state(life, *BEFORE_EXPORT)
    if not found:
        return
    number, settlement = life.chance.choice(found)
    if life.chance.random() < 0.15:
        _turn_down(life, number, settlement)
    else:
        _step(life, number, settlement)


def _go_on_with_all(life: Life, likely: float) -> None:
    for number, settlement in _of_state(life, *BEFORE_EXPORT):
        while life.chance.random() < likely and _step(life, number, settlement):
            pass


def _of_state(life: Life, *states: str) -> list[tuple[int, Settlement]]:
    assert life.paying is not None
    every = enumerate(life.paying.books.settlements, start=1)
    return [(number, each) for number, each in every if each.state in states]


def _step(life: Life, number: int, settlement: Settlement) -> bool:
    """Whether it has gone on."""
    steps = {"draft": _verify, "verified": _approve, "approved": _send}
    step = steps.get(settlement.state)
    return step is not None and step(life, number, settlement)


def _say(life: Life, number: int, verb: str, *more: str, by: str, why: str = "") -> Ran:
    """A step, which is refused for a reason, or may have been done by a command that was killed."""
    trouble = life.trouble()
    codes = (3,) if why else (0, 3) if trouble else (0,)
    words = ("settlement", verb, str(number), *more, "--actor", by)
    ran = life.do(*words, codes=codes, trouble=trouble)
    if why:
        life.agree(f"why settlement {number} does not {verb}", True, why in ran.err)
    return ran


PAPERS = ("--note", "agrees with the bill", "--evidence", "report 17")


def _verify(life: Life, number: int, settlement: Settlement) -> bool:
    why = "" if settlement.planned else "[nothing_to_pay]"
    by = life.chance.choice((MAKER, CHECKER, "wu"))
    _say(life, number, "verify", *PAPERS, by=by, why=why)
    if not why:
        settlement.state, settlement.verified_by = "verified", by
        settlement.verified_fen = sum(each.fen for each in settlement.planned)
    return not why


def _approve(life: Life, number: int, settlement: Settlement) -> bool:
    """By those who neither made nor verified it: one, or two from an amount on."""
    assert life.paying is not None
    hands = {settlement.made_by, settlement.verified_by}
    if life.chance.random() < 0.2:
        own = life.chance.choice(sorted(hands - {"clock"}))
        ran = _say(life, number, "approve", by=own, why="[")
        whys = ("[not_a_checker]", "[own_change]", "[own_settlement]")
        life.agree("why nobody approves alone", True, any(each in ran.err for each in whys))
    two_from = life.paying.terms.two_from
    needed = 2 if two_from and settlement.verified_fen > two_from else 1
    checkers = [each for each in (CHECKER, SECOND) if each not in hands]
    for by in checkers[:needed]:
        _say(life, number, "approve", by=by)
    if len(checkers) >= needed:
        settlement.state = "approved"
        life.count("approved by two", needed == 2)
    return len(checkers) >= needed


def _send(life: Life, number: int, settlement: Settlement) -> bool:
    """The public list is put up where there must be one, and then the bank gets its file."""
    mine = life.paying
    assert mine is not None
    today = shown(life.city.now)[:10]
    why = ""
    if settlement.notice and not settlement.noticed_on:
        why = "[notice_needed]"
    elif settlement.notice and today < following(settlement.noticed_on, settlement.notice + 1):
        why = "[notice_stands]"
    accounts = life.city.rules.accounts
    without = [each.merchant for each in settlement.planned if not accounts[each.merchant]]
    if not why and len(without) == len(settlement.planned):
        why = "[nothing_to_pay]"
    if why != "[notice_needed]" or life.chance.random() < 0.3:
        ending = ".csv" if mine.terms.bank == "voucher" else ".xml"
        path = Path(f"pay-{len(life.done)}{ending}")
        to = ("--bank", mine.terms.bank, "--to", str(path))
        _say(life, number, "export", *to, by="wu", why=why)
        if not why:
            mine.books.drop(settlement, without)
            _hand_over(life, settlement, path)
            return True
    if why == "[notice_needed]":
        _say(life, number, "notice", by=MAKER)
        settlement.noticed_on = today
    return False


def _hand_over(life: Life, settlement: Settlement, path: Path) -> None:
    """The bank has the file: it asks for what is planned, to the account of each merchant."""
    assert life.paying is not None
    accounts = life.city.rules.accounts
    asked = life.paying.bank.take(path, life.city.now, life.chance)
    ours = sorted((accounts[each.merchant], each.fen) for each in settlement.planned)
    life.agree(f"what {path} asks for", ours, sorted(asked.values()))
    numbers = {of: number for number, (of, _) in asked.items()}
    for each in settlement.planned:
        each.number, each.account = numbers[accounts[each.merchant]], accounts[each.merchant]
        each.state = "sent"
    settlement.state = "exported"


def _turn_down(life: Life, number: int, settlement: Settlement) -> None:
    assert life.paying is not None
    _say(life, number, "reject", "--note", "not now", by=CHECKER)
    life.paying.books.drop(settlement)
    settlement.state = "rejected"


# ---------------------------------------------------------------- the bank answers


def hear(life: Life) -> None:
    """What the bank says by now is taken in: what cannot be is refused, and changes nothing."""
    mine = life.paying
    assert mine is not None
    answer = _listen(life, mine, stammers=life.chance.random() < 0.5)
    if answer is not None:
        _take_in(life, mine, answer)


def race_answers(life: Life) -> None:
    """Two desks have the bank's file at once, and the clock settles."""
    mine = life.paying
    assert mine is not None
    answer = _listen(life, mine)
    if answer is not None:
        _take_in(life, mine, answer, is_raced=True)


def _listen(life: Life, mine: Paying, *, stammers: bool = False) -> Answer | None:
    is_iso = mine.terms.bank == "iso20022"
    return mine.bank.speak(life.city.now, life.chance, is_iso=is_iso, stammers=stammers)


def _take_in(life: Life, mine: Paying, answer: Answer, *, is_raced: bool = False) -> None:
    name = f"answer-{len(life.done)}.{answer.ending}"
    Path(name).write_text(answer.text, "utf-8")
    words = ("settlement", "paid", name, "--bank", "voucher", "--actor", "wu", "-o", "json")
    if is_raced:
        life.race(words, words, ("schedule", "tick"), codes=(0, 4))
    refused, is_wrong = _hear_all(mine, answer.said)
    mine.bank.was_told(answer.said)
    code = 4 if is_wrong else 0
    trouble = "" if is_raced else life.trouble()
    ran = life.do(*words, codes=(code, 0), trouble=trouble)
    if not ran.data["again"]:
        life.agree(f"answers of {name} that are refused", refused, ran.data["refused"])
    life.count("answers refused", refused)
    mine.last_answer = name


def _hear_all(mine: Paying, said: list[Said]) -> tuple[int, bool]:
    """How many answers are refused, and whether one of them is wrong: that a transfer is known
    already is none, the first one stands.
    """
    of = {
        transfer.number: (settlement, transfer)
        for settlement in mine.books.settlements
        for transfer in settlement.transfers
    }
    refused, is_wrong = 0, False
    for each in said:
        settlement, transfer = of.get(each.number, (None, None))
        if settlement is None or transfer is None or each.fen != transfer.fen:
            refused, is_wrong = refused + 1, True
        elif each.reason[0] == "DUPL" and transfer.state in WAITING:
            refused += 1
        elif not mine.books.hear(settlement, transfer, each.status):
            refused, is_wrong = refused + 1, True
    return refused, is_wrong


def hear_again(life: Life) -> None:
    """The bank sends its last file once more."""
    mine = life.paying
    if mine is not None and mine.last_answer:
        words = ("settlement", "paid", mine.last_answer, "--bank", "voucher", "--actor", "wu")
        ran = life.do(*words, "-o", "json", codes=(0,), trouble=life.trouble())
        life.agree("that a file was heard", True, ran.data["again"])


def note_paid(life: Life) -> None:
    """A receipt comes before the file: all that waits of a settlement was paid."""
    mine = life.paying
    assert mine is not None
    for number, settlement in _of_state(life, "exported"):
        waiting = [each for each in settlement.transfers if each.state in WAITING]
        lines = [mine.bank.lines[each.number] for each in waiting]
        if waiting and all(line.next(life.city.now) == "paid" for line in lines):
            words = ("settlement", "paid", "--settlement", str(number), "--reference", "B7")
            trouble = life.trouble()
            codes = (0, 3) if trouble else (0,)
            life.do(*words, "--actor", "wu", codes=codes, trouble=trouble)
            for each, line in zip(waiting, lines, strict=True):
                mine.books.hear(settlement, each, "paid")
                line.told += 1
            return


# ---------------------------------------------------------------- held and let go


def hold(life: Life) -> None:
    """A merchant, or one payment of a sealed day, is not paid for now."""
    if life.chance.random() < 0.4:
        _hold_merchant(life)
    else:
        _hold_payment(life)


def _hold_merchant(life: Life) -> None:
    mine, chance = life.paying, life.chance
    assert mine is not None
    merchant, reason = chance.choice(sorted(life.city.rules.merchants)), chance.choice(REASONS)
    is_held = any(
        each.is_on and (each.merchant, each.payment, each.reason) == (merchant, None, reason)
        for each in mine.books.holds
    )
    by = chance.choice((MAKER, CHECKER, "han"))
    words = ("settlement", "hold", "--merchant", merchant, "--reason", reason)
    _hold(life, words, by, "[held_already]" if is_held else "")
    if not is_held:
        mine.books.hold(merchant, by, reason)


def _hold(life: Life, words: tuple[str, ...], by: str, why: str) -> None:
    trouble = life.trouble()
    codes = (3,) if why else (0, 3) if trouble else (0,)
    words = (*words, "--evidence", "letter 7", "--actor", by)
    ran = life.do(*words, codes=codes, trouble=trouble)
    life.count("held", not why)
    if why:
        life.agree("why nothing is held", True, why in ran.err)


def _hold_payment(life: Life) -> None:
    mine, chance = life.paying, life.chance
    assert mine is not None
    if any(file.is_cut for file in life.city.files) or not life.seals.rows:
        return
    books = evening.settle(life)
    if books is None:
        return
    rows = sorted(
        row
        for row in books.facts
        if len(row) > 4 and row[1] == "pay" and key(row) in life.seals.rows
    )
    if not rows:
        return
    row = chance.choice(rows)
    covered, payment = life.seals.rows[key(row)], books.payments[row[0]]
    of, round_ = (key(row), covered.batch), books.claims[row[2]][0]
    parts = split(ledgers.pack_of(books, life.city.rules, row[2]), payment.kept_fen)
    why = ""
    if not any(parts.values()):
        why = "[unknown_transaction]"
    elif mine.books.is_paid(payment.merchant_no, of, round_, covered.day):
        why = "[paid_already]"
    elif any(each.is_on and each.payment == of for each in mine.books.holds):
        why = "[held_already]"
    by = chance.choice((MAKER, CHECKER, "han"))
    words = ("settlement", "hold", "--transaction", row[0], "--reason", "serial_twice")
    _hold(life, words, by, why)
    if not why:
        about = (payment.merchant_no, by, "serial_twice", of, parts, round_, covered.day)
        mine.books.hold(*about)


def release(life: Life) -> None:
    """Another person lets a hold go."""
    mine = life.paying
    assert mine is not None
    standing = [at for at, each in enumerate(mine.books.holds, start=1) if each.is_on]
    if standing:
        _release(life, life.chance.choice(standing))


def _release(life: Life, number: int) -> None:
    mine = life.paying
    assert mine is not None
    held = mine.books.holds[number - 1]
    words = ("settlement", "release", str(number), "--note", "nothing was found", "--actor")
    if life.city.has_staff and life.chance.random() < 0.2:
        own = life.do(*words, held.by, codes=(3,), trouble=life.trouble())
        life.agree("why nobody lets go of their own", True, "[own_hold]" in own.err)
    other = next(each for each in ("wu", "han") if each != held.by)
    trouble = life.trouble()
    life.do(*words, other, codes=(0, 3) if trouble else (0,), trouble=trouble)
    held.is_on = False


# ---------------------------------------------------------------- owed back


def repay(life: Life) -> None:
    """A merchant pays back what it owes, or a part of it."""
    mine = life.paying
    assert mine is not None
    debts = sorted(mine.books.debts().items())
    if not debts:
        return
    (merchant, funder), fen = life.chance.choice(debts)
    fen = life.chance.choice((fen, (fen + 1) // 2))
    reference = f"B-{len(life.done)}"
    words = ("settlement", "repaid", merchant, yuan(fen), "--reference", reference)
    trouble = life.trouble()
    codes = (0, 3) if trouble else (0,)
    words = (*words, "--funder", funder, "--actor", "wu")
    life.do(*words, codes=codes, trouble=trouble)
    mine.books.lessen(merchant, funder, fen, "clawed_back")
    life.count("repaid")


def write_off(life: Life) -> None:
    """Two people give up a debt, or one of them turns it down."""
    mine = life.paying
    assert mine is not None
    debts = sorted(mine.books.debts().items())
    if not debts:
        return
    (merchant, funder), fen = life.chance.choice(debts)
    trouble = life.trouble()
    words = ("settlement", "write-off", merchant, "--note", "closed", "--evidence", "register")
    words = (*words, "--funder", funder, "--actor", MAKER)
    ran = life.do(*words, codes=(0, 3) if trouble else (0,), trouble=trouble)
    number = re.findall(r"write-off (\d+)", ran.err)[0]
    verdict = life.chance.choice(("approve", "approve", "reject"))
    note = ("--note", "it can pay") if verdict == "reject" else ()
    needed = 2 if verdict == "approve" and 0 < mine.terms.two_from < fen else 1
    for by in (CHECKER, SECOND)[:needed]:
        trouble = life.trouble()
        words = ("settlement", verdict, "--write-off", number, *note, "--actor", by)
        life.do(*words, codes=(0, 3) if trouble else (0,), trouble=trouble)
    if verdict == "approve":
        mine.books.lessen(merchant, funder, fen, "written_off")
        life.count("written off")


# ---------------------------------------------------------------- compared


def pairs(life: Life, books: Books, stands: Counter[Any]) -> Iterator[Pair]:
    """What the model has of settlements, debts and what is not paid, and what the program says."""
    mine = life.paying
    if mine is None:
        return
    booked = ledgers.payable(ledgers.booked(life, books))
    ours = mine.books.accounts(booked)
    theirs = {
        place: fen for place, fen in stands.items() if place[2] in ledgers.OF_PAYMENT and fen
    }
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
    back = {name: 0 for name in ("clawed_back", "written_off")}
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
    """Days on which nothing happens but payment: in the end all is paid that can be."""
    mine = life.paying
    if mine is None:
        return
    for _ in range(DAYS_TO_END):
        life.city.now = midnight_after(life.city.now) + 9 * HOUR
        sign_all(life)
        for funder in FUNDERS:
            _settle_rest(life, mine, funder)
        _go_on_with_all(life, 1.0)
        mine.bank.pay_all(life.city.now)
        while (said := _listen(life, mine)) is not None:
            _take_in(life, mine, said)
        if not _left(life, mine):
            break
    life.agree("what could be paid and is not", [], _left(life, mine))
    for each in _lists(life, mine):
        life.agree(*each)
    life.do("check")


def _settle_rest(life: Life, mine: Paying, funder: str) -> None:
    last = life.seals.signed_until(_last_cool(life, mine.terms))
    if last and last >= mine.books.taken:
        words = ("settlement", "run", "--up-to", last, "--funder", funder, "--actor", MAKER)
        life.do(*words, trouble=life.trouble())
        _take_up(life, last)
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
