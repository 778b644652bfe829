"""Templates: reading the YAML, versions by content, comparing, checking."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.cli import keys
from vouchercli.cli.language import speak
from vouchercli.rules import packs, programmes, subsidy, times
from vouchercli.rules import templates as rules
from vouchercli.rules.shares import Share
from vouchercli.rules.templates import Validity
from vouchercli.store import templates as store
from vouchercli.store.db import open_db

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once, Ran

ZONE = "Asia/Shanghai"
LUNCH: dict[str, Any] = {
    "template": "lunch",
    "name": {"zh": "午餐券", "en": "Lunch"},
    "coupons": [{"count": 2, "kind": "amount_off", "denomination": "5.00", "threshold": "20.00"}],
    "validity": {"days_after_claim": 7},
    "funding": {"treasury": "100%"},
}
LUNCH_YAML = """template: lunch
name: {zh: 午餐券, en: Lunch}
coupons:
  - {count: 2, kind: amount_off, denomination: "5.00", threshold: "20.00"}
validity: {days_after_claim: 7}
funding: {treasury: "100%"}
"""


def line(**changes: Any) -> dict[str, Any]:
    """One amount-off line with these keys changed (None: taken out)."""
    keys = {"kind": "amount_off", "denomination": "10.00", "threshold": "40.00", **changes}
    return {key: value for key, value in keys.items() if value is not None}


def percent(**changes: Any) -> dict[str, Any]:
    """One percentage line with these keys changed."""
    keys = {
        "kind": "percent_off",
        "percent": "10",
        "threshold": "2000.00",
        "cap": "400.00",
        **changes,
    }
    return {key: value for key, value in keys.items() if value is not None}


def template(**changes: Any) -> rules.Template:
    """LUNCH with these keys changed."""
    found, faults = rules.read({**copy.deepcopy(LUNCH), **changes})
    assert found is not None, faults
    return found


def faults(**changes: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """(path, code) of every fault of LUNCH with these keys changed (None: taken out)."""
    document = {**copy.deepcopy(LUNCH), **changes}
    found, wrong = rules.read({key: value for key, value in document.items() if value is not None})
    assert (found is None) == bool(wrong)
    return [(fault.path, fault.code) for fault in wrong]


# ---------------------------------------------------------------- the rules


def test_a_pack_is_expanded_into_numbered_coupons() -> None:
    pack = template(coupons=[line(count=2), percent(percent="12.5")]).coupons
    assert [
        (c.coupon_no, c.coupon, c.kind, c.denomination_fen, c.threshold_fen, c.percent_bp)
        for c in pack
    ] == [
        (1, "40-10", "amount_off", 1_000, 4_000, None),
        (2, "40-10", "amount_off", 1_000, 4_000, None),
        (3, "2000-12.5%", "percent_off", 40_000, 200_000, 1_250),
    ]


@pytest.mark.parametrize(
    ("given", "threshold_fen", "most_base_fen"),
    [
        ({"threshold": "2x"}, 2_000, None),
        ({"threshold": "one_fen"}, 1_001, None),
        ({"below": "300.00"}, 4_000, 29_999),
        ({"max_order": "300.00"}, 4_000, 30_000),
        ({"max_order": "40.00"}, 4_000, 4_000),
    ],
)
def test_a_threshold_and_a_price_end_are_amounts_of_an_order(
    given: dict[str, Any], threshold_fen: int, most_base_fen: int | None
) -> None:
    coupon = template(coupons=[line(**given)]).coupons[0]
    assert (coupon.threshold_fen, coupon.most_base_fen) == (threshold_fen, most_base_fen)


@pytest.mark.parametrize(
    ("base_fen", "pays"),
    [(599_900, 50_000), (600_000, 50_000), (600_001, None), (300_000, 45_000), (9_999, None)],
)
def test_above_its_price_end_a_voucher_pays_nothing(base_fen: int, pays: int | None) -> None:
    """15 % of a phone of at most 6,000 yuan, at most 500 yuan."""
    phone = percent(percent="15", threshold="100.00", cap="500.00", max_order="6000.00")
    assert subsidy.subsidy(template(coupons=[phone]).coupons[0], base_fen) == pays


def test_a_price_end_is_described_and_is_a_change() -> None:
    before, after = template(coupons=[line()]), template(coupons=[line(below="300.00")])
    assert packs.described(after)["coupons 40-10"] == "1 x 10 / 40-299.99"
    assert packs.changes(before, after) == (("coupons 40-10", "1 x 10 / 40", "1 x 10 / 40-299.99"),)


def test_cents_show_in_a_coupons_short_name() -> None:
    assert (
        template(coupons=[line(denomination="0.50", threshold="9.90")]).coupons[0].coupon
        == "9.90-0.50"
    )


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"coupon": []}, ("coupon",), "unknown_key"),
        ({"coupons": None}, (), "missing_key"),
        ({"coupons": []}, ("coupons",), "empty_pack"),
        ({"coupons": "40-10"}, ("coupons",), "wrong_type"),
        ({"coupons": ["40-10"]}, ("coupons", 0), "wrong_type"),
        ({"coupons": [line(count=101)]}, ("coupons",), "too_many_coupons"),
        ({"coupons": [line(count=10**9), line(count=10**9)]}, ("coupons",), "too_many_coupons"),
        ({"coupons": [line(kind="amount_of")]}, ("coupons", 0, "kind"), "not_a_choice"),
        ({"coupons": [line(threshold=None)]}, ("coupons", 0), "missing_key"),
        ({"coupons": [line(denomination="0.00")]}, ("coupons", 0, "denomination"), "bad_amount"),
        (
            {"coupons": [line(denomination="41.00")]},
            ("coupons", 0, "threshold"),
            "more_than_the_price",
        ),
        ({"coupons": [line(cap="5.00")]}, ("coupons", 0, "cap"), "unknown_key"),
        ({"coupons": [percent(cap=None)]}, ("coupons", 0), "missing_key"),
        ({"coupons": [percent(percent="0")]}, ("coupons", 0, "percent"), "bad_percent"),
        ({"coupons": [percent(percent="10.125")]}, ("coupons", 0, "percent"), "bad_percent"),
        ({"coupons": [percent(percent="101")]}, ("coupons", 0, "percent"), "more_than_the_price"),
        (
            {"coupons": [percent(percent="60")], "match": {"merchant": "100%"}},
            ("coupons", 0, "percent"),
            "more_than_the_price",
        ),
        (
            {"coupons": [line(threshold="19.99")], "match": {"merchant": "100%"}},
            ("coupons", 0, "threshold"),
            "more_than_the_price",
        ),
        (
            {"coupons": [line(below="300.00", max_order="300.00")]},
            ("coupons", 0, "max_order"),
            "idle_key",
        ),
        ({"coupons": [line(below="40.00")]}, ("coupons", 0, "below"), "no_price_left"),
        ({"coupons": [line(max_order="39.99")]}, ("coupons", 0, "max_order"), "no_price_left"),
        ({"coupons": [percent(threshold="2x")]}, ("coupons", 0, "threshold"), "bad_amount"),
        ({"validity": {}}, ("validity",), "one_validity"),
        (
            {"validity": {"days_after_claim": 7, "until": "2022-06-24 20:00"}},
            ("validity",),
            "one_validity",
        ),
        ({"validity": {"until": "24 June"}}, ("validity", "until"), "bad_time"),
        ({"validity": {"days_after_claim": 0}}, ("validity", "days_after_claim"), "bad_number"),
        ({"validity": {"calendar_month": False}}, ("validity", "calendar_month"), "one_validity"),
        ({"validity": "month"}, ("validity",), "wrong_type"),
        ({"scope": {"channel": "ofline"}}, ("scope", "channel"), "not_a_choice"),
        ({"scope": {"hours": ["25:00-26:00"]}}, ("scope", "hours", 0), "bad_hours"),
        ({"scope": {"weekdays": ["someday"]}}, ("scope", "weekdays", 0), "bad_weekday"),
        ({"scope": {"districts": ["330106", "330106"]}}, ("scope", "districts", 1), "named_twice"),
        ({"funding": {"treasury": "90%"}}, ("funding",), "shares_not_whole"),
        ({"funding": {"treasury": "100%", "bank": "0%"}}, ("funding", "bank"), "bad_percent"),
        ({"match": {"merchant": "50%", "bank": "50%"}}, ("match",), "one_match"),
    ],
)
def test_each_fault_is_found_at_its_place(
    changes: dict[str, Any], path: tuple[str | int, ...], code: str
) -> None:
    assert faults(**changes) == [(path, code)]


def test_the_shares_keep_the_order_in_which_they_were_written() -> None:
    assert template(funding={"b": "33.33%", "a": "66.67"}).funding == (
        Share("b", 3_333),
        Share("a", 6_667),
    )
    assert template(match={"merchant": "50%"}).match == Share("merchant", 5_000)
    capped = template(match={"merchant": {"percent": "50%", "cap": "4.00"}})
    assert capped.match == Share("merchant", 5_000, 400)
    assert packs.described(capped)["match.merchant"] == "50% <= 4"
    assert template().match is None


def test_a_scope_without_a_word_takes_registered_merchants_on_any_channel() -> None:
    scope = template().scope
    assert (scope.channel, scope.registration, scope.hours, scope.weekdays) == (
        "any",
        "required",
        (),
        frozenset(),
    )
    scope = template(
        scope={"hours": ["22:00-02:00"], "weekdays": ["sat", "sun"], "districts": [330106]}
    ).scope
    assert (scope.hours, scope.weekdays, scope.districts) == (
        ((1320, 1560),),
        {6, 7},
        {"330106"},
    )


# ---------------------------------------------------------------- validity


def at(text: str) -> int:
    return times.parse(text, ZONE)


@pytest.mark.parametrize(
    ("validity", "claimed", "expires"),
    [
        ({"days_after_claim": 7}, "2020-03-27 08:00:01", "2020-04-03 08:00:01"),
        ({"until": "2022-06-24 20:00"}, "2022-06-17 20:00", "2022-06-24 20:00"),
        ({"until": "2022-06-24T12:00Z"}, "2022-06-17 20:00", "2022-06-24 20:00"),
        ({"calendar_month": True}, "2020-02-29 23:59:59", "2020-03-01"),
        ("calendar_month", "2020-12-31 23:59:59", "2021-01-01"),
    ],
)
def test_a_voucher_expires_as_its_template_says(validity: Any, claimed: str, expires: str) -> None:
    assert rules.expires_at(template(validity=validity), at(claimed), ZONE) == at(expires)


@given(
    st.integers(min_value=1, max_value=365),
    st.integers(min_value=at("2020-01-01"), max_value=at("2025-01-01")),
)
def test_a_voucher_of_n_days_lives_exactly_n_days_where_clocks_never_turn(
    days: int, claimed_at: int
) -> None:
    assert (
        rules.expires_at(template(validity={"days_after_claim": days}), claimed_at, ZONE)
        == claimed_at + days * 86_400
    )


@given(st.integers(min_value=at("2020-01-01"), max_value=at("2025-01-01")))
def test_a_month_ends_after_the_claim(claimed_at: int) -> None:
    expires_at = rules.expires_at(template(validity="calendar_month"), claimed_at, ZONE)
    assert claimed_at < expires_at <= claimed_at + 31 * 86_400
    assert times.month_of(times.day_of(expires_at - 1, ZONE)) == times.month_of(
        times.day_of(claimed_at, ZONE)
    )


# ---------------------------------------------------------------- worth, cautions, changes


def test_a_pack_is_worth_its_denominations_and_its_caps() -> None:
    pack = template(coupons=[line(count=5), percent()], match={"merchant": "50%"})
    assert rules.pack_value_fen(pack) == 5 * 1_000 + 40_000
    assert rules.floor_spend_fen(pack) == 5 * 4_000 + 200_000
    assert packs.floor_leverage(pack, rules.kinds_by_name(pack)) == "9.33"  # (200 + 4000) / 450
    assert rules.match_liability_fen(pack) == 22_500


def test_platform_limits_are_cautions() -> None:
    long = template(
        name={"zh": "一二三四五六七八九十"},
        validity={"days_after_claim": 91},
        coupons=[percent()],
        assumption="a guess",
    )
    assert [fault.code for fault in packs.cautions(long, rules.kinds_by_name(long))] == [
        "wechat_window",
        "wechat_name",
        "gross_by_construction",
        "assumption",
    ]
    short = template(name={"zh": "一二三四五六七八九"}, validity={"days_after_claim": 90})
    assert packs.cautions(short, rules.kinds_by_name(short)) == ()


def test_funders_that_the_programme_lacks_are_found() -> None:
    programme, _ = programmes.read(
        {
            "programme": "p",
            "name": {"en": "P"},
            "funders": {"treasury": {"kind": "public"}, "shops": {"kind": "merchant"}},
        }
    )
    assert programme is not None
    assert rules.strangers(template(match={"shops": "100%"}), programme) == ()
    wrong = template(funding={"bank": "100%"}, match={"treasury": "100%"})
    assert [fault.path for fault in rules.strangers(wrong, programme)] == [
        ("funding", "bank"),
        ("match", "treasury"),
    ]


def test_changes_are_named_field_by_field() -> None:
    after = template(
        coupons=[line()], validity={"until": "2022-06-24 20:00"}, scope={"channel": "offline"}
    )
    assert packs.changes(template(), template()) == ()
    assert packs.changes(template(), after) == (
        ("coupons 20-5", "2 x 5 / 20", None),
        ("validity.days_after_claim", "7", None),
        ("scope.channel", "any", "offline"),
        ("coupons 40-10", None, "1 x 10 / 40"),
        ("validity.until", None, "2022-06-24 20:00:00"),
    )


def test_two_runs_of_one_coupon_are_both_described() -> None:
    described = packs.described(template(coupons=[line(), percent(), line()]))
    assert [key for key in described if key.startswith("coupons ")] == [
        "coupons 40-10",
        "coupons 2000-10%",
        "coupons 40-10 (2)",
    ]


def test_a_validity_is_one_of_three() -> None:
    assert template(validity="calendar_month").validity == Validity(is_month=True)
    assert template(validity={"until": "2022-06-24 20:00"}).validity == Validity(
        until="2022-06-24 20:00:00"
    )
    assert template(validity={"until": "2022-06-24"}).validity.until == "2022-06-24 24:00:00"


# ---------------------------------------------------------------- versions


def test_a_version_is_made_by_content_and_never_changes(tmp_path: Path) -> None:
    db = open_db(tmp_path / "x.db", create=True)
    first = store.save(db, template(), LUNCH, "a", 1)
    reworded = {
        **LUNCH,
        "coupons": [line(denomination=5, threshold="20"), line(denomination="5.0", threshold="20")],
    }
    again, _ = rules.read(reworded)
    assert again is not None
    assert store.save(db, again, reworded, "b", 2)["version"] == first["version"] == 1
    longer = {**LUNCH, "validity": {"days_after_claim": 8}}
    assert (
        store.save(db, template(validity={"days_after_claim": 8}), longer, "c", 3)["version"] == 2
    )
    # back to the first content: a new version, not the old one
    assert store.save(db, template(), LUNCH, "a", 4)["version"] == 3
    assert store.value(store.named(db, "lunch", 1)) == template()
    assert [row["version"] for row in store.versions(db, "lunch")] == [1, 2, 3]
    coupons = "SELECT coupon FROM coupons WHERE template_id = ? ORDER BY coupon_no"
    assert [*map(tuple, db.execute(coupons, (first["template_id"],)))] == [("20-5",), ("20-5",)]


# ---------------------------------------------------------------- the commands


@pytest.fixture
def added(voucher: Callable[..., Ran], here: Path, once: Once) -> None:
    """A file with lunch@1 and a changed lunch@2."""

    def build() -> None:
        (here / "lunch.yaml").write_text(LUNCH_YAML, "utf-8")
        voucher("init")
        voucher("template", "add", "lunch.yaml")
        (here / "lunch.yaml").write_text(LUNCH_YAML.replace("count: 2", "count: 3"), "utf-8")
        voucher("template", "add", "lunch.yaml")

    once("lunch", build)


def test_add_makes_versions_and_the_same_content_none(
    voucher: Callable[..., Ran], added: None
) -> None:
    ran = voucher("template", "add", "lunch.yaml", "-o", "json")
    assert (ran.data["version"], ran.data["added"], ran.data["pack_value_fen"]) == (2, False, 1_500)
    assert (
        "already exists: version 2 has the same content"
        in voucher("template", "add", "lunch.yaml").err
    )
    assert [
        row["version"] for row in voucher("template", "list", "-o", "json").data["templates"]
    ] == [2]


def test_add_is_logged_with_before_and_after(
    voucher: Callable[..., Ran], added: None, here: Path
) -> None:
    rows = (
        open_db(here / "voucher.db")
        .execute("SELECT subject, detail FROM audit ORDER BY audit_id")
        .fetchall()
    )
    assert [row["subject"] for row in rows] == ["lunch@1", "lunch@2"]
    assert '"count":2' in rows[1]["detail"] and '"count":3' in rows[1]["detail"]


def test_a_dry_run_adds_nothing(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    assert (
        "would be version 1; nothing was written"
        in voucher("template", "add", "universal-5x10", "--dry-run").err
    )
    ran = voucher("template", "list")
    assert (ran.out, ran.err) == (
        "",
        "there is no template yet; next: voucher template add universal-5x10\n",
    )


def test_a_faulty_file_says_every_fault_at_its_place(
    voucher: Callable[..., Ran], here: Path
) -> None:
    (here / "bad.yaml").write_text(
        LUNCH_YAML.replace("threshold", "treshold").replace("100%", "90%"), "utf-8"
    )
    voucher("init")
    ran = voucher("template", "add", "bad.yaml", expect=3)
    assert ran.out == ""
    assert (
        "bad.yaml:4:56: error: there is no key treshold here [unknown_key]\n  next: did you mean"
        " threshold?" in ran.err
    )
    assert "bad.yaml:6:10: error: the shares make 90%, not 100% [shares_not_whole]" in ran.err


def test_add_says_when_the_programme_lacks_the_funder(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    voucher("programme", "load", "beijing-2020")
    ran = voucher("template", "add", "universal-5x10")
    assert "warning: programme beijing-2020 has no funder treasury [unknown_funder]" in ran.err


def test_list_shows_worth_and_floor(voucher: Callable[..., Ran], added: None) -> None:
    assert voucher("template", "list", "-o", "csv").out.splitlines() == [
        "template,version,coupons,pack_value_yuan,floor,rounds",
        "lunch,2,3,15.00,4.00,0",
    ]
    names = [
        row["template"]
        for row in voucher("template", "list", "--shipped", "-o", "json").data["shipped"]
    ]
    assert {"universal-5x10", "beijing-smart-products", "county-lunch"} <= set(names)


def test_list_without_a_database_is_refused(voucher: Callable[..., Ran]) -> None:
    assert "[no_database]" in voucher("template", "list", expect=3).err


def test_show_gives_every_field_of_a_version(voucher: Callable[..., Ran], added: None) -> None:
    data = voucher("template", "show", "lunch@1", "-o", "json").data
    assert (data["template"], data["version"], len(data["coupons"]), data["rounds"]) == (
        "lunch",
        1,
        2,
        [],
    )
    assert data["added_at"] == "2020-03-20T09:00:00+08:00"
    assert data["fields"]["funding.treasury"] == "100%"
    assert "Floor leverage of the whole pack: 4.00" in voucher("template", "show", "lunch").out
    assert "整份卡包的杠杆率下限：4.00" in voucher("template", "show", "lunch", "--lang", "zh").out


@pytest.mark.parametrize(
    ("reference", "code", "text"),
    [
        ("lunhc", 3, "there is no template lunhc; did you mean lunch? [unknown_template]"),
        ("supper", 3, "next: voucher template list --shipped"),
        ("lunch@9", 3, "template lunch has no version 9; its latest is 2 [unknown_version]"),
        ("lunch@x", 2, "lunch@x does not name a version [bad_version]"),
    ],
)
def test_show_refuses_what_is_not_there(
    voucher: Callable[..., Ran], added: None, reference: str, code: int, text: str
) -> None:
    ran = voucher("template", "show", reference, expect=code)
    assert ran.out == "" and text in ran.err


def test_show_without_a_database_is_refused(voucher: Callable[..., Ran]) -> None:
    ran = voucher("template", "show", "lunch", expect=3)
    assert ran.out == "" and "[no_database]" in ran.err


def test_diff_compares_versions_and_templates(voucher: Callable[..., Ran], added: None) -> None:
    change = {"field": "coupons 20-5", "before": "2 x 5 / 20", "after": "3 x 5 / 20"}
    for words in (
        ["lunch"],
        ["lunch@1", "2"],
        ["lunch@1", "@2"],
        ["lunch@1", "lunch"],
        ["lunch@1", "lunch@2"],
    ):
        data = voucher("template", "diff", *words, "-o", "json").data
        assert data == {"before": "lunch@1", "after": "lunch@2", "changes": [change]}
    voucher("template", "add", "universal-5x10")
    assert "coupons 40-10" in voucher("template", "diff", "lunch", "universal-5x10").out
    assert (
        voucher("template", "diff", "lunch", "lunch").err
        == "lunch@2 and lunch@2 have the same content\n"
    )


def test_a_chinese_reader_sees_words_where_the_file_has_keys(
    voucher: Callable[..., Ran], added: None
) -> None:
    shown = voucher("template", "show", "lunch", "--lang", "zh").out
    assert "名称" in shown and "name.zh" not in shown and "出资比例（treasury）" in shown
    diff = voucher("template", "diff", "lunch", "--lang", "zh").out.splitlines()
    assert diff[-1].split("  ") == ["券 20-5", "2 张 满 20 减 5", "3 张 满 20 减 5"]
    assert "券 20-5" in voucher("template", "history", "lunch", "--lang", "zh").out


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("8 x 5 / 20", "8 张 满 20 减 5"),
        ("1 x 10% <= 400 / 2000", "1 张 满 2000 减 10%，最高 400"),
        ("offline", "线下"),
        ("open", "不限"),
        ("true", "是"),
        ("餐饮, 零售", "餐饮, 零售"),
        ("Voucher", "Voucher"),
    ],
)
def test_entries_of_a_template_read_in_chinese(written: str, words: str) -> None:
    speak("en")
    assert keys.entry(written) == written
    speak("zh")
    try:
        assert keys.entry(written) == words
        assert keys.entry("name.zh, match.merchant") == "名称, 配套比例（merchant）"
    finally:
        speak("en")


def test_diff_of_a_first_version_needs_another(voucher: Callable[..., Ran], added: None) -> None:
    ran = voucher("template", "diff", "lunch@1", expect=2)
    assert "has no version before this one [nothing_to_compare]" in ran.err


def test_history_names_what_changed(voucher: Callable[..., Ran], added: None) -> None:
    versions = voucher("template", "history", "lunch", "-o", "json").data["versions"]
    assert [(line["version"], line["changed"], line["rounds"]) for line in versions] == [
        (1, [], []),
        (2, ["coupons 20-5"], []),
    ]
    assert "coupons 20-5" in voucher("template", "history", "lunch").out


def test_history_of_an_unknown_template_is_refused(
    voucher: Callable[..., Ran], added: None
) -> None:
    assert "[unknown_template]" in voucher("template", "history", "supper", expect=3).err


def test_check_says_what_packs_can_cost(voucher: Callable[..., Ran]) -> None:
    data = voucher(
        "template", "check", "beijing-catering-shopping", "--packs", "2000000", "-o", "json"
    ).data  # and needs no database
    assert (data["pack_value_fen"], data["floor_spend_fen"], data["floor"]) == (
        6_000,
        35_000,
        "5.83",
    )
    assert (data["largest_liability_fen"], data["largest_match_fen"]) == (
        12_000_000_000,
        12_000_000_000,
    )


def test_check_warns_of_platform_limits_at_their_place(
    voucher: Callable[..., Ran], here: Path
) -> None:
    (here / "long.yaml").write_text(
        LUNCH_YAML.replace("claim: 7", "claim: 91").replace("午餐券", "一二三四五六七八九十"),
        "utf-8",
    )
    ran = voucher("template", "check", "long.yaml")
    assert (
        "long.yaml:5:30: warning: 91 days: WeChat Pay takes vouchers of at most 90 days"
        " [wechat_window]" in ran.err
    )
    assert "[wechat_name]" in ran.err


def test_check_fails_when_the_programme_lacks_a_funder(
    voucher: Callable[..., Ran], added: None
) -> None:
    voucher("programme", "load", "beijing-2020")
    ran = voucher("template", "check", "lunch@1", expect=5)
    assert "error: programme beijing-2020 has no funder treasury [unknown_funder]" in ran.err
    assert (
        voucher("template", "check", "beijing-catering-august", "-o", "json").data["checked"]
        == "beijing-catering-august"
    )


def test_check_of_a_faulty_draft_is_refused(voucher: Callable[..., Ran], here: Path) -> None:
    (here / "bad.yaml").write_text(LUNCH_YAML.replace("5.00", "50.00"), "utf-8")
    ran = voucher("template", "check", "bad.yaml", "-o", "json", expect=3)
    assert [problem["code"] for problem in ran.json["problems"]] == [
        "bad_yaml",
        "more_than_the_price",
    ]
