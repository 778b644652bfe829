-- What platforms and surveys say of effects comes in by the one intake: files are batches, rows that cannot be used are rejects, a file can
-- be undone. What an older file holds of them becomes batches too.

-- What refers to a batch keeps its reference: it is checked when this step ends.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE earlier_batches AS SELECT * FROM batches;
DROP TABLE batches;
CREATE TABLE batches (
    batch_id      INTEGER PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('merchants', 'claims', 'redemptions', 'applications', 'eligibility', 'series',
                                                         'allocation',  -- allocation: packs granted here, no file
                                                         'bills', 'day_bills', 'statements', 'cells', 'survey')),
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
INSERT INTO batches (kind, programme_id, file, sha256, profile, profile_json, encoding, header, state, last_line, chunks, options, read, accepted,
    duplicate, rejected, warnings, actor, imported_at)
SELECT f.kind, f.programme_id, f.file, f.sha256, f.kind,
    iif(f.kind = 'cells',
        '{"columns":{"arm":{"column":["arm","组别","是否中签"],"words":{"中签":"won","否":"lost","无券":"lost","是":"won","有券":"won","未中签":"lost"}},"arrival":{"column":["arrival","到达","到达时间"],"optional":true},"n":["n","人数"],"round":["round","期次","期"],"s":["s","补贴合计","sum_s"],"ss":["ss","补贴平方和","sum_s2"],"stratum":{"column":["stratum","层","分层"],"optional":true},"sy":["sy","补贴消费积和","sum_sy"],"week":["week","周"],"x":{"column":["x","此前消费合计","sum_x"],"optional":true},"xs":{"column":["xs","此前消费与补贴积和","sum_xs"],"optional":true},"xx":{"column":["xx","此前消费平方和","sum_x2"],"optional":true},"xy":{"column":["xy","此前消费与消费积和","sum_xy"],"optional":true},"y":["y","消费合计","sum_y"],"yy":["yy","消费平方和","sum_y2"]},"kind":"cells","name":{"en":"Our own format of cells of a platform","zh":"本系统平台分组数据格式"},"platform":"voucher","profile":"cells"}',
        '{"columns":{"answers":{"column":["answers","答卷数"],"optional":true},"by_voucher":["by_voucher","用券新增"],"of_own":["of_own","自费新增"],"ordinary":["ordinary","平常消费"],"round":["round","期次","期"],"stratum":{"column":["stratum","层","分层"],"optional":true},"used":["used","用券金额"],"weight":{"column":["weight","权重"],"optional":true}},"kind":"survey","name":{"en":"Our own format of answers of a survey","zh":"本系统问卷结果格式"},"platform":"voucher","profile":"survey"}'),
    'utf-8',
    iif(f.kind = 'cells',
        '["round","arm","arrival","week","stratum","n","y","yy","s","ss","sy","x","xx","xy","xs"]',
        '["round","stratum","weight","answers","used","ordinary","by_voucher","of_own"]'),
    'done', 1 + f.lines, 1, json_object('profile', NULL, 'encoding', NULL, 'source', f.source), f.lines, f.lines, 0, 0, 0, f.imported_by,
    f.imported_at
FROM effect_files f ORDER BY f.file_id;
CREATE TRIGGER closed_programmes_take_no_files BEFORE INSERT ON batches WHEN EXISTS (
    SELECT 1 FROM closings c WHERE c.programme_id = NEW.programme_id)
BEGIN SELECT RAISE(ROLLBACK, 'the programme is closed'); END;

CREATE TABLE later_digests (
    facts   TEXT NOT NULL CHECK (facts IN ('claims', 'redemptions', 'refunds', 'applications', 'eligibility', 'series', 'effect_cells',
                                           'survey_answers', 'rejects', 'postings')),
    level   INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),
    block   INTEGER NOT NULL,
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (facts, level, block)
) STRICT, WITHOUT ROWID;
INSERT INTO later_digests SELECT * FROM fact_digests;
DROP TABLE fact_digests;
ALTER TABLE later_digests RENAME TO fact_digests;

