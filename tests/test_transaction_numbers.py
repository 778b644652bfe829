"""Transaction numbers that stand twice are found whatever the way of looking: row by row, in
passes, by columns.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.store import db as store
from vouchercli.store import transaction_numbers

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

ADD = """
INSERT INTO redemptions (redemption_id, transaction_no, voucher, use_no, merchant_id,
    segment_id, channel, paid_at, day, base_fen, merchant_discount_fen, split_id, line, refund_of)
VALUES (?, ?, ?, 1, 1, 1, 0, 0, 20200327, 1, 0, 1, 0, ?)
"""
NUMBERS = "SELECT transaction_no FROM redemptions WHERE redemption_id BETWEEN ? AND ?"
ROWS = 600


@pytest.fixture
def filled(city: Any, here: Path) -> sqlite3.Connection:
    """Facts of three batches, in runs of a hundred; some numbers stand twice, some only look
    alike.
    """
    city()
    db = store.open_db(here / "voucher.db")
    chance = random.Random(7)
    db.execute("BEGIN")
    for number in range(1, ROWS + 1):
        told = chance.choice(
            [
                f"9{chance.randrange(400):09d}",
                f"8{chance.randrange(400):09d}",
                f"A{chance.randrange(900)}",
            ]
        )
        db.execute(ADD, (number, told, number * 1024 + 1, chance.choice([None, None, 1])))
    for first in range(1, ROWS, 100):
        told = [row[0] for row in db.execute(NUMBERS, (first, first + 99))]
        keys = b"".join(transaction_numbers.key(one).to_bytes(4, "little") for one in told)
        transaction_numbers.keep(db, (first - 1) // 200 + 1, first, keys, (0, 0))
    return db


WAYS = {"row by row": (1 << 40, 1 << 40), "in passes": (1 << 40, 40), "by columns": (0, 1 << 40)}


@pytest.mark.parametrize("way", WAYS)
def test_what_stands_twice_is_found(
    filled: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    long_run, passes_every = WAYS[way]
    monkeypatch.setattr(transaction_numbers, "LONG_RUN", long_run)
    monkeypatch.setattr(transaction_numbers, "PASSES_EVERY", passes_every)
    for batch in (1, 2, 3):
        facts = filled.execute(
            "SELECT redemption_id, transaction_no, refund_of IS NULL, n.batch_id FROM redemptions"
            " JOIN redemption_runs n ON redemption_id BETWEEN n.first_id AND n.last_id"
        ).fetchall()
        groups: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
        for one, number, kind, of_batch in facts:
            groups.setdefault((number, kind), []).append((one, of_batch))
        expected = {
            one
            for group in groups.values()
            if len(group) > 1 and any(of == batch for _, of in group)
            for one, _ in group
        }
        assert transaction_numbers.find_reused(filled, batch) == len(expected) > 50
        assert {
            row[0] for row in filled.execute("SELECT redemption_id FROM standing_numbers")
        } == expected


@pytest.mark.parametrize("way", WAYS)
def test_who_holds_a_number_is_found(
    filled: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(transaction_numbers, "LONG_RUN", WAYS[way][0])
    asked = ["9000000001", "8000000001", "A17", "none of them"]
    holders = {
        row[0]
        for row in filled.execute(
            "SELECT redemption_id FROM redemptions WHERE transaction_no IN (?, ?, ?)", asked[:3]
        )
    }
    transaction_numbers.find_standing(filled, asked)
    found = {row[0] for row in filled.execute("SELECT redemption_id FROM standing_numbers")}
    alike = {
        row[0]
        for row in filled.execute(
            "SELECT redemption_id FROM redemptions WHERE substr(transaction_no, -9) = '000000001'"
        )
    }
    assert holders and holders <= found <= holders | alike
