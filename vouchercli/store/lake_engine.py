"""The engine that is always there: polars, in this process, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from vouchercli.rules.lake import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    Columns = Mapping[str, str]
    Rows = Sequence[Sequence[Any]]
    Parts = Mapping[str, Sequence[Path]]  # by city


def _schema(columns: Columns) -> dict[str, Any]:
    return {name: pl.String if kind == TEXT else pl.Int64 for name, kind in columns.items()}


class Local:
    """Answers questions in SQL about the files of a lake and small tables beside them; memory holds
    groups, not files, and of what is asked city by city those of one city. Raises `OSError`,
    `ValueError` where a file is not what it should be.
    """

    def __init__(self, lake: str) -> None:
        self.lake = lake
        self._files: dict[str, tuple[Columns, Parts]] = {}
        self._rows: dict[str, pl.LazyFrame] = {}

    def files(self, table: str, columns: Columns, parts: Parts) -> None:
        """A table is made of exactly these files, by city."""
        self._files[table] = columns, parts

    def rows(self, table: str, columns: Columns, rows: Rows) -> None:
        """A small table that stands beside."""
        self._rows[table] = pl.LazyFrame(rows, schema=_schema(columns), orient="row")

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        return self._answer(statement, None)

    def ask_apart(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """The rows of an answer whose rows are each of one city: one city after the other, as they
        are taken.
        """
        for city in sorted({city for _, parts in self._files.values() for city in parts}):
            yield from self._answer(statement, city)

    def _answer(self, statement: str, city: str | None) -> list[tuple[Any, ...]]:
        try:
            answer = pl.SQLContext(self._tables(city)).execute(statement)
            return answer.collect(engine="streaming").rows()
        except pl.exceptions.PolarsError as error:
            raise ValueError(str(error)) from error

    def _tables(self, city: str | None) -> dict[str, pl.LazyFrame]:
        """Every table, with the files of a city alone (None: of all)."""
        tables = {**self._rows}
        for table, (columns, parts) in self._files.items():
            paths = [each for name, some in parts.items() if city in (None, name) for each in some]
            empty = pl.LazyFrame(schema=_schema(columns))
            tables[table] = pl.scan_parquet(paths) if paths else empty
        return tables

    def close(self) -> None:
        """Nothing is left open."""
        self._files.clear()
        self._rows.clear()
