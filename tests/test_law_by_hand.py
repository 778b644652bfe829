"""The small rules at their borders, each value worked out by hand: times, money, ratios, limits,
amendments, checkers, calendars, expectations, releases.
"""

from __future__ import annotations

from typing import Any

import pytest
from towns import limited

from vouchercli.rules import (
    allocations,
    amendments,
    calendars,
    claim_limits,
    leverage,
    limits,
    merchants,
    money,
    persons,
    plans,
    releases,
    shares,
    staff,
    subsidy,
    times,
)
from vouchercli.rules.claim_limits import LimitsInTime, Pack, Terms
from vouchercli.rules.coupons import Coupon
from vouchercli.rules.leverage import Sums, rate
from vouchercli.rules.programmes import Approval
from vouchercli.rules.releases import Holding
from vouchercli.rules.shares import Share

HOME = "Asia/Shanghai"
DAY = 86_400
MARCH_27 = 1_585_238_400  # 2020-03-27 00:00 in Shanghai, 16:00 UTC of the day before


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("2020-03-27", 0),
        ("20200327", 0),
        ("2020-03-27 00:00:00", 0),
        ("2020年3月27日 8:05", 8 * 3600 + 5 * 60),
        ("２０20-03-27 0８:05:00", 8 * 3600 + 5 * 60),
        ("2020-3-27 8时05分09秒", 8 * 3600 + 5 * 60 + 9),
        ("2020.3.27 23:59:59.9", DAY - 1),
        ("2020/03/27 24:00", DAY),
        ("2020-03-27 24:00:00", DAY),
        ("2020-03-27T00:00:00Z", 8 * 3600),
        ("2020-03-27T00:00:00+09:30", -90 * 60),
        ("2020-03-27T00:00:00-0100", 9 * 3600),
    ],
)
def test_a_written_time_is_its_second(text: str, after: int) -> None:
    assert times.parse(text, HOME) == MARCH_27 + after


