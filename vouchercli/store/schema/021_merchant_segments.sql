-- Totals of merchants know the segment (district, industry, size) that a payment was judged by, so that reports by two of these and
-- counts of merchants need no facts. Of an older file those merchants are counted anew that were paid in another segment than they
-- have now.
CREATE TEMP TABLE moved AS
SELECT DISTINCT f.merchant_id FROM redemptions f JOIN merchants m USING (merchant_id) WHERE f.segment_id <> m.segment_id;
CREATE TABLE merchant_totals_by_segment (
    round_id      INTEGER NOT NULL REFERENCES rounds,
    month         INTEGER NOT NULL,                     -- the local month as yyyymm
    merchant_id   INTEGER NOT NULL,
    segment_id    INTEGER NOT NULL,
    vouchers      INTEGER NOT NULL,
    base_fen      INTEGER NOT NULL,
    subsidy_fen   INTEGER NOT NULL,
    public_fen    INTEGER NOT NULL,
    platform_fen  INTEGER NOT NULL,
    match_fen     INTEGER NOT NULL,
    floor_fen     INTEGER NOT NULL,
    face_fen      INTEGER NOT NULL,
    stays_fen     INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, round_id, month, segment_id)
) STRICT, WITHOUT ROWID;
INSERT INTO merchant_totals_by_segment
SELECT t.round_id, t.month, t.merchant_id, m.segment_id, t.vouchers, t.base_fen, t.subsidy_fen, t.public_fen, t.platform_fen, t.match_fen,
    t.floor_fen, t.face_fen, t.stays_fen
FROM merchant_totals t JOIN merchants m USING (merchant_id)
WHERE t.merchant_id NOT IN (SELECT merchant_id FROM temp.moved);
-- What a running import has not counted yet stays uncounted.
INSERT INTO merchant_totals_by_segment
SELECT f.round_id, f.day / 100, f.merchant_id, f.segment_id, sum(f.vouchers), sum(f.base_fen), sum(f.subsidy_fen), sum(f.public_fen),
    sum(f.platform_fen), sum(f.match_fen), sum(f.floor_fen), sum(f.face_fen), sum(f.stays_fen)
FROM redemption_facts f
WHERE f.merchant_id IN (SELECT merchant_id FROM temp.moved)
    AND (SELECT max(first_id) FROM redemption_runs WHERE first_id <= f.redemption_id) NOT IN (SELECT first_id FROM uncounted_runs)
GROUP BY f.round_id, f.day / 100, f.merchant_id, f.segment_id;
DELETE FROM merchant_totals_by_segment
WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0 AND floor_fen = 0 AND face_fen = 0 AND stays_fen = 0;
DROP TABLE temp.moved;
DROP VIEW merchant_sums;
DROP TABLE merchant_totals;
ALTER TABLE merchant_totals_by_segment RENAME TO merchant_totals;
CREATE VIEW merchant_sums AS
SELECT merchant_id, round_id, month, segment_id, vouchers, base_fen, subsidy_fen, public_fen, platform_fen, match_fen, floor_fen, face_fen,
    stays_fen
FROM merchant_totals
UNION ALL
SELECT f.merchant_id, f.round_id, f.day / 100, f.segment_id, f.vouchers, f.base_fen, f.subsidy_fen, f.public_fen, f.platform_fen, f.match_fen,
    f.floor_fen, f.face_fen, f.stays_fen
FROM uncounted_runs u CROSS JOIN redemption_runs n USING (first_id)
    CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id AND n.last_id;
