"""What each merchant was paid, pooled once into a table of this connection: of a hundred thousand
merchants a report shows a hundred, and asks for their sums, for those of all, and how many there
are. Only rows that are shown become objects.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import leverage, sizes
from vouchercli.rules.leverage import Sums
from vouchercli.store import pieces, reports, sql_functions, typed
from vouchercli.store.merchant_counts import Merchants
from vouchercli.store.reports import IS_SOMETHING, SUMS, TOLD

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from vouchercli.rules.leverage import Months
    from vouchercli.store.pieces import Span

COUNTED = ("is_paid", "is_sized", "is_small")  # as `Merchants`
CREATE = f"""
CREATE TEMP TABLE paid_merchants (merchant_id INTEGER PRIMARY KEY,
    {", ".join((*TOLD, *COUNTED))})
"""
DROP = "DROP TABLE IF EXISTS temp.paid_merchants"
# A payment of a merchant that was of stated size, or small, when it was made.
OF_SIZE = "sum(t.vouchers) FILTER (WHERE t.segment_id IN (SELECT segment_id FROM segments WHERE "
IS_SIZED = f"""
    sum(t.vouchers) > 0 AND ifnull({OF_SIZE} size <> '')), 0) > 0,
    sum(t.vouchers) > 0 AND ifnull({OF_SIZE} is_small(size))), 0) > 0
"""
# Out of `[rows]`, totals of merchants in their order: nothing is sorted. By whether sizes count.
POOL = {
    has_sizes: f"""
INSERT INTO temp.paid_merchants
SELECT t.merchant_id, {SUMS}, sum(t.vouchers) > 0, {IS_SIZED if has_sizes else "0, 0"}
FROM [rows] GROUP BY t.merchant_id HAVING {IS_SOMETHING}
"""
    for has_sizes in (False, True)
}
IN_ALL = f"""
SELECT count(*), {", ".join(f"ifnull(sum({name}), 0)" for name in (*TOLD, *COUNTED))}
FROM temp.paid_merchants
"""
OWN_FEN = "(p.base_fen - p.public_fen - p.platform_fen - p.match_fen)"
# What rows are sorted by, the largest first: the keys of measures.
ORDERS = {
    "redemptions": "p.vouchers",
    "base_fen": "p.base_fen",
    "subsidy_fen": "p.public_fen",
    "own_fen": OWN_FEN,
    "gross": "ratio_rank(p.base_fen, p.public_fen)",
    "own_spend": f"ratio_rank({OWN_FEN}, p.public_fen)",
    "floor": "ratio_rank(p.floor_fen, p.public_fen)",
}
FIRST = f"""
SELECT h.merchant_no, h.name, {", ".join("p." + name for name in (*TOLD, *COUNTED))}
FROM temp.paid_merchants p JOIN merchants h USING (merchant_id) ORDER BY [order] LIMIT ?
"""
BY_NUMBER = "h.merchant_no = '', h.merchant_no"
AMOUNTS = "SELECT public_fen FROM temp.paid_merchants WHERE is_paid"
# Those who are not of the registry are alike.
SAYS = ", ".join(f"iif(h.is_registered, h.{cut}, '')" for cut in ("size", "district", "industry"))
ALIKE = f"""
SELECT h.is_registered, {SAYS},
    sum(h.is_registered), ifnull(sum(p.is_paid), 0),
    {", ".join(f"ifnull(sum(p.{name}), 0)" for name in TOLD)}
FROM merchants h LEFT JOIN temp.paid_merchants p USING (merchant_id)
WHERE h.is_registered OR p.merchant_id IS NOT NULL GROUP BY 1, 2, 3, 4
"""
WITHOUT = """
FROM merchants h WHERE NOT EXISTS (
    SELECT 1 FROM temp.paid_merchants p WHERE p.merchant_id = h.merchant_id AND p.is_paid)
"""
COUNT_WITHOUT = f"SELECT count(*) {WITHOUT}"
FIRST_WITHOUT = f"""
SELECT {", ".join("h." + field for field in reports.Listed._fields)}
{WITHOUT} ORDER BY h.merchant_no LIMIT ?
"""


class Paid(NamedTuple):
    """A merchant, its sums, and as what it counts."""

    merchant_no: str
    name: str
    sums: Sums
    counts: Merchants


class InAll(NamedTuple):
    """How many merchants have anything in the span, their sums, and how many count."""

    paid: int
    sums: Sums
    counts: Merchants


class Alike(NamedTuple):
    """Merchants alike in whether the registry lists them, and in the size, district and industry it
    states now: how many it lists, how many have a payment that stands, what all of them got.
    """

    is_registered: bool
    says: tuple[str, ...]
    registered: int
    with_payments: int
    sums: Sums


@contextmanager
def pooled(
    db: sqlite3.Connection,
    rounds: Sequence[int],
    months: Months,
    zone: str,
    known: Span | None = None,
    *,
    has_sizes: bool = False,
) -> Iterator[None]:
    """While the sums of every merchant with anything in the span, over `rounds` (ids), are there to
    be asked, and where it `has_sizes` as what each counts. `known`: within `known_facts.as_known`,
    the first and last day (yyyymmdd).
    """
    sql_functions.register(db, is_small=sizes.is_small, ratio_rank=ratio_rank)
    db.execute(DROP)
    db.execute(CREATE)
    try:
        parts = pieces.of_months(db, months, zone, known)
        if parts and rounds:
            db.execute(*reports.of_merchants(db, POOL[has_sizes], rounds, parts))
        yield
    finally:
        db.execute(DROP)


def ratio_rank(part: int, whole: int) -> str:
    """A text in whose order ratios stand as by `fine_ratio`, which is too large for SQL."""
    return f"{leverage.fine_ratio(part, whole) + 1:032d}"


def in_all(db: sqlite3.Connection) -> InAll:
    """All merchants together."""
    (row,) = typed.tuples(db, IN_ALL)
    told = 1 + len(TOLD)
    return InAll(row[0], Sums._make(row[1:told]), Merchants._make(row[told:]))


def first(db: sqlite3.Connection, order: str | None = None, limit: int = 0) -> list[Paid]:
    """The first of them (0: all), the largest by one of `ORDERS` first, equal ones and without an
    order by number.
    """
    largest = f"{ORDERS[order]} DESC, " if order else ""
    rows = typed.tuples(db, FIRST.replace("[order]", largest + BY_NUMBER), (limit or -1,))
    told = 2 + len(TOLD)
    return [
        Paid(row[0], row[1], Sums._make(row[2:told]), Merchants._make(row[told:])) for row in rows
    ]


def amounts(db: sqlite3.Connection) -> list[int]:
    """What public funders paid to each with a payment that stands, in fen."""
    return typed.column(db, AMOUNTS)


def alike(db: sqlite3.Connection) -> list[Alike]:
    """All merchants of the registry and all that were paid, those alike together."""
    return [
        Alike(bool(row[0]), row[1:4], row[4], row[5], Sums._make(row[6:]))
        for row in typed.tuples(db, ALIKE)
    ]


def without(db: sqlite3.Connection, limit: int) -> tuple[int, list[reports.Listed]]:
    """How many merchants have no payment that stands, and the first of them by number."""
    rows = typed.rows(db, reports.Listed, FIRST_WITHOUT, (limit,)) if limit else []
    return typed.number(db, COUNT_WITHOUT), rows
