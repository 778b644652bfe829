"""Merchants whose account is another one than before: their payments are held (`rules.settlements`,
`account_changed`) until a second person has looked. A first account is none that has changed, and
an account that was taken away and comes back is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli import identities
from vouchercli.rules import settlements as law
from vouchercli.rules import times
from vouchercli.store import audit, holds, typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

CLEAR = "DROP TABLE IF EXISTS temp.accounts_before"
CREATE = """
CREATE TEMP TABLE accounts_before (merchant_id INTEGER PRIMARY KEY, line INTEGER,
    account_no TEXT, bank_no TEXT) STRICT
"""
# As `merchant_changes` writes it: `masked|token|sealed`, '' where there is none.
ACCOUNT = "iif(a.token IS NULL, '', m.account_no || '|' || hex(a.token))"
KEEP = f"""
INSERT OR IGNORE INTO accounts_before
SELECT m.merchant_id, i.line, {ACCOUNT}, m.bank_no
FROM incoming_merchants i JOIN merchants m USING (merchant_no)
    LEFT JOIN merchant_accounts a USING (merchant_id)
WHERE i.reason IS NULL
"""
KEEP_BATCH = f"""
INSERT INTO accounts_before
SELECT merchant_id, 0, {ACCOUNT}, m.bank_no FROM merchant_changes
    JOIN merchants m USING (merchant_id) LEFT JOIN merchant_accounts a USING (merchant_id)
WHERE batch_id = ? AND before <> ''
"""


def _last(column: str, merchant_id: str, until: str = "p.batch_id") -> str:
    """What a merchant had in a column before it was taken away, by a batch up to that one."""
    return f"""(
        SELECT p.before ->> '{column}' FROM merchant_changes p
        WHERE p.merchant_id = {merchant_id} AND p.batch_id <= {until}
            AND instr(p.before, '"{column}":"') AND NOT instr(p.before, '"{column}":""')
        ORDER BY p.batch_id DESC LIMIT 1)"""


# Of those that have none the last one that a registry took away from them.
LAST_ONES = [
    f"""
UPDATE accounts_before AS b SET {column} = ifnull({_last(column, "b.merchant_id")}, '')
WHERE {column} = '' AND EXISTS (SELECT 1 FROM merchants m
    WHERE m.merchant_id = b.merchant_id AND m.{column} <> '')
"""
    for column in ("account_no", "bank_no")
]

# Of rows that have both accounts and both numbers of banks. A merchant without a bank's number is
# paid by the name of its bank.
IS_OTHER_BANK = "was_bank <> '' AND became_bank <> '' AND was_bank <> became_bank"
IS_ANOTHER = f"""was <> '' AND became <> '' AND ({IS_OTHER_BANK}
    OR substr(was, instr(was, '|') + 1, 32) <> substr(became, instr(became, '|') + 1, 32))"""
WAS, BECAME = (
    f"substr({one}, 1, instr({one}, '|') - 1) || iif({IS_OTHER_BANK}, ' ' || {one}_bank, '')"
    for one in ("was", "became")
)
SINCE_KEPT = f"""
SELECT merchant_id, merchant_no, line, {WAS}, {BECAME}
FROM (
    SELECT b.merchant_id, m.merchant_no, b.line, b.account_no AS was, b.bank_no AS was_bank,
        {ACCOUNT} AS became, m.bank_no AS became_bank
    FROM accounts_before b JOIN merchants m USING (merchant_id)
        LEFT JOIN merchant_accounts a USING (merchant_id))
WHERE {IS_ANOTHER} ORDER BY line, merchant_id
"""
# What batches have changed; files of before know no numbers of banks.
BY_BATCHES = f"""
SELECT * FROM (
    SELECT c.merchant_id, c.batch_id, c.after ->> 'account_no' AS became,
        ifnull(c.after ->> 'bank_no', '') AS became_bank,
        ifnull({_last("account_no", "c.merchant_id", "c.batch_id")}, '') AS was,
        ifnull({_last("bank_no", "c.merchant_id", "c.batch_id")}, '') AS was_bank
    FROM merchant_changes c WHERE instr(c.after, '"account_no":"*'))
