"""How sums are held against sums: a bill by merchant and day against what was redeemed, and what a
merchant or a bank says was credited against the transfers of settlements.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from vouchercli.rules import breaks
from vouchercli.rules.reconciling import Work
from vouchercli.rules.times import as_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.rules.reconciling import Judged, Known, Ours, Theirs

NOT_PAID = ("rejected", "returned", "dropped")  # states of a transfer that credits nobody


def judge_days(known: Known, theirs: Iterable[Theirs], ours: Iterable[Ours]) -> Judged:
    """By merchant and day: `theirs` are rows of a bill, `ours` what was redeemed there that day. A
    row that the bill repeats to the letter is shown twice; other rows of one merchant and day add
    up.
    """
    work = Work(known)
    mine = {(str(each.merchant_id), each.day): each for each in ours}
    shown: dict[tuple[str, int], list[Theirs]] = defaultdict(list)
    for row in theirs:
        if not known.is_in(row.day):
            work.judged.reasons[row.line] = "outside_days"
            continue
        merchant = known.merchant_of(row.merchant_no)
        there = shown[row.merchant_no if merchant is None else str(merchant), row.day]
        if any(each.fen == row.fen for each in there):
            work.twice(row)
        else:
            there.append(row)
    for place in sorted({*shown, *mine}):
        rows, one = shown.get(place, []), mine.get(place)
        both = [one] if one else []
        key = f"{rows[0].merchant_no if rows else both[0].merchant_no}:{place[1]}"
        difference = sum(each.fen for each in rows) - sum(each.fen for each in both)
        if both and not rows:
            work.add(breaks.MISSING_THERE, key, [], both, {})
        elif rows and not both and any(each.fen for each in rows):
            work.add(breaks.MISSING_HERE, key, rows, [], {})
        elif abs(difference) > known.allowed.amount_fen:
            work.add("amount", key, rows, both, {})
        else:
            work.agree(rows, both)
    return work.judged


class _Credits(Work):
    """Credits beside transfers: by the reference, by merchant and amount, by what adds up."""

    def __init__(self, known: Known, theirs: list[Theirs], ours: list[Ours]) -> None:
        super().__init__(known)
        self.theirs, self.ours = theirs, ours

    def by_reference(self) -> None:
        named = {each.transaction_no: each for each in self.ours}
        for row in [*self.theirs]:
            mine = named.get(row.refund_of)
            if mine is not None and mine in self.ours and known_day(self.known, mine):
                self._take(row, mine)

    def by_amount(self) -> None:
        for row in [*self.theirs]:
            merchant = self.known.merchant_of(row.merchant_no)
            some = [
                each
                for each in self.ours
                if each.merchant_id == merchant
                and each.fen == row.fen
                and each.refund_of not in NOT_PAID
                and known_day(self.known, each)
            ]
            if some:
                self._take(row, min(some, key=lambda each: (_apart(row, each), each)))

    def by_sum(self) -> None:
        """One credit for several transfers, or the other way round: of one day, then of all."""
        for is_by_day in (True, False):
            groups: dict[tuple[object, int], tuple[list[Theirs], list[Ours]]] = {}
            for row in self.theirs:
                place = (self.known.merchant_of(row.merchant_no), row.day * is_by_day)
                groups.setdefault(place, ([], []))[0].append(row)
            for mine in self.ours:
                if mine.refund_of not in NOT_PAID and known_day(self.known, mine):
                    place = (mine.merchant_id, mine.day * is_by_day)
                    groups.setdefault(place, ([], []))[1].append(mine)
            for theirs, ours in groups.values():
                self._add_up(theirs, ours, is_last=not is_by_day)

    def _add_up(self, theirs: list[Theirs], ours: list[Ours], *, is_last: bool) -> None:
        if not theirs or not ours:
            return
        difference = sum(each.fen for each in theirs) - sum(each.fen for each in ours)
        if abs(difference) <= self.known.allowed.amount_fen:
            self.agree(theirs, ours)
        elif is_last and len(theirs) == len(ours) == 1:
            self.add("amount", ours[0].transaction_no, theirs, ours, {})
        elif is_last:
            numbers = {
                "theirs": [each.transaction_no for each in theirs],
                "ours": [each.transaction_no for each in ours],
            }
            self.add("split", ours[0].transaction_no, theirs, ours, numbers)
        else:
            return
        for row in theirs:
            self.theirs.remove(row)
        for mine in ours:
            self.ours.remove(mine)
            if mine.key in self.known.waiting:
                self.judged.ended.append(self.known.waiting[mine.key])

    def rest(self) -> None:
        for row in self.theirs:
            self.add(breaks.MISSING_HERE, row.transaction_no, [row], [], {})
        for mine in self.ours:
            if mine.refund_of not in NOT_PAID and self.known.is_in(mine.day):
                self.add(breaks.MISSING_THERE, mine.transaction_no, [], [mine], {})

    def _take(self, row: Theirs, mine: Ours) -> None:
        """The two are one payment; what differs of them."""
        known = self.known
        self.theirs.remove(row)
        self.ours.remove(mine)
        if mine.key in known.waiting:
            self.judged.ended.append(known.waiting[mine.key])
        pair = breaks.Pair(
            mine.refund_of not in NOT_PAID,
            row.fen - mine.fen,
            known.is_merchant(row.merchant_no, mine.merchant_id),
            _apart(row, mine) if mine.refund_of == "paid" else 0,
        )
        kind = breaks.type_of(pair, known.allowed)
        if not kind:
            self.agree([row], [mine])
        elif kind == "status":
            detail = {"status": mine.refund_of, "transfer": mine.transaction_no}
            self.add(kind, mine.transaction_no, [row], [], detail)
        else:
            self.add(kind, mine.transaction_no, [row], [mine], {})


def known_day(known: Known, mine: Ours) -> bool:
    """Whether a transfer may be what this statement shows: of its days, or not shown by another."""
    return known.is_in(mine.day) or mine.key in known.waiting or mine.day not in known.covered


def judge_credits(known: Known, theirs: Iterable[Theirs], ours: Iterable[Ours]) -> Judged:
    """What a merchant or a bank says was credited (`refund_of`: the reference) beside our transfers
    (`refund_of`: their state).
    """
    rows: list[Theirs] = []
    twins: list[Theirs] = []
    seen: set[tuple[str, str, int, int]] = set()
    for row in sorted(theirs, key=lambda each: each.line):
        same = (row.transaction_no, row.merchant_no, row.day, row.fen)
        (twins if same in seen else rows).append(row)
        seen.add(same)
    outside = [row for row in rows if not known.is_in(row.day)]
    inside = [row for row in rows if known.is_in(row.day)]
    work = _Credits(known, inside, [each for each in ours if each.key not in known.taken])
    for row in outside:
        work.judged.reasons[row.line] = "outside_days"
    for row in twins:
        work.twin(row)
    for step in (work.by_reference, work.by_amount, work.by_sum, work.rest):
        step()
    return work.judged


def _apart(row: Theirs, mine: Ours) -> int:
    return abs((as_date(row.day) - as_date(mine.day)).days)
