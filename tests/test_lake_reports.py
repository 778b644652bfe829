"""Reports on a lake: row by row the figures of the cities' own files."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import lakes
import pytest
import towns
from lakes import DAY, LAST, export
from test_days import MEI, STAFF, close, payments, why

from vouchercli.rules.canonical import own_digest

pytest.importorskip("polars")
BY = (
    "round", "family", "template", "coupon", "day", "week", "month", "district", "industry", "size",
    "brand", "designated_size", "merchant", "platform", "channel", "district,industry",
    "day,merchant", "round,coupon", "week,round", "brand,channel",
)  # fmt: skip
LAKE = ("--lake", "lake")


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """A city of which two exports lie in the lake: of 28 March, and after late rows and
    corrections of 1 April; behind them more has come.
    """

    def build() -> None:
        lakes.build(voucher)
        export(voucher)
        lakes.go_on(voucher)
        close(voucher, LAST)
        export(voucher)
        payments(voucher, "p3.csv", "T9 C4 2 2020-04-02 10:00")

    once("lake reports", build)
    return voucher


def data(voucher: Any, *args: str, **ran: Any) -> dict[str, Any]:
    return dict(voucher("report", *args, "-o", "json", **ran).data)


def plain(value: Any) -> Any:
    """Without the city before names, and without names of merchants."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if key != "name"}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.removeprefix("330100/") if isinstance(value, str) else value


def test_a_span_in_which_nothing_can_lie_is_refused(town: Any) -> None:
    ran = town(*("report", "leverage", "--since", "2020-03-30", "--until", DAY, *LAKE), expect=2)
    assert "[empty_window]" in ran.err


@pytest.mark.parametrize("by", BY)
def test_leverage_is_that_of_the_city(town: Any, by: str) -> None:
    spans = (
        ("--as-of", DAY),
        ("--since", DAY, "--until", "2020-03-30"),
        ("--as-of", "2020-03-31", "--until", DAY),  # the earlier counts
    )
    for more in ((), *spans):
        asked = ("leverage", "--by", by, "--funders", *more)
        of_lake = data(town, *asked, *LAKE)
        own = data(town, *asked, "--known-on", LAST)
        assert own["rows"] and own["total"]["base_fen"]
        assert plain(of_lake["rows"]) == plain(own["rows"])
        assert of_lake["total"] == own["total"]
    order = ("--sort", "gross", "--limit", "1")
    of_lake = data(town, "leverage", "--by", by, *order, *LAKE)
    assert plain(of_lake["rows"]) == plain(
        data(town, "leverage", "--by", by, *order, "--known-on", LAST)["rows"]
    )


@pytest.mark.parametrize("day", [DAY, LAST])
def test_rounds_are_those_of_the_city(town: Any, day: str) -> None:
    own = data(town, "rounds", "--known-on", day)["rows"][0]
    found = plain(data(town, "rounds", "--as-of", day, *LAKE)["rows"][0])
    # of fewer than ten residents nobody is counted, and nobody's application is in a lake
    for key in ("users", "claimers", "users_of_claimers"):
        assert found.pop(key) is None and own.pop(key) is not None
    for key in ("last_application_no", "last_applied_at"):
        own.pop(key)
        found.pop(key)
    assert found == own


def test_funds_are_those_of_the_city(town: Any) -> None:
    own, found = data(town, "funds", "--as-of", LAST), data(town, "funds", *LAKE)
    assert [{key: row[key] for key in own["funds"][0]} for row in found["funds"]] == own["funds"]
    assert plain(found["by_round"]) == own["by_round"]
    public = [row for row in found["together"] if row["kind"] == "public"]
    assert [row["redeemed_fen"] for row in public] == [2400, 800]


def test_merchants_are_those_of_the_city(town: Any) -> None:
    own, found = (data(town, "merchants", *how) for how in (("--as-of", LAST), LAKE))
    for key in ("summary", "by_size", "by_district", "by_industry", "first", "lorenz"):
        assert plain(found[key]) == plain(own[key]), key


