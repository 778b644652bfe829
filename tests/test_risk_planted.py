"""How many rings a scan finds among honest people, and whom it suspects without cause: cities that
are synthetic, on seeds on which no threshold was chosen (those are below 1100).
"""

from __future__ import annotations

import planted_city
import pytest
import risk_looks

from vouchercli.rules import risk

HELD_OUT = range(2_000, 2_020)
SOME = range(2_001, 2_003)


@pytest.mark.parametrize("kind", ["crude", "hiding"])
def test_most_rings_of_some_cities_are_found_and_nobody_else(kind: str) -> None:
    score = risk_looks.score(kind, SOME)
    assert score.recall >= 0.8 and score.honest == 0


def test_honest_cities_have_no_candidate() -> None:
    assert risk_looks.score("", SOME, rings=0).honest == 0


def test_queues_at_noon_and_shops_open_at_night_are_no_candidates() -> None:
    busy = planted_city.make(2_001, is_busy=True)
    found = risk_looks.found(busy)
    assert {"bursts", "odd_hours", "at_threshold"} <= {
        each for rules in found.values() for each in rules
    }
    assert any(
        {"amounts", "times"} <= {risk.BY_CODE[each].kind for each in rules}
        for rules in found.values()
    )  # some have both habits: they are found, and no candidates
    assert risk_looks.candidates(busy) == set()


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
@pytest.mark.parametrize("is_busy", [False, True], ids=["quiet", "busy"])
def test_twenty_honest_cities_have_no_candidate(is_busy: bool) -> None:
    assert risk_looks.score("", HELD_OUT, rings=0, is_busy=is_busy).honest == 0


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "recall"), [("crude", 0.95), ("hiding", 0.8)])
def test_rings_of_busy_cities_are_found(kind: str, recall: float) -> None:
    score = risk_looks.score(kind, HELD_OUT, is_busy=True)
    assert score.precision >= 0.95 and score.recall >= recall, score
