"""Claims and merchants of the database, found by their numbers: by a hash; the number itself
decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import col, lit, when

from vouchercli.rules import scope
from vouchercli.rules.merchants import Merchant
from vouchercli.store import segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Array = np.ndarray[Any, Any]

SEGMENT = {"segment_id": pl.Int64} | dict.fromkeys(segments.NAMES, pl.String)
COUPON = {
    "round_id": pl.Int64,
    "coupon_no": pl.Int64,
    "coupon": pl.String,
    "denomination_fen": pl.Int64,
    "threshold_fen": pl.Int64,
    "percent_bp": pl.Int64,
    "full_base_fen": pl.Int64,
    "most_base_fen": pl.Int64,
}
CLAIM = {
    "claim_id": pl.UInt32,
    "number": pl.String,
    "resident": pl.UInt64,
    "claimed_at": pl.UInt32,
    "expires_at": pl.Int64,
    "round_no": pl.Int32,
}


LAST_KEY = np.uint64((1 << 64) - 1)


class Numbered:
    """Rows in the order of the hash of their `number`."""

    def __init__(self, rows: pl.DataFrame) -> None:
        keys = _keys(rows["number"])
        order = np.argsort(keys, kind="stable")
        self.rows = rows[order]
        self._keys = np.append(keys[order], LAST_KEY)
        # the first place of each group of keys that begin with the same bits: about one a group
        bits = max(len(keys).bit_length(), 1)
        self._shift = np.uint64(64 - bits)
        groups = np.arange(1 << bits, dtype=np.uint64) << self._shift
        self._first = np.searchsorted(self._keys, groups)

    def find(self, numbers: pl.Series) -> tuple[Array, Array]:
        """Whether each of these numbers is known, and its place where it is."""
        if not self.rows.height:
            return np.zeros(len(numbers), bool), np.zeros(len(numbers), np.int64)
        keys = _keys(numbers)
        places = self._first[keys >> self._shift]
        behind = np.flatnonzero(self._keys[places] < keys)
        while len(behind):
            places[behind] += 1
            behind = behind[self._keys[places[behind]] < keys[behind]]
        places = np.minimum(places, self.rows.height - 1)
        is_known = self.rows["number"].gather(places) == numbers
        return is_known.fill_null(value=False).to_numpy(), places


class Merchants:
    """The merchants that were never suspended."""

    def __init__(self, columns: tuple[str, str, str, str], every: list[tuple[Any, ...]]) -> None:
        ids, numbers, segment_ids, registered = columns
        frame = pl.DataFrame(
            {
                "merchant_id": _numbers(ids, pl.Int64),
                "number": _split(numbers, "\n"),
                "segment_id": _numbers(segment_ids, pl.Int64),
                "is_registered": _numbers(registered, pl.Int64),
            }
        )
        known = pl.DataFrame(every, orient="row", schema=SEGMENT)
        self._merchants = Numbered(
            frame.join(known, on="segment_id", how="left", maintain_order="left")
        )
        self._covered: dict[tuple[int, int], Array] = {}

    def find(self, numbers: pl.Series) -> tuple[Array, Array]:
        """Which numbers are a merchant's, and its place where they are."""
        return self._merchants.find(numbers)

    def at(self, places: Array) -> pl.DataFrame:
        """merchant_id, segment_id and merchant_place (where `cover` has it) of merchants."""
        known = self._merchants.rows.select("merchant_id", "segment_id")[places]
        return known.with_columns(merchant_place=pl.Series(places))

    def cover(self, place: tuple[int, int], where: scope.Scope) -> Array:
        """Which merchants a round's vouchers are for (rules.scope.covers): asked once for each kind
        of merchant, and for each one that the scope names by number. `place`: the round, and
        which of its scopes it is.
        """
        if place not in self._covered:
            is_named = col("number").is_in(list(where.merchants | where.exclude))
            merchants = self._merchants.rows.select(
                when(is_named).then("number").otherwise(lit("")),
                "district",
                "industry",
                "size",
                col("is_registered").cast(pl.Boolean),
            )
            self._covered[place] = ask_once(
                merchants, lambda *merchant: scope.covers(where, Merchant(*merchant))
            )
        return self._covered[place]


