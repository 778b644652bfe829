"""What a file says about itself, asked without changing it and without bringing its schema up to
date.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vouchercli.store.backups import Failure, last_failure
from vouchercli.store.db import APPLICATION_ID, BUSY_TIMEOUT_MS, read_only_query
from vouchercli.store.nightly_checks import Night
from vouchercli.store.nightly_checks import last as last_night

if TYPE_CHECKING:
    from pathlib import Path

LAST_DEED = "SELECT at FROM audit ORDER BY audit_id DESC LIMIT 1"
LOADED = "SELECT programme FROM programmes ORDER BY programme"
# Of those that give out vouchers; others hold published figures alone.
WITHOUT_STAFF = """
SELECT programme FROM programmes
WHERE ifnull(json_array_length(document, '$.staff'), 0) = 0
    AND json_extract(document, '$.funders') IS NOT NULL ORDER BY programme
"""
LAST_TICK = "SELECT beat_at, failed, jumped_at FROM heartbeat"
SHIPPED = """
SELECT substr(key, 1, instr(key, ' ') - 1), max(done_at) FROM deeds WHERE deed = 'ship' GROUP BY 1
"""
LAST_BACKUP = "SELECT max(at) FROM audit WHERE deed = 'backup.make'"
# Something came in when it was entered: a demonstration or an old programme has a stand-in clock.
IS_IN_USE = """
SELECT NOT EXISTS (SELECT 1 FROM rehearsals) AND EXISTS (SELECT 1 FROM audit
    WHERE (deed LIKE '%.import' OR deed = 'claim.grant') AND abs(entered_at - at) <= 86400)
"""
IS_SEALED = "SELECT EXISTS (SELECT 1 FROM days)"
TABLES = "SELECT count(*) FROM sqlite_schema"


@dataclass(frozen=True)
class Vitals:
    """A file at a glance: ours or not, its schema, the first fault SQLite finds ('' for none), its
    journal, its programmes and those that list no staff, its last deed, its last tick and how many
    deeds that left undone; what a clock said that was not believed since; whether this user can
    only read it; its last backup, and whether real work is in it (no rehearsal, no demonstration);
    when the head of its log was last `shipped` to the file and to the command of witness.yaml;
    the last backup that the clock could not make; whether any day is sealed, and when the clock
    read all of them last.
    """

    is_ours: bool
    is_empty: bool
    schema: int
    fault: str = ""
    journal: str = ""
    programmes: tuple[str, ...] = ()
    without_staff: tuple[str, ...] = ()
    last_deed_at: int | None = None
    last_tick_at: int | None = None
    last_tick_failed: int = 0
    jumped_at: int | None = None
    is_read_only: bool = False
    last_backup_at: int | None = None
    is_in_use: bool = False
    shipped: dict[str, int] = field(default_factory=dict)
    failed_backup: Failure | None = None
    is_sealed: bool = False
    night: Night | None = None


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite library, as numbers."""
    return sqlite3.sqlite_version_info


def vitals(path: Path, known_schema: int) -> Vitals:
    """Examine the file at `path`. Raises `sqlite3.DatabaseError` when it cannot be opened or is no
    database, `VoucherError` (unread_changes) when it can only be read, and not all of it.
    """
    read_only = read_only_query(path)
    with closing(
        sqlite3.connect(
            f"{path.absolute().as_uri()}?{read_only or 'mode=rw'}",
            uri=True,
            timeout=BUSY_TIMEOUT_MS / 1000,
        )
    ) as db:
        db.execute("PRAGMA query_only = ON")
        schema = int(db.execute("PRAGMA user_version").fetchone()[0])
        is_ours = db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        is_empty = db.execute(TABLES).fetchone()[0] == 0
        if not is_ours or schema != known_schema:
            return Vitals(is_ours, is_empty, schema, is_read_only=bool(read_only))
        checked = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        last = db.execute(LAST_DEED).fetchone()
        last_tick_at, failed, jumped_at = db.execute(LAST_TICK).fetchone() or (None, 0, None)
        return Vitals(
            is_ours,
            is_empty,
            schema,
            "" if checked == "ok" else checked,
            str(db.execute("PRAGMA journal_mode").fetchone()[0]),
            tuple(row[0] for row in db.execute(LOADED)),
            tuple(row[0] for row in db.execute(WITHOUT_STAFF)),
            last[0] if last else None,
            last_tick_at,
            failed,
            jumped_at,
            bool(read_only),
            db.execute(LAST_BACKUP).fetchone()[0],
            bool(db.execute(IS_IN_USE).fetchone()[0]),
            dict(db.execute(SHIPPED).fetchall()),
            last_failure(db),
            bool(db.execute(IS_SEALED).fetchone()[0]),
            last_night(db),
        )
