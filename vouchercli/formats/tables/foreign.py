"""The readers of spreadsheets and Parquet files are programs of others: whatever way they fail, it
is a refusal of the file; and in a process of its own, what they may take has a limit.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = Path("/proc/self/statm")  # where the system says how much is mapped, in pages
# A failure inside such a reader is told as an exception of this name, which is no `Exception`.
ERRORS = 2  # the number of the stream
PANIC = "PanicException"
_most: list[int] = []  # bytes that a reader may take in this process; none: as much as it can get


def limit(most: int) -> None:
    """From now on a reader takes so many bytes at most: beyond that it fails, or the process ends.
    For a process that does nothing else.
    """
    _most[:] = [most]


@contextmanager
def reading(name: str) -> Iterator[None]:
    """While such a reader is at work on the file of that name: its memory is limited, its own
    talk is not shown. Raises `VoucherError` reader_failed for whatever it fails with.
    """
    with _silence(), _limited():
        try:
            yield
        except MemoryError as error:
            raise failed(name, Word("it asks for more memory than it may have")) from error
        except BaseException as error:
            if type(error).__name__ != PANIC:
                raise
            raise failed(name, str(error)) from error


def failed(name: str, why: str) -> VoucherError:
    """The refusal of a file on which its reader failed."""
    return VoucherError(
        "reader_failed",
        "{file} cannot be read: its reader failed ({why})",
        hint="open it in a spreadsheet program, delete empty rows and columns far from the table,"
        " and save it again; or ask for it as CSV",
        file=name,
        why=why,
    )


@contextmanager
def _limited() -> Iterator[None]:
    if not (_most and STATE.exists()):
        yield
        return
    import resource  # not everywhere

    before = resource.getrlimit(resource.RLIMIT_AS)
    mapped = int(STATE.read_text().split()[0]) * resource.getpagesize()
    ceiling = mapped + _most[0]
    if before[1] != resource.RLIM_INFINITY:
        ceiling = min(ceiling, before[1])
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def _silence() -> Iterator[None]:
    """Where a reader fails it writes to the stream of errors by its number, past Python."""
    try:
        kept = os.dup(ERRORS)
    except OSError:  # there is none
        yield
        return
    try:
        with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), ERRORS)
        yield
    finally:
        os.dup2(kept, ERRORS)
        os.close(kept)
