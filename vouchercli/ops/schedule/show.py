"""What the clock will do next, programme by programme, each in its own zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.schedule.jobs import WORDS, scheduled
from vouchercli.result import Column, Outcome, Table, Word, say
from vouchercli.rules import schedule as law
from vouchercli.rules import times
from vouchercli.store import programmes, releases
from vouchercli.store import schedule as store
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    from vouchercli.session import Session

COLUMNS = (
    Column("due_at", "When", "time"),
    Column("deed", "Deed", "word"),
    Column("round", "Round"),
    Column("state", "Now", "word"),
    Column("waits_for", "Waits for", "word"),
)
WAITS = {"draft": Word("submission and approval"), "submitted": Word("approval")}


def show_schedule(session: Session) -> Outcome:
    """The deeds that are still to come, the next first; what is overdue says so; what waits for a
    person says for what.
    """
    if session.programme is not None:
        programmes.named(session.db, session.programme)
    lines = [_line(session, due) for it in scheduled(session) for due in law.list_jobs(it)]
    rows = sorted([*lines, *_looks(session)], key=lambda row: row["due_at"])
    beat, zone = store.heartbeat(session.db), zone_of(session.db, session.programme)
    tables = tuple(_table(name, rows) for name in dict.fromkeys(row["programme"] for row in rows))
    last = (
        say("no tick yet; next: voucher schedule install")
        if beat is None
        else say("last tick at {at}", at=times.shown(beat["beat_at"], zone))
    )
    data = {
        "now": times.iso(session.now, zone),
        "last_tick_at": None if beat is None else times.iso(beat["beat_at"], zone),
        "deeds": [
            {
                **{key: value for key, value in row.items() if key != "zone"},
                "due_at": times.iso(row["due_at"], row["zone"]),
            }
            for row in rows
        ],
    }
    return Outcome(
        data=data, tables=tables, says=(last,) if rows else (say("nothing is to come"), last)
    )


def _table(name: str, rows: list[dict[str, Any]]) -> Table:
    """What comes next in one programme, in its own zone."""
    own = [{**row, "deed": WORDS[row["deed"]]} for row in rows if row["programme"] == name]
    zone = own[0]["zone"]
    return Table(
        say("What comes next in {programme} ({zone})", programme=name, zone=zone),
        COLUMNS,
        tuple(own),
        zone=zone,
    )


def _line(session: Session, due: law.Due) -> dict[str, Any]:
    it = due.round
    waits = WAITS.get(it.state) or (
        Word("the next tick")
        if due.due_at <= session.now and it.state in law.STATES[due.job]
        else None
    )
    return {
        "due_at": due.due_at,
        "deed": due.job,
        "programme": it.programme,
        "round": it.round,
        "state": it.state,
        "waits_for": waits,
        "zone": it.zone,
    }


def _looks(session: Session) -> list[dict[str, Any]]:
    """When unused money is looked at next: vouchers will have expired."""
    return [
        {
            "due_at": row["next_at"],
            "deed": "release",
            "programme": row["programme"],
            "round": row["round"],
            "state": row["state"],
            "waits_for": None,
            "zone": row["time_zone"],
        }
        for row in releases.rounds(session.db, session.programme)
        if row["next_at"] is not None
    ]
