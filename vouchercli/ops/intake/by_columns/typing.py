"""Columns of plain text as numbers: fen, whole numbers, moments, keys. Each as `rules` reads one
cell; None where it is not plain.
"""

from __future__ import annotations

import polars as pl
from polars import col, when

from vouchercli.rules import times
from vouchercli.rules.subsidy import WHOLE_BP
from vouchercli.store import transaction_numbers

DAY = 86_400
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
    local = (
        texts.str.replace("T", " ", literal=True)
        .str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
        .dt.epoch("s")
    )
    date, of_day = local // DAY, local % DAY
    starts: dict[int, int | None] = {}
    names: dict[int, int | None] = {}
    for number in date.drop_nulls().unique():
        name = times.day_of(number * DAY, "UTC")
        first, end = times.day_bounds(name, zone)
        starts[number], names[number] = (first, name) if end - first == DAY else (None, None)
    midnight, day = (
        date.replace_strict(known, default=None, return_dtype=pl.Int64) for known in (starts, names)
    )
    return midnight + of_day, day, of_day


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
