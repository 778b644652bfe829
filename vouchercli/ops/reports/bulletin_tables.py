"""How the daily bulletin reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports import bulletin_before, cautions
from vouchercli.ops.reports.cautions import FEW_PAYMENTS, NO_TOTAL, SAYS_LITTLE
from vouchercli.ops.reports.dimensions import key_column
from vouchercli.ops.reports.measures import FORMULAS, columns
from vouchercli.ops.reports.spans import limits_of_sight
from vouchercli.result import DATA, Column, Table, only, say
from vouchercli.rules import times
from vouchercli.rules.bulletins import PACE_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message

    Rows = Sequence[dict[str, Any]]

MEASURED = ("redemptions", "base_fen", "subsidy_fen", "own_fen", "gross")
FIGURES = columns(*MEASURED)
OF_DAY = (
    Column("day_redemptions", "Day: redemptions", "int"),
    Column("day_base_fen", "Day: base spend", "fen"),
    Column("day_subsidy_fen", "Day: subsidy", "fen"),
    Column("day_gross", "Day: G", "ratio"),
)
SO_FAR = (*FIGURES[:3], FIGURES[4])
LITTLE = (replace(SAYS_LITTLE, key="day_says_little", label="Day: says little"), SAYS_LITTLE)
SPANS = (
    Column("span", "", "word"),
    *columns("claimed"),
    *FIGURES,
    *columns("own_spend", "floor"),
    SAYS_LITTLE,
)
ROUNDS = (
    Column("round", "Round"),
    Column("state", "State", "word"),
    Column("day_claimed", "Day: claimed", "int"),
    *columns("claimed", "claim_rate"),
    OF_DAY[0],
    *only(DATA, OF_DAY[1]),
    OF_DAY[2],
    *only(DATA, OF_DAY[3]),
    SO_FAR[0],
    *only(DATA, SO_FAR[1]),
    *SO_FAR[2:],
    *LITTLE,
)
MONEY = (
    Column("round", "Round"),
    Column("unclaimed_fen", "Not claimed yet", "fen"),
    *columns("outstanding_fen"),
    Column("left_fen", "Left", "fen"),
    Column("pace_fen", "Paid a day", "fen"),
    Column("days_left", "Lasts, days", "int"),
)
REJECTS = (Column("reason", "Reason", "code"), Column("rows", "Rows", "int"))


def bulletin(
    scope: Scope,
    day: int,
    spans: Rows,
    rounds: Rows,
    cuts: Mapping[str, Rows],
    money: Rows,
    before: list[dict[str, Any]],
    rejects: list[tuple[str, int]],
    odd: tuple[Message, ...],
) -> tuple[Table, ...]:
    """The tables of a bulletin, the day's figures first."""
    about = {"programme": scope.code, "day": times.day_text(day)}
    return (
        Table(
            say("Daily bulletin of {programme}: {day}", **about),
            SPANS,
            spans,
            notes=(
                *(odd or (say("Nothing odd was found."),)),
                *cautions.sentences((FEW_PAYMENTS,), SPANS[:1], spans, NO_TOTAL),
                *FORMULAS,
                *limits_of_sight(scope),
            ),
            key="figures",
        ),
        Table(say("By round"), ROUNDS, rounds, key="by_round", bars="day_redemptions"),
        *(
            Table(
                say("By industry") if by == "industry" else say("By district"),
                (key_column(by, "key"), *OF_DAY, *SO_FAR, *LITTLE),
                rows,
                notes=(
                    *cautions.sentences((FEW_PAYMENTS,), (key_column(by, "key"),), rows, NO_TOTAL),
                ),
                key=f"by_{by}",
                bars="day_redemptions",
            )
            for by, rows in cuts.items()
        ),
        Table(
            say("Money left in rounds that run"),
            MONEY,
            money,
            notes=(
                say(
                    "Paid a day: the mean of the last {days} days, or since the opening. Lasts:"
                    " left / paid a day.",
                    days=PACE_DAYS,
                ),
            ),
            key="money",
            optional=True,
        ),
        *bulletin_before.tables(before),
        Table(
            say("Rejected rows of the day"),
            REJECTS,
            [{"reason": reason, "rows": count} for reason, count in rejects],
            key="rejects",
            optional=True,
        ),
    )
