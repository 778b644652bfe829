"""What stands beside what single lines of the log say: draws, suspensions, moments of money."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.rules import certificates
from vouchercli.store import sql_functions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    Breach = tuple[str, str, str]

SAID = ("seed_sha256", "registration_closes_at", "public_source", "entrants", "entrants_sha256")
DRAWS = """
SELECT p.programme || ' ' || r.round AS code, d.* FROM draws d JOIN rounds r USING (round_id)
    JOIN programmes p USING (programme_id)
"""
OF_DRAWS = """
SELECT ifnull(json_extract(detail, '$.programme'), (SELECT programme FROM programmes
        ORDER BY programme_id LIMIT 1)) || ' ' || subject AS code,
    json_extract(detail, '$.after') AS after
FROM audit WHERE deed IN ('draw.commit', 'draw.quotas', 'draw.publish', 'draw.run')
ORDER BY audit_id
"""
# By hand; a registry's are taken back with its file.
SUSPENSIONS = """
SELECT 'merchant ' || m.merchant_no || ' ' || s.from_at AS subject, 'no line' AS expected,
    s.reason || ', ' || s.actor AS found
FROM suspensions s JOIN merchants m USING (merchant_id)
WHERE s.batch_id IS NULL AND NOT EXISTS (SELECT 1 FROM audit a
    WHERE a.subject = as_logged(m.merchant_no) AND a.deed = 'merchant.suspend'
        AND a.actor = s.actor AND json_extract(a.detail, '$.from_at') = s.from_at)
UNION ALL
SELECT 'merchant ' || m.merchant_no || ' until ' || s.until_at, 'no line', s.reason
FROM suspensions s JOIN merchants m USING (merchant_id)
WHERE s.until_at IS NOT NULL AND s.ended_by IS NULL AND NOT EXISTS (SELECT 1 FROM audit a
    WHERE a.subject = as_logged(m.merchant_no) AND a.deed = 'merchant.reinstate'
        AND max(json_extract(a.detail, '$.from_at'), s.from_at) = s.until_at)
UNION ALL
SELECT 'audit ' || a.audit_id, a.subject || ' ' || json_extract(a.detail, '$.from_at'),
    'no suspension'
FROM audit a WHERE a.deed = 'merchant.suspend' AND a.subject NOT GLOB 'batch *'
    AND NOT EXISTS (SELECT 1 FROM suspensions s JOIN merchants m USING (merchant_id)
        WHERE as_logged(m.merchant_no) = a.subject AND s.actor = a.actor
            AND s.from_at = json_extract(a.detail, '$.from_at'))
    AND EXISTS (SELECT 1 FROM merchants m WHERE as_logged(m.merchant_no) = a.subject)
"""
# Money moves in the transaction of a deed, at its moment.
POSTINGS = """
SELECT 'posting ' || posting_id AS subject, 'a line of ' || posted_at AS expected, why AS found
FROM postings WHERE posted_at NOT IN (SELECT at FROM audit)
"""
# Who has a pack of a drawn round has an application that won.
WINNERS = """
SELECT c.claim_no AS subject, 'a winner of ' || r.round AS expected, lower(hex(c.resident)) AS found
FROM draws d CROSS JOIN rounds r USING (round_id) CROSS JOIN claims c ON c.round_id = d.round_id
WHERE d.certificate IS NOT NULL AND c.resident NOT IN (
    SELECT a.resident FROM json_tree(d.certificate) w CROSS JOIN applications a
        ON a.round_id = d.round_id AND a.application_no = w.value
    WHERE w.type = 'text' AND w.path GLOB '*.winners')
"""


def _breaches(db: sqlite3.Connection, statement: str) -> list[Breach]:
    return [(str(subject), str(want), str(found)) for subject, want, found in db.execute(statement)]


def draws_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Draws that are not what was said of them when it was done."""
    logged: dict[str, dict[str, object]] = {}
    for code, after in db.execute(OF_DRAWS):
        logged.setdefault(code, {}).update(json.loads(after))
    breaches: list[Breach] = []
    for row in db.execute(DRAWS).fetchall():
        said = logged.pop(row["code"], {})
        found = {name: row[name] for name in SAID}
        if row["certificate"] is not None:
            found["certificate_sha256"] = certificates.own_digest(json.loads(row["certificate"]))
        breaches += [
            (f"{row['code']} {name}", str(said.get(name)), str(value))
            for name, value in found.items()
            if said.get(name) != value
        ]
    return [*breaches, *((code, "a draw", "none") for code in logged)]


def suspensions_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Suspensions by hand without their line, or lines without their suspension."""
    sql_functions.register(
        db, as_logged=lambda text: identities.mask_numbers(text, lambda _: identities.HIDDEN)
    )
    return _breaches(db, SUSPENSIONS)


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "postings_in_their_moment": lambda db: _breaches(db, POSTINGS),
    "draws_as_logged": draws_as_logged,
    "winners_have_packs": lambda db: _breaches(db, WINNERS),
    "suspensions_as_logged": suspensions_as_logged,
}
