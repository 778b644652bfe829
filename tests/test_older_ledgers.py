"""A file from before claims and payments moved money: what they moved is posted when it is upgraded.

tests/cases/older/010.db.gz is such a file, written by the program of schema 10: round r1 of ten
packs of 20.00 (50 % treasury, 30 % bank, 20 % alipay, which has no fund to watch; the shops match
half), three of them claimed, one voucher paid.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from towns import ask

from vouchercli.store.schema_files import SCHEMA_VERSION

OLDER = Path(__file__).parent / "cases" / "older" / "010.db.gz"
ROUND = """
SELECT funder, committed_fen, outstanding_fen, payable_fen FROM balances JOIN funders USING (funder_id)
WHERE round_id = 1 ORDER BY balances.funder_id
"""
FUNDS = (
    "SELECT appropriated_fen, uncommitted_fen FROM balances WHERE round_id = 0 AND funder_id < 3"
)


@pytest.fixture
def town(voucher: Any, here: Path) -> Any:
    """The older file, which no command has opened yet."""
    Path(here, "voucher.db").write_bytes(gzip.decompress(OLDER.read_bytes()))
    return voucher


def test_an_upgraded_file_has_the_postings_of_its_facts(town: Any, here: Path) -> None:
    assert ask(here, "PRAGMA user_version") == [(10,)]
    town("check", "--now", "2020-03-28 12:00")
    assert ask(here, "SELECT deed, subject FROM audit ORDER BY audit_id DESC LIMIT 1") == [
        ("file.upgrade", f"schema {SCHEMA_VERSION}")
    ]
    # seven packs unclaimed; three claimed but for a voucher, which is half of one
    assert ask(here, ROUND) == [
        ("treasury", 7_000, 2_500, 500),
        ("bank", 4_200, 1_500, 300),
        ("alipay", 2_800, 1_000, 200),
        ("shops", 7_000, 2_500, 500),
    ]
    assert ask(here, FUNDS) == [(-100_000, 90_000), (-50_000, 44_000)]  # as they were


def test_an_upgraded_file_gives_up_what_is_unused(town: Any, here: Path) -> None:
    town("check", "--now", "2020-03-28 12:00")
    town("schedule", "tick", "--now", "2020-04-10 08:00")  # closed, and all has expired
    assert ask(here, ROUND)[:2] == [("treasury", 0, 0, 500), ("bank", 0, 0, 300)]
    assert ask(here, FUNDS) == [(-100_000, 99_500), (-50_000, 49_700)]
    town("check", "--now", "2020-04-10 09:00")
