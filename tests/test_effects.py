"""Effect: a plan that is sealed, cells of a platform, estimates with intervals or bounds."""

from __future__ import annotations

import csv
import json
import math
import os
import sqlite3
from contextlib import closing
from decimal import Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import effect_cities as cities
import numpy as np
import pytest
import towns

from vouchercli.ops.effect import moments as core
from vouchercli.rules import effects as law
from vouchercli.rules import intervals, surveys

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

MEI = ("--actor", "mei")
PLANS = "plans_as_sealed"
LATER = ("--now", "2020-06-30 09:00")


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    """Rounds by lot (with a second arm), by arrival, by list; plans sealed for r1 and r3; cells of
    the first two.
    """

    def build() -> None:
        towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,a\n")
        for code, mode in (("r1", "lottery"), ("r2", "fcfs"), ("r3", "targeted")):
            more = ("--group", "all") if mode == "targeted" else ()
            towns.draft(voucher, code, "--mode", mode, *more)
        towns.draft(voucher, "r1b", "--arm-of", "r1")
        voucher("effect", "plan", "r1", "--window", "4", *MEI)
        voucher("effect", "plan", "r3", "--method", "waves", "--window", "1,4", *MEI)
        both = cities.lottery(21), cities.lottery(2, face=80.0, effect=2.0, code="r1b", lost=False)
        bring(voucher, *both)
        bring(voucher, cities.arrival(11), name="arrival.csv")

    once("effects", build)
    return voucher


def bring(voucher: Voucher, *cells: Any, name: str = "cells.csv", expect: int = 0) -> Any:
    """Import these cells."""
    file = towns.write(name, cities.text(*cells))
    return voucher("effect", "import", file, "--source", "platform", *MEI, *LATER, expect=expect)


def estimate(voucher: Voucher, code: str, *words: str) -> Any:
    """What is said of a round."""
    return voucher("effect", "estimate", code, *words, "-o", "json").data


# ---------------------------------------------------------------- the plan


def test_a_plan_is_sealed_before_the_round_opens_and_kept_by_its_digest(town: Voucher) -> None:
    said = town("effect", "plan", "r2", "--outcome", "own", "--donut", "200", "--to", "c.csv", *MEI)
    assert "sealed before r2 opens at 2020-03-27 08:00" in said.err
    assert "At least 20" in said.out or "at least 20 people" in said.out
    assert Path("c.csv").read_text("utf-8") == cities.HEAD
    told = town("effect", "plan", "r2", "--outcome", "own", "-o", "json", *MEI).data
    assert told["plan"]["method"] == "arrival" and told["plan"]["donut"] == 100
    assert told["sha256"] == law.plan_of(json.dumps(told["plan"])).sha256
    deeds = town("audit", "log", "-o", "json").data["lines"]
    last = next(each for each in deeds if each["deed"] == "effect.plan")
    assert told["sha256"] in json.dumps(last)
    assert "c.csv" in town("effect", "plan", "r2", "--to", "c.csv", *MEI, expect=3).err


