"""Suspensions: half-open stretches of time in which a merchant's redemptions are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

ADD = (
    "INSERT INTO suspensions (merchant_id, from_at, reason, actor, batch_id) VALUES (?, ?, ?, ?, ?)"
)
OF_MERCHANT = """
SELECT s.*, b.profile AS registry FROM suspensions AS s LEFT JOIN batches AS b USING (batch_id)
WHERE s.merchant_id = ? ORDER BY s.from_at, s.suspension_id
"""
OVERLAPPING = """
SELECT * FROM suspensions
WHERE merchant_id = ?1 AND (until_at IS NULL OR until_at > max(from_at, ?2))
ORDER BY from_at LIMIT 1
"""
OPEN = "SELECT * FROM suspensions WHERE merchant_id = ?1 AND until_at IS NULL ORDER BY from_at"
END = (
    "UPDATE suspensions SET until_at = max(from_at, ?2) WHERE merchant_id = ?1 AND until_at IS NULL"
)
PAID_SINCE = """
SELECT count(*) FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.last_paid_at >= ?2 AND f.merchant_id = ?1 AND f.paid_at >= ?2 AND f.refund_of IS NULL
"""


def of_merchant(db: sqlite3.Connection, merchant_id: int) -> list[sqlite3.Row]:
    """Every suspension of a merchant, oldest first; `registry` is the one that no longer listed it,
    if that was why.
    """
    return db.execute(OF_MERCHANT, (merchant_id,)).fetchall()


def overlapping(db: sqlite3.Connection, merchant_id: int, from_at: int) -> sqlite3.Row | None:
    """A suspension that one from `from_at` until further notice would run into."""
    row: sqlite3.Row | None = db.execute(OVERLAPPING, (merchant_id, from_at)).fetchone()
    return row


def standing(db: sqlite3.Connection, merchant_id: int) -> sqlite3.Row | None:
    """The suspension that holds until further notice."""
    row: sqlite3.Row | None = db.execute(OPEN, (merchant_id,)).fetchone()
    return row


def begin(db: sqlite3.Connection, merchant_id: int, from_at: int, reason: str, actor: str) -> None:
    """Suspend a merchant from that second until further notice."""
    db.execute(ADD, (merchant_id, from_at, reason, actor, None))


def end(db: sqlite3.Connection, merchant_id: int, at: int) -> None:
    """Let a merchant redeem again from that second."""
    db.execute(END, (merchant_id, at))


def paid_since(db: sqlite3.Connection, merchant_id: int, at: int) -> int:
    """How many payments at a merchant, from that second on, were accepted before it was
    suspended.
    """
    return int(db.execute(PAID_SINCE, (merchant_id, at)).fetchone()[0])


# ---------------------------------------- by a registry that no longer lists a merchant

BEGIN_MISSING = """
INSERT INTO suspensions (merchant_id, from_at, reason, actor, batch_id)
SELECT ?1, ?2, ?3, ?4, ?5
WHERE NOT EXISTS (SELECT 1 FROM suspensions WHERE merchant_id = ?1 AND from_at <= ?2
    AND (until_at IS NULL OR ?2 < until_at))
"""
END_RETURNED = """
UPDATE suspensions SET until_at = max(from_at, ?1), ended_by = ?2
WHERE batch_id IS NOT NULL AND until_at IS NULL AND merchant_id IN (
    SELECT m.merchant_id FROM merchants AS m JOIN incoming_merchants AS i USING (merchant_no)
    WHERE i.reason IS NULL OR i.reason = 'duplicate')
RETURNING merchant_id
"""
REOPEN = "UPDATE suspensions SET until_at = NULL, ended_by = NULL WHERE ended_by = ?"
FORGET = "DELETE FROM suspensions WHERE batch_id = ?"


def begin_missing(
    db: sqlite3.Connection,
    batch_id: int,
    merchant_ids: Iterable[int],
    *,
    at: int,
    reason: str,
    actor: str,
) -> int:
    """Suspend those that are not suspended already; returns how many."""
    return sum(
        db.execute(BEGIN_MISSING, (merchant_id, at, reason, actor, batch_id)).rowcount
        for merchant_id in merchant_ids
    )


def end_returned(db: sqlite3.Connection, batch_id: int, at: int) -> int:
    """Reinstate those of the file at hand that an earlier file had suspended as missing; returns
    how many.
    """
    return len(db.execute(END_RETURNED, (at, batch_id)).fetchall())


def take_back(db: sqlite3.Connection, batch_id: int) -> None:
    """Undo what a registry file did to suspensions."""
    db.execute(REOPEN, (batch_id,))
    db.execute(FORGET, (batch_id,))
