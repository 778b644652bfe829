"""Applications by set: `rules.applications` applied to a whole file, who belongs together, and what
live claims need of them.
"""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.rules import applications as law
from vouchercli.store import (
    application_reopening,
    batches,
    duplicates,
    fact_digests,
    persons,
    typed,
)
from vouchercli.store.conditions import excluded_from, is_eligible
from vouchercli.store.lists import ROUNDS_WANTED, Listing, merged, span

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.store.duplicates import Stay
    from vouchercli.store.lists import Listed

CREATE_INCOMING = """
CREATE TEMP TABLE incoming_applications (
    place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER, cells TEXT, reason TEXT,
        detail TEXT DEFAULT '{}',
    application_no TEXT, round TEXT, resident BLOB, applied_at INTEGER, resident_group TEXT,
        district TEXT,
    device BLOB, mobile BLOB, card BLOB, account BLOB,
    round_id INTEGER,
    application_id INTEGER -- it had been accepted: only its number is asked about again
)
"""
ADD_INCOMING = """
INSERT INTO incoming_applications (place, batch_id, line, cells, reason, detail, application_no,
    round, resident, applied_at,
    resident_group, district, device, mobile, card, account)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
"""
TYPED_COLUMNS = 10

INDEX_INCOMING = (
    "CREATE INDEX IF NOT EXISTS temp.incoming_applications_by_no ON incoming_applications"
    " (application_no)"
)
FIND_ROUND = """
UPDATE incoming_applications SET round_id = (
    SELECT round_id FROM rounds WHERE programme_id = :programme_id
        AND round = incoming_applications.round
)
"""
# The row stands in the store already.
MARK_STANDING = """
UPDATE incoming_applications AS i SET reason = 'duplicate'
FROM applications a
WHERE i.reason IS NULL AND a.round_id = i.round_id AND a.application_no = i.application_no
  AND a.resident = i.resident AND a.applied_at = i.applied_at
"""
# In which one may apply: rules.applications.ApplicationRound.window.
FROM_AT = """CASE WHEN r.mode = 'fcfs' THEN ifnull(r.registration_opens_at, r.opens_at)
            ELSE r.registration_opens_at END"""
UNTIL_AT = """CASE WHEN r.mode = 'fcfs' THEN r.closes_at
            ELSE ifnull(d.registration_closes_at, r.opens_at) END"""
JUDGE_EACH = f"""
UPDATE incoming_applications AS i SET reason = j.reason
FROM (
    SELECT place, {law.APPLICATIONS.sql()} AS reason
    FROM (
        SELECT w.place, w.applied_at, r.round_id, r.state, r.mode, r.lead_id, d.published_at,
            {FROM_AT} AS from_at,
            {UNTIL_AT} AS until_at,
            {is_eligible("r", "w.resident", "w.applied_at")} AS is_eligible, :latest_at AS latest_at
        FROM incoming_applications w LEFT JOIN rounds r ON r.round_id = w.round_id
            LEFT JOIN draws d ON d.round_id = r.round_id
        WHERE w.reason IS NULL AND w.application_id IS NULL
    )
) AS j
WHERE j.place = i.place AND j.reason IS NOT NULL
"""
# rules.applications._number: the first lawful use owns the number; the same row again is a
# duplicate, also of one that was refused.
JUDGE_NUMBERS = """
UPDATE incoming_applications AS i SET reason = CASE WHEN u.same_no > 1 THEN 'duplicate'
    ELSE 'application_reused' END
FROM (
    SELECT place, round_id, application_no,
        row_number() OVER (PARTITION BY round_id, application_no ORDER BY applied_at,
            place) AS use_no,
        row_number() OVER (PARTITION BY round_id, application_no, resident, applied_at
            ORDER BY place) AS same_no
    FROM incoming_applications WHERE reason IS NULL
) AS u
WHERE u.place = i.place AND (u.use_no > 1 OR EXISTS (
    SELECT 1 FROM applications a WHERE a.round_id = u.round_id
        AND a.application_no = u.application_no))
"""
# But of another file's refused row it is a duplicate of nothing that stands: it is refused like it.
REFUSE_REPEATS = """
UPDATE incoming_applications AS i SET reason = f.reason
FROM incoming_applications f
WHERE i.reason = 'duplicate' AND f.application_no = i.application_no AND f.round = i.round
    AND f.resident = i.resident AND f.applied_at = i.applied_at AND f.reason <> 'duplicate'
    AND f.batch_id <> i.batch_id
"""
# The values that the explanation of a reject is made of (json_patch drops those that are not
# known).
EXPLAIN = f"""
UPDATE incoming_applications AS i SET detail = (
    SELECT json_patch('{{}}', json_object(
        'application_no', i.application_no, 'round', i.round, 'applied_at', i.applied_at, 'state',
            r.state, 'group', nullif(r.resident_group, ''),
        'excluded_at', CASE i.reason WHEN 'not_eligible'
            THEN {excluded_from("r.programme_id", "i.resident", "i.applied_at")} END,
        'opens_at', {FROM_AT},
        'closes_at', {UNTIL_AT},
        'published_at', d.published_at,
        'latest_at', CASE i.reason WHEN 'in_future' THEN :latest_at END))
    FROM (SELECT 1) LEFT JOIN rounds r ON r.round_id = i.round_id LEFT JOIN draws d
        ON d.round_id = r.round_id
)
WHERE reason IS NOT NULL AND reason <> 'duplicate' AND application_no IS NOT NULL
"""

