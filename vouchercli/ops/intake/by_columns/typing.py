"""Columns of plain text as numbers: fen, whole numbers, moments, keys. Each as `rules` reads one
cell; None where it is not plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from polars import col, lit, when

from vouchercli.rules import times
from vouchercli.rules.shares import WHOLE_BP
from vouchercli.store import transaction_numbers

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

DAY = 86_400
WIDTH = len("2020-03-27 08:00:00")
DIGITS = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]  # where it has them
# as `redemptions` has it: a pack has fewer than a thousand coupons
VOUCHER = col("claim_id") * 1024 + col("coupon_no")


def lawful_subsidy() -> pl.Expr:
    """`rules.subsidy.lawful_subsidy` of base_fen, denomination_fen and percent_bp (bases below ten
    trillion yuan).
    """
    part = (2 * col("base_fen") * col("percent_bp") + WHOLE_BP) // (2 * WHOLE_BP)
    # which passes over the null of a voucher without a percentage
    return pl.min_horizontal("denomination_fen", part)


def whole(column: str, digits: int) -> pl.Expr:
    """A number of at most so many digits, above nothing."""
    text = col(column)
    number = when(text.str.contains(r"^\d+$") & (text.str.len_bytes() <= digits)).then(
        text.cast(pl.Int64, strict=False)
    )
    return when(number > 0).then(number)


def moments(texts: pl.Series, zone: str) -> tuple[pl.Series, pl.Series, pl.Series]:
    """`2020-03-27 08:00:00` as UTC seconds, local day (yyyymmdd) and second of the local day
    (`rules.times.Reader.read`); None on days of 23 or 25 hours, which are read one by one.
    """
    is_long = texts.str.len_bytes().fill_null(0) == WIDTH
    if not is_long.all():
        texts = pl.select(when(is_long).then(texts).otherwise(lit("-" * WIDTH))).to_series()
    octets = np.frombuffer((texts.str.join("").item() or "").encode(), np.uint8)
    octets = octets.reshape(-1, WIDTH)
    year, month, day, hour, minute, second = (
        _digits(octets, first, end)
        for first, end in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))
    )
    name = year * 10_000 + month * 100 + day
    is_moment = (octets[:, DIGITS] - ord("0") <= 9).all(axis=1) & (hour < 24)
    is_moment &= (minute < 60) & (second < 60) & np.isin(octets[:, 10], (ord(" "), ord("T")))
    for place, mark in ((4, "-"), (7, "-"), (13, ":"), (16, ":")):
        is_moment &= octets[:, place] == ord(mark)
    name[~is_moment] = 0
    names, places = np.unique(name, return_inverse=True)
    starts = np.array([_start(each, zone) for each in names.tolist()], np.int64)
    midnight = starts[places]
    of_day = (hour * 60 + minute) * 60 + second
    is_plain = pl.Series(midnight >= 0)
    at, day_name, second_of_day = (
        pl.select(when(is_plain).then(pl.Series(values.astype(np.int64)))).to_series()
        for values in (midnight + of_day, name, of_day)
    )
    return at, day_name, second_of_day


def _digits(octets: Array, first: int, end: int) -> Array:
    """The number in these places of each row."""
    number = octets[:, first].astype(np.int32) - ord("0")
    for place in range(first + 1, end):
        number = number * 10 + octets[:, place] - ord("0")
    return number


def _start(day: int, zone: str) -> int:
    """When a local day (yyyymmdd) begins; -1 when there is none of that name, when it has not 24
    hours, or when it was before 1970.
    """
    try:
        first, end = times.day_bounds(day, zone)
    except (ValueError, OverflowError):
        return -1
    return first if end - first == DAY else -1


def lines_without(lines: pl.Series, decided: pl.Series) -> list[int]:
    """The lines that are not done."""
    return lines.filter(~lines.is_in(decided.implode())).to_list()


def keys(texts: pl.Series) -> pl.Series:
    """The keys of transaction numbers (`store.transaction_numbers.key`)."""
    if texts.str.contains(r"^[0-9]+$").all():
        return (
            texts.str.tail(transaction_numbers.DIGITS).cast(pl.UInt64) & transaction_numbers.MASK
        ).cast(pl.UInt32)
    return pl.Series([transaction_numbers.key(text) for text in texts], dtype=pl.UInt32)
