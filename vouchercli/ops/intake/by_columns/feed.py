"""The blocks of a file: they are read and proved in a thread of their own while earlier blocks
are written.

The proof reads the database before the writer holds its lock. If anyone else commits in between,
what was proved is proved again under the lock: SQLite counts the commits of others (`PRAGMA
data_version`).
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from vouchercli.formats.columnar import blocks
from vouchercli.ops.intake import chunks
from vouchercli.ops.intake.kinds import NOTHING, Chunk, Written
from vouchercli.store import db as store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from vouchercli.formats.columnar.blocks import Block
    from vouchercli.formats.tables.records import Record
    from vouchercli.ops.intake.kinds import Intake

# blocks that are proved before they are asked for: loading the claims of a round then delays
# nothing
AHEAD = 2


class Prover(Protocol):
    """What is known of the database when rows are proved. One is made anew after each commit of
    others.
    """

    def prove(self, block: Block) -> Any:
        """The rows of a block that are clearly lawful, and the lines of those that are not."""

    def close(self) -> None:
        """Leave the database."""


class Writer:
    """Writes what was proved, block by block, chunk by chunk."""

    def write(self, intake: Intake, proof: Any) -> Written:
        """Write the rows of one block."""
        raise NotImplementedError

    def begin(self, intake: Intake) -> None:
        """A chunk begins."""

    def add_up(self, intake: Intake) -> None:
        """All blocks of the chunk are written; the other rows are judged next."""

    def end(self, intake: Intake, *, is_last: bool) -> None:
        """The chunk is about to be committed; `is_last`: no other follows."""


@dataclass
class ProvedBlock:
    """One block, proved; `epoch` counts the commits of others that the proof knows of."""

    block: Block
    proof: Any
    epoch: int


class Feed:
    """The chunks of one large file; one, unless it `is_cut`."""

    def __init__(
        self,
        intake: Intake,
        done_line: int,
        make_prover: Callable[[], Prover],
        writer: Writer,
        *,
        is_cut: bool = True,
    ) -> None:
        self._is_cut = is_cut
        self._intake, self._done_line, self._writer = intake, done_line, writer
        self._make_prover, self._prover = make_prover, make_prover()
        self._epoch = 0
        self._version = store.data_version(intake.db)
        self._pool = ThreadPoolExecutor(1)
        self._is_judged = True  # whether many of the last rows were left to be judged, or none were
        self._blocks = blocks.blocks(intake.reading, done_line, self._end_of)
        self._coming: deque[Future[ProvedBlock | None]] = deque()
        self._first: ProvedBlock | None = None  # of the chunk that comes next
        self._is_by_lines, self._is_last = True, False

    def __iter__(self) -> Iterator[Chunk]:
        self._coming.extend(self._pool.submit(self._prove_next) for _ in range(AHEAD))
        try:
            self._first = self._next_block()
            while self._first:
                last_line = self._first.block.last_line
                chunk = Chunk(last_line, (), is_first=self._done_line == 0, proved=self)
                yield chunk
                self._done_line = chunk.last_line
                self._first = self._next_block()
            if not self._is_by_lines:
                yield from chunks.chunks(self._intake.reading, self._done_line, is_cut=self._is_cut)
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._prover.close()

    def _end_of(self, line: int) -> int:
        """Blocks are small at first, and where many rows are judged: who wants to write waits."""
        return (chunks.end_of_rows if self._is_judged else chunks.end_of)(line)

    def _prove_next(self) -> ProvedBlock | None:
        """Read and prove one block; None behind the last one, and from where the file is not made
        of one line a row.
        """
        try:
            block = next(self._blocks, None)
        except blocks.NotByLinesError:
            self._is_by_lines, block = False, None
        return None if block is None else ProvedBlock(block, self._prover.prove(block), self._epoch)

    def _next_block(self) -> ProvedBlock | None:
        self._coming.append(self._pool.submit(self._prove_next))
        return self._coming.popleft().result()

    def write(self, intake: Intake, chunk: Chunk) -> tuple[Written, Iterable[Record]]:
        """Write the proved rows of the chunk, block by block."""
        version = store.data_version(intake.db)
        if version != self._version:  # someone else has committed
            self._version = version
            self._pool.submit(self._prove_anew).result()
        self._writer.begin(intake)
        total = NOTHING
        unproved: list[Record] = []
        proved, self._first = self._first, None  # a block's text goes with it
        while proved is not None:
            block = proved.block
            if proved.epoch != self._epoch:
                proved.proof = self._pool.submit(self._prover.prove, block).result()
            written = self._writer.write(intake, proved.proof)
            self._is_judged = chunks.are_many_left(len(written.lines), block.height)
            total += written
            unproved += block.records(written.lines)
            chunk.last_line, chunk.is_last, chunk.share = (
                block.last_line,
                block.is_last,
                block.share,
            )
            is_border = block.is_last or (
                self._is_cut
                and (
                    chunks.is_border(block.last_line)
                    or len(total.lines) >= chunks.LEFT_TO_JUDGE
                    or intake.is_awaited()
                )
            )
            proved = None if is_border else self._next_block()
        self._is_last = chunk.is_last
        self._writer.add_up(intake)
        if self._is_cut or self._is_by_lines:
            return total, unproved
        return total, chain(unproved, self._rest(chunk))

    def _rest(self, chunk: Chunk) -> Iterator[Record]:
        """The rows of a file that comes as a whole, from where it is not made of one line a row."""
        for rest in chunks.chunks(self._intake.reading, chunk.last_line, is_cut=False):
            yield from rest.records
            chunk.last_line, chunk.share = rest.last_line, rest.share
        chunk.is_last = True
        self._is_by_lines = True

    def end(self, intake: Intake) -> None:
        """The chunk is about to be committed."""
        self._writer.end(intake, is_last=self._is_last)

    def _prove_anew(self) -> None:
        self._prover.close()
        self._prover = self._make_prover()
        self._epoch += 1
