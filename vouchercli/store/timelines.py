"""When each round was drafted, approved, opened, claimed and used for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

# Of the log: the first draft, the last submission, the approval with which it was approved. A line
# that names no programme was written while the file had only its first one.
DEEDS = """
SELECT a.subject, min(CASE a.deed WHEN 'round.create' THEN a.at END),
    max(CASE a.deed WHEN 'round.submit' THEN a.at END),
    max(CASE WHEN a.deed = 'round.approve' AND json_extract(a.detail, '$.after.state') = 'approved'
        THEN a.at END)
FROM audit a
WHERE a.deed IN ('round.create', 'round.submit', 'round.approve')
    AND ifnull(json_extract(a.detail, '$.programme'), (SELECT programme FROM programmes
        ORDER BY programme_id LIMIT 1)) = (SELECT programme FROM programmes WHERE programme_id = ?)
GROUP BY a.subject
"""
FIRST_CLAIM = "SELECT min(claimed_at) FROM claims WHERE round_id = ?"
FIRST_DAY = """
SELECT min(day) FROM group_totals WHERE grouping = 'round' AND round_id = ? AND vouchers > 0
"""
# On the first day with a payment that stands; a refund of the same day may have undone an earlier
# one, whose payment is a payment all the same.
FIRST_USE = """
SELECT min(f.paid_at) FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN splits s ON s.split_id = f.split_id
WHERE n.first_paid_at < :until_at AND n.last_paid_at >= :from_at AND f.day = :day
    AND s.round_id = :round_id AND f.refund_of IS NULL
"""


class Deeds(NamedTuple):
    """When a round was drafted, last submitted and approved (UTC seconds; None: never)."""

    round: str
    drafted_at: int | None
    submitted_at: int | None
    approved_at: int | None


def deeds(db: sqlite3.Connection, programme_id: int) -> dict[str, Deeds]:
    """What the log says of each round, by code."""
    return {row.round: row for row in typed.rows(db, Deeds, DEEDS, (programme_id,))}


def first_claim(db: sqlite3.Connection, round_id: int) -> int | None:
    """When the first pack of a round was claimed."""
    found: list[int | None] = typed.column(db, FIRST_CLAIM, (round_id,))
    return found[0]


def first_day(db: sqlite3.Connection, round_id: int) -> int | None:
    """The first local day (yyyymmdd) with a payment of a round."""
    found: list[int | None] = typed.column(db, FIRST_DAY, (round_id,))
    return found[0]


def first_use(
    db: sqlite3.Connection, round_id: int, day: int, bounds: tuple[int, int]
) -> int | None:
    """When the first voucher of a round was used on a local day with these bounds."""
    asked = {"round_id": round_id, "day": day, "from_at": bounds[0], "until_at": bounds[1]}
    found: list[int | None] = typed.column(db, FIRST_USE, asked)
    return found[0]