ACCEPT = """
INSERT INTO applications (application_id, round_id, application_no, resident, applied_at,
    resident_group, district, batch_id, line)
SELECT application_id, round_id, application_no, resident, applied_at, resident_group, district,
    batch_id, line
FROM incoming_applications WHERE reason IS NULL ORDER BY place
"""
NEXT_ID = "SELECT coalesce(max(application_id), 0) + 1 FROM applications"
# Of applications that were judged again and stay.
RETURNING_BLOCKS = """
SELECT DISTINCT application_id >> 6 FROM incoming_applications
WHERE reason IS NULL AND application_id IS NOT NULL
"""
GIVEN = """(
    SELECT w.round_id, w.application_no, k.kind, CASE k.kind
        WHEN 'device' THEN w.device WHEN 'mobile' THEN w.mobile WHEN 'card' THEN w.card
        ELSE w.account END AS token
    FROM incoming_applications w
    JOIN (SELECT 'device' AS kind UNION ALL SELECT 'mobile' UNION ALL SELECT 'card'
        UNION ALL SELECT 'account') k
    WHERE w.reason IS NULL
)"""
ACCEPT_IDENTITIES = f"""
INSERT INTO application_identities (round_id, kind, token, application_id)
SELECT i.round_id, i.kind, i.token, a.application_id
FROM {GIVEN} AS i JOIN applications a ON a.round_id = i.round_id
    AND a.application_no = i.application_no
WHERE i.token IS NOT NULL
"""
# Everyone who shares an identity is linked to the first who gave it.
NEW_LINKS = f"""
SELECT DISTINCT i.round_id, a.resident, f.resident
FROM {GIVEN} AS i
JOIN applications a ON a.round_id = i.round_id AND a.application_no = i.application_no
JOIN applications f ON f.application_id = (
    SELECT min(x.application_id) FROM application_identities x
    WHERE x.round_id = i.round_id AND x.kind = i.kind AND x.token = i.token)
WHERE i.token IS NOT NULL AND a.resident <> f.resident
"""
LINKS = """
SELECT DISTINCT a.resident, f.resident
FROM application_identities i
JOIN applications a ON a.application_id = i.application_id
JOIN applications f ON f.application_id = (
    SELECT min(x.application_id) FROM application_identities x WHERE x.round_id = i.round_id
        AND x.kind = i.kind AND x.token = i.token)
WHERE i.round_id = ? AND a.resident <> f.resident
"""

STANDS_ON = """
SELECT c.batch_id, count(*) AS later
FROM applications a
JOIN claims c ON c.resident = a.resident AND c.round_id = a.round_id AND c.line = a.application_id
JOIN batches b ON b.batch_id = c.batch_id AND b.kind = 'allocation'
WHERE a.batch_id = ? GROUP BY c.batch_id ORDER BY c.batch_id
"""
PUBLISHED = """
SELECT r.round FROM rounds r JOIN draws d ON d.round_id = r.round_id
WHERE d.published_at IS NOT NULL AND EXISTS (SELECT 1 FROM applications a
    WHERE a.round_id = r.round_id AND a.batch_id = ?)
"""
ROUNDS_OF = "SELECT DISTINCT round_id FROM applications WHERE batch_id = ?"
DELETE_IDENTITIES = """
DELETE FROM application_identities WHERE application_id IN (SELECT application_id FROM applications
    WHERE batch_id = ?)
"""
BLOCKS_OF = "SELECT DISTINCT application_id >> 6 FROM applications WHERE batch_id = :batch_id"
DELETE = "DELETE FROM applications WHERE batch_id = :batch_id"


class ApplicationLine(NamedTuple):
    """An application as lists show it; `person` is the token that stands for all who belong
    together with the resident, `claim_no` the claim that was granted for it here.
    """

    application_no: str
    round: str
    resident: bytes
    applied_at: int
    group: str
    district: str
    person: bytes | None
    claim_no: str | None
    batch: int | None


SELECT_LINES = """
SELECT a.application_no, r.round, a.resident, a.applied_at, a.resident_group, a.district, p.person,
    (SELECT c.claim_no FROM claims c JOIN batches b ON b.batch_id = c.batch_id
        AND b.kind = 'allocation'
     WHERE c.resident = a.resident AND c.line = a.application_id
         AND (c.round_id = a.round_id OR c.round_id = (SELECT m.round_id FROM rounds m
             WHERE m.lead_id = a.round_id AND m.state <> 'cancelled'))), a.batch_id
FROM applications a CROSS JOIN rounds r ON r.round_id = a.round_id
LEFT JOIN persons p ON p.round_id = a.round_id AND p.resident = a.resident
WHERE r.programme_id = :programme_id
    AND ifnull(:round IN (r.round, nullif(r.family, '')), :round IS NULL)
    AND ifnull(a.application_no = :application_no, 1)
  AND ifnull(a.resident = :resident, 1) AND a.applied_at BETWEEN :since AND :until
"""
ORDER = "a.applied_at, a.application_no"
LIST_OF_ROUND, LIST_OF_NUMBER = (
    Listing(ApplicationLine, SELECT_LINES + which, ORDER)
    for which in (
        "AND a.round_id = :round_id",
        "AND a.round_id = :round_id AND a.application_no = :application_no",
    )
)


