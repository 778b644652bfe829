"""What stands beside what single lines of the log say: draws, suspensions, moments of money."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.rules.canonical import own_digest
from vouchercli.store import audit, sql_functions, winners

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.store.breaches import Breach

SAID = (
    *("seed_sha256", "registration_closes_at", "public_source", "entrants", "entrants_sha256"),
    "arms_within",
)
DRAWS = """
SELECT p.programme || ' ' || r.round AS code, d.* FROM draws d JOIN rounds r USING (round_id)
    JOIN programmes p USING (programme_id)
"""
OF_DRAWS = """
SELECT ifnull(json_extract(detail, '$.programme'), (SELECT programme FROM programmes
        ORDER BY programme_id LIMIT 1)) || ' ' || subject AS code,
    json_extract(detail, '$.after') AS after
FROM audit WHERE deed IN ('draw.commit', 'draw.quotas', 'draw.publish', 'draw.run',
    'draw.arms')
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
# What was proposed in its own words; what ends at another moment than was proposed says so.
PROPOSED = """
SELECT 'audit ' || a.audit_id AS line, json_extract(a.detail, '$.after') AS logged, a.actor,
    p.after AS kept, p.proposed_by
FROM audit a LEFT JOIN proposals p
    ON (p.proposal_id, p.subject) = (SELECT json_extract(a.detail, column2), column3
        FROM (VALUES ('amendment.propose', '$.amendment', 'round'),
            ('programme.propose', '$.change', 'programme'),
            ('claim.correct', '$.correction', 'claim'),
            ('redemption.correct', '$.correction', 'redemption')) WHERE column1 = a.deed)
WHERE a.deed IN ('amendment.propose', 'programme.propose', 'claim.correct', 'redemption.correct')
    AND NOT ifnull(p.kind = 'close' AND p.state = 'effective', 0)
"""
UNSAID = """
SELECT 'proposal ' || p.proposal_id || ' ' || p.kind AS subject, 'a line' AS expected,
    p.proposed_by AS found
FROM proposals p WHERE NOT EXISTS (SELECT 1 FROM audit a
    WHERE a.at = p.proposed_at AND a.actor = p.proposed_by AND a.entered_at = p.entered_at)
"""
# The order that a platform was given, by the digest of its text.
ORDERS = """
WITH said AS (
    SELECT p.programme_id, a.subject AS round, json_extract(a.detail, '$.number') AS number,
        json_extract(a.detail, '$.sha256') AS sha256
    FROM audit a JOIN programmes p ON p.programme = ifnull(json_extract(a.detail, '$.programme'),
        (SELECT programme FROM programmes ORDER BY programme_id LIMIT 1))
    WHERE a.deed = 'round.order' AND json_type(a.detail, '$.sha256') = 'text'
), kept AS (
    SELECT r.programme_id, r.round, o.number, sha256(o.document) AS sha256
    FROM issuance_orders o JOIN rounds r USING (round_id)
)
SELECT k.round || ' order ' || k.number AS subject, ifnull(substr(s.sha256, 1, 12), 'no line')
    AS expected, substr(k.sha256, 1, 12) AS found
FROM kept k LEFT JOIN said s USING (programme_id, round, number) WHERE s.sha256 IS NOT k.sha256
UNION ALL
SELECT s.round || ' order ' || s.number, substr(s.sha256, 1, 12), 'no order'
FROM said s LEFT JOIN kept k USING (programme_id, round, number) WHERE k.sha256 IS NULL
"""
# Money moves in the transaction of a deed, at its moment; for facts in that of a chunk of their
# file, which has a line when it begins and when it is done.
POSTINGS = """
SELECT 'posting ' || posting_id AS subject, 'a line of ' || posted_at AS expected, why AS found
FROM postings WHERE batch_id IS NULL AND posted_at NOT IN (SELECT at FROM audit)
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
            found["certificate_sha256"] = own_digest(json.loads(row["certificate"]))
        breaches += [
            (f"{row['code']} {name}", str(said.get(name)), str(value))
            for name, value in found.items()
            if said.get(name) != value
        ]
    return [*breaches, *((code, "a draw", "none") for code in logged)]


def proposals_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Proposals that nobody made, or that say something else than when they were made."""
    return [
        *_breaches(db, UNSAID),
        *(
            (line, f"{logged}, {actor}", f"{kept}, {proposed_by}")
            for line, logged, actor, kept, proposed_by in db.execute(PROPOSED)
            if kept is None
            or proposed_by != actor
            or audit.as_logged(json.loads(kept)) != json.loads(logged)
        ),
    ]


def orders_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Orders to platforms whose text is not the one that was logged."""
    sql_functions.register(db, sha256=lambda text: hashlib.sha256(text.encode()).hexdigest())
    return _breaches(db, ORDERS)


def suspensions_as_logged(db: sqlite3.Connection) -> list[Breach]:
    """Suspensions by hand without their line, or lines without their suspension."""
    sql_functions.register(
        db, as_logged=lambda text: identities.mask_numbers(text, lambda _: identities.HIDDEN)
    )
    return _breaches(db, SUSPENSIONS)


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "postings_in_their_moment": lambda db: _breaches(db, POSTINGS),
    "proposals_as_logged": proposals_as_logged,
    "orders_as_logged": orders_as_logged,
    "draws_as_logged": draws_as_logged,
    "winners_have_packs": winners.have_packs,
    "suspensions_as_logged": suspensions_as_logged,
}
