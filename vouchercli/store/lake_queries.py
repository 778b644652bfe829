"""What reports ask of a lake: one text of each question, for every engine (polars, Spark, DuckDB).

The SQL keeps to the portable subset: whole numbers only, every SUM cast to BIGINT, no functions of
time, one level of names in each FROM. What is true of a whole round, of a city or of a day (its
week) is said by two small tables that stand beside those of the lake: `asked_rounds` and
`asked_days`; they also say which of them count. Ratios are made in rules.leverage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import lake as rules

if TYPE_CHECKING:
    from collections.abc import Sequence

# The small tables beside: their columns.
ROUNDS = {
    **dict.fromkeys(("of_city", "of_programme", "of_round", "round_key1", "round_key2"), "text"),
    "known_on": "int",  # what was booked later does not count
}
DAYS = {"of_day": "int", "day_key1": "text", "day_key2": "text"}
OF_DAY = ("day", "week", "month")
OF_PAYMENT = {
    "coupon": "coupon",
    "channel": "channel",
    "district": "district",
    "industry": "industry",
    "size": "size",
    "brand": "brand",
    "designated_size": "designated_size",
    "merchant": "merchant_no",
}
SUMMED = ", ".join(f"CAST(SUM(k.{name}) AS BIGINT) AS {name}" for name in rules.SUMS)
PLAIN_SUMS = ", ".join(f"p.{name} AS {name}" for name in rules.SUMS)
INDUSTRIES = dict.fromkeys(("of_industry", "industry_key1", "industry_key2"), "text")
DISTRICTS = dict.fromkeys(("in_city", "of_district", "district_key1", "district_key2"), "text")
# What a bridged key stands in: its column, and how its table joins.
BRIDGES = {
    "section": ("i.industry_key", "JOIN asked_industries i ON p.industry = i.of_industry"),
    "county": (
        "q.district_key",
        "JOIN asked_districts q ON p.city = q.in_city AND p.district = q.of_district",
    ),
}
COUNTS = """
FROM payments p JOIN asked_rounds r ON p.city = r.of_city AND p.programme = r.of_programme
    AND p.round = r.of_round
JOIN asked_days d ON p.day = d.of_day [bridges]
WHERE p.booked_on <= r.known_on
"""
KEYS = "k.city, k.programme, k.key1, k.key2"


def _key(by: Sequence[str], place: int) -> str:
    """What the key of a payment is under a grouping."""
    if place >= len(by):
        return "''"
    name = by[place]
    if name in OF_PAYMENT:
        return f"p.{OF_PAYMENT[name]}"
    if name in BRIDGES:
        return f"{BRIDGES[name][0]}{place + 1}"
    return f"d.day_key{place + 1}" if name in OF_DAY else f"r.round_key{place + 1}"


KEYED = f"""
SELECT p.city AS city, p.programme AS programme, [key1] AS key1, [key2] AS key2, [values] {COUNTS}
"""


def keyed(text: str, by: Sequence[str]) -> str:
    """A question about payments under the keys of one or two groupings."""
    bridges = " ".join(BRIDGES[each][1] for each in by if each in BRIDGES)
    named = text.replace("[key1]", _key(by, 0)).replace("[key2]", _key(by, 1))
    return named.replace("[bridges]", bridges)


SUMS = f"""
SELECT {KEYS}, {SUMMED} FROM ({KEYED.replace("[values]", PLAIN_SUMS)}) k
GROUP BY {KEYS} ORDER BY {KEYS}
"""


def sums(by: Sequence[str]) -> str:
    """(city, programme, keys, sums) of payments by one or two groupings."""
    return keyed(SUMS, by)


# Sizes are words of registries; which of them are small the law says, not SQL.
SIZES = "SELECT DISTINCT p.size AS size FROM payments p"
ALL_COUPONS = """
SELECT DISTINCT p.city AS city, p.programme AS programme, p.round AS round, p.coupon AS coupon
FROM payments p ORDER BY city, programme, round, coupon
"""
# Names that are to be bridged.
ALL_INDUSTRIES = "SELECT DISTINCT p.industry AS industry FROM payments p ORDER BY industry"
ALL_DISTRICTS = """
SELECT DISTINCT p.city AS city, p.district AS district FROM payments p ORDER BY city, district
"""


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


SPLIT = "p.split AS split, p.facts - p.reversed AS facts"
SHARES = f"""
SELECT {KEYS}, s.funder, CAST(SUM(k.facts * s.amount_fen) AS BIGINT) AS amount_fen
FROM ({KEYED.replace("[values]", SPLIT)}) k JOIN (
    SELECT DISTINCT t.city AS in_city, t.programme AS in_programme, t.split AS in_split,
        t.funder AS funder, t.amount_fen AS amount_fen
    FROM splits t WHERE t.kind = 'public') s
    ON k.city = s.in_city AND k.programme = s.in_programme AND k.split = s.in_split
GROUP BY {KEYS}, s.funder ORDER BY {KEYS}, s.funder
"""


def shares(by: Sequence[str]) -> str:
    """(city, programme, keys, funder, amount in fen) of public funders."""
    return keyed(SHARES, by)


CLAIMS = """
SELECT c.city, c.programme, c.round, CAST(SUM(c.claims - c.reversed) AS BIGINT) AS claims
FROM claims c JOIN asked_rounds r ON c.city = r.of_city AND c.programme = r.of_programme
    AND c.round = r.of_round
JOIN asked_days d ON c.day = d.of_day
WHERE c.booked_on <= r.known_on
GROUP BY c.city, c.programme, c.round ORDER BY c.city, c.programme, c.round
"""
COLUMNS = {
    table: ", ".join(f"t.{name}" for name in columns) for table, columns in rules.TABLES.items()
}
# All rows of the small tables, in the order of their columns.
ROWS_OF = {
    table: f"SELECT {names} FROM {table} t ORDER BY {names}" for table, names in COLUMNS.items()
}
ALL_ROUNDS = f"""
SELECT {COLUMNS["rounds"]} FROM rounds t ORDER BY t.city, t.programme, t.position
"""
# (city, programme, round, the first day on which one was booked, sums)
ALL_PAYMENTS = f"""
SELECT p.city, p.programme, p.round, MIN(p.booked_on) AS first_booked, {
    ", ".join(f"CAST(SUM(p.{name}) AS BIGINT) AS {name}" for name in rules.summed("payments"))
}
FROM payments p GROUP BY p.city, p.programme, p.round
"""
