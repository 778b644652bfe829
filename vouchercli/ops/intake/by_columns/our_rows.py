"""Our rows by day, to be laid beside a large bill: read run by run, mostly while the bill is still
read, each as numbers alone.

Of a transaction number stay two keys of 64 bits, which differ only where the numbers or their kinds
do: the first finds a pair, the second must be alike too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import col, lit, when

from vouchercli.formats.columnar.spills import Spill
from vouchercli.store import reconciling_columns as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    Array = np.ndarray[Any, Any]

REFUND = 1 << 63  # what sets the keys of a refund apart


class OurRows:
    """Our rows of these rounds (None: all of the programme)."""

    def __init__(self, db: sqlite3.Connection, programme_id: int, round_id: int | None) -> None:
        self._fen = pl.DataFrame(
            store.splits(db, programme_id, round_id),
            {"split_id": pl.Int64, "fen": pl.Int64},
            orient="row",
        )
        self._coming, self._spill = store.runs(db), Spill()
        self._keys: list[Array] = []

    def read_next(self, db: sqlite3.Connection, begins_at: int, ends_at: int) -> bool:
        """Read the next run with rows from `begins_at` to before `ends_at`; False: all are read."""
        for place, run in enumerate(self._coming):
            if run.last_paid_at >= begins_at and run.first_paid_at < ends_at:
                del self._coming[place]
                if rows := store.rows(db, run):
                    self._add(rows)
                return True
        return False

    def days(self) -> list[int]:
        """The days that were read, and perhaps others beside them."""
        return self._spill.days()

    def of(self, day: int) -> pl.DataFrame | None:
        """The rows of a day; None: there are none."""
        return self._spill.of(day)

    def twice(self) -> Array:
        """The keys that two rows have."""
        found, self._keys = twice(self._keys), []
        return found

    def close(self) -> None:
        """Forget all rows."""
        self._spill.close()

    def _add(self, rows: store.Rows) -> None:
        numbers = pl.Series("transaction_no", [rows.transaction_nos]).str.split("\n").explode()
        columns = {
            "redemption_id": rows.redemption_ids,
            "merchant_id": rows.merchant_ids,
            "day": rows.days,
            "split_id": rows.split_ids,
            "is_refund": rows.are_refunds,
        }
        frame = pl.DataFrame({name: _whole(text) for name, text in columns.items()})
        is_clear = len(numbers) == rows.rows  # none has a line break in it: else none is found
        frame = frame.with_columns(
            (numbers if is_clear else lit(None, pl.String)).alias("transaction_no"),
            day=col("day").cast(pl.Int32),
            is_refund=col("is_refund") == 1,
        ).join(self._fen, on="split_id", how="inner")
        frame = frame.select("redemption_id", "merchant_id", "day", "fen", **keys())
        self._keys.append(frame["key"].drop_nulls().to_numpy())
        self._spill.add(frame)


def keys() -> dict[str, pl.Expr]:
    """The keys of a number and of what it is."""
    kind = when("is_refund").then(lit(REFUND, pl.UInt64)).otherwise(lit(0, pl.UInt64))
    number = col("transaction_no")
    has_number = number.is_not_null()
    return {
        name: when(has_number).then(number.hash(seed) ^ kind)
        for name, seed in (("key", 0), ("check", 1))
    }


def keys_of(rows: Iterable[tuple[str, bool]]) -> Array:
    """The first keys of (number, whether it is a refund)."""
    frame = pl.DataFrame(
        [*rows], {"transaction_no": pl.String, "is_refund": pl.Boolean}, orient="row"
    )
    found: Array = frame.select(**keys())["key"].to_numpy()
    return found


def twice(parts: list[Array]) -> Array:
    """The keys that occur more than once."""
    every = np.concatenate([np.zeros(0, np.uint64), *parts])
    every.sort()
    return np.unique(every[1:][every[1:] == every[:-1]])


def _whole(text: str) -> Array:
    return np.fromstring(text, np.int64, sep=",")
