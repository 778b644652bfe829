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
RUNS = """
SELECT first_id, last_id, first_paid_at FROM redemption_runs
WHERE first_paid_at < :until_at AND last_paid_at >= :from_at ORDER BY first_paid_at
"""
# On the first day with a payment that stands; a refund of the same day may have undone an earlier
# one, whose payment is a payment all the same.
FIRST_IN_RUN = """
SELECT min(f.paid_at) FROM redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
WHERE f.redemption_id BETWEEN ? AND ? AND f.day = ? AND f.refund_of IS NULL AND s.round_id = ?
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
    """When the first voucher of a round was used on a local day with these bounds. Files come more
    or less in the order of time: a run that begins after what was found is not read.
    """
    first: int | None = None
    span = {"from_at": bounds[0], "until_at": bounds[1]}
    for first_id, last_id, begins_at in typed.tuples(db, RUNS, span):
        if first is not None and begins_at > first:
            break
        found: list[int | None] = typed.column(db, FIRST_IN_RUN, (first_id, last_id, day, round_id))
        first = min((each for each in (first, found[0]) if each is not None), default=None)
    return first
