-- Rows that were wrong: reversed (冲正), and entered anew as they should have been (更正).

-- `claims` and `redemptions` hold what is in force. A row that was wrong leaves them and stands here for good, as it was written; what was
-- entered in its place is a row of the correction's own batch. Both count where they were booked: a sealed day stays what it was.
CREATE TABLE corrections (
    correction_id  INTEGER PRIMARY KEY,             -- the proposal that two people decided
    programme_id   INTEGER NOT NULL REFERENCES programmes,
    corrected_at   INTEGER NOT NULL
) STRICT;
-- The batches of what was entered anew: of claims, of payments and refunds, or of both.
CREATE TABLE correction_batches (
    batch_id       INTEGER PRIMARY KEY REFERENCES batches,
    correction_id  INTEGER NOT NULL REFERENCES corrections
) STRICT;
CREATE INDEX correction_batches_by_correction ON correction_batches (correction_id);

CREATE TABLE reversed_claims (
    claim_id       INTEGER PRIMARY KEY,
    claim_no       TEXT NOT NULL,
    round_id       INTEGER NOT NULL,
    resident       BLOB NOT NULL,
    pack_no        INTEGER NOT NULL,
    claimed_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    batch_id       INTEGER NOT NULL,
    line           INTEGER NOT NULL,
    correction_id  INTEGER NOT NULL REFERENCES corrections,
    booked_on      INTEGER NOT NULL,                -- the day on which the reversal is booked
    anew_batch_id  INTEGER REFERENCES correction_batches,  -- where it was entered anew; NULL: nowhere
    anew_line      INTEGER
) STRICT;
CREATE INDEX reversed_claims_by_no ON reversed_claims (claim_no);
CREATE INDEX reversed_claims_by_batch ON reversed_claims (batch_id);

CREATE TABLE reversed_redemptions (
    redemption_id          INTEGER PRIMARY KEY,
    transaction_no         TEXT NOT NULL,
    voucher                INTEGER NOT NULL,
    use_no                 INTEGER NOT NULL,
    merchant_id            INTEGER NOT NULL,
    segment_id             INTEGER NOT NULL,
    channel                INTEGER NOT NULL,
    paid_at                INTEGER NOT NULL,
    day                    INTEGER NOT NULL,
    base_fen               INTEGER NOT NULL,
    merchant_discount_fen  INTEGER NOT NULL,
    split_id               INTEGER NOT NULL,
    line                   INTEGER NOT NULL,
    refund_of              INTEGER,
    batch_id               INTEGER NOT NULL,
    vouchers               INTEGER,                 -- of a refund, as in `refunds`
    spent                  INTEGER,
    floor_fen              INTEGER,
    refund_of_no           TEXT NOT NULL DEFAULT '',-- the number of the payment that was refunded
    correction_id          INTEGER NOT NULL REFERENCES corrections,
    booked_on              INTEGER NOT NULL,
    anew_batch_id          INTEGER REFERENCES correction_batches,
    anew_line              INTEGER
) STRICT;
CREATE INDEX reversed_redemptions_by_no ON reversed_redemptions (transaction_no);
CREATE INDEX reversed_redemptions_by_batch ON reversed_redemptions (batch_id);

-- The same as `redemption_facts`, of what was reversed.
CREATE VIEW reversed_facts AS
SELECT f.redemption_id, s.round_id, k.coupon, f.merchant_id, f.segment_id,
    CASE f.channel WHEN 1 THEN 'offline' WHEN 2 THEN 'online' ELSE '' END AS channel, f.paid_at, f.day, f.base_fen,
    s.after_fen - s.before_fen AS subsidy_fen, s.public_fen, s.platform_fen, s.match_fen, -s.stays * s.public_fen AS stays_fen,
    CASE WHEN f.refund_of IS NOT NULL THEN f.floor_fen WHEN f.base_fen < k.full_base_fen THEN f.base_fen ELSE k.full_base_fen END AS floor_fen,
    ifnull(f.spent, 1) * k.denomination_fen AS face_fen, f.split_id, ifnull(f.vouchers, 1) AS vouchers, f.voucher, f.refund_of, f.booked_on
FROM reversed_redemptions f CROSS JOIN splits s ON s.split_id = f.split_id CROSS JOIN rounds r ON r.round_id = s.round_id
    CROSS JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = f.voucher % 1024;

ALTER TABLE days ADD COLUMN reversals INTEGER NOT NULL DEFAULT 0;  -- booked on it, of rows of that day or of days before

-- What is reversed stood, exactly so.
CREATE TRIGGER reversed_claims_stood BEFORE INSERT ON reversed_claims WHEN NOT EXISTS (SELECT 1 FROM claims c WHERE c.claim_id = NEW.claim_id
    AND (c.claim_no, c.round_id, c.resident, c.pack_no, c.claimed_at, c.expires_at, c.batch_id, c.line)
        = (NEW.claim_no, NEW.round_id, NEW.resident, NEW.pack_no, NEW.claimed_at, NEW.expires_at, NEW.batch_id, NEW.line))
BEGIN SELECT RAISE(ABORT, 'only a claim that stands can be reversed'); END;
CREATE TRIGGER reversed_redemptions_stood BEFORE INSERT ON reversed_redemptions WHEN NOT EXISTS (SELECT 1 FROM redemptions f
    WHERE f.redemption_id = NEW.redemption_id AND f.refund_of IS NEW.refund_of
    AND (f.transaction_no, f.voucher, f.use_no, f.merchant_id, f.segment_id, f.channel, f.paid_at, f.day, f.base_fen, f.merchant_discount_fen,
        f.split_id, f.line) = (NEW.transaction_no, NEW.voucher, NEW.use_no, NEW.merchant_id, NEW.segment_id, NEW.channel, NEW.paid_at,
        NEW.day, NEW.base_fen, NEW.merchant_discount_fen, NEW.split_id, NEW.line))
