"""Make the database and the key that turns identities into tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Outcome, say
from vouchercli.store import claims, identities
from vouchercli.store import db as store

if TYPE_CHECKING:
    from pathlib import Path


def initialise(path: Path, *, dry_run: bool = False) -> Outcome:
    """Create the database file and its key file beside it; both stay as they are when they exist.

    Raises `VoucherError` when residents are in the file and its key is lost.
    """
    key_path = identities.key_path(path)
    existed = path.exists() and key_path.exists()
    if not dry_run:
        db = store.open_db(path, create=True)
        # a lost key is never made anew once residents are in: they would not be recognised again
        try:
            identities.load_key(path, create=not claims.are_any(db))
        finally:
            db.close()
    data = {"db": str(path), "key": str(key_path), "created": not existed}
    if existed:
        return Outcome(
            data=data, says=(say("{db} is already there; nothing was changed", db=str(path)),)
        )
    return Outcome(
        data=data,
        says=(
            say(
                "created {db} and its key {key} (keep the key secret, and back up both)",
                db=str(path),
                key=str(key_path),
            ),
            say("next: voucher programme list --shipped"),
        ),
    )
