"""The site: the reports as a folder of pages that needs no server."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_papers import read_html

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_folders

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

AS_OF = ("--as-of", "2020-03-31")
SECRET = "330106199001011234"
SHOPS = (
    "merchant_no,name,industry,district,size\n"
    "M1,<b>面馆</b>,餐饮,西湖区,微型\nM2,杂货 & 店,零售,西湖区,小型\nM3,旅店,住宿,,\n"
)


def build(voucher: Voucher, shops: str = SHOPS) -> None:
    towns.build(voucher, towns.programme(), towns.pack(), merchants=shops)
    towns.make_round(voucher, "r1", packs=9, state="open")
    towns.make_round(voucher, "r2", packs=9)
    claims = "".join(f"C{at},r1,{SECRET[:-1]}{at},2020-03-27 08:00:01\n" for at in range(4))
    voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
    paid = "".join(
        f"T{at},pay,C{at},1,M{1 + at % 2},2020-03-28 10:00:00,{50 + at}.50,0,10,\n"
        for at in range(4)
    )
    voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + paid))


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    once("site", lambda: build(voucher))
    return voucher


def contents(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def page_of(told: Any, kind: str, about: str) -> str:
    """The file of a page, by what the command says of it."""
    return next(
        each["file"] for each in told["files"] if (each["kind"], each["about"]) == (kind, about)
    )


def searched(folder: str) -> list[list[str]]:
    """The rows that the search of a site knows."""
    rows: list[list[str]] = []
    for path in sorted(Path(folder).glob("search-*.js")):
        told = re.fullmatch(r"addRows\(\d+, \".*?\", (.*)\);\n", path.read_text("utf-8"), re.DOTALL)
        assert told
        rows += json.loads(told[1])
    return rows


# ---------------------------------------------------------------- what it holds


def test_a_page_for_each_round_district_industry_and_size(town: Voucher) -> None:
    told = town("report", "site", "web", *AS_OF, "-o", "json").data
    kinds = [each["kind"] for each in told["files"]]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "Overview": 1,
        "All rounds": 1,
        "All districts": 1,
        "All industries": 1,
        "All sizes": 1,
        "Round": 2,
        "District": 2,
        "Industry": 3,
        "Size": 3,
        "Merchant list": 2,
    }
    assert told["merchants"] == 3 and told["folder"] == "web" and told["language"] == "en"
    sizes = {path.name: path.stat().st_size for path in Path("web").iterdir()}
    assert {each["file"]: each["bytes"] for each in told["files"]}.items() <= sizes.items()
    label = json.loads(Path("web/site.json").read_text("utf-8"))
    assert label["files"] == sorted({*sizes} - {"site.json"})


def test_its_figures_are_those_of_the_reports(town: Voucher) -> None:
    told = town("report", "site", "web", *AS_OF, "-o", "json").data
    for kind, about, words in (
        ("District", "西湖区", ("districts", "西湖区")),
        ("Industry", "餐饮", ("industries", "餐饮")),
        ("All districts", "", ("districts",)),
        ("All rounds", "", ("rounds",)),
    ):
        page = read_html(Path("web", page_of(told, kind, about)).read_text("utf-8"))
        report = read_html(town("report", *words, *AS_OF, "-o", "html").out)
        figures = [row for row in page.rows[1:] if row]  # without the head of the search
        assert figures == [row for row in report.rows if row]


def test_its_pages_lead_to_each_other(town: Voucher) -> None:
    town("report", "site", "web", *AS_OF)
    pages = {path.name: read_html(path.read_text("utf-8")) for path in Path("web").glob("*.html")}
    asked = {address.partition("#")[0] for page in pages.values() for address in page.addresses} - {
        ""
    }
    assert asked == {*pages} | {"search.js"}  # each page is reached, and nothing outside
    assert {path.name for path in Path("web").glob("*.js")} == {
        "search.js",
        "search-0.js",
        "search-1.js",
    }


def test_every_merchant_and_page_is_found_by_the_search(town: Voucher) -> None:
    town("report", "site", "web", *AS_OF)
    rows = searched("web")
    assert ["M1", "<b>面馆</b>", "西湖区", "餐饮", "微型", "2", "103.00", "20.00", "5.15"] in rows
    assert ["M3", "旅店", "(not stated)", "住宿", "(not stated)", "0", "0.00", "0.00", "–"] in rows
    assert ["round-r1.html", "r1", "Round"] in rows
    assert "<b>" not in Path("web/merchants-1.html").read_text("utf-8")


def test_in_both_languages(town: Voucher) -> None:
    for lang in ("zh", "en"):
        town("report", "site", lang, *AS_OF, "--lang", lang)
    chinese, english = contents("zh"), contents("en")
    assert {*chinese} == {*english}
    assert 'lang="zh-CN"' in chinese["index.html"].decode()
    assert "搜索商户" in chinese["index.html"].decode()
    assert "总览：town，截至 2020-03-31" in chinese["index.html"].decode()
    assert "Overview: town, as of 2020-03-31" in english["index.html"].decode()
    assert "期次 r1：town" in chinese["round-r1.html"].decode()


def test_no_identity_and_no_token_is_in_it(town: Voucher) -> None:
    town("report", "site", "web", *AS_OF)
    every = b"".join(contents("web").values())
    assert SECRET[:-1].encode() not in every
    for claim in town("claim", "list", "-o", "json").data["claims"]:
        assert claim["resident"].encode() not in every
        assert claim["claim_no"].encode() + b"<" not in every


def test_an_identity_in_it_would_be_found(town: Voucher) -> None:
    town("report", "site", "web", *AS_OF)
    Path("web/index.html").write_text(SECRET, "utf-8")
    assert SECRET[:-1].encode() in b"".join(contents("web").values())


def test_some_rounds_alone(town: Voucher) -> None:
    told = town("report", "site", "web", "--round", "r2", "-o", "json").data
    assert told["rounds"] == ["r2"]
    assert [each["about"] for each in told["files"] if each["kind"] == "Round"] == ["r2"]


@pytest.mark.parametrize("shops", ["merchant_no,name\n", SHOPS])
def test_a_programme_without_payments_or_merchants(voucher: Voucher, shops: str) -> None:
    towns.build(voucher, towns.programme(), towns.pack(), merchants=shops)
    told = voucher("report", "site", "web", "-o", "json").data
    assert told["merchants"] == shops.count("\nM")
    assert Path("web/index.html").exists()


def test_pages_stay_small_however_many_merchants(voucher: Voucher) -> None:
    name = "很长的名字" * 20
    shops = "".join(f"M{at:06},{name}{at},行业{at % 400},区{at % 300},大\n" for at in range(1_500))
    build(voucher, "merchant_no,name,industry,district,size\n" + shops + SHOPS.partition("\n")[2])
    told = voucher("report", "site", "web", *AS_OF, "-o", "json").data
    assert len(told["files"]) > 700
    assert max(path.stat().st_size for path in Path("web").iterdir()) < 300_000
    assert len([row for row in searched("web") if row[0].startswith("M")]) == 1_503
    assert "250 of 403 rows" in Path("web/industries.html").read_text("utf-8")


# ---------------------------------------------------------------- how it is written


def test_the_same_figures_have_the_same_bytes(
    town: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, now in (("a", "2020-04-05 09:00"), ("b", "2021-01-01 10:00")):
        monkeypatch.setenv("VOUCHER_NOW", now)
        town("report", "site", name, *AS_OF)
    assert contents("a") == contents("b")


def test_the_same_command_again_brings_it_up_to_date(town: Voucher) -> None:
    town("report", "site", "web", "--as-of", "2020-03-27")
    before = contents("web")
    town("report", "site", "web", *AS_OF)
    assert contents("web") != before
    town("report", "site", "web", "--as-of", "2020-03-27")
    assert contents("web") == before
    assert [each.name for each in Path().glob(".web*")] == []


def test_a_dry_run_says_what_it_would_write(town: Voucher) -> None:
    dry = town("report", "site", "web", *AS_OF, "-o", "json", "--dry-run").data
    assert not Path("web").exists()
    assert town("report", "site", "web", *AS_OF, "-o", "json").data == dry


def test_a_folder_of_somebody_else_is_refused(town: Voucher) -> None:
    Path("mine").mkdir()
    towns.write("mine/letter.txt", "x")
    assert "not_its_folder" in town("report", "site", "mine", expect=3).err
    assert "letter.txt" in town("report", "site", "mine", expect=3).err
    assert "not_its_folder" in town("report", "site", "voucher.db", expect=3).err
    assert [each.name for each in Path("mine").iterdir()] == ["letter.txt"]
    Path("new").mkdir()
    town("report", "site", "new")
    towns.write("new/letter.txt", "x")
    assert "letter.txt" in town("report", "site", "new", expect=3).err
    assert Path("new/letter.txt").exists()
    assert "unwritable_file" in town("report", "site", "no/such/folder", expect=3).err
    assert "unknown_round" in town("report", "site", "web", "--round", "r9", expect=3).err
    assert not Path("web").exists()


def test_the_site_of_another_programme_is_refused(town: Voucher) -> None:
    town("report", "site", "web")
    label = Path("web/site.json")
    label.write_text(label.read_text("utf-8").replace('"town"', '"city"'), "utf-8")
    ran = town("report", "site", "web", expect=3)
    assert "not_its_folder" in ran.err and "city" in ran.err


def test_a_folder_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, about = tmp_path / "web", {"site": 1}
    with whole_folders.replaced(path, "label", about) as folder:
        folder.write("a", "1")

    def stop() -> None:
        raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        whole_folders.replaced(path, "label", about) as folder,
    ):
        folder.write("a", "2")
        stop()
    assert (path / "a").read_text() == "1"
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name.endswith(f"{os.getpid()}.part"):
            raise PermissionError(13, "no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with (
        pytest.raises(VoucherError, match="cannot be written"),
        whole_folders.replaced(path, "label", about) as folder,
    ):
        folder.write("a", "3")
    assert (path / "a").read_text() == "1"
    assert [each.name for each in tmp_path.iterdir()] == ["web"]


def test_what_a_killed_writer_left_is_put_right(tmp_path: Path) -> None:
    path, about, dead = tmp_path / "web", {"site": 1}, 2**22 + 1
    with whole_folders.replaced(path, "label", about) as folder:
        folder.write("a", "1")
    shutil.copytree(path, tmp_path / f".web-{dead}.part")
    path.rename(tmp_path / f".web-{dead}.old.part")  # killed between the two renames
    with (
        pytest.raises(ZeroDivisionError),
        whole_folders.replaced(path, "label", about) as folder,
    ):
        raise ZeroDivisionError
    assert (path / "a").read_text() == "1"
    assert [each.name for each in tmp_path.iterdir()] == ["web"]


# ---------------------------------------------------------------- districts and industries


def test_districts_side_by_side_and_one_alone(town: Voucher) -> None:
    told = town("report", "districts", *AS_OF, "-o", "json").data
    assert [(row["key"], row["redemptions"]) for row in told["rows"]] == [("西湖区", 4)]
    merchants = {row["key"]: row["registered"] for row in told["merchants"]}
    assert merchants == {"西湖区": 2, "": 1}
    alone = town("report", "districts", "西湖区", *AS_OF, "-o", "json").data
    assert alone["by_round"][0]["base_fen"] == told["rows"][0]["base_fen"] == 20_800
    assert alone["total"]["gross"] == told["total"]["gross"]
    assert [row["key"] for row in alone["by_week"]] == ["2020-W13"]
    assert alone["summary"]["registered"] == 2
    assert {row["key"] for row in alone["by_industry"]} == {"餐饮", "零售"}
    assert "by_district" not in alone
    nothing = town("report", "districts", "", *AS_OF, "-o", "json").data
    assert nothing["by_round"] == [] and nothing["summary"]["registered"] == 1


def test_a_span_within_a_day(town: Voucher) -> None:
    words = ("report", "industries", "餐饮", "-o", "json")
    before = town(*words, "--as-of", "2020-03-28 09:59:59").data
    after = town(*words, "--since", "2020-03-28 10:00", "--until", "2020-03-28 10:00:01").data
    assert before["by_round"] == [] and after["by_round"][0]["redemptions"] == 2
    assert [row["merchant_no"] for row in after["first"]] == ["M1"]


def test_an_unknown_one_is_refused_with_the_nearest(town: Voucher) -> None:
    ran = town("report", "districts", "西湖", expect=3)
    assert "unknown_group" in ran.err and "西湖区" in ran.err
    assert "unknown_group" in town("report", "industries", "西湖区", expect=3).err


def test_in_every_form(town: Voucher) -> None:
    for suffix in ("html", "md", "docx", "xlsx", "csv", "jsonl", "txt"):
        town("report", "districts", "西湖区", *AS_OF, "--lang", "zh", "-O", f"d.{suffix}")
    assert "区县 西湖区：town，截至 2020-03-31" in Path("d.md").read_text("utf-8")
