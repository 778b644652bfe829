"""The law of limits: how many packs one person may have, and whom a round is for. Files of claims,
allocation, draws and live claims follow it alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from vouchercli.rules import times

if TYPE_CHECKING:
    from vouchercli.rules.programmes import Programme

Span = Literal["round", "week", "programme"]


@dataclass(frozen=True)
class Limits:
    """Packs for one person at most; None: no limit. Weeks are calendar weeks, Monday to Sunday, of
    the moment of claiming.
    """

    per_round: int = 1
    per_week: int | None = None
    per_programme: int | None = None

    @property
    def looks_beyond_the_round(self) -> bool:
        """Whether packs of other rounds count too."""
        return self.per_week is not None or self.per_programme is not None

    def week(self, at: int, zone: str) -> str:
        """The week in which a pack claimed at that second counts; '' where no week is limited."""
        return "" if self.per_week is None else week_of(at, zone)


def of_round(
    mode: str, per_resident: int, per_week: int | None, per_programme: int | None
) -> Limits:
    """The limits of a round: one pack each of a targeted one, whatever else it says; those of the
    programme beside its own.
    """
    return Limits(1 if mode == "targeted" else per_resident, per_week, per_programme)


def of_programme(programme: Programme) -> Limits:
    """The limits that a programme sets, whatever the round."""
    said = programme.limits
    return Limits(
        said.packs_per_resident_per_round, said.packs_per_resident_per_week, said.packs_per_resident
    )


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
