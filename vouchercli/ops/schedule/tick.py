"""`voucher schedule tick`: it does all that is due, in order, each job in its own transaction.
Several crons may run it.
"""

from __future__ import annotations

import os
import platform
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.configs import limits
from vouchercli.formats.written import folders
from vouchercli.identities import hide
from vouchercli.ops import answers
from vouchercli.ops.money import days
from vouchercli.ops.rounds import releases
from vouchercli.ops.schedule import clocks, futures, keeping, shipping
from vouchercli.ops.schedule import inbox as inboxes
from vouchercli.ops.schedule.jobs import (
    JOB_WORDS,
    Done,
    attempt,
    do_job,
    list_scheduled,
)
from vouchercli.ops.schedule.quick import QuickJobs, begin
from vouchercli.ops.schedule.reminders import list_waiting, remind_of_proposal, remind_of_seal
from vouchercli.ops.settlements import runs as settlement_runs
from vouchercli.result import JSON, SHOWN, Column, Message, Outcome, Problem, Table, only, say
from vouchercli.rules import doors, times
from vouchercli.rules import schedule as law
from vouchercli.store import programmes
from vouchercli.store import schedule as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vouchercli.formats.written.folders import Landed
    from vouchercli.ops.schedule.workers import Worker
    from vouchercli.session import Session

COLUMNS = (
    Column("deed", "Job", "word", source="job", shown="called"),
    Column("subject", "Of", "text"),
    Column("due_at", "Due at", "time"),
    Column("late", "Late by", "span", optional=True, where=SHOWN),
    Column("result", "Result", "word"),
    Column("told", "What happened", where=SHOWN),
    *only(JSON, "programme", "late_seconds", "code", "message", "detail"),
)

WAITS_FOR_FILE = "import_unfinished"


@dataclass(frozen=True)
class Places:
    """Where files come from and go to; None: beside the database (`inbox`, `outbox`). `log`: JSON
    lines, or None.
    """

    inbox: Path
    outbox: Path
    log: Path | None = None
    is_inbox_named: bool = False
    is_outbox_named: bool = False


def choose_places(
    db_path: Path, inbox: Path | None, outbox: Path | None, log: Path | None
) -> Places:
    """Choose the given folders, else `inbox` and `outbox` beside the database."""
    beside = db_path.resolve().parent
    return Places(
        inbox or beside / "inbox",
        outbox or beside / "outbox",
        log,
        inbox is not None,
        outbox is not None,
    )


def stand_still(session: Session) -> Session:
    """A clock that does not move while the tick is at work."""
    return session


def tick(
    session: Session,
    where: Places,
    *,
    is_clock_right: bool = False,
    at_present: Callable[[Session], Session] = stand_still,
    worker: Worker | None = None,
) -> Outcome:
    """Do all that is due, in the name of the clock; silent when nothing is. Raises `Busy` at once
    when another tick is at work, `clock_jumped` when the clock is not believed (`is_clock_right`: a
    person says it is, in their own name). `at_present` gives a session with the time of now, for
    what falls due while the tick is at work. `worker` takes the files in; None: they are taken in
    here.

    A job that fails is reported (status partial, exit 4) and the next tick tries it again; the
    other jobs go on.
    """
    if session.programme is not None:
        programmes.named(session.db, session.programme)
    person, session = session.actor, session._replace(actor=doors.CLOCK)
    with _hold_clock(session) as at_work:
        _require_clock(at_work._replace(actor=person), where, is_clock_right=is_clock_right)
        if not session.dry_run:  # what killed exports left has account numbers in full
            for folder in {session.path.resolve().parent, where.outbox}:
                whole_files.sweep_secrets(folder)
        done: list[Done] = []
        problems: list[Problem] = []

        def report(each: Done) -> None:
            done.append(each)
            problems.extend(
                _note(
                    at_work,
                    where,
                    each,
                    is_first_fault=not any(p.code == "unwritable_log" for p in problems),
                )
            )

        quick = QuickJobs(at_work, where.outbox, at_present, report)
        for each in _do_all(at_work, where, quick, worker):
            report(each)
        is_idle = not done
        for each in keeping.say_kill(at_work):
            report(each)
        for each in keeping.keep(at_work, quick, worker, is_idle=is_idle):
            report(each)
        if not session.dry_run:
            blank = Done("beat", str(session.path), times.HOME_ZONE)
            unbeaten = attempt(session, blank, _beat, done)
            problems += unbeaten.problems(unbeaten.subject) if unbeaten else ()
    return _answer(session, done, problems)


