"""Suspensions: half-open stretches of time in which a merchant's redemptions are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

ADD = (
    "INSERT INTO suspensions (merchant_id, from_at, reason, actor, batch_id) VALUES (?, ?, ?, ?, ?)"
)


class Suspension(NamedTuple):
    """A stretch of time (UTC seconds; `until_at` None: until further notice); `registry` no longer
    listed the merchant in batch `batch_id`, if that was why.
    """

    from_at: int
    until_at: int | None
    reason: str
    actor: str
    batch_id: int | None
    registry: str | None


OF_MERCHANT = """
SELECT s.from_at, s.until_at, s.reason, s.actor, s.batch_id, b.profile
FROM suspensions AS s LEFT JOIN batches AS b USING (batch_id)
WHERE s.merchant_id = ?1
"""
BY_TIME = " ORDER BY s.from_at, s.suspension_id"
ALL = OF_MERCHANT + BY_TIME
OVERLAPPING = OF_MERCHANT + "AND (s.until_at IS NULL OR s.until_at > max(s.from_at, ?2))" + BY_TIME
OPEN = OF_MERCHANT + "AND s.until_at IS NULL" + BY_TIME
END = (
    "UPDATE suspensions SET until_at = max(from_at, ?2) WHERE merchant_id = ?1 AND until_at IS NULL"
)
PAID_SINCE = """
SELECT count(*) FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.last_paid_at >= ?2 AND f.merchant_id = ?1 AND f.paid_at >= ?2 AND f.refund_of IS NULL
"""


def of_merchant(db: sqlite3.Connection, merchant_id: int) -> list[Suspension]:
    """Every suspension of a merchant, oldest first."""
    return typed.rows(db, Suspension, ALL, (merchant_id,))


def overlapping(db: sqlite3.Connection, merchant_id: int, from_at: int) -> Suspension | None:
    """A suspension that one from `from_at` until further notice would run into."""
    return typed.row(db, Suspension, OVERLAPPING, (merchant_id, from_at))


def standing(db: sqlite3.Connection, merchant_id: int) -> Suspension | None:
    """The suspension that holds until further notice."""
    return typed.row(db, Suspension, OPEN, (merchant_id,))


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
    return typed.number(db, PAID_SINCE, (merchant_id, at))


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
