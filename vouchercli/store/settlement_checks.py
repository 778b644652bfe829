"""Whether what merchants are owed is what was booked on signed days, and what was paid is what is
posted, held and answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store.settlements import IS_HELD

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

# What was booked as payable by facts up to the last day that was taken up.
AS_BOOKED = """
WITH posted AS (
    SELECT g.funder_id, g.round_id,
        sum(iif(g.to_account = 'payable', g.amount_fen, -g.amount_fen)) AS fen
    FROM postings g JOIN funders f USING (funder_id) JOIN (
        SELECT programme_id, max(day) AS day FROM taken_days GROUP BY 1) t USING (programme_id)
    WHERE g.booked_on <= t.day AND f.kind <> 'merchant' AND (
        (g.to_account = 'payable' AND g.from_account = 'outstanding')
        OR (g.from_account = 'payable' AND g.to_account = 'outstanding'))
    GROUP BY 1, 2
), owed AS (
    SELECT funder_id, round_id, sum(amount_fen) AS fen FROM dues WHERE kind = 'booked' GROUP BY 1, 2
), both AS (
    SELECT funder_id, round_id, fen AS posted_fen, 0 AS owed_fen FROM posted
    UNION ALL SELECT funder_id, round_id, 0, fen FROM owed
)
SELECT f.funder || ' ' || r.round AS subject, sum(posted_fen) AS expected, sum(owed_fen) AS found
FROM both JOIN funders f USING (funder_id) JOIN rounds r USING (round_id)
GROUP BY 1 HAVING sum(posted_fen) <> sum(owed_fen)
"""
# A part that is set apart is taken out of the rest, to the fen.
APART = """
SELECT 'hold ' || hold_id AS subject, 'payment' AS expected, 'none' AS found FROM holds h
WHERE h.redemption_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM dues d WHERE d.hold_id = h.hold_id)
    AND EXISTS (SELECT 1 FROM redemption_facts f WHERE f.redemption_id = h.redemption_id
        AND f.subsidy_fen <> 0)
UNION ALL
SELECT d.kind || ' ' || m.merchant_no, 0, sum(d.amount_fen)
FROM dues d JOIN merchants m USING (merchant_id) WHERE d.kind IN ('held', 'part')
GROUP BY d.kind, d.merchant_id, d.funder_id, d.round_id HAVING sum(d.amount_fen) <> 0
"""
# A transfer pays the dues that belong to it; one that came back pays none. What was planned stands
# in the first of transfers that took each other's place.
AS_DUE = """
SELECT t.transfer_no AS subject,
    iif(t.state IN ('rejected', 'returned', 'dropped'), 0, t.amount_fen) AS expected,
    ifnull(sum(d.amount_fen), 0) AS found
FROM transfers t LEFT JOIN dues d USING (transfer_id)
GROUP BY t.transfer_id HAVING expected <> found
UNION ALL
SELECT 'settlement ' || s.settlement_id, s.planned_fen, sum(t.amount_fen)
FROM settlements s JOIN transfers t USING (settlement_id) WHERE t.replaces IS NULL
GROUP BY 1 HAVING s.planned_fen <> sum(t.amount_fen)
"""
# What the ledger has as paid, held, paid back and given up is what transfers and dues say.
AS_POSTED = f"""
WITH said AS (
    SELECT d.funder_id, d.round_id, 'paid' AS account, sum(d.amount_fen) AS fen
    FROM dues d JOIN transfers t USING (transfer_id) WHERE t.state = 'paid' GROUP BY 1, 2
    UNION ALL
    SELECT funder_id, round_id, iif(kind = 'repaid', 'clawed_back', 'written_off'),
        -sum(amount_fen) FROM dues WHERE kind IN ('repaid', 'written_off') GROUP BY 1, 2, 3
    UNION ALL
    SELECT d.funder_id, d.round_id, 'held', sum(d.amount_fen)
    FROM dues d JOIN funders f USING (funder_id) WHERE d.transfer_id IS NULL AND {IS_HELD}
    GROUP BY 1, 2
    UNION ALL  -- the end of a programme makes good what was given up
    SELECT funder_id, ifnull(round_id, 0), 'written_off',
        sum(iif(to_account = 'written_off', amount_fen, -amount_fen))
    FROM postings WHERE why = 'programme.close' AND 'written_off' IN (from_account, to_account)
    GROUP BY 1, 2
    UNION ALL
    SELECT funder_id, round_id, 'paid', -paid_fen FROM balances
    UNION ALL SELECT funder_id, round_id, 'held', -held_fen FROM balances
    UNION ALL SELECT funder_id, round_id, 'clawed_back', -clawed_back_fen FROM balances
    UNION ALL SELECT funder_id, round_id, 'written_off', -written_off_fen FROM balances
)
SELECT f.funder || ' ' || ifnull(r.round, '-') || ' ' || account AS subject, 0 AS expected,
    sum(fen) AS found
