"""The clock keeps the file: a backup a day, and `check` after a program was killed. Either may take
minutes: it is done last, in a process of its own, while quick jobs go on.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import limits
from vouchercli.ops.keeping import backups
from vouchercli.ops.proof.check import check_all
from vouchercli.ops.schedule.jobs import Done, attempt
from vouchercli.ops.sessions import zone
from vouchercli.result import Outcome, say
from vouchercli.store import backups as store

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
    """Make the backup that is due; say that a program was killed, and (when nothing else was due,
    `is_idle`) check the file.
    """
    if session.dry_run:
        return
    if is_idle and _mark(session.path).exists():
        blank = Done("check", str(session.path), zone(session))
        yield from _do(session, blank, quick, worker, _check)
        with suppress(OSError):
            _mark(session.path).unlink()
    yield from _back_up(session, quick, worker)


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


def _failed(outcome: Outcome) -> VoucherError:
    return VoucherError(
        "check_failed",
        "{count} checks of the file have failed",
        hint="voucher check",
        problems=outcome.problems,
        count=sum(each.code == "check_failed" for each in outcome.problems),
    )
