"""Blocks of a file on their way to the ledger: they are read and proved in a thread of their own
while those before are written.

The proof reads the database before the writer holds its lock. If anyone else commits in between,
what was proved is proved again under the lock: SQLite counts the commits of others (`PRAGMA
data_version`).
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from vouchercli.formats.columnar import blocks
from vouchercli.ops.intake import chunks
from vouchercli.ops.intake.kinds import NOTHING, Chunk, Taken
from vouchercli.store import db as store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from vouchercli.formats.columnar.blocks import Block
    from vouchercli.formats.tables.records import Record
    from vouchercli.ops.intake.kinds import Desk

# blocks that are proved before they are asked for: bringing in the claims of a round then keeps
# nobody waiting
AHEAD = 3


class Prover(Protocol):
    """What is known of the database when rows are proved. One is made anew after each commit of
    others.
    """

    def prove(self, block: Block) -> Any:
        """The rows of a block that are plainly lawful, and the lines of those that are not."""

    def close(self) -> None:
        """Leave the database."""


class Writer(Protocol):
    """Writes what was proved, chunk by chunk."""

    def begin(self, desk: Desk) -> None:
        """A chunk begins."""

    def write(self, desk: Desk, found: Any) -> Taken:
        """Write the rows of one block."""

    def rest(self, desk: Desk) -> None:
        """All blocks of the chunk are written: the judge comes next."""

    def end(self, desk: Desk) -> None:
        """The chunk is about to be committed."""


@dataclass
class Proved:
    """One block, proved; `epoch` counts the commits of others that the proof knows of."""

    block: Block
    found: Any
    epoch: int


class Feed:
    """The chunks of one large file."""

    def __init__(self, desk: Desk, done: int, prover: Callable[[], Prover], writer: Writer) -> None:
        self._desk, self._done, self._make, self._writer = desk, done, prover, writer
        self._prover = prover()
        self._epoch = 0
        self._version = store.data_version(desk.db)
        self._pool = ThreadPoolExecutor(1)
        self._blocks = blocks.blocks(desk.reading, done, chunks.end_of)
        self._coming: deque[Future[Proved | None]] = deque()
        self._first: Proved | None = None  # of the chunk that comes next
        self._is_plain = True

    def __iter__(self) -> Iterator[Chunk]:
        is_first = self._done == 0
        self._coming.extend(self._pool.submit(self._next) for _ in range(AHEAD))
        try:
            while (chunk := self._begun(is_first=is_first)) is not None:
                yield chunk
                is_first, self._done = False, chunk.last_line
            if not self._is_plain:
                yield from chunks.chunks(self._desk.reading, self._done, is_cut=True)
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._prover.close()

    def _begun(self, *, is_first: bool) -> Chunk | None:
        self._first = self._proved()
        return (
            Chunk(self._first.block.last_line, (), is_first=is_first, plain=self)
            if self._first
            else None
        )

    def _next(self) -> Proved | None:
        """Read and prove one block; None behind the last one, and from where the file is not made
        of one line a row.
        """
        try:
            block = next(self._blocks, None)
        except blocks.NotPlainError:
            self._is_plain, block = False, None
        return None if block is None else Proved(block, self._prover.prove(block), self._epoch)

    def _proved(self) -> Proved | None:
        self._coming.append(self._pool.submit(self._next))
        return self._coming.popleft().result()

    def take(self, desk: Desk, chunk: Chunk) -> tuple[Taken, Iterable[Record]]:
        """Write the proved rows of the chunk, block by block."""
        self._learn(desk)
        self._writer.begin(desk)
        taken = NOTHING
        left: list[Record] = []
        found, self._first = self._first, None  # a block's text goes with it
        while found is not None:
            block, written = found.block, self._written(desk, found)
            taken += written
            left += block.records(written.lines)
            chunk.last_line, chunk.is_last, chunk.share = (
                block.last_line,
                block.is_last,
                block.share,
            )
            is_border = (
                block.is_last
                or chunks.is_border(block.last_line)
                or len(taken.lines) > chunks.LEFT_TO_JUDGE
            )
            found = None if is_border else self._proved()
        self._writer.rest(desk)
        return taken, left

    def _learn(self, desk: Desk) -> None:
        """Begin to prove anew when someone else has committed."""
        version = store.data_version(desk.db)
        if version != self._version:
            self._version = version
            self._pool.submit(self._anew).result()

    def _written(self, desk: Desk, proved: Proved) -> Taken:
        if proved.epoch != self._epoch:
            proved.found = self._pool.submit(self._prover.prove, proved.block).result()
        return self._writer.write(desk, proved.found)

    def end(self, desk: Desk) -> None:
        """The chunk is about to be committed."""
        self._writer.end(desk)

    def _anew(self) -> None:
        self._prover.close()
        self._prover = self._make()
        self._epoch += 1
