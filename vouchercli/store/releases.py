"""What the release of unused money is made of: each round's kept totals, its claims that are alive,
what these have paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlite3

ROUNDS = """
SELECT r.round_id, r.round, r.programme_id, p.programme, p.time_zone, t.document, r.state, r.packs,
    r.claimed, r.released, r.closes_at, x.marker, x.next_at,
    (SELECT max(e.until_at) FROM prolongations e WHERE e.round_id = r.round_id) AS prolonged_until
FROM rounds r JOIN programmes p USING (programme_id) JOIN templates t USING (template_id) LEFT
    JOIN releases x USING (round_id)
WHERE r.state IN ('open', 'paused', 'closed') AND ifnull(p.programme = :programme, 1)
    AND ifnull(r.round_id = :round_id, 1)
ORDER BY r.opens_at, r.round_id
"""
PAID = """
SELECT f.funder, CAST(sum(t.amount_fen) AS BIGINT) AS amount_fen FROM funder_totals t
    JOIN funders f USING (funder_id)
WHERE t.round_id = ? GROUP BY f.funder ORDER BY f.funder
"""
HELD = """
SELECT f.funder, b.committed_fen, b.outstanding_fen FROM rounds r
    JOIN funders f USING (programme_id)
    JOIN balances b ON b.funder_id = f.funder_id AND b.round_id = r.round_id
WHERE r.round_id = ? ORDER BY f.funder_id
"""
LAST_EXPIRY = "SELECT max(expires_at) FROM claims WHERE round_id = ?"
ALIVE = "SELECT count(*) FROM claims WHERE round_id = ? AND expires_at > ?"
# The claims lead, each finds its redemptions by its key.
PAID_BY_ALIVE = """
SELECT f.funder, CAST(sum(s.amount_fen) AS BIGINT) AS amount_fen
FROM claims c CROSS JOIN redemptions x
    ON x.voucher BETWEEN c.claim_id * 1024 AND c.claim_id * 1024 + 1023
    CROSS JOIN split_parts s ON s.split_id = x.split_id
    CROSS JOIN funders f ON f.funder_id = s.funder_id
WHERE c.round_id = ? AND c.expires_at > ? GROUP BY f.funder ORDER BY f.funder
"""
LOOKED = """
INSERT INTO releases (round_id, marker, looked_at, next_at, expired_by) VALUES (:round_id, :marker,
    :at, :next_at, :expired_by)
ON CONFLICT DO UPDATE SET marker = excluded.marker, looked_at = excluded.looked_at,
    next_at = excluded.next_at, expired_by = excluded.expired_by
"""


class Held(NamedTuple):
    """A round that may hold unused money, its template's `document`, and what the last look left:
    the `marker` of what it was made of, when to look again. `released`: unclaimed packs that have
    no money any more; `prolonged_until`: the later end that was decided for its vouchers.
    """

    round_id: int
    round: str
    programme_id: int
    programme: str
    time_zone: str
    document: str
    state: str
    packs: int
    claimed: int
    released: int
    closes_at: int
    marker: str | None
    next_at: int | None
    prolonged_until: int | None


def rounds(
    db: sqlite3.Connection, programme: str | None, round_id: int | None = None
) -> list[Held]:
    """Rounds that may hold unused money, with their programme's and template's documents and what
    the last look left.
    """
    wanted = {"programme": programme, "round_id": round_id}
    return [*map(Held._make, db.execute(ROUNDS, wanted))]


def paid(db: sqlite3.Connection, round_id: int) -> dict[str, int]:
    """What each funder has paid for the round, net of refunds, in fen."""
    return dict(db.execute(PAID, (round_id,)).fetchall())


def held(db: sqlite3.Connection, round_id: int) -> list[list[str | int]]:
    """What the round holds of each funder: its code, fen for unclaimed packs, fen for vouchers in
    hand.
    """
    return [[*row] for row in db.execute(HELD, (round_id,))]


def paid_by_alive(db: sqlite3.Connection, round_id: int, after: int) -> dict[str, int]:
    """The part of it that claims took which expire after that second."""
    return dict(db.execute(PAID_BY_ALIVE, (round_id, after)).fetchall())


def last_expiry(db: sqlite3.Connection, round_id: int) -> int | None:
    """When the last voucher in hand expires; None: nothing is claimed."""
    at: int | None = db.execute(LAST_EXPIRY, (round_id,)).fetchone()[0]
    return at


def alive(db: sqlite3.Connection, round_id: int, after: int) -> int:
    """How many claims expire after that second."""
    return int(db.execute(ALIVE, (round_id, after)).fetchone()[0])


def looked(db: sqlite3.Connection, **values: Any) -> None:
    """Keep what this look was made of (`round_id`, `marker`, `at`), the `next_at` and by when
    vouchers have expired whose money was given up (`expired_by`).
    """
    db.execute(LOOKED, values)
