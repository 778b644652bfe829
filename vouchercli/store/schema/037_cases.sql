-- Cases (核查事项): what a person works with when a merchant is suspected: rows as evidence, notes and visits, holds, what two people decide.

CREATE TABLE cases (
    case_id       INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    merchant_id   INTEGER NOT NULL REFERENCES merchants,
    source        TEXT NOT NULL CHECK (source IN ('hand', 'complaint', 'finding')),
    finding_id    INTEGER,                              -- of the scan that pointed at it
    reason        TEXT NOT NULL,
    words         TEXT NOT NULL,                        -- why, in words
    complainant   TEXT NOT NULL DEFAULT '',             -- who complained, in words, without an identity
    said_on       INTEGER,                              -- when (yyyymmdd)
    holding       TEXT NOT NULL CHECK (holding IN ('payments', 'merchant', 'none')),  -- what is not paid while it is open
    owner         TEXT NOT NULL,                        -- who works on it
    state         TEXT NOT NULL CHECK (state IN ('open', 'decided', 'closed')),
    opened_by     TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    opened_at     INTEGER NOT NULL,
    outcome       TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'founded', 'unfounded')),
    closed_by     TEXT,
    closed_note   TEXT NOT NULL DEFAULT '',
    closed_at     INTEGER,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((state = 'open') = (outcome = '')),
    CHECK ((source = 'finding') = (finding_id IS NOT NULL))
) STRICT;
CREATE INDEX cases_by_programme ON cases (programme_id);
CREATE INDEX cases_by_merchant ON cases (merchant_id);
CREATE TRIGGER cases_stand BEFORE UPDATE OF case_id, programme_id, merchant_id, source, finding_id, reason, words, complainant, said_on,
    holding, opened_by, os_user, opened_at ON cases BEGIN SELECT RAISE(ABORT, 'a case stands'); END;
CREATE TRIGGER cases_go_on BEFORE UPDATE OF state, outcome, closed_by, closed_note, closed_at ON cases
    WHEN OLD.state = 'closed' OR (OLD.state = 'decided' AND (NEW.state = 'open' OR NEW.outcome <> OLD.outcome))
BEGIN SELECT RAISE(ABORT, 'a case does not go back'); END;
CREATE TRIGGER cases_never_vanish BEFORE DELETE ON cases BEGIN SELECT RAISE(ABORT, 'a case stays'); END;

