"""What a file changes only when a second person approves: a registry that holds from before it
came, an eligibility list that approved rounds rest on. Both are decided here alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.ops.setup import desk
from vouchercli.result import Outcome, say
from vouchercli.store import audit, batches, programmes, proposals
from vouchercli.store.db import writing
from vouchercli.store.proposals import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.result import Message
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal


class Change(NamedTuple):
    """A kind of change that waits on a file: the subject of its proposals, the word before the dot
    of its audit lines, how it is shown as JSON, what happens when it is approved, and when it is
    turned down.
    """

    subject: str
    noun: str
    describe: Callable[[Session, Proposal], dict[str, Any]]
    put_in_place: Callable[[Session, Proposal], Outcome]
    turn_down: Callable[[Session, Proposal], Message]

    def of(self, batch_id: int) -> Subject:
        """What is proposed on."""
        return Subject(self.subject, batch_id)


def waiting(session: Session, change: Change, batch_id: int) -> Proposal:
    """What waits on the file. Raises `unknown_batch`, `no_correction_waits`,
    `no_list_change_waits`.
    """
    batches.named(session.db, batch_id)
    found = proposals.waiting(session.db, change.of(batch_id))
    if found is not None:
        return found
    hint = "voucher batch show {batch}"
    if change.subject == proposals.REGISTRY:
        raise VoucherError(
            "no_correction_waits",
            "no correction of batch {batch} waits for approval",
            hint=hint,
            batch=batch_id,
        )
    raise VoucherError(
        "no_list_change_waits",
        "no change of the eligibility list by batch {batch} waits for approval",
        hint=hint,
        batch=batch_id,
    )


def programme_of(session: Session, batch_id: int) -> Programme:
    """The programme of a file; of a file of the whole city the one that was chosen."""
    own = batches.named(session.db, batch_id).programme_id
    row = (
        programmes.current(session.db, session.programme)
        if own is None
        else programmes.by_id(session.db, own)
    )
    return programmes.value(row)


def approve(session: Session, change: Change, batch_id: int) -> Outcome:
    """Approve what waits on the file; with the last approval needed it takes effect. Raises as
    `waiting` and `desk.approve`.
    """
    with writing(session):
        proposal = waiting(session, change, batch_id)
        programme = programme_of(session, batch_id)
        approved = desk.approve(session, programme, proposal, str(batch_id))
        if approved.is_enough:
            return change.put_in_place(session, proposal)
        about = approved._asdict()
        audit.note(session, f"{change.noun}.approve", f"batch {batch_id}", batch=batch_id, **about)
        message = say(
            "approved batch {batch} ({given} of {needed} checkers); one more person must approve",
            batch=batch_id,
            **about,
        )
        return Outcome(change.describe(session, proposal), says=(message,))


def reject(session: Session, change: Change, batch_id: int, note: str) -> Outcome:
    """Turn down what waits on the file. Raises as `waiting` and `desk.decline`."""
    with writing(session):
        proposal = waiting(session, change, batch_id)
        desk.decline(session, programme_of(session, batch_id), proposal, note)
        about = {"batch": batch_id, "note": note}
        audit.note(session, f"{change.noun}.decline", f"batch {batch_id}", **about)
        message = change.turn_down(session, proposal)
    declined = change.describe(session, proposal) | {"state": "declined"}
    return Outcome(declined, says=(message,))


def withdraw(session: Session, change: Change, batch_id: int) -> None:
    """The file is taken back, or something else is proposed on it: what waited waits no more."""
    proposals.void(session.db, change.of(batch_id), session.now)
