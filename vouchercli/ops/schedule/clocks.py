"""A tick believes its clock only near the last tick: a machine that wakes in another year closes no
round and returns no money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.setup import doors
from vouchercli.result import Word
from vouchercli.rules import clocks as law
from vouchercli.rules import times
from vouchercli.store import audit, programmes
from vouchercli.store import schedule as store
from vouchercli.store.db import writing, zone

if TYPE_CHECKING:
    from vouchercli.session import Session
    from vouchercli.store.schedule import Heartbeat


def require_believable(session: Session, *, is_right: bool = False) -> None:
    """Raise `clock_ahead` when a stand-in clock goes past now, outside of a rehearsal. Raise
    `clock_jumped` when the clock is further ahead of the last tick than every programme of the file
    allows, and note it; with `is_right` a person answers for it, and that goes into the log.
    """
    audit.require_lawful_clock(session)
    beat, jump = store.read_heartbeat(session.db), _read_jump(session)
    if beat is None or not law.has_jumped(session.now, beat.at, jump):
        return
    if not is_right:
        if not session.dry_run:
            with writing(session) as db:
                store.note_jump(db, session.now)
        raise _refuse(session, beat, jump)
    doors.enter_for_all(session, "round close")  # which is what it may come to
    with writing(session):
        audit.note(
            session,
            "schedule.clock-is-right",
            session.path.name,
            before={"beat_at": beat.at},
            after={"beat_at": session.now},
        )


def is_believable(session: Session, now: int) -> bool:
    """Whether the clock has moved from the session's time to `now` within what the programmes of
    the file allow.
    """
    return not law.has_jumped(now, session.now, _read_jump(session))


def _read_jump(session: Session) -> int:
    """The shortest of the jumps that the programmes of the file allow."""
    loaded = map(programmes.value, programmes.all_loaded(session.db))
    return min((each.clock.jump for each in loaded), default=law.Clock().jump)


def _refuse(session: Session, beat: Heartbeat, jump: int) -> VoucherError:
    local, (number, unit) = zone(session.db, session.programme), law.span(jump)
    return VoucherError(
        "clock_jumped",
        "nothing was done: the clock says {now}, and the last tick was at {at}, more than"
        " {number} {unit} before",
        hint="set the clock right; if it is right: voucher schedule tick --clock-is-right",
        now=times.shown(session.now, local),
        at=times.shown(beat.at, local),
        number=number,
        unit=Word(unit),
    )
