"""When the money of a day comes to merchants, by the programme's own terms, at the earliest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from vouchercli.ops.rounds import holidays
from vouchercli.rules import settlements, times
from vouchercli.rules.settlements import FOUR_WEEKS, SUNDAY, Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.rules.programmes import Programme


def of_round(current: RoundAtHand) -> Callable[[int], int | None]:
    """The same of a round, its days counted from its opening."""
    return paid_on(current.programme, times.day_of(current.row["opens_at"], current.zone))


def paid_on(programme: Programme, first: int) -> Callable[[int], int | None]:
    """Gives for a day (0: the local day `first`, yyyymmdd) the day on which its money comes at the
    earliest: its period is over, its last day is sealed, it has cooled off, the list has stood, and
    banks work; None: at the end of the programme.
    """
    terms = programme.settlement or Terms()
    wait = 1 + max(terms.cooling_off_days, programme.books.close_after_days or 0)
    if terms.notice_days:
        wait += terms.notice_days + 1
    begin = times.as_date(first)

    def find(day: int) -> int | None:
        period = last_of_period(terms, first, day)
        if period is None:
            return None
        ready = times.as_day(begin + timedelta(days=period + wait))
        on = settlements.next_workday(
            ready, lambda each: holidays.judge_day(programme, each).is_workday
        )
        return settlements.days_between(first, on)

    return find


def last_of_period(terms: Terms, first: int, day: int) -> int | None:
    """The last day of the period that a day lies in, both counted from the local day `first`."""
    if terms.every == "end":
        return None
    if terms.every == "week":
        weekday = (times.as_date(first) + timedelta(days=day)).isoweekday()
        return day + SUNDAY - weekday
    return day // FOUR_WEEKS * FOUR_WEEKS + FOUR_WEEKS - 1 if terms.every == "four_weeks" else day
