"""What is noted of a case while it is open: notes, visits, who works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault
from vouchercli.ops.cases.lookup import look_up, require_open, require_words
from vouchercli.ops.setup import staff
from vouchercli.result import Outcome, say
from vouchercli.rules import doors, times
from vouchercli.store import audit
from vouchercli.store import cases as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.ops.cases.lookup import Current
    from vouchercli.session import Session


def note(session: Session, number: int, words: str, owner: str | None = None) -> Outcome:
    """Note something, and maybe hand the case to another owner. Raises `unknown_case`, `case_is`,
    `words_needed`.
    """
    words = require_words(words, "TEXT")
    with writing(session) as db:
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["case note"])
        require_open(current, "open", "decided")
        kind = "note" if owner is None else "owner"
        today = times.day_of(session.now, current.row["time_zone"])
        store.add_note(session, number, kind, today, owner or "", words)
        about = {"case": number, "note": words}
        if owner is not None:
            store.set_owner(db, number, owner)
            about |= {"owner": owner}
        audit.note(session, "case.note", str(number), **about)
    message = (
        say("noted on case {case}", case=number)
        if owner is None
        else say("case {case} is handed to {owner}", case=number, owner=owner)
    )
    return Outcome(
        {"case": number, "kind": kind, "owner": owner or current.case.owner}, says=(message,)
    )


def visit(session: Session, number: int, on_day: int, who: str, seen: str) -> Outcome:
    """Note a visit: on which day, who went, what was seen. Raises as `note`, and `in_future`."""
    who, seen = require_words(who, "--who"), require_words(seen, "--seen")
    with writing(session):
        current = look_up(session, number)
        staff.require(session, current.programme, doors.DOOR["case visit"])
        require_open(current, "open", "decided")
        _require_past(session, current, on_day)
        store.add_note(session, number, "visit", on_day, who, seen)
        about = {"case": number, "on": times.day_text(on_day), "who": who, "note": seen}
        audit.note(session, "case.visit", str(number), **about)
    message = say("visit of {day} noted on case {case}", day=times.day_text(on_day), case=number)
    return Outcome({"case": number, "kind": "visit", "on": times.day_text(on_day)}, says=(message,))


def _require_past(session: Session, current: Current, day: int) -> None:
    if day > times.day_of(session.now, current.row["time_zone"]):
        raise UsageFault(
            "in_future",
            "{day} is still to come",
            hint="name the day on which it was said or seen: --on DAY",
            day=times.day_text(day),
        )
