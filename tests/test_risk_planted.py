"""How many rings a scan finds among honest people, and whom it suspects without cause: cities that
are synthetic, on seeds on which no threshold was chosen (those are below 300).
"""

from __future__ import annotations

import pytest
import risk_looks

HELD_OUT = range(1_000, 1_020)
SOME = range(1_001, 1_003)


@pytest.mark.parametrize("kind", ["crude", "hiding"])
def test_most_rings_of_some_cities_are_found_and_nobody_else(kind: str) -> None:
    score = risk_looks.score(kind, SOME)
    assert score.recall >= 0.8 and score.honest == 0


def test_honest_cities_have_no_candidate() -> None:
    assert risk_looks.score("", SOME, rings=0).honest == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "precision", "recall"), [("crude", 0.95, 0.95), ("hiding", 0.9, 0.8)]
)
def test_rings_are_found_in_twenty_cities(kind: str, precision: float, recall: float) -> None:
    score = risk_looks.score(kind, HELD_OUT)
    assert score.precision >= precision and score.recall >= recall, score
    assert score.guilty / score.of_guilty >= min(recall, 0.9), score


@pytest.mark.slow
def test_twenty_honest_cities_have_no_candidate() -> None:
    assert risk_looks.score("", HELD_OUT, rings=0).honest == 0


@pytest.mark.slow
def test_patient_rings_are_not_found_as_the_manual_says() -> None:
    score = risk_looks.score("patient", HELD_OUT)
    assert score.precision >= 0.9 and 0 < score.recall < 0.1, score
