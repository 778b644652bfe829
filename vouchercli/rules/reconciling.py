"""How a bill is held against what stands here: rows that agree count, every other row belongs to
one break. What goes in are only the rows that do not plainly agree.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import breaks
from vouchercli.rules.breaks import Found, Pair, Part, Tolerances
from vouchercli.rules.times import as_date, as_day

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

Key = tuple[str, str]  # number and kind


class Theirs(NamedTuple):
    """A row of a bill: refunds are negative, of what is not settled `fen` is 0. `status` is the
    platform's word, `refund_of` the number of the payment ('': not said), `at` when it was paid
    (UTC seconds).
    """

    line: int
    transaction_no: str
    kind: str
    merchant_no: str
    day: int
    fen: int
    refund_of: str
    status: str
    said_fen: int
    is_settled: int = 1
    nth: int = 1
    at: int | None = None

    @property
    def key(self) -> Key:
        """What it is found by."""
        return self.transaction_no, self.kind


class Ours(NamedTuple):
    """A payment or refund that stands here; `refund_of` is the number of its payment."""

    transaction_no: str
    kind: str
    merchant_id: int
    merchant_no: str
    day: int
    fen: int
    refund_of: str

    @property
    def key(self) -> Key:
        """What it is found by."""
        return self.transaction_no, self.kind


class Sums(NamedTuple):
    """Rows and fen of both sides."""

    their_rows: int = 0
    their_fen: int = 0
    our_rows: int = 0
    our_fen: int = 0

    def __add__(self, more: Sums) -> Sums:  # type: ignore[override]
        return Sums(*(a + b for a, b in zip(self, more, strict=True)))


class Beyond(NamedTuple):
    """A row of ours on a day that the run does not cover, which its bill shows and which agrees."""

    transaction_no: str
    kind: str
    day: int
    our_fen: int
    their_fen: int


@dataclass(frozen=True)
class Known:
    """What was known before the run. The days from `first_on` to `last_on` are covered (none when
    it `adds`); `taken` are rows of ours on them that other bills show; `waiting` rows of ours on
    other days that no bill has shown yet, with the break that says so; `covered` the other days
    that bills were held against. `is_merchant(their number, our merchant)` says whether both are
    the same; `merchant_of(their number)` whom they mean.
    """

    first_on: int
    last_on: int
    allowed: Tolerances
    adds: bool
    taken: Collection[Key]
    waiting: dict[Key, int]
    covered: Collection[int]
    is_merchant: Callable[[str, int], bool]
    merchant_of: Callable[[str], int | None]

    def is_in(self, day: int) -> bool:
        """Whether the run covers the day."""
        return not self.adds and self.first_on <= day <= self.last_on


@dataclass
class Judged:
    """What came of the rows: breaks, what agreed by day, what agreed beyond the days, the breaks
    that what agreed there ends, and the lines that are no rows of these days (code).
    """

    found: list[Found] = field(default_factory=list)
    agreed: dict[int, Sums] = field(default_factory=lambda: defaultdict(Sums))
    beyond: list[Beyond] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)


def days_around(first_on: int, last_on: int) -> tuple[int, int]:
    """One day more on both sides: a platform's day may end at another hour."""
    one = timedelta(days=1)
    return as_day(as_date(first_on) - one), as_day(as_date(last_on) + one)


def judge(
    known: Known,
    pairs: Iterable[tuple[Theirs, Ours]],
    lone_theirs: Iterable[Theirs],
    lone_ours: Iterable[Ours],
    twins: Iterable[Theirs],
) -> Judged:
    """Say of every row what it is. `pairs` have one number, `twins` are rows whose number came
    before in the bill; the others have nobody on the other side.
    """
    work = Work(known)
    for theirs, ours in pairs:
        work.pair(theirs, ours)
    for theirs in lone_theirs:
        work.lone_theirs(theirs)
    for ours in lone_ours:
        work.lone_ours(ours)
    for theirs in twins:
        work.twin(theirs)
    work.end_groups()
    return work.judged


