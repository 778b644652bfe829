"""Totals kept in the transaction of each batch: reports read them, `voucher check` proves them against the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

SUMS = """
    :sign * sum(f.vouchers), :sign * sum(f.base_fen), :sign * sum(f.subsidy_fen), :sign * sum(f.public_fen), :sign * sum(f.platform_fen),
    :sign * sum(f.match_fen), :sign * sum(f.vouchers * k.threshold_fen), :sign * sum(f.vouchers * k.denomination_fen)
"""
OF_BATCH = """
FROM redemptions f
JOIN claims c ON c.claim_id = f.claim_id
JOIN rounds r ON r.round_id = c.round_id
JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = f.coupon_no
WHERE f.batch_id = :batch_id AND f.redemption_id > :after
"""
POOL = """
ON CONFLICT DO UPDATE SET vouchers = vouchers + excluded.vouchers, base_fen = base_fen + excluded.base_fen,
    subsidy_fen = subsidy_fen + excluded.subsidy_fen, public_fen = public_fen + excluded.public_fen,
    platform_fen = platform_fen + excluded.platform_fen, match_fen = match_fen + excluded.match_fen,
    floor_fen = floor_fen + excluded.floor_fen, face_fen = face_fen + excluded.face_fen
"""
DAY_KEY = "c.round_id, f.day, k.coupon, f.segment_id, f.channel"
MERCHANT_KEY = "c.round_id, f.day, f.merchant_id"
ADD_DAYS = "INSERT INTO day_totals SELECT " + DAY_KEY + "," + SUMS + OF_BATCH + "GROUP BY " + DAY_KEY + POOL
ADD_MERCHANTS = "INSERT INTO merchant_totals SELECT " + MERCHANT_KEY + "," + SUMS + OF_BATCH + "GROUP BY " + MERCHANT_KEY + POOL
ADD_FUNDERS = """
INSERT INTO funder_totals
SELECT c.round_id, f.day, p.funder_id, :sign * sum(p.amount_fen)
FROM redemptions f
JOIN claims c ON c.claim_id = f.claim_id
JOIN split_parts p ON p.split_id = f.split_id
WHERE f.batch_id = :batch_id AND f.redemption_id > :after
GROUP BY c.round_id, f.day, p.funder_id
ON CONFLICT DO UPDATE SET amount_fen = amount_fen + excluded.amount_fen
"""
# A day that an undo has emptied leaves no trace.
DROP_EMPTY = (
    "DELETE FROM day_totals WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0",
    "DELETE FROM merchant_totals WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0",
    "DELETE FROM funder_totals WHERE amount_fen = 0",
)


def add(db: sqlite3.Connection, batch_id: int, after: int, sign: int) -> None:
    """Add (sign 1) or take away (-1) what the batch's redemptions with an id above `after` make."""
    values = {"batch_id": batch_id, "after": after, "sign": sign}
    for statement in (ADD_DAYS, ADD_MERCHANTS, ADD_FUNDERS):
        db.execute(statement, values)
    for statement in DROP_EMPTY:
        db.execute(statement)
