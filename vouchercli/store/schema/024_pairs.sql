-- Totals by two keys at once (as coupon and channel, district and industry), kept like those by one: a row a round, local day and pair of
-- keys, so that a report by two of them reads no facts, also where a month is cut.
CREATE TABLE group_totals_by_two (
    grouping      TEXT NOT NULL CHECK (grouping IN (
        'round', 'coupon', 'channel', 'district', 'industry', 'size', 'coupon,channel', 'coupon,district', 'coupon,industry',
        'coupon,size', 'channel,district', 'channel,industry', 'channel,size', 'district,industry', 'district,size',
        'industry,size')),
    round_id      INTEGER NOT NULL REFERENCES rounds,
    day           INTEGER NOT NULL,
    key           TEXT NOT NULL,
    second_key    TEXT NOT NULL DEFAULT '',             -- of a grouping by two; else blank
    vouchers      INTEGER NOT NULL,
    base_fen      INTEGER NOT NULL,
    subsidy_fen   INTEGER NOT NULL,
    public_fen    INTEGER NOT NULL,
    platform_fen  INTEGER NOT NULL,
    match_fen     INTEGER NOT NULL,
    floor_fen     INTEGER NOT NULL,                     -- sum of the least bases of the payments, less what was refunded of them
    face_fen      INTEGER NOT NULL,                     -- sum of denominations of the vouchers that are spent
    stays_fen     INTEGER NOT NULL,                     -- public subsidy that stays on sales that are gone
    PRIMARY KEY (grouping, round_id, day, key, second_key)
) STRICT, WITHOUT ROWID;
INSERT INTO group_totals_by_two
SELECT grouping, round_id, day, key, '', vouchers, base_fen, subsidy_fen, public_fen, platform_fen, match_fen, floor_fen, face_fen,
    stays_fen
FROM group_totals;
-- Of an older file all facts are added up once.
INSERT INTO group_totals_by_two
WITH combined AS MATERIALIZED (
    SELECT f.round_id, f.day, f.coupon, f.channel, f.segment_id, sum(f.vouchers) AS vouchers, sum(f.base_fen) AS base_fen,
        sum(f.subsidy_fen) AS subsidy_fen, sum(f.public_fen) AS public_fen, sum(f.platform_fen) AS platform_fen,
        sum(f.match_fen) AS match_fen, sum(f.floor_fen) AS floor_fen, sum(f.face_fen) AS face_fen, sum(f.stays_fen) AS stays_fen
    FROM redemption_facts f GROUP BY f.round_id, f.day, f.coupon, f.channel, f.segment_id
), groupings (first, second) AS (
    VALUES ('coupon', 'channel'), ('coupon', 'district'), ('coupon', 'industry'), ('coupon', 'size'), ('channel', 'district'),
        ('channel', 'industry'), ('channel', 'size'), ('district', 'industry'), ('district', 'size'), ('industry', 'size')
)
SELECT g.first || ',' || g.second, f.round_id, f.day,
    CASE g.first WHEN 'coupon' THEN f.coupon WHEN 'channel' THEN f.channel WHEN 'district' THEN s.district ELSE s.industry END AS key,
    CASE g.second WHEN 'channel' THEN f.channel WHEN 'district' THEN s.district WHEN 'industry' THEN s.industry
        ELSE s.size END AS second_key,
    sum(f.vouchers), sum(f.base_fen), sum(f.subsidy_fen), sum(f.public_fen), sum(f.platform_fen), sum(f.match_fen), sum(f.floor_fen),
    sum(f.face_fen), sum(f.stays_fen)
FROM groupings g CROSS JOIN combined f CROSS JOIN segments s ON s.segment_id = f.segment_id
GROUP BY g.first, g.second, f.round_id, f.day, key, second_key;
DELETE FROM group_totals_by_two
WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0 AND floor_fen = 0 AND face_fen = 0 AND stays_fen = 0;
DROP TABLE group_totals;
ALTER TABLE group_totals_by_two RENAME TO group_totals;
