"""What waits for whom, the oldest first, with the command that does it: proposals that others must
approve, drafts that their maker has not handed in, days that nobody has sealed or signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.setup import clocks, desk, staff
from vouchercli.ops.setup.todo_days import list_days
from vouchercli.ops.setup.todo_money import list_ends, list_money
from vouchercli.result import (
    DATA,
    JSON,
    SCREEN,
    SHOWN,
    Column,
    Outcome,
    Problem,
    Table,
    Word,
    only,
    say,
)
from vouchercli.rules import staff as law
from vouchercli.store import authors, cases, programmes, proposals
from vouchercli.store import todo as store
from vouchercli.store.db import zone

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.result import Message
    from vouchercli.rules.staff import Hand
    from vouchercli.session import Session

COLUMNS = (
    Column("since", "since", "time"),
    Column("name", "subject", shown="about"),
    Column("kind", "what", "word"),
    Column("amount_fen", "amount", "fen"),
    Column("by", "by"),
    Column("approvals", "checkers", blank="–", where=SHOWN),
    Column("who", "who may", blank="–"),
    Column("next", "next", where=DATA),
    Column("named", "programme", where=SCREEN, optional=True),
    *only(JSON, "programme", "proposal", "note", "given", "needed", "days", "proposals"),
)


def list_waiting(session: Session) -> Outcome:
    """List what waits, of the programme that was chosen, else of every one; corrections of
    merchants concern every programme.
    """
    db = session.db
    if session.programme is not None:
        programmes.named(db, session.programme)
    loaded = {row["programme_id"]: row for row in programmes.all_loaded(db)}
    about = store.subjects(db)
    rows = [
        *(
            _proposal(session, about[waiting[0].proposal], waiting, given)
            for waiting, given in _steps(db)
        ),
        *(_draft(db, loaded[each.programme_id]["programme"], each) for each in store.drafts(db)),
        *(
            _name_programme(db, each)
            for row in loaded.values()
            for listed in (list_days, list_money, list_ends)
            for each in listed(session, row)
        ),
    ]
    chosen = [
        row
        for row in rows
        if None in (session.programme, row["programme"]) or row["programme"] == session.programme
    ]
    chosen.sort(key=lambda row: row["since"])
    table = Table(
        say("What waits for somebody"),
        COLUMNS,
        chosen,
        zone=zone(db, session.programme),
        key="waiting",
        optional=True,
    )
    says = [
        say("for {name}: {command}", name=row["name"], command=row["next"])
        for row in chosen
        if row["next"]
    ]
    jump = clocks.find_jump(session)
    problems = (*((jump,) if jump else ()), *(row["stuck"] for row in chosen if row["stuck"]))
    if not says and not problems:
        says = [say("nothing waits for anybody")]
    return Outcome(tables=(table,), says=tuple(says), problems=problems)


def _steps(db: sqlite3.Connection) -> list[tuple[list[proposals.Proposal], list[Hand]]]:
    """What waits, and who has approved it: what was proposed in one step is one entry, as long as
    the same people have approved it.
    """
    waiting = proposals.all_waiting(db)
    given = proposals.approvers_of(db, [each.proposal for each in waiting])
    steps: dict[tuple[int, tuple[Hand, ...]], list[proposals.Proposal]] = {}
    for each in waiting:
        steps.setdefault((each.step.first, (*given[each.proposal],)), []).append(each)
    return [(some, [*hands]) for (_, hands), some in steps.items()]


def _proposal(
    session: Session,
    about: store.Subject,
    waiting: list[proposals.Proposal],
    given: list[Hand],
) -> dict[str, Any]:
    """What waits as one row; `about`: what the first of these proposals is on."""
    db, own = session.db, about.programme_id
    each = desk.weigh(db, waiting[0])
    row = programmes.chosen(db, session.programme) if own is None else programmes.by_id(db, own)
    programme = programmes.value(row)
    makers = _makers(db, each)
    needed = desk.checkers_needed(programme, each)
    may = law.who_may_approve(
        programme, [*makers, each.author], given if len(given) < needed else []
    )
    is_stuck = bool(programme.staff) and not may
    named = about.name if len(waiting) == 1 else f"--with {about.name}"
    command = staff.APPROVE[each.subject].format(name=named)
    return {
        "since": each.proposed_at,
        "programme": None if own is None else programme.programme,
        "named": own and programmes.to_name(db, programme.programme),
        "proposal": each.proposal,
        "proposals": len(waiting),
        "name": str(about.name),
        "about": _name(each, about, len(waiting)),
        "kind": Word(each.kind),
        "amount_fen": _amount(each, waiting),
        "by": each.proposed_by,
        "note": each.note,
        "given": len(given),
        "needed": needed,
        "approvals": f"{len(given)} / {needed}",
        "who": ", ".join(may),
        "next": ""
        if is_stuck
        else _for_programme(
            db, programme.programme, command.replace("NAME", next(iter(may), "NAME"))
        ),
        "stuck": _warn(programme.programme, str(about.name)) if is_stuck else None,
    }


def _amount(weighed: proposals.Proposal, waiting: list[proposals.Proposal]) -> int:
    """What is still to be decided: of what was proposed together a part may be decided already."""
    if weighed.step.size == 1:
        return weighed.amount_fen
    return sum(each.amount_fen for each in waiting)


def _name(each: proposals.Proposal, about: store.Subject, count: int) -> str | Message:
    """What it is about, in words where a number alone says too little."""
    if count > 1:
        return say("{count:,} breaks", count=count)
    if each.subject == proposals.CASE:
        return say("case {case}", case=about.name)
    if each.subject == proposals.BREAK:
        return say("break {number}", number=about.name)
    return str(about.name)


def _makers(db: sqlite3.Connection, each: proposals.Proposal) -> list[Hand]:
    """Who made what is proposed on and so may not approve it; what others amend of a round, its
    makers may.
    """
    if each.subject == proposals.CASE:
        return [cases.opener(db, each.subject_id)]
    is_round = each.kind == proposals.APPROVAL
    return authors.first_and_last(db, each.subject_id) if is_round else []


def _warn(programme: str, name: str) -> Problem:
    """Nobody who is left may approve it: another person must come on the staff."""
    return Problem(
        "no_one_may",
        staff.NOBODY_ELSE,
        level="warning",
        hint=staff.ADD_A_LINE,
        params={"programme": programme, "name": name, "role": "checker"},
    )


def _for_programme(db: sqlite3.Connection, programme: str, command: str) -> str:
    """The command, with the programme where it would mean another one, or none."""
    named = programmes.to_name(db, programme)
    return command if named is None else f"{command} --programme {named}"


def _name_programme(db: sqlite3.Connection, row: dict[str, Any]) -> dict[str, Any]:
    command = row["next"] and _for_programme(db, row["programme"], row["next"])
    return {**row, "named": programmes.to_name(db, row["programme"]), "next": command}


def _draft(db: sqlite3.Connection, programme: str, each: store.Draft) -> dict[str, Any]:
    return {
        "since": each.edited_at,
        "programme": programme,
        "named": programmes.to_name(db, programme),
        "name": each.round,
        "about": each.round,
        "kind": Word("submission"),
        "amount_fen": each.amount_fen,
        "by": each.edited_by,
        "note": "",
        "approvals": "",
        "who": each.edited_by,
        "stuck": None,
        "next": _for_programme(
            db, programme, f"voucher round submit {each.round} --actor {each.edited_by}"
        ),
    }
