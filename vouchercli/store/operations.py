"""What the clock did and how late, and files that did not come in as they should."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

OF_PROGRAMME = """
FROM deeds d LEFT JOIN rounds r USING (round_id)
WHERE ifnull(r.programme_id, :programme_id) = :programme_id
    AND ifnull(d.due_at >= :since, 1) AND ifnull(d.due_at <= :until, 1)
"""
BY_DEED = f"""
SELECT d.deed, count(*), sum(d.done_at - d.due_at > :grace), max(d.done_at - d.due_at)
{OF_PROGRAMME} GROUP BY d.deed ORDER BY d.deed
"""
LATE = f"""
SELECT d.deed, ifnull(r.round, ''), d.due_at, d.done_at, d.done_at - d.due_at
{OF_PROGRAMME} AND d.done_at - d.due_at > :grace ORDER BY d.due_at, d.deed_id
"""
FILES = """
SELECT batch_id, kind, file, imported_at, state, read, accepted, rejected FROM batches
WHERE programme_id = :programme_id AND ifnull(imported_at >= :since, 1)
    AND ifnull(imported_at <= :until, 1) AND batch_id NOT IN (SELECT batch_id FROM
        correction_batches)
    AND (state NOT IN ('done', 'undone')
        OR state = 'done' AND read > 0 AND accepted + duplicate = 0)
ORDER BY batch_id
"""


class Deeds(NamedTuple):
    """Deeds of one kind: how many, how many of them late, and the latest in seconds."""

    deed: str
    done: int
    late: int
    most_late: int


class LateDeed(NamedTuple):
    """A deed that was done late; times in UTC seconds."""

    deed: str
    round: str
    due_at: int
    done_at: int
    late_seconds: int


class OddFile(NamedTuple):
    """A file that is not done, or of which no row came in."""

    batch: int
    kind: str
    file: str
    imported_at: int
    state: str
    read: int
    accepted: int
    rejected: int


def _asked(
    programme_id: int, since: int | None, until: int | None, grace: int
) -> dict[str, int | None]:
    return {"programme_id": programme_id, "since": since, "until": until, "grace": grace}


def deeds(
    db: sqlite3.Connection, programme_id: int, since: int | None, until: int | None, grace: int
) -> list[Deeds]:
    """Deeds that were due in a span (UTC seconds, None: open), by kind; late is what was done more
    than `grace` seconds after.
    """
    return typed.rows(db, Deeds, BY_DEED, _asked(programme_id, since, until, grace))


def late(
    db: sqlite3.Connection, programme_id: int, since: int | None, until: int | None, grace: int
) -> list[LateDeed]:
    """Those that were late, one by one."""
    return typed.rows(db, LateDeed, LATE, _asked(programme_id, since, until, grace))


def odd_files(
    db: sqlite3.Connection, programme_id: int, since: int | None, until: int | None
) -> list[OddFile]:
    """Files imported in a span that are not done, or of which no row came in."""
    return typed.rows(db, OddFile, FILES, _asked(programme_id, since, until, 0))
