"""Real commands in this process, and the same in a child that is killed at a commit, or whose disk is
full.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sqlite3
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.cli import options
from vouchercli.cli.main import main
from vouchercli.ops.intake import chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MACHINE = 1_795_000_000  # what the machine's clock says, always: a run depends on its seed alone
LINES = 4  # of a chunk: files of a dozen rows are committed in several steps
KILLED = 137


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
    kept, before, clock, lines = dict(os.environ), Path.cwd(), options.time, chunks.LINES
    os.chdir(folder)
    for name in [*os.environ]:
        if name.startswith(("VOUCHER_", "LC_", "LANG")):
            del os.environ[name]
    options.time = SimpleNamespace(time=lambda: MACHINE)  # type: ignore[assignment]
    chunks.LINES = LINES
    try:
        yield
    finally:
        os.chdir(before)
        options.time, chunks.LINES = clock, lines
        os.environ.clear()
        os.environ.update(kept)


def run(*args: str) -> Ran:
    """`voucher ARGS` in this process and this folder."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(args)
    return Ran(code, out.getvalue(), err.getvalue())


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

    return _in_child(args, die_at, 0)


def run_on_full_disk(*args: str, pages: int) -> int:
    """`voucher ARGS` in a child whose database may grow by so many pages only; its exit code."""
    return _in_child(args, lambda *_: None, pages)


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


def _in_child(args: tuple[str, ...], tell: Callable[..., None], pages: int) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            Patched.seen, Patched.tell, Patched.pages = 0, staticmethod(tell), pages
            connect = sqlite3.connect
            sqlite3.connect = lambda *given, **more: connect(  # type: ignore[assignment]
                *given, **{"factory": Patched, **more}
            )
            code = run(*args).code
        finally:
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return KILLED if ended == -signal.SIGKILL else ended
