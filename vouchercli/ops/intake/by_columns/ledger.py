"""Proved payments and refunds written as facts, with their totals, in the transaction of their
chunk.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import col, lit

from vouchercli.ops.intake import late_payments, splits
from vouchercli.ops.intake.by_columns import feed, refunds, sums, typing
from vouchercli.ops.intake.by_columns.redemptions import CHANGE, Proof, Prover
from vouchercli.ops.intake.by_columns.visits import visits_of_facts
from vouchercli.ops.intake.kinds import Written
from vouchercli.store import (
    duplicates,
    fact_digests,
    limits,
    merchant_runs,
    programmes,
    proved_redemptions,
    segments,
    transaction_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.intake.kinds import Chunk, Intake
    from vouchercli.store.redemptions import Change

# Facts that are added to the totals of merchants at once, and those that are added up at once.
COUNTED_AT_ONCE, SUMMED_AT_ONCE = 2_000_000, 150_000
SIGNED = ("base_fen", "merchant_discount_fen", "subsidy_fen")  # negative in a refund
LEAST_BASE = pl.min_horizontal("base_fen", "full_base_fen")  # of the whole payment


def chunks(intake: Intake, done_line: int) -> Iterator[Chunk]:
    """The chunks of a large file of redemptions behind the line `done_line`."""
    return iter(feed.Feed(intake, done_line, lambda: Prover(intake), Writer(intake)))


class Writer(feed.Writer):
    """Writes proofs one after the other, and knows the visits of the rows that were judged and
    accepted in between; a proof that was made before does not.
    """

    def __init__(self, intake: Intake) -> None:
        assert intake.programme is not None
        rules = programmes.value(intake.programme)
        self._has_visits = limits.visits(intake.db, intake.programme_id).is_set
        # how many vouchers a proved refund gives back
        self._freed = int(refunds.gives_back(rules.refunds))
        self._shares = splits.Shares(intake)
        self._next: int | None = None
        self._judged: dict[
            int, np.ndarray[Any, Any]
        ] = {}  # local day -> the visits of rows judged one by one, in order
        self._moved: list[pl.DataFrame] = []  # not yet in the totals
        self._pool = ThreadPoolExecutor(1)
        self._sums: list[Future[sums.Sums]] = []
        self._merchants = sums.Merchants()
        self._claims = sums.Claims()

    def begin(self, intake: Intake) -> None:
        """Read the visits of rows that were judged and accepted since the last chunk, and what the
        rounds hold.
        """
        intake.proved_fen.clear()
        self._held = late_payments.Held.by_rounds(dataclasses.replace(intake, is_whole=False))
        if self._next is not None and self._has_visits:
            facts = proved_redemptions.visits_since(intake.db, self._next)
            for day in {day for _, _, day in facts}:
                visits = visits_of_facts([fact for fact in facts if fact[2] == day])
                self._judged[day] = np.union1d(self._judged.get(day, visits), visits)

    def write(self, intake: Intake, proof: Proof) -> Written:
        """Write the proved rows; payments on a visit that a judged row has used are judged too, and
        those of a round that lacks money.
        """
        fit, lines = self._drop_visited(proof)
        fit, lacking = self._drop_lacking(intake, fit, proof.changes)
        paid, duplicates, late = self._pay(intake, fit)
        refunded = self._refund(intake, proof.refunds)
        for frame in (paid, refunded):
            intake.proved_fen.update(self._cost_of(frame) if frame.height else {})
        unproved = proof.refunds.join(refunded, on="line", how="anti")["line"].to_list()
        self._moved += [frame.select(sums.MOVED) for frame in (paid, refunded) if frame.height]
        if sum(frame.height for frame in self._moved) >= SUMMED_AT_ONCE:
            self._begin_sums(intake)
        return Written(
            paid.height + refunded.height,
            proof.repeated + duplicates,
            sorted([*proof.lines, *lines, *lacking, *late, *unproved]),
        )

    def add_up(self, intake: Intake) -> None:
        """The rest of the chunk is judged now; meanwhile what was written is added up."""
        self._next = proved_redemptions.next_id(intake.db)
        if self._moved:
            self._begin_sums(intake)

    def end(self, intake: Intake, *, is_last: bool) -> None:
        """Add what was written to the totals."""
        for added in (each.result() for each in self._sums):
            added.add_to(intake.db)
            self._merchants.add(added.merchants)
            self._claims.add(added.used)
        self._claims.add_to(intake.db)
        self._sums = []
        intake.proved_fen.clear()
        if is_last or self._merchants.facts >= COUNTED_AT_ONCE:
            self._merchants.add_to(intake.db, intake.batch_id)

    def _begin_sums(self, intake: Intake) -> None:
        every = segments.every(intake.db)
        added_up = self._pool.submit(sums.add_up, self._moved, self._shares.by_number, every)
        self._sums.append(added_up)
        self._moved = []

    def _drop_visited(self, proof: Proof) -> tuple[pl.DataFrame, list[int]]:
        """The payments but those on a visit that a judged row has used, and the lines of these."""
        fit = proof.fit
        known = [self._judged[day] for day in proof.days if day in self._judged]
        if not known:
            return fit, []
        meets = pl.Series(np.isin(fit["visit"].to_numpy(), np.concatenate(known)))
        return fit.filter(~meets), fit["line"].filter(meets).to_list()

    def _drop_lacking(
        self, intake: Intake, fit: pl.DataFrame, changes: list[tuple[int, int]]
    ) -> tuple[pl.DataFrame, list[int]]:
        """The payments but those of rounds that do not hold so much, and the lines of these. Where
        it seems so, those do not count whose voucher a fact holds already: they come again.
        """
        if not fit.height:
            return fit, []
        numbers = self._split_numbers([(round_id, 0, fen, 0) for round_id, fen in changes])
        fit = fit.with_columns(split_id=numbers.gather(fit["change"]))
        lacking = self._find_lacking(intake, fit)
        if not lacking:
            return fit, []
        standing = proved_redemptions.standing(
            intake.db, fit.filter(col("round_id").is_in(lacking))["voucher"].to_list()
        )
        is_new = ~fit["voucher"].is_in(standing)
        lacking = self._find_lacking(intake, fit.filter(is_new))
        leave = is_new & fit["round_id"].is_in(lacking)
        return fit.filter(~leave), fit["line"].filter(leave).to_list()

    def _find_lacking(self, intake: Intake, fit: pl.DataFrame) -> list[int]:
        """The rounds that do not hold what these payments cost."""
        return sorted(
            {
                round_id
                for (round_id, funder), fen in self._cost_of(fit).items()
                if fen + intake.proved_fen[round_id, funder]
                > self._held.spendable(round_id, funder)
            }
        )

    def _cost_of(self, rows: pl.DataFrame) -> Counter[tuple[int, int]]:
        """What rows cost, by round and funder, in fen."""
        cost: Counter[tuple[int, int]] = Counter()
        for round_id, split_id, count in rows.group_by("round_id", "split_id").len().iter_rows():
            for funder, fen in self._shares.by_number[split_id].by_funder.items():
                cost[round_id, funder] += count * fen
        return cost

    def _pay(self, intake: Intake, fit: pl.DataFrame) -> tuple[pl.DataFrame, int, list[int]]:
        """The payments that were written; of those whose voucher a fact holds already, how many are
        that very fact, and the lines of the others.
        """
        if not fit.height:
            return fit, 0, []
        fit = fit.with_columns(
            vouchers=lit(1),
            floor_fen=LEAST_BASE,
            face_fen=col("denomination_fen"),
        )
        first_id = proved_redemptions.next_id(intake.db)
        refused: list[int] = []
        for at in range(0, fit.height, sums.SLICE):
            refused += proved_redemptions.add(
                intake.db,
                first_id + at,
                _columns(fit[at : at + sums.SLICE], proved_redemptions.COLUMNS),
            )
        self._keep_run(intake, first_id, fit, fit.height - len(refused))
        is_refused = np.zeros(fit.height, bool)
        is_refused[np.array(refused, int) - first_id] = True
        _keep_digests(intake, first_id, fit, ~is_refused)
        if not refused:
            return fit, 0, []
        refused_rows = fit.filter(pl.Series(is_refused))
        said = refused_rows.select(duplicates.SAID["redemptions"]).rows()
        standing = duplicates.add_said(intake.db, "redemptions", intake.batch_id, said)
        late = [line for line in refused_rows["line"] if line not in standing]
        return fit.filter(pl.Series(~is_refused)), len(standing), late

    def _refund(self, intake: Intake, candidates: pl.DataFrame) -> pl.DataFrame:
        """The full refunds that were written."""
        rows = refunds.join_payments(intake.db, candidates) if candidates.height else candidates
        if not rows.height:
            return rows
        changes = rows.select(CHANGE).iter_rows()
        rows = rows.with_columns(
            *(-col(name) for name in SIGNED),
            split_id=self._split_numbers([(round_id, fen, 0, 0) for round_id, fen in changes]),
            vouchers=lit(-1),
            spent=lit(-self._freed),
            floor_fen=-LEAST_BASE,
            face_fen=-self._freed * col("denomination_fen"),
            key=typing.keys(rows["transaction_no"]),
        )
        first_id = proved_redemptions.next_id(intake.db)
        proved_redemptions.add_refunds(
            intake.db,
            first_id,
            _columns(rows, proved_redemptions.REFUND_COLUMNS),
            _columns(rows, proved_redemptions.UNDONE_COLUMNS),
        )
        self._keep_run(intake, first_id, rows, rows.height)
        for facts in ("redemptions", "refunds"):
            fact_digests.add_written(intake.db, facts, first_id)
        self._claims.refund(first_id, rows.height)
        return rows

    def _keep_run(self, intake: Intake, first_id: int, rows: pl.DataFrame, written: int) -> None:
        keys, paid_at = rows["key"].to_numpy(), rows["paid_at"]
        span = int(paid_at.min()), int(paid_at.max())  # type: ignore[arg-type]
        transaction_numbers.keep(
            intake.db, intake.batch_id, first_id, keys.astype("<u4").tobytes(), span
        )
        merchant_runs.keep(intake.db, first_id, rows["merchant_id"].to_list())
        self._merchants.keep(intake.db, first_id, written)

    def _split_numbers(self, changes: list[Change]) -> pl.Series:
        return pl.Series([number for number, _ in self._shares.splits_of(changes)])


def _keep_digests(
    intake: Intake, first_id: int, fit: pl.DataFrame, is_written: np.ndarray[Any, Any]
) -> None:
    """Keep the digests of the payments that were written."""
    ids = np.flatnonzero(is_written) + first_id
    if not len(ids):
        return
    rows = fit.select(proved_redemptions.COLUMNS)
    if len(ids) < fit.height:
        rows = rows.filter(pl.Series(is_written))
    known = {"redemption_id": ids, "use_no": 1, "refund_of": fact_digests.NONE}
    names = fact_digests.NUMBERS["redemptions"]
    numbers = np.empty((rows.height, len(names) + 1), "<i8")
    for place, name in enumerate(names):
        numbers[:, place] = known[name] if name in known else rows[name].to_numpy()
    numbers[:, -1] = rows["transaction_no"].str.len_chars().to_numpy()
    fact_digests.add_columns(
        intake.db,
        "redemptions",
        ids.tolist(),
        numbers.data.cast("B"),
        [rows["transaction_no"].to_list()],
    )


def _columns(rows: pl.DataFrame, names: tuple[str, ...]) -> list[list[Any]]:
    return [rows.get_column(name).to_list() for name in names]
