-- What only some files say of a payment: its class of goods, grade, pieces, diners, place of delivery. A row only where the voucher's
-- template asks for one of them and the file says it; a payment without a row here did not say it.
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

-- What was reversed keeps its own.
ALTER TABLE reversed_redemptions ADD COLUMN details TEXT;
DROP TRIGGER reversed_redemptions_stood;
CREATE TRIGGER reversed_redemptions_stood BEFORE INSERT ON reversed_redemptions WHEN NOT EXISTS (SELECT 1 FROM redemptions f
    LEFT JOIN redemption_details d ON d.redemption_id = f.redemption_id
    WHERE f.redemption_id = NEW.redemption_id AND f.refund_of IS NEW.refund_of AND d.details IS NEW.details
    AND (f.transaction_no, f.voucher, f.use_no, f.merchant_id, f.segment_id, f.channel, f.paid_at, f.day, f.base_fen, f.merchant_discount_fen,
        f.split_id, f.line) = (NEW.transaction_no, NEW.voucher, NEW.use_no, NEW.merchant_id, NEW.segment_id, NEW.channel, NEW.paid_at,
        NEW.day, NEW.base_fen, NEW.merchant_discount_fen, NEW.split_id, NEW.line))
BEGIN SELECT RAISE(ABORT, 'only a row that stands can be reversed'); END;
