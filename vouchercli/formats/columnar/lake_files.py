"""Files of a lake: Parquet (zstd) with an explicit schema, written aside and put in place whole."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from vouchercli.formats import whole_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    Rows = Iterable[Sequence[Any]]

AT_ONCE = 100_000  # rows that become a frame together
GROUP = 250_000  # rows of a row group


class Lookup(NamedTuple):
    """What stands for a number in rows: `columns` in its place, by number."""

    number: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]

    def frame(self) -> pl.DataFrame:
        """The same as a frame."""
        schema = {self.number: pl.Int64, **dict.fromkeys(self.columns, pl.String)}
        return pl.DataFrame(self.rows, schema, orient="row")


class Written(NamedTuple):
    """A file that was written: its rows, its sums, its bytes, its digest."""

    rows: int
    sums: dict[str, int]
    bytes: int
    sha256: str


def schema(columns: Mapping[str, str]) -> dict[str, Any]:
    """Columns as Parquet has them: texts, else 64-bit whole numbers."""
    return {name: pl.String if kind == "text" else pl.Int64 for name, kind in columns.items()}


class Draft:
    """A file that is written lot by lot beside its place; memory holds one lot. `lead` are values
    that are the same in all rows.
    """

    def __init__(self, path: Path, columns: Mapping[str, str], lead: Mapping[str, Any]) -> None:
        self.path, self._columns, self._lead = path, columns, dict(lead)
        self._summed = [name for name, kind in columns.items() if kind == "sum"]
        self._sums = dict.fromkeys(self._summed, 0)
        self._rows = 0
        self._parts = path.with_name(f".{path.name}{whole_files.mark()}.parts")
        self._draft = path.with_name(f".{path.name}{whole_files.mark()}.part")

    def add(
        self,
        names: Sequence[str],
        rows: Rows,
        lookups: Sequence[Lookup] = (),
        **lead: Any,
    ) -> None:
        """Add rows with these columns; `lead` says more of all of them. Raises `OSError`."""
        frames = [each.frame() for each in lookups]
        for lot in _lots(rows):
            columns = [*zip(*lot, strict=True)]
            found = {each.number for each in lookups}
            types = {**schema(self._columns), **dict.fromkeys(found, pl.Int64)}
            frame = pl.DataFrame(
                [
                    pl.Series(name, values, types[name])
                    for name, values in zip(names, columns, strict=True)
                ]
            )
            for each, table in zip(lookups, frames, strict=True):
                frame = frame.join(table, on=each.number, how="left", maintain_order="left")
            self._write(frame.with_columns(**_literals({**self._lead, **lead}, self._columns)))

    def _write(self, frame: pl.DataFrame) -> None:
        frame = frame.select([*self._columns])
        for name in self._summed:
            self._sums[name] += int(frame[name].sum())
        self._parts.mkdir(parents=True, exist_ok=True)
        number = self._rows
        frame.write_parquet(self._parts / f"{number:012d}.parquet", compression="lz4")
        self._rows += frame.height

    def put(self) -> Written:
        """Put the file in its place, whole. Raises `OSError`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._draft.unlink(missing_ok=True)
        if self._rows:
            parts = pl.scan_parquet(sorted(self._parts.glob("*.parquet")))
            parts.sink_parquet(self._draft, compression="zstd", row_group_size=GROUP)
        else:
            pl.DataFrame(schema=schema(self._columns)).write_parquet(self._draft)
        whole_files.sync(self._draft)
        size, sha256 = digest(self._draft)
        self._draft.replace(self.path)
        whole_files.sync(self.path.parent)
        return Written(self._rows, self._sums, size, sha256)

    def drop(self) -> None:
        """Take away what was written aside."""
        shutil.rmtree(self._parts, ignore_errors=True)
        self._draft.unlink(missing_ok=True)


def _lots(rows: Rows) -> Iterator[list[Sequence[Any]]]:
    lot: list[Sequence[Any]] = []
    for row in rows:
        lot.append(row)
        if len(lot) == AT_ONCE:
            yield lot
            lot = []
    if lot:
        yield lot


def _literals(lead: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    types = schema(columns)
    return {name: pl.lit(value, types[name]) for name, value in lead.items()}


def digest(path: Path) -> tuple[int, str]:
    """The bytes of a file and its SHA-256, in hexadecimal. Raises `OSError`."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), sha256


def sweep(folder: Path) -> None:
    """Take away what writers that were killed have left below a folder."""
    for draft in whole_files.orphans(folder.rglob(".*.part*")):
        shutil.rmtree(draft, ignore_errors=True) if draft.is_dir() else draft.unlink(True)


def measured(path: Path, columns: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """The rows and the sums of a file. Raises `OSError`, `ValueError` where it is none with these
    columns.
    """
    try:
        frame = pl.scan_parquet(path)
        if dict(frame.collect_schema()) != schema(columns):
            raise ValueError
        names = [name for name, kind in columns.items() if kind == "sum"]
        found = frame.select(pl.len().alias("rows"), *(pl.col(each).sum() for each in names))
        row = found.collect(engine="streaming").row(0, named=True)
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error)) from error
    return int(row.pop("rows")), {name: int(value) for name, value in row.items()}


def booked_sums(paths: Sequence[Path], names: Sequence[str]) -> dict[int, dict[str, int]]:
    """Sums of files by the day on which they were booked."""
    if not paths:
        return {}
    found = pl.scan_parquet([*paths]).group_by("booked_on").agg(pl.col(*names).sum())
    return {
        row.pop("booked_on"): row for row in found.collect(engine="streaming").iter_rows(named=True)
    }


def rows(paths: Sequence[Path], order: Sequence[str]) -> list[dict[str, Any]]:
    """All rows of small files."""
    return pl.scan_parquet([*paths]).sort(order).collect().to_dicts() if paths else []
