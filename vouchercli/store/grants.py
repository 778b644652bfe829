"""Packs granted here: staged in `temp.granting` in the order of granting, then written as claims by
one statement.

No over-issue by construction: the round gives its packs by one conditional update beside a CHECK,
no claim is written that was not counted so (`seats`), and no resident can hold the same pack_no of
a round twice (UNIQUE), whatever a caller has counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import days, fact_digests, prolongations, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

CREATE = (
    """
    CREATE TEMP TABLE IF NOT EXISTS granting (
        n INTEGER PRIMARY KEY, resident BLOB NOT NULL, application_id INTEGER NOT NULL,
            claimed_at INTEGER NOT NULL,
        pack_no INTEGER NOT NULL DEFAULT 1
    )
    """,
    """
    CREATE TEMP TABLE IF NOT EXISTS moments (
        claimed_at INTEGER PRIMARY KEY, packs INTEGER NOT NULL, expires_at INTEGER NOT NULL,
            day INTEGER NOT NULL
    )
    """,
)
CLEAR = ("DELETE FROM temp.granting", "DELETE FROM temp.moments")
STAGE = "INSERT INTO temp.granting (resident, application_id, claimed_at) VALUES (?, ?, ?)"
STAGED = "SELECT count(*) FROM temp.granting"
SECONDS = "SELECT claimed_at, count(*) FROM temp.granting GROUP BY claimed_at"
ADD_MOMENT = "INSERT INTO temp.moments (claimed_at, packs, expires_at, day) VALUES (?, ?, ?, ?)"
NUMBER_PACKS = """
UPDATE temp.granting AS g SET pack_no = q.pack_no
FROM (
    SELECT n, row_number() OVER (PARTITION BY resident ORDER BY n)
        + (SELECT ifnull(max(c.pack_no), 0) FROM claims c WHERE c.resident = s.resident
            AND c.round_id = :round_id) AS pack_no
    FROM temp.granting s
) AS q
WHERE q.n = g.n
"""
# The last line of defence but one: nothing is taken unless there is as much. The last is CHECK
# (claimed BETWEEN 0 AND packs).
TAKE = """
UPDATE rounds SET claimed = claimed + :packs
WHERE round_id = :round_id AND claimed + released + :packs <= packs
    AND state IN ('open', 'paused', 'closed')
"""
LAST_NO = """
SELECT ifnull((
    SELECT substr(claim_no, -:digits) FROM claims
    WHERE claim_no > :code || '-' AND claim_no < :code || '-:' AND claim_no GLOB :pattern
    ORDER BY claim_no DESC LIMIT 1
), 0)
"""
DIGITS = 8  # of a claim's number; packs beyond them would meet UNIQUE (claim_no)
ADD_CLAIMS = """
INSERT INTO claims (claim_id, claim_no, round_id, resident, pack_no, claimed_at, expires_at,
    batch_id, line)
SELECT :first_id - 1 + g.n, :code || '-' || substr(100000000 + :after + g.n, 2), :round_id,
    g.resident, g.pack_no, g.claimed_at, m.expires_at, :batch_id,
    g.application_id
FROM temp.granting g JOIN temp.moments m ON m.claimed_at = g.claimed_at
ORDER BY g.n
"""
NEXT_ID = days.NEXT_CLAIM_ID
COUNT_DAYS = """
INSERT INTO claim_totals (round_id, day, claims)
SELECT :round_id, day, sum(packs) FROM temp.moments GROUP BY day
ON CONFLICT DO UPDATE SET claims = claims + excluded.claims
"""

ADD_BATCH = """
INSERT INTO batches (kind, programme_id, file, sha256, profile, profile_json, encoding, header,
    state, read, accepted, duplicate,
                     rejected, warnings, actor, imported_at)
VALUES ('allocation', :programme_id, :file, :sha256, '', '', '', '[]', 'done', :packs, :packs, 0,
    0, 0, :actor, :at)
"""
# A round's live claims share one batch: what tells it from others is its digest.
LIVE_BATCH = (
    "SELECT batch_id FROM batches WHERE kind = 'allocation' AND programme_id = ? AND sha256 = ? AND"
    " state = 'done'"
)
GROW_BATCH = "UPDATE batches SET read = read + ?, accepted = accepted + ? WHERE batch_id = ?"
BATCHES = "SELECT count(*) FROM allocations WHERE round_id = ?"

RECORD = """
INSERT INTO allocations (batch_id, round_id, granted_at, granted, resident_limit, not_eligible,
    round_paused, sold_out, sold_out_at,
                         last_applied_at, last_application_no)
VALUES (:batch_id, :round_id, :at, :packs, :resident_limit, :not_eligible, :round_paused,
    :sold_out, :sold_out_at,
        :last_applied_at, :last_application_no)
ON CONFLICT DO UPDATE SET granted = granted + excluded.granted, granted_at = excluded.granted_at,
    sold_out_at = ifnull(excluded.sold_out_at, sold_out_at),
        last_applied_at = ifnull(excluded.last_applied_at, last_applied_at),
    last_application_no = ifnull(excluded.last_application_no, last_application_no)
