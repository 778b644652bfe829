"""What every import command shares: the file, how to read it, its progress, and how Ctrl-C ends
it.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from vouchercli.cli.language import t
from vouchercli.cli.options import Call, command, progress
from vouchercli.result import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="CSV, XLSX, XLS or Parquet, also .gz and .zip; - reads standard input."
    ),
]
ProfileOption = Annotated[
    Optional[str],
    typer.Option(
        "--profile", metavar="NAME|FILE", help="The file's profile (else found by its header)."
    ),
]
Encoding = Annotated[
    Optional[str],
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="The file's encoding (else UTF-8, then GB18030, are tried strictly).",
    ),
]
Sha1 = Annotated[
    Optional[str],
    typer.Option("--sha1", metavar="HEX", help="The SHA-1 that the platform gave for the file."),
]


Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Say every 10 seconds how far a long import is, also into a file."
    ),
]
EVERY_SECONDS = 10


def add_import(app: typer.Typer, take_in: Callable[..., Outcome], help_: str, example: str) -> None:
    """The subcommand `import` of a kind of file that can be long: `take_in(session, file, ...)` is
    its operation.
    """

    def import_(
        call: Call,
        file: File,
        profile: ProfileOption = None,
        encoding: Encoding = None,
        sha1: Sha1 = None,
        verbose: Verbose = False,
    ) -> Outcome:
        with call.session() as session, told(verbose) as tell:
            return take_in(session, file, profile=profile, encoding=encoding, sha1=sha1, tell=tell)

    import_.__doc__ = help_
    command(app, "import", epilog=example)(import_)


@contextmanager
def told(is_verbose: bool = False) -> Iterator[Onlooker]:
    """Who looks on while a file comes in: shows its progress, and lets Ctrl-C end a long import at
    the border of a chunk.
    """
    onlooker = Onlooker(is_verbose)
    try:
        yield onlooker
    finally:
        onlooker.leave()
        progress("")


class Onlooker:
    """Rows, rows a second and the time left: a passing line on a terminal; elsewhere, with -v, a
    line every ten seconds.

    Until the first chunk is safe Ctrl-C ends everything at once: nothing was kept. After that the
    first Ctrl-C asks the import to stop at the end of its chunk, a second one ends at once and
    loses that chunk's work, nothing else.
    """

    def __init__(self, is_verbose: bool) -> None:
        self.is_stopped = False
        self._is_verbose = is_verbose and not sys.stderr.isatty()
        self._rows, self._share = 0, 0.0
        self._began = self._spoke = time.monotonic()
        self._handler: Any = None

    def read(self, rows: int) -> None:
        """So many more rows were read."""
        self._rows += rows
        self._say()

    def committed(self, share: float | None) -> None:
        """A chunk is safe; `share` of the file lies behind."""
        self._share = share or 0.0
        if self._handler is None and threading.current_thread() is threading.main_thread():
            self._handler = signal.signal(signal.SIGINT, self._interrupted)
        self._say()

    def leave(self) -> None:
        """Ctrl-C means again what it meant before."""
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)

    def _interrupted(self, *_: object) -> None:
        if self.is_stopped:
            raise KeyboardInterrupt
        self.is_stopped = True
        print(t("stopping at the end of this chunk; Ctrl-C again stops at once"), file=sys.stderr)

    def _say(self) -> None:
        now = time.monotonic()
        spent = max(now - self._began, 1e-6)
        values = {"rows": f"{self._rows:,}", "rate": f"{int(self._rows / spent):,}"}
        text = t("{rows} rows read, {rate} rows/s", values)
        if self._share:
            left = int(spent * (1 - self._share) / self._share)
            text = t(
                "{rows} rows read, {rate} rows/s, {left} left",
                {**values, "left": f"{left // 60}:{left % 60:02d}"},
            )
        progress(text)
        if self._is_verbose and now - self._spoke >= EVERY_SECONDS:
            self._spoke = now
            print(text, file=sys.stderr, flush=True)
