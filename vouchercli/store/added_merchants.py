"""The digest of the merchants that a registry file added, as it added them: a merchant that nobody
changed since is proved by it, and an added one is noted in `merchant_changes` without its row.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vouchercli.store import sealed_accounts, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.store.breaches import Breach

# A merchant that was changed later was added as it stood before the first change. Brand and
# designated size are in the row where one is stated, and so is the bank's number: digests of
# earlier versions know none of them.
AS_ADDED = f"""
SELECT ifnull((
    SELECT json_extract(later.before, '$.merchant_no', '$.name', '$.uscc', '$.district',
        '$.industry', '$.size', '$.address', '$.phone', '$.platform_no', '$.account_name',
        '$.account_no', '$.bank', '$.registry')
        || iif(ifnull(later.before ->> 'brand', '') = ''
            AND ifnull(later.before ->> 'designated_size', '') = '', '',
            json_extract(later.before, '$.brand', '$.designated_size'))
        || iif(ifnull(later.before ->> 'bank_no', '') = '', '',
            json_array(later.before ->> 'bank_no'))
    FROM merchant_changes AS later
    WHERE later.merchant_id = c.merchant_id AND later.batch_id > c.batch_id
    ORDER BY later.batch_id LIMIT 1),
    json_array(m.merchant_no, m.name, m.uscc, m.district, m.industry, m.size, m.address, m.phone,
        m.platform_no, m.account_name, {sealed_accounts.WRITTEN}, m.bank, m.registry)
        || iif(m.brand = '' AND m.designated_size = '', '',
            json_array(m.brand, m.designated_size))
        || iif({{bank_no}} = '', '', json_array({{bank_no}}))) AS row
FROM merchant_changes AS c JOIN merchants AS m USING (merchant_id)
WHERE c.batch_id = ? AND c.before = ''
ORDER BY c.merchant_id
"""
HAS_BANK_NO = "SELECT count(*) FROM pragma_table_info('merchants') WHERE name = 'bank_no'"
KEEP = "INSERT OR REPLACE INTO added_merchants (batch_id, sha256) VALUES (?, ?)"
FORGET = "DELETE FROM added_merchants WHERE batch_id = ?"
REGISTRIES = """
SELECT b.batch_id AS batch, a.sha256
FROM batches AS b LEFT JOIN added_merchants AS a USING (batch_id)
WHERE b.kind = 'merchants' AND b.state = 'done' OR a.batch_id IS NOT NULL ORDER BY b.batch_id
"""
# Nobody has told anything of a merchant that is not registered.
UNREGISTERED = """
SELECT merchant_no FROM merchants WHERE NOT is_registered
AND (name, uscc, address, phone, account_name, account_no, bank, bank_no)
    <> ('', '', '', '', '', '', '', '')
"""


def keep(db: sqlite3.Connection, batch_id: int) -> None:
    """Keep the digest of what a registry file has added, in the transaction that changes it."""
    db.execute(KEEP, (batch_id, _digest(db, batch_id)))


def forget(db: sqlite3.Connection, batch_id: int) -> None:
    """A file that is undone has added nothing."""
    db.execute(FORGET, (batch_id,))


@contextmanager
def changing_all(db: sqlite3.Connection) -> Iterator[None]:
    """While texts of merchants change that are the same to a reader; a digest that did not hold
    before is not renewed.
    """
    known = db.execute(REGISTRIES).fetchall()
    held = [batch for batch, kept in known if kept == _digest(db, batch)]
    yield
    for batch in held:
        keep(db, batch)


def merchants_as_added(db: sqlite3.Connection) -> list[Breach]:
    """Registry files whose merchants are no longer what the file added (later changes are proved
    by themselves), and merchants that nobody registered of whom something is told.
    """
    files = [
        (f"batch {batch}", str(kept), found)
        for batch, kept in db.execute(REGISTRIES).fetchall()
        if (found := _digest(db, batch)) != kept
    ]
    told = [(str(no), "nothing told", "a name or account") for (no,) in db.execute(UNREGISTERED)]
    return files + told


def _digest(db: sqlite3.Connection, batch_id: int) -> str:
    """SHA-256 of the rows, each a line, in the order in which they were added. An upgrade asks for
    it before merchants have a bank's number.
    """
    digest = hashlib.sha256()
    statement = AS_ADDED.format(bank_no="m.bank_no" if typed.number(db, HAS_BANK_NO) else "''")
    for (row,) in db.execute(statement, (batch_id,)):
        digest.update(f"{row}\n".encode())
    return digest.hexdigest()
