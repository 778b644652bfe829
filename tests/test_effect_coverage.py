"""How often 95 % intervals hold the truth, in a thousand synthetic cities; and the city of habitual
shoppers, whose vouchers change nothing while gross leverage shows 10.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import effect_cities as cities
import numpy as np
import pytest

from vouchercli.ops.effect import moments as core
from vouchercli.ops.effect import panels, widths
from vouchercli.ops.effect import waves as districts
from vouchercli.rules.effects import LOST, NOT_CHANCE, WON, Key, Moments

if TYPE_CHECKING:
    from collections.abc import Callable

    Interval = tuple[float, float, float]

CITIES = 1_000
TRUE = 3.0


def side(cells: cities.Cells, arm: str) -> dict[str, Any]:
    """The people of an arm in week 4, by stratum."""
    return core.by_stratum({k: of for k, of in cells.items() if k.arm == arm and k.week == 4})


def by_lot(seed: int, effect: float) -> Interval:
    """Winners against losers."""
    cells = cities.lottery(seed, effect=effect, people=900)
    wald = core.lots(side(cells, "won"), side(cells, "lost")).wald
    assert wald is not None
    return wald


def by_arms(seed: int, effect: float) -> Interval:
    """Winners of a face of 80 against winners of 40, of as many others."""
    small = cities.lottery(2 * seed, effect=effect, people=900)
    large = cities.lottery(2 * seed + 1, effect=effect, people=900, face=80.0, lost=False)
    wald = core.lots(side(large, "won"), side(small, "won")).wald
    assert wald is not None
    return wald


def by_arrival(seed: int, effect: float) -> Interval:
    """Just before against just after selling out, without those within 100 ms."""
    cells = cities.arrival(seed, effect=effect, people=6_000)
    wald = core.jump(core.bins(cells, is_score=False), 5_000, 100).wald
    assert wald is not None
    return wald


def by_arrival_curved(seed: int, effect: float) -> Interval:
    """The same, corrected for curvature."""
    cells = cities.arrival(seed, effect=effect, people=6_000)
    wald = core.jump(core.bins(cells, is_score=False), 5_000, 100, is_curved=True).wald
    assert wald is not None
    return wald


def by_cells(seed: int, effect: float) -> Interval:
    """The same with the width that the cells ask for, where spending bends before the limit."""
    every = core.bins(cities.arrival(seed, effect=effect, people=6_000, bend=400.0), is_score=False)
    wald = core.jump(every, widths.optimal(every, 100), 100, is_curved=True).wald
    assert wald is not None
    return wald


def by_waves(seed: int, effect: float) -> Interval:
    """Districts that had vouchers against those that did not."""
    cells = cities.waves(seed, effect=effect, people=50, districts=8)
    wald = districts.change(panels.panel(cells, (4,), 4), 1, 4).wald
    assert wald is not None
    return wald


def by_starts(seed: int, effect: float) -> Interval:
    """Districts that begin in three waves, with an effect of their own each, which fades: both
    weeks from each start. Gives the interval less what is true of those districts.
    """
    cells = cities.staggered(seed, scale=effect / TRUE, districts=5)
    found = districts.change(panels.panel(cells, (2,), 4), 1, 2).wald
    assert found is not None
    off = effect - cities.true_staggered(2, effect / TRUE)
    return found[0] + off, found[1] + off, found[2] + off


def by_few_of_many(seed: int, effect: float) -> Interval:
    """Eight districts that had vouchers against thirty that did not."""
    cells = cities.waves(seed, effect=effect, people=50, districts=8, others=30)
    wald = districts.change(panels.panel(cells, (4,), 4), 1, 4).wald
    assert wald is not None
    return wald


FEW_CITIES = 200


def test_intervals_of_several_starts_hold_the_truth_in_few_cities() -> None:
    found = [by_starts(seed, TRUE) for seed in range(FEW_CITIES)]
    held = sum(low <= TRUE <= high for _, low, high in found)
    assert 0.91 <= held / FEW_CITIES <= 0.985  # of 200, within two and a half standard errors


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimate",
    [
        *(by_cells, by_starts, by_lot, by_arms, by_arrival, by_arrival_curved),
        *(by_waves, by_few_of_many),
    ],
)
@pytest.mark.parametrize("effect", [TRUE, 0.0], ids=["three", "nothing"])
def test_intervals_hold_the_truth_in_95_of_100_cities(
    estimate: Callable[[int, float], Interval], effect: float
) -> None:
    found = [estimate(seed, effect) for seed in range(CITIES)]
    held = sum(low <= effect <= high for _, low, high in found)
    assert 0.93 <= held / CITIES <= 0.97
    middle = sum(point for point, _, _ in found) / CITIES
    assert abs(middle - effect) < 0.1  # no lean to either side


def few_of_many(seed: int, few: int, many: int) -> cities.Cells:
    """The weeks before the opening of districts that move alike: `few` that will have vouchers,
    `many` that will not.
    """
    chance = np.random.default_rng(seed)
    cells: cities.Cells = {}
    for place in range(few + many):
        arm, usual = (WON if place < few else LOST), chance.normal(200, 30)
        for week in (-4, -3, -2, -1, 1):
            y = 20 * (usual + chance.normal(0, 8))
            sums = {"y": Decimal(f"{y:.2f}"), "yy": Decimal(0)}
            zeros = dict.fromkeys(("s", "ss", "sy", "x", "xx", "xy", "xs"), Decimal(0))
            cells[Key("r", arm, None, week, f"d{place}")] = Moments(20, **sums, **zeros)
    return cells


@pytest.mark.parametrize(("few", "many"), [(5, 30), (8, 30)])
def test_districts_that_move_alike_seldom_seem_to_drift(few: int, many: int) -> None:
    """Of 300 at most 3: seen is 1, and 7 of five districts with degrees of freedom as estimated."""
    alarms = [
        districts.trend(panels.panel(few_of_many(seed, few, many), (1,), 4), 1)
        for seed in range(300)
    ]
    assert sum(each is not None and each < NOT_CHANCE for each in alarms) <= 3
