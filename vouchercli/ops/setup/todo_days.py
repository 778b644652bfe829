"""Days that wait for a person: sealed ones for finance, and those that are over for their seal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.setup import staff
from vouchercli.result import Problem, Word, say
from vouchercli.rules import staff as people
from vouchercli.rules import times
from vouchercli.rules.days import Books, last_due
from vouchercli.store import programmes
from vouchercli.store import todo as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.session import Session

BY_HAND = Books(0)


def list_days(session: Session, row: sqlite3.Row) -> Iterator[dict[str, Any]]:
    """What waits of a programme's days, each as a row of `voucher todo`."""
    unsigned = store.unsigned_days(session.db, row["programme_id"])
    if unsigned:
        yield _to_sign(row, unsigned)
    days = _list_open(session, row)
    if days:
        yield _to_seal(row, days)


def _list_open(session: Session, row: sqlite3.Row) -> list[int]:
    """The open days with files that should be sealed: those that the clock has not sealed in its
    time; where it seals none, all that are over, once the first day was sealed by hand.
    """
    db, programme_id = session.db, row["programme_id"]
    books = programmes.value(row).books
    if books.close_after_days is None:
        if not store.is_sealed(db, programme_id):
            return []
        books = BY_HAND
    last = last_due(books, session.now, row["time_zone"])
    return [] if last is None else store.open_days(db, programme_id, last)


def _to_sign(row: sqlite3.Row, days: list[store.Unsigned]) -> dict[str, Any]:
    programme = programmes.value(row)
    may, count = people.who_may_sign(programme, [each.sealed_by for each in days])
    shown = days[:count] or days
    name = times.day_text(shown[-1].day)
    return {
        **_describe(row, [each.day for each in shown], may),
        "kind": Word("signature"),
        "since": shown[0].sealed_at,
        "amount_fen": sum(each.subsidy_fen for each in shown),
        "by": ", ".join(dict.fromkeys(each.sealed_by for each in shown)),
        "next": f"voucher day sign {name} --actor {_first(may)}" if count else "",
        "stuck": None if count else _warn(programme.programme, name),
    }


def _to_seal(row: sqlite3.Row, days: list[int]) -> dict[str, Any]:
    may = people.who_should_seal(programmes.value(row))
    return {
        **_describe(row, days, may),
        "kind": Word("seal"),
        "since": times.day_bounds(days[0], row["time_zone"])[1],
        "amount_fen": None,
        "by": "",
        "next": f"voucher day close {times.day_text(days[-1])} --actor {_first(may)}",
        "stuck": None,
    }


def _first(names: list[str]) -> str:
    return next(iter(names), "NAME")


def _describe(row: sqlite3.Row, days: list[int], may: list[str]) -> dict[str, Any]:
    name = times.day_text(days[-1])
    return {
        "programme": row["programme"],
        "name": name,
        "about": say("{count} days to {day}", count=len(days), day=name) if days[1:] else name,
        "days": len(days),
        "note": "",
        "approvals": "",
        "who": ", ".join(may),
    }


def _warn(programme: str, name: str) -> Problem:
    """Nobody on the staff may sign it: another person must come on the staff."""
    return Problem(
        "no_one_may",
        "nobody on the staff of programme {programme} may sign {name}",
        level="warning",
        hint=staff.ADD_A_LINE,
        params={"programme": programme, "name": name, "role": "finance"},
    )
