"""Rows of several sheets that are read as one file are numbered through: a sheet's number of
`SHEET` lines stands before its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHEET = 10_000_000  # more lines than any sheet has


def where(file: str, line: int, names: Sequence[str]) -> str:
    """`file:line`, or `file:sheet:line` where several sheets were read as one file."""
    if not names:
        return f"{file}:{line}"
    return f"{file}:{names[line // SHEET]}:{line % SHEET}"
