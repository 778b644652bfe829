-- What the clock did: deeds, issuance orders, money released, heartbeat.

-- A deed of the clock, once: its row is written in the transaction that does it, so two ticks can never do it twice.
CREATE TABLE deeds (
    deed_id   INTEGER PRIMARY KEY,
    deed      TEXT NOT NULL CHECK (deed IN ('commit', 'open', 'draw', 'allocate', 'order', 'close', 'remind', 'ship')),
    round_id  INTEGER REFERENCES rounds,        -- NULL: not of a round (a stray file)
    key       TEXT NOT NULL DEFAULT '',         -- what tells apart deeds of one kind on one round
    due_at    INTEGER NOT NULL,
    done_at   INTEGER NOT NULL,                 -- how late: done_at - due_at
    CHECK (done_at >= due_at)
) STRICT;
CREATE UNIQUE INDEX deeds_once ON deeds (deed, ifnull(round_id, 0), key);

-- What a platform is told to issue. The texts are kept, so that a killed tick writes the very same files again.
CREATE TABLE issuance_orders (
    order_id      INTEGER PRIMARY KEY,
    round_id      INTEGER NOT NULL REFERENCES rounds,
    number        INTEGER NOT NULL CHECK (number > 0),  -- the last one of a round holds
    terms_sha256  TEXT NOT NULL,                -- of what was ordered: a change of the round makes the next order
    document      TEXT NOT NULL,                -- the JSON file
    sheet         TEXT NOT NULL,                -- the CSV file
    ordered_at    INTEGER NOT NULL,
    written_at    INTEGER,                      -- NULL: not in the outbox yet
    UNIQUE (round_id, number)
) STRICT;

-- How far the unused money of a round is released, and when to look again.
CREATE TABLE releases (
    round_id    INTEGER PRIMARY KEY REFERENCES rounds,
    marker      TEXT NOT NULL,                  -- what the figures were made of: another marker, another look
    looked_at   INTEGER NOT NULL,
    next_at     INTEGER,                        -- NULL: nothing more expires
    expired_by  INTEGER NOT NULL                -- vouchers that expired by then have given up what they had not paid
) STRICT;

CREATE TABLE heartbeat (
    only          INTEGER PRIMARY KEY CHECK (only = 1),
    ticks         INTEGER NOT NULL,
    beat_at       INTEGER NOT NULL,             -- the moment of the last tick (--now in a rehearsal)
    entered_at    INTEGER NOT NULL,             -- the machine's clock
    host          TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    failed        INTEGER NOT NULL,             -- deeds that the last tick could not do
    last_deed_at  INTEGER,
    last_late     INTEGER,                      -- seconds; the latest deed of the last tick that did one
    most_late     INTEGER NOT NULL,
    longest_gap   INTEGER NOT NULL,             -- seconds between two ticks
    jumped_at     INTEGER                       -- what a clock said that was not believed; NULL: the last tick did its work
) STRICT;
