"""Eligibility lists by set: who belongs to which group of a programme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import batches, bulk_insert, duplicates, fact_digests, typed
from vouchercli.store.conditions import is_excluded, is_person_excluded
from vouchercli.store.lists import Listing, joined

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from vouchercli.store.duplicates import Stay
    from vouchercli.store.lists import Listed

CREATE_INCOMING = """
CREATE TEMP TABLE incoming_eligibility (
    place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER, cells TEXT, reason TEXT,
        detail TEXT DEFAULT '{}',
    resident BLOB, resident_group TEXT, district TEXT
)
"""
ADD_INCOMING = """
INSERT INTO incoming_eligibility (place, batch_id, line, cells, reason, detail, resident,
    resident_group, district)
VALUES (?,?,?,?,?,?,?,?,?)
"""
TYPED_COLUMNS = 3
STAGE = """
INSERT INTO incoming_eligibility (batch_id, place, line, resident, resident_group, district)
"""
STAGED = "(?2, ?, ?, ?, ?, ?)"

MARK_STANDING = """
UPDATE incoming_eligibility AS i SET reason = 'duplicate'
FROM eligibility e
WHERE i.reason IS NULL AND e.programme_id = :programme_id AND e.resident = i.resident
    AND e.resident_group = i.resident_group
"""
MARK_REPEATED = """
UPDATE incoming_eligibility AS i SET reason = 'duplicate'
FROM (
    SELECT place, row_number() OVER (PARTITION BY resident, resident_group ORDER BY place) AS nth
    FROM incoming_eligibility WHERE reason IS NULL
) AS u
WHERE u.place = i.place AND u.nth > 1
"""
ACCEPT = """
INSERT INTO eligibility (programme_id, resident, resident_group, district, listed_at, batch_id,
    line)
SELECT :programme_id, resident, resident_group, district, :listed_at, batch_id, line
FROM incoming_eligibility i WHERE reason IS NULL AND NOT EXISTS (
    SELECT 1 FROM listings l WHERE l.batch_id = i.batch_id AND l.line = i.line)
ORDER BY place
"""
# Packs granted for lines of the list; and packs, granted here or by a platform, of rounds that are
# for residents of a list, held by those whom this list alone makes eligible.
STANDS_ON = """
SELECT c.batch_id, count(DISTINCT c.claim_id) AS later
FROM eligibility e
JOIN claims c ON c.resident = e.resident
JOIN rounds r ON r.round_id = c.round_id AND r.programme_id = e.programme_id
JOIN batches b ON b.batch_id = c.batch_id
WHERE e.batch_id = ?1
    AND e.line NOT IN (SELECT of_line FROM duplicates WHERE of_batch = ?1)
    AND CASE b.kind
    WHEN 'allocation' THEN r.resident_group = e.resident_group OR (r.mode = 'targeted'
        AND c.line = e.eligibility_id)
    ELSE CASE WHEN r.resident_group <> '' THEN r.resident_group = e.resident_group
        ELSE r.mode = 'targeted' AND NOT EXISTS (
            SELECT 1 FROM eligibility o WHERE o.programme_id = e.programme_id
                AND o.resident = e.resident AND o.batch_id <> ?1
        ) END
END
GROUP BY c.batch_id ORDER BY c.batch_id
"""
NEXT_ID = "SELECT coalesce(max(eligibility_id), 0) + 1 FROM eligibility"
BLOCKS_OF = "SELECT DISTINCT eligibility_id >> 6 FROM eligibility WHERE batch_id = :batch_id"
DELETE = "DELETE FROM eligibility WHERE batch_id = :batch_id"

IS_EXCLUDED = f"""
SELECT {is_excluded("r.programme_id", "?2", "?3")} OR {is_person_excluded("r", "?2", "?3")}
FROM rounds r WHERE r.round_id = ?1
"""
IS_LISTED = (
    "SELECT EXISTS (SELECT 1 FROM eligibility WHERE programme_id = ? AND resident = ? AND"
    " ifnull(resident_group = ?, 1))"
)


class EligibilityLine(NamedTuple):
    """A line of the list; `group` and `district` are '' where the file did not say. `listed_at`
    None: it waits for a second person, and is not on the list yet.
    """

    resident: bytes
    group: str
    district: str
    listed_at: int | None
    batch: int


class Group(NamedTuple):
    """A group, how many residents it has on the list, and how many wait to come on it."""

    group: str
    residents: int
    waiting: int


SELECT_LINES = """
SELECT e.resident, e.resident_group, e.district, e.listed_at, e.batch_id FROM eligibility e
WHERE e.programme_id = :programme_id AND ifnull(e.resident_group = :group, 1)
    AND ifnull(e.resident = :resident, 1)
