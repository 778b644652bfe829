"""A settlement is verified by one person and approved by others, by the bands of the programme; or
turned down, and what it would have paid stands open again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.settlements.lookup import Current, look_up, require_state
from vouchercli.ops.setup import desk, staff
from vouchercli.result import Outcome, Word, say
from vouchercli.rules import doors, money, times
from vouchercli.rules import settlements as law
from vouchercli.rules.staff import Hand
from vouchercli.store import audit, break_reports, proposals
from vouchercli.store import settlements as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal

KIND = "payment"
BY_RUNS = "reconciled with the platform's bill, runs"


def verify(
    session: Session, number: int, note: str, evidence: str = "", *, is_reconciled: bool = False
) -> Outcome:
    """Say that a draft was looked at, and hand it in for approval; `is_reconciled`: the runs that
    held its days against the platform's bill say so. Raises `unknown_settlement`, `settlement_is`,
    `note_needed`, `not_reconciled`, `audit_needed`, `nothing_to_pay`.
    """
    if not note.strip() and not is_reconciled:
        raise UsageFault("note_needed", "say what was looked at: --note, or --reconciled")
    with writing(session) as db:
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["settlement verify"])
        require_state(current, "draft")
        if law.needs_audit(current.settlement.pattern) and not evidence.strip():
            raise UsageFault(
                "audit_needed",
                "{programme} pays at its end, when a third party has audited it: name its report",
                hint='voucher settlement verify {settlement} --note WHAT --evidence "REPORT"',
                programme=current.row["programme"],
                settlement=number,
            )
        amount_fen = _require_amount(session, current)
        runs = _require_reconciled(session, current) if is_reconciled else []
        break_reports.note_runs(db, number, runs)
        note = note or f"{BY_RUNS}: {', '.join(map(str, runs))}"
        store.set_state(db, number, "verified")
        after = {"amount_fen": amount_fen, "transfers": current.settlement.transfers}
        proposals.add(
            session,
            current.subject,
            KIND,
            {},
            after,
            amount_fen=amount_fen,
            note=note,
            evidence=evidence,
        )
        about = after | {"note": note, "evidence": evidence} | ({"runs": runs} if runs else {})
        audit.note(session, "settlement.verify", str(number), **about)
    message = say(
        "settlement {settlement}, {amount} yuan, is verified and waits for approval: voucher"
        " settlement approve {settlement} --actor NAME",
        settlement=number,
        amount=money.grouped(amount_fen),
    )
    data = {"settlement": number, "state": "verified", **after, "runs": runs}
    return Outcome(data, says=(message,))


def _require_reconciled(session: Session, current: Current) -> list[int]:
    """The runs by which every day that it pays was held against a bill, without an open break."""
    days = break_reports.span_of(session.db, current.number)
    if days is None:  # pragma: no cover # `_require_amount` has refused it
        return []
    programme_id = current.row["programme_id"]
    of_days = break_reports.days(session.db, programme_id, "bills", None, None, days[1])
    held = [each for each in of_days if each.day > days[0]]
    for each in held:
        if each.run is None or each.is_changed or each.open:
            why = (
                Word("no bill was held against it")
                if each.run is None
                else Word("it has open breaks")
                if each.open
                else Word("something has changed since")
            )
            raise VoucherError(
                "not_reconciled",
                "settlement {settlement} pays {day}: {why}",
                hint="voucher reconcile report --until {last}",
                settlement=current.number,
                day=times.day_text(each.day),
                last=times.day_text(days[1]),
                why=why,
            )
    return sorted({each.run for each in held if each.run is not None})


def _require_amount(session: Session, current: Current) -> int:
    """What it comes to by now, in fen."""
    amount_fen = store.amount_fen(session.db, current.number)
    if amount_fen == 0:
        raise VoucherError(
            "nothing_to_pay",
            "nothing is left in settlement {settlement}: all its payees were held since",
            hint="voucher settlement reject {settlement} --note WHY",
            settlement=current.number,
        )
    return amount_fen


def approve(session: Session, number: int) -> Outcome:
    """One more approval of a settlement that is verified; with the last one needed it can be paid.
    Raises `settlement_is`, and as `desk.approve`.
    """
    with writing(session) as db:
        current = look_up(session, number)
        require_state(current, "verified")
        proposal = _waiting(session, current)
        maker = Hand(current.settlement.made_by, current.settlement.os_user)
        authors = () if maker.actor == doors.CLOCK else (maker,)
        approved = desk.approve(session, current.programme, proposal, str(number), authors)
        counts = approved._asdict()
        audit.note(session, "settlement.approve", str(number), **counts)
        if not approved.is_enough:
            message = say(
                "approved settlement {settlement} ({given} of {needed} checkers); one more person"
                " must approve",
                settlement=number,
                **counts,
            )
            return Outcome({"settlement": number, "state": "verified", **counts}, says=(message,))
        proposals.end(db, proposal, "effective", session.now)
        store.set_state(db, number, "approved")
    following = (
        say(
            "the public list must stand {days} days first: voucher settlement notice {settlement}",
            days=current.settlement.notice_days,
            settlement=number,
        )
        if current.settlement.notice_days and current.settlement.noticed_at is None
        else say(
            "next: voucher settlement export {settlement} --bank PROFILE --to FILE",
            settlement=number,
        )
    )
    says = (say("approved settlement {settlement}", settlement=number), following)
    return Outcome({"settlement": number, "state": "approved", **counts}, says=says)


def reject(session: Session, number: int, note: str) -> Outcome:
    """Turn a settlement down before the bank has it; what it would have paid stands open again.
    Raises `settlement_is`, `note_needed`.
    """
    if not note.strip():
        raise UsageFault("note_needed", "say why: --note")
    with writing(session) as db:
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["settlement reject"])
        require_state(current, *law.BEFORE_EXPORT)
        proposal = proposals.waiting(db, current.subject)
        if proposal is not None:
            desk.decline(session, current.programme, proposal, note)
        elif current.settlement.state == "approved":  # what two have decided only a checker undoes
            staff.require_checker(session, current.programme)
        store.drop(db, number, "turned_down", session.now)
        store.set_state(db, number, "rejected")
        audit.note(session, "settlement.reject", str(number), note=note)
    message = say(
        "turned down settlement {settlement}: what it would have paid stands open",
        settlement=number,
    )
    return Outcome({"settlement": number, "state": "rejected"}, says=(message,))


def _waiting(session: Session, current: Current) -> Proposal:
    proposal = proposals.waiting(session.db, current.subject)
    assert proposal is not None, current.number  # a settlement is verified together with it
    return proposal


def choose(settlement: int | None, write_off: int | None) -> tuple[int, bool]:
    """Which of the two is meant, and whether it is a write-off. Raises
    `settlement_or_write_off`.
    """
    if (settlement is None) == (write_off is None):
        raise UsageFault(
            "settlement_or_write_off", "name a settlement by its number, or --write-off N"
        )
    return (settlement, False) if settlement is not None else (write_off or 0, True)
