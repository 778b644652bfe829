"""Payments and full refunds proved by columns. Irregular rows are judged one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl
from polars import col, lit

from vouchercli.formats.columnar import frames
from vouchercli.ops.intake.by_columns import refunds, typing
from vouchercli.ops.intake.by_columns.book import CODES, Book
from vouchercli.ops.intake.by_columns.typing import VOUCHER, lines_without
from vouchercli.ops.intake.by_columns.visits import visits_of
from vouchercli.rules.redemptions import PAYMENTS
from vouchercli.store import programmes

if TYPE_CHECKING:
    from vouchercli.formats.columnar.blocks import Block
    from vouchercli.ops.intake.kinds import Intake

CONTENT = (
    "transaction_no",
    "voucher",
    "merchant_id",
    "paid_at",
    "base_fen",
    "merchant_discount_fen",
    "subsidy_fen",
)
KNOWN = (
    "line",
    "transaction_no",
    "voucher",
    "merchant_id",
    "segment_id",
    "channel",
    "paid_at",
    "day",
    "base_fen",
    "merchant_discount_fen",
    "round_id",
    "coupon",
    "denomination_fen",
    "full_base_fen",
)
LAWFUL, REFUND = (*KNOWN, "subsidy_fen", "resident"), (*KNOWN, "stated_fen", "refund_of")
CHANGE = ("round_id", "subsidy_fen")


class Proof(NamedTuple):
    """What is clearly lawful in a block.

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


IS_LAWFUL = pl.sql_expr(PAYMENTS.lawful_sql())
NOTHING = pl.DataFrame({"line": pl.Series([], dtype=pl.Int64)})


class Prover:
    """Checks the rows of a block against the rules, as far as columns can tell."""

    def __init__(self, intake: Intake) -> None:
        assert intake.programme is not None
        self._intake, self._zone = intake, intake.zone
        rules = programmes.value(intake.programme)
        self._latest_at = intake.latest_at
        self._returns = refunds.returns_all(rules.refunds)
        self._says_subsidy = intake.reading.has("subsidy")
        self._book = Book(intake.session.path, intake.programme_id, intake.zone)
        self._limit = self._book.visit_limit

    def close(self) -> None:
        """Leave the database."""
        self._book.close()

    def prove(self, block: Block) -> Proof:
        """The clearly lawful payments and refunds of a block."""
        frame, irregular = block.columns()
        lines = frame["line"]
        rows = self._type_cells(self._book.add_merchant_no(frame))
        rows = self._book.drop_reversed(rows)
        if not rows.height:
            return Proof(NOTHING, [], [], NOTHING, [*irregular, *lines], 0)
        rows = self._book.join(rows)
        rows = rows.with_columns(channel=self._book.used_channel(rows), voucher=VOUCHER)
        is_payment = rows["kind"] == "pay"
        paid, repeated = _drop_shared(
            self._keep_lawful(self._book.drop_asking(rows.filter(is_payment)))
        )
        paid, days = self._keep_roomy(paid)
        # the index by voucher is then written in its own order
        paid = paid.sort("voucher")
        paid = paid.with_columns(key=typing.keys(paid["transaction_no"]))
        changes = paid.select(CHANGE).unique(maintain_order=True).with_row_index("change")
        paid = paid.join(changes, on=CHANGE, how="left", maintain_order="left")
        returned = refunds.candidates(rows.filter(~is_payment)) if self._returns else rows.clear()
        decided = pl.concat([paid["line"], repeated, returned["line"]])
        return Proof(
            paid,
            changes.select(CHANGE).rows(),
            days,
            returned.select(REFUND),
            [*irregular, *lines_without(lines, decided)],
            repeated.len(),
        )

    def _type_cells(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Texts to numbers: amounts in fen, times as UTC seconds with their local day."""
        at, day, of_day = typing.moments(frame["paid_at"], self._zone)
        order, discount = frames.fen("order_amount"), frames.fen("merchant_discount")
        subsidy = frames.fen("subsidy") if self._says_subsidy else lit(None, pl.Int64)
        rows = frame.select(
            "line",
            "transaction_no",
            "claim_no",
            "merchant_no",
            "refund_of",
            "kind",
            coupon_no=typing.whole("coupon_no", 3),
            paid_at=at,
            day=day,
            of_day=of_day,
            order_fen=order,
            merchant_discount_fen=discount,
            stated_fen=subsidy,
            channel_no=col("channel").replace_strict(CODES, default=None, return_dtype=pl.Int64),
        ).with_columns(
            base_fen=col("order_fen") - col("merchant_discount_fen"),
            latest_at=lit(self._latest_at),
        )
        is_refund = (col("kind") == "refund") & (col("refund_of") != "")
        return rows.filter(
            (col("kind") == "pay") | is_refund,
            col("coupon_no").is_not_null(),
            col("paid_at").is_not_null(),
            col("order_fen") > 0,
            col("base_fen") >= 0,
            col("channel_no").is_not_null(),
            col("merchant_no") != "",
            col("stated_fen").is_not_null() if self._says_subsidy else lit(value=True),
        ).drop("order_fen")

    def _keep_lawful(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The payments that no rung of the ladder refuses, with the subsidy they bring. Claims,
        coupons and merchants are known; merchants that were ever suspended are not among them.
        """
        return (
            self._book.add_usable_at(rows)
            .with_columns(
                known_coupon_no=col("coupon_no"),
                lawful_fen=typing.lawful_subsidy(),
                is_in_scope=self._book.is_in_scope(rows).cast(pl.Int8),
                is_suspended=lit(0),
                broken_detail=lit(""),
                is_settled=lit(0),
            )
            .filter(IS_LAWFUL)
            .rename({"lawful_fen": "subsidy_fen"})
            .select(LAWFUL)
        )

    def _keep_roomy(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
        """The rows on visits that are not full; and, where a limit is set on these, their days."""
        if not self._limit.is_set:
            return rows.drop("resident"), []
        visits = visits_of(rows)
        rows = rows.drop("resident").with_columns(visit=pl.Series(visits, dtype=pl.UInt64))
        rows = rows.filter(self._book.visits.have_room(rows, self._limit))
        return rows, rows["day"].unique().sort().to_list()


def _drop_shared(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The rows that share neither voucher nor number with another row of the block, but for those
    that repeat an earlier one in everything, and the lines of these.

    What shares a voucher with a fact is found when it is written, what shares a number with one
    when the import ends.
    """
    numbers = col("transaction_no").hash()
    is_shared = col("voucher").is_duplicated() | numbers.is_duplicated()
    shared = rows.filter(is_shared)
    is_first = pl.struct(CONTENT).is_first_distinct()
    repeated = shared.filter(~is_first)["line"]
    kept = shared.filter(is_first).filter(is_shared)["line"]
    dropped = pl.concat([repeated, kept])
    if dropped.len():
        rows = rows.filter(~col("line").is_in(dropped.implode()))
    return rows, repeated
