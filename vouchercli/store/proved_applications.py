"""Applications of large files: proved rows written many at a time, and who belongs together by
them.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from vouchercli.store import bulk_insert, fact_digests, persons, typed
from vouchercli.store.applications import FROM_AT, UNTIL_AT

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

# What an application is held against, for each round.
ROUNDS = f"""
SELECT r.round, r.round_id, r.state, r.mode, r.lead_id, {FROM_AT} AS from_at,
    {UNTIL_AT} AS until_at, d.published_at
FROM rounds r LEFT JOIN draws d ON d.round_id = r.round_id WHERE r.programme_id = ?
    ORDER BY r.round_id
"""
LAST_ID = "SELECT coalesce(max(application_id), 0) FROM applications"
COLUMNS = (
    "round_id",
    "application_no",
    "resident",
    "applied_at",
    "group",
    "district",
    "line",
)
# No number of a round twice: where one stands already, nothing is written.
ADD = """
INSERT OR IGNORE INTO applications (application_id, batch_id, round_id, application_no, resident,
    applied_at, resident_group, district, line)
"""
APPLICATION = "(?1 + :n, ?2, ?, ?, ?, ?, ?, ?, ?)"
WRITTEN = "SELECT application_id FROM applications WHERE application_id >= ?"

# ---------------------------------------------------------------- what else they say of a person

IDENTITIES = ("round_id", "kind", "token", "application_id", "resident")
CREATE_IDENTITIES = """
CREATE TEMP TABLE IF NOT EXISTS proved_identities (
    round_id INTEGER, kind TEXT, token BLOB, application_id INTEGER, resident BLOB
)
"""
CLEAR_IDENTITIES = "DELETE FROM temp.proved_identities"
ADD_IDENTITIES = """
INSERT INTO temp.proved_identities (round_id, kind, token, application_id, resident)
"""
IDENTITY = "(?, ?, ?, ?, ?)"
KEEP_IDENTITIES = """
INSERT INTO application_identities (round_id, kind, token, application_id)
SELECT round_id, kind, token, application_id FROM temp.proved_identities
ORDER BY round_id, kind, token, application_id
"""
# Everyone who shares an identity is linked to the first who gave it.
LINKS = """
SELECT DISTINCT p.round_id, p.resident, f.resident
FROM (
    SELECT round_id, resident, application_id, (
        SELECT min(x.application_id) FROM application_identities x
        WHERE x.round_id = i.round_id AND x.kind = i.kind AND x.token = i.token) AS first_id
    FROM temp.proved_identities i
) AS p CROSS JOIN applications f ON f.application_id = p.first_id
WHERE p.first_id <> p.application_id AND f.resident <> p.resident
"""


def rounds(db: sqlite3.Connection, programme_id: int) -> list[sqlite3.Row]:
    """round, round_id, state, mode, from_at, until_at, published_at of every round."""
    return db.execute(ROUNDS, (programme_id,)).fetchall()


def next_id(db: sqlite3.Connection) -> int:
    """The first application_id that is free."""
    return typed.number(db, LAST_ID) + 1


def add(
    db: sqlite3.Connection, batch_id: int, first_id: int, columns: Sequence[list[Any]]
) -> list[int]:
    """Write applications, given by columns (`COLUMNS`), with ids from `first_id` on. Returns the
    places of those whose number stands already.
    """
    height = len(columns[0])
    if not bulk_insert.put(db, ADD, APPLICATION, columns, numbered=(first_id, batch_id)):
        _keep_digests(db, batch_id, first_id, columns)
        return []
    fact_digests.add_written(db, "applications", first_id)
    written = {*typed.column(db, WRITTEN, (first_id,))}
    return [place for place in range(height) if first_id + place not in written]


def _keep_digests(
    db: sqlite3.Connection, batch_id: int, first_id: int, columns: Sequence[list[Any]]
) -> None:
    round_ids, application_nos, residents, applied_at, groups, districts, lines = columns
    ids = range(first_id, first_id + len(lines))
    texts = [application_nos, [*map(bytes.hex, residents)], groups, districts]
    lengths = (map(len, each) for each in texts)
    numbers = zip(ids, round_ids, applied_at, repeat(batch_id), lines, *lengths, strict=False)
    octets = fact_digests.words(chain.from_iterable(numbers))
    fact_digests.add_columns(db, "applications", ids, octets, texts)


def join(db: sqlite3.Connection, columns: Sequence[list[Any]]) -> None:
    """Keep the identities, given by columns (`IDENTITIES`), of applications that were written, and
    join who shares one.
    """
    db.execute(CREATE_IDENTITIES)
    db.execute(CLEAR_IDENTITIES)
    bulk_insert.put(db, ADD_IDENTITIES, IDENTITY, columns)
    db.execute(KEEP_IDENTITIES)
    links = defaultdict(list)
    for round_id, *pair in db.execute(LINKS):
        links[round_id].append(pair)
    for round_id, pairs in links.items():
        persons.join(db, round_id, pairs)
