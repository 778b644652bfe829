"""Whether the totals equal the facts: by every key of days that are open; of sealed days together,
beside what was sealed, and the totals by every key beside each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import times
from vouchercli.store import breaches, sql_functions, totals, used_claims

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from vouchercli.store.breaches import Breach

# A local day begins at a quarter of an hour, whatever the zone: claims are counted by quarters, in
# the order of their index.
QUARTER = 900
CLAIM_TOTALS = f"""
SELECT r.round || ' ' || day AS subject, sum(kept) AS expected, sum(counted) AS found
FROM (
    SELECT t.round_id, t.day, t.claims AS kept, 0 AS counted
    FROM claim_totals t LEFT JOIN temp.open_rounds o ON o.round_id = t.round_id
    WHERE t.day > ifnull(o.proved_after, 0)
    UNION ALL
    SELECT g.round_id, local_day(g.quarter * {QUARTER}, p.time_zone) AS day, 0, g.claims
    FROM (
        SELECT c.round_id, c.claimed_at / {QUARTER} AS quarter, count(*) AS claims
        FROM temp.open_rounds o CROSS JOIN claims c
            ON c.round_id = o.round_id AND c.claimed_at >= o.ends_at
        GROUP BY c.round_id, c.claimed_at / {QUARTER}
        UNION ALL
        SELECT c.round_id, c.claimed_at / {QUARTER}, count(*)
        FROM temp.open_rounds o CROSS JOIN temp.open_claims c
            ON c.round_id = o.round_id AND c.claimed_at < o.ends_at
        WHERE o.proved_after < o.day GROUP BY c.round_id, c.claimed_at / {QUARTER}
    ) g JOIN rounds USING (round_id) JOIN programmes p USING (programme_id)
    UNION ALL SELECT round_id, day, 0, claims FROM temp.sealed_claims
) JOIN rounds r USING (round_id)
GROUP BY round_id, day HAVING sum(kept) <> sum(counted)
"""
CLAIM_NO = "SELECT ifnull((SELECT claim_no FROM claims WHERE claim_id = ?1), ?1)"
KEPT = ", ".join(totals.SUMMED)
COUNTED = ", ".join("-" + name for name in totals.SUMMED)
FACTS = ", ".join("-f." + name for name in totals.SUMMED)
UNLIKE = " OR ".join("sum(" + name + ") <> 0" for name in totals.SUMMED)
# Facts that no seal covers, of days whose totals are proved by every key.
IS_OPEN = "(f.redemption_id > o.last_redemption_id OR f.day > o.day)"
OPEN_DAYS = f"""
FROM temp.open_facts f CROSS JOIN temp.open_rounds o
    ON o.round_id = f.round_id AND f.day > o.proved_after AND {IS_OPEN}
"""
OPEN_MONTHS = f"""
FROM temp.open_facts f CROSS JOIN temp.open_rounds o
    ON o.round_id = f.round_id AND f.day / 100 > o.proved_after / 100 AND {IS_OPEN}
"""
OPEN_AND_SEALED = f"""{totals.COMBINED} {OPEN_DAYS} GROUP BY {totals.COMBINED_KEY}
    UNION ALL SELECT * FROM temp.sealed_groups"""
GROUP_TOTALS = f"""
SELECT r.round || ' ' || day || ' ' || grouping || ' ' || key
    || CASE second_key WHEN '' THEN '' ELSE ' ' || second_key END AS subject,
    sum(kept) AS expected, sum(counted) AS found
FROM (
    SELECT t.grouping, t.round_id, t.day, t.key, t.second_key, t.base_fen AS kept, 0 AS counted,
        {KEPT}
    FROM group_totals t LEFT JOIN temp.open_rounds o ON o.round_id = t.round_id
    WHERE t.day > ifnull(o.proved_after, 0)
    UNION ALL
    SELECT grouping, round_id, day, key, second_key, 0, base_fen, {COUNTED}
    FROM ({totals.by_every_grouping(OPEN_AND_SEALED, totals.SUMS)})
) JOIN rounds r USING (round_id)
GROUP BY grouping, round_id, day, key, second_key HAVING {UNLIKE}
"""
# Facts are sorted once, together with what is kept; names are read of what differs alone.
MERCHANT_TOTALS = f"""
SELECT r.round || ' ' || month || ' ' || m.merchant_no AS subject, expected, found
FROM (
    SELECT round_id, month, merchant_id, sum(kept) AS expected, sum(counted) AS found
    FROM (
        SELECT t.round_id, t.month, t.merchant_id, t.segment_id, t.base_fen AS kept, 0 AS counted,
            {KEPT}
        FROM merchant_sums t LEFT JOIN temp.open_rounds o ON o.round_id = t.round_id
        WHERE t.month > ifnull(o.proved_after, 0) / 100
        UNION ALL
        SELECT f.round_id, f.day / 100, f.merchant_id, f.segment_id, 0, f.base_fen, {FACTS}
        {OPEN_MONTHS}
        UNION ALL
        SELECT round_id, month, merchant_id, segment_id, 0, base_fen, {COUNTED}
        FROM temp.sealed_merchants
    ) GROUP BY round_id, month, merchant_id, segment_id HAVING {UNLIKE}
) JOIN rounds r USING (round_id) JOIN merchants m USING (merchant_id)
"""
# The parts of a split are the same for every fact that has it: counted, then multiplied.
FUNDER_TOTALS = """
SELECT r.round || ' ' || day || ' ' || u.funder AS subject, sum(kept) AS expected,
    sum(counted) AS found
