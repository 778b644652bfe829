"""Open the database for one command, and say why SQLite or the machine refuses."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.rules import times
from vouchercli.session import Session
from vouchercli.store import db as store
from vouchercli.store import identities, key_fingerprints, rehearsals
from vouchercli.store.db import busy_or_refused, refused_by_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "busy_or_refused",
    "describe_clock",
    "open_session",
    "refuse_anything",
    "refused_by_machine",
    "without_identities",
    "zone",
]

MOST_SAID = 200  # characters of an error that is not ours
without_identities = identities.without_identities


@contextmanager
def open_session(
    path: Path,
    *,
    actor: str | None,
    programme: str | None,
    present: Callable[[str], int],
    entered_at: int,
    dry_run: bool,
    stand_in: str = "",
) -> Iterator[Session]:
    """The session of one command on the file at `path`.

    `actor` is who acts (None: the login); `present` gives now as UTC epoch seconds, of the zone of
    `programme`; `entered_at` is what the machine's clock says, `stand_in` what stands in for it.
    Raises `VoucherError` as `store.db.open_db` does, and wrong_key.
    """
    db = store.open_db(path)
    try:
        identities.recognise(db, path)
        os_user = store.os_user()
        yield Session(
            db=db,
            path=path,
            actor=actor or os_user,
            os_user=os_user,
            now=present(store.zone(db, programme)),
            entered_at=entered_at,
            programme=programme,
            dry_run=dry_run,
            stand_in=stand_in,
            is_rehearsal=rehearsals.is_one(db),
            deeds=[],
            keys_known=key_fingerprints.kept(db),
        )
    finally:
        db.close()


def refuse_anything(error: Exception, path: Path) -> VoucherError:
    """The refusal behind whatever a job failed with: what SQLite or the machine refused, or a bug
    of ours, told by its kind and place. `path`: the database.
    """
    try:
        if isinstance(error, sqlite3.DatabaseError):
            return busy_or_refused(error, path)
        if isinstance(error, OSError):
            return refused_by_machine(error, path)
    except type(error):
        pass
    return VoucherError(
        "unforeseen",
        "the program failed at something that it does not know: {error} ({place})",
        hint="send this line, and a file that shows it, to whoever maintains the program; what was"
        " done before that stands",
        error=f"{type(error).__name__}: {error}"[:MOST_SAID],
        place=_find_place(error),
    )


def _find_place(error: Exception) -> str:
    """Where in the program it failed, as `ops/intake/claims.py:12`."""
    place, step = "", error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename.replace(os.sep, "/")
        if (at := file.rfind("/vouchercli/")) >= 0:
            place = f"{file[at + 12 :]}:{step.tb_lineno}"
        step = step.tb_next
    return place


def zone(session: Session) -> str:
    """The time zone of the session's programme."""
    return store.zone(session.db, session.programme)


def describe_clock(session: Session) -> dict[str, Any]:
    """What every answer says beside its data: that the file is a rehearsal, and at what time a
    command acted that logged something under a stand-in clock. Without either, nothing.
    """
    said: dict[str, Any] = {"rehearsal": True} if session.is_rehearsal else {}
    if session.stand_in and session.deeds:
        local = zone(session)
        said |= {
            "stand_in": session.stand_in,
            "acted_at": times.iso(session.now, local),
            "shown_at": times.shown(session.now, local),
        }
    return said