@pytest.mark.parametrize(
    "text",
    [
        "2020-03-27 24:01",
        "2020-03-27 24:00:01",
        "2020-03-27 25:00",
        "2020-03-27 23:60",
        "2020-03-27 23:59:60",
        "2020-02-30",
        "2020-13-01",
        "2020-00-01",
        "9999-12-31 24:00",
        "27.3.2020",
        "",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        times.parse(text, HOME)
    with pytest.raises(ValueError, match=r"."):
        times.Reader(HOME).read(text)


def test_a_bare_date_that_means_an_end_is_the_end_of_its_day() -> None:
    assert times.parse("2020-03-27", HOME, end_of_day=True) == MARCH_27 + DAY
    assert times.parse("2020-03-27 10:00", HOME, end_of_day=True) == MARCH_27 + 36_000


@pytest.mark.parametrize(
    ("clock", "after", "day"),
    [
        ("00:00:00", 0, 20200327),
        ("08:05:09", 29_109, 20200327),
        ("23:59:59", DAY - 1, 20200327),
        ("24:00:00", DAY, 20200328),  # the first second of the next day
    ],
)
@pytest.mark.parametrize("blank", [" ", "T"])
def test_a_file_reads_the_second_time_of_a_day_like_the_first(
    clock: str, after: int, day: int, blank: str
) -> None:
    reader = times.Reader(HOME)
    for _ in range(2):  # the second time the day is known
        assert reader.read(f"2020-03-27{blank}{clock}") == (MARCH_27 + after, day)
        reader.read("2020-03-27 12:00:00")


@pytest.mark.parametrize(
    "text",
    [
        "2020-03-27 24:00:01",
        "2020-03-27 23:60:00",
        "2020-03-27 23:59:60",
        "2020-03-27 -1:00:00",
        "2020-03-27_10:00:00",
        "2020-03-27 10:00;00",
    ],
)
def test_a_bad_clock_on_a_known_day_is_refused(text: str) -> None:
    reader = times.Reader(HOME)
    reader.read("2020-03-27 12:00:00")
    with pytest.raises(ValueError, match=r"."):
        reader.read(text)


def test_a_known_day_does_not_hide_an_offset_or_another_day() -> None:
    reader = times.Reader(HOME)
    assert reader.read("2020-03-27 12:00:00") == (MARCH_27 + 43_200, 20200327)
    assert reader.read("2020-03-27T23:00:00Z") == (MARCH_27 + DAY + 7 * 3600, 20200328)
    assert reader.read("2020-03-28 00:00:00") == (MARCH_27 + DAY, 20200328)


def test_days_that_are_not_24_hours_long_are_read_by_the_clock() -> None:
    # in Berlin the clock goes from 2:00 to 3:00 on 2020-03-29
    reader = times.Reader("Europe/Berlin")
    midnight = times.parse("2020-03-28T23:00:00Z", "UTC")
    for _ in range(2):
        assert reader.read("2020-03-29 00:30:00") == (midnight + 1800, 20200329)
        assert reader.read("2020-03-29 12:00:00") == (midnight + 11 * 3600, 20200329)
    assert times.day_bounds(20200329, "Europe/Berlin") == (midnight, midnight + 23 * 3600)


def test_days_weeks_and_months_begin_and_end_at_local_midnights() -> None:
    assert times.day_of(MARCH_27, HOME) == times.local_day(MARCH_27, HOME) == 20200327
    assert times.day_of(MARCH_27 - 1, HOME) == times.local_day(MARCH_27 - 1, HOME) == 20200326
    assert times.day_bounds(20200327, HOME) == (MARCH_27, MARCH_27 + DAY)
    # 27 March 2020 is a Friday
    assert times.week_bounds(20200327, HOME) == (MARCH_27 - 4 * DAY, MARCH_27 + 3 * DAY)
    assert times.week_bounds(20200323, HOME) == times.week_bounds(20200329, HOME)
    assert times.week_bounds(20200330, HOME)[0] == MARCH_27 + 3 * DAY
    assert (times.week_of(20200323), times.week_of(20200329)) == ("2020-W13", "2020-W13")
    assert (times.week_of(20200330), times.week_of(20210103)) == ("2020-W14", "2020-W53")
    assert times.month_of(20200327) == "2020-03"
    assert times.day_text(20200327) == "2020-03-27"
    assert times.clock_of(MARCH_27 + 8 * 3600 + 5 * 60 + 59, HOME) == (485, 5)


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2020-03-01 00:00:00", "2020-04-01"),
        ("2020-03-31 23:59:59", "2020-04-01"),
        ("2020-02-29 12:00:00", "2020-03-01"),
        ("2020-11-30 12:00:00", "2020-12-01"),
        ("2020-12-01 00:00:00", "2021-01-01"),
    ],
)
def test_a_month_ends_at_the_first_second_of_the_next(at: str, end: str) -> None:
    assert times.month_end(times.parse(at, HOME), HOME) == times.parse(end, HOME)


def test_days_are_added_by_the_clock() -> None:
    assert times.add_days(MARCH_27 + 5, 7, HOME) == MARCH_27 + 5 + 7 * DAY
    assert times.add_days(MARCH_27 + 5, -1, HOME) == MARCH_27 + 5 - DAY
    before = times.parse("2020-03-28 12:00", "Europe/Berlin")
    assert times.add_days(before, 1, "Europe/Berlin") == before + 23 * 3600


# ---------------------------------------------------------------- money and ratios


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("1", 100),
        ("1.5", 150),
        ("1.05", 105),
        ("１.０５", 105),  # full-width digits are digits
        ("1.0500", 105),
        ("1,234.50", 123_450),
        ("+2.00", 200),
        ("-0.01", -1),
        ("10000000000000", money.MAX_FEN),
        ("-10000000000000.00", -money.MAX_FEN),
    ],
)
def test_yuan_are_read_as_fen(text: str, fen: int) -> None:
    assert money.parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    ["", "1.005", "1.", ".5", "1e3", "1,23", "10000000000000.01", "-10000000000000.01"],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount"):
        money.parse_yuan(text)


@pytest.mark.parametrize(
    ("fen", "text", "with_commas"),
    [
        (0, "0.00", "0.00"),
        (5, "0.05", "0.05"),
        (-5, "-0.05", "-0.05"),
        (99_999, "999.99", "999.99"),
        (123_450, "1234.50", "1,234.50"),
        (-123_456_700, "-1234567.00", "-1,234,567.00"),
    ],
)
def test_fen_are_written_as_yuan(fen: int, text: str, with_commas: str) -> None:
    assert (money.yuan(fen), money.grouped(fen)) == (text, with_commas)
    assert money.grouped(fen, 0).replace(",", "") == str(fen)


