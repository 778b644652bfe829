-- Lotteries: commitments, entrants, certificates.

-- One draw a round. Its row fills in four steps, none of which is ever taken back: the seed is committed to, the quotas are
-- fixed, the list of entrants is published, the draw is made. Until then the seed lies sealed under the key of the key file.
CREATE TABLE draws (
    round_id                INTEGER PRIMARY KEY REFERENCES rounds,
    seed_sha256             TEXT NOT NULL CHECK (length(seed_sha256) = 64),
    sealed_seed             BLOB NOT NULL CHECK (length(sealed_seed) = 32),
    registration_closes_at  INTEGER,                -- NULL: when the round opens
    public_source           TEXT NOT NULL,          -- where a public text will come from, as announced; '' = nothing announced
    committed_by            TEXT NOT NULL,
    committed_at            INTEGER NOT NULL,
    strata                  TEXT,                   -- JSON list of {quota, district, group}
    strata_fixed_at         INTEGER,
    applications            INTEGER,
    entrants                INTEGER,
    entrants_sha256         TEXT CHECK (length(entrants_sha256) = 64),
    published_at            INTEGER,
    certificate             TEXT,                   -- canonical JSON, the revealed seed in it
    drawn_by                TEXT,
    drawn_at                INTEGER,
    CHECK ((strata IS NULL) = (strata_fixed_at IS NULL)),
    CHECK ((entrants_sha256 IS NULL) = (published_at IS NULL)),
    CHECK ((certificate IS NULL) = (drawn_at IS NULL)),
    CHECK (published_at IS NULL OR strata IS NOT NULL),
    CHECK (drawn_at IS NULL OR published_at IS NOT NULL)
) STRICT;
CREATE TRIGGER draws_stand BEFORE UPDATE ON draws WHEN
    OLD.drawn_at IS NOT NULL
    OR (NEW.round_id, NEW.seed_sha256, NEW.sealed_seed, NEW.registration_closes_at, NEW.public_source, NEW.committed_by, NEW.committed_at)
        IS NOT (OLD.round_id, OLD.seed_sha256, OLD.sealed_seed, OLD.registration_closes_at, OLD.public_source, OLD.committed_by,
                OLD.committed_at)
    OR (OLD.strata IS NOT NULL AND NEW.strata IS NOT OLD.strata)
    OR (OLD.published_at IS NOT NULL AND (NEW.entrants_sha256, NEW.published_at) IS NOT (OLD.entrants_sha256, OLD.published_at))
BEGIN SELECT RAISE(ABORT, 'what a draw has said stands'); END;
CREATE TRIGGER draws_never_vanish BEFORE DELETE ON draws BEGIN SELECT RAISE(ABORT, 'what a draw has said stands'); END;
