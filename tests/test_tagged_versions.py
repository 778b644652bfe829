"""Files of every tagged version open, are brought up to date and agree.

tests/cases/older/ has a small file of each, written by the program of that version: 010.db.gz by
schema 10 (before v0.2.0), v0.2.0.db.gz by that tag (`scripts/make-older-file`), 026.db.gz by schema 26:
its merchants have accounts in clear, and it has no residents.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import towns
from sqlite_utils import Database

from vouchercli.rules import times
from vouchercli.store import migrations, sql_functions
from vouchercli.store.schema_files import SCHEMA_VERSION

OLDER = sorted((Path(__file__).parent / "cases" / "older").glob("*.db.gz"))
UPGRADES = "SELECT subject, detail FROM audit WHERE deed = 'file.upgrade'"


@pytest.fixture(params=OLDER, ids=lambda path: path.name)
def older(request: pytest.FixtureRequest, voucher: Any, here: Path) -> Any:
    """An older file, which no command has opened yet; its rows by table."""
    Path(here, "voucher.db").write_bytes(gzip.decompress(request.param.read_bytes()))
    return voucher


def version() -> int:
    return int(towns.ask(".", "PRAGMA user_version")[0][0])


def test_a_file_of_every_version_is_upgraded_and_agrees(older: Any) -> None:
    before = version()
    older("check", "--now", "2020-06-01 12:00")
    assert version() == SCHEMA_VERSION
    upgrades = towns.ask(".", UPGRADES)
    if before < SCHEMA_VERSION:
        ((subject, detail),) = upgrades
        said = json.loads(detail)
        assert subject == f"schema {SCHEMA_VERSION}"
        assert (said["before"], said["after"]) == (
            {"schema": before},
            {"schema": SCHEMA_VERSION},
        )
        assert {"rounds", "claims", "postings", "days", "proposals"} <= {*said["tables"]}
    else:
        assert upgrades == []
    older("audit", "verify")
    older("report", "leverage")
    older("report", "rounds")
    older("check", "--all", "--now", "2020-06-01 12:00")  # and no second line
    assert towns.ask(".", UPGRADES) == upgrades


def test_what_is_edited_behind_an_upgrade_is_found(older: Any) -> None:
    if version() == SCHEMA_VERSION:
        pytest.skip("nothing was upgraded")
    older("report", "rounds")
    with closing(sqlite3.connect("voucher.db")) as db:
        edits = [  # a file has merchants or templates
            db.execute(f"UPDATE {table} SET {column} = 'another'").rowcount
            for table, column in (("merchants", "phone"), ("templates", "template"))
        ]
        db.commit()
    assert any(edits)
    found = older("check", "-o", "json", "--now", "2020-06-01 12:00", expect=5).out
    assert "tables_as_upgraded" in found


def test_a_file_with_a_closed_programme_keeps_what_closed_it(here: Path) -> None:
    """What a closing refers to is rebuilt by later steps."""
    with closing(sqlite3.connect("voucher.db", isolation_level=None)) as db:
        sql_functions.register(db, local_day=times.local_day)
        migrations.migrations.apply(Database(db), stop_before="037_cases.sql")
        db.execute(
            "INSERT INTO proposals VALUES (7, 'programme', 1, 'close', 'effective', '{}', '{}', 0,"
            " '', '', 'lin', 'lin', 1, 1, 2)"
        )
        db.execute("INSERT INTO closings VALUES (1, 7, 20200601, 2, 0)")
        db.execute("PRAGMA foreign_keys = ON")
        migrations.migrate(db)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
        referred = (
            "SELECT c.proposal_id, p.kind FROM closings c JOIN proposals p USING (proposal_id)"
        )
        assert db.execute(referred).fetchall() == [(7, "close")]
        parents = [row[2] for row in db.execute("PRAGMA foreign_key_list(closings)")]
        assert sorted(parents) == ["programmes", "proposals"]