WHERE {IS_ANOTHER}
"""
STANDING = """
SELECT hold_id, merchant_id, batch_id FROM holds
WHERE programme_id = ? AND reason = 'account_changed' AND redemption_id IS NULL
    AND released_at IS NULL
"""
# Also of merchants that an earlier file has held already.
OF_BATCH = f"""
SELECT count(DISTINCT merchant_id) FROM holds
WHERE reason = 'account_changed' AND released_at IS NULL AND redemption_id IS NULL
    AND (batch_id = ?1
        OR merchant_id IN (SELECT merchant_id FROM ({BY_BATCHES}) WHERE batch_id = ?1))
"""
# Whose account was changed by a registry, and no second person has let it be paid since: it is held
# in another programme, or there was none.
UNSEEN = f"""
SELECT h.merchant_id, m.merchant_no, h.batch_id, h.evidence
FROM holds h JOIN merchants m USING (merchant_id)
WHERE h.hold_id IN (SELECT min(hold_id) FROM holds WHERE reason = 'account_changed'
    AND redemption_id IS NULL AND released_at IS NULL AND batch_id IS NOT NULL GROUP BY merchant_id)
UNION ALL
SELECT merchant_id, merchant_no, max(batch_id),
    'batch ' || batch_id || ', ' || file || ': ' || {WAS} || ' > ' || {BECAME}
FROM ({BY_BATCHES}) AS x JOIN batches b USING (batch_id) JOIN merchants m USING (merchant_id)
WHERE NOT EXISTS (SELECT 1 FROM holds h
    WHERE h.merchant_id = x.merchant_id AND h.reason = 'account_changed'
        AND h.redemption_id IS NULL
        AND (h.batch_id IS NOT NULL AND h.released_at IS NULL OR h.released_at >= b.imported_at))
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
    for last_one in LAST_ONES:
        db.execute(last_one)
    return typed.rows(db, Changed, SINCE_KEPT)


def evidence_of(batch_id: int) -> str:
    """What the evidence of a hold that a batch has brought begins with."""
    return f"batch {batch_id}"


def count(db: sqlite3.Connection, batch_id: int) -> int:
    """Of how many merchants a batch has changed the account, and nobody has looked yet."""
    return typed.number(db, OF_BATCH, (batch_id,))


def unseen(db: sqlite3.Connection) -> list[Unseen]:
    """Whose changed account nobody has looked at yet, in no programme."""
    return typed.rows(db, Unseen, UNSEEN)


def hold(
    session: Session,
    programme: sqlite3.Row,
    merchant: Unseen,
    *,
    standing: Standing | None = None,
    undone: bool = False,
) -> None:
    """Keep a merchant from being paid until a second person has looked at its account. Noted also
    where a hold stands already: who brings an account does not let it go.
    """
    about = (law.ACCOUNT_CHANGED, merchant.evidence, "")
    programme_id, today = (
        programme["programme_id"],
        times.day_of(session.now, programme["time_zone"]),
    )
    number = (
        standing.hold
        if standing is not None
        else holds.add(
            session, programme_id, merchant.merchant_id, None, *about, today, batch=merchant.batch
        )
    )
    audit.note(
        session,
        "settlement.hold",
        merchant.merchant_no,
        programme=programme["programme"],
        hold=number,
        reason=law.ACCOUNT_CHANGED,
        evidence=merchant.evidence,
        **{"undone" if undone else "batch": merchant.batch},
    )


def standing(db: sqlite3.Connection, programme_id: int) -> dict[int, Standing]:
    """The holds of a programme that stand because an account has changed, by merchant."""
    return {each.merchant_id: each for each in typed.rows(db, Standing, STANDING, (programme_id,))}


def brought_by(db: sqlite3.Connection, hold: int, merchant_no: str) -> list[tuple[str, str]]:
    """Who has brought the accounts that a hold keeps from being paid: (name, login; '': not
    known).
    """
    subject = identities.mask_numbers(merchant_no, lambda _: identities.HIDDEN)
    return typed.tuples(db, BY, {"hold": hold, "subject": subject})
