"""What reports ask of a lake about merchants: how many were paid, what each got, which got most.

A merchant is of one city, and in two programmes of its city it is one: each row of an answer is of
one city. The hundred thousand of a city stay where they are added up; a report is given those that
it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import lake as rules
from vouchercli.rules import sizes
from vouchercli.store.lake_queries import KEYED, PLAIN_SUMS, SUMMED, keyed, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

# Payments to merchants of stated size, and to small ones.
SIZED = """
CASE WHEN p.size <> '' THEN p.vouchers ELSE 0 END AS sized,
    CASE WHEN [is_small] THEN p.vouchers ELSE 0 END AS small
"""
OF_SIZE = f"p.merchant_no AS merchant_no, p.vouchers AS vouchers, {SIZED}"
COUNTED = ", ".join(
    f"CAST(SUM(CASE WHEN m.{name} > 0 THEN 1 ELSE 0 END) AS BIGINT) AS {name}"
    for name in ("vouchers", "sized", "small")
)
OF_ONE = ", ".join(f"SUM(k.{name}) AS {name}" for name in ("vouchers", "sized", "small"))
OF_CITY, THEIR_KEYS = "k.city, k.key1, k.key2", "m.city, m.key1, m.key2"
COUNTS = f"""
SELECT {THEIR_KEYS}, {COUNTED}
FROM (SELECT {OF_CITY}, k.merchant_no, {OF_ONE} FROM ({KEYED.replace("[values]", OF_SIZE)}) k
    GROUP BY {OF_CITY}, k.merchant_no) m
WHERE m.vouchers > 0 GROUP BY {THEIR_KEYS} ORDER BY {THEIR_KEYS}
"""


def counts(by: Sequence[str], found: Sequence[str]) -> str:
    """(city, keys, merchants paid, of stated size, small) where a merchant has more payments under
    the keys than refunds undid; `found` are the sizes that there are.
    """
    return keyed(_with_small(COUNTS, found), by)


def _with_small(text: str, found: Sequence[str]) -> str:
    """A question that knows which of the sizes that there are the law calls small."""
    small = [quoted(each) for each in found if sizes.is_small(each)]
    is_small = "p.size IN (" + ", ".join(small) + ")" if small else "1 = 0"
    return text.replace("[is_small]", is_small)


# ---------------------------------------------------------------- what each got

OF_EACH = f"""
SELECT k.city, k.key1 AS merchant_no, {SUMMED}
FROM ({keyed(KEYED.replace("[values]", PLAIN_SUMS), ("merchant",))}) k GROUP BY k.city, k.key1
"""
AMOUNTS = f"SELECT x.public_fen FROM ({OF_EACH}) x WHERE x.vouchers > 0"
PAID = f"""
SELECT x.city, CAST(COUNT(*) AS BIGINT) AS paid FROM ({OF_EACH}) x
WHERE x.vouchers > 0 GROUP BY x.city ORDER BY x.city
"""
# Each with what it counts as: paid, paid and of stated size, paid and small.
WITH_SIZES = f"""
SELECT k.city, k.key1 AS merchant_no, {SUMMED}, SUM(k.sized) AS sized, SUM(k.small) AS small
FROM ({keyed(KEYED.replace("[values]", f"{PLAIN_SUMS}, {SIZED}"), ("merchant",))}) k
GROUP BY k.city, k.key1
"""
COUNTS_AS = {
    "is_paid": "CASE WHEN x.vouchers > 0 THEN 1 ELSE 0 END",
    "is_sized": "CASE WHEN x.vouchers > 0 AND x.sized > 0 THEN 1 ELSE 0 END",
    "is_small": "CASE WHEN x.vouchers > 0 AND x.small > 0 THEN 1 ELSE 0 END",
}
SOMETHING = " OR ".join(f"x.{name} <> 0" for name in rules.SUMS)
IN_ALL = f"""
SELECT x.city, CAST(COUNT(*) AS BIGINT) AS merchants, {SUMMED.replace("k.", "x.")},
    {", ".join(f"CAST(SUM({what}) AS BIGINT) AS {name}" for name, what in COUNTS_AS.items())}
FROM ({WITH_SIZES}) x WHERE {SOMETHING} GROUP BY x.city ORDER BY x.city
"""
FIRST = f"""
SELECT x.city, x.merchant_no, {", ".join("x." + name for name in rules.SUMS)},
    {", ".join(f"{what} AS {name}" for name, what in COUNTS_AS.items())}
FROM ({WITH_SIZES}) x WHERE {SOMETHING}
ORDER BY [order] x.city, x.merchant_no
"""
# What they can be sorted by, the largest first: keys of measures.
ORDERS = {
    "redemptions": "x.vouchers",
    "base_fen": "x.base_fen",
    "subsidy_fen": "x.public_fen",
    "own_fen": "x.base_fen - x.public_fen - x.platform_fen - x.match_fen",
}


def in_all(found: Sequence[str]) -> str:
    """(city, merchants with anything, their sums, how many were paid, of stated size, small);
    `found` are the sizes that there are.
    """
    return _with_small(IN_ALL, found)


def first(found: Sequence[str], order: str | None, top: int) -> str:
    """(city, merchant, sums, whether it counts as paid, of stated size, small) of the `top` first
    (0: all) by one of `ORDERS` (None: by number), in each answer; `found` as above.
    """
    largest = f"{ORDERS[order]} DESC," if order else ""
    text = _with_small(FIRST, found).replace("[order]", largest)
    return " ".join((text, "LIMIT", str(int(top)))) if top else text


# ---------------------------------------------------------------- beside the registry

# What the registry of their city says of them now: once, though two programmes may list one.
LISTED = """
SELECT m.city AS in_city, m.merchant_no AS in_no, MAX(m.is_registered) AS is_registered,
    MAX(m.size) AS size, MAX(m.district) AS district, MAX(m.industry) AS industry
FROM merchants m GROUP BY m.city, m.merchant_no
"""
CUT = "y.city, y.is_registered, y.size, y.district, y.industry"
ALIKE = f"""
SELECT {CUT}, CAST(SUM(CASE WHEN y.vouchers > 0 THEN 1 ELSE 0 END) AS BIGINT) AS with_payments,
    {SUMMED.replace("k.", "y.")}
FROM (SELECT x.*, l.is_registered AS is_registered, l.size AS size, l.district AS district,
        l.industry AS industry
    FROM ({OF_EACH}) x JOIN ({LISTED}) l ON x.city = l.in_city AND x.merchant_no = l.in_no
    ) y
GROUP BY {CUT} ORDER BY {CUT}
"""
REGISTERED = f"""
SELECT l.in_city, l.size, l.district, l.industry, CAST(COUNT(*) AS BIGINT) AS registered
FROM ({LISTED}) l WHERE l.is_registered = 1
GROUP BY l.in_city, l.size, l.district, l.industry
ORDER BY l.in_city, l.size, l.district, l.industry
"""
