"""Proved payments and refunds written as facts, with their totals, in the transaction of their chunk."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from vouchercli.ops import shares
from vouchercli.ops.bulk import refunds, typing
from vouchercli.ops.bulk.book import CHANNELS, visits_of
from vouchercli.ops.bulk.feed import Feed
from vouchercli.ops.bulk.redemptions import Proof, Prover
from vouchercli.ops.chunks import Taken
from vouchercli.store import bulk, totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.chunks import Chunk
    from vouchercli.ops.desks import Desk

SEGMENT = {"segment_id": pl.Int64, "district": pl.String, "industry": pl.String, "size": pl.String}
SPLIT = ("split_id", "public_fen", "platform_fen", "match_fen")
SLICE = 10_000  # rows that are lists of Python's at once: they take many times the room of columns
SIGNED = ("base_fen", "merchant_discount_fen", "threshold_fen", "denomination_fen")
SUMMED = ("vouchers", "base_fen", "subsidy_fen", "public_fen", "platform_fen", "match_fen", "threshold_fen", "denomination_fen")
MOVED = ("round_id", "day", "coupon", "channel", "segment_id", "merchant_id", "split_id", *SUMMED)  # what the totals are made of


def chunks(desk: Desk, done: int) -> Iterator[Chunk]:
    """The chunks of a large file of redemptions behind the line `done`."""
    writer = Writer(desk)
    return iter(Feed(desk, done, lambda: Prover(desk), writer.write, writer.end))


class Writer:
    """Writes proofs one after the other, and knows the visits of the rows that the judge has accepted in between: a proof that
    was made before does not. (Where no limit is set they do no harm but to send a row to the judge.)"""

    def __init__(self, desk: Desk) -> None:
        self._shares = shares.Shares(desk)
        self._next: int | None = None
        self._judged: np.ndarray[Any, Any] = np.empty(0, np.uint64)
        self._moved: list[pl.DataFrame] = []  # what the totals are still to be told

    def write(self, desk: Desk, proof: Proof) -> Taken:
        """Write the proved rows; payments that meet a visit of the judge's are left to it."""
        fit, lines = self._unvisited(desk, proof.fit)
        paid, duplicates, late = self._pay(desk, fit)
        refunded = self._refund(desk, proof.refunds)
        unproved = proof.refunds.join(refunded, on="line", how="anti").get_column("line").to_list()
        self._moved += [frame.select(MOVED) for frame in (paid, refunded) if frame.height]
        self._next = bulk.next_id(desk.db)
        return Taken(paid.height + refunded.height, proof.repeated + duplicates, sorted([*proof.lines, *lines, *late, *unproved]))

    def end(self, desk: Desk) -> None:
        """Add what was written since the last commit to the totals."""
        if self._moved:
            self._total(desk, pl.concat(self._moved))
            self._moved = []

    def _unvisited(self, desk: Desk, fit: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
        """The payments without those that meet a visit of the judge's, and the lines of these."""
        if self._next is not None:
            rows = bulk.visits_since(desk.db, self._next)
            self._judged = np.unique(np.concatenate((self._judged, visits_of(rows))))
        if not fit.height or not len(self._judged):
            return fit, []
        meets = pl.Series(np.isin(fit.get_column("visit").to_numpy(), self._judged))
        return fit.filter(~meets), fit.get_column("line").filter(meets).to_list()

    def _pay(self, desk: Desk, fit: pl.DataFrame) -> tuple[pl.DataFrame, int, list[int]]:
        """The payments that were written; of those whose voucher a fact holds already, how many are that very fact, and the lines
        of the others."""
        if not fit.height:
            return fit, 0, []
        fit = self._with_splits(fit.with_columns(before_fen=pl.lit(0), after_fen=pl.col("subsidy_fen"), vouchers=pl.lit(1)))
        first_id = bulk.next_id(desk.db)
        ids = np.arange(first_id, first_id + fit.height)
        refused: list[int] = []
        for at in range(0, fit.height, SLICE):
            refused += bulk.add(desk.db, desk.batch_id, _columns(ids[at:at + SLICE], fit[at:at + SLICE], bulk.COLUMNS))
        bulk.keep_numbers(desk.db, desk.batch_id, first_id, typing.keys(fit.get_column("transaction_no")))
        if not refused:
            return fit, 0, []
        is_refused = pl.Series(np.isin(ids, np.array(refused)))
        left, fit = fit.filter(is_refused), fit.filter(~is_refused)
        duplicates = bulk.duplicates(desk.db, left.select(bulk.SAME).rows())
        return fit, len(duplicates), [line for line in left.get_column("line").to_list() if line not in duplicates]

    def _refund(self, desk: Desk, asked: pl.DataFrame) -> pl.DataFrame:
        """The full refunds that were written."""
        found = refunds.with_payments(desk.db, asked) if asked.height else asked
        if not found.height:
            return found
        found = found.with_columns(
            *(-pl.col(name) for name in SIGNED), before_fen=pl.col("subsidy_fen"), after_fen=pl.lit(0), vouchers=pl.lit(-1))
        found = self._with_splits(found.with_columns(subsidy_fen=-pl.col("subsidy_fen")))
        first_id = bulk.next_id(desk.db)
        ids = np.arange(first_id, first_id + found.height)
        bulk.add_refunds(desk.db, desk.batch_id, _columns(ids, found, bulk.REFUND_COLUMNS))
        bulk.keep_numbers(desk.db, desk.batch_id, first_id, typing.keys(found.get_column("transaction_no")))
        return found

    def _with_splits(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the split of what they change, and its number."""
        changes = rows.select("round_id", "before_fen", "after_fen").unique().sort("round_id", "before_fen", "after_fen")
        splits = self._shares.of(list(changes.iter_rows()))
        known = pl.DataFrame([(number, *split[:3]) for number, split in splits], orient="row", schema=dict.fromkeys(SPLIT, pl.Int64))
        return rows.join(pl.concat([changes, known], how="horizontal"), on=changes.columns, how="left", maintain_order="left")

    def _total(self, desk: Desk, moved: pl.DataFrame) -> None:
        """Add the rows to the totals by day, merchant and funder."""
        named = dict(enumerate(CHANNELS))
        moved = moved.with_columns(channel=pl.col("channel").replace_strict(named, return_dtype=pl.String), month=pl.col("day") // 100)
        added = [pl.col(name).cast(pl.Int64).sum() for name in SUMMED]
        combined = moved.group_by(bulk.COMBINED_KEY).agg(added)
        segments = pl.DataFrame(bulk.segments(desk.db), orient="row", schema=SEGMENT)
        combined = combined.join(segments, on="segment_id", how="left").with_columns(round=pl.lit(""))
        for grouping in totals.KEYS:
            rows = combined.group_by("round_id", "day", grouping).agg(added).sort("round_id", "day", grouping)
            bulk.add_groups(desk.db, [(grouping, *row) for row in rows.iter_rows()])
        by_merchant = moved.group_by(bulk.MERCHANT_KEY).agg(added).sort("merchant_id", "round_id", "month")
        bulk.add_merchants(desk.db, [column.to_list() for column in by_merchant])
        counted = moved.group_by("round_id", "day", "split_id").agg(times=pl.len().cast(pl.Int64)).sort("round_id", "day", "split_id")
        funded: Counter[tuple[int, int, int]] = Counter()  # summed here: ten thousand splits share a few keys
        for round_id, day, split_id, times in counted.iter_rows():
            for funder, fen in self._shares.by_number[split_id].by_funder.items():
                funded[round_id, day, funder] += fen * times
        bulk.add_funders(desk.db, [(*key, fen) for key, fen in sorted(funded.items())])


def _columns(ids: np.ndarray[Any, Any], rows: pl.DataFrame, names: tuple[str, ...]) -> list[list[Any]]:
    return [ids.tolist(), *(rows.get_column(name).to_list() for name in names)]
