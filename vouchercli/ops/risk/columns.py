"""Payments by columns: what the measures are made of. Each payment is a row in the order of the
books; merchants and residents are numbered from 0.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vouchercli.store import risk_facts as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from vouchercli.store.risk_facts import Merchant, Span

    Array = np.ndarray[Any, Any]

BLOCK = 1 << 19  # payments read at a time
COUPONS = 1_024  # of a claim: see redemptions.voucher


class Payments(NamedTuple):
    """Payments by columns; `place` is the merchant's place in `merchants`, `claim` the
    claim's number in the order in which it came, `late` and `refunded` what became of the payment,
    `shares` whether its resident shares an identity with another one who paid there. Times are UTC
    seconds, amounts fen.
    """

    redemption: Array
    place: Array
    resident: Array
    claim: Array
    paid_at: Array
    base: Array
    threshold: Array
    subsidy: Array
    refunded: Array
    late: Array
    person: Array
    merchants: Sequence[Merchant]

    @property
    def size(self) -> int:
        """How many payments."""
        return len(self.redemption)


def load(db: sqlite3.Connection, span: Span) -> Payments:
    """The payments of a programme, also those that were refunded later."""
    table = _programme_rows(db, span, _table(store.splits(db, span), 3))
    redemption, merchant, voucher, paid_at, base, round_, subsidy = table
    table.clear()  # ten million rows: what is not needed any more leaves
    claim, coupon = np.divmod(voucher, COUPONS)
    numbers, place = np.unique(merchant, return_inverse=True)
    late, refunded = _refunds(db, span, redemption)
    resident = _residents(db, claim)
    return Payments(
        redemption,
        place,
        resident,
        claim,
        paid_at,
        base,
        _thresholds(db, span, round_, coupon),
        subsidy,
        refunded,
        late,
        _persons(db, span, resident),
        store.merchants(db, span, numbers.tolist()),
    )


def _table(rows: Sequence[tuple[int, ...]], width: int) -> Array:
    return np.array(rows, np.int64).reshape(-1, width)


def _programme_rows(db: sqlite3.Connection, span: Span, splits: Array) -> list[Array]:
    """The columns of the programme's payments: row, merchant, voucher, second, base, round,
    subsidy. Read in blocks: only these stay in memory.
    """
    numbers = store.payments(db, span)
    parts: list[list[Array]] = []
    while True:
        block = np.fromiter(islice(numbers, BLOCK * store.WIDTH), np.int64)
        if not len(block):
            break
        block = block.reshape(-1, store.WIDTH)
        where = np.searchsorted(splits[:, 0], block[:, 5])
        where = np.minimum(where, max(len(splits) - 1, 0))
        own = splits[where, 0] == block[:, 5] if len(splits) else np.zeros(len(block), bool)
        block, known = block[own], splits[where[own], 1:]
        parts.append([*map(np.ascontiguousarray, (*block[:, :5].T, *known.T))])
    if not parts:
        return [np.zeros(0, np.int64)] * 7
    return [np.concatenate([part.pop(0) for part in parts]) for _ in range(7)]


def _thresholds(db: sqlite3.Connection, span: Span, round_: Array, coupon: Array) -> Array:
    known = _table(store.thresholds(db, span), 3)
    keys = known[:, 0] * COUPONS + known[:, 1]
    return known[np.searchsorted(keys, round_ * COUPONS + coupon), 2] if len(known) else round_


def _residents(db: sqlite3.Connection, claim: Array) -> Array:
    """The number of each payment's resident, in the order of their tokens."""
    number_of = np.zeros(int(claim.max(initial=0)) + 1, np.int64)
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
    """Which of the values are wanted; for a few wanted ones of many, faster than `isin`."""
    known = np.sort(wanted)
    if not len(known):
        return np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    mask: Array = known[place] == values
    return mask


def _persons(db: sqlite3.Connection, span: Span, resident: Array) -> Array:
    """Of each payment's resident the person: -1 where it shares no identity with another one."""
    persons = store.persons(db, span)
    if not persons:
        return np.full(len(resident), -1, np.int64)
    place = {token: number for number, token in enumerate(store.residents(db))}
    person = np.full(max(len(place), 1), -1, np.int64)
    seen: dict[bytes, int] = {}
    for token, one in persons:
        if token in place:
            person[place[token]] = seen.setdefault(one, len(seen))
    own: Array = person[resident]
    return own