@contextmanager
def _hold_clock(session: Session) -> Iterator[Session]:
    """Hold the lock of the tick. With --dry-run open one transaction around all jobs instead, so
    that each job sees the one before; it is then undone.
    """
    if not session.dry_run:
        with store.hold_clock(session.path):
            yield session
        return
    with writing(session):
        yield session._replace(joins=True)


def _require_clock(session: Session, where: Places, *, is_clock_right: bool) -> None:
    """Raise `clock_jumped` where the clock is not believed; the log file says it too."""
    try:
        clocks.require_believable(session, is_right=is_clock_right)
    except VoucherError as error:
        refused = Done("tick", str(session.path), times.HOME_ZONE, error=error)
        _note(session, where, refused, is_first_fault=True)
        raise


# ---------------------------------------------------------------- the order of a tick


def _do_all(
    session: Session, where: Places, quick: QuickJobs, worker: Worker | None
) -> Iterator[Done]:
    """Do all jobs; gives those that `quick` does not report."""
    waiting = inboxes.list_waiting(session, where.inbox)
    quick.has_asking_files = any(file.kind in inboxes.ASKING for file in waiting)
    quick.do()
    yield from _say_unreadable(where)
    yield from inboxes.say_untrusted(where.inbox)
    yield from _take_in_files(session, where, waiting, quick, worker)
    for blank, batch in futures.list_due(session):
        yield from _do_one(session, blank, futures.take_in, batch)
    for job in law.AFTER_INTAKE:
        yield from _do_rounds(session, job, quick)
    quick.has_asking_files = False
    quick.do_now()
    yield from _release_money(session)
    yield from _seal_days(session)
    yield from _settle_days(session)
    for blank, proposal, about in list_waiting(session):
        yield from _do_one(session, blank, remind_of_proposal, blank, proposal, about)
    if where.inbox.is_dir():
        yield from inboxes.remind_of_strays(session, where.inbox)
        yield from inboxes.remind_of_refused(session, where.inbox)
    yield from shipping.ship_due(session)


def _do_one(session: Session, blank: Done, work: Any, *args: Any) -> Iterator[Done]:
    done = attempt(session, blank, work, *args)
    if done is not None:
        yield done


def _do_rounds(session: Session, job: str, quick: QuickJobs) -> Iterator[Done]:
    """Do a job on the rounds on which it is due; none is closed whose draw or allocation failed."""
    for due in law.list_due(job, list_scheduled(session), session.now):
        waits = job == "close" and law.has_packs_to_grant(due.round, session.now)
        if not waits and not quick.has_failed(begin(due)):
            yield from _do_one(session, begin(due), do_job, due)


def _say_unreadable(where: Places) -> Iterator[Done]:
    """Say which folders are not there, or cannot be read."""
    if where.is_inbox_named and not where.inbox.is_dir():
        yield Done(
            "import",
            str(where.inbox),
            times.HOME_ZONE,
            error=VoucherError(
                "no_inbox",
                "there is no folder {folder}",
                hint="create it, or name the right one with --inbox",
                folder=str(where.inbox),
            ),
        )
    for folder in folders.unreadable(where.inbox, inboxes.KINDS):
        yield Done(
            "import",
            str(folder.relative_to(where.inbox)),
            times.HOME_ZONE,
            error=VoucherError(
                "unreadable_inbox",
                "the folder {folder} cannot be read",
                hint="check who owns it and who may read there",
                folder=str(folder),
            ),
        )


def _take_in_files(
    session: Session,
    where: Places,
    waiting: list[Landed],
    quick: QuickJobs,
    worker: Worker | None,
) -> Iterator[Done]:
    """Take in the files one by one, in the order in which they came. What a file asks for is
    allocated before the next file, as a punctual tick would do. None is taken in where the limits
    cannot be read: that is said.
    """
    apart = None
    if waiting and worker is not None:
        try:
            apart = (worker, limits.of_database(session.path))
        except VoucherError as error:
            yield Done("import", limits.FILE, times.HOME_ZONE, error=error)
            return
    for file in waiting:
        quick.do_between()
        done = inboxes.take_in(session, file, where.inbox, quick, apart)
        if done is not None:
            yield done
        if file.kind in inboxes.ASKING:
            yield from _do_rounds(session, "allocate", quick)


