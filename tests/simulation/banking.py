"""The bank answers, payments are held and let go, and what was taken back is repaid or given up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import evening
from city_model import pack_of
from city_payments import CHANGED, WAITING
from city_rules import split
from listed import key
from payments import SECOND, Paying, of_state
from seals import CHECKER, MAKER
from small_city import yuan

if TYPE_CHECKING:
    from city_bank import Answer, Said
    from deeds import Ran
    from life import Life

REASONS = ("under_inquiry", "disputed", "invoice_missing")

# ---------------------------------------------------------------- the bank answers


def hear(life: Life) -> None:
    """What the bank says by now is taken in: what cannot be is refused, and changes nothing."""
    mine = life.paying
    assert mine is not None
    answer = listen(life, mine, stammers=life.chance.random() < 0.5)
    if answer is not None:
        take_in(life, mine, answer)


def race_answers(life: Life) -> None:
    """Two desks have the bank's file at once, and the clock settles."""
    mine = life.paying
    assert mine is not None
    answer = listen(life, mine)
    if answer is not None:
        take_in(life, mine, answer, is_raced=True)


def listen(life: Life, mine: Paying, *, stammers: bool = False) -> Answer | None:
    is_iso = mine.terms.bank == "iso20022"
    return mine.bank.speak(life.city.now, life.chance, is_iso=is_iso, stammers=stammers)


def take_in(life: Life, mine: Paying, answer: Answer, *, is_raced: bool = False) -> None:
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
    mine.books.close_explained()
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
    for number, settlement in of_state(life, "exported"):
        waiting = [each for each in settlement.transfers if each.state in WAITING]
        lines = [mine.bank.lines[each.number] for each in waiting]
        if waiting and all(line.next(life.city.now) == "paid" for line in lines):
            words = ("settlement", "paid", "--settlement", str(number), "--reference", "B7")
            _do_once(life, *words, by="wu")
            for each, line in zip(waiting, lines, strict=True):
                mine.books.hear(settlement, each, "paid")
                line.told += 1
            mine.books.close_explained()
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
    parts = split(pack_of(books, life.city.rules, row[2]), payment.kept_fen)
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
        why = "[own_account]" if held.reason == CHANGED else "[own_hold]"
        life.agree("why nobody lets go of their own", True, why in own.err)
    other = next(each for each in ("wu", "han") if each != held.by)
    _do_once(life, *words[:-1], by=other)
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
    _do_once(life, *words, "--funder", funder, by="wu")
    mine.books.lessen(merchant, funder, fen, "clawed_back")
    life.count("repaid")


def _do_once(life: Life, *words: str, by: str) -> Ran:
    """A command that is refused when it has been done, by one that was killed."""
    trouble = life.trouble()
    return life.do(*words, "--actor", by, codes=(0, 3) if trouble else (0,), trouble=trouble)


def write_off(life: Life) -> None:
    """Two people give up a debt, or one of them turns it down."""
    mine = life.paying
    assert mine is not None
    debts = sorted(mine.books.debts().items())
    if not debts:
        return
    (merchant, funder), fen = life.chance.choice(debts)
    words = ("settlement", "write-off", merchant, "--note", "closed", "--evidence", "register")
    ran = _do_once(life, *words, "--funder", funder, by=MAKER)
    number = re.findall(r"write-off (\d+)", ran.err)[0]
    verdict = life.chance.choice(("approve", "approve", "reject"))
    note = ("--note", "it can pay") if verdict == "reject" else ()
    needed = 2 if verdict == "approve" and 0 < mine.terms.two_from < fen else 1
    for by in (CHECKER, SECOND)[:needed]:
        _do_once(life, "settlement", verdict, "--write-off", number, *note, by=by)
    if verdict == "approve":
        mine.books.lessen(merchant, funder, fen, "written_off")
        life.count("written off")
