"""Totals kept in the transaction of each batch: reports read them, `voucher check` proves them against the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

SUMMED = ("vouchers", "base_fen", "subsidy_fen", "public_fen", "platform_fen", "match_fen", "floor_fen", "face_fen")
SUMS = ", ".join("sum(f." + name + ") AS " + name for name in SUMMED)
SIGNED_SUMS = ", ".join(":sign * sum(f." + name + ")" for name in SUMMED)
OF_BATCH = "FROM redemption_facts f WHERE f.batch_id = :batch_id AND f.redemption_id > :after"
POOL = """
ON CONFLICT DO UPDATE SET vouchers = vouchers + excluded.vouchers, base_fen = base_fen + excluded.base_fen,
    subsidy_fen = subsidy_fen + excluded.subsidy_fen, public_fen = public_fen + excluded.public_fen,
    platform_fen = platform_fen + excluded.platform_fen, match_fen = match_fen + excluded.match_fen,
    floor_fen = floor_fen + excluded.floor_fen, face_fen = face_fen + excluded.face_fen
"""

# The facts are sorted once, by every key together; the groupings are made from what is left.
COMBINED_KEY = "f.round_id, f.day, f.coupon, f.channel, f.segment_id"
COMBINED = "SELECT " + COMBINED_KEY + ", " + SUMS + " "
SEGMENT = "JOIN segments s ON s.segment_id = f.segment_id"
KEYS = {  # grouping -> (its key, the table that has it)
    "round": ("''", ""),
    "coupon": ("f.coupon", ""),
    "channel": ("f.channel", ""),
    "district": ("s.district", SEGMENT),
    "industry": ("s.industry", SEGMENT),
    "size": ("s.size", SEGMENT),
}


def by_every_grouping(sums: str) -> str:
    """The rows of group_totals out of `combined`."""
    return " UNION ALL ".join(
        " ".join(("SELECT '" + grouping + "' AS grouping, f.round_id, f.day,", key, "AS key,", sums, "FROM combined f", table,
                  "GROUP BY f.round_id, f.day,", key))
        for grouping, (key, table) in KEYS.items()
    )


ADD_GROUPS = " ".join((
    "INSERT INTO group_totals WITH combined AS MATERIALIZED (", COMBINED, OF_BATCH, "GROUP BY", COMBINED_KEY, ")",
    by_every_grouping(SIGNED_SUMS), POOL,
))
MERCHANT_KEY = "f.round_id, f.day / 100, f.merchant_id"
ADD_MERCHANTS = " ".join((
    "INSERT INTO merchant_totals SELECT", MERCHANT_KEY, ",", SIGNED_SUMS, OF_BATCH, "GROUP BY", MERCHANT_KEY, POOL,
))
# The parts of a split are the same for every fact that has it: counted first, then multiplied.
ADD_FUNDERS = """
INSERT INTO funder_totals
SELECT g.round_id, g.day, p.funder_id, :sign * sum(g.facts * p.amount_fen)
FROM (SELECT f.round_id, f.day, f.split_id, count(*) AS facts """ + OF_BATCH + """ GROUP BY f.round_id, f.day, f.split_id) g
    CROSS JOIN split_parts p ON p.split_id = g.split_id
GROUP BY g.round_id, g.day, p.funder_id
ON CONFLICT DO UPDATE SET amount_fen = amount_fen + excluded.amount_fen
"""
# What a refund or an undo has emptied leaves no trace.
DROP_EMPTY = (
    "DELETE FROM group_totals WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0",
    "DELETE FROM merchant_totals WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0",
    "DELETE FROM funder_totals WHERE amount_fen = 0",
)


def add(db: sqlite3.Connection, batch_id: int, after: int, sign: int) -> None:
    """Add (sign 1) or take away (-1) what the batch's redemptions with an id above `after` make."""
    values = {"batch_id": batch_id, "after": after, "sign": sign}
    for statement in (ADD_GROUPS, ADD_MERCHANTS, ADD_FUNDERS):
        db.execute(statement, values)
    for statement in DROP_EMPTY:
        db.execute(statement)
