-- A later end for the vouchers of a round that are out, decided by two people. A claim keeps the end that it had by its template
-- (claims.expires_at); its vouchers end then, or at the last end that was decided for its round, whichever is later.
CREATE TABLE prolongations (
    round_id     INTEGER NOT NULL REFERENCES rounds,
    proposal_id  INTEGER NOT NULL,                      -- the amendment that two people decided
    from_at      INTEGER NOT NULL,                      -- when it took effect: a refund made before it was judged by the end that stood then
    until_at     INTEGER NOT NULL CHECK (until_at > from_at),
    PRIMARY KEY (round_id, proposal_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER prolongations_never_change BEFORE UPDATE ON prolongations BEGIN SELECT RAISE(ABORT, 'a later end stands'); END;
CREATE TRIGGER prolongations_never_vanish BEFORE DELETE ON prolongations BEGIN SELECT RAISE(ABORT, 'a later end stands'); END;

-- More kinds of amendments; what was called lower is called as its command is.
CREATE TABLE later_proposals (
    proposal_id  INTEGER PRIMARY KEY,
    subject      TEXT NOT NULL CHECK (subject IN ('round', 'programme', 'registry', 'list', 'claim', 'redemption')),
    subject_id   INTEGER NOT NULL,                      -- round_id, programme_id, the batch_id of a file (of a registry, of a list), claim_id, redemption_id
    kind         TEXT NOT NULL CHECK (kind IN ('approval', 'pause', 'resume', 'top-up', 'reduce', 'reschedule', 'close', 'cancel', 'reopen',
                                              'extend', 'replace', 'change', 'correction', 'listing', 'delisting')),
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
CREATE TABLE later_verdicts (
    verdict_id   INTEGER PRIMARY KEY,
    proposal_id  INTEGER NOT NULL REFERENCES later_proposals,
    verdict      TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
    actor        TEXT NOT NULL,
    os_user      TEXT NOT NULL,
    note         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    entered_at   INTEGER NOT NULL
) STRICT;
INSERT INTO later_proposals
SELECT proposal_id, subject, subject_id, iif(kind = 'lower', 'reduce', kind), state, before, after, amount_fen, note, evidence, proposed_by,
    os_user, proposed_at, entered_at, ended_at
FROM proposals;
INSERT INTO later_verdicts SELECT * FROM verdicts;
DROP TABLE verdicts;
DROP TABLE proposals;
ALTER TABLE later_proposals RENAME TO proposals;
ALTER TABLE later_verdicts RENAME TO verdicts;
CREATE UNIQUE INDEX proposals_waiting ON proposals (subject, subject_id) WHERE state = 'proposed';  -- one at a time: what is approved is clear
CREATE INDEX proposals_by_subject ON proposals (subject, subject_id);
CREATE INDEX verdicts_by_proposal ON verdicts (proposal_id);
