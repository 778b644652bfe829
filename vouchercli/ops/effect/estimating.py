"""effect estimate: what vouchers of a round did, by the plan that was sealed, with an interval; or
bounds, and why no more can be said.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.ops.effect import plans
from vouchercli.ops.effect.surveys import table_of
from vouchercli.ops.effect.words import (
    CHECKS,
    CURVE,
    ESTIMATES,
    GAPS,
    LINE,
    PEOPLE,
    WEEKS,
    check_row,
    gap_row,
    row_of,
)
from vouchercli.ops.reports.scope import scope_of
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.result import EVERYWHERE, JSON, Outcome, Table, Word, say
from vouchercli.rules import effects as law
from vouchercli.rules import leverage
from vouchercli.store import arms, reports
from vouchercli.store import effects as store
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from vouchercli.ops.effect.words import Row
    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message
    from vouchercli.rules.effects import Check, Key, Moments, Plan
    from vouchercli.session import Session

    Cells = Mapping[Key, Moments]


class People(NamedTuple):
    """How many people of an arm and week the cells tell of, and how many are known here (None: it
    is not known).
    """

    arm: str
    week: int
    told: int
    known: int | None


class Estimated(NamedTuple):
    """What is known of a round: its rows (one a comparison and window), the checks, the weeks of an
    event study, and how it stands to a plan; how many rows of its file were `refused`.
    """

    plan: Plan
    sealed: store.Sealed | None
    departs: tuple[str, ...]
    file: store.File | None
    refused: int
    people: list[People]
    rows: list[Row]
    checks: list[Check]
    weeks: list[dict[str, Any]]
    panel: Any = None  # of districts in waves


def estimate(session: Session, code: str, wanted: plans.Wanted) -> Outcome:
    """The effect of a round, and whether it follows the plan. Raises `method_not_possible`,
    `bad_plan`, `no_numpy`.
    """
    with reading(session):
        current = look_up(session, code)
        found = of_round(session, current, wanted)
        survey = table_of(session.db, current)
    return _answer(current, found, survey)


def of_round(
    session: Session, current: RoundAtHand, wanted: plans.Wanted | None = None
) -> Estimated:
    """What is known of one round, by its plan unless something else is wanted."""
    sealed = store.sealed(session.db, current.round_id)
    mode = current.row["mode"]
    usual = store.standing_plan(session.db, current.round_id)
    plan = plans.make(usual, mode, wanted or plans.Wanted())
    departs = tuple(law.departures(usual, plan)) if sealed is not None else ()
    cells = store.cells(session.db, current.round_id)
    file = store.newest_cells(session.db, current.round_id)
    bounds = _bounds(session, current, plan)
    looked = _Look(plan, cells, _of_arm(session, current), bounds)
    refused = 0 if file is None else store.open_rejects(session.db, file)
    found = looked.refused() if refused else looked.all()
    people = _people(session, current, plan, cells)
    return Estimated(plan, sealed, departs, file, refused, people, *found, looked.panel)


def _people(
    session: Session, current: RoundAtHand, plan: Plan, cells: Mapping[Key, Moments]
) -> list[People]:
    """How many people the cells tell of, beside how many are known here, where any are."""
    if plan.method not in law.BY_PEOPLE:
        return []
    known = store.known_people(session.db, current.round_id)
    if known is None:
        return []
    told: Counter[tuple[str, int]] = Counter()
    for key, moments in cells.items():
        told[key.arm, key.week] += moments.n
    in_order = sorted(told, key=lambda each: (each[0] != law.WON, each[1]))
    return [People(arm, week, told[arm, week], known.of(arm)) for arm, week in in_order]


def load() -> tuple[ModuleType, ModuleType, ModuleType, ModuleType]:
    """The numerical core, loaded when it is asked for. Raises `no_numpy`."""
    try:
        from vouchercli.ops.effect import moments, panels, waves, widths  # numpy: 0.1 s
    except ImportError as error:
        raise VoucherError(
            "no_numpy",
            "this machine has no numpy, and an estimate works with it",
            hint="copy the file to a machine that has it: voucher backup FILE",
        ) from error
    return moments, waves, widths, panels


def _bounds(session: Session, current: RoundAtHand, plan: Plan) -> tuple[str, str | None]:
    """Between what the effect lies when nothing gives a comparison: nothing was new (of own money:
    vouchers took its place), or all that people paid themselves was.
    """
    scope = scope_of(session, [current.code], None, None)
    groups = reports.redemption_sums(session.db, "round", scope.window, scope.zone)
    sums = leverage.pooled(each.sums for each in groups if each.round_id == current.round_id)
    return ("0.00" if plan.outcome == "spending" else "-1.00"), sums.own_spend


def _of_arm(session: Session, current: RoundAtHand) -> tuple[str, Cells] | None:
    """The cells of the arm that is drawn with the round."""
    code = arms.arm_of(session.db, current.round_id)
    if code is None:
        return None
    return code, store.cells(session.db, look_up(session, code).round_id)


class _Fit(NamedTuple):
    """How a jump is estimated: how far from the limit is looked (None: it is not known), how near,
    and by lines or curves.
    """

    width: int | None
    donut: int
    is_curved: bool = False


class _Look:
    """Looks at the cells of a round by its plan."""

    def __init__(
        self,
        plan: Plan,
        cells: Cells,
        arm: tuple[str, Cells] | None,
        bounds: tuple[str, str | None],
    ) -> None:
        self._core, self._districts, self._widths, self._panels = load()
        self._plan, self._cells, self._arm, self._bounds = plan, cells, arm, bounds
        self.panel: Any = None  # of districts in waves, once they were looked at

    def all(self) -> tuple[list[Row], list[Check], list[dict[str, Any]]]:
        """Rows, checks, and the weeks of an event study."""
        method = self._plan.method
        if method == "none":
            return [self._bound(method, week, "none") for week in self._plan.windows], [], []
        if method == "lottery":
            return self._lottery()
        if method == "waves":
            return self._waves()
        return self._limit()

    def refused(self) -> tuple[list[Row], list[Check], list[dict[str, Any]]]:
        """Bounds alone: what was refused would have counted."""
        method = self._plan.method
        return [self._bound(method, week, "rejects") for week in self._plan.windows], [], []

    def _bound(self, comparison: str, week: int, reason: str, *, donut: bool = False) -> Row:
        return row_of(comparison, week, None, self._bounds, reason, donut=donut)

    def _point(self, comparison: str, week: int, contrast: Any, *, donut: bool = False) -> Row:
        weak = "" if contrast.wald is not None else "weak"
        return row_of(comparison, week, contrast, self._bounds, weak, donut=donut)

    def _of(self, arm: str, week: int, cells: Cells | None = None) -> Cells:
        return {
            key: of
            for key, of in (self._cells if cells is None else cells).items()
            if key.arm == arm and key.week == week
        }

    def _before(self, cells: Cells | None = None) -> int | None:
        """The week before the opening that the cells tell of."""
        every = self._cells if cells is None else cells
        return min((key.week for key in every if key.week < 0), default=None)

    # ---- a lottery, and two arms of one

    def _lottery(self) -> tuple[list[Row], list[Check], list[dict[str, Any]]]:
        pairs = [("lottery", self._cells, law.WON, self._cells, law.LOST)]
        if self._arm is not None:
            pairs.append(("arms", self._arm[1], law.WON, self._cells, law.WON))
        rows: list[Row] = []
        checks: list[Check] = []
        for comparison, one, arm, other, against in pairs:
            own = self._checks_of_lots(one, arm, other, against)
            checks += [each._replace(comparison=comparison) for each in own]
            for week in self._plan.windows:
                sides = self._of(arm, week, one), self._of(against, week, other)
                rows.append(self._lots(comparison, week, *sides, law.withheld(own)))
        return rows, checks, []

    def _lots(self, comparison: str, week: int, one: Cells, other: Cells, withheld: str) -> Row:
        if not one:
            return self._bound(comparison, week, "no_cells")
        if not other:
            return self._bound(comparison, week, "no_losers")
        if withheld:
            return self._bound(comparison, week, withheld)
        try:
            contrast = self._core.lots(self._core.by_stratum(one), self._core.by_stratum(other))
        except self._core.TooFew:
            return self._bound(comparison, week, "few")
        if comparison == "arms" and contrast.by[1] < 0:
            contrast = contrast.turned
        people = sum(of.n for side in (one, other) for of in side.values())
        row = self._point(comparison, week, contrast)
        return row | {"left_out": people - contrast.treated - contrast.control}

    def _checks_of_lots(self, one: Cells, arm: str, other: Cells, against: str) -> list[Check]:
        week = next(
            (each for each in self._plan.windows if self._of(arm, each, one)), self._plan.windows[0]
        )
        sides = self._of(arm, week, one), self._of(against, week, other)
        before = self._before(one)
        early = (
            None
            if before is None
            else (self._of(arm, before, one), self._of(against, before, other))
        )
        balance = None
        if all(sides) and all(any(of.xx for of in side.values()) for side in sides):
            groups = [
                {stratum: group.placebo() for stratum, group in self._core.by_stratum(side).items()}
                for side in sides
            ]
            balance = self._p(groups)
        placebo = None
        if early is not None and all(early):
            placebo = self._p([self._core.by_stratum(side) for side in early])
        return [law.Check("balance", week, balance), law.Check("placebo", before, placebo)]

    def _p(self, groups: list[Any]) -> float | None:
        try:
            return float(self._core.lots(*groups).p)
        except self._core.TooFew:
            return None

    # ---- a limit along arrival or score

    def _limit(self) -> tuple[list[Row], list[Check], list[dict[str, Any]]]:
        plan, rows = self._plan, []
        checks = self._checks_of_limit()
        reason = law.withheld(checks)
        for week in plan.windows:
            every, own = self._bins(week), plan.bandwidth
            is_planned = plan.widths == law.PLANNED
            # with the donut, which the plan goes by, and without it
            for donut in dict.fromkeys((plan.donut, 0)):
                leads = is_planned and donut == plan.donut
                rows.append(self._jump(week, every, reason, _Fit(own, donut), leads=leads))
            rows.append(self._jump(week, every, reason, _Fit(own, plan.donut, is_curved=True)))
            best = _Fit(self._width(every), plan.donut, is_curved=True)
            rows.append(self._jump(week, every, reason, best, leads=not is_planned))
        return rows, checks, []

    def _at(self, week: int) -> Cells:
        return {key: of for key, of in self._cells.items() if key.week == week}

    def _bins(self, week: int) -> list[Any]:
        every: list[Any] = self._core.bins(self._at(week), is_score=self._plan.method == "score")
        return every

    def _width(self, every: list[Any]) -> int | None:
        """The width that the cells ask for; None: they are too few to say."""
        try:
            return int(self._widths.optimal(every, self._plan.donut))
        except self._core.TooFew:
            return None

    def _jump(
        self, week: int, every: list[Any], reason: str, fit: _Fit, *, leads: bool = False
    ) -> Row:
        row = self._jump_of(week, every, reason, fit)
        return row | {
            "fit": CURVE if fit.is_curved else LINE,
            "width": fit.width,
            "leads": leads,
        }

    def _jump_of(self, week: int, every: list[Any], reason: str, fit: _Fit) -> Row:
        about = {"donut": fit.donut > 0}
        if not every:
            return self._bound(self._plan.method, week, "no_cells", **about)
        if len({each.is_treated for each in every}) < len((law.WON, law.LOST)):
            return self._bound(self._plan.method, week, "no_losers", **about)
        if reason:
            return self._bound(self._plan.method, week, reason, **about)
        if fit.width is None:
            return self._bound(self._plan.method, week, "few", **about)
        try:
            contrast = self._core.jump(every, fit.width, fit.donut, is_curved=fit.is_curved)
        except self._core.TooFew:
            return self._bound(self._plan.method, week, "few", **about)
        return self._point(self._plan.method, week, contrast, **about)

    def _checks_of_limit(self) -> list[Check]:
        core, plan = self._core, self._plan
        week = next((each for each in plan.windows if self._at(each)), plan.windows[0])
        every = self._bins(week)
        before = self._before()
        has_earlier = any(of.xx for of in self._at(week).values())
        balance = self._p_of_jump(core.earlier(every)) if has_earlier else None
        placebo = None if before is None else self._p_of_jump(self._bins(before))
        cut = core.elsewhere(every, plan.bandwidth // 2, plan.donut) if every else None
        return [
            law.Check("balance", week, balance),
            law.Check("placebo", before, placebo),
            law.Check("placebo_cut", week, cut),
        ]

    def _p_of_jump(self, every: list[Any]) -> float | None:
        try:
            return float(self._core.jump(every, self._plan.bandwidth, self._plan.donut).p)
        except self._core.TooFew:
            return None

    # ---- districts in waves

    def _waves(self) -> tuple[list[Row], list[Check], list[dict[str, Any]]]:
        plan, reason = self._plan, self._no_panel()
        if reason:
            return [self._bound("waves", week, reason) for week in plan.windows], [], []
        self.panel = self._panels.panel(self._cells, plan.windows, plan.before)
        checks = [
            law.Check("pre_trend", week, self._districts.trend(self.panel, week))
            for week in plan.windows
            if self._districts.in_window(self.panel, week)
        ]
        rows = [
            self._change(self.panel, week, [each for each in checks if each.weeks == week])
            for week in plan.windows
        ]
        return rows, checks, [*self._study(self.panel)]

    def _no_panel(self) -> str:
        """Why districts cannot be compared at all ('': they can)."""
        arms = {key.arm for key in self._cells}
        begun = {self._panels.start_of(key) for key in self._cells} - {None}
        if law.WON not in arms:
            return "no_cells"
        if law.LOST not in arms and len(begun) < len((law.WON, law.LOST)):
            return "no_losers"
        if len({key.stratum for key in self._cells}) < self._plan.districts:
            return "lost_districts"
        is_early = any(of.s and self._panels.is_before(key) for key, of in self._cells.items())
        return "staggered" if is_early or min(begun) < 1 else ""

    def _change(self, panel: Any, week: int, checks: list[Check]) -> Row:
        led = [panel.cohorts[at] for at in self._districts.in_window(panel, week)]
        starts = [each.start for each in led]
        about = {"starts": starts, "starts_shown": [*map(str, starts)], "left_out": panel.left_out}
        if panel.lost_cohort:
            return self._bound("waves", week, "gaps") | about
        if not led:
            return self._bound("waves", week, "few" if week <= panel.longest else "no_cells")
        if reason := law.withheld(checks) or law.too_few(each.districts for each in led):
            return self._bound("waves", week, reason) | about
        return self._point("waves", week, self._districts.change(panel, 1, week)) | about

    def _study(self, panel: Any) -> Iterator[dict[str, Any]]:
        """The difference of each week, from each district's own start, against all weeks before."""
        for week in self._districts.own_weeks(panel):
            try:
                of = self._districts.change(panel, week, week)
            except self._core.TooFew:
                continue
            yield dict(
                zip(("itt", "itt_low", "itt_high"), map(law.decimals, of.itt), strict=True)
            ) | {"week": week}


