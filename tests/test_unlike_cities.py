"""A lake of three cities that have little in common gives each city's own figures, row by row."""

from __future__ import annotations

from collections import Counter
from contextlib import chdir
from typing import Any

import provinces
import pytest
from provinces import CITIES, known_on

pytest.importorskip("polars")
LAKE = ("--lake", "lake")
# by names that each city gives by itself, and by those that are pooled
OWN = ("round", "family", "template", "district", "merchant", "day,merchant", "round,coupon")
POOLED = ("coupon", "day", "month", "industry", "size", "brand", "channel", "brand,size")
NO_NAME = ("round", "template", "family", "district", "merchant")


@pytest.fixture
def lake(voucher: Any, once: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    once("unlike cities", lambda: provinces.build(voucher))
    monkeypatch.setenv("VOUCHER_NOW", "2020-07-01 09:00")
    return voucher


def data(voucher: Any, *args: str) -> dict[str, Any]:
    return dict(voucher("report", *args, "-o", "json").data)


def own(voucher: Any, *args: str) -> dict[str, dict[str, Any]]:
    """What each city's own file says, by the code of the city."""
    found = {}
    for city in CITIES:
        with chdir(city.folder):
            found[city.code] = data(voucher, *args, *known_on(city))
    return found


def whole(rows: list[dict[str, Any]], *keys: str) -> Counter[tuple[str, ...]]:
    """Whole numbers of rows by key, added up."""
    sums: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        key = tuple(str(row.get(name)) for name in keys)
        for name, value in row.items():
            if type(value) is int:
                sums[*key, name] += value
    return sums


@pytest.mark.parametrize("by", OWN)
def test_each_row_is_that_of_its_city(lake: Any, by: str) -> None:
    found = {}
    for row in data(lake, "leverage", "--by", by, "--funders", *LAKE)["rows"]:
        row.pop("name", None)
        found[row["key"], row.get("second_key")] = row
    named = [name in NO_NAME for name in (*by.split(","), "")]

    def key(code: str, text: str | None, place: int) -> str | None:
        return f"{code}/{text}" if text and named[place] else text

    said = {}
    for code, answer in own(lake, "leverage", "--by", by, "--funders").items():
        for row in answer["rows"]:
            row.pop("name", None)
            keys = {"key": key(code, row["key"], 0)}
            if "second_key" in row:
                keys["second_key"] = key(code, row["second_key"], 1)
            # of funders that a city does not have it says nothing, a lake says 0
            row["funders"] = dict.fromkeys(("central", "own", "province"), 0) | row["funders"]
            said[keys["key"], keys.get("second_key")] = {**row, **keys}
    assert found == said != {}


@pytest.mark.parametrize("by", POOLED)
def test_what_is_pooled_is_the_sum_of_the_cities(lake: Any, by: str) -> None:
    found = data(lake, "leverage", "--by", by, *LAKE)
    answers = own(lake, "leverage", "--by", by).values()
    rows = [row for answer in answers for row in answer["rows"]]
    assert +whole(found["rows"], "key", "second_key") == +whole(rows, "key", "second_key") != {}
    assert +whole([found["total"]]) == +whole([answer["total"] for answer in answers])


def test_the_row_of_a_city_is_its_total(lake: Any) -> None:
    found = {row["key"]: row for row in data(lake, "leverage", "--by", "city", *LAKE)["rows"]}
    for code, answer in own(lake, "leverage").items():
        for name, value in answer["total"].items():
            if name not in ("key", "says_little", "name"):
                assert found[code][name] == value, (code, name)


def test_rounds_funds_and_merchants_are_those_of_the_cities(lake: Any) -> None:
    rounds = {row["round"]: row for row in data(lake, "rounds", *LAKE)["rows"]}
    said = {
        f"{code}/{row['round']}": row
        for code, answer in own(lake, "rounds").items()
        for row in answer["rows"]
    }
    assert rounds.keys() == said.keys()
    for code, row in rounds.items():
        for name, value in row.items():
            if type(value) is int or name in ("state", "claim_rate", "used_of_claimed"):
                assert value == said[code][name], (code, name)
    funds = data(lake, "funds", *LAKE)
    for city in CITIES:
        with chdir(city.folder):
            mine = data(lake, "funds", "--as-of", city.days[2])
            merchants = data(lake, "merchants", "--as-of", city.days[2])
        rows = [row for row in funds["funds"] if row["city"] == city.code]
        assert [{key: row[key] for key in mine["funds"][0]} for row in rows] == mine["funds"]
        alone = data(lake, "merchants", *LAKE, "--city", city.code)
        assert alone["summary"] == merchants["summary"]
        assert +whole(alone["by_size"], "key") == +whole(merchants["by_size"], "key")


def test_shares_of_three_levels_add_up(lake: Any) -> None:
    """Central, province and city of each city: what they paid is the subsidy, to the fen."""
    found = data(lake, "leverage", "--by", "city", "--funders", *LAKE)
    for row in (*found["rows"], found["total"]):
        assert sum(row["funders"].values()) == row["subsidy_fen"] > 0
    hangzhou = next(row for row in found["rows"] if row["key"] == "330100")
    assert hangzhou["funders"]["central"] == 9 * hangzhou["funders"]["own"]


def test_a_lake_of_unlike_cities_holds(lake: Any) -> None:
    lake("lake", "check", "lake")
    listed = lake("lake", "list", "lake", "-o", "json").data["programmes"]
    assert [row["day"] for row in listed] == [city.days[2] for city in CITIES]


def test_what_is_not_alike_is_said(lake: Any) -> None:
    """Five packs at most in Hangzhou; in Nanchang a voucher given back is lost."""
    out = lake("report", "compare", "330100", "360100", *LAKE).out.replace("\n", " ")
    assert "Their rules differ: packs_per_resident: 330100 5, 360100 -." in out
    assert 'Their rules differ: refunds: 330100 "full_restores", 360100 "forfeits".' in out
    assert "Their vouchers differ: 330100 40-10, 80-20; 360100 100-30." in out
    err = lake("report", "leverage", "--by", "city", *LAKE).err.replace("\n", " ")
    assert "The rules of these programmes differ (packs_per_resident, refunds)" in err
    assert "programmes differ" not in lake("report", "leverage", "--by", "size", *LAKE).err


def without_funders(row: dict[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in row.items() if not key.startswith("funder")}


@pytest.mark.parametrize("sort", ["", "redemptions", "base", "subsidy", "own", "gross", "floor"])
def test_the_first_merchants_are_the_first_of_all_rows(lake: Any, sort: str) -> None:
    """Of merchants only what is shown is fetched; with the funders one by one all are."""
    order = ("--sort", sort) if sort else ()
    asked = ("leverage", "--by", "merchant", *order, *LAKE)
    every = data(lake, *asked, "--funders", "--limit", "0")
    total, rows = (every[name] for name in ("total", "rows"))
    assert len(rows) > 20
    for limit in ("0", "1", "10"):
        found = data(lake, *asked, "--limit", limit)
        assert found["rows"] == [without_funders(row) for row in rows[: int(limit) or None]]
        assert found["total"] == without_funders(total)
    shown = lake("report", *asked, "--limit", "10")
    assert f"10 of {len(rows)} rows" in shown.err
    none = data(lake, *asked, "--since", "2021-01-01")
    assert (none["rows"], none["total"]["redemptions"]) == ([], 0)
