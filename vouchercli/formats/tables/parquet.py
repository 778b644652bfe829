"""Parquet as text: written out once as CSV, so that it is read like any CSV, by rows or by
columns.
"""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.tables import foreign
from vouchercli.formats.tables.archives import Blob, kept_in, private_file

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

MAGIC = b"PAR1"
DELIMITER = ","
LOCAL, WITH_ZONE = "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"


def as_text(blob: Blob, path: Path | None) -> Blob:
    """The table as UTF-8 CSV (by `DELIMITER`) in a file of its own that vanishes with it; line 1 is
    the header. `path` is the file itself, read in pieces; without it (standard input, an archive)
    the bytes are held.

    Times without a zone are local, with one they become UTC; numbers are written as they are.
    Raises `VoucherError`: parquet_not_installed, bad_parquet, reader_failed.
    """
    if find_spec("polars") is None:
        raise VoucherError(
            "parquet_not_installed",
            "{file} is a Parquet file, and what reads it is not installed",
            hint="ask for the file as CSV; or, where it can be had: pip install polars",
            where=blob.name,
            file=blob.name,
        )
    import polars as pl  # takes a third of a second: only when a Parquet file comes

    file, text = private_file()
    try:
        with foreign.reading(blob.name):
            table = pl.scan_parquet(path or _read_all(blob))
            table.select(
                _as_written(name, kind) for name, kind in table.collect_schema().items()
            ).sink_csv(text, separator=DELIMITER)
    except pl.exceptions.PolarsError as error:
        raise VoucherError(
            "bad_parquet",
            "{file} cannot be read as Parquet: {why}",
            hint="ask for it again, or for CSV",
            where=blob.name,
            file=blob.name,
            why=str(error).splitlines()[0],
        ) from error
    return kept_in(file, text, blob.name)


def _read_all(blob: Blob) -> BytesIO:
    with blob.open() as stream:
        return BytesIO(stream.read())


def _as_written(name: str, kind: pl.DataType) -> pl.Expr:
    import polars as pl  # loaded by now

    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return (
            column.dt.strftime(LOCAL)
            if kind.time_zone is None
            else column.dt.convert_time_zone("UTC").dt.strftime(WITH_ZONE)
        )
    if isinstance(kind, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    if isinstance(kind, pl.Decimal) and kind.scale > 2:  # 45.1000 is 45.10, which is clean
        return column.cast(pl.String).str.replace(r"(\.\d\d\d*?)0+$", "$1")
    if kind.is_nested() or kind in (
        pl.Binary,
        pl.Duration,
        pl.Object,
    ):  # nothing that a field is read from
        return pl.lit(None, pl.String).alias(name)
    return column.fill_nan(None) if kind.is_float() else column  # no number is a blank
