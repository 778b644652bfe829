"""Draws as they are kept: the commitment with its sealed seed, the quotas, the published list's
digest, the certificate.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.rules.allocations import Entry
from vouchercli.rules.draws import Entrant, Stratum, sha256
from vouchercli.store import identities, key_fingerprints, persons
from vouchercli.store.conditions import is_eligible, is_person_excluded

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from vouchercli.session import Session

KEPT = """
SELECT seed_sha256, sealed_seed, registration_closes_at, public_source, committed_by, committed_at,
    strata, strata_fixed_at, applications, entrants, entrants_sha256, published_at, certificate,
    drawn_by, drawn_at, arms_within
FROM draws WHERE round_id = (SELECT ifnull(lead_id, round_id) FROM rounds WHERE round_id = ?)
"""
COMMIT = """
INSERT INTO draws (round_id, seed_sha256, sealed_seed, registration_closes_at, public_source,
    committed_by, committed_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
HAS_OWN = """
SELECT EXISTS (SELECT 1 FROM draws WHERE round_id = ?1)
    OR EXISTS (SELECT 1 FROM applications WHERE round_id = ?1)
"""
PUBLISHED_AT = """
SELECT published_at FROM draws
WHERE round_id = (SELECT ifnull(lead_id, round_id) FROM rounds WHERE round_id = ?)
"""
FIX_STRATA = "UPDATE draws SET strata = ?, strata_fixed_at = ? WHERE round_id = ?"
PUBLISH = (
    "UPDATE draws SET applications = ?, entrants = ?, entrants_sha256 = ?, published_at = ? WHERE"
    " round_id = ?"
)
DRAW = "UPDATE draws SET certificate = ?, drawn_by = ?, drawn_at = ? WHERE round_id = ?"


class Terms(NamedTuple):
    """What is announced with the digest of the seed, beside the quotas."""

    registration_closes_at: int | None
    public_source: str


class Draw(NamedTuple):
    """A draw as far as it has come: committed to, its quotas fixed, its list published, drawn; what
    is still to come is None.
    """

    seed_sha256: str
    sealed_seed: bytes
    registration_closes_at: int | None
    public_source: str
    committed_by: str
    committed_at: int
    strata: tuple[Stratum, ...] | None
    strata_fixed_at: int
    applications: int
    entrants: int
    entrants_sha256: str
    published_at: int | None
    certificate: str | None
    drawn_by: str | None
    drawn_at: int | None
    arms_within: str | None


def kept(db: sqlite3.Connection, round_id: int) -> Draw | None:
    """The draw of a round, or of the one that it is drawn with; None before it is committed to."""
    row = db.execute(KEPT, (round_id,)).fetchone()
    if row is None:
        return None
    draw = Draw._make(row)
    if draw.strata is None:
        return draw
    return draw._replace(strata=tuple(Stratum(**each) for each in json.loads(row["strata"])))


def published_at(db: sqlite3.Connection, round_id: int) -> int | None:
    """When the round's list of entrants was published, or None before that."""
    row = db.execute(PUBLISHED_AT, (round_id,)).fetchone()
    return None if row is None else row["published_at"]


def has_own(db: sqlite3.Connection, round_id: int) -> bool:
    """Whether the round has a draw of its own, or applications."""
    return bool(db.execute(HAS_OWN, (round_id,)).fetchone()[0])


def commit(session: Session, round_id: int, seed: bytes, terms: Terms) -> None:
    """Keep a new seed of 32 bytes sealed, and its digest in the open."""
    digest = sha256(seed.hex())
    session.db.execute(
        COMMIT,
        (round_id, digest, _sealed(session.path, digest, seed), *terms, session.actor, session.now),
    )


def fix_strata(db: sqlite3.Connection, round_id: int, strata: Sequence[Stratum], at: int) -> None:
    """Say for good which places are kept for whom."""
    text = json.dumps([each.__dict__ for each in strata], ensure_ascii=False)
    db.execute(FIX_STRATA, (text, at, round_id))


def publish(
    db: sqlite3.Connection, round_id: int, counts: tuple[int, int], digest: str, at: int
) -> None:
    """Keep what was published: (applications, entrants) and the digest of the list."""
    db.execute(PUBLISH, (*counts, digest, at, round_id))


def draw(session: Session, round_id: int, certificate: str) -> None:
    """Keep the certificate: the round is drawn."""
    session.db.execute(DRAW, (certificate, session.actor, session.now, round_id))


# ---------------------------------------------------------------- the seed, sealed


def _sealed(db_path: Path, digest: str, seed: bytes) -> bytes:
    """The seed under a pad that only the key file gives, by its newest key: a copy of the database
    alone tells nothing.
    """
    pad = key_fingerprints.pad(identities.load_ring(db_path).keys[-1], digest)
    return bytes(one ^ other for one, other in zip(seed, pad, strict=True))


def seed(db_path: Path, draw: Draw) -> str:
    """The committed seed as 64 hexadecimal digits, by whichever key it was sealed with. Raises
    `seed_lost` when this key file does not open it.
    """
    keys = identities.load_ring(db_path).keys
    opened = key_fingerprints.open_seed(keys, draw.seed_sha256, draw.sealed_seed)
    if opened is None:
        raise VoucherError(
            "seed_lost",
            "the key file does not open the committed seed: it is another key, or the database was"
            " changed",
            hint="restore voucher.key from the backup",
        )
    return opened


# ---------------------------------------------------------------- who takes part

APPLICATIONS = "SELECT count(*) FROM applications WHERE round_id = ?"
# In the order of the list, from the index of the numbers.
IN_ORDER = (
    "SELECT application_no, district, resident_group, resident FROM applications WHERE round_id = ?"
    " ORDER BY application_no"
)
# The entries of the list, with what the law of granting asks of each (bare columns come from the
# row of the smallest number).
ENTRIES = f"""
SELECT min(a.application_no) AS application_no, a.application_id, a.resident, coalesce(p.person,
    a.resident) AS person, ?1 AS claimed_at,
    {is_eligible("r", "a.resident", "?3")}
        AND NOT {is_person_excluded("r", "a.resident", "?3")} AS is_eligible
FROM applications a JOIN rounds r ON r.round_id = a.round_id LEFT JOIN persons p
    ON p.round_id = a.round_id AND p.resident = a.resident
WHERE a.round_id = ?2 GROUP BY coalesce(p.person, a.resident) ORDER BY 1
"""
# Looked up in the order of the numbers, so that neighbours are met together, and given in the order
# in which they won.
CREATE_WANTED = """
CREATE TEMP TABLE IF NOT EXISTS wanted_applications (application_no TEXT PRIMARY KEY,
    n INTEGER NOT NULL) WITHOUT ROWID
"""
CLEAR_WANTED = "DELETE FROM temp.wanted_applications"
ADD_WANTED = "INSERT INTO temp.wanted_applications (n, application_no) VALUES (?, ?)"
APPLICANTS = """
SELECT a.resident, a.application_id FROM temp.wanted_applications w
CROSS JOIN applications a ON a.round_id = ? AND a.application_no = w.application_no ORDER BY w.n
"""


def applications(db: sqlite3.Connection, round_id: int) -> int:
    """How many applications a round has."""
    return int(db.execute(APPLICATIONS, (round_id,)).fetchone()[0])


def entrants(db: sqlite3.Connection, round_id: int) -> Iterator[Entrant]:
    """Who takes part, in the byte order of the application numbers: of all that a person's joined
    identities hold, the smallest.
    """
    joined = persons.all_joined(db, round_id)
    seen: set[bytes] = set()
    same: dict[str, str] = {"": ""}  # one object for each district and group, not one a row
    cursor = db.cursor()
    cursor.row_factory = None
    for application_no, district, group, resident in cursor.execute(IN_ORDER, (round_id,)):
        person = joined.get(resident, resident) if joined else resident
        if person not in seen:
            seen.add(person)
            yield tuple.__new__(
                Entrant,
                (
                    application_no,
                    same.setdefault(district, district),
                    same.setdefault(group, group),
                ),
            )


def entries(
    db: sqlite3.Connection, round_id: int, at: int, granted_at: int
) -> Iterator[tuple[str, Entry]]:
    """The same entrants, by application_no, as the law of granting knows them for packs that count
    as claimed `at` a second and are granted at another: whom a case excluded is asked then.
    """
    values = (at, round_id, granted_at)
    return ((no, Entry(*entry)) for no, *entry in db.execute(ENTRIES, values))


def applicants(
    db: sqlite3.Connection, round_id: int, application_nos: Iterable[str]
) -> Iterator[tuple[bytes, int]]:
    """(resident's token, application_id) of each application, in their order."""
    db.execute(CREATE_WANTED)
    db.execute(CLEAR_WANTED)
    db.executemany(ADD_WANTED, sorted(enumerate(application_nos), key=itemgetter(1)))
    cursor = db.cursor()
    cursor.row_factory = None
    return iter(cursor.execute(APPLICANTS, (round_id,)))


ENTRY = """
SELECT min(b.application_no) FROM applications a
LEFT JOIN persons p ON p.round_id = a.round_id AND p.resident = a.resident
JOIN applications b ON b.round_id = a.round_id
LEFT JOIN persons q ON q.round_id = b.round_id AND q.resident = b.resident
WHERE a.round_id = ? AND a.application_no = ? AND coalesce(q.person,
    b.resident) = coalesce(p.person, a.resident)
"""


def entry_of(db: sqlite3.Connection, round_id: int, application_no: str) -> str | None:
    """The entry of the person who made that application: the smallest of its application numbers;
    None: there is no such application.
    """
    entry: str | None = db.execute(ENTRY, (round_id, application_no)).fetchone()[0]
    return entry
