"""Heads of the log that were noted elsewhere, or witnessed: each must still be a line of it, and
what came after the noted one is named.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import UsageFault
from vouchercli.formats.written import heads as files
from vouchercli.result import Column, Problem, Table, say
from vouchercli.rules import audit as law
from vouchercli.rules import days, times
from vouchercli.store import audit
from vouchercli.store import days as sealed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

WITNESS = "audit.witness"
SHOWN = 20
AFTER = (
    Column("line", "line", "int"),
    Column("at", "at", "time"),
    Column("actor", "by"),
    Column("deed", "action", "deed"),
    Column("about", "about"),
)


DAYS = (Column("programme", "programme"), Column("day", "day"), Column("head", "head"))


class Noted(NamedTuple):
    """A head as it was noted: the number of its line (None: not noted), its digest, and where it
    stands, for a message; the `day` (yyyymmdd) where it is the seal of one.
    """

    number: int | None
    digest: str
    where: str = ""
    day: int | None = None


def read_given(head: str | None, path: str | None) -> list[Noted]:
    """The heads that are given, one by one or in a file. Raises `bad_head`, `bad_heads`."""
    given = [] if head is None else [_note(head)]
    if path is not None:
        given += [_note(each, f"{path}:{n}") for n, each in files.read(path)]
    return given


def _note(head: str, where: str = "") -> Noted:
    if (of_day := days.parse_head(head)) is not None:
        return Noted(None, of_day[1], where, of_day[0])
    return Noted(*parse(head), where)


def parse(head: str) -> tuple[int | None, str]:
    """A head as a person writes it. Raises `bad_head`."""
    try:
        return law.parse_head(head)
    except ValueError as error:
        raise UsageFault(
            "bad_head",
            "{head} is not the head of a log",
            hint="write it as audit head showed it: number:digest, day:digest, or the digest alone",
            head=head,
        ) from error


def problems(db: sqlite3.Connection, noted: list[Noted]) -> Iterator[Problem]:
    """Every noted head must be a line of the log, the one of its number; so must those that were
    witnessed, which the log itself names.
    """
    for each in noted:
        if each.day is not None:
            yield from _unsealed(db, each)
        elif line_of(db, each) is None:
            yield _missing(db, each)
    for line, detail in audit.details_of(db, WITNESS):
        witnessed = _witnessed(line, detail)
        if witnessed is None or line_of(db, witnessed) is None:
            yield Problem(
                "audit_witness_wrong",
                "line {line} witnesses a head that is not in the log: lines were rewritten",
                where=f"audit:{line}",
                hint="compare the file with the last backup",
                params={"line": line},
            )


def line_of(db: sqlite3.Connection, noted: Noted) -> int | None:
    """The number of the line whose head that is; None: there is none, or under another number."""
    known = audit.number_of(db, noted.digest)
    return known if noted.number in (None, known) else None


def _unsealed(db: sqlite3.Connection, noted: Noted) -> Iterator[Problem]:
    """The seal of a day that was noted and is not among the seals."""
    day = noted.day or 0
    if not sealed.is_seal(db, day, noted.digest):
        yield Problem(
            "day_head_missing",
            "the noted seal {head} of {day} is not among the sealed days: they were removed or"
            " sealed anew",
            where=noted.where,
            hint="compare the file with the last backup",
            params={"head": noted.digest[:12], "day": times.day_text(day)},
        )


def _missing(db: sqlite3.Connection, noted: Noted) -> Problem:
    return Problem(
        "audit_head_missing",
        "the noted head {head} is not in the log (it has {count} lines): lines were removed"
        " or rewritten",
        where=noted.where,
        hint="compare the file with the last backup",
        params={"head": noted.digest[:12], "count": audit.count(db), "line": noted.number},
    )


def _witnessed(line: int, detail: str) -> Noted | None:
    """The head that a line of the log witnesses; it is of an earlier line."""
    try:
        number, digest = law.parse_head(json.loads(detail)["after"]["head"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return None if number is None or number >= line else Noted(number, digest)


def tabulate_days(db: sqlite3.Connection) -> tuple[Table, ...]:
    """The head of the days of each programme: its last sealed day and that day's seal."""
    rows = [
        {"programme": programme, "day": times.day_text(day), "head": days.head(day, seal)}
        for programme, day, seal in sealed.heads(db)
    ]
    return (Table(say("Heads of the sealed days"), DAYS, rows, key="days"),) if rows else ()


def tabulate_after(
    db: sqlite3.Connection, noted: list[Noted], zone: str
) -> tuple[tuple[Table, ...], int]:
    """The lines that came after the latest of the noted heads, the newest first, and how many
    there are; none while no noted head is in the log.
    """
    of_log = [each for each in noted if each.day is None]
    known = [line for each in of_log if (line := line_of(db, each)) is not None]
    if not known:
        return (), 0
    rows = [entry._asdict() for entry in audit.after(db, max(known), SHOWN)]
    title = say("Since the noted head")
    table = Table(title, AFTER, rows, zone=zone, key="since_head", optional=True)
    return (table,), audit.count_after(db, max(known))
