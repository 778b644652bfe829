"""`settlement release --file`: many holds are let go at once, by a list. All of it is judged first:
where a row is at fault, nothing is let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats.tables import hold_lists
from vouchercli.ops.settlements import holding
from vouchercli.ops.settlements.holding import Release
from vouchercli.ops.setup import staff
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import doors, money
from vouchercli.store import holds as store
from vouchercli.store import programmes
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.formats.tables.hold_lists import ReleaseLine
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session
    from vouchercli.store.holds import Hold

SHOWN = 20  # faults that are told one by one


def choose(hold: int | None, file: Path | None) -> bool:
    """Whether a list says what is let go. Raises `hold_or_file`."""
    if (hold is None) == (file is None):
        raise UsageFault(
            "hold_or_file",
            "name one hold by its number, or a list of them: --file FILE",
            hint="voucher settlement release --help",
        )
    return file is not None


def release(session: Session, path: Path, note: str) -> Outcome:
    """Let the holds go that the rows of a list name; `note` says why where a row does not. What
    was released already is counted and left. Raises `bad_release_rows` with every row at fault
    (the first twenty), and as `hold_lists.read_releases`.
    """
    lines, faults = hold_lists.read_releases(path)
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        programme = programmes.value(row)
        staff.require(session, programme, doors.DOOR["settlement release"])
        known = {each.hold: each for each in store.listed(db, row["programme_id"]).rows(None)}
        wanted: dict[int, Release] = {}
        for line in lines:
            judged = _judge(session, programme, line, known, note)
            if isinstance(judged, Problem):
                faults.append(judged)
            elif judged.found.released_at is None:
                wanted.setdefault(judged.found.hold, judged)
        if faults:
            raise _refusal(path, faults)
        amount_fen = holding.release(session, row["programme_id"], [*wanted.values()])
    return _answer(path, len(lines), [*wanted], amount_fen)


def _judge(
    session: Session,
    programme: Programme,
    line: ReleaseLine,
    known: dict[int, Hold],
    note: str,
) -> Release | Problem:
    number = line.hold_no.strip()
    found = known.get(int(number)) if number.isascii() and number.isdigit() else None
    why = line.note.strip() or note.strip()
    if found is not None and found.released_at is not None:
        return Release(found, why, line.where)
    judged = holding.judge_release(session, programme, number, found)
    if isinstance(judged, VoucherError):
        return holding.as_problem(judged, line.where)
    if not why:
        return Problem("note_needed", "say why it can be paid: --note", line.where)
    return Release(judged, why, line.where)


def _refusal(path: Path, faults: list[Problem]) -> VoucherError:
    return VoucherError(
        "bad_release_rows",
        "{file}: {count} row(s) cannot be used; nothing is released",
        hint="correct these rows and hand the file in again",
        where=str(path),
        problems=faults[:SHOWN],
        file=str(path),
        count=len(faults),
    )


def _answer(path: Path, rows: int, released: list[int], amount_fen: int) -> Outcome:
    before = rows - len(released)
    data = {
        "file": str(path),
        "rows": rows,
        "released": released,
        "released_before": before,
        "amount_fen": amount_fen,
    }
    message = say(
        "{file}: {count:,} holds are released, {amount} yuan can be paid by the next settlement;"
        " {before:,} rows were released before",
        file=str(path),
        count=len(released),
        amount=money.grouped(amount_fen),
        before=before,
    )
    return Outcome(data, says=(message,))
