"""Large files by set: what their proof reads, and proved rows written many at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.store import bulk_insert, totals, transaction_numbers, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

# ---------------------------------------------------------------- read

ROUNDS = """
SELECT r.round_id, r.round, r.state, r.opens_at, r.closes_at, r.packs, r.claimed, r.per_resident,
    r.platform, r.hands_winners, t.document
FROM rounds r JOIN templates t ON t.template_id = r.template_id WHERE r.programme_id = ?
    ORDER BY r.round_id
"""
COUPONS = """
SELECT r.round_id, k.coupon_no, k.coupon, k.denomination_fen, k.threshold_fen, k.percent_bp,
    k.full_base_fen, k.most_base_fen
FROM rounds r JOIN coupons k ON k.template_id = r.template_id WHERE r.programme_id = ?
    ORDER BY r.round_id, k.coupon_no
"""
# Long texts, not rows: Python would make an object of every cell. A merchant that was ever
# suspended, or was another before, is left to the judge.
MERCHANTS = """
SELECT ifnull(group_concat(merchant_id), ''), ifnull(group_concat(merchant_no, char(10)), ''),
    ifnull(group_concat(segment_id), ''),
    ifnull(group_concat(is_registered), '')
FROM merchants WHERE merchant_id NOT IN (SELECT merchant_id FROM suspensions
        UNION ALL SELECT merchant_id FROM merchant_pasts)
    AND instr(merchant_no, char(10)) = 0
"""
PLATFORM_NUMBERS = """
SELECT platform_no, merchant_no FROM merchants
WHERE merchant_id IN (SELECT min(merchant_id) FROM merchants WHERE platform_no <> ''
    GROUP BY platform_no)
    AND platform_no NOT IN (SELECT platform_no FROM merchant_pasts)
"""
EXPIRED_BY = "SELECT round_id, expired_by FROM releases"
SPAN = "SELECT min(claim_id), max(claim_id) FROM claims WHERE round_id = ?"
# The `+` keeps SQLite on the table, in its own order.
CLAIMS = """
SELECT count(*), group_concat(claim_id), group_concat(claim_no, char(10)),
    group_concat(hex(substr(resident, 1, 8)), ''),
    group_concat(claimed_at), group_concat(expires_at)
FROM claims WHERE claim_id BETWEEN ? AND ? AND +round_id = ? AND instr(claim_no, char(10)) = 0
"""
CLAIMS_AT_ONCE = 50_000
VISITS = """
SELECT c.resident, f.merchant_id, f.day
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN claims c ON c.claim_id = f.claim_id
WHERE n.last_paid_at >= ?1 AND n.first_paid_at < ?2 AND f.paid_at >= ?1 AND f.paid_at < ?2
    AND f.refund_of IS NULL AND c.round_id IN (SELECT round_id FROM rounds
        WHERE programme_id IN (SELECT value FROM json_each(?3)))
"""
VISITS_SINCE = """
SELECT c.resident, f.merchant_id, f.day FROM redemptions f CROSS JOIN claims c
    ON c.claim_id = f.claim_id
WHERE f.redemption_id >= ? AND f.refund_of IS NULL
"""


def rounds(db: sqlite3.Connection, programme_id: int) -> list[sqlite3.Row]:
    """Every round of a programme with its template's document."""
    return db.execute(ROUNDS, (programme_id,)).fetchall()


def coupons(db: sqlite3.Connection, programme_id: int) -> list[tuple[Any, ...]]:
    """(round_id, coupon_no, coupon, denomination_fen, threshold_fen, percent_bp, full_base_fen,
    most_base_fen) of every voucher of every round.
    """
    return typed.tuples(db, COUPONS, (programme_id,))


def expired_by(db: sqlite3.Connection) -> dict[int, int]:
    """By when vouchers of a round have expired that gave up their money, by round_id."""
    return dict(db.execute(EXPIRED_BY).fetchall())


def merchants(db: sqlite3.Connection) -> tuple[str, str, str, str]:
    """The merchants that were never suspended as columns in texts: merchant_id (commas between
    them), merchant_no (newlines), segment_id, is_registered (commas).
    """
    return tuple(db.execute(MERCHANTS).fetchone())


