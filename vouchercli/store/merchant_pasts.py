"""What merchants were before: attributes that a payment is judged by or counted by (district,
industry, size, brand, designated size, the platform's number) hold from a moment on, and the first
known ones from the beginning.

`merchants` has what holds last; a row of `merchant_pasts` what was in force before `until_at`. What
an earlier version left blank is filled by what is known first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

IN_FORCE_BEFORE = """LEFT JOIN merchant_pasts AS v ON v.merchant_id = m.merchant_id
    AND v.until_at = (SELECT min(until_at) FROM merchant_pasts WHERE merchant_id = m.merchant_id
        AND until_at > :from_at)"""
CLEAR = "DROP TABLE IF EXISTS temp.turning"
# Registered merchants with what comes (new_*) and what was in force until then (old_*).
OF_FILE = f"""
CREATE TEMP TABLE turning AS
SELECT m.merchant_id, coalesce(i.district, m.district) AS district,
    coalesce(i.industry, m.industry) AS industry, coalesce(i.size, m.size) AS size,
    coalesce(i.brand, m.brand) AS brand,
    coalesce(i.designated_size, m.designated_size) AS designated_size,
    coalesce(i.platform_no, m.platform_no) AS platform_no,
    coalesce(v.segment_id, m.segment_id) AS old_segment_id,
    coalesce(v.platform_no, m.platform_no) AS old_platform_no
FROM incoming_merchants AS i JOIN merchants AS m USING (merchant_no) {IN_FORCE_BEFORE}
WHERE i.reason IS NULL AND m.is_registered
"""
OF_BATCH = f"""
CREATE TEMP TABLE turning AS
SELECT m.merchant_id, m.district, m.industry, m.size, m.brand, m.designated_size, m.platform_no,
    coalesce(v.segment_id, m.segment_id) AS old_segment_id,
    coalesce(v.platform_no, m.platform_no) AS old_platform_no
FROM merchant_changes AS c JOIN merchants AS m USING (merchant_id) {IN_FORCE_BEFORE}
WHERE c.batch_id = :batch_id AND c.before <> '' AND c.before ->> 'is_registered'
"""
# What was blank was not known: it was what is known first.
FILLED = """
SELECT t.merchant_id, coalesce(nullif(o.district, ''), t.district) AS district,
    coalesce(nullif(o.industry, ''), t.industry) AS industry,
    coalesce(nullif(o.size, ''), t.size) AS size,
    coalesce(nullif(o.brand, ''), t.brand) AS brand,
    coalesce(nullif(o.designated_size, ''), t.designated_size) AS designated_size,
    coalesce(nullif(t.old_platform_no, ''), t.platform_no) AS platform_no
FROM temp.turning AS t JOIN segments AS o ON o.segment_id = t.old_segment_id
"""
ADD_SEGMENTS = f"""
INSERT INTO segments (district, industry, size, brand, designated_size)
SELECT DISTINCT district, industry, size, brand, designated_size FROM ({FILLED}) WHERE true
ON CONFLICT DO NOTHING
"""
FORGET_LATER = """
DELETE FROM merchant_pasts WHERE until_at > :from_at
    AND merchant_id IN (SELECT merchant_id FROM temp.turning)
"""
KEEP = f"""
INSERT OR IGNORE INTO merchant_pasts (merchant_id, until_at, segment_id, platform_no)
SELECT f.merchant_id, :from_at, s.segment_id, f.platform_no
FROM ({FILLED}) AS f JOIN segments AS s USING (district, industry, size, brand, designated_size)
    JOIN temp.turning AS t USING (merchant_id)
WHERE (f.district, f.industry, f.size, f.brand, f.designated_size, f.platform_no)
    <> (t.district, t.industry, t.size, t.brand, t.designated_size, t.platform_no)
"""
FORGET_OF_BATCH = """
DELETE FROM merchant_pasts WHERE merchant_id IN (SELECT merchant_id FROM merchant_changes
    WHERE batch_id = ? AND before <> '')
"""
PUT_BACK = """
INSERT INTO merchant_pasts (merchant_id, until_at, segment_id, platform_no)
SELECT c.merchant_id, p.value ->> 0, p.value ->> 1, p.value ->> 2
FROM merchant_changes AS c, json_each(c.before, '$.pasts') AS p
WHERE c.batch_id = ? AND c.before <> ''
"""


def turn_by_file(db: sqlite3.Connection, from_at: int) -> None:
    """What the staged registry rows say holds from that second on; before they are written."""
    _turn(db, OF_FILE, {"from_at": from_at})


def turn_by_batch(db: sqlite3.Connection, batch_id: int, from_at: int) -> None:
    """What a registry file said holds from an earlier second on."""
    _turn(db, OF_BATCH, {"from_at": from_at, "batch_id": batch_id})


def _turn(db: sqlite3.Connection, source: str, asked: dict[str, int]) -> None:
    db.execute(CLEAR)
    db.execute(source, asked)
    db.execute(ADD_SEGMENTS)
    for statement in (FORGET_LATER, KEEP):
        db.execute(statement, {"from_at": asked["from_at"]})


def put_back(db: sqlite3.Connection, batch_id: int) -> None:
    """What merchants were before is again what it was before a registry file."""
    for statement in (FORGET_OF_BATCH, PUT_BACK):
        db.execute(statement, (batch_id,))
