"""The model: what stands when every row of every file has come, by a law of its own.

It is written from the published rules alone and imports nothing of the program, so that a slip in
the program's law is not repeated here. Rows are read, sorted by time and applied one by one; no
database, no sets of rows, no speed. Only where a limit decides does it ask which rows stand: what
stands holds its place there, and whoever comes later finds it taken. So do rows whose day was sealed: they
stand before all others, in the order in which they were sealed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import city_rules
from city_rules import POLICIES, Pack, Round, Rules, day_of, half_up

if TYPE_CHECKING:
    from collections.abc import Mapping

ZONE = timezone(timedelta(hours=8))
AMOUNT = re.compile(r"\d{1,9}(\.\d\d?)?")
LAWFUL = "by law"  # a subsidy that nobody stated


@dataclass
class Payment:
    """A payment that stands, with what refunds left of it."""

    claim_no: str
    coupon_no: int
    merchant_no: str
    paid_at: int
    base_fen: int
    subsidy_fen: int
    left_fen: int
    kept_fen: int
    is_undone: bool = False
    freed_at: int | None = None


Row = tuple[str, ...]


class Move(NamedTuple):
    """What a payment or refund moves, in fen: base, and what is kept of its payment's subsidy from
    `before` to `after`; and how many payments it makes or undoes.
    """

    base_fen: int
    before_fen: int
    after_fen: int
    payments: int


Seals: TypeAlias = "Mapping[Row, int]"  # rows that are sealed, each with the number of its seal
LAST = 1 << 30  # behind all seals


@dataclass
class Books:
    """What stands: claims by number, payments and refunds by the number they have, and the very
    rows that are facts. `held`: claims that hold a place under the limits, by resident; `visits`:
    vouchers that do, by resident, merchant and day.
    """

    now: int
    stands: set[Row] = field(default_factory=set)
    claims: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    packs: Counter[str] = field(default_factory=Counter)
    payments: dict[str, Payment] = field(default_factory=dict)
    vouchers: dict[tuple[str, int], list[Payment]] = field(
        default_factory=lambda: defaultdict(list)
    )
    refunds: dict[str, str] = field(default_factory=dict)
    held: dict[str, set[Row]] = field(default_factory=lambda: defaultdict(set))
    visits: dict[tuple[str, str, int], set[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    facts: set[Row] = field(default_factory=set)
    moves: dict[Row, Move] = field(default_factory=dict)
    why: dict[Row, str] = field(default_factory=dict)
    # payments before a sealed one on their voucher: they must be refunded before that
    must_free: dict[Row, tuple[Payment, int]] = field(default_factory=dict)


@cache
def second(text: str) -> int:
    """A time as the files write it, in UTC seconds."""
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    return int(moment.timestamp())


def fen(text: str) -> int:
    """An amount as the files write it."""
    if not AMOUNT.fullmatch(text):
        raise ValueError(text)
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def judge(
    rules: Rules,
    claims: list[Row],
    payments: list[Row],
    now: int,
    stands: set[Row] | frozenset[Row] = frozenset(),
    sealed: Seals = MappingProxyType({}),
) -> Books:
    """What stands of these rows at a moment, in whatever order and how often they came; of `stands`
    it is known that they hold their places under the limits.
    """
    refused: set[Row] = set()
    while True:
        books = _judge(rules, claims, payments, Books(now, {*stands}), sealed, refused)
        in_the_way = [
            row
            for row, (payment, at) in books.must_free.items()
            if payment.freed_at is None or payment.freed_at >= at
        ]
        if not in_the_way:
            return books
        refused.add(in_the_way[0])


def _judge(
    rules: Rules,
    claims: list[Row],
    payments: list[Row],
    books: Books,
    sealed: Seals,
    refused: set[Row],
) -> Books:
    for round_ in rules.rounds:
        for row in round_.granted or ():
            books.claims[row[0]] = (round_.code, row[2], second(row[3]))
            books.facts.add(row)
    claims = _in_time(books, sealed, {*claims}, 3)
    for row in claims:
        if row in books.stands:
            books.held[row[2]].add(row)
    for row in claims:
        _enter(books, row, _claim(books, rules, row))
    payments = _in_time(books, sealed, {*payments}, 5)
    for row in payments:
        if row in books.stands and row[1] == "pay" and row[2] in books.claims:
            books.visits[_visit(books, row)].add((row[2], row[3]))
    frees: dict[str, list[int]] = defaultdict(list)
    for row in payments:
        frees[row[9]].append(second(row[5]))
    for row in payments:
        if row in refused:
            why: str | None = "displaces_sealed"
        elif row[1] == "pay":
            why = _pay(books, rules, row, frees)
        else:
            why = _refund(books, rules, row, sealed)
        _enter(books, row, why)
    return books


def _in_time(books: Books, sealed: Seals, rows: set[Row], column: int) -> list[Row]:
    """Rows in the order of their time, those that are sealed first; those that cannot be read, or
    lie ahead, are put aside.
    """
    readable = []
    for row in rows:
        try:
            at = second(row[column])
            if len(row) > 4:
                _amounts(row)
        except ValueError:
            books.why[row] = "unreadable"
            continue
        if at > books.now:
            books.why[row] = "in_future"
            continue
        # a correction has entered what stands anew: in one second it is before what still comes
        is_refund = len(row) > 4 and row[1] == "refund"
        readable.append((sealed.get(row, LAST), at, is_refund, row not in books.stands, row))
    return [row for *_, row in sorted(readable)]


def _amounts(row: Row) -> None:
    """Raise ValueError where an amount or the coupon's number cannot be meant."""
    order, discount = (fen(cell) for cell in row[6:8])
    if row[8] != LAWFUL:
        fen(row[8])
    if int(row[3]) < 1 or not 0 <= discount <= order or order == 0:
        raise ValueError(row)


