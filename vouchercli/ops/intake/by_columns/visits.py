"""Visits (a resident at a merchant on a day), known by 64 bits of hash: so many may be counted too
high, never too low. Rows on a visit that seems full are judged one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from vouchercli.rules import times
from vouchercli.store import proved_redemptions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from vouchercli.rules.limits import Timeline

    Array = np.ndarray[Any, Any]

FACT = {"resident": pl.Binary, "merchant_id": pl.Int64, "day": pl.Int64}


class Visits:
    """The visits known of so far, by local day: those of the database, and those asked for."""

    def __init__(
        self, db: sqlite3.Connection, zone: str, together: Callable[[int], Sequence[int]]
    ) -> None:
        """`together`: the programmes whose vouchers count, at a moment."""
        self._db, self._zone, self._together = db, zone, together
        self._by_day: dict[int, Array] = {}  # in order

    def have_room(self, rows: pl.DataFrame, limit: Timeline) -> pl.Series:
        """Whether the `visit` of each row has room for all that come with it; they are remembered.
        `limit`: how many vouchers a visit has room for.
        """
        days = rows["day"].to_numpy()
        visits = rows["visit"].to_numpy()
        has_room = np.ones(len(visits), bool)
        for day in np.unique(days).tolist():
            positions = np.flatnonzero(days == day)
            positions = positions[np.argsort(visits[positions])]
            day_visits = visits[positions]  # in order: looked up one beside the other
            # two runs in order: one merge
            known = np.sort(np.concatenate((self._of_day(day), day_visits)), kind="stable")
            counts = np.searchsorted(known, day_visits, "right") - np.searchsorted(
                known, day_visits
            )
            most = limit.at(times.day_bounds(day, self._zone)[0])
            if most is not None:
                has_room[positions] = counts <= most
            self._by_day[day] = known
        return pl.Series(has_room)

    def _of_day(self, day: int) -> Array:
        if day not in self._by_day:
            span = times.day_bounds(day, self._zone)
            facts = proved_redemptions.visits(self._db, *span, self._together(span[0]))
            self._by_day[day] = np.sort(visits_of_facts(facts))
        return self._by_day[day]


def visits_of(rows: pl.DataFrame) -> Array:
    """A hash of resident (eight bytes as a number), merchant_id and day of each row: it stands for
    the visit.
    """
    resident, merchant, day = (
        rows.get_column(name).to_numpy().astype(np.uint64)
        for name in ("resident", "merchant_id", "day")
    )
    mixed: Array = (
        resident
        ^ (merchant * np.uint64(0x9E3779B97F4A7C15))
        ^ (day * np.uint64(0xC2B2AE3D27D4EB4F))
    )
    return mixed


def visits_of_facts(facts: list[tuple[bytes, int, int]]) -> Array:
    """`visits_of` facts (token of the resident, merchant_id, day)."""
    rows = pl.DataFrame(facts, orient="row", schema=FACT)
    tokens = np.frombuffer(b"".join(token[:8] for token in rows["resident"]), "<u8")
    return visits_of(rows.with_columns(resident=pl.Series(tokens)))
