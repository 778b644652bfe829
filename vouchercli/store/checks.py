"""The invariants that `voucher check` proves: each statement finds what breaks one, so an empty
answer is the proof.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from vouchercli.rules import times
from vouchercli.rules.audit import breaks
from vouchercli.store import (
    audit,
    ledger,
    merchant_runs,
    sql_functions,
    totals,
    transaction_numbers,
    used_claims,
)

if TYPE_CHECKING:
    from collections.abc import Callable

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
WITH facts AS (
    SELECT kind, batch_id, sum(facts) AS facts FROM (
        SELECT 'claims' AS kind, batch_id, count(*) AS facts FROM claims GROUP BY batch_id
        UNION ALL SELECT 'claims', batch_id, count(*) FROM reversed_claims GROUP BY batch_id
        UNION ALL SELECT 'redemptions', n.batch_id, count(*) FROM redemption_runs n
            CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
            GROUP BY n.batch_id
        UNION ALL SELECT 'redemptions', batch_id, count(*) FROM reversed_redemptions
            GROUP BY batch_id
    ) GROUP BY kind, batch_id
)
SELECT b.batch_id AS subject, b.accepted AS expected, f.facts AS found
FROM batches b JOIN facts f USING (batch_id)
WHERE b.accepted <> f.facts OR b.state = 'undone'
UNION ALL
SELECT b.batch_id, b.accepted, 0 FROM batches b
WHERE b.state = 'done' AND b.accepted > 0 AND b.kind IN ('claims', 'redemptions')
    AND (b.kind, b.batch_id) NOT IN (SELECT kind, batch_id FROM facts)
"""
PACKS_WITHIN_QUOTA = """
SELECT r.round AS subject, r.claimed AS expected, count(c.claim_id) AS found
FROM rounds r LEFT JOIN claims c ON c.round_id = r.round_id
GROUP BY r.round_id HAVING count(c.claim_id) <> r.claimed OR r.claimed > r.packs
UNION ALL
SELECT r.round || ' seats', 0, s.free FROM rounds r LEFT JOIN seats s ON s.round_id = r.round_id
    WHERE s.free IS NOT 0
"""
PACKS_WITHIN_RESIDENT_LIMIT = """
SELECT r.round || ' token:' || lower(hex(c.resident)) AS subject, r.per_resident AS expected,
    count(*) AS found
FROM claims c JOIN rounds r ON r.round_id = c.round_id
GROUP BY c.resident, c.round_id HAVING count(*) > r.per_resident
"""
CLAIMS_IN_THEIR_WINDOW = """
SELECT c.claim_no AS subject, r.opens_at AS expected, c.claimed_at AS found
FROM claims c JOIN rounds r ON r.round_id = c.round_id
WHERE c.claimed_at < r.opens_at OR c.claimed_at >= r.closes_at OR c.expires_at <= c.claimed_at
"""
CLAIM_TOTALS = """
SELECT r.round || ' ' || day AS subject, sum(kept) AS expected, sum(counted) AS found
FROM (
    SELECT round_id, day, claims AS kept, 0 AS counted FROM claim_totals
    UNION ALL
    SELECT c.round_id, local_day(c.claimed_at, p.time_zone) AS day, 0, count(*)
    FROM claims c JOIN rounds USING (round_id) JOIN programmes p USING (programme_id)
        GROUP BY c.round_id, day
) JOIN rounds r USING (round_id)
GROUP BY round_id, day HAVING sum(kept) <> sum(counted)
"""
CLAIM_NO = "SELECT ifnull((SELECT claim_no FROM claims WHERE claim_id = ?1), ?1)"
NO_VOUCHER_REDEEMED_TWICE = """
SELECT c.claim_no || '/' || f.coupon_no AS subject, 1 AS expected, sum(f.spent) AS found
FROM redemption_facts f JOIN claims c ON c.claim_id = f.claim_id
GROUP BY f.voucher HAVING found NOT IN (0, 1) OR sum(f.subsidy_fen) < 0
"""
PAYMENTS_WITHIN_VALIDITY = """
SELECT f.transaction_no AS subject, c.expires_at AS expected, f.paid_at AS found
FROM redemptions f JOIN claims c ON c.claim_id = f.claim_id
WHERE f.refund_of IS NULL AND (f.paid_at < c.claimed_at OR f.paid_at >= c.expires_at)
"""
REFUNDS_WITHIN_PAYMENTS = """
SELECT p.transaction_no AS subject, p.base_fen AS expected, -sum(f.base_fen) AS found
FROM redemption_facts f LEFT JOIN redemption_facts p ON p.redemption_id = f.refund_of
    AND p.kind = 'pay'
    AND p.voucher = f.voucher
WHERE f.kind = 'refund'
GROUP BY f.refund_of HAVING p.redemption_id IS NULL OR -sum(f.base_fen) > p.base_fen
    OR -sum(f.subsidy_fen) > p.subsidy_fen
"""
# What consumers paid themselves: of a payment alone, and of one with its refunds.
OWN_NOT_NEGATIVE = """
SELECT f.transaction_no AS subject, f.base_fen AS expected, f.subsidy_fen + f.match_fen AS found
FROM redemption_facts f
WHERE f.kind = 'pay' AND f.base_fen < f.public_fen + f.platform_fen + f.match_fen
UNION ALL
SELECT p.transaction_no, p.base_fen + sum(f.base_fen), p.subsidy_fen + sum(f.subsidy_fen)
FROM redemption_facts f JOIN redemption_facts p ON p.redemption_id = f.refund_of
WHERE f.kind = 'refund'
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
FROM redemptions f JOIN claims c ON c.claim_id = f.claim_id LEFT JOIN splits s
    ON s.split_id = f.split_id
WHERE s.round_id IS NOT c.round_id OR (f.refund_of IS NULL AND s.before_fen <> 0)
    OR (f.refund_of IS NOT NULL AND s.after_fen > s.before_fen)
"""
# Every number can be found again by its key, and no number stands twice in its kind (an import
# looks at its own when it ends).
NUMBERS_ONCE = """
SELECT f.transaction_no AS subject, 1 AS expected, count(*) AS found
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.batch_id NOT IN (SELECT batch_id FROM batches WHERE state = 'importing')
GROUP BY f.transaction_no, f.refund_of IS NULL HAVING count(*) > 1
"""
NUMBERS_IN_RUNS = """
SELECT f.transaction_no AS subject, number_key(f.transaction_no) AS expected,
    ifnull(hex(substr(n.keys, 1 + 4 * (f.redemption_id - n.first_id), 4)), '') AS found
FROM redemptions f LEFT JOIN redemption_runs n
    ON n.first_id = (SELECT max(first_id) FROM redemption_runs WHERE first_id <= f.redemption_id)
WHERE found <> expected
"""
TIMES_IN_RUNS = """
SELECT f.transaction_no AS subject, f.paid_at AS expected,
    n.first_paid_at || '-' || n.last_paid_at AS found
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE f.paid_at NOT BETWEEN n.first_paid_at AND n.last_paid_at
"""
KEPT = ", ".join(totals.SUMMED)
COUNTED = ", ".join("-" + name for name in totals.SUMMED)
UNLIKE = " OR ".join("sum(" + name + ") <> 0" for name in totals.SUMMED)
GROUP_TOTALS = (
    """
WITH combined AS MATERIALIZED ("""
    + totals.COMBINED
    + "FROM redemption_facts f GROUP BY "
    + totals.COMBINED_KEY
    + """)
SELECT r.round || ' ' || day || ' ' || grouping || ' ' || key AS subject, sum(kept) AS expected,
    sum(counted) AS found
FROM (
    SELECT grouping, round_id, day, key, base_fen AS kept, 0 AS counted, """
    + KEPT
    + """ FROM group_totals
    UNION ALL
    SELECT grouping, round_id, day, key, 0, base_fen, """
    + COUNTED
    + " FROM ("
    + totals.by_every_grouping(totals.SUMS)
    + """)
) JOIN rounds r USING (round_id)
GROUP BY grouping, round_id, day, key HAVING """
    + UNLIKE
    + """
"""
)
MERCHANT_TOTALS = (
    """
SELECT r.round || ' ' || month || ' ' || m.merchant_no AS subject, sum(kept) AS expected,
    sum(counted) AS found
FROM (
    SELECT round_id, month, merchant_id, base_fen AS kept, 0 AS counted, """
    + KEPT
    + """ FROM merchant_sums
    UNION ALL
    SELECT round_id, month, merchant_id, 0, base_fen, """
    + COUNTED
    + """ FROM (
        SELECT f.round_id, f.day / 100 AS month, f.merchant_id, """
    + totals.SUMS
    + """ FROM redemption_facts f
        GROUP BY f.round_id, f.day / 100, f.merchant_id
    )
) JOIN rounds r USING (round_id) JOIN merchants m USING (merchant_id)
GROUP BY round_id, month, merchant_id HAVING """
    + UNLIKE
    + """
"""
)
FUNDER_TOTALS = """
SELECT r.round || ' ' || day || ' ' || u.funder AS subject, sum(kept) AS expected,
    sum(counted) AS found
FROM (
    SELECT round_id, day, funder_id, amount_fen AS kept, 0 AS counted FROM funder_totals
    UNION ALL
    SELECT f.round_id, f.day, p.funder_id, 0, sum(p.amount_fen)
    FROM redemption_facts f JOIN split_parts p ON p.split_id = f.split_id GROUP BY f.round_id,
        f.day, p.funder_id
) JOIN rounds r USING (round_id) JOIN funders u USING (funder_id)
GROUP BY round_id, day, funder_id HAVING sum(kept) <> sum(counted)
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
COMMITMENTS_COVER_PAYMENTS = """
SELECT r.round || ' ' || f.funder AS subject, -min(b.payable_fen, 0) AS expected,
    b.committed_fen + b.outstanding_fen AS found
