"""The accounts that payments go to: opened for the bank's file alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import settlements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.session import Session


class Account(NamedTuple):
    """An account's number, and that of its bank in the payment system ('': not known)."""

    number: str
    bank_no: str = ""


def open_all(session: Session, merchant_ids: Sequence[int]) -> dict[int, Account]:
    """The accounts of merchants that have one."""
    wanted = {*merchant_ids}
    known = settlements.accounts(session.db)
    return {merchant_id: Account(known[merchant_id]) for merchant_id in wanted & known.keys()}
