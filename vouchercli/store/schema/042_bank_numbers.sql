-- The number of the bank of a merchant's account in the payment system (联行号, 12 digits), and which file brought the account that is held.
ALTER TABLE merchants ADD COLUMN bank_no TEXT NOT NULL DEFAULT '';
ALTER TABLE holds ADD COLUMN batch_id INTEGER REFERENCES batches;   -- of a hold that a registry has set; NULL: a person has set it
UPDATE holds SET batch_id = (SELECT batch_id FROM batches WHERE kind = 'merchants' AND batch_id = CAST(substr(holds.evidence, 7) AS INTEGER))
WHERE reason = 'account_changed' AND redemption_id IS NULL AND evidence GLOB 'batch [1-9]*, *: * > *';  -- as the import wrote it
DROP TRIGGER holds_stand;
CREATE TRIGGER holds_stand BEFORE UPDATE OF hold_id, programme_id, merchant_id, redemption_id, reason, evidence, note, held_on, held_by, held_at, batch_id
    ON holds BEGIN SELECT RAISE(ABORT, 'a hold stands'); END;
