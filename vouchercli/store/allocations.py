"""Who is granted a pack, by set: the plain case of `rules.allocations` in the order of arrival, and
what the law reads for the others.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules.allocations import Entry
from vouchercli.store import typed
from vouchercli.store.conditions import (
    holds,
    is_eligible,
    is_excluded,
    is_paused,
    is_person_excluded,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

END_OF_TIME = 2**62

# Answered from the index applications_in_order alone.
IN_ORDER = """
SELECT application_id, resident FROM applications INDEXED BY applications_in_order
WHERE round_id = :round_id AND applied_at < :closes_at ORDER BY applied_at, application_no
"""
COUNT = (
    "SELECT count(*) FROM applications INDEXED BY applications_in_order WHERE round_id = :round_id"
    " AND applied_at < :closes_at"
)
HOLDERS = "SELECT resident FROM claims WHERE round_id = ?"
# In batches of granting, claims.line is the application or line of the list.
GRANTED = """
SELECT c.line FROM claims c JOIN batches b ON b.batch_id = c.batch_id AND b.kind = 'allocation'
    WHERE c.round_id = ? AND c.line > 0
"""
CREATE_PASSED = "CREATE TEMP TABLE IF NOT EXISTS passed (application_id INTEGER PRIMARY KEY)"
CLEAR_PASSED = "DELETE FROM temp.passed"
PASS = "INSERT INTO temp.passed (application_id) VALUES (?)"
STAGE = """
INSERT INTO temp.granting (resident, application_id, claimed_at)
SELECT resident, application_id, max(applied_at, :opens_at)
    FROM applications INDEXED BY applications_in_order
WHERE round_id = :round_id AND applied_at < :closes_at AND (applied_at,
    application_no) <= (:last_at, :last_no)
  AND application_id NOT IN (SELECT application_id FROM temp.passed)
ORDER BY applied_at, application_no
"""
ARRIVAL = "SELECT applied_at, application_no FROM applications WHERE application_id = ?"

# What the law reads: every application with its person, whether it is on the list, whether the
# round was paused then. Whom a case excluded is asked at the granting: a pack is given then, though
# it is dated by the arrival.
APPLICATIONS = f"""
SELECT a.application_id AS entry_id, a.resident, ifnull(p.person, a.resident) AS person,
    max(a.applied_at, r.opens_at) AS claimed_at,
    {is_eligible("r", "a.resident", ":granted_at")}
        AND NOT {is_person_excluded("r", "a.resident", ":granted_at")} AS is_eligible,
    {is_paused("r", "max(a.applied_at, r.opens_at)")} AS is_paused
FROM applications a JOIN rounds r ON r.round_id = a.round_id
LEFT JOIN persons p ON p.round_id = a.round_id AND p.resident = a.resident
WHERE a.round_id = :round_id AND a.applied_at < r.closes_at
ORDER BY a.applied_at, a.application_no
"""
# A targeted round: each resident of the list once, in its order; claimed at the opening, or when it
# came on the list.
ON_THE_LIST = f"""
FROM eligibility e JOIN rounds r ON r.round_id = :round_id AND r.programme_id = e.programme_id
WHERE (r.resident_group = '' OR e.resident_group = r.resident_group)
    AND ifnull(e.resident_group = :group, 1)
  AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.resident = e.resident AND c.round_id = r.round_id)
  AND NOT {is_excluded("r.programme_id", "e.resident", ":granted_at")}
"""
LISTED = (
    """
SELECT min(e.eligibility_id) AS entry_id, e.resident, e.resident AS person,
    min(max(min(e.listed_at), r.opens_at), r.closes_at - 1) AS claimed_at, 1 AS is_eligible,
        0 AS is_paused
"""
    + ON_THE_LIST
    + "GROUP BY e.resident ORDER BY 1"
)
COUNT_LISTED = "SELECT count(DISTINCT e.resident)" + ON_THE_LIST
HELD_IN_ROUND = """
SELECT ifnull(p.person, c.resident) AS person, count(*) AS packs FROM claims c
LEFT JOIN persons p ON p.round_id = c.round_id AND p.resident = c.resident
WHERE c.round_id = ? GROUP BY 1
"""
HAS_PERSONS = "SELECT EXISTS (SELECT 1 FROM persons WHERE round_id = ?)"
HAS_PAUSES = "SELECT EXISTS (SELECT 1 FROM pauses WHERE round_id = ?)"
HAS_EXCLUSIONS = "SELECT EXISTS (SELECT 1 FROM exclusions WHERE programme_id = ?)"
EXCLUDED = f"SELECT DISTINCT x.resident FROM exclusions x WHERE {holds('?1', '?2')}"
HISTORY = """
SELECT batch_id, granted_at, granted, resident_limit, not_eligible, round_paused, sold_out,
    last_applied_at, last_application_no
