"""What people do with breaks: who looks after one, what is proposed on it, what two people decided;
and where the same break stood before.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import correction_lists, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from vouchercli.session import Session

ASSIGN = """
UPDATE breaks SET owner = :owner, note = iif(:note = '', note, :note), assigned_by = :by,
    assigned_at = :at
WHERE break_id IN (SELECT value FROM json_each(:numbers))
"""
RESOLVE = """
UPDATE breaks SET state = 'resolved', resolution = ?, note = ?, evidence = ?, resolved_by = ?,
    resolved_at = ?
WHERE break_id = ?
"""
POSTING = """
SELECT g.amount_fen FROM postings g JOIN funders f USING (funder_id)
WHERE f.programme_id = ? AND g.posting_id = ?
"""
CORRECTION = f"""
SELECT p.state, ifnull(p.before ->> 'transaction_no', ''), ifnull(p.after ->> 'transaction_no', '')
FROM proposals p
WHERE p.subject IN ('claim', 'redemption') AND p.proposal_id = :number
    AND {correction_lists.PROGRAMME_OF} = :programme_id
"""
# The same break, as an earlier run found it: a later one had cleared it.
EARLIER = """
SELECT max(e.break_id) FROM breaks b JOIN breaks e ON e.programme_id = b.programme_id
    AND e.source = b.source AND e.type = b.type AND e.key = b.key AND e.round_id IS b.round_id
    AND e.our_fen = b.our_fen AND e.their_fen = b.their_fen AND e.cleared_at IS NOT NULL
    AND e.break_id < b.break_id
WHERE b.break_id = ?
"""
CAME_AGAIN = """
SELECT count(DISTINCT b.break_id) FROM breaks b CROSS JOIN breaks e
    ON e.programme_id = b.programme_id AND e.source = b.source AND e.type = b.type
    AND e.key = b.key AND e.round_id IS b.round_id AND e.our_fen = b.our_fen
    AND e.their_fen = b.their_fen AND e.cleared_at IS NOT NULL AND e.break_id < b.break_id
WHERE b.run_id = ?
"""
# Of breaks that were given together one line says which, in spans of their numbers.
DEEDS = """
SELECT at, actor, deed, ifnull(json_extract(detail, '$.owner'), ''),
    ifnull(json_extract(detail, '$.note'), ''), ifnull(json_extract(detail, '$.evidence'), '')
FROM audit WHERE deed GLOB 'reconcile.*' AND (json_extract(detail, '$.break') = ?1 OR EXISTS (
    SELECT 1 FROM json_each(detail, '$.breaks') s WHERE ?1 BETWEEN s.value ->> 0 AND s.value ->> 1))
ORDER BY audit_id
"""
# Breaks that wait for somebody to do something, by who looks after them; `since`: when the first of
# them was found.
OWNERS = """
SELECT b.owner, count(*), min(b.break_id), CAST(sum(abs(b.their_fen - b.our_fen)) AS BIGINT),
    min(ifnull(r.ran_at, i.imported_at)), iif(count(*) <= 10, group_concat(b.break_id, ' '), '')
FROM breaks b LEFT JOIN reconciliations r USING (run_id)
    LEFT JOIN batches i ON i.batch_id = b.batch_id
WHERE b.programme_id = ? AND b.state = 'open' AND NOT EXISTS (SELECT 1 FROM proposals p
    WHERE p.subject = 'break' AND p.subject_id = b.break_id AND p.state = 'proposed')
GROUP BY b.owner ORDER BY b.owner = '', b.owner
"""


class Correction(NamedTuple):
    """A correction of a row: its state, and the transaction number before and after it ('': of a
    claim, or reversed).
    """

    state: str
    before: str
    after: str


class Resolved(NamedTuple):
    """How a break is resolved: by `posting`, `correction`, or `explained`; who decided it."""

    number: int
    resolution: str
    note: str
    evidence: str
    resolved_by: str


class Deed(NamedTuple):
    """A line of the log on a break."""

    at: int
    actor: str
    deed: str
    owner: str
    note: str
    evidence: str


class Owned(NamedTuple):
    """The open breaks that somebody looks after ('': nobody): how many, the first, how far their
    sides are apart, since when they are known (UTC seconds), their numbers (of many: '').
    """

    owner: str
    breaks: int
    first: int
    off_fen: int
    since: int
    numbers: str


def assign(session: Session, numbers: Sequence[int], owner: str, note: str) -> None:
    """Somebody looks after them from now on; a note takes the place of the last one."""
    about = {"numbers": json.dumps([*numbers]), "owner": owner, "note": note}
    session.db.execute(ASSIGN, about | {"by": session.actor, "at": session.now})


def resolve(session: Session, resolved: Iterable[Resolved]) -> None:
    """Two people have decided how they are resolved."""
    rows = ((*each[1:], session.now, each.number) for each in resolved)
    session.db.executemany(RESOLVE, rows)


def posting_fen(db: sqlite3.Connection, programme_id: int, posting: int) -> int | None:
    """What a posting of the programme moved; None: there is no such posting."""
    return next(iter(typed.column(db, POSTING, (programme_id, posting))), None)


def correction(db: sqlite3.Connection, programme_id: int, number: int) -> Correction | None:
    """The correction of a row with that number."""
    return typed.row(db, Correction, CORRECTION, {"number": number, "programme_id": programme_id})


def earlier(db: sqlite3.Connection, number: int) -> int | None:
    """The same break that stood before and was cleared; None: it is the first time."""
    found: int | None = typed.column(db, EARLIER, (number,))[0]
    return found


def came_again(db: sqlite3.Connection, run: int) -> int:
    """How many of the breaks that a run found stood before and had been cleared."""
    return typed.number(db, CAME_AGAIN, (run,))


def deeds(db: sqlite3.Connection, number: int) -> list[Deed]:
    """What the log says of a break."""
    return typed.rows(db, Deed, DEEDS, (number,))


def owners(db: sqlite3.Connection, programme_id: int) -> list[Owned]:
    """Who has to do something about open breaks of a programme; nobody's are the last."""
    return typed.rows(db, Owned, OWNERS, (programme_id,))
