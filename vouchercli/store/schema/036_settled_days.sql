-- Up to which day everything that was due was settled, whole: a run for one merchant, round or funder takes up dues too, and leaves the others.
CREATE TABLE settled_days (
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    day           INTEGER NOT NULL,
    settled_at    INTEGER NOT NULL,
    PRIMARY KEY (programme_id, day)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER settled_days_never_change BEFORE UPDATE ON settled_days BEGIN SELECT RAISE(ABORT, 'a settled day stands'); END;
CREATE TRIGGER settled_days_never_vanish BEFORE DELETE ON settled_days BEGIN SELECT RAISE(ABORT, 'a settled day stays'); END;
INSERT INTO settled_days SELECT programme_id, day, taken_at FROM taken_days;  -- of before: a run for one merchant counted as one for all
