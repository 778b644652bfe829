"""Identities become keyed tokens at the border: HMAC-SHA-256 under a key file of mode 0600 beside
the database.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.rules import resident_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TOKEN_BYTES = 16
BLOCK_BYTES = 64  # of SHA-256; a longer key would have to be hashed first
KEY = re.compile("[0-9a-f]{64}")


def key_path(db_path: Path) -> Path:
    """The key file of a database: `voucher.key` beside `voucher.db`."""
    return db_path.parent / f"{db_path.stem}.key"


def load_key(db_path: Path, *, create: bool = False) -> bytes:
    """The key; made once when `create`. Raises `VoucherError` when it is missing, or readable by
    others.
    """
    path = key_path(db_path)
    if not path.exists() or (create and not path.stat().st_size):  # empty: its making was killed
        if not create:
            raise VoucherError(
                "no_key",
                "the key file {path} is missing: without it residents cannot be recognised",
                hint="restore it from the backup (a new key would break every token)",
                path=str(path),
            )
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | (0 if path.exists() else os.O_EXCL), 0o600
        )
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
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


def token(key: bytes, identity: str) -> bytes:
    """The 16-byte token of an identity. A text `token:<hex>` (from our own exports) is the token
    itself.
    """
    if identity.startswith(resident_tokens.PREFIX):
        raw = bytes.fromhex(identity.removeprefix(resident_tokens.PREFIX))
        if len(raw) != TOKEN_BYTES:
            raise ValueError("not a token")
        return raw
    return hmac.digest(key, identity.encode(), "sha256")[:TOKEN_BYTES]


def tokens(key: bytes, identities: Iterable[str]) -> list[bytes]:
    """`token` for many identities (none of them a token itself): HMAC as RFC 2104 writes it, in
    half the time.
    """
    inner, outer = (
        bytes(octet ^ pad for octet in key.ljust(BLOCK_BYTES, b"\0")) for pad in (0x36, 0x5C)
    )
    return [
        sha256(outer + sha256(inner + one.encode()).digest()).digest()[:TOKEN_BYTES]
        for one in identities
    ]


def masked(key: bytes, text: str) -> str:
    """Any text in a person's column as a token, also one that only looks like a token and is
    damaged.
    """
    try:
        return resident_tokens.shown(token(key, text))
    except ValueError:
        return resident_tokens.shown(token(key, f"damaged {text}"))


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


def asked(path: Path, resident: str | None) -> bytes | None:
    """The token of the resident that a command names (an identity, or a token as shown). Raises
    `bad_resident`.
    """
    try:
        return token(load_key(path), resident) if resident else None
    except ValueError as error:
        raise VoucherError(
            "bad_resident",
            "the resident's token is damaged",
            hint="copy it whole: token: and 32 hexadecimal digits",
        ) from error
