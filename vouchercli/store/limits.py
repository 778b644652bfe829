"""The limits of a programme over time: what was in force when a pack was claimed or a voucher paid
with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import limits as law
from vouchercli.rules.limits import LimitsInTime, Timeline
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.programmes import Limits

STEPS = """
SELECT name, from_at, most FROM limit_steps WHERE programme_id = ? ORDER BY name, from_at
"""
FORGET_LATER = "DELETE FROM limit_steps WHERE programme_id = ? AND name = ? AND from_at >= ?"
ADD = "INSERT INTO limit_steps (programme_id, name, from_at, most) VALUES (?, ?, ?, ?)"


def change(
    db: sqlite3.Connection,
    programme_id: int,
    before: Limits | None,
    after: Limits,
    at: int,
    zone: str,
) -> dict[str, int]:
    """Keep the limits that differ, from `at` on (`rules.limits.begins`) in place of all that was to
    hold later; the first known ones (`before` None) hold from the beginning. Gives what changed
    and from when.
    """
    changed: dict[str, int] = {}
    for name in law.KEPT:
        most = getattr(after, name)
        if before is None or getattr(before, name) != most:
            begins = 0 if before is None else law.begins(name, at, zone)
            db.execute(FORGET_LATER, (programme_id, name, begins))
            db.execute(ADD, (programme_id, name, begins, most))
            changed[name] = begins
    return changed


def timeline(db: sqlite3.Connection, programme_id: int, name: str) -> Timeline:
    """One limit of a programme over time."""
    steps = [
        (from_at, most)
        for each, from_at, most in typed.tuples(db, STEPS, (programme_id,))
        if each == name
    ]
    return Timeline(tuple(steps)) if steps else Timeline()


def visits(db: sqlite3.Connection, programme_id: int) -> Timeline:
    """How many vouchers one resident may use at one merchant on one local day."""
    return timeline(db, programme_id, law.PER_VISIT)


def of_programme(db: sqlite3.Connection, programme_id: int, per_round: int = 1) -> LimitsInTime:
    """How many packs one person may have, with what the round at hand allows."""
    return LimitsInTime(
        per_round,
        timeline(db, programme_id, law.PER_WEEK),
        timeline(db, programme_id, law.PER_PROGRAMME),
    )
