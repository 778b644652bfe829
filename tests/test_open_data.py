"""What is published for everybody: sums in files that other programs read; Datasette judges them."""

from __future__ import annotations

import base64
import errno
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

JUDGES = Path(f"{sys.prefix}-judges", "bin")
DISTRICTS = {"上城": 20, "下城": 12, "西湖": 8}  # payments in r1; the last is too small
MERCHANTS = "merchant_no,name,district,industry,size\n" + "".join(
    f"SHOP-{district}-{at},店{district}{at}号,{district},餐饮,小型\n"
    for district in DISTRICTS
    for at in range(3)
)
PACKS = {"r1": 40, "r2": 15, "r3": 3}
AS_OF = ("--as-of", "2020-04-05")


def facts() -> tuple[str, str]:
    """Claims of every round, and the payments of r1."""
    claims, payments = "", ""
    places = [name for name, count in DISTRICTS.items() for _ in range(count)]
    for code, packs in PACKS.items():
        for at in range(packs):
            number = f"CLAIM-{code}-{at:04}"
            claims += f"{number},{code},resident-{code}-{at:04},2020-03-27 08:00:{at:02}\n"
            if code == "r1":
                day = "2020-03-28" if at < 35 else "2020-03-29"
                shop = f"SHOP-{places[at]}-{at % 3}"
                payments += (
                    f"TRANSACTION-{at:04},pay,{number},1,{shop},{day} 10:00:00,45.50,0,10,\n"
                )
    return towns.CLAIMS + claims, towns.PAYMENTS + payments


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """Three rounds of one voucher each: one of 40 residents, one of 15, one of 3; and a draft."""

    def build() -> None:
        pack = towns.pack("pack", towns.coupon("10", "40"))
        towns.build(voucher, towns.programme(), pack, merchants=MERCHANTS)
        for code, packs in PACKS.items():
            towns.make_round(voucher, code, packs=packs, state="open")
        towns.draft(voucher, "secret-plan")
        residents = "".join(f"resident-r1-{at:04},old,上城\n" for at in range(30))
        few = "".join(f"resident-r2-{at:04},few,下城\n" for at in range(3))
        lists = "resident,group,district\n" + residents + few
        voucher("eligibility", "import", towns.write("e.csv", lists))
        monkeypatch.setenv("VOUCHER_NOW", "2020-04-10 09:00")
        claims, payments = facts()
        voucher("claim", "import", towns.write("c.csv", claims))
        voucher("redemption", "import", towns.write("r.csv", payments))

    once("open data", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-04-10 09:00")
    return voucher


def rows(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "vouchers.db")) as db:
        return db.execute(statement).fetchall()


def test_sums_in_words_times_and_yuan(town: Voucher, here: Path) -> None:
    said = town("export", "datasette", "public", *AS_OF)
    assert "wrote 2 files to public" in said.err
    assert "datasette -i public/vouchers.db -m public/metadata.json" in said.err
    folder = here / "public"
    about = rows(folder, "SELECT programme, name_zh, as_of, min_cell FROM programme")
    assert about == [("town", "小镇", "2020-04-05 23:59:59", 10)]
    told = rows(folder, "SELECT round, mode, state, opens_at, packs, claimed, cell FROM rounds")
    assert told == [
        ("r1", "fcfs", "open", "2020-03-27 08:00:00", 40, 40, "shown"),
        ("r2", "fcfs", "open", "2020-03-27 08:00:00", 15, None, "not_shown"),
        ("r3", "fcfs", "open", "2020-03-27 08:00:00", 3, None, "not_shown"),
    ]
    statement = "SELECT redemptions, base_yuan, subsidy_yuan, gross FROM redemptions_by_round"
    assert rows(folder, statement)[0] == (40, 1820.0, 400.0, 4.55)
    chinese = 'SELECT "期次", "财政补贴（元）", "是否公布" FROM "按期次核销"'
    assert rows(folder, chinese)[0] == ("r1", 400.0, "公布")
    english = 'SELECT "Mode" FROM "All rounds"'
    assert rows(folder, english)[0] == ("first come, first served",)


def test_cells_of_few_are_empty_and_none_follows_from_the_others(town: Voucher, here: Path) -> None:
    told = town("export", "datasette", "public", *AS_OF, "-o", "json").data
    assert {row["table"]: row["not_shown"] for row in told["tables"]}["claims_by_day"] == 2
    by_district = rows(
        here / "public",
        "SELECT district, merchants, redemptions, base_yuan, cell FROM redemptions_by_district",
    )
    assert by_district == [
        ("上城", 3, 20, 910.0, "shown"),
        ("下城", None, None, None, "not_shown"),
        ("西湖", None, None, None, "not_shown"),
    ]
    days = rows(here / "public", "SELECT redemptions FROM redemptions_by_day")
    assert days == [(None,), (None,)]
    groups = rows(here / "public", 'SELECT "group", eligible, claimers FROM residents_by_group')
    assert groups == [("few", None, None), ("old", None, None)]
    town("export", "datasette", "all", *AS_OF, "--min-cell", "1")
    counted = rows(here / "all", "SELECT redemptions FROM redemptions_by_day")
    assert counted == [(35,), (5,)]


