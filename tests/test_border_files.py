"""What old programs, other countries and hands leave in files: blanks before quotes, Ctrl-Z, a euro
sign of Windows, a character cut in two, decimal commas, two numbers in one cell. Row by row and by
columns alike.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import towns
import xlsxwriter
from test_by_columns import BY_COLUMNS, BY_ROWS, COLUMNS, same
from towns import CLAIMS

from vouchercli.formats.configs.encoding_names import codecs_named
from vouchercli.formats.tables import cells, csvs
from vouchercli.ops.intake import by_columns
from vouchercli.ops.intake.claims import import_claims
from vouchercli.rules import identities as law

if TYPE_CHECKING:
    from pathlib import Path

SHOPS = "merchant_no,name,address\n"
FIELDS = ", ".join(f"{name}: {name}" for name in COLUMNS if name != "refund_of")
SEMI = ";".join(name for name in COLUMNS if name != "refund_of") + "\n"


def shops(voucher: Any, here: Path, content: bytes, *args: str, expect: int = 0) -> Any:
    """What an import of these merchants answers."""
    (here / "m.csv").write_bytes(content)
    return voucher("merchant", "import", "m.csv", *args, "--yes", "-o", "json", expect=expect)


def names(voucher: Any) -> dict[str, str]:
    listed = voucher("merchant", "list", "-o", "json").data["merchants"]
    return {each["merchant_no"]: each["name"] for each in listed}


def read(text: str, delimiter: str = ",") -> list[list[str]]:
    return [row for _, row in csvs.records(text.splitlines(keepends=True), delimiter)]


# ---------------------------------------------------------------- blanks before a quoted cell


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a, "b, c"\n', [["a", "b, c"]]),
        ('"a", "b", "c, d"\n', [["a", "b", "c, d"]]),
        ('a,  "b ""c"" d" \n', [["a", 'b "c" d ']]),
        ("a, b c\n", [["a", "b c"]]),
        ('a, 12" pizza\n', [["a", '12" pizza']]),
        ('a, "b\nc, d"\ne,f\n', [["a", "b\nc, d"], ["e", "f"]]),
    ],
)
def test_a_blank_before_a_quoted_cell_is_none_of_it(text: str, rows: list[list[str]]) -> None:
    assert read(text) == rows


def test_a_blank_that_parts_cells_is_no_blank_before_them() -> None:
    assert read('a "b c" d\n', " ") == [["a", "b c", "d"]]


def test_a_mark_behind_a_blank_that_does_not_fit_is_damage() -> None:
    rows = read('a, "B" shop\nc,d\n')
    assert isinstance(rows[0], csvs.BrokenRow)
    assert rows[1] == ["c", "d"]


def test_shops_with_blanks_behind_commas_are_read(voucher: Any, city: Any, here: Path) -> None:
    city()
    content = (
        'merchant_no, name, address\n"M7", "知味观", "仁和路83号, 湖滨"\n"M8", "楼外楼", "x"\n'
    )
    data = shops(voucher, here, content.encode()).data
    assert (data["read"], data["accepted"]) == (2, 2)
    assert (names(voucher)["M7"], names(voucher)["M8"]) == ("知味观", "楼外楼")


# ---------------------------------------------------------------- Ctrl-Z


@pytest.mark.parametrize("end", ["\x1a", "\x1a\x1a\x1a", "\x1a\r\n"])
@pytest.mark.parametrize("before", ["\n", ""])
def test_ctrl_z_ends_a_file(voucher: Any, city: Any, here: Path, before: str, end: str) -> None:
    city()
    data = shops(voucher, here, f"{SHOPS}M7,Shop,Road 1\nM8,Two,Road 2{before}{end}".encode()).data
    assert (data["read"], data["accepted"], data["rejected"]) == (2, 2, 0)


def test_what_stands_behind_ctrl_z_is_read(voucher: Any, city: Any, here: Path) -> None:
    city()
    data = shops(voucher, here, f"{SHOPS}M7,Shop,x\n\x1a\nM8,\x1aTwo,y\n".encode()).data
    assert (data["read"], data["accepted"]) == (2, 2)
    assert names(voucher)["M8"] == "Two"


# ---------------------------------------------------------------- characters


def test_the_euro_sign_of_windows_is_read(voucher: Any, city: Any, here: Path) -> None:
    city()
    content = SHOPS.encode() + b"M7,caf\x80,x\n" + "M8,知味观,y\n".encode("gbk")
    assert shops(voucher, here, content + b"\n", "--encoding", "cp936").data["accepted"] == 2
    data = shops(voucher, here, content).data
    assert (data["duplicate"], data["encoding"]) == (2, "windows_936")
    assert (names(voucher)["M7"], names(voucher)["M8"]) == ("caf€", "知味观")
    assert codecs_named("GBK") == ("gb18030", "windows_936")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("more", [(), ("--encoding", "{}")])
def test_a_character_that_is_cut_in_two_is_named(
    voucher: Any, city: Any, here: Path, encoding: str, more: tuple[str, ...]
) -> None:
    city()
    shop = "M7,知味观湖滨总店,上城区仁和路八十三号\n".encode(encoding)
    content = SHOPS.encode() + shop + "M8,楼外楼".encode(encoding)[:-1] + b",x\n"
    asked = tuple(each.format(encoding) for each in more)
    (here / "m.csv").write_bytes(content)
    err = voucher("merchant", "import", "m.csv", "--yes", *asked, expect=3).err
    assert f"m.csv is {encoding.upper()}, but a character in line 3 is cut off or damaged" in err
    assert "(such places: 1)" in err


def test_what_is_in_no_encoding_is_said_as_before(voucher: Any, city: Any, here: Path) -> None:
    city()
    (here / "m.csv").write_bytes(SHOPS.encode() + b"M7,\xff\xfe\xff\xff,x\n")
    err = voucher("merchant", "import", "m.csv", "--yes", expect=3).err
    assert "m.csv is neither UTF-8 (line 2) nor GB18030 (line 2)" in err


@pytest.mark.parametrize(
    "name", ["idna", "punycode", "undefined", "rot13", "a\0b", "unicode_escape"]
)
def test_what_is_no_encoding_of_files_is_unknown(
    voucher: Any, city: Any, here: Path, name: str
) -> None:
    city()
    (here / "m.csv").write_text(SHOPS + "M7,a,b\n")
    err = voucher("merchant", "import", "m.csv", "--encoding", name, "--yes", expect=3).err
    assert "[unknown_encoding]" in err


def test_utf_16_without_its_mark_is_refused(voucher: Any, city: Any, here: Path) -> None:
    city()
    (here / "m.csv").write_text(SHOPS + "M7,a,b\n")
    err = voucher("merchant", "import", "m.csv", "--encoding", "utf-16", "--yes", expect=3).err
    assert "m.csv is not utf-16: line 1 cannot be read" in err


# ---------------------------------------------------------------- one number in a cell

SWALLOWED = [
    '"13900000001\n13900000002,x"',
    '"13900000001\r\n13900000002"',
    "13900000001 13900000002",
    "13900000001、13900000002",
    "13900000001/13900000002",
    "13900000001|13900000002",
    "11010519491231002X#13900000002",
    "张三 13900000007",
    "手机：13900000007",
]


@pytest.mark.parametrize("who", SWALLOWED)
def test_two_numbers_or_a_name_beside_one_are_nobody(city: Any, here: Path, who: str) -> None:
    voucher = city(with_claims=False)
    (here / "c.csv").write_text(CLAIMS + f"C1,r1,{who},2020-03-27 08:00:01\n", "utf-8", newline="")
    ran = voucher("claim", "import", "c.csv", "-o", "json", expect=4)
    assert ran.data["reasons"] == {"bad_row": 1}
    assert "1390000000" not in ran.out + ran.err


@pytest.mark.parametrize("who", ["user13900000007", "wx_13900000007", "oUpF-8x", "AB/12", "张三"])
def test_the_number_of_a_platform_is_a_person(city: Any, here: Path, who: str) -> None:
    voucher = city(with_claims=False)
    (here / "c.csv").write_text(CLAIMS + f"C1,r1,{who},2020-03-27 08:00:01\n", "utf-8")
    assert voucher("claim", "import", "c.csv", "-o", "json").data["accepted"] == 1


def test_two_numbers_are_nobody_by_columns_as_well(city: Any, here: Path) -> None:
    city(with_claims=False)
    people = [*SWALLOWED[2:], "user13900000007", "13900000011", "AB/12", "A_1|2"]
    rows = [f"C{at},r1,{who},2020-03-27 08:00:{at:02d}\n" for at, who in enumerate(people)]
    (here / "c.csv").write_text(CLAIMS + "".join(rows), "utf-8")
    accepted = []
    for bytes_ in (BY_ROWS, BY_COLUMNS):
        path = here / f"by{bytes_}.db"
        shutil.copy(here / "voucher.db", path)
        shutil.copy(here / "voucher.key", path.with_suffix(".key"))
        with towns.session(path, "mei") as one, pytest.MonkeyPatch.context() as patch:
            patch.setattr(by_columns, "BYTES", bytes_)
            import_claims(one, str(here / "c.csv"))
            sql = "SELECT claim_no, hex(resident) FROM claims ORDER BY claim_no"
            accepted.append([tuple(row) for row in one.db.execute(sql)])
    assert accepted[0] == accepted[1]
    assert [claim_no for claim_no, _ in accepted[0]] == ["C10", "C7", "C8", "C9"]


def test_two_mobiles_of_an_application_join_nobody(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    header = "application_no,round,resident,applied_at,mobile\n"
    rows = (
        "A1,r1,a,2020-03-27 08:00:01,13900000001/13900000002\n"
        "A2,r1,b,2020-03-27 08:00:02,139 0000 0003\n"
    )
    (here / "a.csv").write_text(header + rows)
    data = voucher("application", "import", "a.csv", "-o", "json", expect=4).data
    assert (data["accepted"], data["reasons"]) == (1, {"bad_row": 1})


def test_two_numbers_are_looked_at_where_marks_part_them() -> None:
    assert law.is_several("13900000001 13900000002")
    assert not law.is_several("139 0000 0001")
    assert not law.has_more_than_a_number("+86 139 0000 0001")
    assert law.has_more_than_a_number("13900000001王")


def test_a_number_over_two_lines_is_none(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    rows = '"C1\nC2",r1,13900000001,2020-03-27 08:00:01\n'
    (here / "c.csv").write_text(CLAIMS + rows)
    ran = voucher("claim", "import", "c.csv", expect=4)
    assert "c.csv:2: error: claim_no: C1 ⏎ C2: several lines stand in one cell" in ran.err


def test_a_shop_may_have_two_telephones(voucher: Any, city: Any, here: Path) -> None:
    city()
    content = 'merchant_no,name,phone\nM7,Shop,"0571-1234567\n0571-7654321"\n'
    assert shops(voucher, here, content.encode()).data["accepted"] == 1


# ---------------------------------------------------------------- decimal commas


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("100,00", "100.00"),
        ("1.200,5", "1200.5"),
        ("1 200,50", "1200.50"),
        ("1'234'567,00", "1234567.00"),
        ("-10,00", "-10.00"),
        ("45", "45"),
        ("1.200", "1200"),
    ],
)
def test_an_amount_with_a_comma(text: str, amount: str) -> None:
    assert cells.with_point(text) == amount


@pytest.mark.parametrize(
    "text", ["1.20", "1,200", "1.2000,00", "1.200 300,00", ",50", "1,2,3", "x"]
)
def test_what_is_no_amount_with_a_comma(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        cells.with_point(text)


def test_amounts_with_commas_are_read_by_a_profile(city: Any, here: Path) -> None:
    voucher = city()
    rows = (
        "T1;pay;C1;1;M1;2020-03-28 10:00:00;45,00;0,00;10,00\n"
        "T2;pay;C2;1;M1;2020-03-28 10:01:00;1.200,00;0;10,00\n"
        "T3;pay;C3;1;M1;2020-03-28 10:02:00;45.00;0;10,00\n"
    )
    (here / "p.csv").write_text(SEMI + rows)
    ran = voucher("redemption", "import", "p.csv", expect=4)
    assert (
        "p.csv:2: error: order_amount: 45,00: a comma stands before the decimals: say it in a"
        ' profile, decimal: "," [bad_amount]'
    ) in ran.err
    (here / "p.yaml").write_text(
        f'profile: p\nkind: redemptions\ndecimal: ","\ncolumns: {{{FIELDS}}}\n'
    )
    ran = voucher("redemption", "import", "p.csv", "--profile", "p.yaml", "-o", "json", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (2, {"bad_amount": 1})
    listed = voucher("redemption", "list", "-o", "json").data["redemptions"]
    assert {each["transaction_no"]: each["base_fen"] for each in listed} == {
        "T1": 4500,
        "T2": 120000,
    }


def test_amounts_with_commas_are_read_alike(city: Any, here: Path) -> None:
    city()
    amounts = [
        "45,00",
        "1.200,00",
        "45.00",
        "45",
        "1,200",
        "1.200",
        "-45,00",
        "45,005",
        "-",
        "#N/A",
    ]
    rows = "".join(
        f"T{at};pay;C{1 + at % 3};1;M1;2020-03-28 10:00:{at:02d};{amount};0;10,00\n"
        for at, amount in enumerate(amounts)
    )
    (here / "p.yaml").write_text(
        f'profile: p\nkind: redemptions\ndecimal: ","\ncolumns: {{{FIELDS}}}\n'
    )
    assert same(here, (SEMI + rows).encode(), profile=str(here / "p.yaml"))["accepted"] == 3


def test_the_numbers_of_a_sheet_need_no_comma(city: Any, here: Path) -> None:
    voucher = city()
    with xlsxwriter.Workbook(str(here / "p.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, SEMI.strip().split(";"))
        sheet.write_row(1, 0, ["T1", "pay", "C1", "1", "M1", "2020-03-28 10:00", 45.5, 0, "10,00"])
    (here / "p.yaml").write_text(
        f'profile: p\nkind: redemptions\ndecimal: ","\ncolumns: {{{FIELDS}}}\n'
    )
    voucher("redemption", "import", "p.xlsx", "--profile", "p.yaml")
    listed = voucher("redemption", "list", "-o", "json").data["redemptions"]
    assert [each["base_fen"] for each in listed] == [4550]


@pytest.mark.parametrize(("total", "expect"), [("90,00", 0), ("91,00", 3), ("9.0,00", 3)])
def test_a_total_with_a_comma_is_compared(city: Any, here: Path, total: str, expect: int) -> None:
    voucher = city()
    rows = "".join(f"T{at};pay;C{at};1;M1;2020-03-28 10:00:00;45,00;0;10,00\n" for at in (1, 2))
    (here / "p.csv").write_text(SEMI + rows + f"Total {total}\n")
    (here / "p.yaml").write_text(
        f'profile: p\nkind: redemptions\ndecimal: ","\ncolumns: {{{FIELDS}}}\n'
        "footer: {like: ^Total}\n"
        "checks: [{find: 'Total (?P<sum>[\\d.,]+)', sums: {sum: order_amount}}]\n"
    )
    ran = voucher("redemption", "import", "p.csv", "--profile", "p.yaml", expect=expect)
    assert ("[footer_mismatch]" in ran.err) is (expect == 3)


def test_a_total_that_is_no_amount_is_a_mismatch(city: Any, here: Path) -> None:
    voucher = city()
    rows = "T1;pay;C1;1;M1;2020-03-28 10:00:00;45.00;0;10.00\n"
    (here / "p.csv").write_text(SEMI + rows + "Total 45,00\n")
    (here / "p.yaml").write_text(
        f"profile: p\nkind: redemptions\ncolumns: {{{FIELDS}}}\nfooter: {{like: ^Total}}\n"
        "checks: [{find: 'Total (?P<sum>[\\d.,]+)', sums: {sum: order_amount}}]\n"
    )
    err = voucher("redemption", "import", "p.csv", "--profile", "p.yaml", expect=3).err
    assert "p.csv states 45,00 (Total 45,00), but its rows give 45.00" in err


# ---------------------------------------------------------------- what a pattern gives, both ways


def test_what_a_pattern_gives_is_judged_alike(city: Any, here: Path) -> None:
    city()
    fields = FIELDS.replace("subsidy: subsidy", "subsidy: {column: subsidy, pattern: '^(.*) CNY$'}")
    (here / "p.yaml").write_text(f"profile: p\nkind: redemptions\ncolumns: {{{fields}}}\n")
    amounts = ["10.00 CNY", "10.005 CNY", "-10.00 CNY", "1e1 CNY", "10 CNY"]
    rows = "".join(
        f"T{at};pay;C{1 + at % 3};1;M1;2020-03-28 10:00:{at:02d};45.00;0;{amount}\n"
        for at, amount in enumerate(amounts)
    )
    told = same(here, (SEMI + rows).encode(), profile=str(here / "p.yaml"))
    assert (told["accepted"], told["rejected"]) == (2, 3)


def test_a_person_by_a_pattern_is_evened_out_by_columns(city: Any, here: Path) -> None:
    city(with_claims=False)
    (here / "p.yaml").write_text(
        "profile: p\nkind: claims\ncolumns: {claim_no: claim_no, round: round,"
        " resident: {column: resident, pattern: '^u:(.*)$'}, claimed_at: claimed_at}\n"
    )
    rows = "C1,r1,u:138 0000 0001,2020-03-27 08:00:01\nC2,r1,u:13800000001,2020-03-27 08:00:02\n"
    (here / "c.csv").write_text(CLAIMS + rows)
    for bytes_ in (BY_ROWS, BY_COLUMNS):
        path = here / f"by{bytes_}.db"
        shutil.copy(here / "voucher.db", path)
        shutil.copy(here / "voucher.key", path.with_suffix(".key"))
        with towns.session(path, "mei") as one, pytest.MonkeyPatch.context() as patch:
            patch.setattr(by_columns, "BYTES", bytes_)
            data = import_claims(one, str(here / "c.csv"), profile=str(here / "p.yaml")).data
        assert (data["accepted"], data["reasons"]) == (1, {"resident_limit": 1})


def test_a_person_by_a_pattern_is_read_back_from_a_reject(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    (here / "p.yaml").write_text(
        "profile: p\nkind: claims\ncolumns: {claim_no: claim_no, round: round,"
        " resident: {column: resident, pattern: '^u:(.*)$'}, claimed_at: claimed_at}\n"
    )
    rows = "C1,r1,u:13800000001,2020-99-27 08:00:01\nC2,r1,13800000002,2020-03-27 08:00:02\n"
    (here / "c.csv").write_text(CLAIMS + rows)
    voucher("claim", "import", "c.csv", "--profile", "p.yaml", expect=4)
    voucher("batch", "retry", "2", expect=4)
    voucher("batch", "rejects", "2", "--to", "r.csv")
    rejects = (here / "r.csv").read_text("utf-8-sig")
    assert "1380000000" not in rejects
    assert "C2,r1,#DAMAGED!," in rejects  # the pattern does not fit: nobody knows who it is
    (here / "r.csv").write_text(rejects.replace("2020-99-27", "2020-03-27"), "utf-8")
    data = voucher("claim", "import", "r.csv", "--profile", "p.yaml", "-o", "json", expect=4).data
    assert (data["accepted"], data["rejected"]) == (1, 1)
    assert len(voucher("claim", "list", "--resident", "13800000001", "-o", "json").data["claims"])


# ---------------------------------------------------------------- profiles


def test_a_column_without_a_name_is_named_by_its_place(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    (here / "p.yaml").write_text(
        "profile: p\nkind: claims\nheader: none\n"
        "columns: {claim_no: 1, round: 2, resident: 3, claimed_at: 4}\n"
    )
    (here / "c.csv").write_text("C1,r1,NULL,2020-03-27 08:00:01\n")
    told = voucher("claim", "import", "c.csv", "--profile", "p.yaml", expect=4).err
    assert "c.csv:1: error: column 3: NULL: it says that there is no value" in told
    told = voucher("profile", "try", "c.csv", "--profile", "p.yaml", "--lang", "zh", expect=5).err
    assert "第 3 列" in told


def test_a_profile_that_lacks_fields_can_be_tried(voucher: Any, here: Path) -> None:
    rows = "Date,Description,Billing amount\n28/03/2020,M001 C0001,100.00\n29/03/2020,x,1.50\n"
    (here / "bank.csv").write_text(rows)
    ran = voucher("profile", "guess", "bank.csv", "--to", "g.yaml")
    assert "write in by hand: transaction_no, claim_no, merchant_no, subsidy" in ran.err
    ran = voucher("profile", "try", "bank.csv", "--profile", "g.yaml", "-o", "json", expect=5)
    first = ran.data["rows"][0]
    assert (first["paid_at"], first["order_amount"]) == ("2020-03-28", "100.00")
    lacking = [each["message"] for each in ran.json["problems"]]
    assert "columns: lacks claim_no, which every row needs" in lacking
    voucher("redemption", "import", "bank.csv", "--profile", "g.yaml", expect=3)


def test_a_guess_knows_a_column_by_its_own_name_though_cells_are_odd(
    voucher: Any, here: Path
) -> None:
    cells_ = ["2020-03-28 12:10", "2020-03-29 12:10", "109/03/28 12:10", "1585368605"]
    rows = "".join(f"T{at},pay,C{at},1,M1,{when},45.00,0,10.00\n" for at, when in enumerate(cells_))
    (here / "p.csv").write_text(SEMI.replace(";", ",") + rows)
    assert "\n  paid_at: paid_at  #" in voucher("profile", "guess", "p.csv").out


def test_a_guess_says_that_commas_stand_before_decimals(voucher: Any, here: Path) -> None:
    rows = "T1;pay;C1;1;M1;2020-03-28 10:00:00;1.200,00;0,00;10,00\n"
    (here / "p.csv").write_text(SEMI + rows)
    assert "\ndecimal: ','" in voucher("profile", "guess", "p.csv").out


def test_a_profile_without_columns_can_be_tried(voucher: Any, here: Path) -> None:
    (here / "s.csv").write_text("a;b;c\n1;2;3\n")
    voucher("profile", "guess", "s.csv", "--to", "g.yaml")
    ran = voucher("profile", "try", "s.csv", "--profile", "g.yaml", "-o", "json", expect=5)
    assert [each["message"] for each in ran.json["problems"]] == [
        "columns: lacks merchant_no, which every row needs",
        "columns: lacks name, which every row needs",
    ]
