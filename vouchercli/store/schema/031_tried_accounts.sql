-- A small first payment tries an account, not a merchant: each transfer keeps the token of the account that it goes to (D-571).
ALTER TABLE transfers ADD COLUMN account_token BLOB CHECK (length(account_token) = 16);  -- as in merchant_accounts, when it was planned; once sent: then
ALTER TABLE settlements ADD COLUMN first_payment_fen INTEGER NOT NULL DEFAULT 0 CHECK (first_payment_fen >= 0);  -- 0: new accounts are not tried
UPDATE transfers SET account_token = (SELECT token FROM merchant_accounts WHERE merchant_id = payee_id);  -- what was paid before is known by merchant
