"""Applications of an import in chunks, moved back among the incoming rows: a number belongs to the
first row in time that uses it, also when that row stands in a later chunk. Who holds a pack
already, or is on a published list, stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import fact_digests

if TYPE_CHECKING:
    import sqlite3

CREATE = "CREATE TEMP TABLE IF NOT EXISTS leaving_applications (application_id INTEGER PRIMARY KEY)"
CLEAR = "DELETE FROM temp.leaving_applications"
SAME_NUMBER = """
INSERT OR IGNORE INTO leaving_applications
SELECT a.application_id FROM incoming_applications i
CROSS JOIN rounds r ON r.programme_id = :programme_id AND r.round = i.round
CROSS JOIN applications a ON a.round_id = r.round_id AND a.application_no = i.application_no
WHERE i.reason IS NULL AND a.batch_id = :batch_id
  AND NOT EXISTS (SELECT 1 FROM draws d WHERE d.round_id = a.round_id
      AND d.published_at IS NOT NULL)
  AND NOT EXISTS (
    SELECT 1 FROM claims c JOIN batches b ON b.batch_id = c.batch_id AND b.kind = 'allocation'
    WHERE c.resident = a.resident AND c.round_id = a.round_id AND c.line = a.application_id)
"""
# Before all others: of rows that are alike, the fact stays.
STAGE = """
INSERT INTO incoming_applications (place, batch_id, line, cells, application_no, round, resident,
    applied_at, resident_group, district,
    device, mobile, card, account, round_id, application_id)
SELECT -row_number() OVER (ORDER BY f.line DESC), f.batch_id, f.line,
    json_object('application_no', f.application_no, 'round', f.round, 'resident',
        'token:' || lower(hex(f.resident)),
        'applied_at', strftime('%Y-%m-%dT%H:%M:%SZ', f.applied_at, 'unixepoch'), 'group',
            f.resident_group, 'district', f.district,
        'device', ifnull('token:' || lower(hex(f.device)), ''), 'mobile',
            ifnull('token:' || lower(hex(f.mobile)), ''),
        'card', ifnull('token:' || lower(hex(f.card)), ''), 'account',
            ifnull('token:' || lower(hex(f.account)), '')),
    f.application_no, f.round, f.resident, f.applied_at, f.resident_group, f.district, f.device,
        f.mobile, f.card, f.account, f.round_id,
    f.application_id
FROM (
    SELECT a.*, r.round,
        max(CASE i.kind WHEN 'device' THEN i.token END) AS device, max(CASE i.kind WHEN 'mobile'
            THEN i.token END) AS mobile,
        max(CASE i.kind WHEN 'card' THEN i.token END) AS card, max(CASE i.kind WHEN 'account'
            THEN i.token END) AS account
    FROM leaving_applications l JOIN applications a USING (application_id)
        JOIN rounds r USING (round_id)
    LEFT JOIN application_identities i ON i.application_id = a.application_id
        AND i.round_id = a.round_id
    GROUP BY a.application_id
) AS f
"""
DELETE_IDENTITIES = (
    "DELETE FROM application_identities WHERE application_id IN (SELECT application_id FROM"
    " leaving_applications)"
)
DELETE = (
    "DELETE FROM applications WHERE application_id IN (SELECT application_id FROM"
    " leaving_applications)"
)
LEAVING_BLOCKS = "SELECT DISTINCT application_id >> 6 FROM leaving_applications"
GAVE_WAY = (
    "SELECT DISTINCT round_id FROM incoming_applications WHERE application_id IS NOT NULL AND"
    " reason IS NOT NULL"
)


def reopen(db: sqlite3.Connection, programme_id: int, batch_id: int) -> None:
    """Move the batch's applications whose numbers staged rows use too back among the incoming
    rows.
    """
    db.execute(CREATE)
    db.execute(CLEAR)
    db.execute(SAME_NUMBER, {"programme_id": programme_id, "batch_id": batch_id})
    for statement in (STAGE, DELETE_IDENTITIES):
        db.execute(statement)
    with fact_digests.changing(db, "applications", of=LEAVING_BLOCKS):
        db.execute(DELETE)


def rounds_of_those_gone(db: sqlite3.Connection) -> list[int]:
    """The rounds in which an application that had been accepted gave way: who belongs together
    there is found anew.
    """
    return [row[0] for row in db.execute(GAVE_WAY)]
