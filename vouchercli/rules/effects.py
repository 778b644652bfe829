"""The law of effect: which method an issuance allows, what a plan says, what a cell must satisfy,
and what must hold before a point is given. Source of the formulas: docs/effect.md.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal, InvalidOperation
from math import erfc, log1p, sqrt
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WON, LOST = "won", "lost"
# by issuance; the first is taken unless the plan names another
METHODS = {
    "lottery": ("lottery", "waves", "none"),
    "fcfs": ("arrival", "waves", "none"),
    "targeted": ("score", "waves", "none"),
}
METHOD_WORDS = {
    "lottery": Word("lottery: winners against losers"),
    "arrival": Word("arrival time: just before against just after selling out"),
    "score": Word("score: just above against just below the limit"),
    "waves": Word("waves: districts that had it against those that had it later"),
    "none": Word("no comparison: bounds alone"),
    "arms": Word("two arms: one face against the other"),
}
SHORT = {
    "lottery": Word("lottery"),
    "arrival": Word("arrival time"),
    "score": Word("score"),
    "waves": Word("waves"),
    "none": Word("bounds"),
    "arms": Word("two arms"),
}
OUTCOMES = {
    "spending": Word("all that a person spent, vouchers included"),
    "own": Word("what a person paid of own money"),
}
ARM_WORDS = {WON: Word("with a pack"), LOST: Word("without a pack")}
BY_PEOPLE = ("lottery", "arrival", "score")  # whose cells are of people who asked for a pack
AT_A_LIMIT = ("arrival", "score")
WEEKS = (1, 4, 16)
LONGEST = 104
SMALLEST_CELL = 20
BEFORE = 4  # weeks before the opening, of which the placebo and the adjustment are
NOT_CHANCE = 0.01  # a difference before the opening that chance brings so seldom is none of chance
LEAST_DISTRICTS = 5  # of a cohort in waves: of fewer no drift before the opening can be told
LEAST_IN_WINDOW = 8  # districts with vouchers that a point in waves rests on
DONUT_MS, BANDWIDTH_MS = 100, 5_000
DONUT_SCORE, BANDWIDTH_SCORE = 0, 10_000  # thousandths of a point
TOLERANCE = Decimal("0.01")  # sums and squares are rounded to fen, each by itself


PLANNED, FROM_CELLS = "planned", "cells"
WIDTHS = {
    PLANNED: Word("as planned"),
    FROM_CELLS: Word("from the cells, with a curve"),
}


class Plan(NamedTuple):
    """What is fixed before a round opens: how its effect will be estimated. `before` is weeks;
    `bandwidth` and `donut` are milliseconds of arrival or thousandths of a point of the score;
    `widths`: whether the estimate goes by that bandwidth or by one from the cells; `districts`: how
    many the cells of waves must tell of (0: not said).
    """

    round: str
    method: str
    outcome: str
    windows: tuple[int, ...]
    population: str
    strata: str
    smallest: int
    before: int
    bandwidth: int
    donut: int
    widths: str = PLANNED
    districts: int = 0

    @property
    def text(self) -> str:
        """The plan as it is sealed: the same terms give the same bytes. A term that came later
        stands only where it is not as it was before.
        """
        came_later = self._field_defaults.items()
        terms = dict(self._asdict().items() - came_later)
        return json.dumps(terms, ensure_ascii=False, sort_keys=True)

    @property
    def sha256(self) -> str:
        """The digest of that text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def plan_of(text: str) -> Plan:
    """The plan that was sealed as this text."""
    kept = json.loads(text)
    return Plan(**{**kept, "windows": tuple(kept["windows"])})


def unplanned(round_code: str, mode: str) -> Plan:
    """What is done for a round without a plan."""
    method = METHODS[mode][0]
    return Plan(
        round_code, method, "spending", WEEKS, "", "", SMALLEST_CELL, BEFORE, *width(method)
    )


def width(method: str) -> tuple[int, int]:
    """The usual bandwidth and donut of a method."""
    return {
        "arrival": (BANDWIDTH_MS, DONUT_MS),
        "score": (BANDWIDTH_SCORE, DONUT_SCORE),
    }.get(method, (0, 0))


def read_weeks(text: str) -> tuple[int, ...]:
    """`1,4,16`: the windows, the shortest first. Raises `ValueError`."""
    weeks = sorted({int(each) for each in text.replace("，", ",").split(",")})
    if not weeks or weeks[0] < 1 or weeks[-1] > LONGEST:
        raise ValueError(text)
    return tuple(weeks)


# ---------------------------------------------------------------- cells


class Key(NamedTuple):
    """Which cell: `arrival` is where its bin stands (milliseconds from selling out, thousandths of
    a point from the limit; None: everywhere); `week` 4 is all from the opening to the end of the
    fourth week, -4 the four weeks before it (in waves: that week alone).
    """

    round: str
    arm: str
    arrival: int | None
    week: int
    stratum: str


class Moments(NamedTuple):
    """Of `n` people: sums of spending y, used subsidy s and earlier spending x (yuan), their
    squares and products (yuan times yuan).
    """

    n: int
    y: Decimal
    yy: Decimal
    s: Decimal
    ss: Decimal
    sy: Decimal
    x: Decimal
    xx: Decimal
    xy: Decimal
    xs: Decimal


SUMS = ("y", "s", "x")
SQUARES = ("yy", "ss", "sy", "xx", "xy", "xs")


