"""The limits of a programme over time, as its document names them, and whom a round is for. What
limits of claims say is in `claim_limits.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Iterable

Span = Literal["day", "week", "month", "programme"]

# The limits of a programme that are judged by what was in force, as its document names them. What
# holds for a word only is kept as `NAME:WORD`, one of several rounds as `one_of:A,B,C`, face as
# `face_per_resident:SPAN`.
PER_WEEK, PER_PROGRAMME = "packs_per_resident_per_week", "packs_per_resident"
PER_VISIT = "vouchers_per_merchant_per_day"
PACKS: dict[str, Span] = {
    "packs_per_resident_per_day": "day",
    PER_WEEK: "week",
    "packs_per_resident_per_month": "month",
    PER_PROGRAMME: "programme",
}
SPANS: tuple[Span, ...] = tuple(PACKS.values())
ONE_OF, FACE = "one_of", "face_per_resident"
NEXT_CLAIM, AGAIN = "next_claim", "again_after_expiry"
KEPT = (PER_WEEK, PER_PROGRAMME, PER_VISIT)  # whatever the document says; the others where it does
USED = ("vouchers_per_", "subsidy_per_", "budget")  # of use: `uses.USES`; `PER_VISIT` by the day
ACROSS = "across:"  # and a programme's code: whether its vouchers and packs count there too (1)

BEGINNING, END_OF_TIME = -times.END_OF_TIME, times.END_OF_TIME


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


def counted_otherwise(changed: dict[str, int], kept: Iterable[str]) -> dict[str, int]:
    """The limits that a change touches, each from the first moment on: what else counts is a part
    of all that are kept.
    """
    since: dict[str, int] = {}
    every = [*dict.fromkeys((*KEPT, *(name for name in kept if not name.startswith(ACROSS))))]
    for name, from_at in changed.items():
        for limit in every if name.startswith(ACROSS) else (name,):
            since[limit] = min(from_at, since.get(limit, from_at))
    return since


def span_of(name: str) -> Span:
    """The span in which the limit of that name counts; of what else counts, a day."""
    head, _, rest = name.partition(":")
    if head == FACE or head.startswith(USED):
        return cast("Span", rest.partition(":")[0] or "day")
    return "programme" if head in (ONE_OF, NEXT_CLAIM, AGAIN) else PACKS.get(head, "day")


def begins(name: str, at: int, zone: str) -> int:
    """When a limit that is changed at that second holds: limits by day from the next local
    midnight, by week from the next Monday, by month from the next first, so that no day, no week
    and no month has two; what else counts, from the next midnight; others at once.
    """
    span = span_of(name)
    first, end = bounds(span, at, zone)
    return at if span == "programme" or at == first else end


def bounds(span: Span, at: int, zone: str) -> tuple[int, int]:
    """The UTC seconds [first, end) of the local day, calendar week (Monday to Sunday) or calendar
    month of a moment; of the programme, all time.
    """
    if span == "programme":
        return BEGINNING, END_OF_TIME
    day = times.day_of(at, zone)
    if span == "day":
        return times.day_bounds(day, zone)
    return times.week_bounds(day, zone) if span == "week" else times.month_bounds(day, zone)


def per_round(mode: str, per_resident: int) -> int:
    """How many packs of a round one person may have: one of a targeted one, whatever else it
    says.
    """
    return 1 if mode == "targeted" else per_resident


def is_for_all(mode: str, group: str) -> bool:
    """Whether a round is open to everyone; else a resident must be on the programme's list, for the
    group when one is named.
    """
    return mode != "targeted" and not group
