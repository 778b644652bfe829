"""The law of granting: who gets a pack, one record at a time. `store.allocations` does the plain
case by set; a hypothesis test holds both together.

Packs go in the order of (applied_at, application_no): who came first, and in the same second the
smaller number, as text. A targeted round goes down its list. Nobody gets more than the round
and the programme allow one person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vouchercli.rules.claim_limits import ANY, Pack, Terms, reached

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vouchercli.rules.claim_limits import LimitsInTime


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
    """What is left of the round on these terms, and what persons hold: `in_round` packs of it that
    are counted only, and the others.
    """

    left: int
    round: str = ""
    terms: Terms = ANY
    in_round: Counter[bytes] = field(default_factory=Counter)
    packs: dict[bytes, list[Pack]] = field(default_factory=lambda: defaultdict(list))

    def asked(self, entry: Entry) -> Pack:
        """The pack of this round that an entry would have."""
        at = entry.claimed_at
        return Pack(self.round, at, self.terms, self.terms.expires_at(at))

    def grant(self, entry: Entry) -> None:
        """One pack less, and one more for that person."""
        self.left -= 1
        self.packs[entry.person].append(self.asked(entry))


def reason(entry: Entry, limits: LimitsInTime, held: Held, zone: str) -> str | None:
    """Why the entry gets no pack, or None: sold_out, round_paused, not_eligible, resident_limit.
    The quota first.
    """
    if held.left <= 0:
        return "sold_out"
    if entry.is_paused:
        return "round_paused"
    if not entry.is_eligible:
        return "not_eligible"
    packs, in_round = held.packs.get(entry.person, ()), held.in_round[entry.person]
    met = reached(limits, held.asked(entry), packs, zone, in_round)
    return "resident_limit" if met else None


def decide(
    entries: Iterable[Entry], limits: LimitsInTime, held: Held, zone: str
) -> Iterator[tuple[Entry, str | None]]:
    """Every entry in its order with its reason (None: it gets a pack), until nothing is left;
    `held` grows as packs go. Days, weeks and months are those of `zone`.
    """
    for entry in entries:
        if held.left <= 0:
            return
        why = reason(entry, limits, held, zone)
        if why is None:
            held.grant(entry)
        yield entry, why
