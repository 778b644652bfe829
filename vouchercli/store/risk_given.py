"""What a scan holds payments against where somebody gives it: turnover before the programme, prices
of goods, payments that are online and have no place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.store.risk_facts import Span


class Turnover(NamedTuple):
    """The best period before the programme of a merchant (`is_own`), or of its chain: `periods`
    of that length are known from a source; `first_on` is yyyymmdd.
    """

    merchant_id: int
    brand: str
    is_own: int
    grain: str
    source: str
    periods: int
    first_on: int
    turnover_fen: int


class Price(NamedTuple):
    """What one piece of a good cost at a merchant in a round: the middle of all that it `sold`,
    before any discount.
    """

    merchant_id: int
    good: str
    round: str
    sold: int
    price_fen: int


# The best period of each length and source before a day; of a chain, or of a merchant that a series
# names by its number or its name. SQLite takes the bare columns from the row that has the maximum.
TURNOVERS = """
WITH former AS MATERIALIZED (
    SELECT brand, grain, source, count(*) AS periods, max(value) AS best_fen, first_on
    FROM standing_series WHERE measure = 'turnover' AND cut = 4 AND grain <> 'span'
        AND last_on < ? GROUP BY brand, grain, source)
SELECT m.merchant_id, f.brand, 1, f.grain, f.source, f.periods, f.first_on, f.best_fen
FROM former f JOIN merchants m ON m.merchant_no = f.brand
UNION SELECT m.merchant_id, f.brand, 1, f.grain, f.source, f.periods, f.first_on, f.best_fen
FROM merchants m JOIN former f ON f.brand = m.name
UNION SELECT m.merchant_id, f.brand, 0, f.grain, f.source, f.periods, f.first_on, f.best_fen
FROM merchants m JOIN former f ON f.brand = m.brand
ORDER BY 1, 4, 5
"""
PRICED = """
SELECT f.redemption_id, f.merchant_id, r.round, r.opens_at,
    d.details ->> 'goods' || ifnull(' ' || (d.details ->> 'grade'), '') AS good,
    (f.base_fen + f.merchant_discount_fen) / CAST(ifnull(d.details ->> 'units', 1) AS INTEGER)
        AS price_fen
FROM redemption_details d CROSS JOIN redemptions f ON f.redemption_id = d.redemption_id
    CROSS JOIN splits s ON s.split_id = f.split_id JOIN rounds r ON r.round_id = s.round_id
WHERE d.details ->> 'goods' IS NOT NULL AND r.programme_id = :programme_id
    AND f.redemption_id <= :last_redemption_id AND f.paid_at <= :as_of_at
"""
PRICES = f"""
SELECT merchant_id, good, round, sold, price_fen FROM (
    SELECT *, count(*) OVER (PARTITION BY merchant_id, good, round) AS sold,
        row_number() OVER (PARTITION BY merchant_id, good, round
            ORDER BY price_fen, redemption_id) AS place
    FROM ({PRICED}))
WHERE place = (sold + 1) / 2 ORDER BY merchant_id, good, opens_at, round
"""
SOLD = f"""
SELECT redemption_id FROM ({PRICED}) WHERE merchant_id = :merchant_id AND good = :good
    AND round = :round ORDER BY redemption_id
"""
ONLINE = "SELECT redemption_id FROM redemptions WHERE channel = 2 ORDER BY redemption_id"


def turnovers(db: sqlite3.Connection, before: int) -> list[Turnover]:
    """Former turnover, of periods that ended before a day (yyyymmdd)."""
    return typed.rows(db, Turnover, TURNOVERS, (before,))


def prices(db: sqlite3.Connection, span: Span) -> list[Price]:
    """Prices of what payments say that they bought, by merchant, good and the opening of rounds."""
    return typed.rows(db, Price, PRICES, span._asdict())


def sold(db: sqlite3.Connection, span: Span, price: Price) -> list[int]:
    """The payments behind a price."""
    return typed.column(db, SOLD, span._asdict() | price._asdict())


def online(db: sqlite3.Connection) -> Iterator[int]:
    """Payments that were made online, of all programmes."""
    rows: Any = db.execute(ONLINE)
    return (number for (number,) in rows)