class Work:
    """Collects; refunds that do not agree one by one wait until their whole payment is known."""

    def __init__(self, known: Known) -> None:
        self.known, self.judged = known, Judged()
        self._groups: dict[str, tuple[list[Theirs], list[Ours]]] = defaultdict(lambda: ([], []))

    def pair(self, theirs: Theirs, ours: Ours) -> None:
        """Two rows of one number."""
        known = self.known
        if self._is_free(theirs, ours):
            self._judge_pair(theirs, ours)
        elif known.is_in(theirs.day):
            self.twice(theirs)
        elif ours.day in known.covered and ours.fen == theirs.fen:
            self.judged.reasons[theirs.line] = "duplicate"
        elif known.adds and ours.day in known.covered:
            self.twice(theirs)
        else:
            self.judged.reasons[theirs.line] = "outside_days"

    def _is_free(self, theirs: Theirs, ours: Ours) -> bool:
        """Whether no other bill has shown our row yet."""
        known = self.known
        if known.is_in(ours.day):
            return ours.key not in known.taken
        if ours.key in known.waiting:
            return True
        return ours.day not in known.covered and known.is_in(theirs.day)

    def _judge_pair(self, theirs: Theirs, ours: Ours) -> None:
        known = self.known
        apart = abs((as_date(theirs.day) - as_date(ours.day)).days)
        is_merchant = not theirs.merchant_no or known.is_merchant(
            theirs.merchant_no, ours.merchant_id
        )
        pair = Pair(bool(theirs.is_settled), theirs.fen - ours.fen, is_merchant, apart)
        kind = breaks.type_of(pair, known.allowed)
        if ours.key in known.waiting and not known.is_in(ours.day):
            self.judged.ended.append(known.waiting[ours.key])
        if not kind:
            self.agree([theirs], [ours])
        elif kind == "amount" and theirs.kind == "refund" and known.is_in(ours.day):
            group = self._groups[ours.refund_of]
            group[0].append(theirs)
            group[1].append(ours)
        else:
            self._pair_break(kind, theirs, ours)

    def _pair_break(self, kind: str, theirs: Theirs, ours: Ours) -> None:
        detail: dict[str, Any] = {}
        if theirs.day != ours.day:
            detail |= {"their_day": theirs.day, "our_day": ours.day}
        if not theirs.is_settled:
            detail |= {"status": theirs.status, "said_fen": theirs.said_fen}
        self.add(kind, ":".join(ours.key), [theirs], [ours], detail)

    def lone_theirs(self, theirs: Theirs) -> None:
        """A row of the bill that nobody here is."""
        known = self.known
        if not known.is_in(theirs.day) and not (known.adds and theirs.day in known.covered):
            self.judged.reasons[theirs.line] = "outside_days"
        elif not theirs.fen:  # nothing moved: an order without a voucher, or one that was closed
            self.agree([theirs], [])
        elif theirs.kind == "refund":
            self._groups[theirs.refund_of or theirs.transaction_no][0].append(theirs)
        else:
            self.missing_here(theirs)

    def missing_here(self, theirs: Theirs) -> None:
        """A row of the bill that stands nowhere here; its moment may tell which of ours it is."""
        detail = {} if theirs.at is None else {"their_at": theirs.at}
        self.add(breaks.MISSING_HERE, ":".join(theirs.key), [theirs], [], detail)

    def lone_ours(self, ours: Ours) -> None:
        """A row of ours that the bill does not show."""
        if ours.key in self.known.taken:
            return
        if ours.kind == "refund":
            self._groups[ours.refund_of][1].append(ours)
        else:
            self.add(breaks.MISSING_THERE, ":".join(ours.key), [], [ours], {})

    def twin(self, theirs: Theirs) -> None:
        """A row whose number the bill has shown already."""
        if self.known.is_in(theirs.day):
            self.twice(theirs)
        else:
            self.judged.reasons[theirs.line] = "duplicate"

    def twice(self, theirs: Theirs) -> None:
        """A row that another row, or another bill, has shown."""
        key = f"{theirs.transaction_no}:{theirs.kind}:{theirs.nth}"
        self.add("duplicate", key, [theirs], [], {})

    def end_groups(self) -> None:
        """Refunds of one payment: where the sums agree they agree, however many rows they are."""
        for payment, (theirs, ours) in sorted(self._groups.items()):
            difference = sum(each.fen for each in theirs) - sum(each.fen for each in ours)
            if not theirs or not ours:
                for row in theirs:
                    self.missing_here(row)
                for mine in ours:
                    self.add(breaks.MISSING_THERE, ":".join(mine.key), [], [mine], {})
            elif abs(difference) <= self.known.allowed.amount_fen:
                self.agree(theirs, ours)
            elif len(theirs) == len(ours) == 1 and theirs[0].key == ours[0].key:
                self._pair_break("amount", theirs[0], ours[0])
            else:
                numbers = {
                    "payment": payment,
                    "theirs": [each.transaction_no for each in theirs],
                    "ours": [each.transaction_no for each in ours],
                }
                self.add("split", f"{payment}:refund", theirs, ours, numbers)

    def agree(self, theirs: list[Theirs], ours: list[Ours]) -> None:
        """Rows that are the same money."""
        known, judged = self.known, self.judged
        for row in theirs:
            if known.is_in(row.day):
                judged.agreed[row.day] += Sums(1, row.fen)
        for mine in ours:
            if known.is_in(mine.day):
                judged.agreed[mine.day] += Sums(0, 0, 1, mine.fen)
            else:
                their_fen = sum(each.fen for each in theirs)
                judged.beyond.append(Beyond(*mine.key, mine.day, mine.fen, their_fen))

    def add(
        self, kind: str, key: str, theirs: list[Theirs], ours: list[Ours], detail: dict[str, Any]
    ) -> None:
        """A break of these rows."""
        known = self.known
        first = (theirs or ours)[0]
        merchant_no = theirs[0].merchant_no if theirs else ""
        merchant_id = ours[0].merchant_id if ours else known.merchant_of(merchant_no)
        self.judged.found.append(
            Found(
                kind,
                key,
                first.transaction_no,
                first.kind,
                merchant_id,
                merchant_no or (ours[0].merchant_no if ours else ""),
                min([each.day for each in theirs] + [each.day for each in ours]),
                sum(each.fen for each in ours),
                sum(each.fen for each in theirs),
                theirs[0].line if theirs else None,
                self._parts(theirs, ours),
                json.dumps(detail, ensure_ascii=False, sort_keys=True),
            )
        )

    def _parts(self, theirs: list[Theirs], ours: list[Ours]) -> tuple[Part, ...]:
        sums: dict[tuple[int, int], Sums] = defaultdict(Sums)
        for row in theirs:
            sums[row.day, int(not self.known.is_in(row.day))] += Sums(1, row.fen)
        for mine in ours:
            sums[mine.day, 0] += Sums(0, 0, 1, mine.fen)
        return tuple(
            Part(day, each.our_rows, each.our_fen, each.their_rows, each.their_fen, is_beyond)
            for (day, is_beyond), each in sorted(sums.items())
        )
