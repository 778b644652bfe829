"""Examine the machine and the file: each check is a Finding with a way out. Nothing is changed."""

from __future__ import annotations

import codecs
import os
import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.configs import witness
from vouchercli.ops.setup import clocks
from vouchercli.result import JSON, Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import times
from vouchercli.rules.times import HOME_ZONE
from vouchercli.store import doctor as store
from vouchercli.store import identities
from vouchercli.store.db import busy_or_refused, too_old_to_read
from vouchercli.store.schema_files import SCHEMA_VERSION

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 38)  # STRICT tables came with 3.37, unixepoch and -> with 3.38
LEAST_FREE_MIB = 100
TICK_SECONDS = 15 * 60  # a clock that ticks every few minutes and was silent for longer has stopped
DAY = 86_400
BACKUP_DAYS = 2  # a file in use without a backup for longer is warned of
SHIP_DAYS = 2  # so is a head of the log that was not shipped for longer
WISHED_FREE_MIB = 1024
MIB = 1024 * 1024
NETWORK_FILE_SYSTEMS = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "fuse.sshfs",
    "fuse.rclone",
    "davfs",
)
# What lies beside the database and holds something of it, or its locks.
BESIDE = ("", "-wal", "-shm", "-journal", "-tick", "-killed")
LOGS = ("schedule.log", "schedule.out")
MOUNTS = Path("/proc/mounts")

COLUMNS = (
    Column("check", "Looked at", "word"),
    Column("state", "State", "word"),
    Column("value", "Result", "word"),
    Column("code", where=JSON),
)


class Finding(NamedTuple):
    """The result of one check: its name, the value as it is shown, and what is wrong with it, if
    anything.
    """

    check: str
    value: str
    problem: Problem | None = None

    @property
    def state(self) -> str:
        """ok, warning or problem."""
        if self.problem is None:
            return "ok"
        return "problem" if self.problem.level == "error" else "warning"

    @property
    def code(self) -> str | None:
        """The problem's code."""
        return self.problem.code if self.problem else None


def examine(path: Path, *, now: int, encoding: str) -> Outcome:
    """Every check in order; exit 5 when one finds a problem, 0 with warnings. `now` in UTC seconds,
    `encoding` the terminal's.
    """
    findings = (
        _python(),
        _sqlite(),
        _time_zones(),
        _terminal(encoding),
        _drive(path),
        _room(path),
        *_file(path, now),
    )
    problems = tuple(finding.problem for finding in findings if finding.problem)
    title = say("This machine and {db}", db=str(path))
    return Outcome(
        data={"db": str(path)},
        tables=(Table(title, COLUMNS, findings, key="checks"),),
        says=() if problems else (say("nothing to correct"),),
        problems=problems,
        status="failed" if any(problem.level == "error" for problem in problems) else "ok",
    )


# ---------------------------------------------------------------- the machine


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    old = Problem(
        "old_python",
        "Python {version} is too old",
        hint="install Python 3.11 or newer",
        params={"version": version},
    )
    return Finding(Word("Python"), version, old if sys.version_info[:2] < OLDEST_PYTHON else None)


def _sqlite() -> Finding:
    release = store.sqlite_version()
    version = ".".join(map(str, release))
    old = Problem(
        "old_sqlite",
        "SQLite {version} is too old",
        hint="use a Python with SQLite 3.38 or newer",
        params={"version": version},
    )
    return Finding(Word("SQLite"), version, old if release < OLDEST_SQLITE else None)


def _time_zones() -> Finding:
    try:
        times.zone_named(HOME_ZONE)
    except ValueError:
        missing = Problem(
            "no_time_zones",
            "the time zone data of {zone} is missing",
            hint="install the tzdata package for this Python",
            params={"zone": HOME_ZONE},
        )
        return Finding(Word("Time zones"), "", missing)
    return Finding(Word("Time zones"), HOME_ZONE)


def _terminal(encoding: str) -> Finding:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        name = ""
    poor = Problem(
        "no_utf8",
        "this terminal's encoding ({encoding}) cannot show every character",
        hint="set PYTHONUTF8=1 and a UTF-8 locale",
        level="warning",
        params={"encoding": encoding},
    )
    return Finding(Word("Terminal"), name, None if name in ("utf-8", "gb18030") else poor)


def _drive(path: Path) -> Finding:
    kind = _file_system(path)
    network = Problem(
        "network_drive",
        "{path} is on a network drive ({kind}): SQLite cannot lock it safely",
        hint="keep the database on a disk of this machine",
        params={"path": str(path), "kind": kind},
    )
    return Finding(Word("Drive"), kind, network if kind in NETWORK_FILE_SYSTEMS else None)


