"""Open the file, and the one door to writing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vouchercli.errors import Busy, VoucherError
from vouchercli.result import NO_ROOM, REFUSALS, Word, because
from vouchercli.rules.times import HOME_ZONE
from vouchercli.store import identities, key_fingerprints, schema_files, turns
from vouchercli.store.schema_files import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vouchercli.session import Session

APPLICATION_ID = 0x564F5543  # "VOUC" in the file's header marks it as ours
STATEMENTS = 1_000  # kept prepared: an import of many files has more than the 128 that Python keeps
BUSY_TIMEOUT_MS = 5_000
PATIENCE_MS = 300  # after so long a writer stands in line, and imports give way to it
# of a new file: an import of ten million rows takes a sixth less time to write than with SQLite's
# own 4 KiB
PAGE_BYTES = 8_192
# of the write-ahead log before they go into the file: SQLite's own, and 64 MiB
PAGES, LOOSE_PAGES = 1_000, 8_000
# taken only as it is needed; a sixth of a large import's time
CACHE_KIB, WIDE_KIB, WIDEST_KIB = 65_536, 262_144, 524_288
ROOM_TO_OPEN = 1 << 15  # bytes: what SQLite sets aside beside the file


def open_db(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """Open `path` with our settings and bring its schema up to date.

    Raises `VoucherError` when the file is missing (and not `create`), is not ours, or is newer than
    the program.
    """
    if path.is_dir():
        raise VoucherError(
            "is_a_folder",
            "{file} is a folder, not a file",
            hint="name a file in it",
            file=str(path),
        )
    if not path.parent.is_dir():
        raise VoucherError(
            "no_such_folder",
            "there is no folder {folder}",
            hint="create it first, or name another with --db",
            folder=str(path.parent),
        )
    if not create and not path.exists():
        raise VoucherError(
            "no_database",
            "there is no database {name} in the folder {folder}",
            hint=(
                "name the file with --db FILE or VOUCHER_DB, or go to its folder; for a new city:"
                " voucher init --db {path}"
            ),
            name=path.name,
            folder=str(path.absolute().parent),
            path=str(path),
        )
    read_only = read_only_query(path) if path.exists() else ""
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?{read_only}" if read_only else path,
            isolation_level=None,
            timeout=BUSY_TIMEOUT_MS / 1000,
            cached_statements=STATEMENTS,
            uri=bool(read_only),
        )
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA foreign_keys = ON")
        db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
        db.execute(f"PRAGMA cache_size = -{CACHE_KIB:d}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise busy_or_refused(error, path) from error
    if version != SCHEMA_VERSION:
        if read_only and 0 < version < SCHEMA_VERSION:
            raise too_old_to_read(path)
        _migrate(db, path, version, create=create)
    return db


def read_only_query(path: Path) -> str:
    """How SQLite is to open a file that this user cannot write, as the query of its URI; '' for
    one that can be written. Raises `unread_changes` when its last changes cannot be read here.

    Beside a file that others are writing stand its log and the log's index: both are read. Without
    them nobody writes, and the file alone is all (a CD, a sealed copy): immutable, since SQLite
    would make an index beside it.
    """
    is_closed = not os.access(path.absolute().parent, os.W_OK)
    if not is_closed and os.access(path, os.W_OK):
        return ""
    log, index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    if index.exists():
        return "mode=ro"
    if not log.exists() or log.stat().st_size == 0:
        return "mode=ro&immutable=1"
    if not is_closed:
        return "mode=ro"
    raise VoucherError(
        "unread_changes",
        "{path} cannot be read as it stands: its last changes are in {log}, and the folder is"
        " read-only",
        hint="copy both files into a folder where you can write, and name the copy with --db",
        path=str(path),
        log=log.name,
    )


def too_old_to_read(path: Path) -> VoucherError:
    """The refusal of an older file that can only be read."""
    return VoucherError(
        "too_old_to_read",
        "{path} was written by an older voucher and cannot be brought up to date: it is read-only",
        hint="copy it into a folder where you can write, and name the copy with --db",
        path=str(path),
    )


def open_to_read(path: Path) -> sqlite3.Connection:
    """A second connection of a process that writes: it sees what is committed, and writes
    nothing.
    """
    db = sqlite3.connect(
        path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False
    )
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA query_only = ON")
    return db


def data_version(db: sqlite3.Connection) -> int:
    """A number that changes when another connection has committed."""
    return int(db.execute("PRAGMA data_version").fetchone()[0])


def _migrate(db: sqlite3.Connection, path: Path, version: int, *, create: bool) -> None:
    """Apply what is missing, with sqlite-utils (imported only here: everyday commands never wait
    for it).
    """
    is_ours = db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    if not is_ours and (version or db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]):
        raise _not_a_database(path, Word("it holds another program's tables"))
    if version > SCHEMA_VERSION:
        raise VoucherError(
            "newer_database",
            "{path} was written by a newer voucher (schema {version}, this program knows {known})",
            hint="install the newer voucher",
            path=str(path),
            version=version,
            known=SCHEMA_VERSION,
        )
    if (
        version == 0 and not create
    ):  # cut off, or its making was killed: never taken for a database without facts
        raise VoucherError(
            "empty_database",
            "{path} is empty: it holds no tables",
            path=str(path),
            hint="restore the last backup; or, for a new one: voucher init --db {path}",
        )
    if version == 0:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES:d}")
        # first: a creation that was killed is recognised
        db.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        db.execute("PRAGMA journal_mode = WAL")
        if _lay_down(db) == SCHEMA_VERSION:
            return
    # sqlite-utils takes a quarter of a second to load: only when there is something to migrate
    from vouchercli.store.migrations import migrate

    migrate(db)


def _lay_down(db: sqlite3.Connection) -> int:
    """Give an empty file the whole schema in one transaction, ten times as fast as step by step;
    the version it has then. A file with tables (made by another just now, or its making was killed)
    stays as it is.
    """
    with db:
        db.execute("BEGIN IMMEDIATE")
        if not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            for statement in schema_files.statements(schema_files.WHOLE):
                db.execute(statement)
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def writing(session: Session) -> Iterator[sqlite3.Connection]:
    """One write transaction: all of it, or nothing (an exception or --dry-run rolls it back).

    BEGIN IMMEDIATE takes the write lock at once: a deferred BEGIN that reads first fails beside
    another writer.
    """
    db = session.db
    if session.joins:
        with _step(db):
            yield db
        return
    _take_lock(session)
    try:
        _require_same_keys(session)
        identities.adopt(db, session.path)
        yield db
        db.execute("ROLLBACK" if session.dry_run else "COMMIT")
    except BaseException as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        if isinstance(error, sqlite3.IntegrityError) and "fund_short" in str(error):
            raise _uncovered() from error
        raise


def _require_same_keys(session: Session) -> None:
    """Raise `Busy` when the identity key was rotated since the file was opened: what is about to be
    written may hold tokens by the keys from before.
    """
    if session.keys_known not in (None, key_fingerprints.kept(session.db)):
        raise Busy(
            "key_rotated",
            "the identity key was rotated while this command ran: its last step was not kept",
            hint="run the same command again",
        )


def _take_lock(session: Session) -> None:
    """Begin a write transaction, after standing in line where it takes long. Raises `Busy`."""
    db = session.db
    try:
        db.execute(f"PRAGMA busy_timeout = {PATIENCE_MS:d}")
        db.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not isinstance(busy_or_refused(error, session.path), Busy):
            raise busy_or_refused(error, session.path) from error
        _stand_in_line(session)
    finally:
        db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")


def _stand_in_line(session: Session) -> None:
    session.db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
    try:
        with turns.waiting(session.path):
            session.db.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise busy_or_refused(error, session.path) from error


def _uncovered() -> VoucherError:
    """The database's own law held: a round would have paid more than is committed to it."""
    return VoucherError(
        "fund_short",
        "a round would pay more than is committed to it: its money was released since; nothing was"
        " changed",
        hint="voucher programme show",
    )


