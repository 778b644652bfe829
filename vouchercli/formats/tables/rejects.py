"""Rejects on their way back to the people who can mend them: the input's own columns, and three
more that say why, and which reject the row is.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from vouchercli.formats.tables.headers import REJECT_COLUMNS
from vouchercli.formats.written import age
from vouchercli.formats.written.formulas import disarm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def write_rejects(
    target: Path | str | TextIO,
    header: Sequence[str],
    rows: Iterable[tuple[Sequence[str], str, str, str]],
    envelope: age.Envelope = age.PLAIN,
) -> int:
    """Write (cells, reason, explanation, which reject it is) under `header` as CSV that opens in a
    spreadsheet, into a file (encrypted where the `envelope` says so) or an open stream.

    UTF-8 with a byte order mark; a cell that a spreadsheet would run gets a leading ' which our
    importers take off again. The added columns are no part of the row on the way in. A row with
    more cells than columns keeps the rest behind them. The file appears whole or not at all.
    Returns the number of rows.
    """
    if not isinstance(target, (str, Path)):
        return _write(target, header, rows)
    with (
        envelope.new_file(Path(target)) as draft,
        draft.open("x", encoding="utf-8-sig", newline="") as file,
    ):
        return _write(file, header, rows)


def _write(
    file: TextIO, header: Sequence[str], rows: Iterable[tuple[Sequence[str], str, str, str]]
) -> int:
    columns = {at: name for at, name in enumerate(header) if name not in REJECT_COLUMNS}
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([disarm(name) for name in (*columns.values(), *REJECT_COLUMNS)])
    count = 0
    for cells, *added in rows:
        own = [cells[at] if at < len(cells) else "" for at in columns]
        writer.writerow([disarm(cell) for cell in (*own, *added, *cells[len(header) :])])
        count += 1
    return count
