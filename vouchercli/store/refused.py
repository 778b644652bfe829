"""Rejected rows over all files of a programme."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

FILES = """
FROM batches b WHERE b.programme_id = :programme_id AND b.state = 'done'
    AND b.kind IN ('applications', 'eligibility', 'claims', 'redemptions')
    AND b.batch_id NOT IN (SELECT batch_id FROM correction_batches)
    AND ifnull(b.imported_at >= :since, 1) AND ifnull(b.imported_at <= :until, 1)
"""
SUMS = """
    count(*), CAST(sum(b.read) AS BIGINT), CAST(sum(b.accepted) AS BIGINT),
    CAST(sum(b.duplicate) AS BIGINT), CAST(sum(b.rejected) AS BIGINT)
"""
BY_KIND = f"SELECT b.kind, '', {SUMS} {FILES} GROUP BY b.kind ORDER BY b.kind"
BY_PROFILE = f"""
SELECT b.kind, b.profile, {SUMS} {FILES} GROUP BY b.kind, b.profile ORDER BY b.kind, b.profile
"""
BY_REASON = f"""
SELECT k.kind, j.reason, count(*), count(DISTINCT j.batch_id),
    CAST(ifnull(sum(json_extract(j.detail, '$.subsidy_fen')), 0) AS BIGINT)
FROM (SELECT b.batch_id, b.kind {FILES}) k CROSS JOIN rejects j ON j.batch_id = k.batch_id
GROUP BY k.kind, j.reason ORDER BY k.kind, count(*) DESC, j.reason
"""


class Counts(NamedTuple):
    """What became of the rows of files of a kind (and profile)."""

    kind: str
    profile: str
    files: int
    read: int
    accepted: int
    duplicate: int
    rejected: int


class Reason(NamedTuple):
    """Rows that were rejected for a reason; `subsidy_fen`: what their files say the vouchers
    paid.
    """

    kind: str
    reason: str
    rows: int
    files: int
    subsidy_fen: int


def _asked(programme_id: int, since: int | None, until: int | None) -> dict[str, int | None]:
    return {"programme_id": programme_id, "since": since, "until": until}


def by_kind(
    db: sqlite3.Connection, programme_id: int, since: int | None, until: int | None
) -> list[Counts]:
    """The rows of all files imported in a span (UTC seconds, None: open), by kind of file."""
    return typed.rows(db, Counts, BY_KIND, _asked(programme_id, since, until))


def by_profile(
    db: sqlite3.Connection, programme_id: int, since: int | None, until: int | None
) -> list[Counts]:
    """The same by kind and profile."""
    return typed.rows(db, Counts, BY_PROFILE, _asked(programme_id, since, until))


def by_reason(
    db: sqlite3.Connection, programme_id: int, since: int | None, until: int | None
) -> list[Reason]:
    """What is rejected still, by kind of file and reason, the most first."""
    return typed.rows(db, Reason, BY_REASON, _asked(programme_id, since, until))
