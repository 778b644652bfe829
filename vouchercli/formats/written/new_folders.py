"""A folder of files that appears whole or not at all, and takes the place of an earlier one of its
kind only.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files

if TYPE_CHECKING:
    from pathlib import Path

LIST = "files.json"  # what was written: by it a folder is known as ours


def write(folder: Path, kind: str, files: dict[str, bytes]) -> None:
    """Write the files (path in the folder -> content), with a list of their digests, into a new
    folder, an empty one, or in place of one that was written so before. Raises `VoucherError`
    folder_in_use, unwritable_file.
    """
    refuse_others(folder, kind)
    draft = folder.with_name(f".{folder.name}{whole_files.mark()}.part")
    before = folder.with_name(f".{folder.name}{whole_files.mark()}.old")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        for name, content in {**files, LIST: _list(kind, files)}.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_files.create(path) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _put(draft, folder, before)
    except OSError as error:
        raise whole_files.unwritable(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)


def _put(draft: Path, folder: Path, before: Path) -> None:
    if not folder.exists():
        draft.rename(folder)
        return
    folder.rename(before)
    try:
        draft.rename(folder)
    except OSError:
        before.rename(folder)
        raise


def _list(kind: str, files: dict[str, bytes]) -> bytes:
    digests = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    return (json.dumps({"voucher": kind, "sha256": digests}, indent=2) + "\n").encode()


def refuse_others(folder: Path, kind: str) -> None:
    """Refuse what is no folder, or one that holds anything but what was written so before. Raises
    `VoucherError` folder_in_use, unwritable_file.
    """
    try:
        if not os.path.lexists(folder) or (folder.is_dir() and _is_ours(folder, kind)):
            return
    except OSError as error:
        raise whole_files.unwritable(folder, error) from error
    raise VoucherError(
        "folder_in_use",
        "{folder} is there and holds something else",
        hint="name a new folder; only one that this command has written is replaced",
        folder=str(folder),
    )


def _is_ours(folder: Path, kind: str) -> bool:
    """Whether it is empty, or holds the files of its list and no others."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if not there:
        return not folder.is_symlink()
    written = None
    with suppress(ValueError, FileNotFoundError):
        written = json.loads((folder / LIST).read_bytes())
    return (
        isinstance(written, dict)
        and written.get("voucher") == kind
        and isinstance(written.get("sha256"), dict)
        and there <= {LIST, *written["sha256"]}
        and not folder.is_symlink()
    )
