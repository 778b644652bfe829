-- Amendments of rounds under way, with their approvals; who made each revision of a round; what was rolled in.

-- `before` and `after` are JSON of what changes. An amendment waits ('proposed') until enough others have approved it, then
-- it takes effect at `ended_at`; a pause takes effect at once, and the closing of a round whose packs are gone. 'void': the round moved on without it.
CREATE TABLE amendments (
    amendment_id  INTEGER PRIMARY KEY,
    round_id      INTEGER NOT NULL REFERENCES rounds,
    kind          TEXT NOT NULL CHECK (kind IN ('pause', 'resume', 'top-up', 'reschedule', 'close')),
    state         TEXT NOT NULL CHECK (state IN ('proposed', 'effective', 'declined', 'void')),
    before        TEXT NOT NULL,
    after         TEXT NOT NULL,
    note          TEXT NOT NULL DEFAULT '',
    proposed_by   TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    proposed_at   INTEGER NOT NULL,
    ended_at      INTEGER,
    CHECK ((state = 'proposed') = (ended_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX amendments_waiting ON amendments (round_id) WHERE state = 'proposed';  -- one at a time: what is approved is clear
CREATE INDEX amendments_by_round ON amendments (round_id);

CREATE TABLE amendment_verdicts (
    verdict_id    INTEGER PRIMARY KEY,
    amendment_id  INTEGER NOT NULL REFERENCES amendments,
    verdict       TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
    actor         TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    note          TEXT NOT NULL DEFAULT '',
    at            INTEGER NOT NULL
) STRICT;
CREATE INDEX amendment_verdicts_by_amendment ON amendment_verdicts (amendment_id);

-- A claim made in [from_at, until_at) of its round is refused; until_at NULL: until further notice.
CREATE TABLE pauses (
    pause_id  INTEGER PRIMARY KEY,
    round_id  INTEGER NOT NULL REFERENCES rounds,
    from_at   INTEGER NOT NULL,
    until_at  INTEGER,
    CHECK (until_at IS NULL OR until_at >= from_at)
) STRICT;
CREATE INDEX pauses_by_round ON pauses (round_id);

-- Whose hand made a revision of a round, and under which login.
CREATE TABLE authors (
    round_id  INTEGER NOT NULL REFERENCES rounds,
    revision  INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    os_user   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (round_id, revision)
) STRICT, WITHOUT ROWID;

-- A round that took over what an earlier one did not use (unused: next_round), its unclaimed packs and the money of its vouchers
-- that had expired by then: `packs` of its own packs came from there.
CREATE TABLE roll_ins (
    round_id       INTEGER PRIMARY KEY REFERENCES rounds,
    from_round_id  INTEGER NOT NULL REFERENCES rounds,
    unclaimed      INTEGER NOT NULL CHECK (unclaimed >= 0),
    expired_fen    INTEGER NOT NULL DEFAULT 0 CHECK (expired_fen >= 0),
    packs          INTEGER NOT NULL CHECK (packs > 0)
) STRICT;
CREATE INDEX roll_ins_by_source ON roll_ins (from_round_id);

-- A change of a programme that rounds rest on: it waits ('proposed') until enough others have approved it.
CREATE TABLE programme_changes (
    change_id     INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    state         TEXT NOT NULL CHECK (state IN ('proposed', 'effective', 'declined')),
    digest        TEXT NOT NULL,
    document      TEXT NOT NULL,                -- the programme as it would be
    file          TEXT NOT NULL,
    proposed_by   TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    proposed_at   INTEGER NOT NULL,
    ended_at      INTEGER,
    CHECK ((state = 'proposed') = (ended_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX programme_changes_waiting ON programme_changes (programme_id) WHERE state = 'proposed';

CREATE TABLE change_verdicts (
    verdict_id  INTEGER PRIMARY KEY,
    change_id   INTEGER NOT NULL REFERENCES programme_changes,
    verdict     TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
    actor       TEXT NOT NULL,
    os_user     TEXT NOT NULL,
    note        TEXT NOT NULL DEFAULT '',
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX change_verdicts_by_change ON change_verdicts (change_id);
