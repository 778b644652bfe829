"""Large files by set: the rows that are plainly lawful are proved so by columns, every other row
goes to the judge.

The proof is conservative: a row is taken without the judge only if it is known to pass everything
the law asks of it, by itself and beside every other row. So the law stands once, in rules/ and in
the judge's SQL; here it is only ever confirmed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vouchercli.ops.intake.kinds import Desk

BYTES = 8 << 20  # from this size on a file is large


def goes_by_columns(desk: Desk) -> bool:
    """Whether the file is worth it, can be read by columns, and the libraries for that (the extra
    `parquet`) are installed.
    """
    text = desk.reading.text
    # Within a transaction of the caller's, rows may stand that the proof's own connection cannot
    # see.
    is_ours = str(desk.session.path) != ":memory:" and not desk.session.joins
    return (
        text is not None
        and text.packed >= BYTES
        and is_ours
        and find_spec("polars") is not None
        and find_spec("numpy") is not None
        and desk.reading.plan.is_columnar
    )
