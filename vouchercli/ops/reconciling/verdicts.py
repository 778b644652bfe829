"""What was proposed on breaks is approved or turned down by another person: one, or thousands in
one step.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.reconciling import history
from vouchercli.ops.reconciling.choosing import WAITING, choose, summarize
from vouchercli.ops.reconciling.lookup import in_words
from vouchercli.ops.setup import desk
from vouchercli.result import Outcome, say
from vouchercli.store import break_work as store
from vouchercli.store import proposals
from vouchercli.store.break_work import Resolved
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.ops.reconciling.choosing import Choice
    from vouchercli.ops.reconciling.lookup import Current
    from vouchercli.ops.setup.desk import Approved
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal


class Decided(NamedTuple):
    """A break, what is proposed on it, and how it stands after one more approval."""

    number: int
    proposal: Proposal
    approved: Approved


def approve(session: Session, choice: Choice) -> Outcome:
    """Approve what is proposed on breaks, all of them or none; with the last approval needed each
    is resolved. Raises as `choosing.choose`, `no_resolution_waits`, and as `desk.approve`.
    """
    with writing(session):
        chosen = choose(session, choice, WAITING)
        waiting = _waiting(session, chosen)
        named = [(str(each.number), found) for each, found in zip(chosen, waiting, strict=True)]
        approved = desk.approve_all(session, chosen[0].programme, named)
        numbers = [each.number for each in chosen]
        decided = [*map(Decided, numbers, waiting, approved)]
        _put_in_place(session, [each for each in decided if each.approved.is_enough])
        _note(session, decided)
    done = [each.number for each in decided if each.approved.is_enough]
    left = [each for each in decided if not each.approved.is_enough]
    data = {"breaks": numbers, "resolved": done, "proposed": [each.number for each in left]}
    return Outcome(
        data | approved[-1]._asdict(),
        summarize(choice, chosen),
        says=tuple(_say(done, left)),
    )


def _say(done: list[int], left: list[Decided]) -> Iterator[Message]:
    if done:
        yield say("resolved: {breaks}", breaks=in_words(done))
    if left:
        yield say(
            "approved {breaks} ({given} of {needed} checkers); one more person must approve",
            breaks=in_words([each.number for each in left]),
            **left[-1].approved._asdict(),
        )


def _put_in_place(session: Session, enough: Sequence[Decided]) -> None:
    by = proposals.approvers_of(session.db, [each.proposal.proposal for each in enough])

    def rows() -> Iterator[Resolved]:
        for number, proposal, _ in enough:
            after = proposal.after
            made = [f"{name} {after[name]}" for name in ("posting", "correction") if name in after]
            yield Resolved(
                number,
                after["resolution"],
                proposal.note,
                "; ".join([*made, *([proposal.evidence] if proposal.evidence else [])]),
                ", ".join(each.actor for each in by[proposal.proposal]),
            )

    store.resolve(session, rows())
    proposals.end_all(
        session.db, [each.proposal.proposal for each in enough], "effective", session.now
    )


def _note(session: Session, decided: Sequence[Decided]) -> None:
    """One line for those on which the same was proposed and as many have approved."""
    alike: dict[str, list[int]] = {}
    for number, proposal, approved in decided:
        after = {name: value for name, value in proposal.after.items() if name != "together"}
        about: dict[str, Any] = {"after": after, **approved._asdict()}
        alike.setdefault(json.dumps(about), []).append(number)
    for text, numbers in alike.items():
        history.note(session, "reconcile.approve", numbers, **json.loads(text))


def reject(session: Session, choice: Choice, note: str) -> Outcome:
    """Turn down what is proposed on breaks; they stay open. Raises as `choosing.choose`,
    `no_resolution_waits`, `note_needed`.
    """
    note = note.strip()
    if not note:
        raise UsageFault("note_needed", "say why: --note")
    with writing(session):
        chosen = choose(session, choice, WAITING)
        desk.decline_all(session, chosen[0].programme, _waiting(session, chosen), note)
        numbers = [each.number for each in chosen]
        history.note(session, "reconcile.reject", numbers, note=note)
    message = say("turned down: {breaks}; still open", breaks=in_words(numbers))
    data = {"breaks": numbers, "state": "declined"}
    return Outcome(data, summarize(choice, chosen), says=(message,))


def _waiting(session: Session, chosen: Sequence[Current]) -> list[Proposal]:
    """What waits on each of them, in their order."""
    for current in chosen:
        if current.found.proposal is None:
            raise VoucherError(
                "no_resolution_waits",
                "no resolution of break {number} waits for approval",
                hint="voucher reconcile show {number}",
                number=current.number,
            )
    asked = [each.found.proposal for each in chosen if each.found.proposal is not None]
    found = {each.proposal: each for each in proposals.numbered(session.db, asked)}
    return [found[number] for number in asked]
