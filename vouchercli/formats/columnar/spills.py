"""Rows that wait by day until all of them are known: in a private temporary file without a name,
so that memory holds one day and not the whole file. Numbers alone: they are not packed.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from io import BytesIO
from typing import IO, TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 400_000  # rows that are parted together


class Spill:
    """Frames with a column `day`, all of one schema, given back day by day."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Keep the rows of a frame."""
        self._waiting.append(frame)
        self._rows += frame.height
        if self._rows >= AT_ONCE:
            self._write()

    def days(self) -> list[int]:
        """The days that there are rows of, in order."""
        self._write()
        return sorted(self._places)

    def of(self, day: int) -> pl.DataFrame | None:
        """The rows of a day, in the order in which they came; None: there are none."""
        self._write()
        return pl.concat(self._read(day)) if self._places.get(day) else None

    def close(self) -> None:
        """Forget all rows."""
        self._file.close()

    def _read(self, day: int) -> Iterator[pl.DataFrame]:
        for start, size in self._places[day]:
            self._file.seek(start)
            yield pl.read_ipc(BytesIO(self._file.read(size)))

    def _write(self) -> None:
        if not self._rows:
            return
        frame, self._waiting, self._rows = pl.concat(self._waiting), [], 0
        for part in frame.partition_by("day", maintain_order=True):
            packed = BytesIO()
            part.write_ipc(packed)
            start = self._file.seek(0, 2)
            self._file.write(packed.getbuffer())
            self._places[part["day"][0]].append((start, packed.tell()))
