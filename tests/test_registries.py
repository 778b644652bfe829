"""Registries that nobody here wrote, through their profiles alone: the UK's and Akita's, GB18030
and .xls.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parent / "cases" / "registries"
UK = CASES / "uk_eotho_merchants_299.csv"
NOVEMBER, FEBRUARY = (
    CASES / "jp_gotoeat_akita_2020-11-03.csv",
    CASES / "jp_gotoeat_akita_2021-02-13.csv",
)
WIDE = r"[\u2e80-\ud7ff\uf900-\ufaff]"


def settled(text: str) -> str:
    """A key's text, worked out here anew: width, case, kinds of dash and blanks do not count, nor
    blanks beside a Japanese character.
    """
    folded = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()
    return re.sub(rf"(?<={WIDE}) | (?={WIDE})", "", re.sub("[‐-―−]", "-", folded))


def restaurants(path: Path) -> dict[str, tuple[str, ...]]:
    """key -> what is stored of it (name, area, address, telephone)."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {f"{settled(row['name'])} | {settled(row['address'])}": stored(row) for row in rows}


def stored(row: dict[str, str]) -> tuple[str, ...]:
    """Names keep their characters; a telephone number gets usual digits."""
    return (
        *(row[key].strip() for key in ("name", "area", "address")),
        unicodedata.normalize("NFKC", row["tel"]).strip(),
    )


@pytest.fixture
def take_in(voucher: Callable[..., Any]) -> Callable[..., Any]:
    voucher("init")
    return lambda path, *options, expect=0: (
        voucher("merchant", "import", str(path), *options, "-o", "json", expect=expect).data
    )


def test_the_uk_list_comes_in_whole(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    data = take_in(UK)
    counts = tuple(data[key] for key in ("read", "accepted", "duplicate", "rejected", "missing"))
    assert (data["profile"], counts) == ("uk-eotho", (299, 299, 0, 0, 0))
    found = voucher("merchant", "list", "--search", "Pig and Whistle", "-o", "json").data[
        "merchants"
    ][0]
    assert (found["name"], found["district"], found["merchant_no"]) == (
        "The Pig and Whistle",
        "London",
        "the pig and whistle | 479-481, merton road, london, greater london, sw18 5ld",
    )
    assert found["address"] == "479-481, Merton Road, London, Greater London, SW18 5LD"


def test_akitas_second_date_adds_changes_and_misses_exactly_what_the_files_say(
    take_in: Callable[..., Any], voucher: Callable[..., Any]
) -> None:
    before, after = restaurants(NOVEMBER), restaurants(FEBRUARY)
    first = take_in(NOVEMBER)
    assert (first["profile"], first["read"], first["added"], first["rejected"]) == (
        "akita-gotoeat",
        879,
        len(before),
        0,
    )
    second = take_in(FEBRUARY)
    both = before.keys() & after.keys()
    changed = {key for key in both if before[key] != after[key]}
    assert (second["read"], second["added"], second["changed"], second["missing"]) == (
        1201,
        len(after.keys() - before.keys()),
        len(changed),
        len(before.keys() - after.keys()),
    )
    assert second["read"] == second["accepted"] + second["duplicate"] + second["rejected"]
    assert {
        row["merchant_no"] for row in second["missing_merchants"]
    } == before.keys() - after.keys()
    listed = voucher("merchant", "list", "--limit", "0", "-o", "json").data["merchants"]
    known = {
        row["merchant_no"]: (row["name"], row["district"], row["address"], row["phone"])
        for row in listed
    }
    assert known == {**before, **after}


def test_the_older_date_again_turns_it_all_round(take_in: Callable[..., Any]) -> None:
    before, after = restaurants(NOVEMBER), restaurants(FEBRUARY)
    take_in(FEBRUARY)
    data = take_in(NOVEMBER, "--missing", "suspend")
    assert (data["missing"], data["suspended"]) == (len(after.keys() - before.keys()),) * 2
    assert data["added"] == len(before.keys() - after.keys())


def test_two_registries_do_not_miss_each_others_merchants(take_in: Callable[..., Any]) -> None:
    take_in(UK)
    assert take_in(NOVEMBER)["missing"] == 0


CHINESE = [
    ["商户编号", "商户名称", "统一社会信用代码", "所属区县", "行业", "备注"],
    ["330100001", "老马面馆", "91110000600037341L", "上城区", "餐饮", "总店"],
    ["330100002", "西湖书店", "", "西湖区", "零售", ""],
    ["000003", "拱宸茶馆", "", "拱墅区", "餐饮", ""],
]


def test_a_registry_in_gb18030_comes_in(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    lines = [
        "杭州市消费券参与商户名录,,,,,",
        "截至2020年3月20日,,,,,",
        *(",".join(row) for row in CHINESE),
    ]
    (here / "名录.csv").write_bytes("\r\n".join(lines).encode("gb18030"))
    data = take_in("名录.csv")
    assert (data["encoding"], data["accepted"], data["rejected"], data["extra_columns"]) == (
        "gb18030",
        3,
        0,
        ["备注"],
    )
    assert [row["name"] for row in voucher("merchant", "list", "-o", "json").data["merchants"]] == [
        "拱宸茶馆",
        "老马面馆",
        "西湖书店",
    ]


def test_a_registry_in_xls_comes_in(
    take_in: Callable[..., Any], voucher: Callable[..., Any], here: Path
) -> None:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("名录")
    sheet.write_merge(0, 0, 0, 5, "杭州市消费券参与商户名录")
    for line, row in enumerate(CHINESE, 1):
        for column, cell in enumerate(row):
            sheet.write(line, column, int(cell) if column == 0 and cell.startswith("3") else cell)
    book.save(str(here / "名录.xls"))
    data = take_in("名录.xls")
    assert (data["accepted"], data["rejected"], data["added"]) == (3, 0, 3)
    listed = voucher("merchant", "list", "-o", "json").data["merchants"]
    assert [row["merchant_no"] for row in listed] == ["000003", "330100001", "330100002"]


def test_a_registry_cut_off_in_a_row_keeps_the_whole_rows(
    take_in: Callable[..., Any], here: Path
) -> None:
    whole = NOVEMBER.read_text("utf-8-sig")
    (here / "cut.csv").write_text(whole[: whole.index("\n", 20_000) + 15], "utf-8")
    data = take_in("cut.csv", expect=4)
    assert data["rejected"] == 1 and data["read"] == data["accepted"] + 1


def test_two_shops_of_a_chain_in_one_postcode_are_two(voucher: Any, here: Path) -> None:
    head = "Name,Line 1,Line 2,Town,County,Postcode\n"
    rows = "Costa Coffee,1 High St,,Rushden,,NN3 8JZ\nCosta Coffee,Unit 4,,Rushden,,NN3 8JZ\n"
    rows += "COSTA COFFEE,1 HIGH ST,,RUSHDEN,,nn3 8jz\n"
    (here / "uk.csv").write_text(head + rows)
    voucher("init")
    data = voucher("merchant", "import", "uk.csv", "-o", "json").data
    assert (data["accepted"], data["duplicate"], data["rejected"]) == (2, 1, 0)
