"""Show the jobs to come by programme, each in its own time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops import answers
from vouchercli.ops.schedule.jobs import JOB_WORDS, list_scheduled
from vouchercli.result import JSON, Column, Outcome, Table, Word, only, say
from vouchercli.rules import schedule as law
from vouchercli.rules import times
from vouchercli.store import programmes, releases
from vouchercli.store import schedule as store
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    from vouchercli.session import Session

COLUMNS = (
    Column("due_at", "When", "time"),
    Column("deed", "Job", "word", source="job", shown="called"),
    Column("round", "Round"),
    Column("state", "Now", "word"),
    Column("waits_for", "Waits for", "word"),
    *only(JSON, "programme"),
)
WAITS = {"draft": Word("submission and approval"), "submitted": Word("approval")}


def show_schedule(session: Session) -> Outcome:
    """List the jobs to come, the next first. An overdue job, and a job that needs a person, say
    what they wait for.
    """
    if session.programme is not None:
        programmes.named(session.db, session.programme)
    lines = [
        _describe_due(session, due)
        for round_ in list_scheduled(session)
        for due in law.list_jobs(round_)
        if not due.is_too_late(session.now)
    ]
    rows = sorted([*lines, *_list_looks(session)], key=lambda row: row.due_at)
    beat, zone = store.read_heartbeat(session.db), zone_of(session.db, session.programme)
    last = (
        say("no tick yet; next: voucher schedule install")
        if beat is None
        else say("last tick at {at}", at=times.shown(beat.at, zone))
    )
    return Outcome(
        {
            "now": times.iso(session.now, zone),
            "last_tick_at": beat and times.iso(beat.at, zone),
            "deeds": [job for row in rows for job in answers.rows(_tabulate([row]))],
        },
        tuple(
            _tabulate([row for row in rows if row.programme == name])
            for name in dict.fromkeys(row.programme for row in rows)
        ),
        (last,) if rows else (say("no job is planned"), last),
    )


class Line(NamedTuple):
    """A job to come, and what it waits for."""

    due_at: int
    job: str
    programme: str
    round: str
    state: str
    zone: str
    waits_for: str | None = None

    @property
    def called(self) -> Word:
        """The name of the job for people."""
        return JOB_WORDS[self.job]


def _tabulate(rows: list[Line]) -> Table:
    """Tabulate the jobs to come in one programme, in its own time zone."""
    name, zone = rows[0].programme, rows[0].zone
    title = say("What comes next in {programme} ({zone})", programme=name, zone=zone)
    return Table(title, COLUMNS, rows, zone=zone)


def _describe_due(session: Session, due: law.Due) -> Line:
    round_ = due.round
    is_next = due.due_at <= session.now and round_.state in law.STATES[due.job]
    waits = WAITS.get(round_.state) or (Word("the next tick") if is_next else None)
    return Line(
        due.due_at, due.job, round_.programme, round_.round, round_.state, round_.zone, waits
    )


def _list_looks(session: Session) -> list[Line]:
    """List when unused money is looked at next, because vouchers expire then."""
    return [
        Line(row.next_at, "release", row.programme, row.round, row.state, row.time_zone)
        for row in releases.rounds(session.db, session.programme)
        if row.next_at is not None
    ]
