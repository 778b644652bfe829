"""What a correction of merchants meets: later changes of them, and payments that stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3


LATER = """
SELECT count(*) FROM merchant_changes WHERE batch_id > ?1
    AND merchant_id IN (SELECT merchant_id FROM merchant_changes WHERE batch_id = ?1)
"""
# Payments that stand at the merchants of a batch, and would be refused as the merchants are now.
UNLAWFUL = """
SELECT f.transaction_no, m.merchant_no, r.round, f.paid_at
FROM redemption_runs n CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id
    AND n.last_id
JOIN rounds r ON r.round_id = f.round_id JOIN merchants m ON m.merchant_id = f.merchant_id
LEFT JOIN merchant_pasts v ON v.merchant_id = m.merchant_id AND v.until_at = (
    SELECT min(until_at) FROM merchant_pasts p WHERE p.merchant_id = m.merchant_id
        AND p.until_at > f.paid_at)
JOIN segments g ON g.segment_id = coalesce(v.segment_id, m.segment_id)
WHERE n.last_paid_at >= :from_at AND f.paid_at >= :from_at AND f.kind = 'pay'
    AND r.programme_id = :programme_id
    AND f.merchant_id IN (SELECT merchant_id FROM merchant_changes WHERE batch_id = :batch_id)
    AND NOT is_in_scope(f.round_id, f.coupon_no, f.channel, f.paid_at, m.merchant_no, g.district,
        g.industry, g.size, m.is_registered)
ORDER BY f.paid_at, f.transaction_no
"""


class Standing(NamedTuple):
    """A payment that stands though it would be refused now."""

    transaction_no: str
    merchant_no: str
    round: str
    paid_at: int


def later_changes(db: sqlite3.Connection, batch_id: int) -> int:
    """How many changes of the same merchants came after the batch."""
    return typed.number(db, LATER, (batch_id,))


def unlawful(
    db: sqlite3.Connection, programme_id: int, batch_id: int, from_at: int
) -> list[Standing]:
    """Payments since `from_at` at the merchants of a batch which their round's scope would refuse;
    the caller has registered `is_in_scope` for the programme.
    """
    asked = {"programme_id": programme_id, "batch_id": batch_id, "from_at": from_at}
    return typed.rows(db, Standing, UNLAWFUL, asked)
