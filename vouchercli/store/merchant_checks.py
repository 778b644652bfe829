"""Whether payments were made at merchants that took part: with the attributes that the registry
gave them that day, and not while they were suspended.

What stands stays, also where it would be refused now: a file that came before a suspension, or
before the registry said otherwise, is held to what was known then. The log says what came first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.rules import scope
from vouchercli.store import breaches, sql_functions, templates

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

ROUNDS = "SELECT round_id, document FROM rounds JOIN templates USING (template_id)"
# Of which merchant's attributes it is known what was in force: neither did a file that was undone
# leave them, nor were they corrected from an earlier moment. A file that was undone also hands its
# payments to another one, which came when they stood already: after it no file says what was known.
KNOWN = """
WITH first_undone AS (
    SELECT ifnull(min(batch_id), 9223372036854775807) AS batch_id FROM batches
    WHERE state = 'undone' AND kind IN ('merchants', 'redemptions')
), corrected AS (
    SELECT DISTINCT c.merchant_id FROM proposals p CROSS JOIN merchant_changes c
        ON c.batch_id = p.subject_id
    WHERE p.subject = 'registry' AND p.kind = 'correction'
), changed AS (
    SELECT merchant_id, max(batch_id) AS batch_id FROM merchant_changes GROUP BY merchant_id
)
"""
# What has the segment that a merchant always had needs no second look, and no merchant is read.
OTHER_SEGMENT = f"""{KNOWN}, constant AS (
    SELECT merchant_id, segment_id FROM merchants
    WHERE merchant_id NOT IN (SELECT merchant_id FROM merchant_pasts)
)
SELECT f.transaction_no AS subject, m.merchant_no || ' ' || e.district || ' ' || e.industry || ' '
        || e.size || ' ' || e.brand || ' ' || e.designated_size AS expected,
    g.district || ' ' || g.industry || ' ' || g.size || ' ' || g.brand || ' ' || g.designated_size
        AS found
FROM temp.open_runs n
CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN merchants m ON m.merchant_id = f.merchant_id
CROSS JOIN segments e ON e.segment_id = ifnull((
    SELECT segment_id FROM merchant_pasts v WHERE v.merchant_id = f.merchant_id
        AND v.until_at > f.paid_at ORDER BY v.until_at LIMIT 1), m.segment_id)
CROSS JOIN segments g ON g.segment_id = f.segment_id
WHERE n.is_open AND f.refund_of IS NULL
    AND (f.merchant_id, f.segment_id) NOT IN (SELECT merchant_id, segment_id FROM constant)
    AND g.segment_id <> e.segment_id
    AND n.batch_id > ifnull((SELECT batch_id FROM changed h WHERE h.merchant_id = f.merchant_id), 0)
    AND f.merchant_id NOT IN (SELECT merchant_id FROM corrected)
    AND n.batch_id < (SELECT batch_id FROM first_undone)
"""
# Merchants that no registry has ever listed, with vouchers that only registered ones take.
UNREGISTERED = f"""{KNOWN}, unlisted AS MATERIALIZED (
    SELECT merchant_id, merchant_no FROM merchants m WHERE NOT is_registered
        AND NOT EXISTS (SELECT 1 FROM merchant_changes c WHERE c.merchant_id = m.merchant_id)
)
SELECT f.transaction_no AS subject, 'a registered merchant' AS expected, m.merchant_no AS found
FROM temp.open_redemptions f CROSS JOIN unlisted m USING (merchant_id)
    CROSS JOIN splits s USING (split_id)
WHERE f.refund_of IS NULL AND NOT is_open_to_all(s.round_id)
    AND (SELECT batch_id FROM first_undone) = 9223372036854775807
"""
# A suspension holds what came in after its line of the log; one of a registry after the last line
# of that file. Where a file was undone that had ended one, it was not in force meanwhile.
SUSPENDED = f"""{KNOWN}, began AS (
    SELECT json_extract(detail, '$.batch') AS batch_id, min(audit_id) AS line FROM audit
    WHERE deed IN ('redemptions.begin', 'redemptions.import') GROUP BY 1
), said AS MATERIALIZED (
    SELECT s.*, CASE WHEN s.batch_id IS NULL THEN (
        SELECT max(a.audit_id) FROM audit a WHERE a.deed = 'merchant.suspend'
            AND a.subject = as_logged(m.merchant_no)
            AND json_extract(a.detail, '$.from_at') = s.from_at)
    ELSE (
        SELECT max(a.audit_id) FROM audit a WHERE a.deed GLOB 'merchant*'
            AND (json_extract(a.detail, '$.batch') = s.batch_id
                OR a.subject = 'batch ' || s.batch_id)) END AS line
    FROM suspensions s JOIN merchants m USING (merchant_id)
)
SELECT f.transaction_no AS subject, 'nothing while ' || m.merchant_no || ' is suspended: '
    || s.reason AS expected, f.paid_at AS found
FROM temp.open_runs n
CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN said s ON s.merchant_id = f.merchant_id
CROSS JOIN merchants m ON m.merchant_id = f.merchant_id
WHERE n.is_open AND f.refund_of IS NULL AND f.paid_at >= s.from_at
    AND f.paid_at < ifnull(s.until_at, f.paid_at + 1)
    AND s.line < (SELECT line FROM began b WHERE b.batch_id = n.batch_id)
    AND n.batch_id < (SELECT batch_id FROM first_undone)
"""


def merchants_of_the_day(db: sqlite3.Connection) -> list[Breach]:
    """Payments at merchants that were suspended, that had other attributes that day, or that no
    registry listed.
    """
    is_open = {
        round_id: scope.registration_open(templates.read(document).scope)
        for round_id, document in db.execute(ROUNDS)
    }
    sql_functions.register(
        db,
        as_logged=lambda text: identities.mask_numbers(text, lambda _: identities.HIDDEN),
        is_open_to_all=lambda round_id: is_open[round_id],
    )
    return [
        each
        for statement in (OTHER_SEGMENT, UNREGISTERED, SUSPENDED)
        for each in breaches.rows(db, statement)
    ]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "merchants_of_the_day": merchants_of_the_day,
}
