"""Whether what is kept beside the facts follows from what it was made of: how files were read,
limits over time, who is one person, what the clock did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import persons as law
from vouchercli.store import applications, batches, limits, programmes, sql_functions, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

# How a file was read, as the line of its import says it.
READINGS = """
SELECT 'batch ' || b.batch_id || ' ' || b.profile AS subject,
    substr(json_extract(a.detail, '$.reading'), 1, 12) AS expected,
    substr(reading(b.profile, b.profile_json, b.encoding, b.header, b.options), 1, 12) AS found
FROM audit a JOIN batches b ON b.batch_id = json_extract(a.detail, '$.batch')
WHERE a.deed GLOB '*.import' AND json_type(a.detail, '$.reading') = 'text'
    AND reading(b.profile, b.profile_json, b.encoding, b.header, b.options)
        <> json_extract(a.detail, '$.reading')
"""
# A job of the clock leaves a line of its moment, but for reminders and allocations of nothing.
JOBS = """
SELECT 'job ' || d.deed || ' ' || ifnull(r.round, '') AS subject,
    'a line of ' || d.done_at AS expected, 'none' AS found
FROM deeds d LEFT JOIN rounds r USING (round_id)
WHERE d.deed IN ('commit', 'open', 'draw', 'order', 'close')
    AND d.done_at NOT IN (SELECT at FROM audit)
"""
# With the round whose applications say it: of an arm that is drawn, the one it was drawn with.
ROUNDS_JOINED = """
SELECT r.round_id, r.round, iif(d.drawn_at IS NULL, r.round_id, r.lead_id)
FROM rounds r LEFT JOIN draws d ON d.round_id = r.lead_id
WHERE r.lead_id IS NULL OR r.state <> 'cancelled'
"""


def readings_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Files whose profile, encoding, header or options are not those that they were read by."""
    sql_functions.register(db, reading=batches.reading_digest)
    return _breaches(db, READINGS)


def limits_as_documented(db: sqlite3.Connection) -> list[Breach]:
    """Limits that hold last and are not those of the programme's document."""
    breaches: list[Breach] = []
    for row in db.execute("SELECT * FROM programmes").fetchall():
        now = limits.kept(programmes.value(row).limits)
        last: dict[str, int | None] = {}
        for name, _, most in typed.tuples(db, limits.STEPS, (row["programme_id"],)):
            last[name] = most
        breaches += [
            (f"{row['programme']} {name}", str(now.get(name)), str(last.get(name)))
            for name in sorted({*now, *last})
            if now.get(name) != last.get(name)
        ]
    return breaches


def persons_by_identities(db: sqlite3.Connection) -> list[Breach]:
    """Residents of a round who are joined otherwise than the identities of their applications
    say.
    """
    breaches: list[Breach] = []
    for round_id, round_, applied_for in typed.tuples(db, ROUNDS_JOINED):
        links = typed.tuples(db, applications.LINKS, (applied_for,))
        made = law.join(links)
        kept = dict(typed.tuples(db, "SELECT resident, person FROM persons WHERE round_id = ?",
                                 (round_id,)))  # fmt: skip
        breaches += [
            (f"{round_} token:{each.hex()}", _person(made, each), _person(kept, each))
            for each in sorted({*made, *kept})
            if made.get(each) != kept.get(each)
        ]
    return breaches


def _person(known: dict[bytes, bytes], resident: bytes) -> str:
    return known[resident].hex() if resident in known else "alone"


def _breaches(db: sqlite3.Connection, statement: str) -> list[Breach]:
    return [(str(subject), str(want), str(found)) for subject, want, found in db.execute(statement)]


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "readings_as_logged": readings_as_logged,
    "limits_as_documented": limits_as_documented,
    "persons_by_identities": persons_by_identities,
    "jobs_as_logged": lambda db: _breaches(db, JOBS),
}
