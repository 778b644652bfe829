"""What was known on a sealed day: the facts that were booked by then, whatever came or was
corrected since.

In place of the totals and claims stand temporary views that take off what was booked later and put
back what was reversed later, so that every report reads them as it reads the others. Only whole
days up to the sealed one can be asked for.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import times
from vouchercli.store import sql_functions, totals, typed, used_claims

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


class Known(NamedTuple):
    """A sealed day (yyyymmdd) of a programme: its end (UTC seconds), and the last claim and
    redemption that were written by then.
    """

    programme_id: int
    day: int
    ends_at: int
    last_claim: int
    last_redemption: int


BOUNDS = """
CREATE TEMP TABLE known_on (programme_id INTEGER, day INTEGER, ends_at INTEGER, last_claim INTEGER,
    last_redemption INTEGER)
"""
BOUND = "INSERT INTO known_on VALUES (?, ?, ?, ?, ?)"
# Facts of the days up to it that were booked later, and rows that were reversed later.
LATE = """
FROM temp.known_on o CROSS JOIN redemption_runs n
    ON n.last_id > o.last_redemption AND n.first_paid_at < o.ends_at
CROSS JOIN redemption_facts f ON f.redemption_id BETWEEN n.first_id AND n.last_id
    AND f.redemption_id > o.last_redemption AND f.day <= o.day
WHERE f.round_id IN (SELECT round_id FROM rounds WHERE programme_id = o.programme_id)
"""
REVERSED = """
FROM temp.known_on o CROSS JOIN reversed_facts f
    ON f.redemption_id <= o.last_redemption AND f.day <= o.day AND f.booked_on > o.day
WHERE f.round_id IN (SELECT round_id FROM rounds WHERE programme_id = o.programme_id)
"""
CHANGES = ((LATE, -1), (REVERSED, 1))
LATE_CLAIMS = """
SELECT c.round_id, local_day(c.claimed_at, p.time_zone) AS day, -count(*)
FROM temp.known_on o CROSS JOIN main.claims c ON c.claim_id > o.last_claim
    AND +c.claimed_at < o.ends_at
JOIN rounds r ON r.round_id = c.round_id AND r.programme_id = o.programme_id
JOIN programmes p ON p.programme_id = o.programme_id
GROUP BY c.round_id, 2
"""
REVERSED_CLAIMS = """
SELECT c.round_id, local_day(c.claimed_at, p.time_zone) AS day, count(*)
FROM temp.known_on o CROSS JOIN reversed_claims c ON c.claim_id <= o.last_claim
    AND c.claimed_at < o.ends_at AND c.booked_on > o.day
JOIN rounds r ON r.round_id = c.round_id AND r.programme_id = o.programme_id
JOIN programmes p ON p.programme_id = o.programme_id
GROUP BY c.round_id, 2
"""
# table -> (the columns of its key, those that are summed, how what changes of it is made: with
# :sign, from facts)
COUNTED = {
    "group_totals": (
        ("grouping", "round_id", "day", "key", "second_key"),
        totals.SUMMED,
        tuple(
            totals.by_every_grouping(
                f"{totals.COMBINED} {facts} GROUP BY {totals.COMBINED_KEY}", totals.SIGNED_SUMS
            )
            for facts, _ in CHANGES
        ),
    ),
    "funder_totals": (
        ("round_id", "day", "funder_id"),
        ("amount_fen",),
        tuple(
            f"""
SELECT g.round_id, g.day, p.funder_id, :sign * sum(g.facts * p.amount_fen)
FROM (SELECT f.round_id, f.day, f.split_id, count(*) AS facts {facts}
    GROUP BY f.round_id, f.day, f.split_id) g
CROSS JOIN split_parts p ON p.split_id = g.split_id GROUP BY g.round_id, g.day, p.funder_id
"""
            for facts, _ in CHANGES
        ),
    ),
    "claim_totals": (("round_id", "day"), ("claims",), (LATE_CLAIMS, REVERSED_CLAIMS)),
}
CREATE_CHANGES = {
    table: f"CREATE TEMP TABLE changed_{table} ({', '.join((*key, *summed))})"
    for table, (key, summed, _) in COUNTED.items()
}
ADD_CHANGES = {
    table: tuple(f"INSERT INTO changed_{table} {each}" for each in made)
    for table, (*_, made) in COUNTED.items()
}
# What something changes, as it was known; what comes to nothing leaves no trace, as in the totals.
MAKE_KNOWN = {
    table: f"""
CREATE TEMP TABLE known_{table} AS
SELECT {", ".join((*key, *(f"sum({each}) AS {each}" for each in summed)))}
FROM (SELECT {", ".join((*key, *summed))} FROM main.{table}
    WHERE ({", ".join(key)}) IN (SELECT {", ".join(key)} FROM temp.changed_{table})
    UNION ALL SELECT * FROM temp.changed_{table})
GROUP BY {", ".join(key)} HAVING {" OR ".join(f"sum({each}) <> 0" for each in summed)}
"""
    for table, (key, summed, _) in COUNTED.items()
}
IN_PLACE = {
    table: f"""
