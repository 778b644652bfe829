"""report operations: what the clock did late, and files that did not come in as they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Column, Outcome, Table, say
from vouchercli.store import operations as store
from vouchercli.store import programmes
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from vouchercli.session import Session

GRACE = 60  # seconds: a tick a minute is on time
DEEDS = (
    Column("deed", "Deed of the clock", "word"),
    Column("done", "Done", "int"),
    Column("late", "Late", "int"),
    Column("most_late", "Latest", "span"),
)
LATE = (
    Column("deed", "Deed of the clock", "word"),
    Column("round", "Round"),
    Column("due_at", "Due", "time"),
    Column("done_at", "Done at", "time"),
    Column("late_seconds", "Late by", "span"),
)
FILES = (
    Column("batch", "Batch", "int"),
    Column("kind", "Kind of file", "word"),
    Column("file", "File"),
    Column("imported_at", "Imported at", "time"),
    Column("state", "State", "word"),
    Column("read", "Rows read", "int"),
    Column("accepted", "Accepted", "int"),
    Column("rejected", "Rejected", "int"),
)


def report_operations(
    session: Session, *, since: int | None = None, until: int | None = None
) -> Outcome:
    """Deeds of the clock that were due in `since <= due <= until` (UTC seconds, None: open), and
    files imported in that span.
    """
    with reading(session):
        programme = programmes.current(session.db, session.programme)
        span = (session.db, programme["programme_id"], since, until)
        deeds, late = store.deeds(*span, GRACE), store.late(*span, GRACE)
        files = store.odd_files(*span)
    about = {"programme": programme["programme"]}
    zone = programme["time_zone"]
    return Outcome(
        dict(about),
        (
            Table(
                say("Operations: {programme}", **about),
                DEEDS,
                deeds,
                key="deeds",
                notes=(say("Late: more than {seconds} seconds after it was due.", seconds=GRACE),),
            ),
            Table(say("Done late"), LATE, late, zone=zone, key="late", optional=True),
            Table(
                say("Files that are not done, or of which no row came in"),
                FILES,
                files,
                zone=zone,
                key="files",
                optional=True,
            ),
        ),
        () if late or files else (say("nothing was late, and every file came in"),),
    )