def test_sums_so_far_and_only_some_rounds(town: Any) -> None:
    asked = ("leverage", "--by", "day", "--cumulative")
    known = ("--known-on", LAST)
    assert data(town, *asked, *LAKE)["rows"] == data(town, *asked, *known)["rows"]
    asked = ("leverage", "--by", "day", "--round", "r1")
    assert data(town, *asked, *LAKE)["rows"] == data(town, *asked, *known)["rows"]
    assert why(town("report", *asked[:-1], "r9", *LAKE, "-o", "json", expect=3)) == "unknown_round"


def test_what_a_lake_cannot_say_is_refused(town: Any) -> None:
    def refused(*args: str, expect: int = 2) -> str:
        return why(town("report", *args, "-o", "json", expect=expect))

    assert refused("leverage", *LAKE, "--as-of", "2020-03-28 12:00") == "lake_whole_days"
    assert refused("leverage", *LAKE, "--known-on", DAY) == "not_of_lakes"
    assert refused("leverage", *LAKE, "--by", "moon") == "unknown_grouping"
    assert refused("leverage", *LAKE, "--by", "city", "--cumulative") == "not_by_time"
    assert refused("leverage", "--by", "city") == "unknown_grouping"
    assert refused("leverage", "--engine", "local") == "no_lake_named"
    assert refused("leverage", *LAKE, "--engine", "abacus") == "unknown_engine"
    assert refused("leverage", "--lake", "nowhere", expect=3) == "no_lake"
    assert refused("leverage", *LAKE, "--city", "420100", expect=3) == "lake_empty"
    assert refused("compare", "r1", *LAKE) == "too_few_subjects"
    assert refused("compare", "330100", "r9", *LAKE, expect=3) == "unknown_subject"


def test_a_round_that_began_between_two_exports_counts(town: Any) -> None:
    """Also in a report of a day before the second one, of which the first knew no such round."""
    towns.make_round(town, "r2", packs=6, state="open", closes="2020-04-20")
    claims = towns.write("c4.csv", towns.CLAIMS + "D1,r2,P9,2020-03-30 09:00\n")
    town("claim", "import", claims, *MEI)
    payments(town, "p4.csv", "U1 D1 1 2020-03-31 10:00")
    close(town, "2020-04-02")
    export(town)
    for report in (("leverage", "--as-of", DAY), ("leverage", "--as-of", "2020-03-31")):
        own = data(town, *report, "--known-on", "2020-04-02")
        found = data(town, *report, *LAKE)
        assert (plain(found["rows"]), found["total"]) == (plain(own["rows"]), own["total"])
    assert [row["key"] for row in found["rows"]] == ["330100/r1", "330100/r2"]


def test_a_bare_round_is_compared_where_one_city_has_it(town: Any) -> None:
    first, second = data(town, "compare", "r1", "330100/r1", *LAKE)["subjects"]
    assert first["base_fen"] == second["base_fen"] > 0
    town("lake", "export", "lake", "--city", "330200")
    ran = town("report", "compare", "330100", "r1", *LAKE, expect=3)
    assert "[several_rounds]" in ran.err
    assert "name one of 330100/r1, 330200/r1" in ran.err


def test_hints_name_the_folder(town: Any) -> None:
    shutil.copytree("lake", "湖")
    asked = ("--lake", "湖")
    for words, hint in (
        (("compare", "330100", "r9"), "voucher lake list 湖, or voucher report rounds --lake 湖"),
        (("compare", "330100"), "voucher report compare 330100 330200 --lake 湖"),
        (("leverage", "--round", "r9"), "voucher report rounds --lake 湖"),
    ):
        assert hint in town("report", *words, *asked, expect=None).err
    path = next(Path("湖").rglob("payments-20200328-*.parquet"))
    path.write_bytes(bytes(path.stat().st_size))
    assert "voucher lake check 湖 says which" in town("report", "rounds", *asked, expect=3).err
    Path("湖/330100/town/manifest.json").unlink()
    said = town("report", "rounds", *asked, expect=3).err
    assert "voucher lake export 湖 --city 330100" in said


