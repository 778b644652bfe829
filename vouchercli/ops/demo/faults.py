"""A late file with one row of every common fault, so that the demo shows rejects, their reasons and
the way back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.demo import clock, till

if TYPE_CHECKING:
    from vouchercli.ops.demo.claims import Granted
    from vouchercli.ops.demo.till import Till

# What the file must come to; the order is that of the rows.
EXPECTED = (
    "accepted",
    "accepted",
    "over_limit",
    "unknown_claim",
    "unknown_coupon",
    "unknown_merchant",
    "not_yet_valid",
    "expired",
    "below_threshold",
    "subsidy_mismatch",
    "already_redeemed",
    "bad_amount",
    "bad_time",
    "transaction_reused",
    "refund_without_payment",
    "refund_too_large",
    "refund_forfeits",
    "duplicate",
)
NOON = "12:05:00"


def late_file(
    counter: Till,
    granted: Granted,
    unused: list[int],
    required: tuple[Granted, list[int]],
    shop: str,
) -> str:
    """The rows, on vouchers of `granted` (five 40-10 coupons) that nobody has used, at the merchant
    `shop`.

    `required` is a round with its unused vouchers that takes registered merchants only.
    """
    day = clock.days()[granted.round.opens // clock.DAY + 4]
    early, late = (
        clock.days()[granted.round.opens // clock.DAY],
        clock.days()[granted.round.opens // clock.DAY + 9],
    )
    strict_day = clock.days()[required[0].round.opens // clock.DAY + 2]
    claim, (first, second, third) = _three_of_one(granted, unused)
    other, coupon = _voucher(
        granted, next(voucher for voucher in unused if _voucher(granted, voucher)[0] != claim)
    )
    strict, strict_coupon = _voucher(required[0], required[1][0])
    last = _last_payment(counter)
    shared = f"{claim},{{coupon}},{shop},{day} {NOON}"
    rows = (
        f"{_number(1)},pay,{shared.format(coupon=first)},88.00,0.00,10.00,",
        f"{_number(2)},pay,{shared.format(coupon=second)},66.00,6.00,10.00,",
        f"{_number(3)},pay,{shared.format(coupon=third)},45.00,0.00,10.00,",
        f"{_number(4)},pay,NO-SUCH-CLAIM,1,{shop},{day} {NOON},45.00,0.00,10.00,",
        f"{_number(5)},pay,{other},6,{shop},{day} {NOON},45.00,0.00,10.00,",
        f"{_number(6)},pay,{strict},{strict_coupon},M99999,{strict_day} {NOON},45.00,0.00,10.00,",
        f"{_number(7)},pay,{other},{coupon},{shop},{early} 09:00:00,45.00,0.00,10.00,",
        f"{_number(8)},pay,{other},{coupon},{shop},{late} {NOON},45.00,0.00,10.00,",
        f"{_number(9)},pay,{other},{coupon},{shop},{day} {NOON},42.00,3.00,10.00,",
        f"{_number(10)},pay,{other},{coupon},{shop},{day} {NOON},45.00,0.00,12.00,",
        f"{_number(11)},pay,{last[2]},{last[3]},{shop},{last[5]},45.00,0.00,10.00,",
        f"{_number(12)},pay,{other},{coupon},{shop},{day} {NOON},四十五元,0.00,10.00,",
        f"{_number(13)},pay,{other},{coupon},{shop},2020-04-31 {NOON},45.00,0.00,10.00,",
        f"{last[0]},pay,{other},{coupon},{shop},{day} {NOON},45.00,0.00,10.00,",
        (
            f"{_number(15)},refund,{other},{coupon},{shop},{day}"
            f" 18:00:00,45.00,0.00,10.00,{_number(99)}"
        ),
        f"{_number(16)},refund,{shared.format(coupon=first)},99.00,0.00,10.00,{_number(1)}",
        f"{_number(17)},refund,{shared.format(coupon=second)},20.00,0.00,0.00,{_number(2)}",
        ",".join(last),
    )
    return "\n".join((till.HEADER, *rows, ""))


def _number(row: int) -> str:
    return f"99{row:026d}"


def _voucher(granted: Granted, voucher: int) -> tuple[str, int]:
    """Claim number and coupon number."""
    position, coupon = divmod(voucher, len(granted.round.coupons))
    return granted.numbers[position], coupon + 1


def _last_payment(counter: Till) -> list[str]:
    """The cells of the last payment that was not refunded."""
    rows = [row[2].split(",") for row in counter.rows[-1000:]]
    refunded = {row[-1] for row in rows}
    return next(row for row in reversed(rows) if row[1] == "pay" and row[0] not in refunded)


def _three_of_one(granted: Granted, unused: list[int]) -> tuple[str, list[int]]:
    """The first claim with three unused vouchers."""
    coupons: dict[str, list[int]] = {}
    for voucher in unused:
        claim, coupon = _voucher(granted, voucher)
        found = coupons.setdefault(claim, [])
        found.append(coupon)
        if len(found) == 3:
            return claim, found
    raise ValueError("nobody has three vouchers left")
