"""Payments and full refunds proved by columns. Whatever is odd in any way goes to the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from polars import col, lit

from vouchercli.formats.columnar import frames
from vouchercli.ops.intake.by_columns import refunds, typing
from vouchercli.ops.intake.by_columns.book import CODES, Book, visits
from vouchercli.ops.intake.by_columns.typing import VOUCHER

if TYPE_CHECKING:
    from vouchercli.formats.columnar.blocks import Block
    from vouchercli.ops.intake.kinds import Desk

CONTENT = (
    "transaction_no",
    "claim_id",
    "coupon_no",
    "merchant_id",
    "paid_at",
    "base_fen",
    "merchant_discount_fen",
    "subsidy_fen",
)
KNOWN = (
    "line",
    "transaction_no",
    "claim_id",
    "coupon_no",
    "merchant_id",
    "segment_id",
    "channel",
    "paid_at",
    "day",
    "base_fen",
    "merchant_discount_fen",
    "round_id",
    "coupon",
    "threshold_fen",
    "denomination_fen",
)
LAWFUL, REFUND = (*KNOWN, "subsidy_fen", "resident"), (*KNOWN, "told_fen", "refund_of")
CHANGE = ("round_id", "subsidy_fen")


class Proof(NamedTuple):
    """What is plainly lawful in a block.

    `fit`: payments as columns of the table, with the `key` of their number, their place in
    `changes` (round_id, subsidy in fen), and where a limit on visits is set their `visit`; `days`:
    the local days of these; `refunds`: full refunds, lawful if the payment they name stands alone
    on its voucher; `lines`: the rows that are none of these; `repeated`: how many more rows are the
    same as a fit one in all.
    """

    fit: pl.DataFrame
    changes: list[tuple[int, int]]
    days: list[int]
    refunds: pl.DataFrame
    lines: list[int]
    repeated: int


NOTHING = pl.DataFrame({"line": pl.Series([], dtype=pl.Int64)})


class Prover:
    """Holds the rows of a block against the law, as far as columns can tell."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._zone = desk, desk.zone
        rules = desk.rules
        self._limit = rules.limits.vouchers_per_merchant_per_day
        self._restores = rules.refunds in refunds.RESTORING
        self._says_subsidy = desk.reading.has("subsidy")
        self._book = Book(desk.session.path, desk.programme_id, desk.zone)

    def close(self) -> None:
        """Leave the database."""
        self._book.close()

    def prove(self, block: Block) -> Proof:
        """The plainly lawful payments and refunds of a block."""
        frame, odd = block.columns()
        lines = frame["line"]
        rows = self._typed(self._book.with_numbers(frame))
        if not rows.height:
            return Proof(NOTHING, [], [], NOTHING, [*odd, *lines.to_list()], 0)
        rows = self._known(rows)
        rows = rows.with_columns(channel=self._book.used_channel(rows))
        is_payment = rows["kind"] == "pay"
        paid, repeated = _without_repeats(self._lawful(rows.filter(is_payment)))
        paid, days = self._uncontested(paid)
        # the index by voucher is then written in its own order
        paid = paid.sort("claim_id", "coupon_no")
        paid = paid.with_columns(key=typing.keys(paid["transaction_no"]))
        changes = paid.select(CHANGE).unique(maintain_order=True).with_row_index("change")
        paid = paid.join(changes, on=CHANGE, how="left", maintain_order="left")
        back = refunds.candidates(rows.filter(~is_payment)) if self._restores else rows.clear()
        left = [
            *odd,
            *_without(lines, pl.concat([paid["line"], repeated, back["line"]])),
        ]
        return Proof(
            paid, changes.select(CHANGE).rows(), days, back.select(REFUND), left, repeated.len()
        )

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Texts to numbers: amounts in fen, times as UTC seconds with their local day."""
        kinds = {text: self._desk.reading.kind_of(text) for text in frame["kind"].unique()}
        at, day, of_day = typing.moments(frame["paid_at"], self._zone)
        order, discount = frames.fen("order_amount"), frames.fen("merchant_discount")
        subsidy = frames.fen("subsidy") if self._says_subsidy else lit(None, pl.Int64)
        rows = frame.select(
            "line",
            "transaction_no",
            "claim_no",
            "merchant_no",
            "refund_of",
            kind=col("kind").replace_strict(kinds, default="", return_dtype=pl.String),
            coupon_no=typing.whole("coupon_no", 3),
            paid_at=at,
            day=day,
            of_day=of_day,
            order_fen=order,
            merchant_discount_fen=discount,
            told_fen=subsidy,
            channel_no=col("channel").replace_strict(CODES, default=None, return_dtype=pl.Int64),
        ).with_columns(base_fen=col("order_fen") - col("merchant_discount_fen"))
        return rows.filter(
            (
                ((col("kind") == "pay") | ((col("kind") == "refund") & (col("refund_of") != "")))
                & col("coupon_no").is_not_null()
                & col("paid_at").is_not_null()
                & (col("order_fen") > 0)
                & (col("base_fen") >= 0)
                & col("channel_no").is_not_null()
                & (col("merchant_no") != "")
                & (col("told_fen").is_not_null() if self._says_subsidy else lit(True))
            ).fill_null(False)
        ).drop("order_fen")

    def _known(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The claim, coupon and merchant that each row names; rows that name an unknown one fall
        away.
        """
        book = self._book
        book.cover(int(rows["paid_at"].min()), int(rows["paid_at"].max()))  # type: ignore[arg-type]
        rows = book.with_claims(rows)
        rows = rows.join(
            book.coupons, on=["round_id", "coupon_no"], how="inner", maintain_order="left"
        )
        return book.with_merchants(rows)

    def _lawful(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The payments of which rules.redemptions.reason is None, as far as columns can tell, with
        the subsidy they bring.
        """
        rows = rows.with_columns(subsidy_fen=typing.lawful_subsidy())
        is_lawful = rows.select(
            (col("paid_at") >= col("claimed_at"))
            & (col("paid_at") < col("expires_at"))
            & (col("base_fen") >= col("threshold_fen"))
            & (col("told_fen").fill_null(col("subsidy_fen")) == col("subsidy_fen")).fill_null(False)
        ).to_series()
        return rows.filter(is_lawful & self._book.is_in_scope(rows)).select(LAWFUL)

    def _uncontested(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
        """The rows that share neither voucher nor number with another row of the block, on visits
        that are not full; and, where a limit is set on these, their days.

        What shares a voucher with a fact is found when it is written, what shares a number with one
        when the import ends.
        """
        rows = rows.filter(~VOUCHER.is_duplicated() & ~col("transaction_no").hash().is_duplicated())
        if self._limit is None:
            return rows.drop("resident"), []
        seen = visits(rows["resident"], rows["merchant_id"], rows["day"])
        rows = rows.drop("resident").with_columns(visit=pl.Series(seen, dtype=pl.UInt64))
        rows = rows.filter(self._book.has_room(rows, self._limit))
        return rows, rows["day"].unique().sort().to_list()


def _without(lines: pl.Series, done: pl.Series) -> list[int]:
    """The lines that are not done; both are of one block."""
    numbers = lines.to_numpy()
    first = numbers.min()
    is_done = np.zeros(numbers.max() - first + 1, bool)
    is_done[done.to_numpy() - first] = True
    left: list[int] = numbers[~is_done[numbers - first]].tolist()
    return left


def _without_repeats(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The rows without those that repeat an earlier one in everything, and the lines of these."""
    shared = rows.filter(VOUCHER.is_duplicated())
    repeated = shared.filter(~pl.struct(CONTENT).is_first_distinct())["line"]
    return (
        rows.filter(~col("line").is_in(repeated.implode())) if repeated.len() else rows
    ), repeated
