"""The law of claims: which packs were granted lawfully. `store.claims` applies it by set; a hypothesis test holds both together."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from vouchercli.rules.amendments import is_paused

NOT_OPEN = ("draft", "submitted", "approved", "cancelled")


@dataclass(frozen=True)
class Round:
    """What a claim is held against; times in UTC seconds, half-open [opens_at, closes_at). A paused round takes claims that
    were made while it was open: what counts is when each was made, not when its file comes."""

    state: str
    opens_at: int
    closes_at: int
    packs: int
    per_resident: int
    pauses: tuple[tuple[int, int | None], ...] = ()


@dataclass(frozen=True)
class Claim:
    """One row of a claims file."""

    line: int
    claim_no: str
    round: str
    resident: bytes
    claimed_at: int

    @property
    def content(self) -> tuple[object, ...]:
        """What makes two rows the same row."""
        return (self.round, self.resident, self.claimed_at)


@dataclass
class Granted:
    """What stands already: whose number it is, how many packs are gone, who holds how many."""

    numbers: dict[str, tuple[object, ...]] = field(default_factory=dict)
    packs: Counter[str] = field(default_factory=Counter)
    held: Counter[tuple[str, bytes]] = field(default_factory=Counter)


def reason(claim: Claim, round_: Round | None) -> str | None:
    """Why a claim is refused by itself, or None."""
    if round_ is None:
        return "unknown_round"
    if round_.state in NOT_OPEN:
        return "round_not_open"
    if claim.claimed_at < round_.opens_at:
        return "before_opening"
    if claim.claimed_at >= round_.closes_at:
        return "after_closing"
    return "round_paused" if is_paused(claim.claimed_at, round_.pauses) else None


def in_time_order(claim: Claim) -> tuple[object, ...]:
    """The order in which claims are judged: by time, then by number; the line decides only between rows that are alike."""
    return (claim.claimed_at, claim.claim_no, claim.round, claim.resident, claim.line)


def judged(rounds: dict[str, Round], claims: list[Claim], granted: Granted) -> dict[int, str | None]:
    """The reason (or None) for every claim, `in_time_order`; what is accepted joins `granted`.

    What stands already makes a row a duplicate before anything else is asked. A number belongs to the first row that
    uses it lawfully; packs go to the first to come; the quota is looked at before the resident's limit.
    """
    stood = dict(granted.numbers)
    used: defaultdict[str, set[tuple[object, ...]]] = defaultdict(set)
    found: dict[int, str | None] = {}
    for claim in sorted(claims, key=in_time_order):
        round_ = rounds.get(claim.round)
        found[claim.line] = (
            ("duplicate" if stood.get(claim.claim_no) == claim.content else None)
            or reason(claim, round_)
            or _number(claim, used, stood)
            or _limits(claim, round_, granted)
        )
    return found


def _number(claim: Claim, used: defaultdict[str, set[tuple[object, ...]]], stood: dict[str, tuple[object, ...]]) -> str | None:
    """The same row again is a duplicate, whatever became of the first; the number itself is the first one's."""
    if claim.content in used[claim.claim_no]:
        return "duplicate"
    used[claim.claim_no].add(claim.content)
    return "claim_reused" if len(used[claim.claim_no]) > 1 or claim.claim_no in stood else None


def _limits(claim: Claim, round_: Round | None, granted: Granted) -> str | None:
    assert round_ is not None
    if granted.packs[claim.round] >= round_.packs:
        return "over_quota"
    if granted.held[(claim.round, claim.resident)] >= round_.per_resident:
        return "resident_limit"
    granted.numbers[claim.claim_no] = claim.content
    granted.packs[claim.round] += 1
    granted.held[(claim.round, claim.resident)] += 1
    return None
