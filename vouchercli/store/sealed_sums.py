"""What the rows of sealed days come to, added up by columns while their days are proved: what the
totals are made from, and whether the runs know the rows by number, merchant and time.

The SQL of `total_checks` makes the same of open rows; a test holds the two together.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from vouchercli.rules import times
from vouchercli.store import transaction_numbers, typed, used_claims
from vouchercli.store.totals import SUMMED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vouchercli.store.breaches import Breach
    from vouchercli.store.day_proofs import Sealed

    Row = tuple[Any, ...]
    Columns = list[Row]
    Numbers = NDArray[np.int64]

SPLITS = """
SELECT split_id, round_id, after_fen - before_fen, public_fen, platform_fen, match_fen,
    -stays * public_fen FROM splits
"""
COUPONS = """
SELECT r.round_id, k.coupon_no, k.coupon, k.full_base_fen, k.denomination_fen
FROM rounds r JOIN coupons k USING (template_id)
"""
RUNS = "SELECT first_id, first_paid_at, last_paid_at FROM redemption_runs ORDER BY first_id"
KEYS = """
SELECT n.keys, m.merchants FROM redemption_runs n LEFT JOIN merchant_runs m USING (first_id)
WHERE n.first_id = ?
"""
# Places in a row of `days.REDEMPTION` and `days.CLAIM`.
ID, VOUCHER, MERCHANT, SEGMENT, CHANNEL, PAID_AT, DAY, BASE = 0, 1, 3, 4, 5, 6, 7, 8
SPLIT, REFUND_OF, NUMBER, UNDOES = 11, 12, 14, 15
ROUND, CLAIMED_AT = 1, 3
CHANNELS = {0: "", 1: "offline", 2: "online"}
GROUP = ("round_id", "day", "coupon_no", "channel", "segment_id")
MERCHANT_KEY = ("round_id", "month", "merchant_id", "segment_id")
AT_ONCE = 32_768  # rows that are turned into columns together
TOGETHER = 1_000_000  # sums by key that are added together when there are so many
UNSIGNED = np.dtype("<u4")


class Adder:
    """Adds up the rows of one sealed day after the other."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._parts: dict[str, list[pl.DataFrame]] = {"groups": [], "merchants": [], "splits": []}
        self.paid: dict[used_claims.Place, int] = {}
        self.undone: set[int] = set()
        self._claims: Counter[tuple[int, int]] = Counter()
        self._lots: list[tuple[Numbers, Sequence[str]]] = []
        self._day: Sealed | None = None
        self._zone = times.HOME_ZONE
        self._of_split = _by_id(typed.tuples(db, SPLITS), 7)
        self._coupons = {(row[0], row[1]): row[2:] for row in typed.tuples(db, COUPONS)}
        self._least, self._face = self._by_coupon(1), self._by_coupon(2)
        runs = _by_place(typed.tuples(db, RUNS), 3)
        self._first_ids, self._first_paid, self._last_paid = runs
        self._run: tuple[int, NDArray[np.uint32], NDArray[np.uint32] | None] | None = None
        self._breaches: dict[str, list[Breach]] = {
            "numbers_in_runs": [],
            "times_in_runs": [],
            "merchants_in_runs": [],
        }

    def _by_coupon(self, place: int) -> Numbers:
        """A number of each coupon, by round and coupon; -1: there is no such coupon."""
        rounds = max((round_id for round_id, _ in self._coupons), default=0) + 1
        table = np.full((max(rounds, 1), used_claims.VOUCHERS), -1, np.int64)
        for (round_id, coupon_no), values in self._coupons.items():
            table[round_id, coupon_no] = values[place]
        return table

    def begin(self, day: Sealed, zone: str) -> None:
        """The rows that come now are booked on that day."""
        self._day, self._zone = day, zone

    def claims(self, columns: Columns) -> None:
        """Count claims by their own local day."""
        assert self._day is not None
        begins_at, day = self._day.day.begins_at, self._day.day.day
        self._claims.update(
            (round_id, day if claimed_at >= begins_at else self._own_day(claimed_at))
            for round_id, claimed_at in zip(columns[ROUND], columns[CLAIMED_AT], strict=True)
        )

    def _own_day(self, at: int) -> int:
        return times.local_day(at, self._zone)

    def redemptions(self, columns: Columns) -> None:
        """Add payments and refunds, and look for them in their runs."""
        numbers = np.array([array("q", column) for column in columns[:NUMBER]])
        self._look_up(numbers, columns[NUMBER])
        self._lots.append((numbers, columns[UNDOES]))
        if sum(len(texts) for _, texts in self._lots) >= AT_ONCE:
            self._add_lots()

    def _add_lots(self) -> None:
        if not self._lots:
            return
        numbers = np.concatenate([each for each, _ in self._lots], axis=1)
        frame = self._describe(numbers, [text for _, texts in self._lots for text in texts])
        self._lots.clear()
        self._note_paid(numbers, frame["round_id"].to_numpy(), frame["vouchers"].to_numpy())
        frame = frame.filter(pl.col("is_known")).drop("is_known")
        self._add("groups", frame.group_by(GROUP).agg(pl.sum(*SUMMED)))
        self._add("merchants", frame.group_by(MERCHANT_KEY).agg(pl.sum(*SUMMED)))
        splits = frame.group_by("split_id", "day").agg(pl.len().cast(pl.Int64).alias("facts"))
        self._add("splits", splits)

    def _note_paid(self, numbers: Numbers, rounds: Numbers, vouchers: Numbers) -> None:
        """Which claims were paid with, by block, round and day; of which a payment was undone."""
        claims, days = numbers[VOUCHER] // used_claims.VOUCHERS, numbers[DAY]
        self.undone.update(claims[vouchers < 0].tolist())
        is_paid = numbers[REFUND_OF] == -1
        for round_id, day in {*zip(rounds[is_paid].tolist(), days[is_paid].tolist(), strict=True)}:
            ids = np.unique(claims[is_paid & (rounds == round_id) & (days == day)])
            blocks = ids // used_claims.PLACES
            for block, at in zip(*np.unique(blocks, return_index=True), strict=True):
                some = ids[at : np.searchsorted(blocks, block, "right")]
                bits = np.zeros(used_claims.PLACES, bool)
                bits[some % used_claims.PLACES] = True
                octets = np.packbits(bits, bitorder="little").tobytes()
                of = (int(block), round_id, day)
                self.paid[of] = self.paid.get(of, 0) | int.from_bytes(octets, "little")

    def _describe(self, numbers: Numbers, undoes: Sequence[str]) -> pl.DataFrame:
        """As the view `redemption_facts` has the rows."""
        split, base = numbers[SPLIT], numbers[BASE]
        round_id, subsidy, public, platform, match, stays = (
            each[split] for each in self._of_split[1:]
        )
        coupon_no = numbers[VOUCHER] % used_claims.VOUCHERS
        floor = np.minimum(base, self._least[round_id, coupon_no])
        vouchers, spent = np.ones_like(base), np.ones_like(base)
        for place in np.flatnonzero(numbers[REFUND_OF] != -1).tolist():
            vouchers[place], spent[place], floor[place] = map(int, undoes[place].split(","))
        return pl.DataFrame(
            {
                "split_id": split,
                "round_id": round_id,
                "day": numbers[DAY],
                "month": numbers[DAY] // 100,
                "coupon_no": coupon_no,
                "channel": numbers[CHANNEL],
                "segment_id": numbers[SEGMENT],
                "merchant_id": numbers[MERCHANT],
                "vouchers": vouchers,
                "base_fen": base,
                "subsidy_fen": subsidy,
                "public_fen": public,
                "platform_fen": platform,
                "match_fen": match,
                "floor_fen": floor,
                "face_fen": spent * self._face[round_id, coupon_no],
                "stays_fen": stays,
                "is_known": self._face[round_id, coupon_no] >= 0,
            }
        )

    def _add(self, name: str, sums: pl.DataFrame) -> None:
        parts = self._parts[name]
        parts.append(sums)
        if sum(map(len, parts)) > TOGETHER + 2 * len(parts[0]):
            parts[:] = [self._together(name)]

    def _together(self, name: str) -> pl.DataFrame:
        keys = {"groups": GROUP, "merchants": MERCHANT_KEY, "splits": ("split_id", "day")}[name]
        values = ("facts",) if name == "splits" else SUMMED
        return pl.concat(self._parts[name]).group_by(keys).agg(pl.sum(*values))

    # ------------------------------------------------------------ runs

    def _look_up(self, numbers: Numbers, texts: Sequence[str]) -> None:
        ids = numbers[ID]
        keys = np.frombuffer(transaction_numbers.keys(texts), np.uint32)
        runs = np.searchsorted(self._first_ids, ids, "right") - 1
        paid_at = numbers[PAID_AT]
        early, late = self._first_paid[runs], self._last_paid[runs]
        for place in np.flatnonzero((paid_at < early) | (paid_at > late)).tolist():
            span = f"{early[place]}-{late[place]}"
            self._say("times_in_runs", texts[place], paid_at[place], span)
        ends = [*(np.flatnonzero(np.diff(runs)) + 1).tolist(), len(ids)]
        begin = 0
        for end in ends:
            some = slice(begin, end)
            self._look_into(
                int(self._first_ids[runs[begin]]),
                ids[some], keys[some], numbers[MERCHANT][some], texts[some],
            )  # fmt: skip
            begin = end

    def _look_into(
        self, first_id: int, ids: Numbers, keys: Any, merchants: Numbers, texts: Sequence[str]
    ) -> None:
        known, names = self._kept(first_id)
        places = ids - first_id
        for place in _unlike(known, places, keys):
            found = known[places[place]] if places[place] < len(known) else None
            self._say("numbers_in_runs", texts[place], _hex(keys[place]), _hex(found))
        if names is None:
            return
        for place in _unlike(names, places, merchants):
            found = names[places[place]] if places[place] < len(names) else 0
            self._say("merchants_in_runs", texts[place], merchants[place], found)

    def _kept(self, first_id: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32] | None]:
        if self._run is None or self._run[0] != first_id:
            keys, merchants = self._db.execute(KEYS, (first_id,)).fetchone()
            named = None if merchants is None else np.frombuffer(merchants, UNSIGNED)
            self._run = (first_id, np.frombuffer(keys, UNSIGNED), named)
        return self._run[1:]

    def _say(self, check: str, number: str, expected: Any, found: Any) -> None:
        self._breaches[check].append((number, str(expected), str(found)))

    # ------------------------------------------------------------ what they come to

    def breaches(self) -> dict[str, list[Breach]]:
        """Rows that their runs do not know, by the names of the checks."""
        self._add_lots()
        return self._breaches

    def tables(self) -> dict[str, Any]:
        """The sums, as `open_rows.SEALED` names their tables and columns: lists of rows, or arrays
        that make such lists.
        """
        self._add_lots()
        return {
            "sealed_groups": [*self._groups()],
            "sealed_merchants": self._sums("merchants"),
            "sealed_splits": self._sums("splits"),
            "sealed_claims": [(*key, claims) for key, claims in self._claims.items()],
        }

    def _sums(self, name: str) -> Any:
        return self._together(name).to_numpy() if self._parts[name] else []

    def _lines(self, name: str) -> list[Row]:
        return self._together(name).rows() if self._parts[name] else []

    def _groups(self) -> Iterator[Row]:
        for round_id, day, coupon_no, channel, segment_id, *sums in self._lines("groups"):
            coupon = self._coupons[round_id, coupon_no][0]
            yield round_id, day, coupon, CHANNELS.get(channel, ""), segment_id, *sums


def _numbers(column: Sequence[int]) -> Numbers:
    return np.frombuffer(array("q", column), np.int64)


def _by_place(rows: Sequence[Row], width: int) -> list[Numbers]:
    return [_numbers([row[place] for row in rows]) for place in range(width)]


def _by_id(rows: Sequence[Row], width: int) -> list[Numbers]:
    """Columns of rows, each found by the number in the first one."""
    columns = _by_place(rows, width)
    size = max((row[0] for row in rows), default=0) + 1
    tables = []
    for column in columns:
        table = np.zeros(size, np.int64)
        table[columns[0]] = column
        tables.append(table)
    return tables


def _unlike(known: NDArray[np.uint32], places: Numbers, values: Any) -> list[int]:
    """Where what is known at these places is something else."""
    if not len(known):
        return [*range(len(places))]
    there = known[np.minimum(places, len(known) - 1)]
    unlike: list[int] = np.flatnonzero((there != values) | (places >= len(known))).tolist()
    return unlike


def _hex(key: Any) -> str:
    return "" if key is None else int(key).to_bytes(4, "little").hex().upper()