def test_what_is_missing_makes_it_partial(town: Any) -> None:
    def codes(*args: str, expect: int = 4) -> list[str]:
        ran = town("report", *args, *LAKE, "-o", "json", expect=expect)
        return [each["code"] for each in json.loads(ran.out)["problems"]]

    assert codes("leverage", "--expect", "330100,420100") == ["lake_missing"]
    assert codes("leverage", "--expect", "420100", "--allow-partial", expect=0) == ["lake_missing"]
    assert codes("leverage", "--as-of", "2020-05-01") == ["lake_behind"]
    assert codes("rounds", "--as-of", "2020-03-30", expect=3) == ["lake_empty", "lake_no_such_day"]
    path = next(Path("lake").rglob("funds-*.parquet"))
    path.unlink()
    assert codes("funds", expect=3) == ["lake_empty", "lake_not_whole"]


def test_other_figures_than_the_citys_own_are_no_report(town: Any) -> None:
    import polars as pl

    from vouchercli.formats.columnar import lake_files

    path = next(Path("lake").rglob("payments-20200328-*.parquet"))
    listed = json.loads(Path("lake/330100/town/manifest.json").read_text("utf-8"))
    pl.read_parquet(path).with_columns(base_fen=pl.col("base_fen") + 1).write_parquet(path)
    for each in listed["files"]:
        if each["path"].endswith(path.name):
            each["bytes"], each["sha256"] = lake_files.digest(path)
    text = json.dumps(listed | {"sha256": own_digest(listed)})
    Path("lake/330100/town/manifest.json").write_text(text, "utf-8")
    ran = town("report", "leverage", *LAKE, "-o", "json", expect=5)
    assert {each["code"] for each in json.loads(ran.out)["problems"]} == {"lake_differs"}
    path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    assert why(town("report", "leverage", *LAKE, "-o", "json", expect=3)) == "lake_engine"


def test_two_cities_are_added_up_and_told_apart(town: Any) -> None:
    """The same synthetic town twice, under another code."""
    town("lake", "export", "lake", "--city", "330200", "-o", "json")
    own = data(town, "leverage", *LAKE, "--city", "330100")["total"]
    for by, keys in (
        ("city", ["330100", "330200"]),
        ("province", ["330000"]),
        ("district", ["330100/上城区", "330100/西湖区", "330200/上城区", "330200/西湖区"]),
        ("industry", ["零售", "餐饮"]),
        ("city,month", ["330100", "330200"]),
    ):
        found = data(town, "leverage", "--by", by, *LAKE)
        assert [row["key"] for row in found["rows"]] == keys
        assert found["total"]["base_fen"] == 2 * own["base_fen"]
        assert found["total"]["merchants"] == 2 * own["merchants"]
        assert sum(row["subsidy_fen"] for row in found["rows"]) == 2 * own["subsidy_fen"]
        assert found["cities"] == ["330100", "330200"]
    assert data(town, "leverage", "--by", "city", *LAKE)["rows"][0]["claimed_vouchers"] == 8
    assert [row["city"] for row in data(town, "leverage", *LAKE)["coverage"]] == [
        "330100",
        "330200",
    ]
    assert len(data(town, "rounds", *LAKE, "--city", "330000")["rows"]) == 2
    found = data(town, "merchants", *LAKE)
    one = data(town, "merchants", *LAKE, "--city", "330200")
    assert found["summary"]["registered"] == 2 * one["summary"]["registered"]
    assert [row["merchant_no"] for row in one["first"]] == ["330200/M2", "330200/M1"]
    sides = data(town, "compare", "330100", "330000", "330200/r1", *LAKE)["subjects"]
    city, province, single = (each["base_fen"] for each in sides)
    assert (2 * city, city) == (province, single)
    alone = data(town, "compare", "r1", "town", "--as-of", LAST)["subjects"][0]
    for key in ("claimed", "redemptions", "floor", "merchants", "outstanding_fen", "expired_fen"):
        assert sides[2][key] == alone[key], key


