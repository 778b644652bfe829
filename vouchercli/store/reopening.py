"""Facts moved back among the incoming rows, to be judged again together with rows that may take
their place.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import money
from vouchercli.store import redemptions, sealed_facts, sql_functions, transaction_numbers, typed

if TYPE_CHECKING:
    import sqlite3

NUMBERS = "SELECT DISTINCT transaction_no FROM incoming_redemptions WHERE reason IS NULL"
# What the facts that leave had of vouchers which have given up their money. What refunds of files
# under way gave back is still there (`take_backs.UNDER_WAY`).
FREE = """
INSERT INTO freed
SELECT c.round_id, p.funder_id, CAST(sum(p.amount_fen) AS BIGINT) AS fen
FROM leaving JOIN redemptions f USING (redemption_id) JOIN claims c USING (claim_id)
JOIN releases x ON x.round_id = c.round_id AND c.expires_at <= x.expired_by
JOIN split_parts p ON p.split_id = f.split_id
WHERE f.refund_of IS NULL OR (SELECT b.state FROM redemption_runs n JOIN batches b USING (batch_id)
    WHERE n.first_id <= f.redemption_id ORDER BY n.first_id DESC LIMIT 1) <> 'importing'
GROUP BY c.round_id, p.funder_id
"""
# facts that leave in turns, and reversals, each leave some
FREED = "SELECT round_id, funder_id, CAST(sum(fen) AS BIGINT) FROM freed GROUP BY 1, 2"
# What hangs together with a staged row: facts on its voucher, of its visit, with its number.
SAME_VOUCHER = """
INSERT OR IGNORE INTO leaving
SELECT f.redemption_id FROM incoming_redemptions i CROSS JOIN claims c ON c.claim_no = i.claim_no
CROSS JOIN redemptions f ON f.voucher = c.claim_id * 1024 + i.coupon_no
WHERE i.reason IS NULL
"""
SAME_VISIT = """
INSERT OR IGNORE INTO leaving
SELECT f.redemption_id FROM incoming_redemptions i CROSS JOIN claims c ON c.claim_no = i.claim_no
CROSS JOIN claims o ON o.resident = c.resident
CROSS JOIN redemptions f INDEXED BY redemptions_by_voucher
    ON f.voucher BETWEEN o.claim_id * 1024 AND o.claim_id * 1024 + 1023
    AND f.day = i.day AND f.refund_of IS NULL
CROSS JOIN merchants m ON m.merchant_id = f.merchant_id AND (m.merchant_no = i.merchant_no
    OR m.platform_no = nullif(i.platform_no, ''))
WHERE i.reason IS NULL AND i.kind = 'pay'
"""
# All that a resident pays counts under a limit of use.
SAME_RESIDENT = """
INSERT OR IGNORE INTO leaving
SELECT f.redemption_id
FROM (SELECT DISTINCT c.resident FROM incoming_redemptions i CROSS JOIN claims c
    ON c.claim_no = i.claim_no WHERE i.reason IS NULL AND i.kind = 'pay') w
CROSS JOIN claims o ON o.resident = w.resident
CROSS JOIN redemptions f INDEXED BY redemptions_by_voucher
    ON f.voucher BETWEEN o.claim_id * 1024 AND o.claim_id * 1024 + 1023 AND f.refund_of IS NULL
"""
# A piece is used once: who had it leads to others.
SAME_SERIAL = """
INSERT OR IGNORE INTO leaving
SELECT d.redemption_id
FROM (SELECT DISTINCT json_extract(details, '$.serial') AS serial FROM incoming_redemptions
    WHERE reason IS NULL AND kind = 'pay') i
CROSS JOIN redemption_details d ON json_extract(d.details, '$.serial') = i.serial
"""
SAME_NUMBER = """
INSERT OR IGNORE INTO leaving
SELECT n.redemption_id FROM standing_numbers n JOIN redemptions f
    ON f.redemption_id = n.redemption_id
WHERE (n.transaction_no, n.kind) IN (SELECT transaction_no, kind FROM incoming_redemptions
    WHERE reason IS NULL)
