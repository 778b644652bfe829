"""Whether the refunds of each payment, one after the other, take back what the policy of their
programme says and end where they must: how much of the sale and of the subsidy is left, when the
payment is undone, when its voucher is free again. The policy is the one of today: it does not
change while there are redemptions.
"""

from __future__ import annotations

from itertools import groupby, permutations
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import refunds
from vouchercli.store import open_rows, programmes, prolongations, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from vouchercli.rules.refunds import RefundPolicy
    from vouchercli.store.breaches import Breach


class Refund(NamedTuple):
    """A refund beside its payment (`base_fen`, `subsidy_fen`, `least_base_fen`); then
    what it changed: the subsidy kept before and after it, vouchers, spent, floor_fen.
    """

    voucher: int
    use_no: int
    payment_id: int
    transaction_no: str
    programme_id: int
    paid_at: int
    expires_at: int
    base_fen: int
    subsidy_fen: int
    least_base_fen: int
    refund_fen: int
    before_fen: int
    after_fen: int
    vouchers: int
    spent: int
    floor_fen: int
    stays: int
    batch_id: int


# In the order in which they were judged (use_no), which the refunds of one second may not keep.
REFUNDS = f"""
SELECT b.voucher, b.use_no, b.refund_of, b.transaction_no, r.programme_id, b.paid_at,
    {prolongations.ENDS_AT_FOR_REFUND},
    f.base_fen, p.after_fen, min(f.base_fen, k.full_base_fen), -b.base_fen,
    s.before_fen, s.after_fen, t.vouchers, t.spent, t.floor_fen, s.stays,
    (SELECT n.batch_id FROM redemption_runs n WHERE n.first_id <= b.redemption_id
        ORDER BY n.first_id DESC LIMIT 1)
FROM (SELECT DISTINCT voucher FROM temp.open_refunds) o
    CROSS JOIN redemptions b ON b.voucher = o.voucher
    CROSS JOIN redemptions f ON f.redemption_id = b.refund_of
    CROSS JOIN splits p ON p.split_id = f.split_id CROSS JOIN splits s ON s.split_id = b.split_id
    CROSS JOIN refunds t ON t.redemption_id = b.redemption_id
    CROSS JOIN rounds r ON r.round_id = p.round_id
    CROSS JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = f.coupon_no
    CROSS JOIN claims c ON c.claim_id = f.claim_id
WHERE b.refund_of IS NOT NULL
ORDER BY b.voucher, f.use_no, b.use_no
"""
# What stands keeps what it took back when others are judged before it: exactly what the policy says
# is taken where all refunds of a payment came in one file, and none was retried or undone; and by
# the only refund of a payment, unless a file was undone that may have had another one.
IS_STEADY = """
SELECT NOT EXISTS (SELECT 1 FROM audit WHERE deed GLOB '*.retry')
    AND NOT EXISTS (SELECT 1 FROM batches WHERE kind = 'redemptions' AND state = 'undone')
"""
UNDONE = "SELECT DISTINCT programme_id FROM batches WHERE kind = 'redemptions' AND state = 'undone'"
ALIKE = 5  # refunds of one payment in one second whose order is tried


def refunds_in_turn(db: sqlite3.Connection) -> list[Breach]:
    """Refunds that the policy refuses, that take back another subsidy than it says, that do not
    begin where the one before them ended, that take more or less of the least base, that undo their
    payment or free their voucher when they must not.
    """
    policies = {
        row["programme_id"]: programmes.value(row).refunds for row in programmes.all_loaded(db)
    }
    is_steady = bool(typed.number(db, IS_STEADY))
    undone = {*typed.column(db, UNDONE)}
    found: list[Breach] = []
    with open_rows.laid_out(db):
        all_refunds = typed.rows(db, Refund, REFUNDS)
    for _, some_rows in groupby(all_refunds, lambda each: each.voucher):
        of_voucher = [*some_rows]
        for payment_id, some in groupby(of_voucher, lambda each: each.payment_id):
            rows = [*some]
            is_alone = len(rows) == 1 and rows[0].programme_id not in undone
            is_of_one_file = len({each.batch_id for each in rows}) == 1
            freeing = [
                each.use_no
                for each in of_voucher
                if each.spent == -1 and each.payment_id != payment_id
            ]
            law = Law(
                policies[rows[0].programme_id],
                freed_by=min(freeing, default=None),
                is_steady=is_alone or (is_steady and is_of_one_file),
            )
            found += _breaches(rows, law)
    return found


class Law(NamedTuple):
    """What the refunds of one payment are held to; `freed_by`: which use of its voucher was the
    first refund of another payment that gave it back; `is_steady`: nothing else was judged between
    them.
    """

    policy: RefundPolicy
    freed_by: int | None
    is_steady: bool

    def was_restored(self, row: Refund) -> bool:
        """Whether its voucher was given back before, with another payment."""
        return self.freed_by is not None and self.freed_by < row.use_no


def _breaches(rows: list[Refund], law: Law) -> list[Breach]:
    found: list[Breach] = []
    for order in _orders(rows):
        now = [*_follow(order, law)]
        if not now:
            return []
        found = found or now
    return found


def _orders(rows: list[Refund]) -> Iterator[Sequence[Refund]]:
    yield rows
    if 1 < len(rows) <= ALIKE and len({each.paid_at for each in rows}) < len(rows):
        yield from permutations(rows)


def _follow(rows: Sequence[Refund], law: Law) -> Iterator[Breach]:
    left, kept, is_freed = rows[0].base_fen, rows[0].subsidy_fen, False
    for row in rows:
        before = left
        least = refunds.least_base_fen(row.least_base_fen, row.base_fen, left)
        left -= row.refund_fen
        floor = refunds.least_base_fen(row.least_base_fen, row.base_fen, left) - least
        case = refunds.case_of(
            is_full=row.refund_fen == row.base_fen,
            paid_at=row.paid_at,
            expires_at=row.expires_at,
        )
        frees = not is_freed and refunds.restores(
            law.policy, case, was_restored=law.was_restored(row)
        )
        is_freed = is_freed or frees
        money = getattr(law.policy.money, case)
        after, stays = row.after_fen, row.stays
        if law.is_steady:
            after = kept - refunds.taken_fen(
                money, row.base_fen, row.subsidy_fen, before, kept, row.refund_fen
            )
            stays = int(money == "stays" and after < kept)
        expected = (kept, after, stays, -1 if left == 0 else 0, -1 if frees else 0, floor)
        found = (row.before_fen, row.after_fen, row.stays, row.vouchers, row.spent, row.floor_fen)
        kept = row.after_fen
        if law.policy.refuses(case):
            yield row.transaction_no, "refused", str(found)
        elif expected != found:
            yield row.transaction_no, str(expected), str(found)


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "refunds_in_turn": refunds_in_turn,
}
