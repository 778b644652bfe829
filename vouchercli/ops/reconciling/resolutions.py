"""How a break is resolved: by a posting or a correction that was made, or explained and written
off. One person proposes it, another one decides; no money moves by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.intake import corrections
from vouchercli.ops.reconciling.lookup import (
    RESOLUTION_WORDS,
    in_words,
    look_up,
    require_open,
)
from vouchercli.ops.setup import desk, staff
from vouchercli.result import Outcome, say
from vouchercli.rules import breaks as law
from vouchercli.rules import doors, money
from vouchercli.store import audit, programmes, proposals
from vouchercli.store import break_work as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.reconciling.lookup import Current
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal

KIND = "resolution"


class How(NamedTuple):
    """What resolves a break: the number of a posting or of a correction, or that it is explained;
    `note` says why, `evidence` what it rests on.
    """

    posting: int | None = None
    correction: int | None = None
    is_explained: bool = False
    note: str = ""
    evidence: str = ""

    @property
    def resolution(self) -> str:
        """`posting`, `correction` or `explained`."""
        if self.posting is not None:
            return "posting"
        return "correction" if self.correction is not None else "explained"


# ---------------------------------------------------------------- proposed


def propose(session: Session, numbers: Sequence[int], how: How) -> Outcome:
    """Propose how breaks are resolved, all of them or none. Raises `unknown_break`, `break_is`,
    `resolution_waits`, `posting_of_other_amount`, and as `_require_how` and `_require_made`.
    """
    how = _require_how(how)
    wanted = [*dict.fromkeys(numbers)]
    total_fen = 0
    with writing(session):
        for number in wanted:
            current = look_up(session, number)
            staff.require(session, current.programme, doors.DOOR["reconcile resolve"])
            require_open(current)
            _require_nothing_waits(session, current)
            _require_made(session, current, how)
            total_fen += _propose(session, current, how)
        _require_fit(session, wanted, how, total_fen)
    message = say(
        "{breaks}: {resolution}, {amount} yuan at stake, waits for a second person: voucher"
        " reconcile approve {numbers} --actor NAME",
        breaks=in_words(wanted),
        resolution=RESOLUTION_WORDS[how.resolution],
        amount=money.grouped(total_fen),
        numbers=tuple(map(str, wanted)),
    )
    data = {"breaks": wanted, "state": "proposed", "resolution": how.resolution}
    return Outcome(data | {"amount_fen": total_fen}, says=(message,))


def _propose(session: Session, current: Current, how: How) -> int:
    """Keep the proposal; gives what is at stake, in fen."""
    found = current.found
    fen = law.at_stake(found.our_fen, found.their_fen)
    after: dict[str, Any] = {"resolution": how.resolution}
    after |= {
        name: value
        for name, value in (("posting", how.posting), ("correction", how.correction))
        if value is not None
    }
    about: dict[str, Any] = {"amount_fen": fen, "note": how.note, "evidence": how.evidence}
    before = {"type": found.type, "our_fen": found.our_fen, "their_fen": found.their_fen}
    proposals.add(session, current.subject, KIND, before, after, **about)
    number = current.number
    audit.note(session, "reconcile.resolve", str(number), **{"break": number}, after=after, **about)
    return fen


def _require_how(how: How) -> How:
    """Raises `which_resolution`, `note_needed`."""
    how = how._replace(note=how.note.strip(), evidence=how.evidence.strip())
    if (how.posting is not None) + (how.correction is not None) + how.is_explained != 1:
        raise UsageFault(
            "which_resolution",
            "say what resolves it: --posting N, --correction N, or --explained with --note and"
            " --evidence",
        )
    if how.is_explained and not (how.note and how.evidence):
        raise UsageFault(
            "note_needed",
            "what is explained and written off needs a reason and what it rests on: --note and"
            " --evidence",
        )
    return how


def _require_nothing_waits(session: Session, current: Current) -> None:
    if proposals.waiting(session.db, current.subject) is not None:
        raise VoucherError(
            "resolution_waits",
            "a resolution of break {number} waits for a second person",
            hint="voucher reconcile approve {number} --actor NAME, or voucher reconcile reject"
            " {number} --note WHY",
            number=current.number,
        )


def _require_made(session: Session, current: Current, how: How) -> None:
    """The posting or the correction is there and took effect. Raises `unknown_posting`,
    `unknown_correction`, `correction_not_made`, `other_correction`.
    """
    db, programme_id = session.db, current.row["programme_id"]
    if how.posting is not None and store.posting_fen(db, programme_id, how.posting) is None:
        raise VoucherError(
            "unknown_posting",
            "programme {programme} has no posting {posting}",
            hint="voucher ledger show",
            programme=current.row["programme"],
            posting=how.posting,
        )
    if how.correction is not None:
        _require_correction(session, current, how.correction)


def _require_fit(session: Session, numbers: Sequence[int], how: How, at_stake_fen: int) -> None:
    """A posting moved what is at stake in the breaks together. Raises `posting_of_other_amount`."""
    if how.posting is None:
        return
    programme = programmes.current(session.db, session.programme)
    posted = abs(store.posting_fen(session.db, programme["programme_id"], how.posting) or 0)
    if posted != at_stake_fen:
        raise VoucherError(
            "posting_of_other_amount",
            "posting {posting} moved {posted} yuan, but {amount} yuan are at stake in {breaks}",
            hint="name all breaks that it resolves, or another posting (voucher ledger show); what"
            " it leaves open needs --correction or --explained",
            posting=how.posting,
            posted=money.grouped(posted),
            amount=money.grouped(at_stake_fen),
            breaks=in_words(numbers),
        )


def _require_correction(session: Session, current: Current, number: int) -> None:
    found = store.correction(session.db, current.row["programme_id"], number)
    if found is None:
        raise corrections.unknown(number)
    if found.state != "effective":
        raise VoucherError(
            "correction_not_made",
            "correction {correction} has not taken effect",
            hint="voucher correction show {correction}",
            correction=number,
        )
    named = {found.before, found.after} - {""}
    if named and law.numbers_of(current.found.transaction_no, current.found.detail).isdisjoint(
        named
    ):
        raise VoucherError(
            "other_correction",
            "correction {correction} is of {row}, not of what break {number} is about",
            hint="voucher correction list",
            correction=number,
            row=found.before or found.after,
            number=current.number,
        )


# ---------------------------------------------------------------- decided


def approve(session: Session, numbers: Sequence[int]) -> Outcome:
    """Approve what is proposed on breaks, all of them or none; with the last approval needed each
    is resolved. Raises `unknown_break`, `no_resolution_waits`, and as `desk.approve`.
    """
    wanted = [*dict.fromkeys(numbers)]
    done: list[int] = []
    waiting: list[int] = []
    last = None
    with writing(session):
        for number in wanted:
            current = look_up(session, number)
            proposal = _waiting(session, current)
            approved = desk.approve(session, current.programme, proposal, str(number))
            if approved.is_enough:
                _put_in_place(session, current, proposal)
            (done if approved.is_enough else waiting).append(number)
            audit.note(
                session,
                "reconcile.approve",
                str(number),
                **{"break": number},
                after=proposal.after,
                **approved._asdict(),
            )
            last = approved
    assert last is not None, numbers  # the command asks for one number at least
    says = [say("resolved: {breaks}", breaks=in_words(done))] if done else []
    if waiting:
        says.append(
            say(
                "approved {breaks} ({given} of {needed} checkers); one more person must approve",
                breaks=in_words(waiting),
                **last._asdict(),
            )
        )
    data = {"breaks": wanted, "resolved": done, "proposed": waiting}
    return Outcome(data | last._asdict(), says=tuple(says))


def _put_in_place(session: Session, current: Current, proposal: Proposal) -> None:
    after = proposal.after
    names = [each.actor for each in proposals.approvers(session.db, proposal.proposal)]
    by = [f"{name} {after[name]}" for name in ("posting", "correction") if name in after]
    evidence = "; ".join([*by, *([proposal.evidence] if proposal.evidence else [])])
    store.resolve(
        session, current.number, after["resolution"], proposal.note, evidence, ", ".join(names)
    )
    proposals.end(session.db, proposal, "effective", session.now)


def reject(session: Session, numbers: Sequence[int], note: str) -> Outcome:
    """Turn down what is proposed on breaks; they stay open. Raises `unknown_break`,
    `no_resolution_waits`, `note_needed`.
    """
    note = note.strip()
    if not note:
        raise UsageFault("note_needed", "say why: --note")
    wanted = [*dict.fromkeys(numbers)]
    with writing(session):
        for number in wanted:
            current = look_up(session, number)
            proposal = _waiting(session, current)
            desk.decline(session, current.programme, proposal, note)
            about = {"break": number, "note": note}
            audit.note(session, "reconcile.reject", str(number), **about)
    message = say("turned down: {breaks}; still open", breaks=in_words(wanted))
    return Outcome({"breaks": wanted, "state": "declined"}, says=(message,))


def _waiting(session: Session, current: Current) -> Proposal:
    proposal = proposals.waiting(session.db, current.subject)
    if proposal is None:
        raise VoucherError(
            "no_resolution_waits",
            "no resolution of break {number} waits for approval",
            hint="voucher reconcile show {number}",
            number=current.number,
        )
    return proposal
