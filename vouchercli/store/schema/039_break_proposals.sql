-- A break (差异) is resolved by two people: what one proposes, another decides.

CREATE TABLE later_proposals (
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
INSERT INTO later_proposals SELECT * FROM proposals;
INSERT INTO later_verdicts SELECT * FROM verdicts;
DROP TABLE verdicts;
DROP TABLE proposals;
ALTER TABLE later_proposals RENAME TO proposals;
ALTER TABLE later_verdicts RENAME TO verdicts;
CREATE UNIQUE INDEX proposals_waiting ON proposals (subject, subject_id) WHERE state = 'proposed';  -- one at a time: what is approved is clear
CREATE INDEX proposals_by_subject ON proposals (subject, subject_id);
CREATE INDEX verdicts_by_proposal ON verdicts (proposal_id);

-- What a later run no longer finds needs no decision any more.
CREATE TRIGGER cleared_breaks_need_no_decision AFTER UPDATE OF cleared_at ON breaks WHEN OLD.cleared_at IS NULL AND NEW.cleared_at IS NOT NULL
BEGIN
    UPDATE proposals SET state = 'void', ended_at = NEW.cleared_at
    WHERE subject = 'break' AND subject_id = NEW.break_id AND state = 'proposed';
END;
-- Where the same break stood before and was cleared.
CREATE INDEX breaks_cleared ON breaks (programme_id, source, type, key) WHERE cleared_at IS NOT NULL;
