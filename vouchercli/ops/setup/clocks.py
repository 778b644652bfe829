"""A clock that was not believed stands where people look, until a tick has done its work again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Problem
from vouchercli.rules import times
from vouchercli.store import schedule as store
from vouchercli.store.db import zone

if TYPE_CHECKING:
    from vouchercli.session import Session


def find_jump(session: Session) -> Problem | None:
    """What a person must look at: a tick whose clock was not believed since the last one that did
    its work. None: nothing.
    """
    beat = store.read_heartbeat(session.db)
    if beat is None or beat.jumped_at is None:
        return None
    return describe_jump(beat.jumped_at, beat.at, zone(session.db, session.programme))


def describe_jump(jumped_at: int, last_tick_at: int, local: str) -> Problem:
    """A tick that did nothing at `jumped_at`, by its clock, in the zone `local`."""
    return Problem(
        "clock_jumped",
        "a tick did nothing: its clock said {now}, {days:,} days after the last tick",
        hint="set the clock right; if it was right: voucher schedule tick --clock-is-right",
        params={
            "now": times.shown(jumped_at, local),
            "days": (jumped_at - last_tick_at) // 86_400,
        },
    )
