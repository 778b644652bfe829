"""Files that appear whole or not at all, and why one could not be read or written."""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.result import because

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def draft_of(path: Path, mark: object = "") -> Iterator[Path]:
    """Where to write what shall replace `path`; `mark` tells the drafts of several writers apart.
    The draft is gone afterwards, whatever happens. Raises `VoucherError` unwritable_file.
    """
    draft = path.with_name(f".{path.name}.{mark}part")
    try:
        yield draft
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


@contextmanager
def read_access(name: str) -> Iterator[Path]:
    """The path of a file that is about to be read. Raises `VoucherError`: no_such_file,
    unreadable_file.
    """
    try:
        yield Path(name)
    except FileNotFoundError as error:
        raise VoucherError(
            "no_such_file",
            "there is no file {file}",
            hint="check the name and the folder",
            file=name,
        ) from error
    except OSError as error:
        raise VoucherError(
            "unreadable_file",
            "{file} cannot be read: {why}",
            hint="check that it is a file and who may read it",
            file=name,
            why=because(error),
        ) from error


def unwritable(path: Path, error: OSError) -> VoucherError:
    """The refusal behind a file that cannot be written."""
    return VoucherError(
        "unwritable_file",
        "{file} cannot be written: {why}",
        hint="check the folder and who may write there",
        file=str(path),
        why=because(error),
    )


def already_there(path: Path) -> VoucherError:
    """The refusal to write over a file that stands there: perhaps half mended, or the database."""
    return VoucherError(
        "file_exists",
        "{file} is already there",
        hint="name a new file, or move this one away",
        file=str(path),
    )