def _enter(books: Books, row: Row, why: str | None) -> None:
    if why is None:
        books.facts.add(row)
    else:
        books.why[row] = why


# ---------------------------------------------------------------- claims


def _claim(books: Books, rules: Rules, row: Row) -> str | None:
    claim_no, code, resident, claimed = row
    at, round_ = second(claimed), rules.round(code)
    if round_ is None or not round_.opens_at <= at < round_.closes_at:
        return "outside"
    if any(begins <= at and (ends is None or at < ends) for begins, ends in round_.pauses):
        return "paused"
    has_too_many = _has_too_many(books, rules, row)
    last = max((claim[2] for claim in books.claims.values() if claim[0] == code), default=0)
    is_full = books.packs[code] >= round_.packs or _is_last_sealed(books, round_, row, last)
    fits_before = not has_too_many and (at < last or not is_full)
    if claim_no in books.claims:
        is_first = at < books.claims[claim_no][2] and fits_before
        return "displaces_sealed" if is_first else "claim_reused"
    if is_full:
        return "displaces_sealed" if fits_before else "over_quota"
    if has_too_many:
        return "limit"
    books.claims[claim_no] = (code, resident, at)
    books.packs[code] += 1
    books.held[resident].add(row)
    return None


def _is_last_sealed(books: Books, round_: Round, row: Row, last: int) -> bool:
    """Whether a round is full with what stands, and the last claim, which would give way to this
    earlier one, was sealed: it is entered already, before others that are earlier.
    """
    coming = [
        second(each[3])
        for each in books.stands - books.facts
        if len(each) == 4 and each[1] == round_.code
    ]
    return (
        row not in books.stands
        and books.packs[round_.code] + len(coming) >= round_.packs
        and last > max(coming, default=0)
    )


def _has_too_many(books: Books, rules: Rules, row: Row) -> bool:
    """Whether a resident has all the packs that the limits of the claim's moment allow, of its
    round and of the programme; a later claim of its number does not count, it gives way.
    """
    claim_no, code, resident, _ = row
    held = {each for each in books.held[resident] if each == row or each[0] != claim_no}
    steps = rules.person
    of_round = {each for each in held if each[1] == code}
    limit = {each: city_rules.at(steps, second(each[3])) for each in {*held, row}}
    round_ = rules.round(code)
    assert round_ is not None
    return _is_full(row, of_round, dict.fromkeys({*of_round, row}, round_.each)) or _is_full(
        row, held, limit
    )


def _is_full(row: Row, held: set[Row], limit: dict[Row, int | None]) -> bool:
    """Whether no place is left for a row beside those that hold one. A row that holds one itself
    needs an order in which they may have come: the strictest first.
    """
    most = limit[row]
    if most is None:
        return False
    if row not in held:
        return len(held) >= most
    return sum((of := limit[each]) is not None and of <= most for each in held) > most


# ---------------------------------------------------------------- payments


