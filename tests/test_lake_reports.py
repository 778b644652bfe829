"""Reports on a lake: row by row the figures of the cities' own files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lakes
import pytest
from lakes import DAY, LAST, export
from test_days import close, why

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
        from test_days import payments

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


@pytest.mark.parametrize("by", BY)
def test_leverage_is_that_of_the_city(town: Any, by: str) -> None:
    for more in ((), ("--as-of", DAY), ("--since", DAY, "--until", "2020-03-30")):
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
    assert refused("leverage", *LAKE, "--engine", "spark://h:7077", expect=3) == "no_spark"
    assert refused("leverage", "--lake", "nowhere", expect=3) == "no_lake"
    assert refused("leverage", *LAKE, "--city", "420100", expect=3) == "lake_empty"
    assert refused("compare", "r1", *LAKE) == "too_few_subjects"
    assert refused("compare", "330100", "r9", *LAKE, expect=3) == "unknown_subject"


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
    from vouchercli.rules import lake

    path = next(Path("lake").rglob("payments-20200328-*.parquet"))
    listed = json.loads(Path("lake/330100/town/manifest.json").read_text("utf-8"))
    pl.read_parquet(path).with_columns(base_fen=pl.col("base_fen") + 1).write_parquet(path)
    for each in listed["files"]:
        if each["path"].endswith(path.name):
            each["bytes"], each["sha256"] = lake_files.digest(path)
    text = json.dumps(listed | {"sha256": lake.digest(listed)})
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


def test_every_report_of_a_lake_in_words(town: Any) -> None:
    for report in ("leverage", "rounds", "funds", "merchants", "fairness"):
        out = town("report", report, *LAKE, "--lang", "zh").out
        assert "330100" in out and "覆盖范围" in out, report
    assert "330100" in town("report", "compare", "330100", "330000", *LAKE).out
