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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    files = [file for folder in _folders(inbox, kinds) for file in _files(*folder, clock)]
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
        if parts[-1] in kinds and _is_folder(folder) and not set(parts) & {*DEALT_WITH}:
            yield folder, parts[0] if len(parts) == 3 else None, parts[-2], parts[-1]


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
        if entry.is_dir() or _is_unfinished(entry.name):
            continue
        try:
            changed_at = int(entry.stat().st_mtime)
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
    Raises `VoucherError` unwritable_file.
    """
    folder = file.parent / outcome
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
    while target.exists():
        number += 1
        target = folder / f"{name.stem}-{number}{name.suffix}"
    return target


def write(path: Path, text: str) -> None:
    """A file that appears whole or not at all, and stays after a power cut. Raises `VoucherError`
    unwritable_file.
    """
    with whole_files.draft_file(path) as draft:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
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
