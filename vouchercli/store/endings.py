"""The end of a programme: its final statement, what goes back, and whether it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.store import ledger, programmes, typed

if TYPE_CHECKING:
    import sqlite3

CLOSING = """
SELECT c.programme_id, p.programme, c.proposal_id, c.closed_on, c.closed_at
FROM closings c JOIN programmes p USING (programme_id) WHERE c.programme_id = ?
"""
LINES = """
SELECT funder_id, given_fen, paid_fen, repaid_fen, given_up_fen, own_fen, returned_fen,
    at_the_end_fen
FROM closing_lines WHERE programme_id = ?
"""
CLOSE = """
INSERT INTO closings (programme_id, proposal_id, closed_on, closed_at, last_posting)
VALUES (?, ?, ?, ?, ?)
"""
ADD_LINE = """
INSERT INTO closing_lines (programme_id, funder_id, given_fen, paid_fen, repaid_fen, given_up_fen,
    own_fen, returned_fen, at_the_end_fen)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
BY_ROUND = """
SELECT round_id, committed_fen, outstanding_fen, written_off_fen FROM balances
WHERE funder_id = ? AND (committed_fen, outstanding_fen, written_off_fen) <> (0, 0, 0)
ORDER BY round_id
"""
PUBLIC = "public"


class Closing(NamedTuple):
    """When a programme was closed (local day as yyyymmdd, UTC seconds), and by which proposal."""

    programme_id: int
    programme: str
    proposal: int
    closed_on: int
    closed_at: int


class Line(NamedTuple):
    """The final statement of a funder, in fen: given = paid - repaid + own + returned + at the end
    + what is open still. `given_up`: of what was paid, what merchants owed and was written off,
    less what they did without. `own`: what a funder that is no public one pays by itself.
    """

    funder_id: int
    given: int
    paid: int
    repaid: int
    given_up: int
    own: int
    returned: int
    at_the_end: int

    @property
    def left(self) -> int:
        """What is open still; nothing of a closed programme."""
        used = self.paid - self.repaid + self.own
        return self.given - used - self.returned - self.at_the_end


def closing(db: sqlite3.Connection, programme_id: int) -> Closing | None:
    """The end of a programme; None: it goes on."""
    return typed.row(db, Closing, CLOSING, (programme_id,))


def lines(db: sqlite3.Connection, programme_id: int) -> dict[int, Line]:
    """The final statement that was kept when the programme was closed, by funder."""
    return {each.funder_id: each for each in typed.rows(db, Line, LINES, (programme_id,))}


def line(funder: programmes.Row, stands: ledger.Balances) -> Line:
    """The statement of a funder as its accounts stand while the programme goes on."""
    is_public = funder["kind"] == PUBLIC
    return Line(
        funder["funder_id"],
        given=-stands.appropriated,
        paid=stands.paid,
        repaid=-stands.clawed_back,
        given_up=-stands.written_off,
        own=0 if is_public else stands.payable + stands.held,
        returned=stands.returned,
        at_the_end=0,
    )


def give_back(db: sqlite3.Connection, programme_id: int, why: str, at: int) -> list[Line]:
    """Post what every funder has back: all that rounds hold still and what is uncommitted, less
    what merchants were let off. Whoever gave nothing in advance is free of its promise. Gives the
    final statement. Raises `fund_short` where what was given up is more than is left.
    """
    return [_give_back(db, each, why, at) for each in programmes.funders(db, programme_id)]


def _give_back(db: sqlite3.Connection, funder: programmes.Row, why: str, at: int) -> Line:
    fund, is_watched = funder["funder_id"], funder["amount_fen"] is not None
    before = line(funder, ledger.balances(db, fund))
    free = "uncommitted" if is_watched else "appropriated"
    rows = typed.tuples(db, BY_ROUND, (fund,))
    for round_id, committed, outstanding, _ in rows:
        ledger.post(db, fund, round_id, "committed", free, committed, why, at)
        ledger.post(db, fund, round_id, "outstanding", free, outstanding, why, at)
    for round_id, *_, off in sorted(rows, key=lambda row: -row[3]):  # what comes back first
        way = ("written_off", free) if off > 0 else (free, "written_off")
        ledger.post(db, fund, round_id or None, *way, abs(off), why, at)
    rest = ledger.balance(db, fund, "uncommitted")
    ledger.post(db, fund, None, "uncommitted", "returned", rest, why, at)
    given = -ledger.balance(db, fund, "appropriated")
    return before._replace(given=given, at_the_end=rest)


def close(
    db: sqlite3.Connection,
    programme_id: int,
    proposal: int,
    closed_on: int,
    at: int,
    statement: list[Line],
) -> None:
    """Keep the end of a programme with its final statement; from here on it takes nothing more."""
    db.execute(CLOSE, (programme_id, proposal, closed_on, at, ledger.last(db)))
    db.executemany(ADD_LINE, ((programme_id, *each) for each in statement))
