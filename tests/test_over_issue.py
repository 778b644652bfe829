"""Many processes claim, allocate, top up and close at once, and are killed: never is one pack too
many granted.

The default run kills a few; `make test-slow` makes OVER_ISSUE_WAVES waves of six processes.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import towns
from processes import started

from vouchercli.errors import VoucherError
from vouchercli.ops.granting import grants
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.store import checks
from vouchercli.store import db as store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conftest import Start

    from vouchercli.session import Session

PACKS, RESIDENTS, MORE = 60, 150, 7
NOW = "2020-03-27T09:00:00+08:00"
STATE = """
SELECT r.packs, r.claimed, r.state, (SELECT count(*) FROM claims c
    WHERE c.round_id = r.round_id) AS granted,
    (SELECT count(DISTINCT resident) FROM claims c WHERE c.round_id = r.round_id) AS holders
FROM rounds r WHERE r.round = 'big'
"""
CLAIMS = [("claim", "grant", "big", "--from", f"who{number}.txt") for number in range(3)]
OTHERS: list[tuple[str, ...]] = [
    ("round", "allocate", "big"),
    ("round", "top-up", "big", "--packs", str(MORE), "--actor", "mei"),
    ("round", "approve", "big", "--actor", "lin"),
    ("round", "allocate", "big"),
]
CLOSE = ("round", "close", "big", "--yes", "--actor", "mei")


def _prepared(city: Any, here: Path) -> None:
    """A round of 60 packs, 150 residents who have applied, and the same residents asking live, in
    another order at each till.
    """
    voucher = city(with_claims=False)
    towns.make_round(voucher, "big", packs=PACKS, state="open")
    rows = "".join(
        f"A{n},big,resident{n},2020-03-27 08:{n // 60:02d}:{n % 60:02d}\n" for n in range(RESIDENTS)
    )
    (here / "a.csv").write_text("application_no,round,resident,applied_at\n" + rows, "utf-8")
    voucher("application", "import", "a.csv")
    for till in range(3):
        order = random.Random(till).sample(range(RESIDENTS), RESIDENTS)
        (here / f"who{till}.txt").write_text("".join(f"resident{n},A{n}\n" for n in order), "utf-8")


def _state(here: Path) -> sqlite3.Row:
    """The round as the file has it now; that not one pack is too many is asked of every look at
    it.
    """
    db = sqlite3.connect(here / "voucher.db")
    db.row_factory = sqlite3.Row
    row: sqlite3.Row = db.execute(STATE).fetchone()
    db.close()
    assert row["granted"] == row["claimed"] <= row["packs"], dict(row)
    assert row["holders"] == row["granted"], dict(row)
    return row


def _wave(
    here: Path, start: Start, chance: random.Random, commands: Sequence[Sequence[str]]
) -> int:
    """Start all at once; kill some at a random moment, the others end by themselves. How many were
    caught alive.
    """
    environ = os.environ | {"VOUCHER_NOW": NOW}
    children = [
        start(here, *command, environ=environ)
        for command in chance.sample(list(commands), len(commands))
    ]
    caught = 0
    for child in children:
        try:
            child.wait(chance.uniform(0.05, 1.0) if chance.random() < 0.5 else 60)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            caught += 1
        assert child.returncode in (0, 3, 4, 75, -signal.SIGKILL), child.args
        _state(here)
    return caught


def _ends_well(here: Path, voucher: Any) -> None:
    """Undisturbed at last, every pack that was approved has gone, and the books agree."""
    before = _state(here)
    voucher("round", "allocate", "big", "--now", NOW)
    after = _state(here)
    assert after["granted"] == min(before["packs"], RESIDENTS)
    db = store.open_db(here / "voucher.db")
    broken = {name: check(db) for name, check in checks.CHECKS.items()}
    db.close()
    assert {name: breaches for name, breaches in broken.items() if breaches} == {}


def test_processes_at_once_and_killed_grant_not_one_pack_too_many(
    city: Any, voucher: Any, here: Path, start: Start
) -> None:
    _prepared(city, here)
    chance = random.Random(4)
    _wave(here, start, chance, [*CLAIMS, *OTHERS])
    _wave(here, start, chance, [CLAIMS[0], OTHERS[0], CLOSE])  # proposed, unless its packs are gone
    _wave(
        here, start, chance, [CLAIMS[1], OTHERS[0], ("round", "approve", "big", "--actor", "lin")]
    )
    _ends_well(here, voucher)


@pytest.mark.slow
def test_many_waves_grant_not_one_pack_too_many(city: Any, voucher: Any, here: Path) -> None:
    _prepared(city, here)
    chance, caught = random.Random(5), 0
    for _ in range(int(os.environ.get("OVER_ISSUE_WAVES", "12"))):
        caught += _wave(here, started, chance, [*CLAIMS, *OTHERS])
    caught += _wave(here, started, chance, [*CLAIMS, *OTHERS, CLOSE])
    assert caught > 0
    _ends_well(here, voucher)


# ---------------------------------------------------------------- the file's own defence


@pytest.fixture
def session(city: Any, here: Path) -> Any:
    city(with_claims=False)
    with towns.session(here / "voucher.db", now=1_585_270_800) as one:
        yield one


def _grant(session: Session, residents: Sequence[bytes]) -> None:
    with store.writing(session):
        it = look_up(session, "r1")
        grants.grant(it, [(resident, None, it.row["opens_at"]) for resident in residents])


def test_a_caller_that_asks_for_more_than_is_left_gets_nothing(session: Session) -> None:
    with pytest.raises(VoucherError, match="all 10 packs of round r1 are claimed"):
        _grant(session, [bytes([n]) * 16 for n in range(11)])
    assert session.db.execute("SELECT count(*) FROM claims").fetchone()[0] == 0
    assert look_up(session, "r1").row["claimed"] == 0


def test_a_caller_that_counts_wrongly_meets_the_keys(session: Session) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=r"claims\.resident"):
        _grant(session, [b"a" * 16, b"a" * 16])
    with pytest.raises(sqlite3.IntegrityError, match="claimed >= 0 AND claimed"):
        session.db.execute("UPDATE rounds SET claimed = packs + 1")
    assert session.db.execute("SELECT count(*) FROM claims").fetchone()[0] == 0


def test_a_resident_with_too_many_packs_is_found_by_the_check(session: Session) -> None:
    _grant(session, [b"a" * 16])
    session.db.execute("UPDATE claims SET pack_no = 2")  # by hand: no command does it
    _grant(session, [b"a" * 16])
    ((subject, expected, count),) = checks.CHECKS["packs_within_resident_limit"](session.db)
    assert (subject, expected, count) == ("r1 token:" + "61" * 16, "1", "2")


ADD = (
    "INSERT {}INTO claims VALUES (NULL, ?, (SELECT round_id FROM rounds WHERE round = 'r1'), ?, 1,"
    " 1585267201, 1585872001, 1, 1)"
)
COUNT = "UPDATE rounds SET claimed = claimed + {} WHERE round = 'r1'"


@pytest.mark.parametrize("how", ["", "OR IGNORE ", "OR REPLACE "])
def test_a_claim_that_nobody_counted_cannot_be_written(session: Session, how: str) -> None:
    db = session.db
    db.execute("BEGIN IMMEDIATE")
    db.execute(COUNT.format(1))
    db.execute(ADD.format(how), ("X1", b"a" * 16))
    with pytest.raises(sqlite3.IntegrityError, match="over_issue"):
        db.execute(ADD.format(how), ("X2", b"b" * 16))
    assert not db.in_transaction  # all of it is gone, what was counted too
    assert db.execute("SELECT count(*) FROM claims").fetchone()[0] == 0
    assert checks.CHECKS["packs_within_quota"](db) == []


def test_no_more_can_be_counted_than_there_are_packs_nor_less_than_there_are_claims(
    session: Session,
) -> None:
    _grant(session, [b"a" * 16, b"b" * 16])
    db = session.db
    with pytest.raises(sqlite3.IntegrityError, match="claimed >= 0 AND claimed"):
        db.execute(COUNT.format(9))
    with pytest.raises(sqlite3.IntegrityError, match="claims stand"):
        db.execute(COUNT.format(-1))
    with pytest.raises(sqlite3.IntegrityError, match="a round keeps its seats"):
        db.execute("DELETE FROM seats")
    with pytest.raises(sqlite3.IntegrityError, match="a claim stays in its round"):
        db.execute("UPDATE claims SET round_id = 99")
    assert look_up(session, "r1").row["claimed"] == 2
    assert checks.CHECKS["packs_within_quota"](db) == []


def test_a_round_that_counts_packs_nobody_got_is_found_by_the_check(session: Session) -> None:
    session.db.execute(COUNT.format(1))
    assert [breach[0] for breach in checks.CHECKS["packs_within_quota"](session.db)] == [
        "r1",
        "r1 seats",
    ]
