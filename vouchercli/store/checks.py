"""The invariants that `voucher check` proves: each statement finds what breaks one, so an empty
answer is the proof.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from vouchercli.rules.audit import breaks
from vouchercli.store import audit, ledger, number_checks, prolongations, total_checks
from vouchercli.store.breaches import query

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

BATCHES_ADD_UP = """
SELECT b.batch_id AS subject, b.read AS expected, b.accepted + b.duplicate + b.rejected AS found
    FROM batches b
WHERE b.state = 'done' AND b.read <> b.accepted + b.duplicate + b.rejected
UNION ALL
SELECT b.batch_id, b.rejected, (SELECT count(*) FROM rejects r
    WHERE r.batch_id = b.batch_id) AS kept FROM batches b
WHERE b.state = 'done' AND b.rejected <> kept
"""
BATCHES_HAVE_THEIR_FACTS = """
WITH counted AS MATERIALIZED (
    SELECT kind, batch_id, sum(facts) AS facts FROM (
        SELECT 'claims' AS kind, batch_id, count(*) AS facts FROM claims
            WHERE batch_id IN (SELECT batch_id FROM temp.open_batches) GROUP BY batch_id
        UNION ALL SELECT 'claims', batch_id, count(*) FROM reversed_claims
            WHERE batch_id IN (SELECT batch_id FROM temp.open_batches) GROUP BY batch_id
        UNION ALL SELECT 'redemptions', n.batch_id, count(*) FROM redemption_runs n
            CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
            WHERE n.batch_id IN (SELECT batch_id FROM temp.open_batches) GROUP BY n.batch_id
        UNION ALL SELECT 'redemptions', batch_id, count(*) FROM reversed_redemptions
            WHERE batch_id IN (SELECT batch_id FROM temp.open_batches) GROUP BY batch_id
    ) GROUP BY kind, batch_id
)
SELECT b.batch_id AS subject, b.accepted AS expected, f.facts AS found
FROM counted f JOIN batches b ON b.batch_id = f.batch_id
WHERE b.accepted <> f.facts OR b.state = 'undone'
UNION ALL
SELECT b.batch_id, b.accepted, 0 FROM batches b
WHERE b.state = 'done' AND b.accepted > 0 AND b.kind IN ('claims', 'redemptions')
    AND b.batch_id IN (SELECT batch_id FROM temp.open_batches)
    AND (b.kind, b.batch_id) NOT IN (SELECT kind, batch_id FROM counted)
"""
PACKS_WITHIN_QUOTA = """
SELECT r.round AS subject, r.claimed AS expected, count(c.claim_id) AS found
FROM rounds r LEFT JOIN claims c ON c.round_id = r.round_id
GROUP BY r.round_id HAVING count(c.claim_id) <> r.claimed OR r.claimed > r.packs
UNION ALL
SELECT r.round || ' seats', 0, s.free FROM rounds r LEFT JOIN seats s ON s.round_id = r.round_id
    WHERE s.free IS NOT 0
"""
# Packs that expired unused do not count, as many as the limits ever said.
AGAIN = """ifnull((SELECT max(s.most) FROM limit_steps s WHERE s.programme_id = r.programme_id
    AND s.name = 'again_after_expiry'), 0)"""
PACKS_WITHIN_RESIDENT_LIMIT = f"""
SELECT r.round || ' token:' || lower(hex(c.resident)) AS subject,
    r.per_resident + {AGAIN} AS expected, count(*) AS found
FROM temp.open_holder_claims c JOIN rounds r ON r.round_id = c.round_id
GROUP BY c.resident, c.round_id
HAVING count(*) > r.per_resident AND count(*) > r.per_resident + {AGAIN}
"""
CLAIMS_IN_THEIR_WINDOW = """
SELECT c.claim_no AS subject, r.opens_at AS expected, c.claimed_at AS found
FROM temp.open_claims c JOIN rounds r ON r.round_id = c.round_id
WHERE c.claimed_at < r.opens_at OR c.claimed_at >= r.closes_at OR c.expires_at <= c.claimed_at
"""
# Grouped by `+voucher`: by the bare column SQLite makes an index of every redemption first.
NO_VOUCHER_REDEEMED_TWICE = """
SELECT c.claim_no || '/' || f.coupon_no AS subject, 1 AS expected, sum(f.spent) AS found
FROM temp.open_voucher_facts f JOIN claims c ON c.claim_id = f.claim_id
GROUP BY +f.voucher HAVING found NOT IN (0, 1) OR sum(f.subsidy_fen) < 0
"""
PAYMENTS_WITHIN_VALIDITY = f"""
SELECT f.transaction_no AS subject, {prolongations.ENDS_AT} AS expected,
    f.paid_at AS found
