"""What merchants are counted under: district, industry, size, brand and designated size, one row a
combination.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

NAMES = ("district", "industry", "size", "brand", "designated_size")
ADD = """
INSERT INTO segments (district, industry, size, brand, designated_size) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
FIND = """
SELECT segment_id FROM segments
WHERE (district, industry, size, brand, designated_size) = (?, ?, ?, ?, ?)
"""
ALL = """
SELECT segment_id, district, industry, size, brand, designated_size FROM segments
ORDER BY segment_id
"""


def segment_id(db: sqlite3.Connection, *names: str) -> int:
    """The segment of these `NAMES` (those left out are blank), made when it is new."""
    key = (*names, *[""] * (len(NAMES) - len(names)))
    db.execute(ADD, key)
    return typed.number(db, FIND, key)


def every(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """segment_id and `NAMES` of every segment."""
    return typed.tuples(db, ALL)
