"""The append-only log: one hash-chained line a deed, written in the deed's own transaction; read
back and proved.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.rules import times
from vouchercli.rules.audit import Line
from vouchercli.store import audit_lines, fact_digests, typed
from vouchercli.store.db import zone
from vouchercli.store.lists import Listing
from vouchercli.store.schema_files import SCHEMA_FILES, schema_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.rules.audit import Fields
    from vouchercli.session import Session
    from vouchercli.store.lists import Listed

# What a line of a file with one programme is about needs no name.
MEANT = """
SELECT programme FROM programmes p WHERE (SELECT count(*) FROM programmes) > 1
ORDER BY NOT is_current,
    NOT EXISTS (SELECT 1 FROM funders f WHERE f.programme_id = p.programme_id), programme_id
"""
# Of the deeds on a subject those of the same batch; without one, of the same programme. A line
# that names no programme was written while the file had only its first one. A number alone (of a
# settlement, a case, a scan) means what its noun says: the first word of the deed.
LAST_AT = """
WITH first AS (SELECT min(programme_id), programme FROM programmes)
SELECT max(at) FROM audit, first WHERE subject IN (:subject, 'batch ' || :batch,
    (SELECT file FROM batches WHERE batch_id = :batch)) AND json_valid(detail)
  AND json_extract(detail, '$.batch') IS :batch AND (:batch IS NOT NULL
    OR ifnull(json_extract(detail, '$.programme'), programme) IS ifnull(:programme, programme))
  AND (:noun IS NULL OR deed LIKE :noun || '.%')
"""
IS_NOTED = "SELECT EXISTS (SELECT 1 FROM audit WHERE subject = ? AND deed = ?)"
IS_NOTED_BY = "SELECT EXISTS (SELECT 1 FROM audit WHERE deed = ? AND subject = ? AND actor = ?)"


def is_noted(db: sqlite3.Connection, deed: str, subject: str) -> bool:
    """Whether such a deed was ever done on the subject."""
    return bool(db.execute(IS_NOTED, (subject, deed)).fetchone()[0])


def is_noted_by(db: sqlite3.Connection, deed: str, subject: str, actor: str) -> bool:
    """Whether that person ever did such a deed on the subject."""
    return bool(db.execute(IS_NOTED_BY, (deed, subject, actor)).fetchone()[0])


def note(session: Session, deed: str, subject: str, **detail: Any) -> None:
    """Write the line of one deed (`round.approve`, `hz-1`); `detail` holds what changed, `before`
    and `after`.

    The programme is kept too, where the file holds several: two of them may have a round of the
    same code. A person's identity is not kept, whatever it stands in. Raises `clock_ahead` and
    `clock_before` where a stand-in clock may not go.
    """
    db = session.db
    subject = identities.mask_numbers(subject, lambda _: identities.HIDDEN)
    noun = deed.partition(".")[0] if subject.isdigit() else None
    require_lawful_clock(session, subject, detail.get("batch"), noun)
    if session.deeds is not None:
        session.deeds.append(deed)
    programme = _find_programme(session)
    if programme is not None and (session.programme is not None or "batch" not in detail):
        detail.setdefault("programme", programme)
    # where the first chunk of an import ends depends on who else waits to write
    if not deed.endswith(".begin") and (facts := fact_digests.unsaid(db)) is not None:
        detail["facts"] = facts
    fields = (
        session.now,
        session.entered_at,
        session.actor,
        session.os_user,
        deed,
        subject,
        json.dumps(
            _without_identities(detail), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ),
    )
    audit_lines.add(db, fields)


def as_logged(value: Any) -> Any:
    """A value as a line of the log keeps it: as JSON, without identities."""
    return json.loads(json.dumps(_without_identities(value)))


def _without_identities(value: Any, name: str = "") -> Any:
    """What is logged under a name, without identities; what stands in a list stands under its name
    too.
    """
    if isinstance(value, dict):
        return {key: _without_identities(each, key) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_identities(each, name) for each in value]
    return identities.hide_values({name: value})[name]


def _find_programme(session: Session) -> str | None:
    """The programme that is named, else the one that is meant where the file holds several."""
    row = None if session.programme else session.db.execute(MEANT).fetchone()
    return session.programme or (str(row[0]) if row else None)


# ---------------------------------------------------------------- a stand-in clock


def require_lawful_clock(
    session: Session,
    subject: str | None = None,
    batch: int | None = None,
    noun: str | None = None,
) -> None:
    """A stand-in clock is for rehearsals and late entries: raise `clock_ahead` when it goes past
    now, outside of a rehearsal, and `clock_before` when it goes before the last deed on the
    subject (of that batch, where one is meant; of that `noun`, of a subject that is a number).
    """
    if not session.stand_in:
        return
    if session.now > session.entered_at and not (session.is_rehearsal or session.dry_run):
        raise _refuse_ahead(session)
    if subject is None:
        return
    asked = {
        "subject": subject,
        "batch": batch,
        "noun": noun,
        "programme": _find_programme(session),
    }
    last_at = session.db.execute(LAST_AT, asked).fetchone()[0]
    if last_at is not None and session.now < last_at:
        raise _refuse_before(session, subject, last_at)


def _refuse_ahead(session: Session) -> VoucherError:
    local = zone(session.db, session.programme)
    return VoucherError(
        "clock_ahead",
        "{now} ({stand_in}) is later than now, {clock}: nothing is done ahead of its time",
        hint="leave {stand_in} out, add --dry-run, or rehearse in a file of its own:"
        " voucher init --rehearsal --db rehearsal.db",
        now=times.shown(session.now, local),
        stand_in=session.stand_in,
        clock=times.shown(session.entered_at, local),
    )


def _refuse_before(session: Session, subject: str, last_at: int) -> VoucherError:
    local = zone(session.db, session.programme)
    return VoucherError(
        "clock_before",
        "{now} ({stand_in}) is before the last action on {subject}, at {last}",
        hint='give a later time: --now "{last}"; voucher audit log --about {subject}',
        now=times.shown(session.now, local),
        stand_in=session.stand_in,
        subject=subject,
        last=times.shown(last_at, local),
    )


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
COUNT_AFTER = "SELECT count(*) FROM audit WHERE audit_id > ?"
AFTER = LINES + "WHERE audit_id > ? ORDER BY audit_id DESC LIMIT ?"
OF_LINE = LINES + "WHERE audit_id = ?"
DETAILS = "SELECT audit_id, detail FROM audit WHERE deed = ? ORDER BY audit_id"
WITH_HASH = "SELECT audit_id FROM audit WHERE hash = ?"
# A deed is found by its whole name, or by the part before the point: `round` finds round.approve.
# What is done to several breaks at once has the spans of their numbers: each is found by its own.
WANTED = Listing(
    Entry,
    LINES
    + """
