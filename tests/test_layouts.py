"""What a profile says of a file's layout: delimiter, no header, widths, sheets; and what is seen
without being said.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter
from test_formats_sources import written, xlsx

from vouchercli.errors import VoucherError
from vouchercli.formats.columnar import blocks
from vouchercli.formats.configs import profiles
from vouchercli.formats.tables.files import read

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.formats.tables.records import Reading

MERCHANTS = """\
profile: p
kind: merchants
name: {zh: 名录, en: list}
columns: {merchant_no: 商户编号, name: 商户名称}
"""
OURS = "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy"
PAID = "T1,pay,C1,1,M1,2020-03-27 12:00:00,45.00,0,10.00"


def profile(folder: Path, more: str, text: str = MERCHANTS) -> str:
    return str(written(folder, (text + more).encode(), "p.yaml"))


def names(reading: Reading) -> list[tuple[str, str]]:
    return [
        (record.values[0], record.values[1] if record.fault is None else record.fault.text)
        for record in reading.records()
    ]


def faults_of(folder: Path, more: str, text: str = MERCHANTS) -> list[str]:
    with pytest.raises(VoucherError) as refused:
        profiles.load(profile(folder, more, text), "merchants")
    return [each.code for each in refused.value.problems]


# ---------------------------------------------------------------- delimiters


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("merchant_no,name,范围\nM1,甲,a;b;c;d;e\n", [("M1", "甲")]),
        ("merchant_no,name,范围\nM1,&#039;甲&amp;乙;,a|b|c|d|e\n", [("M1", "&#039;甲&amp;乙;")]),
        ("merchant_no\tname\t范围\nM1\t甲\ta,b,c,d,e,f\n", [("M1", "甲")]),
        ("merchant_no;name;tags\nM1;甲;a, b, c, d, e\n", [("M1", "甲")]),
        ("merchant_no|name|address\nM1|甲|a, b, c, d, e\n", [("M1", "甲")]),
        ("merchant_no^name^x\nM1^甲^y\n", [("M1", "甲")]),
        ("merchant_no~name~x\nM1~甲~y\n", [("M1", "甲")]),
        ("merchant_no\x01name\x01x\nM1\x01甲\x01y\n", [("M1", "甲")]),
        ("merchant_no，name\nM1，甲\n", [("M1", "甲")]),
        ("sep=;\nmerchant_no;name\nM1;a,b,c,d,e\n", [("M1", "a,b,c,d,e")]),
        ('"sep=|"\r\nmerchant_no|name\r\nM1|甲\r\n', [("M1", "甲")]),
        ("\ufeffsep=\t\nmerchant_no\tname\nM1\t甲\n", [("M1", "甲")]),
        ("说明;甲;乙;丙;丁;戊\nmerchant_no,name\nM1,甲;乙;丙\n", [("M1", "甲;乙;丙")]),
    ],
)
def test_the_delimiter_is_the_one_between_the_names_of_the_header(
    text: str, rows: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert names(read(written(tmp_path, text.encode()), "merchants")) == rows


def test_a_profile_says_the_delimiter(tmp_path: Path) -> None:
    path = written(tmp_path, "商户编号:商户名称\nM1:甲,乙\n".encode())
    assert names(read(path, "merchants", profile=profile(tmp_path, "delimiter: ':'\n"))) == [
        ("M1", "甲,乙")
    ]
    path = written(tmp_path, "商户编号\t商户名称\nM1\t甲\n".encode())
    assert names(read(path, "merchants", profile=profile(tmp_path, "delimiter: tab\n"))) == [
        ("M1", "甲")
    ]


@pytest.mark.parametrize("mark", [";", "\t", "|", "，"])
def test_columns_are_cut_by_the_same_delimiter(mark: str, tmp_path: Path) -> None:
    text = "\n".join((OURS, PAID, "")).replace(",", mark)
    reading = read(written(tmp_path, text.encode()), "redemptions")
    (record,) = reading.records()
    if mark.isascii():
        (block,) = blocks.blocks(reading, 0, lambda line: 1 << 40)
        frame, others = block.columns()
        assert (frame.height, others, frame["transaction_no"][0]) == (1, [], "T1")
    else:
        with pytest.raises(blocks.NotByLinesError):
            next(blocks.blocks(reading, 0, lambda line: 1 << 40))
    assert record.values[:2] == ("T1", "pay")


# ---------------------------------------------------------------- no header, widths


def test_without_a_header_columns_are_given_by_their_places(tmp_path: Path) -> None:
    text = MERCHANTS.replace("商户编号", "1").replace("商户名称", "3")
    given = profile(tmp_path, "header: none\n", text)
    reading = read(
        written(tmp_path, "M1,x,甲\nM2,y,乙\nM3,丙\n".encode()), "merchants", profile=given
    )
    assert names(reading) == [
        ("M1", "甲"),
        ("M2", "乙"),
        (
            "",
            "the row has {cells} cells, the header {columns}: a comma inside an amount, or the row"
            " is cut off",
        ),
    ]
    assert [record.line for record in reading.records()] == [1, 2, 3]
    path = xlsx(tmp_path, {(0, 0): "M1", (0, 1): "x", (0, 2): "甲"})
    assert names(read(path, "merchants", profile=given)) == [("M1", "甲")]


FIXED = """\
profile: fixed
kind: merchants
name: {zh: 定长, en: fixed}
header: none
widths: [4, 8, 6]
columns: {merchant_no: 1, name: 2, district: 3}
"""


CUT_OFF = (
    "the row has {cells} cells, the header {columns}: a comma inside an amount, or the row is cut"
    " off"
)


@pytest.mark.parametrize(
    ("more", "encoding", "line", "row"),
    [
        ("", "gb18030", "M001知味观  上城区", ("M001", "知味观", "上城区")),
        ("", "gb18030", "M001知味观  上城区   ", ("M001", "知味观", "上城区")),
        ("widths_in: bytes\n", "gb18030", "M2  楼外楼  上城", ("M2", "楼外楼", "上城")),
        ("widths_in: characters\n", "utf-8", "M001知味观     上城区", ("M001", "知味观", "上城区")),
        ("widths_in: characters\n", "gb18030", "M001知味观     上城", ("M001", "知味观", "上城")),
        ("", "ascii", "M001Zhi Wei Xihu  ", ("M001", "Zhi Wei", "Xihu")),
        ("", "ascii", 'M001"Zhi" W Xihu', ("M001", '"Zhi" W', "Xihu")),
        ("", "ascii", "M001Zhi Wei Xihu  x", CUT_OFF),  # longer
        ("", "ascii", "M001Zhi Wei", CUT_OFF),  # shorter
    ],
)
def test_lines_are_cut_by_widths(
    more: str, encoding: str, line: str, row: tuple[str, ...] | str, tmp_path: Path
) -> None:
    given = str(written(tmp_path, (FIXED + more).encode(), "p.yaml"))
    path = written(tmp_path, f"{line}\r\n\r\n{line}\n".encode(encoding), "f.txt")
    found = list(read(path, "merchants", profile=given).records())
    assert [record.line for record in found] == [1, 3]
    for record in found:
        values = (*record.values[:2], record.values[3])
        assert (values if record.fault is None else record.fault.text) == row


@pytest.mark.parametrize(
    ("more", "columns", "text"),
    [
        ("header: none\n", ("1", "3"), "M1,x,甲\nM2,y,\n"),
        ("header: none\nwidths: [2, 2, 6]\n", ("1", "3"), "M1x 甲\nM2y   \n"),
        ("delimiter: '^'\n", ("商户编号", "商户名称"), "商户编号^商户名称\nM1^甲\nM2^\n"),
        ("sheets: [甲, 乙]\n", ("商户编号", "商户名称"), "商户编号,商户名称\nM1,甲\nM2,\n"),
        ("encoding: shift_jis\n", ("商户编号", "商户名称"), "商户编号,商户名称\nM1,甲\nM2,\n"),
    ],
)
def test_mended_rejects_of_any_layout_come_back(
    more: str, columns: tuple[str, str], text: str, voucher: Any, here: Path
) -> None:
    voucher("init")
    given = MERCHANTS.replace("商户编号", columns[0]).replace("商户名称", columns[1])
    path = profile(here, more, given)
    (here / "m.txt").write_text(text, "utf-8")
    voucher("merchant", "import", "m.txt", "--profile", path, expect=4)
    voucher("batch", "rejects", "1", "--to", "r.csv")
    rejects = (here / "r.csv").read_text("utf-8-sig").replace(",bad_row", "乙,bad_row")
    (here / "r.csv").write_text(rejects, "utf-8")
    data = voucher("merchant", "import", "r.csv", "--profile", path, "-o", "json").json["data"]
    assert (data["read"], data["accepted"]) == (1, 1)
    listed = voucher("merchant", "list", "-o", "json").json["data"]["merchants"]
    assert [each["merchant_no"] for each in listed] == ["M1", "M2"]


UNIONPAY = """\
profile: unionpay-zm
platform: unionpay
kind: redemptions
name: {zh: 银联对账明细, en: UnionPay settlement detail}
unit: fen
header: none
widths: [3, 28, 10, 19, 12, 6, 21, 2, 32, 73]
columns:
  transaction_no: 7
  kind: {column: 1, refund: '^S30', otherwise: pay}
  claim_no: {column: 9, pattern: '^(C\\d+)'}
  coupon_no: {column: 9, pattern: '^C\\d+-(\\d+)', default: "1"}
  merchant_no: {value: M001}
  paid_at: {column: 7, pattern: '^(\\d{14})'}
  order_amount: 5
  subsidy: {value: "10.00"}
