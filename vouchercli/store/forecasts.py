"""What forecasts rest on: claims of past rounds by second, payments by day, the two arms of a draw;
and the forecasts themselves, each of which is a line of the log.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

DEED = "round.rehearse"
TERMS = """
SELECT r.round_id, r.closes_at, t.coupons, t.pack_value_fen, t.floor_spend_fen, r.programme_id
FROM rounds r JOIN templates t USING (template_id)
"""
SECONDS = """
SELECT claimed_at - ?2, count(*) FROM claims WHERE round_id = ?1 GROUP BY claimed_at
ORDER BY claimed_at
"""
BY_DAY = """
SELECT day, sum(vouchers), sum(subsidy_fen) FROM group_totals
WHERE grouping = 'round' AND round_id = ? GROUP BY day ORDER BY day
"""
# A line that names no programme was written while the file had only its first one.
KEPT = """
SELECT a.audit_id, a.at, a.entered_at, a.actor, a.subject, a.detail FROM audit a
WHERE a.deed = 'round.rehearse'
    AND ifnull(json_extract(a.detail, '$.programme'), (SELECT programme FROM programmes
        ORDER BY programme_id LIMIT 1)) = (SELECT programme FROM programmes WHERE programme_id = ?)
ORDER BY a.audit_id
"""


class Terms(NamedTuple):
    """What a round was: its closing, and what one pack held (fen)."""

    round_id: int
    closes_at: int
    coupons: int
    pack_value_fen: int
    floor_spend_fen: int
    programme_id: int


def terms(db: sqlite3.Connection) -> dict[int, Terms]:
    """The terms of every round of the city."""
    return {row.round_id: row for row in typed.rows(db, Terms, TERMS)}


def seconds(db: sqlite3.Connection, round_id: int, opens_at: int) -> list[tuple[int, int]]:
    """Claims of a round: (seconds after its opening, how many), in order."""
    return typed.tuples(db, SECONDS, (round_id, opens_at))


def by_day(db: sqlite3.Connection, round_id: int) -> list[tuple[int, int, int]]:
    """(local day as yyyymmdd, vouchers used, subsidy in fen), net of refunds."""
    return typed.tuples(db, BY_DAY, (round_id,))


# ---------------------------------------------------------------- two arms of a draw

# Who won in each arm is in the certificate: who claimed nothing counts too.
ARMS = """
SELECT l.round AS lead, r.round, r.round_id, json_array_length(m.value, '$.winners') AS winners
FROM draws d CROSS JOIN rounds l ON l.round_id = d.round_id
    CROSS JOIN json_each(d.certificate, '$.arms.rounds') m
    CROSS JOIN rounds r ON r.programme_id = l.programme_id AND r.round = m.value ->> 'round'
WHERE r.state IN ('closed', 'settled', 'archived')
ORDER BY d.drawn_at, l.round_id, r.round_id
"""
# Squares as REAL: of large orders their sum is beyond whole numbers.
OF_WINNERS = """
SELECT sum(vouchers), sum(vouchers * vouchers), sum(base_fen),
    sum(CAST(base_fen AS REAL) * base_fen), sum(own_fen), sum(CAST(own_fen AS REAL) * own_fen)
FROM (SELECT sum(x.vouchers) AS vouchers, sum(x.base_fen) AS base_fen,
        sum(x.base_fen - x.subsidy_fen - x.match_fen) AS own_fen
    FROM claims c CROSS JOIN redemption_facts x
        ON x.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023
    WHERE c.round_id = ? GROUP BY c.resident)
"""


class Drawn(NamedTuple):
    """An arm of a draw: the round that is drawn, the arm's own round, how many won in it."""

    lead: str
    round: str
    round_id: int
    winners: int


class OfWinners(NamedTuple):
    """What came of the winners of an arm, in sums and sums of squares by winner."""

    used: int
    used_squares: float
    base_fen: int
    base_squares: float
    own_fen: int
    own_squares: float


def arms(db: sqlite3.Connection) -> list[Drawn]:
    """The arms of all draws of the city whose rounds are closed."""
    return typed.rows(db, Drawn, ARMS)


def of_winners(db: sqlite3.Connection, round_id: int) -> OfWinners:
    """What came of the winners of an arm, net of refunds."""
    found = db.execute(OF_WINNERS, (round_id,)).fetchone()
    return OfWinners(*(each or 0 for each in found))


# ---------------------------------------------------------------- forecasts


class Kept(NamedTuple):
    """A forecast as the log has it: its line, when it was made and entered (UTC seconds)."""

    line: int
    at: int
    entered_at: int
    actor: str
    round: str
    said: dict[str, Any]


def kept(db: sqlite3.Connection, programme_id: int) -> list[Kept]:
    """The forecasts of a programme's rounds, in the order in which they were made."""
    return [
        Kept(line, at, entered_at, actor, code, json.loads(detail)["forecast"])
        for line, at, entered_at, actor, code, detail in typed.tuples(db, KEPT, (programme_id,))
    ]
