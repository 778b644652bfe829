-- Scans for abuse, and what they found: findings (疑点) are what a person looks into, never a verdict.

-- One look at a programme's payments. The same file, terms and moment give the same findings: `sha256` says so.
CREATE TABLE scans (
    scan_id             INTEGER PRIMARY KEY,
    programme_id        INTEGER NOT NULL REFERENCES programmes,
    as_of_at            INTEGER NOT NULL,               -- payments up to this second were looked at
    last_redemption_id  INTEGER NOT NULL,               -- and none that came in behind this row
    sealed_day          INTEGER,                        -- the last day (yyyymmdd) that was sealed then; NULL: none
    payments            INTEGER NOT NULL,               -- that stood and were looked at
    merchants           INTEGER NOT NULL,               -- that had any
    amount_fen          INTEGER NOT NULL,               -- what their vouchers paid
    rules_sha256        TEXT NOT NULL,                  -- of the rules with their thresholds
    terms               TEXT NOT NULL CHECK (json_valid(terms)),      -- the thresholds, as a JSON object
    looked              TEXT NOT NULL CHECK (json_valid(looked)),     -- a JSON list: what each rule looked at, or why it could not
    sha256              TEXT NOT NULL,                  -- of all findings with their reasons and rows
    made_by             TEXT NOT NULL,
    os_user             TEXT NOT NULL,
    made_at             INTEGER NOT NULL
) STRICT;
CREATE INDEX scans_by_programme ON scans (programme_id);

-- A merchant that at least one rule of a scan points at. A candidate for a case: two rules of different kinds do, or one that is certain.
CREATE TABLE findings (
    finding_id    INTEGER PRIMARY KEY,
    scan_id       INTEGER NOT NULL REFERENCES scans,
    merchant_id   INTEGER NOT NULL REFERENCES merchants,
    is_candidate  INTEGER NOT NULL CHECK (is_candidate IN (0, 1)),
    payments      INTEGER NOT NULL,                     -- rows of evidence
    amount_fen    INTEGER NOT NULL,                     -- at stake: what the vouchers of these rows paid
    rows_sha256   TEXT NOT NULL,                        -- of the rows of evidence
    UNIQUE (scan_id, merchant_id)
) STRICT;
CREATE INDEX findings_by_merchant ON findings (merchant_id);

-- Why: the rule, what it measured at this merchant, and what it held it against.
CREATE TABLE finding_reasons (
    finding_id  INTEGER NOT NULL REFERENCES findings,
    rule        TEXT NOT NULL,
    value       TEXT NOT NULL,                          -- decimal strings
    fence       TEXT NOT NULL,
    base        TEXT NOT NULL,                          -- whom it was compared with: industry/district/size, each blank where it is all of them
    base_n      INTEGER NOT NULL,                       -- how many merchants these are; 0: the rule compares with nobody
    counts      TEXT NOT NULL CHECK (json_valid(counts)),             -- the counts behind the value, to redo it by hand
    PRIMARY KEY (finding_id, rule)
) STRICT, WITHOUT ROWID;

-- The rows of evidence. What they said then is frozen by their digest.
CREATE TABLE finding_rows (
    finding_id     INTEGER NOT NULL REFERENCES findings,
    redemption_id  INTEGER NOT NULL,
    rules          TEXT NOT NULL,                       -- which rules rest on it, commas between
    sha256         TEXT NOT NULL,                       -- of the payment as it was then
    PRIMARY KEY (finding_id, redemption_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER scans_never_change BEFORE UPDATE ON scans BEGIN SELECT RAISE(ABORT, 'a scan stands'); END;
CREATE TRIGGER scans_never_vanish BEFORE DELETE ON scans BEGIN SELECT RAISE(ABORT, 'a scan stands'); END;
CREATE TRIGGER findings_never_change BEFORE UPDATE ON findings BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;
CREATE TRIGGER findings_never_vanish BEFORE DELETE ON findings BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;
CREATE TRIGGER finding_reasons_never_change BEFORE UPDATE ON finding_reasons BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;
CREATE TRIGGER finding_reasons_never_vanish BEFORE DELETE ON finding_reasons BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;
CREATE TRIGGER finding_rows_never_change BEFORE UPDATE ON finding_rows BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;
CREATE TRIGGER finding_rows_never_vanish BEFORE DELETE ON finding_rows BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;
