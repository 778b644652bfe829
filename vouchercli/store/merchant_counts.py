"""How many merchants have a payment that stands, whatever a report is grouped by.

Totals say it by round, month and segment. For days, coupons and channels, and for months that are
cut, payments are read: each as one whole number, its place in the report beside its merchant, many
of them in one text. So ten million payments take three seconds and nothing is sorted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import sizes
from vouchercli.store import known_facts, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vouchercli.store.pieces import Piece

MANY = 50_000  # facts from which on columns are worth their start
DAYS_OF_YEAR, DAYS_OF_MONTH = 372, 31


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
DAY = "({day} / 10000 * 372 + {day} / 100 % 100 * 31 + {day} % 100 - :first_day)"
OF_TOTALS = {
    "round_id": "t.round_id",
    "day": DAY.format(day="(t.month * 100 + 1)"),
    "segment_id": "t.segment_id",
    "merchant_id": "t.merchant_id",
}
OF_FACTS = {
    "round_id": "s.round_id",
    "day": DAY.format(day="f.day"),
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
SPLIT = "CROSS JOIN splits s ON s.split_id = f.split_id"
PAID = f"""
FROM redemption_runs n CROSS JOIN redemptions f ON f.redemption_id BETWEEN n.first_id AND n.last_id
[split] WHERE n.first_paid_at < :until_at AND n.last_paid_at >= :from_at AND {IN_SPAN}
    AND f.refund_of IS NULL GROUP BY n.first_id
"""
REFUNDED = f"""
FROM refunds b CROSS JOIN redemptions f ON f.redemption_id = b.redemption_id
[split] WHERE b.vouchers <> 0 AND {IN_SPAN}
"""
SINGLE = "SELECT group_concat([number]), NULL"
OF_ROWS = "SELECT group_concat([number]), group_concat(t.vouchers)"
OF_REFUNDS = "SELECT group_concat([number]), group_concat(b.vouchers)"
OF_VIEWS = "SELECT group_concat([number]), group_concat(f.vouchers)"
# A piece of a span -> how it is read: the fields, and for how many rows at once the numbers of
# these and the vouchers of each (none: 1).
READ = {
    "totals": ((OF_TOTALS, f"{OF_ROWS} FROM merchant_totals {KEPT}"),),
    "sums": ((OF_TOTALS, f"{OF_ROWS} FROM merchant_sums {KEPT}"),),
    "facts": ((OF_FACTS, f"{SINGLE} {PAID}"), (OF_FACTS, f"{OF_REFUNDS} {REFUNDED}")),
    "late": ((OF_VIEW, f"{OF_VIEWS} {known_facts.LATE} {OF_DAYS}"),),
    "reversed": ((OF_VIEW, f"{OF_VIEWS} {known_facts.REVERSED} {OF_DAYS}"),),
}
FACTS = "SELECT ifnull(max(redemption_id), 0) FROM redemptions"
SIZES = """
SELECT (SELECT ifnull(max(round_id), 0) FROM rounds) + 1,
    (SELECT ifnull(min(day), 0) FROM group_totals WHERE grouping = 'round'),
    (SELECT ifnull(max(day), 0) FROM group_totals WHERE grouping = 'round'),
    (SELECT ifnull(max(coupon_no), 0) FROM coupons) + 1,
    (SELECT ifnull(max(segment_id), 0) FROM segments) + 1,
    (SELECT ifnull(max(merchant_id), 0) FROM merchants) + 1
