"""The law of redemptions by set: `rules.redemptions` and `rules.vouchers` applied to a whole file
of incoming rows.

The way of a row: incoming (typed) -> judged (its own ladder, by set) -> contested rows to
`rules.vouchers`, one by one. A fit payment is contested only when another row or fact shares its
voucher, its number or a full visit; a refund always. What is not contested cannot be refused by the
law of timelines, so the two ways give what one by one would give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.rules import redemptions as law
from vouchercli.rules import vouchers
from vouchercli.rules.vouchers import Payment, StandingFacts, Transaction
from vouchercli.store import (
    incoming,
    prolongations,
    sql_functions,
    transaction_numbers,
    typed,
    use_limits,
)

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.limits import Timeline
    from vouchercli.rules.refunds import RefundPolicy
    from vouchercli.store.use_limits import UseLimits

CREATE_INCOMING = """
CREATE TEMP TABLE incoming_redemptions (
    place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER, cells TEXT, reason TEXT,
        detail TEXT DEFAULT '{}',
    transaction_no TEXT, kind TEXT, claim_no TEXT, coupon_no INTEGER, merchant_no TEXT,
        platform_no TEXT,
    paid_at INTEGER, day INTEGER, base_fen INTEGER, merchant_discount_fen INTEGER,
        subsidy_fen INTEGER,
    refund_of TEXT, channel TEXT,
    details TEXT, -- what `rules.details` reads of the row, as JSON; NULL: nothing, or nobody asks
    -- of a fact that is judged again: it had passed its own ladder, and keeps the segment it came
    -- with; `stands`: it was accepted at another time than the others
    segment_id INTEGER, stands INTEGER DEFAULT 0
)
"""
ADD_INCOMING = (
    "INSERT INTO incoming_redemptions VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,NULL,0)"
)
TYPED_COLUMNS = 14

# Numbers that the registry does not know, on vouchers whose template takes any merchant
# (registration: open).
UNREGISTERED = """
SELECT DISTINCT CASE WHEN i.merchant_no <> '' THEN i.merchant_no ELSE i.platform_no
    END AS merchant_no
FROM incoming_redemptions i
JOIN claims c ON c.claim_no = i.claim_no
JOIN rounds r ON r.round_id = c.round_id AND r.programme_id = :programme_id
WHERE i.reason IS NULL AND is_open_to_all(r.round_id) AND r.state NOT IN ('settled', 'archived')
  AND NOT EXISTS (SELECT 1 FROM merchants m WHERE m.merchant_no = i.merchant_no)
  AND NOT EXISTS (SELECT 1 FROM merchants m WHERE m.platform_no = i.platform_no
      AND m.platform_no <> '')
  AND NOT EXISTS (SELECT 1 FROM merchant_pasts p WHERE p.platform_no = i.platform_no
      AND p.platform_no <> '')
ORDER BY 1
"""

# The very row may stand in the store already; a fact that is judged again has passed its ladder.
JUDGE = f"""
CREATE TEMP TABLE judged AS
SELECT place, batch_id, line, transaction_no, kind, claim_no, paid_at, day, base_fen,
    merchant_discount_fen, refund_of, claim_id * 1024 + coupon_no AS voucher,
    CASE kind WHEN 'pay' THEN coalesce(stated_fen, lawful_fen) ELSE stated_fen END AS subsidy_fen,
    min(base_fen, full_base_fen) AS least_base_fen,
    claim_id, coupon_no, resident, expires_at, round_id, merchant_id, merchant_no, segment_id,
    stands, is_judged_again AND NOT stands AS was_accepted,
    used_channel(round_id, coupon_no, channel) AS channel,
    CASE WHEN kind = 'pay' AND details IS NOT NULL THEN kept_details(round_id, details) END
        AS details,
    0 AS before_fen, coalesce(stated_fen, lawful_fen) AS after_fen, 0 AS stays, 1 AS vouchers,
    1 AS spent, NULL AS floor_fen, NULL AS warning, NULL AS returns_fen, NULL AS met,
    0 AS is_contested,
    CASE
    WHEN is_standing OR was_reversed THEN 'duplicate'
    WHEN round_id IS NOT NULL AND is_judged_again THEN NULL
    ELSE {law.PAYMENTS.sql()}
    END AS reason
