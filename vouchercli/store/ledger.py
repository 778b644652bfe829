"""The ledger: one posting moves an amount of one funder from one account to another. Append-only;
the full ledger grows here.

Accounts: appropriated -> uncommitted -> committed (approved, unclaimed) -> outstanding (claimed,
unredeemed) -> payable (redeemed, unpaid) -> paid; clawed_back, returned. That `uncommitted` never
falls below nothing is the database's own law (trigger postings_within_fund), so it holds however
many processes write.
"""

from __future__ import annotations

import sqlite3

from vouchercli.errors import VoucherError
from vouchercli.rules import money
from vouchercli.store import typed

ACCOUNTS = (
    "appropriated",
    "uncommitted",
    "committed",
    "outstanding",
    "payable",
    "paid",
    "clawed_back",
    "returned",
)

POST = """
INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, posted_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
BALANCE, BALANCE_OF_ROUND = (
    f"""
SELECT coalesce(sum(CASE WHEN to_account = ?2 THEN amount_fen ELSE -amount_fen END), 0)
FROM postings WHERE funder_id = ?1 AND ?2 IN (from_account, to_account) {of_round}
"""
    for of_round in ("", "AND round_id = ?3")
)
FUNDER = "SELECT funder FROM funders WHERE funder_id = ?"


def post(
    db: sqlite3.Connection,
    funder_id: int,
    round_id: int | None,
    from_account: str,
    to_account: str,
    amount_fen: int,
    why: str,
    at: int,
) -> None:
    """Move `amount_fen` (nothing is posted for 0). Raises `fund_short` when the funder has less
    uncommitted.
    """
    assert from_account in ACCOUNTS and to_account in ACCOUNTS, (from_account, to_account)
    if amount_fen == 0:
        return
    try:
        db.execute(POST, (funder_id, round_id, from_account, to_account, amount_fen, why, at))
    except sqlite3.IntegrityError as error:
        if "fund_short" not in str(error):
            raise
        raise _short(db, funder_id, amount_fen) from error


def balance(
    db: sqlite3.Connection, funder_id: int, account: str, round_id: int | None = None
) -> int:
    """What stands on an account, in fen; with `round_id` only that round's postings. (appropriated
    is negative: money came from it.)
    """
    if round_id is None:
        return typed.number(db, BALANCE, (funder_id, account))
    return typed.number(db, BALANCE_OF_ROUND, (funder_id, account, round_id))


def _short(db: sqlite3.Connection, funder_id: int, needed_fen: int) -> VoucherError:
    funder = db.execute(FUNDER, (funder_id,)).fetchone()["funder"]
    available = balance(db, funder_id, "uncommitted")
    return VoucherError(
        "fund_short",
        "{funder} has {available} yuan uncommitted; {needed} yuan are needed, {missing} yuan are"
        " missing",
        hint="fewer packs, or raise the fund's amount in the programme's file and load it again",
        funder=funder,
        available=money.yuan(available),
        needed=money.yuan(needed_fen),
        missing=money.yuan(needed_fen - available),
    )
