"""Claims moved back among the incoming rows, to be judged again together with rows that may take
their place.

An earlier claim may take a number, a resident's place or, in a round that is full, the pack of the
last to come. What was redeemed on a claim that gives way leaves with it: its redemptions become
rejects of their own batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import (
    batches,
    claims,
    conditions,
    duplicates,
    fact_digests,
    judging,
    redemptions,
    reopening,
    sealed_facts,
    typed,
)

if TYPE_CHECKING:
    import sqlite3

# What hangs together with a staged row: the claim of its number, the claims of its resident in its
# round (in every round, where limits of the week or the programme count), and of all who are one
# person with its resident.
SAME_NUMBER = """
INSERT OR IGNORE INTO leaving_claims
SELECT c.claim_id FROM incoming_claims i CROSS JOIN claims c ON c.claim_no = i.claim_no
    WHERE i.reason IS NULL
"""
SAME_RESIDENT = """
INSERT OR IGNORE INTO leaving_claims
SELECT c.claim_id FROM incoming_claims i CROSS JOIN rounds r ON r.programme_id = ?
    AND r.round = i.round
CROSS JOIN claims c ON c.resident = i.resident AND c.round_id = r.round_id
WHERE i.reason IS NULL
"""
SAME_RESIDENT_ANYWHERE = """
INSERT OR IGNORE INTO leaving_claims
SELECT c.claim_id FROM incoming_claims i CROSS JOIN claims c ON c.resident = i.resident
    WHERE i.reason IS NULL
"""
ARE_JOINED = "SELECT EXISTS (SELECT 1 FROM persons)"
SAME_PERSON = """
INSERT OR IGNORE INTO leaving_claims
SELECT c.claim_id FROM incoming_claims i CROSS JOIN rounds r ON r.programme_id = :programme_id
    AND (:is_beyond OR r.round = i.round)
CROSS JOIN persons p ON p.round_id = r.round_id AND p.resident = i.resident
CROSS JOIN persons q ON q.round_id = p.round_id AND q.person = p.person
CROSS JOIN claims c ON c.resident = q.resident
WHERE i.reason IS NULL AND (:is_beyond OR c.round_id = r.round_id)
"""
# What was granted here is never taken back: residents were told of it. And a file whose chunks are
# judged once more at its end leaves what was paid with meanwhile: that gives way in a retry only,
# which asks before a merchant loses money.
IS_PAID_WITH = """EXISTS (SELECT 1 FROM redemptions f
    WHERE f.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023)"""
OF_OTHERS = f"""
DELETE FROM leaving_claims WHERE claim_id IN (
    SELECT c.claim_id FROM leaving_claims JOIN claims c USING (claim_id)
        JOIN rounds r USING (round_id)
    WHERE r.programme_id <> :programme_id OR c.batch_id <> ifnull(:only, c.batch_id)
        OR c.batch_id IN (SELECT batch_id FROM batches WHERE kind = 'allocation')
        OR (:only IS NOT NULL AND {IS_PAID_WITH})
)
"""
# Rounds that have not room for all: as many of their last claims give room as rows came that are
# earlier than the last one.
CROWDED = """
SELECT r.round_id, r.round FROM (SELECT round, count(*) AS claims FROM incoming_claims
    WHERE reason IS NULL GROUP BY round) AS n
JOIN rounds r ON r.programme_id = ? AND r.round = n.round WHERE r.claimed + n.claims > r.packs
    ORDER BY r.round_id
"""
LAST = f"""
SELECT claimed_at, claim_no FROM claims c WHERE round_id = ?1 AND batch_id = ifnull(?2, batch_id)
    AND batch_id NOT IN (SELECT batch_id FROM batches WHERE kind = 'allocation')
    AND NOT (?2 IS NOT NULL AND {IS_PAID_WITH})
ORDER BY claimed_at DESC, claim_no DESC LIMIT 1
"""
EARLIER = (
    "SELECT count(*) FROM incoming_claims WHERE reason IS NULL AND round = ? AND (claimed_at,"
    " claim_no) < (?, ?)"
)
LAST_TO_COME = f"""
INSERT INTO leaving_claims
SELECT claim_id FROM claims c
WHERE round_id = ?1 AND batch_id = ifnull(?2, batch_id) AND claim_id NOT IN (SELECT claim_id
    FROM leaving_claims)
    AND batch_id NOT IN (SELECT batch_id FROM batches WHERE kind = 'allocation')
    AND NOT (?2 IS NOT NULL AND {IS_PAID_WITH})