def test_a_plan_comes_too_late_when_the_round_has_opened(town: Voucher) -> None:
    at = ("--now", "2020-03-27 08:00")
    assert "plan_too_late" in town("effect", "plan", "r1", *MEI, *at, "-o", "json", expect=3).out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("r1", "--method", "arrival"), "method_not_possible"),
        (("r1", "--outcome", "joy"), "bad_plan"),
        (("r1", "--window", "0"), "bad_plan"),
        (("r1", "--window", "four"), "bad_plan"),
        (("r2", "--donut", "5000"), "bad_plan"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(
    town: Voucher, words: tuple[str, ...], code: str
) -> None:
    assert code in town("effect", "plan", *words, *MEI, "-o", "json", expect=2).out


# ---------------------------------------------------------------- cells


def test_damaged_cells_are_rejects_with_line_and_column(town: Voucher) -> None:
    good = cities.text(cities.lottery(5)).splitlines()
    row = dict(zip(good[0].split(","), good[1].split(","), strict=True))
    damaged = [
        row | {"n": "19"},
        row | {"yy": "1"},
        row | {"sy": str(10**12)},
        row | {"x": "-1"},
        row | {"arm": "perhaps"},
        row | {"round": "nowhere"},
        row | {"week": "0"},
        row | {"s": "many"},
        row | {"y": "1.234"},
        row | {"s": "9" * 40},
    ]
    lines = [good[0], good[1], *(",".join(each.values()) for each in damaged), good[1]]
    file = towns.write("bad.csv", "\n".join(lines) + "\n")
    said = town("effect", "import", file, "--source", "p", *MEI, *LATER, "-o", "json", expect=4)
    told = json.loads(said.out)
    assert (told["data"]["accepted"], told["data"]["rejected"]) == (1, 11)
    found = [(each["code"], each["where"]) for each in told["problems"]]
    assert found == [
        ("cell_too_small", "bad.csv:3:6"),
        ("square_too_small", "bad.csv:4:8"),
        ("product_impossible", "bad.csv:5:11"),
        ("below_zero", "bad.csv:6:12"),
        ("unknown_arm", "bad.csv:7:2"),
        ("unknown_round", "bad.csv:8:1"),
        ("no_week", "bad.csv:9:4"),
        ("no_number", "bad.csv:10:9"),
        ("too_many_places", "bad.csv:11:7"),
        ("no_number", "bad.csv:12:9"),
    ]  # the eleventh is the same cell once more; ten are shown
    assert told["data"]["reasons"]["cell_twice"] == 1
    batch = str(told["data"]["batch"])
    shown = town("batch", "rejects", batch).out
    assert "the same cell stands in line 2 too" in shown
    first = estimate(town, "r1")
    assert (first["cells"], first["cells_refused"]) == ("bad.csv", 11)
    assert first["estimates"][0]["reason"] == "rejects"
    assert f"voucher batch rejects {batch}" in town("effect", "estimate", "r1").err
    town("batch", "undo", batch, "--yes", *MEI)
    assert estimate(town, "r1")["estimates"][0]["given"] == "point"
    town("check", *LATER)


def test_rejects_come_back_into_their_file_and_stand_or_fall_with_it(town: Voucher) -> None:
    lines = cities.text(cities.lottery(5)).splitlines()
    small = lines[1].split(",")
    small[5] = "19"
    file = towns.write("part.csv", "\n".join([lines[0], ",".join(small), *lines[2:]]) + "\n")
    words = ("effect", "import", file, "--source", "p", *MEI, *LATER)
    assert "until they have come back right no point is given of r1" in town(*words, expect=4).err
    batch = estimate(town, "r1")["cells_batch"]
    town("batch", "rejects", str(batch), "--to", "mend.csv")
    text = Path("mend.csv").read_text("utf-8-sig")
    assert ",19," in text
    Path("mend.csv").write_text(text.replace(",19,", f",{lines[1].split(',')[5]},"), "utf-8")
    said = town("effect", "import", "mend.csv", "--source", "p", *MEI, *LATER)
    assert f"1 rejects of batch {batch} are closed" in said.err
    told = estimate(town, "r1")
    assert (told["cells"], told["cells_refused"], told["cells_batch"]) == ("part.csv", 0, batch)
    assert told["estimates"][0]["given"] == "point"
    # the same row once more is one too many
    again = Path("mend.csv").read_text("utf-8")
    Path("again.csv").write_text(again + "\n", "utf-8")
    assert (
        "[cell_twice]"
        in town("effect", "import", "again.csv", "--source", "p", *MEI, *LATER, expect=4).err
    )
    refused = town("batch", "undo", str(batch), "--yes", *MEI, expect=3).err
    assert "[batch_built_upon]" in refused
    town("batch", "undo", str(batch + 1), "--yes", *MEI)
    assert estimate(town, "r1")["estimates"][0]["reason"] == "rejects"
    town("check", *LATER)


def test_heads_are_held_against_the_draw_and_against_claims(town: Voucher) -> None:
    towns.make_round(town, "d1", "--mode", "lottery", packs=30)
    rows = [f"A{n:03d},d1,R{n:03d},2020-03-21 08:00:10\n" for n in range(60)]
    head = "application_no,round,resident,applied_at\n"
    town("application", "import", towns.write("asked.csv", head + "".join(rows)), *LATER)
    town("draw", "commit", "d1", "--registration-closes", "2020-03-26 20:00", "--yes", *MEI)
    town("round", "open", "d1", *MEI, "--now", towns.OPENS)
    town("draw", "run", "d1", "--now", towns.OPENS, *MEI)

    def heads(won: int, lost: int, expect: int, name: str) -> Any:
        zero = dict.fromkeys((*law.SUMS, *law.SQUARES), Decimal(0))
        cells = {
            law.Key("d1", arm, None, 4, ""): law.Moments(n, **zero)
            for arm, n in (("won", won), ("lost", lost))
        }
        return bring(town, cells, name=name, expect=expect).err

    said = heads(31, 30, 4, "more.csv")
    assert (
        "more.csv:2: error: week 4, with a pack: the cells tell of 31 people, here are 30" in said
    )
    said = heads(30, 29, 0, "fewer.csv")
    assert "week 4, without a pack: the cells tell of 29 of the 30 people who were drawn" in said
    told = estimate(town, "d1")["people"]
    assert [(each["arm"], each["told"], each["known"]) for each in told] == [
        ("won", 30, 30),
        ("lost", 29, 30),
    ]
    assert "People of the cells" in town("effect", "estimate", "d1").out


def test_the_inbox_takes_cells_of_the_platform_in_whose_folder_they_lie(
    town: Voucher, here: Path
) -> None:
    path = here / "inbox" / "town" / "alipay" / "cells"
    path = path if (here / "inbox" / "town").is_dir() else here / "inbox" / "alipay" / "cells"
    path.mkdir(parents=True)
    file = path / "r1.csv"
    file.write_text(cities.text(cities.lottery(31)), "utf-8")
    os.utime(file, (towns.at("2020-06-29 11:00"),) * 2)
    town("schedule", "tick", *LATER)
    assert (path / "done" / "r1.csv").exists()
    shown = town("batch", "list", "--kind", "cells", "-o", "json").data["batches"][0]
    assert shown["actor"].endswith("alipay/cells")
    assert estimate(town, "r1")["cells"].endswith("r1.csv")


def test_blank_files_of_cells_and_surveys_are_taken_back(town: Voucher) -> None:
    assert town("effect", "blank", "-o", "csv").out == cities.HEAD
    assert town("effect", "blank", "--survey", "-o", "json").data["columns"][4]["field"] == "used"
    town("effect", "blank", "--survey", "--to", "survey.xlsx", "--lang", "zh")
    assert Path("survey.xlsx").stat().st_size > 1000
    assert (
        "file_exists" in town("effect", "blank", "--to", "survey.xlsx", "-o", "json", expect=3).out
    )


def test_the_same_file_twice_adds_nothing_and_a_newer_one_counts(town: Voucher) -> None:
    assert "was imported before as batch" in bring(town, cities.arrival(11), name="again.csv").err
    bring(town, cities.lottery(9), name="newer.csv")
    assert estimate(town, "r1")["cells"] == "newer.csv"


def test_a_file_of_something_else_is_refused(town: Voucher) -> None:
    words = ("--source", "p", *MEI, "-o", "json")
    file = towns.write("odd.csv", "a,b\n1,2\n")
    assert "unknown_effect_layout" in town("effect", "import", file, *words, expect=3).out
    assert "no_such_file" in town("effect", "import", "none.csv", *words, expect=3).out
    by_name = ("--profile", "survey", *words)
    file = towns.write("cells-again.csv", cities.text(cities.lottery(5)))
    assert "other_kind" in town("effect", "import", file, *by_name, expect=3).out
    assert "wrong_kind" in town("effect", "import", file, "--profile", "bill", *words, expect=3).out


# ---------------------------------------------------------------- estimates


def test_a_lottery_gives_a_point_that_follows_its_plan(town: Voucher) -> None:
    told = estimate(town, "r1")
    first, arms = told["estimates"]
    assert (told["follows_plan"], first["comparison"], first["given"]) == (
        "yes",
        "lottery",
        "point",
    )
    assert float(first["low"]) < 3 < float(first["high"])
    assert float(first["itt_low"]) < float(first["itt"]) < float(first["itt_high"])
    # the second yuan of face: (2 * 80 - 3 * 40) / (80 - 40)
    assert arms["comparison"] == "arms" and float(arms["low"]) < 1 < float(arms["high"])
    assert {each["holds"] for each in told["checks"]} == {"yes"}
    said = town("effect", "estimate", "r1")
    assert "it follows the plan" in said.err and "new consumption" not in said.out


def test_an_estimate_says_how_it_departs_from_the_plan(town: Voucher) -> None:
    told = estimate(town, "r1", "--window", "1,4")
    assert (told["follows_plan"], told["departs"]) == ("no", ["windows"])
    assert told["estimates"][0]["reason"] == "no_cells"
    assert "departs from the plan" in town("effect", "estimate", "r1", "--method", "none").err
    assert estimate(town, "r2")["follows_plan"] is None
    assert "no plan was sealed" in town("effect", "estimate", "r2").err


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"lost": False}, "no_losers"),
        ({"skew": 90.0}, "balance"),
        ({"placebo": 90.0}, "placebo"),
        ({"face": 0.0}, "weak"),
        ({"weeks": (16,)}, "no_cells"),
    ],
)
def test_where_a_comparison_fails_bounds_stand_with_the_reason(
    town: Voucher, more: dict[str, Any], reason: str
) -> None:
    bring(town, cities.lottery(6, **more), name="other.csv")
    first = estimate(town, "r1")["estimates"][0]
    assert (first["given"], first["reason"]) == ("bounds", reason)
    assert (first["effect"], first["low"], first["high"]) == (None, "0.00", None)


