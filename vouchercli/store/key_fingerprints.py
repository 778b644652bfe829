"""What the database knows of its keys: enough to tell others from them, not enough to make a
token.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.rules.identities import BEFORE_WAYS, WAY
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    Keys = tuple[bytes, ...]

WHAT = b"fingerprint"
# No identity is such bytes (they are not UTF-8), so no resident's token can give the pad away.
PAD = b"\xffvoucher draw seed\xff"

HAS_TABLE = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'identity_key')"
KEPT = "SELECT fingerprint FROM identity_key"
KEPT_WAY = "SELECT way FROM identity_key"
KEEP = "INSERT OR IGNORE INTO identity_key (only, fingerprint, way) VALUES (1, ?, ?)"
CHANGE = "UPDATE identity_key SET fingerprint = ?"
FORGET = "DELETE FROM identity_key"
HAS_TOKENS = """
SELECT EXISTS (SELECT 1 FROM claims) OR EXISTS (SELECT 1 FROM applications)
    OR EXISTS (SELECT 1 FROM eligibility) OR EXISTS (SELECT 1 FROM listings)
"""
HAS_ACCOUNTS_TABLE = """
SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'merchant_accounts')
"""
HAS_ACCOUNTS = "SELECT EXISTS (SELECT 1 FROM merchant_accounts)"
SEEDS = "SELECT seed_sha256, sealed_seed FROM draws"


def of_keys(keys: Keys) -> bytes:
    """The fingerprint of keys, the oldest first: each further key takes in that of those before."""
    found = b""
    for key in keys:
        found = hmac.digest(key, WHAT + found, "sha256")
    return found


def kept(db: sqlite3.Connection) -> bytes | None:
    """The fingerprint of the keys by which the tokens of the file were made; None where it does not
    know them.
    """
    row = db.execute(KEPT).fetchone() if typed.number(db, HAS_TABLE) else None
    return None if row is None else bytes(row[0])


def is_kept(db: sqlite3.Connection) -> bool:
    """Whether the file knows its keys."""
    return kept(db) is not None


def keep(db: sqlite3.Connection, keys: Keys) -> None:
    """Let the file know its keys, unless it does; identities that are in stay evened out as they
    were.
    """
    db.execute(KEEP, (of_keys(_used(db, keys)), way(db)))


def change(db: sqlite3.Connection, keys: Keys) -> None:
    """From now on the tokens of the file are made by these keys."""
    db.execute(CHANGE, (of_keys(keys),))


def forget(db: sqlite3.Connection) -> None:
    """The key was lost before it was used: another takes its place."""
    db.execute(FORGET)


def way(db: sqlite3.Connection) -> int:
    """How the identities of the file are evened out."""
    if is_kept(db):
        return typed.number(db, KEPT_WAY)
    return BEFORE_WAYS if has_tokens(db) else WAY


def has_tokens(db: sqlite3.Connection) -> bool:
    """Whether residents are in the file already."""
    return bool(typed.number(db, HAS_TABLE)) and bool(typed.number(db, HAS_TOKENS))


def has_accounts(db: sqlite3.Connection) -> bool:
    """Whether accounts of merchants are sealed in the file already."""
    return bool(typed.number(db, HAS_ACCOUNTS_TABLE)) and bool(typed.number(db, HAS_ACCOUNTS))


def fitting(db: sqlite3.Connection, keys: Keys, path: Path) -> Keys:
    """Of the keys of a key file those by which the tokens of the file are made: the first of them,
    or the first few, where the key file had more added since (by a rotation that was killed, or
    that came after the backup which was brought back).

    Raises `VoucherError` wrong_key when the file knows others than these.
    """
    known = kept(db)
    if known is None:
        return _used(db, keys)
    for count in range(1, len(keys) + 1):
        if hmac.compare_digest(known, of_keys(keys[:count])):
            return keys[:count]
    raise VoucherError(
        "wrong_key",
        "the key file {path} belongs to another database: residents would not be recognised",
        hint="put back the key file that was backed up with this database",
        path=str(path),
    )


def _used(db: sqlite3.Connection, keys: Keys) -> Keys:
    """The keys of a file that does not know them: its tokens come from before there were more."""
    return keys[:1] if has_tokens(db) else keys


def pad(key: bytes, digest: str) -> bytes:
    """What a committed seed is sealed with."""
    return hmac.digest(key, PAD + digest.encode(), "sha256")


def opens_a_seed(db: sqlite3.Connection, keys: Keys) -> bool:
    """Whether a seed that was committed to comes out right under one of the keys."""
    return any(open_seed(keys, digest, sealed) is not None for digest, sealed in db.execute(SEEDS))


def open_seed(keys: Keys, digest: str, sealed: bytes) -> str | None:
    """A committed seed as hexadecimal digits, by the key that it was sealed with; None when it is
    none of these.
    """
    for key in keys:
        opened = bytes(one ^ other for one, other in zip(sealed, pad(key, digest), strict=True))
        if sha256(opened.hex().encode()).hexdigest() == digest:
            return opened.hex()
    return None
