"""What residents do with their vouchers: payments and refunds that keep every rule and meet the
totals to the fen.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, sqrt
from typing import TYPE_CHECKING

from vouchercli.ops.demo.clock import busy_moment

if TYPE_CHECKING:
    from random import Random

    from vouchercli.ops.demo.claims import Coupon, Granted
    from vouchercli.ops.demo.merchants import Shops
    from vouchercli.ops.demo.till import Till

# so many payments had been made, refunded and made again; as many more are refunded for good
REFUNDED_FIRST = 0.005
LARGEST = 25.0  # the tail of orders ends here, in thresholds
AN_HOUR = 3600
A_MINUTE = 60


@dataclass(frozen=True)
class Target:
    """Where a round stands at a moment, net of refunds: vouchers used of each kind of coupon, and
    the base in fen.

    Without a base the orders are left to chance: `excess` is their mean above the threshold, in
    thresholds.
    """

    until: int
    used: tuple[int, ...]
    base_fen: int | None = None
    excess: float = 1.0


def spend(till: Till, granted: Granted, targets: list[Target], shops: Shops) -> list[int]:
    """Use the round's vouchers up to each target in turn; gives those that were never used, in
    random order.
    """
    kinds = list(dict.fromkeys(granted.round.coupons))
    unused = [_shuffle(till.rng, granted, kind) for kind in kinds]
    low, used, base = granted.round.opens, (0,) * len(kinds), 0
    for target in targets:
        chosen: list[int] = []
        for kind, (now, before) in enumerate(zip(target.used, used, strict=True)):
            chosen += _choose(unused[kind], now - before, granted, low, target.until + 1)
        base_left = None if target.base_fen is None else target.base_fen - base
        _pay_all(
            till,
            granted,
            chosen,
            shops,
            bases(till.rng, _thresholds(granted, chosen), base_left, target.excess),
            low,
            target.until + 1,
        )
        _change_minds(till, granted, unused, len(chosen), shops, low, target.until + 1)
        low, used, base = target.until + 1, target.used, target.base_fen or 0
    return [voucher for kind in unused for voucher in kind]


def bases(rng: Random, thresholds: list[int], total: int | None, excess: float) -> list[int]:
    """Heavy-tailed order amounts in fen, none below its threshold, together exactly `total` and
    then in steps of a jiao.
    """
    weights = [threshold * min(1 / sqrt(1 - rng.random()) - 1, LARGEST) for threshold in thresholds]
    factor = excess if total is None else (total - sum(thresholds)) / fsum(weights)
    if factor < 0:
        raise ValueError("the thresholds alone exceed the total")
    step = 1 if total is None else 10
    amounts = [
        threshold + int(weight * factor) // step * step
        for threshold, weight in zip(thresholds, weights, strict=True)
    ]
    if total is not None:
        missing, fen = divmod(total - sum(amounts), step)
        for position in range(missing):
            amounts[position % len(amounts)] += step
        amounts[-1] += fen
    return amounts


def _shuffle(rng: Random, granted: Granted, kind: Coupon) -> list[int]:
    coupons = granted.round.coupons
    same = [position for position, coupon in enumerate(coupons) if coupon == kind]
    vouchers = [
        claim * len(coupons) + position
        for claim in range(len(granted.claimed))
        for position in same
    ]
    rng.shuffle(vouchers)
    return vouchers


def _thresholds(granted: Granted, vouchers: list[int]) -> list[int]:
    coupons = granted.round.coupons
    return [coupons[voucher % len(coupons)].threshold for voucher in vouchers]


def _span(granted: Granted, voucher: int, low: int, high: int) -> tuple[int, int]:
    """When a voucher can be used between `low` and `high`: from a minute after its claim until it
    expires.
    """
    claimed = granted.claimed[voucher // len(granted.round.coupons)]
    return max(low, claimed + A_MINUTE), min(high, granted.round.expires(claimed))


def _choose(unused: list[int], count: int, granted: Granted, low: int, high: int) -> list[int]:
    """Take `count` vouchers that are valid for an hour or more between `low` and `high` out of the
    unused.
    """
    chosen: list[int] = []
    remaining: list[int] = []
    for looked_at, voucher in enumerate(unused):
        if len(chosen) == count:
            remaining += unused[looked_at:]
            break
        first, end = _span(granted, voucher, low, high)
        (chosen if end - first > AN_HOUR else remaining).append(voucher)
    if len(chosen) < count:
        raise ValueError(f"{granted.round.code} has too few vouchers left")
    unused[:] = remaining
    return chosen


def _pay_all(
    till: Till,
    granted: Granted,
    vouchers: list[int],
    shops: Shops,
    amounts: list[int],
    low: int,
    high: int,
) -> None:
    """Pay with every voucher once for good; a few had been paid and refunded before."""
    chance = till.rng.random
    for voucher, merchant, base in zip(
        vouchers, shops.pick(till.rng, len(vouchers)), amounts, strict=True
    ):
        first, end = _span(granted, voucher, low, high)
        moment = busy_moment(first, end, chance())
        if chance() < REFUNDED_FIRST and moment - first > AN_HOUR:
            _pay_and_refund(till, granted, voucher, shops, first, moment)
        till.pay(moment, granted, voucher, merchant, shops, base)


def _change_minds(
    till: Till,
    granted: Granted,
    unused: list[list[int]],
    payments: int,
    shops: Shops,
    low: int,
    high: int,
) -> None:
    """Some pay, get everything back and never come again: their vouchers stay unused."""
    for kind in unused:
        count = min(len(kind) // 4, int(payments * REFUNDED_FIRST / len(unused)))
        for voucher in [
            voucher for voucher in kind[: 2 * count] if _fits(granted, voucher, low, high)
        ][:count]:
            kind.remove(voucher)
            _pay_and_refund(till, granted, voucher, shops, *_span(granted, voucher, low, high))


def _fits(granted: Granted, voucher: int, low: int, high: int) -> bool:
    first, end = _span(granted, voucher, low, high)
    return end - first > AN_HOUR


def _pay_and_refund(
    till: Till, granted: Granted, voucher: int, shops: Shops, first: int, end: int
) -> None:
    """A payment and its full refund between `first` and `end`, which lie more than an hour apart:
    no trace in net figures.
    """
    paid_at = busy_moment(first, end - 2 * A_MINUTE, till.rng.random())
    refunded_at = busy_moment(paid_at + A_MINUTE, end, till.rng.random())
    base = bases(till.rng, _thresholds(granted, [voucher]), None, 1.0)[0]
    paid = till.pay(paid_at, granted, voucher, shops.pick(till.rng, 1)[0], shops, base)
    till.refund(refunded_at, paid)
