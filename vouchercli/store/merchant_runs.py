"""Which redemptions a merchant has: runs of 32-bit numbers, four bytes a row, read as a whole.

Forty megabytes for ten million rows: looking through all of them takes a tenth of a second, and
keeping them costs an import next to nothing.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

OCTETS = 4
KEEP = "INSERT INTO merchant_runs (first_id, merchants) VALUES (?, ?)"
WRITTEN_RUNS = "SELECT first_id, last_id FROM redemption_runs WHERE first_id > ? ORDER BY first_id"
MERCHANTS = """
SELECT merchant_id FROM redemptions WHERE redemption_id BETWEEN ? AND ? ORDER BY redemption_id
"""
MERCHANTS_OF_RUN = "SELECT merchants FROM merchant_runs WHERE first_id = ?"
# Of a run that was written before merchants were kept.
PLACES = """
SELECT redemption_id FROM redemptions WHERE redemption_id BETWEEN ? AND ? AND merchant_id = ?
"""
IDS_AND_MERCHANTS = """
SELECT redemption_id, merchant_id FROM redemptions WHERE redemption_id BETWEEN ? AND ?
ORDER BY redemption_id
"""
STANDING = """
SELECT redemption_id, transaction_no, merchant_id FROM redemptions
WHERE redemption_id BETWEEN ? AND ? ORDER BY redemption_id
"""


def keep(db: sqlite3.Connection, first_id: int, merchant_ids: Iterable[int]) -> None:
    """Keep the merchants of the redemptions from `first_id` on."""
    if octets := _octets(merchant_ids):
        db.execute(KEEP, (first_id, octets))


def keep_written(db: sqlite3.Connection, after: int) -> None:
    """Keep the merchants of the runs of redemptions with an id above `after`."""
    for first_id, last_id in typed.tuples(db, WRITTEN_RUNS, (after,)):
        keep(db, first_id, typed.column(db, MERCHANTS, (first_id, last_id)))


def places(db: sqlite3.Connection, run: tuple[int, int], merchant_id: int) -> list[int]:
    """The redemptions (ids) of a run (first and last id) at that merchant; some of them may have
    left since.
    """
    first_id, last_id = run
    for octets in typed.column(db, MERCHANTS_OF_RUN, (first_id,)):
        return [first_id + place for place in _places(octets, _octets([merchant_id]))]
    return typed.column(db, PLACES, (first_id, last_id, merchant_id))


def misplaced(
    db: sqlite3.Connection, run: tuple[int, int], octets: bytes
) -> Iterator[tuple[str, int, int]]:
    """(transaction_no, its merchant, the one that its place in the run names) where they differ, of
    a run (first and last id) and the merchants that are kept of it.
    """
    rows = typed.tuples(db, IDS_AND_MERCHANTS, run)
    if not rows:
        return
    known = _swapped(array("I", octets))
    ids, merchants = zip(*rows, strict=True)
    start = ids[0] - run[0]
    if (
        ids[-1] - ids[0] + 1 == len(ids)
        and [*merchants] == known[start : start + len(ids)].tolist()
    ):
        return
    for redemption_id, number, merchant_id in db.execute(STANDING, run):
        place = redemption_id - run[0]
        named = known[place] if place < len(known) else 0
        if named != merchant_id:
            yield number, merchant_id, named


def _places(octets: bytes, wanted: bytes) -> Iterator[int]:
    at = octets.find(wanted)
    while at >= 0:
        if at % OCTETS == 0:
            yield at // OCTETS
        at = octets.find(wanted, at + 1)


def _octets(merchant_ids: Iterable[int]) -> bytes:
    return _swapped(array("I", merchant_ids)).tobytes()


def _swapped(numbers: array[int]) -> array[int]:
    """Numbers between this machine's order of bytes and that of the file, which is
    little-endian.
    """
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