"""
LIST, LIST_OF_GROUP, LIST_OF_RESIDENT = (
    Listing(EligibilityLine, SELECT_LINES + which, "e.eligibility_id")
    for which in ("", "AND e.resident_group = :group", "AND e.resident = :resident")
)
LIST_WAITING = Listing(
    EligibilityLine,
    """
SELECT l.resident, l.resident_group, l.district, NULL, l.batch_id FROM listings l
WHERE l.programme_id = :programme_id AND ifnull(l.resident_group = :group, 1)
    AND ifnull(l.resident = :resident, 1)
""",
    "l.batch_id, l.line",
)
GROUPS = """
SELECT resident_group, sum(lines * is_on), sum(lines * (1 - is_on)) FROM (
    SELECT resident_group, count(*) AS lines, 1 AS is_on FROM eligibility WHERE programme_id = ?1
        GROUP BY resident_group
    UNION ALL SELECT resident_group, count(*), 0 FROM listings WHERE programme_id = ?1
        GROUP BY resident_group
) GROUP BY resident_group ORDER BY resident_group
"""


def stage(db: sqlite3.Connection, batch_id: int, columns: Sequence[list[Any]]) -> None:
    """Stage regular rows of a large list, given by columns: line, resident (token), group,
    district. They may turn out to be duplicates, but nothing else: their cells are not kept.
    """
    line, *others = columns
    if line:
        bulk_insert.put(db, STAGE, STAGED, [line, line, *others], numbered=(0, batch_id))


def judge(db: sqlite3.Connection, programme_id: int) -> None:
    """Give every incoming row that is on the list already, or twice in the file, the reason
    'duplicate'.
    """
    db.execute(MARK_STANDING, {"programme_id": programme_id})
    db.execute(MARK_REPEATED)


def accept(db: sqlite3.Connection, batch_id: int, programme_id: int, at: int) -> None:
    """Put the fit rows on the programme's list, in the order of the file; not those that wait for a
    second person.
    """
    first_id = typed.number(db, NEXT_ID)
    db.execute(ACCEPT, {"batch_id": batch_id, "programme_id": programme_id, "listed_at": at})
    fact_digests.add_written(db, "eligibility", first_id)


def refuse_granted(db: sqlite3.Connection, batch_id: int) -> None:
    """Raise `batch_built_upon` when packs were granted for some of a batch's lines that no other
    file has.
    """
    batches.refuse_built_upon(db, batch_id, STANDS_ON, is_granted=True)


def undo(db: sqlite3.Connection, batch_id: int) -> list[Stay]:
    """Take a batch's lines off the list, but for those that other files brought too, which these
    have now. Raises as `refuse_granted`.
    """
    refuse_granted(db, batch_id)
    stay = duplicates.hand_over(db, "eligibility", batch_id)
    with fact_digests.changing(db, "eligibility", of=BLOCKS_OF, batch_id=batch_id):
        db.execute(DELETE, {"batch_id": batch_id})
    return stay


def is_listed(
    db: sqlite3.Connection, programme_id: int, resident: bytes, group: str | None
) -> bool:
    """Whether the resident is on the programme's list for `group` (None: for any)."""
    return bool(typed.number(db, IS_LISTED, (programme_id, resident, group)))


def is_excluded_at(db: sqlite3.Connection, round_id: int, resident: bytes, at: int) -> bool:
    """Whether a case excluded the resident, or one who is one person with it in the round, from
    packs of the round's programme at that moment.
    """
    return bool(typed.number(db, IS_EXCLUDED, (round_id, resident, at)))


def listed(db: sqlite3.Connection, programme_id: int, **wanted: Any) -> Listed:
    """Lines of the list (`EligibilityLine`) by group or resident token (None: any), in its order,
    then those that wait to come on it.
    """
    asked = {"programme_id": programme_id, **wanted}
    is_of_group, is_of_resident = (wanted[each] is not None for each in ("group", "resident"))
    listing = LIST_OF_RESIDENT if is_of_resident else LIST_OF_GROUP if is_of_group else LIST
    return joined(listing.of(db, **asked), LIST_WAITING.of(db, **asked))


def groups(db: sqlite3.Connection, programme_id: int) -> list[Group]:
    """Every group on the list, how many residents it has, and how many wait."""
    return typed.rows(db, Group, GROUPS, (programme_id,))
