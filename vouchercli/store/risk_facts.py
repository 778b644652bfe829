"""What a scan reads: payments as plain numbers, who made them, what was refunded; by set, in the
order of their rows. No resident leaves the program.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator


class Span(NamedTuple):
    """What is looked at: payments of a programme up to a second (UTC) and a row."""

    programme_id: int
    as_of_at: int
    last_redemption_id: int


class Merchant(NamedTuple):
    """A merchant as the registry has it now; `added_at` in UTC seconds (0: the registry
    does not list it), `changes` the registry
    files that changed its name, address or account.
    """

    merchant_id: int
    merchant_no: str
    industry: str
    district: str
    size: str
    added_at: int
    changes: int


WIDTH = 6  # columns of PAYMENTS
PAYMENTS = """
SELECT f.redemption_id, f.merchant_id, f.voucher, f.paid_at, f.base_fen, f.split_id
FROM redemptions f WHERE f.refund_of IS NULL AND f.redemption_id <= :last_redemption_id
    AND f.paid_at <= :as_of_at
ORDER BY f.redemption_id
"""
LAST_ROW = "SELECT ifnull(max(redemption_id), 0) FROM redemptions"
# What a split paid, in the rounds of the programme, and the threshold of each of their coupons.
SPLITS = """
SELECT s.split_id, s.round_id, s.after_fen - s.before_fen FROM splits s JOIN rounds r
    USING (round_id) WHERE r.programme_id = :programme_id ORDER BY s.split_id
"""
THRESHOLDS = """
SELECT r.round_id, k.coupon_no, k.threshold_fen FROM rounds r JOIN coupons k USING (template_id)
WHERE r.programme_id = :programme_id ORDER BY 1, 2
"""
# In the order of residents, by the index that has them; a number for each resident.
CLAIMS = "SELECT claim_id, dense_rank() OVER (ORDER BY resident) FROM claims"
REFUNDS = """
SELECT f.refund_of, f.paid_at >= c.expires_at, b.vouchers < 0
FROM redemptions f JOIN refunds b USING (redemption_id)
    JOIN claims c ON c.claim_id = f.voucher / 1024
WHERE f.refund_of IS NOT NULL AND f.redemption_id <= :last_redemption_id
    AND f.paid_at <= :as_of_at
ORDER BY f.redemption_id
"""
# By the same numbers.
PERSONS = """
WITH numbered AS MATERIALIZED (
    SELECT resident, row_number() OVER (ORDER BY resident) AS number
    FROM (SELECT DISTINCT resident FROM claims))
SELECT DISTINCT ifnull(n.number, 0), p.resident, p.person FROM persons p
    JOIN rounds r USING (round_id) LEFT JOIN numbered n USING (resident)
WHERE r.programme_id = :programme_id ORDER BY 2, 3
"""
HAS_PERSONS = """
SELECT EXISTS (SELECT 1 FROM persons p JOIN rounds r USING (round_id)
    WHERE r.programme_id = :programme_id)
"""
# Rows that were refused because their piece was used: the payment that had used it.
SERIALS = """
SELECT d.redemption_id, count(*) FROM rejects j JOIN batches b USING (batch_id)
    JOIN redemption_details d ON json_extract(d.details, '$.serial')
        = json_extract(j.detail, '$.serial')
WHERE j.reason = 'serial_used' AND b.programme_id = :programme_id AND b.state <> 'undone'
    AND b.imported_at <= :as_of_at AND json_extract(d.details, '$.serial') IS NOT NULL
GROUP BY d.redemption_id ORDER BY d.redemption_id
"""
MERCHANTS = """
SELECT m.merchant_id, m.merchant_no, m.industry, m.district, m.size,
    iif(m.is_registered, m.added_at, 0),
    (SELECT count(*) FROM merchant_changes c JOIN batches b USING (batch_id)
        WHERE c.merchant_id = m.merchant_id AND c.before <> '' AND b.imported_at <= :as_of_at
            AND b.state <> 'undone' AND json_array(c.before ->> 'name', c.before ->> 'address',
                c.before ->> 'account_no') <> (
                SELECT json_array(n.after ->> 'name', n.after ->> 'address',
                    n.after ->> 'account_no') FROM (SELECT iif(c.after = '', (
                        SELECT json_object('name', m.name, 'address', m.address,
                            'account_no', m.account_no)), c.after) AS after) n)) AS changes
FROM merchants m JOIN json_each(:merchants) j ON j.value = m.merchant_id ORDER BY m.merchant_id
"""
SEALED = "SELECT day FROM last_seals WHERE programme_id = ?"


def last_row(db: sqlite3.Connection) -> int:
    """The last row of redemptions and refunds that stands; 0: there is none."""
    return typed.number(db, LAST_ROW)


def sealed_day(db: sqlite3.Connection, programme_id: int) -> int | None:
    """Up to which day (yyyymmdd) the programme is sealed."""
    row = db.execute(SEALED, (programme_id,)).fetchone()
    return None if row is None else int(row[0])


def payments(db: sqlite3.Connection, span: Span) -> Iterator[int]:
    """Payments of all programmes, WIDTH numbers each: row, merchant, voucher, second, base in fen,
    split.
    """
    return chain.from_iterable(_plain(db, PAYMENTS, span))


def splits(db: sqlite3.Connection, span: Span) -> list[tuple[Any, ...]]:
    """The splits of the programme: number, round, what the voucher paid in fen."""
    return typed.tuples(db, SPLITS, span._asdict())


def thresholds(db: sqlite3.Connection, span: Span) -> list[tuple[Any, ...]]:
    """Round, coupon, its threshold in fen."""
    return typed.tuples(db, THRESHOLDS, span._asdict())


def claims(db: sqlite3.Connection) -> Iterator[int]:
    """All claims, two numbers each: the claim's, and that of its resident, from 1 in the order of
    their tokens.
    """
    cursor = db.cursor()
    cursor.row_factory = None
    return chain.from_iterable(cursor.execute(CLAIMS))


def refunds(db: sqlite3.Connection, span: Span) -> list[tuple[Any, ...]]:
    """Refunds: the payment, whether its voucher had expired, whether the payment is undone."""
    return typed.tuples(db, REFUNDS, span._asdict())


def persons(db: sqlite3.Connection, span: Span) -> list[tuple[Any, ...]]:
    """Residents that share an identity with another one in a round: the number that `claims` gives
    (0: they have no claim), the token, and the person that they are there.
    """
    return typed.tuples(db, PERSONS, span._asdict())


def has_persons(db: sqlite3.Connection, span: Span) -> bool:
    """Whether applications say of anybody that it is one person with another one."""
    return bool(typed.number(db, HAS_PERSONS, span._asdict()))


def serials(db: sqlite3.Connection, span: Span) -> list[tuple[Any, ...]]:
    """Payments whose piece was handed in again, and how often."""
    return typed.tuples(db, SERIALS, span._asdict())


def merchants(db: sqlite3.Connection, span: Span, numbers: Iterable[int]) -> list[Merchant]:
    """These merchants, in the order of their ids."""
    asked = {"as_of_at": span.as_of_at, "merchants": json.dumps([*numbers])}
    return typed.rows(db, Merchant, MERCHANTS, asked)


def _plain(db: sqlite3.Connection, statement: str, span: Span) -> Iterator[tuple[int, ...]]:
    cursor = db.cursor()
    cursor.row_factory = None
    return iter(cursor.execute(statement, span._asdict()))