@pytest.mark.parametrize(
    ("numerator", "denominator", "whole"),
    [
        (5, 2, 3),
        (-5, 2, -3),
        (5, -2, -3),
        (-5, -2, 3),
        (4, 3, 1),
        (49, 100, 0),
        (50, 100, 1),
        (0, 7, 0),
        (-49, 100, 0),
        (-1, 3, 0),
    ],
)
def test_a_half_is_rounded_away_from_zero(numerator: int, denominator: int, whole: int) -> None:
    assert money.half_up(numerator, denominator) == whole


@pytest.mark.parametrize(
    ("fen", "shares", "parts"),
    [
        (1000, (10_000,), (1000,)),
        (1000, (5000, 5000), (500, 500)),
        (1001, (5000, 5000), (501, 500)),
        (1000, (3333, 3333, 3334), (333, 333, 334)),
        (1, (5000, 5000), (1, 0)),
        (1, (5000, 5000, 0), (1, 0, 0)),  # half a fen twice: the second finds nothing left
        (3, (1667, 1667, 1666, 5000), (1, 1, 0, 1)),
    ],
)
def test_the_last_share_takes_the_rest_and_none_is_negative(
    fen: int, shares: tuple[int, ...], parts: tuple[int, ...]
) -> None:
    assert money.split(fen, shares) == parts


@pytest.mark.parametrize(
    ("numerator", "denominator", "digits", "text"),
    [
        (124_600, 9_410, 2, "13.24"),
        (1, 200, 2, "0.01"),
        (1, 201, 2, "0.00"),
        (-1, 200, 2, "-0.01"),
        (7, 7, 4, "1.0000"),
        (2, 3, 1, "0.7"),
        (0, 3, 2, "0.00"),
        (1, 0, 2, None),
        (0, 0, 2, None),
    ],
)
def test_a_ratio_is_rounded_half_up(
    numerator: int, denominator: int, digits: int, text: str | None
) -> None:
    assert money.ratio(numerator, denominator, digits) == text


def test_own_money_and_the_ratios_rest_on_public_subsidy() -> None:
    sums = leverage.Sums(
        vouchers=3,
        base_fen=10_000,
        paid_fen=2_500,
        public_fen=1_000,
        platform_fen=500,
        match_fen=250,
        floor_fen=8_000,
        face_fen=3_000,
    )
    assert sums.own_fen == 8_250
    assert (sums.gross, sums.own_spend, sums.floor) == ("10.00", "8.25", "8.00")
    claimed = leverage.Claimed(packs=4, vouchers=8, face_fen=9_000)
    assert leverage.used_of_claimed(sums, claimed) == "0.3750"
    assert leverage.paid_of_claimed(sums, claimed) == "0.2778"
    assert leverage.paid_of_quota(sums, 12_000) == "0.2083"
    assert leverage.pooled([sums, sums]) == sums + sums
    assert (sums + sums).own_fen == 16_500
    assert claimed + claimed == leverage.Claimed(8, 16, 18_000)
    assert leverage.pooled([]) == leverage.NOTHING
    assert leverage.rate(1, 0) is None


@pytest.mark.parametrize(
    ("by", "keys", "order"),
    [
        ("coupon", ["100-20", "40-10", "2000-10%", "40.50-10"], "40-10 40.50-10 100-20 2000-10%"),
        ("round", ["b", "a", "c"], "c a b"),  # c opens first, a and b together
        ("district", ["", "b", "a"], "a b "),
        ("day", ["2020-03-28", "2020-03-27"], "2020-03-27 2020-03-28"),
    ],
)
def test_groups_are_listed_in_their_order(by: str, keys: list[str], order: str) -> None:
    assert leverage.in_order(by, keys, {"a": 2, "b": 2, "c": 1}) == order.split(" ")


# ---------------------------------------------------------------- what a voucher pays


