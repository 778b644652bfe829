"""Open the database for one command, and say why SQLite or the machine refuses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vouchercli.rules import times
from vouchercli.session import Session
from vouchercli.store import db as store
from vouchercli.store import identities, rehearsals
from vouchercli.store.db import busy_or_refused, refused_by_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "busy_or_refused",
    "describe_clock",
    "open_session",
    "refused_by_machine",
    "without_identities",
    "zone",
]

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
        )
    finally:
        db.close()


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
