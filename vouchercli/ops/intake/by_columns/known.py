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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Array = np.ndarray[Any, Any]

SEGMENT = {"segment_id": pl.Int64, "district": pl.String, "industry": pl.String, "size": pl.String}
CLAIM = {
    "claim_id": pl.UInt32,
    "number": pl.String,
    "resident": pl.UInt64,
    "claimed_at": pl.UInt32,
    "expires_at": pl.Int64,
    "round_no": pl.Int32,
}


class Numbered:
    """Rows in the order of the hash of their `number`."""

    def __init__(self, rows: pl.DataFrame) -> None:
        keys = _keys(rows["number"])
        order = np.argsort(keys, kind="stable")
        self.rows, self._keys = rows[order], keys[order]

    def find(self, rows: pl.DataFrame, number: str) -> tuple[pl.DataFrame, Array]:
        """The rows whose `number` is known, without it, and the place where each is known."""
        if not len(self._keys):
            return rows.clear().drop(number), np.empty(0, np.int64)
        numbers = rows.get_column(number)
        places = np.minimum(np.searchsorted(self._keys, _keys(numbers)), len(self._keys) - 1)
        is_known = self.rows["number"].gather(places) == numbers
        return rows.filter(is_known).drop(number), places[is_known.to_numpy()]


class Merchants:
    """The merchants that were never suspended."""

    def __init__(self, columns: tuple[str, str, str, str], segments: list[tuple[Any, ...]]) -> None:
        ids, numbers, segment_ids, registered = columns
        frame = pl.DataFrame(
            {
                "merchant_id": _numbers(ids, pl.Int64),
                "number": _split(numbers, "\n"),
                "segment_id": _numbers(segment_ids, pl.Int64),
                "is_registered": _numbers(registered, pl.Int64),
            }
        )
        known = pl.DataFrame(segments, orient="row", schema=SEGMENT)
        self._merchants = Numbered(
            frame.join(known, on="segment_id", how="left", maintain_order="left")
        )
        self._covered: dict[int, Array] = {}

    def join(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose merchant is known, with merchant_id, segment_id and merchant_place (where
        `cover` has it).
        """
        rows, places = self._merchants.find(rows, "merchant_no")
        known = self._merchants.rows.select("merchant_id", "segment_id")[places]
        return rows.hstack(known).with_columns(merchant_place=pl.Series(places))

    def cover(self, round_id: int, where: scope.Scope) -> Array:
        """Which merchants a round's vouchers are for (rules.scope.covers): asked once for each kind
        of merchant, and for each one that the scope names by number.
        """
        if round_id not in self._covered:
            is_named = col("number").is_in(list(where.merchants | where.exclude))
            merchants = self._merchants.rows.select(
                when(is_named).then("number").otherwise(lit("")),
                "district",
                "industry",
                "size",
                col("is_registered").cast(pl.Boolean),
            )
            self._covered[round_id] = ask_once(
                merchants, lambda *merchant: scope.covers(where, Merchant(*merchant))
            )
        return self._covered[round_id]


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

    def join(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows whose claim is known, with claim_id, round_id, resident, claimed_at,
        expires_at.
        """
        rows, places = self._claims.find(rows, "claim_no")
        known = self._claims.rows.drop("number")[places]
        known = known.with_columns(col("claim_id", "claimed_at", "round_no").cast(pl.Int64))
        return rows.hstack(known.rename({"round_no": "round_id"}))


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
