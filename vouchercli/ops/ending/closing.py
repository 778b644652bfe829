"""`programme close`: when nothing is open any more, two people decide that a programme ends. What
is left goes back to its funders, and the programme takes nothing more.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.ending.open_things import Subject, list_open
from vouchercli.ops.setup import closed, desk, programme_changes, staff
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import doors, money, times
from vouchercli.store import audit, ledger, open_things, programmes, proposals
from vouchercli.store import endings as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.endings import Line

KIND = "close"
COLUMNS = (Column("funder", "Funder"), Column("amount_fen", "Goes back", "fen"))


def propose(
    session: Session, code: str | None, note: str = "", inbox: Path | None = None
) -> Outcome:
    """Propose that a programme is closed. Raises `programme_closed`, `change_waiting`,
    `programme_not_done` with all that is open.
    """
    with writing(session) as db:
        row = programmes.current(db, code or session.programme)
        programme = programmes.value(row)
        staff.require(session, programme, doors.DOOR["programme close"])
        closed.require_open(db, row)
        programme_changes.require_none_waiting(db, row)
        _require_done(Subject(session, row, programme, inbox=inbox))
        back = _going_back(session, row)
        amount_fen = sum(back.values())
        after: dict[str, Any] = {"back": back}
        if inbox is not None:
            after["inbox"] = str(inbox)
        number = proposals.add(
            session,
            programme_changes.subject(row),
            KIND,
            {},
            after,
            amount_fen=amount_fen,
            note=note,
        )
        code = row["programme"]
        about = {"change": number, "amount_fen": amount_fen, "back": back, "note": note}
        audit.note(session, "programme.close", code, **about)
        waiting = proposals.waiting(db, programme_changes.subject(row))
        assert waiting is not None
        checkers = desk.checkers_needed(programme, waiting)
    says = (
        say(
            "proposed to close {programme}: {amount} yuan go back; checkers needed: {checkers}",
            programme=code,
            amount=money.grouped(amount_fen),
            checkers=checkers,
        ),
        say(
            "next: voucher programme approve {programme} --actor NAME, by someone other than"
            " {authors}",
            programme=code,
            authors=session.actor,
        ),
    )
    data = {"programme": code, "state": "proposed", "change": number, "checkers_needed": checkers}
    return Outcome(data, (_tabulate(back),), says)


def approve(session: Session, code: str | None) -> Outcome:
    """Approve what waits on a programme: that it is closed, or a change of it. With the last
    approval needed a programme is looked at again, and closed. Raises `programme_not_done`, and as
    `programme_changes.approve_change`.
    """
    with writing(session) as db:
        row = programmes.current(db, code or session.programme)
        waiting = proposals.waiting(db, programme_changes.subject(row))
        if waiting is None or waiting.kind != KIND:
            return programme_changes.approve_change(_inner(session), code)
        programme = programmes.value(row)
        approved = desk.approve(session, programme, waiting, row["programme"])
        about = {"change": waiting.proposal, "approvals": approved.given, "needed": approved.needed}
        state = "effective" if approved.is_enough else "proposed"
        audit.note(
            session,
            "programme.approve",
            row["programme"],
            **about,
            before={"change": "proposed"},
            after={"change": state},
        )
        if not approved.is_enough:
            message = say(
                "approved the closing of {programme} ({given} of {needed} checkers); one more"
                " person must approve",
                programme=row["programme"],
                **approved._asdict(),
            )
            return Outcome({"programme": row["programme"], "state": "proposed"}, says=(message,))
        inbox = waiting.after.get("inbox")
        _require_done(
            Subject(session, row, programme, own=waiting.proposal, inbox=inbox and Path(inbox))
        )
        return _close(session, row, waiting)


def reject(session: Session, code: str | None, note: str) -> Outcome:
    """Turn down what waits on a programme: that it is closed, or a change of it. Raises as
    `programme_changes.reject_change`.
    """
    with writing(session) as db:
        row = programmes.current(db, code or session.programme)
        waiting = proposals.waiting(db, programme_changes.subject(row))
        if waiting is None or waiting.kind != KIND:
            return programme_changes.reject_change(_inner(session), code, note)
        desk.decline(session, programmes.value(row), waiting, note)
        audit.note(
            session,
            "programme.reject",
            row["programme"],
            change=waiting.proposal,
            note=note,
            before={"change": "proposed"},
            after={"change": "declined"},
        )
    message = say("rejected the closing of {programme}: it goes on", programme=row["programme"])
    return Outcome({"programme": row["programme"], "state": "open"}, says=(message,))


def _inner(session: Session) -> Session:
    return session._replace(joins=True, dry_run=False)


def _close(session: Session, row: programmes.Row, waiting: proposals.Proposal) -> Outcome:
    """Give back what is left, and keep the final statement, in the caller's transaction."""
    db, programme_id = session.db, row["programme_id"]
    open_things.even_out(db, programme_id, session.now)
    statement = store.give_back(db, programme_id, "programme.close", session.now)
    proposals.end(db, waiting, "effective", session.now)
    today = times.day_of(session.now, row["time_zone"])
    store.close(db, programme_id, waiting.proposal, today, session.now, statement)
    names = {each["funder_id"]: each["funder"] for each in programmes.funders(db, programme_id)}
    back = {names[each.funder_id]: each.at_the_end for each in statement}
    audit.note(
        session,
        "programme.closed",
        row["programme"],
        change=waiting.proposal,
        amount_fen=sum(back.values()),
        statement={names[each.funder_id]: _logged(each) for each in statement},
    )
    says = (
        say(
            "closed {programme}: {amount} yuan go back to the funders, and nothing is left over",
            programme=row["programme"],
            amount=money.grouped(sum(back.values())),
        ),
        say("next: voucher report funds --final"),
    )
    return Outcome({"programme": row["programme"], "state": "closed"}, (_tabulate(back),), says)


def _logged(line: Line) -> dict[str, int]:
    return {key: value for key, value in line._asdict().items() if key != "funder_id"}


def _require_done(subject: Subject) -> None:
    found = list_open(subject)
    if found:
        raise VoucherError(
            "programme_not_done",
            "programme {programme} cannot be closed yet: {count} things are open",
            hint="do what each of them says, then: voucher programme close {programme}",
            problems=found,
            programme=subject.row["programme"],
            count=len(found),
        )


def _going_back(session: Session, row: programmes.Row) -> dict[str, int]:
    """What each funder will have back, in fen: what is left of its fund, less what merchants were
    let off.
    """
    back = {}
    for each in programmes.funders(session.db, row["programme_id"]):
        stands = ledger.balances(session.db, each["funder_id"])
        left = stands.uncommitted + stands.committed + stands.outstanding + stands.written_off
        back[each["funder"]] = 0 if each["amount_fen"] is None else left
    return back


def _tabulate(back: dict[str, int]) -> Table:
    rows = [{"funder": funder, "amount_fen": fen} for funder, fen in back.items()]
    return Table(say("What goes back"), COLUMNS, rows, key="back", optional=True)
