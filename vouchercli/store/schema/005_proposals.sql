-- Proposals and the verdicts on them; what waits to be listed; what amendments leave behind; who made each revision of a round; what was rolled in.

-- Whatever needs a second person: a round (submitted), an amendment of it, a change of a programme, a correction of merchants, a change
-- of a list that approved rounds rest on. `before` and `after` are JSON of what changes. It waits ('proposed') until enough others have approved it, then it takes effect at `ended_at`;
-- what needs nobody takes effect at once: a pause, the closing of a round whose packs are gone. 'void': its subject moved on without it.
CREATE TABLE proposals (
    proposal_id  INTEGER PRIMARY KEY,
    subject      TEXT NOT NULL CHECK (subject IN ('round', 'programme', 'registry', 'list')),
    subject_id   INTEGER NOT NULL,                      -- round_id, programme_id, or the batch_id of a file: of a registry, of a list
    kind         TEXT NOT NULL CHECK (kind IN ('approval', 'pause', 'resume', 'top-up', 'lower', 'reschedule', 'close', 'cancel', 'reopen',
                                              'change', 'correction', 'listing', 'delisting')),
    state        TEXT NOT NULL CHECK (state IN ('proposed', 'effective', 'declined', 'void')),
    before       TEXT NOT NULL,
    after        TEXT NOT NULL,
    amount_fen   INTEGER NOT NULL CHECK (amount_fen >= 0),  -- what is at stake: the bands of the programme say how many must approve
    note         TEXT NOT NULL,
    evidence     TEXT NOT NULL,                         -- the file that it rests on; '' = none
    proposed_by  TEXT NOT NULL,
    os_user      TEXT NOT NULL,
    proposed_at  INTEGER NOT NULL,
    entered_at   INTEGER NOT NULL,                      -- the machine's clock
    ended_at     INTEGER,
    CHECK ((state = 'proposed') = (ended_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX proposals_waiting ON proposals (subject, subject_id) WHERE state = 'proposed';  -- one at a time: what is approved is clear
CREATE INDEX proposals_by_subject ON proposals (subject, subject_id);

CREATE TABLE verdicts (
    verdict_id   INTEGER PRIMARY KEY,
    proposal_id  INTEGER NOT NULL REFERENCES proposals,
    verdict      TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
    actor        TEXT NOT NULL,
    os_user      TEXT NOT NULL,
    note         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    entered_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX verdicts_by_proposal ON verdicts (proposal_id);

-- Lines of an eligibility list that wait for a second person ('listing'): who stands here only is on no list, for no rule. They go to
-- `eligibility` when they are approved, and away when they are turned down.
CREATE TABLE listings (
    batch_id        INTEGER NOT NULL REFERENCES batches,
    line            INTEGER NOT NULL,
    programme_id    INTEGER NOT NULL REFERENCES programmes,
    resident        BLOB NOT NULL,
    resident_group  TEXT NOT NULL,
    district        TEXT NOT NULL,
    PRIMARY KEY (batch_id, line)
) STRICT, WITHOUT ROWID;

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
