"""Where, when and at whose till a voucher may be used (rules/scope.py, rules/merchants.py)."""

from __future__ import annotations

from typing import Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import packs, templates
from vouchercli.rules import scope as law
from vouchercli.rules.merchants import Merchant, is_old_number, is_uscc
from vouchercli.rules.reasons import explained, placeholders
from vouchercli.rules.scope import (
    Scope,
    covers,
    find_broken,
    has_channel,
    is_hour,
    parse_hours,
    parse_weekday,
    registration_open,
)

NOODLES = Merchant("M1", "上城区", "餐饮", "小微")


def only(*words: str) -> frozenset[str]:
    return frozenset(words)


@pytest.mark.parametrize(
    ("scope", "is_covered"),
    [
        (Scope(), True),
        (Scope(districts=only("上城区", "西湖区")), True),
        (Scope(districts=only("西湖区")), False),
        (Scope(industries=only("餐饮")), True),
        (Scope(industries=only("零售")), False),
        (Scope(sizes=only("小微")), True),
        (Scope(sizes=only("大型")), False),
        (Scope(merchants=only("M1")), True),
        (Scope(merchants=only("M2")), False),
        (Scope(districts=only("上城区"), merchants=only("M2")), False),
        (Scope(merchants=only("M1"), exclude=only("M1")), False),
        (Scope(exclude=only("餐饮")), False),
        (Scope(exclude=only("M2", "零售")), True),
    ],
)
def test_all_limits_of_a_scope_hold_at_once(scope: Scope, is_covered: bool) -> None:
    assert covers(scope, NOODLES) is is_covered


def test_an_unregistered_merchant_is_covered_only_when_registration_is_open() -> None:
    stranger = Merchant("S1", is_registered=False)
    assert not covers(Scope(), stranger)
    assert covers(Scope(registration="open"), stranger)
    assert not covers(Scope(registration="open", districts=only("上城区")), stranger)
    assert registration_open(Scope(registration="open")) and not registration_open(Scope())


@pytest.mark.parametrize(
    ("wanted", "stated", "is_right"),
    [
        ("offline", "offline", True),
        ("offline", "online", False),
        ("offline", "", True),
        ("any", "online", True),
        ("online", "offline", False),
    ],
)
def test_a_payment_that_states_no_channel_is_not_held_against_anyone(
    wanted: str, stated: str, is_right: bool
) -> None:
    assert has_channel(Scope(channel=wanted), stated) is is_right


@pytest.mark.parametrize(
    ("minute", "is_open"),
    [
        (599, False),
        (600, True),
        (839, True),
        (840, False),
        (1319, False),
        (1320, True),
        (0, True),
        (119, True),
        (120, False),
    ],
)
def test_hours_are_half_open_and_may_pass_midnight(minute: int, is_open: bool) -> None:
    scope = Scope(hours=(parse_hours("10:00-14:00"), parse_hours("22:00-02:00")))
    assert is_hour(scope, minute, weekday=3) is is_open


def test_weekdays_limit_beside_hours() -> None:
    scope = Scope(
        weekdays=frozenset(
            {parse_weekday("fri"), parse_weekday(6), parse_weekday("7"), parse_weekday("Thursday")}
        )
    )
    assert [day for day in range(1, 8) if is_hour(scope, 700, day)] == [4, 5, 6, 7]


def scope_of(**written: Any) -> Scope:
    template, faults = templates.read(towns.pack(scope=written))
    assert template is not None, faults
    return template.scope


@pytest.mark.parametrize(
    ("weekday", "hour", "is_open"),
    [
        (1, 16, False),
        (1, 17, True),
        (4, 21, True),
        (4, 22, False),
        (5, 17, False),
        (5, 18, True),
        (6, 1, True),  # Friday's night
        (6, 2, True),  # all day
        (7, 0, True),
        (1, 0, False),  # Sunday ends at 24:00
        (2, 1, False),
    ],
)
def test_each_weekday_may_have_its_hours(weekday: int, hour: int, is_open: bool) -> None:
    hours = {"mon-thu": "17:00-22:00", "fri": ["18:00-02:00"], "sat, sun": "all_day"}
    assert is_hour(scope_of(hours=hours), hour * 60, weekday) is is_open


@given(minute=st.integers(0, 1439), weekday=st.integers(1, 7))
def test_hours_of_equal_weekdays_are_hours_and_weekdays(minute: int, weekday: int) -> None:
    """Both ways of writing mean the same."""
    one = scope_of(hours={"fri-mon": ["10:00-14:00", "22:00-03:00"]})
    other = scope_of(hours=["10:00-14:00", "22:00-03:00"], weekdays=["fri", "sat", "sun", "mon"])
    assert is_hour(one, minute, weekday) == is_hour(other, minute, weekday)


