"""Registry files by set: each is an update of the merchants. What is known of one merchant is in
`store.merchants`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.store import (
    added_merchants,
    batches,
    changed_accounts,
    merchant_pasts,
    merchants,
    sealed_accounts,
    suspensions,
    typed,
)
from vouchercli.store.duplicates import Stay

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

# A column that the file does not have is NULL in every row: what is stored stays.
CREATE_INCOMING = """
CREATE TEMP TABLE incoming_merchants (
    place INTEGER PRIMARY KEY, batch_id INTEGER, line INTEGER UNIQUE, cells TEXT, reason TEXT,
        detail TEXT DEFAULT '{}',
    merchant_no TEXT, name TEXT, uscc TEXT, district TEXT, industry TEXT, size TEXT, brand TEXT,
        designated_size TEXT, address TEXT, phone TEXT, platform_no TEXT,
    account_name TEXT, account_no TEXT, bank TEXT, bank_no TEXT
)
"""
ADD_INCOMING = "INSERT INTO incoming_merchants VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
TYPED_COLUMNS = 15

INDEX_INCOMING = "CREATE INDEX temp.incoming_merchants_by_no ON incoming_merchants (merchant_no)"

# ---------------------------------------------------------------- judge

CELLS = (
    "uscc",
    "district",
    "industry",
    "size",
    "brand",
    "designated_size",
    "address",
    "phone",
    "platform_no",
    "account_name",
    "account_no",
    "bank",
    "bank_no",
)


def said(other: str) -> str:
    """The cells of the incoming row `i`; where its file has no such column, those of `other`."""
    return ", ".join(["i.name", *(f"ifnull(i.{cell}, {cell_of(other, cell)})" for cell in CELLS)])


def standing(other: str) -> str:
    """The cells of `other`, in the order of `said`."""
    return ", ".join(cell_of(other, cell) for cell in ("name", *CELLS))


def cell_of(other: str, cell: str) -> str:
    """A cell of `other`: an account of the merchant `m` as it is written, so that accounts that
    look alike are told apart.
    """
    return sealed_accounts.WRITTEN if (other, cell) == ("m", "account_no") else f"{other}.{cell}"


def is_same(other: str) -> str:
    """Whether the incoming row `i` says the same as `other`, also once both are folded."""
    ours, theirs = said(other), standing(other)
    return f"(({ours}) IS ({theirs}) OR are_alike(json_array({ours}), json_array({theirs})))"


JUDGE_REPEATED = f"""
WITH firsts AS (SELECT merchant_no, min(line) AS line FROM incoming_merchants WHERE reason IS NULL
    GROUP BY merchant_no HAVING count(*) > 1)
UPDATE incoming_merchants AS i
SET (reason, detail) = (
    SELECT
        iif(is_same, 'duplicate', 'conflicting_row'),
        iif(is_same, '{{}}', json_object('merchant_no', i.merchant_no, 'first_line', f.line))
    FROM (SELECT {is_same("f")} AS is_same)
)
FROM firsts JOIN incoming_merchants AS f ON f.line = firsts.line
WHERE i.merchant_no = firsts.merchant_no AND i.line > firsts.line AND i.reason IS NULL
"""

# When a batch is judged again: the line it contradicts is not among the rejects, and it contradicts
# it all the same.
REMEMBER_CONFLICTS = """
UPDATE incoming_merchants AS i SET reason = r.reason, detail = r.detail
FROM rejects AS r WHERE r.batch_id = ?1 AND r.line = i.line AND r.reason = 'conflicting_row'
"""

JUDGE_KNOWN = f"""
UPDATE incoming_merchants AS i
SET reason = 'duplicate'
FROM merchants AS m
WHERE i.reason IS NULL AND m.merchant_no = i.merchant_no AND m.registry = ?1 AND m.is_registered
  AND ({standing("m")}) IS ({said("m")})
  AND NOT EXISTS (SELECT 1 FROM merchant_pasts AS p WHERE p.merchant_id = m.merchant_id
      AND p.until_at > ?2)
