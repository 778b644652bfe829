"""voucher init, and what can be wrong with the file itself."""

from __future__ import annotations

import sqlite3
import stat
from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from pathlib import Path


def test_init_makes_a_database_and_a_key_nobody_else_can_read(voucher: Any, here: Path) -> None:
    ran = voucher("init", "-o", "json")
    assert ran.data == {"db": "voucher.db", "key": "voucher.key", "created": True}
    assert stat.S_IMODE((here / "voucher.key").stat().st_mode) == 0o600
    assert voucher("init", "-o", "json").data["created"] is False


def test_a_dry_init_makes_nothing(voucher: Any, here: Path) -> None:
    voucher("init", "--dry-run")
    assert list(here.iterdir()) == []


def test_a_command_without_a_database_says_how_to_make_one(voucher: Any) -> None:
    assert "voucher init --db voucher.db" in voucher("round", "list", expect=3).err


def test_a_file_that_is_no_database_is_refused_and_left_alone(voucher: Any, here: Path) -> None:
    (here / "letter.db").write_text("Dear sir, " * 200, "utf-8")
    ran = voucher("round", "list", "--db", "letter.db", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "not_a_database"
    assert (here / "letter.db").read_text("utf-8").startswith("Dear sir")


@pytest.mark.parametrize("version", [0, 7])
def test_another_programs_database_is_refused_and_left_alone(
    voucher: Any, here: Path, version: int
) -> None:
    db = sqlite3.connect(here / "other.db")
    db.execute("CREATE TABLE theirs (x)")
    db.execute(f"PRAGMA user_version = {version:d}")
    db.close()
    ran = voucher("init", "--db", "other.db", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == "not_a_database"


def test_a_newer_database_is_refused(voucher: Any, here: Path) -> None:
    voucher("init")
    db = sqlite3.connect(here / "voucher.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    assert (
        voucher("round", "list", "-o", "json", expect=3).json["problems"][0]["code"]
        == "newer_database"
    )


def test_a_key_that_others_can_read_is_refused(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    (here / "voucher.key").chmod(0o644)
    ran = voucher("claim", "import", "claims.csv", "-o", "json", expect=3)
    assert (ran.json["problems"][0]["code"], ran.json["problems"][0]["hint"]) == (
        "key_exposed",
        "chmod 600 voucher.key",
    )


def test_another_writer_at_work_is_busy_and_nothing_is_lost(
    city: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = city(with_claims=False)
    monkeypatch.setattr("vouchercli.store.db.BUSY_TIMEOUT_MS", 1)
    other = sqlite3.connect(here / "voucher.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ran = voucher("claim", "import", "claims.csv", "-o", "json", expect=75)
    assert ran.json["problems"][0]["code"] == "busy"
    other.execute("ROLLBACK")
    other.close()
    assert voucher("claim", "import", "claims.csv", "-o", "json").data["accepted"] == 3


def test_shared_options_work_before_between_and_after_noun_and_verb(
    voucher: Any, here: Path
) -> None:
    for args in (("--db", "a.db", "init"), ("init", "--db", "a.db")):
        voucher(*args)
    for args in (
        ("--db", "a.db", "-o", "json", "batch", "list"),
        ("batch", "--db", "a.db", "-o", "json", "list"),
        ("batch", "list", "-o", "json", "--db", "a.db"),
    ):
        assert voucher(*args).data["batches"] == []


def test_a_usage_error_is_json_too_when_json_was_asked_for(voucher: Any) -> None:
    ran = voucher("round", "create", "-o", "json", expect=2)
    assert (ran.json["status"], ran.json["problems"][0]["code"]) == ("refused", "usage")


def test_check_names_what_was_tampered_with(city: Any, here: Path) -> None:
    voucher = city()
    assert voucher("check", "-o", "json").json["status"] == "ok"
    towns.by_hand(
        here,
        "UPDATE rounds SET claimed = 4",
        "DROP TRIGGER more_claims_are_outstanding",
        "UPDATE claim_totals SET claims = 9",
        "DROP TRIGGER audit_never_changes",
        "UPDATE audit SET actor = 'somebody else' WHERE audit_id = 2",
    )
    ran = voucher("check", "-o", "json", expect=5)
    assert {row["check"] for row in ran.data["checks"] if row["state"] == "failed"} == {
        "packs_within_quota",
        "claim_totals",
        "postings_follow_facts",
        "audit_chain",
        "schema_as_shipped",
    }


def test_init_never_replaces_a_lost_key_once_residents_are_in(city: Any, here: Path) -> None:
    voucher = city()
    (here / "voucher.key").unlink()
    assert voucher("init", "-o", "json", expect=3).json["problems"][0]["code"] == "no_key"
    assert not (here / "voucher.key").exists()


def test_init_mends_a_start_that_was_killed_before_the_key_was_made(
    voucher: Any, here: Path
) -> None:
    voucher("init")
    (here / "voucher.key").unlink()
    voucher("init")
    assert (here / "voucher.key").exists()
