"""The clock keeps the file: a backup a day, `check --all` a night, and `check` after a program was
killed. Each may take minutes: it is done last, in a process of its own, while quick jobs go on.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import backup_settings, limits
from vouchercli.ops.keeping import backups
from vouchercli.ops.proof.check import check_all
from vouchercli.ops.proof.proving import Reach
from vouchercli.ops.schedule.jobs import Done, attempt
from vouchercli.ops.sessions import zone
from vouchercli.result import Outcome, say
from vouchercli.rules import days as law
from vouchercli.store import audit, days, nightly_checks
from vouchercli.store import backups as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vouchercli.ops.schedule.quick import QuickJobs
    from vouchercli.ops.schedule.workers import Worker
    from vouchercli.session import Session

MARK = "-killed"


def notice_kill(path: Path) -> None:
    """Leave a mark beside the database when a program that wrote into it was killed: the next look
    sees it no more, since the file is whole again as soon as it is opened. No database may be open.
    """
    if store.is_left(path):
        with suppress(OSError):  # a folder that takes no more files
            os.close(os.open(_mark(path), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))


def keep(
    session: Session, quick: QuickJobs, worker: Worker | None, *, is_idle: bool
) -> Iterator[Done]:
    """Make the backup and the check of all sealed days that are due; say that a program was killed,
    and (when nothing else was due, `is_idle`) check the file.
    """
    if session.dry_run:
        return
    if is_idle and _mark(session.path).exists():
        blank = Done("check", str(session.path), zone(session))
        yield from _do(session, blank, quick, worker, _check)
        with suppress(OSError):
            _mark(session.path).unlink()
    yield from _back_up(session, quick, worker)
    if _is_night(session):
        blank = Done("check", str(session.path), zone(session))
        yield from _do(session, blank, quick, worker, _check_nightly)


def say_kill(session: Session) -> Iterator[Done]:
    """Say that a program was killed, as long as the file is not checked."""
    if _mark(session.path).exists() and not session.dry_run:
        said = say(
            "a program that wrote into the file was killed, or the power failed: what was done"
            " stands; the file is checked as soon as nothing is due"
        )
        yield Done("tick", str(session.path), zone(session), outcome=Outcome(says=(said,)))


def _mark(path: Path) -> Path:
    return path.resolve().with_name(f"{path.resolve().name}{MARK}")


def _back_up(session: Session, quick: QuickJobs, worker: Worker | None) -> Iterator[Done]:
    if not backups.is_due(session) or backups.is_waiting(session):
        return
    blank = Done("backup", str(session.path), zone(session))
    for done in _do(session, blank, quick, worker, _make_daily):
        if done.error is None:
            yield done
            continue
        if backups.is_due(session):  # a copy that fails its check is there, and marked
            done.error.problems += (backups.say_waiting(session),)
        yield done
        # where the log takes no line either, the next tick tries again
        attempt(session, blank, backups.note_failure, done.error.code)


def _do(
    session: Session,
    blank: Done,
    quick: QuickJobs,
    worker: Worker | None,
    work: Callable[..., Any],
) -> Iterator[Done]:
    if worker is None:
        done = attempt(session, blank, work)
    else:
        done = worker.attempt(session, blank, limits.DEFAULTS, quick.idle, work)
    if done is not None:
        yield done


def _make_daily(session: Session) -> Outcome:
    outcome = backups.make_daily(session)
    if outcome.status == "failed":
        raise _failed(outcome)
    return Outcome(outcome.data, says=(say("the database is copied and proved"),))


def _check(session: Session) -> Outcome:
    outcome = check_all(session)
    if outcome.status == "failed":
        raise _failed(outcome)
    return Outcome(says=(say("all checks passed: nothing was lost"),))


def _is_night(session: Session) -> bool:
    """Whether all sealed days are to be read: once a local day, from the hour of the backups on.
    Where no day is sealed, `check` proves all that there is.
    """
    if not days.heads(session.db):
        return False
    try:
        hour = backup_settings.of_database(session.path).hour
    except VoucherError:  # the backup says so
        hour = backup_settings.Settings.hour
    last = nightly_checks.last(session.db)
    return law.is_check_due(last.at if last else None, session.now, zone(session), hour)


def _check_nightly(session: Session) -> Outcome:
    """Read all sealed days; the line of the log names the last of them, and what failed."""
    outcome = check_all(session, Reach.ALL)
    failed = {str(each.params["check"]): None for each in outcome.problems}
    heads = days.heads(session.db)
    with writing(session):
        audit.note(
            session,
            nightly_checks.DEED,
            nightly_checks.SUBJECT,
            failed=[*failed],
            days={programme: law.head(day, seal) for programme, day, seal in heads},
        )
    if outcome.status == "failed":
        raise _failed(outcome)
    read = outcome.data["days_read"]
    return Outcome(says=(say("all checks passed; {days} sealed days were read", days=read),))


def _failed(outcome: Outcome) -> VoucherError:
    return VoucherError(
        "check_failed",
        "{count} checks of the file have failed",
        hint="voucher check --all",
        problems=outcome.problems,
        count=sum(each.code == "check_failed" for each in outcome.problems),
    )
