"""A new folder of many files, each written as it is made, that appears whole or not at all; its
manifest can be proved without a program of ours.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.written import trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

MANIFEST, SUMS = "MANIFEST.json", "MANIFEST.sha256"
AT_ONCE = 2_000  # rows that are written together


class Written(NamedTuple):
    """A file of a package: its name in it, its bytes and their SHA-256, the rows of a table."""

    name: str
    bytes: int
    sha256: str
    rows: int | None


class _Counted:
    """A file that is written and, on the way, counted and summed (None: only that)."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file, self._sum, self.bytes = file, sha256(), 0

    def write(self, content: bytes) -> None:
        self._sum.update(content)
        self.bytes += len(content)
        if self._file is not None:
            self._file.write(content)

    def hexdigest(self) -> str:
        return self._sum.hexdigest()


class Package:
    """A package that is being written (`draft` None: nothing is, as of a dry run). `watch` is told
    the name of each file as it begins.
    """

    def __init__(self, draft: Path | None, watch: Callable[[str], None]) -> None:
        self._draft, self._watch = draft, watch
        self.files: list[Written] = []

    def write(self, name: str, content: bytes) -> None:
        """A file, whole."""
        self._write(name, iter((content,)), None)

    def write_lines(self, name: str, lines: Iterable[str]) -> None:
        """A text line by line; they bring their own ends."""
        counted = _Rows(lines)
        blocks = iter(lambda: "".join(islice(counted, AT_ONCE)).encode(), b"")
        self._write(name, blocks, counted)

    def write_table(self, name: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table as CSV, row by row."""
        counted = _Rows(rows)
        self._write(name, _csv(head, counted), counted)

    def _write(self, name: str, blocks: Iterator[bytes], counted: _Rows | None) -> None:
        self._watch(name)
        if self._draft is None:
            self._keep(name, _poured(blocks, _Counted(None)), counted)
            return
        path = self._draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_files.create(path) as file:
            poured = _poured(blocks, _Counted(file))
            file.flush()
            os.fsync(file.fileno())
        self._keep(name, poured, counted)

    def _keep(self, name: str, poured: _Counted, counted: _Rows | None) -> None:
        rows = None if counted is None else counted.count
        self.files.append(Written(name, poured.bytes, poured.hexdigest(), rows))

    def seal(self, about: dict[str, object]) -> None:
        """Write the manifest, as JSON and as `sha256sum -c` reads it: the last files."""
        files = [_described(each) for each in sorted(self.files)]
        text = json.dumps({**about, "files": files}, ensure_ascii=False, indent=1) + "\n"
        self.write(MANIFEST, text.encode())
        lines = (f"{each.sha256}  {each.name}\n" for each in sorted(self.files))
        self.write(SUMS, "".join(lines).encode())


class _Rows:
    """Rows that are counted as they are read."""

    def __init__(self, rows: Iterable[object]) -> None:
        self._rows, self.count = iter(rows), 0

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> Any:
        row = next(self._rows)
        self.count += 1
        return row


def _csv(head: Sequence[str], rows: Iterable[Any]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    there = iter(rows)
    while True:
        part = [*islice(there, AT_ONCE)]
        writer.writerows(part)
        yield text.getvalue().encode("utf-8", "backslashreplace")
        if not part:
            return
        text.seek(0)
        text.truncate()


def _poured(blocks: Iterable[bytes], into: _Counted) -> _Counted:
    for block in blocks:
        into.write(block)
    return into


def _described(each: Written) -> dict[str, object]:
    about: dict[str, object] = {"file": each.name, "bytes": each.bytes, "sha256": each.sha256}
    return about if each.rows is None else {**about, "rows": each.rows}


@contextmanager
def new(path: Path, watch: Callable[[str], None], *, dry_run: bool = False) -> Iterator[Package]:
    """A package to write, put in its place when all is written: at a path where nothing is, or an
    empty folder. Raises `VoucherError` folder_in_use, untrusted_folder, unwritable_file.
    """
    path = path.absolute()
    refuse_used(path)
    if dry_run:
        yield Package(None, watch)
        return
    draft = path.with_name(f".{path.name}-{os.getpid()}.part")
    try:
        _sweep(path)
        draft.mkdir(0o700, parents=True)
        yield Package(draft, watch)
        refuse_used(path)  # it took a while
        draft.replace(path)
    except OSError as error:
        raise whole_files.unwritable(path, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def refuse_used(path: Path) -> None:
    """Refuse what is no folder, or holds anything. Raises `VoucherError` folder_in_use,
    untrusted_folder, unwritable_file.
    """
    trust.require_folder(path, is_ours=True)
    try:
        if not os.path.lexists(path) or not any(path.iterdir()):
            return
    except OSError as error:
        raise whole_files.unwritable(path, error) from error
    raise VoucherError(
        "folder_in_use",
        "{folder} is there and holds something",
        hint="name a new folder: a package never takes the place of another one",
        folder=str(path),
    )


def _sweep(path: Path) -> None:
    """Take away what writers that were killed have left beside it."""
    mine = re.compile(rf"\.{re.escape(path.name)}-(\d+)\.part")
    if not path.parent.is_dir():
        return
    for each in sorted(path.parent.iterdir()):
        found = mine.fullmatch(each.name)
        if found is not None and not whole_files.is_alive(int(found[1])):
            shutil.rmtree(each)
