"""Batches: one imported file each, with its counts, its profile as it was, and the rows that were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError

if TYPE_CHECKING:
    import sqlite3

    Row = sqlite3.Row

DONE = """
SELECT * FROM batches WHERE kind = :kind AND programme_id IS :programme_id AND sha256 = :sha256 AND state = 'done'
"""
NAMED = "SELECT b.*, p.programme FROM batches AS b LEFT JOIN programmes AS p USING (programme_id) WHERE batch_id = ?"
LIST = """
SELECT b.*, p.programme FROM batches AS b LEFT JOIN programmes AS p USING (programme_id)
WHERE ifnull(b.kind = :kind, 1) AND ifnull(p.programme = :programme OR b.programme_id IS NULL, 1)
ORDER BY b.batch_id DESC LIMIT :limit
"""
LAST_OF_PROFILE = "SELECT max(batch_id) FROM batches WHERE kind = ? AND profile = ? AND state = 'done'"
BEGIN = """
INSERT INTO batches (kind, programme_id, file, sha256, profile, profile_json, encoding, header, state, read, accepted, duplicate, rejected,
                     warnings, actor, imported_at)
VALUES (:kind, :programme_id, :file, :sha256, :profile, :profile_json, :encoding, :header, 'done', 0, 0, 0, 0, 0, :actor, :imported_at)
"""
FINISH = """
UPDATE batches SET read = :read, accepted = :accepted, duplicate = :duplicate, rejected = :rejected, warnings = :warnings
WHERE batch_id = :batch_id
"""
REASONS = """
SELECT reason, 'rejected' AS what, count(*) AS rows, min(line) AS line, detail FROM rejects WHERE batch_id = ?1 GROUP BY reason
UNION ALL
SELECT reason, 'accepted with a warning', count(*), min(line), detail FROM warnings WHERE batch_id = ?1 GROUP BY reason
ORDER BY 2 DESC, 3 DESC, 1
"""
REJECTS = "SELECT line, reason, detail, cells FROM rejects WHERE batch_id = ? ORDER BY line"
RETRIED = """
UPDATE batches SET accepted = accepted + :accepted, duplicate = duplicate + :duplicate,
    rejected = rejected - :accepted - :duplicate, warnings = warnings + :warnings
WHERE batch_id = :batch_id
"""
FORGET_REJECTS = "DELETE FROM rejects WHERE batch_id = ?"
FORGET_WARNINGS = "DELETE FROM warnings WHERE batch_id = ?"
MARK_UNDONE = "UPDATE batches SET state = 'undone' WHERE batch_id = ?"


def done(db: sqlite3.Connection, kind: str, programme_id: int | None, sha256: str) -> Row | None:
    """The batch that took in this very file before, if it was not undone."""
    row: Row | None = db.execute(DONE, {"kind": kind, "programme_id": programme_id, "sha256": sha256}).fetchone()
    return row


def named(db: sqlite3.Connection, batch_id: int) -> Row:
    """The batch of that number, its programme's code beside it. Raises `unknown_batch`."""
    row: Row | None = db.execute(NAMED, (batch_id,)).fetchone()
    if row is None:
        raise VoucherError("unknown_batch", "there is no batch {batch}", hint="voucher batch list", batch=batch_id)
    return row


def listed(db: sqlite3.Connection, *, kind: str | None, programme: str | None, limit: int) -> list[Row]:
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
    """The refusal to undo a batch: `standing` says which later batches (batch_id) stand on it with how many rows (later)."""
    return VoucherError(
        "batch_built_upon", "batch {batch} cannot be undone: {count} later rows stand on it (batches {batches})",
        hint="voucher batch undo {last}", batch=batch_id, count=sum(row["later"] for row in standing),
        batches=", ".join(str(row["batch_id"]) for row in standing), last=standing[-1]["batch_id"],
    )


def begin(db: sqlite3.Connection, **values: Any) -> int:
    """Open a batch; its counts come with `finish`, in the same transaction. Gives the batch_id."""
    return int(db.execute(BEGIN, values).lastrowid or 0)


def finish(db: sqlite3.Connection, batch_id: int, **counts: int) -> None:
    """Write the batch's counts: read = accepted + duplicate + rejected."""
    db.execute(FINISH, {"batch_id": batch_id, **counts})


def rejects(db: sqlite3.Connection, batch_id: int) -> list[Row]:
    """The refused rows of a batch: line, reason, detail (JSON), cells (JSON list)."""
    return db.execute(REJECTS, (batch_id,)).fetchall()


def retried(db: sqlite3.Connection, batch_id: int, *, accepted: int, duplicate: int, warnings: int) -> None:
    """Move what a retry took in from the rejected to the accepted and the duplicate."""
    db.execute(RETRIED, {"batch_id": batch_id, "accepted": accepted, "duplicate": duplicate, "warnings": warnings})


def forget_rejects(db: sqlite3.Connection, batch_id: int) -> None:
    """Drop a batch's rejects: they are judged anew, or the batch is undone."""
    db.execute(FORGET_REJECTS, (batch_id,))


def mark_undone(db: sqlite3.Connection, batch_id: int) -> None:
    """The batch stays in the list with its counts; its rejects and warnings go (they are in the file)."""
    db.execute(FORGET_REJECTS, (batch_id,))
    db.execute(FORGET_WARNINGS, (batch_id,))
    db.execute(MARK_UNDONE, (batch_id,))
