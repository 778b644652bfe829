"""Rows of estimates and checks, and their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import DATA, JSON, SHOWN, Column, Word, only
from vouchercli.rules import effects as law

if TYPE_CHECKING:
    from vouchercli.ops.effect.panels import Gap
    from vouchercli.rules.effects import Check

    Row = dict[str, Any]

POINT, BOUNDS = Word("point"), Word("bounds")
LINE, CURVE = Word("straight"), Word("curved")
YES, NO = Word("yes"), Word("no")

EFFECT = (
    Column("effect", "I", "ratio"),
    Column("low", "from", "ratio"),
    Column("high", "to", "ratio"),
    Column("given", "Given", "word"),
    Column("reason_words", "Why no point", "word", optional=True, where=SHOWN),
    *only(JSON, "reason"),
)
ESTIMATES = (
    Column("method_words", "Method", "word", where=SHOWN),
    *only(JSON, "comparison"),
    Column("weeks", "Weeks", "int"),
    Column("donut", "Donut", "word", optional=True),
    Column("fit", "Fit", "word", optional=True),
    Column("width", "Width", "int", optional=True),
    Column("starts", "Begun in week", optional=True, shown="starts_shown"),
    Column("treated", "With", "int"),
    Column("control", "Without", "int"),
    Column("left_out", "Left out", "int", optional=True),
    Column("itt", "A person", "ratio"),
    Column("itt_low", "A person, from", "ratio", where=DATA),
    Column("itt_high", "A person, to", "ratio", where=DATA),
    Column("subsidy", "Subsidy", "ratio"),
    *EFFECT,
    *only(JSON, "leads"),
)
CHECKS = (
    Column("check_words", "Must hold", "word", where=SHOWN),
    *only(JSON, "check", "comparison"),
    Column("weeks", "Weeks", "int"),
    Column("p", "By chance", "rate"),
    Column("holds", "Passes", "word"),
)
PEOPLE = (
    Column("arm_words", "Arm", "word", where=SHOWN),
    *only(JSON, "arm"),
    Column("week", "Week", "int"),
    Column("told", "In the cells", "int"),
    Column("known", "Known here", "int"),
)
GAPS = (
    Column("district", "District"),
    Column("start", "Begins in week", "int"),
    Column("weeks", "Weeks that are missing", shown="weeks_shown"),
)
WEEKS = (
    Column("week", "Week", "int"),
    Column("itt", "A person", "ratio"),
    Column("itt_low", "from", "ratio"),
    Column("itt_high", "to", "ratio"),
)


def row_of(
    comparison: str,
    weeks: int,
    contrast: Any,
    bounds: tuple[str, str | None],
    reason: str,
    *,
    donut: bool = False,
) -> Row:
    """A comparison in one window: a point with its interval where there is one without a `reason`
    against it, else bounds.
    """
    found: Row = {
        "comparison": comparison,
        "method_words": law.SHORT[comparison],
        "weeks": weeks,
        "donut": (YES if donut else NO) if comparison in law.AT_A_LIMIT else None,
        "fit": None,
        "width": None,
        "leads": comparison != "arms",  # what the plan goes by, and reports show
        "starts": None,
        "reason": reason or None,
        "reason_words": law.REASONS[reason] if reason else None,
        "treated": None if contrast is None else contrast.treated,
        "left_out": None,
        "control": None if contrast is None else contrast.control,
        "subsidy": None if contrast is None else law.decimals(float(contrast.by[1])),
    }
    itt = (None, None, None) if contrast is None else (*map(law.decimals, contrast.itt),)
    found |= dict(zip(("itt", "itt_low", "itt_high"), itt, strict=True))
    if reason:
        return found | {"effect": None, "low": bounds[0], "high": bounds[1], "given": BOUNDS}
    effect = (*map(law.decimals, contrast.wald),)
    return found | dict(zip(("effect", "low", "high"), effect, strict=True)) | {"given": POINT}


def gap_row(each: Gap) -> Row:
    """A district that is left out, and the weeks that it lacks."""
    return each._asdict() | {"weeks_shown": [*map(str, each.weeks)]}


def check_row(each: Check) -> Row:
    """A check as it is shown; what could not be looked at says neither yes nor no."""
    return {
        "check": each.check,
        "comparison": each.comparison,
        "check_words": law.CHECK_WORDS[each.check],
        "weeks": each.weeks,
        "p": None if each.p is None else f"{each.p:.4f}",
        "holds": None if each.p is None else YES if each.passes else NO,
    }