def test_without_anything_from_before_no_point_is_given(town: Voucher) -> None:
    zero = dict.fromkeys(("x", "xx", "xy", "xs"), 0)
    cells = {
        key: of._replace(**dict.fromkeys(zero, of.x * 0))
        for key, of in cities.lottery(6).items()
        if key.week > 0
    }
    bring(town, cells, name="blind.csv")
    assert estimate(town, "r1")["estimates"][0]["reason"] == "no_placebo"
    one = {key: of for key, of in cities.lottery(6).items() if (key.arm, key.week) != ("lost", -4)}
    apart = {
        (key._replace(stratum=key.stratum + key.arm) if key.week > 0 else key): of
        for key, of in one.items()
    }
    bring(town, apart, name="apart.csv")
    assert estimate(town, "r1")["estimates"][0]["reason"] == "no_placebo"
    some = {key: of for key, of in cities.lottery(6).items() if key[1::3] != ("lost", "west")}
    bring(town, some, name="half.csv")
    first = estimate(town, "r1")["estimates"][0]
    assert (first["given"], first["left_out"], first["treated"]) == ("point", 500, 500)


def test_arrival_gives_a_jump_with_and_without_the_donut(town: Voucher) -> None:
    told = estimate(town, "r2", "--window", "4")
    rows = told["estimates"]
    assert [(each["donut"], each["fit"]) for each in rows] == [
        ("yes", "straight"),
        ("no", "straight"),
        ("yes", "curved"),
        ("yes", "curved"),
    ]
    assert 1 < width_of(rows[2]) / width_of(rows[0]) < 2
    for each in rows:
        assert each["given"] == "point" and float(each["low"]) < 3 < float(each["high"])
    assert [each["check"] for each in told["checks"]] == ["balance", "placebo", "placebo_cut"]
    bring(town, cities.arrival(11, skew=60.0), name="skewed.csv")
    assert estimate(town, "r2", "--window", "4")["estimates"][0]["reason"] == "balance"
    won = {key: of for key, of in cities.arrival(11).items() if key.arm == "won"}
    bring(town, won, name="won.csv")
    told = estimate(town, "r2", "--window", "1,4", "--bandwidth", "4999")["estimates"]
    assert [each["reason"] for each in told] == 4 * ["no_cells"] + 4 * ["no_losers"]
    narrow = estimate(town, "r2", "--window", "4", "--bandwidth", "300", "--donut", "0")
    assert narrow["estimates"][0]["reason"] == "no_losers"


