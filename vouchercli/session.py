"""What every operation is given; it imports nothing at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


class Session(NamedTuple):
    """What every operation is given: the open file, who acts, and the moment of the deed.

    `now` is UTC epoch seconds, `entered_at` what the machine's clock says; `stand_in` is what
    stands in for that clock (`--now`, `VOUCHER_NOW`, '' for nothing). `actor` is who acts,
    `os_user` the login behind it, `programme` the code chosen with --programme (None: the only one
    in the file). `is_rehearsal`: the file was made for rehearsals. `deeds` takes the name of every
    deed that is logged. `keys_known` is the fingerprint of the keys by which the file's tokens were
    made when it was opened (None: it does not know them). `dry_run` undoes at the end. `joins`
    makes `writing` a step of the transaction that is open already: the clock does a deed and notes
    that it is done as one.
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
    stand_in: str = ""
    is_rehearsal: bool = False
    deeds: list[str] | None = None
    keys_known: bytes | None = None
