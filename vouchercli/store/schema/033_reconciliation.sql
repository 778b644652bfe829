-- Reconciliation (对账): what a platform's bill, a merchant or a bank says, held against what stands here. Rows that agree are not kept
-- one by one, only their counts and sums by day; what does not agree is a break (差异) with a name.

-- Bills and statements are batches too. What refers to a batch keeps its reference: it is checked when this step ends.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE earlier_batches AS SELECT * FROM batches;
DROP TABLE batches;
CREATE TABLE batches (
    batch_id      INTEGER PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('merchants', 'claims', 'redemptions', 'applications', 'eligibility', 'series',
                                                         'allocation',  -- allocation: packs granted here, no file
                                                         'bills', 'day_bills', 'statements')),
    programme_id  INTEGER REFERENCES programmes,        -- NULL for merchants and series: they belong to the city
    file          TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    profile       TEXT NOT NULL,
    profile_json  TEXT NOT NULL,                        -- the profile as it was, so that rejects can be read again
    encoding      TEXT NOT NULL,
    header        TEXT NOT NULL,                        -- the file's own column names, as a JSON list
    state         TEXT NOT NULL CHECK (state IN ('importing', 'done', 'undone')),
    last_line     INTEGER NOT NULL DEFAULT 0,           -- the watermark: every row up to this line has been judged
    chunks        INTEGER NOT NULL DEFAULT 0,           -- transactions it took so far
    options       TEXT NOT NULL DEFAULT '{}',           -- JSON: what the command was told, for `batch resume`
    read          INTEGER NOT NULL,
    accepted      INTEGER NOT NULL,
    duplicate     INTEGER NOT NULL,
    rejected      INTEGER NOT NULL,
    warnings      INTEGER NOT NULL,
    actor         TEXT NOT NULL,
    imported_at   INTEGER NOT NULL,
    CHECK (state = 'undone' OR read = accepted + duplicate + rejected)
) STRICT;
INSERT INTO batches SELECT * FROM earlier_batches;
DROP TABLE earlier_batches;
CREATE UNIQUE INDEX batches_once ON batches (kind, ifnull(programme_id, 0), sha256) WHERE state <> 'undone';
CREATE TRIGGER closed_programmes_take_no_files BEFORE INSERT ON batches WHEN EXISTS (
    SELECT 1 FROM closings c WHERE c.programme_id = NEW.programme_id)
BEGIN SELECT RAISE(ROLLBACK, 'the programme is closed'); END;

