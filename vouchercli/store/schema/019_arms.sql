-- Two arms of one lottery: a round whose packs are drawn for together with those of another, for which people apply.
ALTER TABLE rounds ADD COLUMN lead_id INTEGER REFERENCES rounds
    CHECK (lead_id IS NULL OR mode = 'lottery' AND lead_id <> round_id);
CREATE UNIQUE INDEX rounds_by_lead ON rounds (lead_id) WHERE lead_id IS NOT NULL AND state <> 'cancelled';

-- Within what the winners are shared out evenly: '' (all of them), district, group, or 'district,group'.
ALTER TABLE draws ADD COLUMN arms_within TEXT;
CREATE TRIGGER arms_stand BEFORE UPDATE OF arms_within ON draws WHEN OLD.arms_within IS NOT NULL OR OLD.published_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'what a draw has said stands'); END;

-- The winners of an arm come of the draw of the round that leads.
DROP TRIGGER winners_are_drawn;
CREATE TRIGGER winners_are_drawn BEFORE INSERT ON winners
    WHEN NOT EXISTS (SELECT 1 FROM draws d JOIN rounds r ON d.round_id = ifnull(r.lead_id, r.round_id)
        WHERE r.round_id = NEW.round_id AND d.published_at IS NOT NULL AND d.drawn_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'winners come of a draw'); END;
