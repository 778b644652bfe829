"""report timeline: from the draft of a round to its first redemption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports.scope import scope_of
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import times
from vouchercli.store import timelines, uptake
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.session import Session
    from vouchercli.store.reports import Round
    from vouchercli.store.timelines import Deeds

END_OF_TIME = times.END_OF_TIME
STEPS = (
    Column("round", "Round"),
    Column("drafted_at", "Drafted", "time"),
    Column("submitted_at", "Submitted", "time"),
    Column("approved_at", "Approved", "time"),
    Column("opens_at", "Opens", "time"),
    Column("first_claim_at", "First claim", "time"),
    Column("sold_out_at", "Sold out", "time"),
    Column("first_use_at", "First redemption", "time"),
)
SPANS = (
    Column("round", "Round"),
    Column("draft_to_approval_seconds", "Draft to approval", "span"),
    Column("approval_to_opening_seconds", "Approval to opening", "span"),
    Column("opening_to_sold_out_seconds", "Opening to sold out", "span"),
    Column("opening_to_use_seconds", "Opening to first redemption", "span"),
    Column("draft_to_use_seconds", "Draft to first redemption", "span"),
)
# (name of the span, from, to)
BETWEEN = (
    ("draft_to_approval_seconds", "drafted_at", "approved_at"),
    ("approval_to_opening_seconds", "approved_at", "opens_at"),
    ("opening_to_sold_out_seconds", "opens_at", "sold_out_at"),
    ("opening_to_use_seconds", "opens_at", "first_use_at"),
    ("draft_to_use_seconds", "drafted_at", "first_use_at"),
)


def report_timeline(session: Session, *, only: Sequence[str] = ()) -> Outcome:
    """When each round was drafted, approved, opened, sold out and first used, and how long lay
    between. Raises as `scope_of`.
    """
    with reading(session):
        scope = scope_of(session, only, None, None)
        told = timelines.deeds(session.db, scope.programme["programme_id"])
        claimed = uptake.claimed_packs(session.db, scope.window, scope.zone)
        rows = [
            _row(session, scope, each, told.get(each.round), claimed.get(round_id, 0))
            for round_id, each in scope.rounds.items()
        ]
    title = say("Timeline of rounds: {programme}", programme=scope.code)
    note = say("A time that lies before the one it is counted from was entered late: it shows –.")
    data = {"programme": scope.code, "rounds": scope.codes()}
    return Outcome(
        data,
        (
            Table(title, STEPS, rows, zone=scope.zone, key="steps"),
            Table(say("How long it took"), SPANS, rows, notes=(note,), key="spans"),
        ),
    )


def _row(
    session: Session, scope: Scope, about: Round, told: Deeds | None, claimed: int
) -> dict[str, Any]:
    """The steps of a round, and the seconds between them (None: one is not known, or was entered
    later than the next).
    """
    db, round_id = session.db, about.round_id
    is_sold_out = claimed == about.packs and about.mode == "fcfs"
    day = timelines.first_day(db, round_id)
    bounds = None if day is None else times.day_bounds(day, scope.zone)
    row: dict[str, Any] = {
        "round": about.round,
        "drafted_at": told.drafted_at if told else None,
        "submitted_at": told.submitted_at if told else None,
        "approved_at": told.approved_at if told else None,
        "opens_at": about.opens_at,
        "first_claim_at": timelines.first_claim(db, round_id),
        "sold_out_at": uptake.last_claim(db, round_id, END_OF_TIME) if is_sold_out else None,
        "first_use_at": (
            None
            if day is None or bounds is None
            else timelines.first_use(db, round_id, day, bounds)
        ),
    }
    for name, begin, end in BETWEEN:
        both = row[begin] is not None and row[end] is not None
        row[name] = row[end] - row[begin] if both and row[end] >= row[begin] else None
    return row