def test_unequal_names_are_bridged_and_what_is_not_is_said(town: Any) -> None:
    """上城区 and 西湖区 are of Hangzhou, not of Nanchang; 餐饮 and 零售 are sections H and F."""
    town("lake", "export", "lake", "--city", "360100", "-o", "json")
    ran = town("report", "leverage", "--by", "county", *LAKE, "-o", "json")
    counts = {row["key"]: (row["name"], row["redemptions"]) for row in ran.data["rows"]}
    assert counts["330106"] == ("西湖区", 3)
    assert counts["360103"] == ("西湖区", 3)
    assert counts["330102"][0] == "上城区"
    assert counts[""][0] == ""
    assert (
        "No code of GB/T 2260 for: 360100/上城区"
        in town("report", "leverage", "--by", "county", *LAKE).err
    )
    found = data(town, "leverage", "--by", "section,county", *LAKE)
    assert found["total"].pop("second_key") is None
    assert found["total"] == ran.data["total"]
    assert {row["key"] for row in found["rows"]} == {"F 批发和零售业", "H 住宿和餐饮业"}
    assert data(town, "leverage", "--by", "city", *LAKE)["rows"][0]["name"] == "杭州市"


def test_shares_of_funders_add_up(town: Any) -> None:
    """Central, province and city are funders; what they paid comes to what vouchers paid."""
    town("lake", "export", "lake", "--city", "360100", "-o", "json")
    found = data(town, "leverage", "--by", "province", "--funders", *LAKE)
    for row in (*found["rows"], found["total"]):
        assert sum(row["funders"].values()) == row["subsidy_fen"]
        assert row["funders"]["treasury"] == 3 * row["funders"]["district"] > 0
    together = data(town, "funds", *LAKE)["together"]
    assert sum(row["redeemed_fen"] for row in together) == found["total"]["paid_fen"]


def test_every_report_of_a_lake_in_words(town: Any) -> None:
    for report in ("leverage", "rounds", "funds", "merchants", "fairness"):
        out = town("report", report, *LAKE, "--lang", "zh").out
        assert "330100" in out and "覆盖范围" in out, report
    for by, word in (
        ("city", "城市"),
        ("province,section", "省份, 行业门类"),
        ("county", "国标区县"),
    ):
        out = town("report", "leverage", "--by", by, *LAKE, "--lang", "zh").out
        assert out.startswith(f"杠杆率（按{word}）"), by
    out = town("report", "compare", "330100", "330000", *LAKE).out
    assert "330100" in out and "Left out, since no lake has it" in out


def changed(**about: Any) -> None:
    """Write the manifest of the town with other words."""

    path = Path("lake/330100/town/manifest.json")
    document = json.loads(path.read_text("utf-8")) | about
    path.write_text(json.dumps(document | {"sha256": own_digest(document)}), "utf-8")


def test_rehearsals_and_other_money_are_left_out(town: Any) -> None:
    def refused() -> list[str]:
        ran = town("report", "leverage", *LAKE, "-o", "json", expect=3)
        return [each["code"] for each in json.loads(ran.out)["problems"]]

    changed(is_rehearsal=True)
    assert refused() == ["lake_empty", "lake_rehearsal"]
    assert town("lake", "list", "lake", "-o", "json").data["programmes"][0]["state"] == "rehearsal"
    changed(is_rehearsal=False, currency="JPY")
    assert refused() == ["lake_empty", "lake_currency"]
    changed(currency="CNY", zone="Asia/Tokyo")
    assert refused() == ["lake_empty", "lake_zone"]


def test_a_lake_that_begins_later_says_so(town: Any) -> None:
    town("lake", "export", "late", "--city", "330100", "--since", DAY)
    Path("late/notes/any").mkdir(parents=True)  # no city: not looked at
    ran = town("report", "leverage", "--lake", "late", "-o", "json", expect=4)
    assert [each["code"] for each in json.loads(ran.out)["problems"]] == ["lake_begins_late"]
    since = ("--since", DAY)
    own = data(town, "leverage", *since, "--known-on", LAST)["total"]
    assert data(town, "leverage", *since, "--lake", "late")["total"] == own
    assert ran.data["total"]["base_fen"] == own["base_fen"]


def again() -> None:
    """The programme's files again, under another name."""
    import polars as pl

    from vouchercli.formats.columnar import lake_files

    shutil.copytree("lake/330100/town", "lake/330100/second")
    path = Path("lake/330100/second/manifest.json")
    document = json.loads(path.read_text("utf-8")) | {"programme": "second"}
    for each in document["files"]:
        file = path.parent / each["path"]
        frame = pl.read_parquet(file).with_columns(
            programme=pl.lit("second"),
            **({"industry": pl.lit("文旅")} if each["table"] == "payments" else {}),
        )
        frame.write_parquet(file)
        each["bytes"], each["sha256"] = lake_files.digest(file)
    path.write_text(json.dumps(document | {"sha256": own_digest(document)}), "utf-8")


