"""The law of settlements: which days may be paid, when, to whom, and why a merchant is not paid."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vouchercli.rules.values import Node

# Who has paid whom before the public money moves: the public fund stands with the platform; the
# merchant waits for its money; the platform has paid the merchants; all is paid at the end, once a
# third party has audited it.
PATTERNS = ("prefund", "merchant_advance", "platform_advance", "end_of_programme")
EVERY = ("day", "week", "four_weeks", "end")
USUAL = {"platform_advance": "four_weeks", "end_of_programme": "end"}  # else every day
FOUR_WEEKS = 28
SUNDAY = 7  # ISO
KEYS = ("by", "pattern", "every", "cooling_off_days", "notice_days", "first_payment", "payees")

# Why somebody is not paid, beside those that a person holds back.
HOLD_REASONS = (
    "no_agreement",
    "account_missing",
    "account_wrong",
    "account_changed",
    "price_raised",
    "serial_wrong",
    "serial_twice",
    "invoice_missing",
    "documents_missing",
    "goods_not_listed",
    "abnormal_pattern",
    "under_inquiry",
    "disputed",
    "other",
)
ACCOUNT_CHANGED = "account_changed"  # set by an import; who brought the account cannot release it
# Numbers that a bank has of us: the mark (none: of before), then ours. R: of a rehearsal.
ORDER_NO = re.compile(r"(?P<mark>.*-)?R?S(?P<settlement>\d{1,9})", re.ASCII)
TRANSFER_NO = re.compile(r"(?P<mark>.*-)?(?P<own>R?S\d{1,9}-\d{1,9})", re.ASCII)
CODE_LETTERS, TOKEN_LETTERS = 8, 4
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is taken for another (I, L, O, U)
OPEN = ("planned", "sent", "accepted")  # states of a transfer that waits for the bank's last word
BEFORE_EXPORT = ("draft", "verified", "approved")


class Terms(NamedTuple):
    """How a programme pays. `pattern` is one of `PATTERNS`, `every` how long a period is (of
    `EVERY`); a due waits `cooling_off_days` behind the day on which it was booked; the public list
    stands `notice_days`; a new account is tried with `first_payment_fen` (0: it is not); `payees`:
    whom a platform's dues go to, (platform, merchant number).
    """

    pattern: str = "merchant_advance"
    every: str = "day"
    cooling_off_days: int = 0
    notice_days: int = 0
    first_payment_fen: int = 0
    payees: tuple[tuple[str, str], ...] = ()


def order_mark(programme: str, loaded_at: int) -> str:
    """What stands before the numbers of a programme's orders and transfers, so that no other
    programme that is paid from the same account gives the bank the same one, also of another
    database: its code, cut, and four letters that stand for the code and for when (UTC seconds) it
    was loaded there. Banks take 35 characters of a few kinds; this leaves ours 21.
    """
    code = re.sub(r"[^A-Z0-9]", "", programme.upper())[:CODE_LETTERS]
    left = int.from_bytes(sha256(f"{programme} {loaded_at}".encode()).digest(), "big")
    token = ""
    for _ in range(TOKEN_LETTERS):
        left, place = divmod(left, len(LETTERS))
        token += LETTERS[place]
    return f"{code}-{token}-" if code else f"{token}-"


def needs_audit(pattern: str) -> bool:
    """Whether a third party's audit must be named before it is paid."""
    return pattern == "end_of_programme"


def read(node: Node) -> Terms | None:
    """`settlement: {by: merchant, every: day}`; None: nothing is said. `by` names who waits for the
    public money, where no `pattern` says more.
    """
    if node.is_missing:
        return None
    part = node.fields(KEYS)
    by = part["by"].choice(("merchant", "platform"), "")
    pattern = part["pattern"].choice(PATTERNS, f"{by or 'merchant'}_advance")
    if by and (by == "platform") != (pattern == "platform_advance"):
        part["by"].fault(
            "pattern_of_another",
            "{offending} does not fit pattern: {pattern}",
            "leave out one of the two",
            pattern=pattern,
        )
    terms = Terms(
        pattern,
        part["every"].choice(EVERY, USUAL.get(pattern, "day")),
        part["cooling_off_days"].whole(0, least=0),
        part["notice_days"].whole(0, least=0),
        part["first_payment"].yuan(0) or 0,
        tuple((platform, value.text()) for platform, value in part["payees"].entries()),
    )
    if terms.payees and pattern != "platform_advance":
        part["payees"].fault(
            "payees_of_no_advance",
            "{offending} is paid only where platforms advance the money",
            "write pattern: platform_advance, or leave payees out",
            offending=terms.payees[0][0],
        )
    return terms


# ---------------------------------------------------------------- which days, and when


