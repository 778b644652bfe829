"""How far the checks reach into what is sealed, and which rows each of them reads.

Rows that no seal covers are judged in full, always. What is sealed is proved by its seal: the
chain of the seals always, the days themselves in turn, or all of them. A large file is read by
other processes meanwhile (`store.side_readers`).
"""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.ops.proof.invariants import CHECKS
from vouchercli.rules import days as law
from vouchercli.rules import times
from vouchercli.store import (
    checks,
    day_proofs,
    fact_checks,
    number_checks,
    open_rows,
    side_processes,
    side_readers,
    total_checks,
    typed,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from vouchercli.store.breaches import Breach
    from vouchercli.store.day_proofs import Sealed
    from vouchercli.store.side_readers import Answer
    from vouchercli.store.used_claims import Place

    Asked = list[tuple[Sealed, str]]
    Found = dict[str, list[Breach]]


class Reach(Enum):
    """`OPEN`: open rows, the seals, and a seventh of the sealed days. `ALL`: every sealed day, and
    the totals by every key. `LAW`: every row is judged once more, as if no day were sealed.
    """

    OPEN = "open"
    ALL = "all"
    LAW = "law"


class Proof(NamedTuple):
    """Breaches by the names of the checks; how many days are sealed, and how many were read."""

    breaches: Found
    sealed: int
    read: int


SEALED = "days_as_sealed"
# What rows and totals by key show of sealed days; all else rests on the rows that seals hold.
KEYED = (
    "batches_have_their_facts",
    "numbers_once",
    "numbers_in_runs",
    "times_in_runs",
    "merchants_in_runs",
    "claim_totals",
    "claims_used",
    "group_totals",
    "merchant_totals",
    "funder_totals",
    "facts_as_written",
)
TOTALS = ("claim_totals", "group_totals", "merchant_totals", "funder_totals")
# Proved when the readers of sealed days have ended, or by them.
LATER = (*TOTALS, "claims_used", "facts_as_written", "numbers_once", SEALED)


def prove(db: sqlite3.Connection, reach: Reach, now: int) -> Proof:
    """Run every check over the rows that it reaches."""
    every = list_sealed(db)
    asked = [
        (each, zone)
        for each, zone in every
        if reach is not Reach.OPEN or law.is_in_turn(each.day.day, times.local_day(now, zone))
    ]
    is_large = side_readers.are_worth_while(db, sum(each.rows for each, _ in asked))
    with open_rows.laid_out(db, all_rows=reach is Reach.LAW):
        if is_large and reach is Reach.ALL:
            found = _prove_by_columns(db, asked)
        elif is_large:
            found = _prove_beside(db, asked)
        else:
            apart = {SEALED, *(KEYED if reach is Reach.ALL else ())}
            found = _run(db, (name for name in CHECKS if name not in apart))
            answer = side_readers.carry_out(db, side_readers.Order(asked))
            found[SEALED] = _prove_seals(db, [answer])
    if not is_large and reach is Reach.ALL:
        with open_rows.laid_out(db, all_rows=True):
            found |= _run(db, KEYED)
    breaches = {name: [*dict.fromkeys(found[name])] for name in CHECKS}
    return Proof(breaches, len(every), len(asked))


def list_sealed(db: sqlite3.Connection) -> Asked:
    """The sealed days of every programme, each with its time zone; none where they cannot be
    read.
    """
    listed: Asked = []

    def read(db: sqlite3.Connection) -> list[Breach]:
        for programme_id, programme, zone in typed.tuples(db, day_proofs.PROGRAMMES):
            listed.extend((each, zone) for each in day_proofs.sealed(db, programme_id, programme))
        return []

    return [] if checks.find(read, db) else listed


def _run(db: sqlite3.Connection, names: Iterable[str]) -> Found:
    return {name: checks.find(CHECKS[name], db) for name in names}


def _prove_seals(db: sqlite3.Connection, answers: list[Answer]) -> list[Breach]:
    """The chain of all seals, and the days that were read."""
    found = checks.find(day_proofs.chain_breaches, db)
    for answer in answers:
        found += day_proofs.breaches_of(answer.found)
        found += [
            (f"{each.programme} {each.day.day}", "rows that can be read", why)
            for each, why in answer.unread
        ]
    return found


def _prove_beside(db: sqlite3.Connection, asked: Asked) -> Found:
    """Sealed days are read by other processes; no sums are made of them."""
    orders = side_readers.shared_out(side_processes.count(), asked, adds_up=False, db=db)
    with side_readers.at_work(db, orders) as answers_of:
        found = _run(db, (name for name in CHECKS if name != SEALED))
        found[SEALED] = _prove_seals(db, [*answers_of()])
    return found


def _prove_by_columns(db: sqlite3.Connection, asked: Asked) -> Found:
    """All sealed days are read by other processes, which add up their rows by every key."""
    orders = side_readers.shared_out(side_processes.count(), asked, adds_up=True, db=db)
    with side_readers.at_work(db, orders) as answers_of:
        open_rows.count_all_batches(db)
        found = _run(db, (name for name in CHECKS if name not in LATER))
        found |= {name: checks.find(check, db) for name, check in BY_COLUMNS.items()}
        answers = [*answers_of()]
    return joined(found, join(db, answers))


def join(db: sqlite3.Connection, answers: list[Answer]) -> Found:
    """What the readers of all sealed days found, and whether the totals are what their sums and the
    open rows come to.
    """
    found: Found = {}
    for answer in answers:
        open_rows.prove_all_keys(db, answer.sums)
        found = joined(found, answer.breaches)
    paid: dict[Place, int] = {}
    for answer in answers:
        for place, bits in answer.paid.items():
            paid[place] = paid.get(place, 0) | bits
    undone = {claim_id for answer in answers for claim_id in answer.undone}
    used = partial(total_checks.claims_used_beside, paid=paid, undone=undone)
    proved = {SEALED: _prove_seals(db, answers), "claims_used": checks.find(used, db)}
    return joined(found, _run(db, TOTALS), proved)


def joined(*found: Found) -> Found:
    """What was found by several, by the names of the checks."""
    names = {name: None for each in found for name in each}
    return {name: [one for each in found for one in each.get(name, [])] for name in names}


# What other processes prove in part: the rest of it.
BY_COLUMNS: dict[str, Callable[[sqlite3.Connection], list[Breach]]] = {
    "facts_as_written": fact_checks.facts_as_written_but_claims,
    "numbers_once": number_checks.numbers_once_anywhere,
}
