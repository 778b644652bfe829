"""Whether a folder or a file that others can reach is what it seems: no link that leads elsewhere,
and its owner the one that may be trusted.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = 0


def folder_fault(folder: Path, *, is_ours: bool) -> Word | None:
    """What is wrong with a folder; None when it is a real one, or not there. `is_ours`: it must
    belong to whoever runs the program, or to root; else whoever owns it decides what stands in it.
    """
    try:
        found = folder.lstat()
    except OSError:
        return None
    if stat.S_ISLNK(found.st_mode):
        return Word("it is a link")
    if not stat.S_ISDIR(found.st_mode):
        return Word("it is not a folder")
    if is_ours and os.name == "posix" and found.st_uid not in (os.geteuid(), ROOT):
        return Word("it belongs to another user")
    return None


def file_fault(file: Path) -> Word | None:
    """Why a file that landed is not read; None when it is an ordinary one, or gone by now.

    A second name of a file that its sender may not read can only be told by its owner: it is not
    the one of the folder.
    """
    if not is_utf8(file.name):
        return Word("its name is not UTF-8")
    try:
        found = file.lstat()
        owner = file.parent.stat().st_uid
    except OSError:
        return None
    if stat.S_ISLNK(found.st_mode):
        return Word("it is a link")
    if not stat.S_ISREG(found.st_mode):
        return Word("it is not an ordinary file")
    if found.st_nlink > 1 and found.st_uid != owner:
        return Word("it is a second name of another user's file")
    return None


def is_utf8(name: str) -> bool:
    """Whether a name can be written down; one in GBK bytes cannot."""
    return not any("\ud800" <= each <= "\udfff" for each in name)


def printed(path: Path | str) -> str:
    """A path as it can be shown and kept: bytes that are not UTF-8 as `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def above(folder: Path, top: Path) -> Iterator[Path]:
    """The folders from below `top` down to `folder`."""
    parts = folder.relative_to(top).parts
    yield from (top.joinpath(*parts[:count]) for count in range(1, len(parts) + 1))


def require_folder(folder: Path, *, is_ours: bool) -> None:
    """Raises `VoucherError` untrusted_folder."""
    if why := folder_fault(folder, is_ours=is_ours):
        raise untrusted(folder, why)


def untrusted(folder: Path, why: Word) -> VoucherError:
    """The refusal of a folder by its name."""
    return VoucherError(
        "untrusted_folder",
        "the folder {folder} is not used: {why}",
        hint="put a real folder of whoever runs the tick in its place",
        folder=printed(folder),
        why=why,
    )
