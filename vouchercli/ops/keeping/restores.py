"""Bring a backup back: prove it, set the present file aside, put the backup in its place, and
prove it again.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.written import age
from vouchercli.ops.keeping import backups
from vouchercli.ops.proof.proving import Reach
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import times
from vouchercli.store import audit, identities, key_fingerprints
from vouchercli.store import backups as store
from vouchercli.store.db import open_db, open_to_read, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from vouchercli.session import Session
    from vouchercli.store.key_fingerprints import Keys


def restore(
    path: Path,
    source: Path,
    opened: Callable[[Path], AbstractContextManager[Session]],
    *,
    identity: Path | None = None,
    key: Path | None = None,
    is_quick: bool = False,
) -> Outcome:
    """Put the backup `source` in the place of the database at `path`, which is set aside with its
    log under a dated name. `opened` opens a copy as a session; `identity` decrypts; `key` is put in
    place where there is none.

    Raises `VoucherError`: no_such_file, no_identity, not_decrypted, not_a_database, newer_database,
    damaged_database, backup_unsound, wrong_key, in_use (`Busy`) ...; then nothing was changed.
    """
    _require_file(path, source)
    with (
        store.alone_with(path),
        whole_files.draft_file(path, "-restore") as draft,
        _clean(draft),
    ):
        _fetch(source, draft, identity)
        store.require_ours(draft, source)
        open_db(draft).close()  # one by an older program is brought up to date
        with opened(draft) as session:
            problems, head = backups.prove(
                session, draft, source, is_quick=is_quick, reach=Reach.ALL
            )
            if problems:
                raise _unsound(source, problems)
            new_keys = _choose_keys(session, path, key)
            aside = _free_name(path, session.now)
            _note(session, source, head, aside if path.exists() else None)
            dry_run = session.dry_run
        if not dry_run:
            old = _swap(path, draft, aside, new_keys)
            _prove_again(path)
    return _answer(path, source, head, None if dry_run else old, is_quick=is_quick)


@contextmanager
def _clean(draft: Path) -> Iterator[None]:
    """What SQLite leaves beside the draft goes with it; what a killed restore has left goes first,
    so that it is not taken for a part of this one.
    """
    beside = [draft.with_name(f"{draft.name}{end}") for end in store.BESIDE[1:]]
    for path in beside:
        path.unlink(missing_ok=True)
    try:
        yield
    finally:
        for path in beside:
            path.unlink(missing_ok=True)


def _require_file(path: Path, source: Path) -> None:
    try:
        whole_files.require_ordinary(source)
    except OSError as error:
        raise whole_files.unreadable(source, error) from error
    if path.exists() and source.samefile(path):
        raise VoucherError(
            "restore_of_itself",
            "{file} is the database itself",
            hint="name a backup: voucher restore backups/NAME.db",
            file=str(source),
        )


def _fetch(source: Path, draft: Path, identity: Path | None) -> None:
    """Copy or decrypt the backup into the draft. The backup itself is only read; a log that lies
    beside it belongs to it.
    """
    whole_files.create(draft).close()
    if not age.is_encrypted(source):
        store.copy(source, draft, backups.go_on)
        return
    if identity is None:
        raise VoucherError(
            "no_identity",
            "{file} is encrypted",
            hint="add --identity FILE: the secret key of one of its recipients",
            file=str(source),
        )
    draft.unlink()
    age.decrypt(source, draft, identity)
    draft.chmod(0o600)


def _unsound(source: Path, problems: tuple[Problem, ...]) -> VoucherError:
    return VoucherError(
        "unsound_backup",
        "{file} fails {count} checks: nothing was changed",
        hint="take an older backup; or, knowing what is wrong with it, add --quick",
        problems=problems,
        file=str(source),
        count=len(problems),
    )


def _choose_keys(session: Session, path: Path, key: Path | None) -> Keys | None:
    """The keys to write as the key file of the database; None: it stays as it is. What lies there
    gives way only to keys that go on where it ends: one that was rotated since.

    Raises `VoucherError`: wrong_key, file_exists, and as `read_keys`.
    """
    own = identities.key_path(path)
    there = identities.read_keys(path) if own.exists() else ()
    given = there if key is None else identities.parse(whole_files.read(key), key)
    if given[: len(there)] != there and there[: len(given)] != given:
        raise whole_files.in_the_way(own)
    longest = max(there, given, key=len)
    if longest:
        key_fingerprints.fitting(session.db, longest, own if longest == there else key or own)
    return None if longest == there else longest


def _free_name(path: Path, now: int) -> Path:
    """Where the present file goes: `voucher-before-restore-20200420-090000.db`."""
    moment = times.shown(now, times.HOME_ZONE)[:19]
    digits = moment.replace("-", "").replace(":", "").replace(" ", "-")
    stem, number = f"{path.stem}-before-restore-{digits}", 1
    aside = path.with_name(f"{stem}{path.suffix}")
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{stem}-{number}{path.suffix}")
    return aside


def _note(session: Session, source: Path, head: str, aside: Path | None) -> None:
    """The line in the log of what is brought back: since its last line other things were done, and
    are in the file that was set aside.
    """
    with writing(session):
        audit.note(
            session,
            "backup.restore",
            source.name,
            head=head,
            set_aside=aside.name if aside else None,
        )


def _swap(path: Path, draft: Path, aside: Path, new_keys: Keys | None) -> Path | None:
    """Set the present file aside with what lies beside it, then give the copy its name: no log ever
    lies beside another's file, and a file without its log is never taken for the whole. Killed in
    between there is no database, and the same command does the rest.
    """
    store.make_usual(draft)
    existed = path.exists()
    moved: list[tuple[Path, Path]] = []
    with ExitStack() as back:
        for end in store.BESIDE:
            here = path.with_name(f"{path.name}{end}")
            if os.path.lexists(here):
                there = aside.with_name(f"{aside.name}{end}")
                here.rename(there)
                moved.append((here, there))
                back.callback(there.rename, here)
        backups.settle(draft, path)
        back.pop_all()
    if new_keys is not None:
        identities.write_keys(path, new_keys)
    return aside if existed or moved else None


def _prove_again(path: Path) -> None:
    """What lies in its place now can be read, page by page."""
    with closing(open_to_read(path)) as db:
        store.require_sound(db, path)


def _answer(path: Path, source: Path, head: str, aside: Path | None, *, is_quick: bool) -> Outcome:
    data = {
        "db": str(path),
        "from": str(source),
        "head": head,
        "set_aside": str(aside) if aside else None,
    }
    key = identities.key_path(path)
    missing = Problem(
        "no_key",
        "the key file {path} is missing: without it residents cannot be recognised",
        hint="put the key that was kept apart in its place, with mode 600",
        level="warning",
        params={"path": str(key)},
    )
    proved = (
        "{db} is what {file} holds: every page is proved"
        if is_quick
        else "{db} is what {file} holds: every page and check is proved"
    )
    says = [say(proved, db=str(path), file=str(source))]
    if aside:
        says.append(
            say("the file that was there is {file}; nothing of it is lost", file=str(aside))
        )
    says.append(say("what came in after the backup is not in it: import those files again"))
    return Outcome(data=data, says=tuple(says), problems=() if key.exists() else (missing,))