def test_plans_are_not_published(town: Voucher, here: Path) -> None:
    town("export", "datasette", "public")
    for file in (here / "public").iterdir():
        assert b"secret-plan" not in file.read_bytes()


def told_of_people(here: Path) -> set[bytes]:
    """Whatever stands for a resident, a voucher, a payment or a merchant, however it is written."""
    tokens = [each[0] for each in towns.ask(here, "SELECT resident FROM claims")]
    tokens += [each[0] for each in towns.ask(here, "SELECT resident FROM eligibility")]
    kinds = {
        *tokens,
        *(each.hex().encode() for each in tokens),
        *(each.hex().upper().encode() for each in tokens),
        *(base64.b64encode(each).rstrip(b"=") for each in tokens),
        *(base64.urlsafe_b64encode(each).rstrip(b"=") for each in tokens),
        *(each.hex()[:8].encode() for each in tokens),
    }
    for statement in (
        "SELECT claim_no FROM claims",
        "SELECT transaction_no FROM redemptions",
        "SELECT merchant_no FROM merchants",
        "SELECT name FROM merchants",
    ):
        kinds |= {each[0].encode() for each in towns.ask(here, statement)}
    return kinds


FORMS = {
    "datasette": ("export", "datasette", "out"),
    "csv": ("export", "package", "out"),
    "parquet": ("export", "package", "out", "--format", "parquet"),
}


@pytest.mark.parametrize("words", FORMS.values(), ids=[*FORMS])
def test_nobody_stands_in_what_is_published(
    town: Voucher, here: Path, words: tuple[str, ...]
) -> None:
    town(*words, "--min-cell", "1")
    told = told_of_people(here)
    assert len(told) > 300
    files = [path for path in (here / "out").rglob("*") if path.is_file()]
    assert len(files) > 1
    for path in files:
        content = path.read_bytes()
        assert [each for each in told if each in content] == [], path
        assert b"resident-r" not in content, path


