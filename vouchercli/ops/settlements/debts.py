"""Debts: what was taken back after payment (追回) and no later payment covers. A merchant pays it
back, or two people give it up (销账).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops import lists
from vouchercli.ops.settlements import closed
from vouchercli.ops.setup import desk, staff
from vouchercli.ops.setup.merchants import number_of, the_merchant
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import doors, money, times
from vouchercli.rules import settlements as law
from vouchercli.store import audit, programmes, proposals
from vouchercli.store import debts as store
from vouchercli.store import settlements as paying
from vouchercli.store.db import writing
from vouchercli.store.proposals import Subject

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session
    from vouchercli.store.debts import Debt
    from vouchercli.store.proposals import Proposal

KIND = "write-off"
COLUMNS = (
    Column("merchant_no", "Merchant"),
    Column("name", "Name", blank="-"),
    Column("funder", "Funder"),
    Column("amount_fen", "Owes", "fen"),
    Column("since_on", "Owed since", "date"),
    Column("days", "Days", "int"),
)


def list_debts(session: Session, limit: int | None, merchant: str | None = None) -> Outcome:
    """What merchants owe, the oldest debt first. Raises `unknown_merchant`."""
    row = programmes.current(session.db, session.programme)
    today = times.day_of(session.now, row["time_zone"])
    listed = store.listed(session.db, row["programme_id"], number_of(session, merchant))
    table = Table(say("Debts of merchants"), COLUMNS, (), key="debts", zone=row["time_zone"])
    return lists.show(table, listed, limit, lambda debt: _describe(debt, today))


def _describe(debt: Debt, today: int) -> dict[str, Any]:
    return {**debt._asdict(), "days": law.days_between(debt.since_on, today)}


def _find(session: Session, row: sqlite3.Row, number: str, funder: str | None) -> Debt:
    """The debt of a merchant. Raises `no_debt`, `which_funder`."""
    merchant = the_merchant(session, number).merchant_no
    found: list[Debt] = [
        *store.listed(session.db, row["programme_id"], merchant, funder).rows(None)
    ]
    if not found:
        raise VoucherError(
            "no_debt",
            "merchant {merchant} owes nothing",
            hint="voucher settlement debts",
            merchant=merchant,
        )
    return _the_one(found, merchant)


def _find_owed(session: Session, row: sqlite3.Row, number: str, funder: str | None) -> Debt:
    """What a merchant is owed and nobody pays. Raises `nothing_owed`, `which_funder`."""
    merchant = the_merchant(session, number).merchant_no
    found = store.owed(session.db, row["programme_id"], merchant, funder)
    if not found:
        raise VoucherError(
            "nothing_owed",
            "merchant {merchant} is owed nothing that is neither held nor on its way",
            hint="voucher settlement unpaid",
            merchant=merchant,
        )
    return _the_one(found, merchant)


def _the_one(found: list[Debt], merchant: str) -> Debt:
    if len(found) > 1:
        raise UsageFault(
            "which_funder",
            "merchant {merchant} has to do with several funders: name one with --funder ({known})",
            merchant=merchant,
            known=", ".join(each.funder for each in found),
        )
    return found[0]


# ---------------------------------------------------------------- paid back


def note_repaid(
    session: Session, number: str, amount_fen: int, reference: str, funder: str | None = None
) -> Outcome:
    """A merchant has paid back what it owes, or a part of it. Raises `no_debt`, `which_funder`,
    `repaid_already`, `more_than_owed`, `reference_needed`.
    """
    if not reference.strip():
        raise UsageFault("reference_needed", "name the bank's reference: --reference")
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        staff.require(session, programmes.value(row), doors.DOOR["settlement repaid"])
        debt = _find(session, row, number, funder)
        _require_new(session, row, debt, amount_fen, reference)
        if amount_fen > debt.amount_fen:
            raise VoucherError(
                "more_than_owed",
                "merchant {merchant} owes {funder} {owed} yuan, not {amount}",
                hint="voucher settlement debts --merchant {merchant}",
                merchant=debt.merchant_no,
                funder=debt.funder,
                owed=money.grouped(debt.amount_fen),
                amount=money.grouped(amount_fen),
            )
        store.settle(db, debt, amount_fen, "repaid", "settlement.repaid", session.now)
        paying.post_held(db, row["programme_id"], "settlement.repaid", session.now)
        audit.note(
            session,
            "settlement.repaid",
            debt.merchant_no,
            funder=debt.funder,
            amount_fen=amount_fen,
            reference=reference,
        )
        closed.close_explained(session, row["programme_id"])
    left_fen = debt.amount_fen - amount_fen
    message = say(
        "merchant {merchant} has paid back {amount} yuan to {funder}; it owes {left} yuan",
        merchant=debt.merchant_no,
        amount=money.grouped(amount_fen),
        funder=debt.funder,
        left=money.grouped(left_fen),
    )
    data = {"merchant_no": debt.merchant_no, "funder": debt.funder, "amount_fen": amount_fen}
    return Outcome(data | {"left_fen": left_fen}, says=(message,))


def _require_new(
    session: Session, row: sqlite3.Row, debt: Debt, amount_fen: int, reference: str
) -> None:
    """Raise `repaid_already` where the same amount was noted with the same reference: a command
    that is run again takes nothing off twice.
    """
    at = store.noted_at(session.db, row["programme"], debt, amount_fen, reference)
    if at is not None:
        raise VoucherError(
            "repaid_already",
            "{amount} yuan that merchant {merchant} paid back with reference {reference} were noted"
            " at {at}",
            hint="voucher settlement debts --merchant {merchant}; another payment has another"
            " reference",
            amount=money.grouped(amount_fen),
            merchant=debt.merchant_no,
            reference=reference,
            at=times.shown(at, row["time_zone"]),
        )


# ---------------------------------------------------------------- given up


def propose_write_off(
    session: Session,
    number: str,
    note: str,
    evidence: str,
    funder: str | None = None,
    *,
    is_unpaid: bool = False,
) -> Outcome:
    """Propose that a debt is given up; `is_unpaid`: what the merchant is owed, for it can never be
    paid. Raises `no_debt`, `nothing_owed`, `which_funder`, `note_needed`, `write_off_waits`.
    """
    if not (note.strip() and evidence.strip()):
        raise UsageFault(
            "note_needed", "a write-off needs a reason and what it rests on: --note and --evidence"
        )
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        staff.require(session, programmes.value(row), doors.DOOR["settlement write-off"])
        find = _find_owed if is_unpaid else _find
        debt = find(session, row, number, funder)
        subject = Subject(proposals.DEBT, debt.merchant_id)
        if (waiting := proposals.waiting(db, subject)) is not None:
            raise VoucherError(
                "write_off_waits",
                "write-off {write_off} of merchant {merchant} waits for a second person",
                hint="voucher settlement approve --write-off {write_off} --actor NAME",
                write_off=waiting.proposal,
                merchant=debt.merchant_no,
            )
        after = {
            "programme": row["programme"],
            "merchant_no": debt.merchant_no,
            "funder": debt.funder,
            "amount_fen": debt.amount_fen,
            "unpaid": is_unpaid,
        }
        proposal = proposals.add(
            session,
            subject,
            KIND,
            {"since_on": debt.since_on},
            after,
            amount_fen=debt.amount_fen,
            note=note,
            evidence=evidence,
        )
        about = {"write_off": proposal, "after": after, "note": note, "evidence": evidence}
        audit.note(session, "settlement.write_off", debt.merchant_no, **about)
    message = say(
        "write-off {write_off} of {amount} yuan that {merchant} owes waits for a second person:"
        " voucher settlement approve --write-off {write_off} --actor NAME",
        write_off=proposal,
        amount=money.grouped(debt.amount_fen),
        merchant=debt.merchant_no,
    )
    if is_unpaid:
        message = say(
            "write-off {write_off} of {amount} yuan that {merchant} is owed waits for a second"
            " person: voucher settlement approve --write-off {write_off} --actor NAME",
            **message.params,
        )
    return Outcome({"write_off": proposal, "state": "proposed", **after}, says=(message,))


def approve_write_off(session: Session, number: int) -> Outcome:
    """Approve a write-off; with the last approval needed the debt is given up, as it stands now and
    at most what was proposed. Raises `unknown_write_off`, `no_debt`, and as `desk.approve`.
    """
    with writing(session) as db:
        row, proposal = _waiting(session, number)
        approved = desk.approve(session, programmes.value(row), proposal, str(number))
        counts = approved._asdict()
        about = {"write_off": number, **counts}
        merchant, funder = proposal.after["merchant_no"], proposal.after["funder"]
        if not approved.is_enough:
            audit.note(session, "settlement.approve", merchant, **about)
            message = say(
                "approved write-off {write_off} ({given} of {needed} checkers); one more person"
                " must approve",
                **about,
            )
            return Outcome({"write_off": number, "state": "proposed"}, says=(message,))
        is_unpaid = bool(proposal.after.get("unpaid"))
        debt = (_find_owed if is_unpaid else _find)(session, row, merchant, funder)
        amount_fen = min(debt.amount_fen, proposal.amount_fen)
        if is_unpaid:
            store.do_without(db, debt, amount_fen, "settlement.write_off", session.now)
        else:
            store.settle(db, debt, amount_fen, "written_off", "settlement.write_off", session.now)
        paying.post_held(db, row["programme_id"], "settlement.write_off", session.now)
        proposals.end(db, proposal, "effective", session.now)
        audit.note(session, "settlement.approve", merchant, **about, amount_fen=amount_fen)
        closed.close_explained(session, row["programme_id"])
    told = {"amount": money.grouped(amount_fen), "merchant": merchant, "funder": funder}
    message = (
        say("written off: {amount} yuan that {funder} owed {merchant}", **told)
        if is_unpaid
        else say("written off: {amount} yuan that {merchant} owed {funder}", **told)
    )
    data = {"write_off": number, "state": "effective", "amount_fen": amount_fen}
    return Outcome(data, says=(message,))


def reject_write_off(session: Session, number: int, note: str) -> Outcome:
    """Turn a write-off down; the debt stands. Raises `unknown_write_off`, `note_needed`."""
    if not note.strip():
        raise UsageFault("note_needed", "say why: --note")
    with writing(session):
        row, proposal = _waiting(session, number)
        desk.decline(session, programmes.value(row), proposal, note)
        merchant = proposal.after["merchant_no"]
        audit.note(session, "settlement.reject", merchant, write_off=number, note=note)
    message = say(
        "turned down write-off {write_off}: {merchant} still owes it",
        write_off=number,
        merchant=merchant,
    )
    return Outcome({"write_off": number, "state": "declined"}, says=(message,))


def _waiting(session: Session, number: int) -> tuple[sqlite3.Row, Proposal]:
    row = programmes.current(session.db, session.programme)
    found = proposals.named(session.db, number)
    is_ours = found is not None and found.subject == proposals.DEBT
    if not is_ours or found is None or found.after["programme"] != row["programme"]:
        raise VoucherError(
            "unknown_write_off",
            "there is no write-off {write_off}",
            hint="voucher todo",
            write_off=number,
        )
    if found.state != "proposed":
        raise VoucherError(
            "write_off_decided",
            "write-off {write_off} does not wait for approval: it is {state}",
            hint="voucher settlement debts",
            write_off=number,
            state=found.state,
        )
    return row, found
