"""Later ends for the vouchers of rounds that are out already, each decided by two people.

A claim keeps the end that it had by its template (`claims.expires_at`). Its vouchers end then, or
at the last end that was decided for its round, whichever is later: late files, retries and claims
that come after the decision follow it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

_LAST = "ifnull((SELECT max(e.until_at) FROM prolongations e WHERE e.round_id = c.round_id{}), 0)"
# When the vouchers of a claim `c` end, by all that was decided.
ENDS_AT = f"max(c.expires_at, {_LAST.format('')})"
# The same for a row `i` on it: whether a refund was late is judged by the end that stood when it
# was made, because what was right then stays right.
_STOOD = " AND (i.kind = 'pay' OR e.from_at <= i.paid_at)"
ENDS_AT_FOR_ROW = f"max(c.expires_at, {_LAST.format(_STOOD)})"
# And for a refund `b` that stands.
ENDS_AT_FOR_REFUND = f"max(c.expires_at, {_LAST.format(' AND e.from_at <= b.paid_at')})"

ALL = "SELECT round_id, from_at, until_at FROM prolongations ORDER BY round_id, until_at"
UNTIL = """
SELECT max(until_at) FROM prolongations WHERE round_id = ? AND from_at <= ifnull(?, from_at)
"""
ADD = """
INSERT INTO prolongations (round_id, proposal_id, from_at, until_at) VALUES (?, ?, ?, ?)
"""
EXPIRED = """
SELECT DISTINCT b.batch_id FROM batches b CROSS JOIN rejects j USING (batch_id)
WHERE b.kind = 'redemptions' AND b.programme_id = ? AND b.state <> 'undone' AND j.reason = 'expired'
    AND EXISTS (SELECT 1 FROM claims c WHERE c.claim_no = j.detail ->> 'claim_no'
        AND c.round_id = ?)
ORDER BY b.batch_id
"""
# The line of the approval by which each took effect.
AS_LOGGED = """
WITH said AS (
    SELECT json_extract(detail, '$.amendment') AS proposal_id, at AS from_at, subject AS round,
        json_extract(detail, '$.after.vouchers_until_at') AS until_at
    FROM audit WHERE deed = 'amendment.approve' AND json_extract(detail, '$.kind') = 'extend'
        AND json_type(detail, '$.after.vouchers_until_at') = 'integer'
        AND json_extract(detail, '$.approvals') = json_extract(detail, '$.needed')
), kept AS (
    SELECT e.proposal_id, e.from_at, r.round, e.until_at FROM prolongations e
        JOIN rounds r USING (round_id)
)
SELECT round || ' amendment ' || proposal_id, 'no line', until_at FROM (
    SELECT * FROM kept EXCEPT SELECT * FROM said)
UNION ALL
SELECT round || ' amendment ' || proposal_id, until_at, 'no later end' FROM (
    SELECT * FROM said EXCEPT SELECT * FROM kept)
"""


class Prolongation(NamedTuple):
    """The vouchers of a round end at `until_at` at the earliest, as was decided at `from_at`."""

    round_id: int
    from_at: int
    until_at: int


def every(db: sqlite3.Connection) -> list[Prolongation]:
    """Every later end that was decided."""
    return typed.rows(db, Prolongation, ALL)


def until(db: sqlite3.Connection, round_id: int, known_by: int | None = None) -> int | None:
    """The last end that was decided for the round's vouchers, by that second (None: whenever);
    None: there is none.
    """
    at: int | None = db.execute(UNTIL, (round_id, known_by)).fetchone()[0]
    return at


def add(db: sqlite3.Connection, round_id: int, proposal: int, from_at: int, until_at: int) -> None:
    """The vouchers of the round end then at the earliest, from now on."""
    db.execute(ADD, (round_id, proposal, from_at, until_at))


def batches_of_expired(db: sqlite3.Connection, programme_id: int, round_id: int) -> list[int]:
    """The batches with payments that were rejected because vouchers of the round had expired."""
    return typed.column(db, EXPIRED, (programme_id, round_id))


def as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Later ends that nobody decided, and decisions that are not kept."""
    return [(str(subject), str(want), str(found)) for subject, want, found in db.execute(AS_LOGGED)]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {"prolonged_as_logged": as_logged}
