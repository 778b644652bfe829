"""How many rings a scan finds among honest people, and whom it suspects without cause: cities that
are synthetic, on seeds on which no threshold was chosen (those are below 1100).
"""

from __future__ import annotations

import pytest
import risk_looks

HELD_OUT = range(2_000, 2_020)
SOME = range(2_001, 2_003)


@pytest.mark.parametrize("kind", ["crude", "hiding"])
def test_most_rings_of_some_cities_are_found_and_nobody_else(kind: str) -> None:
    score = risk_looks.score(kind, SOME)
    assert score.recall >= 0.8 and score.honest == 0


def test_honest_cities_have_no_candidate() -> None:
    assert risk_looks.score("", SOME, rings=0).honest == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "precision", "recall", "merchants"),
    [("crude", 0.95, 0.95, 0.95), ("hiding", 0.9, 0.9, 0.9), ("patient", 0.9, 0.75, 0.65)],
)
def test_rings_are_found_in_twenty_cities(
    kind: str, precision: float, recall: float, merchants: float
) -> None:
    score = risk_looks.score(kind, HELD_OUT)
    assert score.precision >= precision and score.recall >= recall, score
    assert score.guilty / score.of_guilty >= merchants, score


@pytest.mark.slow
def test_twenty_honest_cities_have_no_candidate() -> None:
    assert risk_looks.score("", HELD_OUT, rings=0).honest == 0
