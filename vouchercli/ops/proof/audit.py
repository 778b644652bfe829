"""The log of every deed: read it, prove it, note its head elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault
from vouchercli.ops import lists
from vouchercli.ops.proof import changes, heads
from vouchercli.result import JSON, SHOWN, Column, Outcome, Problem, Table, only, say
from vouchercli.rules import audit as law
from vouchercli.store import audit, log_checks, schema_checks
from vouchercli.store.db import legibly, reading
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.audit import Entry

NAMED = 20
COLUMNS = (
    Column("line", "line", "int"),
    Column("at", "at", "time"),
    Column("entered_at", "entered", "time", shown="entered", optional=True),
    Column("actor", "by"),
    Column("os_user", "login"),
    Column("deed", "action", "deed"),
    Column("about", "about"),
    Column("changes", "changes", where=SHOWN),
    *only(JSON, "before", "after", "detail", "previous_hash", "hash"),
)
HEAD = (
    Column("line", "line", "int", where=SHOWN),
    Column("lines", "", "int", where=JSON, source="line"),
    Column("at", "at", "time"),
    Column("head", "head"),
    Column("digest", where=JSON, source="hash"),
)


def list_deeds(session: Session, /, *, limit: int | None, **wanted: Any) -> Outcome:
    """Lines of the log by actor, deed, about, since and until, the newest first; `deed` is a whole
    name (round.approve) or its beginning (round).
    """
    since, until = wanted["since"], wanted["until"]
    if since is not None and until is not None and since > until:
        raise UsageFault("empty_window", "--since is later than --until", hint="swap the two times")
    zone = zone_of(session.db, session.programme)
    table = Table(say("Log"), COLUMNS, (), zone=zone, key="lines", optional=True)
    with legibly(session.db):
        read = partial(_describe, session.db, zone)
        outcome = lists.show(table, audit.wanted(session.db, **wanted), limit, read)
    none = () if outcome.tables[0].rows else (say("no line of the log matches"),)
    return replace(outcome, says=none)


def _describe(db: sqlite3.Connection, zone: str, row: Entry) -> dict[str, Any]:
    """A line of the log with its detail as columns; when somebody has made the detail unreadable,
    the detail is shown as it is (`audit verify` reports it).
    """
    try:
        detail = json.loads(row.detail)
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        detail = {"unreadable": row.detail}
    before, after = detail.pop("before", None), detail.pop("after", None)
    line = {"detail": detail, "before": before, "after": after}
    return {
        **row._asdict(),
        **line,
        "entered": law.late_entry(row.at, row.entered_at),
        "changes": changes.in_words(db, line, zone),
    }


def show_head(session: Session) -> Outcome:
    """The number and digest of the newest line: noted elsewhere, they prove later that no line of
    today is gone.
    """
    row = audit.last(session.db)
    if row is None:
        return Outcome(
            data={"lines": 0, "head": None, "at": None},
            says=(say("the log is empty: nothing was done yet"),),
        )
    head = _head(row)
    table = Table(
        say("Head of the log"),
        HEAD,
        [{**row._asdict(), "head": head}],
        zone=zone_of(session.db, session.programme),
        key="",
    )
    later = say("write it down elsewhere; later: voucher audit verify --head {head}", head=head)
    of_days = heads.tabulate_days(session.db)
    return Outcome(tables=(table, *of_days), says=(later,))


def _head(row: Entry) -> str:
    return f"{row.line}:{row.hash}"


def verify_log(session: Session, head: str | None = None, noted_in: str | None = None) -> Outcome:
    """Prove the chain line by line, and that the noted `head`, and all in the file `noted_in`, are
    still in it; says what came after. Failed (exit 5) names the first broken lines.
    """
    noted = heads.read_given(head, noted_in)
    with reading(session) as db, legibly(db):
        problems = [_problem(each) for each in law.breaks(audit.lines(db))]
        problems += [
            Problem(
                "audit_unguarded",
                "the trigger {guard} is missing: somebody changed the file by hand",
                hint="compare the file with the last backup",
                params={"guard": guard},
            )
            for guard in audit.missing_guards(db)
        ]
        problems += _guard_problems(db)
        problems += _emptiness(db)
        problems += heads.problems(db, noted)
        count, newest = audit.count(db), audit.last(db)
        since, later = heads.tabulate_after(db, noted, zone_of(db, session.programme))
    data = {
        "lines": count,
        "head": _head(newest) if newest else None,
        "noted": head,
        "noted_heads": len(noted),
        "lines_since": later if since else None,
        "breaks": [{"code": each.code, "line": each.params.get("line")} for each in problems],
    }
    if problems:
        return Outcome(
            data=data,
            tables=since,
            problems=tuple(problems[:NAMED]),
            status="failed",
            says=(say("the log is not intact: keep this file unchanged for the auditor"),),
        )
    return Outcome(data=data, tables=since, says=tuple(_confirm(count, noted, later)))


def _confirm(count: int, noted: list[heads.Noted], later: int) -> Iterator[Message]:
    """That all holds, and what the noted heads add to it."""
    if not noted:
        yield say(
            "all {count} lines are intact; only a head noted elsewhere can show that no line is"
            " missing at the end",
            count=count,
        )
        return
    of_days = sum(each.day is not None for each in noted)
    if of_days:
        yield say("the noted seals are among the sealed days: {count}", count=of_days)
    of_log = len(noted) - of_days
    if not of_log:
        yield say("all {count} lines are intact", count=count)
    elif of_log == 1:
        yield say("all {count} lines are intact, and the noted head is among them", count=count)
    else:
        yield say(
            "all {count} lines are intact, and the {heads} noted heads are among them",
            count=count,
            heads=of_log,
        )
    if later:
        yield say("lines since the latest noted head: {count}", count=later)


def _guard_problems(db: sqlite3.Connection) -> list[Problem]:
    """Triggers that are there by their name, and are not what the program made."""
    return [
        Problem(
            "audit_guard_changed",
            "the trigger {guard} is not the one that the program made: somebody changed the file"
            " by hand",
            hint="compare the file with the last backup",
            params={"guard": subject.removeprefix("trigger ")},
        )
        for subject, _, found in schema_checks.schema_as_shipped(db)
        if subject.startswith("trigger ") and found != "missing"
    ]


def _emptiness(db: sqlite3.Connection) -> list[Problem]:
    """A file in use has a log."""
    return [
        Problem(
            "audit_empty",
            "the log has no line, though the file is in use: the lines were removed",
            hint="compare the file with the last backup",
        )
        for _ in log_checks.log_is_there(db)
    ]


def _problem(chain_break: law.Break) -> Problem:
    params = {
        "line": chain_break.line,
        "after": chain_break.after,
        "expected": chain_break.expected[:12] or "–",
        "found": chain_break.found[:12] or "–",
    }
    if chain_break.what == "edited":
        return Problem(
            "audit_edited",
            "line {line} was changed after it was written: its digest should be {expected} and is"
            " {found}",
            where=f"audit:{chain_break.line}",
            params=params,
        )
    return Problem(
        "audit_gap",
        "line {line} does not follow line {after}: a line was removed, inserted or moved there",
        where=f"audit:{chain_break.line}",
        params=params,
    )
