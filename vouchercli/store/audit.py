"""The append-only log: one hash-chained line a deed, written in the deed's own transaction; read
back and proved.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from vouchercli.rules.audit import Line, digest
from vouchercli.store import typed
from vouchercli.store.lists import Listing
from vouchercli.store.schema_files import SCHEMA_FILES, schema_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.rules.audit import Fields
    from vouchercli.session import Session
    from vouchercli.store.lists import Listed

LAST_HASH = "SELECT hash FROM audit ORDER BY audit_id DESC LIMIT 1"
ADD = """
INSERT INTO audit (at, entered_at, actor, os_user, deed, subject, detail, previous_hash, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def note(session: Session, deed: str, subject: str, **detail: Any) -> None:
    """Write the line of one deed (`round.approve`, `hz-1`); `detail` holds what changed, `before`
    and `after`.

    The programme named with --programme is kept too: two programmes of one file may have a round of
    the same code.
    """
    db = session.db
    row = db.execute(LAST_HASH).fetchone()
    previous = row["hash"] if row else ""
    if session.programme is not None:
        detail.setdefault("programme", session.programme)
    fields = (
        session.now,
        session.entered_at,
        session.actor,
        session.os_user,
        deed,
        subject,
        json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    )
    db.execute(ADD, (*fields, previous, digest(previous, fields)))


# ---------------------------------------------------------------- reading


class Entry(NamedTuple):
    """A line of the log as it is kept; `detail` is JSON."""

    line: int
    at: int
    entered_at: int
    actor: str
    os_user: str
    deed: str
    about: str
    detail: str
    previous_hash: str
    hash: str


LINES = (
    "SELECT audit_id, at, entered_at, actor, os_user, deed, subject, detail, previous_hash, hash"
    " FROM audit "
)
ALL = LINES + "ORDER BY audit_id"
LAST = LINES + "ORDER BY audit_id DESC LIMIT 1"
COUNT = "SELECT count(*) FROM audit"
WITH_HASH = "SELECT audit_id FROM audit WHERE hash = ?"
# A deed is found by its whole name, or by the part before the point: `round` finds round.approve.
WANTED = Listing(
    Entry,
    LINES
    + """
WHERE ifnull(actor = :actor, 1) AND ifnull(subject = :about, 1)
  AND ifnull(deed = :deed OR substr(deed, 1, length(:deed) + 1) = :deed || '.', 1)
  AND ifnull(at >= :since, 1) AND ifnull(at <= :until, 1)
""",
    "audit_id DESC",
)
GUARDS = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
TRIGGER = re.compile(r"^CREATE TRIGGER (\w+)", re.MULTILINE)


def lines(db: sqlite3.Connection) -> Iterator[Line]:
    """Every line in the order of writing, as it is proved."""
    for row in db.execute(ALL):
        number, *fields, previous_hash, seal = row
        yield Line(number, cast("Fields", tuple(fields)), previous_hash, seal)


def wanted(db: sqlite3.Connection, **filters: Any) -> Listed:
    """Lines (`Entry`) by actor, deed, about, since, until (None: any), the newest first."""
    return WANTED.of(db, **filters)


def last(db: sqlite3.Connection) -> Entry | None:
    """The newest line; None while nothing was done."""
    return typed.row(db, Entry, LAST)


def count(db: sqlite3.Connection) -> int:
    """How many lines there are."""
    return typed.number(db, COUNT)


def number_of(db: sqlite3.Connection, seal: str) -> int | None:
    """The number of the line with that hash; None when there is none."""
    row = db.execute(WITH_HASH, (seal,)).fetchone()
    return None if row is None else int(row["audit_id"])


def missing_guards(db: sqlite3.Connection) -> list[str]:
    """The triggers that keep log and ledger append-only and are not there: somebody worked on the
    file by hand.
    """
    there = {row["name"] for row in db.execute(GUARDS)}
    every = [name for file in SCHEMA_FILES for name in TRIGGER.findall(schema_text(file))]
    return [name for name in every if name not in there]
