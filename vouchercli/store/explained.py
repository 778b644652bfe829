"""The facts behind a figure, by the file that brought them and by how their subsidy is shared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import times
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

FACTS = """
SELECT n.batch_id, f.split_id, f.refund_of IS NOT NULL, count(*), CAST(sum(f.base_fen) AS BIGINT)
FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
WHERE n.last_paid_at >= :since AND n.first_paid_at <= :until
    AND f.paid_at BETWEEN :since AND :until
GROUP BY 1, 2, 3
"""
SPLITS = """
SELECT split_id, round_id, after_fen - before_fen, public_fen, platform_fen, match_fen
FROM splits WHERE round_id IN (SELECT value FROM json_each(?))
"""
FILES = "SELECT batch_id, file FROM batches WHERE kind = 'redemptions'"


class Part(NamedTuple):
    """Payments, or refunds, of one file whose subsidy is shared in one way: how many, and sums over
    them in fen (of refunds negative).
    """

    batch: int
    round_id: int
    is_refund: int
    rows: int
    base_fen: int
    subsidy_fen: int  # of one of them, and so are its parts
    public_fen: int
    platform_fen: int
    match_fen: int


def parts(
    db: sqlite3.Connection, rounds: Iterable[int], since: int | None, until: int | None
) -> list[Part]:
    """What was paid with vouchers of some rounds in a span (UTC seconds, both included; None:
    open): the facts are read, no total is asked.
    """
    splits = {row[0]: row[1:] for row in typed.tuples(db, SPLITS, (json.dumps([*rounds]),))}
    asked = {
        "since": -times.END_OF_TIME if since is None else since,
        "until": times.END_OF_TIME if until is None else until,
    }
    found = []
    for batch, split_id, is_refund, rows, base_fen in typed.tuples(db, FACTS, asked):
        if split_id in splits:
            round_id, *amounts = splits[split_id]
            found.append(Part(batch, round_id, is_refund, rows, base_fen, *amounts))
    return found


def files(db: sqlite3.Connection) -> dict[int, str]:
    """The names of the files of payments, by batch."""
    return {row[0]: row[1] for row in typed.tuples(db, FILES)}
