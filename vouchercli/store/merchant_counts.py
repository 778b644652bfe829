"""How many merchants have a payment that stands, whatever a report is grouped by.

Totals say it by round, month and segment. For days, coupons and channels, and for months that are
cut, payments are read: each as one whole number, its place in the report beside its merchant, many
of them in one text. Of a run that lies within the span no row is asked for more than that: refunds
are counted as if they were payments, and taken off by themselves. So ten million rows take two
seconds, and SQLite sorts nothing.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import sizes
from vouchercli.store import by_columns, known_facts, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vouchercli.store.pieces import Piece

FEW = 8  # cells a row that are sooner counted one by one than sorted
AT_ONCE = 2_000_000  # numbers that wait in memory before they are counted


class Place(NamedTuple):
    """Where a payment stands in a report; 0 where that is not asked. `day` is yyyymmdd (of totals
    the first of its month), `channel` as the facts have it.
    """

    round_id: int = 0
    day: int = 0
    coupon_no: int = 0
    channel: int = 0
    segment_id: int = 0
    merchant_id: int = 0


class Merchants(NamedTuple):
    """Merchants with a payment that stands; those of them with one that was made while the registry
    stated a size, and while they were small or micro.
    """

    paid: int = 0
    sized: int = 0
    small: int = 0


FIELDS = Place._fields
SEGMENT = FIELDS.index("segment_id")
OF_TOTALS = {
    "round_id": "t.round_id",
    "day": "t.month * 100 + 1 - :first_day",
    "segment_id": "t.segment_id",
    "merchant_id": "t.merchant_id",
}
OF_FACTS = {
    "round_id": "f.split_id",  # of which the round is known: no row is looked up
    "day": "f.day - :first_day",
    "coupon_no": "f.voucher % 1024",
    "channel": "f.channel",
    "segment_id": "f.segment_id",
    "merchant_id": "f.merchant_id",
}
CHANNEL = "CASE f.channel WHEN 'offline' THEN 1 WHEN 'online' THEN 2 ELSE 0 END"
OF_VIEW = OF_FACTS | {"round_id": "f.round_id", "channel": CHANNEL}
KEPT = "t WHERE t.month BETWEEN :from_at AND :until_at"
IN_SPAN = "f.paid_at >= :from_at AND f.paid_at < :until_at"
OF_DAYS = "AND f.day BETWEEN :from_at AND :until_at AND f.vouchers <> 0"
# All rows of a run that lies within the span; of the others those that do.
OF_RUN = """
SELECT (SELECT group_concat([number]) FROM redemptions f
    WHERE f.redemption_id BETWEEN n.first_id AND n.last_id), NULL
FROM redemption_runs n WHERE n.first_paid_at >= :from_at AND n.last_paid_at < :until_at
"""
OF_CUT_RUN = f"""
SELECT (SELECT group_concat([number]) FROM redemptions f
    WHERE f.redemption_id BETWEEN n.first_id AND n.last_id AND {IN_SPAN}), NULL
FROM redemption_runs n WHERE n.first_paid_at < :until_at AND n.last_paid_at >= :from_at
    AND (n.first_paid_at < :from_at OR n.last_paid_at >= :until_at)
"""
# A refund was counted as 1.
OF_REFUNDS = f"""
SELECT group_concat([number]), group_concat(b.vouchers - 1)
FROM refunds b CROSS JOIN redemptions f ON f.redemption_id = b.redemption_id WHERE {IN_SPAN}
"""
OF_ROWS = "SELECT group_concat([number]), group_concat(t.vouchers)"
OF_VIEWS = "SELECT group_concat([number]), group_concat(f.vouchers)"
# A piece of a span -> how it is read: the fields, and for how many rows at once the numbers of
# these and the vouchers of each (none: 1).
READ = {
    "totals": ((OF_TOTALS, f"{OF_ROWS} FROM merchant_totals {KEPT}"),),
    "sums": ((OF_TOTALS, f"{OF_ROWS} FROM merchant_sums {KEPT}"),),
    "facts": ((OF_FACTS, OF_RUN), (OF_FACTS, OF_CUT_RUN), (OF_FACTS, OF_REFUNDS)),
    "late": ((OF_VIEW, f"{OF_VIEWS} {known_facts.LATE} {OF_DAYS}"),),
    "reversed": ((OF_VIEW, f"{OF_VIEWS} {known_facts.REVERSED} {OF_DAYS}"),),
}
SIZES = """
SELECT (SELECT ifnull(max(round_id), 0) FROM rounds) + 1,
    (SELECT ifnull(min(day), 0) FROM group_totals WHERE grouping = 'round'),
    (SELECT ifnull(max(day), 0) FROM group_totals WHERE grouping = 'round'),
    (SELECT ifnull(max(coupon_no), 0) FROM coupons) + 1,
    (SELECT ifnull(max(segment_id), 0) FROM segments) + 1,
    (SELECT ifnull(max(merchant_id), 0) FROM merchants) + 1
