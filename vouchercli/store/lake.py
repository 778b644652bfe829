"""What goes from a city's file into a lake: what was booked on each sealed day, and what stood at
the end of one. No resident leaves this module.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import times
from vouchercli.store import fairness, known_facts, sql_functions, totals, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.store.days import Day

KEY = "f.day, f.round_id, f.coupon, f.channel, f.segment_id, f.merchant_id, f.split_id"
ADDED = "1 AS facts, 0 AS reversed, " + ", ".join(f"f.{name}" for name in totals.SUMMED)
TAKEN = "0 AS facts, 1 AS reversed, " + ", ".join(f"-f.{name}" for name in totals.SUMMED)
OF_PROGRAMME = "f.round_id IN (SELECT round_id FROM rounds WHERE programme_id = :programme_id)"
# What is booked on a day: its own payments, what came of days before it since the seal before it,
# both also where they were reversed since; and what was reversed on it, taken off.
PAYMENTS = f"""
SELECT {KEY}, sum(f.facts), sum(f.reversed), {", ".join(f"sum(f.{e})" for e in totals.SUMMED)}
FROM (
    SELECT {KEY}, {ADDED} FROM redemption_runs n CROSS JOIN redemption_facts f
        ON f.redemption_id BETWEEN n.first_id AND n.last_id
    WHERE n.last_paid_at >= :begins_at AND n.first_paid_at < :ends_at AND f.day = :day
        AND f.redemption_id <= :last_redemption AND {OF_PROGRAMME}
    UNION ALL
    SELECT {KEY}, {ADDED} FROM redemption_runs n CROSS JOIN redemption_facts f
        ON f.redemption_id BETWEEN n.first_id AND n.last_id
    WHERE n.last_id > :after_redemption AND n.first_paid_at < :begins_at AND f.day < :day
        AND f.redemption_id > :after_redemption AND f.redemption_id <= :last_redemption
        AND f.day >= :since AND {OF_PROGRAMME}
    UNION ALL
    SELECT {KEY}, {ADDED} FROM reversed_facts f
    WHERE f.redemption_id <= :last_redemption AND (f.day = :day
        OR (f.day < :day AND f.redemption_id > :after_redemption)) AND f.day >= :since
        AND {OF_PROGRAMME}
    UNION ALL
    SELECT {KEY}, {TAKEN} FROM reversed_facts f
    WHERE f.booked_on = :day AND f.day >= :since AND {OF_PROGRAMME}
) f
GROUP BY {KEY} ORDER BY {KEY}
"""
CLAIMS = """
SELECT local_day(c.claimed_at, :zone) AS day, c.round_id, sum(c.claims), sum(c.reversed)
FROM (
    SELECT c.claimed_at, c.round_id, 1 AS claims, 0 AS reversed
    FROM rounds r CROSS JOIN claims c INDEXED BY claims_by_round ON c.round_id = r.round_id
        AND c.claimed_at >= :begins_at AND c.claimed_at < :ends_at
    WHERE r.programme_id = :programme_id AND c.claim_id <= :last_claim
    UNION ALL
    SELECT c.claimed_at, c.round_id, 1, 0 FROM claims c
    WHERE c.claim_id > :after_claim AND c.claim_id <= :last_claim AND +c.claimed_at < :begins_at
        AND +c.round_id IN (SELECT round_id FROM rounds WHERE programme_id = :programme_id)
    UNION ALL
    SELECT v.claimed_at, v.round_id, 1, 0 FROM reversed_claims v JOIN rounds r USING (round_id)
    WHERE r.programme_id = :programme_id AND v.claim_id <= :last_claim AND v.claimed_at < :ends_at
        AND (v.claimed_at >= :begins_at OR v.claim_id > :after_claim)
    UNION ALL
    SELECT v.claimed_at, v.round_id, 0, 1 FROM reversed_claims v JOIN rounds r USING (round_id)
    WHERE r.programme_id = :programme_id AND v.booked_on = :day
) c
GROUP BY 1, 2 HAVING local_day(c.claimed_at, :zone) >= :since ORDER BY 1, 2
"""
SPLITS = """
SELECT p.split_id, f.funder, f.kind, p.amount_fen
FROM split_parts p JOIN funders f USING (funder_id)
WHERE p.split_id IN (SELECT value FROM json_each(?)) ORDER BY p.split_id, f.position, f.funder
"""
# What facts that were booked or reversed since change of the subsidy of residents; within
# `known_facts.as_known`.
SINCE = f"""
WITH who AS MATERIALIZED (
    SELECT DISTINCT e.[key] AS key, e.resident FROM eligibility e
    WHERE e.programme_id = :programme_id
),
changed AS MATERIALIZED (
    SELECT f.voucher / 1024 AS claim_id, -f.public_fen AS fen {known_facts.LATE}
    UNION ALL SELECT f.voucher / 1024, f.public_fen {known_facts.REVERSED}
)
SELECT w.key, CAST(sum(x.fen) AS BIGINT) FROM changed x JOIN claims c ON c.claim_id = x.claim_id
    JOIN who w ON w.resident = c.resident GROUP BY w.key
