"""The measuring rod itself: the drawn city, the oracle and the program agree on every count of
every reason and every sum.
"""

from __future__ import annotations

import csv
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from vouchercli.ops.intake import by_columns

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


# ---------------------------------------------------------------- a bill, beside a plain oracle


def plain_breaks(bill: Path, ours: Path) -> list[tuple[str, int, int, int]]:
    """What does not agree, by type, as the peer's query says it: (type, breaks, ours, theirs)."""
    mine = {}
    for number, kind, shop, day, fen in rows_of(ours):
        mine[number, kind] = (shop, int(day), int(fen))
    theirs: dict[tuple[str, str], list[tuple[str, int, int]]] = {}
    for number, kind, shop, at, amount, *_ in rows_of(bill):
        fen = round(float(amount) * 100) * (-1 if kind == "refund" else 1)
        day = int(at[:10].replace("-", ""))
        theirs.setdefault((number, kind), []).append((shop, day, fen))
    sums: dict[str, list[int]] = {}

    def add(what: str, count: int, our_fen: int, their_fen: int) -> None:
        kept = sums.setdefault(what, [0, 0, 0])
        kept[:] = [a + b for a, b in zip(kept, (count, our_fen, their_fen), strict=True)]

    for key in mine.keys() | theirs.keys():
        here, there = mine.get(key), theirs.get(key, [])
        if here is None:
            add("missing_here", 1, 0, there[0][2])
        elif not there:
            add("missing_there", 1, here[2], 0)
        elif there[0] != here:
            differs = [each != own for each, own in zip(there[0], here, strict=True)]
            what = "amount" if differs[2] else "merchant" if differs[0] else "date"
            add(what, 1, here[2], there[0][2])
        for again in there[1:]:
            add("duplicate", 1, 0, again[2])
    return [(what, *kept) for what, kept in sorted(sums.items())]  # type: ignore[misc]


def rows_of(path: Path) -> list[list[str]]:
    """The rows of a CSV, without its head."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [*csv.reader(lines)][1:]


@pytest.mark.slow
def test_a_large_bill_has_the_breaks_that_a_plain_oracle_and_the_peer_find(
    voucher: Any, here: Path, bench: Any
) -> None:
    import reconciliation

    city = bench.city.size_of(34_000)
    bench.city.draw(city, here)
    taken_in(voucher, bench, city)
    bill, ours, found = (here / name for name in ("bill.csv", "ours.csv", "found.txt"))
    first, last, rows = reconciliation.write(here / "voucher.db", bill, ours)
    assert bill.stat().st_size >= by_columns.BYTES
    days = ("--since", first, "--until", last)
    ran = voucher("reconcile", "run", "bill.csv", *days, *bench.city.NOW, "-o", "json")
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        breaks = [*map(tuple, db.execute(reconciliation.FOUND))]
    assert (ran.data["read"], {what for what, *_ in breaks}) == (rows, set(reconciliation.TYPES))
    assert breaks == plain_breaks(bill, ours)
    if find_spec("duckdb"):
        words = [sys.executable, "-c", reconciliation.PEER, str(bill), str(ours), str(found)]
        subprocess.run(words, check=True)
        assert repr(breaks) == found.read_text("utf-8")


@pytest.mark.slow
def test_the_bench_of_scans_has_the_payments_that_it_was_asked_for(
    bench: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    import risk

    risk.main(100_000)
    told = capsys.readouterr().out
    assert told.startswith("100,000 payments at ") and "findings" in told
