"""Whether account numbers are kept as they should be: masked, beside what opens under the key, and
nowhere in clear.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.rules import accounts as law
from vouchercli.store import identities, sealed_accounts, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from vouchercli.store.breaches import Breach

FILE = "SELECT file FROM pragma_database_list WHERE name = 'main'"
SHOWN = "SELECT merchant_no, account_no FROM merchants WHERE account_no <> ''"
CHANGED = """
SELECT m.merchant_no || ' batch ' || c.batch_id, ifnull(j.value ->> 'account_no', '')
FROM merchant_changes AS c JOIN merchants AS m USING (merchant_id)
    JOIN json_each(json_array(c.before, c.after)) AS j
WHERE j.value <> '' AND ifnull(j.value ->> 'account_no', '') <> ''
"""
ASTRAY = """
SELECT m.merchant_no, 'what is sealed of its account', 'nothing' FROM merchants AS m
WHERE m.account_no <> ''
    AND NOT EXISTS (SELECT 1 FROM merchant_accounts AS a WHERE a.merchant_id = m.merchant_id)
UNION ALL
SELECT ifnull(m.merchant_no, 'merchant ' || a.merchant_id), 'no account', 'a sealed one'
FROM merchant_accounts AS a LEFT JOIN merchants AS m USING (merchant_id)
WHERE ifnull(m.account_no, '') = ''
"""


def accounts_sealed(db: sqlite3.Connection) -> list[Breach]:
    """Merchants and changes of merchants whose account is not masked, or not sealed, or does not
    open as what is shown of it; the latter where the key and the library are there.
    """
    return [*_in_clear(db), *typed.tuples(db, ASTRAY), *_wrong(db)]


def _in_clear(db: sqlite3.Connection) -> Iterator[Breach]:
    for merchant_no, account in typed.tuples(db, SHOWN):
        if not law.is_shown(str(account)):
            yield str(merchant_no), "a masked account", "one in clear"
    for subject, account in typed.tuples(db, CHANGED):
        parts = law.parts(str(account))
        if parts is None or not law.is_shown(parts[0]):
            yield str(subject), "a sealed account", "one in clear"


def _wrong(db: sqlite3.Connection) -> Iterator[Breach]:
    rows = sealed_accounts.every(db)
    file = next(iter(typed.column(db, FILE)), "")
    if not rows or not file:
        return
    try:
        safe = sealed_accounts.Safe(identities.load_ring(Path(file), db))
    except (VoucherError, OSError):  # what needs the key says what is wrong with it
        return
    for row in rows:
        if not safe.is_right(row):
            yield row.merchant_no, f"what opens as {row.masked}", "something else"


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "accounts_sealed": accounts_sealed,
}