def _pay(books: Books, rules: Rules, row: Row, frees: dict[str, list[int]]) -> str | None:
    number, _, claim_no, coupon, merchant_no, paid, order, discount, _, _ = row
    at, coupon_no, base = second(paid), int(coupon), fen(order) - fen(discount)
    why = _unlawful(books, rules, row)
    if why:
        return why
    of_voucher = books.vouchers[claim_no, coupon_no]
    if any(
        each.paid_at <= at and (each.freed_at is None or each.freed_at >= at) for each in of_voucher
    ):
        return "already_redeemed"
    visit, most = books.visits[_visit(books, row)], city_rules.at(rules.visit, at)
    if most is not None and len({*visit, (claim_no, coupon)}) > most:
        return "limit"
    if number in books.payments:
        return "transaction_reused"
    later = min((each.paid_at for each in of_voucher if each.paid_at > at), default=None)
    if later is not None and not any(at <= freed < later for freed in frees[number]):
        return "displaces_sealed"
    gives, _ = pack_of(books, rules, claim_no).coupons[coupon_no - 1]
    books.payments[number] = Payment(
        claim_no, coupon_no, merchant_no, at, base, gives, left_fen=base, kept_fen=gives
    )
    of_voucher.append(books.payments[number])
    books.moves[row] = Move(base, 0, gives, 1)
    if later is not None:
        books.must_free[row] = books.payments[number], later
    visit.add((claim_no, coupon))
    return None


def _visit(books: Books, row: Row) -> tuple[str, str, int]:
    return books.claims[row[2]][1], row[4], day_of(second(row[5]))


def round_of(books: Books, rules: Rules, claim_no: str) -> Round:
    round_ = rules.round(books.claims[claim_no][0])
    assert round_ is not None
    return round_


def pack_of(books: Books, rules: Rules, claim_no: str) -> Pack:
    return round_of(books, rules, claim_no).pack


def _unlawful(books: Books, rules: Rules, row: Row) -> str | None:
    """Why a payment is refused whatever else was paid."""
    _, _, claim_no, coupon, merchant_no, paid, order, discount, subsidy, _ = row
    at, claim = second(paid), books.claims.get(claim_no)
    if claim is None or merchant_no not in rules.merchants:
        return "unknown"
    pack = pack_of(books, rules, claim_no)
    if int(coupon) > len(pack.coupons):
        return "unknown"
    if rules.is_suspended(merchant_no, at):
        return "suspended"
    if not claim[2] <= at < round_of(books, rules, claim_no).ends_at(claim[2]):
        return "outside"
    gives, threshold = pack.coupons[int(coupon) - 1]
    if fen(order) - fen(discount) < threshold or fen(subsidy) != gives:
        return "amounts"
    return None


def _refund(books: Books, rules: Rules, row: Row, sealed: Seals) -> str | None:
    number, _, claim_no, coupon, merchant_no, paid, order, discount, subsidy, refund_of = row
    at, base, payment = second(paid), fen(order) - fen(discount), books.payments.get(refund_of)
    place = (claim_no, int(coupon), merchant_no)
    if number in books.refunds:
        return "transaction_reused"
    if (
        payment is None
        or (payment.claim_no, payment.coupon_no, payment.merchant_no) != place
        or at < payment.paid_at
    ):
        return "refund_without_payment"
    if base > payment.left_fen or payment.is_undone:
        return "refund_too_large"
    # what was right when it was returned stays right: a later end that was decided since is none
    is_in_time = at < round_of(books, rules, claim_no).ends_at(books.claims[claim_no][2], at)
    case = "partial" if base != payment.base_fen else "full" if is_in_time else "late"
    answer = POLICIES[rules.policy].get(case, "")
    if answer == "refused":
        return "refused"
    goes = returns(payment, base) if answer == "share" else payment.kept_fen
    if subsidy != LAWFUL and fen(subsidy) != goes:
        if row not in sealed:
            return "amounts"
        goes = fen(subsidy)  # it was right when it came
    was_freed = any(
        each.freed_at is not None for each in books.vouchers[claim_no, payment.coupon_no]
    )
    if payment.freed_at is None and (answer == "restores" or (answer == "once" and not was_freed)):
        payment.freed_at = at
    payment.left_fen -= base
    payment.kept_fen -= goes
    payment.is_undone = payment.left_fen == 0
    kept = payment.kept_fen
    books.moves[row] = Move(-base, kept + goes, kept, -payment.is_undone)
    books.refunds[number] = refund_of
    return None


def returns(payment: Payment, base_fen: int) -> int:
    """The part of what a payment still has that goes back with so much of its base: its share, half
    up over all refunds of the payment together.
    """
    if base_fen == payment.left_fen:
        return payment.kept_fen
    gone = half_up(
        payment.subsidy_fen * (payment.base_fen - payment.left_fen + base_fen), payment.base_fen
    )
    return min(max(gone - (payment.subsidy_fen - payment.kept_fen), 0), payment.kept_fen)
