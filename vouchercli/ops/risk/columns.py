"""Payments by columns: what the measures are made of. Each payment is a row, in the order of
merchant and time; merchants and residents are numbered from 0. Numbers take four bytes where they
fit, so that ten million payments stay well below a GiB.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vouchercli.rules import persons as law
from vouchercli.store import risk_facts as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from vouchercli.store.risk_facts import Merchant, Span

    Array = np.ndarray[Any, Any]

BLOCK = 1 << 19  # payments read, or compared, at a time
COUPONS = 1_024  # of a claim: see redemptions.voucher
MOST = (1 << 31) - (1 << 18)  # below what four bytes hold, with room for the hours of a time zone


class Payments(NamedTuple):
    """Payments by columns, in the order of merchant, time and the books; `place` is the merchant's
    place in `merchants`, `claim` the claim's number in the order in which it came, `late` and
    `refunded` what became of the payment, `person` who its resident is where several are one (-1:
    nobody else; else a place in `persons`, the tokens that stand for them). Times are UTC seconds,
    amounts fen; `amount_fen`: what all vouchers paid.
    """

    redemption: Array
    place: Array
    resident: Array
    claim: Array
    paid_at: Array
    base: Array
    threshold: Array
    refunded: Array
    late: Array
    person: Array
    merchants: Sequence[Merchant]
    amount_fen: int
    persons: Sequence[bytes] = ()

    @property
    def size(self) -> int:
        """How many payments."""
        return len(self.redemption)


def load(db: sqlite3.Connection, span: Span) -> Payments:
    """The payments of a programme, also those that were refunded later."""
    read = _Read(db, span)
    redemption, merchant, claim, paid_at, base, threshold = read.columns()
    numbers, place = _places(merchant)
    order = np.lexsort((paid_at, place))
    redemption, place, claim, paid_at, base, threshold = _sort(
        [redemption, place, claim, paid_at, base, threshold], order
    )
    late, refunded = _refunds(db, span, redemption)
    resident = _residents(db, claim)
    person, persons = _persons(db, span, resident)
    return Payments(
        redemption,
        place,
        resident,
        claim,
        paid_at,
        base,
        threshold,
        refunded,
        late,
        person,
        store.merchants(db, span, numbers.tolist()),
        read.amount_fen,
        persons,
    )


def narrow(numbers: Array) -> Array:
    """The same numbers in four bytes each, where all of them fit."""
    if len(numbers) and max(int(numbers.max()), -int(numbers.min())) >= MOST:
        return numbers
    return numbers.astype(np.int32)


def _sort(columns: list[Array], order: Array) -> list[Array]:
    """Each column in that order; the unsorted one leaves before the next is made."""
    return [columns.pop(0)[order] for _ in range(len(columns))]


def _table(rows: Sequence[tuple[int, ...]], width: int) -> Array:
    return np.array(rows, np.int64).reshape(-1, width)


class _Read:
    """Reads the programme's payments in blocks: row, merchant, claim, second, base, threshold."""

    def __init__(self, db: sqlite3.Connection, span: Span) -> None:
        self._numbers = store.payments(db, span)
        self._splits = _table(store.splits(db, span), 3)
        known = _table(store.thresholds(db, span), 3)
        self._coupons, self._thresholds = known[:, 0] * COUPONS + known[:, 1], known[:, 2]
        self.amount_fen = 0

    def columns(self) -> list[Array]:
        """All of them; only these stay in memory."""
        parts = [*iter(self._block, None)]
        if not parts:
            return [np.zeros(0, np.int32)] * 6
        return [np.concatenate([part.pop(0) for part in parts]) for _ in range(6)]

    def _block(self) -> list[Array] | None:
        """The columns of the next block; None: there is none."""
        block = np.fromiter(islice(self._numbers, BLOCK * store.WIDTH), np.int64)
        if not len(block):
            return None
        block = block.reshape(-1, store.WIDTH)
        own = among(block[:, 5], self._splits[:, 0])
        redemption, merchant, voucher, paid_at, base, split = block[own].T
        where = np.searchsorted(self._splits[:, 0], split)
        self.amount_fen += int(self._splits[where, 2].sum())
        claim, coupon = np.divmod(voucher, COUPONS)
        coupons = self._splits[where, 1] * COUPONS + coupon
        threshold = self._thresholds[np.searchsorted(self._coupons, coupons)]
        return [*map(narrow, (redemption, merchant, claim, paid_at, base, threshold))]


def _places(merchant: Array) -> tuple[Array, Array]:
    """The numbers of the merchants with payments, and of each payment the place of its own."""
    numbers = np.flatnonzero(np.bincount(merchant))
    place_of = np.zeros(int(merchant.max(initial=0)) + 1, np.int32)
    place_of[numbers] = np.arange(len(numbers))
    return numbers, place_of[merchant]


def _residents(db: sqlite3.Connection, claim: Array) -> Array:
    """The number of each payment's resident, in the order of their tokens."""
    number_of = np.zeros(int(claim.max(initial=0)) + 1, np.int32)
    numbers = store.claims(db)
    while len(block := np.fromiter(islice(numbers, BLOCK * 2), np.int64)):
        claims, residents = block.reshape(-1, 2).T
        known = claims < len(number_of)
        number_of[claims[known]] = residents[known] - 1
    resident: Array = number_of[claim]
    return resident


def _refunds(db: sqlite3.Connection, span: Span, redemption: Array) -> tuple[Array, Array]:
    """Whether each payment was refunded after its voucher had expired, and at all."""
    rows = _table(store.refunds(db, span), 3)
    late = among(redemption, rows[rows[:, 1] > 0, 0])
    return late, among(redemption, rows[:, 0])


def among(values: Array, wanted: Array) -> Array:
    """Which of the values are wanted; for a few wanted ones of many, faster than `isin`, and block
    by block.
    """
    known, mask = np.sort(wanted), np.zeros(len(values), bool)
    for start in range(0, len(values) if len(known) else 0, BLOCK):
        block = values[start : start + BLOCK]
        place = np.minimum(np.searchsorted(known, block), len(known) - 1)
        mask[start : start + BLOCK] = known[place] == block
    return mask


def _persons(db: sqlite3.Connection, span: Span, resident: Array) -> tuple[Array, Sequence[bytes]]:
    """Of each payment's resident the person, -1 where it shares no identity with another one; and
    who these persons are. Who is one person in one round is it in all of them.
    """
    nobody: Array = np.broadcast_to(np.int32(-1), resident.shape)
    if not store.has_persons(db, span):
        return nobody, ()
    known = store.persons(db, span)
    joined = law.join((token, one) for _, token, one in known)
    person = np.full(int(resident.max(initial=0)) + 1, -1, np.int32)
    seen: dict[bytes, int] = {}
    for number, token, _ in known:
        if 0 < number <= len(person):
            person[number - 1] = seen.setdefault(joined.get(token, token), len(seen))
    return person[resident], [*seen]
