"""Backups and their way back, with real files."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vouchercli.rules import backups as law

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    Voucher = Callable[..., Ran]

posix = pytest.mark.skipif(os.name != "posix", reason="locks and modes as POSIX has them")
NEXT = "C4,r1,330102199001010047,2020-03-27 08:00:04\n"
HEADER = "claim_no,round,resident,claimed_at\n"


@pytest.fixture
def town(city: Callable[..., Voucher]) -> Voucher:
    return city()


def claims(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM claims").fetchone()[0])


def import_one_more(voucher: Voucher, here: Path) -> None:
    (here / "more.csv").write_text(HEADER + NEXT)
    voucher("claim", "import", "more.csv")


def made(voucher: Voucher, *words: str) -> Path:
    return Path(voucher("backup", *words, "-o", "json").data["file"])


def seen(folder: Path) -> dict[str, str]:
    """The files of a folder and their digests; empty helpers of locks and what is hidden too."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith(("-shm", "-backup", "-line"))
    }


# ---------------------------------------------------------------- there and back


def test_a_backup_brings_back_what_was_there(town: Voucher, here: Path) -> None:
    backup = made(town)
    assert backup.name == "voucher-backup-20200320-090000.db"
    import_one_more(town, here)
    assert claims(here / "voucher.db") == 4
    done = town("restore", str(backup), "-o", "json").data
    assert claims(here / "voucher.db") == 3
    assert claims(here / done["set_aside"]) == 4
    town("check")
    town("audit", "verify")
    assert "backup.restore" in town("audit", "log", "-o", "json").out


@posix
def test_a_backup_is_for_whoever_made_it_and_is_one_file(town: Voucher, here: Path) -> None:
    backup = made(town)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert stat.S_IMODE(backup.parent.stat().st_mode) == 0o700
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]


def test_a_dry_run_makes_no_backup_and_restores_none(town: Voucher, here: Path) -> None:
    town("backup", "--dry-run")
    assert not list((here / "backups").glob("*"))
    backup = made(town)
    before = seen(here)
    town("restore", str(backup), "--dry-run")
    assert seen(here) == before


def test_the_key_comes_apart_and_into_an_empty_folder(town: Voucher, here: Path) -> None:
    backup = made(town, "--key-to", "safe")
    assert (here / "safe" / "voucher.key").read_bytes() == (here / "voucher.key").read_bytes()
    empty = here / "other"
    empty.mkdir()
    warned = town("restore", str(backup), "--db", "other/voucher.db")
    assert "[no_key]" in warned.err
    (empty / "voucher.db").unlink()
    town("restore", str(backup), "--db", "other/voucher.db", "--key", "safe/voucher.key")
    assert (empty / "voucher.key").read_bytes() == (here / "voucher.key").read_bytes()
    found = town("claim", "list", "--resident", "330102199001010012", "--db", "other/voucher.db")
    assert "C1" in found.out


def test_a_backup_beside_the_key_is_refused_unless_asked_for(town: Voucher, here: Path) -> None:
    assert "[key_beside_backup]" in town("backup", ".", expect=3).err
    assert "[key_beside_backup]" in town("backup", "b", "--key-to", "b", expect=3).err
    town("backup", "together.db", "--yes")
    assert claims(here / "together.db") == 3
    assert "[file_exists]" in town("backup", "together.db", "--yes", expect=3).err


# ---------------------------------------------------------------- a stale log, other users


