"""Facts that are booked on sealed days: they stay where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

SEALED_OF_BATCH = """
SELECT DISTINCT f.day FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN splits s ON s.split_id = f.split_id CROSS JOIN rounds r ON r.round_id = s.round_id
JOIN last_seals x ON x.programme_id = r.programme_id
WHERE n.batch_id = :batch_id AND f.redemption_id <= x.last_redemption_id AND f.day <= x.day
UNION
SELECT local_day(c.claimed_at, p.time_zone) FROM claims c CROSS JOIN rounds r
    ON r.round_id = c.round_id
JOIN programmes p ON p.programme_id = r.programme_id
JOIN last_seals x ON x.programme_id = r.programme_id
WHERE c.batch_id = :batch_id AND c.claim_id <= x.last_claim_id AND c.claimed_at < x.ends_at
ORDER BY 1
"""


def sealed_of_batch(db: sqlite3.Connection, batch_id: int) -> list[int]:
    """The own days of a batch's rows that are booked on sealed days."""
    return typed.column(db, SEALED_OF_BATCH, {"batch_id": batch_id})


STAY_SEALED = """
DELETE FROM leaving WHERE redemption_id IN (
    SELECT f.redemption_id FROM last_seals x CROSS JOIN leaving CROSS JOIN redemptions f
        USING (redemption_id)
    CROSS JOIN splits s ON s.split_id = f.split_id
    CROSS JOIN rounds r ON r.round_id = s.round_id AND r.programme_id = x.programme_id
    WHERE f.redemption_id <= x.last_redemption_id AND f.day <= x.day)
"""
CLAIMS_STAY_SEALED = """
DELETE FROM leaving_claims WHERE claim_id IN (
    SELECT c.claim_id FROM last_seals x CROSS JOIN leaving_claims CROSS JOIN claims c
        USING (claim_id)
    CROSS JOIN rounds r ON r.round_id = c.round_id AND r.programme_id = x.programme_id
    WHERE (c.claim_id <= x.last_claim_id AND c.claimed_at < x.ends_at) OR EXISTS (
        SELECT 1 FROM redemptions f
        WHERE f.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023
            AND f.redemption_id <= x.last_redemption_id AND f.day <= x.day))
"""


def let_sealed_stay(db: sqlite3.Connection) -> None:
    """Of the redemptions in temp.leaving those stay that are booked on sealed days."""
    db.execute(STAY_SEALED)


def let_sealed_claims_stay(db: sqlite3.Connection) -> None:
    """The same of temp.leaving_claims, and of claims that were paid with on such a day."""
    db.execute(CLAIMS_STAY_SEALED)
