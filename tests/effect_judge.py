"""Run by the judges' Python: published data of `causaldata`, and what `diff-diff` makes of them and
of two synthetic panels (their CSV files are the arguments); all as JSON.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from diff_diff import (
    CallawaySantAnna,
    LinearRegression,
    RegressionDiscontinuity,
    TwoWayFixedEffects,
)

WIDTH = 0.01
warnings.simplefilter("ignore")
folders = importlib.util.find_spec("causaldata")
assert folders is not None
DATA = Path((folders.submodule_search_locations or [""])[0])


def line(design: Any, y: Any, **how: Any) -> list[float]:
    """The second coefficient of a regression, and its standard error."""
    fit = LinearRegression(**how).fit(np.asarray(design, float), np.asarray(y, float))
    return [float(fit.coefficients_[1]), float(np.sqrt(fit.vcov_[1, 1]))]


def lottery() -> dict[str, Any]:
    """The job training of LaLonde 1986, as Dehejia and Wahba 1999 have it."""
    of = pd.read_stata(DATA / "nsw_mixtape" / "nsw_mixtape.dta")
    centred = of.re75 - of.re75.mean()
    return {
        "people": of[["treat", "re78", "re75"]].to_numpy(float).tolist(),
        "plain": line(of[["treat"]], of.re78, vcov_type="hc2"),
        "lin": line(
            np.column_stack([of.treat, centred, of.treat * centred]), of.re78, vcov_type="hc2"
        ),
    }


def limit() -> dict[str, Any]:
    """Transfers to families below a limit: Manacorda, Miguel and Vigorito 2011."""
    of = pd.read_csv(DATA / "gov_transfers" / "Government_Transfers_RDD_Data.csv")
    at = of.Income_Centered
    jump = RegressionDiscontinuity(h=WIDTH, b=WIDTH).fit(
        of.assign(below=-at), outcome="Support", running="below"
    )
    kernel = (1 - at.abs() / WIDTH).clip(lower=0)
    near = kernel > 0
    design = np.column_stack([at < 0, at, (at < 0) * at])[near]
    weighed = line(
        design,
        of.Support[near],
        vcov_type="hc1",
        weights=kernel[near].to_numpy(),
        weight_type="pweight",
    )
    return {
        "people": of[["Income_Centered", "Support"]].to_numpy(float).tolist(),
        "jump": float(jump.att_conventional),
        "weighed": weighed,
    }


def panel(file: str) -> float:
    """Two-way fixed effects of a panel of districts by weeks."""
    of = pd.read_csv(file)
    fit = TwoWayFixedEffects().fit(of, outcome="y", treatment="won", time="week", unit="district")
    return float(fit.att)


def starts(file: str) -> dict[str, list[list[float]]]:
    """Group-time effects of a panel of districts by weeks, with either group of controls: cohort,
    week, effect, error. There is no week 0; a start of 0 is never.
    """
    of = pd.read_csv(file)
    first = 1 - of.week.min()
    of["at"] = of.week.where(of.week < 0, of.week - 1) + first
    of["begins"] = of.start.where(of.start == 0, of.start - 1 + first)
    found = {}
    for controls in ("never_treated", "not_yet_treated"):
        fit = CallawaySantAnna(control_group=controls, base_period="universal").fit(
            of, outcome="y", unit="district", time="at", first_treat="begins"
        )
        found[controls] = [
            [int(begins - first + 1), _week(int(at - first)), each["effect"], each["se"]]
            for (begins, at), each in fit.group_time_effects.items()
        ]
    return found


def _week(at: int) -> int:
    return at if at < 0 else at + 1


if __name__ == "__main__":
    told = {
        "lottery": lottery(),
        "limit": limit(),
        "panel": panel(sys.argv[1]),
        "starts": starts(sys.argv[2]),
    }
    print(json.dumps(told))
