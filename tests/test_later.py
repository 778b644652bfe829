"""Clauses that the program does not do yet are refused in words; hints never offer another law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.cli.usage_errors import meant
from vouchercli.rules import later, limits, programmes, refunds, scope, templates
from vouchercli.slips import slip_of

if TYPE_CHECKING:
    from collections.abc import Callable

PACK = towns.pack()
COUPON = PACK["coupons"][0]
LINE = {key: value for key, value in COUPON.items() if key != "kind"}

CLAUSES = {
    "a balance": (
        "template",
        {"coupons": [{"kind": "balance", "denomination": "100.00"}]},
        ["no_balance"],
    ),
    "a rate out of a pool": (
        "template",
        {"coupons": [LINE | {"kind": "balance", "rate": "25%", "at_most_per_day": "100.00"}]},
        ["no_balance"] * 3,
    ),
    "a pack that is bought": ("template", {"price": "10000"}, ["no_price"]),
    "stacking": ("template", {"stack": True}, ["no_stacking"]),
    "a sum for a scrapped car": (
        "template",
        {"extra": {"scrapped": "1000.00"}},
        ["no_added_sum"],
    ),
    "terms of a round": (
        "template",
        {"round": {"mode": "purchase_first", "review": True, "one_per": "vehicle"}},
        ["terms_of_a_round", "no_purchase_first", "no_purchase_first", "no_households"],
    ),
    "a household": ("programme", {"limits": {"one_per": "household"}}, ["no_households"]),
    "several on a payment": (
        "programme",
        {"limits": {"vouchers_per_payment": 100}},
        ["one_voucher_a_payment"],
    ),
    "the order of a refund": (
        "programme",
        {"refunds": {"order": "own_first"}},
        ["no_refund_order"],
    ),
    "settlement": (
        "template",
        {"settlement": {"by": "merchant", "every": "week"}},
        ["settlement_of_the_programme"],
    ),
    "a scope outside a scope": (
        "template",
        {"coupons": [COUPON | {"industries": ["餐饮"]}]},
        ["stands_in_a_scope"],
    ),
    "days from the issue": (
        "template",
        {"validity": {"days": 7, "from": "issue"}},
        ["no_days_from_issue"],
    ),
    "one of several faces": ("template", {"pick": 1}, ["no_choice_of_face"]),
    "the own district": ("template", {"scope": {"own_district": True}}, ["no_own_district"]),
    "yuan used a day": (
        "programme",
        {"limits": {"subsidy_per_resident_per_day": "100.00"}},
        ["span_of_use"],
    ),
    "vouchers used a day": (
        "programme",
        {"limits": {"vouchers_per_resident_per_day": 2}},
        ["span_of_use"],
    ),
    "times a firm a month": (
        "programme",
        {"limits": {"vouchers_per_merchant_per_month": 5}},
        ["span_of_use"],
    ),
    "pounds": ("programme", {"currency": "GBP"}, ["other_currency"]),
}


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_that_is_not_done_is_named(clause: str) -> None:
    kind, more, codes = CLAUSES[clause]
    read: Any = {"template": templates.read, "programme": programmes.read}[kind]
    document = (PACK if kind == "template" else towns.programme()) | more
    nothing, faults = read(document)
    assert nothing is None
    assert sorted(fault.code for fault in faults) == sorted(codes)
    assert all(fault.suggestion for fault in faults)


def test_what_the_program_does_is_not_called_undone() -> None:
    assert programmes.read(towns.programme(currency="CNY"))[0]
    assert templates.read(PACK)[0]


def test_the_clause_is_told_at_its_place_in_both_languages(voucher: Callable[..., Any]) -> None:
    voucher("init")
    voucher("programme", "load", towns.write("p.yaml", towns.programme()))
    towns.write("t.yaml", PACK | {"coupons": [LINE | {"kind": "balance"}]})
    ran = voucher("template", "check", "t.yaml", expect=3)
    assert "a balance (a sum that is used in parts" in ran.err and "[no_balance]" in ran.err
    assert "written: {count: 10, kind: amount_off," in ran.err
    assert "t.yaml:1:" in ran.err and "payments below the whole sum would be refused" in ran.err
    ran = voucher("template", "check", "t.yaml", "--lang", "zh", expect=3)
    assert "不支持余额" in ran.err and "余下的金额会作废" in ran.err


def test_a_mode_that_is_not_done_is_named(voucher: Callable[..., Any]) -> None:
    towns.build(voucher, towns.programme(), PACK)
    ran = towns.draft(voucher, "r1", "--mode", "purchase_first", expect=2)
    assert "[unknown_mode]" in ran.err and "[no_purchase_first]" in ran.err
    assert "[no_purchase_first]" not in towns.draft(voucher, "r1", "--mode", "x", expect=2).err


# ---------------------------------------------------------------- hints

# The words of the law, each list such as one place of a document has it.
PLACES: dict[str, tuple[str, ...]] = {
    "limits": (*programmes.LIMITS, "across", "from"),
    "ends": (*templates.ENDS, "from", "no_later_than", "not_before"),
    "of vouchers": refunds.VOUCHER,
    "of money": refunds.MONEY,
    "cases": refunds.Answers._fields,
    "policies": tuple(refunds.PRESETS),
    "unused": programmes.UNUSED,
    "scope": tuple(scope.Scope.__annotations__),
    "channels": scope.CHANNELS,
    "kept": limits.KEPT,
    "funders": programmes.KINDS,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_word_of_the_law_is_offered_for_another(place: str) -> None:
    words = PLACES[place]
    for word in words:
        assert slip_of(word, [each for each in words if each != word]) == ""


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("packs_per_resident_per_day", "limits"),
        ("packs_per_resident_per_month", "limits"),
        ("packs_per_household_per_round", "limits"),
        ("vouchers_per_resident_per_day", "limits"),
        ("vouchers_per_merchant", "limits"),
        ("vouchers_per_merchant_per_week", "limits"),
        ("subsidy_per_resident", "limits"),
        ("weeks_after_claim", "ends"),
        ("months", "ends"),
        ("not_after", "ends"),
        ("until_used", "ends"),
        ("returned", "of vouchers"),
        ("retained", "of money"),
        ("include", "scope"),
        ("exclude_goods", "scope"),
        ("partial_restores", "policies"),
        ("this_round", "unused"),
    ],
)
def test_another_law_is_not_offered(written: str, place: str) -> None:
    assert slip_of(written, [each for each in PLACES[place] if each != written]) == ""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("packs_per_resident_per_rund", "packs_per_resident_per_round"),
        ("packs_per_residents_per_round", "packs_per_resident_per_round"),
        ("packs-per-resident-per-round", "packs_per_resident_per_round"),
        ("packsperresidentperround", "packs_per_resident_per_round"),
        ("voucher_per_payment", "vouchers_per_payment"),
        ("Across", "across"),
        ("form", "from"),
    ],
)
def test_a_slip_of_letters_is_told(written: str, expected: str) -> None:
    assert slip_of(written, PLACES["limits"]) == expected


def test_a_key_of_the_law_is_offered_for_a_slip_only() -> None:
    def hint(**limit: int) -> tuple[str, str]:
        _, (fault,) = programmes.read(towns.programme(limits=limit))
        return fault.suggestion, fault.params["suggestion"]

    assert hint(packs_per_resident_per_rund=1) == (
        "did you mean {suggestion}?",
        "packs_per_resident_per_round",
    )
    assert hint(packs_per_resident_per_fortnight=1) == (later.UNKNOWN, "")


def test_an_option_is_offered_for_a_slip_or_its_beginning() -> None:
    names = ["--per-resident", "--packs", "--opens-at", "--closes-at", "--platform"]
    assert meant("--per-residnet", names) == ["--per-resident"]
    assert meant("--closes", names) == ["--closes-at"]
    assert meant("--per-household", names) == []
    assert meant("--per-week", names) == []
