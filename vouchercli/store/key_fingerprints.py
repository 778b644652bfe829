"""What the database knows of its key: enough to tell another key from it, not enough to make a
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

WHAT = b"fingerprint"
# No identity is such bytes (they are not UTF-8), so no resident's token can give the pad away.
PAD = b"\xffvoucher draw seed\xff"

HAS_TABLE = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'identity_key')"
KEPT = "SELECT fingerprint FROM identity_key"
KEPT_WAY = "SELECT way FROM identity_key"
KEEP = "INSERT OR IGNORE INTO identity_key (only, fingerprint, way) VALUES (1, ?, ?)"
FORGET = "DELETE FROM identity_key"
HAS_TOKENS = """
SELECT EXISTS (SELECT 1 FROM claims) OR EXISTS (SELECT 1 FROM applications)
    OR EXISTS (SELECT 1 FROM eligibility) OR EXISTS (SELECT 1 FROM listings)
"""
SEEDS = "SELECT seed_sha256, sealed_seed FROM draws"


def of_key(key: bytes) -> bytes:
    """The fingerprint of a key."""
    return hmac.digest(key, WHAT, "sha256")


def is_kept(db: sqlite3.Connection) -> bool:
    """Whether the file knows its key."""
    return bool(typed.number(db, HAS_TABLE)) and db.execute(KEPT).fetchone() is not None


def keep(db: sqlite3.Connection, key: bytes) -> None:
    """Let the file know its key, unless it does; identities that are in stay evened out as they
    were.
    """
    db.execute(KEEP, (of_key(key), way(db)))


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


def require(db: sqlite3.Connection, key: bytes, path: Path) -> None:
    """Raises `VoucherError` wrong_key when the file knows another key than this one."""
    if not is_kept(db):
        return
    if not hmac.compare_digest(bytes(db.execute(KEPT).fetchone()[0]), of_key(key)):
        raise VoucherError(
            "wrong_key",
            "the key file {path} belongs to another database: residents would not be recognised",
            hint="put back the key file that was backed up with this database",
            path=str(path),
        )


def pad(key: bytes, digest: str) -> bytes:
    """What a committed seed is sealed with."""
    return hmac.digest(key, PAD + digest.encode(), "sha256")


def opens_a_seed(db: sqlite3.Connection, key: bytes) -> bool:
    """Whether a seed that was committed to comes out right under the key."""
    for digest, sealed in db.execute(SEEDS):
        opened = bytes(one ^ other for one, other in zip(sealed, pad(key, digest), strict=True))
        if sha256(opened.hex().encode()).hexdigest() == digest:
            return True
    return False