"""
ZM = (
    "S22000000000000000000000000000103281210006222020000000000000000000010000581207"
    "202003281210000000011  C0001-1                         "
    "010000000000000000D000000000010C0000000090000001               0101000201\n"
)


def test_a_settlement_file_of_unionpay_is_read(tmp_path: Path) -> None:
    given = str(written(tmp_path, UNIONPAY.encode(), "up.yaml"))
    (record,) = read(written(tmp_path, ZM.encode(), "INN"), "redemptions", profile=given).records()
    assert record.fault is None
    assert record.values[:8] == (
        "202003281210000000011",
        "pay",
        "C0001",
        "1",
        "M001",
        "",
        "2020-03-28 12:10:00",
        "0000000100.00",
    )


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("delimiter: ab\n", "bad_delimiter"),
        ("delimiter: x\n", "bad_delimiter"),
        ("delimiter: '\"'\n", "bad_delimiter"),
        ("delimiter: ','\nwidths: [3, 4]\n", "misplaced_key"),
        ("widths_in: bytes\n", "misplaced_key"),
        ("widths: [3]\n", "too_few"),
        ("widths: [3, 0]\n", "bad_number"),
        ("sheet: a\nsheets: all\n", "misplaced_key"),
        ("header: maybe\n", "not_a_choice"),
        ("encoding: klingon\n", "unknown_encoding"),
    ],
)
def test_a_layout_that_says_nothing_is_a_fault(more: str, code: str, tmp_path: Path) -> None:
    assert faults_of(tmp_path, more) == [code]


def test_names_are_no_places(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "header: none\n") == ["no_place", "no_place"]
    text = MERCHANTS.replace("商户编号", "1").replace("商户名称", "0")
    assert faults_of(tmp_path, "header: none\n", text) == ["no_place"]
    text = text.replace(": 0", ": 2")
    assert faults_of(tmp_path, "header: none\nrecognise_by: ['3']\n", text) == ["misplaced_key"]


# ---------------------------------------------------------------- one comma too many

SURPLUS = ["merchant_no,name,address", "M1,甲,x,", "M2,乙,y,"]


def test_a_blank_cell_behind_every_row_is_the_layout(tmp_path: Path) -> None:
    path = written(tmp_path, "\n".join(SURPLUS).encode())
    assert names(read(path, "merchants")) == [("M1", "甲"), ("M2", "乙")]
    rows = [OURS + ",refund_of", PAID + ",,", PAID.replace("T1", "T2") + ",,"]
    reading = read(written(tmp_path, "\n".join(rows).encode()), "redemptions")
    assert [record.fault for record in reading.records()] == [None, None]
    (block,) = blocks.blocks(reading, 0, lambda line: 1 << 40)
    frame, others = block.columns()
    assert (frame["transaction_no"].to_list(), others) == (["T1", "T2"], [])
    assert [record.values[0] for record in block.records([2, 3])] == ["T1", "T2"]


@pytest.mark.parametrize(
    "more",
    ["M3,丙,z", "M3,丙,z,w", "M3,丙,z,,"],
)
def test_where_not_every_row_has_it_the_row_says_so(more: str, tmp_path: Path) -> None:
    path = written(tmp_path, "\n".join([*SURPLUS, more]).encode())
    texts = [text for _, text in names(read(path, "merchants"))]
    assert texts[:2] == ["one more cell than the header, the last is blank: one comma too many"] * 2


def test_amounts_with_thousands_commas_are_no_layout(tmp_path: Path) -> None:
    row = PAID.replace("45.00", "1,250.00") + ","
    path = written(tmp_path, "\n".join([OURS + ",refund_of", row]).encode())
    (record,) = read(path, "redemptions").records()
    assert record.fault is not None
    assert record.fault.params == {"cells": 11, "columns": 10}


# ---------------------------------------------------------------- headers and sheets


def test_names_of_a_header_may_be_text_formulas(tmp_path: Path) -> None:
    text = '="商户编号",="商户名称"\n="000123",="知味观"\n'
    reading = read(written(tmp_path, text.encode()), "merchants")
    assert reading.header == ("商户编号", "商户名称")
    assert names(reading) == [("000123", "知味观")]


def workbook(folder: Path, sheets: dict[str, list[list[str]]], hidden: str = "") -> Path:
    book = xlsxwriter.Workbook(str(folder / "w.xlsx"))
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        if name == hidden:
            sheet.hide()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    book.close()
    return folder / "w.xlsx"


HEAD = ["商户编号", "商户名称"]
CITY = {
    "上城区": [HEAD, ["M1", "甲"]],
    "下城区": [["说明"], HEAD[::-1], ["乙", "M2"], ["丙", ""]],
    "西湖区": [HEAD, ["M4", "丁"]],
}


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("sheets: all\n", ["M1", "M2", "", "M4"]),
        ("sheets: [西湖区, 上城区]\n", ["M1", "M4"]),
        ("sheets: [西湖区]\n", ["M4"]),
        ("sheet: 下城区\n", ["M2", ""]),
    ],
)
def test_sheets_are_one_file_in_the_order_of_the_workbook(
    more: str, wanted: list[str], tmp_path: Path
) -> None:
    reading = read(workbook(tmp_path, CITY), "merchants", profile=profile(tmp_path, more))
    assert [record.values[0] for record in reading.records()] == wanted


def test_a_registry_of_many_sheets_is_whole(voucher: Any, here: Path) -> None:
    """Who stands in another sheet is not missing; a reject names its sheet."""
    voucher("init")
    given = profile(here, "sheets: all\n")
    more = "merchant", "import", str(workbook(here, CITY)), "--profile", given
    ran = voucher(*more, "--missing", "suspend", "-o", "json", expect=4).json
    assert (ran["data"]["added"], ran["data"]["suspended"]) == (3, 0)
    assert [each["where"] for each in ran["problems"]] == [f"{here}/w.xlsx:下城区:4"]
    listed = voucher("batch", "rejects", str(ran["data"]["batch"]), "-o", "json").json["data"]
    assert [(each["sheet"], each["line"]) for each in listed["rejects"]] == [("下城区", 4)]
    shown = voucher("batch", "show", str(ran["data"]["batch"]))
    assert "下城区" in shown.out
    workbook(here, {**CITY, "西湖区": [HEAD]})
    ran = voucher(*more, "--missing", "report", "-o", "json", expect=4).json["data"]
    assert [each["merchant_no"] for each in ran["missing_merchants"]] == ["M4"]


ENDED = "footer: {like: ^合计, required: true}\nchecks: [{find: '合计(?P<rows>\\d+)家'}]\n"


@pytest.mark.parametrize(("count", "code"), [(1, None), (2, "footer_mismatch")])
def test_each_sheet_has_its_own_last_lines(count: int, code: str | None, tmp_path: Path) -> None:
    ended = {
        "上城区": [HEAD, ["M1", "甲"], ["合计1家", ""]],
        "下城区": [HEAD, ["M2", "乙"], [f"合计{count}家", ""]],
    }
    given = profile(tmp_path, "sheets: all\n" + ENDED)
    reading = read(workbook(tmp_path, ended), "merchants", profile=given)
    if code is None:
        assert names(reading) == [("M1", "甲"), ("M2", "乙")]
    else:
        with pytest.raises(VoucherError) as refused:
            names(reading)
        assert refused.value.code == code


def test_a_cell_under_no_name_is_not_lost(tmp_path: Path) -> None:
    wide = {"上城区": [HEAD, ["M1", "甲"]], "下城区": [HEAD, ["M2", "乙", "丙"], ["M3", "丁"]]}
    reading = read(
        workbook(tmp_path, wide), "merchants", profile=profile(tmp_path, "sheets: all\n")
    )
    assert [record.fault is None for record in reading.records()] == [True, False, True]


@pytest.mark.parametrize(
    ("more", "sheets", "code"),
    [
        ("", CITY, "several_sheets"),
        ("sheets: [下沙]\n", CITY, "no_sheet"),
        ("sheet: 下沙\n", CITY, "no_sheet"),
        ("sheets: [上城区, 下沙]\n", CITY, "no_sheet"),
        ("sheets: all\n", {**CITY, "说明": [["请看"]]}, "sheet_without_header"),
    ],
)
def test_sheets_that_cannot_be_one_file_are_refused(
    more: str, sheets: dict[str, list[list[str]]], code: str, tmp_path: Path
) -> None:
    with pytest.raises(VoucherError) as refused:
        read(workbook(tmp_path, sheets), "merchants", profile=profile(tmp_path, more))
    assert refused.value.code == code


def test_a_blank_sheet_is_no_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path, {**CITY, "Sheet4": []})
    reading = read(path, "merchants", profile=profile(tmp_path, "sheets: all\n"))
    assert len(list(reading.records())) == 4


def test_hidden_sheets_are_mentioned(voucher: Any, here: Path) -> None:
    voucher("init")
    workbook(here, {"甲": [HEAD, ["M1", "甲"]], "乙": [HEAD, ["M2", "乙"]]}, hidden="乙")
    assert "hidden sheets were not read: 乙" in voucher("merchant", "import", "w.xlsx").err
    workbook(here, {"甲": [["请看"]], "乙": [HEAD, ["M2", "乙"]]}, hidden="乙")
    assert "(乙)" in voucher("merchant", "import", "w.xlsx", expect=3).err


# ---------------------------------------------------------------- encodings


@pytest.mark.parametrize(
    ("name", "text", "codec"),
    [
        ("shift_jis", "㈱髙島屋①", "cp932"),
        ("Shift-JIS", "㈱", "cp932"),
        ("windows-31j", "①", "cp932"),
        ("euc-kr", "똠방각하", "cp949"),
        ("ks_c_5601-1987", "서울", "cp949"),
        ("gb2312", "喆堃", "gb18030"),
        ("GBK", "喆𠮷", "gb18030"),
        ("big5", "臺灣", "cp950"),
        ("big5", "滙豐嘅咗", "big5hkscs"),
        ("euc-jp", "寿司", "euc_jp"),
        ("latin-1", "Müller", "iso8859-1"),
    ],
)
def test_encodings_have_the_names_that_people_know(
    name: str, text: str, codec: str, tmp_path: Path
) -> None:
    content = f"merchant_no,name\nM1,{text}\n".encode(codec)
    reading = read(written(tmp_path, content), "merchants", encoding=name)
    assert names(reading) == [("M1", text)]
    assert reading.encoding == codec
    assert not reading.is_guess


@pytest.mark.parametrize(
    ("content", "is_guess"),
    [
        ("merchant_no,name\nM1,甲\n".encode(), False),
        ("merchant_no,name\nTW1,珍珠茶坊\nTW2,雙鼎便當\n".encode("big5"), True),
        ("merchant_no,name\nK1,명륜식당\nK2,서울분식\n".encode("cp949"), True),
        ("merchant_no,name\nF1,Crêperie Müller\nF2,Fiancée\n".encode("latin-1"), True),
        ("merchant_no,name\nM1,知味观大酒店\nM2,杭州市上城区面馆\n".encode("gb18030"), False),
        ("商户编号,商户名称\nM1,喆堃\n".encode("gb18030"), False),
    ],
)
def test_a_guess_is_said(content: bytes, is_guess: bool, voucher: Any, here: Path) -> None:
    voucher("init")
    (here / "m.csv").write_bytes(content)
    ran = voucher("merchant", "import", "m.csv", "--dry-run")
    assert ("voucher merchant import m.csv --encoding big5" in ran.err) is is_guess
    data = voucher("merchant", "import", "m.csv", "-o", "json").json["data"]
    assert data.get("encoding_is_guess", False) is is_guess


def test_an_unknown_header_by_a_guess_names_the_option(voucher: Any, here: Path) -> None:
    voucher("init")
    (here / "m.csv").write_bytes("店舗番号,店名\n1,寿司\n".encode("cp932"))
    ran = voucher("merchant", "import", "m.csv", expect=3)
    assert "voucher merchant import m.csv --encoding big5 (or shift_jis" in ran.err
    (here / "m.csv").write_bytes("店舗番号,店名\n1,寿司\n".encode())
    assert "--encoding" not in voucher("merchant", "import", "m.csv", expect=3).err


JAPANESE = """\
profile: takamatsu
platform: takamatsu
kind: merchants
name: {zh: 高松, en: Takamatsu}
encoding: shift_jis
columns: {merchant_no: 店舗番号, name: 店名}
"""


@pytest.mark.parametrize("text", ["店舗番号,店名\nK1,㈱髙島屋①\n", "店舗番号,店名\nK1,寿司\n"])
def test_known_profiles_are_tried_by_their_encodings(text: str, here: Path) -> None:
    (here / "configs" / "platforms").mkdir(parents=True)
    (here / "configs" / "platforms" / "takamatsu.yaml").write_text(JAPANESE, "utf-8")
    reading = read(written(here, text.encode("cp932")), "merchants")
    assert (reading.profile.profile, reading.encoding) == ("takamatsu", "cp932")
    assert names(reading)[0][0] == "K1"
    reading = read(written(here, text.encode()), "merchants")
    assert (reading.profile.profile, reading.encoding) == ("takamatsu", "utf-8")


def test_the_inbox_reads_by_the_encoding_of_a_profile(voucher: Any, here: Path) -> None:
    (here / "configs" / "platforms").mkdir(parents=True)
    (here / "configs" / "platforms" / "takamatsu.yaml").write_text(JAPANESE, "utf-8")
    folder = here / "inbox" / "takamatsu" / "merchants"
    folder.mkdir(parents=True)
    (folder / "shops.csv").write_bytes("店舗番号,店名\nK1,㈱髙島屋①\n".encode("cp932"))
    os.utime(folder / "shops.csv", (1_500_000_000, 1_500_000_000))
    voucher("init")
    voucher("schedule", "tick", "--inbox", "inbox")
    assert (folder / "done" / "shops.csv").exists()
    assert "㈱髙島屋①" in voucher("merchant", "list").out


def test_plain_names_are_believed_by_the_encoding_of_the_sender(here: Path) -> None:
    """`merchant_no,name` fits whatever the encoding: only whose folder it lay in tells."""
    text = JAPANESE.replace("店舗番号", "merchant_no").replace("店名", "name")
    (here / "configs" / "platforms").mkdir(parents=True)
    (here / "configs" / "platforms" / "takamatsu.yaml").write_text(text, "utf-8")
    path = written(here, "merchant_no,name\nK1,ラーメン山岡家\n".encode("cp932"))
    reading = read(path, "merchants", sender="takamatsu")
    assert (reading.encoding, names(reading)) == ("cp932", [("K1", "ラーメン山岡家")])
    with pytest.raises(VoucherError) as refused:
        read(path, "merchants")
    assert refused.value.code == "ambiguous_layout"


def test_a_sender_with_one_profile_without_a_header_is_read_by_it(here: Path) -> None:
    (here / "configs" / "platforms").mkdir(parents=True)
    (here / "configs" / "platforms" / "up.yaml").write_text(UNIONPAY, "utf-8")
    path = written(here, ZM.encode(), "INN")
    assert read(path, "redemptions", sender="unionpay").profile.profile == "unionpay-zm"
    with pytest.raises(VoucherError) as refused:
        read(path, "redemptions")
    assert refused.value.code == "unknown_layout"


def test_what_two_encodings_are_mixed_in_is_said_truly(tmp_path: Path) -> None:
    content = "a,知味观\n".encode("gb18030") + "b,楼外楼店\n".encode()
    with pytest.raises(VoucherError) as refused:
        read(written(tmp_path, content), "merchants")
    assert refused.value.code == "undecodable"
    assert refused.value.text.startswith("{file} mixes two encodings")
    assert (refused.value.params["utf8_line"], refused.value.params["second_line"]) == (1, 2)


# ---------------------------------------------------------------- what is said


def test_a_name_that_is_a_number_is_taken_where_the_profile_is_given(
    voucher: Any, here: Path
) -> None:
    voucher("init")
    (here / "m.csv").write_text("merchant_no,name\n店,51688188\n", "utf-8")
    assert "--profile voucher" in voucher("merchant", "import", "m.csv", expect=3).err
    voucher("merchant", "import", "m.csv", "--profile", "voucher")
    assert voucher("merchant", "list").out.startswith("1 merchant\n")


def test_more_than_ten_rejects_are_counted(voucher: Any, here: Path) -> None:
    voucher("init")
    (here / "m.csv").write_text("merchant_no,name\n" + "M,\n" * 12, "utf-8")
    ran = voucher("merchant", "import", "m.csv", expect=4)
    assert "... and 2 more rejected rows: voucher batch rejects 1" in ran.err


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook'
            b' xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
            "SpreadsheetML (Excel 2003 XML)",
        ),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n", "MHTML (web archive)"),
        (b"<html><body><table></table></body></html>", "HTML"),
        (b"<table><tr><td>a</td></tr></table>", "HTML"),
        (b'<merchants><m no="1"/></merchants>', "XML"),
        (b'[{"merchant_no": "M1"}]', "JSON"),
    ],
)
def test_what_a_foreign_file_is_is_said(content: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(VoucherError) as refused:
        read(written(tmp_path, content, "x.xls"), "merchants")
    assert (refused.value.code, refused.value.params["what"]) == ("foreign_file", what)
