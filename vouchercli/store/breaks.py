"""Breaks and the runs that find them: what agreed by day, what did not with its name, and what a
later run no longer finds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules.breaks import Found, Part, Tolerances
from vouchercli.store import audit_lines, typed
from vouchercli.store.lists import Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.rules.reconciling import Beyond, Key, Sums
    from vouchercli.session import Session
    from vouchercli.store.lists import Listed


NONE = Tolerances()


class Run(NamedTuple):
    """A file held against the days that it tells of; `round` '': all rounds."""

    run: int
    batch: int
    file: str
    source: str
    round: str
    first_on: int
    last_on: int
    adds: int
    tolerances: str
    opened: int
    standing: int
    cleared: int
    actor: str
    ran_at: int


class Break(NamedTuple):
    """What does not agree; `batch` and `line` say where it stands there (None: it is missing),
    `proposal` which resolution waits for a second person, `said_no` is the merchant as they wrote
    it.
    """

    number: int
    source: str
    round: str
    type: str
    transaction_no: str
    kind: str
    merchant_no: str
    merchant: str
    day: int
    our_fen: int
    their_fen: int
    difference_fen: int
    detail: str
    batch: int | None
    file: str
    line: int | None
    run: int | None
    cleared_run: int | None
    cleared_at: int | None
    state: str
    owner: str
    resolution: str
    note: str
    evidence: str
    resolved_by: str
    resolved_at: int | None
    proposal: int | None
    said_no: str


class Scope(NamedTuple):
    """What a run holds against each other: one kind of file, all rounds (None) or one."""

    programme_id: int
    source: str
    round_id: int | None


class Recorded(NamedTuple):
    """What came of a run: breaks that are new, that stand as before, that no longer stand, and
    those that people resolved and that still stand.
    """

    run: int
    opened: int
    standing: int
    cleared: int
    still_resolved: int


ADD_RUN = """
INSERT INTO reconciliations (programme_id, batch_id, source, round_id, first_on, last_on,
    tolerances, last_audit, adds, opened, standing, cleared, actor, os_user, ran_at)
VALUES (:programme_id, :batch_id, :source, :round_id, :first_on, :last_on, :tolerances, :last_audit,
    :adds, 0, 0, 0, :actor, :os_user, :ran_at)
"""
COUNT_RUN = "UPDATE reconciliations SET opened = ?, standing = ?, cleared = ? WHERE run_id = ?"
ADD_DAY = "INSERT INTO reconciled_days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ADD_BEYOND = "INSERT OR REPLACE INTO agreed_beyond VALUES (?, ?, ?, ?, ?, ?)"
FORGET_BEYOND = """
DELETE FROM agreed_beyond WHERE run_id IN (
    SELECT run_id FROM reconciliations WHERE batch_id = ?)
"""
IN_SCOPE = "b.programme_id = :programme_id AND b.source = :source AND b.round_id IS :round_id"
# What a run looks at again: breaks of its days, but for those whose row there stands in a bill of
# other days; and those of its own file.
TO_LOOK_AT = f"""
SELECT b.break_id, b.type, b.key, b.our_fen, b.their_fen, b.state FROM breaks b
WHERE {IN_SCOPE} AND b.cleared_at IS NULL AND (b.batch_id = :batch_id OR (
    EXISTS (SELECT 1 FROM break_parts p WHERE p.break_id = b.break_id
        AND p.day BETWEEN :first_on AND :last_on)
    AND NOT EXISTS (SELECT 1 FROM break_parts p WHERE p.break_id = b.break_id AND p.their_rows > 0
        AND (p.is_beyond OR p.day NOT BETWEEN :first_on AND :last_on))))
ORDER BY b.break_id
"""
COUNT_STANDING = f"SELECT count(*) FROM breaks b WHERE {IN_SCOPE} AND b.cleared_at IS NULL"
STANDING = f"""
SELECT b.break_id, b.state FROM breaks b WHERE {IN_SCOPE} AND b.type = :type AND b.key = :key
    AND b.our_fen = :our_fen AND b.their_fen = :their_fen AND b.cleared_at IS NULL
