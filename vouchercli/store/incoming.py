"""Rows on their way in: every kind of file waits in a temporary table of its own, seen here through
the view `incoming` (place, batch_id, line, cells, reason, detail), while it is judged; what is
refused is kept, counted and explained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.store import fact_digests, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

KINDS = (
    "merchants",
    "applications",
    "eligibility",
    "series",
    "claims",
    "redemptions",
    "bills",
    "day_bills",
    "statements",
    "cells",
    "survey",
)
CLEAR = (
    "DROP VIEW IF EXISTS temp.incoming",
    "DROP TABLE IF EXISTS temp.incoming_warnings",
    "DROP TABLE IF EXISTS temp.freed",
    *(f"DROP TABLE IF EXISTS temp.incoming_{kind}" for kind in KINDS),
)
CREATE_WARNINGS = """
CREATE TEMP TABLE incoming_warnings (place INTEGER, reason TEXT, detail TEXT,
    PRIMARY KEY (place, reason))
"""
# Money that facts leave to their rounds when they are moved back among the rows.
CREATE_FREED = "CREATE TEMP TABLE freed (round_id INTEGER, funder_id INTEGER, fen INTEGER)"
VIEWS = {
    kind: f"""
CREATE TEMP VIEW incoming AS SELECT place, batch_id, line, cells, reason, detail
FROM incoming_{kind}
"""
    for kind in KINDS
}
NAME_BATCH = {kind: f"UPDATE incoming_{kind} SET batch_id = ?" for kind in KINDS}
ADD_WARNING = "INSERT OR REPLACE INTO incoming_warnings (place, reason, detail) VALUES (?, ?, ?)"

COUNT = """
SELECT count(*) AS read, ifnull(sum(reason IS NULL), 0) AS accepted,
    ifnull(sum(reason = 'duplicate'), 0) AS duplicate,
    ifnull(sum(reason <> 'duplicate'), 0) AS rejected
FROM incoming
"""
BY_BATCH = """
SELECT batch_id, sum(reason IS NULL), ifnull(sum(reason = 'duplicate'), 0),
    ifnull(sum(reason <> 'duplicate'), 0)
FROM incoming WHERE (place BETWEEN 1 AND :staged) = :is_staged GROUP BY batch_id ORDER BY batch_id
"""
# Only an accepted row can have a warning; but a row that says no more than is known because of an
# error in its cells says so.
DROP_IDLE_WARNINGS = """
DELETE FROM incoming_warnings AS w WHERE EXISTS (SELECT 1 FROM incoming AS i
    WHERE i.place = w.place AND i.reason IS NOT NULL
      AND (i.reason <> 'duplicate' OR w.reason <> 'error_cell'))
"""
WARNED = "SELECT count(*) FROM incoming_warnings"

KEEP_REJECTS = """
INSERT INTO rejects (batch_id, line, reason, detail, cells)
SELECT batch_id, line, reason, detail, cells FROM incoming WHERE reason <> 'duplicate'
    ORDER BY place
"""
REJECTED_BLOCKS = """
SELECT DISTINCT ((batch_id << 30) + (line >> 6)) >> 6 FROM incoming WHERE reason <> 'duplicate'
"""
KEEP_WARNINGS = """
INSERT OR REPLACE INTO warnings (batch_id, line, reason, detail)
SELECT i.batch_id, i.line, w.reason, w.detail FROM incoming_warnings w
    JOIN incoming i USING (place) ORDER BY place, w.reason
"""


def expect(db: sqlite3.Connection, kind: str, create: str) -> None:
    """Make the waiting room of one kind of rows; `create` is the kind's own table."""
    for statement in (*CLEAR, create, CREATE_WARNINGS, CREATE_FREED, VIEWS[kind]):
        db.execute(statement)


def put(db: sqlite3.Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Stage the rows as they stream; `statement` is the kind's own insert."""
    db.executemany(statement, rows)


def name_batch(db: sqlite3.Connection, kind: str, batch_id: int) -> None:
    """Say whose the rows are that were staged before their batch had begun."""
    db.execute(NAME_BATCH[kind], (batch_id,))


def warn(db: sqlite3.Connection, warnings: Iterable[tuple[int, str, str]]) -> None:
    """Note warnings (place, code, detail as JSON) beside the staged rows."""
    db.executemany(ADD_WARNING, warnings)


def counted(db: sqlite3.Connection) -> dict[str, int]:
    """read, accepted, duplicate, rejected of the judged rows: the first is the sum of the
    others.
    """
    return dict(db.execute(COUNT).fetchone())


def warned(db: sqlite3.Connection) -> int:
    """How many warnings the accepted rows carry."""
    db.execute(DROP_IDLE_WARNINGS)
    return typed.number(db, WARNED)


def by_batch(
    db: sqlite3.Connection, staged: int, *, is_staged: bool
) -> dict[int, tuple[int, int, int]]:
    """batch_id -> (accepted, duplicate, rejected) of the first `staged` of the judged rows, or of
    the others.
    """
    asked = {"staged": staged, "is_staged": is_staged}
    return {row[0]: tuple(row[1:]) for row in db.execute(BY_BATCH, asked)}


def keep(db: sqlite3.Connection) -> None:
    """Keep what was refused and what was warned of, each with its batch."""
    with fact_digests.changing(db, "rejects", of=REJECTED_BLOCKS):
        db.execute(KEEP_REJECTS)
    db.execute(KEEP_WARNINGS)