ORDER BY claimed_at DESC, claim_no DESC LIMIT ?3
"""
# Before all others: of rows that are alike, the fact stays.
STAGE = f"""
INSERT INTO incoming_claims (place, batch_id, line, cells, claim_no, round, resident, claimed_at,
    ends_at, round_id, claim_id, stands)
SELECT -row_number() OVER (ORDER BY c.batch_id DESC, c.line DESC), c.batch_id, c.line,
    {claims.as_fields("c", "r")},
    c.claim_no, r.round, c.resident, c.claimed_at,
    CASE WHEN {conditions.states_ends("r")} THEN c.expires_at END, c.round_id, c.claim_id, :stands
FROM leaving_claims JOIN claims c USING (claim_id) JOIN rounds r USING (round_id)
"""

# A claim that gave way stands once more while its redemptions leave: totals are counted by its
# round.
GONE = """
SELECT round_id, count(*) FROM incoming_claims i
WHERE claim_id IS NOT NULL AND reason IS NOT NULL AND EXISTS (SELECT 1 FROM redemptions f
    WHERE f.voucher BETWEEN i.claim_id * 1024 AND i.claim_id * 1024 + 1023)
GROUP BY round_id
"""
COUNT = "UPDATE rounds SET claimed = claimed + ? WHERE round_id = ?"
PUT_BACK = """
INSERT INTO claims (claim_id, claim_no, round_id, resident, pack_no, claimed_at, expires_at,
    batch_id, line)
SELECT claim_id, claim_no, round_id, resident, -claim_id, claimed_at, claimed_at, batch_id, line
    FROM incoming_claims i
WHERE claim_id IS NOT NULL AND reason IS NOT NULL AND EXISTS (SELECT 1 FROM redemptions f
    WHERE f.voucher BETWEEN i.claim_id * 1024 AND i.claim_id * 1024 + 1023)
"""
THEIR_REDEMPTIONS = """
INSERT INTO leaving
SELECT f.redemption_id FROM incoming_claims i CROSS JOIN redemptions f
    ON f.voucher BETWEEN i.claim_id * 1024 AND i.claim_id * 1024 + 1023
WHERE i.claim_id IS NOT NULL AND i.reason IS NOT NULL
"""
REJECT = """
INSERT INTO rejects (batch_id, line, reason, detail, cells)
SELECT batch_id, line, 'unknown_claim', json_object('claim_no', claim_no), cells
    FROM incoming_redemptions ORDER BY batch_id, line
"""
REJECTED_BLOCKS = "SELECT DISTINCT ((batch_id << 30) + (line >> 6)) >> 6 FROM incoming_redemptions"
LOST = """
INSERT INTO lost SELECT batch_id, line, 'unknown_claim', json_object('claim_no', claim_no), cells
    FROM incoming_redemptions
"""
BY_BATCH = "SELECT batch_id, count(*) FROM incoming_redemptions GROUP BY batch_id ORDER BY batch_id"
FORGET = "DROP TABLE incoming_redemptions"
TAKE_OUT = """
DELETE FROM claims
WHERE claim_id IN (SELECT claim_id FROM incoming_claims WHERE claim_id IS NOT NULL
    AND reason IS NOT NULL) AND pack_no < 0
