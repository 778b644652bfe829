-- The whole ledger: what the facts do to money is posted by the database itself, in their own transaction.

DROP TRIGGER postings_move_balances;
DROP TRIGGER postings_never_change;
DROP TRIGGER postings_never_vanish;
DROP TRIGGER funder_totals_are_spent;
DROP TRIGGER funder_totals_change_spent;
DROP TRIGGER funder_totals_are_unspent;
DROP INDEX postings_by_funder;
DROP TABLE balances;
ALTER TABLE postings RENAME TO earlier_postings;

-- One posting moves an amount of one funder from one account to another: double entry by its very shape.
CREATE TABLE postings (
    posting_id    INTEGER PRIMARY KEY,
    funder_id     INTEGER NOT NULL REFERENCES funders,
    round_id      INTEGER REFERENCES rounds,
    from_account  TEXT NOT NULL,
    to_account    TEXT NOT NULL,
    amount_fen    INTEGER NOT NULL CHECK (amount_fen > 0),
    why           TEXT NOT NULL,
    batch_id      INTEGER REFERENCES batches,   -- the file whose facts it follows; NULL: it follows a deed
    day           INTEGER NOT NULL,             -- the local day of the facts, or of the deed
    booked_on     INTEGER NOT NULL,             -- the same day, or the first one that was open when it came
    posted_at     INTEGER NOT NULL,
    CHECK (from_account <> to_account),
    CHECK (booked_on >= day)
) STRICT;
CREATE INDEX postings_by_funder ON postings (funder_id, round_id);
CREATE TRIGGER postings_never_change BEFORE UPDATE ON postings BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER postings_never_vanish BEFORE DELETE ON postings BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;

-- What stands on each account of a funder (round_id 0) and of its part of a round. Money comes from `appropriated`, which is what was
-- given, below nothing. No fund promises more than it has, and no round pays more than is committed to it, whoever writes: claims that
-- leave after their money was released may take `outstanding` below nothing for a moment, never more than `committed` then has above.
CREATE TABLE balances (
    funder_id         INTEGER NOT NULL REFERENCES funders,
    round_id          INTEGER NOT NULL,
    appropriated_fen  INTEGER NOT NULL DEFAULT 0,
    uncommitted_fen   INTEGER NOT NULL DEFAULT 0,
    committed_fen     INTEGER NOT NULL DEFAULT 0,   -- approved, unclaimed
    outstanding_fen   INTEGER NOT NULL DEFAULT 0,   -- claimed, unredeemed
    payable_fen       INTEGER NOT NULL DEFAULT 0,   -- redeemed, unpaid
    held_fen          INTEGER NOT NULL DEFAULT 0,
    paid_fen          INTEGER NOT NULL DEFAULT 0,
    clawed_back_fen   INTEGER NOT NULL DEFAULT 0,
    written_off_fen   INTEGER NOT NULL DEFAULT 0,
    returned_fen      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (funder_id, round_id),
    CONSTRAINT fund_short CHECK (uncommitted_fen >= 0 AND committed_fen + outstanding_fen >= 0 AND returned_fen >= 0)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER postings_move_balances AFTER INSERT ON postings
BEGIN
    INSERT INTO balances (funder_id, round_id) SELECT NEW.funder_id, 0  -- OR IGNORE gives way to what the outer statement says
        WHERE NOT EXISTS (SELECT 1 FROM balances WHERE funder_id = NEW.funder_id AND round_id = 0);
    INSERT INTO balances (funder_id, round_id) SELECT NEW.funder_id, ifnull(NEW.round_id, 0)
        WHERE NOT EXISTS (SELECT 1 FROM balances WHERE funder_id = NEW.funder_id AND round_id = ifnull(NEW.round_id, 0));
    UPDATE balances SET
        appropriated_fen = appropriated_fen + iif(NEW.to_account = 'appropriated', NEW.amount_fen, 0) - iif(NEW.from_account = 'appropriated', NEW.amount_fen, 0),
        uncommitted_fen = uncommitted_fen + iif(NEW.to_account = 'uncommitted', NEW.amount_fen, 0) - iif(NEW.from_account = 'uncommitted', NEW.amount_fen, 0)
    WHERE funder_id = NEW.funder_id AND round_id = 0;
    UPDATE balances SET
        committed_fen = committed_fen + iif(NEW.to_account = 'committed', NEW.amount_fen, 0) - iif(NEW.from_account = 'committed', NEW.amount_fen, 0),
        outstanding_fen = outstanding_fen + iif(NEW.to_account = 'outstanding', NEW.amount_fen, 0) - iif(NEW.from_account = 'outstanding', NEW.amount_fen, 0),
        payable_fen = payable_fen + iif(NEW.to_account = 'payable', NEW.amount_fen, 0) - iif(NEW.from_account = 'payable', NEW.amount_fen, 0),
        held_fen = held_fen + iif(NEW.to_account = 'held', NEW.amount_fen, 0) - iif(NEW.from_account = 'held', NEW.amount_fen, 0),
        paid_fen = paid_fen + iif(NEW.to_account = 'paid', NEW.amount_fen, 0) - iif(NEW.from_account = 'paid', NEW.amount_fen, 0),
        clawed_back_fen = clawed_back_fen + iif(NEW.to_account = 'clawed_back', NEW.amount_fen, 0) - iif(NEW.from_account = 'clawed_back', NEW.amount_fen, 0),
        written_off_fen = written_off_fen + iif(NEW.to_account = 'written_off', NEW.amount_fen, 0) - iif(NEW.from_account = 'written_off', NEW.amount_fen, 0),
        returned_fen = returned_fen + iif(NEW.to_account = 'returned', NEW.amount_fen, 0) - iif(NEW.from_account = 'returned', NEW.amount_fen, 0)
    WHERE funder_id = NEW.funder_id AND round_id = ifnull(NEW.round_id, 0);
END;

-- From here on each posting moves the balances, those of an older file too.
INSERT INTO postings
SELECT e.posting_id, e.funder_id, e.round_id, e.from_account, e.to_account, e.amount_fen, e.why, NULL, local_day(e.posted_at, p.time_zone),
    local_day(e.posted_at, p.time_zone), e.posted_at
FROM earlier_postings e JOIN funders f USING (funder_id) JOIN programmes p USING (programme_id);
DROP TABLE earlier_postings;

-- What one pack of an approved round can cost each of its funders: what is committed for it, and outstanding once it is claimed.
CREATE TABLE pack_parts (
    round_id    INTEGER NOT NULL REFERENCES rounds,
    funder_id   INTEGER NOT NULL REFERENCES funders,
    amount_fen  INTEGER NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (round_id, funder_id)
) STRICT, WITHOUT ROWID;

-- For what the facts of the transaction at hand are posted: one row while facts are written, none else. Without it no fact is counted.
-- `is_held`: what they move is put together, and posted when all are written, so that a row that leaves to be judged again and comes
-- back moves nothing.
CREATE TABLE booking (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    why        TEXT NOT NULL,
    batch_id   INTEGER REFERENCES batches,
    open_on    INTEGER NOT NULL,                -- the first day of the programme that is open
    posted_at  INTEGER NOT NULL,
    first_new  INTEGER NOT NULL,                -- the first posting that has no digest yet
    is_held    INTEGER NOT NULL DEFAULT 0 CHECK (is_held IN (0, 1))
) STRICT;
CREATE TABLE held_moves (
    funder_id     INTEGER NOT NULL,
    round_id      INTEGER NOT NULL,
    day           INTEGER NOT NULL,
    from_account  TEXT NOT NULL,
    to_account    TEXT NOT NULL,
    amount_fen    INTEGER NOT NULL,
    PRIMARY KEY (funder_id, round_id, day, from_account, to_account)
) STRICT, WITHOUT ROWID;

-- What facts move: an amount (negative: back) of one funder, for a round and a local day. The totals say it, and it is posted.
CREATE VIEW moves AS SELECT 0 AS funder_id, 0 AS round_id, 0 AS day, '' AS from_account, '' AS to_account, 0 AS amount_fen WHERE 0;
CREATE TRIGGER moves_are_posted INSTEAD OF INSERT ON moves WHEN NEW.amount_fen <> 0
BEGIN
    SELECT RAISE(ROLLBACK, 'facts are counted that nobody books') WHERE NOT EXISTS (SELECT 1 FROM booking);
    INSERT INTO held_moves SELECT NEW.funder_id, NEW.round_id, NEW.day, NEW.from_account, NEW.to_account, NEW.amount_fen
        FROM booking WHERE is_held
    ON CONFLICT DO UPDATE SET amount_fen = amount_fen + excluded.amount_fen;
    INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, batch_id, day, booked_on, posted_at)
    SELECT NEW.funder_id, NEW.round_id, iif(NEW.amount_fen > 0, NEW.from_account, NEW.to_account), iif(NEW.amount_fen > 0, NEW.to_account,
        NEW.from_account), abs(NEW.amount_fen), why, batch_id, NEW.day, max(NEW.day, open_on), posted_at
    FROM booking WHERE NOT is_held;
