-- Numbers that no other programme and no other database gives the bank: what stands before ours in all that it is told (D-570). '': a settlement of before.
ALTER TABLE settlements ADD COLUMN order_mark TEXT NOT NULL DEFAULT '';
CREATE TRIGGER settlements_keep_their_numbers BEFORE UPDATE OF order_mark ON settlements
BEGIN SELECT RAISE(ABORT, 'the number of an order stands'); END;