# ---------------------------------------------------------------- the answer


def _answer(current: RoundAtHand, found: Estimated, survey: tuple[Table, ...]) -> Outcome:
    plan = found.plan
    data = {
        "round": current.code,
        "plan": plan._asdict() | {"windows": [*plan.windows]},
        "follows_plan": follows(found),
        "departs": [*found.departs],
        "plan_sha256": None if found.sealed is None else found.sealed.sha256,
        "cells": None if found.file is None else found.file.file,
        "cells_batch": None if found.file is None else found.file.batch,
        "cells_refused": found.refused,
        "cells_unused_weeks": [] if found.panel is None else found.panel.surplus,
        "cells_sha256": None if found.file is None else found.file.sha256,
    }
    tables = (
        Table(
            say(
                "Effect of {round}: {method}",
                round=current.code,
                method=law.METHOD_WORDS[plan.method],
            ),
            ESTIMATES,
            found.rows,
            notes=(*NOTES, *_say_which_leads(plan)),
            key="estimates",
            zone=current.zone,
        ),
        Table(
            say("What must hold before a point is given"),
            CHECKS,
            [*map(check_row, found.checks)],
            key="checks",
            optional=True,
        ),
        Table(
            say("People of the cells"),
            PEOPLE,
            [_people_row(each) for each in found.people],
            key="people",
            optional=True,
            where=EVERYWHERE if any(each.told != each.known for each in found.people) else JSON,
        ),
        Table(
            say("Districts that are left out: weeks that are needed are missing"),
            GAPS,
            [] if found.panel is None else [*map(gap_row, found.panel.gaps)],
            key="gaps",
            optional=True,
        ),
        Table(say("Week by week"), WEEKS, found.weeks, key="weeks", optional=True),
        *survey,
    )
    return Outcome(data, tables, says=(*_stands(current, found),))


