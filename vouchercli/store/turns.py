"""Whose turn it is to write: a long import gives way between two chunks to whoever waits.

SQLite hands its write lock to nobody in particular: who commits chunk after chunk takes it again at
once, and others find it taken whenever they look. So whoever has waited for a moment says so, in a
small file beside the database, and an import looks there. Each waiting process holds a read lock
on that file; an import that can lock it for itself alone has nobody to give way to. The locks go
with their processes, and work wherever those of the database do.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_TURN_MS = 3_000  # how long an import lets others go first, before it takes its own turn
LONGEST_LOOK_MS = 100  # how long an import may hold the line to itself, at the very most
# A first look at the schema is what takes the read lock.
STAND_IN_LINE = ("BEGIN", "SELECT count(*) FROM sqlite_schema")
TAKE_ALL, LEAVE = "BEGIN EXCLUSIVE", "ROLLBACK"


@contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Say that this process waits to write to the database at `path`. Where the folder takes no
    more files, nothing is said: then only chance gives a turn.
    """
    with closing(_open(path, LONGEST_LOOK_MS)) as line:
        with suppress(sqlite3.Error):
            for statement in STAND_IN_LINE:
                line.execute(statement)
        yield


class Turns:
    """The line as an import sees it, between its chunks and its blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._line: sqlite3.Connection | None = None

    def is_awaited(self) -> bool:
        """Whether somebody waits."""
        return not self._is_empty(0)

    def give_way(self) -> None:
        """Let those go first who wait now, for some seconds at most; no lock may be held."""
        self._is_empty(LONGEST_TURN_MS)

    def close(self) -> None:
        """Look no more."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _is_empty(self, wait_ms: int) -> bool:
        if not _beside(self._path).exists():  # nobody has ever waited
            return True
        try:
            if self._line is None:
                self._line = _open(self._path, wait_ms)
            self._line.execute(f"PRAGMA busy_timeout = {wait_ms:d}")
            self._line.execute(TAKE_ALL)
            self._line.execute(LEAVE)
        except sqlite3.OperationalError as error:
            # any other fault of that file concerns no import
            return error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY
        except sqlite3.DatabaseError:
            return True
        return True


def _open(path: Path, wait_ms: int) -> sqlite3.Connection:
    return sqlite3.connect(_beside(path), isolation_level=None, timeout=wait_ms / 1000)


def _beside(path: Path) -> Path:
    return path.resolve().with_name(f"{path.resolve().name}-line")