-- One run: a file held against the days it tells of. The same file may be held against them again, when something here has changed.
CREATE TABLE reconciliations (
    run_id        INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    batch_id      INTEGER NOT NULL REFERENCES batches,
    source        TEXT NOT NULL CHECK (source IN ('bills', 'day_bills', 'statements')),
    round_id      INTEGER REFERENCES rounds,            -- NULL: all rounds of the programme
    first_on      INTEGER NOT NULL,                     -- the days it covers, both included (yyyymmdd)
    last_on       INTEGER NOT NULL CHECK (last_on >= first_on),
    tolerances    TEXT NOT NULL CHECK (json_valid(tolerances)),  -- as the programme said them then
    last_audit    INTEGER NOT NULL,                     -- the last line of the log that it knew
    adds          INTEGER NOT NULL DEFAULT 0 CHECK (adds IN (0, 1)),  -- its rows come to days that stand, and take nobody's place
    opened        INTEGER NOT NULL,                     -- breaks that it found and nobody knew
    standing      INTEGER NOT NULL,                     -- breaks that stood before and still do
    cleared       INTEGER NOT NULL,                     -- breaks that no longer stand
    actor         TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    ran_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX reconciliations_by_batch ON reconciliations (batch_id);
CREATE INDEX reconciliations_by_programme ON reconciliations (programme_id, source);

-- What a run found of a day that it covers. Of several runs the last says how a day stands (`standing_days`). Theirs = what agreed of
-- theirs + their side of the breaks; ours likewise: `voucher check` proves both.
CREATE TABLE reconciled_days (
    run_id             INTEGER NOT NULL REFERENCES reconciliations,
    day                INTEGER NOT NULL,
    their_rows         INTEGER NOT NULL,
    their_fen          INTEGER NOT NULL,
    our_rows           INTEGER NOT NULL,
    our_fen            INTEGER NOT NULL,
    agreed_their_rows  INTEGER NOT NULL,
    agreed_their_fen   INTEGER NOT NULL,
    agreed_our_rows    INTEGER NOT NULL,
    agreed_our_fen     INTEGER NOT NULL,
    PRIMARY KEY (run_id, day)
) STRICT, WITHOUT ROWID;
CREATE VIEW standing_days AS
SELECT r.programme_id, r.source, r.round_id, r.run_id, r.batch_id, d.day, d.their_rows, d.their_fen, d.our_rows, d.our_fen,
    d.agreed_their_rows, d.agreed_their_fen, d.agreed_our_rows, d.agreed_our_fen
FROM reconciled_days d JOIN reconciliations r USING (run_id)
WHERE NOT EXISTS (SELECT 1 FROM reconciliations l JOIN reconciled_days e ON e.run_id = l.run_id AND e.day = d.day
    WHERE l.programme_id = r.programme_id AND l.source = r.source AND l.round_id IS r.round_id AND l.run_id > r.run_id);

-- Rows of ours on a day that the run does not cover, which its file shows and which agree: a platform's day may end at another hour.
CREATE TABLE agreed_beyond (
    run_id          INTEGER NOT NULL REFERENCES reconciliations,
    transaction_no  TEXT NOT NULL,
    kind            TEXT NOT NULL,
    day             INTEGER NOT NULL,                   -- ours
    our_fen         INTEGER NOT NULL,
    their_fen       INTEGER NOT NULL,
    PRIMARY KEY (run_id, transaction_no, kind)
) STRICT, WITHOUT ROWID;

-- What does not agree. It is open until a person resolves it, or a later run finds that it no longer stands (cleared).
CREATE TABLE breaks (
    break_id        INTEGER PRIMARY KEY,
    programme_id    INTEGER NOT NULL REFERENCES programmes,
    source          TEXT NOT NULL CHECK (source IN ('bills', 'day_bills', 'statements', 'intake')),  -- intake: a row that waits
    round_id        INTEGER REFERENCES rounds,          -- of its run
    type            TEXT NOT NULL CHECK (type IN ('missing_here', 'missing_there', 'amount', 'merchant', 'date', 'duplicate', 'status', 'split',
                                                  'displaces_sealed')),
    key             TEXT NOT NULL,                      -- what it is about; with type and amounts it is the same break again
    transaction_no  TEXT NOT NULL DEFAULT '',           -- or the number of the transfer or statement
    kind            TEXT NOT NULL DEFAULT '',           -- pay, refund
    merchant_id     INTEGER REFERENCES merchants,       -- ours, else the one that their number means
    merchant_no     TEXT NOT NULL DEFAULT '',           -- as they wrote it
    day             INTEGER NOT NULL,                   -- from which its age counts (yyyymmdd)
    our_fen         INTEGER NOT NULL,                   -- refunds are negative; what is missing is 0
    their_fen       INTEGER NOT NULL,
    detail          TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),  -- what explains it
    batch_id        INTEGER REFERENCES batches,         -- the file that shows it, and the line there (NULL: the file lacks it)
    line            INTEGER,
    run_id          INTEGER REFERENCES reconciliations, -- that found it (NULL: displaces_sealed stands by itself)
    cleared_run     INTEGER REFERENCES reconciliations, -- that found that it no longer stands
    cleared_at      INTEGER,                            -- when it no longer stood
    state           TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved', 'cleared')),
    owner           TEXT NOT NULL DEFAULT '',           -- who looks after it
    assigned_by     TEXT NOT NULL DEFAULT '',
    assigned_at     INTEGER,
    resolution      TEXT NOT NULL DEFAULT '' CHECK (resolution IN ('', 'posting', 'correction', 'explained')),
    note            TEXT NOT NULL DEFAULT '',
    evidence        TEXT NOT NULL DEFAULT '',
    resolved_by     TEXT NOT NULL DEFAULT '',
    resolved_at     INTEGER,
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (state <> 'cleared' OR cleared_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX breaks_once ON breaks (programme_id, source, ifnull(round_id, 0), type, key, our_fen, their_fen)
    WHERE cleared_at IS NULL;
CREATE INDEX breaks_by_state ON breaks (programme_id, state, day);
CREATE INDEX breaks_by_run ON breaks (run_id);
CREATE INDEX breaks_cleared_by ON breaks (cleared_run) WHERE cleared_run IS NOT NULL;
CREATE TRIGGER breaks_stand BEFORE UPDATE OF break_id, programme_id, source, round_id, type, key, transaction_no, kind, day, our_fen, their_fen,
    run_id ON breaks BEGIN SELECT RAISE(ABORT, 'what a break says stands'); END;

-- The rows of a break on each day and side: they add up to its amounts. `is_beyond`: theirs stands on a day that its run does not cover.
CREATE TABLE break_parts (
    break_id    INTEGER NOT NULL REFERENCES breaks,
    day         INTEGER NOT NULL,
    is_beyond   INTEGER NOT NULL DEFAULT 0 CHECK (is_beyond IN (0, 1)),
    our_rows    INTEGER NOT NULL,
    our_fen     INTEGER NOT NULL,
    their_rows  INTEGER NOT NULL,
    their_fen   INTEGER NOT NULL,
    PRIMARY KEY (break_id, day, is_beyond)
) STRICT, WITHOUT ROWID;
CREATE INDEX break_parts_by_day ON break_parts (day);

-- Which run verified a settlement, where it was not done by hand.
CREATE TABLE settlement_runs (
    settlement_id  INTEGER NOT NULL REFERENCES settlements,
    run_id         INTEGER NOT NULL REFERENCES reconciliations,
    PRIMARY KEY (settlement_id, run_id)
) STRICT, WITHOUT ROWID;

-- Rows that would displace what is sealed are breaks by themselves, for as long as they are rejects.
CREATE TRIGGER sealed_breaks_open AFTER INSERT ON rejects WHEN NEW.reason = 'displaces_sealed'
BEGIN
    INSERT INTO breaks (programme_id, source, type, key, day, our_fen, their_fen, detail, batch_id, line)
    SELECT b.programme_id, 'intake', 'displaces_sealed', NEW.batch_id || ':' || NEW.line,
        ifnull(json_extract(NEW.detail, '$.sealed_on'), 0), 0, 0, NEW.detail, NEW.batch_id, NEW.line
    FROM batches b WHERE b.batch_id = NEW.batch_id
    ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER sealed_breaks_end AFTER DELETE ON rejects WHEN OLD.reason = 'displaces_sealed'
BEGIN
    UPDATE breaks SET state = iif(state = 'open', 'cleared', state),
        cleared_at = ifnull((SELECT max(at) FROM audit), 0)
    WHERE source = 'intake' AND cleared_at IS NULL AND batch_id = OLD.batch_id AND line = OLD.line;
END;
INSERT INTO breaks (programme_id, source, type, key, day, our_fen, their_fen, detail, batch_id, line)
SELECT b.programme_id, 'intake', 'displaces_sealed', j.batch_id || ':' || j.line,
    ifnull(json_extract(j.detail, '$.sealed_on'), 0), 0, 0, j.detail, j.batch_id, j.line
FROM rejects j JOIN batches b USING (batch_id) WHERE j.reason = 'displaces_sealed' AND b.programme_id IS NOT NULL;