def widen_cache(db: sqlite3.Connection, kib: int = WIDE_KIB) -> None:
    """A larger page cache from here on: of millions of claims each meets other pages of three
    indexes, that of residents in no order at all.
    """
    db.execute(f"PRAGMA cache_size = -{kib:d}")


@contextmanager
def loosely(db: sqlite3.Connection) -> Iterator[None]:
    """Commits that do not wait for the disk: a power cut may take back the last of them, whole and
    in order; a kill takes none. What comes after is safe with all that came before it once its own
    commit has returned.
    """
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(f"PRAGMA wal_autocheckpoint = {LOOSE_PAGES:d}")
    try:
        yield
    finally:
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {PAGES:d}")


@contextmanager
def temporarily(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction that writes temporary tables alone, and so takes no lock on the file."""
    db.execute("BEGIN")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def _step(db: sqlite3.Connection) -> Iterator[None]:
    """A part of the open transaction that is undone by itself when it fails; whoever opened the
    transaction ends it.
    """
    db.execute("SAVEPOINT step")
    try:
        yield
        db.execute("RELEASE step")
    except BaseException:
        if db.in_transaction:  # a full disk has ended it already
            db.execute("ROLLBACK TO step")
            db.execute("RELEASE step")
        raise


@contextmanager
def reading(session: Session) -> Iterator[sqlite3.Connection]:
    """One snapshot for several reads: what another process commits meanwhile is not seen."""
    if session.db.in_transaction:  # it is one already
        yield session.db
        return
    session.db.execute("BEGIN")
    try:
        yield session.db
    finally:
        session.db.execute("ROLLBACK")


@contextmanager
def snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """The same for a connection of its own."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


@contextmanager
def legibly(db: sqlite3.Connection) -> Iterator[None]:
    """Text that is not UTF-8 reads with replacement marks: whoever proves a file must not fall over
    what somebody else broke in it.
    """
    db.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        yield
    finally:
        db.text_factory = str


@contextmanager
def plainly(db: sqlite3.Connection) -> Iterator[None]:
    """Text as it is, and an error where it is not UTF-8: of a million rows half as slow."""
    before, db.text_factory = db.text_factory, str
    try:
        yield
    finally:
        db.text_factory = before


def busy_or_refused(error: sqlite3.Error, path: Path) -> VoucherError:
    """The refusal behind an error of SQLite that is the user's or the machine's, not ours;
    re-raises a bug.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(
            "busy",
            "another program is writing to {path}",
            hint="run the same command again",
            path=str(path),
        )
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path)):
        return _disk_full(path)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        why = (
            Word("it is read-only")
            if code == sqlite3.SQLITE_READONLY
            else Word("permission denied")
        )
        is_readable = not path.exists() or os.access(path, os.R_OK)
        return VoucherError(
            "no_permission",
            "{path} cannot be written: {why}" if is_readable else "{path} cannot be read: {why}",
            hint="check who owns the file and its folder",
            path=str(path),
            why=why,
        )
    if code == sqlite3.SQLITE_NOTADB:
        return _not_a_database(path, Word("it is not a file of SQLite"))
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR):
        return VoucherError(
            "damaged_database",
            "{path} is damaged or unreadable: {why}",
            hint="restore the last backup; keep the damaged file for the auditor",
            path=str(path),
            why=str(error),
        )
    raise error


def refused_by_machine(error: OSError, path: Path) -> VoucherError:
    """The refusal behind a file that the machine would not find, open or write; re-raises what is a
    bug, or a reader that left.
    """
    if error.errno in NO_ROOM:
        return _disk_full(path)
    if error.filename is None or error.errno not in REFUSALS:
        raise error
    return VoucherError(
        "no_permission",
        "{path} cannot be used: {why}",
        hint="check who owns the file and its folder",
        path=str(error.filename),
        why=because(error),
    )


def _is_full(path: Path) -> bool:
    """Whether not even SQLite's shared memory file finds room: it then speaks of an I/O error."""
    import shutil  # only when something is wrong

    return shutil.disk_usage(path.resolve().parent).free < ROOM_TO_OPEN


def _disk_full(path: Path) -> VoucherError:
    return VoucherError(
        "disk_full",
        "the disk is full; nothing of the unfinished step was kept in {path}",
        hint="free some space, then run the same command again",
        path=str(path),
    )


def _not_a_database(path: Path, why: str) -> VoucherError:
    return VoucherError(
        "not_a_database",
        "{path} cannot be opened as a voucher database: {why}",
        hint="name the right file with --db, or: voucher init --db NEW.db",
        path=str(path),
        why=why,
    )


def os_user() -> str:
    """The login name behind the process, as the operating system says it."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return os.environ.get("USERNAME") or os.environ.get("USER") or "unknown"


ZONES = """
SELECT time_zone FROM programmes p WHERE ifnull(programme = ?1, 1)
ORDER BY NOT is_current,
    NOT EXISTS (SELECT 1 FROM funders f WHERE f.programme_id = p.programme_id), programme_id
"""


def zone(db: sqlite3.Connection, programme: str | None) -> str:
    """The time zone of the programme of that code, else of the current one, else of the first one
    with funders, else of the first one in the file; the home zone while there is none.
    """
    row = db.execute(ZONES, (programme,)).fetchone()
    return row["time_zone"] if row else HOME_ZONE
