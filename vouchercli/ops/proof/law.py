"""voucher law show: the rules a row is held to, as tables that people can read and audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, closest
from vouchercli.result import Column, Outcome, Table, Word, say
from vouchercli.rules.law import IN_TIME, LADDERS

if TYPE_CHECKING:
    from vouchercli.rules.ladders import Ladder

COLUMNS = (
    Column("order", "Order", "int"),
    Column("code", "Refused as", "code"),
    Column("rule", "Rule", "word"),
    Column("source", "As notices say it", "word"),
    Column("when", where=("csv", "json")),
)


def show_law(code: str | None = None) -> Outcome:
    """Every ladder from the first question to the last; only the rungs of one reason code when it
    is named. Raises `UsageFault` for a code that no ladder has.
    """
    tables = tuple(_table(ladder, code) for ladder in LADDERS if _rows(ladder, code))
    if not tables:
        raise _unknown(str(code))
    return Outcome({}, tables)


def _table(ladder: Ladder, code: str | None) -> Table:
    first = say("The first rule that is broken names the reason; the others are not asked.")
    in_time = say(
        "Asked of rows that meet on a number, a voucher, a visit or a limit, in order of time."
    )
    notes = (first, in_time) if ladder in IN_TIME else (first,)
    return Table(say(ladder.title), COLUMNS, _rows(ladder, code), notes=notes, key=ladder.name)


def _rows(ladder: Ladder, code: str | None) -> list[dict[str, Any]]:
    return [
        {
            "order": order,
            "code": rung.code,
            "rule": Word(rung.rule),
            "source": Word(rung.source),
            "when": rung.when or None,
        }
        for order, rung in enumerate(ladder.rungs, 1)
        if code in (None, rung.code)
    ]


def _unknown(code: str) -> UsageFault:
    codes = {rung.code: None for ladder in LADDERS for rung in ladder.rungs}
    near = closest(code, codes)
    return UsageFault(
        "unknown_rule",
        "no rule refuses a row as {code}; did you mean {near}?"
        if near
        else "no rule refuses a row as {code}",
        hint="voucher law show",
        code=code,
        near=near,
    )
