"""Compare the days of a round with workdays, public holidays and other rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.rounds import holidays
from vouchercli.result import JSON, SHOWN, Column, Table, Word, only, say
from vouchercli.rules import calendars as calendar_law
from vouchercli.rules import rounds as law
from vouchercli.rules import templates as packs_law
from vouchercli.rules import times
from vouchercli.store import rounds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message

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
DATES = (
    Column("what", "what", "word", shown="said"),
    Column("on", "date", "date"),
    Column("weekday", "weekday", "word"),
    Column("worked", "workday", "word", where=SHOWN),
    Column("holiday", "holiday", "word", optional=True),
    Column("source", "according to", "word", shown="according_to"),
    *only(JSON, "at", kind="time"),
    *only(JSON, "is_workday"),
)
OTHERS = (
    Column("round", "round"),
    Column("state", "state", "word"),
    Column("opens_at", "opens", "time"),
    Column("weekday", "weekday", "word"),
    Column("closes_at", "closes", "end"),
)


def _list_dates(current: RoundAtHand) -> list[dict[str, Any]]:
    """List the dates of the round, each with its weekday and whether it is a working day."""
    row = current.row
    moments = {
        "registration_opens": row["registration_opens_at"],
        "opens": row["opens_at"],
        "closes": row["closes_at"],
        "first_voucher_ends": current.ends_at(row["opens_at"]),
        "last_voucher_ends": current.ends_at(row["closes_at"] - 1),
    }
    return [_describe_date(current, what, at) for what, at in moments.items() if at is not None]


def _describe_date(current: RoundAtHand, what: str, at: int) -> dict[str, Any]:
    """Describe one date. An end at midnight belongs to the day before."""
    day = times.day_of(at if what.endswith("opens") else at - 1, current.zone)
    worked_day = holidays.judge_day(current.programme, day)
    return {
        "what": what,
        "said": WHAT[what],
        "at": at,
        "on": day,
        "weekday": law.weekday(day),
        "is_workday": worked_day.is_workday,
        "worked": Word("yes") if worked_day.is_workday else Word("no"),
        "holiday": str(worked_day.holiday),
        "source": worked_day.source,
        "according_to": SOURCES[worked_day.source],
    }


def count_days(current: RoundAtHand) -> dict[str, int] | None:
    """Count working days and days off while claims count; None for a window of many years."""
    zone = current.zone
    if current.row["closes_at"] - current.row["opens_at"] > MOST_DAYS * 86_400:
        return None
    first, last = (
        times.day_of(current.row["opens_at"], zone),
        times.day_of(current.row["closes_at"] - 1, zone),
    )
    worked, off = calendar_law.count_days(
        first, last, lambda day: holidays.judge_day(current.programme, day)
    )
    return {"workdays": worked, "days_off": off}


def list_overlapping(current: RoundAtHand) -> list[sqlite3.Row]:
    """List the other rounds that take claims at the same time."""
    span = (current.row["opens_at"], current.row["closes_at"])
    return [
        other
        for other in rounds.listed(current.db, current.row["programme_id"])
        if other["round_id"] != current.round_id
        and other["state"] != "cancelled"
        and law.overlaps(span, (other["opens_at"], other["closes_at"]))
    ]


def tabulate_dates(
    current: RoundAtHand, counted: dict[str, int] | None, others: list[sqlite3.Row]
) -> tuple[Table, ...]:
    """Tabulate the dates of the round, and the rounds at the same time."""
    dates, zone = _list_dates(current), current.zone
    unknown = sorted({each["on"] // 10_000 for each in dates if each["source"] == "weekday"})
    notes = []
    if counted:
        notes.append(
            say("While claims count: {workdays} working days, {days_off} days off.", **counted)
        )
    if unknown:
        notes.append(
            say(
                "The public holidays of {years} are not known, only weekdays: install"
                " chinesecalendar, or write them into the programme's calendar.",
                years=", ".join(map(str, unknown)),
            )
        )
    notes += _say_useless(current)
    title = say("Dates; other rounds at the same time: {count}", count=len(others))
    beside = tuple(
        {**dict(each), "weekday": law.weekday(times.day_of(each["opens_at"], zone))}
        for each in others
    )
    first = Table(title, DATES, dates, notes=tuple(notes), zone=zone, key="dates")
    second = Table(say("Rounds at the same time"), OTHERS, beside, zone=zone)
    return (first, second) if others else (first,)


def _say_useless(current: RoundAtHand) -> Iterator[Message]:
    """That some claims get vouchers which end before they can be used."""
    opens_at, zone = current.row["opens_at"], current.zone
    template = packs_law.of_round(current.template, opens_at)
    found = packs_law.find_useless_claims(template, opens_at, current.row["closes_at"], zone)
    if found:
        yield say(
            "A voucher claimed at {claimed_at} could be used from {usable} on, and ends at {end}:"
            " let claiming close earlier.",
            claimed_at=times.shown(found.claimed_at, zone),
            usable=times.shown(found.usable, zone),
            end=times.shown_end(found.end, zone),
        )