def leave_log(town: Voucher, here: Path) -> None:
    """Leave the log of a killed writer beside the database: one claim is in it alone."""
    database, log = here / "voucher.db", here / "voucher.db-wal"
    with closing(sqlite3.connect(database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM claims").fetchone()
        import_one_more(town, here)
        kept = database.read_bytes(), log.read_bytes()
    database.write_bytes(kept[0])
    log.write_bytes(kept[1])
    (here / "voucher.db-shm").unlink(missing_ok=True)


@posix
def test_a_log_that_a_killed_program_left_goes_with_its_file(town: Voucher, here: Path) -> None:
    backup = made(town)
    leave_log(town, here)
    done = town("restore", str(backup), "-o", "json").data
    assert claims(here / "voucher.db") == 3
    aside = here / done["set_aside"]
    assert aside.with_name(f"{aside.name}-wal").exists()
    assert claims(aside) == 4
    town("check")


@posix
def test_a_file_that_a_copy_over_it_has_ruined_is_set_aside(town: Voucher, here: Path) -> None:
    backup = made(town)
    leave_log(town, here)
    (here / "voucher.db").write_bytes(b"\0" * 5000)
    town("restore", str(backup))
    assert claims(here / "voucher.db") == 3
    town("check")


@posix
def test_nothing_is_restored_while_others_use_the_file(town: Voucher, here: Path) -> None:
    from vouchercli.store import backups as store

    backup = made(town)
    before = seen(here)
    child = os.fork()
    if not child:
        with store.alone_with(here / "voucher.db"):
            signal_ready(here)
            os.read(os.open(here / "pipe", os.O_RDONLY), 1)
        os._exit(0)
    while not (here / "ready").exists():
        os.sched_yield()
    assert "[in_use]" in town("restore", str(backup), expect=75).err
    os.close(os.open(here / "pipe", os.O_WRONLY))
    os.waitpid(child, 0)
    (here / "ready").unlink()
    (here / "pipe").unlink()
    assert seen(here) == before


def signal_ready(here: Path) -> None:
    os.mkfifo(here / "pipe")
    (here / "ready").touch()


# ---------------------------------------------------------------- what is no backup


def test_what_is_no_sound_backup_changes_nothing(town: Voucher, here: Path) -> None:
    backup = made(town)
    content = backup.read_bytes()
    newer = bytearray(content)
    newer[60:64] = (9999).to_bytes(4, "big")
    with closing(sqlite3.connect(here / "other.db")) as db:
        db.execute("CREATE TABLE t (a)")
    files = {
        "cut.db": (content[: len(content) // 2], "damaged_database"),
        "empty.db": (b"", "not_a_database"),
        "text.db": (b"claim_no,round\n" * 100, "not_a_database"),
        "newer.db": (bytes(newer), "newer_database"),
        "other.db": ((here / "other.db").read_bytes(), "not_a_database"),
    }
    for name, (wrong, _) in files.items():
        (here / name).write_bytes(wrong)
    before = seen(here)
    for name, (_, code) in files.items():
        refused = town("restore", name, expect=3)
        assert f"[{code}]" in refused.err, (name, refused.err)
        assert name in refused.err
    assert "[no_such_file]" in town("restore", "none.db", expect=3).err
    assert "[restore_of_itself]" in town("restore", "voucher.db", expect=3).err
    assert seen(here) == before


def test_a_backup_of_another_city_is_refused(town: Voucher, here: Path) -> None:
    (here / "b").mkdir()
    town("init", "--db", "b/voucher.db")
    other = made(town, "b2", "--db", "b/voucher.db")
    before = seen(here)
    assert "[wrong_key]" in town("restore", str(other), expect=3).err
    assert seen(here) == before


def test_a_copy_that_fails_its_check_is_marked_and_not_restored(town: Voucher, here: Path) -> None:
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        db.execute("DROP TRIGGER postings_never_change")
        db.commit()
    failed = town("backup", expect=5)
    assert "[backup_unsound]" in failed.err
    (backup,) = (here / "backups").iterdir()
    assert "-unsound-" in backup.name
    assert "[unsound_backup]" in town("restore", str(backup), expect=3).err
    town("restore", str(backup), "--quick")


def test_an_interrupted_backup_leaves_nothing(town: Voucher, here: Path) -> None:
    from vouchercli.store import backups as store

    (here / "b").mkdir()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.copy(here / "voucher.db", here / "b" / "draft", stop)
    assert claims(here / "voucher.db") == 3


# ---------------------------------------------------------------- names and retention


def test_the_clock_keeps_days_and_months_and_nothing_of_others() -> None:
    days = [
        f"v-daily-2026{month}{day}-020000.db"
        for month, day in (
            ("09", "30"),
            ("10", "30"),
            ("10", "31"),
            ("11", "01"),
            ("11", "02"),
            ("11", "03"),
        )
    ]
    others = ["v-backup-20200101-000000.db", "w-daily-20200101-000000.db", "notes.txt"]
    assert law.to_remove([*days, *others], "v", daily=2, monthly=3) == [
        "v-daily-20261101-020000.db",
        "v-daily-20261030-020000.db",
    ]
    unsound = [f"v-daily-unsound-2026110{day}-020000.db" for day in (4, 5, 6)]
    assert law.to_remove([*days, *unsound], "v", daily=2, monthly=3) == [
        "v-daily-unsound-20261104-020000.db",
        "v-daily-20261101-020000.db",
        "v-daily-20261030-020000.db",
    ]
