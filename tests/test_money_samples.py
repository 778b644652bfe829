"""Samples by money: how many, which, and what they say of all the money."""

from __future__ import annotations

import csv
import hashlib
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_samples import AT, QI, draw, fill, prepare
from test_settlements import sign

from vouchercli.rules import money_samples as law
from vouchercli.rules.samples import Plan, Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

# Factors of Poisson for 0, 1, 2 ... wrong: AICPA Audit Guide, Audit Sampling, appendix C
PUBLISHED = {
    9_000: (2.31, 3.89, 5.33, 6.69, 8.00, 9.28, 10.54, 11.78, 13.00, 14.21),
    9_500: (3.00, 4.75, 6.30, 7.76, 9.16, 10.52, 11.85, 13.15, 14.44, 15.71),
    9_900: (4.61, 6.64, 8.41, 10.05, 11.61, 13.11, 14.58),
}


@pytest.mark.parametrize(("confidence", "factors"), PUBLISHED.items())
def test_factors_are_those_of_the_published_tables(
    confidence: int, factors: tuple[float, ...]
) -> None:
    found = [law.factor(wrong, confidence) for wrong in range(len(factors))]
    assert found == pytest.approx(factors, abs=0.01)  # the tables are rounded up or to the nearest


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        (Terms(9_500, 500, 0), Plan(60, 0)),  # 3.00 / 5 %
        (Terms(9_500, 200, 0), Plan(150, 0)),
        (Terms(9_000, 500, 0), Plan(47, 0)),
        (Terms(9_500, 500, 100), Plan(95, 1)),  # 4.75 / 5 %
        (Terms(9_500, 100, 95), None),
    ],
)
def test_so_many_units_are_drawn(terms: Terms, told: Plan | None) -> None:
    assert law.plan(terms) == told


