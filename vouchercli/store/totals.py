"""Totals kept in the transaction of each batch: reports read them, `voucher check` proves them
against the facts.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

SUMMED = (
    "vouchers",
    "base_fen",
    "subsidy_fen",
    "public_fen",
    "platform_fen",
    "match_fen",
    "floor_fen",
    "face_fen",
    "stays_fen",
)
SUMS = ", ".join(f"sum(f.{name}) AS {name}" for name in SUMMED)
SIGNED_SUMS = ", ".join(f":sign * sum(f.{name})" for name in SUMMED)
WRITTEN = "FROM redemption_facts f WHERE f.redemption_id > :after"
LEAVING = """FROM temp.leaving CROSS JOIN redemption_facts f
    ON f.redemption_id = leaving.redemption_id
    WHERE f.redemption_id > :after"""
# Those of a running import may not be in the totals of merchants yet.
IS_COUNTED = """
    AND (SELECT max(first_id) FROM redemption_runs WHERE first_id <= f.redemption_id)
        NOT IN (SELECT first_id FROM uncounted_runs)"""
UNCOUNTED = """FROM uncounted_runs u CROSS JOIN redemption_runs n USING (first_id)
    CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id AND n.last_id
    WHERE n.batch_id = :batch_id"""
POOL = """
ON CONFLICT DO UPDATE SET vouchers = vouchers + excluded.vouchers,
    base_fen = base_fen + excluded.base_fen,
    subsidy_fen = subsidy_fen + excluded.subsidy_fen, public_fen = public_fen + excluded.public_fen,
    platform_fen = platform_fen + excluded.platform_fen, match_fen = match_fen + excluded.match_fen,
    floor_fen = floor_fen + excluded.floor_fen, face_fen = face_fen + excluded.face_fen,
    stays_fen = stays_fen + excluded.stays_fen
"""

# The facts are sorted once, by every key together; segments that differ in what no grouping asks
# for are added up; the groupings are made from what is left.
COMBINED_KEY = "f.round_id, f.day, f.coupon, f.channel, f.segment_id"
COMBINED = f"SELECT {COMBINED_KEY}, {SUMS} "
KEYS = ("coupon", "channel", "district", "industry", "size")  # what a payment is kept by
KEYED = f"""
SELECT f.round_id, f.day, f.coupon, f.channel, s.district, s.industry, s.size, {SUMS}
FROM combined f JOIN segments s ON s.segment_id = f.segment_id
GROUP BY f.round_id, f.day, f.coupon, f.channel, s.district, s.industry, s.size
"""
# Groupings by what they are kept by: by round nothing, else one key or two.
GROUPINGS: dict[str, tuple[str, ...]] = {
    "round": (),
    **{each: (each,) for each in KEYS},
    **{",".join(pair): pair for pair in combinations(KEYS, 2)},
}
EVERY_GROUPING = " UNION ALL ".join(
    f"""
SELECT '{grouping}' AS grouping, f.round_id, f.day, {key} AS key, {second} AS second_key, [sums]
FROM keyed f GROUP BY f.round_id, f.day, {key}, {second}"""
    for grouping, kept in GROUPINGS.items()
    for key, second in [(*(f"f.{each}" for each in kept), "''", "''")[:2]]
)
POOL_PARTS = " ON CONFLICT DO UPDATE SET amount_fen = amount_fen + excluded.amount_fen"


def by_every_grouping(combined: str, sums: str) -> str:
    """The rows of group_totals out of `combined`, the facts or sums of them by `COMBINED_KEY`."""
    return f"""
WITH combined AS MATERIALIZED ({combined}), keyed AS MATERIALIZED ({KEYED})
{EVERY_GROUPING.replace("[sums]", sums)}
"""


# The sums of the facts for each table of totals, pooled with what it holds.
ADD_WRITTEN, TAKE_LEAVING = (
    (
        f"""
INSERT INTO group_totals
{by_every_grouping(f"{COMBINED} {facts} GROUP BY {COMBINED_KEY}", SIGNED_SUMS)} {POOL}
""",
        f"""
