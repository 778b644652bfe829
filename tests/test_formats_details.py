"""The edges of how files are read, each fixed by hand: one more or one less of everything."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from test_formats_records import HEADER, ROW, faults, fields, ours, refusal, taken
from test_formats_sources import written

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import yamls
from vouchercli.formats.configs.fields import FIELDS
from vouchercli.formats.configs.profiles import PAY, REFUND, Check, KindRule, Spec
from vouchercli.formats.tables import (
    cells,
    csvs,
    encodings,
    footers,
    headers,
    readers,
    spreadsheets,
    swapped_columns,
)
from vouchercli.ops.intake import redemptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# ---------------------------------------------------------------- YAML


def test_a_merge_leaves_every_place_as_it_stands() -> None:
    document = yamls.parse("base: &b {x: 1, z: {q: 2}}\nm:\n  <<: *b\n  y: 3\n", "x.yaml")
    assert document.value["m"] == {"x": 1, "z": {"q": 2}, "y": 3}
    assert document.where(("m",)) == "x.yaml:3:3"
    assert document.where(("m",), key=True) == "x.yaml:2:1"
    assert document.where(("m", "x")) == "x.yaml:1:14"
    assert document.where(("m", "y"), key=True) == "x.yaml:4:3"


def test_of_several_merged_mappings_the_earlier_wins() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nm: {<<: [*a, *b], z: 3}\n"
    assert yamls.parse(text, "x").value["m"] == {"x": 1, "y": 2, "z": 3}


@pytest.mark.parametrize(("depth", "is_read"), [(50, True), (51, False)])
def test_fifty_levels_are_read(depth: int, is_read: bool) -> None:
    text = "[" * depth + "]" * depth
    if is_read:
        assert isinstance(yamls.parse(text, "x").value, list)
    else:
        with pytest.raises(VoucherError, match="fault"):
            yamls.parse(text, "x")


# ---------------------------------------------------------------- a cell by itself


@pytest.mark.parametrize(
    ("field", "cell", "fault"),
    [
        ("claim_no", "1.10105E+17", readers.LOST),
        ("claim_no", "1.1E+17x", None),
        ("claim_no", "1234567890123456.0", readers.LOST),
        ("claim_no", "123456789012345.0", None),
        ("claim_no", "150:20:00", readers.TURNED),
        ("claim_no", "12:05", readers.TURNED),
        ("claim_no", "12:5", None),
        ("claim_no", "2020-03-27", readers.TURNED),
        ("claim_no", "2020-03-27 08:00:00", readers.TURNED),
        ("claim_no", "2020-03-27-1", None),
        ("claim_no", "锟斤拷", readers.GARBLED),
        ("order_amount", "131.77(已退款89.84)", readers.TWO_IN_ONE),
        ("order_amount", "(89.84)", None),
        ("order_amount", "1E+5", readers.LOST),
        ("order_amount", "12:30", readers.TURNED),
        ("paid_at", "4.4E+04", readers.LOST),
        ("paid_at", "2020-03-27 08:00", None),
        ("paid_at", "12:30", None),
        ("name", "店\ufffd", readers.GARBLED),
        ("name", "12:30", None),
        ("name", "2020-03-27", None),
    ],
)
def test_what_a_spreadsheet_did_to_a_cell_is_said(field: str, cell: str, fault: Any) -> None:
    read = readers.reader(field, "col")
    if fault is None:
        read(cell)
        return
    with pytest.raises(readers.RowFault) as raised:
        read(cell)
    assert raised.value.problem.params["problem"] == fault
    assert raised.value.problem.params["column"] == "col"


@pytest.mark.parametrize(
    ("clean", "cell", "text"),
    [
        (cells.id_text, '"A', "A"),
        (cells.id_text, "1.0.0", "1.0.0"),
        (cells.id_text, "1234567890123456.0", "1234567890123456.0"),
        (cells.name_text, '"', '"'),
        (cells.name_text, '""', ""),
        (cells.name_text, '="店"', "店"),
        (cells.name_text, '"a"b"', '"a"b"'),
        (cells.time_text, "43917.333333", "2020-03-27 08:00:00"),
        (cells.time_text, "43917", "2020-03-27"),
        (cells.time_text, "19999", "19999"),
        (cells.time_text, "20000", "1954-10-03"),
        (cells.time_text, "79999", "2119-01-10"),
        (cells.time_text, "80000", "80000"),
        (cells.yuan_of_fen, "5", "0.05"),
        (cells.yuan_of_fen, "-5", "-0.05"),
        (cells.yuan_of_fen, "123", "1.23"),
        (cells.opposite, "+5", "-5"),
        (cells.opposite, "-5", "5"),
        (cells.opposite, "5", "-5"),
        (cells.opposite, "0.00", "0.00"),
        (cells.opposite, "", ""),
        (cells.column_key, "Ａ b*", "ab"),
        (cells.column_key, "ï»¿#Name?", "name"),
    ],
)
def test_a_cell_reads_so(clean: Callable[[str], str], cell: str, text: str) -> None:
    assert clean(cell) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "TRUE"),
        (11002.0, "11002"),
        (1.5, "1.5"),
        (0.1 + 0.2, "0.3"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1.00000000000000E+15"),
        (-1e15, "-1.00000000000000E+15"),
        (float("nan"), "NAN"),
        (datetime(2020, 3, 27, 8, 0, 0, 499_999), "2020-03-27 08:00:00"),
        (datetime(2020, 3, 27, 8, 0, 0, 500_000), "2020-03-27 08:00:01"),
        (date(2020, 3, 27), "2020-03-27"),
        (time(8, 0), "08:00:00"),
        (timedelta(hours=150, minutes=20), "150:20:00"),
        (timedelta(seconds=3_661), "1:01:01"),
        (None, "None"),
    ],
)
def test_a_cell_of_a_spreadsheet_is_what_a_person_would_have_typed(value: Any, text: str) -> None:
    assert spreadsheets.cell_text(value) == text


# ---------------------------------------------------------------- payment or refund


@pytest.mark.parametrize(
    ("rule", "place", "cell", "kind"),
    [
        (KindRule(value="refund"), None, "", "refund"),
        (KindRule(otherwise="refund"), None, "", "refund"),
        (KindRule(), None, "", "pay"),
        (KindRule(sign="c"), 0, "-1.00", "refund"),
        (KindRule(sign="c"), 0, "1.00", "pay"),
        (KindRule(columns=("c",), pay="pay", refund="back"), 0, "Pay", "pay"),
        (KindRule(columns=("c",), pay="pay", refund="back"), 0, "pay back", "refund"),
        (KindRule(columns=("c",), pay="pay", refund="back"), 0, "x", None),
        (KindRule(columns=("c",), pay="pay", refund="back"), 0, " ", None),
        (KindRule(columns=("c",), pay="", refund="back", otherwise="pay"), 0, "x", "pay"),
        (KindRule(columns=("c",), pay="p", refund="back", otherwise="refund"), 0, "x", "refund"),
    ],
)
def test_a_row_is_a_payment_or_a_refund_by_its_rule(
    rule: KindRule, place: int | None, cell: str, kind: str | None
) -> None:
    kind_of = readers.kinds(rule, place, ("c",))
    for _ in range(2):  # the second time from memory
        if kind:
            assert kind_of([cell]) == kind
        else:
            with pytest.raises(readers.RowFault) as raised:
                kind_of([cell])
            is_blank = not cell.strip()
            assert raised.value.problem.text.endswith("is missing") == is_blank


def test_a_pattern_gives_its_named_group_else_its_first_else_all() -> None:
    def match(pattern: str, text: str = "ab-12") -> str:
        return readers.reader("claim_no", "c", Spec(pattern=pattern))(text)

    assert match(r"(?P<round>\w+)-(?P<claim_no>\d+)") == "12"
    assert match(r"(\w+)-(\d+)") == "ab"
    assert match(r"\d+") == "12"
    assert match(r"-(x)?") == ""
    with pytest.raises(readers.RowFault):
        match("z")


# ---------------------------------------------------------------- what a file announces


def test_counts_and_sums_are_of_the_kind_that_the_file_speaks_of() -> None:
    tally = footers.Tally()
    for line, (kind, amount) in enumerate(
        [("pay", "10"), ("pay", "1,000.50"), ("refund", "-4")], 2
    ):
        tally.add(line, kind, [amount], {"c": 0})
    assert [tally.total("c", kind) for kind in ("all", "pay", "refund")] == [
        Decimal("1006.50"),
        Decimal("1010.50"),
        Decimal(-4),
    ]
    assert [tally.total(None, kind) for kind in ("all", "pay", "refund")] == [3, 2, 1]
    assert tally.total("d", "all") == 0
    check = Check(find=r"rows (?P<rows>\d+)(, sum (?P<sum>\S+))?", of="pay", sums={"sum": "c"})
    footers.compare([check], tally, "rows 2, sum 1,010.50", "x")
    footers.compare([check], tally, "rows 2", "x")
    footers.compare([check], tally, "nothing is said", "x")
    for statement, announced, counted in (
        ("rows 3", "3", "2"),
        ("rows 2, sum 1010.51", "1010.51", "1010.50"),
    ):
        with pytest.raises(VoucherError) as refused:
            footers.compare([check], tally, statement, "x")
        assert (refused.value.code, refused.value.where) == ("footer_mismatch", "x")
        assert (refused.value.params["announced"], refused.value.params["counted"]) == (
            announced,
            counted,
        )
    tally.add(9, "pay", ["much"], {"c": 0})
    tally.add(10, "pay", [], {"c": 0})
    with pytest.raises(VoucherError) as refused:
        footers.compare([check], tally, "rows 2", "x")
    assert (tally.unread, refused.value.where) == ([9, 10], "x:9")


FOOTED = (
    "profile: footed\nkind: claims\nfooter: {like: ^total}\n"
    "columns: {claim_no: 号, round: 期, resident: 人, claimed_at: 时}\n"
)


@pytest.mark.parametrize(
    ("behind", "code"),
    [
        (["total,3,,"], None),
        (["total,3,,", ",,,", "a word,,,"], None),
        (["total,3,,", *["x"] * 39], None),
        (["total,3,,", *["x"] * 40], "data_after_footer"),
        (["total,3,x,"], None),
        (["total,3,x,y"], "data_after_footer"),
        (["total,3,,", "C9,r,a,2020-03-27 08:00:00"], "data_after_footer"),
    ],
)
def test_a_footer_is_a_few_lines_and_the_last(
    behind: list[str], code: str | None, tmp_path: Path
) -> None:
    profile = written(tmp_path, FOOTED.encode(), "footed.yaml")
    text = "\n".join(["号,期,人,时", "C1,r,a,2020-03-27 08:00:00", *behind]) + "\n"
    path = written(tmp_path, text.encode())
    if code:
        assert refusal(path, "claims", profile=profile).code == code
    else:
        reading, records = taken(path, "claims", profile=profile)
        assert (reading.read, [record.line for record in records]) == (1, [2])


# ---------------------------------------------------------------- headers


@pytest.mark.parametrize(
    ("row", "names"),
    [(["a", " b ", "", " "], ("a", "b")), (["", "a"], ("", "a")), ([" "], ())],
)
def test_a_header_ends_with_its_last_name(row: list[str], names: tuple[str, ...]) -> None:
    assert headers.trim(row) == names


def test_a_long_name_is_shortened_in_a_message() -> None:
    assert headers.shorten("x" * 24) == "x" * 24
    assert headers.shorten("x" * 25) == "x" * 24 + "…"


def test_a_header_in_the_sixtieth_row_is_found_and_not_below(tmp_path: Path) -> None:
    above = ["remark"] * 59
    assert len(taken(ours(tmp_path, HEADER, ROW, header="\n".join(above)))[1]) == 1
    above.append("remark")
    assert refusal(ours(tmp_path, HEADER, ROW, header="\n".join(above))).code == "unknown_layout"


def test_a_key_of_columns_asks_for_no_platform_number(tmp_path: Path) -> None:
    text = (
        "profile: keyed\nkind: merchants\nkey: [字号, 片区]\n"
        "columns: {name: 字号, platform_no: 平台号}\n"
    )
    path = written(tmp_path, "字号,片区,平台号\n老王,城西,\n老李,城东,P2\n".encode())
    _, records = taken(path, "merchants", profile=written(tmp_path, text.encode(), "keyed.yaml"))
    assert faults(records) == {}
    assert [fields(record, "merchants").get("platform_no") for record in records] == [None, "P2"]


def test_the_only_merchant_of_a_payment_must_be_there(tmp_path: Path) -> None:
    only = HEADER.replace("merchant_no", "platform_no")
    blank = ROW.replace(",M1,", ",,")
    assert faults(taken(ours(tmp_path, ROW, blank, header=only))[1]) == {
        3: "platform_no is missing"
    }
    assert faults(taken(ours(tmp_path, ROW, blank))[1]) == {3: "merchant_no is missing"}
    both = HEADER + ",platform_no"
    assert faults(taken(ours(tmp_path, blank + ",P1", header=both))[1]) == {}


# ---------------------------------------------------------------- payments as texts

TYPED = ("T1", "pay", "C1", "1", "M1", "", "2020-03-27", "50", "0", "10", "", "")


@pytest.mark.parametrize(
    ("place", "value", "column"),
    [
        (0, "", "transaction_no"),
        (2, "", "claim_no"),
        (3, "", "coupon_no"),
        (4, "", "merchant_no"),
        (6, "", "paid_at"),
        (1, "sale", "kind"),
        (1, "refund", "refund_of"),
        (11, "phone", "channel"),
        (3, "0", "coupon_no"),
        (3, "1000", "coupon_no"),
        (3, "²", "coupon_no"),
        (3, "999", None),
        (3, "1", None),
        (11, "online", None),
    ],
)
@pytest.mark.parametrize("by_platform", [False, True])
def test_a_row_that_is_no_payment_says_which_column(
    place: int, value: str, column: str | None, by_platform: bool
) -> None:
    row = [*TYPED]
    if by_platform:  # the merchant by the platform's number: as good as ours
        row[4:6] = ["", "P1"]
        if place == 4:
            row[5], place = "", 5
    row[place] = value
    fault = redemptions._find_misfit(tuple(row))
    assert (fault and (fault.code, fault.detail["column"])) == (column and ("bad_row", column))


@pytest.mark.parametrize(
    ("amounts", "result"),
    [
        (("50", "5", "10"), (5000, 500, 1000)),
        (("50", "50", "0"), (5000, 5000, 0)),
        (("50", "50.01", "0"), "merchant_discount"),
        (("0", "0", "0"), "order_amount"),
        (("0.01", "0", "0"), (1, 0, 0)),
        (("-1", "0", "0"), "order_amount"),
        (("1", "-1", "0"), "merchant_discount"),
        (("1", "0", "-1"), "subsidy"),
        (("1", "0", "x"), "subsidy"),
    ],
)
def test_the_amounts_of_a_payment(amounts: tuple[str, str, str], result: Any) -> None:
    read = redemptions._read_amounts(*amounts)
    if isinstance(result, str):
        assert not isinstance(read, tuple) or hasattr(read, "code")
        assert (read.code, read.detail["column"]) == ("bad_amount", result)  # type: ignore[union-attr]
    else:
        assert read == result


# ---------------------------------------------------------------- encodings and delimiters


def opener(content: bytes) -> Callable[[], Any]:
    return lambda: io.BytesIO(content)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"a\nb\n\xff\xff\n", "x:3"),
        ("店\n".encode() + "店铺商户名称名录\n".encode("gb18030"), "x:2"),
        ("店铺商户\n".encode("gb18030") + "\n消费券发放\n".encode(), "x:3"),
    ],
)
def test_the_first_line_that_cannot_be_read_is_named(content: bytes, where: str) -> None:
    with pytest.raises(VoucherError) as refused:
        encodings.encoding_of(opener(content), "x")
    assert (refused.value.code, refused.value.where) == ("undecodable", where)


def test_nul_bytes_and_lines_are_counted_over_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "PIECE", 4)
    for content, code, where in (
        (b"a\nb\nc\nd\0", "not_text", "x:4"),
        (b"\0", "not_text", "x:1"),
        (b"ab\ncd\n\xe5", "undecodable", "x:3"),
    ):
        with pytest.raises(VoucherError) as refused:
            encodings.encoding_of(opener(content), "x")
        assert (refused.value.code, refused.value.where) == (code, where)
    with pytest.raises(VoucherError) as refused:
        encodings.encoding_of(opener(b"a\nb\nc\xff"), "x", asked="utf-8")
    assert (refused.value.code, refused.value.where) == ("undecodable_as", "x:3")
    assert encodings.encoding_of(opener("店铺".encode()), "x") == "utf-8"


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b;c", ","),
        ("a;b;c,d", ";"),
        ("a|b|c,d", "|"),
        ("a\tb\tc", "\t"),
        ("a\t,b\t,c\t\n", ","),
        ("abc", ","),
    ],
)
def test_the_delimiter_is_the_mark_there_is_most_of(text: str, delimiter: str) -> None:
    assert csvs.delimiter_of(opener(text.encode()), "utf-8") == delimiter


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (['a,"b\n', 'c",d\n'], [(1, ["a", "b\nc", "d"])]),
        (['"a\n', "1,2,3\n", '"b\n'], [(1, ["a"]), (2, ["1", "2", "3"]), (3, ["b"])]),
        (['"a\n', "1\n", 'b"\n'], [(1, ["a\n1\nb"])]),
        (["a\n", "\n", "b\n"], [(1, ["a"]), (2, []), (3, ["b"])]),
    ],
)
def test_a_record_begins_in_its_line(lines: list[str], rows: list[Any]) -> None:
    read = list(csvs.records(lines, ","))
    assert [(line, [cell.rstrip("\n") for cell in row]) for line, row in read] == rows


# ---------------------------------------------------------------- columns that changed places


@pytest.mark.parametrize(
    ("number", "name", "is_numbered"),
    [
        ("店", "M001", True),
        ("", "M001", False),
        ("M1", "M001", False),
        ("店", "ABCD1", False),
        ("1", "0571-87654321", True),
        ("1", "(86) 571 87654321", True),
        ("1", "1234567", False),
        ("1", "91110000600037341L", True),
        ("1", "ABCDEFGHIJKLMNOPQR", False),
        ("店", "咖啡", False),
    ],
)
def test_a_number_in_the_place_of_a_name(number: str, name: str, is_numbered: bool) -> None:
    assert swapped_columns._is_numbered(number, name) == is_numbered


@pytest.mark.parametrize(("people", "is_swapped"), [(0, False), (1, False), (2, True)])
def test_more_than_half_of_the_first_rows_must_show_it(
    people: int, is_swapped: bool, tmp_path: Path
) -> None:
    numbers = ["330102199001010012", "330102199001010020"][:people]
    text = "claim_no,round,resident,claimed_at\n" + "".join(
        f"{number},r,x,2020-03-27 08:00:00\n" for number in [*numbers, *("C1", "C2")[: 2 - people]]
    )
    path = written(tmp_path, text.encode())
    if is_swapped:
        error = refusal(path, "claims")
        assert (error.code, error.where.rpartition(":")[2]) == ("columns_swapped", "2")
    else:
        assert len(taken(path, "claims")[1]) == 2


# ---------------------------------------------------------------- clean rows need no cleaning

CLEAN = ("T1", "pay", "C1", "1", "M1", "2020-03-27 12:00:00", "50.00", "0.00", "10.00", "")


@pytest.mark.parametrize(
    ("place", "cell", "is_clean"),
    [
        (0, "T1", True),
        (0, "T-1_|#/x", True),
        (0, " T1", False),
        (0, "", False),
        (0, "T1\u3000", False),
        (0, "2020-05-01", False),
        (0, "2020-05-01x", True),
        (0, "１", False),
        (5, "2020-03-27T12:00", True),
        (5, "2020-03-27 12:00:00+08:00", True),
        (5, "2020-03-27", False),
        (6, "-5", True),
        (6, "5.5", True),
        (6, "5.555", False),
        (6, "1,000", False),
        (6, "", False),
        (9, "", True),
        (9, "R1", True),
    ],
)
def test_a_clean_row_is_picked_and_any_other_is_cleaned(
    place: int, cell: str, is_clean: bool, tmp_path: Path
) -> None:
    plan = taken(ours(tmp_path, ROW))[0].plan
    row = [*CLEAN]
    row[place] = cell
    assert (plan.clean_row(row) is row) == is_clean
    assert plan.clean_row([*row, "x"]) is None
    if is_clean:
        assert plan.clean_values(row, "pay") == plan.values(row, "pay")


def test_a_row_with_marks_is_clean_without_them(tmp_path: Path) -> None:
    plan = taken(ours(tmp_path, ROW))[0].plan
    row = [*CLEAN]
    row[0], row[2] = "`T1", "C1\t"
    assert plan.clean_row(row) == [*CLEAN]


@pytest.mark.parametrize(
    ("columns", "more", "has_clean"),
    [
        ("claim_no: 号, round: 期, resident: 人, claimed_at: 时", "", True),
        ("claim_no: 号, round: 号, resident: 人, claimed_at: 时", "", True),
        ("claim_no: 号, round: 期, resident: {join: [人, 期]}, claimed_at: 时", "", False),
        ("claim_no: 时, round: 期, resident: 人, claimed_at: 时", "", False),
        ("claim_no: 号, round: {column: 期, down: true}, resident: 人, claimed_at: 时", "", False),
        ("claim_no: 号, round: 期, resident: 人, claimed_at: 时", "footer: {like: ^x}\n", True),
    ],
)
def test_rows_of_these_profiles_can_be_clean(
    columns: str, more: str, has_clean: bool, tmp_path: Path
) -> None:
    text = f"profile: p\nkind: claims\n{more}columns: {{{columns}}}\n"
    row = ["C1", "r", "a", "2020-03-27 12:00:00"]
    path = written(tmp_path, ("号,期,人,时\n" + ",".join(row) + "\n").encode())
    profile = written(tmp_path, text.encode(), "p.yaml")
    plan = taken(path, "claims", profile=profile)[0].plan
    assert (plan.clean_row(row) is row) == has_clean


@pytest.mark.parametrize(
    ("key", "more", "has_clean"),
    [("", "", True), ("", "footer: {like: ^x}\n", False), ("platform_no: 期, ", "", True)],
)
def test_a_registry_of_names_is_clean_unless_it_has_a_footer(
    key: str, more: str, has_clean: bool, tmp_path: Path
) -> None:
    text = f"profile: p\nkind: merchants\n{more}columns: {{{key}merchant_no: 号, name: 名}}\n"
    path = written(tmp_path, "号,名,期\n1,店,x\n".encode())
    plan = taken(path, "merchants", profile=written(tmp_path, text.encode(), "p.yaml"))[0].plan
    row = ["1", "店", "x"]
    assert (plan.clean_row(row) is row) == has_clean
    assert plan.clean_row(["号", "名", "期"]) is None  # the header once more
    assert plan.clean_row(["`1", "店", "x"]) is None
    assert not plan.is_columnar


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("类", KindRule(columns=("类",), pay=PAY, refund=REFUND)),
        ("[类, 型]", KindRule(columns=("类", "型"), pay=PAY, refund=REFUND)),
        ("{column: 类}", KindRule(columns=("类",), pay=PAY, refund=REFUND)),
        ("{column: 类, refund: back}", KindRule(columns=("类",), pay="", refund="back")),
        (
            "{column: 类, refund: back, otherwise: pay}",
            KindRule(columns=("类",), pay="", refund="back", otherwise="pay"),
        ),
        ("{column: 类, pay: buy}", KindRule(columns=("类",), pay="buy", refund=REFUND)),
        ("{value: refund}", KindRule(pay=PAY, refund=REFUND, value="refund")),
        ("{sign: 额}", KindRule(pay="", refund=REFUND, sign="额")),
    ],
)
def test_a_profile_says_what_a_payment_is(kind: str, rule: KindRule, tmp_path: Path) -> None:
    text = (
        f"profile: p\nkind: redemptions\ncolumns: {{transaction_no: 号, kind: {kind}, claim_no: 券,"
        " coupon_no: {value: '1'}, merchant_no: 店, paid_at: 时, order_amount: 额, subsidy: 额}\n"
    )
    profile = written(tmp_path, text.encode(), "p.yaml")
    path = written(tmp_path, "号,类,券,店,时,额\n".encode())
    assert taken(path, profile=profile)[0].profile.kind_rule == rule


def test_a_blank_cell_of_a_clean_row_has_its_default(tmp_path: Path) -> None:
    text = (
        "profile: p\nkind: redemptions\ncolumns: {transaction_no: 号, kind: {value: pay}, claim_no: 券,"
        " coupon_no: {column: 张, default: '3'}, merchant_no: 店, paid_at: 时, order_amount: 额,"
        " subsidy: 额, channel: {column: 渠, words: {1: online}}}\n"
    )
    content = "号,券,张,店,时,额,渠\nT1,C1,,M1,2020-03-27 12:00:00,50,1\nT2,C2,2,M1,2020-03-27 12:00:00,5,\n"
    reading, records = taken(
        written(tmp_path, content.encode()), profile=written(tmp_path, text.encode(), "p.yaml")
    )
    assert all(reading.plan.clean_row(list(record.cells)) for record in records)
    assert [(fields(record)["coupon_no"], fields(record).get("channel")) for record in records] == [
        ("3", "online"),
        ("2", None),
    ]


def test_a_file_says_something_of_a_field_only_by_a_column_a_value_or_a_default(
    tmp_path: Path,
) -> None:
    keyed = (
        "profile: p\nkind: merchants\nkey: [字号, 片区]\n"
        "columns: {name: 字号, district: {value: 西湖区}, size: {column: 规模, default: small},"
        " industry: 行业, address: {join: [路, 号]}, phone: 电话}\n"
    )
    path = written(tmp_path, "字号,片区,电话,号\n老王,城西,1,2\n".encode())
    plan = taken(path, "merchants", profile=written(tmp_path, keyed.encode(), "p.yaml"))[0].plan
    has = {field for field in FIELDS["merchants"] if plan.has(field)}
    assert has == {"merchant_no", "name", "district", "size", "address", "phone"}
    bare = plan_of_claims(tmp_path)
    assert [bare.has(field) for field in ("merchant_no", "claim_no", "address")] == [
        False,
        True,
        False,
    ]


def plan_of_claims(folder: Path) -> Any:
    text = "claim_no,round,resident,claimed_at\nC1,r,a,2020-03-27 12:00:00\n"
    return taken(written(folder, text.encode(), "claims.csv"), "claims")[0].plan
