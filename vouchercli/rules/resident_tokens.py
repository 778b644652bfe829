"""How a resident's keyed token is written, wherever a person or a file sees it."""

from __future__ import annotations

PREFIX = "token:"


def shown(raw: bytes) -> str:
    """A token as text, for lists and rejects: `token:<hex>`; importing it again finds the same
    resident.
    """
    return PREFIX + raw.hex()
