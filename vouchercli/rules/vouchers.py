"""The law of one voucher's life: pay, refund, pay again. One record at a time, in the order of
time.

`store.redemptions` applies it by set: a payment that is alone on its voucher, its number and its
visit cannot be refused here and is accepted without coming by; everything else is brought here in
the order of `in_time_order`. Source of the refund policies: facts.md, "refund policy as data" (a)
to (d).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from vouchercli.rules.money import half_up

Policy = Literal["full_restores", "restores_once", "forfeits", "pro_rata"]
Voucher = tuple[int, int]  # (claim_id, coupon_no)
Visit = tuple[bytes, int, int]  # (resident, merchant_id, local day)


@dataclass(frozen=True)
class Row:
    """One payment or refund that is lawful by itself; amounts in fen, times in UTC seconds."""

    line: int
    transaction_no: str
    kind: Literal["pay", "refund"]
    claim_no: str
    voucher: Voucher
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
    def content(self) -> tuple[object, ...]:
        """What makes two rows the same row."""
        return (
            self.voucher,
            self.merchant_id,
            self.paid_at,
            self.base_fen,
            self.merchant_discount_fen,
            self.subsidy_fen,
            self.refund_of,
        )


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


@dataclass(frozen=True)
class Ruling:
    """What becomes of a row: a reason (refused, or "duplicate"), or the change of the subsidy kept
    and of vouchers used.
    """

    reason: str | None = None
    before_fen: int = 0
    after_fen: int = 0
    vouchers: int = 0
    warning: str | None = None


@dataclass
class World:
    """What stands already, as far as the rows at hand touch it."""

    policy: Policy
    visit_limit: int | None
    payments: dict[Voucher, list[Payment]] = field(default_factory=lambda: defaultdict(list))
    numbers: set[tuple[str, str]] = field(default_factory=set)
    visits: dict[Visit, set[Voucher]] = field(default_factory=lambda: defaultdict(set))


def in_time_order(row: Row) -> tuple[object, ...]:
    """The order in which rows are judged: by time; in the same second payments first; then by what
    the row says, so that it does not matter which file it came in; the line decides only between
    rows that are alike.
    """
    told = (row.transaction_no, row.claim_no, row.voucher[1], row.merchant_no)
    amounts = (row.base_fen, row.merchant_discount_fen, row.subsidy_fen)
    return (row.paid_at, row.kind == "refund", *told, *amounts, row.refund_of, row.line)


def judged(world: World, rows: list[Row]) -> dict[int, Ruling]:
    """The ruling on every row, by line; what is accepted becomes part of `world`."""
    rows = sorted(rows, key=in_time_order)
    refunds = {row.refund_of: row for row in reversed(rows) if row.kind == "refund"}
    seen: set[tuple[object, ...]] = set()
    rulings: dict[int, Ruling] = {}
    for row in rows:
        same = (row.transaction_no, row.kind, *row.content)
        if same in seen:
            rulings[row.line] = Ruling("duplicate")
            continue
        seen.add(same)
        rulings[row.line] = (
            _pay(world, row, refunds.get(row.transaction_no))
            if row.kind == "pay"
            else _refund(world, row)
        )
    return rulings


def _pay(world: World, row: Row, refund: Row | None) -> Ruling:
    """A payment needs a free voucher, room in the day's limit at this merchant, and a number of its
    own.
    """
    if not is_free(world, row, refund):
        return Ruling("already_redeemed")
    visit = world.visits[(row.resident, row.merchant_id, row.day)]
    if (
        world.visit_limit is not None
        and row.voucher not in visit
        and len(visit) >= world.visit_limit
    ):
        return Ruling("over_limit")
    if (row.transaction_no, "pay") in world.numbers:
        return Ruling("transaction_reused")
    visit.add(row.voucher)
    world.numbers.add((row.transaction_no, "pay"))
    world.payments[row.voucher].append(
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


def is_free(world: World, row: Row, refund: Row | None) -> bool:
    """Nobody holds the voucher at `row.paid_at`, and the payment does not run into a later one that
    stands already, unless its own refund (of the same file) lies in between.
    """
    standing = world.payments[row.voucher]
    if any(
        p.paid_at <= row.paid_at and (p.freed_at is None or p.freed_at >= row.paid_at)
        for p in standing
    ):
        return False
    later = min((p.paid_at for p in standing if p.paid_at > row.paid_at), default=None)
    if later is None:
        return True
    return (
        refund is not None
        and row.paid_at <= refund.paid_at < later
        and refund.voucher == row.voucher
        and restores(world, refund, refund.base_fen == row.base_fen)
    )


def restores(world: World, refund: Row, is_full: bool) -> bool:
    """Whether this refund gives the voucher back, with its old expiry."""
    if (
        world.policy not in ("full_restores", "restores_once")
        or not is_full
        or refund.paid_at >= refund.expires_at
    ):
        return False
    was_restored = any(p.freed_at is not None for p in world.payments[refund.voucher])
    return world.policy == "full_restores" or not was_restored


def _refund(world: World, row: Row) -> Ruling:
    """A refund needs its payment, on the same voucher at the same merchant; the policy says what it
    returns.
    """
    payment = next(
        (
            p
            for p in world.payments[row.voucher]
            if p.transaction_no == row.refund_of and p.merchant_id == row.merchant_id
        ),
        None,
    )
    if (row.transaction_no, "refund") in world.numbers:
        return Ruling("transaction_reused")
    if payment is None or row.paid_at < payment.paid_at:
        return Ruling("refund_without_payment")
    if row.base_fen > payment.left_fen:
        return Ruling("refund_too_large")
    is_full = row.base_fen == payment.base_fen
    if world.policy == "restores_once" and not is_full:
        return Ruling("partial_refund")
    frees = restores(world, row, is_full)
    returned = returned_subsidy(world.policy, payment, row.base_fen, frees)
    forfeits = not frees and world.policy != "pro_rata"
    if not forfeits and row.subsidy_fen != returned:
        return Ruling("subsidy_mismatch")
    before = payment.kept_fen
    payment.kept_fen -= returned
    payment.left_fen -= row.base_fen
    payment.freed_at = row.paid_at if frees else None
    world.numbers.add((row.transaction_no, "refund"))
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
