"""What proved rows add to the totals, added up in a thread of its own while the other rows of
the chunk are judged.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import col, lit

from vouchercli.ops.intake.by_columns.book import CHANNELS
from vouchercli.ops.intake.by_columns.known import SEGMENT
from vouchercli.store import proved_redemptions, totals, used_claims

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from vouchercli.store.redemptions import Split

SLICE = 10_000  # rows that are lists of Python's at once: they take many times the room of columns
PARTS = ("public_fen", "platform_fen", "match_fen")  # of a split
# in the order of `totals.SUMMED`; of a proved refund nothing stays
SUMMED = ("vouchers", "base_fen", "subsidy_fen", *PARTS, "floor_fen", "face_fen", "stays_fen")
# what the totals are made of; small numbers are kept small, for the rows of a whole chunk wait
MOVED: list[pl.Expr] = [
    *(col(name).cast(pl.Int32) for name in ("round_id", "day", "channel", "segment_id")),
    *(col(name).cast(pl.Int32) for name in ("merchant_id", "split_id", "vouchers")),
    *map(col, ("voucher", "coupon", "base_fen", "subsidy_fen", "floor_fen", "face_fen")),
]


@dataclass(frozen=True)
class Sums:
    """Rows to be pooled with those of the tables of totals; `merchants` as a frame: they are added
    together with those of other chunks. `used`: the claims that were paid with, as
    `used_claims.add` takes them.
    """

    groups: list[tuple[Any, ...]]
    merchants: pl.DataFrame
    funders: list[tuple[int, int, int, int]]
    used: dict[used_claims.Place, int]

    def add_to(self, db: sqlite3.Connection) -> None:
        """Add them to the totals of the database, but for those of merchants."""
        proved_redemptions.add_groups(db, self.groups)
        proved_redemptions.add_funders(db, self.funders)


def add_up(
    moved: list[pl.DataFrame], splits: Mapping[int, Split], segments: list[tuple[Any, ...]]
) -> Sums:
    """The sums of rows (`MOVED`); `splits` by their number, `segments` as
    `store.segments.every`.
    """
    rows = pl.concat(moved)
    numbers = rows["split_id"].unique().to_list()
    known = pl.DataFrame(
        [(number, *splits[number][:3]) for number in numbers],
        orient="row",
        schema={"split_id": pl.Int32} | dict.fromkeys(PARTS, pl.Int64),
    )
    rows = rows.join(known, on="split_id", how="left").with_columns(
        month=col("day") // 100, stays_fen=lit(0)
    )
    return Sums(
        _groups(rows, segments),
        _merchants(rows),
        _funders(rows, splits),
        _used(rows.filter(col("vouchers") > 0)),
    )


ADDED = [col(name).cast(pl.Int64).sum() for name in SUMMED]


def _groups(rows: pl.DataFrame, segments: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    combined = rows.group_by(proved_redemptions.COMBINED_KEY).agg(ADDED)
    known = pl.DataFrame(segments, orient="row", schema=SEGMENT).cast({"segment_id": pl.Int32})
    named: dict[tuple[str, ...], pl.DataFrame] = {}  # pooled, by what their groupings need
    sums: list[tuple[Any, ...]] = []
    for grouping, kept in totals.GROUPINGS.items():
        needs = (*dict.fromkeys(each if each in combined else "segment_id" for each in kept),)
        if needs not in named:
            named[needs] = _named(_pooled(combined, needs), known)
        first, second, *_ = (*map(col, kept), lit(""), lit(""))
        keys = (first.alias("key"), second.alias("second_key"))
        pooled = _pooled(named[needs], kept).sort("round_id", "day", *kept)
        sums += pooled.select(
            lit(grouping).alias("grouping"), "round_id", "day", *keys, *SUMMED
        ).rows()
    return sums


def _pooled(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Sums by round, day and these keys."""
    return rows.group_by("round_id", "day", *keys).agg(ADDED)


