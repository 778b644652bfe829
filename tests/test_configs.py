"""Every programme and template that ships is read, and says what was published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.formats.configs import yamls
from vouchercli.ops.setup import configs
from vouchercli.rules import money, packs, subsidy, templates
from vouchercli.rules import programmes as rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

ROOT = Path(__file__).parent.parent
PROGRAMMES = sorted(path.stem for path in (ROOT / "configs/programmes").glob("*.yaml"))
TEMPLATES = sorted(path.stem for path in (ROOT / "configs/templates").glob("*.yaml"))
GOLDEN = yamls.read(Path(__file__).parent / "cases/golden.yaml").value
WRITTEN_FOR = {
    "beijing": "beijing-2020",
    "county": "county-example",
    "hangzhou": "hangzhou-2020",
    "shanghai": "shanghai-2025",
    "trade": "trade-in-2026",
    "universal": "hangzhou-2020",
    "zhongshan": "zhongshan-2023",
}


def millions(value: Any) -> int:
    """A golden figure in million yuan as fen."""
    return money.parse_yuan(str(value)) * 1_000_000


@pytest.mark.parametrize("name", PROGRAMMES)
def test_every_shipped_programme_loads(voucher: Callable[..., Ran], name: str) -> None:
    voucher("init")
    assert voucher("programme", "load", name, "-o", "json").data["programme"] == name
    programme, _ = configs.read_programme(name)
    assert {fault.code for fault in rules.cautions(programme)} <= {"not_enforced"}
    assert programme.name.zh and programme.name.en


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_shipped_template_is_added_to_its_programme(
    voucher: Callable[..., Ran], name: str
) -> None:
    voucher("init")
    voucher("programme", "load", WRITTEN_FOR[name.partition("-")[0]])
    ran = voucher("template", "add", name, "-o", "json")
    assert (ran.data["template"], ran.data["version"]) == (name, 1)
    assert {problem["code"] for problem in ran.json["problems"]} <= {
        "assumption",
        "gross_by_construction",
        "not_enforced",
    }


def test_what_the_issue_names_is_shipped() -> None:
    assert {"hangzhou-2020", "beijing-2020", "hangzhou-2009", "county-example"} <= set(PROGRAMMES)
    assert {f"hangzhou-draft-{coupons}" for coupons in (18, 13, 10, 5)} <= set(TEMPLATES)


def test_hangzhous_published_figures_are_the_golden_ones() -> None:
    golden = {
        (millions(case["subsidy"]), millions(case["base"]), case["gross"], case.get("own"))
        for case in GOLDEN["leverage"]
        if case["what"].startswith("Hangzhou")
        and case["class"] != "arithmetic"
        and "2022" not in case["what"]
    }
    programme, _ = configs.read_programme("hangzhou-2020")
    assert {
        (each.subsidy_fen, each.base_fen, each.gross, each.own) for each in programme.published
    } == golden
    assert all(each.source for each in programme.published)


def test_hangzhous_budget_is_the_vouchers_alone() -> None:
    golden = GOLDEN["hangzhou_budget_2020"]
    programme, _ = configs.read_programme("hangzhou-2020")
    assert [funder.amount_fen for funder in programme.funders] == [
        golden["treasury_vouchers"] * 100
    ]
    assert programme.declared == (("merchants", golden["merchants_declared"] * 100),)


def test_the_paper_vouchers_of_2009_are_figures_only() -> None:
    golden = GOLDEN["paper_2009"]
    programme, _ = configs.read_programme("hangzhou-2009")
    assert programme.funders == ()
    assert (programme.published[0].issued_fen, programme.published[0].gross) == (
        golden["issued"] * 100,
        golden["leverage"],
    )
    assert dict(programme.declared) == {
        "reserve": golden["reserve"] * 100,
        "lost in write-off": golden["lost_in_write_off"] * 100,
    }


@pytest.mark.parametrize(
    ("name", "golden"),
    [
        ("universal-5x10", "Hangzhou 1,"),
        ("hangzhou-round-2", "Hangzhou 2,"),
        ("hangzhou-draft-5", "Hangzhou 5,"),
        ("hangzhou-2022", "Hangzhou 2022-06-17"),
        ("beijing-catering-shopping", "Beijing catering and shopping"),
    ],
)
def test_published_packs_are_shipped_as_they_were(name: str, golden: str) -> None:
    case = next(case for case in GOLDEN["quotas"] if case["what"].startswith(golden))
    template, _ = configs.read_template(name)
    pack = [
        [count, coupon.denomination_fen // 100, coupon.threshold_fen // 100]
        for coupon, count in packs.lines(template)
    ]
    assert pack == case["coupons"]
    assert templates.pack_value_fen(template) == case["pack_value"] * 100


@pytest.mark.parametrize(
    ("name", "golden"),
    [("beijing-catering-shopping", "Beijing, 1:1"), ("beijing-catering-august", "Beijing August")],
)
def test_beijings_packs_are_used_up_as_the_worked_orders_say(name: str, golden: str) -> None:
    case = next(case for case in GOLDEN["orders"] if case["what"].startswith(golden))
    template, kinds = (
        configs.read_template(name)[0],
        configs.read_programme("beijing-2020")[0].kinds,
    )
    orders = [
        subsidy.order(price * 100, 0, coupon, template.funding, kinds, template.match)
        for price, coupon in zip(case["orders"], template.coupons, strict=True)
    ]
    assert sum(order.parts.public_fen for order in orders) == case["subsidy"] * 100
    assert sum(order.parts.match_fen for order in orders) == case["merchant_match"] * 100
    assert sum(order.own_fen for order in orders) == case["pays"] * 100


def test_beijings_smart_products_are_paid_by_three_parties() -> None:
    template, kinds = (
        configs.read_template("beijing-smart-products")[0],
        configs.read_programme("beijing-2020")[0].kinds,
    )
    for price, expected in GOLDEN["smart_products_beijing_2020"]["cases"]:
        order = subsidy.order(
            money.parse_yuan(price),
            0,
            template.coupons[0],
            template.funding,
            kinds,
            template.match,
        )
        assert order.subsidy_fen == money.parse_yuan(expected)
        assert order.own_fen == order.base_fen - order.subsidy_fen
    parts = subsidy.parts(36_380, template.funding, kinds, template.match)
    assert (parts.public_fen, parts.platform_fen, parts.match_fen) == (18_190, 10_914, 7_276)


def test_a_draft_whose_contents_were_not_published_says_so() -> None:
    for coupons in (18, 13, 10):
        template, _ = configs.read_template(f"hangzhou-draft-{coupons}")
        assert len(template.coupons) == coupons and "illustration" in template.assumption
    assert templates.pack_value_fen(configs.read_template("hangzhou-draft-18")[0]) == 200_00


@pytest.mark.parametrize(
    "name", ["hangzhou-round-4", "beijing-special-groups", "beijing-smart-products"]
)
def test_an_assumption_is_called_one(name: str) -> None:
    assert configs.read_template(name)[0].assumption


def test_a_digest_counts_what_is_said_and_not_how() -> None:
    template, document = configs.read_template("universal-5x10")
    turned = dict(reversed(list(document.value.items())))
    again, _ = templates.read(turned)
    other, _ = templates.read({**document.value, "validity": {"days_after_claim": 8}})
    assert configs.digest(again) == configs.digest(template) != configs.digest(other)
