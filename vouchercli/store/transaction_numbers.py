"""Who holds a transaction number: found by runs of 32-bit keys, decided by the numbers themselves.

A unique index on a text number would be the wall of every large import: each row lands on a random
page of it. A run is written once with its chunk and read as a whole: forty million keys are 160 MB.
Equal keys are a hint, never a verdict.
"""

from __future__ import annotations

import sys
from array import array
from functools import cache
from importlib.util import find_spec
from itertools import chain, groupby, repeat
from typing import TYPE_CHECKING, Any
from zlib import crc32

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

DIGITS = 10  # the last digits of a number are the least alike; of what they say, 32 bits are kept
MASK = 0xFFFFFFFF
PASSES_EVERY = 2_000_000  # keys held as a set at once
LONG_RUN = 10_000  # keys from which on it is worth while to ask numpy
SIEVE = (1 << 24) - 1

RUNS = """
SELECT first_id, keys FROM redemption_runs WHERE ifnull((batch_id = ?1) = ?2, 1) ORDER BY first_id
"""
COUNT_OWN = "SELECT ifnull(sum(length(keys)), 0) / 4 FROM redemption_runs WHERE batch_id = ?"
ADD_RUN = """
INSERT INTO redemption_runs (first_id, last_id, batch_id, first_paid_at, last_paid_at, keys)
    VALUES (?, ?, ?, ?, ?, ?)
"""
# Ids are never given twice while a run still holds a place for them, once a day is sealed, or when
# they were reversed.
LAST_ID = """
SELECT max((SELECT coalesce(max(redemption_id), 0) FROM redemptions),
    coalesce((SELECT last_id FROM redemption_runs ORDER BY first_id DESC LIMIT 1), 0),
    (SELECT coalesce(max(last_redemption_id), 0) FROM last_seals),
    (SELECT coalesce(max(redemption_id), 0) FROM reversed_redemptions))
"""
WRITTEN = (
    "SELECT redemption_id, transaction_no, paid_at FROM redemptions WHERE redemption_id > ? ORDER"
    " BY redemption_id"
)
DROP_EMPTY = """
DELETE FROM redemption_runs WHERE NOT EXISTS (SELECT 1 FROM redemptions
    WHERE redemption_id BETWEEN first_id AND last_id)
"""
CLEAR = "DROP TABLE IF EXISTS temp.standing_numbers"
CREATE = """
CREATE TEMP TABLE standing_numbers (redemption_id INTEGER PRIMARY KEY,
    transaction_no TEXT NOT NULL, kind TEXT NOT NULL)
"""
INDEX = "CREATE INDEX temp.standing_numbers_by_no ON standing_numbers (transaction_no, kind)"
ADD_HOLDER = """
INSERT OR IGNORE INTO standing_numbers
SELECT redemption_id, transaction_no, CASE WHEN refund_of IS NULL THEN 'pay' ELSE 'refund' END
    FROM redemptions WHERE redemption_id = ?
"""
DROP_SINGLE = """
DELETE FROM standing_numbers WHERE (transaction_no, kind) IN (
    SELECT transaction_no, kind FROM (
        SELECT n.*, (SELECT r.batch_id FROM redemption_runs r
            WHERE r.first_id <= n.redemption_id ORDER BY r.first_id DESC LIMIT 1) AS batch_id
        FROM standing_numbers n)
    GROUP BY transaction_no, kind HAVING count(*) = 1 OR sum(batch_id = ?) = 0
)
"""


def key(number: str) -> int:
    """The key of a transaction number, 32 bits unsigned: of its last ten digits, or the CRC of one
    that is not all digits.
    """
    return (
        int(number[-DIGITS:]) & MASK
        if number.isascii() and number.isdigit()
        else crc32(number.encode())
    )


def keys(numbers: Sequence[str]) -> array[int]:
    """The keys of numbers, each as `key` gives it."""
    together = "".join(numbers)
    if together.isascii() and together.isdigit() and all(numbers):
        return array("I", [int(number[-DIGITS:]) & MASK for number in numbers])
    return array("I", map(key, numbers))


def last_id(db: sqlite3.Connection) -> int:
    """The highest redemption_id given so far."""
    return typed.number(db, LAST_ID)


