"""Changes of an eligibility list that approved rounds rest on: lines that wait for a second person,
the rounds and the money that they concern, and the digest under which a list was approved.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import batches, duplicates, fact_digests, typed
from vouchercli.store.conditions import rests_on_list

if TYPE_CHECKING:
    import sqlite3

CREATE_RESTED_ON = """
CREATE TEMP TABLE IF NOT EXISTS rested_on (resident_group TEXT PRIMARY KEY) WITHOUT ROWID
"""
CLEAR_RESTED_ON = "DELETE FROM temp.rested_on"
REST_ON = f"""
INSERT INTO temp.rested_on (resident_group)
SELECT DISTINCT r.resident_group FROM rounds r
WHERE r.programme_id = ? AND {rests_on_list("r")}
"""
# A round without a group rests on every group of the list.
HOLD = """
INSERT INTO listings (batch_id, line, programme_id, resident, resident_group, district)
SELECT i.batch_id, i.line, :programme_id, i.resident, i.resident_group, i.district
FROM incoming_eligibility i JOIN (
    SELECT i.place FROM incoming_eligibility i JOIN temp.rested_on g
        ON g.resident_group IN ('', i.resident_group) GROUP BY i.place
) AS waiting USING (place)
WHERE i.reason IS NULL
"""
NEXT_ID = "SELECT coalesce(max(eligibility_id), 0) + 1 FROM eligibility"
PUT_ON = """
INSERT INTO eligibility (programme_id, resident, resident_group, district, listed_at, batch_id,
    line)
SELECT programme_id, resident, resident_group, district, :listed_at, batch_id, line
FROM listings WHERE batch_id = :batch_id ORDER BY line
ON CONFLICT DO NOTHING
"""
# What came on the list by another file meanwhile.
ALREADY_ON = """
SELECT l.line, e.batch_id, e.line FROM listings l CROSS JOIN eligibility e
    ON e.programme_id = l.programme_id AND e.resident = l.resident
    AND e.resident_group = l.resident_group
WHERE l.batch_id = ? ORDER BY l.line
"""
DROP = "DELETE FROM listings WHERE batch_id = ?"
# Lines that wait ('listing'), or that are to leave ('delisting'): those named, or all that no
# other file has.
CHANGING = """
SELECT resident, resident_group FROM listings WHERE batch_id = :batch_id AND :kind = 'listing'
UNION ALL SELECT resident, resident_group FROM eligibility
WHERE batch_id = :batch_id AND :kind = 'delisting'
    AND CASE WHEN :lines IS NULL
        THEN line NOT IN (SELECT of_line FROM duplicates WHERE of_batch = :batch_id)
        ELSE line IN (SELECT value FROM json_each(:lines)) END
"""
COUNT = f"SELECT count(DISTINCT resident) FROM ({CHANGING})"
# The rounds that rest on lines of a file, waiting ('listing') or on the list ('delisting').
CONCERNED = f"""
SELECT r.round, t.pack_value_fen * (
    SELECT count(DISTINCT l.resident) FROM ({CHANGING}) AS l
    WHERE r.resident_group IN ('', l.resident_group)) AS amount_fen
FROM batches b JOIN rounds r ON r.programme_id = b.programme_id
    JOIN templates t ON t.template_id = r.template_id
