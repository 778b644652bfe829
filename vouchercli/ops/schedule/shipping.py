"""The tick ships the head of the log once a day to where `witness.yaml` says: a history that is
rewritten later is found by it (`audit verify --heads`).
"""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import witness
from vouchercli.ops.schedule.jobs import Done, attempt
from vouchercli.result import Outcome, say
from vouchercli.rules import days as law
from vouchercli.rules import times
from vouchercli.store import audit, days
from vouchercli.store import schedule as store
from vouchercli.store.db import writing, zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.configs.witness import Elsewhere
    from vouchercli.session import Session

JOB = "ship"


def ship_due(session: Session) -> Iterator[Done]:
    """Ship the head to each place that has not had it today. What fails is said, and tried again by
    the next tick.
    """
    local = zone(session.db, session.programme)
    try:
        elsewhere = witness.of_database(session.path)
    except VoucherError as error:
        yield Done(JOB, witness.FILE, local, error=error)
        return
    for target in elsewhere.targets:
        blank = Done(JOB, elsewhere.place(target), local)
        done = attempt(session, blank, _ship, elsewhere, target, local)
        if done is not None:
            yield done


def _ship(session: Session, elsewhere: Elsewhere, target: str, local: str) -> Outcome | None:
    """Ship it, then note that it is shipped: a tick that is killed between the two ships it twice,
    which harms nobody.
    """
    day = times.day_text(times.local_day(session.now, local))
    key = f"{target} {day}"
    newest = audit.last(session.db)
    if newest is None or store.is_done(session.db, JOB, None, key):
        return None
    head = f"{newest.line}:{newest.hash}"
    if session.dry_run:
        return Outcome(says=(say("the head of the log would be shipped: {head}", head=head),))
    record = {
        "at": times.iso(session.now, local),
        "host": platform.node(),
        "database": session.path.resolve().name,
        "head": head,
        "days": {programme: law.head(day, seal) for programme, day, seal in days.heads(session.db)},
    }
    _send(session, elsewhere, target, json.dumps(record, ensure_ascii=False).encode() + b"\n")
    with writing(session) as db:
        store.note_done(db, JOB, None, key, session.now, session.now)
    return Outcome(says=(say("shipped the head of the log: {head}", head=head),))


def _send(session: Session, elsewhere: Elsewhere, target: str, line: bytes) -> None:
    from vouchercli.formats.written import shipping  # once a day: no other tick waits for it

    folder = session.path.resolve().parent
    if target == "file":
        shipping.append(folder / elsewhere.file, line)
    else:
        shipping.run(elsewhere.command, line, elsewhere.seconds, folder)
