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
    opens = granted.round.opens // clock.DAY
    day, early, late = (clock.days()[opens + after] for after in (4, 0, 9))
    strict_day = clock.days()[required[0].round.opens // clock.DAY + 2]
    claim, coupons = _three_of_one(granted, unused)
    used = [f"{claim},{coupon},{shop}" for coupon in coupons]
    other, coupon = _voucher(
        granted, next(voucher for voucher in unused if _voucher(granted, voucher)[0] != claim)
    )
    free = f"{other},{coupon},{shop}"
    strict, strict_coupon = _voucher(required[0], required[1][0])
    last = _last_payment(counter)
    noon, usual = f"{day} {NOON}", "45.00,0.00,10.00"
    rows = (
        ("pay", used[0], noon, "88.00,0.00,10.00"),
        ("pay", used[1], noon, "66.00,6.00,10.00"),
        ("pay", used[2], noon, usual),
        ("pay", f"NO-SUCH-CLAIM,1,{shop}", noon, usual),
        ("pay", f"{other},6,{shop}", noon, usual),
        ("pay", f"{strict},{strict_coupon},M99999", f"{strict_day} {NOON}", usual),
        ("pay", free, f"{early} 09:00:00", usual),
        ("pay", free, f"{late} {NOON}", usual),
        ("pay", free, noon, "42.00,3.00,10.00"),
        ("pay", free, noon, "45.00,0.00,12.00"),
        ("pay", f"{last[2]},{last[3]},{shop}", last[5], usual),
        ("pay", free, noon, "四十五元,0.00,10.00"),
        ("pay", free, f"2020-04-31 {NOON}", usual),
        ("pay", free, noon, usual),
        ("refund", free, f"{day} 18:00:00", usual, _number(99)),
        ("refund", used[0], noon, "99.00,0.00,10.00", _number(1)),
        ("refund", used[1], noon, "20.00,0.00,0.00", _number(2)),
    )
    numbers = {row: _number(row) for row in range(1, len(rows) + 1)} | {14: last[0]}
    lines = (
        ",".join((numbers[row], *cells, *[""] * (5 - len(cells))))
        for row, cells in enumerate(rows, 1)
    )
    return "\n".join((till.HEADER, *lines, ",".join(last), ""))


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
