"""voucher schedule tick | show | print | install | remove | status"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.asking import ask, is_asked
from vouchercli.cli.language import language, t
from vouchercli.cli.options import Call, command, verbs
from vouchercli.errors import UsageFault
from vouchercli.ops.schedule import install as ops
from vouchercli.ops.schedule import keeping, show, tick, workers
from vouchercli.result import Outcome, say
from vouchercli.session import Session

app = verbs()

Inbox = Annotated[
    Optional[Path],
    typer.Option(
        "--inbox",
        metavar="DIR",
        help="Where platforms' files land (else inbox beside the database).",
    ),
]
Outbox = Annotated[
    Optional[Path],
    typer.Option(
        "--outbox",
        metavar="DIR",
        help="Where orders are written (else outbox beside the database).",
    ),
]
LogFile = Annotated[
    Optional[Path],
    typer.Option(
        "--log-file", metavar="FILE", help="A file that gets a line of JSON for every job."
    ),
]
ClockIsRight = Annotated[
    bool,
    typer.Option(
        "--clock-is-right", help="Go on although the clock is far ahead of the last tick."
    ),
]
Every = Annotated[
    int,
    typer.Option("--every", metavar="MINUTES", min=1, max=30, help="How often the tick runs."),
]
MINUTES_OF_AN_HOUR = 60
EVEN = tuple(each for each in range(1, 31) if MINUTES_OF_AN_HOUR % each == 0)
Systemd = Annotated[
    bool, typer.Option("--systemd", help="Timer units of systemd instead of the crontab.")
]


def _plan(
    call: Call,
    session: Session,
    inbox: Path | None,
    outbox: Path | None,
    log: Path | None,
    every: int = 1,
) -> ops.Plan:
    where = tick.choose_places(call.db_path, inbox, outbox, log)
    if MINUTES_OF_AN_HOUR % every:
        raise UsageFault(
            "uneven_minutes",
            "every {minutes} minutes does not fit into an hour: cron begins anew at each full hour",
            hint="choose one of: {known}",
            minutes=every,
            known=", ".join(map(str, EVEN)),
        )
    # cron knows nothing of this terminal: neither its locale nor VOUCHER_LANG
    named = {"actor": call.given.get("actor"), "lang": language()}
    return ops.plan_tick(session, where, every, **named, programme=call.given.get("programme"))


def _ask_consent(call: Call, change: ops.Change) -> ops.Change:
    """Show what would be written and ask on a terminal; elsewhere --yes is needed."""
    if not change.is_change or call.output == "json" or (call.yes and not sys.stderr.isatty()):
        return _require_consent(call, change)
    for name, (_, after) in change.files.items():
        print(f"--- {name or 'crontab'}", file=sys.stderr)
        left = (after or b"").decode("utf-8", "replace")
        print(left or t("(nothing is left)") + "\n", file=sys.stderr, end="")
    if is_asked(call):
        ask(say("Write this?"))
        return change
    return _require_consent(call, change)


def _require_consent(call: Call, change: ops.Change) -> ops.Change:
    if change.is_change and not (call.yes or call.dry_run):
        raise UsageFault(
            "not_asked",
            "there is no terminal on which to ask whether to write this",
            hint="look at it with --dry-run, then add --yes",
        )
    return change


@command(app, "tick", epilog="Example: voucher schedule tick --log-file schedule.log")
def tick_(
    call: Call,
    inbox: Inbox = None,
    outbox: Outbox = None,
    log_file: LogFile = None,
    clock_is_right: ClockIsRight = False,
) -> Outcome:
    """Do what is due: open, draw, allocate, order, take in files, close, release money. Silent when
    nothing is.
    """
    where = tick.choose_places(call.db_path, inbox, outbox, log_file)
    keeping.notice_kill(call.db_path)
    # a dry run is one transaction: no other process sees what it has done
    with (
        workers.hire(is_alone=call.is_alone and not call.dry_run) as worker,
        call.session() as session,
    ):
        return tick.tick(
            session,
            where,
            is_clock_right=clock_is_right,
            at_present=call.at_present,
            worker=worker,
        )


@command(app, "show", epilog="Example: voucher schedule show")
def show_(session: Session) -> Outcome:
    """Show what comes next and when, in the programme's zone."""
    return show.show_schedule(session)


@command(app, "print", epilog="Example: voucher schedule print --every 5")
def print_(
    call: Call,
    inbox: Inbox = None,
    outbox: Outbox = None,
    log_file: LogFile = None,
    every: Every = 1,
    systemd: Systemd = False,
) -> Outcome:
    """Print what install would write: the crontab's block, or systemd's units."""
    with call.session() as session:
        outcome = ops.show_plan(
            _plan(call, session, inbox, outbox, log_file, every), systemd=systemd
        )
    if call.output != "json":
        print(outcome.data["text"], end="")
    return outcome


@command(app, "install", epilog="Example: voucher schedule install --every 5 --yes")
def install(
    call: Call,
    inbox: Inbox = None,
    outbox: Outbox = None,
    log_file: LogFile = None,
    every: Every = 1,
    systemd: Systemd = False,
) -> Outcome:
    """Let cron (or systemd) run the tick; the change is shown and confirmed first, other
    people's lines stay as they are.
    """
    with call.session() as session:
        plan = _plan(call, session, inbox, outbox, log_file, every)
    change = _ask_consent(call, ops.plan_change(plan, systemd=systemd))
    return ops.apply(change, dry_run=call.dry_run)


@command(app, "remove", epilog="Example: voucher schedule remove --yes")
def remove(call: Call, systemd: Systemd = False) -> Outcome:
    """Remove this program's part from the crontab (or systemd); everything else stays."""
    with call.session() as session:
        plan = _plan(call, session, None, None, None)
    return ops.apply(
        _ask_consent(call, ops.plan_change(plan, systemd=systemd, is_removal=True)),
        dry_run=call.dry_run,
    )


@command(app, "status", epilog="Example: voucher schedule status")
def status(call: Call, session: Session) -> Outcome:
    """Show who runs the tick, when it last ran, and how late its jobs were."""
    return ops.show_status(session, _plan(call, session, None, None, None))