BEGIN SELECT RAISE(ABORT, 'only a row that stands can be reversed'); END;

-- Nothing of it ever changes. (A token that a new key wraps is the same resident.)
CREATE TRIGGER corrections_never_change BEFORE UPDATE ON corrections BEGIN SELECT RAISE(ABORT, 'a correction stands'); END;
CREATE TRIGGER corrections_never_vanish BEFORE DELETE ON corrections BEGIN SELECT RAISE(ABORT, 'a correction stands'); END;
CREATE TRIGGER correction_batches_never_change BEFORE UPDATE ON correction_batches BEGIN SELECT RAISE(ABORT, 'a correction stands'); END;
CREATE TRIGGER correction_batches_never_vanish BEFORE DELETE ON correction_batches BEGIN SELECT RAISE(ABORT, 'a correction stands'); END;
CREATE TRIGGER reversed_claims_never_change BEFORE UPDATE OF claim_id, claim_no, round_id, pack_no, claimed_at, expires_at, batch_id, line,
    correction_id, booked_on, anew_batch_id, anew_line ON reversed_claims
BEGIN SELECT RAISE(ABORT, 'what was reversed stays as it was'); END;
CREATE TRIGGER reversed_claims_never_vanish BEFORE DELETE ON reversed_claims BEGIN SELECT RAISE(ABORT, 'what was reversed stays'); END;
CREATE TRIGGER reversed_redemptions_never_change BEFORE UPDATE ON reversed_redemptions
BEGIN SELECT RAISE(ABORT, 'what was reversed stays as it was'); END;
CREATE TRIGGER reversed_redemptions_never_vanish BEFORE DELETE ON reversed_redemptions
BEGIN SELECT RAISE(ABORT, 'what was reversed stays'); END;

-- A sealed row leaves the facts in force only when it stands here.
DROP TRIGGER sealed_claims_stay;
CREATE TRIGGER sealed_claims_stay BEFORE DELETE ON claims WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN rounds r
    ON r.round_id = OLD.round_id AND r.programme_id = x.programme_id WHERE OLD.claim_id <= x.last_claim_id AND OLD.claimed_at < x.ends_at)
    AND NOT EXISTS (SELECT 1 FROM reversed_claims WHERE claim_id = OLD.claim_id)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this claim is sealed'); END;
DROP TRIGGER sealed_redemptions_stay;
CREATE TRIGGER sealed_redemptions_stay BEFORE DELETE ON redemptions WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN splits s
    ON s.split_id = OLD.split_id CROSS JOIN rounds r ON r.round_id = s.round_id AND r.programme_id = x.programme_id
    WHERE OLD.redemption_id <= x.last_redemption_id AND OLD.day <= x.day)
    AND NOT EXISTS (SELECT 1 FROM reversed_redemptions WHERE redemption_id = OLD.redemption_id)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this row is sealed'); END;

-- Single rows are subjects of proposals too.
CREATE TABLE later_proposals (
    proposal_id  INTEGER PRIMARY KEY,
    subject      TEXT NOT NULL CHECK (subject IN ('round', 'programme', 'registry', 'list', 'claim', 'redemption')),
    subject_id   INTEGER NOT NULL,                      -- round_id, programme_id, the batch_id of a file (of a registry, of a list), claim_id, redemption_id
    kind         TEXT NOT NULL CHECK (kind IN ('approval', 'pause', 'resume', 'top-up', 'lower', 'reschedule', 'close', 'cancel', 'reopen',
                                              'change', 'correction', 'listing', 'delisting')),
    state        TEXT NOT NULL CHECK (state IN ('proposed', 'effective', 'declined', 'void')),
    before       TEXT NOT NULL,
    after        TEXT NOT NULL,
    amount_fen   INTEGER NOT NULL CHECK (amount_fen >= 0),
    note         TEXT NOT NULL,
    evidence     TEXT NOT NULL,
    proposed_by  TEXT NOT NULL,
    os_user      TEXT NOT NULL,
    proposed_at  INTEGER NOT NULL,
    entered_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    CHECK ((state = 'proposed') = (ended_at IS NULL))
) STRICT;
CREATE TABLE later_verdicts (
    verdict_id   INTEGER PRIMARY KEY,
    proposal_id  INTEGER NOT NULL REFERENCES later_proposals,
    verdict      TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
    actor        TEXT NOT NULL,
    os_user      TEXT NOT NULL,
    note         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    entered_at   INTEGER NOT NULL
) STRICT;
INSERT INTO later_proposals SELECT * FROM proposals;
INSERT INTO later_verdicts SELECT * FROM verdicts;
DROP TABLE verdicts;
DROP TABLE proposals;
ALTER TABLE later_proposals RENAME TO proposals;
ALTER TABLE later_verdicts RENAME TO verdicts;
CREATE UNIQUE INDEX proposals_waiting ON proposals (subject, subject_id) WHERE state = 'proposed';  -- one at a time: what is approved is clear
CREATE INDEX proposals_by_subject ON proposals (subject, subject_id);
CREATE INDEX verdicts_by_proposal ON verdicts (proposal_id);
