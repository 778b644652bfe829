"""Past rounds in the place of the next one, the chance that is said of it, and what came."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import CLAIMS, PAYMENTS

from vouchercli.ops.forecasting import settling_days
from vouchercli.ops.lottery import draws
from vouchercli.rules import elasticities, forecasts
from vouchercli.rules.elasticities import Arm
from vouchercli.rules.forecasts import Bounds, Next, Past, Range, Replay
from vouchercli.rules.settlements import Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

# 10 packs in all, sold out in second 40; and one that was not
FULL = Past(
    "a", 10, 3600, ((0, 4), (10, 3), (40, 3)), 5, 5000, {0: 10, 2: 15}, {0: 10_000, 2: 15_001}
)
OPEN = replace(FULL, round="b", packs=20)
RACE = Next("fcfs", 10, 3600, 5, 5000)
LIVES = 1000


# ---------------------------------------------------------------- the law


def test_a_race_is_replayed_until_its_packs_are_gone() -> None:
    less, same, more = (Replay(FULL, RACE._replace(packs=packs)) for packs in (5, 10, 12))
    assert [each.claimed for each in (less, same, more)] == [
        Bounds(5, 5),
        Bounds(10, 10),
        Bounds(10, 12),  # it was sold out: nobody knows who else would have come
    ]
    assert [each.closing for each in (less, same, more)] == [
        Bounds(10, 10),
        Bounds(40, 40),
        Bounds(41, 3600),
    ]
    assert [each.claimed_by(second) for each in (same, more) for second in (10, 11, 3600)] == [
        Bounds(4, 4),
        Bounds(7, 7),
        Bounds(10, 10),
        Bounds(4, 4),
        Bounds(7, 7),
        Bounds(10, 12),
    ]
    assert (less.peak, same.peak) == (Bounds(4, 4), Bounds(4, 4))
    assert Replay(FULL, RACE._replace(packs=3)).peak == Bounds(3, 3)


def test_a_round_that_was_not_sold_out_says_how_many_come() -> None:
    assert Replay(OPEN, RACE._replace(packs=99)).claimed == Bounds(10, 10)
    assert Replay(OPEN, RACE._replace(packs=99)).closing == Bounds(3600, 3600)
    longer = Replay(OPEN, RACE._replace(packs=99, window=7200))
    assert (longer.claimed, longer.closing) == (Bounds(10, 99), Bounds(3600, 7200))
    assert Replay(OPEN, RACE._replace(window=5)).claimed == Bounds(4, 4)
    nothing = replace(FULL, packs=0, seconds=())
    assert Replay(nothing, RACE).claimed == Bounds(0, 10)


def test_without_a_race_the_same_share_claims() -> None:
    drawn = Replay(OPEN, Next("lottery", 7, 3600, 5, 5000))
    assert (drawn.claimed, drawn.claimed_by(5)) == (Bounds(4, 4), Bounds(1, 1))


def test_use_and_money_follow_the_claims_and_add_up() -> None:
    more = Replay(FULL, RACE._replace(packs=13, coupons=1, face_fen=1000))
    # 13 packs of one voucher: 25 of 50 were used; 10 came for sure
    assert more.used_by_day() == {0: Bounds(2, 3), 2: Bounds(3, 4)}
    assert more.paid_by_day() == {0: Bounds(2000, 2600), 2: Bounds(3000, 3900)}
    assert sum(each.high for each in more.paid_by_day().values()) == 6500


def test_ranges_and_their_chance() -> None:
    assert [forecasts.chance(n) for n in (0, 1, 2, 4)] == [
        None,
        None,
        Fraction(1, 3),
        Fraction(3, 5),
    ]
    assert forecasts.range_of([]) is None
    exact = [Bounds(n, n) for n in (9, 1, 4, 5)]
    assert forecasts.range_of(exact) == Range(4, 1, 5, 9)
    assert forecasts.range_of(exact[:3]) == Range(3, 1, 4, 9)
    assert forecasts.range_of([Bounds(1, 1), Bounds(2, 7)]) == Range(2, 1, None, 7)
    assert forecasts.score([(1, True), (4, True), (4, False), (2, True)]) == (
        3,
        2,
        Fraction(3, 5) * Fraction(2, 3) + Fraction(1, 9),
    )
    assert forecasts.score([]).share is None


def test_what_merchants_wait_for() -> None:
    weekly = forecasts.waiting({0: 100, 1: 50, 8: 10}, lambda day: 7 * (day // 7 + 1))
    assert weekly == (
        {0: 100, 1: 150, 7: 0, 8: 10, 14: 0},
        150,
        Fraction(100 * 7 + 50 * 6 + 60, 160),
    )
    assert [forecasts.standing(weekly.owed, day) for day in (-1, 0, 5, 7, 9, 20)] == [
        *(0, 100, 150, 0, 10, 0)
    ]
    never = forecasts.waiting({0: 100, 1: 50}, lambda day: None)
    assert (never.most_fen, never.days) == (150, None)


@pytest.mark.parametrize(
    ("every", "periods"),
    [
        ("day", [0, 1, 9]),
        ("week", [5, 5, 12]),  # the opening is a Tuesday
        ("four_weeks", [27, 27, 27]),
        ("end", [None, None, None]),
    ],
)
def test_periods_end_as_settlements_do(every: str, periods: list[int | None]) -> None:
    found = [settling_days.last_of_period(Terms(every=every), 20200331, day) for day in (0, 1, 9)]
    assert found == periods


def test_an_elasticity_by_hand() -> None:
    # means 2 and 4 of 50, both with variance 25 / 49; the interval is
    # 1.96 sqrt(25 / 49 / 50 / 4 + 25 / 49 / 50 / 16) / ln 2 = 0.16 to both sides
    one, other = Arm(10, 50, 100, 225), Arm(20, 50, 200, 825)
    found = elasticities.elasticity(one, other)
    assert found is not None
    assert found == ("1.00", "0.84", "1.16")
    assert elasticities.elasticity(one, other._replace(dose=10)) is None
    assert elasticities.elasticity(one._replace(winners=29), other) is None
    assert elasticities.elasticity(one, other._replace(total=0)) is None


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [2, 4, 9])
def test_ranges_hold_as_often_as_they_say(rounds: int) -> None:
    """Of simulated histories (synthetic), whose rounds differ in demand, pace and use: the next
    round lies within in (n - 1) / (n + 1) of them, and no less often where packs are scarce.
    """
    chance = random.Random(22)
    promised = float(forecasts.chance(rounds) or 0)
    within = {"claimed": 0, "used": 0, "scarce": 0}
    for _ in range(LIVES):
        histories = [_lived(chance, packs=10**6) for _ in range(rounds + 1)]
        *past, came = histories
        own = Next("fcfs", 10**6, 3600, 5, 5000)
        said = [Replay(each, own) for each in past]
        claimed = forecasts.range_of([each.claimed for each in said])
        used = forecasts.range_of([_used(each) for each in said])
        assert claimed is not None
        assert used is not None
        within["claimed"] += claimed.low <= came.claimed <= claimed.high
        within["used"] += used.low <= sum(came.used.values()) <= used.high
        *past, came = [_lived(chance, packs=800) for _ in range(rounds + 1)]
        scarce = [Replay(each, own._replace(packs=800)).closing for each in past]
        closing = forecasts.range_of(scarce)
        mine = Replay(came, own._replace(packs=800)).closing.low
        assert closing is not None
        within["scarce"] += closing.low <= mine <= closing.high
    for name in ("claimed", "used"):  # whole numbers tie now and then: a little more often
        assert promised - 0.045 < within[name] / LIVES < promised + 0.06
    assert within["scarce"] / LIVES > promised - 0.045


def _lived(chance: random.Random, packs: int) -> Past:
    """A synthetic round: who comes halves by the pace, until the packs are gone."""
    demand, pace = int(chance.lognormvariate(7, 0.5)), chance.uniform(5, 50)
    share = chance.uniform(0.4, 0.9)
    seconds, left, second = [], min(demand, packs), 0
    while left > 0 and second < 3600:
        came = min(max(1, int(left / pace)), left)
        seconds.append((second, came))
        left, second = left - came, second + 1
    claimed = sum(count for _, count in seconds)
    used = int(5 * claimed * share)
    return Past("x", packs, 3600, tuple(seconds), 5, 5000, {1: used}, {1: 1000 * used})


WEEKEND = (0.7, 0.7, 0.8, 0.9, 1.2, 1.5, 1.2)  # Monday first: what synthetic residents do
ALIKE = (1.0,) * 7
FEW_LIVES = 150


def _weeks(chance: random.Random, habits: tuple[float, ...]) -> Past:
    """A synthetic round that opens on any weekday and is used for five weeks, ever less."""
    weekday, claimed = chance.randrange(7), int(chance.lognormvariate(7, 0.4))
    share, fades = chance.uniform(0.4, 0.9), chance.uniform(0.9, 0.98)
    shape = [
        habits[(weekday + day) % 7] * fades**day * chance.lognormvariate(0, 0.25)
        for day in range(35)
    ]
    used = {day: round(5 * claimed * share * each / sum(shape)) for day, each in enumerate(shape)}
    paid = {day: 1000 * count for day, count in used.items()}
    return Past("x", 10**6, 3600, ((0, claimed),), 5, 5000, used, paid, weekday=weekday)


def _held(lives: int, rounds: int, habits: tuple[float, ...]) -> dict[str, tuple[float, ...]]:
    """How often days of the next round lie in their ranges, its Saturdays by themselves, and how
    wide these are; the most that merchants wait for, paid every Sunday: with weekdays and without.
    """
    chance = random.Random(22)
    held: dict[str, list[float]] = {"with": [0.0] * 4, "without": [0.0] * 4}
    for _ in range(lives):
        *past, came = [_weeks(chance, habits) for _ in range(rounds + 1)]
        saturdays = [day for day in range(1, 29) if (came.weekday + day) % 7 == 5]

        def sunday(day: int, first: int = came.weekday) -> int:
            return day + 7 - (first + day) % 7

        most = forecasts.waiting(came.paid_fen, sunday).most_fen
        for name, factors in (("with", forecasts.weekdays_of(past)), ("without", None)):
            own = Next("fcfs", 10**6, 3600, 5, 5000, came.weekday, factors)
            said = [Replay(each, own) for each in past]
            by_day = [each.used_by_day() for each in said]
            ranges = {
                day: forecasts.range_of([each[day] for each in by_day]) for day in range(1, 29)
            }
            hits = {d: each.low <= came.used[d] <= each.high for d, each in ranges.items() if each}
            owed = forecasts.range_of([_most(each, sunday) for each in said])
            assert owed is not None
            held[name][0] += sum(hits.values()) / len(hits) / lives
            held[name][1] += sum(hits[day] for day in saturdays) / len(saturdays) / lives
            held[name][2] += sum(each.high - each.low for each in ranges.values() if each) / lives
            held[name][3] += (owed.low <= most <= owed.high) / lives
    return {name: tuple(each) for name, each in held.items()}


def _most(replay: Replay, paid_on: Callable[[int], int]) -> Bounds:
    paid = replay.paid_by_day()
    both = ({day: each[side] for day, each in paid.items()} for side in (0, 1))
    return Bounds(*(forecasts.waiting(each, paid_on).most_fen for each in both))


def _agree_on_weekdays(lives: int, rounds: int, near: float) -> None:
    promised = float(forecasts.chance(rounds) or 0)
    for habits in (WEEKEND, ALIKE):
        held = _held(lives, rounds, habits)
        days, saturdays, width, owed = held["with"]
        assert all(abs(each - promised) < near for each in (days, saturdays, owed)), held
        if habits is WEEKEND:
            assert width < 0.95 * held["without"][2]
            assert saturdays > held["without"][1]
        else:
            assert width < 1.05 * held["without"][2]


def test_days_moved_to_their_weekdays_hold_as_often_in_few_lives() -> None:
    _agree_on_weekdays(FEW_LIVES, 4, 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [2, 4, 9])
def test_days_moved_to_their_weekdays_hold_as_often_as_they_say(rounds: int) -> None:
    _agree_on_weekdays(LIVES, rounds, 0.045)


def test_weekdays_are_known_of_three_whole_weeks_around_each() -> None:
    use = {day: 10 + 10 * (day % 7 == 5) for day in range(27)}  # from a Monday: twice on Saturdays
    months = replace(FULL, used=use, weekday=0)
    factors = forecasts.weekdays_of([months])
    assert factors == tuple(Fraction(7, 8) * (1 + (day == 5)) for day in range(7))
    assert forecasts.weekdays_of([replace(months, used={d: use[d] for d in range(26)})]) is None
    assert forecasts.weekdays_of([replace(months, is_over=False)]) is None
    assert forecasts.weekdays_of([]) is None
    friday = RACE._replace(packs=10, weekday=4, weekdays=factors)
    moved = Replay(replace(months, seconds=((0, 10),)), friday).used_by_day()
    plain = Replay(replace(months, seconds=((0, 10),)), RACE).used_by_day()
    assert max(moved, key=lambda day: moved[day].low) % 7 == 1  # Saturday after a Friday
    assert sum(each.low for each in moved.values()) == sum(each.low for each in plain.values())


def _used(replay: Replay) -> Bounds:
    days = replay.used_by_day().values()
    return Bounds(sum(each.low for each in days), sum(each.high for each in days))


# ---------------------------------------------------------------- by command

AT = {"h1": "2020-04-01", "h2": "2020-05-01", "h3": "2020-06-01"}
CAME = {"h1": (0, 0, 30, 60), "h2": (10, 20), "h3": (5, 6, 7)}
USED = {"h1": 2, "h2": 2, "h3": 3}


def _round(voucher: Callable[..., Ran], code: str, packs: int = 4) -> None:
    day = AT[code]
    towns.draft(
        voucher,
        code,
        "--now",
        f"{day} 08:00",
        packs=packs,
        opens=f"{day} 10:00",
        closes=f"{day} 22:00",
    )


def _live(voucher: Callable[..., Ran], code: str) -> None:
    """Approve, open, claim, close and use a drafted round."""
    day = AT[code]
    for deed, who in (("submit", "mei"), ("approve", "lin")):
        voucher("round", deed, code, "--actor", who, "--now", f"{day} 09:00")
    voucher("round", "open", code, "--now", f"{day} 10:00")
    claims = [
        f"{code}-{n},{code},p{n},{day} 10:{at // 60:02d}:{at % 60:02d}\n"
        for n, at in enumerate(CAME[code])
    ]
    voucher("claim", "import", towns.write(f"{code}.csv", CLAIMS + "".join(claims)), "--now",
            f"{day} 22:00")  # fmt: skip
    voucher("round", "close", code, "--now", f"{day} 22:00")
    paid = [
        f"T{code}{n},pay,{code}-{n},1,M1,{day[:-1]}2 12:00:00,50,0,10,\n" for n in range(USED[code])
    ]
    voucher("redemption", "import", towns.write(f"{code}-used.csv", PAYMENTS + "".join(paid)),
            "--now", f"{day[:-2]}12 09:00")  # fmt: skip


def _found(voucher: Callable[..., Ran]) -> None:
    """A file for rehearsals with the rounds h1 and h2, which are over, and h3, which is drafted."""
    voucher("init", "--rehearsal")
    voucher("programme", "load", towns.write("programme.yaml", towns.programme()))
    voucher("template", "add", towns.write("pack.yaml", towns.pack()))
    voucher("merchant", "import", towns.write("merchants.csv", "merchant_no,name\nM1,a\n"))
    for code in ("h1", "h2"):
        _round(voucher, code)
        _live(voucher, code)
    _round(voucher, "h3")


@pytest.fixture
def town(voucher: Callable[..., Ran], once: Once) -> Callable[..., Ran]:
    once("forecasts", lambda: _found(voucher))
    return voucher


BEFORE = ("--now", "2020-06-01 08:30", "--actor", "mei")
rehearse = ("round", "rehearse", "h3", *BEFORE)


def _figures(ran: Ran) -> dict[str, tuple[Any, ...]]:
    return {
        each["figure"]: (each["low"], each["middle"], each["high"], each["chance"])
        for each in ran.data["figures"]
    }


def test_a_round_is_rehearsed_kept_once_and_scored(town: Callable[..., Ran]) -> None:
    ran = town(*rehearse, "-o", "json")
    chance = "0.3333"
    assert _figures(ran) == {
        "claimed": (2, 3, 4, chance),
        "closing_seconds": (60, 21630, 43200, chance),
        "peak_per_second": (1, 2, 2, chance),
        "used": (2, 2, 2, chance),
        "subsidy_fen": (2000, 2000, 2000, chance),
        "most_owed_fen": (2000, 2000, 2000, chance),
    }
    assert ran.data["rests_on"] == ["h1", "h2"]
    assert ran.data["days"][1] == {
        "day": "2020-06-02", "claimed_low": 2, "claimed_high": 4, "used_low": 2, "used_high": 2,
        "subsidy_low_fen": 2000, "subsidy_high_fen": 2000, "owed_low_fen": 2000,
        "owed_high_fen": 2000,
    }  # fmt: skip
    assert [each["claimed_high"] for each in ran.data["minutes"]] == [3, 4, 4, 4, 4]
    again = town(*rehearse)
    assert "(2 - 1) / (2 + 1) = 33 %" in " ".join(again.out.split())
    assert f"line {ran.data['line']} of the log has this forecast already" in again.err
    waiting = town("report", "forecasts", "--now", "2020-06-01 09:00", "-o", "json").data
    assert {each["why_not"] for each in waiting["forecasts"]} == {"not_known_yet"}
    _live(town, "h3")
    told = town("report", "forecasts", "--round", "h3", "--now", "2020-07-01", "-o", "json").data
    assert {each["figure"]: (each["came"], each["hit"]) for each in told["forecasts"]} == {
        "claimed": (3, True),
        "closing_seconds": (43200, True),
        "peak_per_second": (1, True),
        "used": (3, False),
        "subsidy_fen": (3000, False),
        "most_owed_fen": (3000, False),
    }
    assert told["shares_total"] == {
        "figure": None, "forecasts": 6, "hits": 3, "share": "0.5000", "said": chance,
    }  # fmt: skip
    shown = town("report", "forecasts", "--now", "2020-07-01", "--lang", "zh").out
    assert "落在区间内的比例与所说的把握" in shown
    town("report", "forecasts", "-O", "forecasts.xlsx", "--now", "2020-07-01")
    assert Path("forecasts.xlsx").stat().st_size > 1000
    late = town("round", "rehearse", "h3", "--actor", "mei", "--now", "2020-07-01", "-o", "json")
    assert late.data["line"] is None
    assert _figures(late)["claimed"] == (2, 3, 4, chance)  # as it was before it opened


def test_use_is_moved_to_the_weekdays_of_the_new_round(voucher: Callable[..., Ran]) -> None:
    """60 vouchers for 40 days from a Wednesday on: one a day, three on Saturdays."""
    voucher("init", "--rehearsal")
    voucher("programme", "load", towns.write("programme.yaml", towns.programme()))
    long = towns.pack("pack", towns.coupon("10", "40"), validity={"days_after_claim": 40})
    voucher("template", "add", towns.write("pack.yaml", long))
    voucher("merchant", "import", towns.write("merchants.csv", "merchant_no,name\nM1,a\n"))
    for code, month, packs in (("w1", "04", 60), ("w2", "07", 60)):
        at = ("--now", f"2020-{month}-01 08:00")
        times = {"opens": f"2020-{month}-01 10:00", "closes": f"2020-{month}-01 22:00"}
        if code == "w2":  # a Friday
            times = {end: each.replace("07-01", "07-03") for end, each in times.items()}
        towns.draft(voucher, code, *at, packs=packs, **times)
    for deed, who in (("submit", "mei"), ("approve", "lin")):
        voucher("round", deed, "w1", "--actor", who, "--now", "2020-04-01 09:00")
    voucher("round", "open", "w1", "--now", "2020-04-01 10:00")
    claims = "".join(f"c{n},w1,p{n},2020-04-01 10:00:{n % 60:02d}\n" for n in range(60))
    voucher("claim", "import", towns.write("c.csv", CLAIMS + claims), "--now", "2020-04-01 22:00")
    voucher("round", "close", "w1", "--now", "2020-04-01 22:00")
    days = [day for day in range(29) for _ in range(3 if (2 + day) % 7 == 5 else 1)]
    paid = "".join(
        f"T{n},pay,c{n},1,M1,2020-04-{1 + day:02d} 12:00:00,50,0,10,\n"
        for n, day in enumerate(days)
    )
    file = towns.write("used.csv", PAYMENTS + paid)
    voucher("redemption", "import", file, "--now", "2020-05-30 09:00")
    told = voucher("round", "rehearse", "w2", "-o", "json", "--now", "2020-07-01 09:00").data
    assert told["weekdays"] == ["0.78"] * 5 + ["2.33", "0.78"]
    used = {each["day"]: each["used_low"] for each in told["days"]}
    saturdays = [used[f"2020-07-{day:02d}"] for day in (4, 11, 18, 25)]
    assert min(saturdays) > max(count for day, count in used.items() if count not in saturdays)
    assert sum(used.values()) == len(days)
    said = voucher("round", "rehearse", "w2", "--now", "2020-07-01 09:00").out
    assert "0.78, 0.78, 0.78, 0.78, 0.78, 2.33, 0.78" in said


def test_only_the_last_forecast_under_the_same_terms_counts(town: Callable[..., Ran]) -> None:
    town(*rehearse)
    one = town(*rehearse, "--like", "h1")
    assert "Of one past round: what came once." in one.out
    rows = town("report", "forecasts", *BEFORE[:2], "-o", "json").data["forecasts"]
    assert [each["why_not"] for each in rows] == ["replaced"] * 6 + ["no_chance"] * 6
    town("round", "edit", "h3", "--packs", "5", *BEFORE)
    rows = town("report", "forecasts", *BEFORE[:2], "-o", "json").data["forecasts"]
    assert {each["why_not"] for each in rows} == {"replaced", "other_terms"}
    assert "[unknown_round]" in town("report", "forecasts", "--round", "h9", expect=3).err


def test_before_the_last_voucher_has_ended_use_is_not_known(town: Callable[..., Ran]) -> None:
    towns.draft(
        town, "h4", "--now", "2020-05-01 23:00", packs=4, opens="2020-05-02 10:00",
        closes="2020-05-02 22:00",
    )  # fmt: skip
    ran = town("round", "rehearse", "h4", "--like", "h2", "--now", "2020-05-02 09:00", "--actor",
               "mei")  # fmt: skip
    assert "Without a number: no past round whose vouchers have all ended." in " ".join(
        ran.out.split()
    )


def test_nothing_is_guessed_without_past_rounds(town: Callable[..., Ran]) -> None:
    lot = ("--now", "2020-06-01 08:00")
    towns.draft(town, "lot", "--mode", "lottery", *lot, opens="2020-06-05 08:00")
    ran = town("round", "rehearse", "lot", *BEFORE)
    assert "what lot will come to is not known, but that it costs 500.00 yuan at most" in ran.err
    assert town("report", "forecasts").err.count("no forecast yet") == 1
    refused = town("round", "rehearse", "lot", "--like", "h1", *BEFORE, expect=3)
    assert "its packs were granted by fcfs, these are by lottery" in refused.err
    assert "[no_past_round]" in town(*rehearse, "--like", "h1,h9", expect=3).err


def test_what_if_stands_side_by_side_and_is_not_kept(town: Callable[..., Ran]) -> None:
    ran = town(*rehearse, "--packs", "2", "--packs", "8", "-o", "json")
    about = ("variant", "packs", "liability_fen", "claimed_low", "claimed_high", "floor")
    assert [tuple(each[key] for key in about) for each in ran.data["what_if"]] == [
        ("h3", 4, 20_000, 2, 4, "4.00"),
        ("--packs 2", 2, 10_000, 2, 2, "4.00"),
        ("--packs 8", 8, 40_000, 2, 8, "4.00"),
    ]
    other = town(*rehearse, "--face", "20", "--threshold", "50", "--mode", "lottery", "-o", "json")
    last = other.data["what_if"][1]
    assert last["variant"] == "--face 20.00 --threshold 50.00 --mode lottery"
    assert (last["floor"], last["liability_fen"], last["claimed_low"]) == ("2.50", 40_000, None)
    assert "not known" in town(*rehearse, "--threshold", "60").out
    assert town("report", "forecasts", "-o", "json").data["forecasts"] == []


@pytest.mark.parametrize(
    ("options", "code", "exit_code"),
    [
        (("--face", "50"), "face_over_threshold", 3),
        (("--face", "x"), "bad_amount_option", 2),
        (("--mode", "luck"), "unknown_mode", 2),
        ([part for n in range(9) for part in ("--packs", str(n + 1))], "too_many_variants", 2),
    ],
)
def test_what_cannot_be_is_refused(
    town: Callable[..., Ran], options: tuple[str, ...], code: str, exit_code: int
) -> None:
    assert f"[{code}]" in town(*rehearse, *options, expect=exit_code).err


def test_a_pack_of_several_faces_has_no_one_face(town: Callable[..., Ran]) -> None:
    two = towns.pack("two", towns.coupon("10", "40"), towns.coupon("20", "100"))
    town("template", "add", towns.write("two.yaml", two))
    town("round", "edit", "h3", "--template", "two", *BEFORE)
    assert "[several_faces]" in town(*rehearse, "--face", "5", expect=3).err


# ---------------------------------------------------------------- two arms

WINNERS = 40  # in each arm


def _draw(voucher: Callable[..., Ran]) -> None:
    """Two arms, of a face of 10 and of 20; who has the larger uses it twice as often."""
    towns.build(
        voucher,
        towns.programme(),
        towns.pack("ten", towns.coupon("10", "40", 2)),
        towns.pack("twenty", towns.coupon("20", "40", 2)),
        merchants="merchant_no,name\nM1,a\n",
    )
    of = {"closes": "2020-03-29 08:00", "packs": WINNERS}
    towns.make_round(voucher, "a1", "--mode", "lottery", template="ten", **of)
    towns.make_round(voucher, "a2", "--arm-of", "a1", template="twenty", **of)
    with partial(towns.session, Path("voucher.db"), "mei", 1584666000)() as each:
        draws.commit_seed(
            each, "a1", seed=bytes(32), registration_closes_at=towns.at("2020-03-25 20:00")
        )
    rows = [f"A{n:03d},a1,R{n},2020-03-21 08:00:00\n" for n in range(2 * WINNERS)]
    header = "application_no,round,resident,applied_at\n"
    voucher("application", "import", towns.write("a.csv", header + "".join(rows)))
    for code in ("a1", "a2"):
        voucher("round", "open", code, "--now", towns.OPENS)
    voucher("draw", "run", "a1", "--to", "out", "--now", towns.OPENS)
    claims = {
        code: voucher("claim", "list", "--round", code, "--limit", "0", "-o", "json").data["claims"]
        for code in ("a1", "a2")
    }
    paid = [
        f"T{one['claim_no']}-{k},pay,{one['claim_no']},{k},M1,2020-03-28 12:00:0{k},50,0,{face},\n"
        for code, face in (("a1", 10), ("a2", 20))
        for n, one in enumerate(claims[code])
        for k in ((1,) if code == "a1" and n % 2 else (1, 2) if code == "a2" else ())
    ]
    voucher("redemption", "import", towns.write("used.csv", PAYMENTS + "".join(paid)))
    for code in ("a1", "a2"):
        voucher("round", "close", code, "--now", "2020-03-29 08:00")


def test_what_two_arms_have_shown_stands_beside_a_face(
    voucher: Callable[..., Ran], once: Once
) -> None:
    once("forecasts of arms", lambda: _draw(voucher))
    towns.draft(voucher, "next", "--now", "2020-06-01", template="ten", opens="2020-06-05 08:00")
    ran = voucher("round", "rehearse", "next", "--face", "15", *BEFORE, "-o", "json")
    shown = {each["outcome"]: each for each in ran.data["elasticities"]}
    # 20 and 80 vouchers of 40 winners each: ln 4 / ln 2; half used one, the others none
    used = shown["used"]
    assert (used["varied"], used["elasticity"]) == ("face", "2.00")
    assert float(used["low"]) < 2 < float(used["high"])
    assert shown["base_fen"]["elasticity"] == "2.00"
    assert shown["own_fen"]["elasticity"] == "1.58"  # 20 x 40 and 80 x 30 yuan: ln 3 / ln 2
    table = voucher("round", "rehearse", "next", "--face", "15", *BEFORE).out
    assert f"2.00 ({used['low']} – {used['high']})" in " ".join(table.split())
    early = voucher("round", "rehearse", "next", "--face", "15", "--now", "2020-06-01", "--actor",
                    "mei", "-o", "json")  # fmt: skip
    assert early.data["what_if"][1]["claimed_low"] is None
