"""Copies of a database: made while others work, opened without touching them, and whether anybody
uses the file now.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import Busy, VoucherError
from vouchercli.result import Word
from vouchercli.store.db import (
    APPLICATION_ID,
    BUSY_TIMEOUT_MS,
    busy_or_refused,
    read_only_query,
)
from vouchercli.store.schema_files import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STEP_PAGES = 2_000  # between two looks at whether the copy shall stop
# where SQLite puts its locks into a file, and how many bytes they take
LOCKS_AT, LOCKS = 0x4000_0000, 512
BESIDE = ("", "-wal", "-shm", "-journal")
FIRST_READ = "SELECT count(*) FROM sqlite_schema"
PAGES = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
QUICK_CHECK = "PRAGMA quick_check(1)"
# found by its subject: the log is never read through for it
LAST_FAILURE = """
SELECT at, detail FROM audit WHERE subject = 'backups.yaml' AND deed = 'backup.fail'
ORDER BY audit_id DESC LIMIT 1
"""
IS_USED = "SELECT EXISTS (SELECT 1 FROM batches) OR EXISTS (SELECT 1 FROM claims)"


class Failure(NamedTuple):
    """A backup that the clock could not make: when, with which code, under which settings."""

    at: int
    code: str
    settings: str


def last_failure(db: sqlite3.Connection) -> Failure | None:
    """The last backup that the clock could not make."""
    found = db.execute(LAST_FAILURE).fetchone()
    if found is None:
        return None
    detail = json.loads(found[1])
    return Failure(found[0], detail["code"], detail["settings"])


def copy(source: Path, draft: Path, go_on: Callable[[], None]) -> None:
    """Copy a database into the empty file `draft`, as it is at this moment, while others work. The
    copy is one file with no log beside it. `go_on` is called between the steps and may raise.

    Raises `VoucherError` (damaged_database, disk_full ...), `Busy`.
    """
    try:
        with closing(read_only(source)) as db, closing(sqlite3.connect(draft)) as target:
            # a snapshot: what others commit meanwhile does not begin the copy anew
            db.execute("BEGIN")
            db.execute(FIRST_READ)
            # it is synced when it is whole; what a kill leaves of it is never taken up again
            target.execute("PRAGMA synchronous = OFF")
            target.execute("PRAGMA journal_mode = OFF")
            db.backup(target, pages=STEP_PAGES, progress=lambda *_: go_on())
            target.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        raise busy_or_refused(error, draft if full else source) from error


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing in the file, nor what lies beside it."""
    query = read_only_query(path) or "mode=ro"
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )


def size(db: sqlite3.Connection) -> int:
    """How many bytes a copy takes."""
    return int(db.execute(PAGES).fetchone()[0])


def is_used(db: sqlite3.Connection) -> bool:
    """Whether anything was ever imported or granted."""
    return bool(db.execute(IS_USED).fetchone()[0])


def require_sound(db: sqlite3.Connection, path: Path) -> None:
    """Look at every page, not yet at what it says. Raises `VoucherError` damaged_database, about
    the file at `path`.
    """
    try:
        found = str(db.execute(QUICK_CHECK).fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise busy_or_refused(error, path) from error
    if found != "ok":
        raise VoucherError(
            "damaged_database",
            "{path} is damaged or unreadable: {why}",
            hint="restore the last backup; keep the damaged file for the auditor",
            path=str(path),
            why=found.partition("\n")[2] or found,
        )


def require_ours(draft: Path, path: Path) -> None:
    """Raise `VoucherError` not_a_database or newer_database, about the file at `path`, of which
    `draft` is a copy.
    """
    with closing(sqlite3.connect(draft)) as db:
        is_ours = db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if not is_ours or version == 0:
        raise VoucherError(
            "not_a_database",
            "{path} cannot be opened as a voucher database: {why}",
            hint="name a file that voucher backup has made",
            path=str(path),
            why=Word("it holds another program's tables") if version else Word("it is empty"),
        )
    if version > SCHEMA_VERSION:
        raise VoucherError(
            "newer_database",
            "{path} was written by a newer voucher (schema {version}, this program knows {known})",
            hint="install the newer voucher",
            path=str(path),
            version=version,
            known=SCHEMA_VERSION,
        )


def make_usual(draft: Path) -> None:
    """Give a copy the journal with which commands work."""
    with closing(sqlite3.connect(draft)) as db:
        db.execute("PRAGMA journal_mode = WAL")


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Hold the file at `path`, if it is there, so that nobody else uses it. Nothing is opened in
    the sense of SQLite: a log that lies beside it is not taken for its own.

    Raises `Busy` in_use when another program has it open.
    """
    if os.name != "posix" or not path.exists():  # elsewhere an open file cannot be moved away
        yield
        return
    import fcntl

    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, LOCKS, LOCKS_AT)
        except OSError as error:
            raise Busy(
                "in_use",
                "another program uses {path}",
                hint="end it and stop the clock first (voucher schedule remove), then run the same"
                " command again",
                path=str(path),
            ) from error
        yield


def is_left(path: Path) -> bool:
    """Whether a program that wrote into the file was killed: its log lies there with changes, and
    nobody has the file open.
    """
    log = path.with_name(f"{path.name}-wal")
    try:
        if not log.stat().st_size:
            return False
        with alone_with(path):
            return os.name == "posix"
    except (Busy, OSError):
        return False
