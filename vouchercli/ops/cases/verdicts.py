"""What two people decide of a case: sanctions, proposed by one, approved by others; and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.cases import claw_backs, holding
from vouchercli.ops.cases.lookup import (
    is_same,
    look_up,
    require_open,
    require_words,
    sanction_words,
    waiting,
)
from vouchercli.ops.setup import desk, staff, suspensions
from vouchercli.result import Outcome, say
from vouchercli.rules import cases as law
from vouchercli.rules import doors, money, times
from vouchercli.rules.staff import Hand
from vouchercli.store import audit, dues, proposals
from vouchercli.store import cases as store
from vouchercli.store import suspensions as standing
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.cases.claw_backs import Taken
    from vouchercli.ops.cases.lookup import Current
    from vouchercli.result import Message, Word
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal

KIND = "sanctions"
LAST_DAY = 99_991_231


# ---------------------------------------------------------------- proposed


def decide(
    session: Session,
    number: int,
    sanctions: Sequence[str],
    note: str,
    evidence: str,
    from_at: int | None = None,
) -> Outcome:
    """Propose sanctions. A claw-back is tried, and holds the whole merchant until it has gone
    through the books. Raises `unknown_case`, `case_is`, `decision_waits`, `words_needed`,
    `nothing_to_claw_back`, `nobody_excluded`, and as `_require_sanctions`.
    """
    note = require_words(note, "--note")
    with writing(session):
        current = look_up(session, number)
        wanted = _require_sanctions(sanctions, current.case.subject)
        staff.require(session, current.programme, doors.DOOR["case decide"])
        require_open(current)
        _require_nothing_waits(session, current)
        _require_excluded(session, current, wanted)
        taken = _try_claw_back(session, current, wanted)
        amount_fen = max(taken.amount_fen if taken else 0, current.case.at_stake_fen)
        after = _after(current, wanted, from_at, taken)
        about: dict[str, Any] = {"amount_fen": amount_fen, "note": note, "evidence": evidence}
        proposals.add(session, current.subject, KIND, {"state": "open"}, after, **about)
        audit.note(session, "case.decide", str(number), case=number, after=after, **about)
    message = say(
        "case {case}: {sanctions}, {amount} yuan at stake, waits for a second person: voucher case"
        " approve {case} --actor NAME",
        case=number,
        sanctions=_in_words(current, wanted),
        amount=money.grouped(amount_fen),
    )
    data = {"case": number, "state": "proposed", "amount_fen": amount_fen, **after}
    return Outcome(data, says=(message,))


def _require_sanctions(sanctions: Sequence[str], subject: str) -> list[str]:
    """Each once, in the order of the law. Raises `sanctions_needed`, `unknown_sanction`,
    `sanction_of_others`, `one_step`.
    """
    fit = law.sanctions_of(subject)
    if not sanctions:
        raise UsageFault(
            "sanctions_needed",
            "say what is decided: --sanction CODE, one of {known}; without a finding: voucher case"
            " close N --note WHY",
            known=", ".join(fit),
        )
    for each in sanctions:
        if each in law.ALL and each not in fit:
            raise _of_others(each, subject, fit)
        if each not in fit:
            raise UsageFault(
                "unknown_sanction",
                "there is no sanction {sanction}",
                hint="choose one of: {known}",
                sanction=each,
                known=", ".join(fit),
            )
    wanted = [each for each in fit if each in sanctions]
    steps = law.steps_of(subject)
    if sum(each in steps for each in wanted) > 1:
        raise UsageFault(
            "one_step", "{steps} are steps of one ladder: name one of them", steps=", ".join(steps)
        )
    return wanted


def _of_others(sanction: str, subject: str, fit: Sequence[str]) -> UsageFault:
    known = ", ".join(fit)
    if subject == "residents":
        return UsageFault(
            "sanction_of_others",
            "{sanction} is for merchants: residents are warned or excluded, and money is taken back"
            " by a case on the merchant",
            hint="choose one of: {known}",
            sanction=sanction,
            known=known,
        )
    return UsageFault(
        "sanction_of_others",
        "{sanction} is for residents: a merchant is reinstated by voucher merchant reinstate",
        hint="choose one of: {known}",
        sanction=sanction,
        known=known,
    )


def _require_nothing_waits(session: Session, current: Current) -> None:
    if waiting(session, current) is not None:
        raise VoucherError(
            "decision_waits",
            "a decision on case {case} waits for a second person",
            hint="voucher case approve {case} --actor NAME, or voucher case reject {case} --note"
            " WHY",
            case=current.number,
        )


def _require_excluded(session: Session, current: Current, wanted: Sequence[str]) -> None:
    """A readmission takes back an exclusion that holds, or is to come."""
    if law.READMISSION not in wanted:
        return
    people = store.residents(session.db, current.number, session.now)
    if not any(each.excluded_at is not None for each in people):
        raise VoucherError(
            "nobody_excluded",
            "no resident of case {case} is excluded: there is nothing to take back",
            hint="voucher case show {case}",
            case=current.number,
        )


def _try_claw_back(session: Session, current: Current, wanted: Sequence[str]) -> Taken | None:
    if law.CLAW_BACK not in wanted:
        return None
    taken = claw_backs.rehearse(session, current)
    if not taken.payments:
        raise VoucherError(
            "nothing_to_claw_back",
            "no payment of the evidence of case {case} stands with money of its own",
            hint="voucher case add {case} --transaction NO",
            case=current.number,
        )
    holding.hold_merchant(session, current)
    return taken


def _after(
    current: Current, wanted: Sequence[str], from_at: int | None, taken: Taken | None
) -> dict[str, Any]:
    return {
        "programme": current.row["programme"],
        "merchant_no": current.case.merchant_no,
        "residents": current.case.residents,
        "sanctions": [*wanted],
        "from_at": from_at,
        "payments": taken.payments if taken else 0,
        "claw_back_fen": taken.amount_fen if taken else 0,
    }


def _in_words(current: Current, sanctions: Sequence[str]) -> list[Word]:
    words = sanction_words(current.case.subject)
    return [words[each] for each in sanctions]


# ---------------------------------------------------------------- decided


def approve(session: Session, number: int) -> Outcome:
    """Approve what is proposed; with the last approval needed it takes effect. Who opened the case
    or proposed it cannot. Raises `unknown_case`, `no_decision_waits`, `nobody_excluded`, and as
    `desk.approve` and `claw_backs.carry_out`.
    """
    with writing(session):
        current = look_up(session, number)
        proposal = _waiting(session, current)
        _require_excluded(session, current, proposal.after["sanctions"])  # others decide meanwhile
        approved = desk.approve(session, current.programme, proposal, str(number), [current.opener])
        counts = approved._asdict()
        if not approved.is_enough:
            audit.note(session, "case.approve", str(number), case=number, **counts)
            message = say(
                "approved the decision on case {case} ({given} of {needed} checkers); one more"
                " person must approve",
                case=number,
                **counts,
            )
            return Outcome({"case": number, "state": "proposed", **counts}, says=(message,))
        return _put_in_place(session, current, proposal, counts)


def _put_in_place(
    session: Session, current: Current, proposal: Proposal, counts: dict[str, int]
) -> Outcome:
    db, number = session.db, current.number
    wanted: list[str] = proposal.after["sanctions"]
    from_at = _from_when(session, current, proposal)
    taken = None
    if law.CLAW_BACK in wanted:
        taken = claw_backs.carry_out(session, current, proposal.note)
    fen = taken.amount_fen if taken else 0
    for place, each in enumerate(wanted, start=1):
        own = fen if each == law.CLAW_BACK else 0
        store.add_sanction(session, number, place, each, from_at, own, proposal.proposal)
    suspended = _suspend(session, current, wanted, from_at)
    store.decide(db, number)
    proposals.end(db, proposal, "effective", session.now)
    about = {"after": proposal.after, "amount_fen": fen, **counts}
    audit.note(session, "case.approve", str(number), case=number, **about)
    data = {
        "case": number,
        "state": "decided",
        "sanctions": wanted,
        "claw_back_fen": fen,
        "payments": taken.payments if taken else 0,
        "suspended": suspended,
        **counts,
    }
    told = _tell(current, wanted, taken, from_at, suspended=suspended)
    return Outcome(data, says=tuple(told))


def _from_when(session: Session, current: Current, proposal: Proposal) -> int:
    """The moment that was asked for, else now; packs that residents claimed by now stay theirs."""
    from_at = max(proposal.after["from_at"] or session.now, 0)
    return from_at if current.case.merchant_id is not None else max(from_at, session.now)


def _suspend(session: Session, current: Current, wanted: Sequence[str], from_at: int) -> bool:
    """Suspend the merchant from that moment, unless it is already; whether it was done."""
    case = current.case
    if case.merchant_id is None or not any(each in law.STOPS for each in wanted):
        return False
    assert case.merchant_no is not None  # every merchant has a number
    if standing.overlapping(session.db, case.merchant_id, from_at) is not None:
        return False
    inner = session._replace(joins=True)
    suspensions.suspend_merchant(inner, case.merchant_no, f"case {current.number}", from_at)
    return True


def _tell(
    current: Current,
    wanted: Sequence[str],
    taken: Taken | None,
    from_at: int,
    *,
    suspended: bool,
) -> list[Message]:
    case = current.case
    about = {
        "case": current.number,
        "merchant": case.merchant_no,
        "residents": case.residents,
        "programme": current.row["programme"],
        "from_at": times.shown(from_at, current.row["time_zone"]),
    }
    says = [
        say("decided on case {case}: {sanctions}", sanctions=_in_words(current, wanted), **about)
    ]
    if law.EXCLUSION in wanted and case.merchant_id is None:
        says.append(
            say(
                "{residents} residents get no pack of {programme} from {from_at} on: tell its"
                " platforms, by voucher case export {case} DIR --for-platform",
                **about,
            )
        )
    elif law.READMISSION in wanted:
        says.append(
            say(
                "{residents} residents may have packs of {programme} again from {from_at} on: tell"
                " its platforms",
                **about,
            )
        )
    elif any(each in law.STOPS for each in wanted):
        says.append(
            say("merchant {merchant} takes no vouchers any more", **about)
            if suspended
            else say("merchant {merchant} was suspended before", **about)
        )
    if taken:
        says.append(
            say(
                "{count} payments are reversed: {amount} yuan; what was paid for them is taken from"
                " the next settlement",
                count=taken.payments,
                amount=money.grouped(taken.amount_fen),
            )
        )
    says.append(say("next: voucher case close {case} --note WHAT --actor NAME", **about))
    return says


def reject(session: Session, number: int, note: str) -> Outcome:
    """Turn down what is proposed; the case stays open and its holds stand. Raises `unknown_case`,
    `no_decision_waits`, `words_needed`.
    """
    note = require_words(note, "--note")
    with writing(session):
        current = look_up(session, number)
        proposal = _waiting(session, current)
        desk.decline(session, current.programme, proposal, note)
        audit.note(session, "case.reject", str(number), case=number, note=note)
    message = say("turned down: case {case} stays open", case=number)
    return Outcome({"case": number, "state": "declined"}, says=(message,))


def _waiting(session: Session, current: Current) -> Proposal:
    proposal = waiting(session, current)
    if proposal is None:
        raise VoucherError(
            "no_decision_waits",
            "no decision on case {case} waits for approval",
            hint="voucher case decide {case} --sanction CODE --note WHY",
            case=current.number,
        )
    return proposal


# ---------------------------------------------------------------- closed


def close(session: Session, number: int, note: str) -> Outcome:
    """Close a case: without a decision nothing was found. What it held is let go, so another person
    closes it than who opened it or held something. Raises `unknown_case`, `case_is`,
    `decision_waits`, `own_case`, `claw_back_not_settled`, `words_needed`.
    """
    note = require_words(note, "--note")
    with writing(session):
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["case close"])
        require_open(current, "open", "decided")
        _require_nothing_waits(session, current)
        _require_other(session, current)
        _require_settled(session, current)
        store.close(session, number, note)
        made = holding.release(session, current, f"case {number}: {note}")
        closed = look_up(session, number).case
        about = {"outcome": closed.outcome, "note": note, "released": made.holds}
        audit.note(
            session, "case.close", str(number), case=number, **about, amount_fen=made.amount_fen
        )
    message = (
        say("case {case} is closed: nothing was found", case=number)
        if closed.outcome == "unfounded"
        else say("case {case} is closed", case=number)
    )
    says = [message]
    if made.holds:
        says.append(
            say(
                "{holds} holds are released: {amount} yuan can be paid by the next settlement",
                holds=made.holds,
                amount=money.grouped(made.amount_fen),
            )
        )
    data = {"case": number, "state": "closed", "outcome": closed.outcome, "released": made.holds}
    return Outcome(data | {"released_fen": made.amount_fen}, says=tuple(says))


def _require_other(session: Session, current: Current) -> None:
    """Another person than who opened it or set a hold of it, where there are others."""
    if not current.programme.staff:
        return
    hands = [current.opener, *_holders(session, current)]
    if any(is_same(session, current.programme, each) for each in hands):
        raise VoucherError(
            "own_case",
            "{actor} opened case {case} or held what it holds: another person must close it",
            hint="voucher case close {case} --note WHY --actor NAME",
            actor=session.actor,
            case=current.number,
        )


def _holders(session: Session, current: Current) -> list[Hand]:
    kept = store.holds(session.db, current.number)
    return [
        Hand(each.held_by, each.os_user)
        for each in kept
        if each.released_at is None and each.is_ours
    ]


def _require_settled(session: Session, current: Current) -> None:
    """Where days are signed and so are paid, what a claw-back reversed must have gone through a
    settlement: what is let go would be paid before it is taken back.
    """
    booked = [each.booked_on for each in store.reversals(session.db, current.number)]
    if not booked or dues.signed(session.db, current.programme_id, LAST_DAY) is None:
        return
    if dues.taken(session.db, current.programme_id).day < max(booked):
        day = times.day_text(max(booked))
        raise VoucherError(
            "claw_back_not_settled",
            "what case {case} takes back is booked on {day}, which is not settled yet",
            hint="voucher day close {day} and voucher day sign {day}, then voucher settlement run"
            " --up-to {day}",
            case=current.number,
            day=day,
        )
