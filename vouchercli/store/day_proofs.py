"""Whether sealed days are what was sealed, each behind the day before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import days as law
from vouchercli.store import days, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.store.days import Day

PROGRAMMES = "SELECT programme_id, programme FROM programmes ORDER BY programme_id"
SIGNED = """
SELECT d.day, d.sha256, s.sha256 FROM days d JOIN day_signatures s USING (programme_id, day)
WHERE d.sha256 <> s.sha256
"""


def damaged(
    db: sqlite3.Connection, programme_id: int, programme: str, asked: frozenset[int] | None = None
) -> Iterator[tuple[Day, str]]:
    """The days (of those `asked` for, None: of all) that are not what was sealed, or do not follow
    the day before, each with the seal that its facts give.
    """
    previous, before = "", (0, 0)
    for day in [*days.in_order(db, programme_id)]:
        if asked is None or day.day in asked:
            times = (day.begins_at, day.ends_at)
            span = days.Span(programme_id, day.day, *times, *before, *day.last_ids)
            found = days.sum_up(db, span)
            made = law.seal(previous, programme, day.day, day.last_ids, found)
            if (made, previous, found) != (day.sha256, day.previous_sha256, day.sums):
                yield day, made
        previous, before = day.sha256, day.last_ids


def breaches(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """What `damaged` finds in every programme, and signatures of other seals, as `voucher check`
    shows it.
    """
    found = []
    for programme_id, programme in typed.tuples(db, PROGRAMMES):
        found += [
            (f"{programme} {day.day}", day.sha256[:12], made[:12])
            for day, made in damaged(db, programme_id, programme)
        ]
    return found + [
        (str(day), seal[:12], signed[:12]) for day, seal, signed in typed.tuples(db, SIGNED)
    ]
