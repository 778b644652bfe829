"""Full refunds in time proved by columns: those that undo the only payment of their voucher and
return its money. Any other refund is judged by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars import col

from vouchercli.store import proved_redemptions

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.refunds import RefundPolicy


def returns_all(policy: RefundPolicy) -> bool:
    """Whether a full refund in time is lawful and returns the whole subsidy."""
    return policy.money.full in ("returns", "pro_rata") and not policy.refuses("full")


def gives_back(policy: RefundPolicy) -> bool:
    """Whether the first full refund in time gives the voucher back."""
    return policy.voucher.full in ("restores", "restores_once")


def candidates(refunds: pl.DataFrame) -> pl.DataFrame:
    """The refunds that may undo the only payment of their voucher: no other refund of the block is
    on the voucher or has the number, and they come while the voucher would still be valid, before
    now.
    """
    in_time = refunds.filter(
        (col("paid_at") >= col("claimed_at"))
        & (col("paid_at") < col("expires_at"))
        & (col("paid_at") <= col("latest_at"))
    )
    return in_time.filter(~col("voucher").is_duplicated() & ~col("transaction_no").is_duplicated())


def join_payments(db: sqlite3.Connection, refunds: pl.DataFrame) -> pl.DataFrame:
    """The refunds that return all of a payment that is alone on its voucher, with `payment_id` and
    the `subsidy_fen` it had.
    """
    payment_keys = refunds.select("voucher", "refund_of", "merchant_id", "base_fen", "paid_at")
    payments = [
        proved_redemptions.sole_payment(db, row) or (None, None) for row in payment_keys.iter_rows()
    ]
    refunds = refunds.with_columns(
        payment_id=pl.Series([payment_id for payment_id, _ in payments], dtype=pl.Int64),
        subsidy_fen=pl.Series([fen for _, fen in payments], dtype=pl.Int64),
    )
    # null: the file has no such column
    stated = col("stated_fen").fill_null(col("subsidy_fen"))
    return refunds.filter(col("payment_id").is_not_null(), stated == col("subsidy_fen")).drop(
        "stated_fen"
    )
