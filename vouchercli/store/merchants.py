"""What is known of merchants, and those that nobody registered. Registry files are in
`store.registries`, suspensions in `store.suspensions`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import sealed_accounts, segments, typed
from vouchercli.store.lists import Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.store.lists import Listed

# A merchant as `merchant_changes` keeps it.
ROW_VIEW = f"""
CREATE TEMP VIEW IF NOT EXISTS merchant_rows AS
SELECT merchant_id, json_object(
    'merchant_no', merchant_no, 'name', name, 'uscc', uscc, 'district', district, 'industry',
        industry, 'size', size, 'brand', brand, 'designated_size', designated_size,
    'address', address, 'phone', phone, 'platform_no', platform_no, 'account_name', account_name,
        'account_no', {sealed_accounts.WRITTEN}, 'bank', bank,
        'bank_no', bank_no,
    'registry', registry, 'is_registered', is_registered, 'changed_at', changed_at,
    'pasts', (SELECT json_group_array(json_array(until_at, segment_id, platform_no))
        FROM main.merchant_pasts AS p WHERE p.merchant_id = m.merchant_id)) AS row
FROM main.merchants AS m
"""

# ---------------------------------------------------------------- unregistered

# Nobody knows whether it is the merchant's own number or the platform's: it is found by either.
ADD_UNREGISTERED = """
INSERT INTO merchants (merchant_no, platform_no, is_registered, segment_id, added_at, changed_at)
VALUES (?1, ?1, 0, ?2, ?3, ?3)
ON CONFLICT (merchant_no) DO NOTHING
RETURNING merchant_id
"""
NOTE_ADDED = """
INSERT INTO merchant_changes (batch_id, merchant_id, before, after)
VALUES (?1, ?2, '', '')
"""


def add_unregistered(
    db: sqlite3.Connection, batch_id: int, merchant_nos: Iterable[str], at: int
) -> int:
    """Add the numbers that nobody registered (a round with open registration takes them); returns
    how many were new.
    """
    nowhere = segments.segment_id(db)
    added = 0
    for merchant_no in merchant_nos:
        for row in db.execute(ADD_UNREGISTERED, (merchant_no, nowhere, at)).fetchall():
            db.execute(NOTE_ADDED, (batch_id, row["merchant_id"]))
            added += 1
    return added


def suppose_unregistered(db: sqlite3.Connection, merchant_no: str, at: int) -> None:
    """Add a number as an import would, in a transaction that the caller takes back."""
    db.execute(ADD_UNREGISTERED, (merchant_no, segments.segment_id(db), at))


UNUSED = """
SELECT m.merchant_id FROM merchant_changes AS c JOIN merchants AS m USING (merchant_id)
WHERE c.batch_id = ?1 AND c.before = '' AND NOT m.is_registered
  AND NOT EXISTS (SELECT 1 FROM merchant_changes AS later WHERE later.merchant_id = m.merchant_id
      AND later.batch_id <> ?1)
  AND NOT EXISTS (SELECT 1 FROM suspensions AS s WHERE s.merchant_id = m.merchant_id)
  AND m.merchant_id NOT IN (SELECT merchant_id FROM redemptions)
"""
# What another file uses too is as if that one had added it, unless others changed it in between.
HAND_ON = """
UPDATE merchant_changes AS c SET batch_id = u.batch_id
FROM (SELECT f.merchant_id, min(n.batch_id) AS batch_id FROM redemption_runs n
    CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
    WHERE f.merchant_id IN (SELECT merchant_id FROM merchant_changes WHERE batch_id = ?1)
    GROUP BY f.merchant_id) AS u
WHERE c.batch_id = ?1 AND c.merchant_id = u.merchant_id AND NOT EXISTS (
    SELECT 1 FROM merchant_changes AS o
    WHERE o.merchant_id = c.merchant_id AND o.batch_id <> ?1 AND o.batch_id <= u.batch_id)
