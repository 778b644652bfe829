"""Five days of the city in the default run, two hundred in CI (`make simulate`); and the simulation sees
what it is there to see.
"""

from __future__ import annotations

import ast
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import deeds
import evening
import pytest
import towns
from life import Disagreement, Life

HERE = Path(__file__).parent
SEED = 105  # days are sealed and signed, rows come late and are corrected, merchants are paid
A_DAY = 18  # a seed whose first evening has claims, rejects and totals
CHANGES = {
    "a claim that nobody made": "UPDATE claims SET claim_no = 'X' WHERE claim_id = 1",
    "a batch that lost a reject": "UPDATE batches SET rejected = rejected - 1, read = read - 1"
    " WHERE batch_id = 2",
    "a total that grew": "UPDATE group_totals SET base_fen = base_fen + 1",
}


def test_five_days_of_a_city_agree_with_the_model() -> None:
    words = [sys.executable, str(HERE / "simulate.py"), "5", str(SEED)]  # as `make simulate` has it
    ran = subprocess.run(words, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    seen = ast.literal_eval(ran.stdout[ran.stdout.index("{") :])
    assert seen["check"] >= 5
    assert seen["claim import"] + seen["redemption import"] > 5
    assert min(seen[what] for what in ("day close", "day sign", "rows sealed late")) > 0
    assert seen["correction approve"] > 0
    assert min(seen[f"settlement {what}"] for what in ("export", "paid", "notice")) > 0
    assert min(seen["rows reversed behind a seal"], seen["days known again"]) > 0


@pytest.mark.slow
def test_the_same_seed_is_the_same_life(tmp_path: Path) -> None:
    lives = []
    for _ in range(2):
        life = Life(3)
        with deeds.laboratory(tmp_path / "city"):
            life.run(1)
        lives.append(life.done)
    assert lives[0] == lives[1]
    assert len(lives[0]) > 20


@pytest.mark.parametrize("change", towns.sampled(CHANGES, every=3))
def test_what_is_not_as_it_was_is_seen(tmp_path: Path, change: str) -> None:
    life = Life(A_DAY)
    with deeds.laboratory(tmp_path / "city"):
        life.run(1)
        with closing(sqlite3.connect("voucher.db")) as db, db:
            assert db.execute(change).rowcount > 0
        with pytest.raises(Disagreement):
            evening.close(life)
