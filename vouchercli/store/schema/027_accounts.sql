-- Account numbers are kept masked in `merchants`, beside a token and encrypted here; the key is outside the database.
CREATE TABLE merchant_accounts (
    merchant_id  INTEGER PRIMARY KEY REFERENCES merchants,
    token        BLOB NOT NULL CHECK (length(token) = 16),    -- HMAC-SHA-256 of the cleaned number: equal numbers are found
    sealed       BLOB NOT NULL CHECK (length(sealed) > 29)    -- which key (1 byte), nonce (12), AES-256-GCM of the number with its tag (16)
) STRICT;