def test_two_programmes_of_a_city_are_told_apart(town: Any) -> None:
    again()
    keys = [row["key"] for row in data(town, "leverage", *LAKE)["rows"]]
    assert keys == ["330100/second/r1", "330100/town/r1"]
    assert data(town, "merchants", *LAKE)["summary"]["registered"] == 2  # the city has no more
    only = data(town, "leverage", *LAKE, "--programme", "town")["total"]["merchants"]
    assert data(town, "leverage", *LAKE)["total"]["merchants"] == only == 2
    [of_city] = data(town, "leverage", "--by", "city", *LAKE)["rows"]
    assert of_city["merchants"] == 2
    ran = town("report", "leverage", "--by", "section", *LAKE)
    assert "No section of GB/T 4754 for: 文旅; they stand under (no match)." in ran.err
    only = ("leverage", *LAKE, "--programme", "town")
    assert [row["key"] for row in data(town, *only)["rows"]] == ["330100/r1"]


def test_where_no_size_is_small_nobody_is_small(town: Any) -> None:
    """Not those without a size either."""
    pl = pytest.importorskip("polars")
    from vouchercli.store import lake_merchants
    from vouchercli.store import lake_queries as sql
    from vouchercli.store.lake_engine import Local

    frame = pl.read_parquet(next(Path("lake").rglob("payments-20200328-*.parquet")))
    columns = {name: "text" if kind == pl.String else "int" for name, kind in frame.schema.items()}
    engine = Local("lake")
    engine.rows("payments", columns, frame.with_columns(size=pl.lit("")).rows())
    rounds = [("330100", "town", "r1", "", "", 20200401)]
    engine.rows("asked_rounds", sql.ROUNDS, rounds)
    engine.rows("asked_days", sql.DAYS, [(20200327, "", ""), (20200328, "", "")])
    for sizes, small in ((["", "large"], 0), (["", "small"], 0)):
        assert engine.ask(lake_merchants.counts((), sizes)) == [("330100", "", "", 1, 0, small)]


LIST = "resident,group,district\n" + "".join(
    f"P{at},{('old', 'new')[at % 3 == 0]},{('上城', '下城')[at < 14]}\n" for at in range(1, 27)
)


