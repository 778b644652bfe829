"""Lists of residents by columns: their regular rows are keyed and staged a block at a time, and
judged by set like any others. A list comes in as a whole, in one transaction: who needs a second
person is found out of all its rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from vouchercli.ops.intake.by_columns import feed, residents
from vouchercli.ops.intake.kinds import Written
from vouchercli.store import db as store
from vouchercli.store import eligibility, identities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.columnar.blocks import Block
    from vouchercli.ops.intake.kinds import Chunk, Intake


class Proof(NamedTuple):
    """`fit`: rows that only another row can refuse, typed; `lines`: the others."""

    fit: pl.DataFrame
    lines: list[int]


def chunks(intake: Intake) -> Iterator[Chunk]:
    """A large list as one chunk."""
    store.widen_cache(intake.db)
    return iter(feed.Feed(intake, 0, lambda: Prover(intake), Writer(), is_cut=False))


class Prover:
    """Turns the residents of a block into tokens; nothing of the database is asked but the key."""

    def __init__(self, intake: Intake) -> None:
        # it is made in another thread, which may not use the intake's connection
        self._ring = identities.load_ring(intake.session.path)

    def close(self) -> None:
        """Nothing to do."""

    def prove(self, block: Block) -> Proof:
        """The regular rows of a block."""
        frame, irregular = block.columns()
        frame, doubtful = residents.even_out(frame, self._ring.way)
        tokens = identities.tokens(self._ring, frame["resident"])
        fit = frame.with_columns(resident=pl.Series(tokens, dtype=pl.Binary))
        return Proof(fit, sorted([*irregular, *doubtful]))


class Writer(feed.Writer):
    """Stages the rows; they are counted when all are judged."""

    def write(self, intake: Intake, proof: Proof) -> Written:
        """Stage the rows of one block."""
        rows = proof.fit
        columns = [rows[name].to_list() for name in ("line", "resident", "group", "district")]
        eligibility.stage(intake.db, intake.batch_id, columns)
        return Written(0, 0, proof.lines)