INSERT INTO merchant_totals
SELECT f.round_id, f.day / 100, f.merchant_id, f.segment_id, {SIGNED_SUMS} {facts} {of_merchants}
GROUP BY f.round_id, f.day / 100, f.merchant_id, f.segment_id {POOL}
""",
        # The parts of a split are the same for every fact that has it: counted, then multiplied.
        # What goes back is written first: a payment that is refunded on another day needs no money
        # that is not there (`balances`).
        f"""
INSERT INTO funder_totals
SELECT g.round_id, g.day, p.funder_id, :sign * sum(g.facts * p.amount_fen)
FROM (
    SELECT f.round_id, f.day, f.split_id, count(*) AS facts {facts}
    GROUP BY f.round_id, f.day, f.split_id
) g CROSS JOIN split_parts p ON p.split_id = g.split_id
GROUP BY g.round_id, g.day, p.funder_id ORDER BY 4 {POOL_PARTS}
""",
    )
    for facts, of_merchants in ((WRITTEN, ""), (LEAVING, IS_COUNTED))
)
COUNT_LATER = "INSERT INTO uncounted_runs (first_id) VALUES (?)"
UNCOUNTED_RUNS = """
SELECT u.first_id, (SELECT count(*) FROM redemptions f
    WHERE f.redemption_id BETWEEN n.first_id AND n.last_id)
FROM uncounted_runs u CROSS JOIN redemption_runs n USING (first_id) WHERE n.batch_id = ?
"""
COUNTED = "DELETE FROM uncounted_runs WHERE first_id = ?"
COUNT = f"""
INSERT INTO merchant_totals
SELECT f.round_id, f.day / 100, f.merchant_id, f.segment_id, {SUMS} {UNCOUNTED}
GROUP BY f.round_id, f.day / 100, f.merchant_id, f.segment_id {POOL}
"""
ALL_COUNTED = """
DELETE FROM uncounted_runs
WHERE first_id IN (SELECT first_id FROM redemption_runs WHERE batch_id = ?)
"""
# What a refund or an undo has emptied leaves no trace.
DROP_EMPTY = (
    """
DELETE FROM group_totals
WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0 AND floor_fen = 0
    AND face_fen = 0 AND stays_fen = 0
""",
    """
DELETE FROM merchant_totals
WHERE vouchers = 0 AND base_fen = 0 AND subsidy_fen = 0 AND match_fen = 0 AND floor_fen = 0
    AND face_fen = 0 AND stays_fen = 0
""",
    "DELETE FROM funder_totals WHERE amount_fen = 0",
)


def add_written(db: sqlite3.Connection, after: int) -> None:
    """Add what the redemptions with an id above `after` make."""
    for statement in ADD_WRITTEN:
        db.execute(statement, {"after": after, "sign": 1})


def take_leaving(db: sqlite3.Connection) -> None:
    """Take away what the redemptions of temp.leaving (redemption_id) make."""
    for statement in TAKE_LEAVING:
        db.execute(statement, {"after": 0, "sign": -1})


def drop_empty(db: sqlite3.Connection) -> None:
    """Drop what has come to nothing, so that the same facts have the same totals by whatever way
    they came.
    """
    for statement in DROP_EMPTY:
        db.execute(statement)


def count_later(db: sqlite3.Connection, first_id: int) -> None:
    """The facts of that run come into the totals of merchants later (`counted`, `count`)."""
    db.execute(COUNT_LATER, (first_id,))


def uncounted(db: sqlite3.Connection, batch_id: int) -> dict[int, int]:
    """The runs of a batch whose facts are not in the totals of merchants yet: how many stand, by
    their first id.
    """
    return dict(db.execute(UNCOUNTED_RUNS, (batch_id,)).fetchall())


def counted(db: sqlite3.Connection, runs: Iterable[int]) -> None:
    """The facts of these runs were added to the totals of merchants."""
    db.executemany(COUNTED, [(first_id,) for first_id in runs])


def count(db: sqlite3.Connection, batch_id: int) -> None:
    """Add the facts of a batch to the totals of merchants that are not in them yet."""
    if db.execute(UNCOUNTED_RUNS, (batch_id,)).fetchone():
        db.execute(COUNT, {"batch_id": batch_id})
        db.execute(ALL_COUNTED, (batch_id,))
