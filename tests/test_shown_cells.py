"""What a sheet shows and its reader does not tell: errors, formulas without a value, zeros."""

from __future__ import annotations

import datetime
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter
import xlwt

from vouchercli.formats.tables import number_formats, xls_cells
from vouchercli.formats.tables.files import read
from vouchercli.formats.tables.number_formats import zeros_of
from vouchercli.formats.tables.sources import open_source

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ("商户编号", "商户名称", "区县", "平台商户号")


def sheet(path: Path, *rows: tuple[Any, ...], formats: dict[str, str] | None = None) -> Path:
    """A registry as XLSX: (value, format) is a number under that format, a text that begins with =
    a formula, ("=...", None) one without its value.
    """
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet("名录")
    for at, row in enumerate((HEADER, *rows)):
        for place, cell in enumerate(row):
            if isinstance(cell, tuple) and cell[1] is None:
                page.write_formula(at, place, cell[0], value="")
            elif isinstance(cell, tuple) and str(cell[0]).startswith("="):
                page.write_formula(at, place, cell[0], value=cell[1])
            elif isinstance(cell, tuple):
                page.write_number(at, place, cell[0], book.add_format({"num_format": cell[1]}))
            else:
                page.write(at, place, cell)
    book.close()
    return path


def rows_of(path: Path) -> list[list[str]]:
    (part,) = open_source(path).parts
    return [row for _, row in part.rows()]


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("000000", "123", "000123"),
        ("00000;-00000", "12", "00012"),
        ('"HZ"0000', "1", "HZ0001"),
        ('"M"0', "7", "M7"),
        ("\\H\\Z000", "5", "HZ005"),
        ("000-0000-0000", "13800000001", "138-0000-0001"),
        ("0000\\-0000", "123456789", "12345-6789"),
        ("[$-804]0000", "7", "0007"),
        ("[Red]000", "7", "007"),
    ],
)
def test_a_format_of_digits_shows_a_code(code: str, number: str, shown: str) -> None:
    zeros = zeros_of(code)
    assert zeros is not None
    assert zeros.show(number) == shown


@pytest.mark.parametrize(
    "code",
    ["General", "0", "0.00", "#,##0", '0"元"', '0" 张"', '"¥"0', "0%", "yyyy-mm-dd", "@", "0E+00"],
)
def test_other_formats_show_a_number(code: str) -> None:
    assert zeros_of(code) is None


def test_a_code_is_read_as_the_sheet_shows_it(tmp_path: Path) -> None:
    path = sheet(
        tmp_path / "a.xlsx",
        ((123, "000000"), "知味观", "上城区", (1, '"HZ"0000')),
        ((4567, "000000"), "楼外楼", "上城区", (22, "0")),
    )
    assert rows_of(path)[1:] == [
        ["000123", "知味观", "上城区", "HZ0001"],
        ["004567", "楼外楼", "上城区", "22"],
    ]


def test_the_merchant_of_a_code_with_zeros_is_found(voucher: Any, city: Any, here: Path) -> None:
    city()
    sheet(here / "a.xlsx", ((123, "000000"), "知味观", "上城区", ""))
    data = voucher("merchant", "import", "a.xlsx", "-o", "json").data
    assert data["added"] == 1
    voucher("merchant", "suspend", "000123", "--reason", "inquiry")


def test_errors_and_formulas_without_a_value_are_seen(tmp_path: Path) -> None:
    path = sheet(
        tmp_path / "a.xlsx",
        (("=NA()", "#N/A"), "天香楼", ("=B9", "#REF!"), ""),
        (("=A1", None), "羊汤饭店", "上城区", ""),
        (("=1+1", 2), "知味观", ("=C2", "上城区"), ""),
    )
    # xlsxwriter writes the value of a formula without one as a blank text: take it out
    again = tmp_path / "b.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet1.xml"):
                text = text.replace(b"<f>A1</f><v></v>", b"<f>A1</f>").replace(
                    b' t="str"><f>A1</f>', b"><f>A1</f>"
                )
                assert b"<f>A1</f></c>" in text
            new.writestr(name, text)
    assert rows_of(again)[1:] == [
        ["#N/A", "天香楼", "#REF!", ""],
        ["#NOVALUE! =A1", "羊汤饭店", "上城区", ""],
        ["2", "知味观", "上城区", ""],
    ]
    records = list(read(again, "merchants").records())
    assert [record.fault is None for record in records] == [False, False, True]


def test_an_error_in_a_sheet_leaves_what_is_known(voucher: Any, here: Path) -> None:
    voucher("init")
    sheet(here / "a.xlsx", ("M1", "知味观", "上城区", "P1"))
    voucher("merchant", "import", "a.xlsx")
    sheet(here / "b.xlsx", ("M1", "知味观", ("=NA()", "#N/A"), "P1"))
    data = voucher("merchant", "import", "b.xlsx", "-o", "json").data
    assert (data["duplicate"], data["warning_reasons"]) == (1, {"error_cell": 1})
    assert voucher("merchant", "list", "-o", "json").data["merchants"][0]["district"] == "上城区"


