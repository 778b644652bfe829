"""Published data, and other programs, beside the numerical core: within 1 %."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import effect_cities as cities
import numpy as np
import pytest

from vouchercli.ops.effect import moments as core
from vouchercli.ops.effect import panels
from vouchercli.ops.effect import waves as districts
from vouchercli.rules.effects import LOST, WON, Key

JUDGE = Path(f"{sys.prefix}-judges", "bin", "python")
SCRIPT = Path(__file__).with_name("effect_judge.py")
NEAR = 0.01
# Districts that begin in week 1 or 5 or never, with one week before: then all weeks before are the
# one that Callaway and Sant'Anna take for the first of them.
SEVERAL = {
    key: of
    for key, of in cities.staggered(7, districts=60, people=20).items()
    if key.arrival != 3 and key.week >= -1
}
PUBLISHED = 1_794  # dollars: LaLonde 1986; Dehejia and Wahba 1999, table 3


def has_judges() -> bool:
    """Whether the judges' Python has them."""
    return (
        JUDGE.exists()
        and not subprocess.run(
            [JUDGE, "-c", "import diff_diff, pandas, scipy"], capture_output=True, check=False
        ).returncode
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the judges say, also of a synthetic panel."""
    if not has_judges():
        pytest.skip("make judges")
    lines = ["district,won,week,y"]
    for key, of in cities.waves(7).items():
        won = int(key.arm == WON)
        lines.append(f"{key.stratum},{won},{int(key.week > 0)},{of.y / of.n}")
    folder = tmp_path_factory.mktemp("judge")
    file, staggered = folder / "panel.csv", folder / "staggered.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    lines = ["district,start,week,y"]
    for key, of in SEVERAL.items():
        lines.append(f"{key.stratum},{key.arrival or 0},{key.week},{of.y / of.n}")
    staggered.write_text("\n".join(lines) + "\n", "utf-8")
    ran = subprocess.run(
        [JUDGE, SCRIPT, file, staggered],
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.slow
def test_the_published_lottery_is_reproduced(told: dict[str, Any]) -> None:
    won, after, before = np.array(told["lottery"]["people"]).T
    plain, lin = [], []
    for arm in (won == 1, won == 0):
        nothing = np.zeros(arm.sum())
        plain.append({"": core.Group.of([cities.moments(after[arm], nothing, nothing)])})
        lin.append({"": core.Group.of([cities.moments(after[arm], nothing, before[arm])])})
    for sides, judged in ((plain, told["lottery"]["plain"]), (lin, told["lottery"]["lin"])):
        found = core.lots(*sides)
        assert found.by[0] == pytest.approx(judged[0], rel=NEAR)
        assert np.sqrt(found.cov[0, 0]) == pytest.approx(judged[1], rel=NEAR)
    assert core.lots(*plain).by[0] == pytest.approx(PUBLISHED, rel=NEAR)


@pytest.mark.slow
def test_the_published_limit_is_reproduced(told: dict[str, Any]) -> None:
    cells: cities.Cells = {}
    for place, (at, support) in enumerate(told["limit"]["people"]):
        arm, one = (WON if at < 0 else LOST), np.array([support])
        key = Key("r", arm, round(at * 1_000_000), 4, str(place))
        cells[key] = cities.moments(one, 0 * one, 0 * one)
    found = core.jump(core.bins(cells, is_score=False), 10_000, 0)
    assert found.by[0] == pytest.approx(told["limit"]["jump"], rel=NEAR)
    assert found.by[0] == pytest.approx(told["limit"]["weighed"][0], rel=NEAR)
    assert np.sqrt(found.cov[0, 0]) == pytest.approx(told["limit"]["weighed"][1], rel=NEAR)


@pytest.mark.slow
def test_districts_in_waves_are_two_way_fixed_effects(told: dict[str, Any]) -> None:
    cells = cities.waves(7)
    weeks = 4
    assert districts.change(panels.panel(cells, (weeks,), 4), 1, weeks).by[
        0
    ] / weeks == pytest.approx(told["panel"], rel=NEAR)


@pytest.mark.slow
def test_several_starts_are_those_of_callaway_and_santanna(told: dict[str, Any]) -> None:
    """The first cohort against those not yet treated; the later one, held against the week before
    the opening, against those that never are.
    """
    panel = panels.panel(SEVERAL, (4,), 4)
    judged = {(start, week): of for start, week, *of in told["starts"]["not_yet_treated"]}
    for week in (3, 4):  # counted from the later start too, these weeks are not told
        found = districts.change(panel, week, week)
        assert found.by[0] == pytest.approx(judged[1, week][0], rel=NEAR)
        assert np.sqrt(found.cov[0, 0]) == pytest.approx(judged[1, week][1], rel=NEAR)
    later = panels.panel({key: of for key, of in SEVERAL.items() if key.arrival != 1}, (2,), 4)
    judged = {(start, week): of for start, week, *of in told["starts"]["never_treated"]}
    for week in (1, 2):
        effect = judged[5, week + 4][0] - judged[5, -1][0]
        assert districts.change(later, week, week).by[0] == pytest.approx(effect, rel=NEAR)