FROM (
    SELECT i.place, i.batch_id, i.line, i.transaction_no, i.kind, i.claim_no, i.paid_at, i.day,
        i.base_fen, i.merchant_discount_fen, i.refund_of, i.coupon_no, i.channel, i.details,
        i.subsidy_fen AS stated_fen,
        lawful_subsidy(r.round_id, i.base_fen, k.coupon_no, k.denomination_fen, k.percent_bp,
            i.details) AS lawful_fen,
        k.coupon_no AS known_coupon_no, k.threshold_fen, k.most_base_fen, k.full_base_fen,
        c.claim_id, c.resident, c.claimed_at, {prolongations.ENDS_AT_FOR_ROW} AS expires_at,
        r.round_id,
        m.merchant_id, m.merchant_no,
        coalesce(i.segment_id, v.segment_id, m.segment_id) AS segment_id,
        usable_at(r.round_id, c.claimed_at) AS usable_at,
        i.segment_id IS NOT NULL AS is_judged_again, i.stands, :latest_at AS latest_at,
        r.state IN ('settled', 'archived') AS is_settled,
        EXISTS (
            SELECT 1 FROM suspensions s
            WHERE s.merchant_id = m.merchant_id AND i.paid_at >= s.from_at
                AND i.paid_at < ifnull(s.until_at, i.paid_at + 1)
        ) AS is_suspended,
        is_in_scope(r.round_id, i.coupon_no, i.channel, i.paid_at, m.merchant_no, g.district,
            g.industry, g.size, m.is_registered) AS is_in_scope,
        CASE WHEN i.details IS NULL THEN '' ELSE broken_detail(r.round_id, i.coupon_no,
            i.details) END
            AS broken_detail,
        f.merchant_id = m.merchant_id AND f.paid_at = i.paid_at
            AND abs(f.base_fen) = i.base_fen
            AND abs(f.merchant_discount_fen) = i.merchant_discount_fen
            AND CASE i.kind WHEN 'pay' THEN s.after_fen = ifnull(i.subsidy_fen, s.after_fen)
                ELSE p.transaction_no = i.refund_of END AS is_standing,
        -- it stood, was wrong and was reversed: only a correction brings it back, whatever has
        -- become of its claim
        EXISTS (
            SELECT 1 FROM reversed_redemptions v JOIN proposals z ON z.proposal_id = v.correction_id
            WHERE v.transaction_no = i.transaction_no AND (v.refund_of IS NULL) = (i.kind = 'pay')
                AND json_extract(z.before, '$.claim_no') = i.claim_no
                AND v.voucher % 1024 = i.coupon_no AND v.merchant_id = m.merchant_id
                AND v.paid_at = i.paid_at AND abs(v.base_fen) = i.base_fen
                AND abs(v.merchant_discount_fen) = i.merchant_discount_fen
                AND i.segment_id IS NULL
                AND i.batch_id NOT IN (SELECT batch_id FROM correction_batches)
        ) AS was_reversed
    FROM incoming_redemptions i
    LEFT JOIN claims c ON c.claim_no = i.claim_no
    LEFT JOIN rounds r ON r.round_id = c.round_id AND r.programme_id = :programme_id
    LEFT JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = i.coupon_no
    LEFT JOIN merchants m ON m.merchant_id = coalesce(
        (SELECT merchant_id FROM merchants x WHERE x.merchant_no = i.merchant_no
            AND i.merchant_no <> ''),
        (SELECT min(p.merchant_id) FROM merchant_pasts p WHERE p.platform_no = i.platform_no
            AND p.platform_no <> '' AND p.until_at = (SELECT min(until_at) FROM merchant_pasts q
                WHERE q.merchant_id = p.merchant_id AND q.until_at > i.paid_at)),
        (SELECT min(merchant_id) FROM merchants x WHERE x.platform_no = i.platform_no
            AND x.platform_no <> '' AND NOT EXISTS (SELECT 1 FROM merchant_pasts p
                WHERE p.merchant_id = x.merchant_id AND p.until_at > i.paid_at
                    AND p.platform_no <> x.platform_no))
    )
    LEFT JOIN merchant_pasts v ON v.merchant_id = m.merchant_id AND v.until_at = (
        SELECT min(until_at) FROM merchant_pasts p WHERE p.merchant_id = m.merchant_id
            AND p.until_at > i.paid_at)
    LEFT JOIN segments g ON g.segment_id = coalesce(v.segment_id, m.segment_id)
    LEFT JOIN redemptions f ON f.voucher = c.claim_id * 1024 + i.coupon_no
        AND f.transaction_no = i.transaction_no
        AND (f.refund_of IS NULL) = (i.kind = 'pay')
    LEFT JOIN splits s ON s.split_id = f.split_id
    LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
    WHERE i.reason IS NULL
)
"""
INDEX_JUDGED = "CREATE UNIQUE INDEX temp.judged_by_place ON judged (place)"

# A payment that shares its voucher or its number, in the file or in the store, and every refund.
CONTEST_SHARED = """
UPDATE judged AS j SET is_contested = 1
WHERE reason IS NULL AND (
    kind = 'refund'
    OR voucher IN (SELECT voucher FROM judged WHERE reason IS NULL
        GROUP BY voucher HAVING count(*) > 1)
    OR transaction_no IN (SELECT transaction_no FROM judged WHERE reason IS NULL GROUP BY kind,
        transaction_no HAVING count(*) > 1)
    OR EXISTS (SELECT 1 FROM redemptions f WHERE f.voucher = j.voucher)
    OR EXISTS (SELECT 1 FROM standing_numbers n WHERE n.transaction_no = j.transaction_no
        AND n.kind = j.kind)
)
"""

# Visits (resident, merchant, day) on which more vouchers come together than the programme allows.
CONTEST_VISITS = """
UPDATE judged SET is_contested = 1
WHERE reason IS NULL AND kind = 'pay' AND (resident, merchant_id, day) IN (
    SELECT resident, merchant_id, day FROM (
        SELECT resident, merchant_id, day, voucher FROM judged WHERE reason IS NULL
            AND kind = 'pay'
        UNION
        SELECT j.resident, j.merchant_id, j.day, f.voucher
        FROM (SELECT DISTINCT resident, merchant_id, day FROM judged WHERE reason IS NULL
            AND kind = 'pay') AS j
        CROSS JOIN claims c ON c.resident = j.resident
        CROSS JOIN redemptions f INDEXED BY redemptions_by_voucher
            ON f.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023
            AND f.merchant_id = j.merchant_id AND f.day = j.day AND f.refund_of IS NULL
        WHERE counts(c.round_id, f.day)
    )
    GROUP BY resident, merchant_id, day HAVING count(*) > visit_limit(day)
)
"""

CONTESTED = """
SELECT place, transaction_no, kind, claim_no, claim_id, coupon_no, resident, merchant_id,
    merchant_no, paid_at, day, base_fen,
    merchant_discount_fen, subsidy_fen, least_base_fen, refund_of, expires_at, stands, batch_id,
    round_id, ifnull(details, ''), was_accepted
