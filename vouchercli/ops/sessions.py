"""Open the database for one command, and say why SQLite or the machine refuses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from vouchercli.ops.setup import doors
from vouchercli.session import Session
from vouchercli.store import db as store
from vouchercli.store.db import busy_or_refused, refused_by_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["busy_or_refused", "open_session", "refused_by_machine", "zone"]


@contextmanager
def open_session(
    path: Path,
    *,
    actor: str | None,
    programme: str | None,
    present: Callable[[str], int],
    entered_at: int,
    dry_run: bool,
    command: str,
    batch: int | None = None,
) -> Iterator[Session]:
    """The session of one `command` on the file at `path`, about a `batch` if it is about one.

    `actor` is who acts (None: the login); `present` gives now as UTC epoch seconds, of the zone of
    `programme`; `entered_at` is what the machine's clock says. Raises `VoucherError` as
    `store.db.open_db` and `doors.enter` do.
    """
    db = store.open_db(path)
    try:
        os_user = store.os_user()
        session = Session(
            db=db,
            path=path,
            actor=actor or os_user,
            os_user=os_user,
            now=present(store.zone(db, programme)),
            entered_at=entered_at,
            programme=programme,
            dry_run=dry_run,
        )
        doors.enter(session, command, batch)
        yield session
    finally:
        db.close()


def zone(session: Session) -> str:
    """The time zone of the session's programme."""
    return store.zone(session.db, session.programme)
