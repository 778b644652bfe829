"""The line of the log by which the clock knows when it read all sealed days last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

DEED, SUBJECT = "check.all", "check"
# found by its subject: the log is never read through for it
LAST = """
SELECT at, detail FROM audit WHERE subject = 'check' AND deed = 'check.all'
ORDER BY audit_id DESC LIMIT 1
"""


class Night(NamedTuple):
    """When all sealed days were read last, and which checks failed then."""

    at: int
    failed: list[str]


def last(db: sqlite3.Connection) -> Night | None:
    """The last time that the clock read all sealed days."""
    found = db.execute(LAST).fetchone()
    return None if found is None else Night(found[0], json.loads(found[1])["failed"])
