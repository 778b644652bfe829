"""The log of every deed: read it, prove it, note its head elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import audit as law
from vouchercli.rules import times
from vouchercli.store import audit
from vouchercli.store.db import reading
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

SHOWN = 20
COLUMNS = (
    Column("line", "line", "int"),
    Column("at", "at", "time"),
    Column("actor", "by"),
    Column("os_user", "login"),
    Column("deed", "deed"),
    Column("about", "about"),
    Column("changes", "changes"),
)


def list_deeds(
    session: Session,
    *,
    actor: str | None = None,
    deed: str | None = None,
    about: str | None = None,
    since: int | None = None,
    until: int | None = None,
    limit: int = 50,
) -> Outcome:
    """Lines of the log, the newest first; `deed` is a whole name (round.approve) or its beginning
    (round).
    """
    if since is not None and until is not None and since > until:
        raise UsageFault("empty_window", "--since lies after --until", hint="exchange the two")
    zone = zone_of(session.db, session.programme)
    rows = audit.wanted(
        session.db, actor=actor, deed=deed, about=about, since=since, until=until, limit=limit + 1
    )
    data = [_described(row, zone) for row in rows[:limit]]
    shown = tuple(
        {**line, "at": row["at"], "changes": _changes(line)}
        for line, row in zip(data, rows, strict=False)
    )
    more = (
        (
            say(
                "more than {limit}: add --limit, or ask by --actor, --deed, --about, --since",
                limit=limit,
            ),
        )
        if len(rows) > limit
        else ()
    )
    none = (say("the log has no such line"),) if not rows else ()
    return Outcome(
        data={"lines": data},
        tables=(Table(say("Log"), COLUMNS, shown, zone=zone),) if rows else (),
        says=more or none,
    )


def _described(row: sqlite3.Row, zone: str) -> dict[str, Any]:
    """A line as JSON has it."""
    detail = _detail(row)
    return {
        "line": row["audit_id"],
        "at": times.iso(row["at"], zone),
        "entered_at": times.iso(row["entered_at"], zone),
        "actor": row["actor"],
        "os_user": row["os_user"],
        "deed": row["deed"],
        "about": row["subject"],
        "before": detail.pop("before", None),
        "after": detail.pop("after", None),
        "detail": detail,
        "previous_hash": row["previous_hash"],
        "hash": row["hash"],
    }


def _detail(row: sqlite3.Row) -> dict[str, Any]:
    """What the line says beside its columns; as it stands when somebody has made it unreadable
    (`audit verify` says so).
    """
    try:
        detail = json.loads(row["detail"])
    except ValueError:
        detail = None
    return detail if isinstance(detail, dict) else {"unreadable": row["detail"]}


def _changes(line: dict[str, Any]) -> str:
    """What a deed changed, in one line for people."""
    return "; ".join(
        f"{what}: {law.shorten(old)} → {law.shorten(new)}"
        for what, old, new in law.changes(line["before"], line["after"])
    )


def show_head(session: Session) -> Outcome:
    """The number and digest of the newest line: noted elsewhere, they prove later that no line of
    today is gone.
    """
    row = audit.last(session.db)
    zone = zone_of(session.db, session.programme)
    if row is None:
        return Outcome(
            data={"lines": 0, "head": None, "at": None},
            says=(say("the log is empty: nothing was done yet"),),
        )
    head = f"{row['audit_id']}:{row['hash']}"
    data = {
        "lines": row["audit_id"],
        "head": head,
        "digest": row["hash"],
        "at": times.iso(row["at"], zone),
    }
    columns = (Column("line", "line", "int"), Column("at", "at", "time"), Column("head", "head"))
    rows = ({"line": row["audit_id"], "at": row["at"], "head": head},)
    return Outcome(
        data=data,
        tables=(Table(say("Head of the log"), columns, rows, zone=zone),),
        says=(
            say("write it down elsewhere; later: voucher audit verify --head {head}", head=head),
        ),
    )


def verify_log(session: Session, head: str | None = None) -> Outcome:
    """Prove the chain line by line, and that the noted `head` is still in it. Failed (exit 5) names
    the first broken lines.
    """
    number, seal = _noted(head)
    with reading(session) as db:
        found = [_problem(each) for each in law.breaks(audit.lines(db))]
        found += [
            Problem(
                "audit_unguarded",
                "the guard {guard} is gone: somebody worked on the file by hand",
                hint="compare the file with the last backup",
                params={"guard": guard},
            )
            for guard in audit.missing_guards(db)
        ]
        found += _head_problems(db, number, seal)
        count, newest = audit.count(db), audit.last(db)
    data = {
        "lines": count,
        "head": f"{newest['audit_id']}:{newest['hash']}" if newest else None,
        "noted": head,
        "breaks": [{"code": each.code, "line": each.params.get("line")} for each in found],
    }
    if found:
        return Outcome(
            data=data,
            problems=tuple(found[:SHOWN]),
            status="failed",
            says=(say("the log does not hold: keep this file as it is for the auditor"),),
        )
    held = (
        say("all {count} lines hold, and the noted head is among them", count=count)
        if head
        else say(
            "all {count} lines hold; only a head noted elsewhere shows that none was cut off at"
            " the end",
            count=count,
        )
    )
    return Outcome(data=data, says=(held,))


def _noted(head: str | None) -> tuple[int | None, str | None]:
    if head is None:
        return None, None
    try:
        return law.parse_head(head)
    except ValueError as error:
        raise UsageFault(
            "bad_head",
            "{head} is not the head of a log",
            hint="write it as audit head gave it, number:digest or the digest",
            head=head,
        ) from error


def _problem(found: law.Break) -> Problem:
    params = {
        "line": found.line,
        "after": found.after,
        "expected": found.expected[:12] or "–",
        "found": found.found[:12] or "–",
    }
    if found.what == "edited":
        return Problem(
            "audit_edited",
            "line {line} is not what was written: its seal should be {expected} and is {found}",
            where=f"audit:{found.line}",
            params=params,
        )
    return Problem(
        "audit_gap",
        "line {line} does not follow line {after}: a line was taken out, put in or moved there",
        where=f"audit:{found.line}",
        params=params,
    )


def _head_problems(db: sqlite3.Connection, number: int | None, seal: str | None) -> list[Problem]:
    """The noted head must be a line of the log, the one of its number."""
    if seal is None:
        return []
    found = audit.number_of(db, seal)
    if found is not None and number in (None, found):
        return []
    return [
        Problem(
            "audit_head_missing",
            "the noted head {head} is not in the log (it has {count} lines): lines were cut off or"
            " rewritten",
            hint="compare the file with the last backup",
            params={"head": seal[:12], "count": audit.count(db), "line": number},
        )
    ]