FROM allocations WHERE round_id = ? ORDER BY batch_id
"""
LAST_ARRIVAL = """
SELECT last_applied_at, last_application_no FROM allocations
WHERE round_id = ? AND last_application_no IS NOT NULL AND last_applied_at <= ?
ORDER BY last_applied_at DESC, last_application_no DESC LIMIT 1
"""


def first_come(
    db: sqlite3.Connection, row: sqlite3.Row, room: int, granted_at: int
) -> tuple[int | None, dict[str, int]]:
    """Stage the first `room` residents to come who hold no pack of the round and are not excluded
    at that second, one each; the scan stops where the packs end. Gives the application_id of the
    last that got one, and how many were passed over for which reason.

    The plain case of `rules.allocations`: one pack a resident, nobody joined, no list, no pause,
    no limit beyond the round.
    """
    values = {
        "round_id": row["round_id"],
        "opens_at": row["opens_at"],
        "closes_at": row["closes_at"],
    }
    done = granted_before(db, row["round_id"])
    excluded = {*typed.column(db, EXCLUDED, (row["programme_id"], granted_at))}
    by_reason, last, granted = _scan(db, values, room, done, excluded)
    passed = [*chain.from_iterable(by_reason.values())]
    if last is not None:
        last_at, last_no = arrival(db, last)
        for statement in (CREATE_PASSED, CLEAR_PASSED):
            db.execute(statement)
        db.executemany(
            PASS, ((application_id,) for ids in (passed, done) for application_id in ids)
        )
        db.execute(STAGE, values | {"last_at": last_at, "last_no": last_no})
    late = count(db, row) - len(done) - len(passed) - granted
    return last, {**{why: len(ids) for why, ids in by_reason.items()}, "sold_out": late}


def _scan(
    db: sqlite3.Connection, values: dict[str, Any], room: int, done: set[int], excluded: set[bytes]
) -> tuple[dict[str, list[int]], int | None, int]:
    """(applications passed over by their reason, the last that gets a pack, how many get one), in
    the order of arrival.
    """
    cursor = db.cursor()
    cursor.row_factory = None
    held = {resident for (resident,) in cursor.execute(HOLDERS, (values["round_id"],))}
    held |= excluded
    passed: dict[str, list[int]] = {"not_eligible": [], "resident_limit": []}
    last, left = None, room
    for application_id, resident in cursor.execute(IN_ORDER, values):
        if resident not in held:
            held.add(resident)
            last = application_id
            left -= 1
            if not left:
                break
        elif application_id not in done:
            why = "not_eligible" if resident in excluded else "resident_limit"
            passed[why].append(application_id)
    return passed, last, room - left


def count(db: sqlite3.Connection, row: sqlite3.Row) -> int:
    """How many applications of the round came before its closing."""
    wanted = {"round_id": row["round_id"], "closes_at": row["closes_at"]}
    return int(db.execute(COUNT, wanted).fetchone()[0])


def granted_before(db: sqlite3.Connection, round_id: int) -> set[int]:
    """The applications (targeted: lines of the list) that have their pack."""
    return {row["line"] for row in db.execute(GRANTED, (round_id,))}


def arrival(db: sqlite3.Connection, application_id: int) -> tuple[int, str]:
    """(applied_at, application_no) of an application: its place in the order."""
    at, no = db.execute(ARRIVAL, (application_id,)).fetchone()
    return at, no


# ---------------------------------------------------------------- what the law reads


def applications(db: sqlite3.Connection, round_id: int, granted_at: int) -> Iterator[Entry]:
    """Every application from before the closing, in the order of arrival, as it stands when packs
    are granted (UTC seconds).
    """
    asked = {"round_id": round_id, "granted_at": granted_at}
    return (Entry(*row) for row in db.execute(APPLICATIONS, asked))


def listed(
    db: sqlite3.Connection, round_id: int, group: str | None, granted_at: int
) -> Iterator[Entry]:
    """Every resident of the list that a targeted round is for (`group`: of these only), that has
    no pack of it yet and is not excluded at that second, once, in the list's order.
    """
    asked = {"round_id": round_id, "group": group, "granted_at": granted_at}
    return (Entry(*row) for row in db.execute(LISTED, asked))


def count_listed(db: sqlite3.Connection, round_id: int, group: str | None, granted_at: int) -> int:
    """How many residents `listed` gives."""
    asked = {"round_id": round_id, "group": group, "granted_at": granted_at}
    return int(db.execute(COUNT_LISTED, asked).fetchone()[0])


def held_in_round(db: sqlite3.Connection, round_id: int) -> dict[bytes, int]:
    """person -> packs of the round that it holds."""
    return {row["person"]: row["packs"] for row in db.execute(HELD_IN_ROUND, (round_id,))}


def is_plain(db: sqlite3.Connection, row: sqlite3.Row) -> bool:
    """Whether `first_come` may decide alone, as far as the round knows: one pack each, no group,
    nobody joined, no pause.
    """
    round_id = row["round_id"]
    is_alone = not any(
        db.execute(asked, (round_id,)).fetchone()[0] for asked in (HAS_PERSONS, HAS_PAUSES)
    )
    return row["per_resident"] == 1 and not row["resident_group"] and is_alone


def has_exclusions(db: sqlite3.Connection, programme_id: int) -> bool:
    """Whether a case excluded anybody from the programme's packs, if only for a time."""
    return bool(db.execute(HAS_EXCLUSIONS, (programme_id,)).fetchone()[0])


class Run(NamedTuple):
    """A run of granting: the packs granted, how many applications each reason passed over, and the
    last arrival that got a pack (None: not by arrival).
    """

    batch: int
    granted_at: int
    granted: int
    resident_limit: int
    not_eligible: int
    round_paused: int
    sold_out: int
    last_applied_at: int | None
    last_application_no: str | None


def history(db: sqlite3.Connection, round_id: int) -> list[Run]:
    """Every run of granting that the round has had, the first one first."""
    return [*map(Run._make, db.execute(HISTORY, (round_id,)))]


def last_arrival(
    db: sqlite3.Connection, round_id: int, until: int = END_OF_TIME
) -> sqlite3.Row | None:
    """The last arrival up to `until` that got a pack: last_applied_at, last_application_no; None
    when nothing went by arrival.
    """
    row: sqlite3.Row | None = db.execute(LAST_ARRIVAL, (round_id, until)).fetchone()
    return row
