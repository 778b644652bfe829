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
    return approve_all(session, programme, [(name, proposal)], authors)[0]


def approve_all(
    session: Session,
    programme: Programme,
    named: Sequence[tuple[str, Proposal]],
    authors: Sequence[Hand] = (),
) -> list[Approved]:
    """The same of each (name, proposal), in their order, all of them or none."""
    before = proposals.approvers_of(session.db, [each.proposal for _, each in named])
    after, given = [], []
    for name, proposal in named:
        approvers = before[proposal.proposal]
        needed = checkers_needed(programme, weigh(session.db, proposal))
        stands = Approved(len(approvers), needed)
        if stands.is_enough:  # the bands ask for fewer by now: a checker lets it take effect
            staff.require_checker(session, programme)
        else:
            hands = (*authors, proposal.author)
            staff.require_other_eyes(session, programme, proposal.subject, name, hands, approvers)
            given.append(proposal.proposal)
            stands = stands._replace(given=stands.given + 1)
        after.append(stands)
    proposals.add_verdicts(session, given, "approve")
    return after


def weigh(db: sqlite3.Connection, proposal: Proposal) -> Proposal:
    """With what is at stake by now: more rounds may rest on a list since its change was proposed,
    and what is at stake can only grow; what was proposed in one step is one decision.
    """
    if proposal.subject != proposals.LIST:
        return proposal._replace(amount_fen=proposal.step.amount_fen)
    lines = proposal.after.get("lines")
    concerned = list_changes.concerned(db, proposal.subject_id, proposal.kind, lines)
    by_now = sum(each.amount_fen for each in concerned)
    return proposal._replace(amount_fen=max(proposal.amount_fen, by_now))


def checkers_needed(programme: Programme, proposal: Proposal) -> int:
    """How many different checkers must approve it."""
    return law.checkers_needed(proposal.amount_fen, programme.approvals)


def decline(session: Session, programme: Programme, proposal: Proposal, note: str) -> None:
    """Turn down what waits: a checker, or who proposed it and thinks better of it."""
    decline_all(session, programme, [proposal], note)


def decline_all(
    session: Session, programme: Programme, many: Sequence[Proposal], note: str
) -> None:
    """The same of each of them."""
    if any(not law.same_person(session.actor, each.proposed_by) for each in many):
        staff.require_checker(session, programme)
    numbers = [each.proposal for each in many]
    proposals.add_verdicts(session, numbers, "reject", note)
    proposals.end_all(session.db, numbers, "declined", session.now)
