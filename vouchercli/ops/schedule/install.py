"""Install the tick in cron or systemd, remove it, and show its status. The line in the crontab
stands between marks.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats.written import crontab, folders
from vouchercli.ops.answers import dated
from vouchercli.result import JSON, SHOWN, Column, Message, Outcome, Problem, Table, Word, only, say
from vouchercli.rules import times
from vouchercli.store import schedule as store
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    from vouchercli.ops.schedule.tick import Places
    from vouchercli.session import Session

# The message of `crontab -l` for a user without a crontab.
NO_CRONTAB = re.compile(rb"no crontab for|can't open|No such file")
OURS = "written by `voucher schedule install"


@dataclass(frozen=True)
class Plan:
    """What cron shall run: for which database, how often, in which folder (which has the configs),
    with which arguments.
    """

    name: str
    minutes: int
    folder: str
    args: tuple[str, ...]
    output: str

    @property
    def entry(self) -> str:
        """The line for cron."""
        return crontab.entry(self.minutes, self.folder, self.args, self.output)

    @property
    def units(self) -> dict[str, str]:
        """file name -> text, for systemd."""
        service, timer = crontab.units(self.name, self.minutes, self.folder, self.args, self.output)
        return {f"{self.unit}.service": service, f"{self.unit}.timer": timer}

    @property
    def unit(self) -> str:
        """The name of the units: readable, and different for every database."""
        readable = re.sub(r"[^A-Za-z0-9]+", "-", Path(self.name).stem).strip("-") or "voucher"
        return f"voucher-{readable}-{hashlib.sha256(self.name.encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class Change:
    """What would be written where: file (crontab: '') -> (before, after); None: no such file."""

    plan: Plan
    files: dict[str, tuple[bytes | None, bytes | None]]
    is_removal: bool = False

    @property
    def is_change(self) -> bool:
        """Whether anything would be different."""
        return any(before != after for before, after in self.files.values())


def plan_tick(session: Session, where: Places, minutes: int, **given: str | None) -> Plan:
    """Plan the tick for this database and these folders; `given` are options of every tick (actor,
    lang, programme).
    """
    db = str(session.path.resolve())
    options = [
        part
        for option, value in given.items()
        if value is not None
        for part in (f"--{option}", value)
    ]
    log = where.log or session.path.resolve().parent / "schedule.log"
    folder_options = (
        ("--inbox", where.inbox, where.is_inbox_named),
        ("--outbox", where.outbox, where.is_outbox_named),
    )
    places = [
        part
        for option, place, is_named in folder_options
        if is_named
        for part in (option, str(place.resolve()))
    ]
    args = (
        *_program(),
        "schedule",
        "tick",
        "--db",
        db,
        *places,
        "--log-file",
        str(log.resolve()),
        *options,
    )
    plan = Plan(db, minutes, str(Path.cwd()), args, str(log.resolve().with_suffix(".out")))
    if any(not part.isprintable() for part in (db, plan.folder, plan.output, *args)):
        raise UsageFault(
            "unprintable_path",
            "a path with a line break or another control character cannot stand in a crontab",
            hint="rename the folder",
        )
    return plan


def _program() -> tuple[str, ...]:
    """Find the command by which cron, which has another PATH, calls this program."""
    script = Path(sys.executable).with_name("voucher")
    return (str(script),) if script.is_file() else (sys.executable, "-P", "-m", "vouchercli")


def show_plan(plan: Plan, *, systemd: bool) -> Outcome:
    """Show as text what install would write."""
    text = (
        "".join(f"# {name}\n{unit}\n" for name, unit in plan.units.items())
        if systemd
        else crontab.block(plan.name, plan.entry).decode()
    )
    return Outcome(
        data={
            "for": "systemd" if systemd else "crontab",
            "line": " ".join(plan.args) if systemd else plan.entry,
            "text": text,
        }
    )


# ---------------------------------------------------------------- the change planned


def plan_change(plan: Plan, *, systemd: bool, is_removal: bool = False) -> Change:
    """Plan the crontab or the units with our part in them, or without it. Raises `no_crontab`,
    `crontab_failed`, `crontab_damaged`, `foreign_unit`.
    """
    files: dict[str, tuple[bytes | None, bytes | None]] = {}
    if systemd:
        for path, unit in _read_units(plan).items():
            files[path] = (unit, None if is_removal else plan.units[Path(path).name].encode())
    else:
        before = _read_crontab()
        after = (
            crontab.without(before, plan.name)
            if is_removal
            else crontab.put(before, plan.name, plan.entry)
        )
        files[""] = (before, after)
    return Change(plan, files, is_removal)


def _read_crontab() -> bytes:
    """Read the crontab of this user; empty when there is none."""
    ran = _run("crontab", "-l")
    if ran.returncode and not NO_CRONTAB.search(ran.stderr):
        raise _crontab_error(ran)
    return b"" if ran.returncode else ran.stdout


def _run(*args: str, text: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    if not shutil.which(args[0]):
        raise VoucherError(
            "no_crontab",
            "there is no command {command} on this machine",
            hint="install cron, or use systemd: voucher schedule install --systemd",
            command=args[0],
        )
    return subprocess.run(
        args, input=text, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )


def _crontab_error(ran: subprocess.CompletedProcess[bytes]) -> VoucherError:
    return VoucherError(
        "crontab_failed",
        "{command} refuses: {why}",
        hint="ask the administrator whether you may use cron",
        command=" ".join(ran.args),
        why=(ran.stderr or ran.stdout).decode("utf-8", "replace").strip(),
    )


def _read_units(plan: Plan) -> dict[str, bytes | None]:
    """Read the present unit files: of the system for root, else of the user."""
    units: dict[str, bytes | None] = {}
    for name in plan.units:
        path = _unit_folder() / name
        units[str(path)] = path.read_bytes() if path.exists() else None
        if OURS not in (units[str(path)] or OURS.encode()).decode("utf-8", "replace"):
            raise VoucherError(
                "foreign_unit",
                "{file} exists and was not written by this program",
                hint="move it away first",
                file=str(path),
            )
    return units


def _unit_folder() -> Path:
    if os.geteuid() == 0:
        return Path("/etc/systemd/system")
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


# ---------------------------------------------------------------- the change applied


def apply(change: Change, *, dry_run: bool) -> Outcome:
    """Apply the planned change; a crontab that has changed meanwhile is left as it is."""
    plan = change.plan
    data = {
        "db": plan.name,
        "for": "crontab" if "" in change.files else "systemd",
        "changed": change.is_change and not dry_run,
        "files": [name for name in change.files if name],
    }
    if not change.is_change:
        return Outcome(
            data=data,
            says=(
                (
                    say("nothing of this program is installed there")
                    if change.is_removal
                    else say("it is already installed like this")
                ),
            ),
        )
    problems: tuple[Problem, ...] = ()
    if not dry_run:
        problems = _write_crontab(*change.files[""]) if "" in change.files else _write_units(change)
    return Outcome(
        data=data,
        says=(_say_done(change, is_silent=bool(problems)), say("next: voucher schedule status")),
        problems=problems,
        status="partial" if problems else "ok",
    )


def _say_done(change: Change, *, is_silent: bool) -> Message:
    """Say what is true from now on; where systemd was not reached (`is_silent`), of files only."""
    plan = change.plan
    if is_silent and change.is_removal:
        return say("the files are gone, but systemd may still run the tick of {db}", db=plan.name)
    if is_silent:
        return say("the files are written, but nothing runs the tick of {db} yet", db=plan.name)
    if change.is_removal:
        return say("removed: the tick of {db} no longer runs", db=plan.name)
    return say(
        "installed: the tick of {db} runs every {minutes} min", db=plan.name, minutes=plan.minutes
    )


def _write_crontab(before: bytes | None, after: bytes | None) -> tuple[Problem, ...]:
    if _read_crontab() != before:
        raise VoucherError(
            "crontab_changed",
            "somebody changed the crontab while it was shown; it is left as it is",
            hint="run the same command again",
        )
    ran = _run("crontab", "-", text=after or b"")
    if ran.returncode:
        raise _crontab_error(ran)
    return ()


def _write_units(change: Change) -> tuple[Problem, ...]:
    """Write the unit files and reload systemd; when that fails, say which command to run."""
    timer, scope = f"{change.plan.unit}.timer", () if os.geteuid() == 0 else ("--user",)
    faults = [_systemctl(*scope, "disable", "--now", timer)] if change.is_removal else []
    for path, (_, after) in change.files.items():
        if after is None:
            Path(path).unlink(missing_ok=True)
        else:
            folders.write(Path(path), after.decode())
    faults.append(_systemctl(*scope, "daemon-reload"))
    faults += [] if change.is_removal else [_systemctl(*scope, "enable", "--now", timer)]
    return tuple(fault for fault in faults if fault)[:1]


def _systemctl(*args: str) -> Problem | None:
    why = "systemctl"
    if shutil.which("systemctl"):
        ran = subprocess.run(("systemctl", *args), capture_output=True, check=False, text=True)
        if ran.returncode == 0:
            return None
        why = (ran.stderr or ran.stdout).strip()
    return Problem(
        "systemd_silent",
        "systemd could not be informed: {why}",
        level="warning",
        hint="run: systemctl {args}",
        params={"why": why, "args": " ".join(args)},
    )


# ---------------------------------------------------------------- status

STATUS = (
    Column("crontab", "crontab", shown="line"),
    Column("units", "systemd", shown="unit_files"),
    Column("last_tick", "last tick", shown="tick"),
    Column("by", "by", where=SHOWN),
    Column("ticks", "ticks", where=SHOWN),
    Column("failed", "not done in it", where=SHOWN),
    Column("most_late", "latest by", "span", where=SHOWN),
    Column("longest_gap", "longest gap", "span", where=SHOWN),
    *only(JSON, "db"),
)


def show_status(session: Session, plan: Plan) -> Outcome:
    """Show whether cron or systemd runs the tick, when it last ran, and how late its jobs were."""
    line, paths = _find_cron_line(plan), map(_unit_folder().joinpath, plan.units)
    units = [str(path) for path in paths if path.exists()]
    row: dict[str, Any] = {
        "db": plan.name,
        "crontab": line,
        "line": line or Word("not installed"),
        "units": units,
        "unit_files": ", ".join(units) or Word("not installed"),
    }
    beat, zone = store.read_heartbeat(session.db), zone_of(session.db, session.programme)
    if beat is not None:
        row |= {
            **beat._asdict(),
            "last_tick": {
                **dated(beat._asdict(), zone),
                "ago_seconds": session.now - beat.at,
            },
            "tick": times.shown(beat.at, zone),
            "by": f"{beat.os_user}@{beat.host}",
        }
    title = say("The schedule of {db}", db=plan.name)
    table = Table(title, STATUS, (row,), key="", is_record=True)
    says = () if line or units else (say("next: voucher schedule install"),)
    problems = (NO_CRON,) if line and not units and _is_without_cron() else ()
    return Outcome(tables=(table,), says=says, problems=problems)


NO_CRON = Problem(
    "no_cron",
    "the crontab has the line, but no cron runs on this machine: nothing runs the tick",
    level="warning",
    hint="start it (systemctl start cron, or crond), or use systemd: voucher schedule install"
    " --systemd",
)
CRONS = ("cron", "crond", "fcron", "dcron", "busybox")


def _is_without_cron() -> bool:
    """Whether this machine shows its processes and none of them is cron."""
    names = [*Path("/proc").glob("[0-9]*/comm")]
    return bool(names) and not any(_read_name(name) in CRONS for name in names)


def _read_name(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:  # it has ended meanwhile
        return ""


def _find_cron_line(plan: Plan) -> str | None:
    """Find our line in the crontab; None without one, or without cron."""
    try:
        return crontab.find_line(_read_crontab(), plan.name)
    except VoucherError as error:
        if error.code == "crontab_damaged":
            raise
        return None
