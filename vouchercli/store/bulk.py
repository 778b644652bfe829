"""Large files by set: what their proof reads, and proved rows written many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.store import numbers, totals

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

# ---------------------------------------------------------------- read

ROUNDS = """
SELECT r.round_id, r.round, r.state, r.opens_at, r.closes_at, r.packs, r.claimed, r.per_resident, t.document
FROM rounds r JOIN templates t ON t.template_id = r.template_id WHERE r.programme_id = ? ORDER BY r.round_id
"""
COUPONS = """
SELECT r.round_id, k.coupon_no, k.coupon, k.denomination_fen, k.threshold_fen, k.percent_bp
FROM rounds r JOIN coupons k ON k.template_id = r.template_id WHERE r.programme_id = ? ORDER BY r.round_id, k.coupon_no
"""
# A merchant that was ever suspended is left to the judge.
MERCHANTS = """
SELECT merchant_id, merchant_no, segment_id, district, industry, size, is_registered FROM merchants
WHERE merchant_id NOT IN (SELECT merchant_id FROM suspensions) ORDER BY merchant_id
"""
PLATFORM_NUMBERS = """
SELECT platform_no, merchant_no FROM merchants
WHERE merchant_id IN (SELECT min(merchant_id) FROM merchants WHERE platform_no <> '' GROUP BY platform_no)
"""
CLAIMS = "SELECT claim_id, claim_no, resident, claimed_at, expires_at FROM claims WHERE round_id = ?"
VISITS = """
SELECT c.resident, f.merchant_id, f.day FROM redemptions f CROSS JOIN claims c ON c.claim_id = f.claim_id
WHERE f.paid_at >= ? AND f.paid_at < ? AND f.refund_of IS NULL
"""
VISITS_SINCE = """
SELECT c.resident, f.merchant_id, f.day FROM redemptions f CROSS JOIN claims c ON c.claim_id = f.claim_id
WHERE f.redemption_id >= ? AND f.refund_of IS NULL
"""


def rounds(db: sqlite3.Connection, programme_id: int) -> list[sqlite3.Row]:
    """Every round of a programme with its template's document."""
    return db.execute(ROUNDS, (programme_id,)).fetchall()


def coupons(db: sqlite3.Connection, programme_id: int) -> list[tuple[Any, ...]]:
    """(round_id, coupon_no, coupon, denomination_fen, threshold_fen, percent_bp) of every voucher of every round."""
    return [tuple(row) for row in db.execute(COUPONS, (programme_id,))]


def merchants(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """(merchant_id, merchant_no, segment_id, district, industry, size, is_registered) of merchants that were never suspended."""
    return [tuple(row) for row in db.execute(MERCHANTS)]


def platform_numbers(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """(platform_no, merchant_no): of several merchants that a platform knows by one number, the first."""
    return [tuple(row) for row in db.execute(PLATFORM_NUMBERS)]


def claims(db: sqlite3.Connection, round_id: int) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """The columns claim_id, claim_no, resident, claimed_at, expires_at of a round's claims, some thousand rows at a time."""
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute(CLAIMS, (round_id,))
    while rows := cursor.fetchmany(50_000):
        yield tuple(zip(*rows, strict=True))


def visits(db: sqlite3.Connection, first: int, end: int) -> list[tuple[bytes, int, int]]:
    """(resident, merchant_id, day) of every payment between these UTC seconds."""
    return [tuple(row) for row in db.execute(VISITS, (first, end))]


def visits_since(db: sqlite3.Connection, first_id: int) -> list[tuple[bytes, int, int]]:
    """(resident, merchant_id, day) of every payment written from `first_id` on."""
    return [tuple(row) for row in db.execute(VISITS_SINCE, (first_id,))]


# ---------------------------------------------------------------- write

COLUMNS = ("transaction_no", "claim_id", "coupon_no", "merchant_id", "segment_id", "channel", "paid_at", "day", "base_fen",
           "merchant_discount_fen", "split_id", "line")
# A voucher's first row only: where one stands already, nothing is written.
ADD = """
INSERT OR IGNORE INTO redemptions (redemption_id, transaction_no, claim_id, coupon_no, use_no, merchant_id, segment_id, channel, paid_at,
    day, base_fen, merchant_discount_fen, split_id, vouchers, refund_of, batch_id, line)
VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, 1, NULL, ?, ?)
"""
GAPS = """
SELECT before + 1 AS first, redemption_id - 1 AS last FROM (
    SELECT redemption_id, lag(redemption_id, 1, ?1 - 1) OVER (ORDER BY redemption_id) AS before FROM (
        SELECT redemption_id FROM redemptions WHERE redemption_id >= ?1 AND redemption_id < ?2 UNION ALL SELECT ?2))
WHERE redemption_id - before > 1
"""
SAME = ("line", "claim_id", "coupon_no", "transaction_no", "merchant_id", "paid_at", "base_fen", "merchant_discount_fen", "subsidy_fen")
IS_SAME = """
SELECT 1 FROM redemption_facts WHERE claim_id = ? AND coupon_no = ? AND transaction_no = ? AND merchant_id = ? AND paid_at = ?
    AND base_fen = ? AND merchant_discount_fen = ? AND subsidy_fen = ? AND kind = 'pay'
"""
COMBINED_KEY = ("round_id", "day", "coupon", "channel", "segment_id")
MERCHANT_KEY = ("round_id", "month", "merchant_id")
SEGMENTS = "SELECT segment_id, district, industry, size FROM segments ORDER BY segment_id"
ADD_GROUPS = "INSERT INTO group_totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" + totals.POOL
ADD_MERCHANTS = "INSERT INTO merchant_totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" + totals.POOL
ADD_FUNDERS = "INSERT INTO funder_totals VALUES (?, ?, ?, ?)" + totals.POOL_PARTS


def next_id(db: sqlite3.Connection) -> int:
    """The first redemption_id that is free."""
    return numbers.last_id(db) + 1


def add(db: sqlite3.Connection, batch_id: int, first_id: int, columns: Sequence[list[Any]]) -> list[int]:
    """Write payments, given by columns (redemption_id and `COLUMNS`), each as the first of its voucher. Returns the ids of
    those whose voucher a fact holds already: they were not written."""
    *most, line = columns
    batch = [batch_id] * len(line)
    before = db.total_changes
    db.executemany(ADD, zip(*most, batch, line, strict=True))
    if db.total_changes - before == len(line):
        return []
    return [one for first, last in db.execute(GAPS, (first_id, first_id + len(line))) for one in range(first, last + 1)]


def keep_numbers(db: sqlite3.Connection, batch_id: int, first_id: int, keys: bytes) -> None:
    """Keep the run of keys of the rows written from `first_id` on."""
    numbers.keep(db, batch_id, first_id, keys)


def duplicates(db: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> set[int]:
    """The lines of those rows (`SAME`) that stand in the store already, alike in everything."""
    return {line for line, *content in rows if db.execute(IS_SAME, content).fetchone()}


def segments(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """(segment_id, district, industry, size) of every segment."""
    return [tuple(row) for row in db.execute(SEGMENTS)]


def add_groups(db: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Pool sums by grouping, round, day and key with what stands."""
    db.executemany(ADD_GROUPS, rows)


def add_merchants(db: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Pool sums by `MERCHANT_KEY` with what stands."""
    db.executemany(ADD_MERCHANTS, rows)


def add_funders(db: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Pool sums by round, day and funder with what stands."""
    db.executemany(ADD_FUNDERS, rows)
