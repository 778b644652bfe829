"""A file in pieces that are committed one by one. Where a piece ends depends on the line numbers,
on how many rows are left to be judged and on who waits to write; a file comes to the same wherever
it is cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.intake.kinds import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.tables.records import Reading, Record

# a block; a multiple of it ends each block but the last
LINES = 50_000
# Rows that are judged one by one come in smaller chunks, of about a second: whoever wants to write
# waits for the chunk at hand
ROWS = 10_000
# Proved rows come in chunks of eight blocks: they mostly touch the same pages, which are then
# written once. A chunk also ends where more rows are left to be judged than can be judged in a
# second, and with the block at hand when somebody waits to write.
TOGETHER = 8
LEFT_TO_JUDGE = 10_000


def end_of(line: int) -> int:
    """The last line of the block that `line` belongs to."""
    return -(-line // LINES) * LINES


def end_of_rows(line: int) -> int:
    """The last line of the chunk that `line` belongs to, where rows are judged one by one."""
    return -(-line // _rows()) * _rows()


def _rows() -> int:
    return min(LINES, ROWS)


def are_many_left(left: int, rows: int) -> bool:
    """Whether so many rows of a block are left to be judged that the next one should be small."""
    return 5 * left > rows


def is_border(line: int) -> bool:
    """Whether a chunk of proved rows ends with the block that ends at `line`."""
    return line // LINES % TOGETHER == 0


def chunks(reading: Reading, after_line: int, *, is_cut: bool) -> Iterator[Chunk]:
    """The file's chunks behind `after_line`; one, unless it `is_cut`. A file whose last lines can
    refuse it as a whole is read to its end before anything of it is kept, when it is longer than a
    chunk.
    """
    if is_cut and not reading.may_be_cut and after_line == 0:
        is_cut = reading.has_lines(_rows())
        if is_cut:
            reading.check()
    records = iter(reading.records())
    head = next((record for record in records if record.line > after_line), None)
    is_first = after_line == 0
    if head is None and not is_first:  # killed between its last chunk and its end
        return
    while True:
        last_line = end_of_rows(head.line) if head and is_cut else 1 << 62
        chunk = Chunk(last_line, (), is_first=is_first)
        is_first = False

        def rows(chunk: Chunk = chunk) -> Iterator[Record]:
            nonlocal head
            while head is not None and head.line <= chunk.last_line:
                chunk.seen = head.line
                yield head
                head = next(records, None)
            if head is None:
                chunk.is_last, chunk.last_line = True, chunk.seen or after_line
            chunk.share = reading.share_read()

        chunk.records = rows()
        yield chunk
        assert next(iter(chunk.records), None) is None, (
            "a chunk is read to its end before the next one"
        )
        if chunk.is_last:
            return
