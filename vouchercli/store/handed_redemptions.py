"""Redemptions that go over to other batches when their own is undone: a run is of one batch, so
they are given new places in runs of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.store import fact_digests, merchant_runs, transaction_numbers, typed

if TYPE_CHECKING:
    import sqlite3

CLEAR = "DROP TABLE IF EXISTS temp.handed"
# temp.heirs (`store.duplicates`) says by line which batch a row goes to, and its line there.
FIND = """
CREATE TEMP TABLE handed AS
SELECT f.redemption_id AS old_id, h.batch_id, h.heir_line,
    row_number() OVER (ORDER BY h.batch_id, h.heir_line) AS nth
FROM redemption_runs n CROSS JOIN redemptions f
    ON f.redemption_id BETWEEN n.first_id AND n.last_id
CROSS JOIN heirs h ON h.line = f.line
WHERE n.batch_id = ?
"""
INDEX = "CREATE UNIQUE INDEX temp.handed_by_id ON handed (old_id)"
MOVE_REFUNDS = """
UPDATE refunds SET redemption_id = ?1 + (SELECT nth FROM handed WHERE old_id = redemption_id)
WHERE redemption_id IN (SELECT old_id FROM handed)
"""
POINT = """
UPDATE redemptions SET refund_of = ?1 + (SELECT nth FROM handed WHERE old_id = refund_of)
WHERE refund_of IN (SELECT old_id FROM handed)
"""
MOVE = """
UPDATE redemptions SET
    line = (SELECT heir_line FROM handed WHERE old_id = redemption_id),
    redemption_id = ?1 + (SELECT nth FROM handed WHERE old_id = redemption_id)
WHERE redemption_id IN (SELECT old_id FROM handed)
"""
MOVE_DETAILS = """
UPDATE redemption_details SET
    redemption_id = ?1 + (SELECT nth FROM handed WHERE old_id = redemption_id)
WHERE redemption_id IN (SELECT old_id FROM handed)
"""
TOUCHED = """
SELECT old_id >> 6 FROM handed
UNION SELECT redemption_id >> 6 FROM redemptions WHERE refund_of IN (SELECT old_id FROM handed)
"""
OWNERS = "SELECT batch_id, count(*) FROM handed GROUP BY batch_id ORDER BY batch_id"


def move(db: sqlite3.Connection, batch_id: int) -> None:
    """Give the redemptions of temp.heirs to the batches that it names."""
    db.execute(CLEAR)
    db.execute(FIND, (batch_id,))
    db.execute(INDEX)
    after = transaction_numbers.last_id(db)
    with fact_digests.changing(db, "redemptions", "refunds", of=TOUCHED):
        for statement in (MOVE_REFUNDS, POINT, MOVE, MOVE_DETAILS):
            db.execute(statement, (after,))
    transaction_numbers.keep_written(db, after, typed.tuples(db, OWNERS))
    merchant_runs.keep_written(db, after)
    for facts in ("redemptions", "refunds"):
        fact_digests.add_written(db, facts, after + 1)