@pytest.fixture
def lists(voucher: Any, once: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A city with lists of residents and a lottery, sealed; behind its head more came."""

    def build() -> None:
        towns.build(
            voucher,
            towns.programme(staff={"mei": "maker", "lin": "checker"}, clock={"jump": "90 days"}),
            towns.pack("pack", towns.coupon("10", "40", 2)),
            merchants="merchant_no,name\nM1,a\n",
        )
        voucher("eligibility", "import", towns.write("e.csv", LIST), "--actor", "mei")
        towns.make_round(voucher, "r1", packs=40, state="open", closes="2020-04-20")
        claims = "".join(f"C{at},r1,P{at},2020-03-27 09:00:{at:02d}\n" for at in range(1, 24))
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims), *MEI)
        payments(voucher, "p.csv", *(f"T{at} C{at} 1 2020-03-27 10:00" for at in range(1, 16)))
        towns.make_round(voucher, "lot", "--mode", "lottery", packs=10, closes="2020-04-20")
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-25 09:00")
        closes = ("--registration-closes", "2020-03-26 20:00")
        voucher("draw", "commit", "lot", *closes, "--actor", "mei")
        rows = "".join(
            f"A{at:02},lot,who{at},2020-03-25 10:00:00,,{'上城' if at % 2 else '下城'}\n"
            for at in range(40)
        )
        header = "application_no,round,resident,applied_at,group,district\n"
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-27 08:00")
        voucher("application", "import", towns.write("a.csv", header + rows), *MEI)
        voucher("round", "open", "lot", *MEI)
        voucher("draw", "run", "lot", "--to", "out", *MEI)
        close(voucher, DAY)
        monkeypatch.setenv("VOUCHER_NOW", "2020-07-01 09:00")
        payments(voucher, "p2.csv", "T90 C20 1 2020-03-27 12:00")

    once("lake lists", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-07-01 09:00")
    return voucher


def test_where_a_district_is_hidden_there_is_no_sum(lists: Any) -> None:
    export(lists, "--min-cell", "19")
    found = data(lists, "fairness", *LAKE)
    hidden = [row["eligible"] for row in found["by_district"]]
    assert None in hidden
    [city] = found["city_residents"]
    assert (city["city"], city["eligible"], city["claimers"]) == ("330100", None, None)
    assert "None" not in lists("report", "fairness", *LAKE).out
    # 23 claimed in r1, 15 of them used; 40 applied for ten packs
    [first, _] = data(lists, "rounds", *LAKE)["rows"]
    assert (first["claimed"], first["users"], first["claimers"]) == (23, None, None)
    assert found["lotteries"] == []


def test_residents_of_two_programmes_are_told_apart(lists: Any) -> None:
    """Nobody knows who is on both lists, so the report says that such people count twice."""
    export(lists)
    note = "Several programmes of 330100 have lists"
    assert note not in lists("report", "fairness", *LAKE).out
    again()
    ran = lists("report", "fairness", *LAKE)
    assert note in ran.out.replace("\n", " ")
    rows = data(lists, "fairness", *LAKE)["city_residents"]
    assert [(row["city"], row["programme"], row["claimers"]) for row in rows] == [
        ("330100", "second", 23),
        ("330100", "town", 23),
    ]


def test_how_packs_were_given_out_must_be_alike(lists: Any) -> None:
    """A race and a draw: which share was claimed, and how soon, says nothing of both."""
    export(lists)
    ran = lists("report", "compare", "330100/r1", "330100/lot", *LAKE)
    note = "Left out, since packs were given out in different ways (330100/r1 fcfs, 330100/lot"
    assert note in ran.out.replace("\n", " ")
    sides = data(lists, "compare", "330100/r1", "330100/lot", *LAKE)["subjects"]
    assert [row["claim_rate"] for row in sides] == [None, None]
    sides = data(lists, "compare", "330100/r1", "330100", *LAKE)["subjects"]
    assert {row["claim_rate"] for row in sides} == {None}  # the city has both


def test_fairness_is_as_it_was_known(lists: Any) -> None:
    """A payment that came behind the head is taken off."""
    export(lists, "--min-cell", "1")
    own, found = (data(lists, "fairness", *how) for how in (("--as-of", DAY), LAKE))
    for key in ("by_group", "by_district"):
        for mine, theirs in zip(plain(found[key]), own[key], strict=True):
            late = theirs["key"] in ("new", "old")[1:] + ("上城", "下城")[:1]
            assert mine["subsidy_fen"] == theirs["subsidy_fen"] - 1000 * late
            assert mine["eligible"] == theirs["eligible"]
            assert mine["claimers"] == theirs["claimers"]
    assert found["city_residents"][0]["claimers"] == 23
    assert plain(found["lotteries"]) == own["lotteries"] != []
    assert (found["tried_often"], found["never_won"]) == (0, 0)
    own, found = data(lists, "rounds", "--known-on", DAY), data(lists, "rounds", *LAKE)
    keys = ("users", "claimers", "users_of_claimers")
    assert [found["rows"][0][key] for key in keys] == [own["rows"][0][key] for key in keys]
    assert own["rows"][0]["users"] == 15


def test_what_cannot_be_compared_is_said(lists: Any) -> None:
    """Another city, with other vouchers and other days."""
    export(lists)
    Path("other").mkdir()
    db = ("--db", "other/voucher.db")

    def other(*args: str, **ran: Any) -> Any:
        return lists(*args, *db, **ran)

    staff = {"mei": "maker", "lin": "checker"}
    towns.build(
        other,
        towns.programme(staff=staff, clock={"jump": "200 days"}),
        towns.pack("pack", towns.coupon("30", "100", 1)),
        merchants="merchant_no,name\nM1,a\n",
    )
    terms = {"packs": 12, "opens": "2020-07-02 08:00", "closes": "2020-07-09 08:00"}
    towns.make_round(other, "r1", state="open", **terms)
    text = "".join(f"C{at},r1,P{at},2020-07-02 09:00:{at:02d}\n" for at in range(12))
    now = ("--now", "2020-07-05 09:00", *MEI)
    other("claim", "import", towns.write("c9.csv", towns.CLAIMS + text), *now)
    row = "T1,pay,C1,1,M1,2020-07-03 10:00:00,120,0,30,\n"
    other("redemption", "import", towns.write("p9.csv", towns.PAYMENTS + row), *now)
    other("day", "close", "2020-07-03", *now)
    other("lake", "export", "lake", "--city", "330200")
    out = lists("report", "compare", "330100", "330200", *LAKE).out.replace("\n", " ")
    assert "They opened on different days: 330100 2020-03-27, 330200 2020-07-02." in out
    assert "known up to different days: 330100 2020-03-28, 330200 2020-07-03" in out
    assert "Their vouchers differ: 330100 40-10; 330200 100-30." in out


def test_few_residents_are_not_counted(lists: Any) -> None:
    export(lists)
    found = data(lists, "fairness", *LAKE)
    told = {row["key"]: row["eligible"] for row in found["by_group"]}
    # eight of the new: nobody is counted, and since the total is known, neither are the old
    assert told == {"330100/new": None, "330100/old": None}
    assert {row["key"]: row["claimers"] for row in found["by_district"]} == {
        "330100/上城": 10,
        "330100/下城": 13,
    }
    assert found["lotteries"] == []  # less than ten winners of a district


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(11, 20))
def test_a_random_city_is_the_same_in_both(voucher: Any, seed: int) -> None:
    """Two rounds, two coupons, three kinds of merchants, refunds, rows that come late, by chance;
    exported twice.
    """
    dice = random.Random(seed)
    shops = "".join(
        f"M{at},{at},{dice.choice('ABC')}区,{dice.choice(['餐饮', '零售', ''])},"
        f"{dice.choice(['small', 'large', ''])},{dice.choice(['', 'X'])},\n"
        for at in range(8)
    )
    header = "merchant_no,name,district,industry,size,brand,designated_size\n"
    coupons = (towns.coupon("10", "40", 2), towns.coupon("20", "80", 1))
    towns.build(
        voucher,
        towns.programme(staff=STAFF, clock={"jump": "90 days"}),
        towns.pack("pack", *coupons),
        merchants=header + shops,
    )
    for code in ("r1", "r2"):
        towns.make_round(voucher, code, packs=30, state="open", closes="2020-04-20")
    rows = [
        f"{code}-{at},{code},P{at},2020-03-{dice.randrange(27, 31)} 09:00:{at:02d}\n"
        for code in ("r1", "r2")
        for at in range(20)
    ]
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + "".join(rows)), *MEI)

    def pay(name: str, count: int) -> None:
        lines = []
        for at in range(count):
            no, code, day = f"{name}{at}", dice.choice(["r1", "r2"]), dice.randrange(30, 32)
            claim, coupon = f"{code}-{dice.randrange(20)}", dice.choice([1, 2, 3])
            fen, amount = ((10, 20)[coupon == 3], dice.randrange(80, 200))
            shop, hour = f"M{dice.randrange(8)}", dice.randrange(10, 23)
            lines.append(
                f"{no},pay,{claim},{coupon},{shop},2020-03-{day} {hour}:00:00,{amount},0,{fen},\n"
            )
            if dice.random() < 0.3:
                lines.append(
                    f"R{no},refund,{claim},{coupon},{shop},2020-03-{day} 23:30:00,{amount},0,{fen},"
                    f"{no}\n"
                )
        text = towns.PAYMENTS + "".join(lines)
        voucher("redemption", "import", towns.write(f"{name}.csv", text), *MEI, expect=None)

    pay("a", 50)
    close(voucher, "2020-03-30")
    export(voucher)
    pay("b", 40)
    close(voucher, LAST)
    export(voucher)
    voucher("lake", "check", "lake")
    for by in ("round", "coupon", "merchant", "district,size", "day", "brand,industry"):
        own = data(voucher, "leverage", "--by", by, "--known-on", LAST)
        found = data(voucher, "leverage", "--by", by, *LAKE)
        assert plain(found["rows"]) == plain(own["rows"]) != []
        assert found["total"] == own["total"]
