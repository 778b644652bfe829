"""The desk for four eyes: whatever waits for a second person is approved and turned down in one
way. Only what happens on approval differs; that is the business of who proposed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops.setup import staff
from vouchercli.rules import staff as law
from vouchercli.store import list_changes, proposals

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.staff import Hand
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal


class Approved(NamedTuple):
    """How many have approved a proposal, and how many must."""

    given: int
    needed: int

    @property
    def is_enough(self) -> bool:
        """Whether it may take effect."""
        return self.given >= self.needed


def approve(
    session: Session,
    programme: Programme,
    proposal: Proposal,
    name: str,
    authors: Sequence[Hand] = (),
) -> Approved:
    """One more approval of what waits on `name`. `authors`: who made it, beside who proposed it.
    Raises as `staff.require_other_eyes`.
    """
    approvers = proposals.approvers(session.db, proposal.proposal)
    stands = Approved(len(approvers), checkers_needed(programme, weigh(session.db, proposal)))
    if stands.is_enough:  # the bands ask for fewer by now: a checker lets it take effect
        staff.require_checker(session, programme)
        return stands
    hands = (*authors, proposal.author)
    staff.require_other_eyes(session, programme, proposal.subject, name, hands, approvers)
    proposals.add_verdict(session, proposal.proposal, "approve")
    return stands._replace(given=stands.given + 1)


def weigh(db: sqlite3.Connection, proposal: Proposal) -> Proposal:
    """With what is at stake by now: more rounds may rest on a list since its change was proposed,
    and what is at stake can only grow.
    """
    if proposal.subject != proposals.LIST:
        return proposal
    lines = proposal.after.get("lines")
    concerned = list_changes.concerned(db, proposal.subject_id, proposal.kind, lines)
    by_now = sum(each.amount_fen for each in concerned)
    return proposal._replace(amount_fen=max(proposal.amount_fen, by_now))


def checkers_needed(programme: Programme, proposal: Proposal) -> int:
    """How many different checkers must approve it."""
    return law.checkers_needed(proposal.amount_fen, programme.approvals)


def decline(session: Session, programme: Programme, proposal: Proposal, note: str) -> None:
    """Turn down what waits: a checker, or who proposed it and thinks better of it."""
    if not law.same_person(session.actor, proposal.proposed_by):
        staff.require_checker(session, programme)
    proposals.add_verdict(session, proposal.proposal, "reject", note)
    proposals.end(session.db, proposal, "declined", session.now)
