-- A voucher may have a price end: orders that come to more, after merchant discounts, do not take it.
ALTER TABLE coupons ADD COLUMN most_base_fen INTEGER CHECK (most_base_fen >= threshold_fen);
