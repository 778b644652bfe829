"""Bills by columns: plain rows are typed a block at a time and wait by day; laid beside our rows
of that day, those that plainly agree are counted and seen no more. Every other row, of either side,
goes the way of a small bill.

A pair is counted only when its key occurs once on either side: keys that occur twice, be it by
chance, leave all their rows to that way. Our rows are read while blocks are typed, before the write
lock is held; where others committed meanwhile they are read again under it.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import col, lit, when

from vouchercli.formats.columnar import blocks, frames, lines
from vouchercli.formats.columnar.spills import Spill
from vouchercli.ops.intake import chunks as cuts
from vouchercli.ops.intake import staging
from vouchercli.ops.intake.by_columns import our_rows, typing
from vouchercli.ops.intake.by_columns.our_rows import OurRows
from vouchercli.ops.intake.kinds import Chunk
from vouchercli.rules import times
from vouchercli.rules.breaks import is_settled
from vouchercli.rules.reconciling import Sums, days_around
from vouchercli.store import db as files
from vouchercli.store import reconciling_columns as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from vouchercli.formats.columnar.blocks import Block
    from vouchercli.formats.tables.records import Record
    from vouchercli.ops.intake.kinds import Intake
    from vouchercli.store.breaks import Scope
    from vouchercli.store.reconciling import Span

    Array = np.ndarray[Any, Any]
    Typed = tuple[pl.DataFrame, list[int]]

KINDS = ("pay", "refund")
AHEAD = 2  # blocks that wait to be typed
THEIRS = ("line", "merchant", "day", "fen")
# Two rows of one key agree: `reconciling.AGREES`, but for what is known before.
AGREES = (
    (col("check") == col("check_right"))
    & ((col("fen") - col("fen_right")).abs() <= col("amount_fen"))
    & (
        (col("merchant") == lit("").hash(0))
        | (col("merchant") == col("our"))
        | (col("merchant") == col("platform"))
    )
)


def chunks(intake: Intake, scope: Scope, said: dict[str, Any]) -> Iterator[Chunk]:
    """A large bill as one chunk, whose records are the rows that are not plain; the others wait in
    `intake.between.plain`. `said` are the days of the command, where it named them.
    """
    plain = intake.between.plain = Plain(intake, scope, said)
    chunk = Chunk(1 << 62, (), is_first=True)
    chunk.records = plain.others(chunk)
    yield chunk


class Plain:
    """The plain rows of a bill, by day."""

    def __init__(self, intake: Intake, scope: Scope, said: dict[str, Any]) -> None:
        self._intake, self._scope = intake, scope
        self._said = said.get("first_on"), said.get("last_on")
        self._version = files.data_version(intake.db)
        self._spill, self._places = Spill(), lines.Places(intake.reading)
        self._ours: OurRows | None = None
        self._seen: tuple[int, int] | None = None  # the first and the last day so far
        self._keys: list[Array] = []
        self._is_by_lines, self.agreed = True, 0

    def others(self, chunk: Chunk) -> Iterator[Record]:
        """Read the file, and our rows of its days: the rows of the file that are not plain."""
        done = 0
        with (
            ThreadPoolExecutor(1) as pool,
            closing(files.open_to_read(self._intake.session.path)) as side,
            files.snapshot(side),
        ):
            self._ours = OurRows(side, self._scope.programme_id, self._scope.round_id)
            for block, (plain, left) in self._typed(pool, side):
                self._keep(block, plain)
                yield from block.records(left)
                done, chunk.share = block.last_line, block.share
        if not self._is_by_lines:
            for rest in cuts.chunks(self._intake.reading, done, is_cut=False):
                yield from rest.records
                done = rest.last_line
        chunk.is_last, chunk.last_line = True, done

    def _typed(
        self, pool: ThreadPoolExecutor, side: sqlite3.Connection
    ) -> Iterator[tuple[Block, Typed]]:
        """The blocks in order, typed in another thread; our rows are read meanwhile. Ends where the
        file is not made of one line a row.
        """
        coming = blocks.blocks(self._intake.reading, 0, cuts.end_of)
        waiting: deque[tuple[Block, Future[Typed]]] = deque()
        while True:
            while len(waiting) < AHEAD and (block := self._next(coming)):
                waiting.append((block, pool.submit(self._type, block)))
            if not waiting:
                break
            block, typed = waiting.popleft()
            while not typed.done() and self._read_ours(side):
                pass
            try:
                rows = typed.result()
            except blocks.NotByLinesError:
                self._is_by_lines = False
                return
            yield block, rows
        while self._read_ours(side):
            pass

    def _next(self, coming: Iterator[Block]) -> Block | None:
        try:
            return next(coming, None)
        except blocks.NotByLinesError:
            self._is_by_lines = False
            return None

    def _read_ours(self, side: sqlite3.Connection) -> bool:
        """Read some rows of ours on the days that are known so far; False: all are read."""
        first, last = self._said
        if self._seen:
            first, last = first or self._seen[0], last or self._seen[1]
        if not (first and last):
            return False
        assert self._ours is not None
        return self._ours.read_next(side, *_moments(*days_around(first, last), self._intake.zone))

    def _keep(self, block: Block, plain: pl.DataFrame) -> None:
        self._places.add(block.lines.piece)
        if not plain.height:
            return
        first, last = int(plain["day"].min()), int(plain["day"].max())  # type: ignore[arg-type]
        seen = self._seen or (first, last)
        self._seen = min(seen[0], first), max(seen[1], last)
        self._spill.add(plain)
        self._keys.append(plain["key"].to_numpy())

    def _type(self, block: Block) -> Typed:
        """The plain rows of a block, which moved money, and the lines of the others."""
        frame, irregular = block.columns()
        absent = [
            lit("").alias(name) for name in ("merchant_no", "status") if name not in frame.columns
        ]
        at, day, _ = typing.moments(frame["paid_at"], self._intake.zone)
        rows = frame.with_columns(
            *absent, frames.fen("amount").alias("fen"), at=at, day=day.cast(pl.Int32)
        )
        settled = [each for each in rows["status"].unique() if is_settled(each)]
        rows = rows.filter(
            col("kind").is_in(KINDS),
            col("at") <= self._intake.latest_at,
            col("fen").is_not_null(),
            col("status").is_in(settled),
        ).with_columns(is_refund=col("kind") == "refund")
        rows = rows.with_columns(
            fen=when("is_refund").then(-col("fen")).otherwise(col("fen")),
            merchant=col("merchant_no").hash(0),
        )
        left = typing.lines_without(frame["line"], rows["line"])
        return rows.select(*THEIRS, **our_rows.keys()), sorted([*irregular, *left])

    def days(self) -> tuple[int, int] | None:
        """The first and the last day of the plain rows."""
        return self._seen

    def match(
        self, intake: Intake, span: Span, taken: Iterable[tuple[str, str]]
    ) -> dict[int, Sums]:
        """What agrees, by day; all rows that do not are staged, or left (`store.leave`). `intake`
        is the one that has its batch.
        """
        db, ours = intake.db, self._ours_of(intake.db, span)
        taken_keys = our_rows.keys_of((number, kind == "refund") for number, kind in taken)
        staged = our_rows.keys_of((number, bool(kind)) for number, kind in store.staged(db))
        doubtful = np.concatenate([our_rows.twice([*self._keys, staged]), ours.twice(), taken_keys])
        self._keys = []
        merchants = _merchants(db)
        sums: dict[int, Sums] = {}
        rows, ids = [], []
        for day in sorted({*self._spill.days(), *ours.days()}):
            theirs, mine, agreed = self._spill.of(day), ours.of(day), None
            if theirs is not None and mine is not None and span.first_on <= day <= span.last_on:
                agreed = _agreed(theirs, mine, merchants, span)
                agreed = agreed.filter(~col("key").is_in(pl.Series(doubtful).implode()))
                sums[day] = _sums(agreed)
            rows.append(_without(theirs, agreed, "line"))
            if span.look_from <= day <= span.look_to:
                ids.append(_without(mine, agreed, "redemption_id"))
        self._spill.close()
        ours.close()
        store.leave(db, np.sort(np.concatenate([NOTHING, *ids])).tolist())
        self.agreed = sum(each.their_rows for each in sums.values())
        left = np.sort(np.concatenate([NOTHING, *rows])).tolist()
        if left:
            staging.stage(intake, blocks.records(intake.reading, self._places, left))
        return {day: each for day, each in sums.items() if each.their_rows}

    def _ours_of(self, db: sqlite3.Connection, span: Span) -> OurRows:
        """Our rows of the days that are looked through, as they stand under the lock."""
        ours, self._ours = self._ours, None
        if ours is None or files.data_version(db) != self._version:
            if ours:
                ours.close()
            ours = OurRows(db, self._scope.programme_id, self._scope.round_id)
        while ours.read_next(db, span.begins_at, span.ends_at):
            pass
        return ours


NOTHING = np.zeros(0, np.int64)


def _moments(first: int, last: int, zone: str) -> tuple[int, int]:
    """When the first day begins and the last one ends."""
    return times.day_bounds(first, zone)[0], times.day_bounds(last, zone)[1]


def _merchants(db: sqlite3.Connection) -> pl.DataFrame:
    """What they may be called, as `merchant` of a bill."""
    names = {"merchant_id": pl.Int64, "our": pl.String, "platform": pl.String}
    frame = pl.DataFrame(store.merchants(db), names, orient="row")
    return frame.with_columns(our=col("our").hash(0), platform=col("platform").hash(0))


def _agreed(
    theirs: pl.DataFrame, ours: pl.DataFrame, merchants: pl.DataFrame, span: Span
) -> pl.DataFrame:
    """The pairs of a day that plainly agree."""
    pairs = theirs.join(ours, on="key", how="inner").join(merchants, on="merchant_id", how="inner")
    return pairs.with_columns(amount_fen=lit(span.allowed.amount_fen)).filter(AGREES)


def _without(rows: pl.DataFrame | None, agreed: pl.DataFrame | None, name: str) -> Array:
    """The rows that do not agree, by that column."""
    if rows is None:
        return NOTHING
    every = rows[name].to_numpy()
    return (
        every
        if agreed is None
        else np.setdiff1d(every, agreed[name].to_numpy(), assume_unique=True)
    )


def _sums(agreed: pl.DataFrame) -> Sums:
    rows = agreed.height
    return Sums(rows, int(agreed["fen"].sum()), rows, int(agreed["fen_right"].sum()))
