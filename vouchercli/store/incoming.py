"""Rows on their way in: every kind of file waits in a temporary table of its own, seen here through the view `incoming`
(line, cells, reason, detail), while it is judged; what is refused is kept, counted and explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

CLEAR = (
    "DROP VIEW IF EXISTS temp.incoming",
    "DROP TABLE IF EXISTS temp.incoming_warnings",
    "DROP TABLE IF EXISTS temp.incoming_merchants",
    "DROP TABLE IF EXISTS temp.incoming_applications",
    "DROP TABLE IF EXISTS temp.incoming_eligibility",
    "DROP TABLE IF EXISTS temp.incoming_claims",
    "DROP TABLE IF EXISTS temp.incoming_redemptions",
)
CREATE_WARNINGS = "CREATE TEMP TABLE incoming_warnings (line INTEGER, reason TEXT, detail TEXT, PRIMARY KEY (line, reason))"
VIEWS = {
    "merchants": "CREATE TEMP VIEW incoming AS SELECT line, cells, reason, detail FROM incoming_merchants",
    "applications": "CREATE TEMP VIEW incoming AS SELECT line, cells, reason, detail FROM incoming_applications",
    "eligibility": "CREATE TEMP VIEW incoming AS SELECT line, cells, reason, detail FROM incoming_eligibility",
    "claims": "CREATE TEMP VIEW incoming AS SELECT line, cells, reason, detail FROM incoming_claims",
    "redemptions": "CREATE TEMP VIEW incoming AS SELECT line, cells, reason, detail FROM incoming_redemptions",
}
ADD_WARNING = "INSERT OR REPLACE INTO incoming_warnings (line, reason, detail) VALUES (?, ?, ?)"

COUNT = """
SELECT count(*) AS read, ifnull(sum(reason IS NULL), 0) AS accepted, ifnull(sum(reason = 'duplicate'), 0) AS duplicate,
    ifnull(sum(reason <> 'duplicate'), 0) AS rejected
FROM incoming
"""
REASONS = "SELECT reason, count(*) AS rows FROM incoming WHERE reason <> 'duplicate' GROUP BY reason ORDER BY reason"
# Only an accepted row can have a warning.
DROP_IDLE_WARNINGS = "DELETE FROM incoming_warnings WHERE line IN (SELECT line FROM incoming WHERE reason IS NOT NULL)"
WARNED = "SELECT reason, count(*) AS rows FROM incoming_warnings GROUP BY reason ORDER BY reason"
FIRST_REFUSED = "SELECT line, reason, detail FROM incoming WHERE reason <> 'duplicate' ORDER BY line LIMIT ?"
FIRST_WARNED = "SELECT line, reason, detail FROM incoming_warnings ORDER BY line LIMIT ?"

KEEP_REJECTS = """
INSERT INTO rejects (batch_id, line, reason, detail, cells)
SELECT ?, line, reason, detail, cells FROM incoming WHERE reason <> 'duplicate' ORDER BY line
"""
KEEP_WARNINGS = """
INSERT OR REPLACE INTO warnings (batch_id, line, reason, detail)
SELECT ?, line, reason, detail FROM incoming_warnings ORDER BY line, reason
"""


def expect(db: sqlite3.Connection, kind: str, create: str) -> None:
    """Make the waiting room of one kind of rows; `create` is the kind's own table."""
    for statement in CLEAR:
        db.execute(statement)
    for statement in (create, CREATE_WARNINGS, VIEWS[kind]):
        db.execute(statement)


def put(db: sqlite3.Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Stage the rows as they stream; `statement` is the kind's own insert."""
    db.executemany(statement, rows)


def warn(db: sqlite3.Connection, warnings: Iterable[tuple[int, str, str]]) -> None:
    """Note warnings (line, code, detail as JSON) beside the staged rows."""
    db.executemany(ADD_WARNING, warnings)


def counted(db: sqlite3.Connection) -> dict[str, int]:
    """read, accepted, duplicate, rejected of the judged rows: the first is the sum of the others."""
    return dict(db.execute(COUNT).fetchone())


def reasons(db: sqlite3.Connection) -> dict[str, int]:
    """Reject code -> rows."""
    return {row["reason"]: row["rows"] for row in db.execute(REASONS)}


def warned(db: sqlite3.Connection) -> dict[str, int]:
    """Warning code -> accepted rows that carry it."""
    db.execute(DROP_IDLE_WARNINGS)
    return {row["reason"]: row["rows"] for row in db.execute(WARNED)}


def first_refused(db: sqlite3.Connection, most: int) -> list[sqlite3.Row]:
    """The first rejected rows: line, reason, detail."""
    return db.execute(FIRST_REFUSED, (most,)).fetchall()


def first_warned(db: sqlite3.Connection, most: int) -> list[sqlite3.Row]:
    """The first rows accepted with a warning: line, reason, detail."""
    return db.execute(FIRST_WARNED, (most,)).fetchall()


def keep(db: sqlite3.Connection, batch_id: int) -> None:
    """Keep what was refused and what was warned of, with the batch."""
    db.execute(KEEP_REJECTS, (batch_id,))
    db.execute(KEEP_WARNINGS, (batch_id,))
