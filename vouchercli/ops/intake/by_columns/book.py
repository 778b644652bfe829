"""What the proof of a payment needs to know: claims, coupons, merchants, scopes, and the visits so
far.

Read through a connection of its own, so that the writer's stays free. Claims come by round, when a
block can touch the round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import col, lit, when

from vouchercli.ops.intake.by_columns.typing import DAY
from vouchercli.rules import scope, times
from vouchercli.rules import templates as template_rules
from vouchercli.rules.merchants import Merchant
from vouchercli.store import db as store
from vouchercli.store import proved_redemptions, segments, templates

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CHANNELS = ("", "offline", "online")  # by their code
CODES = {channel: code for code, channel in enumerate(CHANNELS)}
SEGMENT = {"segment_id": pl.Int64, "district": pl.String, "industry": pl.String, "size": pl.String}
KIND_OF_MERCHANT = ("district", "industry", "size", "is_registered")


class Book:
    """The state of the database that proofs are made with."""

    def __init__(self, path: Path, programme_id: int, zone: str) -> None:
        self._db = store.open_to_read(path)
        self._zone = zone
        self._packs = {
            row["round_id"]: templates.value(row)
            for row in proved_redemptions.rounds(self._db, programme_id)
        }
        self._spans = {
            row["round_id"]: (
                row["opens_at"],
                template_rules.expires_at(self._packs[row["round_id"]], row["closes_at"], zone),
            )
            for row in proved_redemptions.rounds(self._db, programme_id)
        }
        self._claims = Claims()
        self.coupons = pl.DataFrame(
            proved_redemptions.coupons(self._db, programme_id),
            orient="row",
            schema={
                "round_id": pl.Int64,
                "coupon_no": pl.Int64,
                "coupon": pl.String,
                "denomination_fen": pl.Int64,
                "threshold_fen": pl.Int64,
                "percent_bp": pl.Int64,
            },
        )
        self._merchants = Merchants(
            proved_redemptions.merchants(self._db), segments.every(self._db)
        )
        self._numbers: pl.DataFrame | None = None  # the platforms' numbers of merchants
        self._visits: dict[
            int, np.ndarray[Any, Any]
        ] = {}  # local day -> the visits known of, in order

    def close(self) -> None:
        """Leave the database."""
        self._db.close()

    def cover(self, first: int, last: int) -> None:
        """Bring in the claims of every round on which one may pay between these UTC seconds; rounds
        that were over before make room for them.
        """
        wanted = {
            one
            for one, (opens_at, ends_at) in self._spans.items()
            if opens_at <= last and first < ends_at
        }
        for round_id in sorted(wanted.difference(self._claims.rounds)):
            over = {one for one in self._claims.rounds if self._spans[one][1] <= first - DAY}
            self._claims.add(round_id, proved_redemptions.claims(self._db, round_id), over)

    def with_claims(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that name a known claim, with what it says."""
        return self._claims.joined(rows)

    def with_numbers(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with our merchant_no where they only have the platform's: of several merchants,
        the first.
        """
        is_named = (col("merchant_no") == "") & (col("platform_no") != "")
        if not frame.select(is_named.any()).item():
            return frame
        if self._numbers is None:
            schema = {"platform_no": pl.String, "known_no": pl.String}
            self._numbers = pl.DataFrame(
                proved_redemptions.platform_numbers(self._db), orient="row", schema=schema
            )
        rows = frame.join(self._numbers, on="platform_no", how="left", maintain_order="left")
        return rows.with_columns(
            merchant_no=when(is_named)
            .then(col("known_no").fill_null(""))
            .otherwise(col("merchant_no"))
        )

    def with_merchants(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that name a known merchant, with what is known of it."""
        return self._merchants.joined(rows)

    # ------------------------------------------------------------ scope

    def is_in_scope(self, rows: pl.DataFrame) -> pl.Series:
        """rules.scope: merchant, channel and hour, asked once for each kind of merchant, channel
        and minute.
        """
        round_ids, places = (
            rows["round_id"].to_numpy(),
            rows["merchant_place"].to_numpy(),
        )
        channels = rows["channel_no"].to_numpy()
        is_in = np.zeros(len(round_ids), bool)
        for round_id in np.unique(round_ids).tolist():
            where = self._packs[round_id].scope
            here = round_ids == round_id
            is_channel = np.array([scope.has_channel(where, word) for word in CHANNELS])
            is_in[here] = (
                self._merchants.covered(round_id, where)[places[here]] & is_channel[channels[here]]
            )
            if where.hours or where.weekdays:
                is_in[here] &= self._is_hour(where, rows.filter(pl.Series(here)))
        return pl.Series(is_in)

    def _is_hour(self, where: scope.Scope, rows: pl.DataFrame) -> np.ndarray[Any, Any]:
        asked = rows.select("day", minute=col("of_day") // 60)
        hours = asked.unique()
        is_open = [
            scope.is_hour(where, minute, times.as_date(day).isoweekday())
            for day, minute in hours.iter_rows()
        ]
        keyed = hours.with_columns(is_open=pl.Series(is_open, dtype=pl.Boolean))
        return asked.join(keyed, on=hours.columns, how="left", maintain_order="left")[
            "is_open"
        ].to_numpy()

    def used_channel(self, rows: pl.DataFrame) -> pl.Series:
        """The channel a payment states, else the only one its voucher is for, else 0."""
        only = {
            round_id: CODES.get(pack.scope.channel, 0) for round_id, pack in self._packs.items()
        }
        known = rows["round_id"].replace_strict(only, return_dtype=pl.Int64)
        return rows.select(
            when(col("channel_no") > 0).then(col("channel_no")).otherwise(known)
        ).to_series()

    # ------------------------------------------------------------ visits

    def has_room(self, rows: pl.DataFrame, limit: int) -> pl.Series:
        """Whether the `visit` of each row (resident, merchant, day) has room for all that come with
        it; they are remembered.

        Visits are known by 64 bits of hash and counted too high rather than too low: what seems
        full is left to the judge.
        """
        days = rows["day"].to_numpy()
        asked = rows["visit"].to_numpy()
        room = np.ones(len(asked), bool)
        for day in np.unique(days).tolist():
            here = np.flatnonzero(days == day)
            here = here[np.argsort(asked[here])]
            mine = asked[here]  # in order: looked up one beside the other
            # two runs in order: one merge
            known = np.sort(np.concatenate((self._known_visits(day), mine)), kind="stable")
            room[here] = (
                np.searchsorted(known, mine, "right") - np.searchsorted(known, mine, "left")
                <= limit
            )
            self._visits[day] = known
        return pl.Series(room)

    def _known_visits(self, day: int) -> np.ndarray[Any, Any]:
        if day not in self._visits:
            self._visits[day] = np.sort(
                visits_of(proved_redemptions.visits(self._db, *times.day_bounds(day, self._zone)))
            )
        return self._visits[day]


class Merchants:
    """The merchants that were never suspended, found by number: by a hash of it; the number itself
    decides.
    """

    def __init__(self, columns: tuple[str, str, str, str], segments: list[tuple[Any, ...]]) -> None:
        ids, names, places, registered = columns
        frame = pl.DataFrame(
            {
                "merchant_id": _numbers(ids, pl.Int64),
                "merchant_no": _split(names, "\n"),
                "segment_id": _numbers(places, pl.Int64),
                "is_registered": _numbers(registered, pl.Int64),
            }
        )
        frame = frame.join(
            pl.DataFrame(segments, orient="row", schema=SEGMENT),
            on="segment_id",
            how="left",
            maintain_order="left",
        )
        keys = _keys(frame["merchant_no"])
        order = np.argsort(keys, kind="stable")
        self._frame, self._keys = frame[order], keys[order]
        self._covered: dict[int, np.ndarray[Any, Any]] = {}

    def joined(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose merchant is known, with merchant_id, segment_id and merchant_place (where
        `covered` has it).
        """
        if not len(self._keys):
            return rows.clear().with_columns(
                merchant_id=lit(0), segment_id=lit(0), merchant_place=lit(0)
            )
        wanted = rows["merchant_no"]
        places = np.minimum(np.searchsorted(self._keys, _keys(wanted)), len(self._keys) - 1)
        rows = rows.with_columns(
            merchant_id=self._frame["merchant_id"].gather(places),
            segment_id=self._frame["segment_id"].gather(places),
            merchant_place=pl.Series(places),
        )
        return rows.filter(self._frame["merchant_no"].gather(places) == wanted).drop("merchant_no")

    def covered(self, round_id: int, where: scope.Scope) -> np.ndarray[Any, Any]:
        """Which merchants a round's vouchers are for (rules.scope.covers): asked once for each kind
        of merchant, and for each one that the scope names by number.
        """
        if round_id not in self._covered:
            named = self._frame["merchant_no"].is_in(list(where.merchants | where.exclude))
            asked = self._frame.select(
                when(named).then("merchant_no").otherwise(lit("")).alias("merchant_no"),
                *KIND_OF_MERCHANT,
            )
            kinds = asked.unique()
            is_in = [
                scope.covers(where, Merchant(number, district, industry, size, bool(is_registered)))
                for number, district, industry, size, is_registered in kinds.iter_rows()
            ]
            keyed = kinds.with_columns(is_in=pl.Series(is_in, dtype=pl.Boolean))
            found = asked.join(keyed, on=kinds.columns, how="left", maintain_order="left")
            self._covered[round_id] = np.asarray(found["is_in"].to_numpy(), bool)
        return self._covered[round_id]


def visits(residents: pl.Series, merchant_ids: pl.Series, days: pl.Series) -> np.ndarray[Any, Any]:
    """A hash of resident, merchant and day: it stands for the visit."""
    place = merchant_ids.to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed: np.ndarray[Any, Any] = (
        residents.to_numpy()
        ^ place
        ^ (days.to_numpy().astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F))
    )
    return mixed


def visits_of(rows: list[tuple[bytes, int, int]]) -> np.ndarray[Any, Any]:
    """`visits` of facts (resident, merchant_id, day)."""
    found = pl.DataFrame(
        rows, orient="row", schema={"token": pl.Binary, "merchant_id": pl.Int64, "day": pl.Int64}
    )
    return visits(
        resident_keys(found["token"]),
        found["merchant_id"],
        found["day"],
    )


def visits_by_day(rows: list[tuple[bytes, int, int]]) -> dict[int, np.ndarray[Any, Any]]:
    """day -> `visits_of` its facts."""
    by_day: dict[int, list[tuple[bytes, int, int]]] = {}
    for row in rows:
        by_day.setdefault(row[2], []).append(row)
    return {day: visits_of(some) for day, some in by_day.items()}


def resident_keys(tokens: pl.Series) -> pl.Series:
    """The first eight bytes of each token as a number: a hint, as every hash."""
    joined = b"".join(tokens.to_list())
    return pl.Series(np.frombuffer(joined, "<u8")[::2])


class Claims:
    """The claims of the rounds brought in (`rounds`), found by a hash of the number; the number
    itself decides.
    """

    def __init__(self) -> None:
        self.rounds: set[int] = set()
        self._frame: pl.DataFrame | None = None
        self._keys: np.ndarray[Any, Any] = np.empty(0, np.uint64)

    def add(
        self, round_id: int, pieces: Iterable[tuple[str, str, str, str, str]], over: set[int]
    ) -> None:
        """Bring in the claims of a round, by pieces of columns (`store.proved_redemptions.claims`),
        in place of those of `over`.
        """
        kept = (
            None
            if self._frame is None
            else self._frame.filter(~col("round_no").is_in(list(over)))
            if over
            else self._frame
        )
        self.rounds = self.rounds - over | {round_id}
        frames = [] if kept is None else [kept]
        for ids, numbers, tokens, claimed, expires in pieces:
            frames.append(
                pl.DataFrame(
                    {
                        "claim_id": _numbers(ids, pl.UInt32),
                        "number": _split(numbers, "\n"),
                        "resident": np.frombuffer(bytes.fromhex(tokens), "<u8"),
                        "claimed_at": _numbers(claimed, pl.UInt32),
                        "expires_at": _numbers(expires, pl.Int64),
                    }
                ).with_columns(round_no=lit(round_id, pl.Int32))
            )
        if not frames:
            return
        frame = pl.concat(frames)
        keys = _keys(frame["number"])
        order = np.argsort(keys, kind="stable")
        self._frame, self._keys = frame[order], keys[order]

    def joined(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose claim is known, with claim_id, round_id, resident, claimed_at, expires_at;
        the number itself decides.
        """
        if self._frame is None:
            return rows.clear().with_columns(
                claim_id=lit(None, pl.Int64),
                round_id=lit(None, pl.Int64),
                resident=lit(None, pl.UInt64),
                claimed_at=lit(None, pl.Int64),
                expires_at=lit(None, pl.Int64),
            )
        wanted = rows["claim_no"]
        places = np.minimum(np.searchsorted(self._keys, _keys(wanted)), len(self._keys) - 1)
        found = self._frame[places]
        rows = rows.with_columns(
            claim_id=found["claim_id"].cast(pl.Int64),
            round_id=found["round_no"].cast(pl.Int64),
            resident=found["resident"],
            claimed_at=found["claimed_at"].cast(pl.Int64),
            expires_at=found["expires_at"],
        )
        return rows.filter(found["number"] == wanted).drop("claim_no")


def _keys(numbers: pl.Series) -> np.ndarray[Any, Any]:
    return numbers.hash(seed=1).to_numpy()


def _split(text: str, mark: str) -> pl.Series:
    return pl.Series([text] if text else [], dtype=pl.String).str.split(mark).explode()


def _numbers(text: str, sort: type[pl.DataType]) -> pl.Series:
    return _split(text, ",").cast(sort)