def test_the_bound_of_stringer_by_hand() -> None:
    """Taintings of 100 %, 50 %, 20 % at an interval of 10,000.00 yuan, by the published factors:
    3.00 + 1.75 x 1 + 1.55 x 0.5 + 1.46 x 0.2 = 5.817.
    """
    of = law.Cut(1, 0, 1, 60_000_000, 60)
    rows = [(100, 80), (500, 0), (100, 100), (400, 200), (100, 150)]
    said = law.evaluate([(2_000_000, 1_900_000)], rows, of, 9_500)
    assert said.taintings == (1.0, 0.5, 0.2)
    assert said.upper_fen - 100_000 == pytest.approx(5_817_000, rel=0.002)
    assert said.estimate_fen == 1_200_000 + 100_000  # 0.2 + 1 + 0.5 - 0.5 of an interval
    assert said.under_fen == 50
    right = law.evaluate([(500, 500)], [], law.Cut(1, 500, 1, 0, 0), 9_500)
    assert right == (0, 0, 0, ())


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 5_000), min_size=1, max_size=60).filter(any),
    st.integers(1, 40),
    st.text(max_size=5),
)
def test_as_many_are_drawn_as_were_stated_and_none_twice(
    amounts: list[int], size: int, seed: str
) -> None:
    rows = [(f"T{place}", fen) for place, fen in enumerate(amounts)]
    of = law.cut(sum(amounts), sorted(amounts, reverse=True)[:size], size)
    drawn = law.draw(seed, rows, of)
    assert len({each.number for each in drawn}) == len(drawn) == of.size <= size
    certain = [each for each in drawn if each.ticket == law.CERTAIN]
    assert len(certain) == of.certain
    rest = sum(amounts) - sum(each.amount_fen for each in certain)
    assert rest == of.rest_fen and of.interval_fen == (-(-rest // of.drawn) if rest else 0)
    left = sorted({*rows} - {(each.number, each.amount_fen) for each in certain})
    assert all(fen * of.drawn <= rest for _, fen in left) or of.drawn == 0
    points = [int(each.ticket) for each in drawn[of.certain :]]
    assert points == sorted(points) and all(0 <= each < max(rest, 1) for each in points)


def test_each_yuan_has_the_same_chance() -> None:
    rows = [("small", 100), ("large", 300), *((f"T{n}", 400) for n in range(10))]
    of = law.cut(4_400, sorted((fen for _, fen in rows), reverse=True)[:5], 5)
    times = {"small": 0, "large": 0}
    for seed in range(4_000):
        for each in law.draw(str(seed), rows, of):
            if each.number in times:
                times[each.number] += 1
    assert times["large"] / times["small"] == pytest.approx(3, rel=0.15)
    assert times["small"] / 4_000 == pytest.approx(100 / (4_400 / 5), rel=0.15)


@pytest.mark.parametrize("rounds", [150, pytest.param(5_000, marks=pytest.mark.slow)])
def test_the_bound_holds_at_least_as_often_as_it_says(rounds: int) -> None:
    """A city whose payments are wrong in part, drawn again and again with other seeds."""
    chance = random.Random(3)
    right = {}
    rows = []
    for n in range(400):
        paid = chance.choice((1_000, 2_000, 5_000, 40_000))
        rows.append((f"T{n}", paid))
        right[f"T{n}"] = int(paid * chance.choice((1, 1, 1, 1, 1, 1, 0.5, 0)))
    of_all = sum(fen for _, fen in rows)
    true = of_all - sum(right.values())
    of = law.cut(of_all, sorted((fen for _, fen in rows), reverse=True)[:40], 40)
    held = 0
    for seed in range(rounds):
        items = [(each.amount_fen, right[each.number]) for each in law.draw(str(seed), rows, of)]
        held += law.evaluate((), items, of, 9_000).upper_fen >= true
    assert of.certain == 0 and held >= 0.9 * rounds


# ---------------------------------------------------------------- the command


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    """Sixty payments of 10.00 yuan on two signed days."""

    def build() -> None:
        prepare(voucher, 60)
        sign(voucher, "2020-03-28")

    once("samples", build)
    return voucher


def test_a_sample_by_money_is_drawn_again_in_plain_python_and_judged(town: Voucher) -> None:
    by_money = ("--method", "money", "--margin", "10", "--seed", "a text")
    told = draw(town, *by_money, "--to", "s.csv", "--population", "all.csv").data
    assert (told["method"], told["size"], told["certain"], told["drawn"]) == ("money", 30, 0, 30)
    lines = Path("all.csv").read_text("utf-8").splitlines()
    numbers = [row["number"] for row in csv.DictReader(lines)]
    start = int(hashlib.sha256(b"a text").hexdigest(), 16) % 60_000
    again = [numbers[(start + each * 60_000) // 30 // 1_000] for each in range(30)]
    kept = town("audit", "samples", "1", "-o", "json").data
    assert [each["number"] for each in kept["items"]] == again
    assert (kept["method"], kept["judged"]) == ("money", None)
    stated = town("audit", "log", "--deed", "audit.plan", "-o", "json").data["lines"][0]["detail"]
    assert (stated["method"], stated["size"], stated["rest_fen"]) == ("money", 30, 60_000)
    first = fill("s.csv", "r.csv", {})
    (judged,) = town("audit", "sample", "--results", first, "-o", "json", *QI, *AT).data["samples"]
    assert judged["judged"]["is_kept"] and judged["judged"]["over_paid_most_fen"] == 5_992
    wrong = {again[0]: "wrong,amount_wrong,5.00,", again[1]: "wrong,amount_wrong,12.00,"}
    ran = town("audit", "sample", "--results", fill("s.csv", "w.csv", wrong), *QI, *AT)
    assert "of all 600.00 yuan at most 77.40 were paid too much (12.90 %)" in ran.err + ran.out
    assert "does not show that the margin of 10 % of the money is kept" in ran.err + ran.out
    assert "paid too little at these items: 2.00 yuan" in ran.err + ran.out
    assert town("check", "-o", "json").json["status"] == "ok"


def test_of_few_items_all_are_looked_at(town: Voucher) -> None:
    told = draw(town, "--method", "money", "--margin", "2", "--dry-run").data
    assert (told["size"], told["certain"], told["drawn"], told["sample"]) == (60, 60, 0, None)
    said = town("audit", "sample", "--method", "money", "--margin", "10", *QI, *AT)
    assert "drawn by money: 0 as large as an interval or larger" in said.err + said.out
    assert "n = 30" in said.err + said.out


@pytest.mark.parametrize(
    ("args", "code", "expect"),
    [
        (("--method", "rows"), "unknown_method", 2),
        (("--method", "money", "--what", "transfers"), "empty_population", 3),
        (("--method", "money", "--margin", "1", "--expected", "0.95"), "sample_too_large", 2),
    ],
)
def test_what_cannot_be_drawn_by_money_is_refused(
    town: Voucher, args: tuple[str, ...], code: str, expect: int
) -> None:
    margin = () if "--margin" in args else ("--margin", "10")
    refused = draw(town, *margin, *args, expect=expect)
    assert [each["code"] for each in refused.json["problems"]] == [code]