@pytest.mark.parametrize(
    ("percent_bp", "base", "paid"),
    [
        (None, 3_999, None),
        (None, 4_000, 1_000),
        (None, 99_999, 1_000),
        (1_000, 3_999, None),
        (1_000, 4_000, 400),
        (1_000, 4_005, 401),  # 400.5
        (1_000, 4_004, 400),
        (1_000, 9_999, 1_000),  # 999.9
        (1_000, 10_000, 1_000),
        (1_000, 10_010, 1_000),  # the cap
    ],
)
def test_a_voucher_pays_from_its_threshold_up_to_its_cap(
    percent_bp: int | None, base: int, paid: int | None
) -> None:
    kind: Any = "percent_off" if percent_bp else "amount_off"
    coupon = Coupon(1, "x", kind, 1_000, 4_000, percent_bp)
    assert subsidy.subsidy(coupon, base) == paid


def test_the_best_voucher_pays_most_and_is_the_first_of_equals() -> None:
    small = Coupon(1, "40-10", "amount_off", 1_000, 4_000)
    first = Coupon(2, "100-20", "amount_off", 2_000, 10_000)
    second = Coupon(3, "90-20", "amount_off", 2_000, 9_000)
    pack = (small, second, first)
    assert subsidy.best(pack, 3_999) is None
    assert subsidy.best(pack, 4_000) == small
    assert subsidy.best(pack, 9_000) == second
    assert subsidy.best(pack, 10_000) == first


@pytest.mark.parametrize(
    ("paid", "match_bp", "match"), [(1_000, 0, 0), (1_000, 10_000, 1_000), (333, 5_000, 167)]
)
def test_a_merchant_matches_in_proportion(paid: int, match_bp: int, match: int) -> None:
    assert shares.match(paid, Share("merchant", match_bp)) == match


# ---------------------------------------------------------------- how much one person may have


def _week(number: int) -> int:
    return MARCH_27 + 7 * DAY * number


def _holding(in_round: int, in_week: int, in_programme: int) -> list[Pack]:
    """So many packs of the round, of the week, of the programme: each counts in those behind it."""
    packs = [Pack("r", _week(0))] * in_round
    packs += [Pack("s", _week(0))] * (in_week - in_round)
    return packs + [Pack("s", _week(9))] * (in_programme - in_week)


@pytest.mark.parametrize(
    ("limit", "held", "met"),
    [
        (limited(), (0, 9, 9), None),
        (limited(), (1, 1, 1), "round"),
        (limited(2), (1, 1, 1), None),
        (limited(2), (2, 2, 2), "round"),
        (limited(9, week=2), (0, 1, 9), None),
        (limited(9, week=2), (0, 2, 2), limits.PER_WEEK),
        (limited(9, programme=3), (0, 2, 2), None),
        (limited(9, programme=3), (0, 0, 3), limits.PER_PROGRAMME),
        (limited(1, 1, 1), (1, 1, 1), "round"),
        (limited(2, 1, 1), (1, 1, 1), limits.PER_WEEK),
        (limited(2, 2, 1), (1, 1, 1), limits.PER_PROGRAMME),
    ],
)
def test_a_limit_is_met_by_the_packs_it_allows(
    limit: LimitsInTime, held: tuple[int, int, int], met: str | None
) -> None:
    asked = Pack("r", _week(0) + 1)
    assert claim_limits.reached(limit, asked, _holding(*held), HOME) == met


def test_limits_are_those_of_the_round_beside_those_of_its_programme() -> None:
    assert (limits.per_round("fcfs", 3), limits.per_round("targeted", 3)) == (3, 1)
    assert [
        each.looks_beyond_the_round for each in (limited(), limited(1, 1), limited(1, None, 1))
    ] == [False, True, True]
    assert [
        limits.is_for_all(mode, group)
        for mode, group in (("fcfs", ""), ("fcfs", "old"), ("targeted", ""), ("targeted", "old"))
    ] == [True, False, False, False]


