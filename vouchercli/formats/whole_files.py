"""Files read whole, and written whole or not at all; what is said when the machine refuses."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vouchercli import identities
from vouchercli.errors import VoucherError
from vouchercli.result import NO_ROOM, because

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


SECRET = ".secret"  # in the name of the draft of a file that nobody else may read
MOST_BYTES = 16 << 20  # of a file that is read whole: one that people write


def read(path: Path | str) -> bytes:
    """All bytes of a file. Raises `VoucherError`: no_such_file, unreadable_file, not_a_file,
    file_too_large.
    """
    try:
        require_ordinary(Path(path))
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    refuse_large(str(path), len(content), MOST_BYTES)
    return content


def require_ordinary(path: Path) -> None:
    """Refuse a folder, and a pipe, a socket or a device: it may never end, and cannot be read
    twice. Raises `VoucherError` is_a_folder, not_a_file, `OSError`.
    """
    mode, name = path.stat().st_mode, identities.hide(str(path))  # it is kept and shown
    if stat.S_ISDIR(mode):
        raise VoucherError(
            "is_a_folder", "{file} is a folder, not a file", hint="name a file in it", file=name
        )
    if not stat.S_ISREG(mode):
        raise VoucherError(
            "not_a_file",
            "{file} is not an ordinary file",
            hint="write what it gives into a file; where one may be given as -, a pipe may be read"
            " so",
            file=name,
        )


def refuse_large(name: str, size: int, most: int) -> None:
    """Refuse a file of more than so many bytes. Raises `VoucherError` file_too_large."""
    if size > most:
        raise VoucherError(
            "file_too_large",
            "{file} is larger than {most:,} MiB, the most that is read here",
            hint="check that it is the right file; for a file of rows the limit stands in"
            " limits.yaml beside the database, under file_mib",
            file=name,
            most=most >> 20,
        )


def mark() -> str:
    """What tells the drafts of this process from those of others."""
    return f".{os.getpid()}"


def sweep(folder: Path, stem: str) -> None:
    """Take away what writers that were killed have left in a folder: the drafts with a `mark`, of
    processes that are gone, whose names begin with `stem`.
    """
    for draft in orphans(folder.glob(f".{glob.escape(stem)}-*.part*")):
        draft.unlink(missing_ok=True)


def sweep_secrets(folder: Path) -> list[str]:
    """Take away the drafts of secret files that killed writers have left in a folder, of whatever
    name (`new_file`), where the folder lets go of them; gives their names.
    """
    swept = []
    for draft in orphans(folder.glob(f".*{SECRET}.*.part")):
        with contextlib.suppress(OSError):
            draft.unlink()
            swept.append(draft.name)
    return sorted(swept)


def orphans(drafts: Iterable[Path]) -> Iterator[Path]:
    """Of drafts with a `mark` those whose writer is gone (POSIX)."""
    for draft in drafts if os.name == "posix" else ():
        process = draft.name.split(".")[-2]
        if process.isdigit() and not is_alive(int(process)):
            yield draft


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk (POSIX). Raises `OSError`."""
    if os.name != "posix":
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def is_alive(process: int) -> bool:
    """Whether a process of this number runs (POSIX)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


@contextlib.contextmanager
def draft_file(path: Path, mark: str = "") -> Iterator[Path]:
    """A hidden file beside `path` to write and then to put in its place; what is left of it goes.
    Without a `mark` it is always the same, so that what a killed writer left is written over.

    Raises `VoucherError` unwritable_file.
    """
    draft = path.with_name(f".{path.name}{mark}.part")
    try:
        yield draft
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def create(draft: Path) -> BinaryIO:
    """A draft opened for writing. What a killed writer left under its name goes first: a link that
    somebody laid there is never followed.
    """
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    return draft.open("xb")


@contextlib.contextmanager
def new_file(path: Path, *, is_secret: bool = False) -> Iterator[Path]:
    """A draft of a file that is not there yet, put in its place once it is written: whole or not at
    all. What a killed writer left of a secret one is found by its name (`sweep_secrets`). Raises
    `VoucherError`: file_exists, unwritable_file.
    """
    if os.path.lexists(path):  # perhaps half mended already, or the database itself
        raise in_the_way(path)
    with draft_file(path, f"{SECRET if is_secret else ''}{mark()}") as draft:
        yield draft
        draft.replace(path)


def write_new(path: Path, content: bytes) -> None:
    """Write all bytes of a file that is not there yet. Raises what `new_file` does."""
    with new_file(path) as draft, create(draft) as file:
        file.write(content)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a text line by line into a file that is not there yet. Raises what `new_file` does."""
    with new_file(path) as draft, create(draft) as file:
        for line in lines:
            file.write(line.encode())


def unreadable(path: Path | str, error: OSError) -> VoucherError:
    """The refusal of a file that is not there or cannot be read."""
    if isinstance(error, FileNotFoundError):
        return VoucherError(
            "no_such_file",
            "there is no file {file}",
            hint="check the name and the folder",
            file=str(path),
        )
    return VoucherError(
        "unreadable_file",
        "{file} cannot be read: {why}",
        hint="check that it is a file and who may read it",
        file=str(path),
        why=because(error),
    )


def unwritable(path: Path, error: OSError) -> VoucherError:
    """The refusal of a file that cannot be written."""
    return VoucherError(
        "unwritable_file",
        "{file} cannot be written: {why}",
        hint="free some space, then run the same command again"
        if error.errno in NO_ROOM
        else "check the folder and who may write there",
        file=str(path),
        why=because(error),
    )


def in_the_way(path: Path) -> VoucherError:
    """The refusal to write over a file."""
    return VoucherError(
        "file_exists",
        "{file} is already there",
        hint="name a new file, or move this one away",
        file=str(path),
    )
