"""The limits of using vouchers: how many of them one resident uses, everywhere or at one merchant,
and for how many yuan; how many yuan one merchant gets, or all together. By local day, calendar week
or month, or in all.

What is used at a moment is what was paid until then, less what refunds until then undid: a payment
that is refunded in full gives its room back. What stands holds its place: a payment that comes late
needs room beside all that stands at its moment and later.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections import Counter
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vouchercli.rules.limits import SPANS, Span, Timeline, always, bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Voucher = tuple[int, int]  # (claim_id, coupon_no)


class Counted(NamedTuple):
    """What a limit counts: vouchers, or fen of their subsidy; of each resident, of each merchant,
    of each resident at each merchant, or of all together. `by_word`: of each word that rows say in
    this detail; a row that does not say it does not count.
    """

    unit: Literal["vouchers", "subsidy"]
    by_resident: bool
    by_merchant: bool
    by_word: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether many residents use it up together: a merchant's yuan, or everybody's."""
        return not self.by_resident and not self.by_word


# As a programme's document names them; kept as `NAME:SPAN`, of some rounds `NAME:SPAN:A,B`, of all
# but some `NAME:SPAN:!A,B`.
USES = {
    "vouchers_per_resident": Counted("vouchers", by_resident=True, by_merchant=False),
    "vouchers_per_merchant": Counted("vouchers", by_resident=True, by_merchant=True),
    "subsidy_per_resident": Counted("subsidy", by_resident=True, by_merchant=False),
    "subsidy_per_merchant": Counted("subsidy", by_resident=False, by_merchant=True),
    "budget": Counted("subsidy", by_resident=False, by_merchant=False),
}
BUT = "!"
ONE = always(1)
# What templates ask of their goods, by the reason of a refusal: a serial number is used once, by
# whomever and in whichever round; a resident has so many pieces of a class (`Uses.classes`).
OF_GOODS = {
    "serial_used": Counted("vouchers", by_resident=False, by_merchant=False, by_word="serial"),
    "class_used": Counted("vouchers", by_resident=True, by_merchant=False, by_word="goods"),
}


class UseTerm(NamedTuple):
    """One line of such a limit: at most so many vouchers, or so many fen, in a span; of the rounds
    that go by one of the words `of` (none: of all), but not of those that go by one of `but`.
    """

    span: Span
    most: int
    of: tuple[str, ...] = ()
    but: tuple[str, ...] = ()


class UseCap(NamedTuple):
    """A limit as it is kept over time."""

    name: str
    counted: Counted
    span: Span
    of: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()

    def concerns(self, words: frozenset[str]) -> bool:
        """Whether vouchers of a round that goes by these words count under it."""
        return (not self.of or not self.of.isdisjoint(words)) and self.but.isdisjoint(words)

    @property
    def reason(self) -> str:
        """Why a payment is refused for which it has no room."""
        return self.name if self.name in OF_GOODS else "over_use_limit"

    def amount(self, use: Use) -> int:
        """What a payment adds, or a refund takes off."""
        return use.vouchers if self.counted.unit == "vouchers" else use.subsidy_fen


def kept_name(key: str, term: UseTerm) -> str:
    """The name that a line of a limit is kept by."""
    words = ",".join(sorted(term.of)) or (BUT + ",".join(sorted(term.but)) if term.but else "")
    return f"{key}:{term.span}:{words}".rstrip(":")


def of_goods(reason: str) -> tuple[UseCap, Timeline]:
    """One of `OF_GOODS` as a limit: of a serial number one use, of a class what its template
    says.
    """
    return UseCap(reason, OF_GOODS[reason], "programme"), ONE


def cap(name: str) -> UseCap | None:
    """The limit that is kept under that name, if it is one of use."""
    key, _, rest = name.partition(":")
    span, _, listed = rest.partition(":")
    if key not in USES:
        return None
    words = frozenset(filter(None, listed.removeprefix(BUT).split(",")))
    of, but = (frozenset[str](), words) if listed.startswith(BUT) else (words, frozenset[str]())
    return UseCap(name, USES[key], next(each for each in SPANS if each == span), of, but)


class Use(NamedTuple):
    """A payment, or what a refund gives back of it at `at` (less than nothing)."""

    voucher: Voucher
    transaction_no: str  # the payment's, and so is `paid_at`
    resident: bytes
    merchant_id: int
    round_id: int
    paid_at: int
    at: int
    vouchers: int
    subsidy_fen: int
    details: str = ""  # what is kept of the payment's details (`rules.details`), as JSON


class Group(NamedTuple):
    """Whose uses are counted together: under which limit, of whom, where, since when."""

    name: str
    resident: bytes
    merchant_id: int
    from_at: int
    word: str = ""


class Event(NamedTuple):
    """A change of what is used; in one second payments come first."""

    at: int
    is_refund: bool
    amount: int


