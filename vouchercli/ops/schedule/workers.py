"""The worker of a tick takes in each file of the inbox in a process of its own, so that no file can
end the tick, or make the others wait (`ops.intake.apart`).

It is forked before the tick opens the database. It forks once more for each file, and says who is
at work and how that ended; what became of the file lies in a nameless file that both have open.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import tempfile
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, NoReturn, cast

from vouchercli.errors import Busy
from vouchercli.formats.tables import foreign
from vouchercli.ops.answers import answer
from vouchercli.ops.intake import apart
from vouchercli.ops.schedule.jobs import Done, attempt
from vouchercli.result import Outcome
from vouchercli.store.db import open_db

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchercli.formats.configs.limits import Limits
    from vouchercli.session import Session

NUMBER = struct.Struct("<q")


class Worker:
    """The tick's side: `asked` and `said` lead to the worker and back, `kept` holds what became of
    the file at hand.
    """

    def __init__(self, asked: int, said: int, kept: IO[bytes]) -> None:
        self._asked, self._said, self._kept = asked, said, kept

    def attempt(
        self,
        session: Session,
        blank: Done,
        limits: Limits,
        idle: Callable[[], None],
        work: Callable[..., Outcome | None],
        *args: Any,
    ) -> Done | None:
        """What `jobs.attempt` gives, done in a process of its own, which is watched; `idle` is done
        meanwhile. `work` and `args` pass from one process to the other.
        """
        self._kept.seek(0)
        self._kept.truncate()
        order = pickle.dumps((session._replace(db=cast("Any", None)), blank, limits, work, args))
        _write(self._asked, NUMBER.pack(len(order)) + order)
        pid = self._read_number()
        why = apart.Apart(pid, blank.subject, limits).wait(self._said, idle)
        code = self._read_number()
        if refused := why or apart.verdict(blank.subject, code):
            return replace(blank, done_at=session.now, error=refused)
        self._kept.seek(0)
        done, deeds = pickle.load(self._kept)
        if session.deeds is not None:
            session.deeds.extend(deeds)
        if isinstance(done, Busy):
            raise done
        answered: Done | None = done
        return answered

    def _read_number(self) -> int:
        number: int = NUMBER.unpack(_read(self._said, NUMBER.size))[0]
        return number


@contextmanager
def hire(*, is_alone: bool) -> Iterator[Worker | None]:
    """A worker for one tick; None where none can be had. `is_alone`: nothing but the command at
    hand runs in this process. No database may be open.
    """
    if not (is_alone and apart.IS_POSSIBLE):
        yield None
        return
    order, asked = os.pipe()
    said, says = os.pipe()
    life, ours = os.pipe()
    with tempfile.TemporaryFile() as kept:
        pid = os.fork()
        if pid == 0:
            for descriptor in (asked, said, ours):
                os.close(descriptor)
            _serve(order, says, life, kept)
        for descriptor in (order, says, life):
            os.close(descriptor)
        try:
            yield Worker(asked, said, kept)
        finally:
            for descriptor in (asked, said, ours):
                os.close(descriptor)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


# ---------------------------------------------------------------- in the worker


def _serve(order: int, says: int, life: int, kept: IO[bytes]) -> NoReturn:
    """Have each file taken in that is asked for, until nobody asks any more."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while size := os.read(order, NUMBER.size):
            asked = _read(order, NUMBER.unpack(size)[0])
            pid = os.fork()
            if pid == 0:
                _work(asked, life, kept)
            _write(says, NUMBER.pack(pid))
            _write(says, NUMBER.pack(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
    finally:
        os._exit(0)


def _work(asked: bytes, life: int, kept: IO[bytes]) -> NoReturn:
    """Take in one file, and keep what became of it. Whatever else it says goes nowhere."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        apart.live_with(life)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        session, blank, limits, work, args = pickle.loads(asked)
        foreign.limit(limits.reader_mib << 20)
        deeds: list[str] = []
        done: Done | Busy | None
        try:
            with closing(open_db(session.path)) as db:
                done = attempt(session._replace(db=db, deeds=deeds), blank, work, *args)
        except Busy as busy:
            done = busy
        pickle.dump((_plain(done), deeds), kept)
        kept.flush()
        code = 0
    finally:
        os._exit(code)


def _plain(done: Done | Busy | None) -> Done | Busy | None:
    """Its outcome as plain data: rows of the database do not leave their process."""
    if not isinstance(done, Done) or done.outcome is None:
        return done
    outcome = done.outcome
    data = answer(outcome)
    return replace(done, outcome=Outcome(data, (), outcome.says, outcome.problems, outcome.status))


def _write(to: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(to, octets) :]


def _read(source: int, size: int) -> bytes:
    read = b""
    while len(read) < size:
        piece = os.read(source, size - len(read))
        if not piece:
            raise EOFError("the worker is gone")
        read += piece
    return read