class Claims:
    """The claims of the rounds brought in (`rounds`)."""

    def __init__(self) -> None:
        self.rounds: set[int] = set()
        self._claims = Numbered(pl.DataFrame(schema=CLAIM))

    def add(
        self, round_id: int, pieces: Iterable[tuple[str, str, str, str, str]], over: set[int]
    ) -> None:
        """Bring in the claims of a round, by pieces of columns (`store.proved_redemptions.claims`),
        in place of those of `over`.
        """
        self.rounds = self.rounds - over | {round_id}
        frames = [self._claims.rows]
        if over:
            frames = [self._claims.rows.filter(~col("round_no").is_in(list(over)))]
        for ids, numbers, tokens, claimed, expires in pieces:
            columns = {
                "claim_id": _numbers(ids, pl.UInt32),
                "number": _split(numbers, "\n"),
                "resident": np.frombuffer(bytes.fromhex(tokens), "<u8"),
                "claimed_at": _numbers(claimed, pl.UInt32),
                "expires_at": _numbers(expires, pl.Int64),
            }
            round_no = lit(round_id, pl.Int32)
            frames.append(pl.DataFrame(columns).with_columns(round_no=round_no))
        self._claims = Numbered(pl.concat(frames))

    def find(self, numbers: pl.Series) -> tuple[Array, Array]:
        """Which numbers are a claim's, and its place where they are."""
        return self._claims.find(numbers)

    def at(self, places: Array) -> pl.DataFrame:
        """claim_id, round_id, resident, claimed_at, expires_at of claims."""
        known = self._claims.rows.drop("number")[places]
        known = known.with_columns(col("claim_id", "claimed_at", "round_no").cast(pl.Int64))
        return known.rename({"round_no": "round_id"})


class Coupons:
    """The vouchers of every round."""

    def __init__(self, coupons: list[tuple[Any, ...]]) -> None:
        frame = pl.DataFrame(coupons, orient="row", schema=COUPON)
        self._rows = frame.sort("round_id", "coupon_no")
        self._keys = _coupon_keys(self._rows["round_id"], self._rows["coupon_no"])

    def find(self, round_ids: pl.Series, coupon_nos: pl.Series) -> tuple[Array, Array]:
        """Which of these vouchers there are, and the place of each."""
        keys = _coupon_keys(round_ids, coupon_nos)
        places = np.minimum(np.searchsorted(self._keys, keys), max(len(self._keys) - 1, 0))
        is_known = self._keys[places] == keys if len(self._keys) else np.zeros(len(keys), bool)
        return is_known, places

    def at(self, places: Array) -> pl.DataFrame:
        """Of vouchers: the columns of `COUPON` behind their number."""
        return self._rows.drop("round_id", "coupon_no")[places]


def _coupon_keys(round_ids: pl.Series, coupon_nos: pl.Series) -> Array:
    """One number for each voucher of a round; a pack has fewer than a thousand coupons."""
    keys: Array = round_ids.to_numpy() * 1024 + coupon_nos.to_numpy()
    return keys


def ask_once(rows: pl.DataFrame, rule: Callable[..., bool]) -> Array:
    """What a rule says of each row, asked once for all that are equal."""
    kinds = rows.unique()
    answers = [rule(*kind) for kind in kinds.iter_rows()]
    kinds = kinds.with_columns(answer=pl.Series(answers, dtype=pl.Boolean))
    joined = rows.join(kinds, on=rows.columns, how="left", maintain_order="left")
    return np.asarray(joined["answer"].to_numpy(), bool)


def _keys(numbers: pl.Series) -> Array:
    return numbers.hash(seed=1).to_numpy()


def _split(text: str, mark: str) -> pl.Series:
    return pl.Series([text] if text else [], dtype=pl.String).str.split(mark).explode()


def _numbers(text: str, sort: type[pl.DataType]) -> pl.Series:
    return _split(text, ",").cast(sort)
