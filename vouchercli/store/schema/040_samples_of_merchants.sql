-- Merchants are drawn at random too.

CREATE TABLE later_samples (
    sample_id          INTEGER PRIMARY KEY,
    programme_id       INTEGER NOT NULL REFERENCES programmes,
    what               TEXT NOT NULL CHECK (what IN ('redemptions', 'claims', 'transfers', 'merchants')),
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
INSERT INTO later_samples SELECT * FROM samples;
DROP TABLE samples;
ALTER TABLE later_samples RENAME TO samples;
CREATE INDEX samples_by_programme ON samples (programme_id);
CREATE TRIGGER samples_never_change BEFORE UPDATE ON samples BEGIN SELECT RAISE(ABORT, 'a sample stands'); END;
CREATE TRIGGER samples_never_vanish BEFORE DELETE ON samples BEGIN SELECT RAISE(ABORT, 'a sample stands'); END;
