-- Findings and cases about residents; the method of a sample is kept.

-- A finding is about a merchant, or about residents who are one person: `resident` stands for them (the smallest token when it was found).
CREATE TABLE later_findings (
    finding_id    INTEGER PRIMARY KEY,
    scan_id       INTEGER NOT NULL REFERENCES scans,
    merchant_id   INTEGER REFERENCES merchants,
    resident      BLOB,                                 -- keyed token; never an identity
    is_candidate  INTEGER NOT NULL CHECK (is_candidate IN (0, 1)),
    payments      INTEGER NOT NULL,                     -- rows of evidence
    amount_fen    INTEGER NOT NULL,                     -- at stake: what the vouchers of these rows paid
    rows_sha256   TEXT NOT NULL,                        -- of the rows of evidence
    CHECK ((merchant_id IS NULL) <> (resident IS NULL)),
    UNIQUE (scan_id, merchant_id),
    UNIQUE (scan_id, resident)
) STRICT;
INSERT INTO later_findings SELECT finding_id, scan_id, merchant_id, NULL, is_candidate, payments, amount_fen, rows_sha256 FROM findings;
DROP TABLE findings;
ALTER TABLE later_findings RENAME TO findings;
CREATE INDEX findings_by_merchant ON findings (merchant_id);
-- Only a further key changes a token.
CREATE TRIGGER findings_never_change BEFORE UPDATE OF finding_id, scan_id, merchant_id, is_candidate, payments, amount_fen, rows_sha256 ON findings
    BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;
CREATE TRIGGER findings_never_vanish BEFORE DELETE ON findings BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;

CREATE TABLE later_cases (
    case_id       INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    merchant_id   INTEGER REFERENCES merchants,         -- NULL: it is about residents (case_residents)
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
    CHECK (merchant_id IS NOT NULL OR holding <> 'merchant'),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((state = 'open') = (outcome = '')),
    CHECK ((source = 'finding') = (finding_id IS NOT NULL))
) STRICT;
INSERT INTO later_cases SELECT * FROM cases;
DROP TABLE cases;
ALTER TABLE later_cases RENAME TO cases;
CREATE INDEX cases_by_programme ON cases (programme_id);
CREATE INDEX cases_by_merchant ON cases (merchant_id);
CREATE TRIGGER cases_stand BEFORE UPDATE OF case_id, programme_id, merchant_id, source, finding_id, reason, words, complainant, said_on,
    holding, opened_by, os_user, opened_at ON cases BEGIN SELECT RAISE(ABORT, 'a case stands'); END;
CREATE TRIGGER cases_go_on BEFORE UPDATE OF state, outcome, closed_by, closed_note, closed_at ON cases
    WHEN OLD.state = 'closed' OR (OLD.state = 'decided' AND (NEW.state = 'open' OR NEW.outcome <> OLD.outcome))
BEGIN SELECT RAISE(ABORT, 'a case does not go back'); END;
CREATE TRIGGER cases_never_vanish BEFORE DELETE ON cases BEGIN SELECT RAISE(ABORT, 'a case stays'); END;

-- Whom a case without a merchant is about.
CREATE TABLE case_residents (
    case_id   INTEGER NOT NULL REFERENCES cases,
    place     INTEGER NOT NULL,                         -- 1, 2 ...
    resident  BLOB NOT NULL,                            -- keyed token; never an identity
    PRIMARY KEY (case_id, place),
    UNIQUE (case_id, resident)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_residents_by_resident ON case_residents (resident);
CREATE TRIGGER case_residents_never_change BEFORE UPDATE OF case_id, place ON case_residents BEGIN SELECT RAISE(ABORT, 'a case stands'); END;
CREATE TRIGGER case_residents_never_vanish BEFORE DELETE ON case_residents BEGIN SELECT RAISE(ABORT, 'a case stays'); END;

-- Residents are excluded from packs, and admitted again.
CREATE TABLE later_case_sanctions (
    case_id      INTEGER NOT NULL REFERENCES cases,
    place        INTEGER NOT NULL,
    sanction     TEXT NOT NULL CHECK (sanction IN ('warning', 'suspension', 'exclusion', 'readmission', 'claw_back', 'police')),
    from_at      INTEGER NOT NULL,                      -- UTC seconds: it holds from then on
    amount_fen   INTEGER NOT NULL CHECK (amount_fen >= 0),
    proposal_id  INTEGER NOT NULL REFERENCES proposals,
    decided_at   INTEGER NOT NULL,
    PRIMARY KEY (case_id, place),
    CHECK (amount_fen = 0 OR sanction = 'claw_back')
) STRICT, WITHOUT ROWID;
INSERT INTO later_case_sanctions SELECT * FROM case_sanctions;
DROP TABLE case_sanctions;
ALTER TABLE later_case_sanctions RENAME TO case_sanctions;
CREATE TRIGGER case_sanctions_never_change BEFORE UPDATE ON case_sanctions BEGIN SELECT RAISE(ABORT, 'a sanction stands'); END;
CREATE TRIGGER case_sanctions_never_vanish BEFORE DELETE ON case_sanctions BEGIN SELECT RAISE(ABORT, 'a sanction stays'); END;

-- From when to when a programme grants a resident no pack: from an exclusion up to the next readmission.
CREATE VIEW exclusions AS
SELECT c.programme_id, k.resident, s.from_at, (
        SELECT min(t.from_at) FROM case_residents l JOIN case_sanctions t USING (case_id) JOIN cases d USING (case_id)
        WHERE l.resident = k.resident AND d.programme_id = c.programme_id AND t.sanction = 'readmission' AND t.from_at >= s.from_at) AS until_at,
    c.case_id
FROM case_residents k JOIN case_sanctions s USING (case_id) JOIN cases c USING (case_id)
WHERE s.sanction = 'exclusion';

-- How a sample was drawn, which its tickets told so far: a digest of each item, or a point of the money.
DROP TRIGGER samples_never_change;
ALTER TABLE samples ADD COLUMN method TEXT NOT NULL DEFAULT 'items' CHECK (method IN ('items', 'money'));
UPDATE samples SET method = 'money'
WHERE EXISTS (SELECT 1 FROM sample_items i WHERE i.sample_id = samples.sample_id AND i.item = 1 AND length(i.ticket) < 64);
CREATE TRIGGER samples_never_change BEFORE UPDATE ON samples BEGIN SELECT RAISE(ABORT, 'a sample stands'); END;
