"""Blocks of a file on their way to the ledger: one is read and proved in a thread of its own while the one before is written.

The proof reads the database before the writer holds its lock. If anyone else commits in between, what was proved is proved
again under the lock: SQLite counts the commits of others (`PRAGMA data_version`).
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from vouchercli.formats import bulk
from vouchercli.ops import chunks
from vouchercli.ops.chunks import Chunk, Taken
from vouchercli.store import db as store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vouchercli.formats.bulk import Block
    from vouchercli.formats.layout import Record
    from vouchercli.ops.desks import Desk

BYTES = 8 << 20  # from this size on a file is large
AHEAD = 2  # blocks that are proved before they are asked for: bringing in the claims of a round then keeps nobody waiting


class Prover(Protocol):
    """What is known of the database when rows are proved. One is made anew after each commit of others."""

    def prove(self, block: Block) -> Any:
        """The rows of a block that are plainly lawful, and the lines of those that are not."""

    def close(self) -> None:
        """Leave the database."""


@dataclass
class Proved:
    """One block, proved; `epoch` counts the commits of others that the proof knows of."""

    block: Block
    found: Any
    epoch: int


class Feed:
    """The chunks of one large file."""

    def __init__(
        self, desk: Desk, done: int, prover: Callable[[], Prover], write: Callable[[Desk, Any], Taken],
        end: Callable[[Desk], None] | None = None,
    ) -> None:
        self._desk, self._done, self._make, self._write, self._end = desk, done, prover, write, end
        self._prover = prover()
        self._epoch = 0
        self._version = store.data_version(desk.db)
        self._pool = ThreadPoolExecutor(1)
        self._blocks = bulk.blocks(desk.reading, done, chunks.end_of)

    def __iter__(self) -> Iterator[Chunk]:
        is_first = self._done == 0
        try:
            coming = deque(self._pool.submit(self._next) for _ in range(AHEAD))
            while (proved := coming.popleft().result()) is not None:
                coming.append(self._pool.submit(self._next))
                block = proved.block
                yield Chunk(block.last_line, (), is_first=is_first, is_last=block.is_last, plain=Plain(self, proved), share=block.share,
                            end=self._end)
                is_first, self._done = False, block.last_line
        except bulk.NotPlainError:
            yield from chunks.chunks(self._desk.reading, self._done, is_cut=True)
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._prover.close()

    def _next(self) -> Proved | None:
        block = next(self._blocks, None)
        return None if block is None else Proved(block, self._prover.prove(block), self._epoch)

    def take(self, desk: Desk, proved: Proved) -> tuple[Taken, Iterable[Record]]:
        """Write the proved rows; called under the write lock. What is left to the judge comes as records."""
        version = store.data_version(desk.db)
        if version != self._version:
            self._version = version
            self._pool.submit(self._anew).result()
        if proved.epoch != self._epoch:
            proved = self._pool.submit(lambda: Proved(proved.block, self._prover.prove(proved.block), self._epoch)).result()
        taken = self._write(desk, proved.found)
        return taken, proved.block.records(taken.lines)

    def _anew(self) -> None:
        self._prover.close()
        self._prover = self._make()
        self._epoch += 1


@dataclass(frozen=True)
class Plain:
    """The proved rows of one chunk, to be written under its write lock."""

    feed: Feed
    proved: Proved

    def take(self, desk: Desk) -> tuple[Taken, Iterable[Record]]:
        """Write them; what is left to the judge comes as records."""
        return self.feed.take(desk, self.proved)


def is_large(desk: Desk) -> bool:
    """Whether the file is worth it, can be read by columns, and the libraries for that are there."""
    text = desk.reading.text
    # Within a transaction of the caller's, rows may stand that the proof's own connection cannot see.
    is_ours = text is not None and text.packed >= BYTES and str(desk.session.path) != ":memory:" and not desk.session.joins
    return is_ours and bulk.is_there() and desk.reading.ways is not None
