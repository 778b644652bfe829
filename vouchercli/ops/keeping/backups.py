"""Make a copy of the database while others work, prove it, and put it in its place whole."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from hashlib import file_digest
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.configs import backup_settings
from vouchercli.formats.written import age, trust
from vouchercli.ops.proof import check
from vouchercli.ops.proof.proving import Reach
from vouchercli.result import JSON, Column, Outcome, Problem, Table, only, say
from vouchercli.rules import backups as law
from vouchercli.rules import times
from vouchercli.rules.times import HOME_ZONE
from vouchercli.store import audit, identities
from vouchercli.store import backups as store
from vouchercli.store.db import open_to_read, read_only_query, writing
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vouchercli.session import Session
    from vouchercli.store.key_fingerprints import Keys

ENDINGS = (".db", ".age")
COLUMNS = (
    Column("file", "File"),
    Column("bytes", "Bytes", "int"),
    Column("at", "At", "time"),
    Column("proved", "Proved", "word"),
    Column("head", "Head of the log"),
    Column("key", "Copy of the key", blank="–", optional=True),
    *only(JSON, "sha256", "encrypted", "recipients"),
)


class Wish(NamedTuple):
    """What a backup shall be: the folder or file that it goes `to` (None: as the settings say), for
    whom it is encrypted, where a copy of the key goes (`key_to`), whether only its pages are
    looked at (`is_quick`), whether it may lie where the key lies (`is_together`), and whether the
    clock makes it.
    """

    to: Path | None = None
    recipients: tuple[str, ...] = ()
    key_to: Path | None = None
    is_quick: bool = False
    is_together: bool = False
    is_daily: bool = False


def go_on() -> None:
    """Nobody stops the copy."""


def back_up(session: Session, wish: Wish, may_go_on: Callable[[], None] = go_on) -> Outcome:
    """Copy the database into a new file, prove the copy, and put it in its place whole. A copy
    whose check fails is kept and marked, since it may be the only one (status failed, exit 5).

    `may_go_on` is called between the steps of copying and may raise. Raises `VoucherError`:
    key_beside_backup, file_exists, disk_full, damaged_database, bad_recipient, no_age ...
    """
    settings = backup_settings.of_database(session.path)
    recipients = wish.recipients or settings.recipients
    if recipients:
        age.require_recipients(recipients)
    folder, file = _choose_place(session, wish, settings)
    _keep_apart(session, wish, folder)
    _make_folder(folder)
    # what is not encrypted yet is no more exposed than the database itself
    workshop = session.path.resolve().parent if recipients else folder
    for each in {workshop, folder}:
        whole_files.sweep(each, session.path.stem)
    _require_room(session, {workshop, folder})
    with whole_files.draft_file(
        workshop / f"{session.path.stem}-backup", whole_files.mark()
    ) as draft:
        whole_files.create(draft).close()
        store.copy(session.path, draft, may_go_on)
        proof, head = prove(session, draft, session.path, is_quick=wish.is_quick)
        target = file or folder / _name(session, wish, proof, recipients)
        if os.path.lexists(target):
            raise whole_files.in_the_way(target)
        key, made = None, draft
        if not session.dry_run:
            key = _copy_key(session, wish.key_to, recipients)
            made = _put_in_place(draft, target, recipients)
        row = {
            "file": str(target),
            "bytes": made.stat().st_size,
            "at": session.now,
            "proved": "pages" if wish.is_quick else "failed" if proof else "whole",
            "head": head,
            "key": key and str(key),
            "sha256": _digest(made),
            "encrypted": bool(recipients),
            "recipients": list(recipients),
        }
    _note(session, target, row)
    return _answer(session, row, proof)


def prove(
    session: Session,
    copy: Path,
    shown: Path,
    *,
    is_quick: bool,
    reach: Reach = Reach.OPEN,
) -> tuple[tuple[Problem, ...], str]:
    """Prove a copy: every page, then (unless `is_quick`) all that `check` proves within that reach.
    Gives what is
    wrong, and the head of its log. Raises `VoucherError` damaged_database, about the file `shown`.
    """
    with closing(open_to_read(copy)) as db:
        store.require_sound(db, shown)
        inner = session._replace(db=db, joins=False)
        problems = () if is_quick else check.check_all(inner, reach).problems
        newest = audit.last(db)
    return problems, f"{newest.line}:{newest.hash}" if newest else ""


# ---------------------------------------------------------------- where it goes


def _choose_place(
    session: Session, wish: Wish, settings: backup_settings.Settings
) -> tuple[Path, Path | None]:
    """The folder, and the file in it when it is named."""
    if wish.to is None:
        usual = settings.place(session.path)
        if settings.is_elsewhere and not usual.is_dir():  # never made: its disk may be missing
            raise VoucherError(
                "no_backup_folder",
                "there is no folder {folder}, where backups.yaml wants the backups: its disk is not"
                " mounted, or the folder was never made",
                hint="mount the disk; or make the folder once",
                folder=str(usual),
            )
        return usual, None
    if wish.to.suffix in ENDINGS and not wish.to.is_dir():
        if os.path.lexists(wish.to):
            raise whole_files.in_the_way(wish.to)
        return wish.to.resolve().parent, wish.to
    return wish.to, None


def _keep_apart(session: Session, wish: Wish, folder: Path) -> None:
    """Whoever takes a backup away must not have the key with it. Raises `VoucherError`
    key_beside_backup.
    """
    key = identities.key_path(session.path.resolve())
    is_beside = key.parent == folder.resolve() and key.exists()
    is_copied_there = wish.key_to is not None and wish.key_to.resolve() == folder.resolve()
    if (is_beside or is_copied_there) and not wish.is_together:
        raise VoucherError(
            "key_beside_backup",
            "the backup would lie beside the key in {folder}: whoever takes both away knows the"
            " residents again",
            hint="name another folder; or add --yes if they shall lie together",
            folder=str(folder),
        )


def _make_folder(folder: Path) -> None:
    trust.require_folder(folder, is_ours=True)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise whole_files.unwritable(folder, error) from error


def _require_room(session: Session, folders: set[Path]) -> None:
    needed = store.size(session.db)
    for folder in folders:
        if shutil.disk_usage(folder).free < needed:
            raise VoucherError(
                "no_room_for_backup",
                "the disk of {folder} has no room for a copy of {bytes:,} bytes",
                hint="free some space, or name a folder on another disk: voucher backup FOLDER",
                folder=str(folder),
                bytes=needed,
            )


def _name(
    session: Session, wish: Wish, proof: tuple[Problem, ...], recipients: tuple[str, ...]
) -> str:
    return law.name(
        session.path.stem,
        session.now,
        zone_of(session.db, session.programme) or HOME_ZONE,
        daily=wish.is_daily,
        rehearsal=session.is_rehearsal,
        unsound=bool(proof),
        age=bool(recipients),
    )


# ---------------------------------------------------------------- into its place


def _put_in_place(draft: Path, target: Path, recipients: tuple[str, ...]) -> Path:
    """Encrypt the draft where it shall be, and give it its name once it is on the disk."""
    if not recipients:
        settle(draft, target)
        return target
    with whole_files.draft_file(target, whole_files.mark()) as sealed:
        age.encrypt(draft, sealed, recipients)
        settle(sealed, target)
    return target


def settle(draft: Path, target: Path) -> None:
    """Give a written file its name: its content is on the disk before, its name after."""
    draft.chmod(0o600)
    for path in (draft, target.parent):
        if path is not draft:
            draft.replace(target)
        whole_files.sync(path)


def _copy_key(session: Session, folder: Path | None, recipients: tuple[str, ...]) -> Path | None:
    """Copy the keys into their own folder, encrypted as the backup is; a copy that is there already
    stays when it is the same, and one from before a rotation gives way. Raises `VoucherError`:
    no_key, file_exists.
    """
    if folder is None:
        return None
    keys = identities.read_keys(session.path)
    source = identities.key_path(session.path)
    _make_folder(folder)
    target = folder / f"{source.name}{'.age' if recipients else ''}"
    if recipients:
        with whole_files.new_file(target) as draft:
            age.encrypt(source, draft, recipients)
            draft.chmod(0o600)
            whole_files.sync(draft)
        return target
    if os.path.lexists(target):
        there = _keys_in(target)
        if there == keys:
            return target
        if not there or keys[: len(there)] != there:
            raise whole_files.in_the_way(target)
    with whole_files.draft_file(target, whole_files.mark()) as draft:
        with whole_files.create(draft) as file:
            file.write(source.read_bytes())
        settle(draft, target)
    return target


def _keys_in(path: Path) -> Keys:
    """The keys of a copy of a key file; none where it is something else."""
    try:
        return identities.parse(whole_files.read(path), path)
    except VoucherError:
        return ()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _note(session: Session, target: Path, row: dict[str, object]) -> None:
    """The line in the log, by which `doctor` knows the last backup; a copy that can only be read
    has none.
    """
    if session.dry_run or read_only_query(session.path):
        return
    with writing(session):
        audit.note(
            session,
            "backup.make",
            target.name,
            sha256=row["sha256"],
            bytes=row["bytes"],
            encrypted=row["encrypted"],
            proved=row["proved"],
        )


def _answer(session: Session, row: dict[str, object], proof: tuple[Problem, ...]) -> Outcome:
    zone = zone_of(session.db, session.programme)
    table = Table(say("Backup"), COLUMNS, [row], zone=zone, key="")
    if proof:
        unsound = Problem(
            "backup_unsound",
            "the copy fails {count} checks, and so does the database: it is kept and marked",
            hint="voucher check",
            params={"count": len(proof)},
        )
        return Outcome(tables=(table,), problems=(unsound, *proof), status="failed")
    key = str(identities.key_path(session.path))
    apart = say("the key is not in it: {key} must be kept too, in another place", key=key)
    return Outcome(tables=(table,), says=() if row["key"] else (apart,))


# ---------------------------------------------------------------- by the clock


def list_names(folder: Path) -> list[str]:
    """The names in a folder of backups; none where it is not there yet."""
    return sorted(os.listdir(folder)) if folder.is_dir() else []  # noqa: PTH208 # names alone


def is_due(session: Session) -> bool:
    """Whether the clock has to make a backup now; also where the settings or the folder cannot be
    read: the work says what is wrong.
    """
    try:
        settings = backup_settings.of_database(session.path)
        names = list_names(settings.place(session.path))
    except (VoucherError, OSError):
        return True
    if not settings.is_written:
        return False
    zone = zone_of(session.db, session.programme)
    return law.is_due(names, session.path.stem, session.now, zone, settings.hour)


def is_waiting(session: Session) -> bool:
    """Whether the clock waits since its last try failed. Other settings are tried at once."""
    failed = store.last_failure(session.db)
    return (
        failed is not None
        and law.is_waiting(failed.at, session.now)
        and failed.settings == backup_settings.digest(session.path)
    )


def say_waiting(session: Session) -> Problem:
    """When the clock tries again what failed now."""
    zone = zone_of(session.db, session.programme)
    return Problem(
        "backup_waits",
        "the clock tries the backup again at {at}; at once when backups.yaml is changed",
        level="warning",
        hint="voucher backup",
        params={"at": times.shown(session.now + law.PAUSE, zone)},
    )


def note_failure(session: Session, code: str) -> None:
    """The line in the log by which the clock waits and `doctor` knows."""
    with writing(session):
        audit.note(
            session,
            "backup.fail",
            backup_settings.FILE,
            code=code,
            settings=backup_settings.digest(session.path),
        )


def make_daily(session: Session, may_go_on: Callable[[], None] = go_on) -> Outcome:
    """The clock's backup of today; those that are kept no longer go after it. Raises as
    `back_up`.
    """
    settings = backup_settings.of_database(session.path)
    outcome = back_up(session, Wish(is_daily=True), may_go_on)
    for path in _list_old(session.path, settings):
        path.unlink(missing_ok=True)
    return outcome


def _list_old(path: Path, settings: backup_settings.Settings) -> Iterator[Path]:
    folder = settings.place(path)
    counts = {"daily": settings.daily, "monthly": settings.monthly}
    for name in law.to_remove(list_names(folder), path.stem, **counts):
        yield folder / name