def last_cool(terms: Terms, today: int) -> int:
    """The last day (yyyymmdd) whose dues have waited long enough; `today` is a local day."""
    return times.as_day(times.as_date(today) - timedelta(days=terms.cooling_off_days + 1))


def last_of_period(terms: Terms, first: int, last: int) -> int | None:
    """The end of the last period that is over by `last` (yyyymmdd), counted from the day `first`
    (weeks end on Sunday); None: none is over, or only the end of the programme counts.
    """
    begin, end = times.as_date(first), times.as_date(last)
    if terms.every == "end" or end < begin:
        return None
    if terms.every == "week":
        over = end - timedelta(days=end.isoweekday() % SUNDAY)
    elif terms.every == "four_weeks":
        periods = ((end - begin).days + 1) // FOUR_WEEKS
        over = begin + timedelta(days=periods * FOUR_WEEKS - 1)
    else:
        over = end
    return times.as_day(over) if over >= begin else None


def next_workday(day: int, is_workday: Callable[[int], bool]) -> int:
    """The day itself, or the first working day behind it."""
    local = times.as_date(day)
    while not is_workday(times.as_day(local)):
        local += timedelta(days=1)
    return times.as_day(local)


def days_between(first: int, last: int) -> int:
    """How many days lie between two local days (yyyymmdd): 20200331 to 20200401 is 1."""
    return (times.as_date(last) - times.as_date(first)).days


def notice_ends_on(noticed_on: int, notice_days: int) -> int:
    """The first day (yyyymmdd) on which it may be paid: the list stood `notice_days` whole days
    behind the one on which it was put up.
    """
    return times.as_day(times.as_date(noticed_on) + timedelta(days=notice_days + 1))


# ---------------------------------------------------------------- what is paid


class Owed(NamedTuple):
    """What one payee is owed of one funder, in fen (negative: what it owes), and whether it may be
    paid: `is_held` in whole, `has_account`, `is_known`: the account was paid before, `is_tried`: a
    small first payment to it is on its way.
    """

    payee_id: int
    amount_fen: int
    is_held: bool = False
    has_account: bool = True
    is_known: bool = True
    is_tried: bool = False


# In this order: the first that holds is the reason.
WHY_NOT: tuple[tuple[str, Callable[[Owed], bool]], ...] = (
    ("held", lambda owed: owed.is_held),
    ("owes", lambda owed: owed.amount_fen < 0),
    ("even", lambda owed: owed.amount_fen == 0),
    ("no_account", lambda owed: not owed.has_account),
    ("first_waits", lambda owed: owed.is_tried),
)


def why_not(owed: Owed) -> str:
    """Why it is not paid now; '': it is."""
    return next((code for code, holds in WHY_NOT if holds(owed)), "")


def first_part(terms: Terms, owed: Owed) -> int:
    """What is paid now, in fen: all of it, or a small first payment to an account that was never
    paid.
    """
    if terms.first_payment_fen and not owed.is_known:
        return min(terms.first_payment_fen, owed.amount_fen)
    return owed.amount_fen


def state_of(states: Iterable[str]) -> str:
    """What an exported settlement has come to by the states of its transfers: `exported` while the
    bank has not said its last word, `closed` when all are paid, else `paid` (some came back).
    """
    said = [each for each in states if each != "dropped"]
    if any(each in OPEN for each in said):
        return "exported"
    return "closed" if all(each == "paid" for each in said) else "paid"


# What the bank says of a transfer, and the state that it may then get to.
NEXT = {
    "accepted": {"sent": "accepted", "accepted": "accepted"},
    "paid": {"sent": "paid", "accepted": "paid"},
    "rejected": {"sent": "rejected", "accepted": "rejected"},
    "returned": {"paid": "returned"},
}


class Heard(NamedTuple):
    """A transfer as it stands when the bank's answer comes, in fen."""

    state: str
    amount_fen: int
    reference: str


def judge_answer(status: str, amount_fen: int | None, heard: Heard | None) -> tuple[str, str]:
    """(code of the refusal, state to come to) of one answer; '' and the state it has where the
    same was said before.
    """
    if heard is None:
        return "unknown_transfer", ""
    if amount_fen is not None and amount_fen != heard.amount_fen:
        return "amount_differs", ""
    if heard.state in ("planned", "dropped"):
        return "never_sent", ""
    if status == heard.state or (status == "accepted" and heard.state == "paid"):
        return "", heard.state
    if status == "returned" and heard.state in ("sent", "accepted"):
        return "not_paid_yet", ""
    after = NEXT[status].get(heard.state)
    return ("", after) if after else ("contradicts", "")


def judge_day(on: int, sent_on: int, today: int) -> str:
    """The code of what is odd about the day on which a bank says it paid, or ''. `sent_on`: when
    the payment file was written; days as yyyymmdd.
    """
    if on < sent_on:
        return "before_sent"
    return "still_to_come" if on > today else ""
