"""A programme that comes after an account was changed holds its merchant too, until a second person
has looked (`ops.intake.changed_accounts` holds those of programmes that are there).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Problem
from vouchercli.store import changed_accounts

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session


def hold(session: Session, row: sqlite3.Row) -> tuple[Problem, ...]:
    """Hold the merchants whose account nobody has looked at since it was changed; says how many."""
    unseen = changed_accounts.unseen(session.db)
    for each in unseen:
        changed_accounts.hold(session, row, each)
    if not unseen:
        return ()
    return (
        Problem(
            "accounts_unseen",
            "{count} merchants have another account than before, and no second person has looked at"
            " it yet: they are not paid by this programme either",
            hint="voucher settlement holds --reason account_changed",
            level="warning",
            params={"count": len(unseen)},
            programme=row["programme"],
        ),
    )