def width_of(row: dict[str, Any]) -> float:
    """Of the interval of an estimate."""
    return float(row["high"]) - float(row["low"])


def test_without_a_donut_the_report_has_the_line_alone(town: Voucher) -> None:
    town("effect", "plan", "r2", "--window", "4", "--donut", "0", *MEI)
    rows = town("effect", "report", "--round", "r2", "-o", "json").data["rows"]
    assert [(each["weeks"], each["given"]) for each in rows] == [("4", "point")]


def test_a_score_gives_a_jump_and_districts_in_waves_a_change(town: Voucher) -> None:
    bring(town, cities.arrival(4, code="r3", is_score=True), name="score.csv")
    told = estimate(town, "r3", "--method", "score", "--window", "4", "--bandwidth", "5000")
    each = told["estimates"][0]
    assert each["given"] == "point" and float(each["low"]) < 3 < float(each["high"])
    assert told["departs"] == ["method", "windows", "bandwidth"]
    bring(town, cities.waves(5), name="waves.csv")
    told = estimate(town, "r3")
    week, month = told["estimates"]
    assert told["follows_plan"] == "yes" and month["given"] == "point"
    assert float(month["low"]) < 3 < float(month["high"]) and week["weeks"] == 1
    assert [each["week"] for each in told["weeks"]] == [-4, -3, -2, -1, 1, 2, 3, 4]
    bring(town, cities.waves(5, apart=4.0), name="drift.csv")
    assert estimate(town, "r3")["estimates"][1]["reason"] == "pre_trend"
    assert estimate(town, "r3", "--window", "16")["estimates"][0]["reason"] == "no_cells"
    bring(town, cities.waves(5, districts=2), name="few.csv")
    assert estimate(town, "r3")["estimates"][1]["reason"] == "few"
    began = {
        key: of._replace(s=of.n * law.TOLERANCE) if (key.arm, key.week) == ("lost", 2) else of
        for key, of in cities.waves(5).items()
    }
    bring(town, began, name="began.csv", expect=4)  # a sum without its squares
    assert estimate(town, "r3")["estimates"][1]["reason"] == "rejects"
    began = {
        key: cities.waves(5)[key._replace(arm="won", stratum="d0")]
        if (key.arm, key.week) == ("lost", 2)
        else of
        for key, of in cities.waves(5).items()
    }
    bring(town, began, name="staggered.csv")
    assert estimate(town, "r3")["estimates"][1]["reason"] == "staggered"
    some = {key: of for key, of in cities.waves(5).items() if key.arm == "won"}
    bring(town, some, name="all-had-it.csv")
    assert estimate(town, "r3")["estimates"][1]["reason"] == "no_losers"
    late = {key: of for key, of in cities.waves(5).items() if key.week > -2}
    bring(town, late, name="late.csv")
    assert estimate(town, "r3")["estimates"][1]["reason"] == "no_placebo"


def test_a_plan_says_whether_the_width_is_its_own_or_that_of_the_cells(town: Voucher) -> None:
    plan = ("effect", "plan", "r2", "--window", "4", *MEI)
    plain = town(*plan, "-o", "json").data
    assert '"widths"' not in law.plan_of(json.dumps(plain["plan"])).text  # as it was before
    bring(town, cities.arrival(12, bend=400.0), name="bent.csv")
    lines = estimate(town, "r2")["estimates"]
    assert [each["width"] for each in lines[:3]] == [5_000] * 3
    assert 1_000 < lines[3]["width"] < 4_000  # the bend asks for less
    assert float(lines[0]["high"]) < 3 < float(lines[3]["high"])  # which the line misses
    shown = town("effect", "report", "--round", "r2", "-o", "json").data["rows"]
    assert [each["effect"] for each in shown] == [lines[0]["effect"]]
    told = estimate(town, "r2", "--widths", "cells")
    assert told["departs"] == ["widths"]
    assert [each["leads"] for each in lines] == [True, False, False, False]
    assert [each["leads"] for each in told["estimates"]] == [False, False, False, True]
    said = town("effect", "estimate", "r2", "--widths", "cells", "--lang", "zh").out
    assert "各时间窗以最后一行为准" in said and "暂缓" not in said
    sealed = town(*plan, "--widths", "cells", "-o", "json").data
    assert sealed["plan"]["widths"] == "cells" and sealed["sha256"] != plain["sha256"]
    assert estimate(town, "r2")["follows_plan"] == "yes"
    shown = town("effect", "report", "--round", "r2", "-o", "json").data["rows"]
    assert [each["effect"] for each in shown] == [lines[3]["effect"]]
    assert "[bad_plan]" in town(*plan, "--widths", "x", expect=2).err
    few = {key: of for key, of in cities.arrival(12).items() if -900 < (key.arrival or 0) < 900}
    bring(town, few, name="few.csv")
    last = estimate(town, "r2")["estimates"][3]
    assert (last["given"], last["width"]) == ("bounds", None)


