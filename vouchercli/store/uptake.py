"""How rounds were taken up, as reports read it: packs claimed, who claimed and used, what can still
be used, and rows that were rejected.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vouchercli.store import known_facts, prolongations, typed, used_claims
from vouchercli.store.reports import both

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.rules.leverage import Window
    from vouchercli.store.reports import Round

CLAIMED_DAYS = """
SELECT t.round_id, CAST(sum(t.claims) AS BIGINT) AS claims FROM claim_totals t
WHERE t.day BETWEEN :first_day AND :last_day GROUP BY t.round_id ORDER BY t.round_id
"""
CLAIMED_SPAN = """
SELECT r.round_id, count(*) AS claims FROM rounds r CROSS JOIN claims c ON c.round_id = r.round_id
WHERE c.claimed_at >= :from_at AND c.claimed_at < :until_at GROUP BY r.round_id ORDER BY r.round_id
"""


def claimed_packs(db: sqlite3.Connection, window: Window, zone: str) -> dict[int, int]:
    """Packs claimed in the window, by round."""
    packs: dict[int, int] = {}
    for round_id, count in both(db, window, zone, CLAIMED_DAYS, CLAIMED_SPAN):
        packs[round_id] = packs.get(round_id, 0) + count
    return packs


CLAIMS_OF_DAYS = """
SELECT t.round_id, t.day, t.claims FROM claim_totals t
WHERE t.day BETWEEN :first_day AND :last_day ORDER BY t.round_id, t.day
"""
CLAIMS_OF_SPAN = """
SELECT r.round_id, :day AS day, count(*) AS claims
FROM rounds r CROSS JOIN claims c ON c.round_id = r.round_id
WHERE c.claimed_at >= :from_at AND c.claimed_at < :until_at GROUP BY r.round_id ORDER BY r.round_id
"""


def claims_by_day(db: sqlite3.Connection, window: Window, zone: str) -> list[tuple[int, int, int]]:
    """Packs claimed in the window: (round, local day as yyyymmdd, packs)."""
    return [(*row,) for row in both(db, window, zone, CLAIMS_OF_DAYS, CLAIMS_OF_SPAN)]


LAST_CLAIM = "SELECT max(claimed_at) FROM claims WHERE round_id = ? AND claimed_at <= ?"
CLAIMERS = "SELECT count(DISTINCT resident) FROM claims WHERE round_id = ? AND claimed_at <= ?"
# Claims of a round expire in the order in which they were made, but for an hour that comes twice:
# only those around the first that is alive are read, all later ones are counted by the index.
EXPIRES = """
SELECT claimed_at, expires_at FROM claims WHERE round_id = ? AND claimed_at >= ?
ORDER BY claimed_at LIMIT 1
"""
# Two questions: of both at once, SQLite would read all claims of the round.
SPAN_OF_CLAIMS = """
SELECT (SELECT min(claimed_at) FROM claims WHERE round_id = ?1),
    (SELECT max(claimed_at) FROM claims WHERE round_id = ?1)
"""
UNEXPIRED = """
SELECT count(*) FROM claims WHERE round_id = :round_id AND claimed_at >= :from_at
    AND claimed_at < :until_at AND claimed_at <= :as_of AND expires_at > :at
"""
UNEXPIRED_FOR_SURE = """
SELECT count(*) FROM claims WHERE round_id = :round_id AND claimed_at >= :from_at
    AND claimed_at <= :as_of
"""
TWICE = 7_200  # seconds: more than an hour that comes twice
# The face that was used of claims that can still be used; the claims lead, each finds its
# redemptions by its key.
USED_UNEXPIRED = """
SELECT CAST(coalesce(sum(x.face_fen), 0) AS BIGINT) AS face_fen
FROM claims c CROSS JOIN redemption_facts x
    ON x.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023
WHERE c.round_id = :round_id AND c.claimed_at <= :as_of AND c.expires_at > :at
    AND x.paid_at <= :as_of
"""
# Of a report as it was known on a sealed day: what was booked later, and what was reversed later.
USED_LATER = tuple(
    f"""
SELECT CAST(coalesce(sum({sign}f.face_fen), 0) AS BIGINT) {facts}
    AND f.round_id = :round_id AND f.paid_at <= :as_of
    AND f.voucher / 1024 IN (SELECT claim_id FROM claims WHERE round_id = :round_id
        AND claimed_at <= :as_of AND expires_at > :at)
