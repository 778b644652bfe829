"""What is proved by columns is what the rules say of each row: amounts, subsidies, keys."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import times
from vouchercli.rules.money import parse_yuan
from vouchercli.rules.subsidy import lawful_subsidy
from vouchercli.store import transaction_numbers

pl = pytest.importorskip("polars")

BASES = st.integers(0, 10**14)
FACES = st.integers(1, 10**9)


@given(st.lists(st.from_regex(r"\A[0-9]{1,12}(\.[0-9]{1,2})?\Z"), min_size=1))
def test_plain_amounts_are_fen(texts: list[str]) -> None:
    from vouchercli.formats.columnar.frames import fen

    found = pl.DataFrame({"amount": texts}).select(fen("amount")).to_series().to_list()
    assert found == [parse_yuan(text) for text in texts]


@given(st.lists(st.tuples(BASES, FACES, st.none() | st.integers(1, 10_000)), min_size=1))
def test_a_subsidy_is_the_laws(rows: list[tuple[int, int, int | None]]) -> None:
    from vouchercli.ops.intake.by_columns import typing

    schema = {"base_fen": pl.Int64, "denomination_fen": pl.Int64, "percent_bp": pl.Int64}
    found = (
        pl.DataFrame(rows, orient="row", schema=schema)
        .select(typing.lawful_subsidy())
        .to_series()
        .to_list()
    )
    assert found == [lawful_subsidy(*row) for row in rows]


@given(st.lists(st.from_regex(r"\A[0-9]{1,32}\Z") | st.text(min_size=1, max_size=8), min_size=1))
def test_keys_are_the_stores(texts: list[str]) -> None:
    from vouchercli.ops.intake.by_columns import typing

    plain = [text for text in texts if text.isascii() and text.isdigit()]
    for some in (texts, plain):
        assert typing.keys(pl.Series(some, dtype=pl.String)).to_list() == [
            transaction_numbers.key(text) for text in some
        ]


CLOCKS = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(
    lambda at: f"{at:%Y-%m-%d}{'T' if at.minute % 2 else ' '}{at:%H:%M:%S}"
)
ODD = ["2020-02-30 08:00:00", "2020-03-08 24:00:00", "2020-03-08 23:60:00", "2020-03-08 23:59:60"]
ODD += ["2020-3-8 08:00:00", "2020-03-08 08:00", "2020-03-08x08:00:00", "2020-03-08 08.00.00", ""]
ODD += ["１020-03-08 08:00", "0000-00-00 00:00:00", "9999-12-31 00:00:00", "-999-03-08 08:00:00"]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
@given(texts=st.lists(CLOCKS | st.sampled_from(ODD) | st.none()))
def test_moments_are_the_laws_or_left_to_it(zone: str, texts: list[str | None]) -> None:
    """Days of 23 or 25 hours are left to it, and whatever is not a moment as we write it."""
    from vouchercli.ops.intake.by_columns import typing

    clock, expected = times.Reader(zone), []
    for text in texts:
        day = (text or "")[:10].replace("-", "")
        if text is None or text in ODD or _length(int(day), zone) != typing.DAY:
            expected.append((None, None, None))
        else:
            of_day = sum(
                int(text[at : at + 2]) * unit for at, unit in ((11, 3600), (14, 60), (17, 1))
            )
            expected.append((*clock.read(text), of_day))
    found = typing.moments(pl.Series(texts, dtype=pl.String), zone)
    assert list(zip(*(column.to_list() for column in found), strict=True)) == expected


def _length(day: int, zone: str) -> int:
    first, end = times.day_bounds(day, zone)
    return end - first
