-- The end of a programme: what went back, and that nothing comes after it.

CREATE TABLE closings (
    programme_id  INTEGER PRIMARY KEY REFERENCES programmes,
    proposal_id   INTEGER NOT NULL UNIQUE REFERENCES proposals,  -- what two people decided
    closed_on     INTEGER NOT NULL,                 -- its local day (yyyymmdd): days up to it may still be sealed
    closed_at     INTEGER NOT NULL,
    last_posting  INTEGER NOT NULL                  -- none of its funders comes after it
) STRICT;
-- The final statement of one funder (fen). What was given is what was paid, less what merchants paid back, what the funder bore by itself,
-- and what it has back. `given_up_fen`: of what was paid, what merchants owed and was written off.
CREATE TABLE closing_lines (
    programme_id     INTEGER NOT NULL REFERENCES closings,
    funder_id        INTEGER NOT NULL REFERENCES funders,
    given_fen        INTEGER NOT NULL,
    paid_fen         INTEGER NOT NULL,
    repaid_fen       INTEGER NOT NULL,
    given_up_fen     INTEGER NOT NULL,
    own_fen          INTEGER NOT NULL,              -- of a platform, of merchants: paid by themselves
    returned_fen     INTEGER NOT NULL,              -- while the programme ran
    at_the_end_fen   INTEGER NOT NULL,
    PRIMARY KEY (programme_id, funder_id),
    CONSTRAINT nothing_left_over CHECK (given_fen = paid_fen - repaid_fen + own_fen + returned_fen + at_the_end_fen)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER closings_never_change BEFORE UPDATE ON closings BEGIN SELECT RAISE(ABORT, 'a closed programme stays closed'); END;
CREATE TRIGGER closings_never_vanish BEFORE DELETE ON closings BEGIN SELECT RAISE(ABORT, 'a closed programme stays closed'); END;
CREATE TRIGGER closing_lines_never_change BEFORE UPDATE ON closing_lines BEGIN SELECT RAISE(ABORT, 'a final statement stands'); END;
CREATE TRIGGER closing_lines_never_vanish BEFORE DELETE ON closing_lines BEGIN SELECT RAISE(ABORT, 'a final statement stays'); END;

-- A closed programme takes nothing more, whoever writes.
CREATE TRIGGER closed_programmes_move_no_money BEFORE INSERT ON postings WHEN EXISTS (
    SELECT 1 FROM closings c JOIN funders f USING (programme_id) WHERE f.funder_id = NEW.funder_id)
BEGIN SELECT RAISE(ROLLBACK, 'the programme is closed'); END;
CREATE TRIGGER closed_programmes_take_no_files BEFORE INSERT ON batches WHEN EXISTS (
    SELECT 1 FROM closings c WHERE c.programme_id = NEW.programme_id)
BEGIN SELECT RAISE(ROLLBACK, 'the programme is closed'); END;
CREATE TRIGGER closed_programmes_have_no_new_rounds BEFORE INSERT ON rounds WHEN EXISTS (
    SELECT 1 FROM closings c WHERE c.programme_id = NEW.programme_id)
BEGIN SELECT RAISE(ROLLBACK, 'the programme is closed'); END;
CREATE TRIGGER rounds_of_closed_programmes_stand BEFORE UPDATE ON rounds WHEN EXISTS (
    SELECT 1 FROM closings c WHERE c.programme_id = OLD.programme_id)
BEGIN SELECT RAISE(ROLLBACK, 'the programme is closed'); END;
CREATE TRIGGER closed_programmes_settle_nothing BEFORE INSERT ON settlements WHEN EXISTS (
    SELECT 1 FROM closings c WHERE c.programme_id = NEW.programme_id)
BEGIN SELECT RAISE(ROLLBACK, 'the programme is closed'); END;

-- Nothing moves in a settled round but what the end of its programme gives back.
CREATE TRIGGER settled_rounds_move_no_money BEFORE INSERT ON postings
    WHEN NEW.why <> 'programme.close' AND EXISTS (SELECT 1 FROM rounds r WHERE r.round_id = NEW.round_id AND r.state IN ('settled', 'archived'))
    -- who is no public funder may pay later
    AND NOT (NEW.from_account IN ('payable', 'held', 'paid', 'clawed_back', 'written_off')
        AND NEW.to_account IN ('payable', 'held', 'paid', 'clawed_back', 'written_off')
        AND (SELECT kind FROM funders WHERE funder_id = NEW.funder_id) <> 'public')
BEGIN SELECT RAISE(ROLLBACK, 'the round is settled'); END;

-- What others printed of losses, and of how long it took to pay.
ALTER TABLE published_figures ADD COLUMN lost_fen INTEGER;
ALTER TABLE published_figures ADD COLUMN days_to_payment INTEGER;