"""
CUTS = {"group": "resident_group", "district": "district"}


class Booked(NamedTuple):
    """A sealed day, and what the seal before it had last."""

    day: Day
    after: tuple[int, int]


def booked(days: Iterable[Day]) -> Iterator[Booked]:
    """Every sealed day with the last claim and redemption of the day before it."""
    after = (0, 0)
    for day in days:
        yield Booked(day, after)
        after = day.last_ids


def _asked(programme_id: int, each: Booked, since: int) -> dict[str, Any]:
    return {
        "programme_id": programme_id,
        "since": since,
        "day": each.day.day,
        "begins_at": each.day.begins_at,
        "ends_at": each.day.ends_at,
        "last_claim": each.day.last_claim_id,
        "last_redemption": each.day.last_redemption_id,
        "after_claim": each.after[0],
        "after_redemption": each.after[1],
    }


def payments(
    db: sqlite3.Connection, programme_id: int, each: Booked, since: int
) -> Iterator[tuple[Any, ...]]:
    """What was paid, by `KEY`, as it was booked on a day: (the key, facts, reversed, sums), of days
    from `since` (yyyymmdd) on.
    """
    cursor = db.cursor()
    cursor.row_factory = None
    yield from cursor.execute(PAYMENTS, _asked(programme_id, each, since))


def claims(
    db: sqlite3.Connection, programme_id: int, each: Booked, since: int, zone: str
) -> list[tuple[Any, ...]]:
    """(day as yyyymmdd, round_id, claims, reversed) as they were booked on a day."""
    sql_functions.register(db, local_day=times.local_day)
    return typed.tuples(db, CLAIMS, _asked(programme_id, each, since) | {"zone": zone})


def splits(db: sqlite3.Connection, numbers: Iterable[int]) -> list[tuple[Any, ...]]:
    """(split, funder, kind, amount in fen) of these splits."""
    return typed.tuples(db, SPLITS, (json.dumps(sorted(numbers)),))


def residents(
    db: sqlite3.Connection, programme_id: int, rounds: Iterable[int], until: int, cut: str
) -> list[fairness.Eligible]:
    """What was claimed and paid up to the end of a sealed day (UTC seconds), by group or district
    of the eligibility lists (`cut`), as it was known then; within `known_facts.as_known`.
    """
    of = fairness.by_group if cut == "group" else fairness.by_district
    since = dict(
        typed.tuples(db, SINCE.replace("[key]", CUTS[cut]), {"programme_id": programme_id})
    )
    return [
        each._replace(subsidy_fen=each.subsidy_fen + since.get(each.key, 0))
        for each in of(db, programme_id, rounds, until)
    ]
