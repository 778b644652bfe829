-- What a transfer was to pay that was rejected or came back: once all of it is paid by others, or nothing is owed any more, its settlement is closed.
CREATE TABLE came_back (
    transfer_id  INTEGER NOT NULL REFERENCES transfers,
    due_id       INTEGER NOT NULL REFERENCES dues,
    PRIMARY KEY (transfer_id, due_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER what_came_back_never_changes BEFORE UPDATE ON came_back BEGIN SELECT RAISE(ABORT, 'what came back stands'); END;
CREATE TRIGGER what_came_back_never_vanishes BEFORE DELETE ON came_back BEGIN SELECT RAISE(ABORT, 'what came back stays'); END;
