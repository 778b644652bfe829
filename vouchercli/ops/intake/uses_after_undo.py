"""Refunds that are undone or reversed: their payments are in use again, perhaps beyond a limit of
use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.setup import use_problems
from vouchercli.store import programmes, use_limits

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.result import Problem
    from vouchercli.store.batches import Batch

SHOWN = 10


class Watch:
    """What stands beyond the limits of use, looked at before refunds go and after."""

    def __init__(self, db: sqlite3.Connection, programme_id: int, from_at: int | None) -> None:
        """`from_at`: when the first of the payments was made that they refund; None: no refunds."""
        self._db, self._programme_id, self._from_at = db, programme_id, from_at
        self._zone = programmes.by_id(db, programme_id)["time_zone"]
        self._before = self._beyond()

    def _beyond(self) -> dict[str, list[use_limits.Beyond]]:
        """By limit; nothing where nothing is refunded or limited."""
        if self._from_at is None:
            return {}
        return use_limits.all_beyond(self._db, self._programme_id, self._from_at, self._zone)

    def problems(self) -> tuple[Problem, ...]:
        """A warning of what stands beyond a limit and did not before; the first ten."""
        found = [
            problem
            for name, payments in self._beyond().items()
            for problem in use_problems.warn_of(
                name, [each for each in payments if each not in self._before[name]], self._zone
            )
        ]
        return (*found[:SHOWN], *use_problems.rest_of(len(found) - SHOWN))


def before_undo(db: sqlite3.Connection, batch: Batch) -> Watch | None:
    """Before a file goes; None: it is not one of payments."""
    if batch.kind != "redemptions" or batch.programme_id is None:
        return None
    return Watch(db, batch.programme_id, use_limits.first_refunded_at(db, batch.batch))
