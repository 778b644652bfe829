"""What the proof of a payment needs to know: claims, coupons, merchants, scopes, and the visits so
far.

Read through a connection of its own, so that the writer's stays free. Claims come by round, when a
block can touch the round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from polars import col, when

from vouchercli.ops.intake.by_columns.known import Claims, Coupons, Merchants, ask_once
from vouchercli.ops.intake.by_columns.typing import DAY
from vouchercli.ops.intake.by_columns.visits import Visits
from vouchercli.rules import details, scope, times
from vouchercli.rules import rounds as rounds_law
from vouchercli.rules import templates as template_rules
from vouchercli.store import (
    corrections,
    limits,
    prolongations,
    proved_redemptions,
    segments,
    templates,
)
from vouchercli.store import db as store

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.ops.intake.by_columns.known import Array

CHANNELS = ("", "offline", "online")  # by their code
CODES = {channel: code for code, channel in enumerate(CHANNELS)}


class Book:
    """The state of the database that proofs are made with."""

    def __init__(self, path: Path, programme_id: int, zone: str) -> None:
        self._db = store.open_to_read(path)
        rounds = proved_redemptions.rounds(self._db, programme_id)
        self._packs = {row["round_id"]: templates.of_round(row) for row in rounds}
        self._later_ends = prolongations.every(self._db)
        last = {each.round_id: each.until_at for each in self._later_ends}
        self._spans = {
            row["round_id"]: (
                row["opens_at"],
                max(
                    template_rules.expires_at(self._packs[row["round_id"]], row["closes_at"], zone),
                    last.get(row["round_id"], 0),
                ),
            )
            for row in rounds
        }
        self._zone = zone
        self._waiting = [
            round_id for round_id, pack in self._packs.items() if pack.validity.not_before
        ]
        self._narrowed = [
            round_id
            for round_id, pack in self._packs.items()
            if any(each.scope for each in pack.coupons)
        ]
        # what a row says of its goods is left to the judge
        self._asking = [
            round_id
            for round_id, pack in self._packs.items()
            if details.asked(pack.scope, pack.coupons)
        ]
        # and so is what comes to a round that takes nothing more
        self._settled = [row["round_id"] for row in rounds if row["state"] in rounds_law.ENDED]
        self._expired_by = proved_redemptions.expired_by(self._db)
        self._claims = Claims()
        self._coupons = Coupons(proved_redemptions.coupons(self._db, programme_id))
        self._merchants = Merchants(
            proved_redemptions.merchants(self._db), segments.every(self._db)
        )
        self._reversed = corrections.numbers(self._db)
        self._platform_numbers: pl.DataFrame | None = None
        self.visits = Visits(self._db, zone, limits.counted_together(self._db, programme_id))
        self.visit_limit = limits.visits(self._db, programme_id)

    def close(self) -> None:
        """Leave the database."""
        self._db.close()

    def add_usable_at(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the second from which their voucher can be used."""
        rows = rows.with_columns(usable_at=col("claimed_at"))
        if not self._waiting:
            return rows
        key = ("round_id", "claimed_at")
        claims = rows.filter(col("round_id").is_in(self._waiting)).select(key).unique()
        at = [
            template_rules.usable_at(self._packs[round_id], claimed_at, self._zone)
            for round_id, claimed_at in claims.iter_rows()
        ]
        claims = claims.with_columns(at=pl.Series(at, dtype=pl.Int64))
        rows = rows.join(claims, on=key, how="left", maintain_order="left")
        return rows.with_columns(usable_at=pl.coalesce("at", "usable_at")).drop("at")

    def drop_asking(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows without those on vouchers that ask what is bought (`rules.details`)."""
        return rows.filter(~col("round_id").is_in(self._asking)) if self._asking else rows

    def drop_reversed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows without those whose number stood and was reversed."""
        if not self._reversed:
            return rows
        return rows.filter(~col("transaction_no").is_in(self._reversed))

    def join(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose claim, coupon and merchant are known, with what is known of them. Brings
        in the claims of every round on which one may pay at these times; rounds that were over
        before make room for them.
        """
        paid_at = rows["paid_at"]
        first, last = int(paid_at.min()), int(paid_at.max())  # type: ignore[arg-type]
        round_ids_needed = {
            round_id
            for round_id, (opens_at, ends_at) in self._spans.items()
            if opens_at <= last and first < ends_at
        }
        for round_id in sorted(round_ids_needed.difference(self._claims.rounds)):
            over = {each for each in self._claims.rounds if self._spans[each][1] <= first - DAY}
            self._claims.add(round_id, proved_redemptions.claims(self._db, round_id), over)
        # each row is looked for everywhere before any is left out: they are copied once
        has_claim, claims = self._claims.find(rows["claim_no"])
        has_merchant, merchants = self._merchants.find(rows["merchant_no"])
        is_known = has_claim & has_merchant
        rows = rows.drop("claim_no", "merchant_no").filter(pl.Series(is_known))
        rows = rows.hstack(self._claims.at(claims[is_known]))
        is_coupon, coupons = self._coupons.find(rows["round_id"], rows["coupon_no"])
        rows = rows.hstack(self._merchants.at(merchants[is_known])).hstack(
            self._coupons.at(coupons)
        )
        rows = rows if is_coupon.all() else rows.filter(pl.Series(is_coupon))
        if self._settled:
            rows = rows.filter(~col("round_id").is_in(self._settled))
        return self._drop_released(self._prolong(rows))

    def _prolong(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with the later ends that were decided for their rounds; a refund has the end
        that stood when it was made.
        """
        for round_id, from_at, until_at in self._later_ends:
            is_later = (
                (col("round_id") == round_id)
                & (col("expires_at") < until_at)
                & ((col("kind") == "pay") | (col("paid_at") >= from_at))
            )
            ends_at = when(is_later).then(until_at).otherwise(col("expires_at"))
            rows = rows.with_columns(expires_at=ends_at)
        return rows

    def _drop_released(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows without those on vouchers that have given up their money: they take it back when
        they are judged.
        """
        released = [
            (col("round_id") == round_id) & (col("expires_at") <= at)
            for round_id, at in self._expired_by.items()
        ]
        return rows.filter(~pl.any_horizontal(released)) if released else rows

    def add_merchant_no(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with our merchant_no where they only have the platform's: of several merchants,
        the first.
        """
        is_named = (col("merchant_no") == "") & (col("platform_no") != "")
        if not frame.select(is_named.any()).item():
            return frame
        if self._platform_numbers is None:
            schema = {"platform_no": pl.String, "known_no": pl.String}
            self._platform_numbers = pl.DataFrame(
                proved_redemptions.platform_numbers(self._db), orient="row", schema=schema
            )
        rows = frame.join(
            self._platform_numbers, on="platform_no", how="left", maintain_order="left"
        )
        return rows.with_columns(
            merchant_no=when(is_named)
            .then(col("known_no").fill_null(""))
            .otherwise(col("merchant_no"))
        )

    def is_in_scope(self, rows: pl.DataFrame) -> pl.Series:
        """rules.scope: merchant, channel and hour, asked once for each kind of merchant, channel
        and minute.
        """
        places = self._scoped(rows)
        is_in = np.zeros(len(places), bool)
        for place in np.unique(places).tolist():
            of_place = places == place
            is_in[of_place] = self._are_in(place, rows.filter(pl.Series(of_place)))
        return pl.Series(is_in)

    def _scoped(self, rows: pl.DataFrame) -> Array:
        """Whose scope holds for each row: that of the pack (round_id * 1024), or of a voucher with
        its own (round_id * 1024 + coupon_no).
        """
        of_coupon = col("coupon_no") if self._narrowed else 0
        has_own = col("round_id").is_in(self._narrowed)
        place = col("round_id").cast(pl.Int64) * 1024 + when(has_own).then(of_coupon).otherwise(0)
        return rows.select(place).to_series().to_numpy()

    def _scope_at(self, place: int) -> scope.Scope:
        return self._packs[place // 1024].scope_of(place % 1024)

    def _are_in(self, place: int, rows: pl.DataFrame) -> Array:
        """The same of the rows of a pack or voucher; what states no channel is in if it is over
        one.
        """
        where, channels = self._scope_at(place), rows.get_column("channel_no").to_numpy()
        is_in = np.zeros(len(rows), bool)
        for each in scope.possible_channels(where, ""):
            is_in |= self._are_over(place, rows, np.where(channels > 0, channels, CODES[each]))
        return is_in

    def _are_over(self, place: int, rows: pl.DataFrame, channels: Array) -> Array:
        """The same over these channels: of each group of scopes one."""
        is_in = np.ones(len(rows), bool)
        number = 0
        for group in scope.each_alone(self._scope_at(place)):
            of_group = np.zeros(len(rows), bool)
            for one in group:
                of_group |= self._are_in_one((place, number), one, rows, channels)
                number += 1
            is_in &= of_group
        return is_in

    def _are_in_one(
        self, place: tuple[int, int], where: scope.Scope, rows: pl.DataFrame, channels: Array
    ) -> Array:
        places = rows.get_column("merchant_place").to_numpy()
        is_channel = np.array([scope.has_channel(where, channel) for channel in CHANNELS])
        is_in: Array = self._merchants.cover(place, where)[places] & is_channel[channels]
        if where.is_timed:
            minutes = rows.select("day", col("of_day") // 60)
            is_in &= ask_once(
                minutes,
                lambda day, minute: scope.is_hour(where, minute, times.as_date(day).isoweekday()),
            )
        return is_in

    def used_channel(self, rows: pl.DataFrame) -> pl.Series:
        """rules.scope.used_channel, by code: asked once for each pack, or voucher with a scope of
        its own.
        """
        places = pl.Series(self._scoped(rows))
        only = {
            place: CODES[scope.used_channel(self._scope_at(place), "")]
            for place in places.unique().to_list()
        }
        known = places.replace_strict(only, return_dtype=pl.Int64)
        return rows.select(
            when(col("channel_no") > 0).then(col("channel_no")).otherwise(known)
        ).to_series()