def _file_system(path: Path) -> str:
    """The file system that holds the folder, or '' where the machine does not report it."""
    try:
        mounts = [line.split()[1:3] for line in MOUNTS.read_text("utf-8").splitlines()]
    except OSError:
        return ""
    folder = str(path.resolve().parent)
    above = [
        (len(point), kind)
        for point, kind in mounts
        if folder == point or folder.startswith(point.rstrip("/") + "/")
    ]
    return max(above, default=(0, ""))[1]


def _room(path: Path) -> Finding:
    folder = path.resolve().parent
    if not os.access(folder, os.W_OK):
        closed = Problem(
            "folder_not_writable",
            "nothing can be written in {folder}",
            hint="check who owns the folder",
            # beside a copy that is there to be read nothing need be written
            level="warning" if _is_copy_to_read(path) else "error",
            params={"folder": str(folder)},
        )
        return Finding(Word("Free space"), "", closed)
    free = shutil.disk_usage(folder).free // MIB
    wished = max(WISHED_FREE_MIB, 2 * path.stat().st_size // MIB if path.exists() else 0)
    full = Problem(
        "disk_nearly_full",
        "only {free} MiB are free in {folder}",
        hint="free some space before the next import",
        level="error" if free < LEAST_FREE_MIB else "warning",
        params={"free": free, "folder": str(folder)},
    )
    return Finding(Word("Free space"), f"{free:,} MiB", full if free < wished else None)


def _is_copy_to_read(path: Path) -> bool:
    return path.exists() and not os.access(path, os.W_OK)


# ---------------------------------------------------------------- the file


def _file(path: Path, now: int) -> list[Finding]:
    display = str(path)
    if not path.exists():
        none = Problem(
            "no_database",
            "there is no database {path}",
            hint="voucher init --db {path}",
            level="warning",
            params={"path": display},
        )
        return [Finding(Word("Database"), display, none)]
    try:
        vitals = store.vitals(path, SCHEMA_VERSION)
    except sqlite3.DatabaseError as error:
        return [Finding(Word("Database"), display, busy_or_refused(error, path).as_problems()[0])]
    except VoucherError as error:
        return [Finding(Word("Database"), display, error.as_problems()[0])]
    schema = Finding(Word("Database"), display, _schema(display, vitals))
    if vitals.schema != SCHEMA_VERSION or not vitals.is_ours:
        return [schema]
    return [
        schema,
        _integrity(path, vitals),
        _journal(path, vitals),
        _key(path, vitals),
        _access(path),
        *_drafts(path),
        _programme(vitals),
        _staff(vitals),
        _clock(vitals, now),
        _tick(vitals, now),
        *_backup(vitals, now),
        *_night(vitals, now),
        *_witness(path, vitals, now),
    ]


def _schema(path: str, vitals: store.Vitals) -> Problem | None:
    if not vitals.is_ours and not vitals.is_empty:
        return Problem(
            "not_a_database",
            "{path} cannot be opened as a voucher database: {why}",
            hint="name the right file with --db, or: voucher init --db NEW.db",
            params={"path": path, "why": Word("it holds another program's tables")},
        )
    if vitals.schema > SCHEMA_VERSION:
        return Problem(
            "newer_database",
            "{path} was written by a newer voucher (schema {version}, this program knows {known})",
            hint="install the newer voucher",
            params={"path": path, "version": vitals.schema, "known": SCHEMA_VERSION},
        )
    if vitals.schema < SCHEMA_VERSION and vitals.is_read_only:
        return too_old_to_read(Path(path)).as_problems()[0]
    if vitals.schema < SCHEMA_VERSION:
        return Problem(
            "older_database",
            "{path} has an older schema; the next command brings it up to date",
            hint="back up both files first",
            level="warning",
            params={"path": path},
        )
    if vitals.is_read_only:
        return Problem(
            "read_only_database",
            "{path} can only be read here: every list, report and check answers, nothing can be"
            " entered",
            hint="for a copy that is right; else check who owns the file and its folder",
            level="warning",
            params={"path": path},
        )
    return None


def _integrity(path: Path, vitals: store.Vitals) -> Finding:
    damaged = Problem(
        "damaged_database",
        "{path} is damaged or unreadable: {why}",
        hint="restore the last backup; keep the damaged file for the auditor",
        params={"path": str(path), "why": vitals.fault},
    )
    return Finding(Word("Integrity"), *(("", damaged) if vitals.fault else ("ok",)))


def _journal(path: Path, vitals: store.Vitals) -> Finding:
    problem = Problem(
        "no_wal",
        "{path} is not in WAL mode: a report would wait for an import",
        hint="move the database to a disk of this machine",
        level="warning",
        params={"path": str(path)},
    )
    # nobody writes into a copy that can only be read: no report waits
    is_well = vitals.journal == "wal" or vitals.is_read_only
    return Finding(Word("Journal"), vitals.journal, None if is_well else problem)


def _key(path: Path, vitals: store.Vitals) -> Finding:
    """Whether the key is there and the right one; a copy that is there to be read may be without it
    (an auditor needs none).
    """
    refused = None
    try:
        identities.load_ring(path)
        if not identities.is_known(path):
            refused = Problem(
                "key_unconfirmed",
                "{path} does not know its key: it is older, and residents were in it already",
                hint="look for somebody who has a claim: voucher claim list --resident ID; if the"
                " claim is found, the key is right: voucher init",
                level="warning",
                params={"path": str(path)},
            )
    except VoucherError as error:
        refused = error.as_problems()[0]
        if error.code == "no_key" and vitals.is_read_only:
            refused = replace(refused, level="warning")
    return Finding(Word("Key"), str(identities.key_path(path)), refused)


def _access(path: Path) -> Finding:
    """Whether others on this machine can read what is in the file, or stop its clock. A group may
    be let in: several officials then share the file.
    """
    names = (*(f"{path.name}{end}" for end in BESIDE), *LOGS)
    beside = [path.resolve().parent / name for name in names]
    open_files = [each for each in beside if os.name == "posix" and _is_open_to_all(each)]
    if not open_files:
        return Finding(Word("Access"), Word("not for everybody"))
    files = tuple(map(str, open_files))
    exposed = Problem(
        "file_exposed",
        "everybody on this machine can read or lock {files}",
        hint="chmod o= {files}",
        level="warning",
        params={"files": files},
    )
    return Finding(Word("Access"), str(len(open_files)), exposed)


def _drafts(path: Path) -> list[Finding]:
    """Drafts of payment files that killed exports have left beside the database, or where the
    command runs, are taken away.
    """
    folders = {path.resolve().parent, Path.cwd()}
    swept = [name for folder in sorted(folders) for name in whole_files.sweep_secrets(folder)]
    if not swept:
        return []
    gone = Problem(
        "drafts_swept",
        "killed exports had left {count} drafts of payment files, with account numbers in full:"
        " they are taken away ({files})",
        hint="write the payment file again: voucher settlement export",
        level="warning",
        params={"count": len(swept), "files": tuple(swept)},
    )
    return [Finding(Word("Payment files"), str(len(swept)), gone)]


def _is_open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o007)
    except OSError:  # it is not there, or in a folder that nobody may enter
        return False