@pytest.mark.parametrize("words", FORMS.values(), ids=[*FORMS])
def test_the_same_gives_the_same_bytes(
    town: Voucher, here: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    town(*words, *AS_OF)
    before = {path: path.read_bytes() for path in (here / "out").rglob("*") if path.is_file()}
    monkeypatch.setenv("VOUCHER_NOW", "2020-05-10 09:00")
    town(*words, *AS_OF, "--lang", "zh")
    after = {path: path.read_bytes() for path in (here / "out").rglob("*") if path.is_file()}
    assert before == after


@pytest.mark.parametrize("words", FORMS.values(), ids=[*FORMS])
def test_what_is_not_ours_is_left_alone(town: Voucher, here: Path, words: tuple[str, ...]) -> None:
    town(*words)
    (here / "out" / "letter.txt").write_text("mine")
    refused = town(*words, expect=3)
    assert "[folder_in_use]" in refused.err
    assert "另取文件夹名" in town(*words, "--lang", "zh", expect=3).err
    assert (here / "out" / "letter.txt").read_text() == "mine"
    (here / "out" / "letter.txt").unlink()
    town(*words)
    (here / "file").write_text("x")
    assert "[folder_in_use]" in town(*words[:2], "file", expect=3).err
    other = "package" if words[1] == "datasette" else "datasette"
    assert "[folder_in_use]" in town("export", other, "out", expect=3).err
    (here / "link").symlink_to("out")
    assert "[folder_in_use]" in town(*words[:2], "link", expect=3).err
    (here / "empty").mkdir()
    town(*words[:2], "empty")
    assert [*here.glob(".*")] == []


@pytest.mark.parametrize("words", FORMS.values(), ids=[*FORMS])
def test_a_full_disk_leaves_what_was_there(
    town: Voucher, here: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    town(*words, *AS_OF)
    before = {path: path.read_bytes() for path in (here / "out").rglob("*") if path.is_file()}

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        refused = town(*words, "--min-cell", "1", expect=3)
        assert "the disk is full" in refused.err and "[unwritable_file]" in refused.err
        assert "[unwritable_file]" in town(*words[:2], "new", expect=3).err
    after = {path: path.read_bytes() for path in (here / "out").rglob("*") if path.is_file()}
    assert before == after
    assert not (here / "new").exists()
    assert [*here.glob(".*")] == []


def test_nothing_is_written_by_a_dry_run(town: Voucher, here: Path) -> None:
    told = town("export", "datasette", "out", "--dry-run", "-o", "json").data
    assert told["folder"] is None and not (here / "out").exists()


def test_a_package_says_what_its_columns_are(town: Voucher, here: Path) -> None:
    said = town("export", "package", "out", *AS_OF)
    assert "frictionless validate out/datapackage.json" in said.err
    package = json.loads((here / "out" / "datapackage.json").read_text("utf-8"))
    assert (package["name"], package["title"]) == ("town", "小镇 · Town")
    resources = {each["name"]: each for each in package["resources"]}
    fields = {
        each["name"]: each for each in resources["redemptions_by_district"]["schema"]["fields"]
    }
    assert fields["base_yuan"]["title"] == "拉动消费（交易额，元） · Base spend (yuan)"
    assert fields["base_yuan"]["type"] == "number"
    assert "not_shown: 不予公布：涉及人数过少 · not shown" in fields["cell"]["description"]
    table = (here / "out" / "data" / "redemptions_by_district.csv").read_text("utf-8")
    assert table.splitlines()[1:3] == [
        "r1,上城,3,20,910.00,200.00,0.00,0.00,710.00,4.55,3.55,4.00,shown",
        "r1,下城,,,,,,,,,,,not_shown",
    ]


def test_a_package_of_another_kind_is_refused(town: Voucher, here: Path) -> None:
    refused = town("export", "package", "out", "--format", "xml", expect=2)
    assert "[unknown_form]" in refused.err and "--format parquet" in refused.err
    assert not (here / "out").exists()


def test_without_its_library_parquet_is_refused(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    refused = town(*FORMS["parquet"], expect=3)
    assert "[library_missing]" in refused.err and "--format csv" in refused.err
    assert not (here / "out").exists()
    town(*FORMS["csv"])


# ---------------------------------------------------------------- judges


def judge(name: str) -> str:
    path = JUDGES / name
    if not path.exists():
        pytest.skip(f"no {name} here: make {JUDGES.parent.name}/.made")
    return str(path)


def asked(folder: Path, path: str) -> Any:
    """What Datasette answers, which has opened the file read only."""
    words = (judge("datasette"), "-i", "vouchers.db", "-m", "metadata.json", "--get", path)
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_datasette_serves_every_table_and_view(town: Voucher, here: Path) -> None:
    town("export", "datasette", "out", *AS_OF)
    folder = here / "out"
    before = (folder / "vouchers.db").read_bytes()
    told = asked(folder, "/vouchers.json")
    views = {each["name"] for each in told["views"]}
    assert {"按区县核销", "Redemptions by district", "各期次", "All rounds"} <= views
    hidden = {each["name"] for each in told["tables"] if each["hidden"]}
    assert hidden == {each["name"] for each in told["tables"]}
    metadata = asked(folder, "/-/metadata.json")
    assert metadata["title"] == "小镇 · Town"
    described = metadata["databases"]["vouchers"]["tables"]
    assert described["按区县核销"]["columns"]["区县"]
    for name in sorted(views):
        statement = f'select * from "{name}"'.replace(" ", "%20").replace('"', "%22")
        answer = asked(folder, f"/vouchers.json?sql={statement}&_shape=objects")
        assert answer["ok"], answer
        for row in answer["rows"]:
            assert {*described[name]["columns"]} == {*row}
    assert (folder / "vouchers.db").read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {
        "vouchers.db", "metadata.json", "files.json",
    }  # fmt: skip


def judged(folder: Path) -> dict[str, Any]:
    """What frictionless finds in the package."""
    words = (judge("frictionless"), "validate", "datapackage.json", "--json")
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_frictionless_finds_no_fault(town: Voucher, here: Path, form: str, lang: str) -> None:
    town("export", "package", "out", *AS_OF, "--format", form, "--lang", lang)
    report = judged(here / "out")
    assert report["valid"], [task["errors"][:2] for task in report["tasks"]]
    assert report["stats"]["tasks"] == 13
    rows = {each["name"]: each["stats"]["rows"] for each in report["tasks"]}
    assert (rows["redemptions_by_district"], rows["rounds"]) == (3, 3)


@pytest.mark.slow
def test_frictionless_finds_a_cell_that_was_changed(town: Voucher, here: Path) -> None:
    town("export", "package", "out", *AS_OF)
    path = here / "out" / "data" / "redemptions_by_round.csv"
    path.write_text(path.read_text("utf-8").replace("r1,40", "r9,many"), "utf-8")
    found = {each["type"] for task in judged(here / "out")["tasks"] for each in task["errors"]}
    assert {"type-error", "foreign-key"} <= found
