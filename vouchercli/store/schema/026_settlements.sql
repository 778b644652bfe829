-- What merchants are owed for signed days, and how they are paid: dues, settlements, their transfers, holds, what banks answer.

-- One run for one funder (资金结算): draft -> verified -> approved -> exported -> paid -> closed, or rejected.
CREATE TABLE settlements (
    settlement_id  INTEGER PRIMARY KEY,
    programme_id   INTEGER NOT NULL REFERENCES programmes,
    funder_id      INTEGER NOT NULL REFERENCES funders,
    state          TEXT NOT NULL CHECK (state IN ('draft', 'verified', 'approved', 'exported', 'paid', 'closed', 'rejected')),
    pattern        TEXT NOT NULL,                       -- as the programme said it then
    up_to          INTEGER NOT NULL,                    -- the last signed day (yyyymmdd) whose dues it may hold
    notice_days    INTEGER NOT NULL,                    -- how long the public list must stand before the payment
    planned_fen    INTEGER NOT NULL CHECK (planned_fen > 0),  -- of all transfers when it was made
    made_by        TEXT NOT NULL,
    os_user        TEXT NOT NULL,
    made_at        INTEGER NOT NULL,
    noticed_at     INTEGER,                             -- when the public list was put up
    exported_at    INTEGER,
    bank           TEXT NOT NULL DEFAULT '',            -- the profile of the payment file
    pay_on         INTEGER,                             -- the working day (yyyymmdd) on which the bank is to pay
    file_sha256    TEXT NOT NULL DEFAULT '',
    CHECK ((exported_at IS NULL) = (state IN ('draft', 'verified', 'approved', 'rejected')))
) STRICT;
CREATE INDEX settlements_by_programme ON settlements (programme_id);

-- One payment to one payee: the merchant, or who has paid merchants already (the platform, as the programme names it).
CREATE TABLE transfers (
    transfer_id    INTEGER PRIMARY KEY,
    settlement_id  INTEGER NOT NULL REFERENCES settlements,
    transfer_no    TEXT NOT NULL UNIQUE,                -- what the bank's file and its answers call it
    payee_id       INTEGER NOT NULL REFERENCES merchants (merchant_id),
    amount_fen     INTEGER NOT NULL CHECK (amount_fen > 0),
    state          TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'accepted', 'paid', 'rejected', 'returned', 'dropped')),
    is_first       INTEGER NOT NULL DEFAULT 0 CHECK (is_first IN (0, 1)),  -- a small payment to try a new account
    paid_on        INTEGER,
    reference      TEXT NOT NULL DEFAULT '',            -- the bank's
    reason         TEXT NOT NULL DEFAULT '',            -- why it was dropped, rejected or returned
    answered_at    INTEGER,
    CHECK ((state IN ('paid', 'returned')) = (paid_on IS NOT NULL))
) STRICT;
CREATE INDEX transfers_by_settlement ON transfers (settlement_id);
CREATE INDEX transfers_by_payee ON transfers (payee_id);
-- What is once paid, refused or dropped stays so; only what was paid can come back.
CREATE TRIGGER transfers_go_on BEFORE UPDATE OF state ON transfers WHEN NEW.state <> OLD.state AND (OLD.state IN ('rejected', 'returned', 'dropped')
    OR (OLD.state = 'paid' AND NEW.state <> 'returned') OR (OLD.state = 'planned' AND NEW.state NOT IN ('sent', 'dropped'))
    OR (OLD.state IN ('sent', 'accepted') AND NEW.state NOT IN ('accepted', 'paid', 'rejected')))
BEGIN SELECT RAISE(ABORT, 'a transfer does not go back'); END;
CREATE TRIGGER transfers_stand BEFORE UPDATE OF settlement_id, transfer_no, payee_id, amount_fen, is_first ON transfers
BEGIN SELECT RAISE(ABORT, 'a transfer stands'); END;
CREATE TRIGGER transfers_never_vanish BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'a transfer stays'); END;

