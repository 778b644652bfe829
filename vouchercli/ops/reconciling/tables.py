"""Breaks as they are shown: the list, one of them, one run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops import lists
from vouchercli.ops.reconciling import candidates
from vouchercli.ops.reconciling.choosing import settle
from vouchercli.ops.reconciling.lookup import (
    RESOLUTION_WORDS,
    STATE_WORDS,
    TYPE_WORDS,
    look_up,
)
from vouchercli.result import DATA, JSON, Column, Outcome, Table, Word, only, say
from vouchercli.rules import breaks as law
from vouchercli.rules import deeds, money, settlements, times
from vouchercli.store import break_work as work
from vouchercli.store import breaks as store
from vouchercli.store import programmes, proposals
from vouchercli.store.breaks import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vouchercli.ops.reconciling.choosing import Choice
    from vouchercli.ops.reconciling.lookup import Current
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.breaks import Break, Run
    from vouchercli.store.proposals import Proposal, Step

SOURCE_WORDS = {
    "bills": Word("settlement bill"),
    "day_bills": Word("settlement bill by merchant and day"),
    "statements": Word("statement of a merchant or a bank"),
    "intake": Word("row that waits"),
}
WAITS = Word("waits for approval")
# How people go on with a break of each type.
BY_HAND = (
    "next: voucher reconcile resolve {number} --explained --note WHY --evidence WHAT, or"
    " --posting N, or --correction N"
)
CORRECT = (
    "next: voucher redemption correct NO by two people, and the bill once more; or voucher"
    " reconcile resolve {number} --explained --note WHY --evidence WHAT"
)
IMPORT = (
    "next: voucher redemption import FILE when it comes, and the bill once more; or voucher"
    " reconcile resolve {number} --explained --note WHY --evidence WHAT"
)
NEXT = {
    "missing_here": IMPORT,
    "missing_there": BY_HAND,
    "amount": CORRECT,
    "merchant": CORRECT,
    "date": CORRECT,
    "duplicate": BY_HAND,
    "status": BY_HAND,
    "split": BY_HAND,
    "displaces_sealed": BY_HAND,
}
ALL = (
    Column("break", "No.", "int"),
    Column("type", "Break", "word", shown="type_word"),
    Column("day", "Day", "date"),
    Column("transaction_no", "Number", blank="-"),
    Column("merchant_no", "Merchant", blank="-"),
    Column("our_fen", "Ours", "fen"),
    Column("their_fen", "Theirs", "fen"),
    Column("difference_fen", "Difference", "fen"),
    Column("age_days", "Days", "int"),
    Column("owner", "Owner", blank="-"),
    Column("state", "State", "word", shown="state_word"),
    *only(JSON, "kind", "source", "round", "batch", "file", "line", "run", "cleared_run", "waits"),
)
# A list has what fits beside a number of 28 digits; spreadsheets and `reconcile show` have all.
ELSEWHERE: dict[str, dict[str, Any]] = {
    each: {"where": DATA} for each in ("merchant_no", "our_fen", "their_fen")
}
NARROW = {"difference_fen": {"label": "Theirs less ours"}, **ELSEWHERE}
COLUMNS = tuple(replace(each, **NARROW.get(each.key, {})) for each in ALL)
MORE = (
    Column("source", "Shown by", "word", shown="source_word"),
    Column("kind", "Kind", "word", blank="-"),
    Column("merchant", "Name", blank="-"),
    Column("said_no", "Merchant, as they write it", optional=True),
    Column("where", "Stands in", blank="-"),
    Column("run", "Found by run", "int"),
    Column("cleared_run", "Cleared by run", "int", optional=True),
    Column("cleared_at", "Cleared at", "time", optional=True),
    Column("resolution", "Resolved by", "word", blank="-", shown="resolution_word"),
    Column("note", "Note", blank="-"),
    Column("evidence", "Evidence", blank="-"),
    Column("resolved_by", "Approved by", blank="-"),
    Column("resolved_at", "Resolved at", "time", optional=True),
    Column("earlier", "Stood before as", "int", optional=True),
    Column("proposal", "Waits: proposal", "int", optional=True),
    *only(JSON, "detail"),
)
LOG = (
    Column("at", "at", "time"),
    Column("actor", "by"),
    Column("deed", "what", "word", shown="deed_word"),
    Column("owner", "Owner", blank="-"),
    Column("note", "Note", blank="-"),
    Column("evidence", "Evidence", blank="-"),
)
RUN = (
    Column("run", "Run", "int"),
    Column("file", "File"),
    Column("batch", "Batch", "int"),
    Column("source", "Shown by", "word", shown="source_word"),
    Column("round", "Round", blank="-"),
    Column("first_on", "From", "date"),
    Column("last_on", "To", "date"),
    Column("opened", "New breaks", "int"),
    Column("standing", "Stand as before", "int"),
    Column("cleared", "No longer stand", "int"),
    Column("actor", "By"),
    Column("ran_at", "At", "time"),
    *only(JSON, "adds"),
)


def list_breaks(session: Session, choice: Choice, limit: int | None) -> Outcome:
    """The breaks of a programme, the oldest first. Raises as `choosing.settle`."""
    row = programmes.current(session.db, session.programme)
    asked = settle(session, choice)
    table = Table(say("Breaks"), COLUMNS, (), key="breaks", zone=row["time_zone"])
    listed = store.listed(session.db, row["programme_id"], asked)
    describe = describer(session, row["time_zone"])
    outcome = lists.show(table, listed, limit, describe)
    if outcome.tables[0].rows:
        return outcome
    return replace(outcome, says=(say("there are no such breaks"),))


def describer(session: Session, zone: str) -> Callable[[Break], dict[str, Any]]:
    """What makes of a break the values of its columns."""
    today = times.day_of(session.now, zone)

    def describe(each: Break) -> dict[str, Any]:
        end = times.day_of(each.cleared_at or each.resolved_at or session.now, zone)
        age = settlements.days_between(each.day, min(end, today)) if each.day else 0
        return {
            **each._asdict(),
            "break": each.number,
            "type_word": TYPE_WORDS[each.type],
            "source_word": SOURCE_WORDS[each.source],
            "age_days": max(age, 0),
            "where": f"{each.file}:{each.line}" if each.line is not None else "",
            "said_no": each.said_no if each.said_no not in ("", each.merchant_no) else None,
            "detail": _detail(each, zone),
            "waits": each.proposal is not None,
            "state_word": WAITS if each.proposal else STATE_WORDS[each.state],
            "resolution_word": RESOLUTION_WORDS[each.resolution],
        }

    return describe


def _detail(each: Break, zone: str) -> dict[str, Any]:
    """What explains it, its moments as people write them."""
    said: dict[str, Any] = json.loads(each.detail)
    at = law.said_at(each.detail)
    return said if at is None else said | {"their_at": times.iso(at, zone)}


def show(session: Session, number: int | None, run: int | None, limit: int | None) -> Outcome:
    """The break, or the run, with that number. Raises `break_or_run`."""
    if (number is None) == (run is None):
        raise UsageFault("break_or_run", "name a break by its number, or --run N")
    return show_break(session, number) if number is not None else show_run(session, run or 0, limit)


def show_break(session: Session, number: int) -> Outcome:
    """One break with all that is known of it. Raises `unknown_break`."""
    current = look_up(session, number)
    zone = current.row["time_zone"]
    described = describer(session, zone)(current.found)
    shown = {column.key for column in MORE}
    columns = (*(each for each in ALL if each.key not in shown), *MORE)
    title = say("Break {number}", number=number)
    table = Table(title, columns, (described,), key="", is_record=True, zone=zone)
    described["earlier"] = work.earlier(session.db, number)
    likely = candidates.tables(session.db, current)
    tables = (table, *likely, _log(session, current))
    waits = proposals.waiting(session.db, current.subject)
    is_likely = any(each.rows for each in likely)
    return Outcome(tables=tables, says=_say_more(current, described, waits, is_likely=is_likely))


def _log(session: Session, current: Current) -> Table:
    rows = [
        {**each._asdict(), "deed_word": Word(deeds.DEEDS[each.deed])}
        for each in work.deeds(session.db, current.number)
    ]
    zone = current.row["time_zone"]
    return Table(say("What was done"), LOG, rows, key="log", optional=True, zone=zone)


def _say_waits(number: int, step: Step) -> Iterator[Message]:
    """The command that approves it; and the others that were proposed with it."""
    yield say("next: voucher reconcile approve {number} --actor NAME", number=number)
    if step.size > 1:
        yield say(
            "{count:,} breaks were proposed together, {amount} yuan at stake: voucher reconcile"
            " approve --with {number} --actor NAME",
            count=step.size,
            amount=money.grouped(step.amount_fen),
            number=number,
        )


def _say_more(
    current: Current, described: dict[str, Any], waits: Proposal | None, *, is_likely: bool
) -> tuple[Message, ...]:
    """Where it stood before, what the suggestions are, and the command that goes on."""
    found, number = current.found, current.number
    says = []
    if described["earlier"] is not None:
        says.append(
            say(
                "it came again: it stood before as break {earlier}, which a run had cleared",
                earlier=described["earlier"],
            )
        )
    if is_likely:
        says.append(say("these are suggestions: nothing is matched without its number"))
    if waits is not None:
        says += _say_waits(number, waits.step)
    elif found.state == "open" and not found.owner:
        says.append(say("next: voucher reconcile assign {number} --to NAME", number=number))
    elif found.state == "open":
        says.append(say(NEXT[found.type], number=number))
    return tuple(says)


def show_run(session: Session, number: int, limit: int | None) -> Outcome:
    """One run with the breaks that it found or cleared. Raises `unknown_run`."""
    row = programmes.current(session.db, session.programme)
    zone = row["time_zone"]
    found = next(store.runs(session.db, row["programme_id"], run=number).rows(1), None)
    if found is None:
        raise VoucherError(
            "unknown_run",
            "there is no run {run}",
            hint="voucher reconcile breaks",
            run=number,
        )
    table = Table(say("Breaks"), COLUMNS, (), key="breaks", zone=zone)
    listed = store.listed(session.db, row["programme_id"], Asked(run=number))
    outcome = lists.show(table, listed, limit, describer(session, zone))
    title = say("Run {run}", run=number)
    own = Table(title, RUN, (_describe_run(found),), key="", is_record=True, zone=zone)
    return replace(outcome, tables=(own, *outcome.tables))


def _describe_run(each: Run) -> dict[str, Any]:
    return {**each._asdict(), "source_word": SOURCE_WORDS[each.source], "adds": bool(each.adds)}
