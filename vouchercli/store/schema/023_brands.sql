-- Brands of merchants, and whether an enterprise is above or below designated size, as the registry says. Both are part of what a merchant
-- is counted under, so that totals of merchants know them as they were when it was paid; of an older file nothing is stated yet.

-- What refers to a segment keeps its reference: it is checked when this step ends.
PRAGMA defer_foreign_keys = ON;
CREATE INDEX merchants_by_segment ON merchants (segment_id);  -- so that they are found at once
CREATE INDEX merchant_pasts_by_segment ON merchant_pasts (segment_id);
CREATE TABLE earlier_segments AS SELECT * FROM segments;
DROP TABLE segments;
CREATE TABLE segments (
    segment_id       INTEGER PRIMARY KEY,
    district         TEXT NOT NULL,
    industry         TEXT NOT NULL,
    size             TEXT NOT NULL,
    brand            TEXT NOT NULL DEFAULT '',          -- of a chain: the name that its shops share
    designated_size  TEXT NOT NULL DEFAULT '',          -- above or below what the statistics office surveys in full (限上, 限下)
    UNIQUE (district, industry, size, brand, designated_size)
) STRICT;
INSERT INTO segments (segment_id, district, industry, size) SELECT segment_id, district, industry, size FROM earlier_segments;
DROP TABLE earlier_segments;
DROP INDEX merchants_by_segment;
DROP INDEX merchant_pasts_by_segment;
ALTER TABLE merchants ADD COLUMN brand TEXT NOT NULL DEFAULT '';
ALTER TABLE merchants ADD COLUMN designated_size TEXT NOT NULL DEFAULT '';
