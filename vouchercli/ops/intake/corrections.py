"""Single rows that were wrong: reversed (冲正), and entered anew as they should have been (更正),
when a second person agrees. Nothing is edited: the row stays as it was, its reversal and the new
row are booked on the first open day. What rests on the row (its refunds, later uses of its voucher,
the payments of a claim) is judged once more behind it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops import residents
from vouchercli.ops.intake import redemptions, reversals, uses_after_undo
from vouchercli.ops.setup import desk
from vouchercli.result import Outcome, say
from vouchercli.rules import details, money, resident_tokens
from vouchercli.store import (
    audit,
    batches,
    correction_lists,
    open_things,
    programmes,
    proposals,
    use_limits,
)
from vouchercli.store import corrections as store
from vouchercli.store import details as kept
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.ops.intake.reversals import Made, Wrong
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.corrections import Fields
    from vouchercli.store.proposals import Proposal

SUBJECTS = (proposals.CLAIM, proposals.REDEMPTION)


# ---------------------------------------------------------------- proposed


def correct_redemption(
    session: Session,
    number: str,
    kind: str = "pay",
    *,
    note: str,
    evidence: str,
    is_reversed: bool = False,
    **changes: str | None,
) -> Outcome:
    """Propose that a payment or refund is entered anew with these `changes` of its own fields
    (None: as it is), or only reversed. Raises `unknown_transaction`, `nothing_to_correct`,
    `note_needed`, `correction_waits_already`, `nobody_asks`, and as `reversals.carry_out`.
    """
    if kind not in redemptions.KINDS:
        raise UsageFault("unknown_kind", "--kind {kind}: write pay or refund", kind=kind)
    with writing(session):
        wrong = reversals.find_redemption(session, number, kind)
        _require_asked(session, wrong, {name for name, text in changes.items() if text is not None})
        return _propose(session, wrong, _after(wrong, changes, is_reversed), note, evidence)


def correct_claim(
    session: Session,
    claim_no: str,
    *,
    note: str,
    evidence: str,
    is_reversed: bool = False,
    resident: str | None = None,
    new_number: str | None = None,
    **changes: str | None,
) -> Outcome:
    """The same of a claim; `resident` is an identity or a token. Raises `unknown_claim_no`,
    `claim_granted_here`, `nobody_asks` too.
    """
    with writing(session):
        changes |= {"claim_no": new_number}
        if resident is not None:
            changes["resident"] = resident_tokens.shown(residents.asked(session, resident) or b"")
        wrong = reversals.find_claim(session, claim_no)
        is_idle = changes.get("round") is None and "expires_at" not in wrong.before
        if is_idle and changes.get("expires_at") is not None:
            raise UsageFault(
                "nobody_asks",
                "when vouchers of claim {claim} end follows from its template, not from a file",
                hint="leave --expires-at out",
                claim=claim_no,
            )
        return _propose(session, wrong, _after(wrong, changes, is_reversed), note, evidence)


def _require_asked(session: Session, wrong: Wrong, changed: set[str]) -> None:
    """Require that what is changed of the goods is kept of such a row at all."""
    of_goods = [name for name in details.NAMES if name in changed]
    if wrong.before["kind"] == "refund":
        asked = frozenset[str]()
    else:
        asked = kept.asked(session.db, wrong.programme_id)
    for name in of_goods:
        if name not in asked:
            raise UsageFault(
                "nobody_asks",
                "a refund says nothing of its goods: correct the payment"
                if wrong.before["kind"] == "refund"
                else "no template of the programme asks for {name}: it is not kept",
                hint="leave --{option} out",
                name=name,
                option=name.replace("_", "-"),
            )


def _after(wrong: Wrong, changes: dict[str, str | None], is_reversed: bool) -> Fields | None:
    """The row as it should be; None: it should not be there. Raises `nothing_to_correct`."""
    wanted = {key: _even_out(key, text) for key, text in changes.items() if text is not None}
    if is_reversed and wanted:
        raise UsageFault(
            "reverse_or_change", "--reverse enters nothing anew: leave out what it would change"
        )
    after = wrong.before | wanted
    if is_reversed:
        return None
    if after == wrong.before:
        raise UsageFault(
            "nothing_to_correct",
            "{name} says that already: name what was wrong, or --reverse",
            hint="voucher redemption correct --help"
            if wrong.subject.subject == proposals.REDEMPTION
            else "voucher claim correct --help",
            name=wrong.name,
        )
    after.pop("subsidy", None)  # what the voucher pays follows from the rules
    return after


def _even_out(key: str, text: str) -> str:
    """A value as our own files have it; what is no amount stays, for the rules to refuse."""
    if key not in ("order_amount", "merchant_discount"):
        return text.strip()
    try:
        return money.yuan(money.parse_yuan(text))
    except ValueError:
        return text


def _propose(
    session: Session, wrong: Wrong, after: Fields | None, note: str, evidence: str
) -> Outcome:
    """Try it, take it back, and let it wait for a second person."""
    db, subject = session.db, wrong.subject
    if not (note.strip() and evidence.strip()):
        raise UsageFault(
            "note_needed",
            "a correction needs a reason and what it rests on: --note and --evidence",
        )
    if (settled := open_things.settled_by_claim(db, wrong.before["claim_no"])) is not None:
        raise VoucherError(
            "round_settled",
            "{name} is of round {round}, which is settled and takes nothing more",
            hint="voucher round reopen {round} --note WHY",
            name=wrong.name,
            round=settled,
        )
    if (waiting := proposals.waiting(db, subject)) is not None:
        raise VoucherError(
            "correction_waits_already",
            "correction {correction} of {name} waits for a second person",
            hint="voucher correction show {correction}",
            correction=waiting.proposal,
            name=wrong.name,
        )
    made = _rehearse(session, wrong, after)
    before_fen = _subsidy(wrong)
    proposal = proposals.add(
        session,
        subject,
        "correction",
        wrong.before,
        after or {},
        amount_fen=max(abs(before_fen), abs(made.subsidy_fen)),
        note=note,
        evidence=evidence,
    )
    audit.note(
        session,
        f"{subject.subject}.correct",
        wrong.name,
        correction=proposal,
        programme=wrong.programme["programme"],
        before=wrong.before,
        after=after or {},
        note=note,
        evidence=evidence,
    )
    messages = [_say_effect(wrong.name, before_fen, made)]
    messages.append(
        say(
            "it waits for a second person: voucher correction approve {correction} --actor NAME",
            correction=proposal,
        )
    )
    data = {"correction": proposal, "state": "proposed", "before": wrong.before, "after": after}
    return Outcome(data | _effect(before_fen, made), says=tuple(messages))


def _subsidy(wrong: Wrong) -> int:
    """What the vouchers concerned pay now, in fen."""
    return sum(row.subsidy_fen for row in wrong.rest)


def _effect(before_fen: int, made: Made) -> dict[str, Any]:
    return {
        "reversed": made.reversed,
        "subsidy_before_fen": before_fen,
        "subsidy_after_fen": made.subsidy_fen,
    }


def _say_effect(name: str, before_fen: int, made: Made) -> Message:
    return say(
        "{name}: {count} rows are reversed; the vouchers concerned paid {before} yuan, and pay"
        " {after} yuan",
        name=name,
        count=made.reversed,
        before=money.grouped(before_fen),
        after=money.grouped(made.subsidy_fen),
    )


class _Rehearsed(Exception):  # no error: it takes back what was only tried
    pass


def _rehearse(session: Session, wrong: Wrong, after: Fields | None) -> Made:
    """What the correction would come to; nothing of it stays."""
    made: list[Made] = []
    with suppress(_Rehearsed), writing(session._replace(joins=True, deeds=None)):
        made.append(reversals.carry_out(session, wrong, after, 0))
        raise _Rehearsed
    return made[0]


# ---------------------------------------------------------------- decided


def named(session: Session, correction: int) -> Proposal:
    """The correction with that number. Raises `unknown_correction`."""
    found = proposals.named(session.db, correction)
    if found is None or found.subject not in SUBJECTS:
        raise unknown(correction)
    return found


def unknown(correction: int) -> VoucherError:
    """The refusal of a number that no correction has."""
    return VoucherError(
        "unknown_correction",
        "there is no correction {correction}",
        hint="voucher correction list",
        correction=correction,
    )


def _waiting(session: Session, correction: int) -> tuple[Proposal, Wrong]:
    """A correction that waits, and the row as it stands now. Raises `no_correction_waits`,
    `correction_outdated`.
    """
    proposal = _named_waiting(session, correction)
    return proposal, _find_again(session, proposal)


def _named_waiting(session: Session, correction: int) -> Proposal:
    proposal = named(session, correction)
    if proposal.state != "proposed":
        raise VoucherError(
            "no_correction_waits",
            "correction {correction} does not wait for approval: it is {state}",
            hint="voucher correction show {correction}",
            correction=correction,
            state=proposal.state,
        )
    return proposal


def _find_again(session: Session, proposal: Proposal) -> Wrong:
    name = name_of(proposal)
    if proposal.subject == proposals.CLAIM:
        wrong = reversals.find_claim(session, name)
    else:
        wrong = reversals.find_redemption(session, name, proposal.before["kind"])
    if wrong.before != _with_token(proposal, wrong).before:
        raise VoucherError(
            "correction_outdated",
            "{name} is not what it was when correction {correction} was proposed",
            hint="voucher correction reject {correction} --note WHY, then propose it again",
            name=name,
            correction=proposal.proposal,
        )
    return wrong


def _with_token(proposal: Proposal, wrong: Wrong) -> Proposal:
    """With the token that the same claim's resident has by now: a new key wraps it. That of another
    resident, whom the correction names, stays what it was.
    """
    was, resident = (each.get("resident") for each in (proposal.before, wrong.before))
    is_same = proposal.subject_id == wrong.subject.subject_id
    if resident is None or not is_same or proposal.after.get("resident", was) != was:
        return proposal
    now = {"resident": resident}
    after = proposal.after | now if proposal.after else proposal.after
    return proposal._replace(before=proposal.before | now, after=after)


def name_of(proposal: Proposal) -> str:
    """The number of the row that a correction is about."""
    key = "claim_no" if proposal.subject == proposals.CLAIM else "transaction_no"
    return str(proposal.before[key])


def approve(session: Session, correction: int) -> Outcome:
    """Approve a correction that waits; with the last approval needed it takes effect. Raises as
    `_waiting`, `desk.approve` and `reversals.carry_out`.
    """
    with writing(session):
        proposal, wrong = _waiting(session, correction)
        programme = programmes.value(wrong.programme)
        approved = desk.approve(session, programme, proposal, str(correction))
        about = {"correction": correction, "name": wrong.name}
        if not approved.is_enough:
            counts = approved._asdict()
            audit.note(session, "correction.approve", wrong.name, correction=correction, **counts)
            message = say(
                "approved correction {correction} ({given} of {needed} checkers); one more person"
                " must approve",
                **about,
                **counts,
            )
            return Outcome(about | {"state": "proposed"} | counts, says=(message,))
        return _put_in_place(session, proposal, wrong)


def _put_in_place(session: Session, proposal: Proposal, wrong: Wrong) -> Outcome:
    db, number = session.db, proposal.proposal
    before_fen = _subsidy(wrong)
    after = _with_token(proposal, wrong).after or None
    watch = _watch(session, wrong)
    made = reversals.carry_out(session, wrong, after, number)
    proposals.end(db, proposal, "effective", session.now)
    audit.note(
        session,
        "correction.approve",
        wrong.name,
        correction=number,
        programme=wrong.programme["programme"],
        rows=store.digest(db, number),
        batches=made.batches,
        **_effect(before_fen, made),
    )
    note_batches(session, number, made)
    waiting = store.waiting_batches(db, wrong.programme_id)
    says = [_say_effect(wrong.name, before_fen, made)]
    if made.batches:
        says.append(
            say(
                "entered anew as batch {batches}",
                batches=", ".join(map(str, made.batches)),
            )
        )
    says += [
        say("rows of batch {batch} wait for this: voucher batch retry {batch}", batch=batch)
        for batch in waiting
    ]
    data = {
        "correction": number,
        "state": "effective",
        "batches": made.batches,
        "waiting_batches": waiting,
    }
    problems = watch.problems() if watch else ()
    return Outcome(data | _effect(before_fen, made), says=tuple(says), problems=problems)


def note_batches(session: Session, correction: int, made: Made) -> None:
    """Log what was entered anew, like files."""
    for each in made.batches:
        batch = batches.named(session.db, each)
        audit.note(
            session,
            f"{batch.kind}.corrected",
            batch.file,
            batch=each,
            correction=correction,
            sha256=batch.sha256,
            read=batch.read,
        )


def _watch(session: Session, wrong: Wrong) -> uses_after_undo.Watch | None:
    """Before a payment or refund is corrected: what is in use again may be beyond a limit."""
    if wrong.subject.subject != proposals.REDEMPTION:
        return None
    from_at = use_limits.refunded_at(session.db, wrong.subject.subject_id)
    return uses_after_undo.Watch(session.db, wrong.programme_id, from_at)


def reject(session: Session, correction: int, note: str) -> Outcome:
    """Turn down a correction that waits; the row stands as it is. Raises `no_correction_waits`."""
    with writing(session):
        proposal = _named_waiting(session, correction)
        programme_id = correction_lists.programme_of(session.db, correction)
        programme = programmes.value(programmes.by_id(session.db, programme_id))
        desk.decline(session, programme, proposal, note)
        about = {"correction": correction, "note": note}
        audit.note(session, "correction.decline", name_of(proposal), **about)
    message = say("declined: {name} stands as it is", name=name_of(proposal))
    return Outcome({"correction": correction, "state": "declined"}, says=(message,))
