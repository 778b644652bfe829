"""Prove the invariants: books, facts and totals agree. Reads one snapshot, writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.ops.proof import proving
from vouchercli.ops.proof.invariants import MEANINGS
from vouchercli.ops.proof.proving import Reach
from vouchercli.result import SHOWN, Column, Outcome, Problem, Table, say
from vouchercli.store import account_checks, checks
from vouchercli.store.db import legibly, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.proof.proving import Proof
    from vouchercli.result import Message
    from vouchercli.session import Session

NAMED = 20
COLUMNS = (
    Column("check", "Check"),
    Column("state", "State", "word"),
    Column("breaches", "Breaches", "int"),
    Column("proves", "Proves", "word", where=SHOWN),
)


def check_all(session: Session, reach: Reach = Reach.OPEN) -> Outcome:
    """Run every check; the outcome is failed (exit 5) when one of them finds a breach, and says
    which and where.
    """
    # one snapshot: an import that commits meanwhile cannot look like a breach
    with reading(session) as db, legibly(db):
        proof = proving.prove(db, reach, session.now)
        unfinished = checks.importing(db)
    rows = tuple(
        {
            "check": name,
            "state": "failed" if breaches else "ok",
            "breaches": len(breaches),
            "proves": MEANINGS[name],
        }
        for name, breaches in proof.breaches.items()
    )
    problems = tuple(
        Problem(
            "check_failed",
            "{check}: {subject}: expected {expected}, found {found}",
            params={"check": name, "subject": subject, "expected": expected, "found": value},
        )
        for name, breaches in proof.breaches.items()
        for subject, expected, value in breaches[:NAMED]
    )
    says: tuple[Message, ...] = (
        () if problems else (say("all {count} checks passed", count=len(rows)),)
    )
    says += tuple(_say_reach(proof))
    says += tuple(_say_unopened(session))
    says += tuple(
        say(
            "batch {batch} is not done: its counts, its file and doubled numbers in it are checked"
            " when it is; voucher batch resume {batch}",
            batch=batch,
        )
        for batch in unfinished
    )
    return Outcome(
        {"reach": reach.value, "sealed_days": proof.sealed, "days_read": proof.read},
        tables=(Table(say("Checks"), COLUMNS, rows, key="checks"),),
        says=says,
        problems=problems,
        status="failed" if problems else "ok",
    )


def _say_unopened(session: Session) -> Iterator[Message]:
    if count := account_checks.count_unopened(session.db):
        yield say(
            "{count} sealed account numbers were not opened: the key file beside the database, or"
            " the package cryptography, is not there; voucher doctor",
            count=count,
        )


def _say_reach(proof: Proof) -> Iterator[Message]:
    if proof.read < proof.sealed:
        yield say(
            "of {sealed} sealed days {read} were read, the others are in turn within a week; all of"
            " them: voucher check --all",
            sealed=proof.sealed,
            read=proof.read,
        )