"""
# Numbers that stand twice; refunds that were judged after a row of a later time on their voucher (a
# second row has only its payment before it, which is never later).
REUSED = "INSERT OR IGNORE INTO leaving SELECT redemption_id FROM standing_numbers"
OVERTAKEN = """
INSERT OR IGNORE INTO leaving
SELECT r.redemption_id FROM redemption_facts r
WHERE r.refund_of IS NOT NULL AND r.use_no > 2 AND ifnull(r.batch_id = ?, 1) AND EXISTS (
    SELECT 1 FROM redemptions o
    WHERE o.voucher = r.voucher AND o.use_no < r.use_no
      AND (o.paid_at, o.refund_of IS NOT NULL, o.transaction_no) > (r.paid_at, 1, r.transaction_no)
)
"""
# What other batches brought stays where it is, but for refunds of payments that may leave, and of
# payments of which a refund may: a file that came between the chunks of another can rest on what
# was not judged to the end, and which refund undoes a payment shows only beside all of them.
OF_OTHERS = """
DELETE FROM leaving WHERE redemption_id IN (
    SELECT f.redemption_id FROM leaving CROSS JOIN redemption_facts f USING (redemption_id)
    CROSS JOIN claims c ON c.claim_id = f.claim_id
    CROSS JOIN rounds r ON r.round_id = c.round_id
    WHERE r.programme_id <> :programme_id
        OR (f.batch_id <> ifnull(:only, f.batch_id) AND NOT EXISTS (SELECT 1 FROM redemption_facts p
            WHERE p.batch_id = :only AND (p.redemption_id = f.refund_of OR (
                p.refund_of = f.refund_of AND p.redemption_id IN (SELECT redemption_id
                    FROM leaving)))))
)
"""
# A voucher's rows are judged together or not at all.
COMPANIONS = """
INSERT OR IGNORE INTO leaving
SELECT o.redemption_id FROM leaving CROSS JOIN redemptions f USING (redemption_id)
CROSS JOIN redemptions o ON o.voucher = f.voucher
"""
# What hangs together with facts that leave already, by their pieces and their residents.
SERIALS_OF_LEAVING = """
INSERT OR IGNORE INTO leaving
SELECT d.redemption_id
FROM (SELECT DISTINCT json_extract(k.details, '$.serial') AS serial FROM leaving
    CROSS JOIN redemption_details k USING (redemption_id)) i
CROSS JOIN redemption_details d ON json_extract(d.details, '$.serial') = i.serial
"""
RESIDENTS_OF_LEAVING = """
INSERT OR IGNORE INTO leaving
SELECT f.redemption_id
FROM (SELECT DISTINCT c.resident FROM leaving CROSS JOIN redemptions x USING (redemption_id)
    CROSS JOIN claims c ON c.claim_id = x.claim_id) w
CROSS JOIN claims o ON o.resident = w.resident
CROSS JOIN redemptions f INDEXED BY redemptions_by_voucher
    ON f.voucher BETWEEN o.claim_id * 1024 AND o.claim_id * 1024 + 1023 AND f.refund_of IS NULL
"""
SO_MANY = "SELECT count(*) FROM leaving"
# A fact by our own fields; f: it, with the subsidy that its file would say (`stated_fen`).
AS_FIELDS = """
    json_patch(json_object('transaction_no', f.transaction_no, 'kind', f.kind,
        'claim_no', c.claim_no, 'coupon_no', CAST(f.coupon_no AS TEXT),
        'merchant_no', m.merchant_no, 'platform_no', m.platform_no,
        'paid_at', strftime('%Y-%m-%dT%H:%M:%SZ', f.paid_at, 'unixepoch'),
        'order_amount', yuan(abs(f.base_fen + f.merchant_discount_fen)),
        'merchant_discount', yuan(abs(f.merchant_discount_fen)), 'subsidy', yuan(f.stated_fen),
        'refund_of', ifnull(p.transaction_no, ''), 'channel', f.channel),
        ifnull((SELECT d.details FROM redemption_details d
            WHERE d.redemption_id = f.redemption_id), '{}'))
"""
# What a file with subsidies said of one is what the row changed: it was accepted. A payment that
# another file's refund rests on stands like this one.
STAGE = f"""
INSERT INTO incoming_redemptions (place, batch_id, line, cells, transaction_no, kind, claim_no,
    coupon_no, merchant_no, platform_no,
    paid_at, day, base_fen, merchant_discount_fen, subsidy_fen, refund_of, channel, details,
    segment_id, stands)
SELECT (SELECT ifnull(max(place), 0)
    FROM incoming_redemptions) + row_number() OVER (ORDER BY f.batch_id, f.line), f.batch_id,
    f.line,
    {AS_FIELDS},
    f.transaction_no, f.kind, c.claim_no, f.coupon_no, m.merchant_no, '', f.paid_at, f.day,
        abs(f.base_fen), abs(f.merchant_discount_fen),
    CASE WHEN :says_subsidy OR f.stands THEN f.stated_fen END, ifnull(p.transaction_no, ''),
    f.channel,
    (SELECT d.details FROM redemption_details d WHERE d.redemption_id = f.redemption_id),
    f.segment_id, f.stands
FROM (
    SELECT x.*, CASE WHEN x.stays THEN 0 ELSE abs(x.subsidy_fen) END AS stated_fen,
        :only IS NULL OR x.batch_id <> :only OR EXISTS (SELECT 1 FROM redemption_facts b
            WHERE b.refund_of = x.redemption_id AND b.batch_id <> :only) AS stands
    FROM leaving CROSS JOIN redemption_facts x USING (redemption_id)
) f
JOIN claims c ON c.claim_id = f.claim_id
JOIN merchants m ON m.merchant_id = f.merchant_id
LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
"""
FORGET_WARNINGS = """
DELETE FROM warnings WHERE (batch_id, line) IN (SELECT f.batch_id, f.line FROM leaving
    CROSS JOIN redemption_facts f USING (redemption_id))