def platform_numbers(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """(platform_no, merchant_no): of several merchants that a platform knows by one number, the
    first.
    """
    return typed.tuples(db, PLATFORM_NUMBERS)


def claims(db: sqlite3.Connection, round_id: int) -> Iterator[tuple[str, str, str, str, str]]:
    """A round's claims, some thousand at a time, as columns in texts: claim_id (commas between
    them), claim_no (newlines), the first eight bytes of the resident's token (hexadecimal, nothing
    between), claimed_at, expires_at (commas).
    """
    first, last = db.execute(SPAN, (round_id,)).fetchone()
    for start in range(first, last + 1, CLAIMS_AT_ONCE) if first is not None else ():
        count, *texts = db.execute(
            CLAIMS, (start, min(start + CLAIMS_AT_ONCE - 1, last), round_id)
        ).fetchone()
        if count:
            yield tuple(texts)


def visits(
    db: sqlite3.Connection, first: int, end: int, programme_ids: Sequence[int]
) -> list[tuple[bytes, int, int]]:
    """(resident, merchant_id, day) of every payment between these UTC seconds with vouchers of
    these programmes.
    """
    return typed.tuples(db, VISITS, (first, end, json.dumps(programme_ids)))


def visits_since(db: sqlite3.Connection, first_id: int) -> list[tuple[bytes, int, int]]:
    """(resident, merchant_id, day) of every payment written from `first_id` on."""
    return typed.tuples(db, VISITS_SINCE, (first_id,))


# ---------------------------------------------------------------- write

COLUMNS = (
    "transaction_no",
    "voucher",
    "merchant_id",
    "segment_id",
    "channel",
    "paid_at",
    "day",
    "base_fen",
    "merchant_discount_fen",
    "split_id",
    "line",
)
STANDING = """
SELECT DISTINCT voucher FROM redemptions WHERE voucher IN (SELECT value FROM json_each(?))
"""
# A voucher's first row only: where one stands already, nothing is written.
ADD = """
INSERT OR IGNORE INTO redemptions (redemption_id, transaction_no, voucher, merchant_id, segment_id,
    channel, paid_at, day, base_fen, merchant_discount_fen, split_id, line, use_no)
"""
PAYMENT = "(?1 + :n, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
# What a refund needs to undo all of it: its payment, alone on the voucher.
SOLE_PAYMENT = """
SELECT f.redemption_id, s.after_fen FROM redemptions f JOIN splits s ON s.split_id = f.split_id
WHERE f.voucher = ?1 AND f.refund_of IS NULL AND f.transaction_no = ?2 AND f.merchant_id = ?3
    AND f.base_fen = ?4 AND f.paid_at <= ?5
    AND NOT EXISTS (SELECT 1 FROM redemptions o WHERE o.voucher = ?1
        AND o.redemption_id <> f.redemption_id)
"""
REFUND_COLUMNS = (*COLUMNS, "payment_id")
ADD_REFUND = """
INSERT INTO redemptions (redemption_id, transaction_no, voucher, merchant_id, segment_id, channel,
    paid_at, day, base_fen, merchant_discount_fen, split_id, line, refund_of, use_no)
"""
REFUND = "(?1 + :n, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 2)"
UNDONE_COLUMNS = ("vouchers", "spent", "floor_fen")
ADD_UNDONE = "INSERT INTO refunds (redemption_id, vouchers, spent, floor_fen)"
UNDONE = "(?1 + :n, ?, ?, ?)"
WRITTEN = "SELECT redemption_id FROM redemptions WHERE redemption_id BETWEEN ? AND ?"
COMBINED_KEY = ("round_id", "day", "coupon", "channel", "segment_id")
MERCHANT_KEY = ("round_id", "month", "merchant_id", "segment_id")
ADD_GROUPS = (
    "INSERT INTO group_totals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" + totals.POOL
)
ADD_MERCHANTS = "INSERT INTO merchant_totals"
MERCHANT = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ADD_FUNDERS = "INSERT INTO funder_totals VALUES (?, ?, ?, ?)" + totals.POOL_PARTS


def next_id(db: sqlite3.Connection) -> int:
    """The first redemption_id that is free."""
    return transaction_numbers.last_id(db) + 1


def standing(db: sqlite3.Connection, vouchers: list[int]) -> list[int]:
    """Those of these vouchers that a fact holds."""
    return typed.column(db, STANDING, (json.dumps(vouchers),))


def add(db: sqlite3.Connection, first_id: int, columns: Sequence[list[Any]]) -> list[int]:
    """Write payments, given by `COLUMNS`, with ids from `first_id` on, each as the first of its
    voucher. Returns the ids of those whose voucher a fact holds already: they were not written.
    """
    refused = []
    for some in bulk_insert.put(db, ADD, PAYMENT, columns, numbered=(first_id,)):
        ids = range(first_id + some.start, first_id + some.stop)
        refused += sorted({*ids}.difference(typed.column(db, WRITTEN, (ids[0], ids[-1]))))
    return refused


def sole_payment(db: sqlite3.Connection, asked: tuple[Any, ...]) -> tuple[int, int] | None:
    """(redemption_id, subsidy_fen) of the payment that is alone on its voucher, by (voucher,
    transaction_no, merchant_id, base_fen, at the latest at this second).
    """
    return next(iter(typed.tuples(db, SOLE_PAYMENT, asked)), None)


def add_refunds(
    db: sqlite3.Connection,
    first_id: int,
    columns: Sequence[list[Any]],
    undone: Sequence[list[Any]],
) -> None:
    """Write full refunds, given by `REFUND_COLUMNS` (amounts negative) and `UNDONE_COLUMNS`, with
    ids from `first_id` on, each as its voucher's second row.
    """
    bulk_insert.put(db, ADD_REFUND, REFUND, columns, numbered=(first_id,))
    bulk_insert.put(db, ADD_UNDONE, UNDONE, undone, numbered=(first_id,))


def add_groups(db: sqlite3.Connection, sums: Iterable[tuple[Any, ...]]) -> None:
    """Pool sums by grouping, round, day and keys with what stands."""
    db.executemany(ADD_GROUPS, sums)


def add_merchants(db: sqlite3.Connection, columns: Sequence[list[Any]]) -> None:
    """Pool sums by `MERCHANT_KEY`, given by columns, with what stands."""
    bulk_insert.put(db, ADD_MERCHANTS, MERCHANT, columns, totals.POOL)


def add_funders(db: sqlite3.Connection, sums: Iterable[tuple[Any, ...]]) -> None:
    """Pool sums by round, day and funder with what stands."""
    db.executemany(ADD_FUNDERS, sums)
