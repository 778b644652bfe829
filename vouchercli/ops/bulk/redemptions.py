"""Payments proved by columns, and written as they are. Refunds, and whatever is odd in any way, go to the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from vouchercli.ops import shares
from vouchercli.ops.bulk import typing
from vouchercli.ops.bulk.book import Book, visits, visits_of
from vouchercli.ops.bulk.feed import Feed
from vouchercli.ops.chunks import Taken
from vouchercli.rules.subsidy import lawful_subsidy
from vouchercli.store import bulk, programmes, totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.bulk import Block
    from vouchercli.ops.chunks import Chunk
    from vouchercli.ops.desks import Desk
    from vouchercli.store.redemptions import Split

VOUCHER = pl.col("claim_id") * 1000 + pl.col("coupon_no")
CONTENT = ("transaction_no", "claim_id", "coupon_no", "merchant_id", "paid_at", "base_fen", "merchant_discount_fen", "subsidy_fen")
SEGMENT = {"segment_id": pl.Int64, "district": pl.String, "industry": pl.String, "size": pl.String}
SPLIT = ("split_id", "public_fen", "platform_fen", "match_fen")
CHANNELS = {"": 0, "offline": 1, "online": 2}


class Proof(NamedTuple):
    """`fit`: rows that are plainly lawful, as columns of the table; `lines`: the rows that are not; `repeated`: how many more
    rows are the same as a fit one in everything."""

    fit: pl.DataFrame
    lines: list[int]
    repeated: int


def chunks(desk: Desk, done: int) -> Iterator[Chunk]:
    """The chunks of a large file of redemptions behind the line `done`."""
    return iter(Feed(desk, done, lambda: Prover(desk), Writer(desk).write))


class Prover:
    """Holds the rows of a block against the law, as far as columns can tell."""

    def __init__(self, desk: Desk) -> None:
        assert desk.programme is not None
        self._desk, self._zone = desk, desk.zone
        self._limit = programmes.value(desk.programme).limits.vouchers_per_merchant_per_day
        self._says_subsidy = desk.reading.has("subsidy")
        self._book = Book(desk.session.path, desk.programme_id, desk.zone)

    def close(self) -> None:
        """Leave the database."""
        self._book.close()

    def prove(self, block: Block) -> Proof:
        """The plainly lawful payments of a block."""
        lines, repeated = block.frame.get_column("line"), pl.Series([], dtype=pl.Int64)
        rows = self._typed(self._book.with_numbers(block.frame))
        if rows.height:
            rows = self._known(rows)
            rows = rows.filter(self._is_lawful(rows))
            rows, repeated = _without_repeats(rows.with_columns(subsidy_fen=self._expected(rows), channel=self._book.used_channel(rows)))
            rows = self._uncontested(rows)
            visit = visits(rows.get_column("resident"), rows.get_column("merchant_id"), rows.get_column("day"))
            rows = rows.with_columns(visit=pl.Series(visit, dtype=pl.UInt64))
        fit = rows.select(
            "transaction_no", "claim_id", "coupon_no", "merchant_id", "segment_id", "channel", "paid_at", "day", "base_fen",
            "merchant_discount_fen", "line", "round_id", "subsidy_fen", "coupon", "threshold_fen", "denomination_fen", "visit",
        ) if rows.height else pl.DataFrame({"line": pl.Series([], dtype=pl.Int64)})
        is_done = np.isin(lines.to_numpy(), np.concatenate((fit.get_column("line").to_numpy(), repeated.to_numpy())))
        return Proof(fit, lines.filter(pl.Series(~is_done)).to_list(), repeated.len())

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Texts to numbers: amounts in fen, times as UTC seconds with their local day."""
        kinds = {text: self._desk.reading.kind_of(text) for text in frame.get_column("kind").unique()}
        at, day, of_day = typing.moments(frame.get_column("paid_at"), self._zone)
        order, discount = typing.fen("order_amount"), typing.fen("merchant_discount")
        subsidy = typing.fen("subsidy") if self._says_subsidy else pl.lit(None, pl.Int64)
        rows = frame.select(
            "line", "transaction_no", "claim_no", "merchant_no",
            kind=pl.col("kind").replace_strict(kinds, default="", return_dtype=pl.String), coupon_no=typing.whole("coupon_no", 3),
            paid_at=at, day=day, of_day=of_day, order_fen=order, merchant_discount_fen=discount, told_fen=subsidy,
            channel_no=pl.col("channel").replace_strict(CHANNELS, default=None, return_dtype=pl.Int64),
        ).with_columns(base_fen=pl.col("order_fen") - pl.col("merchant_discount_fen"))
        return rows.filter((
            (pl.col("kind") == "pay") & pl.col("coupon_no").is_not_null() & pl.col("paid_at").is_not_null() & (pl.col("order_fen") > 0)
            & (pl.col("base_fen") >= 0) & pl.col("channel_no").is_not_null() & (pl.col("merchant_no") != "")
            & (pl.col("told_fen").is_not_null() if self._says_subsidy else pl.lit(True))
        ).fill_null(False)).drop("kind", "order_fen")

    def _known(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The claim, coupon and merchant that each row names; rows that name an unknown one fall away."""
        book = self._book
        book.cover(int(rows.get_column("paid_at").min()), int(rows.get_column("paid_at").max()))  # type: ignore[arg-type]
        rows = book.with_claims(rows)
        rows = rows.join(book.coupons, on=["round_id", "coupon_no"], how="inner", maintain_order="left")
        return book.with_merchants(rows)

    def _is_lawful(self, rows: pl.DataFrame) -> pl.Series:
        """rules.redemptions.reason is None, as far as columns can tell."""
        lawful = rows.select(
            (pl.col("paid_at") >= pl.col("claimed_at")) & (pl.col("paid_at") < pl.col("expires_at"))
            & (pl.col("base_fen") >= pl.col("threshold_fen"))
        ).to_series()
        expected = self._expected(rows)
        told = rows.get_column("told_fen").fill_null(expected) if not self._says_subsidy else rows.get_column("told_fen")
        return lawful & (told == expected).fill_null(False) & self._book.is_in_scope(rows)

    def _expected(self, rows: pl.DataFrame) -> pl.Series:
        """What each voucher pays: its denomination, or for a percentage what the rules make of the base."""
        face = rows.get_column("denomination_fen")
        if rows.get_column("percent_bp").null_count() == rows.height:
            return face
        asked = rows.select("base_fen", "denomination_fen", "percent_bp").unique()
        paid = [lawful_subsidy(*row) for row in asked.iter_rows()]
        keyed = asked.with_columns(expected=pl.Series(paid, dtype=pl.Int64))
        return rows.join(keyed, on=asked.columns, how="left", maintain_order="left", nulls_equal=True).get_column("expected")

    def _uncontested(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that share neither voucher nor number with another row of the block, on visits that are not full.

        What shares a voucher with a fact is found when it is written, what shares a number with one when the import ends.
        """
        rows = rows.filter(~VOUCHER.is_duplicated() & ~pl.col("transaction_no").hash().is_duplicated())
        return rows.filter(self._book.has_room(rows, self._limit)) if self._limit is not None and rows.height else rows


def _without_repeats(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The rows without those that repeat an earlier one in everything, and the lines of these."""
    shared = rows.filter(VOUCHER.is_duplicated())
    repeated = shared.filter(~pl.struct(CONTENT).is_first_distinct()).get_column("line")
    return (rows.filter(~pl.col("line").is_in(repeated.implode())) if repeated.len() else rows), repeated


class Writer:
    """Writes proofs one after the other, and knows the visits of the rows that the judge has accepted in between: a proof that
    was made before does not. (Where no limit is set they do no harm but to send a row to the judge.)"""

    def __init__(self, desk: Desk) -> None:
        self._split = shares.Shares(desk)
        self._next: int | None = None
        self._judged: np.ndarray[Any, Any] = np.empty(0, np.uint64)

    def write(self, desk: Desk, proof: Proof) -> Taken:
        """Write the proved rows that meet no visit of the judge's."""
        if self._next is not None:
            rows = bulk.visits_since(desk.db, self._next)
            self._judged = np.unique(np.concatenate((self._judged, visits_of(rows))))
        if proof.fit.height and len(self._judged):
            meets = pl.Series(np.isin(proof.fit.get_column("visit").to_numpy(), self._judged))
            lines = proof.fit.get_column("line").filter(meets).to_list()
            proof = Proof(proof.fit.filter(~meets), [*proof.lines, *lines], proof.repeated)
        taken = write(desk, proof, self._split)
        self._next = bulk.next_id(desk.db)
        return taken


def write(desk: Desk, proof: Proof, split: shares.Shares) -> Taken:
    """Write the proved rows with their totals; rows whose voucher a fact holds already are duplicates of it or left to the judge."""
    fit = proof.fit
    if not fit.height:
        return Taken(0, proof.repeated, proof.lines)
    pairs = fit.select("round_id", "subsidy_fen").unique().sort("round_id", "subsidy_fen")
    splits = [split.of_payment(*pair) for pair in pairs.iter_rows()]
    fit = fit.join(pairs.with_columns(split_id=pl.Series([number for number, _ in splits], dtype=pl.Int64)), on=pairs.columns,
                   how="left", maintain_order="left")
    first_id = bulk.next_id(desk.db)
    ids = np.arange(first_id, first_id + fit.height)
    columns: list[list[Any]] = [ids.tolist(), *(fit.get_column(name).to_list() for name in bulk.COLUMNS)]
    refused = bulk.add(desk.db, desk.batch_id, first_id, columns)
    bulk.keep_numbers(desk.db, desk.batch_id, first_id, typing.keys(fit.get_column("transaction_no")))
    duplicate: set[int] = set()
    if refused:
        is_refused = np.isin(ids, np.array(refused))
        left = fit.filter(pl.Series(is_refused))
        fit = fit.filter(pl.Series(~is_refused))
        duplicate = bulk.duplicates(desk.db, left.select(bulk.SAME).rows())
        lines = [line for line in left.get_column("line").to_list() if line not in duplicate]
    else:
        lines = []
    _total(desk, fit, dict(splits))
    return Taken(fit.height, proof.repeated + len(duplicate), sorted([*proof.lines, *lines]))


def _total(desk: Desk, fit: pl.DataFrame, splits: dict[int, Split]) -> None:
    """Add the rows to the totals by day, merchant and funder."""
    if not fit.height:
        return
    known = [(number, one.public_fen, one.platform_fen, one.match_fen) for number, one in splits.items()]
    fit = fit.join(pl.DataFrame(known, orient="row", schema=dict.fromkeys(SPLIT, pl.Int64)), on="split_id", how="left")
    fit = fit.with_columns(channel=pl.col("channel").replace_strict(dict(enumerate(CHANNELS)), return_dtype=pl.String),
                           month=pl.col("day") // 100)
    added = [
        pl.len().cast(pl.Int64).alias("vouchers"), pl.col("base_fen").sum(), pl.col("subsidy_fen").sum(), pl.col("public_fen").sum(),
        pl.col("platform_fen").sum(), pl.col("match_fen").sum(), pl.col("threshold_fen").sum(), pl.col("denomination_fen").sum(),
    ]
    combined = fit.group_by(bulk.COMBINED_KEY).agg(added)
    segments = pl.DataFrame(bulk.segments(desk.db), orient="row", schema=SEGMENT)
    combined = combined.join(segments, on="segment_id", how="left").with_columns(round=pl.lit(""))
    sums = [pl.col(name).sum() for name in combined.columns[len(bulk.COMBINED_KEY):len(bulk.COMBINED_KEY) + len(added)]]
    for grouping in totals.KEYS:
        rows = combined.group_by("round_id", "day", grouping).agg(sums).sort("round_id", "day", grouping)
        bulk.add_groups(desk.db, [(grouping, *row) for row in rows.iter_rows()])
    bulk.add_merchants(desk.db, fit.group_by(bulk.MERCHANT_KEY).agg(added).sort("merchant_id", "round_id", "month").rows())
    paid = fit.group_by("round_id", "day", "split_id").agg(pl.len().cast(pl.Int64).alias("times")).sort("round_id", "day", "split_id")
    bulk.add_funders(desk.db, [(round_id, day, funder, fen * times) for round_id, day, split_id, times in paid.iter_rows()
                               for funder, fen in splits[split_id].by_funder.items()])