"""
SEGMENTS = "SELECT segment_id, size FROM segments"

Lot = tuple[str, "str | None", int]  # numbers, vouchers of each (None: 1), added or taken off
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
    if typed.number(db, FACTS) >= MANY and find_spec("numpy"):
        return _by_columns(lots, code, key_of, weights)
    return _by_rows(lots, code, key_of, weights)


class _Code:
    """A place and its merchant as one whole number: the fields that are asked, then the merchant,
    each counted from 0 in as many steps as there are.
    """

    def __init__(self, db: sqlite3.Connection, fields: Sequence[str]) -> None:
        rounds, first, last, coupons, segments, merchants = db.execute(SIZES).fetchone()
        self.first_day = _dense(first // 100 * 100 + 1)
        days = max(_dense(last) - self.first_day, 0) + 1
        sizes = dict(zip(FIELDS, (rounds, days, coupons, 3, segments, merchants), strict=True))
        self.has_merchant = "merchant_id" in fields
        self.fields = {name: sizes[name] for name in fields if name != "merchant_id"}
        self.merchants = merchants

    def sql(self, columns: dict[str, str]) -> str:
        """The number, of these columns."""
        text = "0"
        for name, size in (self.fields | {"merchant_id": self.merchants}).items():
            text = f"({text}) * {size:d} + {columns[name]}"
        return text

    def place(self, number: int) -> Place:
        """The place of a number; its merchant is in it where places have one."""
        values = {}
        if self.has_merchant:
            number, values["merchant_id"] = divmod(number, self.merchants)
        for name, size in reversed(self.fields.items()):
            number, values[name] = divmod(number, size)
        if "day" in values:
            year, rest = divmod(values["day"] + self.first_day - 32, DAYS_OF_YEAR)
            month, day = divmod(rest, DAYS_OF_MONTH)
            values["day"] = year * 10_000 + (month + 1) * 100 + day + 1
        return Place(**values)


def _dense(day: int) -> int:
    """A day (yyyymmdd) as a number among few others."""
    return day // 10_000 * DAYS_OF_YEAR + day // 100 % 100 * DAYS_OF_MONTH + day % 100


def _lots(db: sqlite3.Connection, piece: Piece, code: _Code) -> Iterator[Lot]:
    from_at, until_at = piece.span
    asked = {"from_at": from_at, "until_at": until_at, "first_day": code.first_day}
    split = SPLIT if "round_id" in code.fields else ""
    for columns, text in READ[piece.source]:
        statement = text.replace("[number]", code.sql(columns)).replace("[split]", split)
        for numbers, weights in db.execute(statement, asked):
            if numbers:
                yield numbers, weights, piece.sign


def _by_rows(
    lots: Iterable[Lot], code: _Code, key_of: Callable[[Place], Key | None], weights: Weights
) -> tuple[dict[Key, Merchants], Merchants]:
    stands: Counter[int] = Counter()
    for numbers, vouchers, sign in lots:
        each = vouchers.split(",") if vouchers else None
        for place, number in enumerate(numbers.split(",")):
            stands[int(number)] += sign * (int(each[place]) if each else 1)
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

    stands, net = _pooled(lots)
    merchants = stands % code.merchants
    codes = stands if code.has_merchant else stands // code.merchants
    numbers, place_of = np.unique(codes, return_inverse=True)
    places = [*map(code.place, numbers.tolist())]
    keys = [*map(key_of, places)]
    named = {
        key: at for at, key in enumerate(dict.fromkeys(key for key in keys if key is not None))
    }
    group = np.array([-1 if key is None else named[key] for key in keys], np.int64)[place_of]
    weight = np.array([weights[place.segment_id] for place in places]).reshape(-1, 3)[place_of]
    counts = group >= 0

    def count(of: Any) -> list[Merchants]:
        """Merchants by the number of a group, of each row that counts."""
        pairs, at = np.unique(of[counts] * code.merchants + merchants[counts], return_inverse=True)
        stands = [np.bincount(at, (net * factor)[counts], len(pairs)) > 0 for factor in weight.T]
        by_group = (np.bincount(pairs // code.merchants, each & stands[0]) for each in stands)
        return [Merchants(*map(int, each)) for each in zip(*by_group, strict=True)]

    total = count(np.zeros_like(group)) or [Merchants()]
    return dict(zip(named, count(group), strict=True)), total[0]


def _pooled(lots: Iterable[Lot]) -> tuple[Any, Any]:
    """Numbers in order, and how many vouchers stand of each."""
    import numpy as np

    single: dict[int, list[Any]] = {1: [], -1: []}  # of one voucher each: counted, not weighed
    numbers, vouchers = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for texts, weights, sign in lots:
        some = np.fromstring(texts, np.int64, sep=",")
        if weights is None:
            single[sign].append(some)
        else:
            numbers.append(some)
            vouchers.append(sign * np.fromstring(weights, np.int64, sep=","))
    for sign, each in single.items():
        if each:
            pooled, times = np.unique(np.concatenate(each), return_counts=True)
            numbers.append(pooled)
            vouchers.append(sign * times)
    stands, where = np.unique(np.concatenate(numbers), return_inverse=True)
    return stands, np.bincount(where, np.concatenate(vouchers), len(stands))