def test_a_column_of_codes_that_holds_numbers_is_pointed_out(voucher: Any, here: Path) -> None:
    voucher("init")
    sheet(here / "a.xlsx", (7147, "知味观", "上城区", "P1"), (7148, "楼外楼", 12, "P2"))
    ran = voucher("merchant", "import", "a.xlsx", "-o", "json")
    assert [each["code"] for each in ran.json["problems"]] == ["numbers_not_texts"]
    assert "商户编号" in ran.json["problems"][0]["message"]
    sheet(here / "b.xlsx", ("7147", "知味观", "上城区", "P1"), ((7148, "000000"), "楼外楼", 12, ""))
    assert voucher("merchant", "import", "b.xlsx", "-o", "json").json["problems"] == []


CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
 office:version="1.2"><office:body><office:spreadsheet><table:table table:name="名录">
<table:table-row>
<table:table-cell office:value-type="string"><text:p>商户编号</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>商户名称</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>区县</text:p></table:table-cell>
</table:table-row><table:table-row>
<table:table-cell office:value-type="float" office:value="123" calcext:value-type="float"><text:p>000123</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>知味观</text:p></table:table-cell>
<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>
</table:table-row><table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>
<table:table-row>
<table:table-cell table:formula="of:=[.B9]" office:value-type="float" office:value="0" calcext:value-type="error"><text:p>#REF!</text:p></table:table-cell>
<table:table-cell office:value-type="string"><text:p>天香楼</text:p></table:table-cell>
<table:table-cell table:formula="of:=1+1"/>
</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""
SPACE = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
TYPE = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = (
    f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{SPACE}">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{TYPE}"/></manifest:manifest>'
)


def test_an_ods_sheet_is_read_as_it_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", TYPE)
        book.writestr("META-INF/manifest.xml", MANIFEST)
        book.writestr("content.xml", " ".join(CONTENT.split()).replace("> <", "><"))
    assert rows_of(path)[1:] == [
        ["000123", "知味观", "#N/A"],
        ["", "", ""],
        ["", "", ""],
        ["#REF!", "天香楼", "#NOVALUE! =1+1"],
    ]


@pytest.mark.parametrize("rows_below", [0, 3_000])  # within the small sectors, and beyond them
def test_an_xls_sheet_is_read_as_it_is_shown(tmp_path: Path, rows_below: int) -> None:
    book = xlwt.Workbook()
    book.add_sheet("other").write(0, 0, "x")
    page = book.add_sheet("名录")
    zeros, coded = (xlwt.easyxf(num_format_str=code) for code in ("000000", '"HZ"0000'))
    page.row(0).set_cell_error(0, 0x2A)
    page.write(0, 1, "天香楼")
    page.row(0).set_cell_error(2, 0x17)
    page.write(1, 0, 123, zeros)
    page.write(1, 1, "知味观")
    page.write(1, 2, 7, coded)
    page.write(2, 0, 4567, zeros)
    page.write(2, 1, 12)
    page.write(2, 2, 1.5, zeros)
    for row in range(3, 3 + rows_below):
        page.write(row, 0, f"M{row}")
    book.save(str(tmp_path / "a.xls"))
    _, part = open_source(tmp_path / "a.xls").parts
    assert [row for _, row in part.rows()][:3] == [
        ["#N/A", "天香楼", "#REF!"],
        ["000123", "知味观", "HZ0007"],
        ["004567", "12", "1.5"],
    ]


def test_an_xls_file_that_is_not_understood_is_read_as_it_is() -> None:
    assert xls_cells.overlay(b"\xd0\xcf\x11\xe0" + bytes(600), "x") == {}
    assert xls_cells.overlay(b"", "x") == {}


# ---------------------------------------------------------------- months


def test_an_xls_date_that_is_shown_as_a_month_is_that_month(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("月")
    for row, (day, code) in enumerate(
        [(1, "mmm-yy"), (1, "yyyy-mm"), (15, "yyyy-mm"), (1, "yyyy-mm-dd")]
    ):
        page.write(row, 0, datetime.datetime(2020, 4, day), xlwt.easyxf(num_format_str=code))
    book.save(str(tmp_path / "a.xls"))
    said = [row[0].removesuffix(" 00:00:00") for row in rows_of(tmp_path / "a.xls")]
    assert said == ["2020-04", "2020-04", "2020-04-15 0:00", "2020-04-01"]


def test_an_ods_date_that_is_shown_as_a_month_is_that_month(tmp_path: Path) -> None:
    kept = 'office:value-type="float" office:value="123" calcext:value-type="float"><text:p>000123<'
    dated = 'office:value-type="date" office:date-value="2020-04-01"><text:p>2020年4月<'
    assert kept in CONTENT
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", TYPE)
        book.writestr("META-INF/manifest.xml", MANIFEST)
        content = CONTENT.replace(kept, dated)
        book.writestr("content.xml", " ".join(content.split()).replace("> <", "><"))
    assert rows_of(path)[1][0] == "2020-04"


@pytest.mark.parametrize(
    ("code", "is_month"),
    [
        ("yyyy-mm", True),
        ('yyyy"年"m"月"', True),
        ("[$-409]mmm\\-yy;@", True),
        ("yyyy-mm-dd", False),
        ("m/d", False),
        ("yyyy", False),
        ("mm:ss", False),
        ("General", False),
        ('"ym"0', False),
    ],
)
def test_which_number_formats_show_a_month(code: str, is_month: bool) -> None:
    assert isinstance(number_formats.shown_by(code), number_formats.Months) is is_month