FROM judged WHERE is_contested
"""
STANDING_PAYMENTS = """
SELECT f.redemption_id, f.claim_id, f.coupon_no, EXISTS (SELECT 1 FROM rounds r
        CROSS JOIN last_seals x ON x.programme_id = r.programme_id
        WHERE r.round_id = f.round_id AND f.redemption_id <= x.last_redemption_id
            AND f.day <= x.day),
    f.transaction_no, f.merchant_id, f.paid_at, f.base_fen, f.subsidy_fen, f.floor_fen,
    ifnull((SELECT d.details FROM redemption_details d WHERE d.redemption_id = f.redemption_id), '')
FROM redemption_facts f
WHERE f.kind = 'pay' AND f.voucher IN (SELECT voucher FROM judged WHERE is_contested)
ORDER BY f.paid_at, f.redemption_id
"""
STANDING_REFUNDS = """
SELECT f.refund_of, f.paid_at, f.base_fen, f.subsidy_fen, f.spent
FROM redemption_facts f
WHERE f.kind = 'refund' AND f.voucher IN (SELECT voucher FROM judged WHERE is_contested)
ORDER BY f.paid_at, f.redemption_id
"""
STANDING_NUMBERS = """
SELECT DISTINCT n.transaction_no, n.kind
FROM judged j JOIN standing_numbers n ON n.transaction_no = j.transaction_no AND n.kind = j.kind
    WHERE j.is_contested
