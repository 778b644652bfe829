-- Days that are sealed, and signed: what was booked on one never changes again.

-- A local day of a programme, sealed behind the day before. A fact is booked on its own day, or on the first day that was open when it
-- came: so a sealed day has the facts of that day that were written by then, and those of days before that came after these were sealed.
-- The last ids say what was written by then; they are never given again.
CREATE TABLE days (
    programme_id        INTEGER NOT NULL REFERENCES programmes,
    day                 INTEGER NOT NULL,
    begins_at           INTEGER NOT NULL,           -- UTC seconds
    ends_at             INTEGER NOT NULL,
    last_claim_id       INTEGER NOT NULL,
    last_redemption_id  INTEGER NOT NULL,
    claims              INTEGER NOT NULL,
    payments            INTEGER NOT NULL,
    refunds             INTEGER NOT NULL,
    base_fen            INTEGER NOT NULL,           -- net of refunds
    subsidy_fen         INTEGER NOT NULL,
    postings            INTEGER NOT NULL,
    posted_fen          INTEGER NOT NULL,
    facts_sha256        TEXT NOT NULL,              -- of the claims, payments, refunds and postings
    previous_sha256     TEXT NOT NULL,              -- of the day before; '' = the first one
    sha256              TEXT NOT NULL UNIQUE,       -- of all of it
    sealed_by           TEXT NOT NULL,
    sealed_at           INTEGER NOT NULL,
    PRIMARY KEY (programme_id, day),
    CHECK (begins_at < ends_at)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER days_never_change BEFORE UPDATE ON days BEGIN SELECT RAISE(ABORT, 'a sealed day stands'); END;
CREATE TRIGGER days_never_vanish BEFORE DELETE ON days BEGIN SELECT RAISE(ABORT, 'a sealed day stands'); END;

-- Up to where each programme is sealed: the last of its days.
CREATE TABLE last_seals (
    programme_id        INTEGER PRIMARY KEY REFERENCES programmes,
    day                 INTEGER NOT NULL,
    ends_at             INTEGER NOT NULL,
    last_claim_id       INTEGER NOT NULL,
    last_redemption_id  INTEGER NOT NULL
) STRICT;
CREATE TRIGGER days_follow_each_other BEFORE INSERT ON days
    WHEN EXISTS (SELECT 1 FROM last_seals WHERE programme_id = NEW.programme_id AND (ends_at <> NEW.begins_at
        OR last_claim_id > NEW.last_claim_id OR last_redemption_id > NEW.last_redemption_id))
BEGIN SELECT RAISE(ABORT, 'a day is sealed behind the day before'); END;
CREATE TRIGGER days_are_last AFTER INSERT ON days
BEGIN
    INSERT INTO last_seals VALUES (NEW.programme_id, NEW.day, NEW.ends_at, NEW.last_claim_id, NEW.last_redemption_id)
    ON CONFLICT DO UPDATE SET day = excluded.day, ends_at = excluded.ends_at, last_claim_id = excluded.last_claim_id,
        last_redemption_id = excluded.last_redemption_id;
END;

-- Nothing that was booked on a sealed day changes or leaves. (A token that a new key wraps is the same resident.)
CREATE TRIGGER sealed_claims_stay BEFORE DELETE ON claims WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN rounds r
    ON r.round_id = OLD.round_id AND r.programme_id = x.programme_id WHERE OLD.claim_id <= x.last_claim_id AND OLD.claimed_at < x.ends_at)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this claim is sealed'); END;
CREATE TRIGGER sealed_claims_stand BEFORE UPDATE OF claim_id, claim_no, round_id, pack_no, claimed_at, expires_at, batch_id, line ON claims
    WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN rounds r ON r.round_id = OLD.round_id AND r.programme_id = x.programme_id
        WHERE OLD.claim_id <= x.last_claim_id AND OLD.claimed_at < x.ends_at)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this claim is sealed'); END;
CREATE TRIGGER sealed_redemptions_stay BEFORE DELETE ON redemptions WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN splits s
    ON s.split_id = OLD.split_id CROSS JOIN rounds r ON r.round_id = s.round_id AND r.programme_id = x.programme_id
    WHERE OLD.redemption_id <= x.last_redemption_id AND OLD.day <= x.day)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this row is sealed'); END;
CREATE TRIGGER sealed_redemptions_stand BEFORE UPDATE ON redemptions WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN splits s
    ON s.split_id = OLD.split_id CROSS JOIN rounds r ON r.round_id = s.round_id AND r.programme_id = x.programme_id
    WHERE OLD.redemption_id <= x.last_redemption_id AND OLD.day <= x.day)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this row is sealed'); END;

-- Finance has looked at a sealed day, and says so.
CREATE TABLE day_signatures (
    programme_id  INTEGER NOT NULL,
    day           INTEGER NOT NULL,
    sha256        TEXT NOT NULL,                    -- of the day that was signed
    signed_by     TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    note          TEXT NOT NULL,
    signed_at     INTEGER NOT NULL,
    PRIMARY KEY (programme_id, day),
    FOREIGN KEY (programme_id, day) REFERENCES days
) STRICT, WITHOUT ROWID;
CREATE TRIGGER signatures_never_change BEFORE UPDATE ON day_signatures BEGIN SELECT RAISE(ABORT, 'a signature stands'); END;
CREATE TRIGGER signatures_never_vanish BEFORE DELETE ON day_signatures BEGIN SELECT RAISE(ABORT, 'a signature stands'); END;