def test_hours_by_weekday_are_shown_as_written() -> None:
    hours = {"mon-thu": "17:00-22:00", "fri": "18:00-02:00", "sat": "all_day", "sun": "all_day"}
    shown = packs.described(templates.read(towns.pack(scope={"hours": hours}))[0])  # type: ignore[arg-type]
    assert shown["scope.hours"] == ("mon-thu: 17:00-22:00; fri: 18:00-02:00; sat-sun: 00:00-24:00")


@pytest.mark.parametrize(
    ("written", "path", "code"),
    [
        ({"hours": {"someday": "10:00-14:00"}}, ("scope", "hours", "someday"), "bad_weekday"),
        ({"hours": {"mon": "noon"}}, ("scope", "hours", "mon"), "bad_hours"),
        ({"hours": {"mon": ["10:00-14:00", "x"]}}, ("scope", "hours", "mon", 1), "bad_hours"),
        ({"hours": {"mon": "all_day"}, "weekdays": ["mon"]}, ("scope", "weekdays"), "idle_key"),
    ],
)
def test_hours_by_weekday_that_are_none_are_refused(
    written: dict[str, Any], path: tuple[Any, ...], code: str
) -> None:
    faults = templates.read(towns.pack(scope=written))[1]
    assert [(each.path, each.code) for each in faults] == [(path, code)]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("10:00-22:00", (600, 1320)),
        ("00:00 - 24:00", (0, 1440)),
        ("22:00-00:00", (1320, 1440)),
        ("22:30-01:00", (1350, 1500)),
    ],
)
def test_hours_are_read(text: str, spans: tuple[int, int]) -> None:
    assert parse_hours(text) == spans


@pytest.mark.parametrize(
    "text", ["", "10-22", "10:00-10:00", "25:00-26:00", "10:60-11:00", "10:00-24:01"]
)
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        parse_hours(text)


@pytest.mark.parametrize("text", ["", "0", "8", "holiday", "-1"])
def test_weekdays_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="weekday"):
        parse_weekday(text)


@pytest.mark.parametrize(
    ("number", "is_shape", "is_old"),
    [
        ("91110000600037341L", True, False),
        ("N2510100MA00000000", True, False),
        ("91110000600037341O", False, False),
        ("9111000060003734", False, False),
        ("330100000012345", False, True),
        ("3301000001234", False, True),
        ("33010000001234", False, False),
    ],
)
def test_the_shapes_of_business_numbers_are_known(
    number: str, is_shape: bool, is_old: bool
) -> None:
    assert (is_uscc(number), is_old_number(number)) == (is_shape, is_old)


FRIDAY_NOON = (12 * 60, 5)


@pytest.mark.parametrize(
    ("scope", "merchant", "channel", "clock", "broken"),
    [
        (Scope(), NOODLES, "", FRIDAY_NOON, None),
        (
            Scope(weekdays=frozenset({1, 5})),
            NOODLES,
            "",
            (12 * 60, 6),
            {"weekday": "Saturday", "weekdays": "mon, fri"},
        ),
        (
            Scope(hours=((600, 840), (1020, 1440))),
            NOODLES,
            "",
            (599, 5),
            {"hour": "09:59", "hours": "10:00-14:00, 17:00-24:00"},
        ),
        (
            Scope(channel="offline"),
            NOODLES,
            "online",
            FRIDAY_NOON,
            {"used_channel": "online", "only_channel": "offline"},
        ),
        (
            Scope(districts=only("西湖区", "滨江区")),
            NOODLES,
            "",
            FRIDAY_NOON,
            {"district": "上城区", "districts": "滨江区, 西湖区"},
        ),
        (Scope(sizes=only("大型")), Merchant("M2"), "", FRIDAY_NOON, {"sizes": "大型"}),
        (
            Scope(merchants=only("M2", "M3")),
            NOODLES,
            "",
            FRIDAY_NOON,
            {"other_merchant": "M1", "merchants": "2"},
        ),
        (Scope(exclude=only("餐饮")), NOODLES, "", FRIDAY_NOON, {"excluded": "餐饮"}),
        (
            Scope(),
            Merchant("S1", is_registered=False),
            "",
            FRIDAY_NOON,
            {"unregistered": "S1"},
        ),
        # where nobody says which merchant, only the rest is asked
        (Scope(districts=only("西湖区")), None, "", FRIDAY_NOON, None),
        # and where nobody says when
        (Scope(hours=((0, 1),), weekdays=frozenset({1})), NOODLES, "", None, None),
        # the place before the channel, the channel before the weekday, the weekday before the hour
        (
            Scope(channel="offline", hours=((0, 1),), weekdays=frozenset({1})),
            NOODLES,
            "online",
            FRIDAY_NOON,
            {"used_channel": "online", "only_channel": "offline"},
        ),
        (
            Scope(hours=((0, 1),), weekdays=frozenset({1})),
            NOODLES,
            "",
            FRIDAY_NOON,
            {"weekday": "Friday", "weekdays": "mon"},
        ),
    ],
)
def test_the_first_broken_condition_is_named_with_its_value(
    scope: Scope,
    merchant: Merchant | None,
    channel: str,
    clock: tuple[int, int] | None,
    broken: dict[str, str] | None,
) -> None:
    assert find_broken(scope, merchant, channel, clock) == broken


