"""Folders where programs leave files for each other: what has landed, what has been dealt with, and
files that appear whole.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vouchercli import identities
from vouchercli.formats import whole_files
from vouchercli.formats.written import trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.result import Word

SETTLED_SECONDS = 10  # a file that changed less than this ago may still be growing
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", ".swp", "~")
DEALT_WITH = ("done", "failed")


@dataclass(frozen=True)
class Landed:
    """A file in an inbox: INBOX/[PROGRAMME/]PLATFORM/KIND/name, and when it was last changed (UTC
    seconds).
    """

    path: Path
    programme: str | None
    platform: str
    kind: str
    changed_at: int


def name_folder(platform: str) -> str:
    """The name of a platform's folder in the outbox: its own, every sign that could lead elsewhere
    replaced.
    """
    letters = (each if each.isalnum() or each in "-_." else "-" for each in platform)
    return "".join(letters).lstrip(".") or "-"


def landed(inbox: Path, kinds: Sequence[str], clock: int) -> list[Landed]:
    """The files in the inbox, in the order in which they came (kinds in their own order within one
    second). `clock`: the machine's time now; what changed a moment ago, and what is named as
    unfinished, is left to the next look.
    """
    if trust.folder_fault(inbox, is_ours=True):
        return []  # `untrusted` names it
    files = [
        file
        for folder in _folders(inbox, kinds)
        if not any(_folder_faults(folder[0], inbox))
        for file in _files(*folder, clock)
    ]
    return sorted(files, key=lambda file: (file.changed_at, kinds.index(file.kind), str(file.path)))


def strays(inbox: Path, kinds: Sequence[str]) -> list[Path]:
    """Files that are never taken in, because they do not lie in a folder of a platform and
    kind.
    """
    known = {folder for folder, *_ in _folders(inbox, kinds)}
    return sorted(
        Path(folder) / name
        for folder, _, names in os.walk(inbox)
        for name in names
        if not _is_unfinished(name) and not known & {Path(folder), Path(folder).parent}
    )


def _folders(inbox: Path, kinds: Sequence[str]) -> Iterator[tuple[Path, str | None, str, str]]:
    for folder in sorted(path for pattern in ("*/*", "*/*/*") for path in inbox.glob(pattern)):
        parts = folder.relative_to(inbox).parts
        if (
            parts[-1] in kinds
            and _is_folder(folder)
            and not set(parts) & {*DEALT_WITH}
            and trust.is_utf8(str(folder))
        ):
            yield folder, parts[0] if len(parts) == 3 else None, parts[-2], parts[-1]


def untrusted(inbox: Path, kinds: Sequence[str]) -> list[tuple[Path, Word]]:
    """The folders through which a file would be taken from elsewhere, or put elsewhere, each with
    what is wrong: the inbox, a programme's, a platform's, a kind's, and its done/ and failed/.
    """
    if why := trust.folder_fault(inbox, is_ours=True):
        return [(inbox, why)]
    faults = {
        each: why
        for folder, *_ in _folders(inbox, kinds)
        for each, why in _folder_faults(folder, inbox)
    }
    return [*faults.items()]


def _folder_faults(folder: Path, inbox: Path) -> Iterator[tuple[Path, Word]]:
    """A sender may own the folders down to the kind's; what is put away is ours."""
    for each in trust.above(folder, inbox):
        if why := trust.folder_fault(each, is_ours=False):
            yield each, why
            return
    for name in DEALT_WITH:
        if why := trust.folder_fault(folder / name, is_ours=True):
            yield folder / name, why


def refused(inbox: Path, kinds: Sequence[str]) -> list[tuple[Path, Word]]:
    """The files that lie where files are taken in and are not read, each with the reason."""
    return [
        (path, why)
        for folder, *_ in _folders(inbox, kinds)
        if _is_open(folder) and not any(_folder_faults(folder, inbox))
        for path in sorted(folder.iterdir())
        if not _is_unfinished(path.name) and (path.is_symlink() or not path.is_dir())
        if (why := trust.file_fault(path))
    ]


def unreadable(inbox: Path, kinds: Sequence[str]) -> list[Path]:
    """The folders that cannot be looked into: the inbox itself, a programme's, a platform's, a
    kind's.
    """
    if not _is_open(inbox):
        return [inbox] if _is_folder(inbox) else []
    above = [
        path
        for pattern in ("*", "*/*")
        for path in sorted(inbox.glob(pattern))
        if not set(path.parts) & {*DEALT_WITH} and _is_folder(path)
    ]
    folders = [*above, *(folder for folder, *_ in _folders(inbox, kinds))]
    return [folder for folder in dict.fromkeys(folders) if not _is_open(folder)]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a folder above may be listed, but not entered: `unreadable` names that one
        return False


def _is_open(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _files(
    folder: Path, programme: str | None, platform: str, kind: str, clock: int
) -> Iterator[Landed]:
    if not _is_open(folder):
        return  # `unreadable` names it
    for entry in os.scandir(folder):
        if not entry.is_file(follow_symlinks=False) or _is_unfinished(entry.name):
            continue
        if trust.file_fault(folder / entry.name):
            continue  # `refused` names it
        try:
            changed_at = int(entry.stat(follow_symlinks=False).st_mtime)
        except OSError:  # it went while we looked, or leads nowhere
            continue
        if abs(clock - changed_at) >= SETTLED_SECONDS:
            yield Landed(folder / entry.name, programme, platform, kind, changed_at)


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") or name.casefold().endswith(UNFINISHED)


def put_away(file: Path, outcome: str, summary: dict[str, Any], *, is_repeat: bool = False) -> Path:
    """Move a file into done/ or failed/ beside it, its summary `NAME.json` first; an earlier file
    of the same name stays, this one is numbered. An identity in its name goes. Of a repeat a
    summary that stands there without its file stays too: a killed look wrote it, and it says more.
    Raises `VoucherError`: untrusted_folder, unwritable_file.
    """
    folder = file.parent / outcome
    trust.require_folder(folder, is_ours=True)
    target = _free(folder, file)
    note = target.with_name(f"{target.name}.json")
    try:
        if not (is_repeat and note.exists()):
            write(note, json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
        file.replace(target)
    except OSError as error:
        raise whole_files.unwritable(target, error) from error
    return target


def _free(folder: Path, file: Path) -> Path:
    name = file.with_name(identities.hide(file.name))
    target, number = folder / name.name, 1
    while os.path.lexists(target):
        number += 1
        target = folder / f"{name.stem}-{number}{name.suffix}"
    return target


def write(path: Path, text: str) -> None:
    """A file that appears whole or not at all, and stays after a power cut. Raises `VoucherError`
    unwritable_file.
    """
    with whole_files.draft_file(path) as draft:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_files.create(draft) as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def append(path: Path, record: dict[str, Any]) -> None:
    """One JSON line more. Raises `VoucherError` unwritable_file."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    except OSError as error:
        raise whole_files.unwritable(path, error) from error