FROM balances b JOIN rounds r USING (round_id) JOIN funders f USING (funder_id)
WHERE b.committed_fen + b.outstanding_fen < 0 OR b.payable_fen < 0
"""
REFERENCES = """
SELECT "table" AS subject, parent AS expected, rowid AS found FROM pragma_foreign_key_check
UNION ALL
SELECT 'redemptions', 'merchants', redemption_id FROM redemptions
    WHERE merchant_id NOT IN (SELECT merchant_id FROM merchants)
UNION ALL
SELECT 'redemptions', 'segments', redemption_id FROM redemptions
    WHERE segment_id NOT IN (SELECT segment_id FROM segments)
UNION ALL
SELECT 'redemptions', 'claims', redemption_id FROM redemptions f WHERE NOT EXISTS (SELECT 1
    FROM claims c WHERE c.claim_id = f.claim_id)
UNION ALL
SELECT 'redemption_runs', 'batches', first_id FROM redemption_runs
    WHERE batch_id NOT IN (SELECT batch_id FROM batches)
UNION ALL
SELECT 'redemptions', 'refunds', redemption_id FROM redemptions
    WHERE refund_of IS NOT NULL AND redemption_id NOT IN (SELECT redemption_id FROM refunds)
UNION ALL
SELECT 'refunds', 'redemptions', redemption_id FROM refunds b WHERE NOT EXISTS (
    SELECT 1 FROM redemptions f
    WHERE f.redemption_id = b.redemption_id AND f.refund_of IS NOT NULL)
