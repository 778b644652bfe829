"""The law of one redemption row by itself, in the order in which the first failure names the
reject.

What a row meets on its voucher's timeline (already redeemed, limits, refunds) is in
`rules.vouchers`. `store.judging.JUDGE` is this ladder by set; a hypothesis test holds the two
together.
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
    """Why the row is refused by itself, or None. A refund is not held to what only a payment must
    meet: it gives money back, and may do so at a suspended merchant, out of hours or late.
    """
    if row.claimed_at is None or row.expires_at is None:
        return "unknown_claim"
    if row.denomination_fen is None or row.threshold_fen is None:
        return "unknown_coupon"
    if not row.is_known_merchant:
        return "unknown_merchant"
    is_early = row.paid_at < row.claimed_at
    if row.kind == "refund":
        return "not_yet_valid" if is_early else None
    ladder = (
        ("merchant_suspended", row.is_suspended),
        ("out_of_scope", not row.is_in_scope),
        ("not_yet_valid", is_early),
        ("expired", row.paid_at >= row.expires_at),
        ("below_threshold", row.base_fen < row.threshold_fen),
        (
            "subsidy_mismatch",
            row.subsidy_fen != lawful_subsidy(row.base_fen, row.denomination_fen, row.percent_bp),
        ),
    )
    return next((reason for reason, is_so in ladder if is_so), None)
