"""Registries as strangers would hand them in, each read by a short profile that a clerk could
write, none by a line of code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter
import xlwt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TakeIn = Any


@pytest.fixture
def take_in(voucher: Callable[..., Any], here: Path) -> TakeIn:
    """Import a registry by a profile's text; read = accepted + duplicate + rejected always."""
    voucher("init")

    def take_in(path: str, profile: str, *options: str, expect: int | None = 0) -> dict[str, Any]:
        (here / "clerk.yaml").write_text(profile, "utf-8")
        data: dict[str, Any] = voucher(
            "merchant",
            "import",
            path,
            "--profile",
            "clerk.yaml",
            *options,
            "-o",
            "json",
            expect=expect,
        ).data
        assert data["read"] == data["accepted"] + data["duplicate"] + data["rejected"]
        return data

    return take_in


def merchants(voucher: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    return {
        row["name"]: row
        for row in voucher("merchant", "list", "--limit", "0", "-o", "json").data["merchants"]
    }


def sheet_of(book: Any, name: str, rows: list[list[Any]]) -> Any:
    """A sheet of an .xls or .xlsx book with these rows."""
    sheet = book.add_worksheet(name) if hasattr(book, "add_worksheet") else book.add_sheet(name)
    for line, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell is not None:
                sheet.write(line, column, cell)
    return sheet


# ---------------------------------------- a county's list: GB18030, titles, sums at the foot

COUNTY = """\
profile: linan
kind: merchants
columns:
  name: 商户名称
  uscc: 统一社会信用代码
  district: 所属乡镇（街道）
  address: 经营地址
  industry: {column: 业态, words: {餐饮: catering}}
  phone: {column: 联系人及电话, pattern: '\\d[\\d-]{6,}'}
key: [uscc]
footer: {like: '^(合计|备注)', required: true}
checks: [{find: '合计,(?P<rows>\\d+)家'}]
"""
COUNTY_LINES = """\
附件1,,,,,,
临安区消费券参与商户名单（第一批）,,,,,,
填报单位：区商务局,,,,填报日期：2020年4月1日,,
序号,商户名称,统一社会信用代码,所属乡镇\n(街道),经营地址,业态,"联系人
及电话"
1,老王面馆　,92330185MA2XXXXX1A,锦城街道,"钱王街1号，近路口",餐饮,王某 13800000001
2,"“临安”茶馆",92330185MA2XXXXX2B,锦北街道,苕溪路2号,餐饮,李某0571-63700002
3,昌化山货行,92330185MA2XXXXX3C,昌化镇,老街3号,零售,13800000003
合计,3家,,,,,
备注：以上商户均已签约,,,,,,
"""
COUNTY_TEXT = COUNTY_LINES.replace("所属乡镇\n(街道)", '"所属乡镇\n(街道)"').replace("\n", "\r\n")


def test_a_county_list_in_gb18030_with_titles_above_and_a_sum_below(
    take_in: TakeIn, voucher: Any, here: Path
) -> None:
    (here / "名单.csv").write_bytes(COUNTY_TEXT.encode("gb18030"))
    data = take_in("名单.csv", COUNTY)
    assert (data["encoding"], data["read"], data["accepted"], data["extra_columns"]) == (
        "gb18030",
        3,
        3,
        ["序号"],
    )
    found = merchants(voucher)
    assert found.keys() == {"老王面馆", "“临安”茶馆", "昌化山货行"}
    assert (
        found["老王面馆"]["address"],
        found["老王面馆"]["phone"],
        found["“临安”茶馆"]["phone"],
    ) == ("钱王街1号，近路口", "13800000001", "0571-63700002")
    assert (found["昌化山货行"]["district"], found["昌化山货行"]["industry"]) == ("昌化镇", "零售")
    assert found["老王面馆"]["industry"] == "catering"


def test_the_countys_next_list_adds_changes_and_misses(
    take_in: TakeIn, voucher: Any, here: Path
) -> None:
    (here / "1.csv").write_bytes(COUNTY_TEXT.encode("gb18030"))
    take_in("1.csv", COUNTY)
    second = COUNTY_TEXT.replace("老街3号", "新街5号").replace(
        '2,"“临安”茶馆",92330185MA2XXXXX2B', "2,天目书店,92330185MA2XXXXX4D"
    )
    (here / "2.csv").write_bytes(second.encode("utf-8-sig"))
    data = take_in("2.csv", COUNTY, "--missing", "suspend")
    assert (
        data["added"],
        data["changed"],
        data["duplicate"],
        data["missing"],
        data["suspended"],
    ) == (1, 1, 1, 1, 1)
    assert data["missing_merchants"][0]["name"] == "“临安”茶馆"
    assert merchants(voucher)["“临安”茶馆"]["state"] == "suspended"
    first_again = COUNTY_TEXT.replace("第一批", "第三批")
    (here / "3.csv").write_bytes(first_again.encode("gb18030"))
    data = take_in("3.csv", COUNTY)
    assert (data["changed"], data["returned"], data["missing_merchants"][0]["name"]) == (
        1,
        1,
        "天目书店",
    )


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("合计,3家", "合计,4家", "footer_mismatch"),
        ("合计,3家,,,,,\r\n备注：以上商户均已签约,,,,,,\r\n", "", "file_cut_off"),
        (
            "3,昌化山货行,92330185MA2XXXXX3C,昌化镇,老街3号,零售,13800000003\r\n",
            "",
            "footer_mismatch",
        ),
    ],
)
def test_a_county_list_that_is_not_whole_is_refused(
    take_in: TakeIn, voucher: Any, here: Path, old: str, new: str, code: str
) -> None:
    (here / "x.csv").write_bytes(COUNTY_TEXT.replace(old, new).encode("gb18030"))
    (here / "clerk.yaml").write_text(COUNTY, "utf-8")
    ran = voucher("merchant", "import", "x.csv", "--profile", "clerk.yaml", "-o", "json", expect=3)
    assert ran.json["problems"][0]["code"] == code
    assert merchants(voucher) == {}


