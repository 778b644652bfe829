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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="CSV, XLSX, XLS or Parquet, also .gz and .zip; - reads standard input."
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Report the progress of a long import every 10 seconds, also into a file.",
    ),
]
READING: dict[str, Any] = {
    "profile": Annotated[
        Optional[str],
        typer.Option(
            "--profile", metavar="NAME|FILE", help="The file's profile (else found by its header)."
        ),
    ],
    "encoding": Annotated[
        Optional[str],
        typer.Option(
            "--encoding",
            metavar="NAME",
            help="The file's encoding (else UTF-8, then GB18030, are tried strictly).",
        ),
    ],
    "sha1": Annotated[
        Optional[str],
        typer.Option(
            "--sha1", metavar="HEX", help="The SHA-1 that the platform gave for the file."
        ),
    ],
}
LONG_READING = READING | {"verbose": Verbose}
EVERY_SECONDS = 10


@contextmanager
def watch_import(is_verbose: bool = False) -> Iterator[ImportProgress]:
    """Report the progress while a file is imported; Ctrl-C ends a long import at the border of a
    chunk.
    """
    progress = ImportProgress(is_verbose)
    try:
        yield progress
    finally:
        progress.leave()


class ImportProgress:
    """Rows, rows a second and the time left: Rich's progress on a terminal; elsewhere, with -v, a
    line every ten seconds.

    Until the first chunk is committed Ctrl-C ends the import at once; nothing is kept. After that
    the first Ctrl-C asks the import to stop at the end of its chunk, a second one ends at once and
    loses that chunk's work, nothing else.
    """

    def __init__(self, is_verbose: bool) -> None:
        self.is_stopped = False
        self._is_verbose = is_verbose
        self._rows, self._share = 0, 0.0
        self._began = self._spoke = time.monotonic()
        self._handler: Any = None
        self._progress: Progress | None = None

    def read(self, rows: int) -> None:
        """So many more rows were read."""
        self._rows += rows
        self._report()

    def committed(self, share: float | None) -> None:
        """A chunk was committed; `share` of the file is done."""
        self._share = share or 0.0
        if self._handler is None and threading.current_thread() is threading.main_thread():
            self._handler = signal.signal(signal.SIGINT, self._ask_to_stop)
        self._report()

    def is_awaited(self) -> bool:
        """Nothing else waits to be done here."""
        return False

    def idle(self) -> None:
        """Nothing else is to be done here."""

    def leave(self) -> None:
        """Clear the progress away; Ctrl-C means again what it meant before."""
        if self._progress:
            self._progress.stop()
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)

    def _ask_to_stop(self, *_: object) -> None:
        if self.is_stopped:
            raise KeyboardInterrupt
        self.is_stopped = True
        print(
            t("stopping at the end of this chunk; press Ctrl-C again to stop at once"),
            file=sys.stderr,
        )

    def _report(self) -> None:
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
        if sys.stderr.isatty():
            self._draw(text)
        elif self._is_verbose and now - self._spoke >= EVERY_SECONDS:
            self._spoke = now
            print(text, file=sys.stderr, flush=True)

    def _draw(self, text: str) -> None:
        """Show the line and a bar, which moves to and fro until a share of the file is known."""
        if self._progress is None:
            # a short import, and one whose talk goes into a file, does without Rich
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(20),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
                refresh_per_second=4,
            )
            self._progress.add_task(text, total=None)
            self._progress.start()
        total = 1.0 if self._share else None
        (task,) = self._progress.task_ids
        self._progress.update(task, description=text, completed=self._share, total=total)