"""


def compare_by(db: sqlite3.Connection, fold: Callable[[str], str] | None) -> None:
    """Let statements ask `are_alike`: whether two JSON lists of texts are the same once they are
    folded (None: never).
    """

    def are_alike(one: str, other: str) -> bool:
        if fold is None:
            return False
        lists = ([fold(text or "") for text in json.loads(each)] for each in (one, other))
        return next(lists) == next(lists)

    db.create_function("are_alike", 2, are_alike, deterministic=True)


def judge(
    db: sqlite3.Connection,
    batch_id: int,
    registry: str,
    from_at: int,
    *,
    fold: Callable[[str], str] | None = None,
) -> None:
    """Set the reason of every row that repeats an earlier line ('duplicate', or 'conflicting_row'
    when its values differ, also once they are folded), or says only what the registry already knows
    to hold at `from_at` ('duplicate').
    """
    compare_by(db, fold)
    db.execute(INDEX_INCOMING)
    db.execute(REMEMBER_CONFLICTS, (batch_id,))
    db.execute(JUDGE_REPEATED)
    db.execute(JUDGE_KNOWN, (registry, from_at))


# ---------------------------------------------------------------- accept

# A merchant that was added unregistered under the number its platform has for it gets the number
# the registry has.
ADOPTED = """
SELECT m.merchant_id, min(i.merchant_no) AS merchant_no
FROM merchants AS m JOIN incoming_merchants AS i ON i.platform_no = m.platform_no
WHERE NOT m.is_registered AND i.reason IS NULL AND i.platform_no <> ''
    AND i.merchant_no <> m.merchant_no
  AND NOT EXISTS (SELECT 1 FROM merchants AS x WHERE x.merchant_no = i.merchant_no)
GROUP BY m.merchant_id HAVING count(*) = 1
"""
NOTE_ADOPTED = """
INSERT INTO merchant_changes (batch_id, merchant_id, before, after)
SELECT ?1, merchant_id, row, row FROM merchant_rows WHERE merchant_id = ?2
"""
ADOPT = "UPDATE merchants SET merchant_no = ?2 WHERE merchant_id = ?1"

ADD_SEGMENTS = """
INSERT INTO segments (district, industry, size, brand, designated_size)
SELECT DISTINCT coalesce(i.district, m.district, ''), coalesce(i.industry, m.industry, ''),
    coalesce(i.size, m.size, ''), coalesce(i.brand, m.brand, ''),
    coalesce(i.designated_size, m.designated_size, '')
FROM incoming_merchants AS i LEFT JOIN merchants AS m USING (merchant_no)
WHERE i.reason IS NULL
ON CONFLICT DO NOTHING
"""

NOTE_BEFORE = """
INSERT INTO merchant_changes (batch_id, merchant_id, before, after)
SELECT ?1, m.merchant_id, r.row, '' FROM incoming_merchants AS i
    JOIN merchants AS m USING (merchant_no)
JOIN merchant_rows AS r USING (merchant_id)
WHERE i.reason IS NULL
ON CONFLICT DO NOTHING
"""

PUT = """
INSERT INTO merchants (merchant_no, name, uscc, district, industry, size, brand,
    designated_size, address, phone, platform_no, account_name, account_no, bank, bank_no,
                       registry, is_registered, segment_id, added_at, changed_at)
SELECT i.merchant_no, i.name, coalesce(i.uscc, m.uscc, ''), s.district, s.industry, s.size,
    s.brand, s.designated_size, coalesce(i.address, m.address, ''),
       coalesce(i.phone, m.phone, ''), coalesce(i.platform_no, m.platform_no, ''),
           coalesce(i.account_name, m.account_name, ''),
       coalesce(i.account_no, m.account_no, ''), coalesce(i.bank, m.bank, ''),
           coalesce(i.bank_no, m.bank_no, ''), ?1, 1, s.segment_id, ?2, ?2
FROM incoming_merchants AS i LEFT JOIN merchants AS m USING (merchant_no)
JOIN segments AS s ON s.district = coalesce(i.district, m.district, '')
    AND s.industry = coalesce(i.industry, m.industry, '')
                  AND s.size = coalesce(i.size, m.size, '')
    AND s.brand = coalesce(i.brand, m.brand, '')
    AND s.designated_size = coalesce(i.designated_size, m.designated_size, '')
WHERE i.reason IS NULL
ORDER BY i.line
ON CONFLICT (merchant_no) DO UPDATE SET
    name = excluded.name, uscc = excluded.uscc, district = excluded.district,
        industry = excluded.industry, size = excluded.size, brand = excluded.brand,
    designated_size = excluded.designated_size,
    address = excluded.address, phone = excluded.phone, platform_no = excluded.platform_no,
        account_name = excluded.account_name,
    account_no = excluded.account_no, bank = excluded.bank, bank_no = excluded.bank_no,
        registry = excluded.registry,
        is_registered = 1,
    segment_id = excluded.segment_id, changed_at = excluded.changed_at
