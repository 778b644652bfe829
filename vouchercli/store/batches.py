"""Batches: one imported file each, with its counts, its profile as it was, and the rows that were
refused.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.store import fact_digests, mended_rejects, typed
from vouchercli.store.lists import Listing, span

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.store.lists import Listed

    Row = sqlite3.Row


class Batch(NamedTuple):
    """One file that came in; `last_line` is its watermark, JSON are its `profile_json`, `header`
    and `options`. `open`: its rejects that have not come back mended.
    """

    batch: int
    kind: str
    programme_id: int | None
    programme: str | None
    file: str
    sha256: str
    profile: str
    profile_json: str
    encoding: str
    header: str
    state: str
    last_line: int
    options: str
    read: int
    accepted: int
    duplicate: int
    rejected: int
    warnings: int
    actor: str
    imported_at: int
    open: int


class Refusal(NamedTuple):
    """A row that was rejected, or accepted with a warning, and why; `detail` (JSON) explains the
    reason, `cells` (JSON) are kept of rejects. It may stand for `rows` of the same reason.
    """

    line: int
    reason: str
    detail: str
    cells: str = ""
    what: str = "rejected"
    rows: int = 1


class ClosedReject(NamedTuple):
    """A reject that came back mended, as line `by_line` of batch `by_batch`."""

    line: int
    reason: str
    detail: str
    cells: str
    by_batch: int
    by_line: int


class OpenReject(NamedTuple):
    """A reject of any file that has not come back."""

    batch: int
    kind: str
    file: str
    line: int
    reason: str
    detail: str
    cells: str


AnyReject = Refusal | ClosedReject | OpenReject
WARNED = "accepted with a warning"
BATCHES = f"""
SELECT b.batch_id, b.kind, b.programme_id, p.programme, b.file, b.sha256, b.profile, b.profile_json,
    b.encoding, b.header, b.state, b.last_line, b.options, b.read, b.accepted, b.duplicate,
    b.rejected, b.warnings, b.actor, b.imported_at,
    CASE b.state WHEN 'undone' THEN 0 ELSE b.rejected - {mended_rejects.CLOSED} END
FROM batches AS b LEFT JOIN programmes AS p USING (programme_id)
"""
STANDING = (
    BATCHES
    + """
WHERE b.kind = :kind AND b.programme_id IS :programme_id AND b.sha256 = :sha256
    AND b.state <> 'undone'
"""
)
NAMED = BATCHES + "WHERE b.batch_id = ?"
LIST = Listing(
    Batch,
    BATCHES
    + """
WHERE ifnull(b.kind = :kind, 1) AND ifnull(p.programme = :programme OR b.programme_id IS NULL, 1)
    AND b.imported_at BETWEEN :since AND :until
""",
    "b.batch_id DESC",
)
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
REJECTS = f"""
SELECT j.line, j.reason, j.detail, j.cells FROM rejects j
WHERE j.batch_id = ? AND (? IS NULL OR j.reason IN (SELECT value FROM json_each(?)))
    AND NOT {mended_rejects.IS_CLOSED} ORDER BY j.line
"""
OPEN = Listing(
    Refusal,
    f"""
SELECT j.line, j.reason, j.detail, j.cells FROM rejects j
WHERE j.batch_id = :batch_id AND NOT {mended_rejects.IS_CLOSED}
""",
    "j.line",
)
CLOSED = Listing(
    ClosedReject,
    f"""
SELECT j.line, j.reason, j.detail, j.cells, m.batch_id, m.line
FROM rejects j JOIN mended_rejects m ON m.of_batch = j.batch_id AND m.of_line = j.line
WHERE j.batch_id = :batch_id AND {mended_rejects.CLOSES}
""",
    "j.line, m.batch_id, m.line",
)
# Of a row that came again and was refused again only the last time.
OPEN_ANYWHERE = Listing(
    OpenReject,
    """
SELECT b.batch_id, b.kind, b.file, j.line, j.reason, j.detail, j.cells
FROM rejects j JOIN batches b USING (batch_id) LEFT JOIN programmes p USING (programme_id)
WHERE ifnull(b.kind = :kind, 1) AND ifnull(p.programme = :programme OR b.programme_id IS NULL, 1)
    AND NOT EXISTS (
        SELECT 1 FROM mended_rejects m WHERE m.of_batch = j.batch_id AND m.of_line = j.line)
""",
    "j.batch_id, j.line",
)
WITH_WAITING = (
    BATCHES
    + """
WHERE b.kind = :kind AND b.programme_id IS :programme_id AND b.state = 'done'
    AND b.batch_id <> :batch
  AND EXISTS (SELECT 1 FROM rejects j WHERE j.batch_id = b.batch_id AND j.reason IN (SELECT value
      FROM json_each(:reasons)))
