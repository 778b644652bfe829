"""Samples for a spot check: what may be drawn, what was drawn, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed
from vouchercli.store.lists import Listed, Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.rules.samples import Drawn, Plan, Terms
    from vouchercli.session import Session

SIGNED = """
SELECT d.day, d.ends_at, d.last_claim_id, d.last_redemption_id
FROM days d JOIN day_signatures s USING (programme_id, day)
WHERE d.programme_id = ? ORDER BY d.day DESC LIMIT 1
"""
# What may be drawn: (number, fen), in the order in which it came in.
POPULATIONS = {
    "redemptions": """
SELECT f.transaction_no, s.after_fen - s.before_fen
FROM redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
    CROSS JOIN rounds r ON r.round_id = s.round_id
WHERE r.programme_id = :programme_id AND f.refund_of IS NULL
    AND f.redemption_id <= :last_redemption_id AND f.day BETWEEN :first AND :last
ORDER BY f.redemption_id
""",
    "claims": """
SELECT c.claim_no, t.pack_value_fen
FROM claims c CROSS JOIN rounds r USING (round_id) JOIN templates t USING (template_id)
WHERE r.programme_id = :programme_id AND c.claim_id <= :last_claim_id
    AND c.claimed_at >= :begins_at AND c.claimed_at < :ends_at
ORDER BY c.claim_id
""",
    "transfers": """
SELECT t.transfer_no, t.amount_fen
FROM settlements s CROSS JOIN transfers t USING (settlement_id)
WHERE s.programme_id = :programme_id AND t.state = 'paid' AND t.paid_on BETWEEN :first AND :last
ORDER BY t.transfer_id
""",
}
POPULATIONS["merchants"] = """
SELECT m.merchant_no, CAST(sum(s.after_fen - s.before_fen) AS BIGINT) AS fen
FROM redemptions f CROSS JOIN splits s ON s.split_id = f.split_id
    CROSS JOIN rounds r ON r.round_id = s.round_id
    CROSS JOIN merchants m ON m.merchant_id = f.merchant_id
WHERE r.programme_id = :programme_id AND f.redemption_id <= :last_redemption_id
    AND f.day BETWEEN :first AND :last
GROUP BY f.merchant_id HAVING fen > 0 ORDER BY f.merchant_id
"""
ADD = f"INSERT INTO samples VALUES (NULL{', ?' * 19}) RETURNING sample_id"
ADD_ITEM = "INSERT INTO sample_items VALUES (?, ?, ?, ?, ?)"
ADD_RESULT = f"INSERT INTO sample_results VALUES (NULL{', ?' * 9})"
# The result that counts: the last one of an item.
LAST = """(SELECT max(x.result_id) FROM sample_results x
    WHERE x.sample_id = i.sample_id AND x.item = i.item)"""
ALL = f"""
SELECT s.sample_id, s.what, s.first_day, s.last_day, s.confidence_bp, s.margin_bp, s.expected_bp,
    s.size, s.allowed, s.population, s.population_fen, s.largest_fen, s.population_sha256, s.seed,
    s.items_sha256, s.drawn_by, s.drawn_at,
    (SELECT count(*) FROM sample_items i WHERE i.sample_id = s.sample_id
        AND EXISTS (SELECT 1 FROM sample_results x WHERE x.sample_id = i.sample_id
            AND x.item = i.item)),
    (SELECT count(*) FROM sample_items i JOIN sample_results r ON r.result_id = {LAST}
        WHERE i.sample_id = s.sample_id AND r.fault <> ''),
    s.method
FROM samples s
WHERE s.programme_id = :programme_id
"""
ITEMS = f"""
SELECT i.item, i.number, i.amount_fen, i.ticket, r.fault, r.right_fen, r.note, r.entered_by,
    r.entered_at