"""

NOTE_AFTER = """
INSERT INTO merchant_changes (batch_id, merchant_id, before, after)
SELECT ?1, m.merchant_id, '', CASE WHEN EXISTS (SELECT 1 FROM merchant_changes AS c
    WHERE c.batch_id = ?1 AND c.merchant_id = m.merchant_id AND c.before <> '')
    THEN r.row ELSE '' END
FROM incoming_merchants AS i JOIN merchants AS m USING (merchant_no)
JOIN merchant_rows AS r USING (merchant_id)
WHERE i.reason IS NULL
ON CONFLICT DO UPDATE SET after = excluded.after
"""

COUNT_CHANGES = (
    "SELECT count(*) AS changes, ifnull(sum(before <> ''), 0) AS changed FROM merchant_changes"
    " WHERE batch_id = ?"
)


def accept(
    db: sqlite3.Connection, batch_id: int, registry: str, at: int, from_at: int
) -> dict[str, int]:
    """Add or change the merchants of the rows that are fit, what they say holding from `from_at`
    on; how many the batch has `added` and `changed` so far.
    """
    db.execute(merchants.ROW_VIEW)
    for row in db.execute(ADOPTED).fetchall():
        db.execute(NOTE_ADOPTED, (batch_id, row["merchant_id"]))
        db.execute(ADOPT, (row["merchant_id"], row["merchant_no"]))
    db.execute(ADD_SEGMENTS)
    db.execute(NOTE_BEFORE, (batch_id,))
    merchant_pasts.turn_by_file(db, from_at)
    changed_accounts.keep_before(db)
    db.execute(PUT, (registry, at))
    sealed_accounts.put_apart(db)
    db.execute(NOTE_AFTER, (batch_id,))
    added_merchants.keep(db, batch_id)
    row = db.execute(COUNT_CHANGES, (batch_id,)).fetchone()
    return {"added": row["changes"] - row["changed"], "changed": row["changed"]}


# ---------------------------------------------------------------- listed as they stood

# What a batch has changed itself is its own.
NOTE_LISTED = """
INSERT OR REPLACE INTO listed_merchants (batch_id, first_id, last_id)
SELECT ?1, min(merchant_id), max(merchant_id) FROM (
    SELECT merchant_id, merchant_id - row_number() OVER (ORDER BY merchant_id) AS span FROM (
        SELECT DISTINCT m.merchant_id
        FROM incoming_merchants AS i CROSS JOIN merchants AS m USING (merchant_no)
        WHERE i.reason = 'duplicate' AND m.merchant_id NOT IN (
            SELECT merchant_id FROM merchant_changes WHERE batch_id = ?1)))
GROUP BY span ORDER BY 2
"""
ARE_LISTED = "SELECT EXISTS (SELECT 1 FROM listed_merchants WHERE batch_id > ?)"
CLEAR_HEIRS = "DROP TABLE IF EXISTS temp.merchant_heirs"
# The first later registry that listed a merchant as the batch had left it: nobody changed it since.
HEIRS = """
SELECT * FROM (
    SELECT c.merchant_id, (SELECT min(l.batch_id) FROM listed_merchants AS l
        WHERE l.batch_id > ?1 AND c.merchant_id BETWEEN l.first_id AND l.last_id) AS batch_id
    FROM merchant_changes AS c WHERE c.batch_id = ?1 AND NOT EXISTS (
        SELECT 1 FROM merchant_changes AS later
        WHERE later.merchant_id = c.merchant_id AND later.batch_id > ?1))
WHERE batch_id IS NOT NULL
"""
COUNT_HEIRS = f"SELECT count(*) FROM ({HEIRS})"
FIND_HEIRS = f"CREATE TEMP TABLE merchant_heirs AS {HEIRS}"
INDEX_HEIRS = "CREATE UNIQUE INDEX temp.merchant_heirs_by_id ON merchant_heirs (merchant_id)"
HAND_OVER = """
UPDATE merchant_changes SET batch_id = (
    SELECT h.batch_id FROM merchant_heirs AS h WHERE h.merchant_id = merchant_changes.merchant_id)
