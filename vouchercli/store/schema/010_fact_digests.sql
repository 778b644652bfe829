-- What proves that facts are as they were written.

-- A digest of each 64 rows of a table by their ids (level 0: rows block * 64 to block * 64 + 63; of rejects those of 4,096 lines of a file), of each 64
-- of these digests (level 1), and so on up to level 3. A transaction that writes facts, or moves some out, renews the digests
-- that they touch, if they held before: what somebody edited stays wrong. `voucher check` makes them anew from the facts.
CREATE TABLE fact_digests (
    facts   TEXT NOT NULL CHECK (facts IN ('claims', 'redemptions', 'refunds', 'applications', 'eligibility', 'rejects', 'postings')),
    level   INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),
    block   INTEGER NOT NULL,
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (facts, level, block)
) STRICT, WITHOUT ROWID;

-- Whether the log knows the digests as they are: the next line that is written says the digest of all of them.
CREATE TABLE fact_digests_said (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    is_said  INTEGER NOT NULL CHECK (is_said IN (0, 1))
) STRICT;
INSERT INTO fact_digests_said (only, is_said) VALUES (1, 1);
