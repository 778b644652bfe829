"""Parquet as text: written out once as CSV, so that it goes every way that a CSV goes, also the fast one."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from vouchercli.errors import VoucherError
from vouchercli.formats.archives import Blob

if TYPE_CHECKING:
    import polars as pl

MAGIC = b"PAR1"
LOCAL, WITH_ZONE = "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"


def as_text(blob: Blob) -> Blob:
    """The table as UTF-8 CSV in a file of its own that vanishes with it; line 1 is the header.

    Times without a zone are local, with one they become UTC; numbers are written as they are. Raises `VoucherError`:
    parquet_not_installed, bad_parquet.
    """
    if find_spec("polars") is None:
        raise VoucherError("parquet_not_installed", "{file} is a Parquet file, and what reads it is not installed",
                           hint="pip install 'vouchercli[parquet]', or ask for the file as CSV", where=blob.name, file=blob.name)
    import polars as pl

    text = tempfile.NamedTemporaryFile(prefix="voucher-", suffix=".csv")  # noqa: SIM115  (it lives as long as the blob; mode 0600)
    try:
        table = pl.scan_parquet(_source(blob))
        table.select(_written(name, kind) for name, kind in table.collect_schema().items()).sink_csv(text.name)
    except pl.exceptions.PolarsError as error:
        raise VoucherError("bad_parquet", "{file} cannot be read as Parquet: {why}", hint="ask for it again, or for CSV",
                           where=blob.name, file=blob.name, why=str(error).splitlines()[0]) from error
    last: list[BinaryIO] = []

    def opened() -> BinaryIO:
        last[:] = [open(text.name, "rb")]  # noqa: PTH123, SIM115  (`text` itself is kept alive here)
        return last[0]

    size = Path(text.name).stat().st_size
    return Blob(blob.name, opened, size, lambda: last[0].tell() / size if last and size and not last[0].closed else None)


def _source(blob: Blob) -> Any:
    """A file on the disk is read in pieces; what lies in an archive is held."""
    if Path(blob.name).is_file():
        with Path(blob.name).open("rb") as stream:
            if stream.read(4) == MAGIC:
                return blob.name
    with blob.open() as stream:
        return BytesIO(stream.read())


def _written(name: str, kind: pl.DataType) -> pl.Expr:
    import polars as pl

    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return column.dt.strftime(LOCAL) if kind.time_zone is None else column.dt.convert_time_zone("UTC").dt.strftime(WITH_ZONE)
    if isinstance(kind, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    return column
