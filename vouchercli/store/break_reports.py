"""What was held against bills and what was not, by day; what does not agree, by type and age."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

# Our side by day comes from the totals: the payments and refunds themselves are not read.
DAYS = """
WITH ours AS (
    SELECT g.day, sum(g.subsidy_fen) AS fen FROM group_totals g JOIN rounds r USING (round_id)
    WHERE g.grouping = 'round' AND r.programme_id = :programme_id AND ifnull(r.round = :round, 1)
    GROUP BY g.day
), held AS (
    SELECT d.day, max(d.run_id) AS run_id, sum(d.their_rows) AS their_rows,
        sum(d.their_fen) AS their_fen, max(d.our_fen) AS our_fen,
        sum(d.agreed_their_rows) AS agreed, sum(d.agreed_their_fen) AS agreed_fen
    FROM standing_days d LEFT JOIN rounds r USING (round_id)
    WHERE d.programme_id = :programme_id AND d.source = :source AND r.round IS :round
    GROUP BY d.day
), open AS (
    SELECT b.day, count(*) AS breaks, sum(abs(b.their_fen - b.our_fen)) AS fen FROM breaks b
    LEFT JOIN rounds r USING (round_id)
    WHERE b.programme_id = :programme_id AND b.source = :source AND r.round IS :round
        AND b.state = 'open' GROUP BY b.day
)
SELECT n.day, h.run_id, ifnull(h.their_rows, 0), ifnull(h.their_fen, 0), ifnull(o.fen, 0),
    ifnull(h.agreed, 0), ifnull(h.agreed_fen, 0), ifnull(p.breaks, 0), ifnull(p.fen, 0),
    h.run_id IS NOT NULL AND ifnull(h.our_fen, 0) <> ifnull(o.fen, 0)
FROM (SELECT day FROM ours UNION SELECT day FROM held UNION SELECT day FROM open) n
LEFT JOIN ours o USING (day) LEFT JOIN held h USING (day) LEFT JOIN open p USING (day)
WHERE ifnull(n.day >= :since, 1) AND ifnull(n.day <= :until, 1)
ORDER BY n.day
"""
TYPES = """
SELECT b.type, b.day, b.state, count(*), sum(b.their_fen - b.our_fen),
    sum(abs(b.their_fen - b.our_fen)), sum(EXISTS (SELECT 1 FROM proposals p
        WHERE p.subject = 'break' AND p.subject_id = b.break_id AND p.state = 'proposed'))
FROM breaks b WHERE b.programme_id = :programme_id AND ifnull(b.day >= :since, 1)
    AND ifnull(b.day <= :until, 1)
GROUP BY b.type, b.day, b.state
"""
# Open breaks by who looks after them: nobody's last.
OWNERS = """
SELECT b.owner, b.day, count(*), sum(b.their_fen - b.our_fen), sum(abs(b.their_fen - b.our_fen)),
    sum(EXISTS (SELECT 1 FROM proposals p
        WHERE p.subject = 'break' AND p.subject_id = b.break_id AND p.state = 'proposed'))
FROM breaks b WHERE b.programme_id = :programme_id AND b.state = 'open'
    AND ifnull(b.day >= :since, 1) AND ifnull(b.day <= :until, 1)
GROUP BY b.owner, b.day ORDER BY b.owner = '', b.owner, b.day
"""


class Day(NamedTuple):
    """A day as the bills and we have it. `run` None: no bill was held against it; `is_changed`:
    something came here, or left, since its run.
    """

    day: int
    run: int | None
    their_rows: int
    their_fen: int
    our_fen: int
    agreed: int
    agreed_fen: int
    open: int
    open_fen: int
    is_changed: int


class Count(NamedTuple):
    """Breaks of one type, day and state; `off_fen` adds their differences without a sign,
    `waits` are those on which a resolution waits for a second person.
    """

    type: str
    day: int
    state: str
    breaks: int
    difference_fen: int
    off_fen: int
    waits: int


class Owned(NamedTuple):
    """Open breaks of one day that somebody looks after ('': nobody); see `Count`."""

    owner: str
    day: int
    breaks: int
    difference_fen: int
    off_fen: int
    waits: int


def days(
    db: sqlite3.Connection,
    programme_id: int,
    source: str,
    round_: str | None,
    since: int | None,
    until: int | None,
) -> list[Day]:
    """Every day on which something was paid here or there."""
    asked = {
        "programme_id": programme_id,
        "source": source,
        "round": round_,
        "since": since,
        "until": until,
    }
    return typed.rows(db, Day, DAYS, asked)


def counts(
    db: sqlite3.Connection, programme_id: int, since: int | None, until: int | None
) -> list[Count]:
    """The breaks of a programme, counted."""
    asked = {"programme_id": programme_id, "since": since, "until": until}
    return typed.rows(db, Count, TYPES, asked)


def owners(
    db: sqlite3.Connection, programme_id: int, since: int | None, until: int | None
) -> list[Owned]:
    """The open breaks of a programme, by owner and day."""
    asked = {"programme_id": programme_id, "since": since, "until": until}
    return typed.rows(db, Owned, OWNERS, asked)


# The days whose dues a settlement pays: behind the day up to which the others were paid.
OF_SETTLEMENT = """
SELECT min(d.after_day), max(d.up_to) FROM dues d JOIN transfers t USING (transfer_id)
WHERE t.settlement_id = ?
"""
ADD_RUN = "INSERT OR IGNORE INTO settlement_runs (settlement_id, run_id) VALUES (?, ?)"
RUNS_OF = "SELECT run_id FROM settlement_runs WHERE settlement_id = ? ORDER BY run_id"


def span_of(db: sqlite3.Connection, settlement: int) -> tuple[int, int] | None:
    """The days (yyyymmdd) that a settlement pays: behind the first, up to the second."""
    after, up_to = typed.tuples(db, OF_SETTLEMENT, (settlement,))[0]
    return None if up_to is None else (after, up_to)


def note_runs(db: sqlite3.Connection, settlement: int, runs: list[int]) -> None:
    """Keep by which runs a settlement was verified."""
    db.executemany(ADD_RUN, ((settlement, run) for run in runs))


def runs_of(db: sqlite3.Connection, settlement: int) -> list[int]:
    """By which runs a settlement was verified; none: by hand."""
    return typed.column(db, RUNS_OF, (settlement,))