WHERE batch_id = ?1 AND merchant_id IN (SELECT merchant_id FROM merchant_heirs)
"""
BY_HEIR = """
SELECT h.batch_id, b.file, count(*) FROM merchant_heirs AS h JOIN batches AS b USING (batch_id)
GROUP BY h.batch_id ORDER BY h.batch_id
"""
FORGET_LISTED = "DELETE FROM listed_merchants WHERE batch_id = ?"


def note_listed(db: sqlite3.Connection, batch_id: int) -> None:
    """Keep which merchants the batch at hand lists as they stand, once the fit rows are written."""
    db.execute(NOTE_LISTED, (batch_id,))


def count_shared(db: sqlite3.Connection, batch_id: int) -> int:
    """How many merchants of a registry a later one lists as they are."""
    return typed.number(db, COUNT_HEIRS, (batch_id,))


def hand_over(db: sqlite3.Connection, batch_id: int) -> list[Stay]:
    """Before a registry is undone: merchants that a later one lists as this one left them are that
    one's from now on. Gives these files.
    """
    stay: list[Stay] = []
    if typed.number(db, ARE_LISTED, (batch_id,)):
        db.execute(CLEAR_HEIRS)
        db.execute(FIND_HEIRS, (batch_id,))
        db.execute(INDEX_HEIRS)
        db.execute(HAND_OVER, (batch_id,))
        stay = typed.rows(db, Stay, BY_HEIR)
        for each in stay:
            added_merchants.keep(db, each.batch)
            batches.move(db, each.batch, accepted=each.rows, duplicate=-each.rows, rejected=0)
    db.execute(FORGET_LISTED, (batch_id,))
    return stay


# ---------------------------------------------------------------- missing

UNREAD = "SELECT cells FROM incoming_merchants WHERE merchant_no IS NULL"
KNOWN = "SELECT merchant_no FROM merchants WHERE merchant_no IN (SELECT value FROM json_each(?))"
# From the first merchant on that the batch itself has added, all are its own.
MISSING = """
SELECT merchant_id, merchant_no, name FROM merchants
WHERE registry = ?1 AND is_registered
  AND merchant_id < ifnull((SELECT merchant_id FROM merchant_changes WHERE batch_id = ?3
      AND before = '' ORDER BY merchant_id LIMIT 1),
                           9223372036854775807)
  AND merchant_no NOT IN (SELECT merchant_no FROM incoming_merchants WHERE merchant_no IS NOT NULL
      UNION SELECT value FROM json_each(?2))
ORDER BY merchant_no
"""
COUNT_REGISTRY = "SELECT count(*) FROM merchants WHERE registry = ? AND is_registered"


def unread(db: sqlite3.Connection) -> list[sqlite3.Row]:
    """The cells (JSON) of the rows at hand that are so damaged that their merchant is not known."""
    return db.execute(UNREAD).fetchall()


def known(db: sqlite3.Connection, texts: set[str]) -> set[str]:
    """Those of the texts that are merchant numbers."""
    return {row["merchant_no"] for row in db.execute(KNOWN, (json.dumps(sorted(texts)),))}


def missing(
    db: sqlite3.Connection, batch_id: int, registry: str, also: set[str]
) -> list[sqlite3.Row]:
    """The merchants of this registry that the file of the batch no longer lists, in its rows or
    among the numbers `also` (merchant_id, merchant_no, name).
    """
    return db.execute(MISSING, (registry, json.dumps(sorted(also)), batch_id)).fetchall()


def count(db: sqlite3.Connection, registry: str) -> int:
    """How many merchants this registry is known to list."""
    return typed.number(db, COUNT_REGISTRY, (registry,))


# ---------------------------------------------------------------- undo

# A redemption stands on what it was counted under and found by, not on a telephone number.
STANDS_ON = """
WITH mine AS (
    SELECT merchant_id, CASE WHEN before = '' THEN 1 ELSE json_extract(before, '$.district',
            '$.industry', '$.size', '$.brand', '$.designated_size', '$.platform_no',
            '$.is_registered')
        IS NOT json_extract(after, '$.district', '$.industry', '$.size', '$.brand',
            '$.designated_size', '$.platform_no', '$.is_registered') END AS is_counted
    FROM merchant_changes WHERE batch_id = ?1)
