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
import desks
import evening
import ledgers
import office
import payouts
import pytest
import small_city
import towns
from life import Disagreement, Life

HERE = Path(__file__).parent
SEED = 105  # days are sealed and signed, rows come late and are corrected, merchants are paid
A_DAY = 18  # a seed whose first evening has claims, rejects and totals
PAYS = 9  # a city whose merchants are paid
DOUBLED = """
INSERT INTO dues (kind, funder_id, round_id, merchant_id, amount_fen, after_day, up_to)
SELECT kind, funder_id, round_id, merchant_id, amount_fen, after_day, up_to FROM dues LIMIT 1
"""
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


def test_a_fen_more_or_less_is_seen(tmp_path: Path) -> None:
    life = Life(PAYS)
    with deeds.laboratory(tmp_path / "city"):
        _pay_out(life)
        assert life.paying is not None
        books, bank = life.paying.books, life.paying.bank
        paid, due = next(iter(bank.lines.values())), books.dues[0]
        _compare(life)
        for what, name in ((due, "fen"), (paid, "fen"), (books.settlements[0], "state")):
            before = getattr(what, name)
            setattr(what, name, before + (1 if name == "fen" else "!"))
            with pytest.raises(Disagreement):
                _compare(life)
            setattr(what, name, before)
        _compare(life)
        with closing(sqlite3.connect("voucher.db")) as db, db:
            assert db.execute(DOUBLED).rowcount == 1
        life.listed.clear()
        with pytest.raises(Disagreement):
            _compare(life)


def _pay_out(life: Life) -> None:
    """A calm day of claims and payments, and all that follows until it is paid."""
    life.trouble = lambda: ""  # type: ignore[method-assign]
    office.found(life)
    office.plan(life)
    life.city.now += 2 * small_city.HOUR
    life.tick()
    for _ in range(8):
        life.city.live()
    desks.tell_claims(life)
    desks.tell_payments(life)
    payouts.finish(life)


def _compare(life: Life) -> None:
    facts = evening.model(life, evening.standing(life))
    for each in payouts.pairs(life, facts, ledgers.on_accounts(life)):
        life.agree(*each)
