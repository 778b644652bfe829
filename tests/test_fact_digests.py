"""Digests of facts: what they are made of, that lawful changes renew them and hide no edit, and what
the log says of them.
"""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from test_redemptions import take_in
from test_tampering import found_in, tamper

from vouchercli.store import fact_digests

if TYPE_CHECKING:
    from pathlib import Path

ROWS = (
    "T1,pay,C1,1,M1,2020-03-27 09:00:00,50,5,10,",
    "T2,pay,C2,4,M2,2020-03-28 09:00:00,4000,0,400,",
)
OTHER = "T3,pay,C3,1,M1,2020-03-28 10:00:00,50,0,10,"
EDIT = "UPDATE redemptions SET line = line + 1 WHERE transaction_no = 'T1'"


def failed(here: Path) -> set[str]:
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        db.row_factory = sqlite3.Row
        return {*found_in(db)}


def edit(here: Path, statements: str) -> None:
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        tamper(db, statements)
        db.commit()


def test_a_digest_is_made_of_numbers_lengths_and_texts(city: Any, here: Path) -> None:
    city()
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        rows = db.execute(
            "SELECT claim_id, round_id, pack_no, claimed_at, expires_at, batch_id, line, claim_no,"
            " lower(hex(resident)) FROM claims ORDER BY claim_id"
        ).fetchall()
        (kept,) = db.execute(
            "SELECT digest FROM fact_digests WHERE facts = 'claims' AND level = 0"
        ).fetchone()
    assert [row[0] for row in rows] == [1, 2, 3]
    numbers = b"".join(struct.pack("<9q", *row[:7], 2, 32) for row in rows)
    texts = "C1\nC2\nC3" + "\n".join(row[8] for row in rows)
    assert kept == hashlib.sha256(numbers + texts.encode()).digest()


def test_files_that_come_go_and_come_again_leave_no_breach(city: Any, here: Path) -> None:
    voucher = city()
    take_in(voucher, here, *ROWS, expect=0)
    take_in(voucher, here, OTHER, name="o.csv", expect=0)
    assert failed(here) == set()
    voucher("batch", "undo", "3", "--yes", expect=0)
    assert failed(here) == set()
    take_in(voucher, here, *ROWS, "T9,pay,C9,1,M1,2020-03-27 09:00:00,50,5,10,", expect=4)
    voucher("batch", "retry", "5", expect=None)
    assert failed(here) == set()


def test_a_lawful_change_hides_no_edit(city: Any, here: Path) -> None:
    voucher = city()
    take_in(voucher, here, *ROWS, expect=0)
    take_in(voucher, here, OTHER, name="o.csv", expect=0)
    edit(here, EDIT)
    assert failed(here) == {"facts_as_written"}
    voucher("batch", "undo", "4", "--yes", expect=0)
    assert "facts_as_written" in failed(here)
    take_in(voucher, here, OTHER, name="o.csv", expect=0)
    assert "facts_as_written" in failed(here)


def test_digests_made_anew_are_not_those_of_the_log(city: Any, here: Path) -> None:
    voucher = city()
    take_in(voucher, here, *ROWS, expect=0)
    edit(here, EDIT)
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        db.executescript("DELETE FROM fact_digests")
        fact_digests.count_all(db)
        db.commit()
    assert failed(here) == {"facts_as_logged"}


def test_an_older_file_is_counted_once(city: Any, here: Path) -> None:
    take_in(city(), here, *ROWS, expect=0)
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        before = db.execute("SELECT * FROM fact_digests").fetchall()
        db.execute("DELETE FROM fact_digests")
        fact_digests.count_all(db)
        assert db.execute("SELECT * FROM fact_digests").fetchall() == before


@pytest.mark.parametrize("value", [None, 1.5, "x", 2**64, b"x"])
def test_what_no_column_can_hold_has_a_digest_of_its_own(value: Any) -> None:
    lawful = fact_digests.of_facts([(1, 0, 0, 0)], 4)
    assert fact_digests.of_facts([(1, 0, 0, value)], 4) != lawful
