"""Batches: one imported file each, with its counts, its profile as it was, and the rows that were
refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    Row = sqlite3.Row

STANDING = """
SELECT * FROM batches WHERE kind = :kind AND programme_id IS :programme_id AND sha256 = :sha256
    AND state <> 'undone'
"""
NAMED = (
    "SELECT b.*, p.programme FROM batches AS b LEFT JOIN programmes AS p USING (programme_id) WHERE"
    " batch_id = ?"
)
LIST = """
SELECT b.*, p.programme FROM batches AS b LEFT JOIN programmes AS p USING (programme_id)
WHERE ifnull(b.kind = :kind, 1) AND ifnull(p.programme = :programme OR b.programme_id IS NULL, 1)
ORDER BY b.batch_id DESC LIMIT :limit
"""
LAST_OF_PROFILE = (
    "SELECT max(batch_id) FROM batches WHERE kind = ? AND profile = ? AND state = 'done'"
)
BEGIN = """
INSERT INTO batches (kind, programme_id, file, sha256, profile, profile_json, encoding, header,
    state, read, accepted, duplicate, rejected,
                     warnings, actor, imported_at, options)
VALUES (:kind, :programme_id, :file, :sha256, :profile, :profile_json, :encoding, :header,
    'importing', 0, 0, 0, 0, 0, :actor,
    :imported_at, :options)
"""
ADD = """
UPDATE batches SET read = read + :read, accepted = accepted + :accepted,
    duplicate = duplicate + :duplicate,
    rejected = rejected + :rejected, warnings = warnings + :warnings, last_line = :last_line,
        chunks = chunks + 1
WHERE batch_id = :batch_id
"""
MOVE = """
UPDATE batches SET accepted = accepted + :accepted, duplicate = duplicate + :duplicate,
    rejected = rejected + :rejected,
    warnings = (SELECT count(*) FROM warnings w WHERE w.batch_id = :batch_id)
WHERE batch_id = :batch_id
"""
FINISH = "UPDATE batches SET state = 'done' WHERE batch_id = ?"
WAITING = """
SELECT j.line, j.reason, j.cells FROM rejects j
WHERE j.batch_id = ? AND (? IS NULL OR j.reason IN (SELECT value FROM json_each(?))) ORDER BY j.line
"""
WITH_WAITING = """
SELECT b.* FROM batches b
WHERE b.kind = :kind AND b.programme_id IS :programme_id AND b.state = 'done'
    AND b.batch_id <> :batch_id
  AND EXISTS (SELECT 1 FROM rejects j WHERE j.batch_id = b.batch_id AND j.reason IN (SELECT value
      FROM json_each(:reasons)))
ORDER BY b.batch_id
"""
FIRST_REJECTS = "SELECT line, reason, detail FROM rejects WHERE batch_id = ? ORDER BY line LIMIT ?"
FIRST_WARNINGS = (
    "SELECT line, reason, detail FROM warnings WHERE batch_id = ? ORDER BY line, reason LIMIT ?"
)
REASONS = """
SELECT reason, 'rejected' AS what, count(*) AS rows, min(line) AS line, detail FROM rejects
    WHERE batch_id = ?1 GROUP BY reason
UNION ALL
SELECT reason, 'accepted with a warning', count(*), min(line), detail FROM warnings
    WHERE batch_id = ?1 GROUP BY reason
ORDER BY 2 DESC, 3 DESC, 1
"""
REJECTS = "SELECT line, reason, detail, cells FROM rejects WHERE batch_id = ? ORDER BY line"
FORGET_REJECTS = "DELETE FROM rejects WHERE batch_id = ?"
FORGET_REJECT = "DELETE FROM rejects WHERE batch_id = ? AND line = ?"
FORGET_WARNINGS = "DELETE FROM warnings WHERE batch_id = ?"
MARK_UNDONE = "UPDATE batches SET state = 'undone' WHERE batch_id = ?"


def standing(
    db: sqlite3.Connection, kind: str, programme_id: int | None, sha256: str
) -> Row | None:
    """The batch of this very file, done or under way, if it was not undone."""
    row: Row | None = db.execute(
        STANDING, {"kind": kind, "programme_id": programme_id, "sha256": sha256}
    ).fetchone()
    return row


def named(db: sqlite3.Connection, batch_id: int) -> Row:
    """The batch of that number, its programme's code beside it. Raises `unknown_batch`."""
    row: Row | None = db.execute(NAMED, (batch_id,)).fetchone()
    if row is None:
        raise VoucherError(
            "unknown_batch", "there is no batch {batch}", hint="voucher batch list", batch=batch_id
        )
    return row