def test_districts_of_several_starts_are_compared_with_those_that_have_not_begun(
    town: Voucher,
) -> None:
    bring(town, cities.staggered(3), name="starts.csv")
    told = estimate(town, "r3", "--window", "1,2,4,6")
    assert [each["given"] for each in told["estimates"]] == [*["point"] * 3, "bounds"]
    for each in told["estimates"][:3]:
        true = cities.true_staggered(each["weeks"])
        assert float(each["low"]) < true < float(each["high"])
    assert [each["treated"] for each in told["estimates"]] == [900, 900, 600, None]
    # six weeks are told of the first start alone, and six districts are too few
    assert [each["starts"] for each in told["estimates"]] == [[1, 3, 5], [1, 3, 5], [1, 3], [1]]
    assert told["estimates"][3]["reason"] == "few_districts"
    assert [each["weeks"] for each in told["checks"]] == [1, 2, 4, 6]
    assert [each["week"] for each in told["weeks"]] == [-4, -3, -2, -1, 1, 2, 3, 4, 5, 6]
    assert told["checks"][0]["holds"] == "yes"
    bring(town, cities.staggered(3, never=False), name="all-begin.csv")
    week = estimate(town, "r3")["estimates"][0]
    assert (week["given"], week["treated"], week["control"]) == ("point", 600, 300)
    bring(town, cities.staggered(3, apart=8.0), name="apart.csv")
    assert estimate(town, "r3")["estimates"][0]["reason"] == "pre_trend"
    bring(town, cities.staggered(3, districts=2), name="two.csv")
    assert estimate(town, "r3")["estimates"][0]["reason"] == "few"
    cells = cities.staggered(3)
    some = {key: of for key, of in cells.items() if key.stratum not in ("5-0", "3-1", "3-2")}
    some = {key: of for key, of in some.items() if (key.stratum, key.week) != ("3-0", 2)}
    bring(town, some, name="some.csv")  # of the third week four are left, and of the fifth five
    assert estimate(town, "r3")["estimates"][0]["starts"] == [1, 5]
    assert estimate(town, "r3")["estimates"][0]["left_out"] == 200
    early = {key._replace(arrival=key.arrival and key.arrival + 1): of for key, of in cells.items()}
    bring(town, early, name="early.csv")
    assert estimate(town, "r3")["estimates"][0]["reason"] == "staggered"
    before = {key._replace(arrival=key.arrival and -1): of for key, of in cells.items()}
    bring(town, before, name="before.csv")
    assert estimate(town, "r3")["estimates"][0]["reason"] == "staggered"


def without(cells: cities.Cells, week: int, *districts: str) -> cities.Cells:
    """These cells without a week of some districts."""
    return {k: of for k, of in cells.items() if k.week != week or k.stratum not in districts}


def test_weeks_that_no_comparison_needs_change_no_figure(town: Voucher) -> None:
    cells = cities.staggered(3)
    bring(town, cells, name="cells.csv")
    told = estimate(town, "r3")
    assert (told["cells_unused_weeks"], told["gaps"]) == ([], [])
    one = next(key for key in cells if (key.stratum, key.week) == ("1-0", 6))
    for week in (7, -5):
        more = {**cells, one._replace(week=week): cells[one]._replace(s=0, ss=0, sy=0)}
        bring(town, more, name=f"more{week}.csv")
        again = estimate(town, "r3")
        assert again["estimates"] == told["estimates"] and again["checks"] == told["checks"]
        assert again["cells_unused_weeks"] == [week]
    said = town("effect", "estimate", "r3", "--lang", "zh")
    assert "各项比较均不需要下列周" in said.out + said.err
    bring(town, without(cells, 6, "1-0"), name="less.csv")  # its window ends with week 4
    assert estimate(town, "r3")["estimates"] == told["estimates"]


def test_a_district_that_lacks_a_needed_week_is_named_and_a_group_is_not_lost_in_silence(
    town: Voucher,
) -> None:
    cells = cities.staggered(3)
    bring(town, without(cells, 2, "1-0"), name="one.csv")
    told = estimate(town, "r3")
    assert told["gaps"] == [{"district": "1-0", "start": 1, "weeks": [2]}]
    assert [each["given"] for each in told["estimates"]] == ["point", "point"]
    assert told["estimates"][0]["left_out"] == 50
    for lacking in (("1-0", "1-1"), ("None-0", "None-1")):
        bring(town, without(cells, 2, *lacking), name=f"{lacking[0]}.csv")
        told = estimate(town, "r3")
        assert [each["reason"] for each in told["estimates"]] == ["gaps", "gaps"]
        assert [each["district"] for each in told["gaps"]] == [*lacking]
    said = town("effect", "estimate", "r3", "-o", "csv").out
    assert "district,start,weeks\nNone-0,,2\nNone-1,,2\n" in said.replace("\r", "")
    chinese = town("effect", "estimate", "r3", "--lang", "zh", "-o", "csv").out
    assert "所缺周" in chinese and "是否成立" in chinese and "暂缓支付" not in chinese


def test_a_window_is_looked_at_by_the_districts_it_rests_on(town: Voucher) -> None:
    """Eight districts drift by themselves; sixty others, of which thirty begin later, do not."""
    drifting = cities.drifting(1, by=10.0)
    bring(town, drifting, name="drift.csv")
    told = estimate(town, "r3", "--window", "2,6")
    assert [each["starts"] for each in told["estimates"]] == [[1, 3], [1]]
    assert [each["reason"] for each in told["estimates"]] == ["pre_trend", "pre_trend"]
    calm = {key: of for key, of in drifting.items() if key.arrival != 1}
    bring(town, calm, name="calm.csv")
    assert estimate(town, "r3", "--window", "2")["estimates"][0]["given"] == "point"


