"""The law of granting: who gets a pack, one record at a time. `store.allocations` does the plain
case by set; a hypothesis test holds both together.

Packs go in the order of (applied_at, application_no): who came first, and in the same second the
smaller number, as text. A targeted round goes down its list. Nobody gets more than the round, the
week and the programme allow one person.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vouchercli.rules.limits import PacksElsewhere, reached

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vouchercli.rules.limits import Limits, LimitsInTime


@dataclass(frozen=True)
class Entry:
    """One application, or one line of a list. `entry_id` is its id; `person` who it counts for;
    `claimed_at` when its pack would be claimed (UTC); `is_paused`: it came while the round was
    paused.
    """

    entry_id: int
    resident: bytes
    person: bytes
    claimed_at: int
    is_eligible: bool = True
    is_paused: bool = False


@dataclass
class Held:
    """What is left of the round, and what persons hold: in it, by week, in the whole programme."""

    left: int
    in_round: Counter[bytes] = field(default_factory=Counter)
    in_week: Counter[tuple[bytes, str]] = field(default_factory=Counter)
    in_programme: Counter[bytes] = field(default_factory=Counter)
    elsewhere: PacksElsewhere = field(default_factory=PacksElsewhere)

    def add(self, person: bytes, week: str, *, is_this_round: bool = True) -> None:
        """One more pack for that person."""
        self.in_round[person] += is_this_round
        self.in_week[(person, week)] += 1
        self.in_programme[person] += 1


def reason(entry: Entry, week: str, limits: Limits, held: Held) -> str | None:
    """Why the entry gets no pack, or None: sold_out, round_paused, not_eligible, resident_limit.
    The quota first.
    """
    if held.left <= 0:
        return "sold_out"
    if entry.is_paused:
        return "round_paused"
    if not entry.is_eligible:
        return "not_eligible"
    of_week, of_all = held.elsewhere.of(limits.across, entry.person, week)
    met = reached(
        limits,
        held.in_round[entry.person],
        held.in_week[(entry.person, week)] + of_week,
        held.in_programme[entry.person] + of_all,
    )
    return "resident_limit" if met else None


def decide(
    entries: Iterable[Entry], limits: Limits | LimitsInTime, held: Held, zone: str
) -> Iterator[tuple[Entry, str | None]]:
    """Every entry in its order with its reason (None: it gets a pack), until nothing is left;
    `held` grows as packs go.

    Weeks are calendar weeks, Monday to Sunday, in `zone`.
    """
    for entry in entries:
        if held.left <= 0:
            return
        in_force = limits.at(entry.claimed_at)
        week = in_force.week(entry.claimed_at, zone)
        why = reason(entry, week, in_force, held)
        if why is None:
            held.left -= 1
            held.add(entry.person, week)
        yield entry, why
