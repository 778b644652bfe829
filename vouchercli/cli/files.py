"""What every import command shares: the file, how to read it, and its progress on a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from vouchercli.cli.options import progress
from vouchercli.cli.words import t

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

File = Annotated[str, typer.Argument(metavar="FILE", help="CSV, XLSX or XLS, also .gz and .zip; - reads standard input.")]
ProfileOption = Annotated[
    Optional[str], typer.Option("--profile", metavar="NAME|FILE", help="The file's profile (else found by its header).")
]
Encoding = Annotated[
    Optional[str], typer.Option("--encoding", metavar="NAME", help="The file's encoding (else UTF-8, then GB18030, are tried strictly).")
]
Sha1 = Annotated[Optional[str], typer.Option("--sha1", metavar="HEX", help="The SHA-1 that the platform gave for the file.")]


@contextmanager
def told() -> Iterator[Callable[[int], None]]:
    """A function that shows how many rows were read, on a terminal only; its line is wiped at the end."""
    try:
        yield lambda rows: progress(t("{rows} rows read", {"rows": f"{rows:,}"}))
    finally:
        progress("")
