"""The engine that is always there: polars, in this process, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from vouchercli.rules.lake import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Columns = Mapping[str, str]
    Rows = Sequence[Sequence[Any]]


def _schema(columns: Columns) -> dict[str, Any]:
    return {name: pl.String if kind == TEXT else pl.Int64 for name, kind in columns.items()}


class Local:
    """Answers questions in SQL about the files of a lake and small tables beside them; memory holds
    groups, not files. Raises `OSError`, `ValueError` where a file is not what it should be.
    """

    def __init__(self) -> None:
        self._frames: dict[str, pl.LazyFrame] = {}

    def files(self, table: str, columns: Columns, paths: Sequence[Path]) -> None:
        """A table is made of exactly these files."""
        empty = pl.LazyFrame(schema=_schema(columns))
        self._frames[table] = pl.scan_parquet([*paths]) if paths else empty

    def rows(self, table: str, columns: Columns, rows: Rows) -> None:
        """A small table that stands beside."""
        self._frames[table] = pl.LazyFrame(rows, schema=_schema(columns), orient="row")

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        try:
            answer = pl.SQLContext(self._frames).execute(statement)
            return answer.collect(engine="streaming").rows()
        except pl.exceptions.PolarsError as error:
            raise ValueError(str(error)) from error

    def close(self) -> None:
        """Nothing is left open."""
        self._frames.clear()