"""
    for facts, sign in ((known_facts.LATE, "-"), (known_facts.REVERSED, ""))
)
RESIDENTS = """
SELECT count(DISTINCT resident) FROM claims
WHERE claim_id IN (SELECT value FROM json_each(?))
"""


def last_claim(db: sqlite3.Connection, round_id: int, as_of: int) -> int:
    """When the last claim up to `as_of` was made (UTC seconds): of a round that is sold out, when
    it sold out.
    """
    return typed.number(db, LAST_CLAIM, (round_id, as_of))


def claimers(db: sqlite3.Connection, round_id: int, as_of: int) -> int:
    """Different residents who had claimed by `as_of`."""
    return typed.number(db, CLAIMERS, (round_id, as_of))


def users(db: sqlite3.Connection, rounds: Iterable[Round], window: Window) -> dict[int, int]:
    """Different residents with a voucher that stood used at the end of the window, by round. Where
    a resident may claim once, a claim is a person.
    """
    used = used_claims.Used(db, window.last_day)
    for from_at, until_at in window.partial:
        used.go_on(from_at, until_at)
    return {
        row.round_id: used.count(row.round_id)
        if row.per_resident == 1
        else typed.number(db, RESIDENTS, (json.dumps(used.claims(row.round_id)),))
        for row in rounds
    }


def unexpired_claims(db: sqlite3.Connection, round_id: int, as_of: int, at: int) -> int:
    """How many of the claims made by `as_of` can still be used at `at`."""
    at = _expires_after(db, round_id, as_of, at)
    first_at = _first_alive(db, round_id, at)
    if first_at is None:
        return 0
    asked = {"round_id": round_id, "as_of": as_of, "at": at}
    span = {"from_at": first_at - TWICE, "until_at": first_at + TWICE}
    return typed.number(db, UNEXPIRED, asked | span) + typed.number(
        db, UNEXPIRED_FOR_SURE, asked | {"from_at": first_at + TWICE}
    )


def _expires_after(db: sqlite3.Connection, round_id: int, as_of: int, at: int) -> int:
    """After which second a claim of the round ends by its template if it can still be used at `at`;
    where a later end had been decided by `as_of` that is after it, any can.
    """
    until = prolongations.until(db, round_id, as_of)
    return -1 if until is not None and until > at else at


def _first_alive(db: sqlite3.Connection, round_id: int, at: int) -> int | None:
    """When about the first claim of a round was made that can still be used at `at`; None: none
    can.
    """
    first, last = db.execute(SPAN_OF_CLAIMS, (round_id,)).fetchone()
    if last is None or not any(
        expires_at > at for _, expires_at in db.execute(EXPIRES, (round_id, last))
    ):
        return None
    while first < last:
        middle = (first + last) // 2
        claimed_at, expires_at = db.execute(EXPIRES, (round_id, middle)).fetchone()
        if expires_at > at:
            last = middle
        else:
            first = claimed_at + 1
    return int(first)


def used_face_of_unexpired(
    db: sqlite3.Connection, round_id: int, as_of: int, at: int, *, is_known: bool = False
) -> int:
    """The face in fen that was used by `as_of` of the claims that can still be used at `at`.
    `is_known`: within `known_facts.as_known`.
    """
    asked = {"round_id": round_id, "as_of": as_of, "at": _expires_after(db, round_id, as_of, at)}
    statements = (USED_UNEXPIRED, *(USED_LATER if is_known else ()))
    return sum(typed.number(db, each, asked) for each in statements)


# ---------------------------------------------------------------- rejected claims

BREACHES = """
SELECT json_extract(j.detail, '$.round') AS round, count(*) AS breaches
FROM batches b CROSS JOIN rejects j ON j.batch_id = b.batch_id
WHERE b.kind = 'claims' AND b.programme_id = ? AND b.state = 'done'
    AND j.reason IN ('over_quota', 'resident_limit', 'before_opening', 'after_closing',
        'round_paused', 'not_eligible')
    AND json_extract(j.detail, '$.round') IS NOT NULL AND ifnull(json_extract(j.detail,
        '$.claimed_at') <= ?, 1)
GROUP BY 1 ORDER BY 1
"""


def breaches(db: sqlite3.Connection, programme_id: int, as_of: int) -> dict[str, int]:
    """Rejected claim rows up to `as_of` that broke the rules of issue, by the round they name."""
    return dict(db.execute(BREACHES, (programme_id, as_of)).fetchall())


# The rows themselves were of the day, whenever their file came.
REJECTED_ON = """
SELECT j.reason, count(*) FROM batches b CROSS JOIN rejects j ON j.batch_id = b.batch_id
WHERE b.kind IN ('claims', 'redemptions') AND b.programme_id = ?1 AND b.state = 'done'
    AND ifnull(json_extract(j.detail, '$.paid_at'), json_extract(j.detail, '$.claimed_at')) >= ?2
    AND ifnull(json_extract(j.detail, '$.paid_at'), json_extract(j.detail, '$.claimed_at')) < ?3
GROUP BY j.reason ORDER BY count(*) DESC, j.reason
"""


def rejected_on(
    db: sqlite3.Connection, programme_id: int, from_at: int, until_at: int
) -> list[tuple[str, int]]:
    """Rejected rows that were claimed or paid in a span [from, until) of UTC seconds: (reason, how
    many), the most first.
    """
    return typed.tuples(db, REJECTED_ON, (programme_id, from_at, until_at))
