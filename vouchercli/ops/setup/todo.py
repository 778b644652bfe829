"""What waits for whom, the oldest first, with the command that does it: proposals that others must
approve, and drafts that their maker has not handed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.setup import clocks, desk, staff
from vouchercli.result import DATA, JSON, SHOWN, Column, Outcome, Table, Word, only, say
from vouchercli.rules import staff as law
from vouchercli.store import authors, programmes, proposals
from vouchercli.store import todo as store
from vouchercli.store.db import zone

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

COLUMNS = (
    Column("since", "since", "time"),
    Column("name", "subject"),
    Column("kind", "what", "word"),
    Column("amount_fen", "amount", "fen"),
    Column("by", "by"),
    Column("approvals", "checkers", blank="–", where=SHOWN),
    Column("who", "who may", blank="–"),
    Column("next", "next", where=DATA),
    *only(JSON, "programme", "proposal", "note", "given", "needed"),
)


def list_waiting(session: Session) -> Outcome:
    """List what waits, of the programme that was chosen, else of every one."""
    db = session.db
    loaded = {row["programme_id"]: row for row in programmes.all_loaded(db)}
    about = store.subjects(db)
    rows = [
        *(_proposal(db, loaded, about[each.proposal], each) for each in proposals.all_waiting(db)),
        *(_draft(loaded, each) for each in store.drafts(db)),
    ]
    chosen = [row for row in rows if session.programme in (None, row["programme"])]
    chosen.sort(key=lambda row: row["since"])
    table = Table(
        say("What waits for somebody"),
        COLUMNS,
        chosen,
        zone=zone(db, session.programme),
        key="waiting",
        optional=True,
    )
    says = [say("for {name}: {command}", name=row["name"], command=row["next"]) for row in chosen]
    jump = clocks.find_jump(session)
    problems = () if jump is None else (jump,)
    if not says and not problems:
        says = [say("nothing waits for anybody")]
    return Outcome(tables=(table,), says=tuple(says), problems=problems)


def _proposal(
    db: sqlite3.Connection,
    loaded: dict[int, sqlite3.Row],
    about: store.Subject,
    each: proposals.Proposal,
) -> dict[str, Any]:
    own = None if about.programme_id is None else programmes.value(loaded[about.programme_id])
    makers = [] if about.round_id is None else authors.first_and_last(db, about.round_id)
    given = proposals.approvers(db, each.proposal)
    staffed = [own] if own else [programmes.value(row) for row in loaded.values()]
    may = {
        name: None
        for programme in staffed
        for name in law.who_may_approve(programme, [*makers, each.author], given)
    }
    needed = max(desk.checkers_needed(programme, each) for programme in staffed)
    return {
        "since": each.proposed_at,
        "programme": own.programme if own else None,
        "proposal": each.proposal,
        "name": str(about.name),
        "kind": Word(each.kind),
        "amount_fen": each.amount_fen,
        "by": each.proposed_by,
        "note": each.note,
        "given": len(given),
        "needed": needed,
        "approvals": f"{len(given)} / {needed}",
        "who": ", ".join(may),
        "next": staff.APPROVE[each.subject]
        .format(name=about.name)
        .replace("NAME", next(iter(may), "NAME")),
    }


def _draft(loaded: dict[int, sqlite3.Row], each: store.Draft) -> dict[str, Any]:
    return {
        "since": each.edited_at,
        "programme": loaded[each.programme_id]["programme"],
        "name": each.round,
        "kind": Word("submission"),
        "amount_fen": each.amount_fen,
        "by": each.edited_by,
        "note": "",
        "approvals": "",
        "who": each.edited_by,
        "next": f"voucher round submit {each.round} --actor {each.edited_by}",
    }
