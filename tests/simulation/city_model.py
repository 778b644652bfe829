"""The model: what stands when every row of every file has come, by a law of its own.

It is written from the published rules alone and imports nothing of the program, so that a slip in
the program's law is not repeated here. Rows are read, sorted by time and applied one by one; no
database, no sets of rows, no speed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

ZONE = timezone(timedelta(hours=8))
DAY = 86_400
AMOUNT = re.compile(r"\d{1,9}(\.\d\d?)?")
# What becomes of the voucher and of its money: a full refund in time, a full one after the voucher
# expired, and one in part.
POLICIES = {
    "full_restores": {"full": "restores", "partial": "share"},
    "restores_once": {"full": "once", "partial": "refused"},
    "forfeits": {"partial": "share"},
    "pro_rata": {"full": "share", "late": "share", "partial": "share"},
}


class Terms(NamedTuple):
    """What the city's programme and pack say; amounts in fen, `funders`: (name, per cent)."""

    policy: str
    days: int
    coupons: tuple[tuple[int, int], ...]
    funders: tuple[tuple[str, int], ...]
    merchants: tuple[str, ...]


class Round(NamedTuple):
    code: str
    opens_at: int
    closes_at: int
    packs: int
    pauses: tuple[tuple[int, int | None], ...] = ()


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


@dataclass
class Books:
    """What stands: claims by number, payments and refunds by the number they have, and the very
    rows that are facts.
    """

    now: int
    claims: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, str] = field(default_factory=dict)
    facts: set[Row] = field(default_factory=set)
    why: dict[Row, str] = field(default_factory=dict)


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


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def judge(
    terms: Terms, rounds: list[Round], claims: list[Row], payments: list[Row], now: int
) -> Books:
    """What stands of these rows at a moment, in whatever order and how often they came."""
    books = Books(now)
    by_code = {each.code: each for each in rounds}
    for row in _in_time(books, {*claims}, 3, lambda row: (row[0], row[1], row[2])):
        _enter(books, row, _claim(books, by_code, row))
    for row in _in_time(books, {*payments}, 5, lambda row: (row[1] == "refund", row[0])):
        use = _pay if row[1] == "pay" else _refund
        _enter(books, row, use(books, terms, row))
    return books


def _in_time(books: Books, rows: set[Row], column: int, then: object) -> list[Row]:
    """Rows in the order of their time; those that cannot be read, or lie ahead, are put aside."""
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
        readable.append((at, then(row), row))  # type: ignore[operator]
    return [row for _, _, row in sorted(readable)]


def _amounts(row: Row) -> None:
    """Raise ValueError where an amount or the coupon's number cannot be meant."""
    order, discount, _ = (fen(cell) for cell in row[6:9])
    if int(row[3]) < 1 or not 0 <= discount <= order or order == 0:
        raise ValueError(row)


def _enter(books: Books, row: Row, why: str | None) -> None:
    if why is None:
        books.facts.add(row)
    else:
        books.why[row] = why


def _claim(books: Books, rounds: dict[str, Round], row: Row) -> str | None:
    claim_no, code, resident, claimed = row
    at, round_ = second(claimed), rounds.get(code)
    if round_ is None:
        return "unknown_round"
    if not round_.opens_at <= at < round_.closes_at:
        return "outside"
    if any(begins <= at and (ends is None or at < ends) for begins, ends in round_.pauses):
        return "paused"
    if claim_no in books.claims:
        return "claim_reused"
    if Counter(held[0] for held in books.claims.values())[code] >= round_.packs:
        return "over_quota"
    books.claims[claim_no] = (code, resident, at)
    return None