UNION ALL
SELECT 'claims', 'batches', claim_id FROM claims WHERE batch_id NOT IN (SELECT batch_id
    FROM batches)
UNION ALL
SELECT 'claims', 'rounds', claim_id FROM claims WHERE round_id NOT IN (SELECT round_id FROM rounds)
"""

Breach = tuple[str, str, str]  # subject, expected, found
IMPORTING = "SELECT batch_id FROM batches WHERE state = 'importing' ORDER BY batch_id"
# What SQLite says of rows and tables that are not as they were made: no such table, a wrong type, a
# number beyond all bounds, text that is no JSON.
UNREADABLE = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG)


def _query(statement: str) -> Callable[[sqlite3.Connection], list[Breach]]:
    return lambda db: [
        (str(row["subject"]), str(row["expected"]), str(row["found"]))
        for row in db.execute(statement)
    ]


def audit_chain(db: sqlite3.Connection) -> list[Breach]:
    """Every line carries the hash of the line before it and of itself."""
    return [
        (f"audit {each.line}", each.expected[:12], each.found[:12])
        for each in breaks(audit.lines(db))
    ]


def numbers_in_runs(db: sqlite3.Connection) -> list[Breach]:
    """Every transaction number can be found again: its key stands in its place of a run."""
    sql_functions.register(
        db,
        number_key=lambda number: (
            transaction_numbers.key(number).to_bytes(4, "little").hex().upper()
        ),
    )
    return _query(NUMBERS_IN_RUNS)(db)


def merchants_in_runs(db: sqlite3.Connection) -> list[Breach]:
    """Every redemption can be found by its merchant: it stands in its place of a run."""
    return [
        (number, str(merchant_id), str(named))
        for number, merchant_id, named in merchant_runs.misplaced(db)
    ]


def claims_used(db: sqlite3.Connection) -> list[Breach]:
    """The claims that are kept as used by local day are those of which a payment stands."""
    return [
        (f"{claim_no} {day}", str(kept), str(made))
        for claim_id, day, kept, made in used_claims.miscounted(db)
        for (claim_no,) in db.execute(CLAIM_NO, (claim_id,))
    ]


def claim_totals(db: sqlite3.Connection) -> list[Breach]:
    """The totals of claims by local day equal the claims."""
    sql_functions.register(db, local_day=times.local_day)
    return _query(CLAIM_TOTALS)(db)


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
    "batches_add_up": _query(BATCHES_ADD_UP),
    "batches_have_their_facts": _query(BATCHES_HAVE_THEIR_FACTS),
    "packs_within_quota": _query(PACKS_WITHIN_QUOTA),
    "packs_within_resident_limit": _query(PACKS_WITHIN_RESIDENT_LIMIT),
    "claims_in_their_window": _query(CLAIMS_IN_THEIR_WINDOW),
    "no_voucher_redeemed_twice": _query(NO_VOUCHER_REDEEMED_TWICE),
    "payments_within_validity": _query(PAYMENTS_WITHIN_VALIDITY),
    "refunds_within_payments": _query(REFUNDS_WITHIN_PAYMENTS),
    "own_not_negative": _query(OWN_NOT_NEGATIVE),
    "splits_add_up": _query(SPLITS_ADD_UP),
    "facts_follow_their_split": _query(FACTS_FOLLOW_THEIR_SPLIT),
    "numbers_once": _query(NUMBERS_ONCE),
    "numbers_in_runs": numbers_in_runs,
    "times_in_runs": _query(TIMES_IN_RUNS),
    "merchants_in_runs": merchants_in_runs,
    "claim_totals": claim_totals,
    "claims_used": claims_used,
    "group_totals": _query(GROUP_TOTALS),
    "merchant_totals": _query(MERCHANT_TOTALS),
    "funder_totals": _query(FUNDER_TOTALS),
    "funds_not_overdrawn": _query(FUNDS_NOT_OVERDRAWN),
    "balances": _query(BALANCES),
    "postings_follow_facts": _query(POSTINGS_FOLLOW_FACTS),
    "commitments_cover_payments": _query(COMMITMENTS_COVER_PAYMENTS),
    "references": _query(REFERENCES),
    "audit_chain": audit_chain,
}
