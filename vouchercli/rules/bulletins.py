"""The law of the daily bulletin: its day, its pace, how long money lasts at it, and what is odd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from vouchercli.rules import leverage, times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.rules.leverage import Sums

Value = TypeVar("Value")

PACE_DAYS = 7  # the pace is that of so many days, the bulletin's among them
SOON_DAYS = 3
RUNNING = ("open", "paused", "closed")  # states in which vouchers are used
CLAIMABLE = ("open", "paused")
MANY_PER_HUNDRED = 1  # rejected rows beside payments
TIMES_FAR = 2


class Pair(NamedTuple, Generic[Value]):
    """A figure of the day, and of all up to its end."""

    of_day: Value
    so_far: Value


def yesterday(now: int, zone: str) -> int:
    """The last local day (yyyymmdd) that is over."""
    first, _ = times.day_bounds(times.day_of(now, zone), zone)
    return times.day_of(first - 1, zone)


def pooled_pair(pairs: Iterable[Pair[Sums]]) -> Pair[Sums]:
    """The totals: sum over sum."""
    every = list(pairs)
    return Pair(
        leverage.pooled(each.of_day for each in every),
        leverage.pooled(each.so_far for each in every),
    )


def pace_fen(paid_fen: int, opened_on: int, day: int) -> int:
    """What vouchers paid a day, of what they paid in the `PACE_DAYS` up to a local day (yyyymmdd),
    or since the round opened if that is less; 0 if refunds were more.
    """
    age = (times.as_date(day) - times.as_date(opened_on)).days + 1
    return max(paid_fen, 0) // min(PACE_DAYS, age)


def days_left(left_fen: int, pace: int) -> int | None:
    """How many whole days that money lasts; None: nothing is paid, so it is not known."""
    return max(left_fen, 0) // pace if pace > 0 else None


def are_many(rejected: int, accepted: int) -> bool:
    """Whether more rows were rejected than a few."""
    return rejected * 100 > MANY_PER_HUNDRED * (rejected + max(accepted, 0))


def is_far(of_day: Sums, so_far: Sums) -> bool:
    """Whether G of the day is more than twice, or less than half, that of all days."""
    one, all_ = (
        each.base_fen * other.public_fen for each, other in ((of_day, so_far), (so_far, of_day))
    )
    has_both = of_day.gross is not None and so_far.gross is not None
    return has_both and (one > TIMES_FAR * all_ or all_ > TIMES_FAR * one)