WHERE ifnull(actor = :actor, 1) AND ifnull(subject = :about OR (deed GLOB 'reconcile.*'
    AND EXISTS (SELECT 1 FROM json_each(iif(json_valid(detail), detail, '{}'), '$.breaks') s
        WHERE :number BETWEEN s.value ->> 0 AND s.value ->> 1)), 1)
  AND ifnull(deed = :deed OR substr(deed, 1, length(:deed) + 1) = :deed || '.', 1)
  AND ifnull(at >= :since, 1) AND ifnull(at <= :until, 1)
""",
    "audit_id DESC",
)
MOST_DIGITS = 18  # of what is a number to SQLite
GUARDS = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
TRIGGER = re.compile(r"^(CREATE|DROP) TRIGGER (\w+)", re.MULTILINE)


def lines(db: sqlite3.Connection) -> Iterator[Line]:
    """Every line in the order of writing, as it is proved."""
    for row in db.execute(ALL):
        number, *fields, previous_hash, seal = row
        yield Line(number, cast("Fields", tuple(fields)), previous_hash, seal)


def entries(db: sqlite3.Connection) -> Iterator[Entry]:
    """The same as they are kept."""
    return (Entry(*row) for row in db.execute(ALL))


def wanted(db: sqlite3.Connection, **filters: Any) -> Listed:
    """Lines (`Entry`) by actor, deed, about, since, until (None: any), the newest first."""
    about = filters.get("about") or ""
    number = int(about) if about.isdecimal() and len(about) <= MOST_DIGITS else None
    return WANTED.of(db, **filters, number=number)


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


def after(db: sqlite3.Connection, line: int, most: int) -> list[Entry]:
    """The newest of the lines after that one, the newest first."""
    return [Entry(*row) for row in db.execute(AFTER, (line, most))]


def count_after(db: sqlite3.Connection, line: int) -> int:
    """How many lines there are after that one."""
    return typed.number(db, COUNT_AFTER, (line,))


def of_line(db: sqlite3.Connection, line: int) -> Entry | None:
    """The line of that number."""
    return typed.row(db, Entry, OF_LINE, (line,))


def details_of(db: sqlite3.Connection, deed: str) -> list[tuple[int, str]]:
    """(line, detail as JSON) of every deed of that name."""
    return [(int(line), str(detail)) for line, detail in db.execute(DETAILS, (deed,))]


def missing_guards(db: sqlite3.Connection) -> list[str]:
    """The triggers that keep log and ledger append-only and are not there: somebody worked on the
    file by hand.
    """
    there = {row["name"] for row in db.execute(GUARDS)}
    every: dict[str, None] = {}
    for file in SCHEMA_FILES:
        for deed, name in TRIGGER.findall(schema_text(file)):
            every.pop(name, None)
            if deed == "CREATE":
                every[name] = None
    return [name for name in every if name not in there]
