"""Identities become keyed tokens at the border: evened out (`rules.identities`), then HMAC-SHA-256
under a key file of mode 0600 beside the database. The database knows the key by its fingerprint.
"""

from __future__ import annotations

import hmac
import os
import re
import sqlite3
from contextlib import closing, nullcontext
from hashlib import sha256
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.rules import identities as law
from vouchercli.rules import resident_tokens
from vouchercli.store import key_fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TOKEN_BYTES = 16
BLOCK_BYTES = 64  # of SHA-256; a longer key would have to be hashed first
KEY = re.compile("[0-9a-f]{64}")


class Key(bytes):
    """The key of a file; `way` is how its identities are evened out."""

    way: int = law.WAY


def key_path(db_path: Path) -> Path:
    """The key file of a database: `voucher.key` beside `voucher.db`."""
    return db_path.parent / f"{db_path.stem}.key"


def load_key(db_path: Path, db: sqlite3.Connection | None = None) -> Key:
    """The key of the database at this path, which is `db` where it is open already. Raises
    `VoucherError`: no_key, linked_key, key_exposed, bad_key; wrong_key when it is another
    one's.
    """
    key = Key(read_key(db_path))
    with nullcontext(db) if db is not None else closing(_reading(db_path)) as known:
        key_fingerprints.require(known, key, key_path(db_path))
        key.way = key_fingerprints.way(known)
    return key


def _reading(db_path: Path) -> sqlite3.Connection:
    """A connection that writes nothing, also where nothing can be written beside the file."""
    if not db_path.exists():
        return sqlite3.connect(":memory:")
    db = sqlite3.connect(f"{db_path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        db.execute("SELECT 1 FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        db.close()
        db = sqlite3.connect(f"{db_path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    return db


def read_key(db_path: Path) -> bytes:
    """What the key file holds. Raises `VoucherError`: no_key, linked_key, key_exposed,
    bad_key.
    """
    path = key_path(db_path)
    _refuse_link(path)
    if not path.exists():
        raise VoucherError(
            "no_key",
            "the key file {path} is missing: without it residents cannot be recognised",
            hint="restore it from the backup (a new key would break every token)",
            path=str(path),
        )
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise VoucherError(
            "key_exposed",
            "the key file {path} can be read by others",
            hint="chmod 600 {path}",
            path=str(path),
        )
    text = path.read_text("ascii", "replace").strip()
    if not KEY.fullmatch(text):
        raise VoucherError(
            "bad_key",
            "the key file {path} is damaged",
            hint="restore it from the backup",
            path=str(path),
        )
    return bytes.fromhex(text)


def make_key(db: sqlite3.Connection, db_path: Path) -> None:
    """Make the key of a file that has none and no residents yet, and let the file know its key.

    Raises `VoucherError`: as `load_key`, so also when residents are in and the key is lost.
    """
    path = key_path(db_path)
    _refuse_link(path)
    is_lost = not path.exists() or not path.stat().st_size  # empty: its making was killed
    if is_lost and not key_fingerprints.has_tokens(db):
        _write_key(path)
        key_fingerprints.forget(db)
    key = read_key(db_path)
    key_fingerprints.require(db, key, path)
    key_fingerprints.keep(db, key)


def _refuse_link(path: Path) -> None:
    """Raises `VoucherError` linked_key: what a link leads to can be changed from elsewhere."""
    if path.is_symlink():
        raise VoucherError(
            "linked_key",
            "the key file {path} is a link",
            hint="put the key file itself beside the database",
            path=str(path),
        )


def _write_key(path: Path) -> None:
    """Write a new key, in the place of an empty file too. It is on the disk, and so is its name,
    before any token is: without it all of them are lost.
    """
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(os.urandom(32).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    if os.name != "posix":
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def is_known(db_path: Path) -> bool:
    """Whether the file can tell its key from others."""
    with closing(_reading(db_path)) as db:
        return key_fingerprints.is_kept(db)


def recognise(db: sqlite3.Connection, db_path: Path) -> None:
    """Compare the key file with the database, if both are there and in order; what else may be
    wrong with the key is said by what needs it. Raises `VoucherError` wrong_key.
    """
    try:
        key = read_key(db_path)
    except (VoucherError, OSError):
        return
    key_fingerprints.require(db, key, key_path(db_path))


def require_key(db: sqlite3.Connection, db_path: Path) -> None:
    """Compare the key file of a database with `db`, which is to take its place. Raises as
    `read_key`, and wrong_key.
    """
    key_fingerprints.require(db, read_key(db_path), key_path(db_path))


def adopt(db: sqlite3.Connection, db_path: Path) -> None:
    """Let an older file know its key, where that is sure: no resident is in it yet, or the key
    opens a seed that was committed to. Within a transaction that writes.
    """
    if key_fingerprints.is_kept(db):
        return
    try:
        key = read_key(db_path)
    except (VoucherError, OSError):
        return
    if not key_fingerprints.has_tokens(db) or key_fingerprints.opens_a_seed(db, key):
        key_fingerprints.keep(db, key)


def token(key: Key, identity: str) -> bytes:
    """The 16-byte token of an identity, however it is written. A text `token:<hex>` (from our own
    exports) is the token itself.
    """
    if identity.startswith(resident_tokens.PREFIX):
        raw = bytes.fromhex(identity.removeprefix(resident_tokens.PREFIX))
        if len(raw) != TOKEN_BYTES:
            raise ValueError("not a token")
        return raw
    return hmac.digest(key, law.even_out(identity, key.way).encode(), "sha256")[:TOKEN_BYTES]


def tokens(key: bytes, identities: Iterable[str]) -> list[bytes]:
    """`token` for many identities that are evened out (none of them a token itself): HMAC as RFC
    2104 writes it, in half the time.
    """
    inner, outer = (
        bytes(octet ^ pad for octet in key.ljust(BLOCK_BYTES, b"\0")) for pad in (0x36, 0x5C)
    )
    return [
        sha256(outer + sha256(inner + one.encode()).digest()).digest()[:TOKEN_BYTES]
        for one in identities
    ]


def masked(key: Key, text: str) -> str:
    """A text in a person's column as its token. Raises `ValueError` for a damaged token."""
    return resident_tokens.shown(token(key, text))


def without_identities(db_path: Path, text: str) -> str:
    """A text that is kept (a note, a reason), each identity in it as its token; as `***` while
    there is no key.
    """
    found = identities.find(text)
    if not found:
        return text
    try:
        key = load_key(db_path)
    except VoucherError:
        return identities.hide(text)
    return identities.mask(text, lambda one: masked(key, one))
