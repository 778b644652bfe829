"""What a platform gave out beyond the packs of a round: claims that stand as rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

BY_BATCH = """
SELECT batch_id, count(*) FROM batches CROSS JOIN rejects USING (batch_id)
WHERE kind = 'claims' AND programme_id = ? AND state <> 'undone' AND reason = 'over_quota'
    AND detail ->> 'round' = ?
GROUP BY batch_id ORDER BY batch_id
"""
# A payment is rejected as of an unknown claim while its claim is itself a reject.
THEIR_PAYMENTS = """
SELECT DISTINCT b.batch_id FROM batches b CROSS JOIN rejects j USING (batch_id)
WHERE b.kind = 'redemptions' AND b.programme_id = :programme_id AND b.state <> 'undone'
    AND j.reason = 'unknown_claim' AND j.detail ->> 'claim_no' IN (SELECT r.detail ->> 'claim_no'
        FROM batches c CROSS JOIN rejects r USING (batch_id)
        WHERE c.kind = 'claims' AND c.programme_id = :programme_id AND c.state <> 'undone'
            AND r.reason = 'over_quota' AND r.detail ->> 'round' = :round)
ORDER BY b.batch_id
"""


def by_batch(db: sqlite3.Connection, programme_id: int, code: str) -> dict[int, int]:
    """The rejects of a round for want of packs: how many, by batch."""
    return dict(db.execute(BY_BATCH, (programme_id, code)).fetchall())


def batches_of_payments(db: sqlite3.Connection, programme_id: int, code: str) -> list[int]:
    """The batches with payments that were rejected because their claims are such rejects."""
    return typed.column(db, THEIR_PAYMENTS, {"programme_id": programme_id, "round": code})