DROP TRIGGER effect_files_never_change;
DROP TRIGGER effect_files_never_vanish;
DROP TRIGGER effect_cells_never_change;
DROP TRIGGER effect_cells_never_vanish;
DROP TRIGGER survey_answers_never_change;
DROP TRIGGER survey_answers_never_vanish;
CREATE TABLE earlier_cells AS SELECT * FROM effect_cells;
CREATE TABLE earlier_answers AS SELECT * FROM survey_answers;
DROP TABLE effect_cells;
DROP TABLE survey_answers;

-- Of a round the newest file counts, with what came back of its rejects; those before it stay.
CREATE TABLE effect_cells (
    cell_id   INTEGER PRIMARY KEY,
    round_id  INTEGER NOT NULL REFERENCES rounds,
    arm       TEXT NOT NULL CHECK (arm IN ('won', 'lost')),
    arrival   INTEGER,                                  -- milliseconds from selling out, thousandths of a point from the limit
    week      INTEGER NOT NULL,
    stratum   TEXT NOT NULL,
    n         INTEGER NOT NULL CHECK (n > 0),
    y TEXT NOT NULL, yy TEXT NOT NULL,                  -- decimals as text: sums in yuan, squares and products in yuan times yuan
    s TEXT NOT NULL, ss TEXT NOT NULL, sy TEXT NOT NULL,
    x TEXT NOT NULL, xx TEXT NOT NULL, xy TEXT NOT NULL, xs TEXT NOT NULL,
    batch_id  INTEGER NOT NULL REFERENCES batches,
    line      INTEGER NOT NULL
) STRICT;
CREATE INDEX effect_cells_by_round ON effect_cells (round_id, batch_id);
CREATE INDEX effect_cells_by_batch ON effect_cells (batch_id);
CREATE TABLE survey_answers (
    answer_id     INTEGER PRIMARY KEY,
    round_id      INTEGER NOT NULL REFERENCES rounds,
    stratum       TEXT NOT NULL,
    weight        TEXT NOT NULL,                        -- decimal: how many people an answer stands for
    answers       INTEGER NOT NULL CHECK (answers > 0), -- 1: one person; more: a sum that somebody printed
    used_fen      INTEGER NOT NULL CHECK (used_fen > 0),-- vouchers used
    ordinary_fen  INTEGER NOT NULL CHECK (ordinary_fen >= 0),
    voucher_fen   INTEGER NOT NULL CHECK (voucher_fen >= 0),  -- extra, paid by voucher
    own_fen       INTEGER NOT NULL CHECK (own_fen >= 0),      -- extra, of own money
    batch_id      INTEGER NOT NULL REFERENCES batches,
    line          INTEGER NOT NULL
) STRICT;
CREATE INDEX survey_answers_by_round ON survey_answers (round_id, batch_id);
CREATE INDEX survey_answers_by_batch ON survey_answers (batch_id);
INSERT INTO effect_cells (round_id, arm, arrival, week, stratum, n, y, yy, s, ss, sy, x, xx, xy, xs, batch_id, line)
SELECT c.round_id, c.arm, c.arrival, c.week, c.stratum, c.n, c.y, c.yy, c.s, c.ss, c.sy, c.x, c.xx, c.xy, c.xs, b.batch_id, c.line
FROM earlier_cells c JOIN effect_files f USING (file_id)
    JOIN batches b ON b.kind = f.kind AND b.programme_id = f.programme_id AND b.sha256 = f.sha256
ORDER BY c.file_id, c.line;
INSERT INTO survey_answers (round_id, stratum, weight, answers, used_fen, ordinary_fen, voucher_fen, own_fen, batch_id, line)
SELECT a.round_id, a.stratum, a.weight, a.answers, a.used_fen, a.ordinary_fen, a.voucher_fen, a.own_fen, b.batch_id, a.line
FROM earlier_answers a JOIN effect_files f USING (file_id)
    JOIN batches b ON b.kind = f.kind AND b.programme_id = f.programme_id AND b.sha256 = f.sha256
ORDER BY a.file_id, a.line;
DROP TABLE earlier_cells;
DROP TABLE earlier_answers;
DROP TABLE effect_files;
CREATE TRIGGER effect_cells_never_change BEFORE UPDATE ON effect_cells BEGIN SELECT RAISE(ABORT, 'what was sent stands'); END;
CREATE TRIGGER survey_answers_never_change BEFORE UPDATE ON survey_answers BEGIN SELECT RAISE(ABORT, 'an answer stands'); END;
