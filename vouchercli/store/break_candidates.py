"""What may explain a break: rows of the other side that nobody has matched, merchants of the
registry. Nothing here is ever taken by itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import transaction_numbers, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

# On the other side, open, the same amount, a day apart at most.
OTHERS = """
SELECT b.break_id, b.transaction_no, b.kind, ifnull(m.merchant_no, b.merchant_no) AS merchant_no,
    ifnull(m.name, '') AS name, b.merchant_no AS said_no, b.day, b.their_fen + b.our_fen AS fen,
    b.merchant_id IS NOT NULL AND b.merchant_id IS f.merchant_id AS is_same_merchant,
    b.detail ->> 'their_at' AS their_at
FROM breaks f JOIN breaks b ON b.programme_id = f.programme_id AND b.source = f.source
    AND b.round_id IS f.round_id AND b.state = 'open' AND b.type = iif(f.type = 'missing_here',
        'missing_there', 'missing_here') AND b.our_fen = f.their_fen AND b.their_fen = f.our_fen
    AND b.kind = f.kind
LEFT JOIN merchants m ON m.merchant_id = b.merchant_id
WHERE f.break_id = ? AND f.type IN ('missing_here', 'missing_there')
    AND abs(julianday(substr(b.day, 1, 4) || '-' || substr(b.day, 5, 2) || '-' || substr(b.day, 7))
        - julianday(substr(f.day, 1, 4) || '-' || substr(f.day, 5, 2) || '-' || substr(f.day, 7)))
        <= 1
ORDER BY is_same_merchant DESC, b.day <> f.day, b.break_id LIMIT 500
"""
PAID_AT = """
SELECT transaction_no, iif(refund_of IS NULL, 'pay', 'refund'), paid_at FROM redemptions
WHERE redemption_id IN (SELECT value FROM json_each(?))
"""
NAMES = "SELECT merchant_no, name FROM merchants WHERE name <> '' ORDER BY merchant_id"


class Other(NamedTuple):
    """A break on the other side; `said_no` is the merchant as they wrote it, `their_at` when their
    row was paid (UTC seconds; None: it is ours, or not known).
    """

    number: int
    transaction_no: str
    kind: str
    merchant_no: str
    name: str
    said_no: str
    day: int
    fen: int
    is_same_merchant: int
    their_at: int | None


def others(db: sqlite3.Connection, number: int) -> list[Other]:
    """What may be the other side of something that is missing: the same merchant and day first."""
    return typed.rows(db, Other, OTHERS, (number,))


def paid_at(
    db: sqlite3.Connection, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """When rows that stand here were paid (UTC seconds), by number and kind."""
    keys = {transaction_numbers.key(number) for number, _ in wanted}
    ids = json.dumps([*transaction_numbers.likely_holders(db, keys)])
    return {(number, kind): at for number, kind, at in typed.tuples(db, PAID_AT, (ids,))}


def names(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Number and name of every merchant of the registry."""
    return iter(typed.tuples(db, NAMES))
