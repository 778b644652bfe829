"""Rejects on their way out and back: our export says of each row which reject it is, so that the
reject is closed when its row comes in right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vouchercli.formats.tables.cells import column_key, id_text
from vouchercli.formats.tables.headers import REJECT_COLUMNS
from vouchercli.store import mended_rejects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vouchercli.formats.tables.records import Reading, Record
    from vouchercli.ops.intake.kinds import Intake
    from vouchercli.store.batches import Batch

# Words, so that no spreadsheet takes it for a number, a date or a time.
ROW = re.compile(r"batch (\d{1,15}) line (\d{1,15}) ([0-9a-f]{8})", re.IGNORECASE)
COLUMN = column_key(REJECT_COLUMNS[-1])


def name_row(batch: Batch, line: int) -> str:
    """What our export says of a reject: its batch and line, and whose batch that is."""
    return f"batch {batch.batch} line {line} {batch.sha256[:8]}"


def position(reading: Reading) -> int | None:
    """Where the file says which reject each row is; None: it is no export of ours, or an old
    one.
    """
    keys = [column_key(name) for name in reading.header]
    return keys.index(COLUMN) if COLUMN in keys else None


def watch(intake: Intake, records: Iterable[Record]) -> Iterable[Record]:
    """The records as they stream, with a note of those that are rejects come back."""
    place = position(intake.reading)
    return records if place is None else _watch(intake, records, place)


def _watch(intake: Intake, records: Iterable[Record], place: int) -> Iterator[Record]:
    for record in records:
        if place < len(record.cells) and (found := ROW.fullmatch(id_text(record.cells[place]))):
            batch, line, sha256 = found.groups()
            intake.come_back.append((record.line, int(batch), int(line), sha256.lower()))
        yield record


def keep(intake: Intake) -> None:
    """Keep which rows of the chunk at hand are rejects come back."""
    mended_rejects.note(
        intake.db,
        [
            {
                "batch": intake.batch_id,
                "line": line,
                "of_batch": of_batch,
                "of_line": of_line,
                "sha256": sha256,
            }
            for line, of_batch, of_line, sha256 in intake.come_back
        ],
    )
    intake.come_back.clear()
