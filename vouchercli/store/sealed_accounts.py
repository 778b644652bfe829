"""Account numbers of merchants, encrypted: AES-256-GCM, bound to the merchant's number, by the key
file beside the database. `merchants` has what may be shown of them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.rules import accounts as law
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from vouchercli.rules.resident_tokens import Ring

# The account of the merchant `m` as it is written (`rules.accounts`); '' where it has none.
WRITTEN = """ifnull((
    SELECT m.account_no || '|' || hex(a.token) || '|' || hex(a.sealed)
    FROM main.merchant_accounts AS a WHERE a.merchant_id = m.merchant_id), m.account_no)"""

ARRIVED = "SELECT merchant_id, account_no FROM merchants WHERE instr(account_no, '|')"
PUT = "INSERT OR REPLACE INTO merchant_accounts (merchant_id, token, sealed) VALUES (?, ?, ?)"
SHOW = "UPDATE merchants SET account_no = ? WHERE merchant_id = ?"
CLEAR = """
DELETE FROM merchant_accounts
WHERE merchant_id IN (SELECT merchant_id FROM merchants WHERE account_no = '')
"""
REMOVE = "DELETE FROM merchant_accounts WHERE merchant_id = ?"
SEALED = """
SELECT a.merchant_id, m.merchant_no, m.account_no, a.token, a.sealed
FROM merchant_accounts AS a JOIN merchants AS m USING (merchant_id) ORDER BY a.merchant_id
"""
NO_LIBRARY = (
    "account numbers are kept encrypted, and the Python package cryptography, which does it, is not"
    " installed"
)


class Row(NamedTuple):
    """A merchant's account as it is kept."""

    merchant_id: int
    merchant_no: str
    masked: str
    token: bytes
    sealed: bytes


class Safe:
    """Seals account numbers by the last key of a ring, and opens those sealed by any of them.
    Raises `VoucherError` no_cryptography.
    """

    def __init__(self, ring: Ring) -> None:
        try:
            from cryptography.exceptions import InvalidTag  # only when a number is sealed or opened
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise VoucherError(
                "no_cryptography",
                NO_LIBRARY,
                hint="pip install cryptography; or import the registry without its account numbers",
            ) from error
        self._keys = [law.keys_of(key) for key in ring.keys]
        self._ciphers = [AESGCM(each.seal) for each in self._keys]
        self._invalid = InvalidTag
        self._which = bytes([len(ring.keys)])

    def seal(self, merchant_no: str, number: str) -> tuple[bytes, bytes]:
        """(token, sealed) of a merchant's cleaned number."""
        keys = self._keys[-1]
        nonce = law.nonce(keys, merchant_no, number)
        sealed = self._ciphers[-1].encrypt(nonce, number.encode(), merchant_no.encode())
        return law.token(keys, number), self._which + nonce + sealed

    def write(self, merchant_no: str, account_no: str) -> str:
        """A merchant's account number, spelt in any way, as it is written; '' when it is blank."""
        number = law.cleaned(account_no)
        return law.written(number, *self.seal(merchant_no, number)) if number else ""

    def open(self, merchant_no: str, sealed: bytes) -> str:
        """The number. Raises `ValueError` when it was not sealed for this merchant by a key of the
        ring.
        """
        which, nonce, text = sealed[:1], sealed[1 : law.NONCE_BYTES + 1], sealed[13:]
        if not 1 <= int.from_bytes(which, "big") <= len(self._ciphers):
            raise ValueError("sealed by a key that is not there")
        try:
            opened = self._ciphers[which[0] - 1].decrypt(nonce, text, merchant_no.encode())
        except self._invalid:
            raise ValueError("not sealed for this merchant by these keys") from None
        return opened.decode()

    def is_right(self, row: Row) -> bool:
        """Whether an account opens, and its token and what is shown of it are those of its
        number.
        """
        try:
            number = self.open(row.merchant_no, row.sealed)
        except ValueError:
            return False
        token = law.token(self._keys[-1], number)
        return (row.token, row.masked) == (token, law.masked(number))


def put_apart(db: sqlite3.Connection) -> None:
    """Of merchants that were just written, with their accounts as they are written: what may be
    shown stays, the rest goes to its table.
    """
    found = [(each, law.parts(text)) for each, text in typed.tuples(db, ARRIVED)]
    rows = [(merchant_id, parts) for merchant_id, parts in found if parts is not None]
    db.executemany(PUT, [(merchant_id, *parts[1:]) for merchant_id, parts in rows])
    db.executemany(SHOW, [(parts[0], merchant_id) for merchant_id, parts in rows])
    db.execute(CLEAR)


def remove(db: sqlite3.Connection, merchant_ids: list[tuple[int]]) -> None:
    """Forget the accounts of merchants that go."""
    db.executemany(REMOVE, merchant_ids)


def every(db: sqlite3.Connection) -> list[Row]:
    """All accounts."""
    return typed.rows(db, Row, SEALED)


# ---------------------------------------------------------------- a further key

CHANGED = """
SELECT batch_id, merchant_id, before, after FROM merchant_changes
WHERE instr(before, '"account_no":"*') OR instr(after, '"account_no":"*')
"""
CHANGE = """
UPDATE merchant_changes SET before = ?3, after = ?4 WHERE (batch_id, merchant_id) = (?1, ?2)
"""
# What was paid to an account that a merchant has no more stays under the token of then.
TRANSFERS = """
UPDATE transfers SET account_token = ?3 WHERE (payee_id, account_token) = (?1, ?2)
"""


def seal_anew(db: sqlite3.Connection, ring: Ring) -> None:
    """Seal every account by the last key of the ring; what does not open stays, for `check` to
    find.
    """
    changed = typed.tuples(db, CHANGED)
    rows = every(db)
    if not (rows or changed):
        return
    safe = Safe(ring)
    sealed = [(row.merchant_id, row.token, *_anew(safe, row)) for row in rows]
    db.executemany(PUT, [(each, token, text) for each, _, token, text in sealed])
    db.executemany(TRANSFERS, [(each, old, token) for each, old, token, _ in sealed])
    db.executemany(
        CHANGE,
        [
            (batch_id, merchant_id, _row_anew(safe, before), _row_anew(safe, after))
            for batch_id, merchant_id, before, after in changed
        ],
    )


def _anew(safe: Safe, row: Row) -> tuple[bytes, bytes]:
    try:
        return safe.seal(row.merchant_no, safe.open(row.merchant_no, row.sealed))
    except ValueError:
        return row.token, row.sealed


def _row_anew(safe: Safe, text: str) -> str:
    """A merchant as `merchant_changes` keeps it ('': nothing)."""
    return text and change_row(text, lambda no, account: _written_anew(safe, no, account))


def _written_anew(safe: Safe, merchant_no: str, account: str) -> str:
    parts = law.parts(account)
    if parts is None:
        return account
    try:
        return safe.write(merchant_no, safe.open(merchant_no, parts[2]))
    except ValueError:
        return account


def change_row(text: str, change: Callable[[str, str], str]) -> str:
    """A merchant as `merchant_changes` keeps it, its account changed by (merchant_no, account)."""
    row = json.loads(text)
    account = row.get("account_no", "")
    if not account:
        return text
    row["account_no"] = change(row["merchant_no"], account)
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
