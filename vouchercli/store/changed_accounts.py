"""Merchants whose account is another one than before: their payments are held (`rules.settlements`,
`account_changed`) until a second person has looked. A first account is none that has changed, and
an account that was taken away and comes back is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli import identities
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

CLEAR = "DROP TABLE IF EXISTS temp.accounts_before"
CREATE = """
CREATE TEMP TABLE accounts_before (merchant_id INTEGER PRIMARY KEY, line INTEGER, shown TEXT,
    token TEXT) STRICT
"""
# Of those without an account the last one that a registry took away from them.
KEEP = """
INSERT OR IGNORE INTO accounts_before
SELECT m.merchant_id, i.line, m.account_no, hex(a.token)
FROM incoming_merchants i JOIN merchants m USING (merchant_no)
    LEFT JOIN merchant_accounts a USING (merchant_id)
WHERE i.reason IS NULL
"""
KEEP_BATCH = """
INSERT INTO accounts_before
SELECT merchant_id, 0, account_no, hex(token) FROM merchant_changes
    JOIN merchants USING (merchant_id) LEFT JOIN merchant_accounts USING (merchant_id)
WHERE batch_id = ? AND before <> ''
"""
# Written as `masked|token|sealed`.
LAST_ONE = """
UPDATE accounts_before AS b SET (shown, token) = (
    SELECT substr(account, 1, instr(account, '|') - 1),
        substr(account, instr(account, '|') + 1, 32)
    FROM (SELECT ifnull((SELECT before ->> 'account_no' FROM merchant_changes c
        WHERE c.merchant_id = b.merchant_id AND instr(before, '"account_no":"*')
        ORDER BY batch_id DESC LIMIT 1), '') AS account))
WHERE b.token = '' AND EXISTS (SELECT 1 FROM merchant_accounts a
    WHERE a.merchant_id = b.merchant_id)
"""
CHANGED = """
SELECT b.merchant_id, m.merchant_no, b.line, b.shown, m.account_no
FROM accounts_before b JOIN merchant_accounts a USING (merchant_id)
    JOIN merchants m USING (merchant_id)
WHERE b.token <> '' AND b.token <> hex(a.token) ORDER BY b.line, b.merchant_id
"""
STANDING = """
SELECT hold_id, merchant_id, evidence FROM holds
WHERE programme_id = ? AND reason = 'account_changed' AND redemption_id IS NULL
    AND released_at IS NULL
"""
OF_BATCH = """
SELECT count(DISTINCT merchant_id) FROM holds
WHERE reason = 'account_changed' AND released_at IS NULL AND evidence LIKE ? || ', %'
"""
# Who has brought the account that is held, and whose file it was.
BY = """
SELECT l.actor, l.os_user FROM audit l
WHERE l.deed = 'settlement.hold' AND l.subject = :subject AND json_valid(l.detail)
    AND l.detail ->> 'hold' = :hold AND l.detail ->> 'reason' = 'account_changed'
UNION
SELECT b.actor, '' FROM audit l JOIN batches b ON b.batch_id = l.detail ->> 'batch'
WHERE l.deed = 'settlement.hold' AND l.subject = :subject AND json_valid(l.detail)
    AND l.detail ->> 'hold' = :hold AND l.detail ->> 'reason' = 'account_changed'
"""


class Changed(NamedTuple):
    """A merchant whose account has changed, by a line of its file (0: no line says it); both
    accounts masked.
    """

    merchant_id: int
    merchant_no: str
    line: int
    before: str
    after: str


class Standing(NamedTuple):
    """A hold that stands because an account has changed."""

    hold: int
    merchant_id: int
    evidence: str


def keep_before(db: sqlite3.Connection) -> None:
    """Remember the accounts of the merchants at hand, before their rows are written."""
    db.execute(CLEAR)
    db.execute(CREATE)
    db.execute(KEEP)


def keep_before_undo(db: sqlite3.Connection, batch_id: int) -> None:
    """Remember the accounts of the merchants that a batch has changed, before it is undone."""
    db.execute(CLEAR)
    db.execute(CREATE)
    db.execute(KEEP_BATCH, (batch_id,))


def since_then(db: sqlite3.Connection) -> list[Changed]:
    """Whose account is another one by now."""
    db.execute(LAST_ONE)
    return typed.rows(db, Changed, CHANGED)


def evidence_of(batch_id: int) -> str:
    """What the evidence of a hold begins with that a batch has brought."""
    return f"batch {batch_id}"


def count(db: sqlite3.Connection, batch_id: int) -> int:
    """Of how many merchants a batch has changed the account, and nobody has looked yet."""
    return typed.number(db, OF_BATCH, (evidence_of(batch_id),))


def standing(db: sqlite3.Connection, programme_id: int) -> dict[int, Standing]:
    """The holds of a programme that stand because an account has changed, by merchant."""
    return {each.merchant_id: each for each in typed.rows(db, Standing, STANDING, (programme_id,))}


def brought_by(db: sqlite3.Connection, hold: int, merchant_no: str) -> list[tuple[str, str]]:
    """Who has brought the accounts that a hold keeps from being paid: (name, login; '': not
    known).
    """
    subject = identities.mask_numbers(merchant_no, lambda _: identities.HIDDEN)
    return typed.tuples(db, BY, {"hold": hold, "subject": subject})
