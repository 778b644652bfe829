-- What lists need to answer at once.

-- Where a merchant's redemptions stand, instead of an index: merchants come in no order, and each row would land on a random page of it.

-- The merchant in place n (from 0) is that of redemption first_id + n of the run; some of them may have left since.
CREATE TABLE merchant_runs (
    first_id   INTEGER PRIMARY KEY,
    merchants  BLOB NOT NULL                            -- unsigned 32-bit little-endian merchant_id
) STRICT;
CREATE TRIGGER merchant_runs_leave_with_their_run AFTER DELETE ON redemption_runs
BEGIN DELETE FROM merchant_runs WHERE first_id = OLD.first_id; END;

-- The lines of a group in their order; residents of a list come in no order, groups mostly one after the other.
CREATE INDEX eligibility_by_group ON eligibility (programme_id, resident_group);
