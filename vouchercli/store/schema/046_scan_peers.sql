-- Whom a scan compared those with at whom a rule points: what was counted at each merchant of the base. Kept, for payments may be
-- reversed later, and with them what could be counted again.
CREATE TABLE scan_peers (
    scan_id    INTEGER NOT NULL REFERENCES scans,
    rule       TEXT NOT NULL,
    base       TEXT NOT NULL,                           -- as finding_reasons has it
    merchants  TEXT NOT NULL CHECK (json_valid(merchants)),           -- a JSON list: [industry, district, size, [[number, counted, of], ...]]
    PRIMARY KEY (scan_id, rule, base)
) STRICT;

CREATE TRIGGER scan_peers_never_change BEFORE UPDATE ON scan_peers BEGIN SELECT RAISE(ABORT, 'a scan stands'); END;
CREATE TRIGGER scan_peers_never_vanish BEFORE DELETE ON scan_peers BEGIN SELECT RAISE(ABORT, 'a scan stands'); END;
