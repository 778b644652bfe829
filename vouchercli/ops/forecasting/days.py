"""The curves of a forecast: claims in the first minutes, claims and money by day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vouchercli.ops.forecasting.figures import owed_by_day
from vouchercli.result import JSON, SHOWN, Column, Table, say
from vouchercli.rules import forecasts as law
from vouchercli.rules import times
from vouchercli.rules.forecasts import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.rules.forecasts import Replay

    PaidOn = Callable[[int], int | None]

MARKS = (60, 300, 900, 3_600, 21_600, 86_400)  # seconds after the opening
MINUTES = (
    Column("seconds", "since the opening", "span"),
    Column("claimed_low", "claimed, from", "int"),
    Column("claimed_high", "to", "int"),
)
DAYS = (
    Column("day", "day", "date"),
    Column("claimed_low", "claimed so far, from", "int"),
    Column("claimed_high", "to", "int"),
    Column("used_low", "used that day, from", "int"),
    Column("used_high", "to", "int"),
)
MONEY = (
    Column("day", "day", "date"),
    Column("subsidy_low_fen", "paid that day, from", "fen"),
    Column("subsidy_high_fen", "to", "fen"),
    Column("owed_low_fen", "merchants wait for, from", "fen"),
    Column("owed_high_fen", "to", "fen"),
)


def tabulate_minutes(current: RoundAtHand, replays: Sequence[Replay]) -> tuple[Table, ...]:
    """Claims in the first minutes and hours, of a race."""
    if current.row["mode"] != law.RACE:
        return ()
    window = current.row["closes_at"] - current.row["opens_at"]
    rows = [
        {"seconds": mark, **_between("claimed", [each.claimed_by(mark) for each in replays])}
        for mark in MARKS
        if mark <= window
    ]
    return (Table(say("After the opening"), MINUTES, rows, key="minutes"),)


def tabulate_days(
    current: RoundAtHand, replays: Sequence[Replay], paid_on: PaidOn
) -> tuple[Table, ...]:
    """Claims, use and money by day; use and money only of rounds whose vouchers have all ended."""
    first = times.day_of(current.row["opens_at"], current.zone)
    over = [each for each in replays if each.past.is_over]
    used, paid = [each.used_by_day() for each in over], [each.paid_by_day() for each in over]
    owed = [[owed_by_day(each, paid_on, side) for side in (0, 1)] for each in paid]
    moved = {0} | {day for each in (*used, *paid) for day in each}
    moved |= {day for both in owed for each in both for day in each}

    def row(day: int) -> dict[str, Any]:
        local = times.as_day(times.as_date(first) + timedelta(days=day))
        until = times.day_bounds(local, current.zone)[1] - current.row["opens_at"]
        of_day = {
            "used": [each.get(day, Bounds(0, 0)) for each in used],
            "subsidy": [each.get(day, Bounds(0, 0)) for each in paid],
            "owed": [Bounds(*(law.standing(each, day) for each in both)) for both in owed],
        }
        return {
            "day": local,
            **_between("claimed", [each.claimed_by(until) for each in replays]),
            **_between("used", of_day["used"]),
            **_between("subsidy", of_day["subsidy"], "_fen"),
            **_between("owed", of_day["owed"], "_fen"),
        }

    rows = [row(day) for day in sorted(moved) if day >= 0]
    note = say("Each day by itself; the lowest days of all do not come together.")
    return (
        Table(say("By day"), DAYS, rows, notes=(note,), where=SHOWN),
        Table(say("Money by day"), MONEY, rows, where=SHOWN, optional=not over),
        Table(say("By day"), (*DAYS, *MONEY[1:]), rows, where=JSON, key="days"),
    )


def _between(name: str, said: Iterable[Bounds], unit: str = "") -> dict[str, int | None]:
    """The lowest and the highest of what past rounds say; None of none."""
    found = law.range_of([*said])
    return {
        f"{name}_low{unit}": found.low if found else None,
        f"{name}_high{unit}": found.high if found else None,
    }
