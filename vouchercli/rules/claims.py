"""The law of claims: which packs were granted lawfully. `store.claims` applies it by set; a
hypothesis test holds both together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from vouchercli.rules import times
from vouchercli.rules.amendments import is_paused
from vouchercli.rules.claim_limits import ANY, LimitsInTime, Pack, Terms, reached
from vouchercli.rules.ladders import Ladder, Rung
from vouchercli.rules.numbers import Content

# Columns made before it: round_id (NULL: not known), is_of_other_platform (another platform sent
# the file than the one that issues the round; 0 where either is not said), is_paused (at
# claimed_at), is_eligible (the round is for all, or its resident is on the list), is_winner (its
# winners were not drawn here for a platform, or its resident is one of them), latest_at (rows may
# not be later: now, and what clocks may differ by).
CLAIMS = Ladder(
    "claims",
    "Claims",
    (
        Rung(
            "in_future",
            "claimed_at > latest_at",
            "it was claimed before now (the clock may differ by what the programme allows)",
            "the platform reports what was claimed",
        ),
        Rung(
            "unknown_round",
            "round_id IS NULL",
            "the programme has that round",
            "issued in rounds, each announced",
        ),
        Rung(
            "wrong_platform",
            "is_of_other_platform = 1",
            "the file comes from the platform that issues the round",
            "issued through the platforms named in the announcement",
        ),
        Rung(
            "round_not_open",
            "state = 'draft' OR state = 'submitted' OR state = 'approved' OR state = 'cancelled'",
            "the round was opened",
            "issued in rounds, each announced",
        ),
        Rung(
            "before_opening",
            "claimed_at < opens_at",
            "it was claimed from the opening on",
            "to be claimed from this hour on",
        ),
        Rung(
            "after_closing",
            "claimed_at >= closes_at",
            "it was claimed before the closing",
            "until this hour, or while stocks last",
        ),
        Rung(
            "round_paused",
            "is_paused = 1",
            "it was not claimed during a pause",
            "the organiser may suspend the issue and announces it",
        ),
        Rung(
            "not_eligible",
            "is_eligible = 0",
            "the resident is on the list of those the round is for, and no case excludes it",
            "for the named groups only",
        ),
        Rung(
            "not_a_winner",
            "is_winner = 0",
            "the resident won in the draw that was held here for the platform",
            "register, then the lots are drawn: those who are drawn may claim",
        ),
        Rung(
            "round_settled",
            "state = 'settled' OR state = 'archived'",
            "the round was not settled when it came",
            "what was not handed in by the end is not paid",
        ),
    ),
)

# What `judge` and `judge_limits` ask, in words: no condition over one row can say it.
CLAIMS_IN_TIME = Ladder(
    "claims_in_time",
    "Claims of one number, round or person in time",
    (
        Rung(
            "conflicting_row",
            "",
            "no other row with its number and second says something else",
            "the platform numbers each claim",
        ),
        Rung(
            "claim_reused",
            "",
            "the claim number stands for no other row",
            "the platform numbers each claim",
        ),
        Rung(
            "over_quota",
            "",
            "a pack of the round is left for it; packs go to the first to come",
            "until this hour, or while stocks last",
        ),
        Rung(
            "resident_limit",
            "",
            "the person has room in the limits that were in force when it was claimed",
            "each person may claim so many packs",
        ),
        Rung(
            "funds_released",
            "",
            "the money of its pack is there: unclaimed packs give up theirs",
            "what is not claimed goes back to the funders, or into the next round",
        ),
        Rung(
            "displaces_sealed",
            "",
            "what stands in its way is booked on an open day",
            "a sealed day never changes: two people decide",
        ),
    ),
)


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
    limits: LimitsInTime
    pauses: tuple[tuple[int, int | None], ...] = ()
    terms: Terms = ANY


@dataclass(frozen=True)
class Claim:
    """One row of a claims file; `is_eligible`: its round is for all, or has its resident on the
    list; `is_of_other_platform`: it was sent by another platform than the one that issues the
    round; `is_winner`: nobody was drawn here for its platform, or its resident was; `stands`: it
    was accepted at another time and is judged again beside rows that come later.
    """

    line: int
    claim_no: str
    round: str
    resident: bytes
    claimed_at: int
    is_eligible: bool = True
    is_of_other_platform: bool = False
    is_winner: bool = True
    stands: bool = False
    uses: tuple[tuple[int, int, int], ...] = ()  # of one that stands (`claim_limits.Pack`)
    ends_at: int | None = None  # where its platform states the end of its vouchers

    @property
    def content(self) -> Content:
        """What makes two rows the same row."""
        stated = () if self.ends_at is None else (self.ends_at,)
        return (self.round, self.resident, self.claimed_at, *stated)


@dataclass
class GrantedPacks:
    """What stands already: whose number it is, how many packs are gone, and who holds which.

    `persons`: all residents that are one person with a resident in a round; one that is not there
    is a person alone.
    """

    numbers: dict[str, Content] = field(default_factory=dict)
    packs: Counter[str] = field(default_factory=Counter)
    held: dict[bytes, list[Pack]] = field(default_factory=lambda: defaultdict(list))
    persons: dict[tuple[str, bytes], list[bytes]] = field(default_factory=dict)

    def of_person(self, round_: str, resident: bytes) -> list[Pack]:
        """The packs that all who are this person in the round hold together."""
        who = self.persons.get((round_, resident), [resident])
        return [pack for each in who for pack in self.held.get(each, ())]


def reason(claim: Claim, round_: ClaimRound | None, latest_at: int | None = None) -> str | None:
    """Why a claim is refused by itself, or None; `latest_at` None: whenever it is made."""
    in_time = {"claimed_at": claim.claimed_at, "latest_at": latest_at}
    if round_ is None:
        return CLAIMS.reason(in_time)
    return CLAIMS.reason(
        in_time
        | {
            "round_id": 1,
            "is_of_other_platform": int(claim.is_of_other_platform),
            "state": round_.state,
            "opens_at": round_.opens_at,
            "closes_at": round_.closes_at,
            "is_paused": int(is_paused(claim.claimed_at, round_.pauses)),
            "is_eligible": int(claim.is_eligible),
            "is_winner": int(claim.is_winner),
        }
    )


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
    latest_at: int | None = None,
) -> dict[int, str | None]:
    """The reason (or None) for every claim of a programme in `zone`, `in_time_order`; what is
    accepted joins `granted`.

    What stands already makes a row a duplicate before anything else is asked, and so does the same
    lawful row, whatever became of it. A number belongs to the first row that gets a pack with it:
    only what stands holds a number. Packs go to the first to come; the quota is looked at before
    the limits of the resident. No claim may be later than `latest_at` (None: whenever).
    """
    standing, seen = dict(granted.numbers), set[tuple[str, Content]]()
    in_conflict = _find_conflicts(rounds, claims, granted, latest_at)
    reasons: dict[int, str | None] = {}
    for claim in sorted(claims, key=in_time_order):
        round_, said = rounds.get(claim.round), (claim.claim_no, claim.content)
        why = (
            ("duplicate" if standing.get(claim.claim_no) == claim.content else None)
            or reason(claim, round_, latest_at)
            or ("conflicting_row" if (claim.claim_no, claim.claimed_at) in in_conflict else None)
            or ("duplicate" if said in seen else None)
        )
        if why is None:
            seen.add(said)
            why = _grant(claim, round_, granted, zone)
        reasons[claim.line] = why
    return reasons


def _find_conflicts(
    rounds: dict[str, ClaimRound],
    claims: list[Claim],
    granted: GrantedPacks,
    latest_at: int | None,
) -> set[tuple[str, int]]:
    """Numbers with their second of which lawful rows, or one and what stands, say different things:
    nobody can tell which is right.
    """
    contents: dict[tuple[str, int], set[Content]] = defaultdict(set)
    for claim in claims:
        if reason(claim, rounds.get(claim.round), latest_at) is None:
            contents[claim.claim_no, claim.claimed_at].add(claim.content)
    for (claim_no, claimed_at), said in contents.items():
        standing = granted.numbers.get(claim_no)
        if standing is not None and standing[2] == claimed_at:
            said.add(standing)
    return {use for use, said in contents.items() if len(said) > 1}


def _grant(claim: Claim, round_: ClaimRound | None, granted: GrantedPacks, zone: str) -> str | None:
    """Give the claim its pack, or say which number or limit keeps it from it."""
    assert round_ is not None
    is_reused = claim.claim_no in granted.numbers
    met: Met | None = "number" if is_reused else limit_met(claim, round_, granted, zone)
    if met is None:
        granted.numbers[claim.claim_no] = claim.content
    return refusal(met)


Met = str  # 'quota', 'number', 'round', or the name of a limit of the programme


def refusal(met: Met | None) -> str | None:
    """The reject code for the limit that was met."""
    codes = {"quota": "over_quota", "number": "claim_reused"}
    return None if met is None else codes.get(met, "resident_limit")


def limit_met(claim: Claim, round_: ClaimRound, granted: GrantedPacks, zone: str) -> Met | None:
    """Which limit keeps the claim from its pack: the round's quota, or what the person holds
    (`claim_limits.reached`); None, and it is granted, when none does.
    """
    if granted.packs[claim.round] >= round_.packs:
        return "quota"
    asked = _pack(claim, round_)
    held = granted.of_person(claim.round, claim.resident)
    met = reached(round_.limits, asked, held, zone)
    if met is None:
        granted.packs[claim.round] += 1
        granted.held[claim.resident].append(asked)
    return met


def _pack(claim: Claim, round_: ClaimRound) -> Pack:
    expires_at = claim.ends_at
    if expires_at is None:
        expires_at = round_.terms.expires_at(claim.claimed_at)
    return Pack(claim.round, claim.claimed_at, round_.terms, expires_at, claim.uses)


def judge_limits(
    claims: list[Claim], rounds: dict[str, ClaimRound], granted: GrantedPacks, zone: str
) -> list[Met | None]:
    """What keeps each of the claims, in the order of time and what stands first, from its pack.

    A claim that stands holds its place under the limits of persons before any other is judged. It
    gives way to an earlier claim of its number that gets a pack, and loses its seat to earlier ones
    in a round that is full. A number that nobody got a pack with is free for the next claim.
    """

    def hold(claim: Claim) -> None:
        granted.held[claim.resident].append(_pack(claim, rounds[claim.round]))

    standing = {claim.claim_no: claim for claim in claims if claim.stands}
    for claim in standing.values():
        hold(claim)
    taken: set[str] = set()
    ruled: list[Met | None] = []
    for claim in claims:
        met: Met | None = "number"
        if claim.claim_no not in taken:
            rival = standing.pop(claim.claim_no, None)
            if rival is not None:
                # one of the two has the number, and the place that comes with it
                granted.held[rival.resident].remove(_pack(rival, rounds[rival.round]))
            met = _take(claim, rounds[claim.round], granted, zone)
            if met is None:
                taken.add(claim.claim_no)
            elif rival is not None and claim is not rival:
                standing[claim.claim_no] = rival
                hold(rival)
        ruled.append(met)
    return ruled


def _take(claim: Claim, round_: ClaimRound, granted: GrantedPacks, zone: str) -> Met | None:
    """A claim that stands needs only its seat."""
    if not claim.stands:
        return limit_met(claim, round_, granted, zone)
    if granted.packs[claim.round] >= round_.packs:
        return "quota"
    granted.packs[claim.round] += 1
    granted.held[claim.resident].append(_pack(claim, round_))
    return None