@pytest.mark.parametrize(
    ("law", "week", "why"),
    [
        (limited(9, 2, None, (7,)), 0, "resident_limit"),
        (limited(9, 2, None, (7,)), 1, None),
        (limited(9, 2, None, (8,)), 0, None),
        (limited(9, 3, None, (7, 8)), 0, None),
        (limited(9, None, 3, (7,)), 0, "resident_limit"),
        (limited(9, None, 3), 0, None),
        (limited(9, None, 4, (7, 8)), 0, None),
        (limited(1, None, None, (7, 8)), 0, None),
    ],
)
def test_packs_of_other_programmes_fill_the_limits_that_count_them(
    law: LimitsInTime, week: int, why: str | None
) -> None:
    held = allocations.Held(9, "r")
    other = Terms(programme=7)
    held.packs[b"p"] = [
        Pack("s", _week(0)),
        Pack("r", _week(0), other),
        Pack("r", _week(1), other),
    ]
    entry = allocations.Entry(1, b"r", b"p", _week(week))
    assert allocations.reason(entry, law, held, HOME) == why


def test_a_change_of_what_counts_touches_every_limit_from_the_first_moment_on() -> None:
    changed = {limits.PER_VISIT: 50, "across:city": 30, "across:town": 40}
    assert limits.counted_otherwise(changed, ["one_of:a,b", "across:city"]) == {
        limits.PER_VISIT: 30,
        limits.PER_WEEK: 30,
        limits.PER_PROGRAMME: 30,
        "one_of:a,b": 30,
    }
    assert limits.counted_otherwise({limits.PER_WEEK: 7}, ()) == {limits.PER_WEEK: 7}


def test_other_programmes_count_while_the_limits_name_them() -> None:
    steps = limits.Timeline(((0, None), (100, 1), (200, None)))
    in_time = claim_limits.LimitsInTime(across=((7, steps), (8, limits.always(1))))
    held = [Pack("s", 0, Terms(programme)) for programme in (0, 7, 8, 9)]
    assert [
        [each.terms.programme for each in in_time.counting(Pack("r", moment), held)]
        for moment in (99, 100, 199, 200)
    ] == [[0, 8], [0, 7, 8], [0, 7, 8], [0, 8]]


@pytest.mark.parametrize(
    ("left", "change", "why"),
    [
        (1, {}, None),
        (0, {"is_paused": True, "is_eligible": False}, "sold_out"),
        (1, {"is_paused": True, "is_eligible": False}, "round_paused"),
        (1, {"is_eligible": False, "person": b"full"}, "not_eligible"),
        (1, {"person": b"full"}, "resident_limit"),
    ],
)
def test_the_quota_is_asked_first_and_the_limit_last(
    left: int, change: dict[str, Any], why: str | None
) -> None:
    held = allocations.Held(left)
    held.packs[b"full"] = [Pack("", 0)]
    entry = allocations.Entry(
        **({"entry_id": 1, "resident": b"r", "person": b"p"} | change), claimed_at=MARCH_27
    )
    assert allocations.reason(entry, limited(), held, HOME) == why
    assert [each[1] for each in allocations.decide([entry], limited(), held, HOME)] == (
        [] if left == 0 else [why]
    )
    assert held.left == (0 if why is None else left)


# ---------------------------------------------------------------- amendments


@pytest.mark.parametrize(
    ("state", "opens_at", "closes_at", "why"),
    [
        ("approved", 101, 200, None),
        ("approved", 100, 200, "time_past"),
        ("approved", None, 100, "time_past"),
        ("open", 101, 200, "already_open"),
        ("paused", 101, None, "already_open"),
        ("open", None, 151, None),
        ("open", None, 150, "closes_before_claims"),
        ("open", None, 149, "closes_before_claims"),
        ("open", None, None, None),
    ],
)
def test_a_window_moves_ahead_of_now_and_keeps_its_claims(
    state: str, opens_at: int | None, closes_at: int | None, why: str | None
) -> None:
    window = amendments.RoundWindow(state, 90, 300, 150)
    assert amendments.hindrance(window, opens_at, closes_at, now=100) == why


@pytest.mark.parametrize(
    ("at", "is_in"), [(9, False), (10, True), (19, True), (20, False), (29, False), (30, True)]
)
def test_a_pause_is_half_open_and_the_last_one_may_have_no_end(at: int, is_in: bool) -> None:
    assert amendments.is_paused(at, [(10, 20), (30, None)]) is is_in


