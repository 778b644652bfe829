"""A file in pieces that are committed one by one. Where a piece ends depends on the line numbers alone, so an import that was
killed goes on exactly as if nothing had happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.formats.layout import Reading, Record
    from vouchercli.ops.desks import Desk

LINES = 50_000  # a chunk; a multiple of it ends each chunk but the last
# A commit takes in two chunks, behind the first twenty six: they mostly touch the same pages, which are then written once.
TOGETHER, MANY, MANY_TOGETHER = 2, 20, 6


@dataclass(frozen=True)
class Taken:
    """What became of proved rows when they were written; `lines` are left to the judge."""

    accepted: int
    duplicate: int
    lines: list[int]
    warnings: int = 0


NOTHING = Taken(0, 0, [])


@dataclass
class Chunk:
    """The records up to `last_line`; `is_last` is known once they have been read. `plain` are rows that need no judge any more
    (see `Kind.bulk`), `share` how much of the file lies behind (None: not known), `end` what is to be done before the commit."""

    last_line: int
    records: Iterable[Record]
    is_first: bool = False
    is_last: bool = False
    plain: Any = None
    share: float | None = None
    end: Callable[[Desk], None] | None = None
    seen: int = 0


def end_of(line: int) -> int:
    """The last line of the chunk that `line` belongs to."""
    return -(-line // LINES) * LINES


def is_committed(line: int) -> bool:
    """Whether a chunk that ends at `line` is committed with those before it (as the last one always is)."""
    count = line // LINES
    return count % (TOGETHER if count <= MANY else MANY_TOGETHER) == 0


def chunks(reading: Reading, after_line: int, *, is_cut: bool) -> Iterator[Chunk]:
    """The file's chunks behind `after_line`; one, unless it `is_cut`. A file whose last lines can refuse it as a whole is read
    to its end before anything of it is kept, when it is longer than a chunk."""
    if is_cut and not reading.may_be_cut and after_line == 0:
        is_cut = reading.has_lines(LINES)
        if is_cut:
            reading.check()
    records = iter(reading.records())
    head = next((record for record in records if record.line > after_line), None)
    is_first = after_line == 0
    if head is None and not is_first:  # killed between its last chunk and its end
        return
    while True:
        last_line = end_of(head.line) if head and is_cut else 1 << 62
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
        assert next(iter(chunk.records), None) is None, "a chunk is read to its end before the next one"
        if chunk.is_last:
            return
