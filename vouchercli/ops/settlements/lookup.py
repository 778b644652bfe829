"""The settlement that is meant, with its programme, and the state that a deed asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.result import Word
from vouchercli.store import programmes, proposals
from vouchercli.store import settlements as store
from vouchercli.store.proposals import Subject

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.settlements import Settlement

STATE_WORDS = {
    "draft": Word("draft"),
    "verified": Word("verified"),
    "approved": Word("approved"),
    "exported": Word("exported"),
    "paid": Word("answered by the bank"),
    "closed": Word("nothing left to pay"),
    "rejected": Word("rejected"),
}


TRANSFER_WORDS = {
    "planned": Word("planned"),
    "sent": Word("sent"),
    "accepted": Word("accepted by the bank"),
    "paid": Word("paid"),
    "rejected": Word("rejected by the bank"),
    "returned": Word("returned"),
    "dropped": Word("taken out"),
}


class Current(NamedTuple):
    """A settlement and the programme whose merchants it pays."""

    row: sqlite3.Row
    programme: Programme
    settlement: Settlement

    @property
    def number(self) -> int:
        """Its number."""
        return self.settlement.settlement

    @property
    def subject(self) -> Subject:
        """What proposals on it are about."""
        return Subject(proposals.SETTLEMENT, self.number)


def look_up(session: Session, number: int) -> Current:
    """The settlement with that number. Raises `unknown_settlement`."""
    row = programmes.current(session.db, session.programme)
    found = store.named(session.db, row["programme_id"], number)
    if found is None:
        raise VoucherError(
            "unknown_settlement",
            "programme {programme} has no settlement {settlement}",
            hint="voucher settlement list",
            programme=row["programme"],
            settlement=number,
        )
    return Current(row, programmes.value(row), found)


NEXT = {
    "draft": "voucher settlement verify {settlement} --note WHAT --actor NAME",
    "verified": "voucher settlement approve {settlement} --actor NAME",
    "approved": "voucher settlement export {settlement} --bank PROFILE --to FILE",
    "exported": "voucher settlement paid FILE, with what the bank answered",
    "paid": "voucher settlement run --up-to DAY pays what came back",
    "closed": "voucher settlement show {settlement}",
    "rejected": "voucher settlement run --up-to DAY makes another one",
}


def require_state(current: Current, *states: str) -> None:
    """Raise `settlement_is` unless it stands in one of these states."""
    state = current.settlement.state
    if state not in states:
        raise VoucherError(
            "settlement_is",
            "settlement {settlement} is {state}; this is done while it is {wanted}",
            hint=NEXT[state],
            settlement=current.number,
            state=STATE_WORDS[state],
            wanted=STATE_WORDS[states[0]],
        )