def listed(
    db: sqlite3.Connection, *, kind: str | None, programme: str | None, limit: int
) -> list[Row]:
    """The batches, newest first; of one programme: also those of the whole city."""
    return db.execute(LIST, {"kind": kind, "programme": programme, "limit": limit}).fetchall()


def last_of_profile(db: sqlite3.Connection, kind: str, profile: str) -> int | None:
    """The newest batch of that kind and profile that was not undone."""
    found: int | None = db.execute(LAST_OF_PROFILE, (kind, profile)).fetchone()[0]
    return found


def reasons(db: sqlite3.Connection, batch_id: int) -> list[Row]:
    """Reason, outcome, number of rows, and the first of them with its detail."""
    return db.execute(REASONS, (batch_id,)).fetchall()


def built_upon(batch_id: int, standing: list[Row]) -> VoucherError:
    """The refusal to undo a batch: `standing` says which later batches (batch_id) stand on it with
    how many rows (later).
    """
    return VoucherError(
        "batch_built_upon",
        "batch {batch} cannot be undone: {count} later rows depend on it (batches {batches})",
        hint="voucher batch undo {last}",
        batch=batch_id,
        count=sum(row["later"] for row in standing),
        batches=", ".join(str(row["batch_id"]) for row in standing),
        last=standing[-1]["batch_id"],
    )


def begin(db: sqlite3.Connection, **values: Any) -> int:
    """Open a batch, under way until `finish`. Gives the batch_id."""
    return int(db.execute(BEGIN, values).lastrowid or 0)


def add(db: sqlite3.Connection, batch_id: int, *, last_line: int, **counts: int) -> None:
    """Add the counts of one chunk (read, accepted, duplicate, rejected, warnings) and set the
    watermark.
    """
    db.execute(ADD, {"batch_id": batch_id, "last_line": last_line, **counts})


def move(
    db: sqlite3.Connection, batch_id: int, *, accepted: int, duplicate: int, rejected: int
) -> None:
    """Move rows that were judged again from one count to another: the three changes add up to
    nothing.
    """
    db.execute(
        MOVE,
        {"batch_id": batch_id, "accepted": accepted, "duplicate": duplicate, "rejected": rejected},
    )


def finish(db: sqlite3.Connection, batch_id: int) -> None:
    """The batch is done: every row of its file has been judged."""
    db.execute(FINISH, (batch_id,))


def waiting(db: sqlite3.Connection, batch_id: int, reasons: tuple[str, ...] | None) -> list[Row]:
    """The refused rows (line, reason, cells) of a batch, of these reasons (None: all)."""
    wanted = json.dumps(reasons) if reasons is not None else None
    return db.execute(WAITING, (batch_id, wanted, wanted)).fetchall()


def with_waiting(db: sqlite3.Connection, batch: Row, reasons: tuple[str, ...]) -> list[Row]:
    """The other batches of the same kind and programme that have rejects of these reasons."""
    values = {
        "kind": batch["kind"],
        "programme_id": batch["programme_id"],
        "batch_id": batch["batch_id"],
        "reasons": json.dumps(reasons),
    }
    return db.execute(WITH_WAITING, values).fetchall()


def first_rejects(db: sqlite3.Connection, batch_id: int, most: int) -> list[Row]:
    """The first rejected rows: line, reason, detail."""
    return db.execute(FIRST_REJECTS, (batch_id, most)).fetchall()


def first_warnings(db: sqlite3.Connection, batch_id: int, most: int) -> list[Row]:
    """The first rows accepted with a warning: line, reason, detail."""
    return db.execute(FIRST_WARNINGS, (batch_id, most)).fetchall()


def rejects(db: sqlite3.Connection, batch_id: int) -> list[Row]:
    """The refused rows of a batch: line, reason, detail (JSON), cells (JSON list)."""
    return db.execute(REJECTS, (batch_id,)).fetchall()


def forget_rejects(db: sqlite3.Connection, places: Iterable[tuple[int, int]]) -> None:
    """Drop these rejects (batch_id, line): they have been judged anew."""
    db.executemany(FORGET_REJECT, places)


def mark_undone(db: sqlite3.Connection, batch_id: int) -> None:
    """The batch stays in the list with its counts; its rejects and warnings go (they are in the
    file).
    """
    db.execute(FORGET_REJECTS, (batch_id,))
    db.execute(FORGET_WARNINGS, (batch_id,))
    db.execute(MARK_UNDONE, (batch_id,))


UNFINISHED = (
    "SELECT min(batch_id) FROM batches WHERE kind = ? AND programme_id = ? AND state = 'importing'"
)


def unfinished(db: sqlite3.Connection, kind: str, programme_id: int) -> int | None:
    """A batch of that kind whose import is under way, or was stopped; None when there is none."""
    batch_id: int | None = db.execute(UNFINISHED, (kind, programme_id)).fetchone()[0]
    return batch_id