"""
FORGET_CHANGE = "DELETE FROM merchant_changes WHERE batch_id = ? AND merchant_id = ?"


def forget_unregistered(db: sqlite3.Connection, batch_id: int) -> int:
    """Remove the unregistered merchants that an undone redemption file had added and nothing else
    knows; those that another file uses are that one's. Returns how many were removed.
    """
    unused = [row["merchant_id"] for row in db.execute(UNUSED, (batch_id,))]
    db.executemany(FORGET_CHANGE, [(batch_id, merchant_id) for merchant_id in unused])
    remove(db, [(merchant_id,) for merchant_id in unused])
    if are_added(db, batch_id):
        db.execute(HAND_ON, (batch_id,))
    return len(unused)


ARE_ADDED = "SELECT EXISTS (SELECT 1 FROM merchant_changes WHERE batch_id = ?)"


def are_added(db: sqlite3.Connection, batch_id: int) -> bool:
    """Whether a batch has added or changed merchants."""
    return bool(typed.number(db, ARE_ADDED, (batch_id,)))


REMOVE = "DELETE FROM merchants WHERE merchant_id = ?"
FORGET_PASTS = "DELETE FROM merchant_pasts WHERE merchant_id = ?"


def remove(db: sqlite3.Connection, merchant_ids: list[tuple[int]]) -> None:
    """Remove merchants that nothing refers to (the caller has asked)."""
    db.executemany(FORGET_PASTS, merchant_ids)
    sealed_accounts.remove(db, merchant_ids)
    db.executemany(REMOVE, merchant_ids)


# ---------------------------------------------------------------- read

NUMBERS = "SELECT merchant_no FROM merchants"


class Merchant(NamedTuple):
    """What is known of a merchant; `suspended` at the moment that was asked for."""

    merchant_id: int
    merchant_no: str
    name: str
    uscc: str
    district: str
    industry: str
    size: str
    brand: str
    designated_size: str
    address: str
    phone: str
    platform_no: str
    account_name: str
    account_no: str  # masked
    bank: str
    bank_no: str
    registry: str
    registered: int
    suspended: int

    @property
    def is_registered(self) -> bool:
        """Whether a registry has it."""
        return bool(self.registered)

    @property
    def state(self) -> str:
        """registered, unregistered or suspended."""
        if self.suspended:
            return "suspended"
        return "registered" if self.registered else "unregistered"


class Change(NamedTuple):
    """What a batch did to a merchant, as JSON; both are empty when it added it."""

    batch: int
    at: int
    before: str
    after: str


class Total(NamedTuple):
    """What was redeemed at a merchant in a round, net of refunds; `subsidy_fen` is the public
    part.
    """

    programme: str
    round: str
    redemptions: int
    base_fen: int
    subsidy_fen: int
    platform_fen: int
    match_fen: int


# As they were at a moment: what a payment made then is judged by.
AS_AT = """
SELECT m.merchant_id, m.merchant_no, m.name, m.uscc, g.district, g.industry, g.size, g.brand,
    g.designated_size, m.address, m.phone, coalesce(v.platform_no, m.platform_no), m.account_name,
    m.account_no, m.bank, m.bank_no, m.registry, m.is_registered,
    EXISTS (SELECT 1 FROM suspensions AS s WHERE s.merchant_id = m.merchant_id
        AND s.from_at <= :at AND (s.until_at IS NULL OR :at < s.until_at)) AS is_suspended
FROM merchants AS m LEFT JOIN merchant_pasts AS v ON v.merchant_id = m.merchant_id
    AND v.until_at = (SELECT min(until_at) FROM merchant_pasts WHERE merchant_id = m.merchant_id
        AND until_at > :at)
    JOIN segments AS g ON g.segment_id = coalesce(v.segment_id, m.segment_id)
WHERE CASE WHEN :by_platform THEN coalesce(v.platform_no, m.platform_no) = :no AND :no <> ''
    ELSE m.merchant_no = :no END
ORDER BY v.until_at IS NULL, m.merchant_id LIMIT 1
"""
PASTS = """
SELECT p.until_at, g.district, g.industry, g.size, g.brand, g.designated_size, p.platform_no
FROM merchant_pasts AS p JOIN segments AS g USING (segment_id)
WHERE p.merchant_id = ? ORDER BY p.until_at
"""
MERCHANTS = """
SELECT m.merchant_id, m.merchant_no, m.name, m.uscc, m.district, m.industry, m.size, m.brand,
    m.designated_size, m.address, m.phone, m.platform_no, m.account_name, m.account_no, m.bank,
    m.bank_no, m.registry, m.is_registered,
    EXISTS (SELECT 1 FROM suspensions AS s WHERE s.merchant_id = m.merchant_id
        AND s.from_at <= :at AND (s.until_at IS NULL OR :at < s.until_at)) AS is_suspended
FROM merchants AS m
"""
NUMBERS = "SELECT merchant_no FROM merchants"
NAMED = MERCHANTS + "WHERE m.merchant_no = :no"
CALLED = MERCHANTS + "WHERE m.platform_no = :no AND m.platform_no <> '' ORDER BY m.merchant_no"
CHANGES = """
SELECT c.batch_id, b.imported_at, c.before, c.after FROM merchant_changes AS c
    JOIN batches AS b USING (batch_id)
