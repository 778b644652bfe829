"""The ledger: one posting moves an amount of one funder from one account to another. Append-only;
the full ledger grows here.

Accounts: appropriated -> uncommitted -> committed (approved, unclaimed) -> outstanding (claimed,
unredeemed) -> payable (redeemed, unpaid) -> paid; clawed_back, returned. That no account falls
below nothing, and that no round pays more than is committed to it, is the database's own law (table
`balances`), so it holds however many processes write.
"""

from __future__ import annotations

import sqlite3

from vouchercli.errors import VoucherError
from vouchercli.rules import money
from vouchercli.store import fact_digests, typed

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
BALANCE = """
SELECT coalesce(sum(amount_fen), 0) FROM balances
WHERE funder_id = ? AND account = ? AND round_id = ifnull(?, round_id)
"""
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
        posted = db.execute(
            POST, (funder_id, round_id, from_account, to_account, amount_fen, why, at)
        )
        fact_digests.add_written(db, "postings", posted.lastrowid or 0)
    except sqlite3.IntegrityError as error:
        if "fund_short" not in str(error):
            raise
        raise _short(db, funder_id, amount_fen) from error


def balance(
    db: sqlite3.Connection, funder_id: int, account: str, round_id: int | None = None
) -> int:
    """What stands on an account, in fen; with `round_id` that round's part of it. (appropriated is
    negative: money came from it.)
    """
    return typed.number(db, BALANCE, (funder_id, account, round_id))


def _short(db: sqlite3.Connection, funder_id: int, needed_fen: int) -> VoucherError:
    funder = db.execute(FUNDER, (funder_id,)).fetchone()["funder"]
    available = balance(db, funder_id, "uncommitted")
    return VoucherError(
        "fund_short",
        "{funder} has {available} yuan uncommitted; {needed} yuan are needed, {missing} yuan are"
        " missing",
        hint="fewer packs, or raise the fund's amount in the programme's file and load it again",
        funder=funder,
        available=money.grouped(available),
        needed=money.grouped(needed_fen),
        missing=money.grouped(needed_fen - available),
    )
