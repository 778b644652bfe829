"""The limits of what one person may claim: packs of a day, a week, a month or the programme, in
number or in yuan of face, of all rounds or of those that go by a word; one of several; the next
only after the last. Files of claims, allocation, draws and live claims follow them alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vouchercli.rules.limits import (
    AGAIN,
    END_OF_TIME,
    FACE,
    NEVER,
    NEXT_CLAIM,
    ONE_OF,
    PACKS,
    PER_PROGRAMME,
    PER_WEEK,
    SPANS,
    Span,
    Timeline,
    bounds,
    span_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

NEXT = {"after_redeemed": 1, "after_redeemed_or_expired": 2}  # and how they are kept
PLAIN = (PER_WEEK, PER_PROGRAMME)  # what large files are held to by columns


class Terms(NamedTuple):
    """What limits ask of a round: its programme, the words that they may call it by (its own code,
    its template's, their kind), what a pack of it is worth in face, how many vouchers it holds,
    when one that is claimed at a moment expires, and later ends that were decided for all of them
    (when, until when).
    """

    programme: int = 0
    words: frozenset[str] = frozenset()
    face_fen: int = 0
    coupons: int = 1
    expires_at: Callable[[int], int] = lambda claimed_at: END_OF_TIME
    later_ends: tuple[tuple[int, int], ...] = ()


ANY = Terms()


class Pack(NamedTuple):
    """A pack that a person holds, or asks for. `uses`: (paid_at, voucher, 1 a payment, -1 a refund
    that gives the voucher back), where the limits ask for them.
    """

    round: str
    claimed_at: int
    terms: Terms = ANY
    expires_at: int = END_OF_TIME
    uses: tuple[tuple[int, int, int], ...] = ()

    def used(self, at: int) -> int:
        """How many of its vouchers are used at that second."""
        spent: dict[int, int] = {}
        for paid_at, voucher, sign in self.uses:
            if paid_at <= at:
                spent[voucher] = spent.get(voucher, 0) + sign
        return sum(each > 0 for each in spent.values())

    def is_used_up(self, at: int) -> bool:
        """Whether all of its vouchers are used at that second."""
        return self.used(at) >= self.terms.coupons

    def has_expired(self, at: int) -> bool:
        """Whether it is over at that second, by what had been decided by then."""
        later = (until for from_at, until in self.terms.later_ends if from_at <= at)
        return max(self.expires_at, *later, 0) <= at

    def has_expired_unused(self, at: int) -> bool:
        """Whether it is over at that second, and none of its vouchers was used."""
        return self.has_expired(at) and not self.used(at)


class Cap(NamedTuple):
    """At most so many packs, or so much of their face in fen, of one person in a span: of the
    rounds that go by one of the words `of` (none: of all).
    """

    name: str
    unit: Literal["packs", "face"]
    span: Span
    of: frozenset[str] = frozenset()

    def concerns(self, terms: Terms) -> bool:
        """Whether packs on these terms count under it."""
        return not self.of or not self.of.isdisjoint(terms.words)

    def has_room(self, most: int, asked: Pack, held: Iterable[Pack], zone: str) -> bool:
        """Whether the pack that is asked for fits beside those of its span that are held."""
        first, end = bounds(self.span, asked.claimed_at, zone)
        those = [each for each in held if first <= each.claimed_at < end]
        if self.unit == "packs":
            return sum(self.concerns(each.terms) for each in those) < most
        face_fen = sum(each.terms.face_fen for each in those if self.concerns(each.terms))
        return face_fen + asked.terms.face_fen <= most


def cap(name: str) -> Cap | None:
    """The limit that is kept under that name, if it is one of packs or their face."""
    head = name.partition(":")[0]
    if head in PACKS or head == ONE_OF:
        return Cap(name, "packs", span_of(name), _words(name))
    return Cap(name, "face", span_of(name)) if head == FACE else None


def _words(name: str) -> frozenset[str]:
    """The words of `NAME:A,B`."""
    return frozenset(filter(None, name.partition(":")[2].split(",")))


def _order(named: tuple[Cap, Timeline]) -> tuple[Any, ...]:
    """Packs before face, of all rounds before those by words, the short span before the long."""
    each = named[0]
    return (each.unit == "face", bool(each.of), SPANS.index(each.span), each.name)


class Wait(NamedTuple):
    """The next pack only after the last one: of the rounds that go by the word (none: of all)."""

    name: str
    of: frozenset[str] = frozenset()

    def concerns(self, terms: Terms) -> bool:
        """Whether packs on these terms wait for one another."""
        return not self.of or not self.of.isdisjoint(terms.words)


@dataclass(frozen=True)
class LimitsInTime:
    """All of them over time; a claim is held to what was in force when it was made."""

    per_round: int = 1
    caps: tuple[tuple[Cap, Timeline], ...] = ()
    waits: tuple[tuple[Wait, Timeline], ...] = ()
    again: Timeline = NEVER  # so many packs that expired unused do not count
    across: tuple[tuple[int, Timeline], ...] = ()  # not None: packs of that programme count

    @property
    def looks_beyond_the_round(self) -> bool:
        """Whether more than the number of packs of its round ever counted."""
        steps = (self.again, *(each for _, each in (*self.caps, *self.waits)))
        return any(each.is_set for each in steps)

    @property
    def asks_for_uses(self) -> bool:
        """Whether it ever mattered what became of a pack."""
        return self.again.is_set or any(steps.is_set for _, steps in self.waits)

    @property
    def is_plain(self) -> bool:
        """Whether packs of the week and the programme were ever all that counted beside those of
        the round.
        """
        caps = (each.name in PLAIN for each, steps in self.caps if steps.is_set)
        return not self.asks_for_uses and all(caps)

    def only(self, name: str) -> LimitsInTime:
        """This one alone; all of them for what expired packs are to them."""
        if name == AGAIN:
            return self
        return replace(
            self,
            per_round=END_OF_TIME,
            caps=tuple(each for each in self.caps if each[0].name == name),
            waits=tuple(each for each in self.waits if each[0].name == name),
        )

    def timeline(self, name: str) -> Timeline:
        """The limit of that name."""
        named = [(each.name, steps) for each, steps in self.caps]
        named += [(each.name, steps) for each, steps in self.waits]
        return dict(named).get(name, NEVER)

    def may_keep_out_alone(self, terms: Terms) -> bool:
        """Whether a pack on these terms may be refused to a person who holds none: it is worth
        more than all that is allowed.
        """
        return any(
            each.unit == "face" and most is not None and terms.face_fen > most
            for each, steps in self.caps
            for _, most in steps.steps
        )

    def counting(self, asked: Pack, held: Iterable[Pack]) -> list[Pack]:
        """The packs that count beside the one that is asked for: of the programmes of that moment,
        without the first ones that expired unused, as many as may be had again.
        """
        at = asked.claimed_at
        programmes = {asked.terms.programme} | {
            programme for programme, steps in self.across if steps.at(at) is not None
        }
        packs = [each for each in held if each.terms.programme in programmes]
        again = self.again.at(at)
        if again is None:
            return packs
        expired = [place for place, each in enumerate(packs) if each.has_expired_unused(at)]
        expired.sort(key=lambda place: (packs[place].expires_at, packs[place].claimed_at))
        forgiven = {*expired[:again]}
        return [each for place, each in enumerate(packs) if place not in forgiven]


def limits_in_time(
    per_round: int,
    timelines: Mapping[str, Timeline],
    across: tuple[tuple[int, Timeline], ...],
) -> LimitsInTime:
    """The limits of claims among all that a programme keeps, by name."""
    caps = [(each, steps) for name, steps in timelines.items() if (each := cap(name))]
    waits = [
        (Wait(name, _words(name)), steps)
        for name, steps in timelines.items()
        if name.partition(":")[0] == NEXT_CLAIM
    ]
    return LimitsInTime(
        per_round,
        tuple(sorted(caps, key=_order)),
        tuple(sorted(waits, key=lambda each: each[0])),
        timelines.get(AGAIN, NEVER),
        across,
    )


def reached(
    limits: LimitsInTime, asked: Pack, held: Iterable[Pack], zone: str, in_round: int = 0
) -> str | None:
    """Which limit keeps a person who holds these packs from the one that is asked for: 'round', or
    its name; None: it may go. `in_round`: how many more of its round the person holds.
    """
    at, terms = asked.claimed_at, asked.terms
    packs = limits.counting(asked, held)
    in_round += sum(
        each.round == asked.round and each.terms.programme == terms.programme for each in packs
    )
    if in_round >= limits.per_round:
        return "round"
    for each, steps in limits.caps:
        most = steps.at(at)
        if (
            most is not None
            and each.concerns(terms)
            and not each.has_room(most, asked, packs, zone)
        ):
            return each.name
    for wait, steps in limits.waits:
        rule = steps.at(at)
        if rule is not None and wait.concerns(terms) and _waits(rule, wait, asked, packs):
            return wait.name
    return None


def _waits(rule: int, wait: Wait, asked: Pack, packs: Iterable[Pack]) -> bool:
    """Whether one of the packs is not done with when the pack that is asked for is claimed; nor
    this one when a pack is claimed that stands already: who came first to us has its place.
    """
    or_expired = rule == NEXT["after_redeemed_or_expired"]
    for each in packs:
        first, second = (each, asked) if each.claimed_at <= asked.claimed_at else (asked, each)
        at = second.claimed_at
        is_done = first.is_used_up(at) or (or_expired and first.has_expired(at))
        if wait.concerns(each.terms) and not is_done:
            return True
    return False


UNFINISHED = {1: "not used yet", 2: "neither used nor expired"}  # by what the next claim waits for


def said(name: str, most: int | None) -> dict[str, Any]:
    """What a refusal says of the limit that was reached (`rules.reasons`)."""
    each = cap(name)
    if each is None:
        return {"unfinished": UNFINISHED.get(most or 0)}
    if name.startswith(ONE_OF):
        return {"one_of": ", ".join(sorted(each.of))}
    if each.unit == "face":
        return {f"face_{each.span}_limit_fen": most}
    of = {"of": ", ".join(sorted(each.of))} if each.of else {}
    return {f"{each.span}_limit": most} | of