"""
LAST_BREAK = "SELECT ifnull(max(break_id), 0) FROM breaks"
ADD_BREAK = """
INSERT INTO breaks (break_id, programme_id, source, round_id, type, key, transaction_no, kind,
    merchant_id, merchant_no, day, our_fen, their_fen, line, detail, batch_id, run_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_PART = "INSERT INTO break_parts VALUES (?, ?, ?, ?, ?, ?, ?)"
FORGET_PARTS = "DELETE FROM break_parts WHERE break_id = ?"
SHOWN_AGAIN = "UPDATE breaks SET batch_id = ?, line = ?, detail = ? WHERE break_id = ?"
CLEAR = """
UPDATE breaks SET cleared_run = :run, cleared_at = :at,
    state = iif(state = 'open', 'cleared', state)
WHERE break_id = :number AND cleared_at IS NULL
"""
TAKEN = f"""
SELECT a.transaction_no, a.kind FROM agreed_beyond a JOIN reconciliations b USING (run_id)
WHERE {IN_SCOPE} AND b.batch_id <> :batch_id AND a.day BETWEEN :first_on AND :last_on
UNION
SELECT b.transaction_no, b.kind FROM breaks b JOIN break_parts o USING (break_id)
WHERE {IN_SCOPE} AND b.cleared_at IS NULL AND b.batch_id IS NOT :batch_id AND o.our_rows > 0
    AND o.day BETWEEN :first_on AND :last_on
    AND EXISTS (SELECT 1 FROM break_parts t WHERE t.break_id = b.break_id AND t.their_rows > 0
        AND (t.is_beyond OR t.day NOT BETWEEN :first_on AND :last_on))
"""
WAITING = f"""
SELECT b.transaction_no, b.kind, b.break_id FROM breaks b
WHERE {IN_SCOPE} AND b.cleared_at IS NULL AND b.type = 'missing_there'
    AND b.day BETWEEN :look_from AND :look_to
    AND (:adds OR b.day NOT BETWEEN :first_on AND :last_on)
"""
# What the same file showed of other days when it was held before: it shows it still. No break says
# that it is missing (0).
SHOWN_BEFORE = f"""
SELECT a.transaction_no, a.kind, 0 FROM agreed_beyond a JOIN reconciliations b USING (run_id)
WHERE {IN_SCOPE} AND b.batch_id = :batch_id
UNION
SELECT b.transaction_no, b.kind, 0 FROM breaks b
WHERE {IN_SCOPE} AND b.batch_id = :batch_id AND b.cleared_at IS NULL AND EXISTS (
    SELECT 1 FROM break_parts p WHERE p.break_id = b.break_id AND p.our_rows > 0
        AND p.day NOT BETWEEN :first_on AND :last_on)
"""
COVERED = f"""
SELECT DISTINCT b.day FROM standing_days b
WHERE {IN_SCOPE} AND b.day BETWEEN :look_from AND :look_to
    AND (:adds OR b.day NOT BETWEEN :first_on AND :last_on)
"""
LAST_RUN_OF_BATCH = "SELECT max(run_id) FROM reconciliations WHERE batch_id = ?"
# What may change what stands here, or how it is looked at.
CHANGED_SINCE = """
SELECT EXISTS (SELECT 1 FROM audit a JOIN reconciliations r ON r.run_id = ?
    WHERE a.audit_id > r.last_audit AND (a.deed IN ('redemptions.import', 'redemptions.undo',
            'redemptions.retry', 'claims.undo', 'settlement.export', 'settlement.paid')
        OR a.deed LIKE 'correction.%' OR a.deed LIKE 'programme.%' OR a.deed LIKE 'merchant%'
        OR a.deed LIKE 'batch.%'
        OR (a.deed IN ('bills.import', 'bills.undo', 'day_bills.import', 'day_bills.undo',
                'statements.import', 'statements.undo', 'reconcile.run')
            AND json_extract(a.detail, '$.batch') IS NOT r.batch_id)))
"""
MERCHANT_OF = """
SELECT merchant_id FROM merchants WHERE merchant_no = ?1
UNION ALL SELECT merchant_id FROM merchants WHERE platform_no = ?1 AND ?1 <> '' LIMIT 1
"""
IS_MERCHANT = """
SELECT EXISTS (SELECT 1 FROM merchants WHERE merchant_id = ?2 AND ?1 IN (merchant_no, platform_no))
    OR EXISTS (SELECT 1 FROM merchant_pasts WHERE merchant_id = ?2 AND platform_no = ?1)
"""
RUNS = Listing(
    Run,
    """
SELECT r.run_id, r.batch_id, b.file, r.source, ifnull(o.round, ''), r.first_on, r.last_on, r.adds,
    r.tolerances, r.opened, r.standing, r.cleared, r.actor, r.ran_at
FROM reconciliations r JOIN batches b USING (batch_id) LEFT JOIN rounds o USING (round_id)
WHERE r.programme_id = :programme_id AND ifnull(r.run_id = :run, 1)
    AND ifnull(r.batch_id = :batch, 1)
""",
    "r.run_id DESC",
)
ROWS = """
SELECT b.break_id, b.source, ifnull(o.round, ''), b.type, b.transaction_no, b.kind,
    ifnull(m.merchant_no, b.merchant_no), ifnull(m.name, ''), b.day, b.our_fen, b.their_fen,
    b.their_fen - b.our_fen, b.detail, b.batch_id, ifnull(f.file, ''), b.line, b.run_id,
    b.cleared_run, b.cleared_at, b.state, b.owner, b.resolution, b.note, b.evidence, b.resolved_by,
    b.resolved_at, p.proposal_id, b.merchant_no
FROM breaks b LEFT JOIN rounds o USING (round_id) LEFT JOIN merchants m USING (merchant_id)
    LEFT JOIN batches f USING (batch_id)
    LEFT JOIN proposals p ON p.subject = 'break' AND p.subject_id = b.break_id
        AND p.state = 'proposed'
WHERE b.programme_id = :programme_id
"""
# By their numbers (+: not by their programme, which would read all of it).
NUMBERED = (
    ROWS.replace("WHERE b.programme_id", "WHERE +b.programme_id")
    + "AND b.break_id IN (SELECT value FROM json_each(:numbers)) ORDER BY b.break_id"
)
BREAKS = Listing(
    Break,
    f"""{ROWS}
    AND ifnull(b.type = :type, 1) AND ifnull(b.state = :state, 1)
    AND ifnull(b.owner = iif(:owner = '-', '', :owner), 1)
    AND ifnull(:merchant IN (m.merchant_no, b.merchant_no), :merchant IS NULL)
    AND ifnull(b.day >= :since, 1) AND ifnull(b.day <= :until, 1)
    AND ifnull(:run IN (b.run_id, b.cleared_run), :run IS NULL)
    AND ifnull(o.round = :round, :round IS NULL)
    AND ifnull(:waits = (p.proposal_id IS NOT NULL), 1)
    AND (:step IS NULL OR b.break_id IN (SELECT s.subject_id FROM proposals s
        JOIN proposals h ON s.proposal_id BETWEEN h.proposal_id
            AND h.proposal_id + ifnull(h.after ->> '$.together.size', 1) - 1
        WHERE h.proposal_id = :step))
""",
    "b.day, b.break_id",
    names_columns=True,
)


class Asked(NamedTuple):
    """Which breaks a list is asked for (None: any); days as yyyymmdd, both included. `waits`:
    whether a resolution waits for a second person; `step`: those that were proposed together, by
    the number of the first of these proposals.
    """

    type: str | None = None
    state: str | None = None
    owner: str | None = None
    merchant: str | None = None
    since: int | None = None
    until: int | None = None
    run: int | None = None
    round: str | None = None
    waits: bool | None = None
    step: int | None = None


def listed(db: sqlite3.Connection, programme_id: int, asked: Asked) -> Listed:
    """The breaks (`Break`) of a programme, the oldest day first."""
    return BREAKS.of(db, programme_id=programme_id, **asked._asdict())


def numbered(db: sqlite3.Connection, programme_id: int, numbers: Iterable[int]) -> list[Break]:
    """Those of these breaks that are there, in their order."""
    asked = {"programme_id": programme_id, "numbers": json.dumps([*numbers])}
    return typed.rows(db, Break, NUMBERED, asked)


def runs(
    db: sqlite3.Connection, programme_id: int, *, run: int | None = None, batch: int | None = None
) -> Listed:
    """The runs (`Run`) of a programme, the newest first."""
    return RUNS.of(db, programme_id=programme_id, run=run, batch=batch)


# ---------------------------------------------------------------- what a run knows


def taken(
    db: sqlite3.Connection, scope: Scope, batch_id: int, first_on: int, last_on: int
) -> set[Key]:
    """Our rows on these days that bills of other days show: (number, kind)."""
    asked = {**scope._asdict(), "batch_id": batch_id, "first_on": first_on, "last_on": last_on}
    return {(row[0], row[1]) for row in typed.tuples(db, TAKEN, asked)}


def waiting(
    db: sqlite3.Connection,
    scope: Scope,
    batch_id: int,
    *,
    covers: tuple[int, int],
    looks: tuple[int, int],
) -> dict[Key, int]:
    """Our rows that no other bill has shown, of the days that are looked through and not covered:
    (number, kind) -> the break that says so (0: the same bill showed them before). `covers` (0, 0):
    the run covers no day.
    """
    asked = _days(scope, covers, looks) | {"batch_id": batch_id}
    return {
        (number, kind): each
        for statement in (SHOWN_BEFORE, WAITING)
        for number, kind, each in typed.tuples(db, statement, asked)
    }


def covered(
    db: sqlite3.Connection, scope: Scope, *, covers: tuple[int, int], looks: tuple[int, int]
) -> set[int]:
    """The days that are looked through, not covered, and were held against a bill before."""
    return set(typed.column(db, COVERED, _days(scope, covers, looks)))


def _days(scope: Scope, covers: tuple[int, int], looks: tuple[int, int]) -> dict[str, object]:
    return {
        **scope._asdict(),
        "first_on": covers[0],
        "last_on": covers[1],
        "adds": covers == (0, 0),
        "look_from": looks[0],
        "look_to": looks[1],
    }


def merchant_of(db: sqlite3.Connection, number: str) -> int | None:
    """The merchant with that number, ours or the platform's."""
    return next(iter(typed.column(db, MERCHANT_OF, (number,))), None)


def is_merchant(db: sqlite3.Connection, number: str, merchant_id: int) -> bool:
    """Whether the merchant has, or had, that number."""
    return bool(typed.number(db, IS_MERCHANT, (number, merchant_id)))


def is_changed_since(db: sqlite3.Connection, batch_id: int) -> bool:
    """Whether something was done since the last run of a file that may change what it finds."""
    run_id = typed.column(db, LAST_RUN_OF_BATCH, (batch_id,))[0]
    return run_id is None or bool(typed.number(db, CHANGED_SINCE, (run_id,)))


# ---------------------------------------------------------------- what a run says


def record(
    session: Session,
    scope: Scope,
    batch_id: int,
    days: tuple[int, int],
    found: list[Found],
    *,
    sums: dict[int, tuple[Sums, Sums]],
    beyond: Iterable[Beyond] = (),
    ended: Iterable[int] = (),
    allowed: Tolerances = NONE,
    adds: bool = False,
) -> Recorded:
    """Keep a run over `days` (both included): for each day (all rows, what agreed), what agreed on
    other days, its breaks, and the end of those that it no longer finds or that it has `ended`.
    """
    db = session.db
    about = {
        **scope._asdict(),
        "batch_id": batch_id,
        "first_on": days[0],
        "last_on": days[1],
        "tolerances": json.dumps(allowed._asdict()),
        "last_audit": audit_lines.last(db),
        "adds": adds,
        "actor": session.actor,
        "os_user": session.os_user,
        "ran_at": session.now,
    }
    run_id = int(db.execute(ADD_RUN, about).lastrowid or 0)
    _keep_days(db, run_id, sums)
    db.execute(FORGET_BEYOND, (batch_id,))
    db.executemany(ADD_BEYOND, ((run_id, *each) for each in beyond))
    recorded = _keep_breaks(session, scope, run_id, about, found, adds=adds, ended=ended)
    counts = (recorded.opened, recorded.standing, recorded.cleared)
    db.execute(COUNT_RUN, (*counts, run_id))
    return recorded


def _keep_days(db: sqlite3.Connection, run_id: int, sums: dict[int, tuple[Sums, Sums]]) -> None:
    rows = [
        (
            run_id,
            day,
            *(whole.their_rows, whole.their_fen, whole.our_rows, whole.our_fen),
            *(agreed.their_rows, agreed.their_fen, agreed.our_rows, agreed.our_fen),
        )
        for day, (whole, agreed) in sorted(sums.items())
    ]
    db.executemany(ADD_DAY, rows)


def _keep_breaks(
    session: Session,
    scope: Scope,
    run_id: int,
    about: dict[str, object],
    found: list[Found],
    *,
    adds: bool,
    ended: Iterable[int],
) -> Recorded:
    db = session.db
    asked = about | ({"first_on": 0, "last_on": 0} if adds else {})
    before = {
        (kind, key, ours, theirs): (number, state)
        for number, kind, key, ours, theirs, state in typed.tuples(db, TO_LOOK_AT, asked)
    }
    new, standing, resolved = [], 0, 0
    others = typed.number(db, COUNT_STANDING, asked) > len(before)
    for each in found:
        known = before.pop(each.identity, None) or (others and _standing(db, scope, each)) or None
        if known is None:
            new.append(each)
            continue
        standing += 1
        resolved += known[1] == "resolved"
        _show_again(db, known[0], each, about["batch_id"])
    gone = {number for number, _ in before.values()} | {*ended}
    cleared = sum(
        db.execute(CLEAR, {"run": run_id, "at": session.now, "number": number}).rowcount
        for number in sorted(gone)
    )
    _add(db, scope, run_id, new, about["batch_id"])
    return Recorded(run_id, len(new), standing, cleared, resolved)


def _standing(db: sqlite3.Connection, scope: Scope, found: Found) -> tuple[int, str] | None:
    """The same break, where a bill of other days showed it."""
    asked = scope._asdict() | {
        "type": found.type,
        "key": found.key,
        "our_fen": found.our_fen,
        "their_fen": found.their_fen,
    }
    return next(iter(typed.tuples(db, STANDING, asked)), None)


def _show_again(db: sqlite3.Connection, number: int, found: Found, batch_id: object) -> None:
    """The break stands as before; where it stands in this file."""
    place = (None, None) if found.line is None else (batch_id, found.line)
    db.execute(SHOWN_AGAIN, (*place, found.detail, number))
    db.execute(FORGET_PARTS, (number,))
    db.executemany(ADD_PART, _part_rows(number, found.parts))


def _add(
    db: sqlite3.Connection, scope: Scope, run_id: int, new: list[Found], batch_id: object
) -> None:
    numbered = [*enumerate(new, typed.number(db, LAST_BREAK) + 1)]

    def rows() -> Iterator[tuple[object, ...]]:
        for number, each in numbered:
            *values, _, detail = each[1:]
            batch = None if each.line is None else batch_id
            yield (number, *scope, each.type, *values, detail, batch, run_id)

    db.executemany(ADD_BREAK, rows())
    db.executemany(
        ADD_PART, (row for number, each in numbered for row in _part_rows(number, each.parts))
    )


def _part_rows(number: int, parts: Iterable[Part]) -> Iterator[tuple[object, ...]]:
    return ((number, each.day, each.is_beyond, *each[1:5]) for each in parts)


# ---------------------------------------------------------------- undo

# What stands upon a file's runs: later runs of the same days or beside them, breaks that people
# have taken up, settlements that they verified.
LATER_RUNS = """
SELECT l.batch_id, count(*) AS later FROM reconciliations l JOIN reconciliations r
    ON l.programme_id = r.programme_id AND l.source = r.source AND l.round_id IS r.round_id
    AND l.run_id > r.run_id AND l.batch_id <> r.batch_id
    AND l.first_on <= r.last_on + 1 AND l.last_on >= r.first_on - 1
WHERE r.batch_id = ? GROUP BY l.batch_id ORDER BY l.batch_id
"""
HANDLED = """
SELECT min(b.break_id) FROM breaks b JOIN reconciliations r USING (run_id)
WHERE r.batch_id = ? AND (b.state = 'resolved' OR b.owner <> '' OR b.note <> ''
    OR EXISTS (SELECT 1 FROM proposals p WHERE p.subject = 'break' AND p.subject_id = b.break_id))
"""
VERIFIED = """
SELECT min(s.settlement_id) FROM settlement_runs s JOIN reconciliations r USING (run_id)
WHERE r.batch_id = ?
"""
OF_BATCH = "(SELECT run_id FROM reconciliations WHERE batch_id = ?)"
UNDO = (
    f"""DELETE FROM break_parts WHERE break_id IN (
    SELECT break_id FROM breaks WHERE run_id IN {OF_BATCH})""",
    f"DELETE FROM breaks WHERE run_id IN {OF_BATCH}",
    f"""UPDATE breaks SET cleared_run = NULL, cleared_at = NULL,
    state = iif(state = 'cleared', 'open', state) WHERE cleared_run IN {OF_BATCH}""",
    "UPDATE breaks SET batch_id = NULL, line = NULL WHERE batch_id = ?",
    f"DELETE FROM agreed_beyond WHERE run_id IN {OF_BATCH}",
    f"DELETE FROM reconciled_days WHERE run_id IN {OF_BATCH}",
    "DELETE FROM reconciliations WHERE batch_id = ?",
)


def handled(db: sqlite3.Connection, batch_id: int) -> int | None:
    """A break that a file's runs found and that a person has taken up."""
    number: int | None = typed.column(db, HANDLED, (batch_id,))[0]
    return number


def verified(db: sqlite3.Connection, batch_id: int) -> int | None:
    """A settlement that a run of the file verified."""
    number: int | None = typed.column(db, VERIFIED, (batch_id,))[0]
    return number


def undo(db: sqlite3.Connection, batch_id: int) -> None:
    """Take a file's runs back: their breaks go, and what they had cleared stands again."""
    for statement in UNDO:
        db.execute(statement, (batch_id,))
