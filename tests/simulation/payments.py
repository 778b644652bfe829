"""Merchants are paid: settlements are put together by the tick or by hand, verified, approved, put up,
sent; the bank answers; payments are held and let go, and what was taken back is repaid or given up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import evening
import ledgers
import seals
from city_bank import Bank
from city_payments import (
    BEFORE_EXPORT,
    FUNDERS,
    Fact,
    Payments,
    Settlement,
    Terms,
    by_number,
)
from seals import CHECKER, FINANCE, MAKER, following
from small_city import shown, yuan

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from city_model import Books
    from deeds import Ran
    from life import Life

SECOND = "yan"  # the second checker, where an amount asks for two
PAYER = "{name: 合成财政局, account_no: '9999990000000000001', bank: 合成银行}"


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


def change_accounts(life: Life, listed: list[str]) -> list[str]:
    """The registry that comes has another account for some; gives who they are."""
    accounts = life.city.rules.accounts
    changed = [each for each in listed if accounts.get(each) and life.chance.random() < 0.4]
    for number in changed:
        accounts[number] = f"62285{len(life.done):09d}{by_number(number):05d}"
    return changed


def hold_changed(life: Life, changed: list[str]) -> None:
    """Its import holds them."""
    for number in changed if life.paying else ():
        life.paying.books.change_account(number, MAKER)
    life.count("accounts changed", bool(changed))


# ---------------------------------------------------------------- what is owed


def facts(life: Life, books: Books) -> Iterator[Fact]:
    """What was booked on which day to whom."""
    for each in ledgers.booked(life, books):
        for funder, fen in each.moved.parts.items() if each.moved.merchant else ():
            yield Fact(each.moved.merchant, each.moved.round, funder, fen, each.day)


def take_up(life: Life, up_to: str) -> None:
    assert life.paying is not None
    if up_to > life.paying.books.taken:
        books = evening.model(life, evening.standing(life))
        life.paying.books.take_up(facts(life, books), up_to)


def last_cool(life: Life, terms: Terms) -> str:
    return following(shown(life.city.now)[:10], -1 - terms.cooling)


def was_ticked(life: Life) -> None:
    """A tick has settled what was due: all up to the last signed day that has cooled off, on a
    working day, once.
    """
    mine = life.paying
    if mine is None or mine.terms.every not in ("day", "week"):
        return
    last = life.seals.signed_until(last_cool(life, mine.terms))
    if mine.terms.every == "week":  # it ends on a Sunday
        last = following(last, -((seals.weekday(last) + 1) % 7)) if last else ""
    is_workday = seals.weekday(shown(life.city.now)[:10]) < 5
    if is_workday and last >= seals.FIRST and last > mine.books.settled:
        take_up(life, last)
        mine.books.settled = last
        made = mine.books.run(last, "clock", life.city.rules.accounts)
        life.count("settled by the clock", made is not None)


# ---------------------------------------------------------------- settled by hand


def pay_day(life: Life) -> None:
    """Finance signs, settles, and goes on with what is under way."""
    sign_all(life)
    settle(life)
    go_on_with_all(life, 0.8)


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
    last = life.seals.signed_until(last_cool(life, terms))
    day = chance.choice((*(last or today,) * 8, following(today, -1), today))
    day = max(day, books.taken)
    why = ""
    if life.seals.signed_until(day) < day:
        why = "[no_signed_day]"
    elif day > last_cool(life, terms):
        why = "[too_warm]"
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
    take_up(life, day)
    if more.keys() <= {"first_fen"}:
        books.settled = max(books.settled, day)
    made = books.run(day, actor, life.city.rules.accounts, **more)
    life.count("settled by hand", made is not None)


def go_on(life: Life) -> None:
    """A settlement that the bank does not have yet goes a step, or is turned down."""
    found = of_state(life, *BEFORE_EXPORT)
    if not found:
        return
    number, settlement = life.chance.choice(found)
    if life.chance.random() < 0.15:
        _turn_down(life, number, settlement)
    else:
        _step(life, number, settlement)


def go_on_with_all(life: Life, likely: float) -> None:
    for number, settlement in of_state(life, *BEFORE_EXPORT):
        while life.chance.random() < likely and _step(life, number, settlement):
            pass


def of_state(life: Life, *states: str) -> list[tuple[int, Settlement]]:
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
