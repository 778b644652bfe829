"""The law of claims: which packs were granted lawfully. `store.claims` applies it by set; a
hypothesis test holds both together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from vouchercli.rules import times
from vouchercli.rules.amendments import is_paused
from vouchercli.rules.limits import Limits, Span, reached
from vouchercli.rules.numbers import Content, NumbersInUse

NOT_OPEN = ("draft", "submitted", "approved", "cancelled")


@dataclass(frozen=True)
class ClaimRound:
    """What a claim is held against; times in UTC seconds, half-open [opens_at, closes_at). A paused
    round takes claims that were made while it was open: what counts is when each was made, not when
    its file comes.
    """

    state: str
    opens_at: int
    closes_at: int
    packs: int
    limits: Limits
    pauses: tuple[tuple[int, int | None], ...] = ()


@dataclass(frozen=True)
class Claim:
    """One row of a claims file; `is_eligible`: its round is for all, or has its resident on the
    list.
    """

    line: int
    claim_no: str
    round: str
    resident: bytes
    claimed_at: int
    is_eligible: bool = True

    @property
    def content(self) -> Content:
        """What makes two rows the same row."""
        return (self.round, self.resident, self.claimed_at)


@dataclass
class GrantedPacks:
    """What stands already: whose number it is, how many packs are gone, who holds how many of the
    round, the week, the programme.

    `persons`: all residents that are one person with a resident in a round; one that is not there
    is a person alone.
    """

    numbers: dict[str, Content] = field(default_factory=dict)
    packs: Counter[str] = field(default_factory=Counter)
    in_round: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    in_week: Counter[tuple[bytes, str]] = field(default_factory=Counter)
    in_programme: Counter[bytes] = field(default_factory=Counter)
    persons: dict[tuple[str, bytes], list[bytes]] = field(default_factory=dict)

    def hold(self, round_: str, resident: bytes, week: str) -> None:
        """One more pack of that resident."""
        self.in_round[(round_, resident)] += 1
        self.in_week[(resident, week)] += 1
        self.in_programme[resident] += 1

    def of_person(self, round_: str, resident: bytes, week: str) -> tuple[int, int, int]:
        """Packs of the round, the week and the programme that all who are this person in the round
        hold together.
        """
        who = self.persons.get((round_, resident), [resident])
        return (
            sum(self.in_round[(round_, each)] for each in who),
            sum(self.in_week[(each, week)] for each in who),
            sum(self.in_programme[each] for each in who),
        )


def reason(claim: Claim, round_: ClaimRound | None) -> str | None:
    """Why a claim is refused by itself, or None."""
    if round_ is None:
        return "unknown_round"
    if round_.state in NOT_OPEN:
        return "round_not_open"
    if claim.claimed_at < round_.opens_at:
        return "before_opening"
    if claim.claimed_at >= round_.closes_at:
        return "after_closing"
    if is_paused(claim.claimed_at, round_.pauses):
        return "round_paused"
    return None if claim.is_eligible else "not_eligible"


def in_time_order(claim: Claim) -> tuple[object, ...]:
    """The order in which claims are judged: by time, then by number; the line decides only between
    rows that are alike.
    """
    return (claim.claimed_at, claim.claim_no, claim.round, claim.resident, claim.line)


def judge(
    rounds: dict[str, ClaimRound],
    claims: list[Claim],
    granted: GrantedPacks,
    zone: str = times.HOME_ZONE,
) -> dict[int, str | None]:
    """The reason (or None) for every claim of a programme in `zone`, `in_time_order`; what is
    accepted joins `granted`.

    What stands already makes a row a duplicate before anything else is asked. A number belongs to
    the first row that uses it lawfully; packs go to the first to come; the quota is looked at
    before the limits of the resident.
    """
    in_use = NumbersInUse(granted.numbers)
    reasons: dict[int, str | None] = {}
    for claim in sorted(claims, key=in_time_order):
        round_ = rounds.get(claim.round)
        reasons[claim.line] = (
            ("duplicate" if in_use.stands(claim.claim_no, claim.content) else None)
            or reason(claim, round_)
            or in_use.use(claim.claim_no, claim.content, "claim_reused")
            or _grant(claim, round_, granted, zone)
        )
    return reasons


def _grant(claim: Claim, round_: ClaimRound | None, granted: GrantedPacks, zone: str) -> str | None:
    """Give the claim its pack, or say which limit keeps it from it."""
    assert round_ is not None
    met = limit_met(claim, round_, granted, zone)
    if met is None:
        granted.numbers[claim.claim_no] = claim.content
    return refusal(met)


def refusal(met: Literal["quota"] | Span | None) -> str | None:
    """The reject code for the limit that was met."""
    return None if met is None else "over_quota" if met == "quota" else "resident_limit"


def limit_met(
    claim: Claim, round_: ClaimRound, granted: GrantedPacks, zone: str
) -> Literal["quota"] | Span | None:
    """Which limit keeps the claim from its pack: the round's quota, or what the person holds of the
    round, the week or the programme; None, and it is granted, when none does.
    """
    if granted.packs[claim.round] >= round_.packs:
        return "quota"
    week = round_.limits.week(claim.claimed_at, zone)
    met = reached(round_.limits, *granted.of_person(claim.round, claim.resident, week))
    if met is None:
        granted.packs[claim.round] += 1
        granted.hold(claim.round, claim.resident, week)
    return met
