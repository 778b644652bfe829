"""The accounts that payments go to: opened for the bank's file alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.store import identities, sealed_accounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.session import Session


def open_all(session: Session, merchant_ids: Sequence[int]) -> dict[int, str]:
    """The account numbers of merchants, each of which shows one. Raises `VoucherError`:
    account_damaged; no_cryptography; no_key, wrong_key and others of the key file.
    """
    wanted = {*merchant_ids}
    rows = [row for row in sealed_accounts.every(session.db) if row.merchant_id in wanted]
    for missing in sorted(wanted - {row.merchant_id for row in rows}):
        raise _damaged(f"#{missing}")
    safe = sealed_accounts.Safe(identities.load_ring(session.path, session.db))
    return {row.merchant_id: _open(safe, row) for row in rows}


def _open(safe: sealed_accounts.Safe, row: sealed_accounts.Row) -> str:
    try:
        return safe.open(row.merchant_no, row.sealed)
    except ValueError as error:
        raise _damaged(row.merchant_no) from error


def _damaged(merchant: str) -> VoucherError:
    return VoucherError(
        "account_damaged",
        "the account of merchant {merchant} cannot be opened: it is damaged, or another"
        " merchant's; nothing was exported",
        hint="voucher check; then restore the last backup, or import a registry file that has"
        " the account",
        merchant=merchant,
    )
