"""What is proved by columns is what the rules say of each row: amounts, subsidies, keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
