-- A lottery that a platform issues and that is drawn here: the platform is told who won, and only they can claim.
ALTER TABLE rounds ADD COLUMN hands_winners INTEGER NOT NULL DEFAULT 0
    CHECK (hands_winners = 0 OR hands_winners = 1 AND mode = 'lottery' AND platform <> '');

-- Whose packs the platform is to issue: the winners of the draw. The certificate says the same in application numbers.
CREATE TABLE winners (
    round_id        INTEGER NOT NULL REFERENCES rounds,
    resident        BLOB NOT NULL,                      -- the token of the application that won
    application_id  INTEGER NOT NULL,
    PRIMARY KEY (round_id, resident)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER winners_are_drawn BEFORE INSERT ON winners
    WHEN NOT EXISTS (SELECT 1 FROM draws WHERE round_id = NEW.round_id AND published_at IS NOT NULL AND drawn_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'winners come of a draw'); END;
CREATE TRIGGER winners_never_change BEFORE UPDATE OF round_id, application_id ON winners BEGIN SELECT RAISE(ABORT, 'who won stands'); END;
CREATE TRIGGER winners_never_vanish BEFORE DELETE ON winners BEGIN SELECT RAISE(ABORT, 'who won stands'); END;
