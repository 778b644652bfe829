"""The store of the schedule: the rounds that may have jobs, the jobs done, the heartbeat, and the
lock that lets one tick work at a time.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import Busy
from vouchercli.rules.schedule import Scheduled
from vouchercli.store.db import busy_or_refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = """
SELECT r.round_id, p.programme, r.round, p.time_zone AS zone, r.state, r.mode, r.platform,
    r.hands_winners, r.lead_id, (SELECT o.opens_at FROM rounds o WHERE o.lead_id = r.round_id
        AND o.state <> 'cancelled') AS arm_opens_at, r.revision, r.opens_at, r.closes_at,
    (SELECT max(a.ended_at) FROM proposals a WHERE a.subject = 'round' AND a.subject_id = r.round_id
        AND a.kind = 'approval' AND a.state = 'effective' AND a.after ->> 'revision' = r.revision
        AND r.state NOT IN ('draft', 'submitted')) AS approved_at,
    d.registration_closes_at, d.committed_at IS NOT NULL AS seed_committed,
    d.drawn_at IS NOT NULL AS drawn, ifnull(d.public_source, '') <> '' AS waits_for_text,
    -- what there is to allocate: it changes when a file came, was retried or undone, when a second
    -- person let residents on the list, and when packs were added
    CASE WHEN r.claimed + r.released < r.packs AND CASE r.mode
        WHEN 'fcfs' THEN EXISTS (SELECT 1 FROM applications a WHERE a.round_id = r.round_id)
        ELSE EXISTS (SELECT 1 FROM eligibility e WHERE e.programme_id = r.programme_id) END
    THEN (SELECT ifnull(max(b.batch_id), 0) || ' ' || ifnull(sum(b.accepted), 0) || ' ' || r.packs
        FROM batches b WHERE b.kind IN ('applications', 'eligibility')
            AND b.programme_id = r.programme_id AND b.state = 'done')
        || ifnull((SELECT ' ' || max(l.proposal_id) FROM proposals l JOIN batches b
            ON b.batch_id = l.subject_id AND b.programme_id = r.programme_id
            WHERE l.subject = 'list' AND l.state = 'effective'), '')
    ELSE '' END AS to_allocate,
    ifnull((SELECT max(m.ended_at) FROM proposals m
     WHERE m.subject = 'round' AND m.subject_id = r.round_id AND m.state = 'effective'
         AND m.kind IN ('top-up', 'reduce', 'reschedule', 'reopen', 'extend')), 0) AS amended_at,
    (SELECT i.terms_sha256 FROM issuance_orders i WHERE i.round_id = r.round_id
        ORDER BY i.number DESC LIMIT 1) AS ordered_sha256
FROM rounds r JOIN programmes p USING (programme_id)
    LEFT JOIN draws d ON d.round_id = ifnull(r.lead_id, r.round_id)
WHERE r.state IN ('draft', 'submitted', 'approved', 'open', 'paused')
    AND ifnull(p.programme = :programme, 1)
    AND ifnull(r.round_id = :round_id, 1)
ORDER BY r.opens_at, r.round_id
"""
DO = "INSERT OR IGNORE INTO deeds (deed, round_id, key, due_at, done_at) VALUES (?, ?, ?, ?, ?)"
IS_DONE = (
    "SELECT EXISTS (SELECT 1 FROM deeds WHERE deed = ? AND ifnull(round_id, 0) = ifnull(?, 0) AND"
    " key = ?)"
)


def list_rounds(
    db: sqlite3.Connection, programme: str | None, round_id: int | None = None
) -> list[tuple[Scheduled, str]]:
    """List the rounds that may still have jobs, by opening; only those of one programme, or one
    round, when that is given. Each comes with the digest of the terms of its last order ('':
    none); the caller compares it with the present terms.
    """
    wanted = {"programme": programme, "round_id": round_id}
    return [_read_scheduled(dict(row)) for row in db.execute(ROUNDS, wanted)]


def _read_scheduled(known: dict[str, Any]) -> tuple[Scheduled, str]:
    ordered = known.pop("ordered_sha256") or ""
    return Scheduled(**known, was_ordered=bool(ordered)), ordered


def note_done(
    db: sqlite3.Connection, job: str, round_id: int | None, key: str, due_at: int, done_at: int
) -> bool:
    """Record a job as done; False when it was done before."""
    return db.execute(DO, (job, round_id, key, min(due_at, done_at), done_at)).rowcount == 1


def is_done(db: sqlite3.Connection, job: str, round_id: int | None, key: str) -> bool:
    """Whether the job is done."""
    return bool(db.execute(IS_DONE, (job, round_id, key)).fetchone()[0])


# ---------------------------------------------------------------- heartbeat

BEAT = """
INSERT INTO heartbeat (only, ticks, beat_at, entered_at, host, os_user, failed, last_deed_at,
    last_late, most_late, longest_gap)
