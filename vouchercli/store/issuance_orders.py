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
UNWRITTEN = """
SELECT i.order_id, i.number, i.document, i.sheet, r.round, r.platform, p.programme, p.time_zone
FROM issuance_orders i JOIN rounds r USING (round_id) JOIN programmes p USING (programme_id)
WHERE i.written_at IS NULL AND r.state NOT IN ('draft', 'submitted', 'cancelled')
    AND ifnull(p.programme = ?, 1) ORDER BY i.order_id
"""
WRITTEN = "UPDATE issuance_orders SET written_at = ? WHERE order_id = ?"


class Order(NamedTuple):
    """An order that is to be written: the texts of its files, and of which round it is."""

    order_id: int
    number: int
    document: str
    sheet: str
    round: str
    platform: str
    programme: str
    time_zone: str


def next_number(db: sqlite3.Connection, round_id: int) -> int:
    """The number of the round's next order, from 1."""
    return int(db.execute(NEXT, (round_id,)).fetchone()[0])


def add(db: sqlite3.Connection, **values: Any) -> None:
    """Keep an order that is to be written to the outbox."""
    db.execute(ADD, values)


def unwritten(db: sqlite3.Connection, programme: str | None) -> list[Order]:
    """Orders that are not in the outbox yet, the oldest first; none of a round that was taken
    back.
    """
    return [*map(Order._make, db.execute(UNWRITTEN, (programme,)))]


def written(db: sqlite3.Connection, order_id: int, at: int) -> None:
    """The order's files are in the outbox."""
    db.execute(WRITTEN, (at, order_id))