FROM temp.open_redemptions f CROSS JOIN claims c ON c.claim_id = f.claim_id
WHERE f.refund_of IS NULL AND (f.paid_at < c.claimed_at OR f.paid_at >= {prolongations.ENDS_AT})
"""
# All refunds of each payment that has an open one.
REFUNDS_WITHIN_PAYMENTS = """
SELECT p.transaction_no AS subject, p.base_fen AS expected, -sum(f.base_fen) AS found
FROM (SELECT DISTINCT refund_of FROM temp.open_refunds) o
    CROSS JOIN redemptions b ON b.refund_of = o.refund_of
    CROSS JOIN redemption_facts f ON f.redemption_id = b.redemption_id
    LEFT JOIN redemptions p ON p.redemption_id = f.refund_of AND p.refund_of IS NULL
        AND p.voucher = f.voucher
    LEFT JOIN splits s ON s.split_id = p.split_id
GROUP BY f.refund_of HAVING p.redemption_id IS NULL OR -sum(f.base_fen) > p.base_fen
    OR -sum(f.subsidy_fen) > s.after_fen - s.before_fen
"""
# What consumers paid themselves: of a payment alone, and of one with its refunds.
OWN_NOT_NEGATIVE = """
SELECT f.transaction_no AS subject, f.base_fen AS expected, f.subsidy_fen + f.match_fen AS found
FROM temp.open_facts f
WHERE f.kind = 'pay' AND f.base_fen < f.public_fen + f.platform_fen + f.match_fen
UNION ALL
SELECT p.transaction_no, p.base_fen + sum(f.base_fen), p.subsidy_fen + sum(f.subsidy_fen)
FROM (SELECT DISTINCT refund_of FROM temp.open_refunds) o
    CROSS JOIN redemptions b ON b.refund_of = o.refund_of
    CROSS JOIN redemption_facts f ON f.redemption_id = b.redemption_id
    CROSS JOIN redemption_facts p ON p.redemption_id = f.refund_of
GROUP BY f.refund_of HAVING p.base_fen + sum(f.base_fen) < p.subsidy_fen + sum(f.subsidy_fen)
"""
SPLITS_ADD_UP = """
SELECT r.round || ' ' || s.before_fen || '>' || s.after_fen AS subject,
    s.public_fen + s.platform_fen + s.match_fen AS expected,
    (SELECT sum(amount_fen) FROM split_parts p WHERE p.split_id = s.split_id) AS found
FROM splits s JOIN rounds r ON r.round_id = s.round_id
WHERE NOT s.stays AND found IS NOT s.public_fen + s.platform_fen + s.match_fen
UNION ALL
-- what stays with the merchant goes back to nobody
SELECT r.round || ' ' || s.before_fen || '>' || s.after_fen || ' ' || f.funder, 0, p.amount_fen
FROM splits s JOIN rounds r USING (round_id) JOIN split_parts p USING (split_id)
    JOIN funders f USING (funder_id)
WHERE s.stays AND f.kind <> 'merchant' AND p.amount_fen <> 0
"""
# A payment's split starts at nothing, a refund's where the payment's or an earlier refund's ended;
# both are of the claim's round.
FACTS_FOLLOW_THEIR_SPLIT = """
SELECT f.transaction_no AS subject, c.round_id AS expected, s.round_id AS found
FROM temp.open_redemptions f CROSS JOIN claims c ON c.claim_id = f.claim_id LEFT JOIN splits s
    ON s.split_id = f.split_id
WHERE s.round_id IS NOT c.round_id OR (f.refund_of IS NULL AND s.before_fen <> 0)
    OR (f.refund_of IS NOT NULL AND s.after_fen > s.before_fen)
"""
TIMES_IN_RUNS = """
SELECT f.transaction_no AS subject, f.paid_at AS expected,
    n.first_paid_at || '-' || n.last_paid_at AS found
FROM temp.open_runs o CROSS JOIN redemption_runs n USING (first_id)
    CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE o.is_open AND f.paid_at NOT BETWEEN n.first_paid_at AND n.last_paid_at
"""
FUNDS_NOT_OVERDRAWN = """
SELECT p.programme || ' ' || f.funder AS subject, f.amount_fen AS expected,
    ifnull((SELECT sum(CASE from_account WHEN 'appropriated' THEN amount_fen ELSE -amount_fen END)
        FROM postings WHERE funder_id = f.funder_id
        AND 'appropriated' IN (from_account, to_account)), 0) AS found