def _programme(vitals: store.Vitals) -> Finding:
    none = Problem(
        "no_programme",
        "no programme is loaded yet",
        hint="voucher programme list --shipped",
        level="warning",
    )
    return Finding(
        Word("Programmes"), ", ".join(vitals.programmes), None if vitals.programmes else none
    )


def _staff(vitals: store.Vitals) -> Finding:
    """Whether the programmes say who may do what."""
    if not vitals.without_staff:
        return Finding(Word("Staff"), Word("listed"))
    codes = ", ".join(vitals.without_staff)
    nobody = Problem(
        "no_staff",
        "no staff is listed in {programmes}: anybody may do and approve anything there",
        hint="add to the programme's file, then load it: staff: [{{name: NAME, roles: [maker]}},"
        " {{name: NAME, roles: [checker]}}]",
        level="warning",
        params={"programmes": codes},
    )
    return Finding(Word("Staff"), codes, nobody)


def _clock(vitals: store.Vitals, now: int) -> Finding:
    """A clock behind the last line of the log would enter deeds in the wrong order."""
    display, last = times.shown(now, HOME_ZONE), vitals.last_deed_at or 0
    behind = Problem(
        "clock_behind",
        "the machine's clock ({now}) is behind the last line of the log ({last})",
        hint="set the machine's clock; for late entries give --now",
        level="warning",
        params={"now": display, "last": times.shown(last, HOME_ZONE)},
    )
    return Finding(Word("Clock"), display, behind if now < last else None)


