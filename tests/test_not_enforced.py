"""Clauses that nobody judges: declared in words, printed wherever figures are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

NO_TOBACCO, INSIDE = "no tobacco", "only inside the county"


@pytest.fixture
def town(voucher: Callable[..., Ran]) -> Callable[..., Ran]:
    """A programme and two templates, of which one declares what the programme does too."""
    plain = towns.pack("plain", towns.coupon("10", "40"))
    strict = towns.pack("strict", towns.coupon("10", "40"), not_enforced=[INSIDE, NO_TOBACCO])
    towns.build(voucher, towns.programme(not_enforced=[NO_TOBACCO]), plain, strict)
    towns.draft(voucher, "r-1", template="plain")
    towns.draft(voucher, "r-2", template="strict")
    return voucher


def test_a_clause_is_a_warning_at_its_place(town: Callable[..., Ran]) -> None:
    towns.write(
        "more.yaml", towns.pack("more", towns.coupon("5", "20"), not_enforced=[INSIDE, NO_TOBACCO])
    )
    problems = town("template", "add", "more.yaml", "-o", "json").json["problems"]
    assert [(each["code"], each["level"]) for each in problems] == [("not_enforced", "warning")] * 2
    assert INSIDE in problems[0]["message"] and NO_TOBACCO in problems[1]["message"]
    assert problems[0]["where"].startswith("more.yaml:")
    again = town("template", "check", "more", "-o", "json").json["problems"]
    assert [each["code"] for each in again] == ["not_enforced"] * 2


@pytest.mark.parametrize("written", ["no tobacco", [""], [{"no": "tobacco"}], [[]]])
def test_what_is_no_list_of_texts_is_refused(town: Callable[..., Ran], written: object) -> None:
    towns.write("wrong.yaml", towns.pack("w", towns.coupon("5", "20"), not_enforced=written))
    ran = town("template", "add", "wrong.yaml", expect=3)
    assert "wrong.yaml:" in ran.err


def test_what_is_declared_is_shown(town: Callable[..., Ran]) -> None:
    shown = town("template", "show", "strict", "-o", "json").data
    assert shown["not_enforced"] == [INSIDE, NO_TOBACCO]
    assert shown["fields"]["not_enforced"] == f"{INSIDE}; {NO_TOBACCO}"
    assert town("programme", "show", "-o", "json").data["not_enforced"] == [NO_TOBACCO]
    assert NO_TOBACCO in town("programme", "show").out


def test_plans_and_reports_print_it_once(town: Callable[..., Ran]) -> None:
    assert town("round", "plan", "r-1", "-o", "json").data["not_enforced"] == [NO_TOBACCO]
    assert "Declared, not judged here: no tobacco; only inside the county." in " ".join(
        town("round", "plan", "r-2").out.split()
    )
    for report in ("leverage", "rounds"):
        of_all = town("report", report, "-o", "json").data
        assert of_all["not_enforced"] == [NO_TOBACCO, INSIDE]
        of_one = town("report", report, "--round", "r-1", "-o", "json").data
        assert of_one["not_enforced"] == [NO_TOBACCO]
    assert "Declared, not judged here:" in town("report", "rounds").out


def test_nothing_declared_is_nothing_said(voucher: Callable[..., Ran]) -> None:
    towns.build(voucher, towns.programme(), towns.pack("plain", towns.coupon("10", "40")))
    towns.draft(voucher, "r-1", template="plain")
    assert voucher("round", "plan", "r-1", "-o", "json").data["not_enforced"] == []
    assert "Declared" not in voucher("report", "rounds").out
