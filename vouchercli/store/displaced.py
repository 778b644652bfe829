"""Rows that would take the place of what is booked on a sealed day: that stands, and they wait for
two people (`displaces_sealed`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

IS_SEALED = "SELECT EXISTS (SELECT 1 FROM last_seals WHERE programme_id = ?)"
# When the payment that is kept was paid.
PAYMENTS = """
UPDATE incoming_redemptions AS i SET detail = json_set(detail, '$.sealed_on', s.day)
FROM (
    SELECT w.place, max(f.day) AS day
    FROM incoming_redemptions w CROSS JOIN claims c ON c.claim_no = w.claim_no
    CROSS JOIN rounds r ON r.round_id = c.round_id
    CROSS JOIN last_seals x ON x.programme_id = r.programme_id
    CROSS JOIN redemptions f ON f.voucher = c.claim_id * 1024 + w.coupon_no
    WHERE w.reason = 'displaces_sealed' AND r.programme_id = ? AND f.refund_of IS NULL
        AND f.paid_at > w.paid_at AND f.redemption_id <= x.last_redemption_id AND f.day <= x.day
    GROUP BY w.place
) AS s WHERE s.place = i.place
"""
# A claim before one that has its number, or the last pack of its round, and is sealed. (One that is
# not gives way when the file is judged again.)
CLAIMS = """
UPDATE incoming_claims AS i SET reason = 'displaces_sealed',
    detail = json_set(detail, '$.sealed_on', s.day)
FROM (
    SELECT w.place, x.day
    FROM incoming_claims w CROSS JOIN rounds r ON r.round_id = w.round_id
    CROSS JOIN last_seals x ON x.programme_id = r.programme_id
    CROSS JOIN claims c ON c.claim_id = CASE w.reason
        WHEN 'claim_reused' THEN (SELECT n.claim_id FROM claims n WHERE n.claim_no = w.claim_no)
        ELSE (SELECT l.claim_id FROM claims l INDEXED BY claims_by_round
            WHERE l.round_id = w.round_id ORDER BY l.claimed_at DESC LIMIT 1) END
    WHERE w.reason IN ('claim_reused', 'over_quota') AND r.programme_id = ?
        AND c.claimed_at > w.claimed_at
        AND c.claim_id <= x.last_claim_id AND c.claimed_at < x.ends_at
) AS s WHERE s.place = i.place
"""


def name_payments(db: sqlite3.Connection, programme_id: int) -> None:
    """Name the day of what is sealed, to the payments that would displace it."""
    if db.execute(IS_SEALED, (programme_id,)).fetchone()[0]:
        db.execute(PAYMENTS, (programme_id,))


def name_claims(db: sqlite3.Connection, programme_id: int) -> None:
    """Name the judged claims that would displace what is sealed."""
    if db.execute(IS_SEALED, (programme_id,)).fetchone()[0]:
        db.execute(CLAIMS, (programme_id,))
