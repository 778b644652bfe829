"""What an import works with: the kind of file, the file being taken in, and its chunks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from vouchercli.rules import clocks
from vouchercli.store import ledger, programmes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from vouchercli.formats.tables.records import Reading, Record
    from vouchercli.result import Outcome
    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.reconciling import Sums
    from vouchercli.session import Session
    from vouchercli.store.batches import Batch
    from vouchercli.store.breaks import Recorded
    from vouchercli.store.duplicates import Stay
    from vouchercli.store.reconciling import Span
    from vouchercli.store.reopening import Moved


@dataclass(frozen=True)
class Unfit:
    """A row that cannot even be typed: the reject's code and the values that explain it."""

    code: str
    detail: dict[str, Any] = field(default_factory=dict)


Typed = tuple[Any, ...] | Unfit


@dataclass(frozen=True)
class Written:
    """How many proved rows were written; the rows of `lines` are still to be judged."""

    accepted: int
    duplicate: int
    lines: list[int]
    warnings: int = 0

    def __add__(self, more: Written) -> Written:
        return Written(
            self.accepted + more.accepted,
            self.duplicate + more.duplicate,
            [*self.lines, *more.lines],
            self.warnings + more.warnings,
        )


NOTHING = Written(0, 0, [])


class PlainRows(Protocol):
    """The rows of a bill that are held against ours without being staged."""

    agreed: int

    def days(self) -> tuple[int, int] | None:
        """The first and the last of their days; None: there are none."""

    def match(
        self, intake: Intake, span: Span, taken: Iterable[tuple[str, str]]
    ) -> dict[int, Sums]:
        """What agrees, by day; all rows that do not are staged."""


class Held(Protocol):
    """A bill held against what stands here, before anything of it is kept."""

    def keep(self) -> Recorded | None:
        """Keep what was found."""

    def answer(self, recorded: Recorded | None) -> dict[str, Any]:
        """What the summary says of it."""


@dataclass
class Between:
    """What the steps of an import hand on: the plain rows of a bill, what it was found to be, and
    how many rows were written that were never staged.
    """

    plain: PlainRows | None = None
    run: Held | None = None
    written: Written = NOTHING


@dataclass(frozen=True)
class Intake:
    """One file being taken in: its batch, programme and time zone. `is_whole` says that all its
    rows are judged at once, so that what only all of them can show (a number used twice) is checked
    now and not when the import ends. `come_back`: rows of the chunk at hand that were rejects of
    other files (line, batch, line there, the beginning of its SHA-256). `proved_fen`: what proved
    rows of the chunk at hand cost a round and a funder, while it is not in the totals yet.
    `is_awaited` says whether the chunk at hand should end soon.
    """

    session: Session
    db: sqlite3.Connection
    kind: Kind
    reading: Reading
    batch_id: int
    programme: sqlite3.Row | None
    zone: str
    options: dict[str, Any] = field(default_factory=dict)
    is_whole: bool = True
    come_back: list[tuple[int, int, int, str]] = field(default_factory=list)
    proved_fen: Counter[tuple[int, int]] = field(default_factory=Counter)
    is_awaited: Callable[[], bool] = lambda: False
    between: Between = field(default_factory=Between)

    @property
    def programme_id(self) -> int:
        """The programme's number; a kind that belongs to no programme never asks."""
        assert self.programme is not None
        return int(self.programme["programme_id"])

    @property
    def rules(self) -> Programme:
        """What that programme sets."""
        assert self.programme is not None
        return programmes.value(self.programme)

    def booking(self, why: str) -> AbstractContextManager[None]:
        """While its facts are written: what they move is posted for that deed on its batch."""
        programme_id = None if self.programme is None else self.programme_id
        return ledger.booking(self.db, programme_id, why, self.session.now, self.batch_id)

    @property
    def latest_at(self) -> int:
        """The last moment that its rows may name."""
        return clocks.latest_at(self.rules.clock, self.session.now)


@dataclass(frozen=True)
class Kind:
    """What one kind of file has of its own. `width` counts the typed columns; `typist` makes the
    function from cleaned texts to typed columns; `warnings` looks at one fit row, at its texts and
    its typed columns; `accept` returns
    keys to add to the summary.

    A kind with `settle` may be taken in chunk by chunk: `settle` judges once more, from all
    chunks together, the rows that may be connected with rows of another chunk, and gives what of
    other files gave way. `reopen` moves
    accepted facts connected with the staged rows back among them; `moved` lists those that gave way
    once all are judged; `hopeless` are the lines of a batch's rejects that no row of the same file
    can lift as things stand, which are left out of that. `by_columns` proves the regular
    rows of a large file by set; the rows that it cannot prove are judged one by one. `propose_undo`
    answers in place of an undo that must wait for a second person; `undo` says which other files
    have now what they brought too.
    """

    name: str
    needs_programme: bool
    create: str
    add: str
    width: int
    typist: Callable[[Intake], Callable[[tuple[str, ...]], Typed]]
    judge: Callable[[Intake], None]
    accept: Callable[[Intake], dict[str, Any]]
    undo: Callable[[Session, int], list[Stay]]
    propose_undo: Callable[[Session, Batch, str], Outcome | None] | None = None
    warnings: (
        Callable[[tuple[str, ...], tuple[Any, ...]], Iterable[tuple[str, dict[str, Any]]]] | None
    ) = None
    settle: Callable[[Intake], list[Moved]] | None = None
    reopen: Callable[[Intake, int | None], None] | None = None
    moved: Callable[[sqlite3.Connection], list[Moved]] | None = None
    waiting: tuple[str, ...] = ()  # reject codes that another row of this kind can lift
    hopeless: Callable[[sqlite3.Connection, int], frozenset[int]] | None = None
    by_columns: Callable[[Intake, int], Iterator[Chunk] | None] | None = None
    first: Kind | None = None  # what a file that says so (`claims_first`) comes in as before


class ProvedRows(Protocol):
    """The rows of a chunk that were proved, so that they are written without being judged."""

    def write(self, intake: Intake, chunk: Chunk) -> tuple[Written, Iterable[Record]]:
        """Write them, under the write lock; returns the rows that are still to be judged. Sets
        where the chunk ends.
        """

    def end(self, intake: Intake) -> None:
        """The other rows have been judged; the chunk is about to be committed."""


@dataclass
class Chunk:
    """The records up to `last_line`; `is_last` is known once they have been read. `proved` writes
    the rows that need not be judged and returns the others (see `Kind.by_columns`); `share` is the
    part of the file that is done (None: not known).
    """

    last_line: int
    records: Iterable[Record]
    is_first: bool = False
    is_last: bool = False
    proved: ProvedRows | None = None
    share: float | None = None
    seen: int = 0