class Damaged(ValueError):
    """A value that cannot be: the column, what is wrong, and what explains it."""

    def __init__(self, column: str, code: str, **more: object) -> None:
        super().__init__(code)
        self.column, self.code, self.more = column, code, more


def read_number(text: str, column: str, places: int) -> Decimal:
    """A decimal with at most so many places. Raises `Damaged`."""
    try:
        found = Decimal(text.replace(",", "").strip() or "0")
    except InvalidOperation:
        raise Damaged(column, "no_number") from None
    if not found.is_finite() or abs(found) >= Decimal(10) ** 30:
        raise Damaged(column, "no_number")
    if found != round(found, places):
        raise Damaged(column, "too_many_places")
    return found


def read_whole(text: str, column: str) -> int:
    """A whole number. Raises `Damaged`."""
    found = read_number(text, column, 0)
    return int(found)


def examine(of: Moments, smallest: int) -> None:
    """Raise `Damaged` where so many people cannot have such sums, or are too few to be told."""
    if of.n < smallest:
        raise Damaged("n", "cell_too_small", smallest=smallest)
    for column in SUMS:
        if getattr(of, column) < 0:
            raise Damaged(column, "below_zero")
    # Cauchy and Schwarz: no variance is below 0, no covariance beyond what both variances allow
    spread = {}
    for column, sum_ in (("yy", of.y), ("ss", of.s), ("xx", of.x)):
        spread[column[0]] = getattr(of, column) - sum_ * sum_ / of.n
        if spread[column[0]] < -_slack(of.n, sum_):
            raise Damaged(column, "square_too_small")
    for column, one, other in (("sy", "s", "y"), ("xy", "x", "y"), ("xs", "x", "s")):
        sums = getattr(of, one), getattr(of, other)
        cross = getattr(of, column) - sums[0] * sums[1] / of.n
        most = max(spread[one], Decimal(0)) * max(spread[other], Decimal(0))
        if abs(cross) > most.sqrt() + _slack(of.n, max(sums)):
            raise Damaged(column, "product_impossible")


def _slack(n: int, sum_: Decimal) -> Decimal:
    """How far sums that were rounded to fen may miss."""
    return TOLERANCE * (1 + 2 * sum_ / n)


# ---------------------------------------------------------------- what must hold


class Check(NamedTuple):
    """Something that must hold before a point is given: how often chance alone brings as much as
    was found (None: it could not be looked at).
    """

    check: str
    weeks: int | None
    p: float | None
    comparison: str = ""

    @property
    def passes(self) -> bool:
        """Whether it holds."""
        return self.p is not None and self.p >= NOT_CHANCE


CHECK_WORDS = {
    "balance": Word("spending before is the same in both groups"),
    "placebo": Word("no effect before the opening"),
    "pre_trend": Word("both groups moved alike before the opening"),
    "placebo_cut": Word("no jump where nothing was sold out"),
}


def two_sided(z: float) -> float:
    """How often chance alone brings so large a number of standard errors, either way."""
    return erfc(abs(z) / sqrt(2))


def two_sided_t(t: float, freedom: float) -> float:
    """The same of Student's t. Source: D. L. Wallace 1959, his transform to a normal number."""
    shrink = (8 * freedom + 1) / (8 * freedom + 3)
    return two_sided(shrink * sqrt(freedom * log1p(t * t / freedom)))


REASONS = {
    "rejects": Word("rows of the file were refused and have not come back"),
    "no_cells": Word("the platform has sent no cells of this round and window"),
    "no_losers": Word("nobody without a pack is among the cells"),
    "no_placebo": Word("the cells say nothing of the time before the opening"),
    "balance": Word("the groups differed before the opening"),
    "placebo": Word("an effect shows before the opening, where none can be"),
    "pre_trend": Word("the groups moved apart before the opening"),
    "placebo_cut": Word("a jump shows where nothing was sold out"),
    "staggered": Word("vouchers were used in districts that had not begun"),
    "gaps": Word("districts lack weeks that are needed, and a whole group is gone with them"),
    "lost_districts": Word("the cells tell of fewer districts than the plan counts"),
    "few_districts": Word("the window rests on fewer than 8 districts with vouchers"),
    "weak": Word("winners hardly used more subsidy than the others"),
    "few": Word("too few people, bins or districts to compare"),
    "none": Word("nothing in this issuance gives a comparison"),
}


def withheld(checks: Iterable[Check]) -> str:
    """Why no point is given ('': one is): the first check that does not hold."""
    every = [*checks]
    if not any(
        each.check in ("balance", "placebo", "pre_trend") and each.p is not None for each in every
    ):
        return "no_placebo"
    return next((each.check for each in every if each.p is not None and not each.passes), "")


def too_few(districts: Iterable[int]) -> str:
    """Why a window has no point for the districts of its cohorts ('': they are enough)."""
    return "few_districts" if sum(districts) < LEAST_IN_WINDOW else ""


def departures(sealed: Plan, done: Plan) -> list[str]:
    """In what an estimate departs from the plan that was sealed."""
    names: Mapping[str, object] = done._asdict()
    return [name for name, value in sealed._asdict().items() if names[name] != value]


def decimals(value: float) -> str:
    """A ratio, or yuan, with 2 decimals; never -0.00."""
    text = f"{value:.2f}"
    return text.removeprefix("-") if float(text) == 0 else text