VALUES (1, 1, :at, :entered_at, :host, :os_user, :failed, :deed_at, :late, ifnull(:late, 0), 0)
ON CONFLICT DO UPDATE SET ticks = ticks + 1, longest_gap = max(longest_gap,
    excluded.beat_at - beat_at), beat_at = excluded.beat_at,
    entered_at = excluded.entered_at, host = excluded.host, os_user = excluded.os_user,
        failed = excluded.failed,
    last_deed_at = ifnull(excluded.last_deed_at, last_deed_at),
        last_late = ifnull(excluded.last_late, last_late),
    most_late = max(most_late, excluded.most_late), jumped_at = NULL
"""
NOTE_JUMP = "UPDATE heartbeat SET jumped_at = ?"
HEARTBEAT = (
    "SELECT beat_at, last_late, ticks, host, os_user, failed, most_late, longest_gap, jumped_at"
    " FROM heartbeat"
)


class Heartbeat(NamedTuple):
    """The last tick: when, who ran it on which host, and how many jobs `failed`. Of all ticks: how
    many there were, how late the latest job was and the longest gap between two, in seconds.
    `jumped_at`: what a clock said since that was not believed.
    """

    at: int
    last_late: int | None
    ticks: int
    host: str
    os_user: str
    failed: int
    most_late: int
    longest_gap: int
    jumped_at: int | None


def note_beat(db: sqlite3.Connection, **values: Any) -> None:
    """Record the end of a tick: `at`, `entered_at`, `host`, `os_user`, how many jobs `failed`;
    `deed_at` and `late` (seconds) when it did a job.
    """
    db.execute(BEAT, values)


def note_jump(db: sqlite3.Connection, at: int) -> None:
    """Record that a tick did nothing, because its clock said `at`; the next tick that works takes
    it back.
    """
    db.execute(NOTE_JUMP, (at,))


def read_heartbeat(db: sqlite3.Connection) -> Heartbeat | None:
    """Read the last tick and the figures of all ticks; None before the first."""
    row = db.execute(HEARTBEAT).fetchone()
    return Heartbeat._make(row) if row else None


# ---------------------------------------------------------------- one tick at a time


@contextmanager
def hold_clock(path: Path) -> Iterator[None]:
    """Hold the lock of the tick for the database at `path`; raises `Busy` at once when another tick
    holds it.

    SQLite locks a small file beside the database. Imports and reports go on meanwhile, the lock
    works wherever the locks of the database do, and the system releases it when the process dies.
    """
    lock = _lock(path.resolve().with_name(f"{path.resolve().name}-tick"), path)
    try:
        yield
    finally:
        lock.close()


def _lock(beside: Path, path: Path) -> sqlite3.Connection:
    try:
        lock = sqlite3.connect(beside, isolation_level=None, timeout=0)
        lock.execute("BEGIN IMMEDIATE")
    except sqlite3.DatabaseError as error:
        refused = busy_or_refused(error, beside)
        if isinstance(refused, Busy):
            raise Busy(
                "tick_running",
                "another tick is running on {path}",
                hint="nothing to do: the other tick does what is due",
                path=str(path),
            ) from error
        raise refused from error
    return lock
