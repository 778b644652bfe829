"""The law of limits: how many packs one person may have, and whom a round is for. Files of claims,
allocation, draws and live claims follow it alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from vouchercli.rules import times

Span = Literal["round", "week", "programme"]

# The limits of a programme that are judged by what was in force, as its document names them.
PER_WEEK, PER_PROGRAMME = "packs_per_resident_per_week", "packs_per_resident"
PER_VISIT = "vouchers_per_merchant_per_day"
KEPT = (PER_WEEK, PER_PROGRAMME, PER_VISIT)
ACROSS = "across:"  # and a programme's code: whether its vouchers and packs count there too (1)


class Timeline(NamedTuple):
    """One limit over time: (from that second on, so many; None: no limit), oldest first. The first
    holds from the beginning of time: what is known first is entered late.
    """

    steps: tuple[tuple[int, int | None], ...] = ((0, None),)

    def at(self, moment: int) -> int | None:
        """What was in force at that second."""
        if len(self.steps) == 1:  # asked once for each claim of a large file
            return self.steps[0][1]
        place = bisect_right(self.steps, moment, key=lambda step: step[0])
        return self.steps[max(place - 1, 0)][1]

    def holds_since(self, most: int | None, moment: int) -> bool:
        """Whether it is `most` at that second and ever after."""
        later = [each for from_at, each in self.steps if from_at > moment]
        return all(each == most for each in (self.at(moment), *later))

    @property
    def is_set(self) -> bool:
        """Whether there ever was a limit."""
        return any(most is not None for _, most in self.steps)


NEVER = Timeline()


def always(most: int | None) -> Timeline:
    """A limit that never changed."""
    return Timeline(((0, most),))


def counted_otherwise(changed: dict[str, int]) -> dict[str, int]:
    """The limits that a change touches, each from the first moment on: what else counts is a part
    of them all.
    """
    since: dict[str, int] = {}
    for name, from_at in changed.items():
        for limit in KEPT if name.startswith(ACROSS) else (name,):
            since[limit] = min(from_at, since.get(limit, from_at))
    return since


def begins(name: str, at: int, zone: str) -> int:
    """When a limit that is changed at that second holds: limits by day from the next local
    midnight, by week from the next Monday, so that no day and no week has two; what else counts,
    from the next midnight.
    """
    if name == PER_PROGRAMME:
        return at
    day = times.day_of(at, zone)
    bounds = times.week_bounds(day, zone) if name == PER_WEEK else times.day_bounds(day, zone)
    return at if at == bounds[0] else bounds[1]


@dataclass(frozen=True)
class Limits:
    """Packs for one person at most; None: no limit. Weeks are calendar weeks, Monday to Sunday, of
    the moment of claiming.
    """

    per_round: int = 1
    per_week: int | None = None
    per_programme: int | None = None
    across: tuple[int, ...] = ()  # programmes whose packs count in the week and the programme too

    @property
    def looks_beyond_the_round(self) -> bool:
        """Whether packs of other rounds count too."""
        return self.per_week is not None or self.per_programme is not None

    def at(self, moment: int) -> Limits:  # as LimitsInTime
        """These: they never change."""
        return self

    def week(self, at: int, zone: str) -> str:
        """The week in which a pack claimed at that second counts; '' where no week is limited."""
        return "" if self.per_week is None else week_of(at, zone)


@dataclass(frozen=True)
class LimitsInTime:
    """The same over time; a claim is held to what was in force when it was made."""

    per_round: int = 1
    per_week: Timeline = NEVER
    per_programme: Timeline = NEVER
    across: tuple[tuple[int, Timeline], ...] = ()  # not None: packs of that programme count

    @property
    def looks_beyond_the_round(self) -> bool:
        """Whether packs of other rounds ever counted too."""
        return self.per_week.is_set or self.per_programme.is_set

    def at(self, moment: int) -> Limits:
        """What was in force at that second."""
        return Limits(
            self.per_round,
            self.per_week.at(moment),
            self.per_programme.at(moment),
            self._too(moment),
        )

    def _too(self, moment: int) -> tuple[int, ...]:
        return tuple(other for other, steps in self.across if steps.at(moment) is not None)

    def week(self, at: int, zone: str) -> str:
        """The week in which a pack claimed at that second counts; '' where no week was limited."""
        return self.at(at).week(at, zone)


@dataclass
class PacksElsewhere:
    """Packs that persons hold of other programmes, which count where limits say so."""

    in_week: Counter[tuple[int, bytes, str]] = field(default_factory=Counter)
    in_programme: Counter[tuple[int, bytes]] = field(default_factory=Counter)

    def hold(self, programme: int, who: bytes, week: str) -> None:
        """One more pack of that programme."""
        self.in_week[(programme, who, week)] += 1
        self.in_programme[(programme, who)] += 1

    def of(self, across: tuple[int, ...], who: bytes, week: str) -> tuple[int, int]:
        """Packs of the week, and all, of these programmes."""
        return (
            sum(self.in_week[(programme, who, week)] for programme in across),
            sum(self.in_programme[(programme, who)] for programme in across),
        )


def per_round(mode: str, per_resident: int) -> int:
    """How many packs of a round one person may have: one of a targeted one, whatever else it
    says.
    """
    return 1 if mode == "targeted" else per_resident


def reached(limits: Limits, in_round: int, in_week: int, in_programme: int) -> Span | None:
    """Which limit a person has reached who holds so many packs of the round, of the week, of the
    programme; None: one more may go.
    """
    if in_round >= limits.per_round:
        return "round"
    if limits.per_week is not None and in_week >= limits.per_week:
        return "week"
    return (
        "programme"
        if limits.per_programme is not None and in_programme >= limits.per_programme
        else None
    )


def is_for_all(mode: str, group: str) -> bool:
    """Whether a round is open to everyone; else a resident must be on the programme's list, for the
    group when one is named.
    """
    return mode != "targeted" and not group


@lru_cache(maxsize=4096)
def week_of(at: int, zone: str) -> str:
    """The calendar week of a moment in `zone`, like 2020-W13."""
    return times.week_of(times.day_of(at, zone))
