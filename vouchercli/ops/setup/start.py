"""Make the database and the key that turns identities into tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.result import Outcome, say
from vouchercli.store import audit, identities, key_fingerprints, rehearsals
from vouchercli.store import db as store

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


def initialise(path: Path, *, is_rehearsal: bool = False, dry_run: bool = False) -> Outcome:
    """Create the database file and its key file beside it; both stay as they are when they exist,
    but an older file gets to know its key.
    With `is_rehearsal` a stand-in clock may go beyond now in it.

    Raises `VoucherError` when residents are in the file and its key is lost or another,
    `not_a_rehearsal` when there is a file of the other kind already.
    """
    key_path = identities.key_path(path)
    existed = path.exists() and key_path.exists()
    is_new_to_it = False
    if not dry_run:
        db = store.open_db(path, create=True)
        # a lost key is never made anew once residents are in: they would not be recognised again
        try:
            if is_rehearsal and not rehearsals.is_one(db):
                _make_rehearsal(db, path)
                existed = False
            is_new_to_it = existed and not key_fingerprints.is_kept(db)
            identities.make_key(db, path)
        finally:
            db.close()
    data = {"db": str(path), "key": str(key_path), "created": not existed}
    if is_new_to_it:
        known = say("{db} knows its key from now on: another one is refused", db=str(path))
        return Outcome(data=data, says=(known,))
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
            *(
                [
                    say(
                        "it is for rehearsals: --now may go beyond now, and all that comes out"
                        " says so"
                    )
                ]
                if is_rehearsal
                else []
            ),
            say("next: voucher programme list --shipped"),
        ),
    )


def _make_rehearsal(db: sqlite3.Connection, path: Path) -> None:
    """Mark a file in which nothing was done yet; any other stays what it is."""
    if audit.count(db):
        raise VoucherError(
            "not_a_rehearsal",
            "{db} is there already, and it is no file for rehearsals",
            hint="voucher init --rehearsal --db rehearsal.db",
            db=str(path),
        )
    rehearsals.mark(db)