WHERE c.merchant_id = ? ORDER BY c.batch_id
"""
TOTALS = """
SELECT p.programme, r.round, sum(t.vouchers), sum(t.base_fen), sum(t.public_fen),
    sum(t.platform_fen), sum(t.match_fen)
FROM merchant_sums AS t JOIN rounds AS r USING (round_id)
    JOIN programmes AS p USING (programme_id)
WHERE t.merchant_id = ?
GROUP BY r.round_id ORDER BY p.programme, r.opens_at, r.round
"""
FILTER = Listing(
    Merchant,
    MERCHANTS
    + """
WHERE (:district IS NULL OR m.district = :district) AND (:industry IS NULL
    OR m.industry = :industry)
  AND (:size IS NULL OR m.size = :size) AND (:brand IS NULL OR m.brand = :brand)
  AND (:designated_size IS NULL OR m.designated_size = :designated_size)
  AND (:registered IS NULL OR m.is_registered = :registered)
  AND (:search IS NULL OR m.merchant_no LIKE :search ESCAPE '\\' OR m.name LIKE :search ESCAPE '\\'
       OR m.address LIKE :search ESCAPE '\\' OR m.uscc LIKE :search ESCAPE '\\')
  AND (NOT :suspended OR is_suspended)
""",
    "m.merchant_no",
    names_columns=True,
)


def named(db: sqlite3.Connection, no: str, at: int) -> Merchant | None:
    """The merchant of that number as of `at`, or else the only one that a platform knows by it."""
    asked = {"no": no, "at": at}
    named = db.execute(NAMED, asked).fetchall() or db.execute(CALLED, asked).fetchall()
    return Merchant._make(named[0]) if len(named) == 1 else None


def of_payment(db: sqlite3.Connection, no: str, at: int) -> Merchant | None:
    """The merchant that an import takes the number of a payment made at `at` for, as it was then:
    ours, else the first that a platform knew by it.
    """
    for by_platform in (False, True):
        asked = {"no": no, "at": at, "by_platform": by_platform}
        if rows := typed.rows(db, Merchant, AS_AT, asked):
            return rows[0]
    return None


class Past(NamedTuple):
    """What a merchant was before `until_at` (UTC seconds)."""

    until_at: int
    district: str
    industry: str
    size: str
    brand: str
    designated_size: str
    platform_no: str


def pasts(db: sqlite3.Connection, merchant_id: int) -> list[Past]:
    """What a merchant was before, oldest first."""
    return typed.rows(db, Past, PASTS, (merchant_id,))


def numbers(db: sqlite3.Connection) -> list[str]:
    """Every merchant number."""
    return [row["merchant_no"] for row in db.execute(NUMBERS)]


WORDS = """
SELECT DISTINCT g.district, g.industry, g.size FROM segments g
WHERE EXISTS (SELECT 1 FROM merchants m WHERE m.segment_id = g.segment_id)
"""
THERE = "SELECT merchant_no FROM merchants WHERE merchant_no IN (SELECT value FROM json_each(?))"


def words(db: sqlite3.Connection, numbers: Iterable[str]) -> dict[str, frozenset[str]]:
    """The words that the registry's merchants have, by the key of a scope; of their numbers those
    among `numbers`.
    """
    columns = [*zip(*typed.tuples(db, WORDS), strict=True)] or [(), (), ()]
    found = (frozenset(filter(None, column)) for column in columns)
    asked = json.dumps([*numbers], ensure_ascii=False)
    return {
        **dict(zip(("districts", "industries", "sizes"), found, strict=True)),
        "merchants": frozenset(typed.column(db, THERE, (asked,))),
    }


def search_for(db: sqlite3.Connection, at: int, search: str | None, **wanted: Any) -> Listed:
    """The merchants (`Merchant`) that fit every given one of district, industry, size, brand,
    designated_size, registered, suspended (at `at`) and search (a part of number, name, address or
    USCC), by number.
    """
    escaped = (
        search and "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    )
    every = dict.fromkeys(segments.NAMES) | wanted
    return FILTER.of(db, at=at, search=escaped, **every)


def changes(db: sqlite3.Connection, merchant_id: int) -> list[Change]:
    """What the batches did to a merchant, in their order."""
    return typed.rows(db, Change, CHANGES, (merchant_id,))


def totals(db: sqlite3.Connection, merchant_id: int) -> list[Total]:
    """What was redeemed at a merchant, by programme and round."""
    return typed.rows(db, Total, TOTALS, (merchant_id,))