FROM funders f JOIN programmes p ON p.programme_id = f.programme_id
WHERE f.amount_fen IS NOT NULL AND (found <> f.amount_fen OR 0 > (
    SELECT ifnull(sum(CASE WHEN to_account = 'uncommitted' THEN amount_fen ELSE -amount_fen END),
        0) FROM postings
    WHERE funder_id = f.funder_id AND 'uncommitted' IN (from_account, to_account)))
"""
# What stands on each account is what its postings come to.
BALANCES = """
WITH posted AS (
    SELECT funder_id, to_account AS account, CASE WHEN to_account IN ('appropriated', 'uncommitted')
        THEN 0 ELSE ifnull(round_id, 0) END AS round_id, amount_fen FROM postings
    UNION ALL
    SELECT funder_id, from_account, CASE WHEN from_account IN ('appropriated', 'uncommitted')
        THEN 0 ELSE ifnull(round_id, 0) END, -amount_fen FROM postings
)
SELECT funder || ' ' || account || ' ' || round_id AS subject, sum(posted) AS expected,
    sum(kept) AS found
FROM (
    SELECT funder_id, account, round_id, amount_fen AS posted, 0 AS kept FROM posted
    UNION ALL [kept]
) JOIN funders USING (funder_id)
GROUP BY funder_id, account, round_id HAVING sum(posted) <> sum(kept)
""".replace(
    "[kept]",
    " UNION ALL ".join(
        f"SELECT funder_id, '{each}', round_id, 0, {each}_fen FROM balances"
        for each in ledger.ACCOUNTS
    ),
)
# What claims and payments move is posted, by round, local day and funder.
POSTINGS_FOLLOW_FACTS = """
WITH posted AS (
    SELECT funder_id, round_id, day, to_account AS account, amount_fen FROM postings
    WHERE (from_account, to_account) IN (VALUES ('committed', 'outstanding'),
        ('outstanding', 'payable')) AND why NOT IN [deeds]
    UNION ALL
    SELECT funder_id, round_id, day, from_account, -amount_fen FROM postings
    WHERE (to_account, from_account) IN (VALUES ('committed', 'outstanding'),
        ('outstanding', 'payable')) AND why NOT IN [deeds]
), counted AS (
    SELECT p.funder_id, t.round_id, t.day, 'outstanding' AS account, t.claims * p.amount_fen AS fen
    FROM claim_totals t JOIN pack_parts p USING (round_id)
    UNION ALL
    SELECT funder_id, round_id, day, 'payable', amount_fen FROM funder_totals
)
SELECT r.round || ' ' || day || ' ' || u.funder || ' ' || account AS subject,
    sum(counted) AS expected, sum(posted) AS found
FROM (
    SELECT funder_id, round_id, day, account, amount_fen AS posted, 0 AS counted FROM posted
    UNION ALL
    SELECT funder_id, round_id, day, account, 0, fen FROM counted
) JOIN rounds r USING (round_id) JOIN funders u USING (funder_id)
GROUP BY round_id, day, funder_id, account HAVING sum(posted) <> sum(counted)
""".replace("[deeds]", "('round.release', 'round.take_back')")
# What a round has been promised covers what its vouchers have paid, and nobody was paid back more
# than what he paid.
# What vouchers paid, whatever became of it: after payment a refund takes `payable` below nothing.
COMMITMENTS_COVER_PAYMENTS = """
WITH redeemed AS (
    SELECT round_id, funder_id, committed_fen + outstanding_fen AS left_fen,
        payable_fen + held_fen + paid_fen + clawed_back_fen + written_off_fen AS redeemed_fen
    FROM balances
)
SELECT r.round || ' ' || f.funder AS subject, -min(b.redeemed_fen, 0) AS expected,
    b.left_fen AS found
FROM redeemed b JOIN rounds r USING (round_id) JOIN funders f USING (funder_id)
WHERE b.left_fen < 0 OR b.redeemed_fen < 0
"""
REFERENCES = """
SELECT "table" AS subject, parent AS expected, rowid AS found FROM pragma_foreign_key_check
UNION ALL
SELECT 'redemptions', 'merchants', redemption_id FROM temp.open_redemptions
    WHERE merchant_id NOT IN (SELECT merchant_id FROM merchants)
UNION ALL
SELECT 'redemptions', 'segments', redemption_id FROM temp.open_redemptions
    WHERE segment_id NOT IN (SELECT segment_id FROM segments)
UNION ALL
SELECT 'redemptions', 'claims', redemption_id FROM temp.open_redemptions f
    WHERE NOT EXISTS (SELECT 1 FROM claims c WHERE c.claim_id = f.claim_id)
UNION ALL
SELECT 'redemption_runs', 'batches', first_id FROM redemption_runs
    WHERE batch_id NOT IN (SELECT batch_id FROM batches)