"""
SEGMENTS = "SELECT segment_id, size FROM segments"
SPLITS = "SELECT split_id, round_id FROM splits"

# numbers, vouchers of each (None: 1), added or taken off, whether splits stand for rounds in them
Lot = tuple[str, "str | None", int, bool]
Weight = tuple[int, int, int]  # 1 each where a payment of a segment counts, as `Merchants`
Weights = dict[int, Weight]  # by segment
Key = tuple[str, ...]


def counted(
    db: sqlite3.Connection,
    pieces: Sequence[Piece],
    fields: Iterable[str],
    key_of: Callable[[Place], Key | None],
) -> tuple[dict[Key, Merchants], Merchants]:
    """Merchants by key, and in all: whose payments that stand under it, in all `pieces` together,
    are more than those that refunds undid. `key_of` a place with these `fields` is the key, None
    where the place does not count.
    """
    asked = tuple(name for name in FIELDS if name in {*fields, "segment_id"})
    code = _Code(db, asked)
    lots = (lot for piece in pieces for lot in _lots(db, piece, code))
    weights = {
        no: (1, int(size != ""), int(sizes.is_small(size))) for no, size in db.execute(SEGMENTS)
    }
    if by_columns.are_worth_it(db):
        return _by_columns(lots, code, key_of, weights)
    return _by_rows(lots, code, key_of, weights)


class _Code:
    """A place and its merchant as one whole number: the fields that are asked, then the merchant,
    each counted from 0 in as many steps as there are.
    """

    def __init__(self, db: sqlite3.Connection, fields: Sequence[str]) -> None:
        rounds, first, last, coupons, segments, merchants = db.execute(SIZES).fetchone()
        self.first_day = first // 100 * 100 + 1
        days = max(last - self.first_day, 0) + 1
        sizes = dict(zip(FIELDS, (rounds, days, coupons, 3, segments, merchants), strict=True))
        self.has_merchant = "merchant_id" in fields
        self.fields = {name: sizes[name] for name in fields if name != "merchant_id"}
        self.merchants = merchants
        self.round_of = [0]
        self._rest = 1  # what a round is multiplied by
        if "round_id" in self.fields:
            rounds_of = dict(typed.tuples(db, SPLITS))
            self.round_of = [rounds_of.get(no, 0) for no in range(max(rounds_of, default=0) + 1)]
            self._rest = math.prod((*self.fields.values(), merchants)) // rounds

    def by_round(self, number: Any, round_of: Any) -> Any:
        """A number, or many of them, with the round in place of the split."""
        split = number // self._rest
        return number + (round_of[split] - split) * self._rest

    def sql(self, columns: dict[str, str]) -> str:
        """The number, of these columns."""
        text = "0"
        for name, size in (self.fields | {"merchant_id": self.merchants}).items():
            text = f"({text}) * {size:d} + {columns[name]}"
        return text

    def place(self, number: Any) -> Place:
        """The place of a number, or places of many, with a column in each field; its merchant is in
        it where places have one.
        """
        values = {}
        if self.has_merchant:
            number, values["merchant_id"] = divmod(number, self.merchants)
        for name, size in reversed(self.fields.items()):
            number, values[name] = divmod(number, size)
        if "day" in values:
            values["day"] += self.first_day
        return Place(**values)


def _lots(db: sqlite3.Connection, piece: Piece, code: _Code) -> Iterator[Lot]:
    from_at, until_at = piece.span
    asked = {"from_at": from_at, "until_at": until_at, "first_day": code.first_day}
    for columns, text in READ[piece.source]:
        is_by_split = columns is OF_FACTS and "round_id" in code.fields
        for numbers, weights in db.execute(text.replace("[number]", code.sql(columns)), asked):
            if numbers:
                yield numbers, weights, piece.sign, is_by_split


def _by_rows(
    lots: Iterable[Lot], code: _Code, key_of: Callable[[Place], Key | None], weights: Weights
) -> tuple[dict[Key, Merchants], Merchants]:
    stands: Counter[int] = Counter()
    for texts, vouchers, sign, is_by_split in lots:
        each = vouchers.split(",") if vouchers else None
        for place, number in enumerate(map(int, texts.split(","))):
            of = code.by_round(number, code.round_of) if is_by_split else number
            stands[of] += sign * (int(each[place]) if each else 1)
    found: dict[int, tuple[Key | None, Weight]] = {}
    net: defaultdict[tuple[Key | None, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for code_no, count in stands.items():
        of, merchant_id = divmod(code_no, code.merchants)
        at = code_no if code.has_merchant else of
        if at not in found:
            where = code.place(at)
            found[at] = key_of(where), weights[where.segment_id]
        key, weight = found[at]
        if key is not None:
            for under in (key, None):
                sums = net[under, merchant_id]
                sums[:] = (each + count * factor for each, factor in zip(sums, weight, strict=True))
    groups: defaultdict[Key | None, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (under, _), sums in net.items():
        counts = groups[under]
        counts[:] = (each + (sum_ > 0 < sums[0]) for each, sum_ in zip(counts, sums, strict=True))
    total = Merchants(*groups.pop(None, ()))
    return {key: Merchants(*each) for key, each in groups.items() if key is not None}, total


def _by_columns(
    lots: Iterable[Lot], code: _Code, key_of: Callable[[Place], Key | None], weights: Weights
) -> tuple[dict[Key, Merchants], Merchants]:
    """The same of many rows."""
    import numpy as np

    stands, net = _pooled(lots, code)
    merchants = stands % code.merchants
    codes = stands if code.has_merchant else stands // code.merchants
    begins = np.diff(codes, prepend=-1) != 0  # they are in order
    place_of = np.cumsum(begins) - 1
    at = code.place(codes[begins])  # all places at once: each field is a column
    columns = [np.broadcast_to(each, begins.sum()).tolist() for each in at]
    keys = [*map(key_of, map(Place, *columns))]
    named = {
        key: at for at, key in enumerate(dict.fromkeys(key for key in keys if key is not None))
    }
    group = np.array([-1 if key is None else named[key] for key in keys], np.int64)[place_of]
    weight = np.array([weights[no] for no in columns[SEGMENT]]).reshape(-1, 3)[place_of]
    counts = group >= 0
    sums = (weight * net[:, None])[counts].T
    merchants, group = merchants[counts], group[counts]

    def count(of: Any, groups: int) -> list[Merchants]:
        """Merchants by the number of a group, of each row that counts."""
        pairs, at = _numbered(of * code.merchants + merchants, groups * code.merchants)
        stands = [np.bincount(at, each, len(pairs)) > 0 for each in sums]
        of_pair = pairs // code.merchants
        paid = (np.bincount(of_pair[each & stands[0]], minlength=groups) for each in stands)
        return [*map(Merchants, *(each.tolist() for each in paid))]

    (total,) = count(0, 1)
    return dict(zip(named, count(group, len(named)), strict=True)), total


def _numbered(values: Any, size: int) -> tuple[Any, Any]:
    """All values that there may be (below `size`), and where among them each of these is: where
    that is a list too long, those that there are.
    """
    import numpy as np

    if size <= FEW * (len(values) + by_columns.MANY):
        return np.arange(size), values
    return np.unique(values, return_inverse=True)


def _pooled(lots: Iterable[Lot], code: _Code) -> tuple[Any, Any]:
    """Numbers in order, and how many vouchers stand of each."""
    import numpy as np

    single: dict[int, list[Any]] = {1: [], -1: []}  # of one voucher each: counted, not weighed
    numbers, vouchers = [np.empty(0, np.int64)], [np.empty(0, np.int64)]

    def count(sign: int) -> None:
        pooled, times = np.unique(np.concatenate(single[sign]), return_counts=True)
        numbers.append(pooled)
        vouchers.append(sign * times)
        single[sign].clear()

    round_of = np.array(code.round_of)
    for texts, weights, sign, is_by_split in lots:
        some = np.fromstring(texts, np.int64, sep=",")
        if is_by_split:
            some = code.by_round(some, round_of)
        if weights is None:
            single[sign].append(some)
            if sum(map(len, single[sign])) >= AT_ONCE:
                count(sign)
        else:
            numbers.append(some)
            vouchers.append(sign * np.fromstring(weights, np.int64, sep=","))
    for sign, waiting in single.items():
        if waiting:
            count(sign)
    stands, where = np.unique(np.concatenate(numbers), return_inverse=True)
    return stands, np.bincount(where, np.concatenate(vouchers), len(stands))
