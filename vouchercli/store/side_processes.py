"""Processes of our own that work beside this one: each is given an order, and answers once."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST = 4


class _Working(NamedTuple):
    process: subprocess.Popen[bytes]
    said: IO[bytes]
    complaints: IO[bytes]


def count() -> int:
    """How many to start: one a core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, MOST))


@contextmanager
def at_work(
    begin: str, orders: Iterable[Any], **environ: str
) -> Iterator[Callable[[], Iterator[Any]]]:
    """A process for each order: it runs `begin`, finds its order pickled in standard input and
    answers the same way. Gives what waits for the answers, in the order of the orders; the caller
    does other things meanwhile. None is left when this ends.
    """
    working: list[_Working] = []
    with ExitStack() as open_files:
        try:
            for order in orders:
                files = (open_files.enter_context(tempfile.TemporaryFile()) for _ in range(2))
                working.append(_start(begin, order, environ, *files))
            yield lambda: map(_heard, working)
        finally:
            for each in working:
                if each.process.poll() is None:
                    each.process.kill()
                    each.process.wait()


def _start(
    begin: str, order: Any, environ: dict[str, str], said: IO[bytes], complaints: IO[bytes]
) -> _Working:
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", begin],
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=complaints,
        env={**os.environ, **environ},
        process_group=0,  # Ctrl-C is for the process that asked: it ends the others
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as asked:
        pickle.dump(order, asked)
    return _Working(process, said, complaints)


def _heard(working: _Working) -> Any:
    code = working.process.wait()
    for file in working[1:]:
        file.seek(0)
    if code:
        complaint = working.complaints.read().decode("utf-8", "replace").strip()
        raise RuntimeError(f"a process at work beside this one ended with {code}: {complaint}")
    return pickle.load(working.said)