FROM sample_items i LEFT JOIN sample_results r ON r.result_id = {LAST}
WHERE i.sample_id = :sample
"""


class Signed(NamedTuple):
    """The last signed day (yyyymmdd) of a programme, and the last ids that its seal holds."""

    day: int
    ends_at: int
    last_claim_id: int
    last_redemption_id: int


class Sample(NamedTuple):
    """A sample, its terms in basis points and its amounts in fen; how many of its items have a
    result, and how many of these are wrong; `method` is `items`, or `money`: each yuan had the
    same chance.
    """

    sample: int
    what: str
    first_day: int | None
    last_day: int
    confidence_bp: int
    margin_bp: int
    expected_bp: int
    size: int
    allowed: int
    population: int
    population_fen: int
    largest_fen: int
    population_sha256: str
    seed: str
    items_sha256: str
    drawn_by: str
    drawn_at: int
    known: int
    wrong: int
    method: str

    @property
    def is_by_money(self) -> bool:
        """Whether each yuan had the same chance, not each item."""
        return self.method == "money"


class Item(NamedTuple):
    """What was drawn, and the result that counts (`fault` None: none yet; '': in order)."""

    item: int
    number: str
    amount_fen: int
    ticket: str
    fault: str | None
    right_fen: int | None
    note: str | None
    entered_by: str | None
    entered_at: int | None


class Population(NamedTuple):
    """What may be drawn: how many, their sum and the largest in fen, the digest of their list."""

    rows: int
    fen: int
    largest_fen: int
    sha256: str


LIST = Listing(Sample, ALL, "s.sample_id DESC")
NAMED = f"{ALL} AND s.sample_id = :sample"
LISTED_ITEMS = Listing(Item, ITEMS, "i.item")


def signed(db: sqlite3.Connection, programme_id: int) -> Signed | None:
    """The last day of a programme that is signed; None: no day is."""
    return typed.row(db, Signed, SIGNED, (programme_id,))


def population(db: sqlite3.Connection, what: str, **asked: int) -> Iterator[tuple[str, int]]:
    """(number, fen) of all that may be drawn, read one after the other."""
    cursor = db.cursor()
    cursor.row_factory = None
    return cursor.execute(POPULATIONS[what], asked)


PROGRAMME = "SELECT programme_id FROM samples WHERE sample_id = ?"
# The rows that the last signed day held when a sample was drawn.
SIGNED_THEN = """
SELECT d.last_redemption_id FROM days d JOIN day_signatures s USING (programme_id, day)
WHERE d.programme_id = ? AND s.signed_at <= ? ORDER BY d.day DESC LIMIT 1
"""


def programme_of(db: sqlite3.Connection, sample: int) -> int:
    """Whose sample it is."""
    return typed.number(db, PROGRAMME, (sample,))


def merchants_of(db: sqlite3.Connection, sample: Sample) -> Iterator[tuple[str, int]]:
    """The (merchant_no, fen) from which a sample of merchants was drawn, without what was reversed
    since.
    """
    programme_id = programme_of(db, sample.sample)
    last = typed.number(db, SIGNED_THEN, (programme_id, sample.drawn_at))
    asked = {"programme_id": programme_id, "last_redemption_id": last}
    days = {"first": sample.first_day or 0, "last": sample.last_day}
    return population(db, "merchants", **asked, **days)


def add(
    session: Session,
    programme_id: int,
    what: str,
    days: tuple[int | None, int],
    terms: Terms,
    plan: Plan,
    of: Population,
    seed: str,
    items_sha256: str,
    method: str,
) -> int:
    """Keep a sample; gives its number."""
    hand = (session.actor, session.os_user, session.now)
    values = (programme_id, what, *days, *terms, *plan, *of, seed, items_sha256, *hand, method)
    return typed.number(session.db, ADD, values)


def add_items(db: sqlite3.Connection, sample: int, drawn: Iterable[Drawn]) -> None:
    """Keep what was drawn, in its order."""
    rows = (
        (sample, item, each.number, each.amount_fen, each.ticket)
        for item, each in enumerate(drawn, 1)
    )
    db.executemany(ADD_ITEM, rows)


def add_results(session: Session, results: Iterable[tuple[int, int, str, int, str, str]]) -> None:
    """Keep results: (sample, item, fault, right fen, note, file:line)."""
    hand = (session.actor, session.os_user, session.now)
    session.db.executemany(ADD_RESULT, ((*each, *hand) for each in results))


def listed(db: sqlite3.Connection, programme_id: int) -> Listed:
    """The samples (`Sample`) of a programme, the newest first."""
    return LIST.of(db, programme_id=programme_id)


def named(db: sqlite3.Connection, programme_id: int, sample: int) -> Sample | None:
    """The sample of that number."""
    return typed.row(db, Sample, NAMED, {"programme_id": programme_id, "sample": sample})


def last_complete(db: sqlite3.Connection, programme_id: int, what: str) -> Sample | None:
    """The newest sample of `what`, each with the same chance, of which every item has a result."""
    every = listed(db, programme_id).rows(None)
    whole = (each for each in every if each.what == what and not each.is_by_money)
    return next((each for each in whole if each.known == each.size), None)


def items(db: sqlite3.Connection, sample: int) -> Listed:
    """What was drawn (`Item`), the smallest ticket first."""
    return LISTED_ITEMS.of(db, sample=sample)