FROM (
    SELECT t.round_id, t.day, t.funder_id, t.amount_fen AS kept, 0 AS counted
    FROM funder_totals t LEFT JOIN temp.open_rounds o ON o.round_id = t.round_id
    WHERE t.day > ifnull(o.proved_after, 0)
    UNION ALL
    SELECT s.round_id, g.day, p.funder_id, 0, g.facts * p.amount_fen
    FROM (
        SELECT f.split_id, f.day, count(*) AS facts
        FROM temp.open_redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
            CROSS JOIN temp.open_rounds o
                ON o.round_id = s.round_id AND f.day > o.proved_after AND [is_open]
        GROUP BY f.split_id, f.day
        UNION ALL SELECT * FROM temp.sealed_splits
    ) g CROSS JOIN splits s ON s.split_id = g.split_id
        CROSS JOIN split_parts p ON p.split_id = g.split_id
) JOIN rounds r USING (round_id) JOIN funders u USING (funder_id)
GROUP BY round_id, day, funder_id HAVING sum(kept) <> sum(counted)
""".replace("[is_open]", IS_OPEN)
# What came late to sealed days is in no seal yet; merchants' months may reach into open days.
TOTALS_AS_SEALED = """
WITH sealed AS (
    SELECT programme_id, sum(claims) AS claims, sum(base_fen) AS base_fen,
        sum(subsidy_fen) AS subsidy_fen FROM days GROUP BY programme_id
), later AS MATERIALIZED (
    SELECT o.programme_id, f.day <= o.day AS is_late, sum(f.base_fen) AS base_fen,
        sum(s.after_fen - s.before_fen) AS subsidy_fen
    FROM temp.open_redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
        CROSS JOIN temp.open_rounds o ON o.round_id = s.round_id
    WHERE EXISTS (SELECT 1 FROM temp.open_rounds WHERE day > 0) AND o.day > 0 AND [is_open]
    GROUP BY o.programme_id, f.day <= o.day
), gone AS (  -- what was reversed since is in a seal, and its reversal in none yet
    SELECT o.programme_id, -sum(f.base_fen) AS base_fen, -sum(f.subsidy_fen) AS subsidy_fen
    FROM temp.open_rounds o JOIN reversed_facts f ON f.round_id = o.round_id
        AND f.redemption_id <= o.last_redemption_id AND f.day <= o.day AND f.booked_on > o.day
    GROUP BY o.programme_id
), booked AS (
    SELECT 'claims' AS name, o.programme_id, -count(*) AS base_fen, 0 AS subsidy_fen
    FROM temp.open_rounds o JOIN reversed_claims c ON c.round_id = o.round_id
        AND c.claim_id <= o.last_claim_id AND c.claimed_at < o.ends_at
    GROUP BY o.programme_id
    UNION ALL
    SELECT g.grouping, programme_id, base_fen, subsidy_fen FROM gone
        CROSS JOIN (SELECT DISTINCT grouping FROM group_totals) g
    UNION ALL
    SELECT 'merchant', programme_id, base_fen, subsidy_fen FROM gone
    UNION ALL
    SELECT 'claims', programme_id, claims, 0 FROM sealed
    UNION ALL
    SELECT 'claims', o.programme_id, count(*), 0
    FROM temp.open_claims c CROSS JOIN temp.open_rounds o ON o.round_id = c.round_id
    WHERE c.claimed_at < o.ends_at GROUP BY o.programme_id
    UNION ALL
    SELECT g.grouping, programme_id, base_fen, subsidy_fen FROM sealed
        CROSS JOIN (SELECT DISTINCT grouping FROM group_totals) g
    UNION ALL
    SELECT g.grouping, programme_id, base_fen, subsidy_fen FROM later
        CROSS JOIN (SELECT DISTINCT grouping FROM group_totals) g WHERE is_late
    UNION ALL
    SELECT 'merchant', programme_id, base_fen, subsidy_fen FROM sealed
    UNION ALL
    SELECT 'merchant', programme_id, base_fen, subsidy_fen FROM later
), kept AS (
    SELECT 'claims' AS name, o.programme_id, sum(t.claims) AS base_fen, 0 AS subsidy_fen
    FROM claim_totals t JOIN temp.open_rounds o USING (round_id) WHERE t.day <= o.day
    GROUP BY o.programme_id
    UNION ALL
    SELECT t.grouping, o.programme_id, sum(t.base_fen), sum(t.subsidy_fen)
    FROM group_totals t JOIN temp.open_rounds o USING (round_id) WHERE t.day <= o.day
    GROUP BY t.grouping, o.programme_id
    UNION ALL
    SELECT 'merchant', o.programme_id, sum(t.base_fen), sum(t.subsidy_fen)
    FROM merchant_sums t JOIN temp.open_rounds o USING (round_id) GROUP BY o.programme_id
)
SELECT p.programme || ' ' || name AS subject,
    sum(booked) || CASE name WHEN 'claims' THEN '' ELSE ' ' || sum(booked_subsidy) END AS expected,
    sum(kept) || CASE name WHEN 'claims' THEN '' ELSE ' ' || sum(kept_subsidy) END AS found
