"""What stood on the accounts at a moment: what was done up to it, and what facts up to it moved,
whenever their files came.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from vouchercli.rules import times
from vouchercli.store import typed
from vouchercli.store.ledger import ACCOUNTS, Balances
from vouchercli.store.reports import FACTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

# What facts move is posted by day; of the day that is cut the facts themselves are asked.
OF_FACTS = """(g.from_account, g.to_account) IN (VALUES ('committed', 'outstanding'),
    ('outstanding', 'committed'), ('outstanding', 'payable'), ('payable', 'outstanding'))"""
POSTED = f"""
SELECT g.funder_id, ifnull(g.round_id, 0), g.from_account, g.to_account, sum(g.amount_fen)
FROM postings g JOIN funders f USING (funder_id)
WHERE f.programme_id = :programme_id AND (g.day < :day
    OR (g.day = :day AND (:is_whole OR (g.posted_at <= :at AND NOT {OF_FACTS}))))
GROUP BY 1, 2, 3, 4
"""
BOOKED = """
SELECT g.funder_id, ifnull(g.round_id, 0), g.from_account, g.to_account, sum(g.amount_fen)
FROM postings g JOIN funders f USING (funder_id)
WHERE f.programme_id = ? AND g.booked_on <= ? GROUP BY 1, 2, 3, 4
"""
CLAIMED = """
SELECT p.funder_id, p.round_id, 'committed', 'outstanding', count(*) * p.amount_fen
FROM rounds r CROSS JOIN claims c ON c.round_id = r.round_id
    CROSS JOIN pack_parts p ON p.round_id = r.round_id
WHERE r.programme_id = :programme_id AND c.claimed_at >= :from_at AND c.claimed_at < :until_at
GROUP BY p.funder_id, p.round_id
"""
PAID = f"""
SELECT p.funder_id, x.round_id, 'outstanding', 'payable', sum(p.amount_fen)
FROM ({FACTS}) x CROSS JOIN split_parts p ON p.split_id = x.split_id
    JOIN rounds r ON r.round_id = x.round_id
WHERE r.programme_id = :programme_id GROUP BY p.funder_id, x.round_id
"""


def at_moment(
    db: sqlite3.Connection, programme_id: int, at: int, zone: str
) -> dict[tuple[int, int], Balances]:
    """(funder_id, round_id; 0: the funder's own) -> what stood on its accounts at a moment (UTC
    seconds), in fen.
    """
    day = times.day_of(at, zone)
    begins, ends = times.day_bounds(day, zone)
    is_whole = at + 1 >= ends
    asked: dict[str, Any] = {"programme_id": programme_id, "day": day, "at": at}
    moves = typed.tuples(db, POSTED, {**asked, "is_whole": is_whole})
    if not is_whole:
        of_day = {**asked, "from_at": begins, "until_at": at + 1}
        moves += typed.tuples(db, CLAIMED, of_day) + typed.tuples(db, PAID, of_day)
    return _stands(moves)


def booked_by(
    db: sqlite3.Connection, programme_id: int, day: int
) -> dict[tuple[int, int], Balances]:
    """The same by what was booked up to a sealed day (yyyymmdd), as it was known then."""
    return _stands(typed.tuples(db, BOOKED, (programme_id, day)))


def _stands(moves: Iterable[tuple[int, int, str, str, int]]) -> dict[tuple[int, int], Balances]:
    """What moves of (funder_id, round_id, from, to, fen) come to."""
    stands: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: dict.fromkeys(ACCOUNTS, 0))
    for funder_id, round_id, out_of, into, fen in moves:
        stands[funder_id, round_id][out_of] -= fen
        stands[funder_id, round_id][into] += fen
    return {key: Balances(**each) for key, each in stands.items()}
