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
    token TEXT, bank_no TEXT) STRICT
"""
# Of those without an account the last one that a registry took away from them.
KEEP = """
INSERT OR IGNORE INTO accounts_before
SELECT m.merchant_id, i.line, m.account_no, hex(a.token), m.bank_no
FROM incoming_merchants i JOIN merchants m USING (merchant_no)
    LEFT JOIN merchant_accounts a USING (merchant_id)
WHERE i.reason IS NULL
"""
KEEP_BATCH = """
INSERT INTO accounts_before
SELECT merchant_id, 0, account_no, hex(token), bank_no FROM merchant_changes
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
# The same of a bank's number: a merchant that has none is paid by the name of its bank.
LAST_BANK_NO = """
UPDATE accounts_before AS b SET bank_no = ifnull((
    SELECT before ->> 'bank_no' FROM merchant_changes c
    WHERE c.merchant_id = b.merchant_id AND instr(before, '"bank_no":"')
        AND NOT instr(before, '"bank_no":""') ORDER BY batch_id DESC LIMIT 1), '')
WHERE b.bank_no = '' AND EXISTS (SELECT 1 FROM merchants m
    WHERE m.merchant_id = b.merchant_id AND m.bank_no <> '')
"""
CHANGED = """
SELECT merchant_id, merchant_no, line, was || iif(is_other_bank, ' ' || from_bank, ''),
    account_no || iif(is_other_bank, ' ' || to_bank, '')
FROM (
    SELECT b.merchant_id, m.merchant_no, b.line, b.shown AS was, m.account_no,
        b.token <> hex(a.token) AS is_other, b.bank_no AS from_bank, m.bank_no AS to_bank,
        b.bank_no <> '' AND m.bank_no <> '' AND b.bank_no <> m.bank_no AS is_other_bank
    FROM accounts_before b JOIN merchant_accounts a USING (merchant_id)
        JOIN merchants m USING (merchant_id)
    WHERE b.token <> '')
WHERE is_other OR is_other_bank ORDER BY line, merchant_id
"""
STANDING = """
SELECT hold_id, merchant_id, batch_id FROM holds
WHERE programme_id = ? AND reason = 'account_changed' AND redemption_id IS NULL
    AND released_at IS NULL
"""
# Also of merchants that an earlier file has held already.
OF_BATCH = """
SELECT count(DISTINCT h.merchant_id) FROM holds h
    LEFT JOIN merchant_changes c ON c.batch_id = ?1 AND c.merchant_id = h.merchant_id
        AND c.before <> '' AND c.after <> ''
WHERE h.reason = 'account_changed' AND h.released_at IS NULL AND h.redemption_id IS NULL
    AND ifnull(h.batch_id = ?1 OR iif(c.batch_id IS NULL, 0,
        c.before ->> 'account_no' <> '' AND c.before ->> 'account_no' <> c.after ->> 'account_no'
        OR c.before ->> 'bank_no' <> '' AND c.after ->> 'bank_no' <> ''
            AND c.before ->> 'bank_no' <> c.after ->> 'bank_no'), 0)
"""
# Whose account was changed by a registry, and no second person has let it be paid since: it is held
# in another programme, or there was none. Accounts are written as `masked|token|sealed`.
UNSEEN = """
SELECT h.merchant_id, m.merchant_no, h.batch_id, h.evidence
FROM holds h JOIN merchants m USING (merchant_id)
WHERE h.hold_id IN (SELECT min(hold_id) FROM holds WHERE reason = 'account_changed'
    AND redemption_id IS NULL AND released_at IS NULL AND batch_id IS NOT NULL GROUP BY merchant_id)
UNION ALL
SELECT merchant_id, merchant_no, max(batch_id), 'batch ' || batch_id || ', ' || file || ': '
    || substr(was, 1, instr(was, '|') - 1) || ' > ' || substr(became, 1, instr(became, '|') - 1)
FROM (
    SELECT c.merchant_id, m.merchant_no, c.batch_id, b.file, b.imported_at,
        c.after ->> 'account_no' AS became, (
            SELECT p.before ->> 'account_no' FROM merchant_changes p
            WHERE p.merchant_id = c.merchant_id AND p.batch_id <= c.batch_id
                AND instr(p.before, '"account_no":"*') ORDER BY p.batch_id DESC LIMIT 1) AS was
    FROM merchant_changes c JOIN batches b USING (batch_id) JOIN merchants m USING (merchant_id)
    WHERE instr(c.after, '"account_no":"*')) AS x
WHERE substr(was, instr(was, '|') + 1, 32) <> substr(became, instr(became, '|') + 1, 32)
    AND NOT EXISTS (SELECT 1 FROM holds h
        WHERE h.merchant_id = x.merchant_id AND h.reason = 'account_changed'
            AND h.redemption_id IS NULL
            AND (h.batch_id IS NOT NULL AND h.released_at IS NULL OR h.released_at >= imported_at))
GROUP BY merchant_id ORDER BY 1
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
    """A hold that stands because an account has changed; `batch`: whose (None: a person set it)."""

    hold: int
    merchant_id: int
    batch: int | None


class Unseen(NamedTuple):
    """A merchant whose account nobody has looked at since a batch has changed it."""

    merchant_id: int
    merchant_no: str
    batch: int
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
    """Whose account, or the number of its bank, is another one by now."""
    db.execute(LAST_ONE)
    db.execute(LAST_BANK_NO)
    return typed.rows(db, Changed, CHANGED)


def evidence_of(batch_id: int) -> str:
    """What the evidence of a hold that a batch has brought begins with."""
    return f"batch {batch_id}"


def count(db: sqlite3.Connection, batch_id: int) -> int:
    """Of how many merchants a batch has changed the account, and nobody has looked yet."""
    return typed.number(db, OF_BATCH, (batch_id,))


def unseen(db: sqlite3.Connection) -> list[Unseen]:
    """Whose changed account nobody has looked at yet, in no programme."""
    return typed.rows(db, Unseen, UNSEEN)


def standing(db: sqlite3.Connection, programme_id: int) -> dict[int, Standing]:
    """The holds of a programme that stand because an account has changed, by merchant."""
    return {each.merchant_id: each for each in typed.rows(db, Standing, STANDING, (programme_id,))}


def brought_by(db: sqlite3.Connection, hold: int, merchant_no: str) -> list[tuple[str, str]]:
    """Who has brought the accounts that a hold keeps from being paid: (name, login; '': not
    known).
    """
    subject = identities.mask_numbers(merchant_no, lambda _: identities.HIDDEN)
    return typed.tuples(db, BY, {"hold": hold, "subject": subject})