FROM said JOIN funders f USING (funder_id) LEFT JOIN rounds r USING (round_id)
GROUP BY 1 HAVING sum(fen) <> 0
"""
# Nothing is paid that nobody approved, and nothing is paid twice.
AS_APPROVED = """
SELECT 'settlement ' || s.settlement_id AS subject, 'approval' AS expected, s.state AS found
FROM settlements s WHERE s.state IN ('approved', 'exported', 'paid', 'closed') AND NOT EXISTS (
    SELECT 1 FROM proposals p WHERE p.subject = 'settlement' AND p.subject_id = s.settlement_id
        AND p.state = 'effective' AND p.amount_fen >= (SELECT ifnull(sum(t.amount_fen), 0)
            FROM transfers t WHERE t.settlement_id = s.settlement_id AND t.state <> 'dropped'))
UNION ALL
SELECT t.transfer_no, 'exported', s.state FROM transfers t JOIN settlements s USING (settlement_id)
WHERE t.state NOT IN ('planned', 'dropped') AND s.exported_at IS NULL
UNION ALL
SELECT 'hold ' || h.hold_id, 'another person', h.released_by FROM holds h
JOIN programmes p USING (programme_id)
WHERE h.released_by = h.held_by AND json_array_length(p.document, '$.staff') > 0
UNION ALL
SELECT DISTINCT 'hold ' || h.hold_id, 'another person than who brought the account', a.actor
FROM audit a CROSS JOIN holds h ON h.hold_id = json_extract(a.detail, '$.hold')
JOIN programmes p USING (programme_id)
WHERE a.deed = 'settlement.hold' AND h.reason = 'account_changed' AND a.actor = h.released_by
    AND a.actor <> h.held_by AND json_array_length(p.document, '$.staff') > 0
"""
# Every deed on a settlement, a hold or a debt stands in the log.
AS_LOGGED = """
SELECT 'settlement ' || s.settlement_id AS subject, d.column1 AS expected, 'no line' AS found
FROM settlements s CROSS JOIN (VALUES ('settlement.verify'), ('settlement.export'),
    ('settlement.reject')) d
WHERE CASE d.column1 WHEN 'settlement.export' THEN s.exported_at IS NOT NULL
        WHEN 'settlement.reject' THEN s.state = 'rejected'
        ELSE s.state IN ('verified', 'approved', 'exported', 'paid', 'closed') END
    AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = CAST(s.settlement_id AS TEXT)
        AND a.deed = d.column1)
UNION ALL
SELECT 'settlement ' || s.settlement_id, s.file_sha256, ifnull((
        SELECT json_extract(a.detail, '$.sha256') FROM audit a
        WHERE a.subject = CAST(s.settlement_id AS TEXT) AND a.deed = 'settlement.export'), '')
FROM settlements s WHERE s.exported_at IS NOT NULL AND s.file_sha256 IS NOT (
    SELECT json_extract(a.detail, '$.sha256') FROM audit a
    WHERE a.subject = CAST(s.settlement_id AS TEXT) AND a.deed = 'settlement.export')
UNION ALL
SELECT 'hold ' || h.hold_id, 'settlement.hold', 'no line' FROM holds h
WHERE h.hold_id NOT IN (SELECT ifnull(json_extract(a.detail, '$.hold'), 0) FROM audit a
    WHERE a.deed = 'settlement.hold')
UNION ALL
SELECT 'hold ' || h.hold_id, 'settlement.release', 'no line' FROM holds h
WHERE h.released_at IS NOT NULL AND h.hold_id NOT IN (
    SELECT ifnull(json_extract(a.detail, '$.hold'), 0) FROM audit a
    WHERE a.deed = 'settlement.release')
UNION ALL
SELECT 'audit ' || a.audit_id, 'hold ' || json_extract(a.detail, '$.hold'), 'no hold'
FROM audit a WHERE a.deed = 'settlement.hold'
    AND json_extract(a.detail, '$.hold') NOT IN (SELECT hold_id FROM holds)
"""
# What a transfer has come to is what the bank said last that was taken.
AS_ANSWERED = """
SELECT t.transfer_no AS subject, ifnull((SELECT a.status FROM bank_answers a
        WHERE a.transfer_id = t.transfer_id AND a.outcome = 'taken'
        ORDER BY a.bank_file_id DESC, a.place DESC LIMIT 1), 'no answer') AS expected,
    t.state AS found
FROM transfers t WHERE t.state IN ('accepted', 'paid', 'rejected', 'returned')
    AND t.state IS NOT (SELECT a.status FROM bank_answers a
        WHERE a.transfer_id = t.transfer_id AND a.outcome = 'taken'
        ORDER BY a.bank_file_id DESC, a.place DESC LIMIT 1)
"""


def _check(statement: str) -> Callable[[sqlite3.Connection], list[Breach]]:
    return lambda db: [
        (str(subject), str(want), str(found)) for subject, want, found in db.execute(statement)
    ]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "dues_as_booked": _check(AS_BOOKED),
    "dues_set_apart": _check(APART),
    "transfers_as_due": _check(AS_DUE),
    "paid_as_posted": _check(AS_POSTED),
    "paid_as_approved": _check(AS_APPROVED),
    "paid_as_answered": _check(AS_ANSWERED),
    "settlements_as_logged": _check(AS_LOGGED),
}
