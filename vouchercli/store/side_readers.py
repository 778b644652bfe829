"""Sealed days of a large file, read in processes of their own, one a core. What is sealed never
changes, so it does not matter that each opens the file itself, a moment later.

Digests of claims are held against the file as that process sees it: any state of it that was
committed must agree with itself.
"""

from __future__ import annotations

import gc
import os
import pickle
import sqlite3
from contextlib import closing, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import (
    checks,
    days,
    fact_checks,
    fact_digests,
    side_processes,
    typed,
    used_claims,
)
from vouchercli.store.db import legibly, plainly, read_only_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from vouchercli.rules.days import Sums
    from vouchercli.store.breaches import Breach
    from vouchercli.store.day_proofs import Sealed

MANY_ROWS = 200_000  # from so many on other processes are worth their start
BEGIN = "from vouchercli.store.side_readers import serve; serve()"
FILE = "SELECT file FROM pragma_database_list WHERE name = 'main'"
KEPT = """
SELECT block, digest FROM fact_digests WHERE facts = 'claims' AND level = 0
    AND block BETWEEN ? AND ?
"""
Span = tuple[int, int]


class Order(NamedTuple):
    """What one process reads: sealed days with their time zones, whether to add up their rows
    (`sealed_sums`), and blocks of digests of claims.
    """

    days: Sequence[tuple[Sealed, str]] = ()
    adds_up: bool = False
    claims: Span | None = None


class Answer(NamedTuple):
    """What the facts of days come to, and the days that could not be read, and why; breaches by the
    names of checks, sums by the names of the tables of `open_rows.SEALED`, and the claims that were
    paid with, and those of which a payment was undone (`used_claims.miscounted_beside`).
    """

    found: list[tuple[Sealed, Sums]]
    unread: list[tuple[Sealed, str]]
    breaches: dict[str, list[Breach]]
    sums: dict[str, Any]
    paid: dict[used_claims.Place, int]
    undone: set[int]


def are_worth_while(db: sqlite3.Connection, rows: int) -> bool:
    """Whether so many rows of this file are read by other processes."""
    return (
        rows >= MANY_ROWS
        and bool(file_of(db))
        and find_spec("numpy") is not None
        and find_spec("polars") is not None
    )


def file_of(db: sqlite3.Connection) -> str:
    """The file that is open; '' for one in memory."""
    return str(db.execute(FILE).fetchone()[0] or "")


# ---------------------------------------------------------------- the side that asks


def at_work(
    db: sqlite3.Connection, orders: Sequence[Order]
) -> AbstractContextManager[Callable[[], Iterator[Answer]]]:
    """Processes that carry the orders out, as `side_processes.at_work`."""
    told = [(file_of(db), os.getpid(), order) for order in orders]
    return side_processes.at_work(BEGIN, told, POLARS_MAX_THREADS="1")


def shared_out(
    readers: int, asked: Sequence[tuple[Sealed, str]], *, adds_up: bool, db: sqlite3.Connection
) -> list[Order]:
    """An order for each process: days with about as many rows, and the same of claims."""
    lots: list[list[tuple[Sealed, str]]] = [[] for _ in range(readers)]
    loads = [0] * readers
    for each in sorted(asked, key=lambda one: -one[0].rows):
        least = loads.index(min(loads))
        lots[least].append(each)
        loads[least] += each[0].rows
    for lot in lots:
        lot.sort(key=lambda one: (one[0].span.programme_id, one[0].day.day))
    if not adds_up:
        return [Order(lot) for lot in lots]
    last = typed.number(db, "SELECT ifnull(max(claim_id), 0) FROM claims")
    return [
        Order(lot, adds_up=True, claims=claims)
        for lot, claims in zip(lots, _parts(last >> fact_digests.BITS, readers), strict=True)
    ]


def _parts(last: int, parts: int) -> list[Span]:
    """The blocks up to the last one and all behind it, in parts; the first begins before all."""
    steps = [last * part // parts for part in range(1, parts)]
    edge = fact_digests.END >> fact_digests.BITS
    return [*zip([-edge, *(step + 1 for step in steps)], [*steps, edge], strict=True)]


def read_days(
    db: sqlite3.Connection, asked: Sequence[tuple[Sealed, str]]
) -> tuple[list[tuple[Sealed, Sums]], list[tuple[Sealed, str]]]:
    """What the facts of sealed days come to, read by other processes where that is worth while; and
    what could not be read.
    """
    if not are_worth_while(db, sum(each.rows for each, _ in asked)):
        answers = [carry_out(db, Order(asked))]
    else:
        orders = shared_out(side_processes.count(), asked, adds_up=False, db=db)
        with at_work(db, orders) as answers_of:
            answers = [*answers_of()]
    return (
        [each for answer in answers for each in answer.found],
        [each for answer in answers for each in answer.unread],
    )


# ---------------------------------------------------------------- the side that reads


def serve() -> None:
    """Carry out the order that standard input has; the answer goes to standard output."""
    gc.disable()  # millions of rows come and go, and none of them in a circle
    with os.fdopen(0, "rb") as asked:
        path, parent, order = pickle.load(asked)
    with closing(open_file(Path(path))) as db, legibly(db):
        db.execute("BEGIN")
        answer = carry_out(db, order, parent)
    with os.fdopen(1, "wb") as said:
        pickle.dump(answer, said)


def open_file(path: Path) -> sqlite3.Connection:
    """The file to read, and nothing else."""
    query = read_only_query(path) or "mode=ro"
    db = sqlite3.connect(f"{path.absolute().as_uri()}?{query}", isolation_level=None, uri=True)
    db.row_factory = sqlite3.Row
    return db


@contextmanager
def snapshot(file: str) -> Iterator[sqlite3.Connection]:
    """The file as it stands now, for a process that reads beside the one that asked."""
    with closing(open_file(Path(file))) as db:
        db.execute("BEGIN")
        yield db


def carry_out(db: sqlite3.Connection, order: Order, parent: int | None = None) -> Answer:
    """Read what an order asks for. It ends when the process that asked has ended."""
    adder = None
    if order.adds_up:
        from vouchercli.store.sealed_sums import Adder  # polars and numpy

        adder = Adder(db)
    found: list[tuple[Sealed, Sums]] = []
    unread: list[tuple[Sealed, str]] = []
    breaches: dict[str, list[Breach]] = {}

    def read(each: Sealed, zone: str, db: sqlite3.Connection) -> list[Breach]:
        if adder is not None:
            adder.begin(each, zone)
        with plainly(db):
            found.append((each, days.sum_up(db, each.span, adder)))
        return []

    for each, zone in order.days:
        if parent not in (None, os.getppid()):
            break
        unread += [(each, why) for _, _, why in checks.find(partial(read, each, zone), db)]
    if order.claims is not None:
        claims = partial(_claims_unlike, blocks=order.claims)
        breaches["facts_as_written"] = checks.find(claims, db)
    if adder is None:
        return Answer(found, unread, breaches, {}, {}, set())
    breaches |= adder.breaches()
    return Answer(found, unread, breaches, adder.tables(), adder.paid, adder.undone)


def _claims_unlike(db: sqlite3.Connection, blocks: Span) -> list[Breach]:
    """Blocks of claims, of those named, that are not what their digests say."""
    first, last = blocks[0] << fact_digests.BITS, ((blocks[1] + 1) << fact_digests.BITS) - 1
    kept = dict(typed.tuples(db, KEPT, blocks))
    made = dict(fact_digests.made(db, "claims", first, last))
    return fact_checks.differing("claims", 0, kept, made)
