"""`reconcile report`: which days were held against a bill, what agreed, what is open, how old."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from vouchercli.ops.reconciling.lookup import TYPE_WORDS
from vouchercli.result import JSON, Column, Outcome, Table, Word, only, say
from vouchercli.rules import breaks as law
from vouchercli.rules import money, settlements, times
from vouchercli.store import break_reports as store
from vouchercli.store import programmes, rounds
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.session import Session
    from vouchercli.store.break_reports import Count, Day, Owned

BY_DAY = (
    Column("day", "Day", "date"),
    Column("held", "Against a bill", "word", shown="held_word"),
    Column("their_fen", "Theirs", "fen"),
    Column("our_fen", "Ours", "fen"),
    Column("agreed_fen", "Agreed", "fen"),
    Column("open", "Open breaks", "int"),
    Column("open_fen", "Off by", "fen"),
    *only(JSON, "run", "their_rows", "agreed"),
)
AGES = tuple(f"days_{first}" for first in law.AGE_CLASSES)
BY_TYPE = (
    Column("type", "Break", "word", shown="type_word"),
    Column("open", "Open", "int"),
    Column("difference_fen", "Difference", "fen"),
    Column("off_fen", "Off by", "fen"),
    Column("days_0", "today", "int", optional=True),
    Column("days_1", "1-2 days", "int", optional=True),
    Column("days_3", "3-6 days", "int", optional=True),
    Column("days_7", "7-29 days", "int", optional=True),
    Column("days_30", "30 days or more", "int", optional=True),
    Column("waits", "of these proposed", "int", optional=True),
    Column("resolved", "Resolved", "int"),
    Column("cleared", "No longer stand", "int"),
)
BY_OWNER = (
    Column("owner", "Owner", blank="-"),
    *(each for each in BY_TYPE if each.key not in ("type", "resolved", "cleared")),
)
HELD_WORDS = {
    "yes": Word("yes"),
    "no": Word("no"),
    "changed": Word("changed since"),
}


def report(
    session: Session, *, round_: str | None, since: int | None, until: int | None
) -> Outcome:
    """By day, type and owner; days as yyyymmdd, both included (None: open)."""
    with reading(session) as db:
        row = programmes.current(db, session.programme)
        programme_id = row["programme_id"]
        if round_:
            rounds.named(db, programme_id, round_)
        days = store.days(db, programme_id, "bills", round_, since, until)
        counts = store.counts(db, programme_id, since, until)
        owners = store.owners(db, programme_id, since, until)
    today = times.day_of(session.now, row["time_zone"])
    by_day = [_day(each) for each in days]
    by_type = _types(counts, today)
    total = {"type": Word("total"), "type_word": Word("total"), **_added(by_type)}
    tables = (
        Table(say("Reconciliation, by day"), BY_DAY, by_day, key="by_day"),
        Table(
            say("Breaks, by type"),
            BY_TYPE,
            by_type,
            total,
            key="by_type",
            total_key="total",
            optional=True,
        ),
        Table(
            say("Open breaks, by owner"),
            BY_OWNER,
            _owners(owners, today),
            key="by_owner",
            optional=True,
        ),
    )
    return Outcome(_data(days), tables, says=_sentences(days, total))


def _day(each: Day) -> dict[str, Any]:
    held = "no" if each.run is None else "changed" if each.is_changed else "yes"
    return {**each._asdict(), "held": held, "held_word": HELD_WORDS[held]}


def _types(counts: list[Count], today: int) -> list[dict[str, Any]]:
    rows = []
    for kind in law.TYPES:
        some = [each for each in counts if each.type == kind]
        if not some:
            continue
        rows.append(
            {
                "type": kind,
                "type_word": TYPE_WORDS[kind],
                **_opened([each for each in some if each.state == "open"], today),
                "resolved": sum(each.breaks for each in some if each.state == "resolved"),
                "cleared": sum(each.breaks for each in some if each.state == "cleared"),
            }
        )
    return rows


def _owners(owned: list[Owned], today: int) -> list[dict[str, Any]]:
    """Who looks after what is open; nobody's is the last row."""
    by_owner = groupby(owned, attrgetter("owner"))
    return [{"owner": owner, **_opened([*some], today)} for owner, some in by_owner]


def _opened(some: Sequence[Count | Owned], today: int) -> dict[str, int]:
    """How many open breaks, how far apart, how old, and how many wait for a second person."""
    ages = dict.fromkeys(AGES, 0)
    for each in some:
        age = settlements.days_between(each.day, today) if each.day else 0
        ages[f"days_{law.age_class(age)}"] += each.breaks
    return {
        "open": sum(each.breaks for each in some),
        "difference_fen": sum(each.difference_fen for each in some),
        "off_fen": sum(each.off_fen for each in some),
        **ages,
        "waits": sum(each.waits for each in some),
    }


def _added(rows: list[dict[str, Any]]) -> dict[str, int]:
    names = ("open", "difference_fen", "off_fen", *AGES, "waits", "resolved", "cleared")
    return {name: sum(row[name] for row in rows) for name in names}


def _data(days: list[Day]) -> dict[str, Any]:
    held = [each for each in days if each.run is not None]
    return {
        "days": len(days),
        "days_held": len(held),
        "our_fen": sum(each.our_fen for each in days),
        "held_fen": sum(each.our_fen for each in held),
    }


def _sentences(days: list[Day], total: dict[str, Any]) -> tuple[Any, ...]:
    data = _data(days)
    says = [
        say(
            "{days_held:,} of {days:,} days were held against a bill: {held} of {ours} yuan",
            held=money.grouped(data["held_fen"]),
            ours=money.grouped(data["our_fen"]),
            **{name: data[name] for name in ("days_held", "days")},
        )
    ]
    if any(each.is_changed for each in days):
        says.append(
            say("what stands here has changed since: voucher reconcile run FILE, once more")
        )
    if total["open"]:
        says.append(say("next: voucher reconcile breaks --state open"))
    return tuple(says)
