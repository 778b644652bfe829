"""The rules that look for abuse: fences, chances, thresholds in a programme's file."""

from __future__ import annotations

import math
from typing import Any

import pytest

from vouchercli.rules import fences, risk
from vouchercli.rules.values import Node

TEN = [float(each) for each in range(1, 11)]


def test_quartiles_lie_between_two_values_in_proportion() -> None:
    assert (fences.quartile(TEN, 0.25), fences.quartile(TEN, 0.75)) == (3.25, 7.75)
    assert fences.quartile([7.0], 0.75) == 7.0


def test_the_far_fence_is_three_quartile_distances_out() -> None:
    assert fences.far_fence(TEN, 3) == 7.75 + 3 * 4.5
    assert fences.far_fence([0.0] * 20, 3) == 0.0


@pytest.mark.parametrize(
    ("count", "expected", "chance"),
    [(0, 5.0, 1.0), (3, 0.0, 0.0), (3, 4.0, 1.0), (1, 0.5, 1 - math.exp(-0.5))],
)
def test_the_chance_of_so_many(count: int, expected: float, chance: float) -> None:
    assert fences.tail(count, expected) == pytest.approx(chance)


def test_the_chance_of_many_agrees_with_the_sum_of_the_others() -> None:
    below = sum(math.exp(-2.5) * 2.5**k / math.factorial(k) for k in range(10))
    assert fences.tail(10, 2.5) == pytest.approx(1 - below, rel=1e-6)


def test_a_base_is_widened_until_there_are_enough() -> None:
    segments = {1: ("catering", "west", "small"), 2: ("catering", "east", "small")}
    segments |= {3: ("retail", "east", "small"), 4: ("catering", "west", "large")}
    members = fences.bases(dict.fromkeys(segments, 0.0), segments)
    own = segments[1]
    found = [fences.base_of(own, members, least) for least in (1, 2, 3, 4, 5)]
    assert found == [
        own,
        ("catering", "", "small"),
        ("catering", "", ""),
        ("", "", ""),
        None,
    ]


@pytest.mark.parametrize(
    ("rules", "makes_one"),
    [
        (["at_threshold"], False),
        (["at_threshold", "little_variation"], False),  # of one kind
        (["regulars", "co_visits"], False),
        (["at_threshold", "bursts"], True),
        (["regulars", "group_share"], True),
        (["serial_twice"], True),  # certain
    ],
)
def test_what_makes_a_candidate(rules: list[str], makes_one: bool) -> None:
    assert risk.is_candidate(rules, risk.Both(), risk.USUAL) is makes_one


@pytest.mark.parametrize(
    ("both", "amounts", "times", "makes_one"),
    [
        (50, 20, 20, True),  # half of all
        (49, 25, 25, False),  # as many as by chance: 74 % of 74 %
        (40, 5, 5, True),  # twice as many as by chance: 45 % of 45 %
        (29, 5, 5, False),  # too few
    ],
)
def test_habits_alone_must_meet_in_the_same_payments(
    *, both: int, amounts: int, times: int, makes_one: bool
) -> None:
    rules = ["at_threshold", "odd_hours"]
    rows = [("at_threshold", "odd_hours")] * both
    rows += [("at_threshold",)] * amounts + [("odd_hours",)] * times
    found = risk.both_of(rows, 100)
    assert found.share_bp == both * 100
    assert risk.is_candidate(rules, found, risk.USUAL) is makes_one
    assert risk.is_candidate([*rules, "regulars"], found, risk.USUAL)  # people are no habit


def read(value: Any) -> tuple[risk.Terms | None, list[str]]:
    node = Node(value, ("risk",), [])
    return risk.read(node), [fault.code for fault in node.faults]


def test_thresholds_may_be_changed() -> None:
    terms, faults = read(
        {"least_payments": 30, "odd_hours": {"to": 6, "least": "25%"}, "off": ["bursts"]}
    )
    assert terms is not None and not faults
    assert (terms["least_payments"], terms["least_peers"]) == (30, 20)
    assert (terms.of("odd_hours", "to"), terms.of("odd_hours", "least")) == (6, 2_500)
    assert terms.off == {"bursts"}
    assert terms.digest != risk.USUAL.digest
    assert risk.USUAL.document["off"] == []


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({"odd_hour": {"to": 6}}, "unknown_key"),
        ({"odd_hours": {"till": 6}}, "unknown_key"),
        ({"bursts": {"least": "many"}}, "bad_percent"),
        ({"least_payments": "many"}, "bad_number"),
        ({"off": ["burst"]}, "not_a_choice"),
        ("strict", "wrong_type"),
    ],
)
def test_what_is_no_threshold_is_a_fault(written: Any, code: str) -> None:
    assert read(written)[1] == [code]


def test_nothing_said_is_the_usual() -> None:
    node = Node({}).fields(("risk",))["risk"]
    assert risk.read(node) is None


def test_every_rule_names_its_source() -> None:
    assert all(rule.source and rule.measure and rule.words for rule in risk.RULES)
    assert len(risk.BY_CODE) == len(risk.RULES)
