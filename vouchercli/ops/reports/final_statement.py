"""report funds --final: what became of every fen that each funder gave, when a programme is over
(决算); and what is open still while it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports.funds import stands_of
from vouchercli.ops.reports.scope import note_later, scope_of
from vouchercli.ops.reports.spans import Title, titled
from vouchercli.result import JSON, SHOWN, Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import money, times
from vouchercli.store import endings, programmes
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.endings import Closing
    from vouchercli.store.ledger import Balances

TITLE = Title("Final statement: {programme}", "Final statement: {programme}, as of {as_of}")
# Each line with its sign in the sum; what is only a part of another line has none.
LINES = (
    ("given_fen", Word("appropriated"), 1),
    ("paid_fen", Word("less paid to merchants"), -1),
    ("given_up_fen", Word("of it written off"), 0),
    ("repaid_fen", Word("plus paid back by merchants"), 1),
    ("own_fen", Word("less borne by itself"), -1),
    ("returned_fen", Word("less returned while it ran"), -1),
    ("at_the_end_fen", Word("less returned at the end"), -1),
    ("open_fen", Word("less still open"), -1),
)
OPTIONAL = ("given_up_fen", "own_fen", "open_fen")
DIFFERENCE = "difference_fen"
ITEM = Column("item", "Item", "word")
BY_FUNDER = (
    Column("funder", where=JSON),
    Column("kind", where=JSON),
    *(Column(key, kind="fen", where=JSON) for key, _, _ in LINES),
    Column(DIFFERENCE, kind="fen", where=JSON),
)


def report_final(session: Session, *, as_of: int | None = None) -> Outcome:
    """The final statement of a programme, by funder, as of a moment (UTC seconds; None: as it
    stands). It fails where it does not add up.
    """
    with reading(session):
        scope = scope_of(session, (), None, as_of)
        programme_id = scope.programme["programme_id"]
        closing = endings.closing(session.db, programme_id)
        if closing is not None and as_of is not None and closing.closed_at > as_of:
            closing = None
        kept = endings.lines(session.db, programme_id) if closing else {}
        stands = stands_of(session, scope)
        rows = [
            _row(each, stands(each["funder_id"], None), kept.get(each["funder_id"]))
            for each in programmes.funders(session.db, programme_id)
        ]
        later = note_later(session, scope) if as_of is not None else ()
    total = {key: sum(row[key] for row in rows) for key in (*_keys(), DIFFERENCE)}
    data = scope.about()
    data["closed_on"] = closing and times.day_text(closing.closed_on)
    wrong = [row for row in rows if row[DIFFERENCE]]
    return Outcome(
        data,
        (
            _shown(scope, rows, total, closing),
            Table(say("Final statement"), BY_FUNDER, rows, total, key="funds", total_key="in_all"),
        ),
        (*_say_state(closing, total), *later),
        tuple(_say_wrong(row) for row in wrong),
        "failed" if wrong else "ok",
    )


def _keys() -> tuple[str, ...]:
    return tuple(key for key, _, _ in LINES)


def _row(funder: programmes.Row, stands: Balances, kept: endings.Line | None) -> dict[str, Any]:
    """A funder's statement: what was kept when the programme was closed, beside what stands on its
    accounts now.
    """
    said = kept or endings.line(funder, stands)
    left = stands.uncommitted + stands.committed + stands.outstanding + stands.written_off
    if funder["kind"] == endings.PUBLIC:
        left += stands.payable + stands.held
    row = {f"{key}_fen": fen for key, fen in said._asdict().items() if key != "funder_id"}
    row |= {"funder": funder["funder"], "kind": Word(funder["kind"]), "open_fen": left}
    row[DIFFERENCE] = sum(sign * row[key] for key, _, sign in LINES)
    return row


def _shown(
    scope: Scope,
    rows: Sequence[dict[str, Any]],
    total: dict[str, Any],
    closing: Closing | None,
) -> Table:
    """One line an item, one column a funder, as such statements are written."""
    several = len(rows) > 1
    columns = (
        ITEM,
        *(Column(row["funder"], row["funder"], "fen", verbatim=True) for row in rows),
        *((Column("total", "Total", "fen"),) if several else ()),
    )
    items = [
        {"item": label, **{row["funder"]: row[key] for row in rows}, "total": total[key]}
        for key, label, _ in LINES
        if key not in OPTIONAL or any(row[key] for row in rows)
    ]
    last = {"item": Word("difference"), "total": total[DIFFERENCE]}
    last |= {row["funder"]: row[DIFFERENCE] for row in rows}
    note = say(
        "Appropriated = paid to merchants - paid back + borne by itself + returned + still open:"
        " the difference must be 0.00."
    )
    lost = say("What is written off was paid and is not owed any more: it is lost.")
    notes = (note, *((lost,) if total["given_up_fen"] > 0 else ()))
    return Table(titled(scope, TITLE), columns, items, last, notes=notes, where=SHOWN)


def _say_state(closing: Closing | None, total: dict[str, Any]) -> tuple[Message, ...]:
    if closing is not None:
        return (say("closed on {day}", day=times.day_text(closing.closed_on)),)
    return (
        say(
            "the programme is not closed: {amount} yuan are open; next: voucher programme close",
            amount=money.grouped(total["open_fen"]),
        ),
    )


def _say_wrong(row: dict[str, Any]) -> Problem:
    return Problem(
        "statement_differs",
        "the statement of {funder} does not add up: {amount} yuan are missing",
        hint="voucher check --all",
        params={"funder": row["funder"], "amount": money.grouped(row[DIFFERENCE])},
    )
