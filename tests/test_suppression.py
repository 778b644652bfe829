"""Which cells of a published table are not shown: nobody is found by subtraction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import suppression

COUNTS = st.one_of(st.none(), st.integers(-3, 60))
CELLS = st.lists(st.tuples(COUNTS, st.one_of(st.none(), st.integers(0, 8))), max_size=12)
LEAST = (10, 3)


@pytest.mark.parametrize(
    ("cells", "hidden"),
    [
        ([20, 12, 30], set()),
        ([20, 9, 30], {0, 1}),  # one alone would be the total less the others
        ([4, 5, 30, 40], {0, 1, 2}),  # two that are nine together would still be too few
        ([4, 6, 30], {0, 1}),
        ([9], {0}),
        ([None, 9, 30, 40], {1, 2}),  # nobody stands behind the first
        ([-2, 30, 40], {0, 1}),
    ],
)
def test_small_cells_and_those_that_would_give_them_away(
    cells: list[int | None], hidden: set[int]
) -> None:
    assert suppression.hidden([(each,) for each in cells], (10,)) == hidden


def test_fewer_merchants_than_three_are_not_told() -> None:
    cells = [(500, 2), (400, 1), (600, 9), (700, 9)]
    assert suppression.hidden(cells, LEAST) == {0, 1}
    assert suppression.hidden([(500, 1), (400, 1), (600, 9)], LEAST) == {0, 1, 2}


def test_others_may_be_hidden_too() -> None:
    assert suppression.hidden([(50,), (60,), (70,)], (10,), {2}) == {0, 2}


@given(CELLS)
def test_no_cell_is_told_and_none_can_be_reckoned(cells: list[tuple[int | None, ...]]) -> None:
    hidden = suppression.hidden(cells, LEAST)
    people = {at for at, cell in enumerate(cells) if cell != (None, None)}
    for place in people - hidden:
        for count, least in zip(cells[place], LEAST, strict=True):
            assert count is None or count >= least
    if hidden and people - hidden:
        assert len(hidden) > 1
        for way, least in enumerate(LEAST):
            counts = [cells[place][way] for place in hidden]
            known = [each for each in counts if each is not None]
            assert not known or sum(max(each, 0) for each in known) >= least


@given(st.integers(0, 10**6), st.integers(1, 20))
def test_so_many_residents_at_least(packs: int, per_resident: int) -> None:
    assert suppression.residents(packs, per_resident) * per_resident <= packs
