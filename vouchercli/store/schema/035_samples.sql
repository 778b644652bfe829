-- Samples for a spot check: how many were to be drawn and from what was kept before anything was looked at; which were drawn; what was found.

CREATE TABLE samples (
    sample_id          INTEGER PRIMARY KEY,
    programme_id       INTEGER NOT NULL REFERENCES programmes,
    what               TEXT NOT NULL CHECK (what IN ('redemptions', 'claims', 'transfers')),
    first_day          INTEGER,                         -- of the period (yyyymmdd); NULL: from the beginning
    last_day           INTEGER NOT NULL,                -- the last signed day of it
    confidence_bp      INTEGER NOT NULL,
    margin_bp          INTEGER NOT NULL,
    expected_bp        INTEGER NOT NULL,
    size               INTEGER NOT NULL CHECK (size > 0),
    allowed            INTEGER NOT NULL CHECK (allowed >= 0),  -- so many may be wrong and the margin is kept
    population         INTEGER NOT NULL CHECK (population >= size),
    population_fen     INTEGER NOT NULL,
    largest_fen        INTEGER NOT NULL,
    population_sha256  TEXT NOT NULL,                   -- of the list of all: number,amount
    seed               TEXT NOT NULL,
    items_sha256       TEXT NOT NULL,                   -- of the numbers that were drawn, a line each
    drawn_by           TEXT NOT NULL,
    os_user            TEXT NOT NULL,
    drawn_at           INTEGER NOT NULL
) STRICT;
CREATE INDEX samples_by_programme ON samples (programme_id);
CREATE TABLE sample_items (
    sample_id   INTEGER NOT NULL REFERENCES samples,
    item        INTEGER NOT NULL,                       -- the smallest ticket is item 1
    number      TEXT NOT NULL,                          -- transaction_no, claim_no or transfer_no
    amount_fen  INTEGER NOT NULL,
    ticket      TEXT NOT NULL,
    PRIMARY KEY (sample_id, item),
    UNIQUE (sample_id, number)
) STRICT, WITHOUT ROWID;
-- The last result of an item counts; those before it stay.
CREATE TABLE sample_results (
    result_id   INTEGER PRIMARY KEY,
    sample_id   INTEGER NOT NULL,
    item        INTEGER NOT NULL,
    fault       TEXT NOT NULL,                          -- '': found in order
    right_fen   INTEGER NOT NULL CHECK (right_fen >= 0),-- what the amount should have been
    note        TEXT NOT NULL,
    at_line     TEXT NOT NULL,                          -- file:line
    entered_by  TEXT NOT NULL,
    os_user     TEXT NOT NULL,
    entered_at  INTEGER NOT NULL,
    FOREIGN KEY (sample_id, item) REFERENCES sample_items
) STRICT;
CREATE INDEX sample_results_by_item ON sample_results (sample_id, item);
CREATE TRIGGER samples_never_change BEFORE UPDATE ON samples BEGIN SELECT RAISE(ABORT, 'a sample stands'); END;
CREATE TRIGGER samples_never_vanish BEFORE DELETE ON samples BEGIN SELECT RAISE(ABORT, 'a sample stands'); END;
CREATE TRIGGER sample_items_never_change BEFORE UPDATE ON sample_items BEGIN SELECT RAISE(ABORT, 'what was drawn stands'); END;
CREATE TRIGGER sample_items_never_vanish BEFORE DELETE ON sample_items BEGIN SELECT RAISE(ABORT, 'what was drawn stands'); END;
CREATE TRIGGER sample_results_never_change BEFORE UPDATE ON sample_results BEGIN SELECT RAISE(ABORT, 'a result stands'); END;
CREATE TRIGGER sample_results_never_vanish BEFORE DELETE ON sample_results BEGIN SELECT RAISE(ABORT, 'a result stands'); END;