UNION
SELECT f.transaction_no, f.kind
FROM redemption_facts f WHERE f.voucher IN (SELECT voucher FROM judged WHERE is_contested)
"""
STANDING_VISITS = """
SELECT DISTINCT j.resident, j.merchant_id, j.day, f.claim_id, f.coupon_no
FROM judged j CROSS JOIN claims c ON c.resident = j.resident
CROSS JOIN redemptions f INDEXED BY redemptions_by_voucher
    ON f.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023
    AND f.merchant_id = j.merchant_id AND f.day = j.day AND f.refund_of IS NULL
WHERE j.is_contested AND counts(c.round_id, f.day)
"""
RULE = """
UPDATE judged SET reason = ?, before_fen = ?, after_fen = ?, stays = ?, vouchers = ?, spent = ?,
    floor_fen = ?, warning = ?, returns_fen = ?, met = ?
WHERE place = ?
"""

# A judgement is taken back, but for the rows that nobody can pay.
TAKE_BACK = """
UPDATE incoming_redemptions SET reason = NULL, detail = '{}'
WHERE reason <> 'funds_released' AND place IN (SELECT place FROM judged)
"""
TAKE_WARNINGS_BACK = """
DELETE FROM incoming_warnings
WHERE (place, reason) IN (SELECT place, warning FROM judged WHERE warning IS NOT NULL)
"""
JUDGED_ONE = "SELECT reason, detail FROM incoming_redemptions"
TAKE_REASONS = """
UPDATE incoming_redemptions AS i SET reason = j.reason FROM judged j WHERE j.place = i.place
    AND j.reason IS NOT NULL
"""
TAKE_WARNINGS = """
INSERT INTO incoming_warnings (place, reason, detail)
SELECT place, warning, json_object('refund_of', refund_of, 'base_fen', base_fen, 'subsidy_fen',
    before_fen - after_fen)
FROM judged WHERE warning IS NOT NULL AND reason IS NULL
"""
# The values that the explanation of a reject is made of (json_patch drops those that are not
# known).
EXPLAIN = f"""
UPDATE incoming_redemptions AS i SET detail = (
    SELECT json_patch(ifnull((SELECT use_said(j.met, j.paid_at) FROM judged j
        WHERE j.place = i.place AND j.met IS NOT NULL), '{{}}'), json_object(
        'transaction_no', nullif(i.transaction_no, ''), 'claim_no', i.claim_no, 'coupon_no',
            i.coupon_no,
        'merchant_no', CASE WHEN i.merchant_no <> '' THEN i.merchant_no ELSE i.platform_no END,
        'latest_at', CASE i.reason WHEN 'in_future' THEN :latest_at END,
        'paid_at', i.paid_at, 'base_fen', i.base_fen, 'subsidy_fen', i.subsidy_fen, 'refund_of',
            nullif(i.refund_of, ''),
        'claimed_at', c.claimed_at, 'usable_at', CASE i.reason WHEN 'not_yet_valid'
            THEN nullif(usable_at(r.round_id, c.claimed_at), c.claimed_at) END,
        'expires_at', {prolongations.ENDS_AT_FOR_ROW}, 'threshold_fen', k.threshold_fen,
            'most_base_fen', k.most_base_fen, 'limit', visit_limit(i.day),
        'expected_fen', CASE WHEN i.kind = 'pay' THEN lawful_subsidy(r.round_id, i.base_fen,
            k.coupon_no, k.denomination_fen, k.percent_bp, i.details) END,
        'missing_fen', json_extract(i.detail, '$.missing_fen'),
        'returns_fen', (SELECT j.returns_fen FROM judged j WHERE j.place = i.place),
        'paid_fen', p.base_fen,
        'left_fen', p.base_fen + (SELECT ifnull(sum(base_fen), 0) FROM redemptions b
            WHERE b.refund_of = p.redemption_id AND b.voucher = p.voucher)))
    FROM (SELECT 1)
    LEFT JOIN claims c ON c.claim_no = i.claim_no
    LEFT JOIN rounds r ON r.round_id = c.round_id
    LEFT JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = i.coupon_no
    LEFT JOIN redemptions p ON p.voucher = c.claim_id * 1024 + i.coupon_no
        AND p.transaction_no = i.refund_of
        AND p.refund_of IS NULL AND i.reason <> 'in_future'
)
WHERE reason IS NOT NULL AND reason <> 'duplicate' AND transaction_no IS NOT NULL
"""
# That the claim came and was refused; the last time, if it came more than once.
REFUSED_CLAIM = """
SELECT json_object('refused_for', j.reason, 'refused_batch', j.batch_id, 'refused_line', j.line)
FROM rejects j INDEXED BY refused_claims CROSS JOIN batches b USING (batch_id)
WHERE j.reason <> 'unknown_claim' AND json_extract(j.detail, '$.round') IS NOT NULL
    AND b.kind = 'claims' AND b.programme_id = ?1 AND b.state <> 'undone'
    AND json_extract(j.detail, '$.claim_no') = ?2
