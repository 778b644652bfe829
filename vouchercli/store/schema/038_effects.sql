-- What vouchers did: plans that were sealed before a round opened, what platforms sent of groups of people, answers of a survey.

CREATE TABLE effect_plans (
    plan_id    INTEGER PRIMARY KEY,
    round_id   INTEGER NOT NULL REFERENCES rounds,
    terms      TEXT NOT NULL CHECK (json_valid(terms)), -- the sealed text
    sha256     TEXT NOT NULL,                           -- its digest, which the log has too
    sealed_by  TEXT NOT NULL,
    os_user    TEXT NOT NULL,
    sealed_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX effect_plans_by_round ON effect_plans (round_id);
CREATE TABLE effect_files (
    file_id       INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    kind          TEXT NOT NULL CHECK (kind IN ('cells', 'survey')),
    file          TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    source        TEXT NOT NULL,                        -- who sent it, in words
    lines         INTEGER NOT NULL,
    imported_by   TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    imported_at   INTEGER NOT NULL,
    UNIQUE (programme_id, kind, sha256)
) STRICT;
-- Of a round the newest file counts; those before it stay.
CREATE TABLE effect_cells (
    file_id   INTEGER NOT NULL REFERENCES effect_files,
    line      INTEGER NOT NULL,
    round_id  INTEGER NOT NULL REFERENCES rounds,
    arm       TEXT NOT NULL CHECK (arm IN ('won', 'lost')),
    arrival   INTEGER,                                  -- milliseconds from selling out, thousandths of a point from the limit
    week      INTEGER NOT NULL,
    stratum   TEXT NOT NULL,
    n         INTEGER NOT NULL CHECK (n > 0),
    y TEXT NOT NULL, yy TEXT NOT NULL,                  -- decimals as text: sums in yuan, squares and products in yuan times yuan
    s TEXT NOT NULL, ss TEXT NOT NULL, sy TEXT NOT NULL,
    x TEXT NOT NULL, xx TEXT NOT NULL, xy TEXT NOT NULL, xs TEXT NOT NULL,
    PRIMARY KEY (file_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX effect_cells_by_round ON effect_cells (round_id, file_id);
CREATE TABLE survey_answers (
    file_id     INTEGER NOT NULL REFERENCES effect_files,
    line        INTEGER NOT NULL,
    round_id    INTEGER NOT NULL REFERENCES rounds,
    stratum     TEXT NOT NULL,
    weight      TEXT NOT NULL,                          -- decimal: how many people an answer stands for
    answers     INTEGER NOT NULL CHECK (answers > 0),   -- 1: one person; more: a sum that somebody printed
    used_fen      INTEGER NOT NULL CHECK (used_fen > 0),-- vouchers used
    ordinary_fen  INTEGER NOT NULL CHECK (ordinary_fen >= 0),
    voucher_fen   INTEGER NOT NULL CHECK (voucher_fen >= 0),  -- extra, paid by voucher
    own_fen       INTEGER NOT NULL CHECK (own_fen >= 0),      -- extra, of own money
    PRIMARY KEY (file_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX survey_answers_by_round ON survey_answers (round_id, file_id);
CREATE TRIGGER effect_plans_never_change BEFORE UPDATE ON effect_plans BEGIN SELECT RAISE(ABORT, 'a plan stands'); END;
CREATE TRIGGER effect_plans_never_vanish BEFORE DELETE ON effect_plans BEGIN SELECT RAISE(ABORT, 'a plan stands'); END;
CREATE TRIGGER effect_files_never_change BEFORE UPDATE ON effect_files BEGIN SELECT RAISE(ABORT, 'what was sent stands'); END;
CREATE TRIGGER effect_files_never_vanish BEFORE DELETE ON effect_files BEGIN SELECT RAISE(ABORT, 'what was sent stands'); END;
CREATE TRIGGER effect_cells_never_change BEFORE UPDATE ON effect_cells BEGIN SELECT RAISE(ABORT, 'what was sent stands'); END;
CREATE TRIGGER effect_cells_never_vanish BEFORE DELETE ON effect_cells BEGIN SELECT RAISE(ABORT, 'what was sent stands'); END;
CREATE TRIGGER survey_answers_never_change BEFORE UPDATE ON survey_answers BEGIN SELECT RAISE(ABORT, 'an answer stands'); END;
CREATE TRIGGER survey_answers_never_vanish BEFORE DELETE ON survey_answers BEGIN SELECT RAISE(ABORT, 'an answer stands'); END;