def _release_money(session: Session) -> Iterator[Done]:
    for row in releases.list_due(session.db, session.programme, session.now):
        blank = Done("release", row.round, row.time_zone, row.programme)
        inner = session._replace(programme=row.programme)
        yield from _do_one(inner, blank, releases.release_unused, row.round_id)


def _seal_days(session: Session) -> Iterator[Done]:
    """Seal the days that ended so long ago as their programme says. A file that is still coming in
    holds them up: that is said once, and is a failure when it takes too long.
    """
    for row, day in days.list_due(session):
        blank = Done("seal", times.day_text(day), row["time_zone"], row["programme"])
        inner = session._replace(programme=row["programme"])
        done = attempt(inner, blank, days.seal_due, row, day)
        if done is not None and done.error is not None and done.error.code == WAITS_FOR_FILE:
            done = remind_of_seal(inner, done)
        if done is not None:
            yield done


def _settle_days(session: Session) -> Iterator[Done]:
    """Settle the signed days of a period that is over, where the programme says how it pays."""
    for row, day in settlement_runs.list_due(session):
        blank = Done("settle", times.day_text(day), row["time_zone"], row["programme"])
        yield from _do_one(session, blank, settlement_runs.run_due, row, day)


# ---------------------------------------------------------------- heartbeat, log, answer


def _beat(session: Session, done: list[Done]) -> None:
    late = [
        each.late
        for each in done
        if each.late is not None and each.result != "failed" and each.job != "remind"
    ]
    with writing(session) as db:
        store.note_beat(
            db,
            at=max([session.now, *(each.done_at for each in done if each.done_at is not None)]),
            entered_at=session.entered_at,
            host=platform.node(),
            os_user=session.os_user,
            failed=sum(each.result == "failed" for each in done),
            deed_at=session.now if done else None,
            late=max(late, default=None),
        )


def _note(session: Session, where: Places, done: Done, *, is_first_fault: bool) -> list[Problem]:
    """Write the line of one job in the log file at once; return its problems, whose hints name
    its programme where they must, and those of the log.
    """
    named = done.programme and programmes.to_name(session.db, done.programme)
    problems = [replace(each, programme=named) for each in done.problems(done.subject)]
    if where.log is None or session.dry_run:
        return problems
    try:
        folders.append(
            where.log,
            {
                "at": times.iso(session.now if done.done_at is None else done.done_at, done.zone),
                "pid": os.getpid(),
                **_describe(session, done),
            },
        )
    except VoucherError as error:
        if is_first_fault:
            problems.append(
                Problem("unwritable_log", error.text, hint=error.hint, params=error.params)
            )
    return problems


def _tabulate(session: Session, done: list[Done]) -> Table:
    """Tabulate the results of jobs, in the time zone of the first."""
    rows = []
    for each in done:
        message, late = _choose_message(each), each.late
        rows.append(
            each.__dict__
            | {
                "subject": hide(each.subject),
                "called": JOB_WORDS[each.job],
                "result": each.result,
                "late": late,
                "late_seconds": late,
                "told": message,
                "code": each.error.code if each.error else None,
                "message": message.text.format(**message.params)
                if message.params
                else message.text,
                "detail": answers.answer(each.outcome) if each.outcome else None,
            }
        )
    return Table(say("What the tick did"), COLUMNS, rows, zone=done[0].zone)


def _describe(session: Session, done: Done) -> dict[str, Any]:
    """Describe one job as JSON has it, in its own time zone."""
    return answers.rows(_tabulate(session, [done]))[0]


def _choose_message(done: Done) -> Message:
    """Choose the message of a job: its error, or the first sentence of its outcome."""
    if done.error is not None:
        return Message(done.error.text, done.error.params)
    return done.outcome.says[0] if done.outcome and done.outcome.says else Message("")


def _answer(session: Session, done: list[Done], problems: list[Problem]) -> Outcome:
    is_partial = any(each.result != "done" for each in done) or any(
        problem.level == "error" for problem in problems
    )
    zone = done[0].zone if done else times.HOME_ZONE
    return Outcome(
        {
            "now": times.iso(session.now, zone),
            "deeds": [_describe(session, each) for each in done],
        },
        (_tabulate(session, done),) if done else (),
        problems=tuple(problems),
        status="partial" if is_partial else "ok",
    )