FROM (
    SELECT name, programme_id, base_fen AS booked, subsidy_fen AS booked_subsidy, 0 AS kept,
        0 AS kept_subsidy FROM booked
    UNION ALL SELECT name, programme_id, 0, 0, base_fen, subsidy_fen FROM kept
) JOIN programmes p USING (programme_id)
WHERE programme_id IN (SELECT programme_id FROM temp.open_rounds WHERE day > 0)
GROUP BY name, programme_id
HAVING sum(booked) <> sum(kept) OR sum(booked_subsidy) <> sum(kept_subsidy)
""".replace("[is_open]", IS_OPEN)
SUMMED_ALIKE = ", ".join(f"sum(t.{name}) AS {name}" for name in totals.SUMMED)
LESS = ", ".join(f"-sum(t.{name})" for name in totals.SUMMED)
OTHERS = ", ".join(f"('{each}')" for each in totals.GROUPINGS if each != "round")
TOTALS_ALIKE = f"""
SELECT r.round || ' ' || day || ' ' || grouping AS subject, sum(kept) AS expected,
    sum(found) AS found
FROM (
    SELECT g.column1 AS grouping, t.round_id, t.day, sum(t.base_fen) AS kept, 0 AS found,
        {SUMMED_ALIKE}
    FROM (VALUES {OTHERS}) g
        CROSS JOIN group_totals t ON t.grouping = 'round' GROUP BY g.column1, t.round_id, t.day
    UNION ALL
    SELECT t.grouping, t.round_id, t.day, 0, sum(t.base_fen), {LESS}
    FROM group_totals t WHERE t.grouping <> 'round' GROUP BY t.grouping, t.round_id, t.day
    UNION ALL
    SELECT 'merchant', t.round_id, t.day / 100, sum(t.base_fen), 0, {SUMMED_ALIKE}
    FROM group_totals t WHERE t.grouping = 'round' GROUP BY t.round_id, t.day / 100
    UNION ALL
    SELECT 'merchant', t.round_id, t.month, 0, sum(t.base_fen), {LESS}
    FROM merchant_sums t GROUP BY t.round_id, t.month
) JOIN rounds r USING (round_id)
GROUP BY grouping, round_id, day HAVING {UNLIKE}
UNION ALL
-- what stays with the merchant goes back to nobody
SELECT r.round || ' ' || day || ' ' || kind, sum(kept), sum(found)
FROM (
    SELECT 'public' AS kind, t.round_id, t.day, sum(t.public_fen + t.stays_fen) AS kept, 0 AS found
    FROM group_totals t WHERE t.grouping = 'round' GROUP BY t.round_id, t.day
    UNION ALL
    SELECT 'merchant', t.round_id, t.day, sum(t.match_fen), 0
    FROM group_totals t WHERE t.grouping = 'round' GROUP BY t.round_id, t.day
    UNION ALL
    SELECT u.kind, t.round_id, t.day, 0, sum(t.amount_fen)
    FROM funder_totals t JOIN funders u USING (funder_id) WHERE u.kind IN ('public', 'merchant')
    GROUP BY u.kind, t.round_id, t.day
) JOIN rounds r USING (round_id)
GROUP BY kind, round_id, day HAVING sum(kept) <> sum(found)
"""

group_totals = breaches.query(GROUP_TOTALS)
merchant_totals = breaches.query(MERCHANT_TOTALS)
funder_totals = breaches.query(FUNDER_TOTALS)
totals_as_sealed = breaches.query(TOTALS_AS_SEALED)
totals_alike = breaches.query(TOTALS_ALIKE)


def claim_totals(db: sqlite3.Connection) -> list[Breach]:
    """The totals of claims by local day equal the claims."""
    sql_functions.register(db, local_day=times.local_day)
    return breaches.rows(db, CLAIM_TOTALS)


def claims_used(db: sqlite3.Connection) -> list[Breach]:
    """The claims that are kept as used by local day are those of which a payment stands."""
    return _by_number(db, used_claims.miscounted(db))


def claims_used_beside(
    db: sqlite3.Connection, paid: Mapping[used_claims.Place, int], undone: Iterable[int]
) -> list[Breach]:
    """The same of all claims, beside what the rows of sealed days make (`miscounted_beside`)."""
    return _by_number(db, used_claims.miscounted_beside(db, paid, undone))


def _by_number(db: sqlite3.Connection, found: Iterable[tuple[int, int, int, int]]) -> list[Breach]:
    return [
        (f"{claim_no} {day}", str(kept), str(made))
        for claim_id, day, kept, made in found
        for (claim_no,) in db.execute(CLAIM_NO, (claim_id,))
    ]
