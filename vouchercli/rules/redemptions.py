"""The law of one redemption row by itself, in the order in which the first failure names the reject.

What a row meets on its voucher's timeline (already redeemed, limits, refunds) is in `rules.vouchers`.
`store.redemptions.JUDGE` is this ladder by set; a hypothesis test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vouchercli.rules.subsidy import lawful_subsidy


@dataclass(frozen=True)
class Facts:
    """What is known of a row when it is judged: None where the thing it names is not known."""

    kind: Literal["pay", "refund"]
    paid_at: int
    base_fen: int
    subsidy_fen: int
    claimed_at: int | None
    expires_at: int | None
    threshold_fen: int | None
    denomination_fen: int | None
    percent_bp: int | None
    is_known_merchant: bool
    is_suspended: bool
    is_in_scope: bool


def reason(row: Facts) -> str | None:
    """Why the row is refused by itself, or None. A refund is not held to what only a payment must meet: it gives
    money back, and may do so at a suspended merchant, out of hours or late."""
    if row.claimed_at is None or row.expires_at is None:
        return "unknown_claim"
    if row.denomination_fen is None or row.threshold_fen is None:
        return "unknown_coupon"
    if not row.is_known_merchant:
        return "unknown_merchant"
    return _of_any(row) if row.kind == "refund" else _of_payment(row)


def _of_any(row: Facts) -> str | None:
    return "not_yet_valid" if row.claimed_at is not None and row.paid_at < row.claimed_at else None


def _of_payment(row: Facts) -> str | None:
    assert row.expires_at is not None and row.threshold_fen is not None
    if row.is_suspended:
        return "merchant_suspended"
    if not row.is_in_scope:
        return "out_of_scope"
    if early := _of_any(row):
        return early
    if row.paid_at >= row.expires_at:
        return "expired"
    if row.base_fen < row.threshold_fen:
        return "below_threshold"
    if row.subsidy_fen != lawful_subsidy(row.base_fen, row.denomination_fen or 0, row.percent_bp):
        return "subsidy_mismatch"
    return None
