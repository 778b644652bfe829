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
CHANGES = """
SELECT c.merchant_id, j.value ->> 'merchant_no', c.batch_id, j.value ->> 'account_no'
FROM merchant_changes AS c JOIN json_each(json_array(c.before, c.after)) AS j
WHERE instr(j.value, '"account_no":"*')
"""
COUNT = f"""
SELECT (SELECT count(*) FROM merchant_accounts) + (SELECT count(*) FROM ({CHANGES}))
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
    open as what is shown of it; the latter where the key and the library are there (else
    `count_unopened` says how many).
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


def count_unopened(db: sqlite3.Connection) -> int:
    """How many sealed accounts, of merchants and of changes of them, nobody can open here: the key
    or the library is not there.
    """
    count = typed.number(db, COUNT)
    return count if count and _safe(db) is None else 0


def _safe(db: sqlite3.Connection) -> sealed_accounts.Safe | None:
    """What opens accounts; None: something that it needs is not there, or wrong."""
    file = next(iter(typed.column(db, FILE)), "")
    try:
        return sealed_accounts.Safe(identities.load_ring(Path(file), db)) if file else None
    except (VoucherError, OSError):  # what needs the key says what is wrong with it
        return None


def _wrong(db: sqlite3.Connection) -> Iterator[Breach]:
    if not typed.number(db, COUNT) or (safe := _safe(db)) is None:
        return
    for row in sealed_accounts.every(db):
        if not safe.is_right(row):
            yield row.merchant_no, f"what opens as {row.masked}", "something else"
    for merchant_id, merchant_no, batch_id, account in typed.tuples(db, CHANGES):
        parts = law.parts(account)  # what is in clear is said above
        if parts is None:
            continue
        masked, token, sealed = parts
        if not safe.is_right(sealed_accounts.Row(merchant_id, merchant_no, masked, token, sealed)):
            yield f"{merchant_no} batch {batch_id}", f"what opens as {masked}", "something else"


CHECKS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "accounts_sealed": accounts_sealed,
}