def test_of_four_districts_that_begin_first_nothing_is_said(town: Voucher) -> None:
    cells = {
        key: of
        for key, of in cities.drifting(1).items()
        if key.arrival != 1 or int(key.stratum.split("-")[1]) < law.LEAST_DISTRICTS - 1
    }
    bring(town, cells, name="four.csv")
    long, longer = estimate(town, "r3", "--window", "6,7")["estimates"]
    assert (long["reason"], longer["reason"]) == ("few", "no_cells")
    said = town("effect", "plan", "r3", "--method", "waves", *MEI).out.replace("\n", " ")
    assert "at least 5 must begin in the same week" in said and "8 in all" in said
    assert str(law.LEAST_IN_WINDOW) in law.REASONS["few_districts"]
    assert str(surveys.LEAST_ANSWERS) in surveys.REASONS["few_answers"]


def test_a_survey_is_as_large_as_its_margin_asks(town: Voucher) -> None:
    size = ("effect", "survey-size", "r1")
    packs = town("round", "show", "r1", "-o", "json").data["packs"]
    told = town(*size, "--margin", "5", "--answering", "50", "-o", "json").data
    assert (told["people"], told["have_claims"], told["like"]) == (packs, False, None)
    needed = surveys.answers_for(0.05, packs)
    assert told["sizes"] == [{"figure": "people", "answers": needed, "asked": 2 * needed}]
    three = "r1,40,30,10,0\nr1,40,10,30,20\nr1,20,10,10,5\n"
    answers = "round,used,ordinary,by_voucher,of_own\n" + 10 * three
    file = towns.write("s.csv", answers)
    town("effect", "import", file, "--source", "x", *MEI, *LATER)
    survey = estimate(town, "r1")["survey"]
    half = float(survey["high"]) - float(survey["effect"])
    for code in ("r1", "r2"):  # of another round of the programme too
        told = town("effect", "survey-size", code, "--margin", "20", "-o", "json").data
        assert told["like"] == "r1"
        assert told["sizes"][1]["answers"] == min(packs, ceil(30 * (half / 0.2) ** 2))
    assert "尚无人领取" in town(*size, "--lang", "zh").out
    for wrong in (("--margin", "0"), ("--margin", "60"), ("--answering", "x")):
        assert "[bad_percentage]" in town(*size, *wrong, expect=2).err
    assert "[unknown_round]" in town("effect", "survey-size", "r9", expect=3).err


def test_answers_for_a_margin() -> None:
    assert [surveys.answers_for(0.05, people) for people in (10**7, 2000, 1)] == [385, 323, 1]
    assert surveys.answers_for(0.01, 100) == 99
    assert surveys.answers_like(100, 0.1, 0.05, 10**6) == 400
    assert [surveys.asked_for(385, each) for each in (10_000, 3_000)] == [385, 1284]


def test_nothing_to_compare_gives_bounds_alone(town: Voucher) -> None:
    town("effect", "plan", "r3", "--method", "none", *MEI)
    assert "Bounds alone" in town("effect", "plan", "r3", "--method", "none", *MEI).out
    told = estimate(town, "r3")
    assert {each["reason"] for each in told["estimates"]} == {"none"} and told["cells"] is None
    town("effect", "plan", "r3", "--method", "none", "--outcome", "own", *MEI)
    assert estimate(town, "r3")["estimates"][0]["low"] == "-1.00"


# ---------------------------------------------------------------- the report, the survey


def test_habitual_shoppers_show_a_gross_leverage_of_ten_and_no_effect(town: Voucher) -> None:
    """golden.yaml, habitual_shopper: they spend 100 each time anyway, and use 40-10."""
    towns.make_round(town, "habit", state="open")
    claims = towns.CLAIMS + "C1,habit,a,2020-03-27 08:00:30\n"
    town("claim", "import", towns.write("claims.csv", claims))
    rows = "T1,pay,C1,1,M1,2020-03-27 17:00:00,100,0,10,\n"
    town("redemption", "import", towns.write("paid.csv", towns.PAYMENTS + rows))
    words = ("effect", "report", "--round", "habit", "-o", "json")
    bounds = town(*words).data["rows"][0]
    assert (bounds["gross"], bounds["own_spend"], bounds["floor"]) == ("10.00", "9.00", "4.00")
    assert (bounds["low"], bounds["high"], bounds["reason"]) == ("0.00", "9.00", "no_cells")
    # one resident has a claim, the cells tell of thousands
    said = bring(town, cities.arrival(12, code="habit", effect=0.0), name="habit.csv", expect=4)
    assert "the cells tell of 6011 people, here are 1" in said.err
    town("effect", "plan", "habit2", "--method", "arrival", *MEI, expect=3)
    for each in ("redemptions", "claims"):
        batch = town("batch", "list", "--kind", each, "-o", "json").data["batches"][0]["batch"]
        town("batch", "undo", str(batch), "--yes", *MEI)
    batch = town("batch", "list", "--kind", "cells", "-o", "json").data["batches"][0]["batch"]
    town("batch", "retry", str(batch), *MEI)  # now nobody knows how many there are
    for file in ("claims.csv", "paid.csv"):
        town(
            file.replace("paid", "redemption").removesuffix("s.csv").removesuffix(".csv"),
            "import",
            file,
        )
    month = next(each for each in town(*words).data["rows"] if each["weeks"] == "4")
    assert month["given"] == "point" and float(month["low"]) < 0 < float(month["high"])
    said = town("effect", "report", "--round", "habit", "--as-of", "2020-03-27", "-o", "csv").out
    assert "10.00" in said


