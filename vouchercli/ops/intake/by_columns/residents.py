"""Identities by columns, as `rules.identities` reads one: most of them stay as they are, and only
those that may change are looked at one by one.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from polars import col

from vouchercli import identities
from vouchercli.rules import identities as law

DOUBTFUL = f"{law.PARTED}|{law.CROSSED}"
NUMBER = r"^[1-9][0-9]{16}[0-9X]$"  # it may be an identity number


def even_out(frame: pl.DataFrame, way: int) -> tuple[pl.DataFrame, list[int]]:
    """The rows with `resident` evened out, and the lines of those whose identity number has a last
    character that does not fit, that may be two, or is hidden in part: they are left to be judged
    one by one.
    """
    residents = frame["resident"]
    if way != law.BEFORE_WAYS:
        residents = _evened(residents, way)
        frame = frame.with_columns(resident=residents)
    is_wrong = (
        _has_wrong_check(residents) | residents.str.contains(DOUBTFUL) | _has_odd_marks(residents)
    )
    if not is_wrong.any():
        return frame, []
    return frame.filter(~is_wrong), frame["line"].filter(is_wrong).to_list()


def even_out_also(frame: pl.DataFrame, names: list[str], way: int) -> pl.DataFrame:
    """The rows with what else they say of a person evened out: telephone, card, account, device;
    without those where it may be two, is hidden in part, or is written with odd marks.
    """
    for name in names:
        of_one = frame[name]
        frame = frame.filter(~(of_one.str.contains(DOUBTFUL) | _has_odd_marks(of_one)))
    if way == law.BEFORE_WAYS or not names:
        return frame
    return frame.with_columns(_evened(frame[name], way).alias(name) for name in names)


def without(frame: pl.DataFrame, tokens: list[bytes]) -> pl.DataFrame:
    """The rows but for those of these residents (tokens)."""
    return frame.filter(~col("resident").is_in(tokens)) if tokens else frame


def _evened(residents: pl.Series, way: int) -> pl.Series:
    may_change = residents.str.contains(law.CHANGEABLE)
    if residents.str.contains("-", literal=True).any():
        may_change |= residents.str.contains("-", literal=True) & residents.str.contains(law.DASHED)
    if not may_change.any():
        return residents
    changed = {text: law.even_out(text, way) for text in residents.filter(may_change).unique()}
    return (
        pl.DataFrame({"resident": residents, "may_change": may_change})
        .select(
            pl.when("may_change")
            .then(col("resident").replace(changed))
            .otherwise("resident")
            .alias("resident")
        )
        .to_series()
    )


def _has_odd_marks(residents: pl.Series) -> pl.Series:
    """Which of them `rules.identities.has_odd_marks`."""
    may_have = residents.str.contains(law.MARKED)
    if not may_have.any():
        return may_have
    odd = [text for text in residents.filter(may_have).unique() if law.has_odd_marks(text)]
    return residents.is_in(odd)


def _has_wrong_check(residents: pl.Series) -> pl.Series:
    """Which texts of 18 characters like an identity number's do not end as they must; whether there
    is a true date in them is not asked.
    """
    is_number = residents.str.contains(NUMBER)
    numbers = residents.filter(is_number)
    wrong = np.zeros(len(residents), bool)
    if numbers.len():
        octets = np.frombuffer("".join(numbers).encode(), np.uint8).reshape(-1, 18)
        total = (octets[:, :17].astype(np.int64) - ord("0")) @ np.array(identities.WEIGHTS)
        expected = np.frombuffer(identities.CHECKS.encode(), np.uint8)[total % 11]
        wrong[is_number.to_numpy()] = expected != octets[:, 17]
    return pl.Series(wrong)