def judge(db: sqlite3.Connection, programme_id: int, latest_at: int | None = None) -> None:
    """Give every incoming row its reason: 'duplicate', a reject code, or NULL for the fit ones. No
    row may be later than `latest_at` (None: whenever it is).
    """
    db.execute(INDEX_INCOMING)
    db.execute(FIND_ROUND, {"programme_id": programme_id})
    db.execute(MARK_STANDING)
    db.execute(JUDGE_EACH, {"latest_at": latest_at})
    db.execute(JUDGE_NUMBERS)
    db.execute(REFUSE_REPEATS)
    db.execute(EXPLAIN, {"latest_at": latest_at})


def accept(db: sqlite3.Connection, batch_id: int) -> None:
    """Write the fit rows with their identities, and join who belongs together."""
    first_id = next_id(db)
    with fact_digests.changing(db, "applications", of=RETURNING_BLOCKS):
        db.execute(ACCEPT, {"batch_id": batch_id})
    fact_digests.add_written(db, "applications", first_id)
    db.execute(ACCEPT_IDENTITIES)
    links = defaultdict(list)
    for round_id, *pair in db.execute(NEW_LINKS):
        links[round_id].append(pair)
    for round_id, pairs in links.items():
        persons.join(db, round_id, pairs)
    for round_id in application_reopening.rounds_of_those_gone(db):
        _join_anew(db, round_id)


def next_id(db: sqlite3.Connection) -> int:
    """The first application_id that is free."""
    return typed.number(db, NEXT_ID)


def _join_anew(db: sqlite3.Connection, round_id: int) -> None:
    """Who belongs together in a round, from all the identities that are left."""
    persons.forget(db, round_id)
    persons.join(db, round_id, typed.tuples(db, LINKS, (round_id,)))


def undo(db: sqlite3.Connection, batch_id: int) -> list[Stay]:
    """Take a batch's applications away again, but for those that other files brought too, which
    these have now. Raises `batch_built_upon` when packs were granted for
    some, `entrants_stand` when they are on a list of entrants that was published.
    """
    stay = duplicates.hand_over(db, "applications", batch_id)
    batches.refuse_built_upon(db, batch_id, STANDS_ON, is_granted=True)
    for published in typed.column(db, PUBLISHED, (batch_id,)):
        raise VoucherError(
            "entrants_stand",
            "batch {batch} cannot be undone: the list of entrants of {round} was published",
            hint="voucher draw show {round}",
            batch=batch_id,
            round=published,
        )
    rounds = typed.column(db, ROUNDS_OF, (batch_id,))
    db.execute(DELETE_IDENTITIES, (batch_id,))
    with fact_digests.changing(db, "applications", of=BLOCKS_OF, batch_id=batch_id):
        db.execute(DELETE, {"batch_id": batch_id})
    for round_id in rounds:
        _join_anew(db, round_id)
    return stay


def listed(
    db: sqlite3.Connection,
    programme_id: int,
    *,
    since: int | None = None,
    until: int | None = None,
    **wanted: Any,
) -> Listed:
    """Applications (`ApplicationLine`) of a programme by round, application_no or resident token,
    made from `since` to `until` (UTC seconds; None: any), in the order of arrival.
    """
    asked = {"programme_id": programme_id, **span(since, until), **wanted}
    listing = LIST_OF_ROUND if wanted["application_no"] is None else LIST_OF_NUMBER
    rounds = typed.column(db, ROUNDS_WANTED, asked)
    return merged(
        [listing.of(db, **asked, round_id=round_id) for round_id in rounds],
        attrgetter("applied_at", "application_no"),
    )


# ---------------------------------------------------------------- live claims

NAMED = "SELECT * FROM applications WHERE round_id = ? AND application_no = ?"
ADD = """
INSERT INTO applications (round_id, application_no, resident, applied_at, line) VALUES (?, ?, ?, ?,
    0)
"""


def named(db: sqlite3.Connection, round_id: int, application_no: str) -> sqlite3.Row | None:
    """The application of that number, or None."""
    row: sqlite3.Row | None = db.execute(NAMED, (round_id, application_no)).fetchone()
    return row


def add(
    db: sqlite3.Connection, round_id: int, application_no: str, resident: bytes, at: int
) -> int:
    """An application made by a live claim; gives its application_id. Whoever adds some keeps their
    digests when all are there (`fact_digests.add_written`).
    """
    return int(db.execute(ADD, (round_id, application_no, resident, at)).lastrowid or 0)
