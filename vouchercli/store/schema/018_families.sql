-- The family that a round was made in: several faces or platforms of one issue; '' for a round by itself. `one_of`: a person has a
-- pack of one of its rounds. Neither ever changes.
ALTER TABLE rounds ADD COLUMN family TEXT NOT NULL DEFAULT '';
ALTER TABLE rounds ADD COLUMN one_of INTEGER NOT NULL DEFAULT 0 CHECK (one_of IN (0, 1));
CREATE TRIGGER families_never_change BEFORE UPDATE OF family, one_of ON rounds
    WHEN new.family <> old.family OR new.one_of <> old.one_of
BEGIN SELECT RAISE(ABORT, 'a round stays in its family'); END;