def _tick(vitals: store.Vitals, now: int) -> Finding:
    """Whether `voucher schedule tick` still runs; a city that does without it is not told of it."""
    if vitals.last_tick_at is None:
        return Finding(Word("Schedule"), Word("no tick yet"))
    display, problem = times.shown(vitals.last_tick_at, HOME_ZONE), None
    if vitals.jumped_at is not None:
        problem = clocks.describe_jump(vitals.jumped_at, vitals.last_tick_at, HOME_ZONE)
    elif now - vitals.last_tick_at > TICK_SECONDS:
        problem = Problem(
            "tick_late",
            "the last tick was at {at}, {minutes:,} minutes ago: the jobs due since then are not"
            " done",
            hint="voucher schedule status",
            level="warning",
            params={"at": display, "minutes": (now - vitals.last_tick_at) // 60},
        )
    elif vitals.last_tick_failed:
        problem = Problem(
            "tick_failed",
            "the last tick, at {at}, could not do everything that was due: {count} left",
            level="warning",
            hint="voucher schedule tick says what and why",
            params={"at": display, "count": vitals.last_tick_failed},
        )
    return Finding(Word("Schedule"), display, problem)


def _backup(vitals: store.Vitals, now: int) -> list[Finding]:
    """How old the last backup is, of a file in which real work stands; and whether the clock could
    make none since.
    """
    at, failed = vitals.last_backup_at, vitals.failed_backup
    if vitals.is_read_only or not (vitals.is_in_use or at is not None or failed):
        return []
    problem, display = None, Word("none yet") if at is None else times.shown(at, HOME_ZONE)
    if failed and failed.at >= (at or 0):
        problem = Problem(
            "backup_failed",
            "the backup that the clock tried at {at} failed ({code})",
            level="warning",
            hint="voucher backup says why",
            params={"at": times.shown(failed.at, HOME_ZONE), "code": failed.code},
        )
    elif at is None:
        problem = Problem(
            "no_backup",
            "no backup of this file was ever made",
            level="warning",
            hint="voucher backup FOLDER, on another disk; a backups.yaml beside the database lets"
            " the clock make one every day",
        )
    elif vitals.is_in_use and now - at > BACKUP_DAYS * DAY:
        problem = Problem(
            "backup_old",
            "the last backup was made at {at}, {days:,} days ago",
            level="warning",
            hint="voucher backup",
            params={"at": display, "days": (now - at) // DAY},
        )
    return [Finding(Word("Backup"), display, problem)]


def _night(vitals: store.Vitals, now: int) -> list[Finding]:
    """When the clock read all sealed days last, and whether they were what was sealed."""
    night = vitals.night
    if vitals.is_read_only or not (vitals.is_sealed and (night or vitals.last_tick_at)):
        return []
    if night is None:
        return [Finding(Word("Nightly check"), Word("none yet"), None)]
    problem, display = None, times.shown(night.at, HOME_ZONE)
    if night.failed:
        problem = Problem(
            "night_check_failed",
            "the check of all sealed days at {at} failed ({checks})",
            hint="voucher check --all",
            params={"at": display, "checks": ", ".join(night.failed)},
        )
    elif vitals.is_in_use and now - night.at > BACKUP_DAYS * DAY:
        problem = Problem(
            "night_check_old",
            "all sealed days were read last at {at}, {days:,} days ago",
            level="warning",
            hint="voucher check --all; voucher schedule install lets the clock do it each night",
            params={"at": display, "days": (now - night.at) // DAY},
        )
    return [Finding(Word("Nightly check"), display, problem)]


def _witness(path: Path, vitals: store.Vitals, now: int) -> list[Finding]:
    """When the head of the log last went where witness.yaml says; of two places the one that has
    waited longer.
    """
    name = Word("Head of the log elsewhere")
    if vitals.is_read_only:
        return []
    try:
        elsewhere = witness.of_database(path)
    except VoucherError as error:
        return [Finding(name, witness.FILE, error.as_problems()[0])]
    if not elsewhere.targets:
        return []
    target = min(elsewhere.targets, key=lambda each: vitals.shipped.get(each, 0))
    at = vitals.shipped.get(target)
    display = Word("never yet") if at is None else times.shown(at, HOME_ZONE)
    return [Finding(name, display, _shipping(elsewhere.place(target), at, vitals, now))]


def _shipping(place: str, at: int | None, vitals: store.Vitals, now: int) -> Problem | None:
    """A tick ships once on each day: one that came more than a day after the last shipment has
    tried in vain.
    """
    hint = "voucher schedule tick ships it, or says what and why"
    if at is None:
        return Problem(
            "never_shipped",
            "the head of the log was never shipped to {place}, though witness.yaml names it",
            level="warning",
            hint=hint,
            params={"place": place},
        )
    shown = {"place": place, "at": times.shown(at, HOME_ZONE)}
    if vitals.last_tick_at is not None and vitals.last_tick_at - at > DAY:
        return Problem(
            "not_shipped",
            "the ticks since then could not ship the head of the log to {place}; it was last"
            " shipped at {at}",
            level="warning",
            hint=hint,
            params=shown,
        )
    if now - at > SHIP_DAYS * DAY:
        return Problem(
            "shipped_long_ago",
            "the head of the log was last shipped to {place} at {at}, {days:,} days ago",
            level="warning",
            hint=hint,
            params={**shown, "days": (now - at) // DAY},
        )
    return None