# ---------------------------------------- an .xls with merged titles, a header of two rows, merged districts

MERGED = """\
profile: town-hall
kind: merchants
columns:
  merchant_no: 编码
  name: 单位全称
  district: {column: 片区, down: true}
  address: [详细地址, 门牌]
  phone: 手机
skip: [{column: 单位全称, like: ^小计}]
footer: {like: ^合计}
"""


def test_an_xls_with_merged_titles_a_header_of_two_rows_and_merged_districts(
    take_in: TakeIn, voucher: Any, here: Path
) -> None:
    book = xlwt.Workbook()
    sheet = sheet_of(
        book,
        "名录",
        [
            [None],
            [None],
            [None, None, "商户信息", None, "联系方式", None],
            ["片区", "编码", "单位全称", "业态", "详细地址", "手机"],
            ["城西", 330101.0, "甲饭店", "餐饮", "一路1号", 13800000001],
            [None, "000102", "乙书店", "零售", "二路2号", None],
            [None, None, "小计：2家", None, None, None],
            ["城东", 330103, "丙商场", "零售", "三路3号", 13800000003.0],
            [None, "合计", "3家"],
        ],
    )
    sheet.write_merge(0, 1, 0, 5, "某市定点商户名录\n（2020年版）")
    book.save(str(here / "名录.xls"))
    data = take_in("名录.xls", MERGED)
    assert (data["encoding"], data["read"], data["accepted"], data["ignored"]) == ("xls", 3, 3, 1)
    found = merchants(voucher)
    assert {name: (row["merchant_no"], row["district"]) for name, row in found.items()} == {
        "甲饭店": ("330101", "城西"),
        "乙书店": ("000102", "城西"),
        "丙商场": ("330103", "城东"),
    }
    assert (found["甲饭店"]["phone"], found["甲饭店"]["address"]) == ("13800000001", "一路1号")