"""


def reopen(db: sqlite3.Connection, programme_id: int, only: int | None, *, is_beyond: bool) -> None:
    """Move the claims that hang together with the staged rows back among them: of the batch `only`,
    whose rows come together, those that nobody has paid with; else of every batch: these stand, and
    give way only to an earlier use of their number or to earlier rows of a full round.

    `is_beyond`: limits look beyond the round, so that claims of one resident in any two rounds hang
    together.
    """
    claims.expect_leaving(db)
    db.execute(SAME_NUMBER)
    if only is not None:
        _find_same_residents(db, programme_id, is_beyond=is_beyond)
    db.execute(OF_OTHERS, {"programme_id": programme_id, "only": only})
    for round_id, round_ in db.execute(CROWDED, (programme_id,)).fetchall():
        last = db.execute(LAST, (round_id, only)).fetchone()
        earlier = typed.number(db, EARLIER, (round_, *last)) if last else 0
        if earlier:
            db.execute(LAST_TO_COME, (round_id, only, earlier))
    sealed_facts.let_sealed_claims_stay(db)
    db.execute(STAGE, {"stands": only is None})
    claims.take_out(db)


def _find_same_residents(db: sqlite3.Connection, programme_id: int, *, is_beyond: bool) -> None:
    """Limits decide among rows that come together: of the own batch, all that one person holds."""
    if is_beyond:
        db.execute(SAME_RESIDENT_ANYWHERE)
    else:
        db.execute(SAME_RESIDENT, (programme_id,))
    if typed.number(db, ARE_JOINED):
        db.execute(SAME_PERSON, {"programme_id": programme_id, "is_beyond": is_beyond})


# Claims that stood and gave way, with the row that took the number or, of a full round, a seat: the
# last to lose one beside the last to take one. And what was paid with them, net of refunds, which
# nobody has now.
GAVE_WAY = """
WITH takers AS (
    SELECT *, row_number() OVER (PARTITION BY round_id ORDER BY claimed_at DESC, claim_no DESC)
        AS seat
    FROM incoming_claims WHERE reason IS NULL AND NOT stands
), losers AS (
    SELECT *, row_number() OVER (PARTITION BY round_id, reason ORDER BY claimed_at DESC,
        claim_no DESC) AS seat
    FROM incoming_claims WHERE stands AND reason IS NOT NULL
)
SELECT i.batch_id, i.line, i.claim_no, 'claim', i.reason,
    'token:' || lower(hex(i.resident)), ifnull('token:' || lower(hex(t.resident)), ''), 0,
    t.batch_id, t.line
FROM losers i LEFT JOIN takers t ON t.claimed_at <= i.claimed_at
    AND CASE i.reason WHEN 'over_quota' THEN t.round_id = i.round_id AND t.seat = i.seat
        ELSE t.claim_no = i.claim_no END
UNION ALL
SELECT f.batch_id, f.line, f.transaction_no, f.kind, 'unknown_claim', m.merchant_no, '',
    CASE f.kind WHEN 'pay' THEN f.subsidy_fen + (SELECT ifnull(sum(r.subsidy_fen), 0)
        FROM redemption_facts r WHERE r.refund_of = f.redemption_id AND NOT r.stays) ELSE 0 END,
    NULL, NULL
FROM losers i CROSS JOIN redemption_facts f
    ON f.voucher BETWEEN i.claim_id * 1024 AND i.claim_id * 1024 + 1023
    JOIN merchants m ON m.merchant_id = f.merchant_id
ORDER BY 1, 2
"""


def moved(db: sqlite3.Connection) -> list[reopening.Moved]:
    """The claims that stood and gave way to the rows just judged, and what was redeemed on them;
    before `withdraw`.
    """
    return typed.rows(db, reopening.Moved, GAVE_WAY)


def withdraw(db: sqlite3.Connection) -> None:
    """Reject what was redeemed on the claims that gave way (`unknown_claim`)."""
    gone = db.execute(GONE).fetchall()
    if not gone:
        return
    db.executemany(COUNT, [(packs, round_id) for round_id, packs in gone])
    db.execute(PUT_BACK)
    redemptions.expect_leaving(db)
    db.execute(THEIR_REDEMPTIONS)
    db.execute(judging.CREATE_INCOMING)
    reopening.move_leaving(db)
    with fact_digests.changing(db, "rejects", of=REJECTED_BLOCKS):
        db.execute(REJECT)
    duplicates.expect_lost(db)
    db.execute(LOST)
    duplicates.find_left(db)
    duplicates.refuse_left(db)
    for batch_id, rows in db.execute(BY_BATCH).fetchall():
        batches.move(db, batch_id, accepted=-rows, duplicate=0, rejected=rows)
    db.execute(FORGET)
    db.execute(TAKE_OUT)
    db.executemany(COUNT, [(-packs, round_id) for round_id, packs in gone])
