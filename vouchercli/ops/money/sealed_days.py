"""Sealed days as they are shown, and proved whenever somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops import lists
from vouchercli.result import JSON, Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import times
from vouchercli.store import day_proofs, programmes, side_readers
from vouchercli.store import days as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session
    from vouchercli.store.days import Day

SHOWN_PROBLEMS = 10
COLUMNS = (
    Column("day", "day"),
    Column("state", "state", "word", shown="state_word"),
    Column("claims", "claims", "int"),
    Column("payments", "payments", "int"),
    Column("refunds", "refunds made", "int"),
    Column("reversals", "reversals", "int", optional=True),
    Column("base_fen", "base", "fen"),
    Column("subsidy_fen", "subsidy", "fen"),
    Column("sealed_at", "sealed at", "time"),
    Column("signed_by", "signed by", blank="-"),
    Column("sealed_by", where=JSON),
    Column("signed_at", where=JSON),
    Column("note", where=JSON),
    Column("postings", where=JSON),
    Column("posted_fen", where=JSON),
    Column("facts_sha256", where=JSON),
    Column("previous_sha256", where=JSON),
    Column("sha256", where=JSON),
)


def list_days(session: Session, limit: int | None) -> Outcome:
    """The sealed days, the newest first."""
    row = programmes.current(session.db, session.programme)
    zone = row["time_zone"]
    listed = store.listed(session.db, row["programme_id"])
    outcome = lists.show(tabulate(row, []), listed, limit, lambda day: _describe(day, zone))
    if outcome.tables[0].rows:
        return outcome
    return Outcome(
        tables=outcome.tables,
        says=(say("no day is sealed yet; next: voucher day close DAY"),),
    )


def show_day(session: Session, day: int) -> Outcome:
    """One sealed day. Raises `day_open`."""
    row = programmes.current(session.db, session.programme)
    found = store.named(session.db, row["programme_id"], day)
    if found is None:
        raise store.open_day(session.db, row["programme_id"], day)
    title = say("{day} of {programme}", day=times.day_text(day), programme=row["programme"])
    described = _describe(found, row["time_zone"])
    return Outcome(
        tables=(Table(title, COLUMNS, (described,), key="", is_record=True, zone=row["time_zone"]),)
    )


def verify_days(session: Session, day: int | None) -> Outcome:
    """Prove every sealed day, or one, from its facts. Raises `day_open`; a day that is not what was
    sealed is a problem (exit 5).
    """
    with reading(session) as db:
        row = programmes.current(db, session.programme)
        every = [*store.in_order(db, row["programme_id"])]
        if day is not None and all(each.day != day for each in every):
            raise store.open_day(db, row["programme_id"], day)
        asked = frozenset(each.day for each in every if day in (None, each.day))
        sealed = day_proofs.sealed(db, row["programme_id"], row["programme"], asked)
        found, unread = side_readers.read_days(db, [(each, row["time_zone"]) for each in sealed])
    problems = [
        _say_damaged(each.day.day, each.day.sha256, made)
        for each, made in sorted([*day_proofs.damaged_of(found), *unread])
    ]
    data = {"programme": row["programme"], "days": len(asked), "wrong": len(problems)}
    if not problems:
        message = say("{days} sealed days are what was sealed", days=len(asked))
        return Outcome(data, says=(message,))
    return Outcome(data, problems=tuple(problems[:SHOWN_PROBLEMS]), status="failed")


def _say_damaged(day: int, expected: str, found: str) -> Problem:
    shown = times.day_text(day)
    return Problem(
        "day_damaged",
        "{day} is not what was sealed: its seal is {expected}, what is booked gives {found}",
        shown,
        params={"day": shown, "expected": expected[:12], "found": found[:12]},
    )


def tabulate(row: sqlite3.Row, days: list[Day]) -> Table:
    """A table of sealed days."""
    zone = row["time_zone"]
    title = say("Sealed days of {programme}", programme=row["programme"])
    shown = tuple(_describe(each, zone) for each in days)
    return Table(title, COLUMNS, shown, key="days", zone=zone)


def _describe(day: Day, zone: str) -> dict[str, Any]:
    state = "sealed" if day.signed_by is None else "signed"
    return {
        **day._asdict(),
        "day": times.day_text(day.day),
        "state": state,
        "state_word": Word(state),
        "sealed_at": day.sealed_at,
        "signed_at": None if day.signed_at is None else times.iso(day.signed_at, zone),
    }