-- Rows of evidence, as they stood when they were added: `line` is what the row said (JSON), `sha256` its digest.
CREATE TABLE case_lines (
    case_id         INTEGER NOT NULL REFERENCES cases,
    place           INTEGER NOT NULL,                   -- 1, 2 ...
    redemption_id   INTEGER NOT NULL,                   -- no foreign key: it may be reversed later
    transaction_no  TEXT NOT NULL,
    line            TEXT NOT NULL CHECK (json_valid(line)),
    sha256          TEXT NOT NULL,
    amount_fen      INTEGER NOT NULL,                   -- at stake: what its voucher paid, less its refunds
    added_by        TEXT NOT NULL,
    added_at        INTEGER NOT NULL,
    PRIMARY KEY (case_id, place),
    UNIQUE (case_id, redemption_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER case_lines_never_change BEFORE UPDATE ON case_lines BEGIN SELECT RAISE(ABORT, 'evidence stands'); END;
CREATE TRIGGER case_lines_never_vanish BEFORE DELETE ON case_lines BEGIN SELECT RAISE(ABORT, 'evidence stays'); END;

-- What was noted of it; a visit: on which day, who went, what was seen; who took it over.
CREATE TABLE case_notes (
    case_id   INTEGER NOT NULL REFERENCES cases,
    place     INTEGER NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('note', 'visit', 'owner')),
    on_day    INTEGER NOT NULL,                         -- yyyymmdd
    who       TEXT NOT NULL,                            -- who went there; the new owner
    words     TEXT NOT NULL,
    actor     TEXT NOT NULL,
    os_user   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (case_id, place)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER case_notes_never_change BEFORE UPDATE ON case_notes BEGIN SELECT RAISE(ABORT, 'a note stands'); END;
CREATE TRIGGER case_notes_never_vanish BEFORE DELETE ON case_notes BEGIN SELECT RAISE(ABORT, 'a note stays'); END;

-- The holds of settlement that stand while it is open. One that stood before belongs to somebody else (`is_ours` 0) and outlives it.
CREATE TABLE case_holds (
    case_id  INTEGER NOT NULL REFERENCES cases,
    hold_id  INTEGER NOT NULL REFERENCES holds,
    is_ours  INTEGER NOT NULL CHECK (is_ours IN (0, 1)),
    PRIMARY KEY (case_id, hold_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_holds_by_hold ON case_holds (hold_id);
CREATE TRIGGER case_holds_never_change BEFORE UPDATE ON case_holds BEGIN SELECT RAISE(ABORT, 'a hold of a case stands'); END;
CREATE TRIGGER case_holds_never_vanish BEFORE DELETE ON case_holds BEGIN SELECT RAISE(ABORT, 'a hold of a case stays'); END;

-- What two people decided: each sanction with its moment; of a claw-back what was taken back.
CREATE TABLE case_sanctions (
    case_id      INTEGER NOT NULL REFERENCES cases,
    place        INTEGER NOT NULL,
    sanction     TEXT NOT NULL CHECK (sanction IN ('warning', 'suspension', 'exclusion', 'claw_back', 'police')),
    from_at      INTEGER NOT NULL,                      -- UTC seconds: a suspension holds from then on
    amount_fen   INTEGER NOT NULL CHECK (amount_fen >= 0),
    proposal_id  INTEGER NOT NULL REFERENCES proposals,
    decided_at   INTEGER NOT NULL,
    PRIMARY KEY (case_id, place),
    CHECK (amount_fen = 0 OR sanction = 'claw_back')
) STRICT, WITHOUT ROWID;
CREATE TRIGGER case_sanctions_never_change BEFORE UPDATE ON case_sanctions BEGIN SELECT RAISE(ABORT, 'a sanction stands'); END;
CREATE TRIGGER case_sanctions_never_vanish BEFORE DELETE ON case_sanctions BEGIN SELECT RAISE(ABORT, 'a sanction stays'); END;
-- The corrections by which a claw-back reversed the rows.
CREATE TABLE case_corrections (
    correction_id  INTEGER PRIMARY KEY REFERENCES corrections,
    case_id        INTEGER NOT NULL REFERENCES cases
) STRICT;
CREATE INDEX case_corrections_by_case ON case_corrections (case_id);
CREATE TRIGGER case_corrections_never_change BEFORE UPDATE ON case_corrections BEGIN SELECT RAISE(ABORT, 'a claw-back stands'); END;
CREATE TRIGGER case_corrections_never_vanish BEFORE DELETE ON case_corrections BEGIN SELECT RAISE(ABORT, 'a claw-back stays'); END;

-- Cases are subjects of proposals too.
CREATE TABLE later_proposals (
    proposal_id  INTEGER PRIMARY KEY,
    subject      TEXT NOT NULL CHECK (subject IN ('round', 'programme', 'registry', 'list', 'claim', 'redemption', 'settlement', 'debt', 'case')),
    subject_id   INTEGER NOT NULL,                      -- round_id, programme_id, the batch_id of a file (of a registry, of a list), claim_id, redemption_id,
                                                        -- settlement_id, merchant_id (of a debt), case_id
    kind         TEXT NOT NULL CHECK (kind IN ('approval', 'pause', 'resume', 'top-up', 'reduce', 'reschedule', 'close', 'cancel', 'reopen',
                                              'extend', 'replace', 'change', 'correction', 'listing', 'delisting', 'payment', 'write-off', 'sanctions')),
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