def test_the_report_shows_each_round_beside_what_papers_found(town: Voucher) -> None:
    told = town("effect", "report", "-o", "json").data
    keys = [(each["round"], each["weeks"], each["given"]) for each in told["rows"]]
    assert keys[0] == ("r1", "4", "point") and ("r2", "4", "point") in keys
    assert told["literature"][0]["found"] == "3.4 to 5.8"
    said = town("effect", "report", "--round", "r1").out
    assert "3.4 to 5.8" in said and "new consumption" not in said
    town("effect", "report", "-O", "effect.xlsx")
    town("effect", "report", "-O", "effect.html", "--lang", "zh")
    assert "不是" in Path("effect.html").read_text("utf-8")
    assert "unknown_round" in town("effect", "report", "--round", "r9", "-o", "json", expect=3).out
    assert "unknown_round" in town("effect", "estimate", "r9", "-o", "json", expect=3).out


def test_the_auditor_gets_plans_cells_answers_and_the_report(town: Voucher) -> None:
    head = "round,stratum,weight,answers,used,ordinary,by_voucher,of_own\n"
    file = towns.write("survey.csv", head + "r1,a,2,,100,90,10,50\n")
    town("effect", "import", file, "--source", "a survey", *MEI, *LATER)
    town("audit", "package", "p", *LATER)

    def rows(name: str) -> list[dict[str, str]]:
        return [*csv.DictReader(Path("p", f"{name}.csv").open(encoding="utf-8"))]

    plans = rows("effects/plans")
    assert [each["round"] for each in plans] == ["r1", "r3"]
    assert law.plan_of(plans[0]["terms"]).sha256 == plans[0]["sha256"]
    assert len([each for each in rows("effects/cells") if each["round"] == "r1"]) == 8
    assert rows("effects/survey_answers")[0]["of_own_yuan"] == "50.00"
    assert any(
        "r1" in line for line in Path("p/reports/effect.csv").read_text("utf-8").splitlines()
    )
    assert Path("p/reports/effect.zh.xlsx").stat().st_size > 1000


def test_a_survey_stands_beside_with_its_interval(town: Voucher) -> None:
    head = "round,stratum,weight,answers,used,ordinary,by_voucher,of_own\n"

    def ask(rows: str, expect: int = 0) -> Any:
        file = towns.write("survey.csv", head + rows)
        words = ("--source", "a survey", *MEI, *LATER, "-o", "json")
        return town("effect", "import", file, *words, expect=expect)

    # golden.yaml, survey_additionality: printed sums have no interval
    ask("r1,,,500,72440,43073,29366,17170\n")
    told = estimate(town, "r1")["survey"]
    assert (told["effect"], told["low"], told["answers"]) == ("0.6424", None, 500)
    assert "64.2 %" in town("effect", "estimate", "r1").out
    ask("r1,a,2,,100,90,10,50\nr1,a,2,,100,100,0,0\nr1,b,1,,50,0,50,50\nr1,b,1,,50,50,0,25\n")
    told = estimate(town, "r1")["survey"]
    # (2*60 + 2*0 + 100 + 25) / 500
    assert told["effect"] == "0.4900" and told["answers"] == 4
    assert (told["low"], told["no_interval"]) == (None, "few_answers")
    assert town("effect", "report", "-o", "json").data["surveys"][0]["no_interval"] == "few_answers"
    assert "答卷不足 30 份" in town("effect", "estimate", "r1", "--lang", "zh").out
    ask("r1,,,,100,0,0,0\n")
    assert estimate(town, "r1")["survey"]["low"] is None
    bad = "r1,,0,,1,0,0,0\nr1,,,,0,0,0,0\nr1,,,,1,-1,0,0\nr1,,,1.5,1,0,0,0\n"
    found = [each["where"] for each in json.loads(ask(bad, expect=4).out)["problems"]]
    assert found == ["survey.csv:2:3", "survey.csv:3:5", "survey.csv:4:6", "survey.csv:5:4"]
    batch = town("batch", "list", "--kind", "survey", "-o", "json").data["batches"][0]["batch"]
    town("batch", "undo", str(batch), "--yes", *MEI)
    town("batch", "undo", str(batch - 1), "--yes", *MEI)
    assert estimate(town, "r1")["survey"]["answers"] == 4


def answer(stratum: str, used: int, extra: int) -> surveys.Said:
    """A single answer."""
    return surveys.Said(stratum, Fraction(1), 1, used, used - extra, extra, 0)


def test_an_interval_of_answers_is_by_students_t_and_not_of_a_few() -> None:
    """Of a stratum offsets are 30, -30 ...: the variance is known, and so the half."""
    thirty = [answer("a", 100, 80 if each % 2 else 20) for each in range(30)]
    said = surveys.additional(thirty)
    half = 2.0452 * math.sqrt(30 / 29 * 30 * 30**2) / 3_000  # t of 29
    assert said.effect == "0.5000" and said.no_interval is None
    assert float(said.high or 0) - 0.5 == pytest.approx(half, abs=2e-4)
    assert surveys.additional(thirty[:29]).no_interval == "few_answers"
    assert surveys.additional([*thirty, answer("b", 100, 50)]).no_interval == "single_answer"
    both = [*thirty, *(each._replace(stratum="b") for each in thirty[:2])]
    assert surveys.additional(both).low is not None
    assert surveys.additional([each._replace(answers=2) for each in thirty]).low is None


def test_intervals_of_thirty_answers_hold_the_truth() -> None:
    held, cities_ = 0, 400
    for seed in range(cities_):
        chance = np.random.default_rng(seed)
        used = chance.integers(1_000, 10_000, surveys.LEAST_ANSWERS)
        extra = (used * chance.uniform(0, 1, surveys.LEAST_ANSWERS)).astype(int)
        said = surveys.additional(
            answer("", int(one), int(other)) for one, other in zip(used, extra, strict=True)
        )
        held += float(said.low or 1) <= 0.5 <= float(said.high or 0)
    assert 0.92 <= held / cities_ <= 0.98


