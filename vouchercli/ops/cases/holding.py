"""What is not paid while a case is open: held by the same holds as everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops.settlements import holding
from vouchercli.ops.settlements.holding import Asked, Release, Wanted
from vouchercli.rules import cases as law
from vouchercli.rules import times
from vouchercli.store import cases as store
from vouchercli.store import holds as held

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.ops.cases.lookup import Current
    from vouchercli.session import Session


class Made(NamedTuple):
    """Holds that were made, what they hold back now (fen), and how many payments are paid already
    and so cannot be held.
    """

    holds: int = 0
    amount_fen: int = 0
    paid: int = 0


def hold(session: Session, current: Current, numbers: Iterable[str]) -> Made:
    """Hold what the case says: these payments, all that the merchant is owed, or nothing."""
    if current.case.holding == "payments":
        return _hold_payments(session, current, numbers)
    if current.case.holding == "merchant":
        return hold_merchant(session, current)
    return Made()


def hold_merchant(session: Session, current: Current) -> Made:
    """Hold all that the merchant is owed."""
    case = current.case
    assert case.merchant_id is not None and case.merchant_no is not None  # law.usual_holding
    asked = _ask(session, current, "", case.merchant_no)
    return _hold(session, current, [Wanted(asked, case.merchant_id, None)], 0)


def _hold_payments(session: Session, current: Current, numbers: Iterable[str]) -> Made:
    db, programme_id = session.db, current.programme_id
    payments = held.payments(db, programme_id, numbers)
    unpaid = {
        number: payment
        for number, payment in payments.items()
        if held.paid_with(db, programme_id, payment) is None
    }
    wanted = [
        Wanted(_ask(session, current, number, ""), payment.merchant_id, payment)
        for number, payment in unpaid.items()
    ]
    return _hold(session, current, wanted, len(payments) - len(unpaid))


def _ask(session: Session, current: Current, number: str, merchant_no: str) -> Asked:
    today = times.day_of(session.now, current.row["time_zone"])
    return Asked(number, merchant_no, law.HOLD_REASON, f"case {current.number}", "", today)


def _hold(session: Session, current: Current, wanted: list[Wanted], paid: int) -> Made:
    """Hold it, and note which holds the case needs, also of those that stood before."""
    made = holding.make(session, current.programme_id, wanted)
    for each in made.held:
        store.add_hold(session.db, current.number, each.hold, is_ours=True)
    for number in made.stood:
        store.add_hold(session.db, current.number, number, is_ours=False)
    return Made(len(made.held), sum(each.amount_fen for each in made.held), paid)


def release(session: Session, current: Current, note: str) -> Made:
    """Let go what the case held and no other case needs; `amount_fen`: what no hold keeps back any
    more.
    """
    db, wanted = session.db, []
    for each in store.holds(db, current.number):
        is_needed = store.needed_by(db, each.hold, current.number) is not None
        if each.released_at is not None or is_needed or not store.is_of_cases(db, each.hold):
            continue
        found = held.named(db, current.programme_id, each.hold)
        assert found is not None, each.hold
        wanted.append(Release(found, note))
    fen = holding.release(session, current.programme_id, wanted)
    return Made(len(wanted), fen)
