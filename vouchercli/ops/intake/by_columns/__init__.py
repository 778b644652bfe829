"""Large files by set: the rows that are clearly lawful are proved so by columns, every other row is
judged one by one.

The proof is conservative: a row is accepted without being judged only if it is known to pass every
rule, by itself and beside every other row. So each rule is written once, in rules/ and in
store/judging.py; here it is only confirmed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from vouchercli.ops.intake import mending

if TYPE_CHECKING:
    from vouchercli.ops.intake.kinds import Intake

# From this size on a file is large: 15,000 to 20,000 rows, where the columns begin to win.
BYTES = 2 << 20
ROWS = 15_000  # of a sheet


def is_large(intake: Intake) -> bool:
    """Whether the file is a large text, or a large sheet."""
    text = intake.reading.text
    return intake.reading.height >= ROWS if text is None else text.packed >= BYTES


def is_installed() -> bool:
    """Whether the libraries are there: they are wherever they have wheels."""
    return find_spec("polars") is not None and find_spec("numpy") is not None


def goes_by_columns(intake: Intake) -> bool:
    """Whether the file is worth it, can be read by columns, and the libraries for that are
    installed.
    """
    # Within a transaction of the caller's, there may be rows that the proof's own connection cannot
    # see.
    is_ours = str(intake.session.path) != ":memory:" and not intake.session.joins
    return (
        is_large(intake)
        and is_ours
        and is_installed()
        and intake.reading.plan.is_columnar
        and mending.position(intake.reading) is None  # rejects come back row by row
        and intake.reading.as_lines() is not None
    )