WHERE b.batch_id = :batch_id AND {rests_on_list("r")} AND amount_fen > 0
ORDER BY r.opens_at, r.round_id
"""
LINES_OF = """
SELECT e.batch_id, e.line, e.resident FROM eligibility e
WHERE e.programme_id = ? AND e.resident = ? AND ifnull(e.resident_group = ?, 1)
ORDER BY e.eligibility_id
"""
TAKE_OFF = """
DELETE FROM eligibility
WHERE batch_id = ?1 AND line IN (SELECT value FROM json_each(?2))
"""
LEAVING_BLOCKS = """
SELECT DISTINCT eligibility_id >> 6 FROM eligibility
WHERE batch_id = :batch_id AND line IN (SELECT value FROM json_each(:lines))
"""
# Whoever leaves a list by name leaves it by whatever file.
FORGET_DUPLICATES = """
DELETE FROM duplicates WHERE of_batch = ?1 AND of_line IN (SELECT value FROM json_each(?2))
"""
RESIDENTS = """
SELECT DISTINCT resident FROM eligibility
WHERE programme_id = ? AND (?2 = '' OR resident_group = ?2) ORDER BY resident
"""


class Concerned(NamedTuple):
    """A round that rests on lines of a file, and the packs of their residents in fen."""

    round: str
    amount_fen: int


class Digest(NamedTuple):
    """How many residents a list has, and SHA-256 (hexadecimal) over their tokens in order."""

    residents: int
    sha256: str


def hold(db: sqlite3.Connection, programme_id: int) -> int:
    """Let the fit incoming lines wait whose group an approved round rests on; how many."""
    db.execute(CREATE_RESTED_ON)
    db.execute(CLEAR_RESTED_ON)
    db.execute(REST_ON, (programme_id,))
    return db.execute(HOLD, {"programme_id": programme_id}).rowcount


def put_on(db: sqlite3.Connection, batch_id: int, at: int) -> int:
    """The waiting lines of a file come on the list, which they are on from now; how many were not
    on it yet. The others are duplicates.
    """
    on = typed.tuples(db, ALREADY_ON, (batch_id,))
    duplicates.add(db, batch_id, on)
    batches.move(db, batch_id, accepted=-len(on), duplicate=len(on), rejected=0)
    first_id = typed.number(db, NEXT_ID)
    added = db.execute(PUT_ON, {"batch_id": batch_id, "listed_at": at}).rowcount
    fact_digests.add_written(db, "eligibility", first_id)
    drop(db, batch_id)
    return added


def drop(db: sqlite3.Connection, batch_id: int) -> None:
    """Nothing of the file waits any more."""
    db.execute(DROP, (batch_id,))


def residents(
    db: sqlite3.Connection, batch_id: int, kind: str, lines: list[int] | None = None
) -> int:
    """How many residents a file would bring onto its list ('listing') or take off it ('delisting',
    by these lines; None: by all).
    """
    return typed.number(db, COUNT, _asked(batch_id, kind, lines))


def concerned(
    db: sqlite3.Connection, batch_id: int, kind: str, lines: list[int] | None = None
) -> list[Concerned]:
    """The approved rounds that rest on lines of the file which wait ('listing'), or which are on
    the list ('delisting'; these, None: all), by their opening.
    """
    return typed.rows(db, Concerned, CONCERNED, _asked(batch_id, kind, lines))


def _asked(batch_id: int, kind: str, lines: list[int] | None) -> dict[str, Any]:
    named = None if lines is None else json.dumps(lines)
    return {"batch_id": batch_id, "kind": kind, "lines": named}


class Listed(NamedTuple):
    """A line of a file by which a resident (a token) is on the list."""

    batch: int
    line: int
    resident: bytes


def lines_of(
    db: sqlite3.Connection, programme_id: int, resident: bytes, group: str | None
) -> list[Listed]:
    """The lines by which a resident is on the list (of that group; None: of any)."""
    return typed.rows(db, Listed, LINES_OF, (programme_id, resident, group))


def take_off(db: sqlite3.Connection, batch_id: int, lines: list[int]) -> None:
    """These lines of a file leave the list."""
    of = {"batch_id": batch_id, "lines": json.dumps(lines)}
    with fact_digests.changing(db, "eligibility", of=LEAVING_BLOCKS, **of):
        db.execute(TAKE_OFF, (batch_id, of["lines"]))
    db.execute(FORGET_DUPLICATES, (batch_id, of["lines"]))


def digest(db: sqlite3.Connection, programme_id: int, group: str) -> Digest:
    """The digest of the list of a group ('': of all groups) as it stands."""
    sealed, count = hashlib.sha256(), 0
    for (resident,) in db.execute(RESIDENTS, (programme_id, group)):
        sealed.update(resident)
        count += 1
    return Digest(count, sealed.hexdigest())
