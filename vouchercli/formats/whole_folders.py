"""Folders of files that are written aside and put in their place: whole or not at all. A file in
each says that it is ours and what lies in it, so that nothing else is ever taken away.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MOST_NAMED = 3  # files of somebody else


class Folder:
    """A folder that is being written (None: nothing is, as of a dry run). `label` is the name of
    the file that says whose it is.
    """

    def __init__(self, draft: Path | None, label: str) -> None:
        self._draft, self._label = draft, label
        self.sizes: dict[str, int] = {}

    def write(self, name: str, content: str) -> int:
        """Write a file of that name; how many bytes it has."""
        octets = content.encode("utf-8", "backslashreplace")
        if self._draft is not None:
            with (self._draft / name).open("xb") as file:
                file.write(octets)
        self.sizes[name] = len(octets)
        return len(octets)

    def seal(self, about: Mapping[str, Any]) -> None:
        """Write whose it is, and the names of its files."""
        said = {**about, "files": sorted(self.sizes)}
        self.write(self._label, json.dumps(said, ensure_ascii=False, indent=1) + "\n")


@contextlib.contextmanager
def replaced(
    path: Path, label: str, about: Mapping[str, Any], *, dry_run: bool = False
) -> Iterator[Folder]:
    """A folder to write, put in the place of the one at `path` when all is written. That one may be
    empty, or one of ours: its label (a JSON file) says the same `about` and names all its files.

    Raises `VoucherError` not_its_folder, unwritable_file.
    """
    path = path.resolve()
    require_ours(path, label, about)
    if dry_run:
        yield Folder(None, label)
        return
    draft = path.with_name(f".{path.name}-{os.getpid()}.part")
    before = path.with_name(f".{path.name}-{os.getpid()}.old.part")
    try:
        _sweep(path)
        draft.mkdir(0o755)
        folder = Folder(draft, label)
        yield folder
        folder.seal(about)
        require_ours(path, label, about)  # it took a while
        _put(draft, path, before)
    except OSError as error:
        raise whole_files.unwritable(path, error) from error
    finally:
        for each in (draft, before):
            shutil.rmtree(each, ignore_errors=True)


def require_ours(path: Path, label: str, about: Mapping[str, Any]) -> None:
    """Refuse a folder that holds anything else. Raises `VoucherError` not_its_folder,
    unwritable_file.
    """
    try:
        if not path.exists():
            return
        names = {each.name for each in path.iterdir()} if path.is_dir() else {path.name}
    except OSError as error:
        raise whole_files.unwritable(path, error) from error
    said = _said(path / label) if label in names else {}
    is_same = all(said.get(key) == value for key, value in about.items())
    strange = sorted(names - {label, *said.get("files", ())})
    if names and (not said or strange):
        raise _refusal(path, strange or sorted(names))
    if names and not is_same:
        raise VoucherError(
            "not_its_folder",
            "{folder} belongs to another: {what}",
            hint="name another folder",
            folder=str(path),
            what=", ".join(str(said.get(key)) for key in about if said.get(key) != about[key]),
        )


def _refusal(path: Path, names: list[str]) -> VoucherError:
    more = "" if len(names) <= MOST_NAMED else ", …"
    return VoucherError(
        "not_its_folder",
        "{folder} holds files that were not written by this command: {files}",
        hint="name a new folder, or an empty one",
        folder=str(path),
        files=", ".join(names[:MOST_NAMED]) + more,
    )


def _said(label: Path) -> dict[str, Any]:
    """What a label says; nothing where it is none."""
    with contextlib.suppress(OSError, ValueError):
        said = json.loads(whole_files.read(label))
        if isinstance(said, dict) and isinstance(said.get("files"), list):
            return said
    return {}


def _put(draft: Path, path: Path, before: Path) -> None:
    """The draft in the place of the folder, which comes back where that fails."""
    if not path.exists():
        draft.rename(path)
        return
    path.rename(before)
    try:
        draft.rename(path)
    except OSError:
        before.rename(path)
        raise


def _sweep(path: Path) -> None:
    """Take away what writers that were killed have left; what one had put aside comes back."""
    mine = re.compile(rf"\.{re.escape(path.name)}-(\d+)(\.old)?\.part")
    for each in sorted(path.parent.iterdir()):
        found = mine.fullmatch(each.name)
        if found is None or whole_files.is_alive(int(found[1])):
            continue
        if found[2] and not path.exists():
            each.rename(path)
        else:
            shutil.rmtree(each)