SPOILED = {
    "another text": ("UPDATE effect_plans SET terms = json_set(terms, '$.windows', '[1]')", PLANS),
    "another time": ("UPDATE effect_plans SET sealed_at = 1 WHERE plan_id = 1", PLANS),
    "another sum": ("UPDATE effect_cells SET y = '1' WHERE line = 2", "facts_as_written"),
    "no cell": ("DELETE FROM effect_cells WHERE line = 2", "effects_as_logged"),
    "another batch": ("UPDATE effect_cells SET batch_id = 1 WHERE line = 2", "effects_as_logged"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_changed_behind_the_program_is_found(town: Voucher, name: str) -> None:
    statement, check = SPOILED[name]
    with closing(sqlite3.connect("voucher.db")) as db:
        if statement.startswith("UPDATE"):
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(statement)
            db.execute(f"DROP TRIGGER {statement.split()[1]}_never_change")
        db.execute(statement)
        db.commit()
    told = town("check", "-o", "json", *LATER, expect=5).data["checks"]
    assert check in {each["check"] for each in told if each["breaches"]}


# ---------------------------------------------------------------- the core


def test_lots_are_hc2_of_a_regression_on_people() -> None:
    """Held against the regression itself: within strata, people by people, HC2."""
    chance = np.random.default_rng(8)
    n = 60
    stratum, won = chance.integers(0, 2, n), chance.permutation(n) < 25
    y, s = chance.gamma(2, 50, n), np.where(won, chance.gamma(1, 20, n), 0.0)
    y, s = np.round(y, 2), np.round(s, 2)
    sides = []
    for arm in (won, ~won):
        cells = {
            law.Key("r", "", None, 4, str(g)): cities.moments(
                y[arm & (stratum == g)], s[arm & (stratum == g)], 0 * y[arm & (stratum == g)]
            )
            for g in (0, 1)
        }
        sides.append(core.by_stratum(cells))
    found = core.lots(*sides)
    centred = (stratum == 1) - (stratum == 1).mean()
    design = np.column_stack([np.ones(n), won, centred, won * centred])
    bread = np.linalg.inv(design.T @ design)
    line = bread @ design.T @ y
    leverage = np.einsum("ij,jk,ik->i", design, bread, design)
    meat = (design * ((y - design @ line) ** 2 / (1 - leverage))[:, None]).T @ design
    assert found.by[0] == pytest.approx(line[1])
    assert found.cov[0, 0] == pytest.approx((bread @ meat @ bread)[1, 1])


def test_students_t_is_near_its_tables() -> None:
    for freedom, expected in ((3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1e6, 1.960)):
        assert intervals.t_95(freedom) == pytest.approx(expected, rel=0.015)
        assert law.two_sided_t(expected, freedom) == pytest.approx(0.05, rel=0.04)


def test_the_order_to_a_platform_asks_for_the_cells(town: Voucher) -> None:
    towns.make_round(town, "r5", "--platform", "alipay")
    order = Path("outbox/alipay/town-r5-order-1.json")

    def told() -> Any:
        ordered = town("round", "order", "r5", *MEI, "-o", "json").data
        return json.loads(Path(ordered["file"]).read_text("utf-8"))

    assert "effect_cells" not in told()
    plan = town(
        "effect", "plan", "r5", "--window", "1,4", "--strata", "district", *MEI, "-o", "json"
    ).data
    asked = told()  # what the platform holds says less: it gets the next one
    assert (asked["number"], asked["supersedes"]) == (2, 1)
    assert asked["effect_cells"] == {
        "plan_sha256": plan["sha256"],
        "outcome": "spending",
        "weeks": [-4, 1, 4],
        "stratum": "district",
        "smallest_cell": 20,
        "arrival_within": plan["plan"]["bandwidth"],
        "columns": cities.text().split()[0].split(","),
    }
    assert order.is_file() and told()["number"] == 2  # nothing new: the same once more


def test_districts_that_the_plan_counts_must_all_be_told_of(town: Voucher) -> None:
    plan = ("effect", "plan", "r3", "--method", "waves", "--window", "1,4", *MEI)
    before = town(*plan, "-o", "json").data
    assert "districts" not in law.plan_of(json.dumps(before["plan"])).text  # as it was before
    counted = town(*plan, "--districts", "24", "-o", "json").data
    assert counted["plan"]["districts"] == 24 and counted["sha256"] != before["sha256"]
    assert "24 个区县" in town(*plan, "--districts", "24", "--lang", "zh").out
    assert "遗漏区县" in town(*plan, "--lang", "zh").out
    town(*plan, "--districts", "24")
    cells = cities.waves(5)
    bring(town, cells, name="all.csv")
    told = estimate(town, "r3")
    assert (told["follows_plan"], told["estimates"][1]["given"]) == ("yes", "point")
    bring(town, {k: of for k, of in cells.items() if k.stratum != "d3"}, name="fewer.csv")
    assert {each["reason"] for each in estimate(town, "r3")["estimates"]} == {"lost_districts"}
    assert estimate(town, "r3", "--method", "none")["departs"] == ["method", "districts"]
    refused = town("effect", "plan", "r1", "--districts", "24", *MEI, expect=2).err
    assert "[bad_plan]" in refused and "--method waves" in refused
