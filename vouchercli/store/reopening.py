"""Facts moved back among the incoming rows, to be judged again together with rows that may take
their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import money
from vouchercli.store import redemptions, sql_functions, transaction_numbers

if TYPE_CHECKING:
    import sqlite3

NUMBERS = "SELECT DISTINCT transaction_no FROM incoming_redemptions WHERE reason IS NULL"
# What hangs together with a staged row: facts on its voucher, of its visit, with its number.
SAME_VOUCHER = """
INSERT OR IGNORE INTO leaving
SELECT f.redemption_id FROM incoming_redemptions i CROSS JOIN claims c ON c.claim_no = i.claim_no
CROSS JOIN redemptions f ON f.claim_id = c.claim_id AND f.coupon_no = i.coupon_no
WHERE i.reason IS NULL
"""
SAME_VISIT = """
INSERT OR IGNORE INTO leaving
SELECT f.redemption_id FROM incoming_redemptions i CROSS JOIN claims c ON c.claim_no = i.claim_no
CROSS JOIN claims o ON o.resident = c.resident
CROSS JOIN redemptions f ON f.claim_id = o.claim_id AND f.day = i.day AND f.refund_of IS NULL
CROSS JOIN merchants m ON m.merchant_id = f.merchant_id AND (m.merchant_no = i.merchant_no
    OR m.platform_no = nullif(i.platform_no, ''))
WHERE i.reason IS NULL AND i.kind = 'pay'
"""
SAME_NUMBER = """
INSERT OR IGNORE INTO leaving
SELECT n.redemption_id FROM standing_numbers n JOIN redemptions f
    ON f.redemption_id = n.redemption_id
WHERE (n.transaction_no, n.kind) IN (SELECT transaction_no, kind FROM incoming_redemptions
    WHERE reason IS NULL)
"""
# Numbers that stand twice; refunds that were judged after a row of a later time on their voucher.
REUSED = "INSERT OR IGNORE INTO leaving SELECT redemption_id FROM standing_numbers"
OVERTAKEN = """
INSERT OR IGNORE INTO leaving
SELECT r.redemption_id FROM redemptions r
WHERE r.refund_of IS NOT NULL AND r.batch_id = ifnull(?, r.batch_id) AND EXISTS (
    SELECT 1 FROM redemptions o
    WHERE o.claim_id = r.claim_id AND o.coupon_no = r.coupon_no AND o.use_no < r.use_no
      AND (o.paid_at, o.refund_of IS NOT NULL, o.transaction_no) > (r.paid_at, 1, r.transaction_no)
)
"""
OF_OTHERS = """
DELETE FROM leaving WHERE redemption_id IN (
    SELECT f.redemption_id FROM leaving JOIN redemptions f USING (redemption_id) JOIN claims c
        ON c.claim_id = f.claim_id
    JOIN rounds r ON r.round_id = c.round_id
    WHERE r.programme_id <> :programme_id OR f.batch_id <> ifnull(:only, f.batch_id)
)
"""
# A voucher's rows are judged together or not at all.
COMPANIONS = """
INSERT OR IGNORE INTO leaving
SELECT o.redemption_id FROM leaving CROSS JOIN redemptions f USING (redemption_id)
CROSS JOIN redemptions o ON o.claim_id = f.claim_id AND o.coupon_no = f.coupon_no
"""
# What a file with subsidies said of one is what the row changed: it was accepted.
STAGE = """
INSERT INTO incoming_redemptions (place, batch_id, line, cells, transaction_no, kind, claim_no,
    coupon_no, merchant_no, platform_no,
    paid_at, day, base_fen, merchant_discount_fen, subsidy_fen, refund_of, channel, segment_id)
SELECT (SELECT ifnull(max(place), 0)
    FROM incoming_redemptions) + row_number() OVER (ORDER BY f.batch_id, f.line), f.batch_id,
    f.line,
    json_object('transaction_no', f.transaction_no, 'kind', f.kind, 'claim_no', c.claim_no,
        'coupon_no', CAST(f.coupon_no AS TEXT),
        'merchant_no', m.merchant_no, 'platform_no', m.platform_no,
        'paid_at', strftime('%Y-%m-%dT%H:%M:%SZ', f.paid_at, 'unixepoch'),
        'order_amount', yuan(abs(f.base_fen + f.merchant_discount_fen)),
        'merchant_discount', yuan(abs(f.merchant_discount_fen)), 'subsidy', yuan(f.stated_fen),
        'refund_of', ifnull(p.transaction_no, ''), 'channel', f.channel),
    f.transaction_no, f.kind, c.claim_no, f.coupon_no, m.merchant_no, '', f.paid_at, f.day,
        abs(f.base_fen), abs(f.merchant_discount_fen),
    f.stated_fen, ifnull(p.transaction_no, ''), f.channel, f.segment_id
FROM (
    SELECT x.*, CASE WHEN x.stays THEN 0 ELSE abs(x.subsidy_fen) END AS stated_fen
    FROM leaving CROSS JOIN redemption_facts x USING (redemption_id)
) f
JOIN claims c ON c.claim_id = f.claim_id
JOIN merchants m ON m.merchant_id = f.merchant_id
LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
"""
FORGET_WARNINGS = """
DELETE FROM warnings WHERE (batch_id, line) IN (SELECT f.batch_id, f.line FROM leaving
    JOIN redemptions f USING (redemption_id))
"""


def reopen(
    db: sqlite3.Connection, programme_id: int, only: int | None, *, has_visits: bool
) -> None:
    """Move the facts that hang together with the staged rows back among them: of the batch `only`,
    else of every batch of the programme. Also refunds that were judged too late, and with `only`
    its facts whose number stands twice.
    """
    redemptions.expect_leaving(db)
    if only is not None and transaction_numbers.find_reused(db, only):
        db.execute(REUSED)
    db.execute(OVERTAKEN, (only,))
    find_numbers(db)
    for statement in (SAME_VOUCHER, SAME_NUMBER, *((SAME_VISIT,) if has_visits else ())):
        db.execute(statement)
    for _ in range(2):  # companions of the batch's own; then again without those of others
        db.execute(OF_OTHERS, {"programme_id": programme_id, "only": only})
        db.execute(COMPANIONS)
    db.execute(OF_OTHERS, {"programme_id": programme_id, "only": only})
    move_leaving(db)


def move_leaving(db: sqlite3.Connection) -> None:
    """Move the facts of temp.leaving among the incoming rows, and what they made out of the
    totals.
    """
    sql_functions.register(db, yuan=money.yuan)
    db.execute(STAGE)
    db.execute(FORGET_WARNINGS)
    redemptions.take_out(db)


def find_numbers(db: sqlite3.Connection) -> None:
    """Fill temp.standing_numbers with the facts that may hold a number of the staged rows."""
    transaction_numbers.find_standing(db, [row[0] for row in db.execute(NUMBERS)])
