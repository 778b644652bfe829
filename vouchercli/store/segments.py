"""What merchants are counted under: district, industry and size, one row a combination."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

ADD = "INSERT INTO segments (district, industry, size) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
FIND = "SELECT segment_id FROM segments WHERE district = ? AND industry = ? AND size = ?"
ALL = "SELECT segment_id, district, industry, size FROM segments"


def segment_id(
    db: sqlite3.Connection, district: str = "", industry: str = "", size: str = ""
) -> int:
    """The segment of that combination, made when it is new."""
    key = (district, industry, size)
    db.execute(ADD, key)
    return int(db.execute(FIND, key).fetchone()["segment_id"])


def known(db: sqlite3.Connection) -> dict[tuple[str, str, str], int]:
    """(district, industry, size) -> the segment, of all there are."""
    return {
        (district, industry, size): number for number, district, industry, size in db.execute(ALL)
    }