ORDER BY j.batch_id DESC, j.line DESC LIMIT 1
"""
# `+`: a column's affinity would keep SQLite from the index, and every reject be read for each row.
NAME_REFUSED_CLAIM = f"""
UPDATE incoming_redemptions AS i SET detail = json_patch(detail,
    ifnull(({REFUSED_CLAIM.replace("?2", "+i.claim_no")}), '{{}}'))
WHERE reason = 'unknown_claim'
"""
# Which condition of the scope it breaks, and with what value.
EXPLAIN_SCOPE = """
UPDATE incoming_redemptions AS i SET detail = json_patch(detail, ifnull((
    SELECT broken_scope(j.round_id, j.coupon_no, i.channel, i.paid_at, m.merchant_no, g.district,
        g.industry, g.size, m.is_registered)
    FROM judged j JOIN merchants m ON m.merchant_id = j.merchant_id
        JOIN segments g ON g.segment_id = j.segment_id WHERE j.place = i.place
), '{}'))
WHERE reason = 'out_of_scope'
"""
# Which condition what it says of its goods breaks, and with what value.
EXPLAIN_DETAILS = """
UPDATE incoming_redemptions AS i SET detail = json_patch(detail, ifnull((
    SELECT explained_detail(j.round_id, j.coupon_no, i.details) FROM judged j
    WHERE j.place = i.place
), '{}'))
WHERE details IS NOT NULL AND reason IN ('other_goods', 'other_grade', 'too_many_units',
    'delivered_elsewhere', 'not_beside')
"""
# Which piece, or which class of goods, has no room; and the payment that used the piece.
EXPLAIN_GOODS = """
UPDATE incoming_redemptions AS i SET detail = json_patch(detail, (
    SELECT json_patch(goods_said(i.reason, j.round_id, j.details), json_object('holder_no', (
        SELECT f.transaction_no FROM redemption_details d JOIN redemptions f USING (redemption_id)
        WHERE json_extract(d.details, '$.serial') = json_extract(j.details, '$.serial')
            AND i.reason = 'serial_used'
        ORDER BY f.paid_at DESC, f.redemption_id LIMIT 1)))
    FROM judged j WHERE j.place = i.place
))
WHERE reason IN ('serial_used', 'class_used')
"""
NAME_HOLDER = """
UPDATE incoming_redemptions AS i SET detail = json_set(detail, '$.transaction_no', (
    SELECT f.transaction_no FROM claims c
    JOIN redemptions f ON f.voucher = c.claim_id * 1024 + i.coupon_no
        AND f.refund_of IS NULL
    WHERE c.claim_no = i.claim_no ORDER BY f.paid_at DESC LIMIT 1
))
WHERE reason IN ('already_redeemed', 'displaces_sealed')
"""


def unregistered(db: sqlite3.Connection, programme_id: int) -> list[str]:
    """The merchant numbers to be added because a voucher's scope takes any merchant."""
    return typed.column(db, UNREGISTERED, {"programme_id": programme_id})


