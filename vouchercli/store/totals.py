"""Totals kept in the transaction of each batch: reports read them, `voucher check` proves them against the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

SUMS = """
    :sign * sum(f.vouchers), :sign * sum(f.base_fen), :sign * sum(f.subsidy_fen), :sign * sum(f.public_fen), :sign * sum(f.platform_fen),
    :sign * sum(f.match_fen), :sign * sum(f.vouchers * k.threshold_fen), :sign * sum(f.vouchers * k.denomination_fen)
"""
WRITTEN = """
FROM redemption_facts f
JOIN claims c ON c.claim_id = f.claim_id
JOIN rounds r ON r.round_id = c.round_id
JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = f.coupon_no
WHERE f.redemption_id > :after
"""
LEAVING = """
FROM temp.leaving CROSS JOIN redemption_facts f ON f.redemption_id = leaving.redemption_id
JOIN claims c ON c.claim_id = f.claim_id
JOIN rounds r ON r.round_id = c.round_id
JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = f.coupon_no
WHERE f.redemption_id > :after
"""
POOL = """
ON CONFLICT DO UPDATE SET vouchers = vouchers + excluded.vouchers, base_fen = base_fen + excluded.base_fen,
    subsidy_fen = subsidy_fen + excluded.subsidy_fen, public_fen = public_fen + excluded.public_fen,
    platform_fen = platform_fen + excluded.platform_fen, match_fen = match_fen + excluded.match_fen,
    floor_fen = floor_fen + excluded.floor_fen, face_fen = face_fen + excluded.face_fen
"""
DAY_KEY = "c.round_id, f.day, k.coupon, f.segment_id, f.channel"
MERCHANT_KEY = "c.round_id, f.day, f.merchant_id"
FUNDER_KEY = "c.round_id, f.day, p.funder_id"
PARTS = "JOIN split_parts p ON p.split_id = f.split_id WHERE"
POOL_PARTS = " ON CONFLICT DO UPDATE SET amount_fen = amount_fen + excluded.amount_fen"


def _statements(facts: str) -> tuple[str, ...]:
    """The three sums of `facts`, each pooled with what its table holds."""
    days = "INSERT INTO day_totals SELECT " + DAY_KEY + "," + SUMS + facts + "GROUP BY " + DAY_KEY + POOL
    merchants = "INSERT INTO merchant_totals SELECT " + MERCHANT_KEY + "," + SUMS + facts + "GROUP BY " + MERCHANT_KEY + POOL
    shares = facts.replace("WHERE", PARTS)
    funders = "INSERT INTO funder_totals SELECT " + FUNDER_KEY + ", :sign * sum(p.amount_fen) " + shares + "GROUP BY " + FUNDER_KEY
    funders += POOL_PARTS
    return days, merchants, funders


ADD_WRITTEN = _statements(WRITTEN)
TAKE_LEAVING = _statements(LEAVING)
# A day that an undo has emptied leaves no trace.
DROP_EMPTY = (
    "DELETE FROM day_totals WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0",
    "DELETE FROM merchant_totals WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0",
    "DELETE FROM funder_totals WHERE amount_fen = 0",
)


def add_written(db: sqlite3.Connection, after: int) -> None:
    """Add what the redemptions with an id above `after` make."""
    for statement in ADD_WRITTEN:
        db.execute(statement, {"after": after, "sign": 1})
    _drop_empty(db)


def take_leaving(db: sqlite3.Connection) -> None:
    """Take away what the redemptions of temp.leaving (redemption_id) make."""
    for statement in TAKE_LEAVING:
        db.execute(statement, {"after": 0, "sign": -1})
    _drop_empty(db)


def _drop_empty(db: sqlite3.Connection) -> None:
    for statement in DROP_EMPTY:
        db.execute(statement)
