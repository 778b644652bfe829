"""The accounts that payments go to: opened for the bank's file alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from vouchercli.session import Session

CLEAR = "SELECT merchant_id, account_no FROM merchants WHERE account_no <> ''"


class Account(NamedTuple):
    """An account's number, and that of its bank in the payment system ('': not known)."""

    number: str
    bank_no: str = ""


def open_all(session: Session, merchant_ids: Sequence[int]) -> dict[int, Account]:
    """The accounts of merchants that have one."""
    wanted = {*merchant_ids}
    return {
        merchant_id: Account(number)
        for merchant_id, number in typed.tuples(session.db, CLEAR)
        if merchant_id in wanted
    }


def note_sent(db: sqlite3.Connection, settlement: int) -> None:
    """Keep which account each transfer of a settlement was sent to."""
