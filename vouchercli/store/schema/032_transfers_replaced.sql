-- A merchant is held whose dues stand in the transfer to its platform: the transfer is dropped, and one of the other dues takes its place.
ALTER TABLE transfers ADD COLUMN replaces INTEGER REFERENCES transfers;  -- which one it takes the place of, in the same settlement, and is less than
CREATE UNIQUE INDEX transfers_replace_once ON transfers (replaces) WHERE replaces IS NOT NULL;
CREATE TRIGGER transfers_keep_their_place BEFORE UPDATE OF replaces ON transfers BEGIN SELECT RAISE(ABORT, 'a transfer stands'); END;
CREATE TRIGGER transfers_replace_dropped BEFORE INSERT ON transfers WHEN NEW.replaces IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM transfers t WHERE t.transfer_id = NEW.replaces AND t.state = 'dropped' AND t.settlement_id = NEW.settlement_id
        AND t.payee_id = NEW.payee_id AND t.amount_fen > NEW.amount_fen)
BEGIN SELECT RAISE(ABORT, 'only a smaller transfer takes the place of one that was dropped'); END;