-- Not paid for now (暂缓支付), or disputed: a merchant, or one payment at it. It stands until another person releases it.
CREATE TABLE holds (
    hold_id        INTEGER PRIMARY KEY,
    programme_id   INTEGER NOT NULL REFERENCES programmes,
    merchant_id    INTEGER NOT NULL REFERENCES merchants,
    redemption_id  INTEGER,                             -- NULL: all that the merchant is owed
    reason         TEXT NOT NULL,
    evidence       TEXT NOT NULL,
    note           TEXT NOT NULL,
    held_on        INTEGER NOT NULL,                    -- the date of the evidence (yyyymmdd)
    held_by        TEXT NOT NULL,
    os_user        TEXT NOT NULL,
    held_at        INTEGER NOT NULL,
    released_by    TEXT,
    release_note   TEXT NOT NULL DEFAULT '',
    released_at    INTEGER,
    CHECK ((released_by IS NULL) = (released_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX holds_once ON holds (programme_id, merchant_id, ifnull(redemption_id, 0), reason) WHERE released_at IS NULL;
CREATE INDEX holds_by_merchant ON holds (merchant_id);
CREATE TRIGGER holds_stand BEFORE UPDATE OF hold_id, programme_id, merchant_id, redemption_id, reason, evidence, note, held_on, held_by, held_at
    ON holds BEGIN SELECT RAISE(ABORT, 'a hold stands'); END;
CREATE TRIGGER holds_end_once BEFORE UPDATE OF released_by, released_at, release_note ON holds WHEN OLD.released_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a hold ends once'); END;
CREATE TRIGGER holds_never_vanish BEFORE DELETE ON holds BEGIN SELECT RAISE(ABORT, 'a hold stays'); END;

-- What a merchant is owed by one funder for one round (negative: what it owes), the sum of what was booked on the days behind `after_day`
-- up to `up_to`. A payment that is held, or a part that is paid first, stands in a row of its own, and a row with the opposite sign takes it
-- out of the rest. A due belongs to the transfer that pays it, or to none; when a transfer comes back, its dues belong to none again.
CREATE TABLE dues (
    due_id       INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('booked', 'held', 'part', 'repaid', 'written_off')),
    funder_id    INTEGER NOT NULL,                      -- no foreign keys, as facts have none: a million rows at once
    round_id     INTEGER NOT NULL,
    merchant_id  INTEGER NOT NULL,
    amount_fen   INTEGER NOT NULL CHECK (amount_fen <> 0),
    after_day    INTEGER NOT NULL,                      -- yyyymmdd; 0: from the beginning
    up_to        INTEGER NOT NULL CHECK (up_to > after_day),
    hold_id      INTEGER REFERENCES holds,
    transfer_id  INTEGER REFERENCES transfers
) STRICT;
CREATE INDEX dues_by_merchant ON dues (merchant_id, funder_id);
CREATE INDEX dues_by_transfer ON dues (transfer_id) WHERE transfer_id IS NOT NULL;
CREATE INDEX dues_open ON dues (funder_id, merchant_id) WHERE transfer_id IS NULL;
CREATE TRIGGER dues_stand BEFORE UPDATE OF due_id, kind, funder_id, round_id, merchant_id, amount_fen, after_day, up_to, hold_id ON dues
BEGIN SELECT RAISE(ABORT, 'a due stands'); END;
CREATE TRIGGER dues_are_paid_once BEFORE UPDATE OF transfer_id ON dues WHEN OLD.transfer_id IS NOT NULL AND NEW.transfer_id IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a due belongs to one transfer'); END;
CREATE TRIGGER paid_dues_stay_paid BEFORE UPDATE OF transfer_id ON dues WHEN OLD.transfer_id IS NOT NULL AND NEW.transfer_id IS NULL
    AND (SELECT state FROM transfers WHERE transfer_id = OLD.transfer_id) NOT IN ('rejected', 'returned', 'dropped')
BEGIN SELECT RAISE(ABORT, 'a due stays with its transfer'); END;
CREATE TRIGGER dues_never_vanish BEFORE DELETE ON dues BEGIN SELECT RAISE(ABORT, 'a due stays'); END;

-- Up to which signed day the dues of a programme were taken up, with the last ids of that day's seal.
CREATE TABLE taken_days (
    programme_id        INTEGER NOT NULL REFERENCES programmes,
    day                 INTEGER NOT NULL,
    last_redemption_id  INTEGER NOT NULL,
    taken_at            INTEGER NOT NULL,
    PRIMARY KEY (programme_id, day)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER only_signed_days_are_taken BEFORE INSERT ON taken_days
    WHEN NOT EXISTS (SELECT 1 FROM day_signatures WHERE programme_id = NEW.programme_id AND day = NEW.day)
BEGIN SELECT RAISE(ABORT, 'only signed days are paid'); END;
CREATE TRIGGER taken_days_never_change BEFORE UPDATE ON taken_days BEGIN SELECT RAISE(ABORT, 'a taken day stands'); END;
CREATE TRIGGER taken_days_never_vanish BEFORE DELETE ON taken_days BEGIN SELECT RAISE(ABORT, 'a taken day stands'); END;

-- What a bank said: one file, and every answer in it, also one that was refused ('' = it was not) or heard before.
CREATE TABLE bank_files (
    bank_file_id  INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    file          TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    kind          TEXT NOT NULL,                        -- csv, pain.002, camt.053, camt.054; by hand
    message_no    TEXT NOT NULL,
    actor         TEXT NOT NULL,
    read_at       INTEGER NOT NULL,
    UNIQUE (programme_id, sha256)
) STRICT;
CREATE TABLE bank_answers (
    bank_file_id  INTEGER NOT NULL REFERENCES bank_files,
    place         INTEGER NOT NULL,                     -- the first answer of the file, second ...
    at_line       TEXT NOT NULL,                        -- file:line
    transfer_no   TEXT NOT NULL,
    transfer_id   INTEGER REFERENCES transfers,
    status        TEXT NOT NULL,
    amount_fen    INTEGER,
    paid_on       INTEGER,
    reference     TEXT NOT NULL,
    reason_code   TEXT NOT NULL,
    reason        TEXT NOT NULL,
    entry_no      TEXT NOT NULL,                        -- the same when the same booking is heard twice
    outcome       TEXT NOT NULL,                        -- taken, heard_before, or the code of why it was refused
    PRIMARY KEY (bank_file_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX bank_answers_by_transfer ON bank_answers (transfer_id) WHERE transfer_id IS NOT NULL;
CREATE TRIGGER bank_files_never_change BEFORE UPDATE ON bank_files BEGIN SELECT RAISE(ABORT, 'what a bank said stands'); END;
CREATE TRIGGER bank_files_never_vanish BEFORE DELETE ON bank_files BEGIN SELECT RAISE(ABORT, 'what a bank said stays'); END;
CREATE TRIGGER bank_answers_never_change BEFORE UPDATE ON bank_answers BEGIN SELECT RAISE(ABORT, 'what a bank said stands'); END;
CREATE TRIGGER bank_answers_never_vanish BEFORE DELETE ON bank_answers BEGIN SELECT RAISE(ABORT, 'what a bank said stays'); END;

-- Settlements and debts that are given up are subjects of proposals too.
CREATE TABLE later_proposals (
    proposal_id  INTEGER PRIMARY KEY,
    subject      TEXT NOT NULL CHECK (subject IN ('round', 'programme', 'registry', 'list', 'claim', 'redemption', 'settlement', 'debt')),
    subject_id   INTEGER NOT NULL,                      -- round_id, programme_id, the batch_id of a file (of a registry, of a list), claim_id, redemption_id,
                                                        -- settlement_id, merchant_id (of a debt)
    kind         TEXT NOT NULL CHECK (kind IN ('approval', 'pause', 'resume', 'top-up', 'reduce', 'reschedule', 'close', 'cancel', 'reopen',
                                              'extend', 'replace', 'change', 'correction', 'listing', 'delisting', 'payment', 'write-off')),
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
