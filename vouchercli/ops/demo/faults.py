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
ROWS = """
{number[1]},pay,{used[0]},{noon},88.00,0.00,10.00,
{number[2]},pay,{used[1]},{noon},66.00,6.00,10.00,
{number[3]},pay,{used[2]},{noon},45.00,0.00,10.00,
{number[4]},pay,NO-SUCH-CLAIM,1,{shop},{noon},45.00,0.00,10.00,
{number[5]},pay,{sixth},{noon},45.00,0.00,10.00,
{number[6]},pay,{strict},45.00,0.00,10.00,
{number[7]},pay,{free},{early} 09:00:00,45.00,0.00,10.00,
{number[8]},pay,{free},{late} 12:05:00,45.00,0.00,10.00,
{number[9]},pay,{free},{noon},42.00,3.00,10.00,
{number[10]},pay,{free},{noon},45.00,0.00,12.00,
{number[11]},pay,{taken},45.00,0.00,10.00,
{number[12]},pay,{free},{noon},四十五元,0.00,10.00,
{number[13]},pay,{free},2020-04-31 12:05:00,45.00,0.00,10.00,
{known},pay,{free},{noon},45.00,0.00,10.00,
{number[15]},refund,{free},{day} 18:00:00,45.00,0.00,10.00,{number[99]}
{number[16]},refund,{used[0]},{noon},99.00,0.00,10.00,{number[1]}
{number[17]},refund,{used[1]},{noon},20.00,0.00,3.33,{number[2]}
{last}
"""


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
    opens = granted.round.opens // clock.DAY
    day, early, late = (clock.days()[opens + after] for after in (4, 0, 9))
    strict_day = clock.days()[required[0].round.opens // clock.DAY + 2]
    claim, coupons = _three_of_one(granted, unused)
    used = [f"{claim},{coupon},{shop}" for coupon in coupons]
    other, coupon = _voucher(
        granted, next(voucher for voucher in unused if _voucher(granted, voucher)[0] != claim)
    )
    strict, strict_coupon = _voucher(required[0], required[1][0])
    last = _last_payment(counter)
    return till.HEADER + ROWS.format(
        number=[f"99{row:026d}" for row in range(100)],
        used=used,
        free=f"{other},{coupon},{shop}",
        sixth=f"{other},6,{shop}",
        strict=f"{strict},{strict_coupon},M99999,{strict_day} {NOON}",
        taken=f"{last[2]},{last[3]},{shop},{last[5]}",
        known=last[0],
        last=",".join(last),
        shop=shop,
        early=early,
        day=day,
        late=late,
        noon=f"{day} {NOON}",
    )


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
        claim_coupons = coupons.setdefault(claim, [])
        claim_coupons.append(coupon)
        if len(claim_coupons) == 3:
            return claim, claim_coupons
    raise ValueError("nobody has three vouchers left")
