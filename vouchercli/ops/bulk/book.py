"""What the proof of a payment needs to know: claims, coupons, merchants, scopes, and the visits so far.

Read through a connection of its own, so that the writer's stays free. Claims come by round, when a block can touch the round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from vouchercli.rules import scope, times
from vouchercli.rules import templates as template_rules
from vouchercli.rules.merchants import Merchant
from vouchercli.store import bulk, templates
from vouchercli.store import db as store

if TYPE_CHECKING:
    from pathlib import Path

CODES = {"offline": 1, "online": 2}


class Book:
    """The state of the database that proofs are made with."""

    def __init__(self, path: Path, programme_id: int, zone: str) -> None:
        self._db = store.open_to_read(path)
        self._zone = zone
        self._packs = {row["round_id"]: templates.value(row) for row in bulk.rounds(self._db, programme_id)}
        self._spans = {
            row["round_id"]: (row["opens_at"], template_rules.expires_at(self._packs[row["round_id"]], row["closes_at"], zone))
            for row in bulk.rounds(self._db, programme_id)
        }
        self._claims = Claims()
        self.coupons = pl.DataFrame(
            bulk.coupons(self._db, programme_id), orient="row",
            schema={"round_id": pl.Int64, "coupon_no": pl.Int64, "coupon": pl.String, "denomination_fen": pl.Int64,
                    "threshold_fen": pl.Int64, "percent_bp": pl.Int64},
        )
        rows = bulk.merchants(self._db)
        self._merchants = {row[0]: Merchant(row[1], row[3], row[4], row[5], bool(row[6])) for row in rows}
        self.merchants = pl.DataFrame(
            [row[:3] for row in rows], orient="row", schema={"merchant_id": pl.Int64, "merchant_no": pl.String, "segment_id": pl.Int64},
        )
        self._covered: dict[tuple[int, int], bool] = {}
        self._visits: dict[int, np.ndarray[Any, Any]] = {}  # local day -> the visits that stand, sorted

    def close(self) -> None:
        """Leave the database."""
        self._db.close()

    def cover(self, first: int, last: int) -> None:
        """Bring in the claims of every round on which one may pay between these UTC seconds."""
        for round_id, (opens_at, ends_at) in sorted(self._spans.items()):
            if opens_at <= last and first < ends_at:
                del self._spans[round_id]
                self._claims.add(round_id, bulk.claims(self._db, round_id))

    def with_claims(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that name a known claim, with what it says."""
        return self._claims.joined(rows)

    # ------------------------------------------------------------ scope

    def is_in_scope(self, rows: pl.DataFrame) -> pl.Series:
        """rules.scope: merchant, channel and hour, asked once for each that is new."""
        at = rows.select("round_id", "merchant_id", "channel_no").unique()
        is_in = [self._covers(*row) for row in at.iter_rows()]
        found = rows.join(at.with_columns(is_in=pl.Series(is_in, dtype=pl.Boolean)), on=at.columns, how="left", maintain_order="left")
        if all(not (pack.scope.hours or pack.scope.weekdays) for pack in self._packs.values()):
            return found.get_column("is_in")
        found = found.with_columns(minute=pl.col("of_day") // 60)
        hours = found.select("round_id", "day", "minute").unique()
        is_open = [scope.is_hour(self._packs[round_id].scope, minute, times.as_date(day).isoweekday())
                   for round_id, day, minute in hours.iter_rows()]
        timed = hours.with_columns(is_open=pl.Series(is_open, dtype=pl.Boolean))
        found = found.join(timed, on=hours.columns, how="left", maintain_order="left")
        return found.select(pl.col("is_in") & pl.col("is_open")).to_series()

    def _covers(self, round_id: int, merchant_id: int, channel_no: int) -> bool:
        where = self._packs[round_id].scope
        key = (round_id, merchant_id)
        if key not in self._covered:
            self._covered[key] = scope.covers(where, self._merchants[merchant_id])
        return self._covered[key] and scope.has_channel(where, ("", "offline", "online")[channel_no])

    def used_channel(self, rows: pl.DataFrame) -> pl.Series:
        """The channel a payment states, else the only one its voucher is for, else 0."""
        only = {round_id: CODES.get(pack.scope.channel, 0) for round_id, pack in self._packs.items()}
        known = rows.get_column("round_id").replace_strict(only, return_dtype=pl.Int64)
        return rows.select(pl.when(pl.col("channel_no") > 0).then(pl.col("channel_no")).otherwise(known)).to_series()

    # ------------------------------------------------------------ visits

    def has_room(self, rows: pl.DataFrame, limit: int) -> pl.Series:
        """Whether the visit (resident, merchant, day) of each row has room for all that come with it; they are remembered.

        Visits are known by 64 bits of hash and counted too high rather than too low: what seems full is left to the judge.
        """
        visits = rows.select(pl.struct("resident", "merchant_id", "day").hash(seed=7)).to_series().to_numpy()
        days = rows.get_column("day").to_numpy()
        room = np.ones(len(visits), bool)
        for day in np.unique(days).tolist():
            here = days == day
            known = self._known_visits(day)
            mine = visits[here]
            distinct, back, counts = np.unique(mine, return_inverse=True, return_counts=True)
            stood = np.searchsorted(known, distinct, "right") - np.searchsorted(known, distinct, "left")
            room[here] = (counts + stood)[back] <= limit
            self._visits[day] = np.sort(np.concatenate((known, mine)), kind="stable")
        return pl.Series(room)

    def _known_visits(self, day: int) -> np.ndarray[Any, Any]:
        if day not in self._visits:
            rows = bulk.visits(self._db, *times.day_bounds(day, self._zone))
            found = pl.DataFrame(rows, orient="row", schema={"token": pl.Binary, "merchant_id": pl.Int64})
            keyed = found.select(resident=resident_keys(found.get_column("token")), merchant_id="merchant_id", day=pl.lit(day, pl.Int64))
            self._visits[day] = np.sort(keyed.select(pl.struct("resident", "merchant_id", "day").hash(seed=7)).to_series().to_numpy())
        return self._visits[day]


def resident_keys(tokens: pl.Series) -> pl.Series:
    """The first eight bytes of each token as a number: a hint, as every hash."""
    joined = b"".join(tokens.to_list())
    return pl.Series(np.frombuffer(joined, "<u8")[::2])


class Claims:
    """The claims of the rounds brought in so far, found by a hash of the number; the number itself decides."""

    def __init__(self) -> None:
        self._frame: pl.DataFrame | None = None
        self._keys: np.ndarray[Any, Any] = np.empty(0, np.uint64)

    def add(self, round_id: int, columns: tuple[list[Any], ...] | None) -> None:
        """Bring in the claims of a round: (claim_id, claim_no, resident, claimed_at, expires_at)."""
        if columns is None:
            return
        ids, numbers, tokens, claimed, expires = columns
        new = pl.DataFrame({
            "claim_id": pl.Series(ids, dtype=pl.Int64), "number": pl.Series(numbers, dtype=pl.String),
            "resident": resident_keys(pl.Series(tokens, dtype=pl.Binary)), "claimed_at": pl.Series(claimed, dtype=pl.UInt32),
            "expires_at": pl.Series(expires, dtype=pl.Int64), "round_no": pl.Series(np.full(len(ids), round_id, np.int32)),
        })
        frame = new if self._frame is None else pl.concat([self._frame, new])
        keys = _keys(frame.get_column("number"))
        order = np.argsort(keys, kind="stable")
        self._frame, self._keys = frame[order], keys[order]

    def joined(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose claim is known, with claim_id, round_id, resident, claimed_at, expires_at; the number itself decides."""
        if self._frame is None:
            return rows.clear().with_columns(
                claim_id=pl.lit(None, pl.Int64), round_id=pl.lit(None, pl.Int64), resident=pl.lit(None, pl.UInt64),
                claimed_at=pl.lit(None, pl.Int64), expires_at=pl.lit(None, pl.Int64))
        wanted = rows.get_column("claim_no")
        places = np.minimum(np.searchsorted(self._keys, _keys(wanted)), len(self._keys) - 1)
        found = self._frame[places]
        rows = rows.with_columns(
            claim_id=found.get_column("claim_id"), round_id=found.get_column("round_no").cast(pl.Int64),
            resident=found.get_column("resident"), claimed_at=found.get_column("claimed_at").cast(pl.Int64), expires_at=found.get_column("expires_at"))
        return rows.filter(found.get_column("number") == wanted)


def _keys(numbers: pl.Series) -> np.ndarray[Any, Any]:
    return numbers.hash(seed=1).to_numpy()