"""


# What stood and gave way, with the row that took its voucher or its number. A payment loses what
# its refunds, which stood as well, had left of its subsidy.
GAVE_WAY = """
SELECT j.batch_id, j.line, j.transaction_no, j.kind, j.reason, j.merchant_no,
    ifnull(t.merchant_no, ''),
    CASE j.kind WHEN 'pay' THEN j.subsidy_fen - (SELECT ifnull(sum(r.subsidy_fen), 0) FROM judged r
        WHERE r.kind = 'refund' AND r.stands AND r.claim_id = j.claim_id
            AND r.coupon_no = j.coupon_no AND r.refund_of = j.transaction_no) ELSE 0 END,
    t.batch_id, t.line
FROM judged j LEFT JOIN judged t ON t.place = (
    SELECT x.place FROM judged x
    WHERE x.reason IS NULL AND NOT x.stands AND x.kind = j.kind AND x.paid_at <= j.paid_at
        AND ((x.claim_id = j.claim_id AND x.coupon_no = j.coupon_no)
            OR x.transaction_no = j.transaction_no)
    ORDER BY x.paid_at DESC, x.place LIMIT 1)
WHERE j.stands AND j.reason IS NOT NULL ORDER BY j.paid_at, j.place
"""


class Moved(NamedTuple):
    """A fact that stood and gave way: a payment or refund (`what` its number) or a claim (`what`
    its claim number). `holder` had it, `to` has it now ('': nobody): merchants, or residents'
    tokens. `amount_fen`: what a payment's merchant still had of its subsidy, net of refunds.
    `by_batch` and `by_line`: the row that took its place, if one did.
    """

    batch: int
    line: int
    what: str
    kind: str
    reason: str
    holder: str
    to: str
    amount_fen: int
    by_batch: int | None
    by_line: int | None

    @property
    def moves_money(self) -> bool:
        """Whether a merchant loses what it was paid."""
        return self.kind == "pay" and self.amount_fen > 0 and self.holder != self.to


def moved(db: sqlite3.Connection) -> list[Moved]:
    """The payments and refunds that stood and gave way to the rows just judged."""
    return typed.rows(db, Moved, GAVE_WAY)


def reopen(
    db: sqlite3.Connection,
    programme_id: int,
    only: int | None,
    *,
    has_visits: bool,
    has_uses: bool,
    has_serials: bool,
    says_subsidy: bool,
) -> None:
    """Move the facts that hang together with the staged rows back among them: of the batch `only`,
    whose rows come together, with what others refunded of them meanwhile; else of every batch of
    the programme. Those of other batches stand, and are judged again only with rows of their
    voucher or number. Also refunds that were judged too late, and with `only` its facts whose
    number stands twice. `says_subsidy`: the file of the batch has subsidies.
    """
    redemptions.expect_leaving(db)
    if only is not None and transaction_numbers.find_reused(db, only):
        db.execute(REUSED)
    db.execute(OVERTAKEN, (only,))
    find_numbers(db)
    together = [SAME_VOUCHER, SAME_NUMBER]
    if only is not None:
        together += [SAME_VISIT] * has_visits + [SAME_RESIDENT] * has_uses
        together += [SAME_SERIAL] * has_serials
    for statement in together:
        db.execute(statement)
    _let_companions_leave(db, programme_id, only)
    while only is not None and has_serials:
        before = typed.number(db, SO_MANY)
        for statement in [SERIALS_OF_LEAVING] + [RESIDENTS_OF_LEAVING] * has_uses:
            db.execute(statement)
        _let_companions_leave(db, programme_id, only)
        if typed.number(db, SO_MANY) <= before:
            break
    sealed_facts.let_sealed_stay(db)
    note_freed(db)
    move_leaving(db, only, says_subsidy=says_subsidy)


def _let_companions_leave(db: sqlite3.Connection, programme_id: int, only: int | None) -> None:
    asked = {"programme_id": programme_id, "only": only}
    for _ in range(2):  # companions of the batch's own; then again without those of others
        db.execute(OF_OTHERS, asked)
        db.execute(COMPANIONS)
    db.execute(OF_OTHERS, asked)


def note_freed(db: sqlite3.Connection) -> None:
    """Keep what the facts of temp.leaving had on vouchers which have given up their money."""
    db.execute(FREE)


def freed(db: sqlite3.Connection) -> Counter[tuple[int, int]]:
    """(round_id, funder_id) -> fen that the facts moved back had on vouchers which have given up
    their money: their rounds hold it still.
    """
    return Counter({(row[0], row[1]): row[2] for row in db.execute(FREED)})


def move_leaving(
    db: sqlite3.Connection, only: int | None = None, *, says_subsidy: bool = True
) -> None:
    """Move the facts of temp.leaving among the incoming rows, and what they made out of the
    totals. All stand, but those of the batch `only` on which nobody rests.
    """
    sql_functions.register(db, yuan=money.yuan)
    db.execute(STAGE, {"only": only, "says_subsidy": says_subsidy})
    db.execute(FORGET_WARNINGS)
    redemptions.take_out(db)


def find_numbers(db: sqlite3.Connection) -> None:
    """Fill temp.standing_numbers with the facts that may hold a number of the staged rows."""
    transaction_numbers.find_standing(db, [row[0] for row in db.execute(NUMBERS)])