ORDER BY b.batch_id
"""
)
FIRST_REJECTS = f"""
SELECT j.line, j.reason, j.detail FROM rejects j
WHERE j.batch_id = ? AND NOT {mended_rejects.IS_CLOSED} ORDER BY j.line LIMIT ?
"""
FIRST_WARNINGS = (
    "SELECT line, reason, detail FROM warnings WHERE batch_id = ? ORDER BY line, reason LIMIT ?"
)
REASONS = """
SELECT min(line), reason, detail, '', 'rejected', count(*) FROM rejects
    WHERE batch_id = ?1 GROUP BY reason
UNION ALL
SELECT min(line), reason, detail, '', ?2, count(*) FROM warnings
    WHERE batch_id = ?1 GROUP BY reason
ORDER BY 5 DESC, 6 DESC, 2
"""
REJECT_BLOCKS = """
SELECT DISTINCT ((batch_id << 30) + (line >> 6)) >> 6 FROM rejects WHERE batch_id = :batch_id
"""
FORGET_REJECTS = "DELETE FROM rejects WHERE batch_id = :batch_id"
FORGET_REJECT = "DELETE FROM rejects WHERE batch_id = ? AND line = ?"
FORGET_WARNINGS = "DELETE FROM warnings WHERE batch_id = ?"
MARK_UNDONE = "UPDATE batches SET state = 'undone' WHERE batch_id = ?"


def standing(
    db: sqlite3.Connection, kind: str, programme_id: int | None, sha256: str
) -> Batch | None:
    """The batch of this very file, done or under way, if it was not undone."""
    asked = {"kind": kind, "programme_id": programme_id, "sha256": sha256}
    return typed.row(db, Batch, STANDING, asked)


def named(db: sqlite3.Connection, batch_id: int) -> Batch:
    """The batch of that number. Raises `unknown_batch`."""
    for row in db.execute(NAMED, (batch_id,)):
        return Batch._make(row)
    raise VoucherError(
        "unknown_batch", "there is no batch {batch}", hint="voucher batch list", batch=batch_id
    )


def listed(
    db: sqlite3.Connection,
    *,
    kind: str | None,
    programme: str | None,
    since: int | None = None,
    until: int | None = None,
) -> Listed:
    """The batches (`Batch`) imported from `since` to `until` (UTC seconds; None: any), newest
    first; of one programme: also those of the whole city.
    """
    return LIST.of(db, kind=kind, programme=programme, **span(since, until))


def last_of_profile(db: sqlite3.Connection, kind: str, profile: str) -> int | None:
    """The newest batch of that kind and profile that was not undone."""
    batch_id: int | None = db.execute(LAST_OF_PROFILE, (kind, profile)).fetchone()[0]
    return batch_id


def reasons(db: sqlite3.Connection, batch_id: int) -> list[Refusal]:
    """For each reason and outcome the first row."""
    return typed.rows(db, Refusal, REASONS, (batch_id, WARNED))


def refuse_built_upon(
    db: sqlite3.Connection, batch_id: int, statement: str, *, is_granted: bool = False
) -> None:
    """Raise `batch_built_upon` when something stands on a batch that is to be undone: `statement`
    says which later batches (batch_id) with how many rows (later); `is_granted`: with packs.
    """
    standing = db.execute(statement, (batch_id,)).fetchall()
    if standing:
        raise VoucherError(
            "batch_built_upon",
            "batch {batch} cannot be undone: packs were granted for {count} of its rows (batches"
            " {batches})"
            if is_granted
            else "batch {batch} cannot be undone: {count} later rows depend on it (batches"
            " {batches})",
            hint="voucher batch show {last}" if is_granted else "voucher batch undo {last}",
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


def open_rejects(db: sqlite3.Connection, batch_id: int) -> Listed:
    """The rejected rows (`Refusal`) of a batch that have not come back mended, by line."""
    return OPEN.of(db, batch_id=batch_id)


def closed_rejects(db: sqlite3.Connection, batch_id: int) -> Listed:
    """The rejected rows (`ClosedReject`) of a batch that have come back mended, by line."""
    return CLOSED.of(db, batch_id=batch_id)


def open_anywhere(db: sqlite3.Connection, *, kind: str | None, programme: str | None) -> Listed:
    """The open rejects (`OpenReject`) of all batches, by batch and line; of one programme: also
    those of the whole city.
    """
    return OPEN_ANYWHERE.of(db, kind=kind, programme=programme)


def rejects(
    db: sqlite3.Connection, batch_id: int, reasons: tuple[str, ...] | None = None
) -> list[Refusal]:
    """The rejected rows of a batch that have not come back mended, of these reasons (None: all)."""
    wanted = json.dumps(reasons) if reasons is not None else None
    return typed.rows(db, Refusal, REJECTS, (batch_id, wanted, wanted))


CAN_BE_RETRIED = f"""
SELECT EXISTS (SELECT 1 FROM rejects j WHERE j.batch_id = ?
    AND j.reason NOT IN (SELECT value FROM json_each(?)) AND NOT {mended_rejects.IS_CLOSED})
