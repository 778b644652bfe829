"""Quick jobs: a round opens, is ordered and closes at its time, however long a file is that the
tick takes in.

They are done before the files, and between the chunks of a file as soon as one falls due: then the
clock is read anew, and they go through a connection of their own, so that the import sees that
something else has changed the database (`PRAGMA data_version`).
"""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from vouchercli.errors import Busy
from vouchercli.ops.rounds import issuance_orders as orders
from vouchercli.ops.schedule import clocks
from vouchercli.ops.schedule.jobs import Done, attempt, do_job, list_scheduled
from vouchercli.ops.schedule.reminders import remind
from vouchercli.result import Outcome, say
from vouchercli.rules import schedule as law
from vouchercli.store import issuance_orders
from vouchercli.store.db import open_db

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vouchercli.rules.schedule import Due
    from vouchercli.session import Session
    from vouchercli.store.issuance_orders import Order


class QuickJobs:
    """The quick jobs of one tick; what an import reports its progress to (`importing.Watch`).

    `at_present` gives a session with the time of now; `report` is given each job that was done or
    failed. One that failed is left to the next tick. `has_asking_files`: files wait that ask for
    packs of open rounds, so that no round may be closed yet.
    """

    is_stopped = False

    def __init__(
        self,
        session: Session,
        outbox: Path,
        at_present: Callable[[Session], Session],
        report: Callable[[Done], None],
    ) -> None:
        self._session, self._outbox, self._report = session, outbox, report
        self._at_present = at_present
        self._failed: set[tuple[str, str | None, str]] = set()
        self._next_at = law.NEVER
        self.has_asking_files = False

    def do(self) -> None:
        """Do what is due by the clock with which the tick began."""
        self._do(self._session)

    def do_now(self) -> None:
        """Do what is due by now."""
        self._do(self._present())

    def do_between(self) -> None:
        """Between two files: do what fell due meanwhile."""
        session = self._present()
        if any(self._list_due(session)):
            self._do(session)

    def read(self, rows: int) -> None:
        """Rows of a file say nothing about jobs."""

    def committed(self, share: float | None) -> None:
        """Between two chunks: do what fell due meanwhile. What finds the database locked is done at
        the next border.
        """
        session = self._present()
        self._look_ahead(session)
        if any(self._list_due(session)):
            with suppress(Busy), closing(open_db(session.path)) as db:
                self._do(session._replace(db=db))

    def idle(self) -> None:
        """While a file is read and no lock is held: do what fell due meanwhile."""
        if self.is_awaited():
            self.committed(None)

    def is_awaited(self) -> bool:
        """Whether a job fell due since the last look, so that the chunk should end."""
        return self._next_at <= self._present().now

    def _present(self) -> Session:
        """The session with the time of now; a clock that goes back, or has jumped meanwhile, stands
        still: the next tick says so.
        """
        if self._session.dry_run:
            return self._session
        session = self._at_present(self._session)
        is_believed = clocks.is_believable(self._session, session.now)
        return session if is_believed and session.now > self._session.now else self._session

    def _do(self, session: Session) -> None:
        for job in law.QUICK:
            for due in self._list_due(session, job):
                self._attempt(session, begin(due), do_job, due)
        self._write_orders(session)
        for due in law.list_reminders(list_scheduled(session), session.now):
            self._attempt(session, begin(due), remind, due)
        self._look_ahead(session)

    def _list_due(self, session: Session, *jobs: str) -> Iterator[Due]:
        """The due rounds of these jobs (none named: of all) that may be done now."""
        rounds = list_scheduled(session)
        for job in jobs or law.QUICK:
            for due in law.list_due(job, rounds, session.now):
                if not self.has_failed(begin(due)) and not self._must_wait(due, session.now):
                    yield due

    def _must_wait(self, due: Due, now: int) -> bool:
        """Whether a round stays open for what a file, or the same tick, still grants."""
        return due.job == "close" and (
            self.has_asking_files or law.has_packs_to_grant(due.round, now)
        )

    def _look_ahead(self, session: Session) -> None:
        """Find when the next job falls due."""
        self._next_at = law.next_due_at(list_scheduled(session), session.now)

    def _write_orders(self, session: Session) -> None:
        for order in issuance_orders.unwritten(session.db, session.programme, session.now):
            blank = Done("write", order.round, order.time_zone, order.programme)
            if not self.has_failed(blank):
                self._attempt(session, blank, _write_order, order, self._outbox)

    def _attempt(self, session: Session, blank: Done, work: Any, *args: Any) -> None:
        done = attempt(session, blank, work, *args)
        if done is None:
            return
        if done.error is not None:
            self._failed.add(_key(done))
        self._report(done)

    def has_failed(self, blank: Done) -> bool:
        """Whether this tick has tried the job in vain."""
        return _key(blank) in self._failed


def _key(done: Done) -> tuple[str, str | None, str]:
    return done.job, done.programme, done.subject


def begin(due: Due) -> Done:
    """A job, before anything is known of its result."""
    return Done(due.job, due.round.round, due.round.zone, due.round.programme, due.due_at)


def _write_order(session: Session, order: Order, outbox: Path) -> Outcome:
    path = str(orders.choose_path(outbox, order))
    if not session.dry_run:
        orders.write_order(session, order, outbox)
    message = say(
        "wrote order {number} of {round} to {file}",
        number=order.number,
        round=order.round,
        file=path,
    )
    return Outcome({"round": order.round, "order": order.number, "file": path}, says=(message,))