class Uses:
    """What is used under the limits of a programme: what stands, and what is accepted beside it."""

    def __init__(
        self,
        caps: Iterable[tuple[UseCap, Timeline]],
        words: Mapping[int, frozenset[str]],
        zone: str,
        classes: Mapping[tuple[int, str], int] | None = None,
    ) -> None:
        """`words`: what limits may call a round by, by its id; `classes`: how many pieces of a
        class a resident may have with vouchers of a round, by its id and the class.
        """
        self._caps, self._words, self._classes = tuple(caps), words, classes or {}
        self._bounds = cache(lambda span, at: bounds(span, at, zone))
        self._events: dict[Group, list[Event]] = {}  # in order
        self._totals: Counter[Group] = Counter()
        self._own: dict[tuple[Voucher, str], list[tuple[Group, Event]]] = {}

    def copied(self) -> Uses:
        """The same, to be tried upon."""
        other = copy(self)
        other._events = {group: [*events] for group, events in self._events.items()}
        other._totals = self._totals.copy()
        other._own = {payment: [*events] for payment, events in self._own.items()}
        return other

    def groups(self, use: Use) -> Iterator[tuple[UseCap, Timeline, Group]]:
        """The limits that it counts under, and with whose uses."""
        for each, steps in self._caps:
            if each.counted.by_word:
                yield from self._of_goods(each, steps, use)
            elif each.concerns(self._words.get(use.round_id, frozenset())):
                yield each, steps, self._group(each, use)

    def _of_goods(
        self, each: UseCap, steps: Timeline, use: Use
    ) -> Iterator[tuple[UseCap, Timeline, Group]]:
        word = json.loads(use.details or "{}").get(each.counted.by_word)
        if word is None:
            return
        if each.name == "class_used":
            most = self._classes.get((use.round_id, word))
            if most is None:
                return
            steps = always(most)
        yield each, steps, self._group(each, use)._replace(word=word)

    def _group(self, each: UseCap, use: Use) -> Group:
        return Group(
            each.name,
            use.resident if each.counted.by_resident else b"",
            use.merchant_id if each.counted.by_merchant else 0,
            self._bounds(each.span, use.paid_at)[0],
        )

    def reached(self, use: Use, *, has_place: bool = False) -> UseCap | None:
        """The limit that has no room for this payment; None: all have. `has_place`: under what
        many share it is counted already.
        """
        for each, steps, group in self.groups(use):
            if has_place and each.counted.is_shared:
                continue
            most = steps.at(use.paid_at)
            if most is not None and self._peak(group, use.paid_at) + each.amount(use) > most:
                return each
        return None

    def _peak(self, group: Group, at: int) -> int:
        """The most that is used from that second on; of refunds, those before it have gone."""
        events = self._events.get(group, [])
        later = events[bisect_left(events, Event(at, is_refund=True, amount=-(1 << 62))) :]
        used = most = self._totals[group] - sum(each.amount for each in later)
        for each in later:
            used += each.amount
            most = max(most, used)
        return most

    def add(self, use: Use, *, is_shared: bool | None = None) -> None:
        """Count a payment that is accepted, or stands; or what a refund gives back. `is_shared`:
        only under what many share, or only under the rest.
        """
        own = self._own.setdefault((use.voucher, use.transaction_no), [])
        for each, _, group in self.groups(use):
            if is_shared in (None, each.counted.is_shared) and (amount := each.amount(use)):
                own.append((group, Event(use.at, amount < 0, amount)))
                self._put(*own[-1])

    def learn(self, use: Use, *, of_serial: bool = False) -> None:
        """Count what stands of a resident (`of_serial`: with a serial number), whose uses are all
        said one by one.
        """
        for each, _, group in self.groups(use):
            amount = each.amount(use)
            is_said = each.counted.by_word == "serial" if of_serial else each.counted.by_resident
            if amount and is_said:
                self._put(group, Event(use.at, amount < 0, amount))

    def gross(self, group: Group) -> int:
        """What was used in all, nothing given back."""
        return sum(max(each.amount, 0) for each in self._events.get(group, ()))

    def add_sum(self, group: Group, at: int, amount: int) -> None:
        """Count what many have used together, as if it were at that second."""
        self._put(group, Event(at, is_refund=False, amount=amount))

    def _put(self, group: Group, event: Event) -> None:
        insort(self._events.setdefault(group, []), event)
        self._totals[group] += event.amount

    def forget(self, voucher: Voucher, transaction_no: str) -> None:
        """A payment stands no more, nor its refunds."""
        for group, event in self._own.pop((voucher, transaction_no), ()):
            self._events[group].remove(event)
            self._totals[group] -= event.amount


def said(name: str, most: int | None) -> dict[str, Any]:
    """What a refusal says of the limit that was reached (`rules.reasons`)."""
    if name in OF_GOODS:
        return {}  # what the row says of its goods, and who had them: `store.judging`
    each = cap(name)
    assert each is not None
    unit = "_fen" if each.counted.unit == "subsidy" else ""
    return {f"{name.partition(':')[0]}_{each.span}{unit}": most}
