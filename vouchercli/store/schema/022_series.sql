-- Baselines: turnover, orders, open shops, as a statistics office or a platform counts them.

-- Files of series are batches too. What refers to a batch keeps its reference: it is checked when this step ends.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE earlier_batches AS SELECT * FROM batches;
DROP TABLE batches;
CREATE TABLE batches (
    batch_id      INTEGER PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('merchants', 'claims', 'redemptions', 'applications', 'eligibility', 'series',
                                                         'allocation')),  -- allocation: packs granted here, no file
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

CREATE TABLE later_digests (
    facts   TEXT NOT NULL CHECK (facts IN ('claims', 'redemptions', 'refunds', 'applications', 'eligibility', 'series', 'rejects', 'postings')),
    level   INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),
    block   INTEGER NOT NULL,
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (facts, level, block)
) STRICT, WITHOUT ROWID;
INSERT INTO later_digests SELECT * FROM fact_digests;
DROP TABLE fact_digests;
ALTER TABLE later_digests RENAME TO fact_digests;

-- A figure of a series. A revision is a row of its own behind the figure that it takes the place of, so that its file can be undone.
CREATE TABLE series (
    series_id  INTEGER PRIMARY KEY,
    measure    TEXT NOT NULL CHECK (measure IN ('turnover', 'orders', 'shops')),
    grain      TEXT NOT NULL CHECK (grain IN ('day', 'week', 'month', 'quarter', 'year', 'span')),
    first_on   INTEGER NOT NULL,                        -- the period, both days included: yyyymmdd
    last_on    INTEGER NOT NULL,
    industry   TEXT NOT NULL,                           -- '': all of them together
    district   TEXT NOT NULL,
    brand      TEXT NOT NULL,
    source     TEXT NOT NULL CHECK (source <> ''),      -- who says so
    value      INTEGER NOT NULL,                        -- fen of turnover, else a count
    batch_id   INTEGER NOT NULL REFERENCES batches,
    line       INTEGER NOT NULL,
    CHECK (first_on <= last_on)
) STRICT;
CREATE INDEX series_by_figure ON series (measure, source, grain, first_on, last_on, industry, district, brand);
CREATE INDEX series_by_batch ON series (batch_id);

-- The figures that stand: of revised ones the last. `cut` says which of industry, district and brand they name: 1 + 2 + 4.
CREATE VIEW standing_series AS
SELECT series_id, measure, grain, first_on, last_on, industry, district, brand, source, value, batch_id, line,
    (industry <> '') + 2 * (district <> '') + 4 * (brand <> '') AS cut
FROM series s
WHERE NOT EXISTS (SELECT 1 FROM series l WHERE l.measure = s.measure AND l.source = s.source AND l.grain = s.grain
    AND l.first_on = s.first_on AND l.last_on = s.last_on AND l.industry = s.industry AND l.district = s.district
    AND l.brand = s.brand AND l.series_id > s.series_id);
