-- What all numbered files of this folder come to: a new file gets it at once.
-- Written by: pytest --bless tests/test_schema_snapshot.py

CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);

CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");

CREATE TABLE programmes (
    programme_id  INTEGER PRIMARY KEY,
    programme     TEXT NOT NULL UNIQUE,
    digest        TEXT NOT NULL,                -- SHA-256 of the canonical document
    document      TEXT NOT NULL,                -- the programme as JSON: names, limits, staff, published figures
    time_zone     TEXT NOT NULL,
    loaded_at     INTEGER NOT NULL,
    is_current    INTEGER NOT NULL DEFAULT 0 CHECK (is_current IN (0, 1))  -- chosen with `programme use`
) STRICT;

CREATE UNIQUE INDEX current_programme ON programmes (is_current) WHERE is_current;

CREATE TABLE funders (
    funder_id     INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    funder        TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('public', 'platform', 'merchant')),
    position      INTEGER NOT NULL,             -- the order of the programme's file; the last of a split takes the rest
    amount_fen    INTEGER CHECK (amount_fen >= 0),  -- NULL: no fund of its own to watch
    UNIQUE (programme_id, funder)
) STRICT;

CREATE TABLE limit_steps (
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    name          TEXT NOT NULL,                -- as the programme's document names it; across:CODE is 1 while that programme's vouchers and packs count too
    from_at       INTEGER NOT NULL,
    most          INTEGER,                      -- NULL: no limit
    PRIMARY KEY (programme_id, name, from_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE published_figures (
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    position      INTEGER NOT NULL,             -- the order of the programme's file
    what          TEXT NOT NULL,
    as_of_at      INTEGER,                      -- NULL: the source gives no moment
    rounds        TEXT NOT NULL,                -- their codes as a JSON list; []: all
    issued_fen    INTEGER,
    subsidy_fen   INTEGER,
    base_fen      INTEGER,
    gross         TEXT,                         -- ratios keep the digits they were printed with
    own           TEXT,
    source        TEXT NOT NULL, lost_fen INTEGER, days_to_payment INTEGER,
    PRIMARY KEY (programme_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE templates (
    template_id      INTEGER PRIMARY KEY,
    template         TEXT NOT NULL,
    version          INTEGER NOT NULL CHECK (version > 0),
    digest           TEXT NOT NULL,
    document         TEXT NOT NULL,             -- the template as JSON: names, validity, scope, funding, match
    pack_value_fen   INTEGER NOT NULL CHECK (pack_value_fen > 0),   -- percentages counted at their cap
    floor_spend_fen  INTEGER NOT NULL CHECK (floor_spend_fen >= 0),
    coupons          INTEGER NOT NULL CHECK (coupons > 0),
    added_at         INTEGER NOT NULL,
    UNIQUE (template, version)
) STRICT;

CREATE TABLE coupons (
    template_id       INTEGER NOT NULL REFERENCES templates,
    coupon_no         INTEGER NOT NULL CHECK (coupon_no > 0),
    coupon            TEXT NOT NULL,            -- its short name: 40-10, or 2000-10% for a percentage
    kind              TEXT NOT NULL CHECK (kind IN ('amount_off', 'percent_off')),
    denomination_fen  INTEGER NOT NULL CHECK (denomination_fen > 0),  -- the cap, for a percentage
    threshold_fen     INTEGER NOT NULL CHECK (threshold_fen >= 0),
    percent_bp        INTEGER CHECK (percent_bp BETWEEN 1 AND 10000),
    full_base_fen     INTEGER NOT NULL CHECK (full_base_fen >= threshold_fen), most_base_fen INTEGER CHECK (most_base_fen >= threshold_fen),  -- the least base on which it pays its denomination
    PRIMARY KEY (template_id, coupon_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE rounds (
    round_id               INTEGER PRIMARY KEY,
    programme_id           INTEGER NOT NULL REFERENCES programmes,
    round                  TEXT NOT NULL,
    template_id            INTEGER NOT NULL REFERENCES templates,
    state                  TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'approved', 'open', 'paused', 'closed',
                                                          'settled', 'archived', 'cancelled')),
    mode                   TEXT NOT NULL CHECK (mode IN ('fcfs', 'lottery', 'targeted')),
    packs                  INTEGER NOT NULL CHECK (packs > 0),
    opens_at               INTEGER NOT NULL,
    closes_at              INTEGER NOT NULL,
    registration_opens_at  INTEGER,
    platform               TEXT NOT NULL DEFAULT '',
    resident_group         TEXT NOT NULL DEFAULT '',
    per_resident           INTEGER NOT NULL CHECK (per_resident > 0),
    revision               INTEGER NOT NULL DEFAULT 1,      -- an edit makes the next one and voids the approvals
    created_by             TEXT NOT NULL,
    edited_by              TEXT NOT NULL,
    created_at             INTEGER NOT NULL,
    claimed                INTEGER NOT NULL DEFAULT 0,
    released               INTEGER NOT NULL DEFAULT 0 CHECK (released >= 0), hands_winners INTEGER NOT NULL DEFAULT 0
    CHECK (hands_winners = 0 OR hands_winners = 1 AND mode = 'lottery' AND platform <> ''), family TEXT NOT NULL DEFAULT '', one_of INTEGER NOT NULL DEFAULT 0 CHECK (one_of IN (0, 1)), lead_id INTEGER REFERENCES rounds
    CHECK (lead_id IS NULL OR mode = 'lottery' AND lead_id <> round_id),  -- unclaimed packs whose money went back
    CHECK (claimed >= 0 AND claimed + released <= packs),   -- no over-issue, however many processes run
    CHECK (opens_at < closes_at),
    UNIQUE (programme_id, round)
) STRICT;

CREATE TABLE splits (
    split_id      INTEGER PRIMARY KEY,
    round_id      INTEGER NOT NULL REFERENCES rounds,
    before_fen    INTEGER NOT NULL CHECK (before_fen >= 0),
    after_fen     INTEGER NOT NULL CHECK (after_fen >= 0),
    public_fen    INTEGER NOT NULL,
    platform_fen  INTEGER NOT NULL,
    match_fen     INTEGER NOT NULL,
    stays         INTEGER NOT NULL CHECK (stays IN (0, 1)),
    UNIQUE (round_id, before_fen, after_fen, stays)
) STRICT;

CREATE TABLE split_parts (
    split_id    INTEGER NOT NULL REFERENCES splits,
    funder_id   INTEGER NOT NULL REFERENCES funders,
    amount_fen  INTEGER NOT NULL,
    PRIMARY KEY (split_id, funder_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejects (
    batch_id  INTEGER NOT NULL REFERENCES batches,
    line      INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    detail    TEXT NOT NULL DEFAULT '{}',               -- JSON: the values that explain it
    cells     TEXT NOT NULL,                            -- JSON list: the row as it came, identities as tokens; a JSON object of
                                                        -- our own fields when it had been accepted and an earlier row took its place
    PRIMARY KEY (batch_id, line)
) STRICT, WITHOUT ROWID;

CREATE INDEX refused_claims ON rejects (json_extract(detail, '$.claim_no'))  -- payments name what was refused
    WHERE reason <> 'unknown_claim' AND json_extract(detail, '$.round') IS NOT NULL;

CREATE INDEX rejects_in_future ON rejects (batch_id) WHERE reason = 'in_future';

CREATE TABLE warnings (
    batch_id  INTEGER NOT NULL REFERENCES batches,
    line      INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    detail    TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (batch_id, line, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE merchants (
    merchant_id    INTEGER PRIMARY KEY,
    merchant_no    TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL DEFAULT '',
    uscc           TEXT NOT NULL DEFAULT '',
    district       TEXT NOT NULL DEFAULT '',
    industry       TEXT NOT NULL DEFAULT '',
    size           TEXT NOT NULL DEFAULT '',
    address        TEXT NOT NULL DEFAULT '',
    phone          TEXT NOT NULL DEFAULT '',
    platform_no    TEXT NOT NULL DEFAULT '',            -- the number a payment platform knows it by
    account_name   TEXT NOT NULL DEFAULT '',
    account_no     TEXT NOT NULL DEFAULT '',
    bank           TEXT NOT NULL DEFAULT '',
    registry       TEXT NOT NULL DEFAULT '',            -- the profile of the registry that lists it
    is_registered  INTEGER NOT NULL DEFAULT 1 CHECK (is_registered IN (0, 1)),
    segment_id     INTEGER NOT NULL REFERENCES segments,
    added_at       INTEGER NOT NULL,
    changed_at     INTEGER NOT NULL
, brand TEXT NOT NULL DEFAULT '', designated_size TEXT NOT NULL DEFAULT '', bank_no TEXT NOT NULL DEFAULT '') STRICT;

CREATE INDEX merchants_by_platform_no ON merchants (platform_no) WHERE platform_no <> '';

CREATE TABLE merchant_pasts (
    merchant_id  INTEGER NOT NULL REFERENCES merchants,
    until_at     INTEGER NOT NULL,
    segment_id   INTEGER NOT NULL REFERENCES segments,
    platform_no  TEXT NOT NULL,
    PRIMARY KEY (merchant_id, until_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX merchant_pasts_by_platform_no ON merchant_pasts (platform_no) WHERE platform_no <> '';

CREATE TABLE merchant_changes (
    batch_id     INTEGER NOT NULL REFERENCES batches,
    merchant_id  INTEGER NOT NULL REFERENCES merchants,
    before       TEXT NOT NULL,
    after        TEXT NOT NULL,
    PRIMARY KEY (batch_id, merchant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX merchant_changes_by_merchant ON merchant_changes (merchant_id);

CREATE TABLE added_merchants (
    batch_id  INTEGER PRIMARY KEY REFERENCES batches,
    sha256    TEXT NOT NULL                             -- of the merchants that the file added, as it added them
) STRICT;

CREATE TABLE suspensions (
    suspension_id  INTEGER PRIMARY KEY,
    merchant_id    INTEGER NOT NULL REFERENCES merchants,
    from_at        INTEGER NOT NULL,
    until_at       INTEGER,
    reason         TEXT NOT NULL,
    actor          TEXT NOT NULL,
    batch_id       INTEGER REFERENCES batches,          -- the registry that did not list it (--missing suspend)
    ended_by       INTEGER REFERENCES batches,          -- the registry that listed it again
    CHECK (until_at IS NULL OR until_at >= from_at)
) STRICT;

CREATE INDEX suspensions_by_merchant ON suspensions (merchant_id);

CREATE TABLE claims (
    claim_id    INTEGER PRIMARY KEY,
    claim_no    TEXT NOT NULL UNIQUE,
    round_id    INTEGER NOT NULL,
    resident    BLOB NOT NULL,                          -- keyed token, 16 bytes; never an identity
    pack_no     INTEGER NOT NULL,                       -- the resident's first, second ... pack of the round
    claimed_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,                       -- valid while claimed_at <= paid_at < expires_at
    batch_id    INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    UNIQUE (resident, round_id, pack_no)                -- resident first: all that one person holds is found at once
) STRICT;

CREATE TABLE seats (
    round_id  INTEGER PRIMARY KEY REFERENCES rounds,
    free      INTEGER NOT NULL                          -- counted, and not written yet: nothing when a transaction has ended
) STRICT;

CREATE TRIGGER rounds_have_seats AFTER INSERT ON rounds
BEGIN INSERT INTO seats (round_id, free) VALUES (NEW.round_id, NEW.claimed); END;

CREATE TRIGGER seats_are_counted AFTER UPDATE OF claimed ON rounds
BEGIN
    UPDATE seats SET free = CASE WHEN free + NEW.claimed - OLD.claimed >= 0 THEN free + NEW.claimed - OLD.claimed
        ELSE RAISE(ROLLBACK, 'claims stand that would not be counted') END
    WHERE round_id = NEW.round_id;
END;

CREATE TRIGGER seats_never_vanish BEFORE DELETE ON seats BEGIN SELECT RAISE(ABORT, 'a round keeps its seats'); END;

CREATE TRIGGER claims_take_a_seat AFTER INSERT ON claims
BEGIN
    UPDATE seats SET free = CASE WHEN free > 0 THEN free - 1 ELSE RAISE(ROLLBACK, 'over_issue') END WHERE round_id = NEW.round_id;
END;

CREATE TRIGGER claims_leave_a_seat AFTER DELETE ON claims
BEGIN UPDATE seats SET free = free + 1 WHERE round_id = OLD.round_id; END;

CREATE TRIGGER claims_stay_in_their_round BEFORE UPDATE OF round_id ON claims
BEGIN SELECT RAISE(ABORT, 'a claim stays in its round'); END;

CREATE TABLE redemptions (
    redemption_id          INTEGER PRIMARY KEY,         -- in the order of the files: `redemption_runs` finds its batch
    transaction_no         TEXT NOT NULL,               -- unique with the kind: `redemption_runs` finds it
    voucher                INTEGER NOT NULL,            -- claim_id * 1024 + coupon_no
    use_no                 INTEGER NOT NULL,            -- the voucher's first row, second ...: pay, refund, pay again
    merchant_id            INTEGER NOT NULL,
    segment_id             INTEGER NOT NULL,
    channel                INTEGER NOT NULL,            -- 0 not stated, 1 offline, 2 online
    paid_at                INTEGER NOT NULL,
    day                    INTEGER NOT NULL,
    base_fen               INTEGER NOT NULL,            -- list price - merchant discount; the threshold is tested on it
    merchant_discount_fen  INTEGER NOT NULL,
    split_id               INTEGER NOT NULL,            -- the subsidy, and how the funders share it
    line                   INTEGER NOT NULL,
    refund_of              INTEGER,                     -- the payment that is refunded; NULL: this is a payment
    claim_id               INTEGER GENERATED ALWAYS AS (voucher / 1024) VIRTUAL,     -- to look for a claim's rows:
    coupon_no              INTEGER GENERATED ALWAYS AS (voucher % 1024) VIRTUAL     -- voucher BETWEEN claim_id * 1024 AND ... + 1023
) STRICT;

CREATE UNIQUE INDEX redemptions_by_voucher ON redemptions (voucher, use_no);

CREATE INDEX redemptions_by_payment ON redemptions (refund_of) WHERE refund_of IS NOT NULL;

CREATE TABLE refunds (
    redemption_id  INTEGER PRIMARY KEY,
    vouchers       INTEGER NOT NULL,                    -- -1 where the payment is undone, else 0
    spent          INTEGER NOT NULL,                    -- -1 where the voucher can be used again, else 0
    floor_fen      INTEGER NOT NULL                     -- what it takes from the least base of its payment
) STRICT;

CREATE TRIGGER refunds_leave_with_their_row AFTER DELETE ON redemptions WHEN OLD.refund_of IS NOT NULL
BEGIN DELETE FROM refunds WHERE redemption_id = OLD.redemption_id; END;

CREATE TRIGGER refunds_leave_no_more_than_the_sale AFTER INSERT ON refunds
BEGIN
    SELECT RAISE(ABORT, 'subsidy without a sale')
    FROM redemptions b
    WHERE b.redemption_id = NEW.redemption_id
        AND (SELECT sum(s.after_fen - s.before_fen) FROM redemptions f JOIN splits s ON s.split_id = f.split_id
            WHERE f.redemption_id = b.refund_of OR f.refund_of = b.refund_of)
        > (SELECT sum(f.base_fen) FROM redemptions f WHERE f.redemption_id = b.refund_of OR f.refund_of = b.refund_of);
END;

CREATE TABLE redemption_runs (
    first_id       INTEGER PRIMARY KEY,
    last_id        INTEGER NOT NULL,
    batch_id       INTEGER NOT NULL,
    first_paid_at  INTEGER NOT NULL,                    -- of all that were written, also when some have left since
    last_paid_at   INTEGER NOT NULL,
    keys           BLOB NOT NULL                        -- unsigned 32-bit little-endian, made by store.transaction_numbers.key
) STRICT;

CREATE INDEX redemption_runs_by_batch ON redemption_runs (batch_id);

CREATE VIEW redemption_facts AS
SELECT f.redemption_id, f.transaction_no, CASE WHEN f.refund_of IS NULL THEN 'pay' ELSE 'refund' END AS kind, f.claim_id, f.coupon_no,
    s.round_id, k.coupon, f.merchant_id, f.segment_id, CASE f.channel WHEN 1 THEN 'offline' WHEN 2 THEN 'online' ELSE '' END AS channel,
    f.paid_at, f.day, f.base_fen, f.merchant_discount_fen,
    s.after_fen - s.before_fen AS subsidy_fen,          -- what the voucher paid, all funders but the match
    s.public_fen, s.platform_fen,                       -- its public and its platform part
    s.match_fen,                                        -- the merchant's match (and any merchant share)
    -s.stays * s.public_fen AS stays_fen,               -- public subsidy that a refund left without a sale
    -- the least base for the subsidy that it brought
    CASE WHEN f.refund_of IS NOT NULL THEN (SELECT floor_fen FROM refunds b WHERE b.redemption_id = f.redemption_id)
        WHEN f.base_fen < k.full_base_fen THEN f.base_fen ELSE k.full_base_fen END AS floor_fen,
    -- the face that is spent: +1 denomination a payment, -1 a refund that gives the voucher back, 0 any other refund
    CASE WHEN f.refund_of IS NULL THEN 1 ELSE (SELECT spent FROM refunds b WHERE b.redemption_id = f.redemption_id) END
        * k.denomination_fen AS face_fen,
    f.split_id,
    -- +1 a payment, -1 a refund that undoes it, 0 any other refund
    CASE WHEN f.refund_of IS NULL THEN 1 ELSE (SELECT vouchers FROM refunds b WHERE b.redemption_id = f.redemption_id) END AS vouchers,
    CASE WHEN f.refund_of IS NULL THEN 1 ELSE (SELECT spent FROM refunds b WHERE b.redemption_id = f.redemption_id) END AS spent,
    s.stays, f.refund_of,
    (SELECT n.batch_id FROM redemption_runs n WHERE n.first_id <= f.redemption_id ORDER BY n.first_id DESC LIMIT 1) AS batch_id,
    f.line, f.voucher, f.use_no
FROM redemptions f CROSS JOIN splits s ON s.split_id = f.split_id CROSS JOIN rounds r ON r.round_id = s.round_id
    CROSS JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = f.coupon_no;

CREATE TABLE claim_totals (
    round_id  INTEGER NOT NULL REFERENCES rounds,
    day       INTEGER NOT NULL,
    claims    INTEGER NOT NULL,
    PRIMARY KEY (round_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE uncounted_runs (
    first_id  INTEGER PRIMARY KEY REFERENCES redemption_runs ON DELETE CASCADE
) STRICT;

CREATE TABLE funder_totals (
    round_id    INTEGER NOT NULL REFERENCES rounds,
    day         INTEGER NOT NULL,
    funder_id   INTEGER NOT NULL REFERENCES funders,
    amount_fen  INTEGER NOT NULL,
    PRIMARY KEY (round_id, day, funder_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    audit_id       INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL,            -- the moment of the deed (--now in a rehearsal)
    entered_at     INTEGER NOT NULL,            -- the machine's clock
    actor          TEXT NOT NULL,
    os_user        TEXT NOT NULL,
    deed           TEXT NOT NULL,
    subject        TEXT NOT NULL,
    detail         TEXT NOT NULL,
    previous_hash  TEXT NOT NULL,
    hash           TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_never_vanishes BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE INDEX audit_by_subject ON audit (subject);

CREATE TABLE rehearsals (only INTEGER PRIMARY KEY CHECK (only = 1)) STRICT;

CREATE TRIGGER rehearsal_from_the_beginning BEFORE INSERT ON rehearsals WHEN EXISTS (SELECT 1 FROM audit)
    BEGIN SELECT RAISE(ABORT, 'a file with deeds becomes no rehearsal'); END;

CREATE TRIGGER rehearsal_for_good BEFORE DELETE ON rehearsals BEGIN SELECT RAISE(ABORT, 'a rehearsal stays one'); END;

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

CREATE INDEX applications_in_order ON applications (round_id, applied_at, application_no, resident);

CREATE TABLE application_identities (
    round_id        INTEGER NOT NULL REFERENCES rounds,
    kind            TEXT NOT NULL CHECK (kind IN ('device', 'mobile', 'card', 'account')),
    token           BLOB NOT NULL,
    application_id  INTEGER NOT NULL,
    PRIMARY KEY (round_id, kind, token, application_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE persons (
    round_id  INTEGER NOT NULL REFERENCES rounds,
    resident  BLOB NOT NULL,
    person    BLOB NOT NULL CHECK (person <= resident),
    PRIMARY KEY (round_id, resident)
) STRICT, WITHOUT ROWID;

CREATE INDEX persons_by_person ON persons (round_id, person);

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

CREATE TABLE draws (
    round_id                INTEGER PRIMARY KEY REFERENCES rounds,
    seed_sha256             TEXT NOT NULL CHECK (length(seed_sha256) = 64),
    sealed_seed             BLOB NOT NULL CHECK (length(sealed_seed) = 32),
    registration_closes_at  INTEGER,                -- NULL: when the round opens
    public_source           TEXT NOT NULL,          -- where a public text will come from, as announced; '' = nothing announced
    committed_by            TEXT NOT NULL,
    committed_at            INTEGER NOT NULL,
    strata                  TEXT,                   -- JSON list of {quota, district, group}
    strata_fixed_at         INTEGER,
    applications            INTEGER,
    entrants                INTEGER,
    entrants_sha256         TEXT CHECK (length(entrants_sha256) = 64),
    published_at            INTEGER,
    certificate             TEXT,                   -- canonical JSON, the revealed seed in it
    drawn_by                TEXT,
    drawn_at                INTEGER, arms_within TEXT,
    CHECK ((strata IS NULL) = (strata_fixed_at IS NULL)),
    CHECK ((entrants_sha256 IS NULL) = (published_at IS NULL)),
    CHECK ((certificate IS NULL) = (drawn_at IS NULL)),
    CHECK (published_at IS NULL OR strata IS NOT NULL),
    CHECK (drawn_at IS NULL OR published_at IS NOT NULL)
) STRICT;

CREATE TRIGGER draws_stand BEFORE UPDATE ON draws WHEN
    OLD.drawn_at IS NOT NULL
    OR (NEW.round_id, NEW.seed_sha256, NEW.sealed_seed, NEW.registration_closes_at, NEW.public_source, NEW.committed_by, NEW.committed_at)
        IS NOT (OLD.round_id, OLD.seed_sha256, OLD.sealed_seed, OLD.registration_closes_at, OLD.public_source, OLD.committed_by,
                OLD.committed_at)
    OR (OLD.strata IS NOT NULL AND NEW.strata IS NOT OLD.strata)
    OR (OLD.published_at IS NOT NULL AND (NEW.entrants_sha256, NEW.published_at) IS NOT (OLD.entrants_sha256, OLD.published_at))
BEGIN SELECT RAISE(ABORT, 'what a draw has said stands'); END;

CREATE TRIGGER draws_never_vanish BEFORE DELETE ON draws BEGIN SELECT RAISE(ABORT, 'what a draw has said stands'); END;

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

CREATE TABLE listings (
    batch_id        INTEGER NOT NULL REFERENCES batches,
    line            INTEGER NOT NULL,
    programme_id    INTEGER NOT NULL REFERENCES programmes,
    resident        BLOB NOT NULL,
    resident_group  TEXT NOT NULL,
    district        TEXT NOT NULL,
    PRIMARY KEY (batch_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE pauses (
    pause_id  INTEGER PRIMARY KEY,
    round_id  INTEGER NOT NULL REFERENCES rounds,
    from_at   INTEGER NOT NULL,
    until_at  INTEGER,
    CHECK (until_at IS NULL OR until_at >= from_at)
) STRICT;

CREATE INDEX pauses_by_round ON pauses (round_id);

CREATE TABLE authors (
    round_id  INTEGER NOT NULL REFERENCES rounds,
    revision  INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    os_user   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (round_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE roll_ins (
    round_id       INTEGER PRIMARY KEY REFERENCES rounds,
    from_round_id  INTEGER NOT NULL REFERENCES rounds,
    unclaimed      INTEGER NOT NULL CHECK (unclaimed >= 0),
    expired_fen    INTEGER NOT NULL DEFAULT 0 CHECK (expired_fen >= 0),
    packs          INTEGER NOT NULL CHECK (packs > 0)
) STRICT;

CREATE INDEX roll_ins_by_source ON roll_ins (from_round_id);

CREATE TABLE identity_key (
    only         INTEGER PRIMARY KEY CHECK (only = 1),
    fingerprint  BLOB NOT NULL CHECK (length(fingerprint) = 32),  -- HMAC-SHA-256 of "fingerprint" under the key
    way          INTEGER NOT NULL CHECK (way > 0)                 -- of evening out (rules/identities.py); a token rests on it
) STRICT;

CREATE TABLE duplicates (
    batch_id  INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    of_batch  INTEGER NOT NULL,
    of_line   INTEGER NOT NULL,
    PRIMARY KEY (batch_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE listed_merchants (
    batch_id  INTEGER NOT NULL,
    first_id  INTEGER NOT NULL,
    last_id   INTEGER NOT NULL,
    PRIMARY KEY (batch_id, first_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mended_rejects (
    of_batch  INTEGER NOT NULL,
    of_line   INTEGER NOT NULL,
    batch_id  INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    PRIMARY KEY (of_batch, of_line, batch_id, line)
) STRICT, WITHOUT ROWID;

CREATE INDEX mended_rejects_by_batch ON mended_rejects (batch_id, line);

CREATE TABLE merchant_runs (
    first_id   INTEGER PRIMARY KEY,
    merchants  BLOB NOT NULL                            -- unsigned 32-bit little-endian merchant_id
) STRICT;

CREATE TRIGGER merchant_runs_leave_with_their_run AFTER DELETE ON redemption_runs
BEGIN DELETE FROM merchant_runs WHERE first_id = OLD.first_id; END;

CREATE INDEX eligibility_by_group ON eligibility (programme_id, resident_group);

CREATE TABLE used_claims (
    block     INTEGER NOT NULL,
    round_id  INTEGER NOT NULL,
    day       INTEGER NOT NULL,                         -- a local day: what that day changed; 0: claims of which a payment was undone
    claims    BLOB NOT NULL,
    PRIMARY KEY (block, round_id, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX claims_by_round ON claims (round_id, claimed_at, expires_at);

CREATE TABLE fact_digests_said (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    is_said  INTEGER NOT NULL CHECK (is_said IN (0, 1))
) STRICT;

CREATE TABLE postings (
    posting_id    INTEGER PRIMARY KEY,
    funder_id     INTEGER NOT NULL REFERENCES funders,
    round_id      INTEGER REFERENCES rounds,
    from_account  TEXT NOT NULL,
    to_account    TEXT NOT NULL,
    amount_fen    INTEGER NOT NULL CHECK (amount_fen > 0),
    why           TEXT NOT NULL,
    batch_id      INTEGER REFERENCES batches,   -- the file whose facts it follows; NULL: it follows a deed
    day           INTEGER NOT NULL,             -- the local day of the facts, or of the deed
    booked_on     INTEGER NOT NULL,             -- the same day, or the first one that was open when it came
    posted_at     INTEGER NOT NULL,
    CHECK (from_account <> to_account),
    CHECK (booked_on >= day)
) STRICT;

CREATE INDEX postings_by_funder ON postings (funder_id, round_id);

CREATE TRIGGER postings_never_change BEFORE UPDATE ON postings BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;

CREATE TRIGGER postings_never_vanish BEFORE DELETE ON postings BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;

CREATE TABLE balances (
    funder_id         INTEGER NOT NULL REFERENCES funders,
    round_id          INTEGER NOT NULL,
    appropriated_fen  INTEGER NOT NULL DEFAULT 0,
    uncommitted_fen   INTEGER NOT NULL DEFAULT 0,
    committed_fen     INTEGER NOT NULL DEFAULT 0,   -- approved, unclaimed
    outstanding_fen   INTEGER NOT NULL DEFAULT 0,   -- claimed, unredeemed
    payable_fen       INTEGER NOT NULL DEFAULT 0,   -- redeemed, unpaid
    held_fen          INTEGER NOT NULL DEFAULT 0,
    paid_fen          INTEGER NOT NULL DEFAULT 0,
    clawed_back_fen   INTEGER NOT NULL DEFAULT 0,
    written_off_fen   INTEGER NOT NULL DEFAULT 0,
    returned_fen      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (funder_id, round_id),
    CONSTRAINT fund_short CHECK (uncommitted_fen >= 0 AND committed_fen + outstanding_fen >= 0 AND returned_fen >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER postings_move_balances AFTER INSERT ON postings
BEGIN
    INSERT INTO balances (funder_id, round_id) SELECT NEW.funder_id, 0  -- OR IGNORE gives way to what the outer statement says
        WHERE NOT EXISTS (SELECT 1 FROM balances WHERE funder_id = NEW.funder_id AND round_id = 0);
    INSERT INTO balances (funder_id, round_id) SELECT NEW.funder_id, ifnull(NEW.round_id, 0)
        WHERE NOT EXISTS (SELECT 1 FROM balances WHERE funder_id = NEW.funder_id AND round_id = ifnull(NEW.round_id, 0));
    UPDATE balances SET
        appropriated_fen = appropriated_fen + iif(NEW.to_account = 'appropriated', NEW.amount_fen, 0) - iif(NEW.from_account = 'appropriated', NEW.amount_fen, 0),
        uncommitted_fen = uncommitted_fen + iif(NEW.to_account = 'uncommitted', NEW.amount_fen, 0) - iif(NEW.from_account = 'uncommitted', NEW.amount_fen, 0)
    WHERE funder_id = NEW.funder_id AND round_id = 0;
    UPDATE balances SET
        committed_fen = committed_fen + iif(NEW.to_account = 'committed', NEW.amount_fen, 0) - iif(NEW.from_account = 'committed', NEW.amount_fen, 0),
        outstanding_fen = outstanding_fen + iif(NEW.to_account = 'outstanding', NEW.amount_fen, 0) - iif(NEW.from_account = 'outstanding', NEW.amount_fen, 0),
        payable_fen = payable_fen + iif(NEW.to_account = 'payable', NEW.amount_fen, 0) - iif(NEW.from_account = 'payable', NEW.amount_fen, 0),
        held_fen = held_fen + iif(NEW.to_account = 'held', NEW.amount_fen, 0) - iif(NEW.from_account = 'held', NEW.amount_fen, 0),
        paid_fen = paid_fen + iif(NEW.to_account = 'paid', NEW.amount_fen, 0) - iif(NEW.from_account = 'paid', NEW.amount_fen, 0),
        clawed_back_fen = clawed_back_fen + iif(NEW.to_account = 'clawed_back', NEW.amount_fen, 0) - iif(NEW.from_account = 'clawed_back', NEW.amount_fen, 0),
        written_off_fen = written_off_fen + iif(NEW.to_account = 'written_off', NEW.amount_fen, 0) - iif(NEW.from_account = 'written_off', NEW.amount_fen, 0),
        returned_fen = returned_fen + iif(NEW.to_account = 'returned', NEW.amount_fen, 0) - iif(NEW.from_account = 'returned', NEW.amount_fen, 0)
    WHERE funder_id = NEW.funder_id AND round_id = ifnull(NEW.round_id, 0);
END;

CREATE TABLE pack_parts (
    round_id    INTEGER NOT NULL REFERENCES rounds,
    funder_id   INTEGER NOT NULL REFERENCES funders,
    amount_fen  INTEGER NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (round_id, funder_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE booking (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    why        TEXT NOT NULL,
    batch_id   INTEGER REFERENCES batches,
    open_on    INTEGER NOT NULL,                -- the first day of the programme that is open
    posted_at  INTEGER NOT NULL,
    first_new  INTEGER NOT NULL,                -- the first posting that has no digest yet
    is_held    INTEGER NOT NULL DEFAULT 0 CHECK (is_held IN (0, 1))
) STRICT;

CREATE TABLE held_moves (
    funder_id     INTEGER NOT NULL,
    round_id      INTEGER NOT NULL,
    day           INTEGER NOT NULL,
    from_account  TEXT NOT NULL,
    to_account    TEXT NOT NULL,
    amount_fen    INTEGER NOT NULL,
    PRIMARY KEY (funder_id, round_id, day, from_account, to_account)
) STRICT, WITHOUT ROWID;

CREATE VIEW moves AS SELECT 0 AS funder_id, 0 AS round_id, 0 AS day, '' AS from_account, '' AS to_account, 0 AS amount_fen WHERE 0;

CREATE TRIGGER moves_are_posted INSTEAD OF INSERT ON moves WHEN NEW.amount_fen <> 0
BEGIN
    SELECT RAISE(ROLLBACK, 'facts are counted that nobody books') WHERE NOT EXISTS (SELECT 1 FROM booking);
    INSERT INTO held_moves SELECT NEW.funder_id, NEW.round_id, NEW.day, NEW.from_account, NEW.to_account, NEW.amount_fen
        FROM booking WHERE is_held
    ON CONFLICT DO UPDATE SET amount_fen = amount_fen + excluded.amount_fen;
    INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, batch_id, day, booked_on, posted_at)
    SELECT NEW.funder_id, NEW.round_id, iif(NEW.amount_fen > 0, NEW.from_account, NEW.to_account), iif(NEW.amount_fen > 0, NEW.to_account,
        NEW.from_account), abs(NEW.amount_fen), why, batch_id, NEW.day, max(NEW.day, open_on), posted_at
    FROM booking WHERE NOT is_held;
END;

CREATE TRIGGER claims_are_outstanding AFTER INSERT ON claim_totals
BEGIN
    INSERT INTO moves SELECT funder_id, round_id, NEW.day, 'committed', 'outstanding', NEW.claims * amount_fen FROM pack_parts WHERE round_id = NEW.round_id;
END;

CREATE TRIGGER more_claims_are_outstanding AFTER UPDATE ON claim_totals
BEGIN
    INSERT INTO moves SELECT funder_id, round_id, NEW.day, 'committed', 'outstanding', (NEW.claims - OLD.claims) * amount_fen FROM pack_parts
        WHERE round_id = NEW.round_id;
END;

CREATE TRIGGER claims_are_outstanding_no_more AFTER DELETE ON claim_totals
BEGIN
    INSERT INTO moves SELECT funder_id, round_id, OLD.day, 'committed', 'outstanding', -OLD.claims * amount_fen FROM pack_parts WHERE round_id = OLD.round_id;
END;

CREATE TRIGGER payments_are_payable AFTER INSERT ON funder_totals
BEGIN INSERT INTO moves VALUES (NEW.funder_id, NEW.round_id, NEW.day, 'outstanding', 'payable', NEW.amount_fen); END;

CREATE TRIGGER more_payments_are_payable AFTER UPDATE ON funder_totals
BEGIN INSERT INTO moves VALUES (NEW.funder_id, NEW.round_id, NEW.day, 'outstanding', 'payable', NEW.amount_fen - OLD.amount_fen); END;

CREATE TRIGGER payments_are_payable_no_more AFTER DELETE ON funder_totals
BEGIN INSERT INTO moves VALUES (OLD.funder_id, OLD.round_id, OLD.day, 'outstanding', 'payable', -OLD.amount_fen); END;

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
    sealed_at           INTEGER NOT NULL, reversals INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (programme_id, day),
    CHECK (begins_at < ends_at)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER days_never_change BEFORE UPDATE ON days BEGIN SELECT RAISE(ABORT, 'a sealed day stands'); END;

CREATE TRIGGER days_never_vanish BEFORE DELETE ON days BEGIN SELECT RAISE(ABORT, 'a sealed day stands'); END;

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

CREATE TRIGGER sealed_claims_stand BEFORE UPDATE OF claim_id, claim_no, round_id, pack_no, claimed_at, expires_at, batch_id, line ON claims
    WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN rounds r ON r.round_id = OLD.round_id AND r.programme_id = x.programme_id
        WHERE OLD.claim_id <= x.last_claim_id AND OLD.claimed_at < x.ends_at)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this claim is sealed'); END;

CREATE TRIGGER sealed_redemptions_stand BEFORE UPDATE ON redemptions WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN splits s
    ON s.split_id = OLD.split_id CROSS JOIN rounds r ON r.round_id = s.round_id AND r.programme_id = x.programme_id
    WHERE OLD.redemption_id <= x.last_redemption_id AND OLD.day <= x.day)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this row is sealed'); END;

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

CREATE TABLE corrections (
    correction_id  INTEGER PRIMARY KEY,             -- the proposal that two people decided
    programme_id   INTEGER NOT NULL REFERENCES programmes,
    corrected_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE correction_batches (
    batch_id       INTEGER PRIMARY KEY REFERENCES batches,
    correction_id  INTEGER NOT NULL REFERENCES corrections
) STRICT;

CREATE INDEX correction_batches_by_correction ON correction_batches (correction_id);

CREATE TABLE reversed_claims (
    claim_id       INTEGER PRIMARY KEY,
    claim_no       TEXT NOT NULL,
    round_id       INTEGER NOT NULL,
    resident       BLOB NOT NULL,
    pack_no        INTEGER NOT NULL,
    claimed_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    batch_id       INTEGER NOT NULL,
    line           INTEGER NOT NULL,
    correction_id  INTEGER NOT NULL REFERENCES corrections,
    booked_on      INTEGER NOT NULL,                -- the day on which the reversal is booked
    anew_batch_id  INTEGER REFERENCES correction_batches,  -- where it was entered anew; NULL: nowhere
    anew_line      INTEGER
) STRICT;

CREATE INDEX reversed_claims_by_no ON reversed_claims (claim_no);

CREATE INDEX reversed_claims_by_batch ON reversed_claims (batch_id);

CREATE TABLE reversed_redemptions (
    redemption_id          INTEGER PRIMARY KEY,
    transaction_no         TEXT NOT NULL,
    voucher                INTEGER NOT NULL,
    use_no                 INTEGER NOT NULL,
    merchant_id            INTEGER NOT NULL,
    segment_id             INTEGER NOT NULL,
    channel                INTEGER NOT NULL,
    paid_at                INTEGER NOT NULL,
    day                    INTEGER NOT NULL,
    base_fen               INTEGER NOT NULL,
    merchant_discount_fen  INTEGER NOT NULL,
    split_id               INTEGER NOT NULL,
    line                   INTEGER NOT NULL,
    refund_of              INTEGER,
    batch_id               INTEGER NOT NULL,
    vouchers               INTEGER,                 -- of a refund, as in `refunds`
    spent                  INTEGER,
    floor_fen              INTEGER,
    refund_of_no           TEXT NOT NULL DEFAULT '',-- the number of the payment that was refunded
    correction_id          INTEGER NOT NULL REFERENCES corrections,
    booked_on              INTEGER NOT NULL,
    anew_batch_id          INTEGER REFERENCES correction_batches,
    anew_line              INTEGER
, details TEXT) STRICT;

CREATE INDEX reversed_redemptions_by_no ON reversed_redemptions (transaction_no);

CREATE INDEX reversed_redemptions_by_batch ON reversed_redemptions (batch_id);

CREATE VIEW reversed_facts AS
SELECT f.redemption_id, s.round_id, k.coupon, f.merchant_id, f.segment_id,
    CASE f.channel WHEN 1 THEN 'offline' WHEN 2 THEN 'online' ELSE '' END AS channel, f.paid_at, f.day, f.base_fen,
    s.after_fen - s.before_fen AS subsidy_fen, s.public_fen, s.platform_fen, s.match_fen, -s.stays * s.public_fen AS stays_fen,
    CASE WHEN f.refund_of IS NOT NULL THEN f.floor_fen WHEN f.base_fen < k.full_base_fen THEN f.base_fen ELSE k.full_base_fen END AS floor_fen,
    ifnull(f.spent, 1) * k.denomination_fen AS face_fen, f.split_id, ifnull(f.vouchers, 1) AS vouchers, f.voucher, f.refund_of, f.booked_on
FROM reversed_redemptions f CROSS JOIN splits s ON s.split_id = f.split_id CROSS JOIN rounds r ON r.round_id = s.round_id
    CROSS JOIN coupons k ON k.template_id = r.template_id AND k.coupon_no = f.voucher % 1024;

CREATE TRIGGER reversed_claims_stood BEFORE INSERT ON reversed_claims WHEN NOT EXISTS (SELECT 1 FROM claims c WHERE c.claim_id = NEW.claim_id
    AND (c.claim_no, c.round_id, c.resident, c.pack_no, c.claimed_at, c.expires_at, c.batch_id, c.line)
        = (NEW.claim_no, NEW.round_id, NEW.resident, NEW.pack_no, NEW.claimed_at, NEW.expires_at, NEW.batch_id, NEW.line))
BEGIN SELECT RAISE(ABORT, 'only a claim that stands can be reversed'); END;

CREATE TRIGGER corrections_never_change BEFORE UPDATE ON corrections BEGIN SELECT RAISE(ABORT, 'a correction stands'); END;

CREATE TRIGGER corrections_never_vanish BEFORE DELETE ON corrections BEGIN SELECT RAISE(ABORT, 'a correction stands'); END;

CREATE TRIGGER correction_batches_never_change BEFORE UPDATE ON correction_batches BEGIN SELECT RAISE(ABORT, 'a correction stands'); END;

CREATE TRIGGER correction_batches_never_vanish BEFORE DELETE ON correction_batches BEGIN SELECT RAISE(ABORT, 'a correction stands'); END;

CREATE TRIGGER reversed_claims_never_change BEFORE UPDATE OF claim_id, claim_no, round_id, pack_no, claimed_at, expires_at, batch_id, line,
    correction_id, booked_on, anew_batch_id, anew_line ON reversed_claims
BEGIN SELECT RAISE(ABORT, 'what was reversed stays as it was'); END;

CREATE TRIGGER reversed_claims_never_vanish BEFORE DELETE ON reversed_claims BEGIN SELECT RAISE(ABORT, 'what was reversed stays'); END;

CREATE TRIGGER reversed_redemptions_never_change BEFORE UPDATE ON reversed_redemptions
BEGIN SELECT RAISE(ABORT, 'what was reversed stays as it was'); END;

CREATE TRIGGER reversed_redemptions_never_vanish BEFORE DELETE ON reversed_redemptions
BEGIN SELECT RAISE(ABORT, 'what was reversed stays'); END;

CREATE TRIGGER sealed_claims_stay BEFORE DELETE ON claims WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN rounds r
    ON r.round_id = OLD.round_id AND r.programme_id = x.programme_id WHERE OLD.claim_id <= x.last_claim_id AND OLD.claimed_at < x.ends_at)
    AND NOT EXISTS (SELECT 1 FROM reversed_claims WHERE claim_id = OLD.claim_id)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this claim is sealed'); END;

CREATE TRIGGER sealed_redemptions_stay BEFORE DELETE ON redemptions WHEN EXISTS (SELECT 1 FROM last_seals x CROSS JOIN splits s
    ON s.split_id = OLD.split_id CROSS JOIN rounds r ON r.round_id = s.round_id AND r.programme_id = x.programme_id
    WHERE OLD.redemption_id <= x.last_redemption_id AND OLD.day <= x.day)
    AND NOT EXISTS (SELECT 1 FROM reversed_redemptions WHERE redemption_id = OLD.redemption_id)
BEGIN SELECT RAISE(ROLLBACK, 'the day of this row is sealed'); END;

CREATE TABLE prolongations (
    round_id     INTEGER NOT NULL REFERENCES rounds,
    proposal_id  INTEGER NOT NULL,                      -- the amendment that two people decided
    from_at      INTEGER NOT NULL,                      -- when it took effect: a refund made before it was judged by the end that stood then
    until_at     INTEGER NOT NULL CHECK (until_at > from_at),
    PRIMARY KEY (round_id, proposal_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER prolongations_never_change BEFORE UPDATE ON prolongations BEGIN SELECT RAISE(ABORT, 'a later end stands'); END;

CREATE TRIGGER prolongations_never_vanish BEFORE DELETE ON prolongations BEGIN SELECT RAISE(ABORT, 'a later end stands'); END;

CREATE TABLE redemption_details (
    redemption_id  INTEGER PRIMARY KEY,
    details        TEXT NOT NULL CHECK (json_valid(details))  -- our fields and their texts, by name
) STRICT;

CREATE TRIGGER redemption_details_leave_with_their_row AFTER DELETE ON redemptions
BEGIN DELETE FROM redemption_details WHERE redemption_id = OLD.redemption_id; END;

CREATE TRIGGER redemption_details_come_with_their_row BEFORE INSERT ON redemption_details
    WHEN NOT EXISTS (SELECT 1 FROM redemptions WHERE redemption_id = NEW.redemption_id AND refund_of IS NULL)
BEGIN SELECT RAISE(ABORT, 'details are those of a payment'); END;

CREATE TRIGGER redemption_details_stay BEFORE DELETE ON redemption_details
    WHEN EXISTS (SELECT 1 FROM redemptions WHERE redemption_id = OLD.redemption_id)
BEGIN SELECT RAISE(ABORT, 'details leave with their payment'); END;

CREATE TRIGGER redemption_details_never_change BEFORE UPDATE OF details ON redemption_details
BEGIN SELECT RAISE(ABORT, 'details stay as they came'); END;

CREATE TRIGGER reversed_redemptions_stood BEFORE INSERT ON reversed_redemptions WHEN NOT EXISTS (SELECT 1 FROM redemptions f
    LEFT JOIN redemption_details d ON d.redemption_id = f.redemption_id
    WHERE f.redemption_id = NEW.redemption_id AND f.refund_of IS NEW.refund_of AND d.details IS NEW.details
    AND (f.transaction_no, f.voucher, f.use_no, f.merchant_id, f.segment_id, f.channel, f.paid_at, f.day, f.base_fen, f.merchant_discount_fen,
        f.split_id, f.line) = (NEW.transaction_no, NEW.voucher, NEW.use_no, NEW.merchant_id, NEW.segment_id, NEW.channel, NEW.paid_at,
        NEW.day, NEW.base_fen, NEW.merchant_discount_fen, NEW.split_id, NEW.line))
BEGIN SELECT RAISE(ABORT, 'only a row that stands can be reversed'); END;

CREATE TABLE winners (
    round_id        INTEGER NOT NULL REFERENCES rounds,
    resident        BLOB NOT NULL,                      -- the token of the application that won
    application_id  INTEGER NOT NULL,
    PRIMARY KEY (round_id, resident)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER winners_never_change BEFORE UPDATE OF round_id, application_id ON winners BEGIN SELECT RAISE(ABORT, 'who won stands'); END;

CREATE TRIGGER winners_never_vanish BEFORE DELETE ON winners BEGIN SELECT RAISE(ABORT, 'who won stands'); END;

CREATE TRIGGER families_never_change BEFORE UPDATE OF family, one_of ON rounds
    WHEN new.family <> old.family OR new.one_of <> old.one_of
BEGIN SELECT RAISE(ABORT, 'a round stays in its family'); END;

CREATE UNIQUE INDEX rounds_by_lead ON rounds (lead_id) WHERE lead_id IS NOT NULL AND state <> 'cancelled';

CREATE TRIGGER arms_stand BEFORE UPDATE OF arms_within ON draws WHEN OLD.arms_within IS NOT NULL OR OLD.published_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'what a draw has said stands'); END;

CREATE TRIGGER winners_are_drawn BEFORE INSERT ON winners
    WHEN NOT EXISTS (SELECT 1 FROM draws d JOIN rounds r ON d.round_id = ifnull(r.lead_id, r.round_id)
        WHERE r.round_id = NEW.round_id AND d.published_at IS NOT NULL AND d.drawn_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'winners come of a draw'); END;

CREATE INDEX redemption_serials ON redemption_details (json_extract(details, '$.serial'))
    WHERE json_extract(details, '$.serial') IS NOT NULL;

CREATE TABLE "merchant_totals" (
    round_id      INTEGER NOT NULL REFERENCES rounds,
    month         INTEGER NOT NULL,                     -- the local month as yyyymm
    merchant_id   INTEGER NOT NULL,
    segment_id    INTEGER NOT NULL,
    vouchers      INTEGER NOT NULL,
    base_fen      INTEGER NOT NULL,
    subsidy_fen   INTEGER NOT NULL,
    public_fen    INTEGER NOT NULL,
    platform_fen  INTEGER NOT NULL,
    match_fen     INTEGER NOT NULL,
    floor_fen     INTEGER NOT NULL,
    face_fen      INTEGER NOT NULL,
    stays_fen     INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, round_id, month, segment_id)
) STRICT, WITHOUT ROWID;

CREATE VIEW merchant_sums AS
SELECT merchant_id, round_id, month, segment_id, vouchers, base_fen, subsidy_fen, public_fen, platform_fen, match_fen, floor_fen, face_fen,
    stays_fen
FROM merchant_totals
UNION ALL
SELECT f.merchant_id, f.round_id, f.day / 100, f.segment_id, f.vouchers, f.base_fen, f.subsidy_fen, f.public_fen, f.platform_fen, f.match_fen,
    f.floor_fen, f.face_fen, f.stays_fen
FROM uncounted_runs u CROSS JOIN redemption_runs n USING (first_id)
    CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id AND n.last_id;

CREATE TABLE series (
    series_id  INTEGER PRIMARY KEY,
    measure    TEXT NOT NULL CHECK (measure IN ('turnover', 'orders', 'shops')),
    grain      TEXT NOT NULL CHECK (grain IN ('day', 'week', 'month', 'quarter', 'year', 'span')),
    first_on   INTEGER NOT NULL,                        -- the period, both days included: yyyymmdd
    last_on    INTEGER NOT NULL,
    industry   TEXT NOT NULL,                           -- '': all of them together
    district   TEXT NOT NULL,
    brand      TEXT NOT NULL,
    source     TEXT NOT NULL CHECK (source <> ''),      -- who says so
    value      INTEGER NOT NULL,                        -- fen of turnover, else a count
    batch_id   INTEGER NOT NULL REFERENCES batches,
    line       INTEGER NOT NULL,
    CHECK (first_on <= last_on)
) STRICT;

CREATE INDEX series_by_figure ON series (measure, source, grain, first_on, last_on, industry, district, brand);

CREATE INDEX series_by_batch ON series (batch_id);

CREATE VIEW standing_series AS
SELECT series_id, measure, grain, first_on, last_on, industry, district, brand, source, value, batch_id, line,
    (industry <> '') + 2 * (district <> '') + 4 * (brand <> '') AS cut
FROM series s
WHERE NOT EXISTS (SELECT 1 FROM series l WHERE l.measure = s.measure AND l.source = s.source AND l.grain = s.grain
    AND l.first_on = s.first_on AND l.last_on = s.last_on AND l.industry = s.industry AND l.district = s.district
    AND l.brand = s.brand AND l.series_id > s.series_id);

CREATE TABLE segments (
    segment_id       INTEGER PRIMARY KEY,
    district         TEXT NOT NULL,
    industry         TEXT NOT NULL,
    size             TEXT NOT NULL,
    brand            TEXT NOT NULL DEFAULT '',          -- of a chain: the name that its shops share
    designated_size  TEXT NOT NULL DEFAULT '',          -- above or below what the statistics office surveys in full (限上, 限下)
    UNIQUE (district, industry, size, brand, designated_size)
) STRICT;

CREATE TABLE "group_totals" (
    grouping      TEXT NOT NULL CHECK (grouping IN (
        'round', 'coupon', 'channel', 'district', 'industry', 'size', 'coupon,channel', 'coupon,district', 'coupon,industry',
        'coupon,size', 'channel,district', 'channel,industry', 'channel,size', 'district,industry', 'district,size',
        'industry,size')),
    round_id      INTEGER NOT NULL REFERENCES rounds,
    day           INTEGER NOT NULL,
    key           TEXT NOT NULL,
    second_key    TEXT NOT NULL DEFAULT '',             -- of a grouping by two; else blank
    vouchers      INTEGER NOT NULL,
    base_fen      INTEGER NOT NULL,
    subsidy_fen   INTEGER NOT NULL,
    public_fen    INTEGER NOT NULL,
    platform_fen  INTEGER NOT NULL,
    match_fen     INTEGER NOT NULL,
    floor_fen     INTEGER NOT NULL,                     -- sum of the least bases of the payments, less what was refunded of them
    face_fen      INTEGER NOT NULL,                     -- sum of denominations of the vouchers that are spent
    stays_fen     INTEGER NOT NULL,                     -- public subsidy that stays on sales that are gone
    PRIMARY KEY (grouping, round_id, day, key, second_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE settlements (
    settlement_id  INTEGER PRIMARY KEY,
    programme_id   INTEGER NOT NULL REFERENCES programmes,
    funder_id      INTEGER NOT NULL REFERENCES funders,
    state          TEXT NOT NULL CHECK (state IN ('draft', 'verified', 'approved', 'exported', 'paid', 'closed', 'rejected')),
    pattern        TEXT NOT NULL,                       -- as the programme said it then
    up_to          INTEGER NOT NULL,                    -- the last signed day (yyyymmdd) whose dues it may hold
    notice_days    INTEGER NOT NULL,                    -- how long the public list must stand before the payment
    planned_fen    INTEGER NOT NULL CHECK (planned_fen > 0),  -- of all transfers when it was made
    made_by        TEXT NOT NULL,
    os_user        TEXT NOT NULL,
    made_at        INTEGER NOT NULL,
    noticed_at     INTEGER,                             -- when the public list was put up
    exported_at    INTEGER,
    bank           TEXT NOT NULL DEFAULT '',            -- the profile of the payment file
    pay_on         INTEGER,                             -- the working day (yyyymmdd) on which the bank is to pay
    file_sha256    TEXT NOT NULL DEFAULT '', order_mark TEXT NOT NULL DEFAULT '', first_payment_fen INTEGER NOT NULL DEFAULT 0 CHECK (first_payment_fen >= 0),
    CHECK ((exported_at IS NULL) = (state IN ('draft', 'verified', 'approved', 'rejected')))
) STRICT;

CREATE INDEX settlements_by_programme ON settlements (programme_id);

CREATE TABLE transfers (
    transfer_id    INTEGER PRIMARY KEY,
    settlement_id  INTEGER NOT NULL REFERENCES settlements,
    transfer_no    TEXT NOT NULL UNIQUE,                -- what the bank's file and its answers call it
    payee_id       INTEGER NOT NULL REFERENCES merchants (merchant_id),
    amount_fen     INTEGER NOT NULL CHECK (amount_fen > 0),
    state          TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'accepted', 'paid', 'rejected', 'returned', 'dropped')),
    is_first       INTEGER NOT NULL DEFAULT 0 CHECK (is_first IN (0, 1)),  -- a small payment to try a new account
    paid_on        INTEGER,
    reference      TEXT NOT NULL DEFAULT '',            -- the bank's
    reason         TEXT NOT NULL DEFAULT '',            -- why it was dropped, rejected or returned
    answered_at    INTEGER, account_token BLOB CHECK (length(account_token) = 16), replaces INTEGER REFERENCES transfers,
    CHECK ((state IN ('paid', 'returned')) = (paid_on IS NOT NULL))
) STRICT;

CREATE INDEX transfers_by_settlement ON transfers (settlement_id);

CREATE INDEX transfers_by_payee ON transfers (payee_id);

CREATE TRIGGER transfers_go_on BEFORE UPDATE OF state ON transfers WHEN NEW.state <> OLD.state AND (OLD.state IN ('rejected', 'returned', 'dropped')
    OR (OLD.state = 'paid' AND NEW.state <> 'returned') OR (OLD.state = 'planned' AND NEW.state NOT IN ('sent', 'dropped'))
    OR (OLD.state IN ('sent', 'accepted') AND NEW.state NOT IN ('accepted', 'paid', 'rejected')))
BEGIN SELECT RAISE(ABORT, 'a transfer does not go back'); END;

CREATE TRIGGER transfers_stand BEFORE UPDATE OF settlement_id, transfer_no, payee_id, amount_fen, is_first ON transfers
BEGIN SELECT RAISE(ABORT, 'a transfer stands'); END;

CREATE TRIGGER transfers_never_vanish BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'a transfer stays'); END;

CREATE TABLE holds (
    hold_id        INTEGER PRIMARY KEY,
    programme_id   INTEGER NOT NULL REFERENCES programmes,
    merchant_id    INTEGER NOT NULL REFERENCES merchants,
    redemption_id  INTEGER,                             -- NULL: all that the merchant is owed
    reason         TEXT NOT NULL,
    evidence       TEXT NOT NULL,
    note           TEXT NOT NULL,
    held_on        INTEGER NOT NULL,                    -- the date of the evidence (yyyymmdd)
    held_by        TEXT NOT NULL,
    os_user        TEXT NOT NULL,
    held_at        INTEGER NOT NULL,
    released_by    TEXT,
    release_note   TEXT NOT NULL DEFAULT '',
    released_at    INTEGER, batch_id INTEGER REFERENCES batches,
    CHECK ((released_by IS NULL) = (released_at IS NULL))
) STRICT;

CREATE UNIQUE INDEX holds_once ON holds (programme_id, merchant_id, ifnull(redemption_id, 0), reason) WHERE released_at IS NULL;

CREATE INDEX holds_by_merchant ON holds (merchant_id);

CREATE TRIGGER holds_end_once BEFORE UPDATE OF released_by, released_at, release_note ON holds WHEN OLD.released_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a hold ends once'); END;

CREATE TRIGGER holds_never_vanish BEFORE DELETE ON holds BEGIN SELECT RAISE(ABORT, 'a hold stays'); END;

CREATE TABLE dues (
    due_id       INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('booked', 'held', 'part', 'repaid', 'written_off')),
    funder_id    INTEGER NOT NULL,                      -- no foreign keys, as facts have none: a million rows at once
    round_id     INTEGER NOT NULL,
    merchant_id  INTEGER NOT NULL,
    amount_fen   INTEGER NOT NULL CHECK (amount_fen <> 0),
    after_day    INTEGER NOT NULL,                      -- yyyymmdd; 0: from the beginning
    up_to        INTEGER NOT NULL CHECK (up_to > after_day),
    hold_id      INTEGER REFERENCES holds,
    transfer_id  INTEGER REFERENCES transfers
) STRICT;

CREATE INDEX dues_by_merchant ON dues (merchant_id, funder_id);

CREATE INDEX dues_by_transfer ON dues (transfer_id) WHERE transfer_id IS NOT NULL;

CREATE INDEX dues_open ON dues (funder_id, merchant_id) WHERE transfer_id IS NULL;

CREATE TRIGGER dues_stand BEFORE UPDATE OF due_id, kind, funder_id, round_id, merchant_id, amount_fen, after_day, up_to, hold_id ON dues
BEGIN SELECT RAISE(ABORT, 'a due stands'); END;

CREATE TRIGGER dues_are_paid_once BEFORE UPDATE OF transfer_id ON dues WHEN OLD.transfer_id IS NOT NULL AND NEW.transfer_id IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a due belongs to one transfer'); END;

CREATE TRIGGER paid_dues_stay_paid BEFORE UPDATE OF transfer_id ON dues WHEN OLD.transfer_id IS NOT NULL AND NEW.transfer_id IS NULL
    AND (SELECT state FROM transfers WHERE transfer_id = OLD.transfer_id) NOT IN ('rejected', 'returned', 'dropped')
BEGIN SELECT RAISE(ABORT, 'a due stays with its transfer'); END;

CREATE TRIGGER dues_never_vanish BEFORE DELETE ON dues BEGIN SELECT RAISE(ABORT, 'a due stays'); END;

CREATE TABLE taken_days (
    programme_id        INTEGER NOT NULL REFERENCES programmes,
    day                 INTEGER NOT NULL,
    last_redemption_id  INTEGER NOT NULL,
    taken_at            INTEGER NOT NULL,
    PRIMARY KEY (programme_id, day)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER only_signed_days_are_taken BEFORE INSERT ON taken_days
    WHEN NOT EXISTS (SELECT 1 FROM day_signatures WHERE programme_id = NEW.programme_id AND day = NEW.day)
BEGIN SELECT RAISE(ABORT, 'only signed days are paid'); END;

CREATE TRIGGER taken_days_never_change BEFORE UPDATE ON taken_days BEGIN SELECT RAISE(ABORT, 'a taken day stands'); END;

CREATE TRIGGER taken_days_never_vanish BEFORE DELETE ON taken_days BEGIN SELECT RAISE(ABORT, 'a taken day stands'); END;

CREATE TABLE bank_files (
    bank_file_id  INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    file          TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    kind          TEXT NOT NULL,                        -- csv, pain.002, camt.053, camt.054; by hand
    message_no    TEXT NOT NULL,
    actor         TEXT NOT NULL,
    read_at       INTEGER NOT NULL,
    UNIQUE (programme_id, sha256)
) STRICT;

CREATE TABLE bank_answers (
    bank_file_id  INTEGER NOT NULL REFERENCES bank_files,
    place         INTEGER NOT NULL,                     -- the first answer of the file, second ...
    at_line       TEXT NOT NULL,                        -- file:line
    transfer_no   TEXT NOT NULL,
    transfer_id   INTEGER REFERENCES transfers,
    status        TEXT NOT NULL,
    amount_fen    INTEGER,
    paid_on       INTEGER,
    reference     TEXT NOT NULL,
    reason_code   TEXT NOT NULL,
    reason        TEXT NOT NULL,
    entry_no      TEXT NOT NULL,                        -- the same when the same booking is heard twice
    outcome       TEXT NOT NULL,                        -- taken, heard_before, or the code of why it was refused
    PRIMARY KEY (bank_file_id, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX bank_answers_by_transfer ON bank_answers (transfer_id) WHERE transfer_id IS NOT NULL;

CREATE TRIGGER bank_files_never_change BEFORE UPDATE ON bank_files BEGIN SELECT RAISE(ABORT, 'what a bank said stands'); END;

CREATE TRIGGER bank_files_never_vanish BEFORE DELETE ON bank_files BEGIN SELECT RAISE(ABORT, 'what a bank said stays'); END;

CREATE TRIGGER bank_answers_never_change BEFORE UPDATE ON bank_answers BEGIN SELECT RAISE(ABORT, 'what a bank said stands'); END;

CREATE TRIGGER bank_answers_never_vanish BEFORE DELETE ON bank_answers BEGIN SELECT RAISE(ABORT, 'what a bank said stays'); END;

CREATE TABLE merchant_accounts (
    merchant_id  INTEGER PRIMARY KEY REFERENCES merchants,
    token        BLOB NOT NULL CHECK (length(token) = 16),    -- HMAC-SHA-256 of the cleaned number: equal numbers are found
    sealed       BLOB NOT NULL CHECK (length(sealed) > 29)    -- which key (1 byte), nonce (12), AES-256-GCM of the number with its tag (16)
) STRICT;

CREATE TABLE scans (
    scan_id             INTEGER PRIMARY KEY,
    programme_id        INTEGER NOT NULL REFERENCES programmes,
    as_of_at            INTEGER NOT NULL,               -- payments up to this second were looked at
    last_redemption_id  INTEGER NOT NULL,               -- and none that came in behind this row
    sealed_day          INTEGER,                        -- the last day (yyyymmdd) that was sealed then; NULL: none
    payments            INTEGER NOT NULL,               -- that stood and were looked at
    merchants           INTEGER NOT NULL,               -- that had any
    amount_fen          INTEGER NOT NULL,               -- what their vouchers paid
    rules_sha256        TEXT NOT NULL,                  -- of the rules with their thresholds
    terms               TEXT NOT NULL CHECK (json_valid(terms)),      -- the thresholds, as a JSON object
    looked              TEXT NOT NULL CHECK (json_valid(looked)),     -- a JSON list: what each rule looked at, or why it could not
    sha256              TEXT NOT NULL,                  -- of all findings with their reasons and rows
    made_by             TEXT NOT NULL,
    os_user             TEXT NOT NULL,
    made_at             INTEGER NOT NULL
) STRICT;

CREATE INDEX scans_by_programme ON scans (programme_id);

CREATE TABLE finding_reasons (
    finding_id  INTEGER NOT NULL REFERENCES findings,
    rule        TEXT NOT NULL,
    value       TEXT NOT NULL,                          -- decimal strings
    fence       TEXT NOT NULL,
    base        TEXT NOT NULL,                          -- whom it was compared with: industry/district/size, each blank where it is all of them
    base_n      INTEGER NOT NULL,                       -- how many merchants these are; 0: the rule compares with nobody
    counts      TEXT NOT NULL CHECK (json_valid(counts)),             -- the counts behind the value, to redo it by hand
    PRIMARY KEY (finding_id, rule)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding_rows (
    finding_id     INTEGER NOT NULL REFERENCES findings,
    redemption_id  INTEGER NOT NULL,
    rules          TEXT NOT NULL,                       -- which rules rest on it, commas between
    sha256         TEXT NOT NULL,                       -- of the payment as it was then
    PRIMARY KEY (finding_id, redemption_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER scans_never_change BEFORE UPDATE ON scans BEGIN SELECT RAISE(ABORT, 'a scan stands'); END;

CREATE TRIGGER scans_never_vanish BEFORE DELETE ON scans BEGIN SELECT RAISE(ABORT, 'a scan stands'); END;

CREATE TRIGGER finding_reasons_never_change BEFORE UPDATE ON finding_reasons BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;

CREATE TRIGGER finding_reasons_never_vanish BEFORE DELETE ON finding_reasons BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;

CREATE TRIGGER finding_rows_never_change BEFORE UPDATE ON finding_rows BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;

CREATE TRIGGER finding_rows_never_vanish BEFORE DELETE ON finding_rows BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;

CREATE TRIGGER settlements_keep_their_numbers BEFORE UPDATE OF order_mark ON settlements
BEGIN SELECT RAISE(ABORT, 'the number of an order stands'); END;

CREATE TABLE closings (
    programme_id  INTEGER PRIMARY KEY REFERENCES programmes,
    proposal_id   INTEGER NOT NULL UNIQUE REFERENCES proposals,  -- what two people decided
    closed_on     INTEGER NOT NULL,                 -- its local day (yyyymmdd): days up to it may still be sealed
    closed_at     INTEGER NOT NULL,
    last_posting  INTEGER NOT NULL                  -- none of its funders comes after it
) STRICT;

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

CREATE TRIGGER closed_programmes_move_no_money BEFORE INSERT ON postings WHEN EXISTS (
    SELECT 1 FROM closings c JOIN funders f USING (programme_id) WHERE f.funder_id = NEW.funder_id)
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

CREATE TRIGGER settled_rounds_move_no_money BEFORE INSERT ON postings
    WHEN NEW.why <> 'programme.close' AND EXISTS (SELECT 1 FROM rounds r WHERE r.round_id = NEW.round_id AND r.state IN ('settled', 'archived'))
    -- who is no public funder may pay later
    AND NOT (NEW.from_account IN ('payable', 'held', 'paid', 'clawed_back', 'written_off')
        AND NEW.to_account IN ('payable', 'held', 'paid', 'clawed_back', 'written_off')
        AND (SELECT kind FROM funders WHERE funder_id = NEW.funder_id) <> 'public')
BEGIN SELECT RAISE(ROLLBACK, 'the round is settled'); END;

CREATE UNIQUE INDEX transfers_replace_once ON transfers (replaces) WHERE replaces IS NOT NULL;

CREATE TRIGGER transfers_keep_their_place BEFORE UPDATE OF replaces ON transfers BEGIN SELECT RAISE(ABORT, 'a transfer stands'); END;

CREATE TRIGGER transfers_replace_dropped BEFORE INSERT ON transfers WHEN NEW.replaces IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM transfers t WHERE t.transfer_id = NEW.replaces AND t.state = 'dropped' AND t.settlement_id = NEW.settlement_id
        AND t.payee_id = NEW.payee_id AND t.amount_fen > NEW.amount_fen)
BEGIN SELECT RAISE(ABORT, 'only a smaller transfer takes the place of one that was dropped'); END;

CREATE TABLE reconciliations (
    run_id        INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    batch_id      INTEGER NOT NULL REFERENCES batches,
    source        TEXT NOT NULL CHECK (source IN ('bills', 'day_bills', 'statements')),
    round_id      INTEGER REFERENCES rounds,            -- NULL: all rounds of the programme
    first_on      INTEGER NOT NULL,                     -- the days it covers, both included (yyyymmdd)
    last_on       INTEGER NOT NULL CHECK (last_on >= first_on),
    tolerances    TEXT NOT NULL CHECK (json_valid(tolerances)),  -- as the programme said them then
    last_audit    INTEGER NOT NULL,                     -- the last line of the log that it knew
    adds          INTEGER NOT NULL DEFAULT 0 CHECK (adds IN (0, 1)),  -- its rows come to days that stand, and take nobody's place
    opened        INTEGER NOT NULL,                     -- breaks that it found and nobody knew
    standing      INTEGER NOT NULL,                     -- breaks that stood before and still do
    cleared       INTEGER NOT NULL,                     -- breaks that no longer stand
    actor         TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    ran_at        INTEGER NOT NULL
) STRICT;

CREATE INDEX reconciliations_by_batch ON reconciliations (batch_id);

CREATE INDEX reconciliations_by_programme ON reconciliations (programme_id, source);

CREATE TABLE reconciled_days (
    run_id             INTEGER NOT NULL REFERENCES reconciliations,
    day                INTEGER NOT NULL,
    their_rows         INTEGER NOT NULL,
    their_fen          INTEGER NOT NULL,
    our_rows           INTEGER NOT NULL,
    our_fen            INTEGER NOT NULL,
    agreed_their_rows  INTEGER NOT NULL,
    agreed_their_fen   INTEGER NOT NULL,
    agreed_our_rows    INTEGER NOT NULL,
    agreed_our_fen     INTEGER NOT NULL,
    PRIMARY KEY (run_id, day)
) STRICT, WITHOUT ROWID;

CREATE VIEW standing_days AS
SELECT r.programme_id, r.source, r.round_id, r.run_id, r.batch_id, d.day, d.their_rows, d.their_fen, d.our_rows, d.our_fen,
    d.agreed_their_rows, d.agreed_their_fen, d.agreed_our_rows, d.agreed_our_fen
FROM reconciled_days d JOIN reconciliations r USING (run_id)
WHERE NOT EXISTS (SELECT 1 FROM reconciliations l JOIN reconciled_days e ON e.run_id = l.run_id AND e.day = d.day
    WHERE l.programme_id = r.programme_id AND l.source = r.source AND l.round_id IS r.round_id AND l.run_id > r.run_id);

CREATE TABLE agreed_beyond (
    run_id          INTEGER NOT NULL REFERENCES reconciliations,
    transaction_no  TEXT NOT NULL,
    kind            TEXT NOT NULL,
    day             INTEGER NOT NULL,                   -- ours
    our_fen         INTEGER NOT NULL,
    their_fen       INTEGER NOT NULL,
    PRIMARY KEY (run_id, transaction_no, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE breaks (
    break_id        INTEGER PRIMARY KEY,
    programme_id    INTEGER NOT NULL REFERENCES programmes,
    source          TEXT NOT NULL CHECK (source IN ('bills', 'day_bills', 'statements', 'intake')),  -- intake: a row that waits
    round_id        INTEGER REFERENCES rounds,          -- of its run
    type            TEXT NOT NULL CHECK (type IN ('missing_here', 'missing_there', 'amount', 'merchant', 'date', 'duplicate', 'status', 'split',
                                                  'displaces_sealed')),
    key             TEXT NOT NULL,                      -- what it is about; with type and amounts it is the same break again
    transaction_no  TEXT NOT NULL DEFAULT '',           -- or the number of the transfer or statement
    kind            TEXT NOT NULL DEFAULT '',           -- pay, refund
    merchant_id     INTEGER REFERENCES merchants,       -- ours, else the one that their number means
    merchant_no     TEXT NOT NULL DEFAULT '',           -- as they wrote it
    day             INTEGER NOT NULL,                   -- from which its age counts (yyyymmdd)
    our_fen         INTEGER NOT NULL,                   -- refunds are negative; what is missing is 0
    their_fen       INTEGER NOT NULL,
    detail          TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail)),  -- what explains it
    batch_id        INTEGER REFERENCES batches,         -- the file that shows it, and the line there (NULL: the file lacks it)
    line            INTEGER,
    run_id          INTEGER REFERENCES reconciliations, -- that found it (NULL: displaces_sealed stands by itself)
    cleared_run     INTEGER REFERENCES reconciliations, -- that found that it no longer stands
    cleared_at      INTEGER,                            -- when it no longer stood
    state           TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved', 'cleared')),
    owner           TEXT NOT NULL DEFAULT '',           -- who looks after it
    assigned_by     TEXT NOT NULL DEFAULT '',
    assigned_at     INTEGER,
    resolution      TEXT NOT NULL DEFAULT '' CHECK (resolution IN ('', 'posting', 'correction', 'explained')),
    note            TEXT NOT NULL DEFAULT '',
    evidence        TEXT NOT NULL DEFAULT '',
    resolved_by     TEXT NOT NULL DEFAULT '',
    resolved_at     INTEGER,
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (state <> 'cleared' OR cleared_at IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX breaks_once ON breaks (programme_id, source, ifnull(round_id, 0), type, key, our_fen, their_fen)
    WHERE cleared_at IS NULL;

CREATE INDEX breaks_by_state ON breaks (programme_id, state, day);

CREATE INDEX breaks_by_run ON breaks (run_id);

CREATE INDEX breaks_cleared_by ON breaks (cleared_run) WHERE cleared_run IS NOT NULL;

CREATE TRIGGER breaks_stand BEFORE UPDATE OF break_id, programme_id, source, round_id, type, key, transaction_no, kind, day, our_fen, their_fen,
    run_id ON breaks BEGIN SELECT RAISE(ABORT, 'what a break says stands'); END;

CREATE TABLE break_parts (
    break_id    INTEGER NOT NULL REFERENCES breaks,
    day         INTEGER NOT NULL,
    is_beyond   INTEGER NOT NULL DEFAULT 0 CHECK (is_beyond IN (0, 1)),
    our_rows    INTEGER NOT NULL,
    our_fen     INTEGER NOT NULL,
    their_rows  INTEGER NOT NULL,
    their_fen   INTEGER NOT NULL,
    PRIMARY KEY (break_id, day, is_beyond)
) STRICT, WITHOUT ROWID;

CREATE INDEX break_parts_by_day ON break_parts (day);

CREATE TABLE settlement_runs (
    settlement_id  INTEGER NOT NULL REFERENCES settlements,
    run_id         INTEGER NOT NULL REFERENCES reconciliations,
    PRIMARY KEY (settlement_id, run_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER sealed_breaks_open AFTER INSERT ON rejects WHEN NEW.reason = 'displaces_sealed'
BEGIN
    INSERT INTO breaks (programme_id, source, type, key, day, our_fen, their_fen, detail, batch_id, line)
    SELECT b.programme_id, 'intake', 'displaces_sealed', NEW.batch_id || ':' || NEW.line,
        ifnull(json_extract(NEW.detail, '$.sealed_on'), 0), 0, 0, NEW.detail, NEW.batch_id, NEW.line
    FROM batches b WHERE b.batch_id = NEW.batch_id
    ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER sealed_breaks_end AFTER DELETE ON rejects WHEN OLD.reason = 'displaces_sealed'
BEGIN
    UPDATE breaks SET state = iif(state = 'open', 'cleared', state),
        cleared_at = ifnull((SELECT max(at) FROM audit), 0)
    WHERE source = 'intake' AND cleared_at IS NULL AND batch_id = OLD.batch_id AND line = OLD.line;
END;

CREATE TABLE came_back (
    transfer_id  INTEGER NOT NULL REFERENCES transfers,
    due_id       INTEGER NOT NULL REFERENCES dues,
    PRIMARY KEY (transfer_id, due_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER what_came_back_never_changes BEFORE UPDATE ON came_back BEGIN SELECT RAISE(ABORT, 'what came back stands'); END;

CREATE TRIGGER what_came_back_never_vanishes BEFORE DELETE ON came_back BEGIN SELECT RAISE(ABORT, 'what came back stays'); END;

CREATE TABLE sample_items (
    sample_id   INTEGER NOT NULL REFERENCES samples,
    item        INTEGER NOT NULL,                       -- the smallest ticket is item 1
    number      TEXT NOT NULL,                          -- transaction_no, claim_no or transfer_no
    amount_fen  INTEGER NOT NULL,
    ticket      TEXT NOT NULL,
    PRIMARY KEY (sample_id, item),
    UNIQUE (sample_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE sample_results (
    result_id   INTEGER PRIMARY KEY,
    sample_id   INTEGER NOT NULL,
    item        INTEGER NOT NULL,
    fault       TEXT NOT NULL,                          -- '': found in order
    right_fen   INTEGER NOT NULL CHECK (right_fen >= 0),-- what the amount should have been
    note        TEXT NOT NULL,
    at_line     TEXT NOT NULL,                          -- file:line
    entered_by  TEXT NOT NULL,
    os_user     TEXT NOT NULL,
    entered_at  INTEGER NOT NULL,
    FOREIGN KEY (sample_id, item) REFERENCES sample_items
) STRICT;

CREATE INDEX sample_results_by_item ON sample_results (sample_id, item);

CREATE TRIGGER sample_items_never_change BEFORE UPDATE ON sample_items BEGIN SELECT RAISE(ABORT, 'what was drawn stands'); END;

CREATE TRIGGER sample_items_never_vanish BEFORE DELETE ON sample_items BEGIN SELECT RAISE(ABORT, 'what was drawn stands'); END;

CREATE TRIGGER sample_results_never_change BEFORE UPDATE ON sample_results BEGIN SELECT RAISE(ABORT, 'a result stands'); END;

CREATE TRIGGER sample_results_never_vanish BEFORE DELETE ON sample_results BEGIN SELECT RAISE(ABORT, 'a result stands'); END;

CREATE TABLE settled_days (
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    day           INTEGER NOT NULL,
    settled_at    INTEGER NOT NULL,
    PRIMARY KEY (programme_id, day)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER settled_days_never_change BEFORE UPDATE ON settled_days BEGIN SELECT RAISE(ABORT, 'a settled day stands'); END;

CREATE TRIGGER settled_days_never_vanish BEFORE DELETE ON settled_days BEGIN SELECT RAISE(ABORT, 'a settled day stays'); END;

CREATE TABLE case_lines (
    case_id         INTEGER NOT NULL REFERENCES cases,
    place           INTEGER NOT NULL,                   -- 1, 2 ...
    redemption_id   INTEGER NOT NULL,                   -- no foreign key: it may be reversed later
    transaction_no  TEXT NOT NULL,
    line            TEXT NOT NULL CHECK (json_valid(line)),
    sha256          TEXT NOT NULL,
    amount_fen      INTEGER NOT NULL,                   -- at stake: what its voucher paid, less its refunds
    added_by        TEXT NOT NULL,
    added_at        INTEGER NOT NULL,
    PRIMARY KEY (case_id, place),
    UNIQUE (case_id, redemption_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER case_lines_never_change BEFORE UPDATE ON case_lines BEGIN SELECT RAISE(ABORT, 'evidence stands'); END;

CREATE TRIGGER case_lines_never_vanish BEFORE DELETE ON case_lines BEGIN SELECT RAISE(ABORT, 'evidence stays'); END;

CREATE TABLE case_notes (
    case_id   INTEGER NOT NULL REFERENCES cases,
    place     INTEGER NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('note', 'visit', 'owner')),
    on_day    INTEGER NOT NULL,                         -- yyyymmdd
    who       TEXT NOT NULL,                            -- who went there; the new owner
    words     TEXT NOT NULL,
    actor     TEXT NOT NULL,
    os_user   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (case_id, place)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER case_notes_never_change BEFORE UPDATE ON case_notes BEGIN SELECT RAISE(ABORT, 'a note stands'); END;

CREATE TRIGGER case_notes_never_vanish BEFORE DELETE ON case_notes BEGIN SELECT RAISE(ABORT, 'a note stays'); END;

CREATE TABLE case_holds (
    case_id  INTEGER NOT NULL REFERENCES cases,
    hold_id  INTEGER NOT NULL REFERENCES holds,
    is_ours  INTEGER NOT NULL CHECK (is_ours IN (0, 1)),
    PRIMARY KEY (case_id, hold_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_holds_by_hold ON case_holds (hold_id);

CREATE TRIGGER case_holds_never_change BEFORE UPDATE ON case_holds BEGIN SELECT RAISE(ABORT, 'a hold of a case stands'); END;

CREATE TRIGGER case_holds_never_vanish BEFORE DELETE ON case_holds BEGIN SELECT RAISE(ABORT, 'a hold of a case stays'); END;

CREATE TABLE case_corrections (
    correction_id  INTEGER PRIMARY KEY REFERENCES corrections,
    case_id        INTEGER NOT NULL REFERENCES cases
) STRICT;

CREATE INDEX case_corrections_by_case ON case_corrections (case_id);

CREATE TRIGGER case_corrections_never_change BEFORE UPDATE ON case_corrections BEGIN SELECT RAISE(ABORT, 'a claw-back stands'); END;

CREATE TRIGGER case_corrections_never_vanish BEFORE DELETE ON case_corrections BEGIN SELECT RAISE(ABORT, 'a claw-back stays'); END;

CREATE TABLE effect_plans (
    plan_id    INTEGER PRIMARY KEY,
    round_id   INTEGER NOT NULL REFERENCES rounds,
    terms      TEXT NOT NULL CHECK (json_valid(terms)), -- the sealed text
    sha256     TEXT NOT NULL,                           -- its digest, which the log has too
    sealed_by  TEXT NOT NULL,
    os_user    TEXT NOT NULL,
    sealed_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX effect_plans_by_round ON effect_plans (round_id);

CREATE TRIGGER effect_plans_never_change BEFORE UPDATE ON effect_plans BEGIN SELECT RAISE(ABORT, 'a plan stands'); END;

CREATE TRIGGER effect_plans_never_vanish BEFORE DELETE ON effect_plans BEGIN SELECT RAISE(ABORT, 'a plan stands'); END;

CREATE TABLE "proposals" (
    proposal_id  INTEGER PRIMARY KEY,
    subject      TEXT NOT NULL CHECK (subject IN ('round', 'programme', 'registry', 'list', 'claim', 'redemption', 'settlement', 'debt', 'case', 'break')),
    subject_id   INTEGER NOT NULL,                      -- round_id, programme_id, the batch_id of a file (of a registry, of a list), claim_id, redemption_id,
                                                        -- settlement_id, merchant_id (of a debt), case_id, break_id
    kind         TEXT NOT NULL CHECK (kind IN ('approval', 'pause', 'resume', 'top-up', 'reduce', 'reschedule', 'close', 'cancel', 'reopen',
                                              'extend', 'replace', 'change', 'correction', 'listing', 'delisting', 'payment', 'write-off', 'sanctions', 'resolution')),
    state        TEXT NOT NULL CHECK (state IN ('proposed', 'effective', 'declined', 'void')),
    before       TEXT NOT NULL,
    after        TEXT NOT NULL,
    amount_fen   INTEGER NOT NULL CHECK (amount_fen >= 0),
    note         TEXT NOT NULL,
    evidence     TEXT NOT NULL,
    proposed_by  TEXT NOT NULL,
    os_user      TEXT NOT NULL,
    proposed_at  INTEGER NOT NULL,
    entered_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    CHECK ((state = 'proposed') = (ended_at IS NULL))
) STRICT;

CREATE TABLE "verdicts" (
    verdict_id   INTEGER PRIMARY KEY,
    proposal_id  INTEGER NOT NULL REFERENCES "proposals",
    verdict      TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
    actor        TEXT NOT NULL,
    os_user      TEXT NOT NULL,
    note         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    entered_at   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX proposals_waiting ON proposals (subject, subject_id) WHERE state = 'proposed';

CREATE INDEX proposals_by_subject ON proposals (subject, subject_id);

CREATE INDEX verdicts_by_proposal ON verdicts (proposal_id);

CREATE TRIGGER cleared_breaks_need_no_decision AFTER UPDATE OF cleared_at ON breaks WHEN OLD.cleared_at IS NULL AND NEW.cleared_at IS NOT NULL
BEGIN
    UPDATE proposals SET state = 'void', ended_at = NEW.cleared_at
    WHERE subject = 'break' AND subject_id = NEW.break_id AND state = 'proposed';
END;

CREATE INDEX breaks_cleared ON breaks (programme_id, source, type, key) WHERE cleared_at IS NOT NULL;

CREATE TABLE "samples" (
    sample_id          INTEGER PRIMARY KEY,
    programme_id       INTEGER NOT NULL REFERENCES programmes,
    what               TEXT NOT NULL CHECK (what IN ('redemptions', 'claims', 'transfers', 'merchants')),
    first_day          INTEGER,                         -- of the period (yyyymmdd); NULL: from the beginning
    last_day           INTEGER NOT NULL,                -- the last signed day of it
    confidence_bp      INTEGER NOT NULL,
    margin_bp          INTEGER NOT NULL,
    expected_bp        INTEGER NOT NULL,
    size               INTEGER NOT NULL CHECK (size > 0),
    allowed            INTEGER NOT NULL CHECK (allowed >= 0),  -- so many may be wrong and the margin is kept
    population         INTEGER NOT NULL CHECK (population >= size),
    population_fen     INTEGER NOT NULL,
    largest_fen        INTEGER NOT NULL,
    population_sha256  TEXT NOT NULL,                   -- of the list of all: number,amount
    seed               TEXT NOT NULL,
    items_sha256       TEXT NOT NULL,                   -- of the numbers that were drawn, a line each
    drawn_by           TEXT NOT NULL,
    os_user            TEXT NOT NULL,
    drawn_at           INTEGER NOT NULL
, method TEXT NOT NULL DEFAULT 'items' CHECK (method IN ('items', 'money'))) STRICT;

CREATE INDEX samples_by_programme ON samples (programme_id);

CREATE TRIGGER samples_never_vanish BEFORE DELETE ON samples BEGIN SELECT RAISE(ABORT, 'a sample stands'); END;

CREATE TABLE batches (
    batch_id      INTEGER PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('merchants', 'claims', 'redemptions', 'applications', 'eligibility', 'series',
                                                         'allocation',  -- allocation: packs granted here, no file
                                                         'bills', 'day_bills', 'statements', 'cells', 'survey')),
    programme_id  INTEGER REFERENCES programmes,        -- NULL for merchants and series: they belong to the city
    file          TEXT NOT NULL,
    sha256        TEXT NOT NULL,
    profile       TEXT NOT NULL,
    profile_json  TEXT NOT NULL,                        -- the profile as it was, so that rejects can be read again
    encoding      TEXT NOT NULL,
    header        TEXT NOT NULL,                        -- the file's own column names, as a JSON list
    state         TEXT NOT NULL CHECK (state IN ('importing', 'done', 'undone')),
    last_line     INTEGER NOT NULL DEFAULT 0,           -- the watermark: every row up to this line has been judged
    chunks        INTEGER NOT NULL DEFAULT 0,           -- transactions it took so far
    options       TEXT NOT NULL DEFAULT '{}',           -- JSON: what the command was told, for `batch resume`
    read          INTEGER NOT NULL,
    accepted      INTEGER NOT NULL,
    duplicate     INTEGER NOT NULL,
    rejected      INTEGER NOT NULL,
    warnings      INTEGER NOT NULL,
    actor         TEXT NOT NULL,
    imported_at   INTEGER NOT NULL,
    CHECK (state = 'undone' OR read = accepted + duplicate + rejected)
) STRICT;

CREATE UNIQUE INDEX batches_once ON batches (kind, ifnull(programme_id, 0), sha256) WHERE state <> 'undone';

CREATE TRIGGER closed_programmes_take_no_files BEFORE INSERT ON batches WHEN EXISTS (
    SELECT 1 FROM closings c WHERE c.programme_id = NEW.programme_id)
BEGIN SELECT RAISE(ROLLBACK, 'the programme is closed'); END;

CREATE TABLE "fact_digests" (
    facts   TEXT NOT NULL CHECK (facts IN ('claims', 'redemptions', 'refunds', 'applications', 'eligibility', 'series', 'effect_cells',
                                           'survey_answers', 'rejects', 'postings')),
    level   INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),
    block   INTEGER NOT NULL,
    digest  BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (facts, level, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE effect_cells (
    cell_id   INTEGER PRIMARY KEY,
    round_id  INTEGER NOT NULL REFERENCES rounds,
    arm       TEXT NOT NULL CHECK (arm IN ('won', 'lost')),
    arrival   INTEGER,                                  -- milliseconds from selling out, thousandths of a point from the limit
    week      INTEGER NOT NULL,
    stratum   TEXT NOT NULL,
    n         INTEGER NOT NULL CHECK (n > 0),
    y TEXT NOT NULL, yy TEXT NOT NULL,                  -- decimals as text: sums in yuan, squares and products in yuan times yuan
    s TEXT NOT NULL, ss TEXT NOT NULL, sy TEXT NOT NULL,
    x TEXT NOT NULL, xx TEXT NOT NULL, xy TEXT NOT NULL, xs TEXT NOT NULL,
    batch_id  INTEGER NOT NULL REFERENCES batches,
    line      INTEGER NOT NULL
) STRICT;

CREATE INDEX effect_cells_by_round ON effect_cells (round_id, batch_id);

CREATE INDEX effect_cells_by_batch ON effect_cells (batch_id);

CREATE TABLE survey_answers (
    answer_id     INTEGER PRIMARY KEY,
    round_id      INTEGER NOT NULL REFERENCES rounds,
    stratum       TEXT NOT NULL,
    weight        TEXT NOT NULL,                        -- decimal: how many people an answer stands for
    answers       INTEGER NOT NULL CHECK (answers > 0), -- 1: one person; more: a sum that somebody printed
    used_fen      INTEGER NOT NULL CHECK (used_fen > 0),-- vouchers used
    ordinary_fen  INTEGER NOT NULL CHECK (ordinary_fen >= 0),
    voucher_fen   INTEGER NOT NULL CHECK (voucher_fen >= 0),  -- extra, paid by voucher
    own_fen       INTEGER NOT NULL CHECK (own_fen >= 0),      -- extra, of own money
    batch_id      INTEGER NOT NULL REFERENCES batches,
    line          INTEGER NOT NULL
) STRICT;

CREATE INDEX survey_answers_by_round ON survey_answers (round_id, batch_id);

CREATE INDEX survey_answers_by_batch ON survey_answers (batch_id);

CREATE TRIGGER effect_cells_never_change BEFORE UPDATE ON effect_cells BEGIN SELECT RAISE(ABORT, 'what was sent stands'); END;

CREATE TRIGGER survey_answers_never_change BEFORE UPDATE ON survey_answers BEGIN SELECT RAISE(ABORT, 'an answer stands'); END;

CREATE TRIGGER holds_stand BEFORE UPDATE OF hold_id, programme_id, merchant_id, redemption_id, reason, evidence, note, held_on, held_by, held_at, batch_id
    ON holds BEGIN SELECT RAISE(ABORT, 'a hold stands'); END;

CREATE TABLE "findings" (
    finding_id    INTEGER PRIMARY KEY,
    scan_id       INTEGER NOT NULL REFERENCES scans,
    merchant_id   INTEGER REFERENCES merchants,
    resident      BLOB,                                 -- keyed token; never an identity
    is_candidate  INTEGER NOT NULL CHECK (is_candidate IN (0, 1)),
    payments      INTEGER NOT NULL,                     -- rows of evidence
    amount_fen    INTEGER NOT NULL,                     -- at stake: what the vouchers of these rows paid
    rows_sha256   TEXT NOT NULL,                        -- of the rows of evidence
    CHECK ((merchant_id IS NULL) <> (resident IS NULL)),
    UNIQUE (scan_id, merchant_id),
    UNIQUE (scan_id, resident)
) STRICT;

CREATE INDEX findings_by_merchant ON findings (merchant_id);

CREATE TRIGGER findings_never_change BEFORE UPDATE OF finding_id, scan_id, merchant_id, is_candidate, payments, amount_fen, rows_sha256 ON findings
    BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;

CREATE TRIGGER findings_never_vanish BEFORE DELETE ON findings BEGIN SELECT RAISE(ABORT, 'a finding stands'); END;

CREATE TABLE "cases" (
    case_id       INTEGER PRIMARY KEY,
    programme_id  INTEGER NOT NULL REFERENCES programmes,
    merchant_id   INTEGER REFERENCES merchants,         -- NULL: it is about residents (case_residents)
    source        TEXT NOT NULL CHECK (source IN ('hand', 'complaint', 'finding')),
    finding_id    INTEGER,                              -- of the scan that pointed at it
    reason        TEXT NOT NULL,
    words         TEXT NOT NULL,                        -- why, in words
    complainant   TEXT NOT NULL DEFAULT '',             -- who complained, in words, without an identity
    said_on       INTEGER,                              -- when (yyyymmdd)
    holding       TEXT NOT NULL CHECK (holding IN ('payments', 'merchant', 'none')),  -- what is not paid while it is open
    owner         TEXT NOT NULL,                        -- who works on it
    state         TEXT NOT NULL CHECK (state IN ('open', 'decided', 'closed')),
    opened_by     TEXT NOT NULL,
    os_user       TEXT NOT NULL,
    opened_at     INTEGER NOT NULL,
    outcome       TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'founded', 'unfounded')),
    closed_by     TEXT,
    closed_note   TEXT NOT NULL DEFAULT '',
    closed_at     INTEGER,
    CHECK (merchant_id IS NOT NULL OR holding <> 'merchant'),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((state = 'open') = (outcome = '')),
    CHECK ((source = 'finding') = (finding_id IS NOT NULL))
) STRICT;

CREATE INDEX cases_by_programme ON cases (programme_id);

CREATE INDEX cases_by_merchant ON cases (merchant_id);

CREATE TRIGGER cases_stand BEFORE UPDATE OF case_id, programme_id, merchant_id, source, finding_id, reason, words, complainant, said_on,
    holding, opened_by, os_user, opened_at ON cases BEGIN SELECT RAISE(ABORT, 'a case stands'); END;

CREATE TRIGGER cases_go_on BEFORE UPDATE OF state, outcome, closed_by, closed_note, closed_at ON cases
    WHEN OLD.state = 'closed' OR (OLD.state = 'decided' AND (NEW.state = 'open' OR NEW.outcome <> OLD.outcome))
BEGIN SELECT RAISE(ABORT, 'a case does not go back'); END;

CREATE TRIGGER cases_never_vanish BEFORE DELETE ON cases BEGIN SELECT RAISE(ABORT, 'a case stays'); END;

CREATE TABLE case_residents (
    case_id   INTEGER NOT NULL REFERENCES cases,
    place     INTEGER NOT NULL,                         -- 1, 2 ...
    resident  BLOB NOT NULL,                            -- keyed token; never an identity
    PRIMARY KEY (case_id, place),
    UNIQUE (case_id, resident)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_residents_by_resident ON case_residents (resident);

CREATE TRIGGER case_residents_never_change BEFORE UPDATE OF case_id, place ON case_residents BEGIN SELECT RAISE(ABORT, 'a case stands'); END;

CREATE TRIGGER case_residents_never_vanish BEFORE DELETE ON case_residents BEGIN SELECT RAISE(ABORT, 'a case stays'); END;

CREATE TABLE "case_sanctions" (
    case_id      INTEGER NOT NULL REFERENCES cases,
    place        INTEGER NOT NULL,
    sanction     TEXT NOT NULL CHECK (sanction IN ('warning', 'suspension', 'exclusion', 'readmission', 'claw_back', 'police')),
    from_at      INTEGER NOT NULL,                      -- UTC seconds: it holds from then on
    amount_fen   INTEGER NOT NULL CHECK (amount_fen >= 0),
    proposal_id  INTEGER NOT NULL REFERENCES proposals,
    decided_at   INTEGER NOT NULL,
    PRIMARY KEY (case_id, place),
    CHECK (amount_fen = 0 OR sanction = 'claw_back')
) STRICT, WITHOUT ROWID;

CREATE TRIGGER case_sanctions_never_change BEFORE UPDATE ON case_sanctions BEGIN SELECT RAISE(ABORT, 'a sanction stands'); END;

CREATE TRIGGER case_sanctions_never_vanish BEFORE DELETE ON case_sanctions BEGIN SELECT RAISE(ABORT, 'a sanction stays'); END;

CREATE TRIGGER samples_never_change BEFORE UPDATE ON samples BEGIN SELECT RAISE(ABORT, 'a sample stands'); END;

CREATE VIEW exclusions AS
SELECT programme_id, resident, from_at, until_at, case_id
FROM (
    SELECT c.programme_id, k.resident, s.from_at, (
            SELECT min(t.from_at) FROM case_residents l JOIN case_sanctions t USING (case_id) JOIN cases d USING (case_id)
            WHERE l.resident = k.resident AND d.programme_id = c.programme_id AND t.sanction = 'readmission'
                AND (t.decided_at, t.proposal_id) > (s.decided_at, s.proposal_id)) AS until_at,
        c.case_id
    FROM case_residents k JOIN case_sanctions s USING (case_id) JOIN cases c USING (case_id)
    WHERE s.sanction = 'exclusion')
WHERE until_at IS NULL OR until_at > from_at;

CREATE TABLE scan_peers (
    scan_id    INTEGER NOT NULL REFERENCES scans,
    rule       TEXT NOT NULL,
    base       TEXT NOT NULL,                           -- as finding_reasons has it
    merchants  TEXT NOT NULL CHECK (json_valid(merchants)),           -- a JSON list: [industry, district, size, [[number, counted, of], ...]]
    PRIMARY KEY (scan_id, rule, base)
) STRICT;

CREATE TRIGGER scan_peers_never_change BEFORE UPDATE ON scan_peers BEGIN SELECT RAISE(ABORT, 'a scan stands'); END;

CREATE TRIGGER scan_peers_never_vanish BEFORE DELETE ON scan_peers BEGIN SELECT RAISE(ABORT, 'a scan stands'); END;

INSERT INTO _sqlite_migrations VALUES (1, 'voucher', '001_initial.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (2, 'voucher', '002_applications.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (3, 'voucher', '003_draws.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (4, 'voucher', '004_schedule.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (5, 'voucher', '005_proposals.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (6, 'voucher', '006_identities.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (7, 'voucher', '007_duplicates.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (8, 'voucher', '008_lists.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (9, 'voucher', '009_report_rounds.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (10, 'voucher', '010_fact_digests.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (11, 'voucher', '011_ledger.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (12, 'voucher', '012_days.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (13, 'voucher', '013_corrections.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (14, 'voucher', '014_prolongations.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (15, 'voucher', '015_price_ends.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (16, 'voucher', '016_redemption_details.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (17, 'voucher', '017_handed_draws.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (18, 'voucher', '018_families.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (19, 'voucher', '019_arms.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (20, 'voucher', '020_serials.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (21, 'voucher', '021_merchant_segments.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (22, 'voucher', '022_series.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (23, 'voucher', '023_brands.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (24, 'voucher', '024_pairs.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (25, 'voucher', '026_settlements.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (26, 'voucher', '027_accounts.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (27, 'voucher', '028_risk.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (28, 'voucher', '029_order_marks.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (29, 'voucher', '030_endings.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (30, 'voucher', '031_tried_accounts.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (31, 'voucher', '032_transfers_replaced.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (32, 'voucher', '033_reconciliation.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (33, 'voucher', '034_came_back.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (34, 'voucher', '035_samples.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (35, 'voucher', '036_settled_days.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (36, 'voucher', '037_cases.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (37, 'voucher', '038_effects.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (38, 'voucher', '039_break_proposals.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (39, 'voucher', '040_samples_of_merchants.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (40, 'voucher', '041_effect_batches.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (41, 'voucher', '042_bank_numbers.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (42, 'voucher', '044_residents_in_cases.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (43, 'voucher', '045_exclusions_by_decision.sql', NULL);
INSERT INTO _sqlite_migrations VALUES (44, 'voucher', '046_scan_peers.sql', NULL);
INSERT INTO fact_digests_said VALUES (1, 1);

PRAGMA user_version = 44;
