"""How long payments take, and how old is what is not paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import leverage, money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

A_WEEK = 7
AGES = (7, 30, 90)  # days: the last of each band; behind the last one all that is older


class Waited(NamedTuple):
    """What was paid so many days after the day on which it was booked: so many dues, in fen.
    `is_prompt`: on the next working day, or before.
    """

    days: int
    dues: int
    amount_fen: int
    is_prompt: bool


class PaymentDays(NamedTuple):
    """How long it took, each amount (or each due) weighing as much as it is: the mean and the
    shares as decimal text, the median the least number of days in which half is paid.
    """

    mean: str | None
    median: int | None
    next_day: str | None
    week: str | None


def add_up(
    waited: Iterable[Waited], weight: Callable[[Waited], int] = lambda each: each.amount_fen
) -> PaymentDays:
    """Mean, median and shares of what was paid."""
    ordered = sorted((each.days, weight(each), each.is_prompt) for each in waited)
    whole = sum(each for _, each, _ in ordered)
    if not whole:
        return PaymentDays(None, None, None, None)
    return PaymentDays(
        money.ratio(sum(days * each for days, each, _ in ordered), whole),
        _median([(days, each) for days, each, _ in ordered], whole),
        leverage.rate(sum(each for _, each, is_prompt in ordered if is_prompt), whole),
        leverage.rate(sum(each for days, each, _ in ordered if days <= A_WEEK), whole),
    )


def _median(ordered: list[tuple[int, int]], whole: int) -> int:
    so_far = 0
    for days, each in ordered:
        so_far += each
        if 2 * so_far >= whole:
            return days
    return ordered[-1][0]


def age_band(days: int) -> int:
    """The place of the band that so many days fall into: 0 up to 7 days, 1 up to 30 ..."""
    return sum(days > last for last in AGES)
