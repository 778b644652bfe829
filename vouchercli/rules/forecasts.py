"""What past rounds would have come to in the place of another one, and how sure that is.

Each past round is replayed with the places, the vouchers and the days of the new one: of n rounds
that are alike, the next lies between the lowest and the highest of them with probability
(n - 1) / (n + 1), whatever the distribution (Wilks 1941). No chance enters: the same rounds give
the same ranges. Where a past round cannot say (it was sold out, and the new one has more packs) its
replay has bounds; ranges then hold at least as often.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

FEWEST = 2  # rounds of which a chance can be said
WEEK = 7
AROUND = 3  # days before and after a day: a week with that day in its middle
FEWEST_OF_A_WEEKDAY = 3  # such days that say how a weekday is
RACE = "fcfs"


@dataclass(frozen=True)
class Past:
    """A round that is over: its packs, `window` (seconds from opening to closing), claims as
    (seconds after the opening, how many) in order, and by day since the opening (0: its own day)
    what was used (vouchers) and paid (fen), net. `is_over`: its last voucher has ended; `face_fen`
    and `coupons` are of one pack; `weekday` is that of its opening (0: Monday).
    """

    round: str
    packs: int
    window: int
    seconds: Sequence[tuple[int, int]]
    coupons: int
    face_fen: int
    used: Mapping[int, int]
    paid_fen: Mapping[int, int]
    is_over: bool = True
    weekday: int = 0

    @property
    def claimed(self) -> int:
        """Packs claimed."""
        return sum(count for _, count in self.seconds)

    @property
    def is_full(self) -> bool:
        """Whether no pack was left."""
        return self.claimed >= self.packs


class Next(NamedTuple):
    """The round that is rehearsed: how it is granted, its packs, its window in seconds, what one
    pack holds, the weekday of its opening (0: Monday), and how weekdays differ (None: not known).
    """

    mode: str
    packs: int
    window: int
    coupons: int
    face_fen: int
    weekday: int = 0
    weekdays: tuple[Fraction, ...] | None = None


class Bounds(NamedTuple):
    """What one past round says of a figure: it is at least `low` and at most `high`."""

    low: int
    high: int


class Range(NamedTuple):
    """The lowest to the highest of so many past rounds; `middle` is their median, None where one of
    them has bounds only.
    """

    rounds: int
    low: int
    middle: int | None
    high: int


def chance(rounds: int) -> Fraction | None:
    """How often the next round lies between the lowest and the highest of so many: 3/5 of 4; None
    of fewer than two, which have nothing between them.
    """
    return Fraction(rounds - 1, rounds + 1) if rounds >= FEWEST else None


def range_of(said: Sequence[Bounds]) -> Range | None:
    """The range of what past rounds say; None of none."""
    if not said:
        return None
    is_exact = all(low == high for low, high in said)
    return Range(
        len(said),
        min(each.low for each in said),
        _median([each.low for each in said]) if is_exact else None,
        max(each.high for each in said),
    )


def _median(values: Iterable[int]) -> int:
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return money.half_up(ordered[half - 1] + ordered[half], 2)


# ---------------------------------------------------------------- one past round in its place


class Replay:
    """A past round in the place of the next one. In a race as many come as came then, at the same
    seconds, until the packs are gone; else the same share of the packs is claimed.
    """

    def __init__(self, past: Past, ahead: Next) -> None:
        self.past, self.ahead = past, ahead
        within = [each for each in past.seconds if each[0] < ahead.window]
        self._at = [second for second, _ in within]
        self._so_far = [*accumulate(count for _, count in within)]
        self.is_race = ahead.mode == RACE

    @property
    def claimed(self) -> Bounds:
        """Packs claimed by the closing."""
        return self.claimed_by(self.ahead.window)

    def claimed_by(self, second: int) -> Bounds:
        """Packs claimed in the first so many seconds."""
        found = bisect_right(self._at, second - 1)
        came = self._so_far[found - 1] if found else 0
        if not self.is_race:
            share = self._share(came)
            return Bounds(share, share)
        packs = self.ahead.packs
        if came < packs and self._known_until < min(second, self.ahead.window):
            return Bounds(came, packs)
        return Bounds(min(came, packs), min(came, packs))

    def _share(self, came: int) -> int:
        return money.half_up(self.ahead.packs * came, self.past.packs)

    @property
    def _known_until(self) -> int:
        """The second from which nobody knows who else would have come: no pack was left then, or
        the round was closed.
        """
        if self.past.is_full:
            return (self._at[-1] + 1) if self._at else 0
        return self.past.window

    @property
    def closing(self) -> Bounds:
        """Seconds until no pack can be claimed any more: none is left, or the round closes."""
        packs, window = self.ahead.packs, self.ahead.window
        place = next((n for n, came in enumerate(self._so_far) if came >= packs), None)
        if place is not None:
            return Bounds(self._at[place], self._at[place])
        return Bounds(min(self._known_until, window), window)

    @property
    def peak(self) -> Bounds:
        """The most packs that were claimed in one second."""
        before, most = 0, 0
        for so_far in self._so_far:
            here = min(so_far, self.ahead.packs)
            most, before = max(most, here - before), here
        return Bounds(most, most)

    def used_by_day(self) -> dict[int, Bounds]:
        """Vouchers used on each day since the opening."""
        whole = self.past.claimed * self.past.coupons
        return self._scaled(self.past.used, whole, self.ahead.coupons)

    def paid_by_day(self) -> dict[int, Bounds]:
        """The subsidy (fen) of each day since the opening."""
        whole = self.past.claimed * self.past.face_fen
        return self._scaled(self.past.paid_fen, whole, self.ahead.face_fen)

    def _scaled(self, by_day: Mapping[int, int], whole: int, each: int) -> dict[int, Bounds]:
        """The same share of what is claimed. The sums so far are rounded, so that days add up."""
        claimed = self.claimed
        moved = self._on_weekdays(by_day)
        low, high = (
            _steps(moved, Fraction(packs * each, whole)) for packs in (claimed.low, claimed.high)
        )
        return {day: Bounds(*sorted((low[day], high[day]))) for day in low}

    def _on_weekdays(self, by_day: Mapping[int, int]) -> Mapping[int, Fraction | int]:
        """The same sum, by the weekdays of the new round, where it is known how they differ."""
        factors, here, there = self.ahead.weekdays, self.past.weekday, self.ahead.weekday
        if factors is None or here == there:
            return by_day
        moved = {
            day: count * factors[(there + day) % WEEK] / factors[(here + day) % WEEK]
            for day, count in by_day.items()
        }
        scaled = sum(moved.values())
        if not scaled:
            return by_day
        return {day: count * sum(by_day.values()) / scaled for day, count in moved.items()}


def _steps(by_day: Mapping[int, Fraction | int], factor: Fraction) -> dict[int, int]:
    days, before, steps = sorted(by_day), 0, {}
    for day, so_far in zip(days, accumulate(by_day[day] for day in days), strict=True):
        scaled = Fraction(so_far * factor)
        whole = money.half_up(scaled.numerator, scaled.denominator)
        steps[day], before = whole - before, whole
    return steps


# ---------------------------------------------------------------- weekdays


def weekdays_of(every: Iterable[Past]) -> tuple[Fraction, ...] | None:
    """How much is used on a Monday, a Tuesday ..., 1 being a day like the others: each day against
    the week around it, so that a round that fades counts as one that does not, added up over
    rounds that are over. None: of some weekday there are fewer than three such days, or no use.
    """
    own, around, days = [0] * WEEK, [0] * WEEK, [0] * WEEK
    for past in every:
        last = max(past.used, default=0) if past.is_over else 0
        for day in range(AROUND, last - AROUND + 1):
            weekday = (past.weekday + day) % WEEK
            own[weekday] += past.used.get(day, 0) * WEEK
            around[weekday] += sum(
                past.used.get(each, 0) for each in range(day - AROUND, day + AROUND + 1)
            )
            days[weekday] += 1
    if min(days) < FEWEST_OF_A_WEEKDAY or min(own) <= 0 or min(around) <= 0:
        return None
    shares = [Fraction(one, other) for one, other in zip(own, around, strict=True)]
    mean = sum(shares, start=Fraction(0)) / WEEK
    return tuple(each / mean for each in shares)


# ---------------------------------------------------------------- what merchants wait for


class Waiting(NamedTuple):
    """What merchants wait for: owed at the end of each day (fen), the most of it, and the days from
    payment to money, weighed by money; None while nobody says when that comes.
    """

    owed: dict[int, int]
    most_fen: int
    days: Fraction | None


def waiting(by_day: Mapping[int, int], paid_on: Callable[[int], int | None]) -> Waiting:
    """What merchants wait for when the money of a day (counted from the opening) comes on the day
    that `paid_on` says; None: at the end of the programme, nobody knows when.
    """
    moves: dict[int, int] = {}
    for day, fen in by_day.items():
        moves[day] = moves.get(day, 0) + fen
        money_on = paid_on(day)
        if money_on is not None:
            moves[money_on] = moves.get(money_on, 0) - fen
    days = sorted(moves)
    owed = dict(zip(days, accumulate(moves[day] for day in days), strict=True))
    waits = [(day, paid_on(day), fen) for day, fen in by_day.items()]
    whole = sum(fen for _, _, fen in waits)
    is_known = whole > 0 and all(money_on is not None for _, money_on, _ in waits)
    return Waiting(
        owed,
        max(owed.values(), default=0),
        Fraction(sum((on - day) * fen for day, on, fen in waits if on is not None), whole)
        if is_known
        else None,
    )


def standing(owed: Mapping[int, int], day: int) -> int:
    """What is owed at the end of a day: as on the last day that changed it."""
    last = max((each for each in owed if each <= day), default=None)
    return 0 if last is None else owed[last]


# ---------------------------------------------------------------- what came of what was said


class Score(NamedTuple):
    """How often what came lay in the range, beside how often it was said to: of so many forecasts
    with a chance, `expected` is the mean of their chances.
    """

    forecasts: int
    hits: int
    expected: Fraction | None

    @property
    def share(self) -> Fraction | None:
        """The share of hits."""
        return Fraction(self.hits, self.forecasts) if self.forecasts else None


def score(scored: Iterable[tuple[int, bool]]) -> Score:
    """The score of (past rounds, whether it was hit); what rested on fewer than two rounds said no
    chance and does not count.
    """
    said = [
        (promised, is_hit) for rounds, is_hit in scored if (promised := chance(rounds)) is not None
    ]
    whole = sum((promised for promised, _ in said), Fraction(0))
    return Score(len(said), sum(is_hit for _, is_hit in said), whole / len(said) if said else None)