@pytest.mark.parametrize(("fen", "packs"), [(0, 0), (499, 0), (500, 1), (1_499, 2), (1_500, 3)])
def test_unused_money_pays_for_whole_packs(fen: int, packs: int) -> None:
    assert amendments.rolled_in(fen, 500) == packs


# ---------------------------------------------------------------- checkers

BANDS = (Approval(100_000, 1), Approval(500_000, 2), Approval(None, 3))


@pytest.mark.parametrize(
    ("fen", "bands", "checkers"),
    [
        (0, BANDS, 1),
        (100_000, BANDS, 1),
        (100_001, BANDS, 2),
        (500_000, BANDS, 2),
        (500_001, BANDS, 3),
        (500_001, BANDS[:2], 2),  # above every limit: the last band
        (1, (), 1),
    ],
)
def test_a_band_holds_its_limit(fen: int, bands: tuple[Approval, ...], checkers: int) -> None:
    assert staff.checkers_needed(fen, bands) == checkers


# ---------------------------------------------------------------- working days


def test_the_programmes_own_days_come_before_the_calendar_and_the_weekday() -> None:
    own = calendars.Calendar(holidays=frozenset({20200327}), workdays=frozenset({20200328}))
    off, worked = (True, "清明节"), (False, "")
    days = {
        # Friday to Monday
        (20200327, None): (False, "programme"),
        (20200327, worked): (False, "programme"),
        (20200328, off): (True, "programme"),
        (20200329, None): (False, "weekday"),
        (20200330, None): (True, "weekday"),
        (20200330, off): (False, "calendar"),
        (20200329, worked): (True, "calendar"),
        (20200404, None): (False, "weekday"),
        (20200403, None): (True, "weekday"),
    }
    judged = {key: calendars.judge(key[0], own, key[1]) for key in days}
    assert {key: (day.is_workday, day.source) for key, day in judged.items()} == days
    assert judged[(20200330, off)].holiday == "清明节"


def test_days_are_counted_with_both_ends() -> None:
    def judge(day: int) -> calendars.Day:
        return calendars.judge(day, calendars.Calendar(), None)

    assert list(calendars.span(20200228, 20200301)) == [20200228, 20200229, 20200301]
    assert list(calendars.span(20200302, 20200301)) == []
    assert calendars.count_days(20200327, 20200330, judge) == (2, 2)
    assert calendars.count_days(20200327, 20200327, judge) == (1, 0)


# ---------------------------------------------------------------- persons and merchants


def test_a_chain_of_links_is_one_person_known_by_its_smallest_token() -> None:
    links = [(b"d", b"c"), (b"b", b"a"), (b"c", b"b"), (b"y", b"x"), (b"z", b"z")]
    assert persons.join(links) == {
        **dict.fromkeys((b"a", b"b", b"c", b"d"), b"a"),
        **dict.fromkeys((b"x", b"y"), b"x"),
    }


def test_a_unified_code_ends_in_its_check_digit() -> None:
    # GB 32100-2015, the standard's own example and a well-known company
    assert merchants.check_digit("91350100M000100Y43") == "3"
    assert merchants.check_digit("9133010079965585X"[:17]) in merchants.LETTERS


# ---------------------------------------------------------------- what past rounds let one expect


def test_a_spread_is_the_lowest_the_pooled_and_the_highest() -> None:
    assert plans.spread([(1, 2), (0, 0), (1, 10), (3, 4)]) == plans.Spread(
        3, (1, 10), (5, 16), (3, 4)
    )
    assert plans.spread([(1, 0)]) is None
    assert plans.spread([]) is None


def test_spreads_are_multiplied_level_by_level_and_rest_on_the_fewest_rounds() -> None:
    one = plans.Spread(3, (1, 2), (2, 3), (3, 4))
    other = plans.Spread(2, (1, 5), (1, 4), (1, 3))
    both = plans.product(one, other)
    assert both == plans.Spread(2, (1, 10), (1, 6), (1, 4))
    assert plans.product(one, None) is None
    assert plans.shown(both, 3) == {"rounds": 2, "low": "0.100", "pooled": "0.167", "high": "0.250"}
    assert plans.times_whole(both, 99) == {"rounds": 2, "low": 10, "pooled": 17, "high": 25}
    assert plans.shown(None, 3) is None
    assert plans.times_whole(None, 99) is None


