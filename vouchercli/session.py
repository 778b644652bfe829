"""What every operation is given; it imports nothing at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


class Session(NamedTuple):
    """What every operation is given: the open file, who acts, and the moment of the deed.

    `now` is UTC epoch seconds (from --now when `is_rehearsed`), `actor` who acts, `os_user` the
    login behind it, `programme` the code chosen with --programme (None: the only one in the file),
    `dry_run` undoes at the end. `joins` makes `writing` a step of the transaction that is open
    already: the clock does a deed and notes that it is done as one.
    """

    db: sqlite3.Connection
    path: Path
    now: int
    actor: str
    os_user: str
    entered_at: int
    programme: str | None = None
    dry_run: bool = False
    joins: bool = False
