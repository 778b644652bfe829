"""A file is taken in by a process of its own, which opens the database by itself: whatever becomes
of that process - it allocates without end, hangs, is ended by the machine - ends it alone, and what
it had committed stands, as after a kill.

The process is forked while this one has no database open and no second thread; it ends with this
one. Where the system cannot fork, and within a program that only calls `main`, files are taken in
here.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import limits as limits_file
from vouchercli.formats.tables import foreign
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.formats.configs.limits import Limits

LOOK_SECONDS = 0.2
PASS_ON_SECONDS = 2.0
# how large, spreadsheets, and Parquet: they begin so; a text never does
HEADS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"\x1f\x8b")
LARGE_BYTES = 16 << 20  # a text below this costs little, whatever stands in it
ASKED_TO_END = (signal.SIGTERM, signal.SIGINT)
IS_POSSIBLE = hasattr(os, "fork")


class Apart:
    """A process at work on `file`: watched until it has ended, or until it costs too much."""

    def __init__(self, pid: int, file: str, limits: Limits) -> None:
        self._pid, self._file, self._limits = pid, file, limits
        self._began = time.monotonic()

    def wait(self, ended: int, idle: Callable[[], None]) -> VoucherError | None:
        """Wait until `ended` (a descriptor) has something to read, and do what is `idle` meanwhile.
        Why the process was ended before that; None: it ended by itself.
        """
        why: VoucherError | None = None
        while not select.select([ended], [], [], LOOK_SECONDS)[0]:
            if why is None and (why := self._excess()):
                with suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)
            idle()
        return why

    def _excess(self) -> VoucherError | None:
        if memory_of(self._pid) > self._limits.memory_bytes:
            return VoucherError(
                "import_too_big",
                "{file} is refused: to take it in needs more than {most:,} MiB of memory",
                hint="ask for it in parts, or as CSV; or raise memory_mib in limits.yaml beside the"
                " database. What was taken in before that stands: voucher batch list",
                file=self._file,
                most=self._limits.memory_mib,
            )
        if time.monotonic() - self._began > self._limits.minutes * 60:
            return VoucherError(
                "import_too_long",
                "{file} is refused: to take it in takes longer than {most:,} minutes",
                hint="ask for it in parts; or raise minutes in limits.yaml beside the database."
                " What was taken in before that stands: voucher batch list",
                file=self._file,
                most=self._limits.minutes,
            )
        return None


class Interruption:
    """Ctrl-C is heard by both processes; one that was sent to this one alone is passed on, where
    the other has not ended a moment later.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._heard_at: float | None = None

    def hear(self, *_: object) -> None:
        """An interruption has come."""
        self._heard_at = time.monotonic()

    def pass_on(self) -> None:
        """Pass it on, once, when it is time."""
        if self._heard_at is not None and time.monotonic() - self._heard_at > PASS_ON_SECONDS:
            self._heard_at = None
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGINT)


def memory_of(pid: int) -> int:
    """How many bytes of memory a process uses; 0 where the system does not say it, or it ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def verdict(file: str, code: int) -> VoucherError | None:
    """What is said of a file whose process ended with that exit code (below 0: by that signal);
    None: it ended as it should, and spoke for itself.
    """
    if code >= 0:
        return None
    if -code in ASKED_TO_END:
        return VoucherError(
            "import_ended",
            "the import of {file} was ended from outside",
            hint="run the same command again; the clock does so by itself",
            file=file,
        )
    if -code == signal.SIGKILL:
        return foreign.failed(file, Word("the machine ended it, most likely for want of memory"))
    return foreign.failed(file, Word("it broke off by itself, most likely for want of memory"))


def live_with(parent: int) -> None:
    """End this process when the other end of the pipe `parent` is closed: when its parent ends."""

    def wait_for_the_end() -> None:
        os.read(parent, 1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait_for_the_end, daemon=True).start()


# ---------------------------------------------------------------- a whole command


def may_cost_much(file: str | Path) -> bool:
    """Whether the file is one that the reader of somebody else opens, an archive, or a large text;
    standard input may be any of them.
    """
    if str(file) == "-":
        return True
    path = Path(file)
    try:
        if not path.is_file():
            return False
        with path.open("rb") as opened:
            return opened.read(4).startswith(HEADS) or path.stat().st_size >= LARGE_BYTES
    except (OSError, ValueError):
        return False


def run_apart(file: str, db_path: Path) -> int | None:
    """Fork, and go on in a process of its own: there this gives None. In the one that was there
    before, it waits for the other and gives its exit code. Raises `VoucherError`: bad_yaml,
    import_too_big, import_too_long, reader_failed.
    """
    limits = limits_file.of_database(db_path)
    life, ours = os.pipe()
    ended, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        os.close(ended)
        live_with(life)
        foreign.limit(limits.reader_mib << 20)
        return None
    os.close(life)
    os.close(theirs)
    interruption = Interruption(pid)
    before = signal.signal(signal.SIGINT, interruption.hear)
    try:
        why = Apart(pid, file, limits).wait(ended, interruption.pass_on)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(ours)
        os.close(ended)
    if refused := why or verdict(file, code):
        raise refused
    return code
