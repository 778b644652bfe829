"""The law of residents' tokens: how one is made with the keys of a file, the oldest first, how one
that was made before the last rotation is brought up to date, and how it is written wherever a
person or a file sees it.

The token of the first key is 16 bytes: HMAC-SHA-256 of the identity, cut. Each further key n wraps
it: HMAC-SHA-256 of the token so far, cut to 16 bytes, and n as a 17th byte. So a token says itself
through how many keys it went, and one that was noted before a rotation finds its resident after.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import identities as law

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "token:"
BYTES = 16
MOST_KEYS = 255  # as a byte can count
BLOCK_BYTES = 64  # of SHA-256; a longer key would have to be hashed first
WRITTEN = re.compile(r"token:((?:[0-9a-f]{2}){16,17})(?![0-9a-f])")


class Ring(NamedTuple):
    """The keys of a file, the oldest first, and the way its identities are evened out."""

    keys: tuple[bytes, ...]
    way: int = law.WAY


def token(ring: Ring, identity: str) -> bytes:
    """The token of an identity, however it is written. A text `token:<hex>` (from our own exports)
    is the token itself, wrapped by the keys that came later. Raises `ValueError` for a damaged one,
    or one by a key that the ring has not.
    """
    if identity.startswith(PREFIX):
        return wrap(ring, bytes.fromhex(identity.removeprefix(PREFIX)))
    first = hmac.digest(ring.keys[0], law.even_out(identity, ring.way).encode(), "sha256")
    return wrap(ring, first[:BYTES])


def wrap(ring: Ring, raw: bytes) -> bytes:
    """A token of any time as it is by all keys. Raises `ValueError` as `token`."""
    for number in range(keys_of(raw) + 1, len(ring.keys) + 1):
        key = ring.keys[number - 1]
        raw = hmac.digest(key, raw, "sha256")[:BYTES] + bytes([number])
    if keys_of(raw) > len(ring.keys):
        raise ValueError("a token of a later key")
    return raw


def keys_of(raw: bytes) -> int:
    """Through how many keys a token went. Raises `ValueError` for what is no token."""
    number = 1 if len(raw) == BYTES else raw[BYTES] if len(raw) == BYTES + 1 else 0
    if not number or (number == 1 and len(raw) > BYTES):
        raise ValueError("not a token")
    return number


def tokens(ring: Ring, identities: Iterable[str]) -> list[bytes]:
    """`token` for many identities that are evened out (none of them a token itself)."""
    first, *later = ring.keys
    made = _macs(first, (one.encode() for one in identities))
    for number, key in enumerate(later, 2):
        made = _macs(key, made, bytes([number]))
    return made


def _macs(key: bytes, texts: Iterable[bytes], end: bytes = b"") -> list[bytes]:
    """HMAC as RFC 2104 writes it, in half the time."""
    inner, outer = (
        bytes(octet ^ pad for octet in key.ljust(BLOCK_BYTES, b"\0")) for pad in (0x36, 0x5C)
    )
    return [sha256(outer + sha256(inner + one).digest()).digest()[:BYTES] + end for one in texts]


def shown(raw: bytes) -> str:
    """A token as text, for lists and rejects: `token:<hex>`; importing it again finds the same
    resident.
    """
    return PREFIX + raw.hex()


def wrap_text(ring: Ring, text: str) -> str:
    """A text with every token in it as it is by all keys; what is no token of ours stays."""
    return WRITTEN.sub(lambda found: _wrap_or_leave(ring, found), text)


def _wrap_or_leave(ring: Ring, found: re.Match[str]) -> str:
    try:
        return shown(wrap(ring, bytes.fromhex(found[1])))
    except ValueError:
        return found[0]
