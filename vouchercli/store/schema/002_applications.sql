-- Applications, eligibility lists, allocation.

-- Who asked for a pack of a round, and when. Kept also when nothing was left: who just missed it is what evaluation needs.
CREATE TABLE applications (
    application_id  INTEGER PRIMARY KEY,
    round_id        INTEGER NOT NULL REFERENCES rounds,
    application_no  TEXT NOT NULL,
    resident        BLOB NOT NULL,                      -- keyed token, 16 bytes; never an identity
    applied_at      INTEGER NOT NULL,
    resident_group  TEXT NOT NULL DEFAULT '',           -- as the file says; what decides is the eligibility list
    district        TEXT NOT NULL DEFAULT '',
    batch_id        INTEGER REFERENCES batches,         -- NULL: made by a live claim
    line            INTEGER NOT NULL,
    UNIQUE (round_id, application_no)
) STRICT;
-- The order of arrival with all that granting reads: the scan stops where the packs end.
CREATE INDEX applications_in_order ON applications (round_id, applied_at, application_no, resident);

-- What else the file says of an applicant (device, mobile, card, account), as tokens. No foreign key to the application:
-- taking a file back would read every row here.
CREATE TABLE application_identities (
    round_id        INTEGER NOT NULL REFERENCES rounds,
    kind            TEXT NOT NULL CHECK (kind IN ('device', 'mobile', 'card', 'account')),
    token           BLOB NOT NULL,
    application_id  INTEGER NOT NULL,
    PRIMARY KEY (round_id, kind, token, application_id)
) STRICT, WITHOUT ROWID;

-- Residents of a round that share an identity are one person: the smallest of their tokens. A resident alone has no row.
CREATE TABLE persons (
    round_id  INTEGER NOT NULL REFERENCES rounds,
    resident  BLOB NOT NULL,
    person    BLOB NOT NULL CHECK (person <= resident),
    PRIMARY KEY (round_id, resident)
) STRICT, WITHOUT ROWID;
CREATE INDEX persons_by_person ON persons (round_id, person);

-- Who may have packs of rounds for a group, and who is given one in a targeted round.
CREATE TABLE eligibility (
    eligibility_id  INTEGER PRIMARY KEY,
    programme_id    INTEGER NOT NULL REFERENCES programmes,
    resident        BLOB NOT NULL,
    resident_group  TEXT NOT NULL,
    district        TEXT NOT NULL DEFAULT '',
    listed_at       INTEGER NOT NULL,
    batch_id        INTEGER NOT NULL REFERENCES batches,
    line            INTEGER NOT NULL,
    UNIQUE (programme_id, resident, resident_group)
) STRICT;

-- What each run of granting came to, one row a batch of kind 'allocation'; live claims of a round share one batch.
-- In such a batch claims.line is the application (targeted: the line of the list) that the pack was granted for; 0: none.
CREATE TABLE allocations (
    batch_id             INTEGER PRIMARY KEY REFERENCES batches,
    round_id             INTEGER NOT NULL REFERENCES rounds,
    granted_at           INTEGER NOT NULL,
    granted              INTEGER NOT NULL CHECK (granted > 0),
    resident_limit       INTEGER NOT NULL DEFAULT 0,    -- applications passed over: the resident had the packs allowed
    not_eligible         INTEGER NOT NULL DEFAULT 0,    -- ... is not on the list of the round's group
    round_paused         INTEGER NOT NULL DEFAULT 0,    -- ... came while the round was paused
    sold_out             INTEGER NOT NULL DEFAULT 0,    -- applications that came after the last pack
    sold_out_at          INTEGER,                       -- when the last pack of the round went in this run
    last_applied_at      INTEGER,                       -- the last granted arrival
    last_application_no  TEXT
) STRICT;
CREATE INDEX allocations_by_round ON allocations (round_id);
