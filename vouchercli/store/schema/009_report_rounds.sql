-- What `report rounds` needs to answer at once.

-- Which claims were used, a bit a claim, so that a report need not look for the payments of every claim. The bit of claim_id is in place
-- claim_id % 8192 (from the low end of the first byte) of block claim_id / 8192; bytes of nothing at the end are left out. A claim stands
-- used when of its payments one is not undone.
CREATE TABLE used_claims (
    block     INTEGER NOT NULL,
    round_id  INTEGER NOT NULL,
    day       INTEGER NOT NULL,                         -- a local day: what that day changed; 0: claims of which a payment was undone
    claims    BLOB NOT NULL,
    PRIMARY KEY (block, round_id, day)
) STRICT, WITHOUT ROWID;

-- The claims that can still be used at a moment are counted without their rows.
DROP INDEX claims_by_round;
CREATE INDEX claims_by_round ON claims (round_id, claimed_at, expires_at);
