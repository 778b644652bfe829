"""The measuring rod itself: the drawn city, the oracle and the program agree on every count of
every reason and every sum.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of bench/, which is no package: city, oracle, compare, run."""
    monkeypatch.syspath_prepend(str(BENCH))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import city
    import compare
    import oracle
    import run

    class Modules:
        pass

    found = Modules()
    found.__dict__.update(city=city, compare=compare, oracle=oracle, run=run)
    return found


def taken_in(voucher: Any, bench: Any, city: Any) -> None:
    """Set the programme up and import the three files; the rejects are meant to be there."""
    for words in bench.city.setup(city):
        voucher(*words)
    for words in bench.city.imports():
        voucher(*words, expect=None)


@pytest.mark.slow
@pytest.mark.parametrize("shuffled", [False, True])
def test_import_and_oracle_agree_on_every_reason_and_every_sum(
    voucher: Any, here: Path, bench: Any, shuffled: bool
) -> None:
    city = bench.city.size_of(2000)
    bench.city.draw(city, here, shuffled=shuffled)
    expected = bench.oracle.judge(here)
    taken_in(voucher, bench, city)

    def ask(*words: str) -> Any:
        return voucher(*words, "-o", "json").data

    assert bench.compare.differences(expected, ask) == []
    assert set(expected["redemptions"]["reasons"]) == set(bench.city.REDEMPTION_FAULTS)
    assert set(expected["claims"]["reasons"]) == set(bench.city.CLAIM_FAULTS)
    assert expected["redemptions"]["warning_reasons"]["refund_forfeits"] > 0
    assert min(expected[kind]["duplicate"] for kind in ("claims", "redemptions")) > 0


def test_a_row_that_differs_is_found(bench: Any) -> None:
    expected = {
        "merchants": {},
        "claims": {},
        "redemptions": {},
        "sums": {"day": {"2020-03-27": dict.fromkeys(bench.compare.SUMS, 7)}},
    }
    for kind in ("merchants", "claims", "redemptions"):
        expected[kind] = {
            "read": 2,
            "accepted": 1,
            "duplicate": 0,
            "rejected": 1,
            "reasons": {"expired": 1},
            "warning_reasons": {},
        }
    batch = {**expected["claims"], "batch": 1, "reasons": {"bad_row": 1}}
    row = dict.fromkeys(bench.compare.SUMS, 7) | {"base_fen": 8}
    answers = {
        "list": {"batches": [batch]},
        "show": batch,
        "leverage": {"rows": [{"key": "2020-03-27", **row}], "total": row},
    }
    found = bench.compare.differences(expected, lambda *words: answers[words[1]])
    assert [line.split(":")[0] for line in found] == [
        "merchants reasons",
        "claims reasons",
        "redemptions reasons",
        "by day, 2020-03-27",
        "by day, total",
    ]


def test_the_same_arguments_draw_the_same_bytes(here: Path, bench: Any) -> None:
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        bench.city.draw(bench.city.size_of(1500, seed=seed), here / folder)
    files = ("merchants.csv", "claims.csv", "redemptions.csv")
    a, b, c = ([(here / folder / name).read_bytes() for name in files] for folder in "abc")
    assert a == b
    assert a[2] != c[2]
    assert a[2].count(b"\n") == 1501
