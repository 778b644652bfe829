"""Programmes, templates, rounds and draws at the borders of what they may say, a case a border."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
import towns

from vouchercli.rules import (
    applications,
    audit,
    claims,
    coupons,
    draws,
    leverage,
    packs,
    programme_changes,
    programmes,
    published,
    redemptions,
    rounds,
    schedule,
    scope,
    staff,
    subsidy,
    templates,
)
from vouchercli.rules.claim_limits import Pack
from vouchercli.rules.draws import Entrant, Stratum
from vouchercli.rules.merchants import Merchant
from vouchercli.rules.shares import Share
from vouchercli.rules.staff import Hand

PROGRAMME: dict[str, Any] = {
    "programme": "town",
    "name": {"en": "Town"},
    "funders": {"treasury": {"kind": "public", "amount": "1000.00"}, "bank": {"kind": "platform"}},
}
TEMPLATE: dict[str, Any] = {
    "template": "lunch",
    "name": {"en": "Lunch"},
    "coupons": [{"count": 2, "kind": "amount_off", "denomination": "5.00", "threshold": "20.00"}],
    "validity": {"days_after_claim": 7},
    "funding": {"treasury": "100%"},
}
OFF = {"kind": "amount_off", "denomination": "10.00", "threshold": "40.00"}
PERCENT = {"kind": "percent_off", "percent": "10", "threshold": "2000.00", "cap": "400.00"}


def programme(**changes: Any) -> programmes.Programme:
    read, faults = programmes.read({**copy.deepcopy(PROGRAMME), **changes})
    assert read is not None, faults
    return read


def template(**changes: Any) -> templates.Template:
    read, faults = templates.read({**copy.deepcopy(TEMPLATE), **changes})
    assert read is not None, faults
    return read


def of_programme(**changes: Any) -> list[tuple[str, str]]:
    """(path, code) of the faults of a programme with these keys changed."""
    return faults_of(programmes.read({**copy.deepcopy(PROGRAMME), **changes}))


def of_template(**changes: Any) -> list[tuple[str, str]]:
    return faults_of(templates.read({**copy.deepcopy(TEMPLATE), **changes}))


def faults_of(read: Any) -> list[tuple[str, str]]:
    return [(".".join(map(str, fault.path)), fault.code) for fault in read[1]]


# ---------------------------------------------------------------- a programme


@pytest.mark.parametrize("checkers", [0, -1, "2", None])
def test_a_band_asks_for_at_least_one_checker(checkers: Any) -> None:
    bands = [{"up_to": "5.00", "checkers": 1}, {"checkers": checkers}]
    code = "missing_key" if checkers is None else "bad_number"
    path = "approvals.1" + ("" if checkers is None else ".checkers")
    assert of_programme(approvals=bands) == [(path, code)]


@pytest.mark.parametrize(
    ("up_to", "is_fit"),
    [
        (("5.00", "5.01", None), True),
        (("5.00", "5.00"), False),
        (("5.00", "4.99"), False),
        ((None, "5.00"), False),
        ((None, None), False),
        (("5.00",), True),
        ((None,), True),
    ],
)
def test_each_band_reaches_further_than_the_one_before(
    up_to: tuple[str | None, ...], is_fit: bool
) -> None:
    bands = [{"checkers": 1, **({"up_to": each} if each else {})} for each in up_to]
    assert of_programme(approvals=bands) == (
        [] if is_fit else [("approvals.1", "bands_out_of_order")]
    )


def test_bands_are_kept_as_they_are_written() -> None:
    bands = [{"up_to": "5.00", "checkers": 1}, {"checkers": 3}]
    assert programme(approvals=bands).approvals == (
        programmes.Approval(500, 1),
        programmes.Approval(None, 3),
    )


@pytest.mark.parametrize(
    ("limits", "codes"),
    [
        ({"vouchers_per_payment": 1}, []),
        ({"vouchers_per_payment": 2}, ["one_voucher_a_payment"]),
        ({"vouchers_per_merchant_per_day": 0}, ["bad_number"]),
        ({"packs_per_resident_per_week": 1, "packs_per_resident": 1}, []),
        ({"packs_per_resident": 0}, ["bad_number"]),
    ],
)
def test_a_limit_is_at_least_one(limits: dict[str, int], codes: list[str]) -> None:
    assert [code for _, code in of_programme(limits=limits)] == codes


def test_limits_that_are_not_written_are_one_a_round_and_one_a_payment() -> None:
    assert programme().limits == programmes.Limits(1, 1, None, None, None)
    assert programme(limits={"packs_per_resident": 5}).limits == programmes.Limits(
        1, 1, None, None, 5
    )
    assert programme().unused_after_days == 0
    assert programme(unused_after_days=0).unused_after_days == 0
    assert of_programme(unused_after_days=-1) == [("unused_after_days", "bad_number")]


def test_two_of_the_staff_have_neither_name_nor_login_in_common() -> None:
    def people(*logins: str) -> list[dict[str, Any]]:
        return [
            {"name": f"p{number}", "roles": ["maker"], **({"login": login} if login else {})}
            for number, login in enumerate(logins)
        ]

    assert of_programme(staff=people("", "", "a", "b")) == []
    assert of_programme(staff=people("a", "b", "a")) == [("staff.2.login", "named_twice")]
    assert [each.login for each in programme(staff=people("a", "")).staff] == ["a", ""]


@pytest.mark.parametrize(
    ("checkers", "bands", "is_short"),
    [
        (0, [], True),
        (1, [], False),
        (1, [{"checkers": 2}], True),
        (2, [{"checkers": 2}], False),
        (1, [{"up_to": "1", "checkers": 2}, {"checkers": 1}], True),
    ],
)
def test_staff_that_is_too_small_is_pointed_out(
    checkers: int, bands: list[dict[str, Any]], is_short: bool
) -> None:
    people = [{"name": "m", "roles": ["maker"]}]
    people += [{"name": f"c{number}", "roles": ["maker", "checker"]} for number in range(checkers)]
    notes = programmes.cautions(programme(staff=people, approvals=bands))
    assert [fault.code for fault in notes] == (["too_few_checkers"] if is_short else [])
    if is_short:
        assert notes[0].path == (("approvals",) if bands else ("staff",))
        assert notes[0].params == {"needed": 1 if not bands else 2, "checkers": checkers}
    assert programmes.cautions(programme(approvals=bands)) == ()  # no staff: anybody may check


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("2020-04-04", [20200404]),
        ({"from": "2020-04-04", "to": "2020-04-06"}, [20200404, 20200405, 20200406]),
        ({"from": "2020-04-04", "to": "2020-04-04"}, [20200404]),
        ({"from": "2020-02-29", "to": "2020-03-01"}, [20200229, 20200301]),
    ],
)
def test_a_span_of_days_has_both_its_ends(said: Any, days: list[int]) -> None:
    assert programme(calendar={"holidays": [said]}).calendar.holidays == frozenset(days)
    assert programme(calendar={"workdays": [said]}).calendar.workdays == frozenset(days)


@pytest.mark.parametrize(
    ("calendar", "code"),
    [
        ({"holidays": [{"from": "2020-04-06", "to": "2020-04-05"}]}, "bad_span"),
        ({"holidays": [{"from": "2020-01-01", "to": "2021-01-01"}]}, "bad_span"),  # 366 days on
        ({"holidays": ["2020-04-04"], "workdays": ["2020-04-04"]}, "day_is_both"),
        ({"holidays": [{"from": "2020-04-04"}]}, "missing_key"),
        ({"holidays": ["the spring"]}, "bad_time"),
    ],
)
def test_a_calendar_is_refused_where_it_says_nothing_sure(
    calendar: dict[str, Any], code: str
) -> None:
    assert [each for _, each in of_programme(calendar=calendar)] == [code]
    year = [{"from": "2020-01-01", "to": "2020-12-31"}]
    assert len(programme(calendar={"holidays": year}).calendar.holidays) == 366


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"gross": "13.24"}, None),
        ({"gross": "13"}, None),
        ({"gross": "13.2"}, None),
        ({"gross": "13.25"}, "published_gross_differs"),
        ({"gross": "14"}, "published_gross_differs"),
        ({"gross": "13.25", "base": None}, None),  # nothing to hold it against
        ({"gross": "13.25", "subsidy": None}, None),
        ({"gross": "13.25", "subsidy": "0"}, None),
        ({"gross": "0.00", "base": "0"}, None),
        ({"gross": "1.00", "base": "0"}, "published_gross_differs"),
        ({"gross": "x"}, "bad_ratio"),
        ({"own": "1.5.5"}, "bad_ratio"),
    ],
)
def test_a_published_ratio_is_that_of_the_figures_beside_it(
    said: dict[str, Any], code: str | None
) -> None:
    figures = {"subsidy": "94100000.00", "base": "1246000000.00", **said}
    figures = {key: value for key, value in figures.items() if value is not None}
    assert [each for _, each in of_programme(published=[figures])] == ([code] if code else [])


@pytest.mark.parametrize(
    ("numerator", "denominator", "digits", "text"),
    [(5, 2, 0, "3"), (4, 3, 0, "1"), (4, 3, 1, "1.3"), (2, 3, 2, "0.67")],
)
def test_a_ratio_has_as_many_decimals_as_were_printed(
    numerator: int, denominator: int, digits: int, text: str
) -> None:
    assert published.ratio_to(numerator, denominator, digits) == text


# ---------------------------------------------------------------- what may change in it


def test_each_entry_that_differs_is_named_by_its_keys() -> None:
    before = {"a": 1, "b": {"c": "x", "d": [1]}, "gone": True}
    after = {"a": 1, "b": {"c": "y", "d": [1, "二"]}, "new": {"e": None, "f": "z"}}
    assert programme_changes.differences(before, after) == [
        ("b.c", "x", "y"),
        ("b.d", "[1]", '[1, "二"]'),
        ("gone", "true", None),
        ("new", None, '{"e": null, "f": "z"}'),
    ]
    assert programme_changes.differences(before, before) == []


@pytest.mark.parametrize(
    ("change", "is_binding", "is_about_staff"),
    [
        ({}, False, False),
        ({"source": "a paper"}, False, False),
        ({"name": {"en": "Other"}}, False, False),
        ({"calendar": {"holidays": ["2020-04-04"]}}, False, False),
        ({"limits": {"packs_per_resident": 3}}, True, False),
        ({"refunds": "forfeits"}, True, False),
        ({"unused": "pool"}, True, False),
        ({"unused_after_days": 1}, True, False),
        ({"time_zone": "UTC"}, True, False),
        ({"approvals": [{"checkers": 2}]}, True, True),
        ({"logins": "personal"}, True, True),
        ({"staff": [{"name": "lin", "roles": ["maker"]}]}, True, True),
        ({"funders": {"treasury": {"kind": "public", "amount": "1000.01"}}}, True, False),
    ],
)
def test_what_binds_is_money_limits_and_who_decides(
    change: dict[str, Any], is_binding: bool, is_about_staff: bool
) -> None:
    listed = {"staff": [{"name": "lin", "roles": ["checker"]}]}
    before, after = programme(**listed), programme(**{**listed, **change})
    assert programme_changes.is_binding(before, after) is is_binding
    assert programme_changes.is_about_staff(before, after) is is_about_staff
    # while no staff was listed, nothing is at stake
    assert not programme_changes.is_about_staff(programme(), after)


def test_the_stake_is_the_larger_of_both_sums() -> None:
    small, large = programme(), programme(funders={"a": {"kind": "public", "amount": "1000.01"}})
    assert programme_changes.stake_fen(small, large) == 100_001
    assert programme_changes.stake_fen(large, small) == 100_001


FUNDER = {"kind": "public", "amount": "1000.00"}


@pytest.mark.parametrize(
    ("treasury", "in_use", "code"),
    [
        (None, {}, None),
        (None, {"promised": {"treasury"}}, "funder_in_use"),
        (None, {"paying": {"treasury"}}, "funder_in_use"),
        (None, {"paying": {"bank"}, "promised": {"bank"}}, None),
        ({"kind": "platform", "amount": "1000.00"}, {}, None),
        ({"kind": "platform", "amount": "1000.00"}, {"promised": {"treasury"}}, "funder_in_use"),
        ({"kind": "public"}, {"promised": {"treasury"}}, "funder_in_use"),
        ({"kind": "public"}, {"paying": {"treasury"}}, "fund_committed"),
        ({"kind": "public", "amount": "1000.01"}, {"promised": {"treasury"}}, None),
        ({"kind": "public", "amount": "999.99"}, {"free": 1}, None),
        ({"kind": "public", "amount": "999.98"}, {"free": 1}, "fund_committed"),
        ({"kind": "public", "amount": "999.99"}, {"free": 0}, "fund_committed"),
        ({"kind": "public", "amount": "0.00"}, {"free": 100_000}, None),
        ({"kind": "public", "amount": "0.00"}, {"free": 99_999}, "fund_committed"),
        ({"kind": "public"}, {"free": 100_000}, None),
        ({"kind": "public"}, {"free": 99_999}, "fund_committed"),
        (FUNDER, {"free": -1}, None),  # nothing is lowered
    ],
)
def test_a_fund_is_not_pulled_away_from_what_stands_on_it(
    treasury: dict[str, str] | None, in_use: dict[str, Any], code: str | None
) -> None:
    free = in_use.get("free", 0 if treasury and code == "fund_committed" else 100_000)
    stands = programme_changes.InUse(
        promised=frozenset(in_use.get("promised", ())),
        paying=frozenset(in_use.get("paying", ())),
        uncommitted_fen={"treasury": free},
    )
    funders = {"bank": {"kind": "platform"}, **({"treasury": treasury} if treasury else {})}
    after = programme(funders=funders)
    results = programme_changes.obstacles(programme(), after, stands)
    assert [fault.code for fault in results] == ([code] if code else [])
    # what is not written any more is missed where it stood
    where = {fault.path for fault in results}
    assert treasury or where <= {("funders",)}


def test_a_lowered_fund_says_how_far_it_can_go() -> None:
    after = programme(
        funders={"treasury": {"kind": "public", "amount": "400.00"}, "bank": {"kind": "platform"}}
    )
    stands = programme_changes.InUse(uncommitted_fen={"treasury": 25_050})
    (fault,) = programme_changes.obstacles(programme(), after, stands)
    assert fault.path == ("funders", "treasury", "amount")
    assert fault.params == {
        "funder": "treasury",
        "lowered": "600.00",
        "free": "250.50",
        "least": "749.50",
    }


# ---------------------------------------------------------------- a template


@pytest.mark.parametrize(
    ("coupon", "match", "code"),
    [
        ({**OFF, "threshold": "10.00"}, None, None),
        ({**OFF, "threshold": "9.99"}, None, "more_than_the_price"),
        ({**OFF, "threshold": "15.00"}, "50%", None),
        ({**OFF, "threshold": "14.99"}, "50%", "more_than_the_price"),
        ({**OFF, "denomination": "0.01", "threshold": "0.02"}, "50%", None),  # half a fen is one
        ({**OFF, "denomination": "0.01", "threshold": "0.01"}, "50%", "more_than_the_price"),
        ({**OFF, "denomination": "0"}, None, "bad_amount"),
        ({**PERCENT, "percent": "100"}, None, None),
        ({**PERCENT, "percent": "100.01"}, None, "more_than_the_price"),
        ({**PERCENT, "percent": "50"}, "100%", None),
        ({**PERCENT, "percent": "50.01"}, "100%", "more_than_the_price"),
        ({**PERCENT, "cap": "0"}, None, "bad_amount"),
        ({**PERCENT, "threshold": "0.01"}, None, None),
        ({**OFF, "count": 100}, None, None),
        ({**OFF, "count": 101}, None, "too_many_coupons"),
        ({**OFF, "count": 0}, None, "bad_number"),
    ],
)
def test_a_voucher_and_its_match_are_never_more_than_the_price(
    coupon: dict[str, Any], match: str | None, code: str | None
) -> None:
    beside = {"match": {"shops": match}} if match else {}
    results = of_template(coupons=[coupon], **beside)
    assert [each for _, each in results] == ([code] if code else [])


def test_a_pack_of_two_lines_holds_a_hundred_coupons_at_most() -> None:
    assert of_template(coupons=[{**OFF, "count": 60}, {**OFF, "count": 40}]) == []
    assert of_template(coupons=[{**OFF, "count": 60}, {**OFF, "count": 41}]) == [
        ("coupons", "too_many_coupons")
    ]
    pack = template(coupons=[{**OFF, "count": 2}, PERCENT]).coupons
    assert [each.coupon_no for each in pack] == [1, 2, 3]
    assert len(template(coupons=[OFF]).coupons) == 1  # a line without a count is one coupon


@pytest.mark.parametrize(
    ("funding", "codes"),
    [
        ({"a": "50%", "b": "50%"}, []),
        ({"a": "50%", "b": "49.99%"}, ["shares_not_whole"]),
        ({"a": "50%", "b": "50.01%"}, ["shares_not_whole"]),
        ({"a": "100.01%"}, ["shares_not_whole"]),
        ({"a": "0%", "b": "50%"}, ["bad_percent"]),
        ({}, ["shares_not_whole"]),
    ],
)
def test_the_shares_make_the_whole(funding: dict[str, str], codes: list[str]) -> None:
    assert [code for _, code in of_template(funding=funding)] == codes


def test_a_short_name_and_a_percentage_leave_idle_decimals_out() -> None:
    assert [coupons.short(fen) for fen in (4_000, 4_050, 4_005, 100_000, 5)] == [
        "40",
        "40.50",
        "40.05",
        "1000",
        "0.05",
    ]
    assert [coupons.percent_text(bp) for bp in (1_000, 1_250, 1_205, 10_000, 5)] == [
        "10%",
        "12.5%",
        "12.05%",
        "100%",
        "0.05%",
    ]


def test_what_a_pack_is_worth_and_can_cost() -> None:
    pack = template(coupons=[{**OFF, "count": 3}, PERCENT], match={"shops": "12.5%"})
    assert templates.pack_value_fen(pack) == 3 * 1_000 + 40_000
    assert templates.floor_spend_fen(pack) == 3 * 4_000 + 200_000
    assert packs.floor_leverage(pack, templates.kinds_by_name(pack)) == "9.58"  # 4120 / 430
    assert templates.match_liability_fen(pack) == 3 * 125 + 5_000
    assert templates.match_liability_fen(template()) == 0


def test_a_round_promises_each_funder_its_share_of_every_face() -> None:
    halves = {"treasury": "50%", "bank": "50%"}
    pack = template(
        coupons=[{**OFF, "denomination": "0.05", "threshold": "1"}, OFF], funding=halves
    )
    # 5 fen: 3 and 2; 10.00: 5.00 each; seven packs
    assert rounds.liability(7, pack) == (("treasury", 7 * 503), ("bank", 7 * 502))


def test_runs_of_equal_coupons_are_one_line_each() -> None:
    pack = template(coupons=[{**OFF, "count": 2}, OFF, {**OFF, "threshold": "50.00"}, OFF])
    assert [(coupon.coupon, count) for coupon, count in packs.lines(pack)] == [
        ("40-10", 3),
        ("50-10", 1),
        ("40-10", 1),
    ]
    caps = template(coupons=[PERCENT, {**PERCENT, "cap": "300.00"}])
    assert [count for _, count in packs.lines(caps)] == [1, 1]


def test_every_field_of_a_pack_is_described() -> None:
    pack = template(
        coupons=[PERCENT, {**PERCENT, "cap": "300.00"}, PERCENT],
        match={"shops": "50%"},
        scope={
            "hours": ["10:05-22:00"],
            "weekdays": ["sun", "mon"],
            "districts": ["b", "a"],
            "registration": "open",
        },
        source="a paper",
    )
    assert packs.described(pack) == {
        "name.zh": "Lunch",
        "name.en": "Lunch",
        "coupons 2000-10%": "1 x 10% <= 400 / 2000",
        "coupons 2000-10% (2)": "1 x 10% <= 300 / 2000",
        "coupons 2000-10% (3)": "1 x 10% <= 400 / 2000",
        "validity.days_after_claim": "7",
        "scope.channel": "any",
        "scope.districts": "a, b",
        "scope.hours": "10:05-22:00",
        "scope.weekdays": "mon, sun",
        "scope.registration": "open",
        "funding.treasury": "100%",
        "match.shops": "50%",
        "source": "a paper",
    }


def test_cautions_begin_one_beyond_the_limits_of_the_platform() -> None:
    def codes(**changes: Any) -> list[str]:
        return [fault.code for fault in packs.cautions(template(**changes), {"treasury": "public"})]

    assert codes(validity={"days_after_claim": 90}, name={"zh": "一二三四五六七八九"}) == []
    assert codes(validity={"days_after_claim": 91}) == ["wechat_window"]
    assert codes(name={"zh": "一二三四五六七八九十"}) == ["wechat_name"]
    assert codes(validity="calendar_month") == []
    (fault,) = packs.cautions(
        template(coupons=[OFF, {**PERCENT, "percent": "12.5"}, OFF]), {"treasury": "public"}
    )
    assert fault.path == ("coupons", 1)
    assert fault.params == {"percent": "12.5%", "gross": "8.00"}


# ---------------------------------------------------------------- where and when


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("00:00-24:00", (0, 1440)),
        ("23:59-24:00", (1439, 1440)),
        ("0:00-0:01", (0, 1)),
        ("23:59-00:00", (1439, 1440)),
        ("22:00-00:59", (1320, 1499)),
    ],
)
def test_hours_reach_from_midnight_to_midnight(text: str, spans: Any) -> None:
    assert scope.parse_hours(text) == spans


@pytest.mark.parametrize(
    "text",
    ["24:00-24:00", "24:00-01:00", "10:00-24:01", "10:60-11:00", "10:00-10:60", "1:00-1:00"],
)
def test_hours_beyond_a_day_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        scope.parse_hours(text)


@pytest.mark.parametrize(
    ("text", "day"), [("mon", 1), ("Sunday", 7), (" FRI ", 5), ("1", 1), ("7", 7), (3, 3)]
)
def test_a_weekday_is_read_by_name_or_number(text: str | int, day: int) -> None:
    assert scope.parse_weekday(text) == day
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert [scope.parse_weekday(name) for name in week] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("said", "minute", "weekday", "is_open"),
    [
        ({}, 0, 7, True),
        ({"hours": ((600, 660),)}, 599, 1, False),
        ({"hours": ((600, 660),)}, 600, 1, True),
        ({"hours": ((600, 660),)}, 659, 1, True),
        ({"hours": ((600, 660),)}, 660, 1, False),
        ({"weekdays": frozenset({1})}, 0, 1, True),
        ({"weekdays": frozenset({1})}, 0, 2, False),
        ({"weekdays": frozenset({1}), "hours": ((600, 660),)}, 600, 2, False),
        ({"weekdays": frozenset({1}), "hours": ((600, 660),)}, 1, 1, False),
    ],
)
def test_hours_and_weekdays_hold_together(
    said: dict[str, Any], minute: int, weekday: int, is_open: bool
) -> None:
    assert scope.is_hour(scope.Scope(**said), minute, weekday) is is_open


@pytest.mark.parametrize(
    ("said", "channel", "is_open"),
    [
        ("any", "online", True),
        ("online", "online", True),
        ("online", "offline", False),
        ("online", "", True),
        ("any", "", True),
    ],
)
def test_a_channel_is_asked_where_one_is_stated(said: str, channel: str, is_open: bool) -> None:
    assert scope.has_channel(scope.Scope(channel=said), channel) is is_open


def test_an_unregistered_merchant_is_taken_where_registration_is_open() -> None:
    stranger = Merchant("M9", is_registered=False)
    assert not scope.covers(scope.Scope(), stranger)
    assert scope.covers(scope.Scope(registration="open"), stranger)
    assert scope.covers(scope.Scope(registration="open"), Merchant("M1"))
    assert not scope.covers(scope.Scope(exclude=frozenset({"M9"}), registration="open"), stranger)


# ---------------------------------------------------------------- rounds and their files

ROW: dict[str, Any] = {
    "kind": "pay",
    "paid_at": 100,
    "base_fen": 4_000,
    "stated_fen": 1_000,
    "lawful_fen": 1_000,
    "round_id": 1,
    "claimed_at": 100,
    "expires_at": 200,
    "known_coupon_no": 1,
    "threshold_fen": 4_000,
    "merchant_id": 1,
    "is_suspended": 0,
    "is_in_scope": 1,
    "is_settled": 0,
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"round_id": None, "known_coupon_no": None}, "unknown_claim"),
        ({"known_coupon_no": None, "merchant_id": None}, "unknown_coupon"),
        ({"merchant_id": None, "is_suspended": 1}, "unknown_merchant"),
        ({"is_suspended": 1, "is_in_scope": 0}, "merchant_suspended"),
        ({"is_in_scope": 0, "paid_at": 99}, "out_of_scope"),
        ({"paid_at": 99}, "not_yet_valid"),
        ({"paid_at": 199}, None),
        ({"paid_at": 200, "base_fen": 3_999}, "expired"),
        ({"base_fen": 3_999, "stated_fen": 1}, "below_threshold"),
        ({"stated_fen": 999}, "subsidy_mismatch"),
        ({"stated_fen": 1_001}, "subsidy_mismatch"),
        ({"stated_fen": None}, None),
        ({"is_settled": 1}, "round_settled"),
        ({"is_settled": 1, "stated_fen": 999}, "subsidy_mismatch"),
        ({"kind": "refund", "is_settled": 1}, "round_settled"),
        # a refund is held to less
        ({"kind": "refund", "paid_at": 99}, "not_yet_valid"),
        ({"kind": "refund", "paid_at": 100, "is_suspended": 1}, None),
        ({"kind": "refund", "paid_at": 200, "is_in_scope": 0, "base_fen": 1}, None),
        ({"kind": "refund", "merchant_id": None}, "unknown_merchant"),
    ],
)
def test_the_first_failure_names_the_reject(change: dict[str, Any], reason: str | None) -> None:
    assert redemptions.PAYMENTS.reason(ROW | change) == reason


CLAIMED = claims.Claim(1, "C1", "r", b"a", 100)
ROUND = claims.ClaimRound("open", 100, 200, 2, towns.limited(), ((150, 160),))


@pytest.mark.parametrize(
    ("claim", "round_", "reason"),
    [
        ({}, {}, None),
        ({}, None, "unknown_round"),
        ({"is_of_other_platform": True}, {"state": "approved"}, "wrong_platform"),
        ({"is_of_other_platform": True}, None, "unknown_round"),
        ({"claimed_at": 99}, {"state": "approved"}, "round_not_open"),
        *(({}, {"state": state}, None) for state in ("paused", "closed")),
        ({}, {"state": "settled"}, "round_settled"),
        ({"is_winner": False}, {"state": "settled"}, "not_a_winner"),
        ({}, {"state": "cancelled"}, "round_not_open"),
        ({"claimed_at": 99}, {}, "before_opening"),
        ({"claimed_at": 199}, {}, None),
        ({"claimed_at": 200}, {}, "after_closing"),
        ({"claimed_at": 149}, {}, None),
        ({"claimed_at": 150, "is_eligible": False}, {}, "round_paused"),
        ({"claimed_at": 160}, {}, None),
        ({"is_eligible": False, "is_winner": False}, {}, "not_eligible"),
        ({"is_winner": False}, {}, "not_a_winner"),
    ],
)
def test_a_claim_is_in_while_its_round_is_open(
    claim: dict[str, Any], round_: dict[str, Any] | None, reason: str | None
) -> None:
    held = None if round_ is None else replace(ROUND, **round_)
    assert claims.reason(replace(CLAIMED, **claim), held) == reason


def test_the_quota_is_looked_at_before_the_limit_and_numbers_before_both() -> None:
    files = [
        claims.Claim(1, "C1", "r", b"a", 100),
        claims.Claim(2, "C2", "r", b"a", 101),
        claims.Claim(3, "C1", "r", b"b", 102),
        claims.Claim(4, "C4", "r", b"b", 103),
        claims.Claim(5, "C5", "r", b"a", 104),
        claims.Claim(6, "C1", "r", b"a", 100),
    ]
    granted = claims.GrantedPacks()
    assert claims.judge({"r": ROUND}, files, granted) == {
        1: None,
        2: "resident_limit",
        3: "claim_reused",
        4: None,
        5: "over_quota",
        6: "duplicate",
    }
    assert (granted.packs["r"], len(granted.held[b"a"])) == (2, 1)


def test_packs_of_one_person_are_counted_together() -> None:
    granted = claims.GrantedPacks(persons={("r", b"a"): [b"a", b"b"]})
    packs = {who: Pack("r", at) for who, at in ((b"a", 1), (b"b", 2))}
    for who, pack in packs.items():
        granted.held[who].append(pack)
    assert granted.of_person("r", b"a") == [*packs.values()]
    assert granted.of_person("r", b"b") == [packs[b"b"]]
    assert granted.of_person("other", b"a") == [packs[b"a"]]
    assert granted.of_person("r", b"c") == []


APPLIED = applications.Application(1, "A1", "r", b"a", 100)
OPEN = applications.ApplicationRound("open", "fcfs", 100, 200)


@pytest.mark.parametrize(
    ("at", "round_", "reason"),
    [
        (99, {}, "before_registration"),
        (100, {}, None),
        (199, {}, None),
        (200, {}, "after_registration"),
        (100, {"state": "cancelled"}, "round_not_open"),
        (100, {"state": "approved"}, None),
        (100, {"mode": "targeted"}, "by_list_only"),
        (50, {"registration_opens_at": 50}, None),
        (49, {"registration_opens_at": 50}, "before_registration"),
        (0, {"mode": "lottery"}, None),
        (99, {"mode": "lottery"}, None),
        (100, {"mode": "lottery"}, "after_registration"),
        (79, {"mode": "lottery", "registration_closes_at": 80}, None),
        (80, {"mode": "lottery", "registration_closes_at": 80}, "after_registration"),
        (19, {"mode": "lottery", "registration_opens_at": 20}, "before_registration"),
        (19, {"mode": "lottery", "registration_opens_at": 20, "lead_id": 7}, "drawn_with_another"),
        (100, {"mode": "targeted", "lead_id": 7}, "by_list_only"),
        (100, {"published_at": 99, "eligible": frozenset()}, "list_published"),
        (100, {"eligible": frozenset({b"b"})}, "not_eligible"),
        (100, {"eligible": frozenset({b"a"})}, None),
    ],
)
def test_one_applies_while_registration_is_open(
    at: int, round_: dict[str, Any], reason: str | None
) -> None:
    held = replace(OPEN, **round_)
    assert applications.reason(replace(APPLIED, applied_at=at), held) == reason
    assert applications.reason(APPLIED, None) == "unknown_round"


@pytest.mark.parametrize(
    ("one", "other", "is_so"),
    [
        ((1, 3), (3, 5), False),
        ((1, 3), (2, 5), True),
        ((3, 5), (1, 3), False),
        ((2, 5), (1, 3), True),
        ((1, 9), (3, 4), True),
    ],
)
def test_windows_that_only_touch_do_not_overlap(
    one: tuple[int, int], other: tuple[int, int], is_so: bool
) -> None:
    assert rounds.overlaps(one, other) is is_so


def test_a_code_has_forty_characters_at_most() -> None:
    assert rounds.is_code("x" * 40)
    assert not rounds.is_code("x" * 41)
    assert rounds.suggested_code("x" * 41) == "x" * 40
    assert [rounds.weekday(day) for day in (20200323, 20200327, 20200329)] == [
        "Monday",
        "Friday",
        "Sunday",
    ]


# ---------------------------------------------------------------- what is due


def scheduled(**changed: Any) -> schedule.Scheduled:
    usual: dict[str, Any] = {
        "round_id": 1,
        "programme": "town",
        "round": "r",
        "zone": "UTC",
        "state": "approved",
        "mode": "fcfs",
        "platform": "",
        "revision": 1,
        "opens_at": 100_000,
        "closes_at": 200_000,
        "approved_at": 50_000,
    }
    return schedule.Scheduled(**usual | changed)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({}, 100_000),
        ({"lead": 20_000}, 80_000),
        ({"lead": 60_000}, 50_000),  # not before the approval
        ({"lead": 60_000, "approved_at": None}, 40_000),
        ({"amended_at": 90_000, "lead": 20_000}, 90_000),
        ({"amended_at": 90_000, "was_ordered": True}, 90_000),
        ({"was_ordered": True}, 50_000),
        ({"was_ordered": True, "approved_at": None}, 100_000),
    ],
)
def test_an_order_is_due_a_lead_before_the_opening(change: dict[str, Any], at: int) -> None:
    assert scheduled(**change).order_at == at


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ({"mode": "lottery"}, ("commit", 50_000)),
        ({"mode": "lottery", "approved_at": None}, ("commit", 100_000)),
        ({"mode": "lottery", "approved_at": 150_000}, ("commit", 100_000)),
        ({"mode": "lottery", "registration_closes_at": 90_000}, ("draw", 100_000)),
        ({"mode": "lottery", "registration_closes_at": 110_000}, ("draw", 110_000)),
        ({"to_allocate": "x"}, ("allocate", 100_000)),
        ({"platform": "wechat", "lead": 9}, ("order", 99_991)),
        ({}, ("open", 100_000)),
        ({}, ("close", 200_000)),
    ],
)
def test_each_job_is_due_at_its_second(change: dict[str, Any], due: tuple[str, int]) -> None:
    jobs = {each.job: each.due_at for each in schedule.list_jobs(scheduled(**change))}
    assert jobs[due[0]] == due[1]


@pytest.mark.parametrize(
    ("job", "states"),
    [
        ("open", ("approved",)),
        ("close", ("open", "paused")),
        ("order", ("approved", "open")),
        ("commit", ("approved",)),
        ("draw", ("open",)),
        ("allocate", ("open",)),
    ],
)
def test_a_job_is_done_in_its_states_only(job: str, states: tuple[str, ...]) -> None:
    change: dict[str, Any] = {
        "order": {"platform": "wechat"},
        "allocate": {"to_allocate": "x"},
    }.get(job, {"mode": "lottery"})
    late = 199_999 if job == "order" else 200_000  # nothing is ordered from the closing on
    assert (
        tuple(
            state
            for state in rounds.STATES
            if schedule.list_due(job, [scheduled(state=state, **change)], late)
        )
        == states
    )


def test_an_order_is_too_late_from_the_closing_on() -> None:
    round_ = scheduled(platform="wechat", state="open")
    assert [len(schedule.list_due("order", [round_], at)) for at in (199_999, 200_000)] == [1, 0]


def test_the_longest_due_comes_first_and_then_the_smaller_round() -> None:
    listed = [
        scheduled(round_id=number, opens_at=at)
        for number, at in ((1, 300), (3, 200), (2, 200), (4, 301))
    ]
    due = schedule.list_due("open", listed, 300)
    assert [each.round.round_id for each in due] == [2, 3, 1]


@pytest.mark.parametrize(
    ("change", "now", "reminders"),
    [
        ({"state": "draft"}, 13_599, []),
        ({"state": "draft"}, 13_600, [("draft 1 soon", 13_600)]),
        ({"state": "draft"}, 99_999, [("draft 1 soon", 13_600)]),
        ({"state": "draft"}, 100_000, [("draft 1 late", 100_000)]),
        ({"state": "draft"}, 199_999, [("draft 1 late", 100_000)]),
        ({"state": "draft"}, 200_000, []),
        ({"state": "approved"}, 100_000, []),
        ({"state": "open", "waits_for_text": True}, 99_999, []),
        ({"state": "open", "waits_for_text": True}, 100_000, [("public text", 100_000)]),
        ({"state": "open", "waits_for_text": True, "drawn": True}, 100_000, []),
        ({"state": "closed", "waits_for_text": True}, 100_000, []),
    ],
)
def test_what_waits_is_called_for(
    change: dict[str, Any], now: int, reminders: list[tuple[str, int]]
) -> None:
    results = schedule.list_reminders([scheduled(**change)], now)
    assert [(each.key, each.due_at) for each in results] == reminders


# ---------------------------------------------------------------- draws


@pytest.mark.parametrize(
    "row",
    [
        ("A,1", "d", "g"),
        ('A"1', "d", "g"),
        ("A\r1", "d", "g"),
        ("A\n1", "d", "g"),
        ("A1", "d,e", ""),
        ("A1", "", 'g"'),
    ],
)
def test_a_cell_is_quoted_where_it_must_be_and_only_there(row: tuple[str, str, str]) -> None:
    usual = ("A2", "d", "g")
    shown = ("application_no", "district", "group")
    written = b"".join(draws.listed([Entrant(*row), Entrant(*usual)], shown)).decode()
    quoted = [
        '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\r\n') else cell for cell in row
    ]
    assert written == "application_no,district,group\n" + ",".join(quoted) + "\nA2,d,g\n"


def test_a_long_list_is_published_whole() -> None:
    entrants = [Entrant(f"A{number:05d}") for number in range(draws.PIECE + 1)]
    pieces = list(draws.listed(entrants, ("application_no",)))
    lines = b"".join(pieces).decode().splitlines()
    assert lines == ["application_no", *(entrant.application_no for entrant in entrants)]


@pytest.mark.parametrize(
    ("text", "is_fit"),
    [
        ("district=a:1", True),
        ("district=a:0", False),
        ("district=a:-1", False),
        ("district=a,group=b:10", True),
        ("district=a,district=b:10", False),
        ("size=a:1", False),
        ("district=:1", False),
        ("district=a", False),
        (":1", False),
        ("district=a:１", False),
    ],
)
def test_a_stratum_keeps_at_least_one_place(text: str, is_fit: bool) -> None:
    try:
        kept = draws.stratum(text).quota
    except ValueError:
        kept = 0
    assert (kept > 0) is is_fit


def test_strata_are_named_once_by_district_and_group() -> None:
    one = (Stratum(1, "a"), Stratum(2, "a", "b"), Stratum(3, "", "b"))
    assert draws.twice(one) is None
    assert draws.twice((*one, Stratum(9, "a", "b"))) == Stratum(9, "a", "b")
    assert draws.named(Stratum(1, "a", "b")) == "district=a, group=b"
    assert draws.named(Stratum(1, "", "b")) == "group=b"


def test_a_part_counts_who_could_still_win_in_it() -> None:
    # the digests of s:A1 to s:A5 put them in this order
    order = [entrant.application_no for _, entrant in draws.tickets("s", entrants_by_district())]
    first, *others = order
    drawn = draws.draw(entrants_by_district(), "s", 3, (Stratum(1),))
    assert drawn.parts[0].entrants == 5
    assert drawn.parts[0].winners == (first,)
    assert drawn.rest.entrants == 4
    assert drawn.rest.winners == tuple(others[:2])
    assert drawn.rest.last_ticket == draws.ticket("s", others[1])
    assert drawn.winners == tuple(order[:3])
    nobody = draws.draw([], "s", 3, (Stratum(1),))
    assert (nobody.winners, nobody.rest.last_ticket) == ((), None)


def entrants_by_district() -> list[Entrant]:
    return [Entrant(f"A{number}", "ab"[number % 2]) for number in range(1, 6)]


@pytest.mark.parametrize(("own", "at"), [(None, 100), (99, 99), (100, 100), (101, 100)])
def test_registration_closes_at_the_opening_at_the_latest(own: int | None, at: int) -> None:
    assert draws.registration_closes_at(100, own) == at


# ---------------------------------------------------------------- the log and the staff


def test_a_value_is_shortened_beyond_sixty_characters() -> None:
    assert audit.shorten("x" * 60) == "x" * 60
    assert audit.shorten("x" * 61) == "x" * 59 + "…"
    assert audit.shorten({"a": "二"}) == '{"a": "二"}'
    assert audit.shorten(None) == "–"


def test_a_chain_breaks_where_a_line_is_edited_or_gone() -> None:
    def line(number: int, before: str) -> audit.Line:
        fields = (number, number, "lin", "lin", "d", "s", "{}")
        return audit.Line(number, fields, before, audit.digest(before, fields))

    first = line(1, "")
    second = line(2, first.hash)
    third = line(3, second.hash)
    assert list(audit.breaks([first, second, third])) == []
    assert [(each.line, each.what, each.after) for each in audit.breaks([first, third])] == [
        (3, "gap", 1)
    ]
    assert [(each.line, each.what) for each in audit.breaks([second])] == [(2, "gap")]
    forged = replace(second, fields=(*second.fields[:2], "wu", *second.fields[3:]))
    assert [(each.line, each.what) for each in audit.breaks([first, forged, third])] == [
        (2, "edited")
    ]
    assert audit.parse_head(f" 12:{'A' * 64} ") == (12, "a" * 64)
    assert audit.parse_head("b" * 64) == (None, "b" * 64)
    with pytest.raises(ValueError, match="1:2"):
        audit.parse_head("1:2")


def test_changes_of_a_deed_are_told_value_by_value() -> None:
    assert audit.changes({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 0}) == [
        ("b", 2, 3),
        ("c", None, 0),
    ]
    assert audit.changes(None, {"a": 1}) == [("a", None, 1)]
    assert audit.changes({"a": 1}, "text") == [("a", 1, None)]


@pytest.mark.parametrize(
    ("logins", "hand", "objection"),
    [
        ("shared", Hand("mei", "x"), "not_a_checker"),
        ("shared", Hand("lin", "chen"), None),
        ("personal", Hand("lin", "chen"), "own_work"),
        ("shared", Hand(" ＬＩＮ ", "x"), None),
        ("shared", Hand("wu", "x"), "already_approved"),
        ("personal", Hand("lin", "wu"), "already_approved"),
        ("shared", Hand("chen", "x"), "own_work"),
    ],
)
def test_who_may_approve(logins: str, hand: Hand, objection: str | None) -> None:
    roles = {"mei": ["maker"], "lin": ["checker"], "wu": ["checker"], "chen": ["maker", "checker"]}
    listed = programme(
        logins=logins, staff=[{"name": name, "roles": held} for name, held in roles.items()]
    )
    authors, approvers = [Hand("chen", "chen")], [Hand("wu", "wu")]
    assert staff.objection(hand, listed, authors, approvers) == objection
    assert staff.objection(Hand("anyone", "x"), programme(), authors, approvers) is None


def test_a_name_is_used_under_its_login_where_logins_are_personal() -> None:
    people = [
        {"name": "lin", "roles": ["checker"], "login": "lin01"},
        {"name": "wu", "roles": ["checker"]},
    ]
    personal, shared = (programme(logins=each, staff=people) for each in ("personal", "shared"))
    hands = [Hand("lin", "lin01"), Hand("lin", "lin"), Hand("wu", "wu"), Hand("zhou", "x")]
    assert [staff.is_itself(hand, personal) for hand in hands] == [True, False, True, True]
    assert [staff.is_itself(hand, shared) for hand in hands] == [True] * 4
    assert staff.named(personal) == "lin, wu"
    assert staff.named(personal, "maker") == ""
    assert staff.has_role("lin", personal)
    assert not staff.has_role("lin", personal, "maker", "finance")
    assert not staff.has_role("zhou", personal)


# ---------------------------------------------------------------- who pays


def test_an_order_is_paid_by_each_to_the_fen() -> None:
    coupon = template(coupons=[OFF]).coupons[0]
    funding = (Share("treasury", 5_000), Share("bank", 3_000), Share("shops", 2_000))
    kinds = {"treasury": "public", "bank": "platform", "shops": "merchant"}
    order = subsidy.order(6_000, 500, coupon, funding, kinds, Share("shops", 1_000))
    assert (order.base_fen, order.subsidy_fen) == (5_500, 1_000)
    assert order.parts.by_funder == (("treasury", 500), ("bank", 300), ("shops", 200))
    # the shops pay their share and a tenth of the subsidy on top
    assert (order.parts.public_fen, order.parts.platform_fen, order.parts.match_fen) == (
        500,
        300,
        300,
    )
    assert (order.own_fen, order.merchant_receives_fen) == (4_400, 5_200)
    without = subsidy.order(6_000, 500, None, funding, kinds, Share("shops", 1_000))
    assert (without.subsidy_fen, without.own_fen, without.merchant_receives_fen) == (
        0,
        5_500,
        5_500,
    )
    below = subsidy.order(4_499, 500, coupon, funding, kinds)
    assert (below.base_fen, below.subsidy_fen, below.own_fen) == (3_999, 0, 3_999)


# ---------------------------------------------------------------- groups of a report


def test_sums_are_pooled_where_keys_meet_and_empty_groups_left_out() -> None:
    one = leverage.Sums(vouchers=1, base_fen=100)
    taken_back = leverage.Sums(vouchers=-1, base_fen=-100)
    days = [("20200323", one), ("20200329", one), ("20200330", one)]
    assert leverage.grouped("week", days) == {"2020-W13": one + one, "2020-W14": one}
    assert leverage.grouped("month", days) == {"2020-03": one + one + one}
    assert list(leverage.grouped("day", days)) == ["2020-03-23", "2020-03-29", "2020-03-30"]
    assert leverage.grouped("district", [("a", one), ("a", taken_back), ("b", one)]) == {"b": one}