UNION ALL
SELECT 'redemptions', 'refunds', redemption_id FROM temp.open_redemptions
    WHERE refund_of IS NOT NULL AND redemption_id NOT IN (SELECT redemption_id FROM refunds)
UNION ALL
SELECT 'refunds', 'redemptions', redemption_id FROM refunds b WHERE NOT EXISTS (
    SELECT 1 FROM redemptions f
    WHERE f.redemption_id = b.redemption_id AND f.refund_of IS NOT NULL)
UNION ALL
SELECT 'redemption_details', 'redemptions', redemption_id FROM redemption_details
    WHERE redemption_id NOT IN (SELECT redemption_id FROM redemptions WHERE refund_of IS NULL)
UNION ALL
SELECT 'claims', 'batches', claim_id FROM temp.open_claims WHERE batch_id NOT IN (SELECT batch_id
    FROM batches)
UNION ALL
SELECT 'claims', 'rounds', claim_id FROM temp.open_claims
    WHERE round_id NOT IN (SELECT round_id FROM rounds)
UNION ALL
SELECT 'dues', 'merchants', due_id FROM dues
    WHERE merchant_id NOT IN (SELECT merchant_id FROM merchants)
UNION ALL
SELECT 'dues', 'funders', due_id FROM dues
    WHERE (funder_id, round_id) NOT IN (SELECT funder_id, round_id FROM funders, rounds)
"""

IMPORTING = "SELECT batch_id FROM batches WHERE state = 'importing' ORDER BY batch_id"
# What SQLite says of rows and tables that are not as they were made: no such table, a wrong type, a
# number beyond all bounds, text that is no JSON.
UNREADABLE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG)


def audit_chain(db: sqlite3.Connection) -> list[Breach]:
    """Every line carries the hash of the line before it and of itself."""
    return [
        (f"audit {each.line}", each.expected[:12], each.found[:12])
        for each in breaks(audit.lines(db))
    ]


def find(
    check: Callable[[sqlite3.Connection], list[Breach]], db: sqlite3.Connection
) -> list[Breach]:
    """What a check finds. In a file that somebody worked on by hand anything may stand, a word for
    a number or no table at all: what cannot even be read is a breach too. Re-raises what is the
    machine's: a file that is busy, damaged or gone.
    """
    try:
        return check(db)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in UNREADABLE:
            raise
        return [("this check", "rows that can be read", str(error))]
    except (
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        AttributeError,
        OSError,  # a moment beyond what the machine's clock can tell
        AssertionError,
    ) as error:
        return [("this check", "rows that can be read", f"{type(error).__name__}: {error}"[:200])]


def importing(db: sqlite3.Connection) -> list[int]:
    """The batches that are not done yet: their rows are proved in part."""
    return [int(row["batch_id"]) for row in db.execute(IMPORTING)]


# name -> what finds its breaches; the order is the order of the report.
CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "batches_add_up": query(BATCHES_ADD_UP),
    "batches_have_their_facts": query(BATCHES_HAVE_THEIR_FACTS),
    "packs_within_quota": query(PACKS_WITHIN_QUOTA),
    "packs_within_resident_limit": query(PACKS_WITHIN_RESIDENT_LIMIT),
    "claims_in_their_window": query(CLAIMS_IN_THEIR_WINDOW),
    "no_voucher_redeemed_twice": query(NO_VOUCHER_REDEEMED_TWICE),
    "payments_within_validity": query(PAYMENTS_WITHIN_VALIDITY),
    "refunds_within_payments": query(REFUNDS_WITHIN_PAYMENTS),
    "own_not_negative": query(OWN_NOT_NEGATIVE),
    "splits_add_up": query(SPLITS_ADD_UP),
    "facts_follow_their_split": query(FACTS_FOLLOW_THEIR_SPLIT),
    "numbers_once": number_checks.numbers_once,
    "numbers_in_runs": number_checks.numbers_in_runs,
    "times_in_runs": query(TIMES_IN_RUNS),
    "merchants_in_runs": number_checks.merchants_in_runs,
    "claim_totals": total_checks.claim_totals,
    "claims_used": total_checks.claims_used,
    "group_totals": total_checks.group_totals,
    "merchant_totals": total_checks.merchant_totals,
    "funder_totals": total_checks.funder_totals,
    "totals_as_sealed": total_checks.totals_as_sealed,
    "totals_alike": total_checks.totals_alike,
    "funds_not_overdrawn": query(FUNDS_NOT_OVERDRAWN),
    "balances": query(BALANCES),
    "postings_follow_facts": query(POSTINGS_FOLLOW_FACTS),
    "commitments_cover_payments": query(COMMITMENTS_COVER_PAYMENTS),
    "references": query(REFERENCES),
    "audit_chain": audit_chain,
}
