"""Figures of many cities together, from the files that they send."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.rules import figures
from vouchercli.rules.canonical import own_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]
    Document = dict[str, Any]

ROOT = Path(__file__).resolve().parents[1]
PART = {
    **{"packs": 9, "claimed": 8, "redemptions": 5, "base_fen": 20000, "paid_fen": 5000},
    **{"subsidy_fen": 4000, "platform_fen": 1000, "match_fen": 0, "floor_fen": 16000},
    "own_fen": 15000,
}
DAY_AFTER = "2020-03-29"
HAND: Document = {
    "voucher_figures": 1,
    "city": {"code": "420100", "name": "武汉市商务局"},
    "programme": "wuhan",
    "currency": "CNY",
    "as_of": "2020-04-01",
    "rounds": [{"round": "w1", **PART}],
    "total": PART,
}


def write(name: str, **changes: Any) -> str:
    Path(name).write_text(json.dumps(HAND | changes, ensure_ascii=False), "utf-8")
    return name


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    def build() -> None:
        towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,a\n")
        claims = []
        for code, packs in (("r1", 12), ("r2", 2), ("r3", 11)):
            towns.make_round(voucher, code, packs=packs, state="open")
            claims += [f"{code}-{n},{code},p{n},2020-03-27 08:00:09\n" for n in range(packs)]
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + "".join(claims)))
        row = "T1,pay,r1-1,1,M1,2020-03-28 10:00:00,50,0,10,\n"
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + row))

    once("nation", build)
    return voucher


def test_a_city_sends_its_figures_and_another_office_pools_them(town: Voucher) -> None:
    asked = ("programme", "export", "town", "--figures", "--city", "330100", "--as-of", DAY_AFTER)
    town(*asked, "--to", "a.json")
    sent = json.loads(Path("a.json").read_text("utf-8"))
    # the small round is not shown alone, and neither is the one that its total would tell
    assert [each["round"] for each in sent["rounds"]] == ["r1", ""]
    assert (sent["rounds"][1]["claimed"], sent["total"]["claimed"]) == (13, 25)
    assert sent["sha256"] == own_digest(sent)
    assert sent["definitions"]["base_fen"]["zh"]
    assert sent["proof"]["log"] and sent["proof"]["day"] is None
    own = town("report", "leverage", "-o", "json").data["total"]
    told = town("report", "nation", "a.json", write("b.json"), "-o", "json").data
    assert told["rows"][0]["base_fen"] == own["base_fen"] == sent["total"]["base_fen"]
    assert told["total"]["base_fen"] == own["base_fen"] + 20000
    assert [each["proof"] for each in told["coverage"]] == ["stated", "not proved"]
    assert json.loads(town(*asked).out)["total"] == sent["total"]
    assert town(*asked, "--dry-run", "-o", "json").data["file"] is None


def test_every_form(voucher: Voucher) -> None:
    write("b.json")
    assert "5.00" in voucher("report", "nation", "b.json").out
    assert "武汉市商务局" in voucher("report", "nation", "b.json", "-o", "csv").out
    assert "<html" in voucher("report", "nation", "b.json", "-o", "html").out
    assert "覆盖范围" in voucher("report", "nation", "b.json", "--lang", "zh").out


LATER = {"as_of": "2020-04-02"}
OTHER = {"city": {"code": "110000"}}
DAY = {"proof": {"day": "2020-03-31:" + "a" * 64}}
TOTAL = HAND["total"]
CASES: list[tuple[Document, str]] = [
    ({"sha256": "0"}, "figures_digest"),
    ({"is_rehearsal": True}, "figures_rehearsal"),
    ({"currency": "JPY"}, "figures_currency"),
    ({"definitions": {"base_fen": {"en": "list prices"}}}, "figures_definition"),
    ({"definitions": {"sales": {}}}, "figures_definition"),
    ({"definitions": []}, "figures_malformed"),
    ({"total": TOTAL | {"base_fen": 1, "own_fen": -4999}}, "figures_sums"),
    ({"total": TOTAL | {"own_fen": 1}}, "figures_sums"),
    ({"rounds": [{"round": "w", **PART, "own_fen": 1}]}, "figures_sums"),
    ({"total": TOTAL | {"packs": 1.5}}, "figures_malformed"),
    ({"total": None}, "figures_malformed"),
    ({"rounds": None}, "figures_malformed"),
    ({"rounds": [PART]}, "figures_malformed"),
    ({"as_of": "soon"}, "figures_malformed"),
    ({"city": {"code": "42"}}, "figures_malformed"),
    ({"proof": 1}, "figures_malformed"),
    ({"proof": {"day": "x"}}, "figures_malformed"),
    ({"proof": {"log": "x"}}, "figures_malformed"),
    ({"voucher_figures": 2}, "figures_version"),
]


@pytest.mark.parametrize(("changes", "code"), CASES)
def test_what_does_not_match_is_left_out_and_said(
    voucher: Voucher, changes: Document, code: str
) -> None:
    files = write("good.json", **OTHER), write("odd.json", **changes)
    ran = voucher("report", "nation", *files, "-o", "json", expect=4).json
    assert [each["code"] for each in ran["problems"]] == [code]
    assert ran["data"]["total"]["base_fen"] == 20000
    assert {each["file"]: each["state"] for each in ran["data"]["coverage"]} == {
        "good.json": "counted",
        "odd.json": "left out",
    }


def test_files_of_one_city(voucher: Voucher) -> None:
    def said(*files: str, expect: int, more: tuple[str, ...] = ()) -> tuple[Any, list[str]]:
        ran = voucher("report", "nation", *files, *more, "-o", "json", expect=expect).json
        return ran["data"], [each["code"] for each in ran["problems"]]

    first, copy, later = write("1.json"), write("2.json"), write("3.json", **LATER)
    data, codes = said(first, copy, later, expect=0)
    assert (data["cities"], data["total"]["base_fen"]) == (1, 20000)
    assert codes == ["figures_replaced", "figures_replaced"]
    assert [each["state"] for each in data["coverage"]] == ["replaced", "replaced", "counted"]
    data, codes = said(first, copy, expect=0)
    assert (data["total"]["base_fen"], codes) == (20000, ["figures_replaced"])
    data, codes = said(first, write("4.json", rounds=[], total=dict.fromkeys(PART, 0)), expect=4)
    assert (data["cities"], codes) == (0, ["figures_contradict"] * 2)
    data, codes = said(write("5.json", **DAY), write("6.json", **DAY, **OTHER), expect=4)
    assert (data["cities"], codes) == (0, ["figures_same_chain"] * 2)
    asked = ("--expect", "420100,110000")
    data, codes = said(first, expect=4, more=asked)
    assert (data["missing"], codes) == (["110000"], ["figures_missing"])
    assert said(first, expect=0, more=(*asked, "--allow-partial"))[1] == codes


def test_what_is_no_json(voucher: Voucher) -> None:
    Path("a.json").write_text('{"a": 1,\n "a": 2}', "utf-8")
    Path("b.json").write_text('{"a": 1,\n', "utf-8")
    ran = voucher("report", "nation", "a.json", "b.json", "-o", "json", expect=4).json
    assert [each["where"] for each in ran["problems"]] == ["a.json:1", "b.json:2"]
    assert voucher("report", "nation", "c.json", "-o", "json", expect=3).json["status"] == "refused"


def test_what_is_not_given_away(town: Voucher) -> None:
    asked = ("programme", "export", "town", "--figures")
    assert "[no_city_code]" in town(*asked, expect=2).err
    small = town(*asked, "--city", "330100", "--as-of", "2020-03-26", expect=3)
    assert "[figures_too_small]" in small.err


def faults(schema: Any, value: Any, root: Any, where: str = "$") -> list[str]:
    """Where a value is not what a JSON schema says; of what the one in docs/ uses."""
    if "$ref" in schema:
        return faults(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root, where)
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    asked = schema.get("type", [])
    asked = [asked] if isinstance(asked, str) else asked
    if asked and not any(
        value is None if kind == "null" else isinstance(value, kinds[kind]) for kind in asked
    ):
        return [where]
    found = [where] if schema.get("const", value) != value else []
    if isinstance(value, str):
        is_short = len(value) < schema.get("minLength", 0)
        found += [where] if is_short or not re.search(schema.get("pattern", ""), value) else []
    if isinstance(value, dict):
        found += [f"{where}.{key}" for key in schema.get("required", ()) if key not in value]
        other = schema.get("additionalProperties", {})
        for key, each in value.items():
            found += faults(
                schema.get("properties", {}).get(key, other), each, root, f"{where}.{key}"
            )
    for place, each in enumerate(value if isinstance(value, list) else ()):
        found += faults(schema.get("items", {}), each, root, f"{where}[{place}]")
    for part in schema.get("allOf", ()):
        found += faults(part, value, root, where)
    return found


def test_the_schema_of_the_file_fits_what_is_written_and_read(town: Voucher) -> None:
    schema = json.loads((ROOT / "docs/figures.schema.json").read_text("utf-8"))
    asked = ("programme", "export", "town", "--figures", "--city", "330100", "--as-of", DAY_AFTER)
    for document in (HAND, json.loads(town(*asked).out)):
        assert faults(schema, document, schema) == []
        assert figures.malformed(document) == ""
    for wrong in (
        {"city": {"code": "1"}},
        {"total": PART | {"packs": "9"}},
        {"rounds": [PART]},
        {"as_of": ""},
        {"proof": {"day": "x"}},
    ):
        assert faults(schema, HAND | wrong, schema)
        assert figures.malformed(HAND | wrong)


def test_provinces_are_named(voucher: Voucher) -> None:
    other = {"city": {"code": "330200"}, "programme": "ningbo"}
    files = (write("a.json"), write("b.json", **other))
    told = voucher("report", "nation", *files, "-o", "json").data
    assert [(each["province"], each["name"]) for each in told["provinces"]] == [
        ("330000", "浙江省"),
        ("420000", "湖北省"),
    ]
    assert told["rows"][0]["name"] == "宁波市"  # the file has none
    assert "浙江省" in voucher("report", "nation", *files).out
    assert "湖北省" not in voucher("report", "nation", files[0]).out
