"""A manifest is looked at before anything of it is believed; those of other versions have words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lakes
import pytest
from lakes import DAY, LAST, export
from test_days import close, why
from test_lakes import TOWN, codes, manifest

from vouchercli.rules import manifests
from vouchercli.rules.canonical import own_digest
from vouchercli.rules.lake import TABLES, VERSION, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    Document = dict[str, Any]

pytest.importorskip("polars")
OLD = Path(__file__).parent / "cases" / "lakes" / "manifest-1.json"  # of a synthetic town
LAKE = ("--lake", "lake")


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """A synthetic city with a lake of one export."""

    def build() -> None:
        lakes.build(voucher)
        export(voucher)

    once("lake manifests", build)
    return voucher


def put(document: Document, city: str = "330100") -> None:
    """A manifest whose digest holds, whatever it says."""
    text = json.dumps(document | {"sha256": own_digest(document)})
    Path(f"lake/{city}/town/manifest.json").write_text(text, "utf-8")


def of_file(**about: Any) -> Callable[[Document], Document]:
    return lambda listed: {"files": [listed["files"][0] | about, *listed["files"][1:]]}


def without(table: str) -> Callable[[Document], Document]:
    return lambda listed: {"files": [each for each in listed["files"] if each["table"] != table]}


WRONG: dict[str, Callable[[Document], Document]] = {
    "as_of none": lambda listed: {"as_of": [], "least": []},
    "as_of no list": lambda listed: {"as_of": 20200328},
    "as_of without snapshot": lambda listed: {"as_of": [20990101], "least": [10]},
    "as_of twice": lambda listed: {"as_of": [20200328, 20200328], "least": [10, 10]},
    "least short": lambda listed: {"least": []},
    "terms": lambda listed: {"terms": None},
    "terms of lists": lambda listed: {"terms": {"refunds": []}},
    "day text": lambda listed: {"day": "20200328"},
    "day true": lambda listed: {"day": True},
    "day of no calendar": lambda listed: {"day": 20209999},
    "since text": lambda listed: {"since": "2020"},
    "first day late": lambda listed: {"first_day": 20200401},
    "exported in no year": lambda listed: {"exported_at": 10**15},
    "name": lambda listed: {"name": "\ud800"},
    "zone": lambda listed: {"zone": 8},
    "funders": lambda listed: {"funders": "treasury"},
    "rehearsal": lambda listed: {"is_rehearsal": 0},
    "tables": lambda listed: {"tables": []},
    "files": lambda listed: {"files": {}},
    "a file elsewhere": of_file(path="../../../../../etc/passwd"),
    "a file of more": of_file(more=1),
    "a file before": of_file(last=20200101),
    "a file after": of_file(last=20200329),
    "sums of others": of_file(sums={"claims": 1}),
    "sums no numbers": of_file(sums=[]),
    "a file twice": lambda listed: {"files": listed["files"] * 2},
    "no rounds": without("rounds"),
    "version": lambda listed: {"voucher_lake": "2"},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_manifest_is_none_wherever_it_is_read(town: Any, what: str) -> None:
    listed = manifest()
    put(listed | WRONG[what](listed))
    refused_everywhere(town)


def refused_everywhere(town: Any) -> None:
    asked = ("-o", "json")
    assert why(export(town, expect=3)) == "lake_unreadable"
    assert codes(town("lake", "check", "lake", *asked, expect=5)) == ["lake_unreadable"]
    assert codes(town("lake", "list", "lake", *asked, expect=4)) == ["lake_unreadable"]
    for report in ("leverage", "rounds"):
        ran = town("report", report, *LAKE, *asked, expect=3)
        assert codes(ran) == ["lake_empty", "lake_unreadable"]


@pytest.mark.parametrize("text", ["[" * 100_000, "", "[]", "{}", '{"a": ' * 900 + "1" + "}" * 900])
def test_what_is_no_manifest_at_all_is_none(town: Any, text: str) -> None:
    (TOWN / "manifest.json").write_text(text, "utf-8")
    refused_everywhere(town)


def test_others_are_counted_where_that_is_allowed(town: Any) -> None:
    town("lake", "export", "lake", "--city", "330200")
    put(manifest() | {"terms": None})
    asked = ("report", "leverage", *LAKE, "-o", "json")
    assert codes(town(*asked, expect=4)) == ["lake_unreadable"]
    assert town(*asked, "--allow-partial").data["cities"] == ["330200"]


def test_an_old_manifest_is_read_and_its_rules_are_not_known(town: Any) -> None:
    old = json.loads(OLD.read_text("utf-8"))
    found = manifests.read(old)
    assert isinstance(found, Manifest)
    assert (found.terms, found.least, found.day) == ({}, (10,), 20200328)
    # a lake of today, as the first version would have written it
    listed = manifest()
    rest = {key: each for key, each in listed.items() if key not in ("terms", "sha256")}
    early = rest | {"voucher_lake": 1, "least": 10}
    assert {*early} == {*old} - {"sha256"}
    before = town("report", "leverage", *LAKE, "-o", "json").data["total"]
    put(early)
    assert town("report", "leverage", *LAKE, "-o", "json").data["total"] == before
    assert codes(town("lake", "check", "lake", "-o", "json")) == []
    said = "The rules of 330100/town are not known: an older program wrote them."
    assert said in town("report", "leverage", "--by", "city", *LAKE).err
    town("lake", "export", "lake", "--city", "330200")
    out = town("report", "compare", "330100", "330200", *LAKE).out.replace("\n", " ")
    assert said in out
    assert "Their rules differ" not in out
    # the next export says them
    lakes.go_on(town)
    close(town, LAST)
    export(town)
    found = manifests.read(manifest())
    assert isinstance(found, Manifest)
    assert found.terms == listed["terms"] != {}
    assert (found.least, manifest()["voucher_lake"]) == ((10, 10), VERSION)


def test_lakes_of_other_programs_have_their_words(town: Any) -> None:
    listed = manifest()
    more = TABLES["claims"] | {"weather": "text"}
    fewer = {name: kind for name, kind in TABLES["claims"].items() if name != "reversed"}
    for change, code, what in (
        ({"voucher_lake": VERSION + 1}, "lake_newer", f"voucher_lake {VERSION + 1}"),
        ({"tables": TABLES | {"claims": more}}, "lake_newer", "claims.weather"),
        ({"tables": TABLES | {"claims": fewer}}, "lake_older", "claims.reversed"),
    ):
        put(listed | change)
        ran = town("lake", "list", "lake", "-o", "json", expect=4)
        [problem] = json.loads(ran.out)["problems"]
        assert (problem["code"], what in problem["message"]) == (code, True)
        assert why(export(town, expect=3)) == code


def test_rounds_of_which_the_city_did_not_speak_do_not_fall_out(town: Any) -> None:
    """Its file of rounds is empty, and the manifest says so."""
    import polars as pl

    from vouchercli.formats.columnar import lake_files

    listed = manifest()
    for each in listed["files"]:
        if each["table"] == "rounds":
            path = TOWN / each["path"]
            pl.read_parquet(path).clear().write_parquet(path)
            each["bytes"], each["sha256"] = lake_files.digest(path)
            each |= {"rows": 0, "sums": dict.fromkeys(each["sums"], 0)}
    put(listed)
    ran = town("report", "leverage", *LAKE, "-o", "json", expect=5)
    [_, problem] = json.loads(ran.out)["problems"]
    assert problem["code"] == "lake_differs"
    assert "330100/town/r1 has payments" in problem["message"]


def test_what_was_left_out_is_not_told_later(town: Any) -> None:
    """Each day of an export keeps its own limit; a later one may only be stricter."""
    shutil.rmtree("lake")
    export(town, "--min-cell", "2")
    lakes.go_on(town)
    close(town, LAST)
    assert why(export(town, "--min-cell", "1", expect=3)) == "lake_min_cell"
    export(town, "--min-cell", "20")
    assert manifest()["least"] == [2, 20]
    close(town, "2020-04-02")
    assert why(export(town, "--min-cell", "10", expect=3)) == "lake_min_cell"
    export(town)
    assert manifest()["least"] == [2, 20, 20]
    assert manifest()["as_of"][0] == int(DAY.replace("-", ""))
