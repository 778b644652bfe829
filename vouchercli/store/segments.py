"""What merchants are counted under: district, industry and size, one row a combination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

ADD = "INSERT INTO segments (district, industry, size) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
FIND = "SELECT segment_id FROM segments WHERE district = ? AND industry = ? AND size = ?"
ALL = "SELECT segment_id, district, industry, size FROM segments ORDER BY segment_id"


def segment_id(
    db: sqlite3.Connection, district: str = "", industry: str = "", size: str = ""
) -> int:
    """The segment of that combination, made when it is new."""
    key = (district, industry, size)
    db.execute(ADD, key)
    return typed.number(db, FIND, key)


def every(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """(segment_id, district, industry, size) of every segment."""
    return typed.tuples(db, ALL)