CREATE TEMP VIEW {table} AS SELECT {", ".join((*key, *summed))} FROM main.{table}
WHERE ({", ".join(key)}) NOT IN (SELECT {", ".join(key)} FROM temp.changed_{table})
UNION ALL SELECT {", ".join((*key, *summed))} FROM temp.known_{table}
"""
    for table, (key, summed, _) in COUNTED.items()
}
CLAIM = "claim_id, claim_no, round_id, resident, pack_no, claimed_at, expires_at, batch_id, line"
IN_PLACE["claims"] = f"""
CREATE TEMP VIEW claims AS
SELECT {CLAIM} FROM main.claims WHERE claim_id <= (SELECT last_claim FROM temp.known_on)
UNION ALL
SELECT {CLAIM} FROM main.reversed_claims
WHERE claim_id <= (SELECT last_claim FROM temp.known_on)
    AND booked_on > (SELECT day FROM temp.known_on)
"""
# Which claims stood used: of those that something changes, from the facts that were known.
TOUCHED = f"""
SELECT DISTINCT f.voucher / 1024 {LATE} UNION SELECT DISTINCT f.voucher / 1024 {REVERSED} ORDER BY 1
"""
CREATE_TOUCHED = "CREATE TEMP TABLE touched (claim_id INTEGER PRIMARY KEY)"
ADD_TOUCHED = f"INSERT INTO touched {TOUCHED}"
FACTS = """
SELECT t.claim_id AS claim_id, s.round_id, f.day, ifnull(b.vouchers, 1)
FROM temp.known_on o CROSS JOIN temp.touched t CROSS JOIN redemptions f
    ON f.voucher BETWEEN t.claim_id * 1024 AND t.claim_id * 1024 + 1023
    AND f.redemption_id <= o.last_redemption AND f.day <= o.day
JOIN splits s ON s.split_id = f.split_id
LEFT JOIN refunds b ON b.redemption_id = f.redemption_id
UNION ALL
SELECT f.voucher / 1024, f.round_id, f.day, f.vouchers
FROM temp.known_on o CROSS JOIN reversed_facts f
    ON f.redemption_id <= o.last_redemption AND f.day <= o.day AND f.booked_on > o.day
WHERE f.voucher / 1024 IN (SELECT claim_id FROM temp.touched)
ORDER BY 1
"""
CREATE_BLOCKS = """
CREATE TEMP TABLE remade_used_claims (block INTEGER, round_id INTEGER, day INTEGER, claims BLOB)
"""
CREATE_REMADE = "CREATE TEMP TABLE remade_blocks (block INTEGER PRIMARY KEY)"
ADD_BLOCK = "INSERT INTO remade_blocks VALUES (?)"
ADD_REMADE = "INSERT INTO remade_used_claims VALUES (?, ?, ?, ?)"
IN_PLACE["used_claims"] = """
CREATE TEMP VIEW used_claims AS
SELECT block, round_id, day, claims FROM main.used_claims
WHERE block NOT IN (SELECT block FROM temp.remade_blocks)
UNION ALL SELECT block, round_id, day, claims FROM temp.remade_used_claims
"""
DROP = (
    *(f"DROP VIEW IF EXISTS temp.{table}" for table in IN_PLACE),
    *(
        f"DROP TABLE IF EXISTS temp.{what}_{table}"
        for table in COUNTED
        for what in ("changed", "known")
    ),
    "DROP TABLE IF EXISTS temp.touched",
    "DROP TABLE IF EXISTS temp.remade_blocks",
    "DROP TABLE IF EXISTS temp.remade_used_claims",
    "DROP TABLE IF EXISTS temp.known_on",
)


@contextmanager
def as_known(db: sqlite3.Connection, known: Known | None) -> Iterator[None]:
    """While totals and claims are those that were known (None: as they are)."""
    if known is None:
        yield
        return
    _clear(db)
    try:
        _prepare(db, known)
        yield
    finally:
        _clear(db)


def _clear(db: sqlite3.Connection) -> None:
    for statement in DROP:
        db.execute(statement)


def _prepare(db: sqlite3.Connection, known: Known) -> None:
    sql_functions.register(db, local_day=times.local_day)
    db.execute(BOUNDS)
    db.execute(BOUND, known)
    for table, statements in ADD_CHANGES.items():
        db.execute(CREATE_CHANGES[table])
        for statement, (_, sign) in zip(statements, CHANGES, strict=True):
            db.execute(statement, {"sign": sign})
        db.execute(MAKE_KNOWN[table])
    _remake_used(db)
    for statement in IN_PLACE.values():
        db.execute(statement)


def _remake_used(db: sqlite3.Connection) -> None:
    """The bits of the claims that something changes, by whole blocks."""
    for statement in (CREATE_TOUCHED, ADD_TOUCHED, CREATE_BLOCKS, CREATE_REMADE):
        db.execute(statement)
    claims = typed.column(db, "SELECT claim_id FROM temp.touched ORDER BY claim_id")
    for block, rows in used_claims.remade(db, claims, typed.tuples(db, FACTS)):
        db.execute(ADD_BLOCK, (block,))
        db.executemany(ADD_REMADE, rows)
