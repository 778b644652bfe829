"""A programme that comes after an account was changed holds its merchant too, until a second person
has looked (`ops.intake.changed_accounts` holds those of programmes that are there).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Problem
from vouchercli.rules import settlements as law
from vouchercli.rules import times
from vouchercli.store import audit, changed_accounts, holds

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session


def hold(session: Session, row: sqlite3.Row) -> tuple[Problem, ...]:
    """Hold the merchants whose account nobody has looked at since it was changed; says how many."""
    today = times.day_of(session.now, row["time_zone"])
    unseen = changed_accounts.unseen(session.db)
    for each in unseen:
        about = (law.ACCOUNT_CHANGED, each.evidence, "", today)
        number = holds.add(
            session, row["programme_id"], each.merchant_id, None, *about, batch=each.batch
        )
        audit.note(
            session,
            "settlement.hold",
            each.merchant_no,
            programme=row["programme"],
            hold=number,
            reason=law.ACCOUNT_CHANGED,
            evidence=each.evidence,
            batch=each.batch,
        )
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