"""
GRANTED_NOW = f"""
SELECT c.claim_no, c.claimed_at, {prolongations.ENDS_AT} FROM claims c
WHERE c.batch_id = ? AND c.claim_no > ? ORDER BY c.claim_no
"""
LAST_APPLICATION = "SELECT application_id FROM temp.granting ORDER BY n DESC LIMIT 1"
LAST_SECOND = "SELECT max(claimed_at) FROM temp.moments"


CLAIM_OF = f"""
SELECT c.claim_no, c.claimed_at, {prolongations.ENDS_AT} FROM claims c
JOIN batches b ON b.batch_id = c.batch_id AND b.kind = 'allocation'
WHERE c.resident = ? AND c.round_id = ? AND c.line = ?
"""


class Claim(NamedTuple):
    """A claim that was granted here; times in UTC seconds."""

    claim_no: str
    claimed_at: int
    expires_at: int


def durably(db: sqlite3.Connection) -> None:
    """From now on a transaction is on the disk when it has ended, whatever happens to the
    machine.
    """
    db.execute("PRAGMA synchronous = FULL")


def claim_of(
    db: sqlite3.Connection, round_id: int, resident: bytes, application_id: int
) -> Claim | None:
    """The claim that was granted for an application, or None."""
    row = db.execute(CLAIM_OF, (resident, round_id, application_id)).fetchone()
    return Claim._make(row) if row else None


def claim_number(code: str, number: int) -> str:
    """The number of a claim granted here: CODE-00000001."""
    return f"{code}-{number:0{DIGITS}d}"


def prepare(db: sqlite3.Connection) -> None:
    """An empty place for what is about to be granted."""
    for statement in (*CREATE, *CLEAR):
        db.execute(statement)


def stage(db: sqlite3.Connection, rows: Iterable[tuple[bytes, int, int]]) -> None:
    """Put (resident, application_id or 0, claimed_at) in the order of granting."""
    db.executemany(STAGE, rows)


def staged(db: sqlite3.Connection) -> int:
    """How many packs are about to be granted."""
    return typed.number(db, STAGED)


def take(db: sqlite3.Connection, round_id: int, packs: int) -> bool:
    """Count that many packs as claimed; False, and nothing is taken, when the round has not as many
    left or takes no claims.
    """
    return db.execute(TAKE, {"round_id": round_id, "packs": packs}).rowcount == 1


def date(db: sqlite3.Connection, moment: Callable[[int], tuple[int, int]]) -> None:
    """Give each second of claiming its expiry and its local day: `moment(claimed_at)` is the
    law.
    """
    seconds = typed.tuples(db, SECONDS)
    db.executemany(ADD_MOMENT, [(second, packs, *moment(second)) for second, packs in seconds])


def last_number(db: sqlite3.Connection, code: str) -> int:
    """The number of the round's last claim that was granted here; 0 when there is none."""
    return typed.number(
        db, LAST_NO, {"code": code, "pattern": f"{code}-{'[0-9]' * DIGITS}", "digits": DIGITS}
    )


def write(
    db: sqlite3.Connection,
    batch_id: int,
    round_id: int,
    code: str,
    *,
    after: int,
    is_one_each: bool,
) -> None:
    """Write what is staged as claims numbered CODE-00000001 and on, behind the number `after`, and
    count them by day.
    """
    values = {"batch_id": batch_id, "round_id": round_id, "code": code, "after": after}
    if not is_one_each:
        db.execute(NUMBER_PACKS, values)
    first_id = typed.number(db, NEXT_ID)
    db.execute(ADD_CLAIMS, values | {"first_id": first_id})
    fact_digests.add_written(db, "claims", first_id)
    db.execute(COUNT_DAYS, values)


def last_application(db: sqlite3.Connection) -> int | None:
    """What the last of the staged packs is granted for; None when nothing is staged."""
    return next(iter(typed.column(db, LAST_APPLICATION)), None)


def last_second(db: sqlite3.Connection) -> int:
    """When the latest of the staged packs is claimed."""
    return typed.number(db, LAST_SECOND)


def runs(db: sqlite3.Connection, round_id: int) -> int:
    """How many batches of granting the round has had."""
    return typed.number(db, BATCHES, (round_id,))


def add_batch(db: sqlite3.Connection, **values: Any) -> int:
    """A batch for packs granted here; gives its batch_id."""
    return int(db.execute(ADD_BATCH, values).lastrowid or 0)


def live_batch(db: sqlite3.Connection, programme_id: int, digest: str) -> int | None:
    """The batch of a round's live claims, once there is one."""
    return next(iter(typed.column(db, LIVE_BATCH, (programme_id, digest))), None)


def grow_batch(db: sqlite3.Connection, batch_id: int, packs: int) -> None:
    """More packs in a batch."""
    db.execute(GROW_BATCH, (packs, packs, batch_id))


def record(db: sqlite3.Connection, **values: Any) -> None:
    """Keep what a run of granting came to; live claims add to theirs."""
    db.execute(RECORD, values)


def written(db: sqlite3.Connection, batch_id: int, after_no: str) -> list[Claim]:
    """The claims of a batch after a number."""
    return [*map(Claim._make, db.execute(GRANTED_NOW, (batch_id, after_no)))]