SELECT batch_id, sum(later) AS later FROM (
    SELECT batch_id, count(*) AS later FROM merchant_changes
    WHERE batch_id > ?1 AND merchant_id IN (SELECT merchant_id FROM mine) GROUP BY batch_id
    UNION ALL
    SELECT n.batch_id, count(*) FROM redemption_runs n CROSS JOIN redemptions f
        ON f.redemption_id BETWEEN n.first_id AND n.last_id
    WHERE n.batch_id > ?1 AND f.merchant_id IN (SELECT merchant_id FROM mine WHERE is_counted)
        GROUP BY n.batch_id
    UNION ALL
    SELECT batch_id, count(*) FROM suspensions
    WHERE batch_id > ?1 AND merchant_id IN (SELECT merchant_id FROM merchant_changes
        WHERE batch_id = ?1 AND before = '') GROUP BY batch_id)
GROUP BY batch_id ORDER BY batch_id
"""
SUSPENDED = """
SELECT m.merchant_no FROM suspensions AS s JOIN merchants AS m USING (merchant_id)
WHERE s.batch_id IS NULL AND merchant_id IN (SELECT merchant_id FROM merchant_changes
    WHERE batch_id = ?1 AND before = '')
ORDER BY m.merchant_no
"""

# What an earlier version kept of a merchant knows no brand, no designated size, no bank's number.
PUT_BACK_SEGMENTS = """
INSERT INTO segments (district, industry, size, brand, designated_size)
SELECT before ->> 'district', before ->> 'industry', before ->> 'size',
    ifnull(before ->> 'brand', ''), ifnull(before ->> 'designated_size', '')
FROM merchant_changes WHERE batch_id = ?1 AND before <> ''
ON CONFLICT DO NOTHING
"""
PUT_BACK = """
UPDATE merchants SET
    merchant_no = c.before ->> 'merchant_no',
    name = c.before ->> 'name', uscc = c.before ->> 'uscc', district = c.before ->> 'district',
        industry = c.before ->> 'industry',
    size = c.before ->> 'size', brand = ifnull(c.before ->> 'brand', ''),
    designated_size = ifnull(c.before ->> 'designated_size', ''),
    address = c.before ->> 'address', phone = c.before ->> 'phone',
        platform_no = c.before ->> 'platform_no',
    account_name = c.before ->> 'account_name', account_no = c.before ->> 'account_no',
        bank = c.before ->> 'bank', bank_no = ifnull(c.before ->> 'bank_no', ''),
    registry = c.before ->> 'registry', is_registered = c.before ->> 'is_registered',
        changed_at = c.before ->> 'changed_at',
    segment_id = (SELECT segment_id FROM segments AS s WHERE s.district = c.before ->> 'district'
                  AND s.industry = c.before ->> 'industry' AND s.size = c.before ->> 'size'
                  AND s.brand = ifnull(c.before ->> 'brand', '')
                  AND s.designated_size = ifnull(c.before ->> 'designated_size', ''))
FROM merchant_changes AS c
WHERE c.batch_id = ?1 AND c.before <> '' AND merchants.merchant_id = c.merchant_id
"""
ADDED = "SELECT merchant_id FROM merchant_changes WHERE batch_id = ? AND before = ''"
FORGET_CHANGES = "DELETE FROM merchant_changes WHERE batch_id = ?"


def undo(db: sqlite3.Connection, batch_id: int) -> list[Stay]:
    """Put every merchant of a registry file back to what stood before it, and remove those it
    added, but for those that a later registry lists as they are: these stay, and are that one's.

    Raises `VoucherError` when later changes, redemptions or suspensions stand on them.
    """
    stay = hand_over(db, batch_id)
    batches.refuse_built_upon(db, batch_id, STANDS_ON)
    if suspended := db.execute(SUSPENDED, (batch_id,)).fetchall():
        raise VoucherError(
            "batch_built_upon",
            "batch {batch} cannot be undone: {count} merchants that it added were suspended since"
            " ({merchants})",
            hint="voucher merchant show {first}",
            batch=batch_id,
            count=len(suspended),
            first=suspended[0]["merchant_no"],
            merchants=", ".join(row["merchant_no"] for row in suspended[:5]),
        )
    suspensions.take_back(db, batch_id)
    changed_accounts.keep_before_undo(db, batch_id)
    db.execute(PUT_BACK_SEGMENTS, (batch_id,))
    db.execute(PUT_BACK, (batch_id,))
    sealed_accounts.put_apart(db)
    merchant_pasts.put_back(db, batch_id)
    added = [(row["merchant_id"],) for row in db.execute(ADDED, (batch_id,))]
    db.execute(FORGET_CHANGES, (batch_id,))
    added_merchants.forget(db, batch_id)
    merchants.remove(db, added)
    return stay
