"""Synthetic cities whose vouchers have a known effect, as a platform would tell of them in cells."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from vouchercli.formats.configs.fields import CELL_SUMS, CELLS, FIELDS_OF
from vouchercli.rules.effects import LOST, WON, Key, Moments

if TYPE_CHECKING:
    from collections.abc import Mapping

    Cells = dict[Key, Moments]
    People = dict[str, Any]  # arrays: y, s, x, and whether each has a pack

HEAD = ",".join(FIELDS_OF[CELLS]) + "\n"


def moments(y: Any, s: Any, x: Any) -> Moments:
    """The sums of these people, exactly."""
    y, s, x = (np.round(each * 100).astype(np.int64) for each in (y, s, x))
    sums = [Decimal(int(each.sum())) / 100 for each in (y, s, x)]
    products = {
        name: Decimal(int((one * two).sum())) / 10_000
        for name, one, two in (
            *(("yy", y, y), ("ss", s, s), ("sy", s, y)),
            *(("xx", x, x), ("xy", x, y), ("xs", x, s)),
        )
    }
    return Moments(len(y), y=sums[0], s=sums[1], x=sums[2], **products)


def lottery(
    seed: int,
    *,
    effect: float = 3.0,
    people: int = 1500,
    face: float = 40.0,
    code: str = "r1",
    weeks: tuple[int, ...] = (4,),
    lost: bool = True,
    skew: float = 0.0,
    placebo: float = 0.0,
) -> Cells:
    """Two strata of a draw; those who spent more before use more of what they win. `skew`: how much
    more the winners spent before; `placebo`: by how much more in the weeks of the placebo.
    """
    chance = np.random.default_rng(seed)
    cells: Cells = {}
    for stratum, scale in (("east", 150.0), ("west", 250.0)):
        won = chance.permutation(people) < people // 3
        x = chance.gamma(2, scale, people) + skew * won
        used = chance.random(people) < np.clip(0.3 + x / 1500, 0, 0.95)
        s = np.where(won, used * face, 0.0)
        for week in weeks:
            y = 0.8 * x + chance.gamma(2, 80, people) + effect * s
            _add(cells, code, week, stratum, won, y, s, x, has_lost=lost)
        early = x + chance.gamma(2, 10, people) + placebo * won
        _add(cells, code, -4, stratum, won, early, 0 * s, 0 * x, has_lost=lost)
    return cells


def _add(
    cells: Cells, code: str, week: int, stratum: str, won: Any, *of: Any, has_lost: bool = True
) -> None:
    for arm, side in ((WON, won), (LOST, ~won)):
        if arm == WON or has_lost:
            cells[Key(code, arm, None, week, stratum)] = moments(*(each[side] for each in of))


def arrival(
    seed: int,
    *,
    effect: float = 3.0,
    people: int = 12_000,
    code: str = "r2",
    is_score: bool = False,
    skew: float = 0.0,
    bend: float = 0.0,
) -> Cells:
    """A round that sold out: who came earlier spends more anyway. By a score: who has more of it.
    `skew`: what those with a pack spent more before; `bend`: by how many yuan spending of those who
    came first lies above a line.
    """
    chance = np.random.default_rng(seed)
    at = chance.uniform(-6_000, 6_000, people)
    won = at >= 0 if is_score else at < 0
    x = chance.gamma(2, 150, people) * (1 - at / 40_000) + skew * won
    s = np.where(won, (chance.random(people) < 0.7) * 40.0, 0.0)
    y = 0.8 * x + chance.gamma(2, 80, people) + effect * s + bend * (at / 6_000) ** 2 * (at < 0)
    bins = (np.floor(at / 200) * 200 + 100).astype(int)
    cells: Cells = {}
    for each in np.unique(bins):
        side = bins == each
        arm = WON if won[side].all() else LOST
        cells[Key(code, arm, int(each), 4, "")] = moments(y[side], s[side], x[side])
    return cells


def waves(
    seed: int,
    *,
    effect: float = 3.0,
    districts: int = 12,
    others: int | None = None,
    apart: float = 0.0,
    code: str = "r3",
    people: int = 200,
) -> Cells:
    """Districts that had vouchers first, and others (unless said, as many); `apart`: yuan a week by which they drift."""
    chance = np.random.default_rng(seed)
    cells: Cells = {}
    for place in range(districts + (others or districts)):
        won = place < districts
        usual = chance.normal(200, 30)
        for week in (-4, -3, -2, -1, 1, 2, 3, 4):
            s = np.where(chance.random(people) < 0.5, 10.0, 0.0) * (won and week > 0)
            drift = apart * week * won
            y = usual + drift + chance.normal(0, 3) + chance.gamma(2, 30, people) + effect * s
            arm = WON if won else LOST
            cells[Key(code, arm, None, week, f"d{place}")] = moments(y, s, 0 * y)
    return cells


# What a yuan of subsidy does in districts of each start: it differs between them, and fades.
STARTS = {1: 4.0, 3: 2.0, 5: 1.0}
FADES = 0.8
LAST_WEEK = 6


def staggered(
    seed: int,
    *,
    scale: float = 1.0,
    districts: int = 6,
    apart: float = 0.0,
    code: str = "r3",
    people: int = 50,
    never: bool = True,
) -> Cells:
    """Districts that begin in week 1, 3 or 5, or not at all; weeks are good or bad for all.
    `scale` is of every effect; `apart`: by how much a later start drifts, yuan a week.
    """
    chance = np.random.default_rng(seed)
    weeks = [-4, -3, -2, -1, *range(1, LAST_WEEK + 1)]
    shocks = {week: chance.normal(0, 20) for week in weeks}
    cells: Cells = {}
    for start in (*STARTS, *((None,) if never else ())):
        for place in range(districts):
            usual = chance.normal(200, 30)
            for week in weeks:
                own = 0 if start is None or week < start else week - start + 1
                s = np.where(chance.random(people) < 0.5, 10.0, 0.0) * (own > 0)
                effect = scale * STARTS.get(start or 0, 0.0) * FADES ** (own - 1)
                drift = apart * week * (start is not None)
                y = usual + drift + shocks[week] + chance.normal(0, 3)
                y = y + chance.gamma(2, 30, people) + effect * s
                key = Key(code, WON if start else LOST, start, week, f"{start}-{place}")
                cells[key] = moments(y, s, 0 * y)
    return cells


def drifting(seed: int, *, by: float = 6.0, code: str = "r3", people: int = 50) -> Cells:
    """Eight districts that begin in week 1 and drift `by` yuan a week, thirty of week 3 and thirty
    without vouchers, which do not drift; vouchers change nothing.
    """
    chance = np.random.default_rng(seed)
    weeks = [-4, -3, -2, -1, *range(1, LAST_WEEK + 1)]
    cells: Cells = {}
    for start, districts, drift in ((1, 8, by), (3, 30, 0.0), (None, 30, 0.0)):
        for place in range(districts):
            usual = chance.normal(200, 30)
            for week in weeks:
                has_begun = start is not None and week >= start
                s = np.where(chance.random(people) < 0.5, 10.0, 0.0) * has_begun
                y = usual + drift * week + chance.normal(0, 3) + chance.gamma(2, 30, people)
                key = Key(code, WON if start else LOST, start, week, f"{start}-{place}")
                cells[key] = moments(y, s, 0 * y)
    return cells


def true_staggered(weeks: int, scale: float = 1.0) -> float:
    """What a yuan of subsidy did in so many weeks from each start: districts of each start count
    alike, so far as their weeks are told.
    """
    led = [each for start, each in STARTS.items() if start + weeks - 1 <= LAST_WEEK]
    fading = sum(FADES**week for week in range(weeks)) / weeks
    return scale * fading * sum(led) / len(led)


def text(*every: Mapping[Key, Moments]) -> str:
    """The file of these cells."""
    lines = [HEAD]
    for cells in every:
        for key, of in cells.items():
            at = "" if key.arrival is None else str(key.arrival)
            about = (key.round, key.arm, at, str(key.week), key.stratum, str(of.n))
            sums = (f"{getattr(of, name):f}" for name in CELL_SUMS)
            lines.append(",".join((*about, *sums)) + "\n")
    return "".join(lines)
