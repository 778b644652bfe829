"""Make the database and the key that turns identities into tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Outcome, say
from vouchercli.store import db as store
from vouchercli.store import identities

if TYPE_CHECKING:
    from pathlib import Path


def initialise(path: Path, *, dry_run: bool = False) -> Outcome:
    """Create the database file and its key file beside it; both stay as they are when they exist."""
    existed = path.exists()
    key_path = identities.key_path(path)
    if not dry_run:
        store.open_db(path, create=True).close()
        identities.load_key(path, create=True)
    data = {"db": str(path), "key": str(key_path), "created": not existed}
    if existed:
        return Outcome(data=data, says=(say("{db} is already there; nothing was changed", db=str(path)),))
    return Outcome(
        data=data,
        says=(
            say("created {db} and its key {key} (keep the key secret, and back up both)", db=str(path), key=str(key_path)),
            say("next: voucher programme load hangzhou-2020"),
        ),
    )
