"""The one table inside a gzip or zip file: nothing is unpacked beside it, the unpacked size is
limited, and paths inside the archive are not used.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchercli.formats.configs.profiles import EntryChoice

# where a file without a name can be opened again, each time from its beginning
NAMELESS = Path("/proc/self/fd")
MAX_BYTES = 1 << 36  # 64 GiB unpacked: no platform file is larger
MAX_RATIO = 300  # CSV shrinks 10- to 50-fold; a bomb a thousand-fold
HARMLESS_BYTES = 200 << 20  # below this no ratio is dangerous
GZIP_MAGIC, ZIP_MAGIC, EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
WORKBOOK_ENTRIES = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
NOT_TABLES = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Blob:
    """Bytes that can be read from the beginning again and again. `name` is for messages, `packed`
    the size on disk, `share` is the part of it that the latest reading has read (None: not
    known).
    """

    name: str
    open: Callable[[], BinaryIO]
    packed: int
    share: Callable[[], float | None] = lambda: None


def unpack(blob: Blob, choices: Sequence[EntryChoice] = ()) -> Blob:
    """The table inside `blob`, or `blob` itself when it is no archive (an .xlsx is none).

    Raises `VoucherError`: bad_archive, archive_locked, archive_bomb, archive_climbs, no_entry,
    several_entries.
    """
    for _ in range(3):  # a zip of a gzip is met; deeper nesting is not
        with blob.open() as stream:
            head = stream.read(4)
        if head[:2] == GZIP_MAGIC:
            blob = Blob(blob.name.removesuffix(".gz"), _gunzip(blob), blob.packed)
        elif head in (ZIP_MAGIC, EMPTY_ZIP) and not _is_workbook(blob := _seekable(blob)):
            blob = _entry(blob, choices)
        else:
            return blob
    return blob


def spool(stream: IO[bytes], name: str, largest: int = MAX_BYTES) -> Blob:
    """The content of `stream` in a temporary file, which is deleted when the blob is no longer
    used. Raises `VoucherError` file_too_large.
    """
    file, path = private_file()
    size = 0
    while piece := stream.read(1 << 20):
        size += len(piece)
        whole_files.refuse_large(name, size, largest)
        file.write(piece)
    file.flush()
    return kept_in(file, path, name)


def private_file() -> tuple[IO[bytes], Path]:
    """A temporary file and the path it can be opened by while it is held. It may hold identities:
    where the system can, it has no name, so that not even a killed process leaves it behind; else a
    name of its own and mode 0600.
    """
    if NAMELESS.is_dir():
        file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the blob that is made of it
        return file, NAMELESS / str(file.fileno())
    file = tempfile.NamedTemporaryFile(prefix="voucher-")  # noqa: SIM115
    return file, Path(file.name)


def kept_in(file: IO[bytes], path: Path, name: str) -> Blob:
    """The blob of a `private_file`: it holds the file for as long as it lives."""
    return blob_of(path, name, os.fstat(file.fileno()).st_size, file)


def blob_of(path: Path, name: str, size: int, held: IO[bytes] | None = None) -> Blob:
    """The blob of a file; `held` keeps a nameless one open."""
    last: list[BinaryIO] = []

    def open_again() -> BinaryIO:
        # whoever can open it holds it: else its number would be another file's
        assert held is None or not held.closed
        # two threads may open at once: each returns the stream it opened, not the last one
        stream = path.open("rb")
        last[:] = [stream]
        return stream

    def share() -> float | None:
        for stream in last:
            if size and not stream.closed:
                return stream.tell() / size
        return None

    return Blob(name, open_again, size, share)


def _seekable(blob: Blob) -> Blob:
    """A zip is read from its end: one that lies inside another archive is put into a file of its
    own.
    """
    with blob.open() as stream:
        return blob if stream.seekable() else spool(stream, blob.name)


class _Measured(io.RawIOBase):
    """A decompressing stream that stops when it gives far more than went in, and names what is
    damaged.
    """

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, blob: Blob) -> None:
        self._stream, self._blob, self._given = stream, blob, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        try:
            piece = self._stream.read(len(view))
        except (
            OSError,
            EOFError,
            zlib.error,
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise _damaged_archive(self._blob.name, error) from error
        self._given += len(piece)
        if self._given > MAX_BYTES or (
            self._given > HARMLESS_BYTES and self._given > MAX_RATIO * max(self._blob.packed, 1)
        ):
            raise VoucherError(
                "archive_bomb",
                "{file} unpacks to more data than any table holds",
                hint="ask for the file again, or unpack it yourself",
                file=self._blob.name,
            )
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _damaged_archive(name: str, error: Exception) -> VoucherError:
    return VoucherError(
        "bad_archive",
        "{file} is damaged or cut off: {why}",
        hint="ask for the file again",
        file=name,
        why=str(error),
    )


def _gunzip(blob: Blob) -> Callable[[], BinaryIO]:
    def open_stream() -> BinaryIO:
        return io.BufferedReader(_Measured(gzip.GzipFile(fileobj=blob.open()), blob), 1 << 18)

    return open_stream


def _list_entries(blob: Blob) -> list[zipfile.ZipInfo]:
    try:
        with blob.open() as stream, zipfile.ZipFile(stream) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged_archive(blob.name, error) from error


def _is_workbook(blob: Blob) -> bool:
    return any(info.filename in WORKBOOK_ENTRIES for info in _list_entries(blob))


def _entry(blob: Blob, choices: Sequence[EntryChoice]) -> Blob:
    """The one entry that is the table."""
    infos = {entry_name(info): info for info in _list_entries(blob) if not info.is_dir()}
    for name in infos:
        if (
            name.startswith(("/", "\\"))
            or ".." in PurePosixPath(name.replace("\\", "/")).parts
            or name[1:2] == ":"
        ):
            raise VoucherError(
                "archive_climbs",
                "{file} holds an entry that points outside its folder: {entry}",
                hint="do not open it; ask the sender",
                file=blob.name,
                entry=name,
            )
    tables = [name for name in infos if not any(part in name for part in NOT_TABLES)]
    chosen = _choose_entries(tables, choices) if len(tables) > 1 else tables
    if len(chosen) != 1:
        raise _unclear(blob.name, chosen, tables or list(infos))
    info = infos[chosen[0]]
    if info.flag_bits & 1:
        raise VoucherError(
            "archive_locked",
            "{file} is locked with a password",
            hint="unpack it, then import what is inside",
            file=blob.name,
        )
    return Blob(f"{blob.name}/{chosen[0]}", _unzip(blob, info), info.compress_size)


def _unclear(name: str, chosen: list[str], entries: list[str]) -> VoucherError:
    hint = "unpack it and import the right one, or choose with archive: in a profile"
    if chosen:
        return VoucherError(
            "several_entries",
            "{file} holds {count} files and it is unclear which one to import: {entries}",
            hint=hint,
            file=name,
            count=len(chosen),
            entries=", ".join(chosen),
        )
    return VoucherError(
        "no_entry",
        "{file} holds no file that can be imported: {entries}",
        hint=hint,
        file=name,
        entries=", ".join(entries),
    )


def _choose_entries(tables: list[str], choices: Sequence[EntryChoice]) -> list[str]:
    """The entries that one of the profiles takes and does not skip; all of them when no profile
    says anything.
    """
    entries: dict[str, None] = {}
    for choice in choices:
        chosen = [
            name
            for name in tables
            if re.search(choice.take, name) and not (choice.skip and re.search(choice.skip, name))
        ]
        if len(chosen) < len(tables):
            entries |= dict.fromkeys(chosen)
    return list(entries) or tables


def _unzip(blob: Blob, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    def open_stream() -> BinaryIO:
        try:
            stream = zipfile.ZipFile(blob.open()).open(info)  # noqa: SIM115 - closed with the entry
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            raise _damaged_archive(blob.name, error) from error
        return io.BufferedReader(
            _Measured(stream, Blob(blob.name, blob.open, info.compress_size)), 1 << 18
        )

    return open_stream


def entry_name(info: zipfile.ZipInfo) -> str:
    """The entry's name as it was meant: without the UTF-8 flag it is UTF-8 or GBK, which zipfile
    reads as cp437.
    """
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename
