"""`settlement hold --file`: many payments and merchants are held at once, by a list. All of it is
judged first: where a row is at fault, nothing is held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats.tables import hold_lists
from vouchercli.ops.settlements import holding
from vouchercli.ops.settlements.holding import Asked
from vouchercli.ops.settlements.holds import REASONS, say_dropped
from vouchercli.ops.setup import staff
from vouchercli.result import Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import doors, money, times
from vouchercli.rules import settlements as law
from vouchercli.store import programmes
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from vouchercli.formats.tables.hold_lists import HoldLine
    from vouchercli.ops.settlements.holding import Held, Made, Wanted
    from vouchercli.session import Session

SHOWN = 20  # faults that are told one by one
COLUMNS = (
    Column("reason", "Reason", "word", shown="reason_word"),
    Column("holds", "Holds", "int"),
    Column("payments", "Single payments", "int"),
    Column("amount_fen", "Held back", "fen"),
)
TEXTS = {
    "bad_time": "date: {value} is no day",
    "in_future": "date: {value} is still to come",
}


def require_alone(file: Path | None, reason: str | None, *others: str | None) -> bool:
    """Whether a list says what is held. Raises `file_alone`, `reason_needed`."""
    if file is None:
        if reason is None:
            raise UsageFault("reason_needed", "say why it is held: --reason CODE, or --file FILE")
        return False
    if reason is not None or any(others):
        raise UsageFault(
            "file_alone",
            "--file holds what its rows say: leave out --merchant, --transaction, --reason,"
            " --evidence, --note and --on",
        )
    return True


def hold(session: Session, path: Path) -> Outcome:
    """Hold what the rows of a list name; what is held already stays as it is.
    Raises `bad_hold_rows` with every row at fault (the first twenty), and as `hold_lists.read`.
    """
    lines, faults = hold_lists.read(path)
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        staff.require(session, programmes.value(row), doors.DOOR["settlement hold"])
        wanted = _judge(session, row, lines, faults)
        if faults:
            raise _refusal(path, faults)
        made = holding.make(session, row["programme_id"], wanted)
    return _answer(path, len(lines), made)


def _refusal(path: Path, faults: list[Problem]) -> VoucherError:
    return VoucherError(
        "bad_hold_rows",
        "{file}: {count} row(s) cannot be used; nothing is held",
        hint="correct these rows and hand the file in again",
        where=str(path),
        problems=faults[:SHOWN],
        file=str(path),
        count=len(faults),
    )


def _judge(
    session: Session, row: sqlite3.Row, lines: list[HoldLine], faults: list[Problem]
) -> list[Wanted]:
    """What the rows ask for; those that are at fault are told in `faults`."""
    today = times.day_of(session.now, row["time_zone"])
    numbers = [line.transaction_no for line in lines]
    judge = holding.Judge(session, row["programme_id"], numbers)
    wanted = []
    for line in lines:
        day = _day(line, row["time_zone"], today)
        if isinstance(day, Problem):
            faults.append(day)
            continue
        judged = judge.judge(_asked(line, day))
        if isinstance(judged, VoucherError):
            faults.append(holding.as_problem(judged, line.where))
        else:
            wanted.append(judged)
    return wanted


def _asked(line: HoldLine, day: int) -> Asked:
    about = (line.transaction_no, line.merchant_no, line.reason, line.evidence, line.note)
    return Asked(*about, day, line.where)


def _day(line: HoldLine, zone: str, today: int) -> int | Problem:
    """The date of the evidence (yyyymmdd), else today."""
    text = line.held_on
    if not text:
        return today
    try:
        day = times.day_of(times.parse(text, zone), zone)
    except ValueError:
        return _fault(line, "bad_time", value=text)
    return _fault(line, "in_future", value=text) if day > today else day


def _fault(line: HoldLine, code: str, **about: object) -> Problem:
    return Problem(code, TEXTS[code], line.where, params=about)


def _answer(path: Path, rows: int, made: Made) -> Outcome:
    by_reason = []
    for code in law.HOLD_REASONS:
        some = [each for each in made.held if each.wanted.asked.reason == code]
        if some:
            by_reason.append({"reason": code, "reason_word": REASONS[code], **_sum(some)})
    whole = _sum(made.held)
    total = {"reason": Word("total"), "reason_word": Word("total"), **whole}
    before = rows - len(made.held)
    message = say(
        "{file}: {holds:,} holds, {amount} yuan; {before:,} rows were held before",
        file=str(path),
        holds=len(made.held),
        amount=money.grouped(whole["amount_fen"]),
        before=before,
    )
    data = {
        "file": str(path),
        "rows": rows,
        "held_before": before,
        "dropped_from": made.dropped,
    }
    table = Table(
        say("Held back, by reason"),
        COLUMNS,
        by_reason,
        total,
        key="by_reason",
        total_key="total",
        optional=True,
    )
    return Outcome(data, (table,), says=(message, *say_dropped(made.dropped)))


def _sum(held: list[Held]) -> dict[str, int]:
    return {
        "holds": len(held),
        "payments": sum(each.wanted.payment is not None for each in held),
        "amount_fen": sum(each.amount_fen for each in held),
    }
