"""When: the days of a round against workdays, public holidays and other rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.rounds import holidays
from vouchercli.result import Column, Table, Word, say
from vouchercli.rules import calendars as calendar_law
from vouchercli.rules import rounds as law
from vouchercli.rules import templates, times
from vouchercli.store import rounds

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.ops.rounds.lookup import Found

MOST_DAYS = 3_700  # ten years: a longer window has no working days worth counting
WHAT = {
    "registration_opens": Word("registration opens"),
    "opens": Word("opens"),
    "closes": Word("closes"),
    "first_voucher_ends": Word("first voucher ends"),
    "last_voucher_ends": Word("last voucher ends"),
}
SOURCES = {
    "programme": Word("the programme's calendar"),
    "calendar": Word("public holidays"),
    "weekday": Word("weekday"),
}


def dates(it: Found) -> list[dict[str, Any]]:
    """The days that matter, each with its weekday and whether it is worked. An end at midnight
    belongs to the day before.
    """
    row = it.row
    moments = {
        "registration_opens": row["registration_opens_at"],
        "opens": row["opens_at"],
        "closes": row["closes_at"],
        "first_voucher_ends": templates.expires_at(
            it.template, row["opens_at"], it.programme.time_zone
        ),
        "last_voucher_ends": templates.expires_at(
            it.template, row["closes_at"] - 1, it.programme.time_zone
        ),
    }
    return [_date(it, what, at) for what, at in moments.items() if at is not None]


def _date(it: Found, what: str, at: int) -> dict[str, Any]:
    zone = it.programme.time_zone
    day = times.day_of(at if what.endswith("opens") else at - 1, zone)
    judged = holidays.judged(it.programme, day)
    return {
        "what": what,
        "at": times.iso(at, zone),
        "on": times.day_text(day),
        "weekday": law.weekday(day),
        "is_workday": judged.is_workday,
        "holiday": str(judged.holiday),
        "source": judged.source,
    }


def days(it: Found) -> dict[str, int] | None:
    """Working days and days off while claims count; None for a window of many years."""
    zone = it.programme.time_zone
    if it.row["closes_at"] - it.row["opens_at"] > MOST_DAYS * 86_400:
        return None
    first, last = (
        times.day_of(it.row["opens_at"], zone),
        times.day_of(it.row["closes_at"] - 1, zone),
    )
    worked, off = calendar_law.count_days(
        first, last, lambda day: holidays.judged(it.programme, day)
    )
    return {"workdays": worked, "days_off": off}


def overlapping(db: sqlite3.Connection, row: sqlite3.Row) -> list[sqlite3.Row]:
    """The other rounds that take claims at the same time."""
    span = (row["opens_at"], row["closes_at"])
    return [
        other
        for other in rounds.listed(db, row["programme_id"])
        if other["round_id"] != row["round_id"]
        and other["state"] != "cancelled"
        and law.overlaps(span, (other["opens_at"], other["closes_at"]))
    ]


# ---------------------------------------------------------------- tables


def tables(
    it: Found,
    found: list[dict[str, Any]],
    counted: dict[str, int] | None,
    others: list[sqlite3.Row],
) -> tuple[Table, ...]:
    """The days of the round, and the rounds beside it."""
    columns = (
        Column("what", "what", "word"),
        Column("on", "date"),
        Column("weekday", "weekday", "word"),
        Column("worked", "workday", "word"),
        Column("holiday", "holiday", "word", optional=True),
        Column("source", "according to", "word"),
    )
    rows = tuple(
        each
        | {
            "what": WHAT[each["what"]],
            "worked": Word("yes") if each["is_workday"] else Word("no"),
            "source": SOURCES[each["source"]],
        }
        for each in found
    )
    days = (
        [say("While claims count: {workdays} working days, {days_off} days off.", **counted)]
        if counted
        else []
    )
    unknown = sorted({each["on"][:4] for each in found if each["source"] == "weekday"})
    notes = (
        [
            say(
                "Public holidays of {years} are not known here, only weekdays: install"
                " chinesecalendar, or write them into the programme's calendar.",
                years=", ".join(unknown),
            )
        ]
        if unknown
        else []
    )
    beside = (_others_table(it, others),) if others else ()
    return (
        Table(
            say("Dates; other rounds at the same time: {count}", count=len(others)),
            columns,
            rows,
            notes=(*days, *notes),
        ),
        *beside,
    )


def _others_table(it: Found, others: list[sqlite3.Row]) -> Table:
    zone = it.row["time_zone"]
    columns = (
        Column("round", "round"),
        Column("state", "state", "word"),
        Column("opens_at", "opens", "time"),
        Column("weekday", "weekday", "word"),
        Column("closes_at", "closes", "time"),
    )
    rows = tuple(
        {**dict(each), "weekday": law.weekday(times.day_of(each["opens_at"], zone))}
        for each in others
    )
    return Table(say("Rounds at the same time"), columns, rows, zone=zone)
