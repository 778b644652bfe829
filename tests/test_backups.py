"""Backups and their way back, with real files."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import towns

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


USES = """
import sqlite3, sys
db = sqlite3.connect("voucher.db", isolation_level=None)
db.execute("SELECT count(*) FROM claims").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


@posix
def test_nothing_is_restored_while_others_use_the_file(town: Voucher, here: Path) -> None:
    backup = made(town)
    before = seen(here)
    with subprocess.Popen(
        [sys.executable, "-c", USES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        assert "[in_use]" in town("restore", str(backup), expect=75).err
        town("backup", "more")  # which disturbs nobody
        other.communicate("")
    assert claims(here / "voucher.db") == 3
    assert set(seen(here)) == set(before)
    town("restore", str(backup))


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


# ---------------------------------------------------------------- encrypted


def test_either_of_two_people_opens_an_encrypted_backup(
    town: Voucher, here: Path, keys: list[str]
) -> None:
    words = [word for each in keys for word in ("--recipient", each)]
    backup = made(town, "--key-to", "safe", *words)
    assert backup.suffix == ".age"
    assert not (here / "backups" / backup.stem).exists()
    assert [*here.glob(".*.part")] == []
    for each in (backup, here / "safe" / "voucher.key.age"):
        assert each.read_bytes().startswith(b"age-encryption.org/v1\n")
    import_one_more(town, here)
    for number in (0, 1):
        town("restore", str(backup), "--identity", f"{number}.key")
        assert claims(here / "voucher.db") == 3
        town("check")


def test_an_encrypted_backup_needs_the_right_key_and_all_of_it(
    town: Voucher, here: Path, keys: list[str]
) -> None:
    backup = made(town, "--recipient", keys[0])
    (here / "cut.age").write_bytes(backup.read_bytes()[:-5000])
    before = seen(here)
    refusals = {
        (str(backup),): "no_identity",
        (str(backup), "--identity", "2.key"): "not_decrypted",
        (str(backup), "--identity", "claims.csv"): "bad_identity",
        (str(backup), "--identity", "none.key"): "no_such_file",
        ("cut.age", "--identity", "0.key"): "not_decrypted",
    }
    for words, code in refusals.items():
        assert f"[{code}]" in town("restore", *words, expect=3).err
    assert "[bad_recipient]" in town("backup", "--recipient", "age1x", expect=3).err
    assert seen(here) == before
    assert [*here.glob(".*")] == []


def test_where_nothing_encrypts_it_says_what_to_install(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    monkeypatch.setenv("PATH", str(here))
    refused = town("backup", "--recipient", "age1" + "q" * 58, expect=3).err
    assert "[no_age]" in refused
    assert "pip install pyrage" in refused
    assert not (here / "backups").exists()


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


def test_a_day_begins_at_its_hour() -> None:
    zone, now = "Asia/Shanghai", 1_795_716_000  # 2026-11-26 22:00 UTC: 06:00 on the 27th
    yesterday, today = "v-daily-20261126-020100.db", "v-daily-20261127-020100.db"
    assert law.is_due([yesterday], "v", now, zone, 2)
    assert not law.is_due([yesterday, today], "v", now, zone, 2)
    assert not law.is_due(["v-daily-20261126-070000.db"], "v", now, zone, 7)
    assert law.is_due([], "v", now, zone, 7)


# ---------------------------------------------------------------- by the clock


def jobs(ran: Ran) -> list[tuple[str, str, str | None]]:
    return [(each["deed"], each["result"], each["code"]) for each in ran.data["deeds"]]


def test_the_clock_makes_one_backup_a_day(town: Voucher, here: Path) -> None:
    town("schedule", "tick")
    assert not (here / "kept").exists()
    (here / "backups.yaml").write_text("folder: kept\ndaily: 2\nmonthly: 1\n")
    at = "2020-03-{} 09:00"
    for day in (28, 29, 30, 31):
        done = town("schedule", "tick", "-o", "json", "--now", at.format(day), expect=None)
        assert ("backup", "done", None) in jobs(done)
        assert not town("schedule", "tick", "--now", at.format(day)).out
    assert sorted(path.name for path in (here / "kept").iterdir()) == [
        "voucher-daily-20200330-090000.db",
        "voucher-daily-20200331-090000.db",
    ]


def test_settings_that_cannot_be_read_stop_no_other_job(town: Voucher, here: Path) -> None:
    (here / "backups.yaml").write_text("hour: 24\nfolders: x\n")
    failed = town("schedule", "tick", "-o", "json", expect=4)
    assert ("backup", "failed", "bad_yaml") in jobs(failed)
    assert "bad_hour" in failed.out
    assert "backups.yaml:2" in failed.out


def test_a_disk_that_is_not_mounted_is_said(town: Voucher, here: Path) -> None:
    (here / "backups.yaml").write_text(f"folder: {here.as_posix()}/disk/b\n")
    failed = town("schedule", "tick", "-o", "json", expect=4)
    assert ("backup", "failed", "no_backup_folder") in jobs(failed)
    assert not (here / "disk").exists()


def test_a_backup_that_failed_is_tried_again_after_an_hour(town: Voucher, here: Path) -> None:
    disk = here / "disk"
    settings = f"folder: {disk.as_posix()}\n"
    (here / "backups.yaml").write_text(settings)

    def tick(clock: str) -> list[tuple[str, str, str | None]]:
        ran = town("schedule", "tick", "-o", "json", "--now", f"2020-03-28 {clock}", expect=None)
        return [each for each in jobs(ran) if each[0] == "backup"]

    failed = ("backup", "failed", "no_backup_folder")
    assert tick("09:00") == [failed]
    assert tick("09:01") == tick("09:59:59") == []
    assert tick("10:00") == [failed]
    said = town("doctor", "--now", "2020-03-28 10:30").err
    assert "tried at 2020-03-28 10:00:00 failed (no_backup_folder) [backup_failed]" in said
    (here / "backups.yaml").write_text(f"{settings}daily: 3\n")
    again = town("schedule", "tick", "--now", "2020-03-28 10:01", expect=4).err
    assert "again at 2020-03-28 11:01:00; at once when backups.yaml is changed" in again
    assert tick("10:02") == []
    disk.mkdir()
    assert tick("11:01") == [("backup", "done", None)]
    assert "backup_failed" not in town("doctor", "--now", "2020-03-28 11:02").err
    town("audit", "verify")
    town("check")


def test_nobody_makes_a_backup_by_hand_where_a_disk_should_be(town: Voucher, here: Path) -> None:
    (here / "backups.yaml").write_text(f"folder: {here.as_posix()}/disk\n")
    assert "[no_backup_folder]" in town("backup", expect=3).err
    town("backup", "other")


@posix
def test_after_a_kill_the_tick_says_so_and_checks_once(town: Voucher, here: Path) -> None:
    leave_log(town, here)
    first = jobs(town("schedule", "tick", "-o", "json"))
    assert first == [("tick", "done", None), ("check", "done", None)]
    assert claims(here / "voucher.db") == 4
    assert jobs(town("schedule", "tick", "-o", "json")) == []


def test_doctor_warns_of_a_file_in_use_without_a_recent_backup(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "backup" not in town("doctor").err
    monkeypatch.delenv("VOUCHER_NOW")
    import_one_more(town, here)
    assert "[no_backup]" in town("doctor").err
    town("backup")
    assert "backup" not in town("doctor").err
    clock = SimpleNamespace(time=lambda: towns.at(towns.MACHINE) + 3 * 86_400)
    monkeypatch.setattr("vouchercli.cli.options.time", clock)
    assert "[backup_old]" in town("doctor").err
