"""Hints that are there to be pasted name the programme where the command did that they answer."""

from __future__ import annotations

import pytest

from vouchercli.cli.pasting import for_programme


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            'voucher report leverage --as-of "2020-04-16 24:00"',
            'voucher report leverage --as-of "2020-04-16 24:00" --programme P',
        ),
        (
            "voucher round plan r1, then voucher round list",
            "voucher round plan r1 --programme P, then voucher round list --programme P",
        ),
        ("voucher round open r1: or not", "voucher round open r1 --programme P: or not"),
        ("见 voucher report rounds。", "见 voucher report rounds --programme P。"),
        (
            'voucher draw verify "a b.json" --entrants x',
            'voucher draw verify "a b.json" --entrants x --programme P',
        ),
        ("voucher round show r1 --programme q", "voucher round show r1 --programme q"),
        ("voucher batch list", "voucher batch list"),
    ],
)
def test_a_hint_names_the_programme_at_the_end_of_its_command(told: str, expected: str) -> None:
    assert for_programme(told, "P") == expected
    assert for_programme(told, None) == told
