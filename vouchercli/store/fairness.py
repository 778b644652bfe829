"""Who could have packs, who claimed, applied and won: counts by group and district. No resident
leaves this module.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

# A resident of several groups is eligible in each; of a district once.
ELIGIBLE = """
WITH who AS MATERIALIZED (
    SELECT DISTINCT e.{key} AS key, e.resident FROM eligibility e
    WHERE e.programme_id = :programme_id
),
packs AS MATERIALIZED (
    SELECT w.key, w.resident, c.claim_id FROM who w JOIN claims c ON c.resident = w.resident
    WHERE c.round_id IN (SELECT value FROM json_each(:rounds)) AND c.claimed_at <= :until
)
SELECT w.key, count(*) AS eligible,
    (SELECT count(DISTINCT p.resident) FROM packs p WHERE p.key = w.key) AS claimers,
    (SELECT count(*) FROM packs p WHERE p.key = w.key) AS packs,
    (SELECT CAST(ifnull(sum(s.public_fen), 0) AS BIGINT) FROM packs p CROSS JOIN redemptions f
        ON f.voucher BETWEEN p.claim_id * 1024 AND p.claim_id * 1024 + 1023
        CROSS JOIN splits s ON s.split_id = f.split_id
    WHERE p.key = w.key AND f.paid_at <= :until) AS subsidy_fen
FROM who w GROUP BY w.key ORDER BY w.key = '', w.key
"""
BY_GROUP = ELIGIBLE.replace("{key}", "resident_group")
BY_DISTRICT = ELIGIBLE.replace("{key}", "district")
# Of rounds whose winners are drawn: who applied, and who of them has a pack.
DRAWN = """
SELECT r.round, a.district, count(DISTINCT a.resident),
    count(DISTINCT CASE WHEN EXISTS (SELECT 1 FROM claims c WHERE c.round_id = r.round_id
        AND c.resident = a.resident AND c.claimed_at <= :until) THEN a.resident END)
FROM rounds r JOIN applications a USING (round_id)
WHERE r.round_id IN (SELECT value FROM json_each(:rounds)) AND r.mode = 'lottery'
    AND a.applied_at <= :until
GROUP BY r.round_id, a.district ORDER BY r.opens_at, r.round_id, a.district = '', a.district
"""
# Who applied in two rounds or more, and how many of them never got a pack.
OFTEN = """
SELECT count(*), ifnull(sum(NOT EXISTS (
    SELECT 1 FROM claims c JOIN rounds r USING (round_id) WHERE c.resident = o.resident
        AND r.programme_id = :programme_id AND c.claimed_at <= :until)), 0)
FROM (
    SELECT a.resident FROM applications a
    WHERE a.round_id IN (SELECT value FROM json_each(:rounds)) AND a.applied_at <= :until
    GROUP BY a.resident HAVING count(DISTINCT a.round_id) > 1
) o
"""


class Eligible(NamedTuple):
    """Those of a key who may have packs: how many claimed, how many packs, and the public subsidy
    that these brought in fen.
    """

    key: str
    eligible: int
    claimers: int
    packs: int
    subsidy_fen: int


class Drawn(NamedTuple):
    """Who applied for a round from a district, and how many of them have a pack of it."""

    round: str
    district: str
    applicants: int
    winners: int


class Often(NamedTuple):
    """Who applied in two rounds or more, and how many of these never got a pack."""

    applicants: int
    never: int


def _asked(programme_id: int, rounds: Iterable[int], until: int) -> dict[str, int | str]:
    return {"programme_id": programme_id, "rounds": json.dumps([*rounds]), "until": until}


def by_group(
    db: sqlite3.Connection, programme_id: int, rounds: Iterable[int], until: int
) -> list[Eligible]:
    """What was claimed and paid up to a moment (UTC seconds), by group of the eligibility lists."""
    return typed.rows(db, Eligible, BY_GROUP, _asked(programme_id, rounds, until))


def by_district(
    db: sqlite3.Connection, programme_id: int, rounds: Iterable[int], until: int
) -> list[Eligible]:
    """The same by the district of the residents."""
    return typed.rows(db, Eligible, BY_DISTRICT, _asked(programme_id, rounds, until))


def drawn(
    db: sqlite3.Connection, programme_id: int, rounds: Iterable[int], until: int
) -> list[Drawn]:
    """Applicants and winners of lotteries, by round and district."""
    return typed.rows(db, Drawn, DRAWN, _asked(programme_id, rounds, until))


def often(db: sqlite3.Connection, programme_id: int, rounds: Iterable[int], until: int) -> Often:
    """Those who tried more than once."""
    return typed.rows(db, Often, OFTEN, _asked(programme_id, rounds, until))[0]
