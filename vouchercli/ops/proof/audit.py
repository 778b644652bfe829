"""The log of every deed: read it, prove it, note its head elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault
from vouchercli.ops import lists
from vouchercli.result import JSON, SHOWN, Column, Outcome, Problem, Table, only, say
from vouchercli.rules import audit as law
from vouchercli.store import audit, log_checks, schema_checks
from vouchercli.store.db import legibly, reading
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session
    from vouchercli.store.audit import Entry

NAMED = 20
COLUMNS = (
    Column("line", "line", "int"),
    Column("at", "at", "time"),
    Column("entered_at", "entered", "time", shown="entered", optional=True),
    Column("actor", "by"),
    Column("os_user", "login"),
    Column("deed", "action"),
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
        outcome = lists.show(table, audit.wanted(session.db, **wanted), limit, _describe)
    none = () if outcome.tables[0].rows else (say("no line of the log matches"),)
    return replace(outcome, says=none)


def _describe(row: Entry) -> dict[str, Any]:
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
    return {
        **row._asdict(),
        "entered": law.late_entry(row.at, row.entered_at),
        "detail": detail,
        "before": before,
        "after": after,
        "changes": "; ".join(
            f"{what}: {law.shorten(old)} → {law.shorten(new)}"
            for what, old, new in law.changes(before, after)
        ),
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
    return Outcome(tables=(table,), says=(later,))


def _head(row: Entry) -> str:
    return f"{row.line}:{row.hash}"


def verify_log(session: Session, head: str | None = None) -> Outcome:
    """Prove the chain line by line, and that the noted `head` is still in it. Failed (exit 5) names
    the first broken lines.
    """
    number, seal = _read_noted_head(head)
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
        problems += _head_problems(db, number, seal)
        count, newest = audit.count(db), audit.last(db)
    data = {
        "lines": count,
        "head": _head(newest) if newest else None,
        "noted": head,
        "breaks": [{"code": each.code, "line": each.params.get("line")} for each in problems],
    }
    if problems:
        return Outcome(
            data=data,
            problems=tuple(problems[:NAMED]),
            status="failed",
            says=(say("the log is not intact: keep this file unchanged for the auditor"),),
        )
    confirmation = (
        say("all {count} lines are intact, and the noted head is among them", count=count)
        if head
        else say(
            "all {count} lines are intact; only a head noted elsewhere can show that no line is"
            " missing at the end",
            count=count,
        )
    )
    return Outcome(data=data, says=(confirmation,))


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


def _read_noted_head(head: str | None) -> tuple[int | None, str | None]:
    if head is None:
        return None, None
    try:
        return law.parse_head(head)
    except ValueError as error:
        raise UsageFault(
            "bad_head",
            "{head} is not the head of a log",
            hint="write it as audit head showed it: number:digest, or the digest alone",
            head=head,
        ) from error


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


def _head_problems(db: sqlite3.Connection, number: int | None, seal: str | None) -> list[Problem]:
    """The noted head must be a line of the log, the one of its number."""
    if seal is None:
        return []
    known_number = audit.number_of(db, seal)
    if known_number is not None and number in (None, known_number):
        return []
    return [
        Problem(
            "audit_head_missing",
            "the noted head {head} is not in the log (it has {count} lines): lines were removed"
            " or rewritten",
            hint="compare the file with the last backup",
            params={"head": seal[:12], "count": audit.count(db), "line": number},
        )
    ]