def _people_row(each: People) -> dict[str, Any]:
    return each._asdict() | {"arm_words": law.ARM_WORDS[each.arm]}


NOTES = (
    say(
        "I: spending for each yuan of subsidy used, against the same without vouchers (Wald, 95 %"
        " by Fieller); a person: intention to treat. Bounds: from nothing new to all own spending"
        " new (N). G is no part of it: G counts what would have been bought anyway."
    ),
)


def _say_which_leads(plan: Plan) -> Iterator[Message]:
    """Which of several estimates of a window the plan goes by."""
    if plan.method in law.AT_A_LIMIT:
        if plan.widths == law.PLANNED:
            yield say("Of each window the first row counts: a straight line, the planned width.")
        else:
            yield say("Of each window the last row counts: a curve, the width from the cells.")


def follows(found: Estimated) -> str | None:
    """yes, no, or None without a plan."""
    if found.sealed is None:
        return None
    return "no" if found.departs else "yes"


def _stands(current: RoundAtHand, found: Estimated) -> Iterator[Message]:
    if found.sealed is None:
        yield say("no plan was sealed before {round} opened: read it with care", round=current.code)
    elif found.departs:
        yield say(
            "it departs from the plan {sha256} in: {names}",
            sha256=found.sealed.sha256[:12],
            names=Word(", ".join(found.departs)),
        )
    else:
        yield say("it follows the plan {sha256}", sha256=found.sealed.sha256[:12])
    if found.panel is not None and found.panel.surplus:
        yield say(
            "no comparison needs these weeks, and none is made of them: {weeks}",
            weeks=", ".join(map(str, found.panel.surplus)),
        )
    if found.refused and found.file is not None:
        yield say(
            "{count} rows of {file} were refused: voucher batch rejects {batch}",
            count=found.refused,
            file=found.file.file,
            batch=found.file.batch,
        )
    if found.file is None:
        yield say("next: voucher effect import FILE --source NAME")
