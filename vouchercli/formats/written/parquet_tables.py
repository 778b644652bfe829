"""Tables as Parquet: numbers as decimals, days and times as such, not as text. Counts are decimals
too: a whole number that is missing in a row makes pandas, and what reads through it, take floats.
"""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vouchercli.publications import Field

DIGITS = 18  # of a decimal


def written(
    fields: Sequence[Field], rows: Sequence[Sequence[Any]], decimals: Mapping[str, int]
) -> bytes:
    """The rows as a Parquet file; `decimals` are those of each shape that has any. Raises
    `VoucherError` library_missing.
    """
    try:
        import polars as pl  # only for this form
    except ImportError as error:
        raise VoucherError(
            "library_missing",
            "Parquet needs polars, which is not installed here",
            hint="pip install polars; or --format csv",
        ) from error
    types: dict[str, Any] = {"day": pl.Date, "time": pl.Datetime("ms")}
    types |= {shape: pl.Decimal(DIGITS, each) for shape, each in decimals.items()}
    read = {"day": date.fromisoformat, "time": datetime.fromisoformat}
    columns = []
    for place, field in enumerate(fields):
        values = [row[place] for row in rows]
        if field.shape in read:
            values = [each and read[field.shape](each) for each in values]
        columns.append(pl.Series(field.name, values, types.get(field.shape, pl.String)))
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()
