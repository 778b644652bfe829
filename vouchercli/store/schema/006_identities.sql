-- The key that turns identities into tokens, as far as the file may know it, and how identities are evened out before.

-- One row, from `init` on. A file that is older has none until its key is adopted: while there are no tokens in it, or when the key opens
-- a seed that was committed to. Where tokens came first, its way is 1: identities as cells were cleaned then.
CREATE TABLE identity_key (
    only         INTEGER PRIMARY KEY CHECK (only = 1),
    fingerprint  BLOB NOT NULL CHECK (length(fingerprint) = 32),  -- HMAC-SHA-256 of "fingerprint" under the key
    way          INTEGER NOT NULL CHECK (way > 0)                 -- of evening out (rules/identities.py); a token rests on it
) STRICT;