def _pay(books: Books, terms: Terms, row: Row) -> str | None:
    number, _, claim_no, coupon, merchant_no, paid, order, discount, _, _ = row
    at, coupon_no, base = second(paid), int(coupon), fen(order) - fen(discount)
    why = _unlawful(books, terms, row)
    if why:
        return why
    if any(
        each.freed_at is None or each.freed_at >= at
        for each in _of_voucher(books, claim_no, coupon_no)
    ):
        return "already_redeemed"
    if number in books.payments:
        return "transaction_reused"
    gives, _ = terms.coupons[coupon_no - 1]
    books.payments[number] = Payment(
        claim_no, coupon_no, merchant_no, at, base, gives, left_fen=base, kept_fen=gives
    )
    return None


def _unlawful(books: Books, terms: Terms, row: Row) -> str | None:
    """Why a payment is refused whatever else was paid."""
    _, _, claim_no, coupon, merchant_no, paid, order, discount, subsidy, _ = row
    at, claim = second(paid), books.claims.get(claim_no)
    if claim is None or int(coupon) > len(terms.coupons) or merchant_no not in terms.merchants:
        return "unknown"
    if not claim[2] <= at < claim[2] + terms.days * DAY:
        return "outside"
    gives, threshold = terms.coupons[int(coupon) - 1]
    if fen(order) - fen(discount) < threshold or fen(subsidy) != gives:
        return "amounts"
    return None


def _of_voucher(books: Books, claim_no: str, coupon_no: int) -> list[Payment]:
    return [
        each
        for each in books.payments.values()
        if (each.claim_no, each.coupon_no) == (claim_no, coupon_no)
    ]


def _refund(books: Books, terms: Terms, row: Row) -> str | None:
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
    is_in_time = at < books.claims[claim_no][2] + terms.days * DAY
    case = "partial" if base != payment.base_fen else "full" if is_in_time else "late"
    answer = POLICIES[terms.policy].get(case, "")
    if answer == "refused":
        return "refused"
    goes = returns(payment, base) if answer == "share" else payment.kept_fen
    if fen(subsidy) != goes:
        return "amounts"
    was_freed = any(
        each.freed_at is not None for each in _of_voucher(books, claim_no, payment.coupon_no)
    )
    if payment.freed_at is None and (answer == "restores" or (answer == "once" and not was_freed)):
        payment.freed_at = at
    payment.left_fen -= base
    payment.kept_fen -= goes
    payment.is_undone = payment.left_fen == 0
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


# ---------------------------------------------------------------- figures


def split(terms: Terms, amount_fen: int) -> dict[str, int]:
    """An amount among the funders: each share half up, the last takes the rest."""
    shares, left = {}, amount_fen
    for name, per_cent in terms.funders[:-1]:
        shares[name] = half_up(amount_fen * per_cent, 100)
        left -= shares[name]
    return {**shares, terms.funders[-1][0]: left}


def leverage(books: Books, terms: Terms, code: str | None = None) -> dict[str, int]:
    """The figures of a round, or of all: net of refunds."""
    mine = [
        each for each in books.payments.values() if code in (None, books.claims[each.claim_no][0])
    ]
    shares = [split(terms, each.kept_fen) for each in mine]
    subsidy = sum(share.get("treasury", 0) for share in shares)
    platform = sum(share.get("shop", 0) for share in shares)
    base = sum(each.left_fen for each in mine)
    return {
        "redemptions": sum(not each.is_undone for each in mine),
        "base_fen": base,
        "subsidy_fen": subsidy,
        "platform_fen": platform,
        "match_fen": 0,
        "own_fen": base - subsidy - platform,
        "paid_fen": subsidy + platform,
        "claimed_vouchers": len(terms.coupons)
        * sum(code in (None, claim[0]) for claim in books.claims.values()),
    }


def round_figures(books: Books, terms: Terms, code: str) -> dict[str, int]:
    """What `report rounds` says of a round."""
    claims = {number: claim for number, claim in books.claims.items() if claim[0] == code}
    used = [
        each for each in books.payments.values() if each.claim_no in claims and not each.is_undone
    ]
    return {
        "claimed": len(claims),
        "claimers": len({resident for _, resident, _ in claims.values()}),
        "used_vouchers": len(used),
        "paid_fen": leverage(books, terms, code)["paid_fen"],
    }
