"""Rows that were later than now when their file was read: the tick judges them again when their
time has come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vouchercli.ops.intake import batches as intake
from vouchercli.ops.intake import retries
from vouchercli.ops.schedule.jobs import Done
from vouchercli.rules import clocks
from vouchercli.store import batches, programmes

if TYPE_CHECKING:
    from vouchercli.result import Outcome
    from vouchercli.session import Session


def list_due(session: Session) -> list[tuple[Done, int]]:
    """The batches with rows whose time has come, and what the tick says of each."""
    due = []
    for each in batches.in_future(session.db, session.programme):
        if each.first_at <= _latest_at(session, each.programme_id):
            row = programmes.by_id(session.db, each.programme_id)
            due.append((Done("retry", each.file, row["time_zone"], row["programme"]), each.batch))
    return due


def take_in(session: Session, batch_id: int) -> Outcome | None:
    """Judge again the rows of a batch whose time has come; None when there are none any more."""
    batch = batches.named(session.db, batch_id)
    assert batch.programme_id is not None
    latest_at = _latest_at(session, batch.programme_id)
    lines = batches.lines_until(session.db, batch_id, latest_at)
    if not lines:
        return None
    outcome = retries.retry(session, intake.KINDS, batch_id, lines=lines)
    # rows that wait on, or were refused before, are no news
    return outcome if outcome.data["rejected"] else replace(outcome, problems=())


def _latest_at(session: Session, programme_id: int) -> int:
    programme = programmes.value(programmes.by_id(session.db, programme_id))
    return clocks.latest_at(programme.clock, session.now)