SOME = st.frozensets(st.sampled_from(["上城区", "西湖区", "餐饮", "小微", "M1", "M2"]), max_size=2)
SCOPES = st.builds(
    Scope,
    channel=st.sampled_from(["any", "offline", "online"]),
    districts=SOME,
    industries=SOME,
    sizes=SOME,
    merchants=SOME,
    exclude=SOME,
    hours=st.lists(st.sampled_from([(0, 600), (600, 1440)]), max_size=1).map(tuple),
    weekdays=st.frozensets(st.integers(1, 7), max_size=3),
    registration=st.sampled_from(["open", "required"]),
)


@given(
    scope=SCOPES,
    merchant=st.sampled_from(
        [NOODLES, Merchant("M2", "西湖区"), Merchant("S1", is_registered=False)]
    ),
    channel=st.sampled_from(["", "offline", "online"]),
    minute=st.integers(0, 1439),
    weekday=st.integers(1, 7),
)
def test_a_condition_is_broken_where_the_scope_does_not_hold(
    scope: Scope, merchant: Merchant, channel: str, minute: int, weekday: int
) -> None:
    holds = (
        covers(scope, merchant) and has_channel(scope, channel) and is_hour(scope, minute, weekday)
    )
    broken = find_broken(scope, merchant, channel, (minute, weekday))
    assert (broken is None) == holds
    if broken is not None:
        template, values = explained("out_of_scope", broken, "UTC")
        assert {*values} == placeholders(template), "every value of it is said"


DELIVERED = templates.read(
    towns.pack(
        scope={
            "any_of": [
                {"channel": "any", "exclude": ["餐饮", "住宿"]},
                {"channel": "online", "industries": ["餐饮"], "hours": ["10:00-22:00"]},
            ]
        }
    )
)[0]


@pytest.mark.parametrize(
    ("industry", "channel", "minute", "is_in"),
    [
        ("零售", "offline", 0, True),
        ("零售", "online", 0, True),
        ("餐饮", "offline", 700, False),  # the trade of the second by the channel of the first
        ("餐饮", "online", 700, True),
        ("餐饮", "online", 599, False),
        ("住宿", "online", 700, False),
    ],
)
def test_of_several_scopes_one_must_hold_as_a_whole(
    industry: str, channel: str, minute: int, is_in: bool
) -> None:
    assert DELIVERED is not None
    merchant = Merchant("M1", "A区", industry, "small")
    broken = find_broken(DELIVERED.scope, merchant, channel, (minute, 1))
    assert (broken is None) == is_in
    assert covers(DELIVERED.scope, merchant) == (industry != "住宿")


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ({"any_of": [{"channel": "online"}]}, {"too_few"}),
        ({"any_of": [{"channel": "online"}, {"goods": ["tv"]}]}, {"stands_in_a_scope"}),
        ({"any_of": [{"channel": "online"}, {"any_of": []}]}, {"unknown_key"}),
        ({"any_of": [{"channel": "onlin"}, {"hours": ["noon"]}]}, {"not_a_choice", "bad_hours"}),
    ],
)
def test_each_of_several_scopes_says_a_place_a_channel_or_hours(
    written: dict[str, object], codes: set[str]
) -> None:
    found, faults = templates.read(towns.pack(scope=written))
    assert found is None and {fault.code for fault in faults} == codes


def test_of_several_scopes_all_words_and_the_only_channel_are_known() -> None:
    assert DELIVERED is not None
    assert law.words(DELIVERED.scope)["exclude"] == {"餐饮", "住宿"}
    assert law.words(DELIVERED.scope)["industries"] == {"餐饮"}
    assert law.used_channel(DELIVERED.scope, "") == ""
    online = Scope(any_of=(Scope(channel="online"), Scope(channel="online")))
    assert law.used_channel(online, "") == "online"
