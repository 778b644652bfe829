"""`voucher doctor` finds what is wrong with a machine and a file, says what to do, and changes
nothing.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from vouchercli.ops.proof import doctor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from conftest import Ran

    Voucher = Callable[..., Ran]


def states(data: Any) -> dict[str, str]:
    """check -> state."""
    return {row["check"]: row["state"] for row in data["checks"]}


def codes(data: Any) -> set[str]:
    """The codes of what was found."""
    return {row["code"] for row in data["checks"]} - {None}


def test_without_a_database_it_says_so_and_does_not_fail(voucher: Voucher, here: Path) -> None:
    ran = voucher("doctor")
    assert "voucher.db" in ran.out
    assert "there is no database voucher.db [no_database]" in ran.err
    assert "voucher init --db voucher.db" in ran.err
    assert list(here.iterdir()) == []


def test_a_new_file_lacks_only_a_programme(voucher: Voucher) -> None:
    voucher("init")
    ran = voucher("doctor", "-o", "json")
    assert codes(ran.data) <= {"no_programme", "no_utf8", "disk_nearly_full"}
    assert (
        states(ran.data)["Integrity"]
        == states(ran.data)["Key"]
        == states(ran.data)["Journal"]
        == "ok"
    )
    assert ran.err == ""


def test_a_key_that_others_can_read_is_a_problem(voucher: Voucher, here: Path) -> None:
    voucher("init")
    (here / "voucher.key").chmod(0o644)
    ran = voucher("doctor", expect=5)
    assert "can be read by others [key_exposed]" in ran.err
    assert "chmod 600 voucher.key" in ran.err
    (here / "voucher.key").unlink()
    assert "no_key" in codes(voucher("doctor", "-o", "json", expect=5).data)


def test_a_file_that_is_no_database_is_a_problem(voucher: Voucher, here: Path) -> None:
    (here / "voucher.db").write_text("merchant_no,name\n" * 100)
    ran = voucher("doctor", expect=5)
    assert "[not_a_database]" in ran.err


def test_another_programs_database_is_a_problem(voucher: Voucher, here: Path) -> None:
    sqlite3.connect(here / "voucher.db").executescript("CREATE TABLE songs (name TEXT);")
    assert codes(voucher("doctor", "-o", "json", expect=5).data) >= {"not_a_database"}


def test_a_newer_file_is_a_problem_and_an_older_one_is_left_as_it_is(
    voucher: Voucher, here: Path
) -> None:
    voucher("init")
    db = sqlite3.connect(here / "voucher.db")
    db.execute("PRAGMA user_version = 99")
    assert codes(voucher("doctor", "-o", "json", expect=5).data) >= {"newer_database"}
    db.execute("PRAGMA user_version = 0")
    assert codes(voucher("doctor", "-o", "json").data) >= {"older_database"}
    assert db.execute("PRAGMA user_version").fetchone() == (0,)


def test_damage_inside_the_file_is_found(voucher: Voucher, here: Path) -> None:
    voucher("init")
    db = sqlite3.connect(here / "voucher.db")
    db.executescript("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
    (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'redemptions'").fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    with (here / "voucher.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)
    assert codes(voucher("doctor", "-o", "json", expect=5).data) >= {"damaged_database", "no_wal"}


def test_a_clock_behind_the_log_is_a_warning(voucher: Voucher) -> None:
    voucher("init")
    voucher("programme", "load", "hangzhou-2020")
    ran = voucher("doctor", "--now", "2019-01-01", "-o", "json")
    assert codes(ran.data) >= {"clock_behind"}
    assert "clock_behind" not in codes(voucher("doctor", "-o", "json").data)


def test_a_network_drive_and_a_full_disk_are_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(doctor, "MOUNTS", mounts)
    monkeypatch.setattr(doctor, "LEAST_FREE_MIB", 10**12)
    monkeypatch.setattr(doctor, "WISHED_FREE_MIB", 10**12)
    outcome = doctor.examine(tmp_path / "voucher.db", now=0, encoding="ascii")
    assert {problem.code for problem in outcome.problems} == {
        "network_drive",
        "disk_nearly_full",
        "no_database",
        "no_utf8",
    }
    assert outcome.status == "failed"


def test_it_speaks_chinese(voucher: Voucher) -> None:
    ran = voucher("doctor", "--lang", "zh")
    assert "数据库" in ran.out and "警告" in ran.out
    assert "下一步：voucher init --db voucher.db" in ran.err