def keep(
    db: sqlite3.Connection, batch_id: int, first_id: int, keys: bytes, span: tuple[int, int]
) -> None:
    """Keep the run of the redemptions from `first_id` on; `keys` as `redemption_runs` holds them,
    `span` their first and last time.
    """
    if keys:
        db.execute(ADD_RUN, (first_id, first_id + len(keys) // 4 - 1, batch_id, *span, keys))


def keep_written(db: sqlite3.Connection, after: int, batches: Iterable[tuple[Any, ...]]) -> None:
    """Keep the runs of the redemptions with an id above `after`; `batches`: whose they are, in
    the order of their ids (batch_id, how many rows).
    """
    owners = chain.from_iterable(repeat(batch_id, rows) for batch_id, rows in batches)
    owned = enumerate(zip(owners, db.execute(WRITTEN, (after,)), strict=True))
    # of one batch, ids without a gap
    runs = groupby(owned, key=lambda each: (each[1][0], each[1][1][0] - each[0]))
    for (batch_id, _), run in runs:
        ids, numbers, times = zip(*(row for _, (_, row) in run), strict=True)
        made = _swapped(keys(numbers)).tobytes()
        keep(db, batch_id, ids[0], made, (min(times), max(times)))


def drop_empty(db: sqlite3.Connection) -> None:
    """Drop the runs none of whose redemptions is left."""
    db.execute(DROP_EMPTY)


def find_standing(db: sqlite3.Connection, numbers: Iterable[str]) -> None:
    """Fill temp.standing_numbers (redemption_id, transaction_no, kind) with every fact that may
    hold one of `numbers`.
    """
    expect_none(db)
    _add_holders(db, {key(number) for number in numbers})


def _add_holders(db: sqlite3.Connection, wanted: set[int]) -> None:
    """Add every fact whose key is one of `wanted`."""
    db.executemany(ADD_HOLDER, [(each,) for each in likely_holders(db, wanted)])


def likely_holders(
    db: sqlite3.Connection, wanted: set[int], runs: set[int] | None = None
) -> Iterator[int]:
    """The redemptions (ids) whose keys are `wanted`, of all runs or those that begin at `runs`."""
    if not wanted:
        return
    sieve = cache(lambda: _Sieve(wanted)) if find_spec("numpy") else None
    for first_id, keys in _runs(db):
        if runs is not None and first_id not in runs:
            continue
        if sieve and len(keys) >= LONG_RUN:
            places = sieve().places(keys)
        else:
            held = wanted.intersection(keys)
            places = [place for place, each in enumerate(keys) if each in held] if held else []
        yield from (first_id + place for place in places)


def twins(db: sqlite3.Connection) -> Iterator[int]:
    """The redemptions (ids) whose keys stand twice, of all runs. numpy must be there."""
    import numpy as np  # not installed everywhere

    runs = [np.frombuffer(keys, np.uint32) for _, keys in _runs(db)]
    keys = np.sort(np.concatenate(runs)) if runs else np.empty(0, np.uint32)
    return likely_holders(db, set(keys[1:][keys[1:] == keys[:-1]].tolist()))


class _Sieve:
    """Finds wanted keys in long runs: by their last bits first, which few others share."""

    def __init__(self, wanted: set[int]) -> None:
        import numpy as np  # not installed everywhere

        self._wanted = np.array(sorted(wanted), np.uint32)
        self._marks = np.zeros(SIEVE + 1, bool)
        self._marks[self._wanted & SIEVE] = True

    def places(self, run: array[int]) -> list[int]:
        """Where the wanted keys stand in a run."""
        import numpy as np  # not installed everywhere

        keys = np.frombuffer(run, np.uint32)
        likely = np.flatnonzero(self._marks[keys & SIEVE])
        nearest = np.minimum(np.searchsorted(self._wanted, keys[likely]), len(self._wanted) - 1)
        places: list[int] = likely[self._wanted[nearest] == keys[likely]].tolist()
        return places


def expect_none(db: sqlite3.Connection) -> None:
    """An empty temp.standing_numbers: the numbers are looked at when the import ends."""
    for statement in (CLEAR, CREATE, INDEX):
        db.execute(statement)


def find_reused(db: sqlite3.Connection, batch_id: int) -> int:
    """Fill temp.standing_numbers with the facts that share number and kind with another one, one of
    them written by this batch; returns how many there are.
    """
    expect_none(db)
    _add_holders(db, _twins(db, batch_id))
    db.execute(DROP_SINGLE, (batch_id,))
    return typed.number(db, "SELECT count(*) FROM standing_numbers")


def _twins(db: sqlite3.Connection, batch_id: int) -> set[int]:
    """Keys that stand twice, at least once in the batch's own runs; in passes, so that memory stays
    flat.
    """
    own = typed.number(db, COUNT_OWN, (batch_id,))
    if own > LONG_RUN and find_spec("numpy"):
        return _twins_by_columns(db, batch_id)
    passes = own // PASSES_EVERY + 1
    twins: set[int] = set()
    for turn in range(passes):
        once: set[int] = set()
        for _, keys in _runs(db, batch_id):
            for each in keys:
                if each % passes == turn:
                    (twins if each in once else once).add(each)
        for _, keys in _runs(db, batch_id, are_its=False):
            twins |= once.intersection(keys)
    return twins


def _twins_by_columns(db: sqlite3.Connection, batch_id: int) -> set[int]:
    """`_twins` where numpy is there: four bytes a key, and one sort."""
    import numpy as np  # not installed everywhere

    own = np.sort(np.concatenate([keys for _, keys in _runs(db, batch_id)]))
    twins = set(own[1:][own[1:] == own[:-1]].tolist())
    for _, keys in _runs(db, batch_id, are_its=False):
        others = np.array(keys)
        places = np.minimum(np.searchsorted(own, others), len(own) - 1)
        twins.update(others[own[places] == others].tolist())
    return twins


def _runs(
    db: sqlite3.Connection, batch_id: int | None = None, *, are_its: bool = True
) -> Iterator[tuple[int, array[int]]]:
    """(first_id, keys) of all runs; with `batch_id` of those that are, or are not, the batch's."""
    for first_id, blob in db.execute(RUNS, (batch_id, are_its)):
        yield first_id, keys_of(blob)


def keys_of(octets: bytes) -> array[int]:
    """The keys of a run."""
    keys = array("I")
    keys.frombytes(octets)
    return _swapped(keys)


def _swapped(keys: array[int]) -> array[int]:
    """Keys between this machine's order of bytes and that of the file, which is little-endian."""
    if sys.byteorder == "big":
        keys.byteswap()
    return keys
