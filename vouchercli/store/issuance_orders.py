"""Issuance orders as they are kept: number, terms, the texts of the files, and whether they are in
the outbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlite3

NEXT = "SELECT ifnull(max(number), 0) + 1 FROM issuance_orders WHERE round_id = ?"
ADD = """
INSERT INTO issuance_orders (round_id, number, terms_sha256, document, sheet, ordered_at)
VALUES (:round_id, :number, :terms_sha256, :document, :sheet, :ordered_at)
"""
ORDERS = """
SELECT i.order_id, i.number, i.document, i.sheet, r.round, r.platform, p.programme, p.time_zone,
    i.terms_sha256
FROM issuance_orders i JOIN rounds r USING (round_id) JOIN programmes p USING (programme_id)
"""
UNWRITTEN = f"""{ORDERS}
WHERE i.written_at IS NULL AND r.state IN ('approved', 'open', 'paused')
    AND r.closes_at > :now AND ifnull(p.programme = :programme, 1) ORDER BY i.order_id
"""
LAST = f"{ORDERS} WHERE i.round_id = ? ORDER BY i.number DESC LIMIT 1"
WRITTEN = "UPDATE issuance_orders SET written_at = ? WHERE order_id = ?"


class Order(NamedTuple):
    """An order: the texts of its files, of which round it is, and the digest of its terms."""

    order_id: int
    number: int
    document: str
    sheet: str
    round: str
    platform: str
    programme: str
    time_zone: str
    terms_sha256: str


def next_number(db: sqlite3.Connection, round_id: int) -> int:
    """The number of the round's next order, from 1."""
    return int(db.execute(NEXT, (round_id,)).fetchone()[0])


def add(db: sqlite3.Connection, **values: Any) -> None:
    """Keep an order that is to be written to the outbox."""
    db.execute(ADD, values)


def unwritten(db: sqlite3.Connection, programme: str | None, now: int) -> list[Order]:
    """Orders that are not in the outbox yet, the oldest first; none of a round that was taken
    back or is over.
    """
    return [*map(Order._make, db.execute(UNWRITTEN, {"programme": programme, "now": now}))]


def last(db: sqlite3.Connection, round_id: int) -> Order | None:
    """The round's order with the highest number, or None before the first."""
    row = db.execute(LAST, (round_id,)).fetchone()
    return Order._make(row) if row else None


def written(db: sqlite3.Connection, order_id: int, at: int) -> None:
    """The order's files are in the outbox."""
    db.execute(WRITTEN, (at, order_id))
