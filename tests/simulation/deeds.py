"""Real commands in this process, and the same in a child that is killed at a commit, or whose disk is
full.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import signal
import sqlite3
import traceback
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.cli import options
from vouchercli.cli.main import main
from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.lottery import draws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MACHINE = 1_795_000_000  # what the machine's clock says, always: a run depends on its seed alone
LINES = 4  # of a chunk: files of a dozen rows are committed in several steps
KILLED, BUSY = 137, 75


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)["data"]


@contextmanager
def laboratory(folder: Path) -> Iterator[None]:
    """A new folder to work in; the machine's clock stands, chunks are small, and no setting of the
    caller's reaches in.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chance = draws.secrets
    kept, before, clock = dict(os.environ), Path.cwd(), options.time
    lines, large = chunks.LINES, by_columns.BYTES
    os.chdir(folder)
    for name in [*os.environ]:
        if name.startswith(("VOUCHER_", "LC_", "LANG")):
            del os.environ[name]
    draws.secrets = SimpleNamespace(token_bytes=bytes)  # type: ignore[assignment]
    options.time = SimpleNamespace(time=lambda: MACHINE)  # type: ignore[assignment]
    chunks.LINES = LINES
    try:
        yield
    finally:
        os.chdir(before)
        draws.secrets = chance
        options.time, chunks.LINES, by_columns.BYTES = clock, lines, large
        os.environ.clear()
        os.environ.update(kept)


def run(*args: str) -> Ran:
    """`voucher ARGS` in this process and this folder; in a child where a file is read by columns,
    for a process whose columns are at work cannot have children any more.
    """
    if args[1] not in ("import", "tick") or by_columns.BYTES:
        return _run(*args)
    said = Path("said")
    code = _in_child(lambda: said.write_bytes(pickle.dumps(_run(*args))) and 0)
    if code:
        raise RuntimeError(f"the child of {args} ended with {code}")
    return Ran(*pickle.loads(said.read_bytes()))


def race(*commands: tuple[str, ...]) -> list[int]:
    """Commands at once, each in a process of its own, again while another is at work there; how
    they ended.
    """
    children = [_fork(lambda args=args: _insist(args)) for args in commands]
    return [_wait(child) for child in children]


def _insist(args: tuple[str, ...]) -> int:
    for _ in range(1_000):
        if (ran := _run(*args)).code != BUSY:
            break
    Path(f"raced-{args[0]}-{args[1]}").write_text(ran.out + ran.err, "utf-8")
    return ran.code


def _run(*args: str) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(args)
    return Ran(code, out.getvalue(), err.getvalue())


# Whether this process is the city's alone. Where other tests have set polars to work, its threads
# are there, and a forked child that reads by columns waits for them for ever.
is_own_process = False


def read(*, by_column: bool) -> None:
    """Let the next files be read as large ones are, by columns, or row by row."""
    is_column = by_column and is_own_process
    if is_column:
        import_module("polars")  # once for all children; only they set it to work
    by_columns.BYTES = 0 if is_column else 1 << 30


def content() -> list[str]:
    """All that the database holds. Not its bytes: what a killed command left in the log beside it
    comes into the file whenever somebody opens it.
    """
    with closing(sqlite3.connect("voucher.db")) as db:
        return [*db.iterdump()]


# ---------------------------------------------------------------- in a child


def run_killed(*args: str, commits: int, is_after: bool) -> int:
    """`voucher ARGS` in a child that dies at its so many-th commit, before or after it; how the child
    ended (KILLED, or its exit code when it made fewer commits).
    """

    def die_at(db: Patched, statement: str) -> None:
        Patched.seen += 1
        if Patched.seen == commits:
            if is_after:
                db.plainly(statement)
            os.kill(os.getpid(), signal.SIGKILL)

    return _suffer(args, die_at, 0)


def run_on_full_disk(*args: str, pages: int) -> int:
    """`voucher ARGS` in a child whose database may grow by so many pages only; its exit code."""
    return _suffer(args, lambda *_: None, pages)


class Patched(sqlite3.Connection):
    """A connection that tells of each commit, and may have no room."""

    seen = 0
    tell: Callable[..., None]
    pages = 0

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if self.pages and not str(args[0]).endswith("-tick"):
            now = self.plainly("PRAGMA page_count").fetchone()[0]
            self.plainly(f"PRAGMA max_page_count = {now + self.pages:d}")

    def plainly(self, statement: str) -> sqlite3.Cursor:
        return super().execute(statement)

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if statement == "COMMIT":
            type(self).tell(self, statement)
        return super().execute(statement, *values)


def _suffer(args: tuple[str, ...], tell: Callable[..., None], pages: int) -> int:
    def run_patched() -> int:
        Patched.seen, Patched.tell, Patched.pages = 0, staticmethod(tell), pages
        connect = sqlite3.connect
        sqlite3.connect = lambda *given, **more: connect(  # type: ignore[assignment]
            *given, **{"factory": Patched, **more}
        )
        return _run(*args).code

    return _in_child(run_patched)


def _in_child(work: Callable[[], int]) -> int:
    """How the work ended, in a process of its own."""
    return _wait(_fork(work))


def _fork(work: Callable[[], int]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def _wait(child: int) -> int:
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return KILLED if ended == -signal.SIGKILL else ended
