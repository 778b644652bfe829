"""Documents that prove themselves: one text for what they say, and the digest of it within them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = "sha256"  # the key of the digest


def text(whole: Any) -> str:
    """JSON with sorted keys and no blanks, every character as itself."""
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def own_digest(document: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the canonical text (UTF-8) of all but the key `sha256`."""
    rest = {key: value for key, value in document.items() if key != OWN}
    return hashlib.sha256(text(rest).encode("utf-8", "surrogatepass")).hexdigest()