def judge(
    db: sqlite3.Connection,
    programme_id: int,
    policy: RefundPolicy,
    limits: UseLimits,
    latest_at: int | None = None,
) -> None:
    """Give every incoming row its reason ('duplicate', a reject code, NULL for the fit), and the
    fit their ruling. No row may be later than `latest_at` (None: whenever it is).

    The law's functions of one row (`lawful_subsidy`, `is_in_scope`, `broken_scope`, `used_channel`,
    `kept_details`, `broken_detail`, `explained_detail`)
    and of a day (`visit_limit`, `counts`) are registered by the caller, who also says what numbers
    stand (`store.transaction_numbers`).
    """
    sql_functions.register(db, use_said=limits.said, goods_said=limits.goods_said)
    db.execute("DROP TABLE IF EXISTS temp.judged")
    db.execute(JUDGE, {"programme_id": programme_id, "latest_at": latest_at})
    db.execute(INDEX_JUDGED)
    db.execute(CONTEST_SHARED)
    if limits.visits.is_set:
        db.execute(CONTEST_VISITS)
    uses = use_limits.contest(db, limits)
    standing = _standing(db, policy, limits.visits)
    standing.uses = uses
    rulings = vouchers.judge(standing, typed.rows(db, Transaction, CONTESTED))
    db.executemany(RULE, [(*ruling, place) for place, ruling in rulings.items()])
    db.execute(TAKE_REASONS)
    db.execute(TAKE_WARNINGS)
    db.execute(EXPLAIN, {"latest_at": latest_at})
    db.execute(NAME_REFUSED_CLAIM, (programme_id,))
    db.execute(EXPLAIN_SCOPE)
    db.execute(EXPLAIN_DETAILS)
    db.execute(EXPLAIN_GOODS)
    db.execute(NAME_HOLDER)


def judge_again(
    db: sqlite3.Connection,
    programme_id: int,
    policy: RefundPolicy,
    limits: UseLimits,
    latest_at: int | None,
) -> None:
    """Judge all rows once more, without those that are held because their money is gone: what gave
    way to one of them stands.
    """
    db.execute(TAKE_BACK)
    db.execute(TAKE_WARNINGS_BACK)
    judge(db, programme_id, policy, limits, latest_at)


def try_one(
    db: sqlite3.Connection,
    programme_id: int,
    policy: RefundPolicy,
    limits: UseLimits,
    typed: tuple[Any, ...],
) -> tuple[str | None, str]:
    """The (reason, detail) that one payment would get; it waits and is judged like a file of one
    row, then is forgotten.
    """
    incoming.expect(db, "redemptions", CREATE_INCOMING)
    incoming.put(db, ADD_INCOMING, [(1, 0, 1, "[]", None, "{}", *typed)])
    transaction_numbers.expect_none(db)
    judge(db, programme_id, policy, limits)
    reason, detail = db.execute(JUDGED_ONE).fetchone()
    return reason, detail


def _standing(db: sqlite3.Connection, policy: RefundPolicy, visits: Timeline) -> StandingFacts:
    """What stands on the vouchers, numbers and visits of the contested rows."""
    standing = StandingFacts(policy, visits)
    by_id: dict[int, Payment] = {}
    for (
        redemption_id,
        *voucher,
        is_sealed,
        number,
        merchant_id,
        paid_at,
        base,
        subsidy,
        least,
        kept,
    ) in db.execute(STANDING_PAYMENTS):
        payment = Payment(number, merchant_id, paid_at, base, subsidy, least, base, subsidy)
        payment.is_sealed, payment.details = bool(is_sealed), kept
        by_id[redemption_id] = payment
        standing.payments[tuple(voucher)].append(payment)
    for refund_of, paid_at, base, subsidy, spent in db.execute(STANDING_REFUNDS):
        payment = by_id[refund_of]
        payment.left_fen += base
        payment.kept_fen += subsidy
        payment.is_undone = payment.left_fen == 0
        if spent == -1:
            payment.freed_at = paid_at
    standing.numbers.update(typed.tuples(db, STANDING_NUMBERS))
    if visits.is_set:
        for *visit, claim_id, coupon_no in db.execute(STANDING_VISITS):
            standing.visits[tuple(visit)].add((claim_id, coupon_no))
    return standing