"""


def can_be_retried(db: sqlite3.Connection, batch_id: int, for_ever: tuple[str, ...]) -> bool:
    """Whether a batch has open rejects of other reasons than these."""
    return bool(typed.number(db, CAN_BE_RETRIED, (batch_id, json.dumps(for_ever))))


def with_waiting(db: sqlite3.Connection, batch: Batch, reasons: tuple[str, ...]) -> list[Batch]:
    """The other batches of the same kind and programme that have rejects of these reasons."""
    asked = {**batch._asdict(), "reasons": json.dumps(reasons)}
    return typed.rows(db, Batch, WITH_WAITING, asked)


# Rows that were later than now when they were read; what their own time is, its kind says. Claims
# come before what is paid with them.
AT = """coalesce(json_extract(j.detail, '$.paid_at'), json_extract(j.detail, '$.claimed_at'),
    json_extract(j.detail, '$.applied_at'))"""
IN_FUTURE = f"""
SELECT b.batch_id, b.file, b.programme_id, min({AT})
FROM rejects j JOIN batches b USING (batch_id) JOIN programmes p USING (programme_id)
WHERE j.reason = 'in_future' AND b.state = 'done' AND ifnull(p.programme = :programme, 1)
    AND NOT {mended_rejects.IS_CLOSED}
GROUP BY b.batch_id ORDER BY b.kind, min({AT}), b.batch_id
"""
LINES_UNTIL = f"""
SELECT j.line FROM rejects j WHERE j.batch_id = ? AND j.reason = 'in_future' AND {AT} <= ?
    AND NOT {mended_rejects.IS_CLOSED}
"""


class InFuture(NamedTuple):
    """A batch with rows later than now; `first_at`: the time of the first of them."""

    batch: int
    file: str
    programme_id: int
    first_at: int


def in_future(db: sqlite3.Connection, programme: str | None) -> list[InFuture]:
    """The batches, of one programme or of all, with rows that were later than now."""
    return typed.rows(db, InFuture, IN_FUTURE, {"programme": programme})


def lines_until(db: sqlite3.Connection, batch_id: int, at: int) -> frozenset[int]:
    """The lines of such rows whose time has come by `at`."""
    return frozenset(typed.column(db, LINES_UNTIL, (batch_id, at)))


def first(db: sqlite3.Connection, batch_id: int, most: int) -> tuple[list[Refusal], list[Refusal]]:
    """The first rejects that are open, and the first rows accepted with a warning."""
    rejected, warned = (
        typed.rows(db, Refusal, asked, (batch_id, most))
        for asked in (FIRST_REJECTS, FIRST_WARNINGS)
    )
    return rejected, warned


def reading_digest(
    profile: str, profile_json: str, encoding: str, header: str, options: str
) -> str:
    """SHA-256 of how a file was read: its profile by name and as JSON, its encoding, its header,
    its options, as the batch keeps them.
    """
    return hashlib.sha256(
        json.dumps([profile, profile_json, encoding, header, options]).encode()
    ).hexdigest()


READING = "SELECT profile, profile_json, encoding, header, options FROM batches WHERE batch_id = ?"


def reading(db: sqlite3.Connection, batch_id: int) -> str:
    """`reading_digest` of a batch."""
    return reading_digest(*typed.tuples(db, READING, (batch_id,))[0])


def forget_rejects(db: sqlite3.Connection, places: Iterable[tuple[int, int]]) -> None:
    """Drop these rejects (batch_id, line): they have been judged anew."""
    some = [*places]
    blocks = {fact_digests.place(*each) for each in some}
    held = fact_digests.hold(db, "rejects", blocks)
    db.executemany(FORGET_REJECT, some)
    fact_digests.renew(db, "rejects", held)


def mark_undone(db: sqlite3.Connection, batch_id: int) -> None:
    """The batch stays in the list with its counts; its rejects and warnings go (they are in the
    file).
    """
    with fact_digests.changing(db, "rejects", of=REJECT_BLOCKS, batch_id=batch_id):
        db.execute(FORGET_REJECTS, {"batch_id": batch_id})
    db.execute(FORGET_WARNINGS, (batch_id,))
    mended_rejects.forget(db, batch_id)
    db.execute(MARK_UNDONE, (batch_id,))


UNFINISHED = (
    "SELECT min(batch_id) FROM batches WHERE kind = ? AND programme_id = ? AND state = 'importing'"
)


def unfinished(db: sqlite3.Connection, kind: str, programme_id: int) -> int | None:
    """A batch of that kind whose import is under way, or was stopped; None when there is none."""
    batch_id: int | None = db.execute(UNFINISHED, (kind, programme_id)).fetchone()[0]
    return batch_id