def test_a_header_that_two_merged_rows_share_is_read(
    take_in: TakeIn, voucher: Any, here: Path
) -> None:
    book = xlsxwriter.Workbook(str(here / "x.xlsx"))
    sheet = sheet_of(
        book,
        "一",
        [
            ["定点商户"],
            ["编码", "单位全称", "地点"],
            [None, None, "片区", "门牌"],
            ["01", "甲饭店", "城西", "一路1号"],
            ["02", "乙书店", "城东", "二路2号"],
        ],
    )
    for column in (0, 1):
        sheet.merge_range(1, column, 2, column, ("编码", "单位全称")[column])
    book.close()
    data = take_in("x.xlsx", MERGED.replace("phone: 手机", "phone: {column: 手机, optional: true}"))
    assert (data["read"], data["accepted"], data["extra_columns"]) == (2, 2, [])
    assert merchants(voucher)["乙书店"]["address"] == "二路2号"


def test_a_merged_district_is_kept_with_a_reject(take_in: TakeIn, voucher: Any, here: Path) -> None:
    (here / "x.csv").write_text(
        "片区,编码,单位全称,门牌,手机\n城西,1,甲,a,\n,2,,b,\n城东,3,丙,c,\n", "utf-8"
    )
    assert take_in("x.csv", MERGED, expect=4)["reasons"] == {"bad_row": 1}
    voucher("batch", "rejects", "1", "--to", "r.csv")
    (here / "r.csv").write_bytes((here / "r.csv").read_bytes().replace(b",2,,", ",2,乙,".encode()))
    assert take_in("r.csv", MERGED)["accepted"] == 1
    assert merchants(voucher)["乙"]["district"] == "城西"


# ---------------------------------------- Japan: Shift_JIS, no number, half-width kana

TOYAMA = """\
profile: toyama
kind: merchants
encoding: cp932
columns:
  name: 店舗名
  district: 市町村
  address: {join: [市町村, 住所], with: ""}
  phone: 電話番号
  industry: {column: ジャンル, words: {和食: catering, 洋食: catering}}
key: [name, 電話番号]
skip: [{column: 備考, like: 閉店}]
"""


def test_a_japanese_list_in_shift_jis(take_in: TakeIn, voucher: Any, here: Path) -> None:
    text = (
        "Go To Eat"
        " 加盟店一覧,,,,,\n令和2年11月3日現在,,,,,\nＮｏ．,店舗名,市町村,住所,電話番号,ジャンル,備考\n"
        "①,すし処 髙志,富山市,桜町１－１,０７６－４３１－００００,和食,\n2,ｶﾌｪ"
        " まる,高岡市,末広町2,0766-22-0000,洋食,\n"
        "3,旧店,氷見市,丸の内,0766-74-0000,和食,閉店\n"
    )
    (here / "list.csv").write_bytes(text.encode("cp932"))
    data = take_in("list.csv", TOYAMA)
    assert (data["encoding"], data["read"], data["accepted"], data["ignored"]) == ("cp932", 2, 2, 1)
    found = merchants(voucher)
    assert (found["すし処 髙志"]["phone"], found["すし処 髙志"]["address"]) == (
        "076-431-0000",
        "富山市桜町１－１",
    )
    later = (
        text.replace("①,すし処 髙志", "1,すし処　髙志")
        .replace("ｶﾌｪ まる", "カフェまる")
        .replace("末広町2", "末広町3")
    )
    (here / "later.csv").write_text(later, "utf-8-sig")
    data = take_in("later.csv", TOYAMA)
    # the same shops, written in another way
    assert (data["added"], data["changed"], data["missing"]) == (
        0,
        2,
        0,
    )


# ---------------------------------------- Britain: several lines of address, cp1252, TABs

