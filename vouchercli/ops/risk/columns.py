"""Payments by columns: what the measures are made of. Each payment is a row in the order of the
books; merchants and residents are numbered from 0.
"""

from __future__ import annotations

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
    claim, coupon = np.divmod(voucher, COUPONS)
    numbers, place = np.unique(merchant, return_inverse=True)
    late, refunded = _refunds(db, span, redemption)
    tokens, resident = _residents(db, claim)
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
        _persons(db, span, tokens)[resident] if len(resident) else resident,
        store.merchants(db, span, numbers.tolist()),
    )


def _table(rows: Sequence[tuple[int, ...]], width: int) -> Array:
    return np.array(rows, np.int64).reshape(-1, width)


def _programme_rows(db: sqlite3.Connection, span: Span, splits: Array) -> list[Array]:
    """The columns of the programme's payments: row, merchant, voucher, second, base, round,
    subsidy. Read in blocks: only these stay in memory.
    """
    numbers = store.payments(db, span)
    parts: list[Array] = []
    while True:
        block = np.fromiter(_some(numbers), np.int64).reshape(-1, store.WIDTH)
        if not len(block):
            break
        where = np.searchsorted(splits[:, 0], block[:, 5])
        where = np.minimum(where, max(len(splits) - 1, 0))
        own = splits[where, 0] == block[:, 5] if len(splits) else np.zeros(len(block), bool)
        chosen = np.column_stack((block[own, :5], splits[where[own], 1:]))
        parts.append(chosen)
    whole = np.concatenate(parts) if parts else np.zeros((0, 7), np.int64)
    return [np.ascontiguousarray(column) for column in whole.T]


def _some(numbers: Any) -> Any:
    for _, number in zip(range(BLOCK * store.WIDTH), numbers, strict=False):
        yield number


def _thresholds(db: sqlite3.Connection, span: Span, round_: Array, coupon: Array) -> Array:
    known = _table(store.thresholds(db, span), 3)
    keys = known[:, 0] * COUPONS + known[:, 1]
    return known[np.searchsorted(keys, round_ * COUPONS + coupon), 2] if len(known) else round_


def _residents(db: sqlite3.Connection, claim: Array) -> tuple[list[bytes], Array]:
    """The residents' tokens in their order, and the number of each payment's resident."""
    tokens: list[bytes] = []
    number_of = np.zeros(int(claim.max(initial=0)) + 1, np.int64)
    last = b""
    for claim_id, token in store.claims(db):
        if token != last:
            tokens.append(token)
            last = token
        if claim_id < len(number_of):
            number_of[claim_id] = len(tokens) - 1
    return tokens, number_of[claim]


def _refunds(db: sqlite3.Connection, span: Span, redemption: Array) -> tuple[Array, Array]:
    """Whether each payment was refunded after its voucher had expired, and at all."""
    rows = _table(store.refunds(db, span), 3)
    late = np.isin(redemption, rows[rows[:, 1] > 0, 0])
    return late, np.isin(redemption, rows[:, 0])


def _persons(db: sqlite3.Connection, span: Span, tokens: list[bytes]) -> Array:
    """Of each resident the person: -1 where it shares no identity with another resident."""
    person = np.full(max(len(tokens), 1), -1, np.int64)
    place = {token: number for number, token in enumerate(tokens)}
    seen: dict[bytes, int] = {}
    for resident, one in store.persons(db, span):
        if resident in place:
            person[place[resident]] = seen.setdefault(one, len(seen))
    return person
