-- Rows of files whose fact another file had brought already, what a registry listed without changing it, and rejects that came back mended.

-- `of_batch` and `of_line` are where the fact stands: it stays when its file is undone, and belongs to the first row that also brought it.
-- Every row names a fact of another file that stands; a duplicate within one file is gone with it. In the order of the file that is read:
-- a re-export of a million rows is written as it comes. An undo reads all of them once.
CREATE TABLE duplicates (
    batch_id  INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    of_batch  INTEGER NOT NULL,
    of_line   INTEGER NOT NULL,
    PRIMARY KEY (batch_id, line)
) STRICT, WITHOUT ROWID;

-- The merchants, from the first to the last of these ids, that a registry listed as they stood. A registry of the whole city that comes
-- every day lists nearly all as they were: that is a few spans, not a row a merchant.
CREATE TABLE listed_merchants (
    batch_id  INTEGER NOT NULL,
    first_id  INTEGER NOT NULL,
    last_id   INTEGER NOT NULL,
    PRIMARY KEY (batch_id, first_id)
) STRICT, WITHOUT ROWID;

-- A row of a file of exported rejects, and each reject that it was (the one that was exported, and the one that this had been): these are
-- closed as soon as the row is no reject itself.
CREATE TABLE mended_rejects (
    of_batch  INTEGER NOT NULL,
    of_line   INTEGER NOT NULL,
    batch_id  INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    PRIMARY KEY (of_batch, of_line, batch_id, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX mended_rejects_by_batch ON mended_rejects (batch_id, line);
