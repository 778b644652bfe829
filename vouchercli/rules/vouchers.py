"""The law of one voucher's life: pay, refund, pay again. One record at a time, in the order of
time.

`store.judging` applies it by set: a payment that is alone on its voucher, its number and its
visit cannot be refused here and is accepted without coming by; everything else is brought here in
the order of `in_time_order`. Source of the refund policies: facts.md, "refund policy as data" (a)
to (d).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal, NamedTuple

from vouchercli.rules.ladders import Ladder, Rung
from vouchercli.rules.money import half_up

Policy = Literal["full_restores", "restores_once", "forfeits", "pro_rata"]
Voucher = tuple[int, int]  # (claim_id, coupon_no)
Visit = tuple[bytes, int, int]  # (resident, merchant_id, local day)


# What `judge` asks, in words: no condition over one row can say it.
TIMELINE = Ladder(
    "vouchers",
    "One voucher's payments and refunds in time",
    (
        Rung(
            "already_redeemed",
            "",
            "nobody else holds the voucher at that moment",
            "each voucher is used once",
        ),
        Rung(
            "over_limit",
            "",
            "the resident has room in the day's limit at this merchant",
            "at most so many vouchers a day at one merchant",
        ),
        Rung(
            "transaction_reused",
            "",
            "the transaction number stands for no other row",
            "the platform numbers each transaction",
        ),
        Rung(
            "refund_without_payment",
            "",
            "the refund names a payment of this voucher at this merchant, made before it",
            "refunds go back the way of the payment",
        ),
        Rung(
            "refund_too_large",
            "",
            "no more is refunded than is left of the payment",
            "refunds go back the way of the payment",
        ),
        Rung(
            "partial_refund",
            "",
            "the refund is a full one, where the programme takes only these",
            "refunded as a whole only",
        ),
        Rung(
            "subsidy_mismatch",
            "",
            "the refund returns what the programme's refund policy says",
            "what becomes of the voucher and its money when an order is refunded",
        ),
    ),
)


class Transaction(NamedTuple):
    """One payment or refund that is lawful by itself; amounts in fen, times in UTC seconds."""

    line: int
    transaction_no: str
    kind: Literal["pay", "refund"]
    claim_no: str
    claim_id: int
    coupon_no: int
    resident: bytes
    merchant_id: int
    merchant_no: str
    paid_at: int
    day: int
    base_fen: int
    merchant_discount_fen: int
    subsidy_fen: int
    refund_of: str
    expires_at: int

    @property
    def voucher(self) -> Voucher:
        """The voucher that is paid with."""
        return self.claim_id, self.coupon_no


AMOUNTS = ("base_fen", "merchant_discount_fen", "subsidy_fen", "refund_of")
# What makes two rows the same row, and what puts rows of one second into an order.
SAME = attrgetter("transaction_no", "kind", "voucher", "merchant_id", "paid_at", *AMOUNTS)
ORDER = attrgetter("transaction_no", "claim_no", "coupon_no", "merchant_no", *AMOUNTS, "line")


@dataclass
class Payment:
    """A payment that stands: what is left of its base, what is kept of its subsidy, when a refund
    freed the voucher.
    """

    transaction_no: str
    merchant_id: int
    paid_at: int
    base_fen: int
    subsidy_fen: int
    left_fen: int
    kept_fen: int
    freed_at: int | None = None


class Ruling(NamedTuple):
    """What becomes of a row: a reason (refused, or "duplicate"), or the change of the subsidy kept
    and of vouchers used.
    """

    reason: str | None = None
    before_fen: int = 0
    after_fen: int = 0
    vouchers: int = 0
    warning: str | None = None


@dataclass
class StandingFacts:
    """What stands already, as far as the rows at hand touch it."""

    policy: Policy
    visit_limit: int | None
    payments: dict[Voucher, list[Payment]] = field(default_factory=lambda: defaultdict(list))
    numbers: set[tuple[str, str]] = field(default_factory=set)
    visits: dict[Visit, set[Voucher]] = field(default_factory=lambda: defaultdict(set))


def in_time_order(row: Transaction) -> tuple[object, ...]:
    """The order in which rows are judged: by time; in the same second payments first; then by what
    the row says, so that it does not matter which file it came in; the line decides only between
    rows that are alike.
    """
    return (row.paid_at, row.kind == "refund", *ORDER(row))


def judge(standing: StandingFacts, rows: list[Transaction]) -> dict[int, Ruling]:
    """The ruling on every row, by line; what is accepted becomes part of `standing`."""
    rows = sorted(rows, key=in_time_order)
    refunds = {row.refund_of: row for row in reversed(rows) if row.kind == "refund"}
    seen: set[tuple[object, ...]] = set()
    rulings: dict[int, Ruling] = {}
    for row in rows:
        same = SAME(row)
        if same in seen:
            rulings[row.line] = Ruling("duplicate")
            continue
        seen.add(same)
        rulings[row.line] = (
            _pay(standing, row, refunds.get(row.transaction_no))
            if row.kind == "pay"
            else _refund(standing, row)
        )
    return rulings


def _pay(standing: StandingFacts, row: Transaction, refund: Transaction | None) -> Ruling:
    """A payment needs a free voucher, room in the day's limit at this merchant, and a number of its
    own.
    """
    if not is_free(standing, row, refund):
        return Ruling("already_redeemed")
    visit = standing.visits[(row.resident, row.merchant_id, row.day)]
    if (
        standing.visit_limit is not None
        and row.voucher not in visit
        and len(visit) >= standing.visit_limit
    ):
        return Ruling("over_limit")
    if (row.transaction_no, "pay") in standing.numbers:
        return Ruling("transaction_reused")
    visit.add(row.voucher)
    standing.numbers.add((row.transaction_no, "pay"))
    standing.payments[row.voucher].append(
        Payment(
            row.transaction_no,
            row.merchant_id,
            row.paid_at,
            row.base_fen,
            row.subsidy_fen,
            row.base_fen,
            row.subsidy_fen,
        )
    )
    return Ruling(before_fen=0, after_fen=row.subsidy_fen, vouchers=1)


def is_free(standing: StandingFacts, row: Transaction, refund: Transaction | None) -> bool:
    """Nobody holds the voucher at `row.paid_at`, and the payment does not run into a later one that
    stands already, unless its own refund (of the same file) lies in between.
    """
    payments = standing.payments[row.voucher]
    if any(
        p.paid_at <= row.paid_at and (p.freed_at is None or p.freed_at >= row.paid_at)
        for p in payments
    ):
        return False
    later = min((p.paid_at for p in payments if p.paid_at > row.paid_at), default=None)
    if later is None:
        return True
    return (
        refund is not None
        and row.paid_at <= refund.paid_at < later
        and refund.voucher == row.voucher
        and restores(standing, refund, refund.base_fen == row.base_fen)
    )


def restores(standing: StandingFacts, refund: Transaction, is_full: bool) -> bool:
    """Whether this refund gives the voucher back, with its old expiry."""
    if (
        standing.policy not in ("full_restores", "restores_once")
        or not is_full
        or refund.paid_at >= refund.expires_at
    ):
        return False
    was_restored = any(p.freed_at is not None for p in standing.payments[refund.voucher])
    return standing.policy == "full_restores" or not was_restored


def _refund(standing: StandingFacts, row: Transaction) -> Ruling:
    """A refund needs its payment, on the same voucher at the same merchant; the policy says what it
    returns.
    """
    payment = next(
        (
            p
            for p in standing.payments[row.voucher]
            if p.transaction_no == row.refund_of and p.merchant_id == row.merchant_id
        ),
        None,
    )
    if (row.transaction_no, "refund") in standing.numbers:
        return Ruling("transaction_reused")
    if payment is None or row.paid_at < payment.paid_at:
        return Ruling("refund_without_payment")
    if row.base_fen > payment.left_fen:
        return Ruling("refund_too_large")
    is_full = row.base_fen == payment.base_fen
    if standing.policy == "restores_once" and not is_full:
        return Ruling("partial_refund")
    frees = restores(standing, row, is_full)
    returned = returned_subsidy(standing.policy, payment, row.base_fen, frees)
    forfeits = not frees and standing.policy != "pro_rata"
    if not forfeits and row.subsidy_fen != returned:
        return Ruling("subsidy_mismatch")
    before = payment.kept_fen
    payment.kept_fen -= returned
    payment.left_fen -= row.base_fen
    payment.freed_at = row.paid_at if frees else None
    standing.numbers.add((row.transaction_no, "refund"))
    is_undone = payment.left_fen == 0 and payment.kept_fen == 0
    return Ruling(
        before_fen=before,
        after_fen=payment.kept_fen,
        vouchers=-1 if is_undone else 0,
        warning="refund_forfeits" if forfeits else None,
    )


def returned_subsidy(policy: Policy, payment: Payment, refunded_fen: int, frees: bool) -> int:
    """The fen that go back to the funders: all when the voucher is freed; in proportion (cumulated,
    half up) under `pro_rata`; else nothing.
    """
    if frees:
        return payment.kept_fen
    if policy != "pro_rata" or payment.base_fen == 0:
        return 0
    refunded = payment.base_fen - payment.left_fen + refunded_fen
    already = payment.subsidy_fen - payment.kept_fen
    return half_up(payment.subsidy_fen * refunded, payment.base_fen) - already