END;
CREATE TRIGGER claims_are_outstanding AFTER INSERT ON claim_totals
BEGIN
    INSERT INTO moves SELECT funder_id, round_id, NEW.day, 'committed', 'outstanding', NEW.claims * amount_fen FROM pack_parts WHERE round_id = NEW.round_id;
END;
CREATE TRIGGER more_claims_are_outstanding AFTER UPDATE ON claim_totals
BEGIN
    INSERT INTO moves SELECT funder_id, round_id, NEW.day, 'committed', 'outstanding', (NEW.claims - OLD.claims) * amount_fen FROM pack_parts
        WHERE round_id = NEW.round_id;
END;
CREATE TRIGGER claims_are_outstanding_no_more AFTER DELETE ON claim_totals
BEGIN
    INSERT INTO moves SELECT funder_id, round_id, OLD.day, 'committed', 'outstanding', -OLD.claims * amount_fen FROM pack_parts WHERE round_id = OLD.round_id;
END;
CREATE TRIGGER payments_are_payable AFTER INSERT ON funder_totals
BEGIN INSERT INTO moves VALUES (NEW.funder_id, NEW.round_id, NEW.day, 'outstanding', 'payable', NEW.amount_fen); END;
CREATE TRIGGER more_payments_are_payable AFTER UPDATE ON funder_totals
BEGIN INSERT INTO moves VALUES (NEW.funder_id, NEW.round_id, NEW.day, 'outstanding', 'payable', NEW.amount_fen - OLD.amount_fen); END;
CREATE TRIGGER payments_are_payable_no_more AFTER DELETE ON funder_totals
BEGIN INSERT INTO moves VALUES (OLD.funder_id, OLD.round_id, OLD.day, 'outstanding', 'payable', -OLD.amount_fen); END;