# ---------------------------------------------------------------- unused money


def holding(**change: Any) -> Holding:
    """100 packs, 60 of them claimed; claiming ended at midnight, the last voucher ends at 10:00."""
    values: dict[str, Any] = {
        "packs": 100,
        "claimed": 60,
        "is_closed": True,
        "closes_at": MARCH_27,
        "last_expiry": MARCH_27 + 36_000,
    }
    return Holding(**values | change)


@pytest.mark.parametrize(
    ("held", "at", "open_packs"),
    [
        (holding(), MARCH_27, 0),
        (holding(), MARCH_27 - 1, 40),  # can still be claimed
        (holding(is_closed=False), MARCH_27 + DAY, 40),
    ],
)
def test_a_round_keeps_what_its_residents_may_still_spend(
    held: Holding, at: int, open_packs: int
) -> None:
    # 7 packs are alive at 30.00 each, of which 123.45 were paid
    alive, packs = 7, {"treasury": 3_000, "bank": 500}
    kept = releases.kept(held, at, alive, packs, {"treasury": 12_345}, {})
    assert kept == {
        "treasury": (open_packs * 3_000, 21_000 - 12_345),
        "bank": (open_packs * 500, 3_500),
    }


@pytest.mark.parametrize(
    ("at", "last_expiry", "by"),
    [
        (MARCH_27 + 35_999, MARCH_27 + 36_000, MARCH_27),
        (MARCH_27 + 36_000, MARCH_27 + 36_000, MARCH_27 + 36_000),
        (MARCH_27 + 40_000, MARCH_27 + 36_000, MARCH_27 + 40_000),
        (MARCH_27 + 5, None, MARCH_27 + 5),
    ],
)
def test_vouchers_expire_day_by_day_until_all_have(
    at: int, last_expiry: int | None, by: int
) -> None:
    assert releases.expired_by(at, last_expiry, HOME) == by


@pytest.mark.parametrize(
    ("held", "at", "alive", "look"),
    [
        (holding(), MARCH_27 - 1, 7, MARCH_27),
        (holding(), MARCH_27, 7, MARCH_27 + 36_000),
        (holding(), MARCH_27 + 36_000, 7, MARCH_27 + DAY),
        (holding(), MARCH_27, 0, None),
        (holding(), MARCH_27 - 1, 0, MARCH_27),
        (holding(is_closed=False), MARCH_27 - 1, 0, None),
        (holding(last_expiry=None), MARCH_27, 7, None),
        (holding(last_expiry=MARCH_27 + 3 * DAY), MARCH_27, 1, MARCH_27 + DAY),
    ],
)
def test_a_round_is_looked_at_again_when_time_alone_changes_it(
    held: Holding, at: int, alive: int, look: int | None
) -> None:
    assert releases.next_look(held, at, alive, 0, HOME) == look
    assert releases.next_look(held, at, alive, 2, HOME) == (look and look + 2 * DAY)
    assert releases.lagged(at, 2, HOME) == at - 2 * DAY


@pytest.mark.parametrize(
    ("base", "public", "own", "ratios"),
    [
        (10_000, 1_000, 9_000, ("10.00", "9.00", "4.00")),
        (1_000, 1_000, 0, ("1.00", "0.00", "4.00")),
        (-10_000, -1_000, -9_000, (None, None, None)),
        (0, 1_000, -1_000, (None, None, None)),
        (10_000, 0, 10_000, (None, None, None)),
        (0, 0, 0, (None, None, None)),
    ],
)
def test_a_group_of_refunds_alone_has_no_ratio(
    base: int, public: int, own: int, ratios: tuple[str | None, ...]
) -> None:
    sums = Sums(base_fen=base, public_fen=public, floor_fen=4 * public, face_fen=public)
    assert sums.own_fen == own
    assert (sums.gross, sums.own_spend, sums.floor) == ratios


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [(351, 500, "0.7020"), (0, 500, "0.0000"), (-1, 500, None), (1, 0, None), (-1, -2, None)],
)
def test_less_than_nothing_is_no_share(part: int, whole: int, share: str | None) -> None:
    assert rate(part, whole) == share
