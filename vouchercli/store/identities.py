"""Identities become keyed tokens at the border (`rules.resident_tokens`), by the keys of a file of
mode 0600 beside the database: one a line, the oldest first. The database knows them by their
fingerprint.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.rules import resident_tokens
from vouchercli.rules.resident_tokens import Ring, token, tokens
from vouchercli.store import key_fingerprints

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.store.key_fingerprints import Keys

__all__ = ["Ring", "token", "tokens"]

KEYS = re.compile(r"[0-9a-f]{64}(?:\n[0-9a-f]{64})*")


def key_path(db_path: Path) -> Path:
    """The key file of a database: `voucher.key` beside `voucher.db`."""
    return db_path.parent / f"{db_path.stem}.key"


def load_ring(db_path: Path, db: sqlite3.Connection | None = None) -> Ring:
    """The keys by which the tokens of the database at this path are made, which is `db` where it is
    open already. Raises `VoucherError`: no_key, linked_key, key_exposed, bad_key; wrong_key when
    they are another one's.
    """
    keys = read_keys(db_path)
    with nullcontext(db) if db is not None else closing(_reading(db_path)) as known:
        fitting = key_fingerprints.fitting(known, keys, key_path(db_path))
        return Ring(fitting, key_fingerprints.way(known))


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


def read_keys(db_path: Path) -> Keys:
    """The keys that the key file holds, the oldest first. Raises `VoucherError`: no_key,
    linked_key, key_exposed, bad_key.
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
    return parse(path.read_bytes(), path)


def parse(content: bytes, path: Path) -> Keys:
    """The keys that stand in a key file. Raises `VoucherError` bad_key."""
    lines = "\n".join(content.decode("ascii", "replace").split())
    if not KEYS.fullmatch(lines) or lines.count("\n") >= resident_tokens.MOST_KEYS:
        raise VoucherError(
            "bad_key",
            "the key file {path} is damaged",
            hint="restore it from the backup",
            path=str(path),
        )
    return tuple(map(bytes.fromhex, lines.split("\n")))


def make_key(db: sqlite3.Connection, db_path: Path) -> None:
    """Make the key of a file that has none, and no residents and accounts yet, and let the file
    know its key.

    Raises `VoucherError`: as `load_ring`, so also when they are in and the key is lost.
    """
    path = key_path(db_path)
    _refuse_link(path)
    is_lost = not path.exists() or not path.stat().st_size  # empty: its making was killed
    if is_lost and not (key_fingerprints.has_tokens(db) or key_fingerprints.has_accounts(db)):
        _write_key(path)
        key_fingerprints.forget(db)
    keys = read_keys(db_path)
    key_fingerprints.fitting(db, keys, path)
    key_fingerprints.keep(db, keys)


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
    """Write a first key, in the place of an empty file too. It is on the disk, and so is its name,
    before any token is: without it all of them are lost.
    """
    path.unlink(missing_ok=True)
    _write(path, (make(),))
    _sync_folder(path.parent)


def make() -> bytes:
    """A new key, of the machine's secure randomness."""
    return os.urandom(32)


def write_keys(db_path: Path, keys: Keys) -> None:
    """Put a key file with these keys, the oldest first, in the place of the one that is there:
    whole or not at all, and on the disk before any token is made by them. Raises `OSError`.
    """
    path = key_path(db_path)
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)  # of one that was killed; a link is never followed
    try:
        _write(draft, keys)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _write(path: Path, keys: Keys) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{key.hex()}\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_known(db_path: Path) -> bool:
    """Whether the file can tell its key from others."""
    with closing(_reading(db_path)) as db:
        return key_fingerprints.is_kept(db)


def recognise(db: sqlite3.Connection, db_path: Path) -> None:
    """Compare the key file with the database, if both are there and in order; what else may be
    wrong with the key is said by what needs it. Raises `VoucherError` wrong_key.
    """
    try:
        keys = read_keys(db_path)
    except (VoucherError, OSError):
        return
    key_fingerprints.fitting(db, keys, key_path(db_path))


def adopt(db: sqlite3.Connection, db_path: Path) -> None:
    """Let an older file know its key, where that is sure: no resident is in it yet, or the key
    opens a seed that was committed to. Within a transaction that writes.
    """
    if key_fingerprints.is_kept(db):
        return
    try:
        keys = read_keys(db_path)
    except (VoucherError, OSError):
        return
    if not key_fingerprints.has_tokens(db) or key_fingerprints.opens_a_seed(db, keys):
        key_fingerprints.keep(db, keys)


def masked(ring: Ring, text: str) -> str:
    """A text in a person's column as its token. Raises `ValueError` for a damaged token."""
    return resident_tokens.shown(token(ring, text))


def without_identities(db_path: Path, text: str) -> str:
    """A text that is kept (a note, a reason), each identity in it as its token; as `***` while
    there is no key.
    """
    found = identities.find(text)
    if not found:
        return text
    try:
        ring = load_ring(db_path)
    except VoucherError:
        return identities.hide(text)
    return identities.mask(text, lambda one: masked(ring, one))