BRITISH = """\
profile: county-fayre
kind: merchants
encoding: cp1252
columns:
  name: [Trading Name, Business]
  district: County
  address: {join: [Address 1, Address 2, Town, County, Post Code], with: ", "}
key: [name, Post Code]
recognise_by: [Town, County]
"""


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_a_british_list_with_counties(
    take_in: TakeIn, voucher: Any, here: Path, delimiter: str
) -> None:
    rows = [
        ["Participating establishments, as at 3 August 2020"],
        ["Trading Name", "Address 1", "Address 2", "Town", "County", "Post Code"],
        ["Café Noël", "1 High St", "", "Ely", "Cambs", "CB7 4AB"],
        ["O’Neill’s £5 Grill ", "2 Mill Rd", "Unit 3", "Ely", "", "cb7  4ax"],
        ["Cafe Noel", "9 Low St", "", "Wells", "Somerset", "BA5 1AA"],
    ]
    quote = {True: '"{}"', False: "{}"}
    text = "".join(
        delimiter.join(quote[delimiter in cell].format(cell) for cell in row) + "\r\n"
        for row in rows
    )
    (here / "list.csv").write_bytes(text.encode("cp1252"))
    data = take_in("list.csv", BRITISH)
    assert (data["encoding"], data["read"], data["accepted"]) == ("cp1252", 3, 3)
    found = merchants(voucher)
    assert found["O’Neill’s £5 Grill"]["merchant_no"] == "o’neill’s £5 grill | cb7 4ax"
    assert found["Café Noël"]["address"] == "1 High St, Ely, Cambs, CB7 4AB"


# ---------------------------------------- only serial numbers; other words; several sheets

SERIAL = """\
profile: serial
kind: merchants
columns: {name: 字号, address: 经营场所, district: 镇, size: {value: 小微}}
key: [name, address]
"""


def test_a_list_with_serial_numbers_and_no_ids(take_in: TakeIn, voucher: Any, here: Path) -> None:
    rows = "1,老店,东街 1 号,甲镇\n2,老店,西街2号,乙镇\n3,老店,东街１号,甲镇\n4,,南街,甲镇\n"
    (here / "a.csv").write_text("序号,字号,经营场所,镇\n" + rows, "utf-8")
    data = take_in("a.csv", SERIAL, expect=4)
    # 3 is 1 in another width, which makes no other number, and no other address either
    assert (data["read"], data["accepted"], data["duplicate"], data["rejected"]) == (4, 2, 1, 1)
    assert data["reasons"] == {"bad_row": 1}
    (here / "b.csv").write_text(
        "序号,字号,经营场所,镇\n1,新店,北街,甲镇\n2,老店,东街 1 号,丙镇\n", "utf-8"
    )
    data = take_in("b.csv", SERIAL)
    assert (data["added"], data["changed"], data["missing"]) == (1, 1, 1)


def test_other_words_for_our_own_fields_need_no_profile(voucher: Any, here: Path) -> None:
    voucher("init")
    (here / "a.csv").write_text(
        "商家编号,店铺名称,商户名称,所在区县,业态,收款账号\n7,门店,公司,西湖区,餐饮,６２２２\n",
        "utf-8",
    )
    data = voucher("merchant", "import", "a.csv", "-o", "json").data
    # two names: the first that the profile knows, the other is told
    assert (data["accepted"], data["extra_columns"]) == (
        1,
        ["店铺名称"],
    )
    assert merchants(voucher)["公司"]["account_no"] == "****"


@pytest.mark.parametrize(("chosen", "names"), [("西湖区", {"甲"}), ("上城区", {"乙", "丙"})])
def test_one_sheet_of_several_is_chosen_by_the_profile(
    take_in: TakeIn, voucher: Any, here: Path, chosen: str, names: set[str]
) -> None:
    book = xlsxwriter.Workbook(str(here / "x.xlsx"))
    head = ["编码", "单位全称", "片区", "门牌", "手机"]
    sheet_of(book, "填表说明", [["请勿改动表头"], ["编码：六位"]])
    sheet_of(book, "西湖区", [["西湖区名录"], head, [1, "甲", "西湖", "a", None]])
    sheet_of(
        book, "上城区", [head, ["0002", "乙", "上城", "b", None], [3, "丙", "上城", "c", None]]
    )
    sheet_of(book, "旧", [head, [9, "丁", "上城", "c", None]]).hide()
    book.close()
    (here / "clerk.yaml").write_text(MERGED, "utf-8")
    ran = voucher("merchant", "import", "x.xlsx", "--profile", "clerk.yaml", "-o", "json", expect=3)
    assert (
        ran.json["problems"][0]["code"] == "several_sheets"
        and "西湖区, 上城区" in ran.json["problems"][0]["message"]
    )
    assert take_in("x.xlsx", MERGED + f"sheet: {chosen}\n")["accepted"] == len(names)
    assert merchants(voucher).keys() == names
