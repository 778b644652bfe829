"""Bills by columns: plain rows are typed a block at a time and wait by day; laid beside our rows
of that day, those that plainly agree are counted and seen no more. Every other row, of either side,
goes the way of a small bill.

A pair is counted only when both its numbers occur once: 64-bit keys that occur twice, be it by
chance, leave all their rows to that way, and the numbers themselves are compared.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import col, lit, when

from vouchercli.formats.columnar import blocks, frames
from vouchercli.formats.columnar.spills import Spill
from vouchercli.ops.intake import chunks as cuts
from vouchercli.ops.intake import staging
from vouchercli.ops.intake.by_columns import typing
from vouchercli.ops.intake.kinds import Chunk
from vouchercli.rules.breaks import is_settled
from vouchercli.rules.reconciling import Sums
from vouchercli.store import reconciling_columns as store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vouchercli.formats.columnar.blocks import Block
    from vouchercli.formats.tables.records import Record
    from vouchercli.ops.intake.kinds import Intake
    from vouchercli.store.reconciling import Span

    Array = np.ndarray[Any, Any]

KINDS = ("pay", "refund")
REFUND = 1 << 63  # what sets the key of a refund apart
THEIRS = ("line", "transaction_no", "is_refund", "merchant_no", "day", "fen")
# Two rows of one number agree: `reconciling.AGREES`, but for what is known before.
AGREES = (
    (col("transaction_no") == col("transaction_no_right"))
    & (col("is_refund") == col("is_refund_right"))
    & ((col("fen") - col("fen_right")).abs() <= col("amount_fen"))
    & (
        (col("merchant_no") == "")
        | (col("merchant_no") == col("our_no"))
        | (col("merchant_no") == col("platform_no"))
    )
)


def chunks(intake: Intake) -> Iterator[Chunk]:
    """A large bill as one chunk, whose records are the rows that are not plain; the others wait in
    `intake.options["_plain"]`.
    """
    plain = intake.options["_plain"] = Plain(intake)
    chunk = Chunk(1 << 62, (), is_first=True)
    chunk.records = plain.others(chunk)
    yield chunk


class Plain:
    """The plain rows of a bill, by day."""

    def __init__(self, intake: Intake) -> None:
        self._intake, self._spill = intake, Spill()
        self._keys: list[Array] = []
        self.agreed = 0

    def others(self, chunk: Chunk) -> Iterator[Record]:
        """Read the file: its rows that are not plain."""
        reading, done = self._intake.reading, 0
        with ThreadPoolExecutor(1) as pool:
            coming = blocks.blocks(reading, 0, cuts.end_of)
            ahead = pool.submit(self._type_next, coming)
            try:
                while (typed := ahead.result()) is not None:
                    ahead = pool.submit(self._type_next, coming)
                    block, plain, left = typed
                    self._spill.add(plain.drop("key"))
                    self._keys.append(plain["key"].to_numpy())
                    yield from block.records(left)
                    done, chunk.share = block.last_line, block.share
            except blocks.NotByLinesError:
                for rest in cuts.chunks(reading, done, is_cut=False):
                    yield from rest.records
                    done = rest.last_line
        chunk.is_last, chunk.last_line = True, done

    def _type_next(self, coming: Iterator[Block]) -> tuple[Block, pl.DataFrame, list[int]] | None:
        block = next(coming, None)
        return None if block is None else (block, *self._type(block))

    def _type(self, block: Block) -> tuple[pl.DataFrame, list[int]]:
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
            fen=when("is_refund").then(-col("fen")).otherwise(col("fen")), key=_key()
        )
        left = typing.lines_without(frame["line"], rows["line"])
        return rows.select(*THEIRS, "key"), sorted([*irregular, *left])

    def days(self) -> tuple[int, int] | None:
        """The first and the last day of the plain rows."""
        days = self._spill.days()
        return (days[0], days[-1]) if days else None

    def match(
        self, intake: Intake, span: Span, taken: Iterable[tuple[str, str]]
    ) -> dict[int, Sums]:
        """What agrees, by day; all rows that do not are staged, or left (`store.leave`). `intake`
        is the one that has its batch.
        """
        db = intake.db
        ours = _Ours(span, store.splits(db, span), taken)
        for run in store.runs(db, span):
            ours.add(run)
        doubtful = _twice([*self._keys, _keys_of(store.staged(db))])
        merchants = pl.DataFrame(
            store.merchants(db),
            {"merchant_id": pl.Int64, "our_no": pl.String, "platform_no": pl.String},
            orient="row",
        )
        sums: dict[int, Sums] = {}
        lines: list[int] = []
        for day in self._spill.days():
            theirs, mine = self._spill.of(day), ours.of(day)
            assert theirs is not None
            agreed = _agreed(theirs.with_columns(key=_key()), mine, doubtful, merchants, span)
            if agreed.height and span.first_on <= day <= span.last_on:
                sums[day] = _sums(agreed)
                theirs = theirs.filter(~col("line").is_in(agreed["line"].implode()))
                ours.drop(agreed["redemption_id"])
            lines += theirs["line"].to_list()
        self._spill.close()
        store.leave(db, ours.left())
        self.agreed = sum(each.their_rows for each in sums.values())
        lines.sort()
        if lines:
            staging.stage(intake, blocks.records(intake.reading, lines, cuts.end_of))
        return sums


class _Ours:
    """Our rows by day, and which of them are left."""

    def __init__(
        self, span: Span, splits: list[tuple[int, int]], taken: Iterable[tuple[str, str]]
    ) -> None:
        self._span, self._spill = span, Spill()
        self._fen = pl.DataFrame(splits, {"split_id": pl.Int64, "fen": pl.Int64}, orient="row")
        self._taken = _keys_of([(number, kind == "refund") for number, kind in taken])
        self._keys: list[Array] = []
        self._doubtful: Array | None = None
        self._ids: list[Array] = []
        self._agreed: list[Array] = []

    def add(self, run: store.Run) -> None:
        """Keep the rows of a run that belong to these rounds."""
        numbers = pl.Series("transaction_no", [run.transaction_nos]).str.split("\n").explode()
        columns = {
            "redemption_id": run.redemption_ids,
            "merchant_id": run.merchant_ids,
            "day": run.days,
            "split_id": run.split_ids,
            "is_refund": run.are_refunds,
        }
        frame = pl.DataFrame({name: _whole(text) for name, text in columns.items()})
        is_clear = len(numbers) == run.rows  # none has a line break in it
        frame = frame.with_columns(
            (numbers if is_clear else lit("")).alias("transaction_no"),
            day=col("day").cast(pl.Int32),
            is_refund=col("is_refund") == 1,
        ).join(self._fen, on="split_id", how="inner", maintain_order="left")
        self._ids.append(frame["redemption_id"].to_numpy())
        if is_clear:
            frame = frame.with_columns(key=_key()).drop("split_id")
            self._keys.append(frame["key"].to_numpy())
            self._spill.add(frame.drop("key"))

    def of(self, day: int) -> pl.DataFrame | None:
        """The rows of a day that no other bill shows, and whose number is theirs alone."""
        if self._doubtful is None:
            self._doubtful = np.union1d(_twice(self._keys), self._taken)
            self._keys = []
        frame = self._spill.of(day)
        return None if frame is None else _without(frame.with_columns(key=_key()), self._doubtful)

    def drop(self, ids: pl.Series) -> None:
        """These agree."""
        self._agreed.append(ids.to_numpy())

    def left(self) -> list[int]:
        """The ids of all others."""
        self._spill.close()
        every = np.concatenate(self._ids) if self._ids else np.zeros(0, np.int64)
        agreed = np.concatenate(self._agreed) if self._agreed else np.zeros(0, np.int64)
        left: list[int] = np.setdiff1d(every, agreed, assume_unique=True).tolist()
        return left


def _key() -> pl.Expr:
    """A number and what it is, as 64 bits: what differs here differs, not the other way round."""
    return col("transaction_no").hash(0) ^ when("is_refund").then(lit(REFUND, pl.UInt64)).otherwise(
        lit(0, pl.UInt64)
    )


def _keys_of(rows: list[tuple[str, Any]]) -> Array:
    frame = pl.DataFrame(rows, {"transaction_no": pl.String, "is_refund": pl.Boolean}, orient="row")
    keys: Array = frame.select(key=_key())["key"].to_numpy()
    return keys


def _twice(keys: list[Array]) -> Array:
    """The keys that occur more than once."""
    every = np.concatenate([np.zeros(0, np.uint64), *keys])
    every.sort()
    return np.unique(every[1:][every[1:] == every[:-1]])


def _without(frame: pl.DataFrame, keys: Array) -> pl.DataFrame:
    return frame.filter(~col("key").is_in(pl.Series(keys, dtype=pl.UInt64).implode()))


def _whole(text: str) -> Array:
    return np.fromstring(text, np.int64, sep=",")


def _agreed(
    theirs: pl.DataFrame,
    ours: pl.DataFrame | None,
    doubtful: Array,
    merchants: pl.DataFrame,
    span: Span,
) -> pl.DataFrame:
    """The pairs of a day that plainly agree."""
    if ours is None:
        return pl.DataFrame(schema={"line": pl.Int64})
    theirs = _without(theirs, doubtful)
    pairs = theirs.join(ours, on="key", how="inner").join(merchants, on="merchant_id", how="inner")
    return pairs.with_columns(amount_fen=lit(span.allowed.amount_fen)).filter(AGREES)


def _sums(agreed: pl.DataFrame) -> Sums:
    rows = agreed.height
    return Sums(rows, int(agreed["fen"].sum()), rows, int(agreed["fen_right"].sum()))