def _named(rows: pl.DataFrame, segments: pl.DataFrame) -> pl.DataFrame:
    """The same with the names of segments and channels, where they have them."""
    if "segment_id" in rows:
        rows = rows.join(segments, on="segment_id", how="left")
    if "channel" in rows:
        names = dict(enumerate(CHANNELS))
        rows = rows.with_columns(col("channel").replace_strict(names, return_dtype=pl.String))
    return rows


def _merchants(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by(proved_redemptions.MERCHANT_KEY).agg(ADDED)


def _used(rows: pl.DataFrame) -> dict[used_claims.Place, int]:
    """The claims of payments as bits, by block, round and day."""
    used = {}
    for (round_id, day), some in rows.group_by("round_id", "day"):
        places = (some["voucher"] // used_claims.VOUCHERS).to_numpy()
        first = int(places.min()) // used_claims.PLACES
        blocks = int(places.max()) // used_claims.PLACES - first + 1
        is_used = np.zeros(blocks * used_claims.PLACES, bool)
        is_used[places - first * used_claims.PLACES] = True
        for block, octets in enumerate(np.packbits(is_used, bitorder="little").reshape(blocks, -1)):
            if bits := int.from_bytes(octets.tobytes(), "little"):
                used[first + block, round_id, day] = bits
    return used


class Claims:
    """The claims that the rows of a chunk were paid with, and its refunds, kept until it ends."""

    def __init__(self) -> None:
        self._used: dict[used_claims.Place, int] = {}
        self._refunds: list[tuple[int, int]] = []

    def refund(self, first_id: int, rows: int) -> None:
        """So many refunds were written from that redemption on."""
        self._refunds.append((first_id, first_id + rows - 1))

    def add(self, used: dict[used_claims.Place, int]) -> None:
        """The claims of some payments."""
        for place, bits in used.items():
            self._used[place] = self._used.get(place, 0) | bits

    def add_to(self, db: sqlite3.Connection) -> None:
        """Add them to the claims that stand used, when all facts of the chunk are written."""
        used_claims.add(db, self._used, self._refunds)
        self._used, self._refunds = {}, []


class Merchants:
    """What runs of facts add to the totals of merchants, kept until it is added all at once: each
    merchant's row is then written once, not with every chunk.
    """

    def __init__(self) -> None:
        self._frames: list[pl.DataFrame] = []
        self._runs: dict[int, int] = {}

    @property
    def facts(self) -> int:
        """How many facts wait."""
        return sum(self._runs.values())

    def keep(self, db: sqlite3.Connection, first_id: int, facts: int) -> None:
        """So many facts of a run will be in the sums; they are counted later."""
        self._runs[first_id] = facts
        totals.count_later(db, first_id)

    def add(self, merchants: pl.DataFrame) -> None:
        """Sums of facts that were kept."""
        self._frames.append(merchants)

    def add_to(self, db: sqlite3.Connection, batch_id: int) -> None:
        """Add everything to the totals. Where another command has taken facts of these runs away
        meanwhile, and of runs that an earlier process left, the facts themselves are added up.
        """
        standing = totals.uncounted(db, batch_id)
        if self._frames and self._runs.items() <= standing.items():
            rows = pl.concat(self._frames).group_by(proved_redemptions.MERCHANT_KEY)
            rows_in_order = rows.agg(ADDED).sort("merchant_id", "round_id", "month", "segment_id")
            for some in rows_in_order.iter_slices(SLICE):
                proved_redemptions.add_merchants(db, [column.to_list() for column in some])
            totals.counted(db, self._runs)
        totals.count(db, batch_id)
        self._frames, self._runs = [], {}


def _funders(rows: pl.DataFrame, splits: Mapping[int, Split]) -> list[tuple[int, int, int, int]]:
    counted = rows.group_by("round_id", "day", "split_id").len()
    funded: Counter[tuple[int, int, int]] = Counter()  # ten thousand splits share a few keys
    for round_id, day, split_id, times in counted.iter_rows():
        for funder_id, fen in splits[split_id].by_funder.items():
            funded[round_id, day, funder_id] += fen * times
    return [(*key, fen) for key, fen in sorted(funded.items())]
