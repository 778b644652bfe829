"""How many orders lie how far above the threshold of their voucher, read from the payments: each as
one whole number, its split and coupon beside its base, many of them in one text. So ten million
payments take a few seconds and nothing is sorted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import distances
from vouchercli.store import by_columns, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    Lots = Iterable[tuple[str, int]]  # numbers, to be added or taken off

BITS = 30  # of a base in fen: up to ten million yuan, twice any threshold
BINS = len(distances.CODES)
NUMBER = "((f.split_id * 1024 + f.voucher % 1024) << 30) + min(f.base_fen, 1073741823)"
IN_SPAN = "f.paid_at >= :from_at AND f.paid_at < :until_at"
PAID = f"""
SELECT group_concat({NUMBER})
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.first_paid_at < :until_at AND n.last_paid_at >= :from_at AND {IN_SPAN}
    AND f.refund_of IS NULL
GROUP BY n.first_id
"""
UNDONE = f"""
SELECT group_concat({NUMBER})
FROM refunds b CROSS JOIN redemptions r ON r.redemption_id = b.redemption_id
    CROSS JOIN redemptions f ON f.redemption_id = r.refund_of
WHERE b.vouchers <> 0 AND r.paid_at < :until_at AND {IN_SPAN}
"""
THRESHOLDS = """
SELECT r.round_id, k.coupon_no, k.coupon, k.threshold_fen
FROM rounds r JOIN coupons k USING (template_id)
"""
ROUNDS = "SELECT split_id, round_id FROM splits"

Edges = dict[int, tuple[int, ...]]  # by the place of a coupon
Place = tuple[int, int]  # of a coupon (round_id * 1024 + coupon_no), of `distances.CODES`


class Terms(NamedTuple):
    """A coupon of a round: its name and threshold."""

    round_id: int
    coupon_no: int
    coupon: str
    threshold_fen: int

    @property
    def place(self) -> int:
        """Its round and number as one."""
        return self.round_id * 1024 + self.coupon_no


def coupons(db: sqlite3.Connection) -> list[Terms]:
    """The coupons of every round."""
    return typed.rows(db, Terms, THRESHOLDS)


def counted(db: sqlite3.Connection, span: tuple[int, int]) -> Counter[Place]:
    """Payments made in the span [from, until) of UTC seconds that no refund before its end undid,
    of every round: by coupon, and by how far their base was above its threshold.
    """
    every = {each.place: distances.edges(each.threshold_fen) for each in coupons(db)}
    rounds = dict(typed.tuples(db, ROUNDS))
    count = _by_columns if by_columns.are_worth_it(db) else _by_rows
    return count(_lots(db, span), rounds, every)


def _lots(db: sqlite3.Connection, span: tuple[int, int]) -> Lots:
    asked = {"from_at": span[0], "until_at": span[1]}
    for statement, sign in ((PAID, 1), (UNDONE, -1)):
        for (numbers,) in db.execute(statement, asked):
            if numbers:
                yield numbers, sign


def _by_rows(lots: Lots, rounds: dict[int, int], every: Edges) -> Counter[Place]:
    counts: Counter[Place] = Counter()
    for numbers, sign in lots:
        for number in map(int, numbers.split(",")):
            coupon, base_fen = number >> BITS, number & ((1 << BITS) - 1)
            place = rounds[coupon >> 10] << 10 | coupon & 1023
            counts[place, bisect_left(every[place], base_fen)] += sign
    return counts


def _by_columns(lots: Lots, rounds: dict[int, int], every: Edges) -> Counter[Place]:
    """The same of many rows."""
    import numpy as np

    places = max(every, default=0) + 1
    edges = np.zeros((BINS - 1, places), np.int64)
    for place, each in every.items():
        edges[:, place] = each
    round_of = np.zeros(max(rounds, default=0) + 1, np.int64)
    round_of[[*rounds]] = [*rounds.values()]
    sums = np.zeros(places * BINS, np.int64)
    for texts, sign in lots:
        numbers = np.fromstring(texts, np.int64, sep=",")
        coupons, bases = numbers >> BITS, numbers & ((1 << BITS) - 1)
        coupons = round_of[coupons >> 10] << 10 | coupons & 1023
        at = coupons * BINS
        for edge in edges:
            at += bases > edge[coupons]
        sums += sign * np.bincount(at, minlength=len(sums))
    return Counter({divmod(int(at), BINS): int(sums[at]) for at in np.flatnonzero(sums)})
