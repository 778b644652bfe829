"""Rejects that were exported and came back in another file: each is closed as soon as its row there
is no reject itself, and open again when that file is undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

# Of a row `m` that a reject came back as: whether nothing that it came back as there was refused.
CLOSES = """NOT EXISTS (
    SELECT 1 FROM mended_rejects s JOIN rejects r ON r.batch_id = s.batch_id AND r.line = s.line
    WHERE s.of_batch = m.of_batch AND s.of_line = m.of_line AND s.batch_id = m.batch_id)
"""
# Of a reject `j`: whether its row has come back and stands.
IS_CLOSED = f"""EXISTS (
    SELECT 1 FROM mended_rejects m
    WHERE m.of_batch = j.batch_id AND m.of_line = j.line AND {CLOSES})
"""
# How many rejects of a batch `b` are closed.
CLOSED = f"""(
    SELECT count(*) FROM rejects j
    WHERE j.batch_id = b.batch_id AND j.line IN (
        SELECT of_line FROM mended_rejects WHERE of_batch = b.batch_id) AND {IS_CLOSED})
"""
# Only of the very file that it was exported from; and what that reject itself had been before.
NOTE = """
INSERT OR IGNORE INTO mended_rejects (of_batch, of_line, batch_id, line)
SELECT j.batch_id, j.line, :batch, :line
FROM rejects j JOIN batches b USING (batch_id) JOIN batches n ON n.batch_id = :batch
WHERE j.batch_id = :of_batch AND j.line = :of_line AND substr(b.sha256, 1, 8) = :sha256
    AND b.kind = n.kind AND b.batch_id <> n.batch_id
UNION SELECT m.of_batch, m.of_line, :batch, :line
FROM mended_rejects m JOIN batches b USING (batch_id)
WHERE m.batch_id = :of_batch AND m.line = :of_line AND substr(b.sha256, 1, 8) = :sha256
    AND m.of_batch <> :batch
"""
ANY = "SELECT EXISTS (SELECT 1 FROM mended_rejects)"
CLOSED_BY = f"""
SELECT j.batch_id, count(DISTINCT j.line)
FROM mended_rejects m JOIN rejects j ON j.batch_id = m.of_batch AND j.line = m.of_line
WHERE m.batch_id = ? AND {CLOSES} GROUP BY j.batch_id ORDER BY j.batch_id
"""
FORGET = "DELETE FROM mended_rejects WHERE batch_id = ?1 OR of_batch = ?1"


class Closed(NamedTuple):
    """So many rejects of a batch."""

    batch: int
    rows: int


def note(db: sqlite3.Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Keep which rows (batch, line) of a file are which rejects (of_batch, of_line, and the first
    eight characters of its file's sha256).
    """
    db.executemany(NOTE, rows)


def are_any(db: sqlite3.Connection) -> bool:
    """Whether any reject ever came back."""
    return bool(typed.number(db, ANY))


def closed_by(db: sqlite3.Connection, batch_id: int) -> list[Closed]:
    """The batches whose rejects came back in this one and are closed."""
    return typed.rows(db, Closed, CLOSED_BY, (batch_id,))


def forget(db: sqlite3.Connection, batch_id: int) -> None:
    """A batch is undone: nothing is closed by it, and it has no rejects."""
    db.execute(FORGET, (batch_id,))
