"""Profiles as people meet them: listed, shown, guessed from a file, tried."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.formats.configs import locate, profiles, yamls
from vouchercli.formats.guessing import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran


def write(name: str, text: str, encoding: str = "utf-8") -> str:
    Path(name).write_text(text, encoding=encoding)
    return name


def guessed(text: str) -> dict[str, Any]:
    """What a guessed profile says; it must be whole."""
    document = yamls.parse(text, "guessed.yaml").value
    read, faults = profiles.read(document)
    assert faults == []
    assert list(read) == [document["kind"]]
    return document


# ---------------------------------------------------------------- list and show


def test_the_shipped_profiles_are_listed(voucher: Callable[..., Ran]) -> None:
    rows = voucher("profile", "list", "-o", "json").data["profiles"]
    assert [row["profile"] for row in rows] == locate.names("platforms")
    (ours,) = (row for row in rows if row["profile"] == "voucher")
    assert ours["kinds"] == [
        "merchants",
        "applications",
        "eligibility",
        "series",
        "claims",
        "redemptions",
    ]
    assert ours["file"] == "configs/platforms/voucher.yaml"
    assert "领取文件, 核销文件" in voucher("--lang", "zh", "profile", "list", "-o", "csv").out


def test_a_profile_of_this_folder_is_listed_too(voucher: Callable[..., Ran], here: Path) -> None:
    folder = here / "configs" / "platforms"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "profile: mine\nkind: merchants\ncolumns: {merchant_no: no, name: shop}\n"
    )
    rows = voucher("profile", "list", "-o", "json").data["profiles"]
    assert {"profile": "mine", "file": "configs/platforms/mine.yaml"}.items() <= {
        **next(row for row in rows if row["profile"] == "mine")
    }.items()


def test_a_profile_is_shown_field_by_field(voucher: Callable[..., Ran]) -> None:
    data = voucher("profile", "show", "wechat-use-flow", "-o", "json").data
    fields = {row["field"]: row["source"] for row in data["fields"]}
    assert fields["transaction_no"] == "支付单号"
    assert fields["merchant_discount"] == "{value: '0'}"
    assert {row["setting"]: row["value"] for row in data["settings"]}["unit"] == "yuan"
    assert "read from" in voucher("profile", "show", "voucher").out.casefold()


def test_an_unknown_profile_is_refused(voucher: Callable[..., Ran]) -> None:
    for verb in ("show", "export"):
        assert "did you mean voucher?" in voucher("profile", verb, "vouchr", expect=3).err


def test_a_profile_with_faults_in_this_folder_names_them(
    voucher: Callable[..., Ran], here: Path
) -> None:
    folder = here / "configs" / "platforms"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("profile: mine\nkind: shops\ncolumns: {name: shop}\n")
    assert "mine.yaml:2:" in voucher("profile", "list", expect=3).err


# ---------------------------------------------------------------- guess

USE = """活动核销明细
券码,微信订单号,门店编号,使用时间,订单总金额,优惠金额,业务类型,会员昵称
W0001,4200000001,M001,2020-03-28 12:10:00,100.00,10.00,支付,张三
W0002,4200000002,M001,2020-03-28 12:11:00,60.00,10.00,退款,李四
合计,2,,,160.00,20.00,,
"""


def test_a_bill_becomes_a_whole_profile(voucher: Callable[..., Ran]) -> None:
    document = guessed(voucher("profile", "guess", write("Use Flow.csv", USE)).out)
    assert document["profile"] == "use-flow"
    assert document["kind"] == "redemptions"
    assert document["columns"] == {
        "transaction_no": "微信订单号",
        "kind": {"column": "业务类型", "pay": "^(支付)$", "refund": "^(退款)$"},
        "claim_no": "券码",
        "coupon_no": {"value": "1"},
        "merchant_no": "门店编号",
        "paid_at": "使用时间",
        "order_amount": "订单总金额",
        "subsidy": "优惠金额",
    }
    assert document["footer"] == {"like": "^合计"}


def test_a_guessed_profile_reads_its_file(voucher: Callable[..., Ran]) -> None:
    write("use.csv", USE)
    ran = voucher("profile", "guess", "use.csv", "--to", "use.yaml")
    assert ran.out == ""
    assert "voucher profile try use.csv --profile use.yaml" in ran.err
    rows = voucher("profile", "try", "use.csv", "--profile", "use.yaml", "-o", "json").data["rows"]
    assert [(row["claim_no"], row["kind"], row["order_amount"]) for row in rows] == [
        ("W0001", "pay", "100.00"),
        ("W0002", "refund", "60.00"),
    ]


@pytest.mark.parametrize(
    ("text", "encoding", "columns"),
    [
        (
            "加盟店番号,店舗名,市区町村,業種\nK1,髙島屋本店,高松市,小売\nK2,カフェ1番街,丸亀市,飲食\n",
            "shift_jis",
            {
                "merchant_no": "加盟店番号",
                "name": "店舗名",
                "district": "市区町村",
                "industry": "業種",
            },
        ),
        (
            "가맹점번호,상호명,소재지,업종\n1,맛있는김밥,수원시 팔달구,음식점\n2,엄마손칼국수,용인시,음식점\n",
            "euc-kr",
            {
                "merchant_no": "가맹점번호",
                "name": "상호명",
                "industry": "업종",
                "address": "소재지",
            },
        ),
        (
            "merchant_no,name,address\nT1,永和豆漿大王,復興南路二段\nT2,許功蓋文具行,西園路一段\n",
            "big5",
            {"merchant_no": "merchant_no", "name": "name", "address": "address"},
        ),
        (
            "merchant_no,name\nKR1,맛있는김밥\nKR2,엄마손칼국수\n",
            "euc-kr",
            {"merchant_no": "merchant_no", "name": "name"},
        ),
        (
            "商户编号,商户名称,区县\nM1,知味观,上城区\nM2,武林银泰,下城区\n",
            "gb18030",
            {"merchant_no": "商户编号", "name": "商户名称", "district": "区县"},
        ),
        (
            "Store ID,Store Name,Street\nF1,Crèperie Müller,Rue Général 1\nF2,Fiancée,Rue Basse\n",
            "latin-1",
            {"merchant_no": "Store ID", "name": "Store Name", "address": "Street"},
        ),
    ],
)
def test_registries_of_many_lands_are_guessed(
    voucher: Callable[..., Ran], text: str, encoding: str, columns: dict[str, str]
) -> None:
    document = guessed(
        voucher(
            "profile", "guess", write("m.csv", text, {"shift_jis": "cp932"}.get(encoding, encoding))
        ).out
    )
    assert document["encoding"] == encoding
    assert document["columns"] == columns


def test_shops_without_a_number_get_a_key(voucher: Callable[..., Ran]) -> None:
    text = "Name,Line 1,Postcode\nCosta,1 High St,NN3 8JZ\nCosta,2 High St,M4 3AQ\n"
    document = guessed(voucher("profile", "guess", write("shops.csv", text)).out)
    assert document["key"] == ["name", "address"]
    assert document["columns"] == {"name": "Name", "address": "Line 1"}


def test_what_is_lacking_is_said_and_left_open(voucher: Callable[..., Ran]) -> None:
    text = "交易时间,商户名称,金额,备注\n2020-03-28 12:10:00,知味观,100.00,x\n"
    ran = voucher("profile", "guess", write("bill.csv", text))
    assert "write in by hand: transaction_no, claim_no, merchant_no, subsidy" in ran.err
    assert "  # subsidy: ?" in ran.out
    _, faults = profiles.read(yamls.parse(ran.out, "guessed.yaml").value)
    assert {fault.params["offending"] for fault in faults} == {
        "transaction_no",
        "claim_no",
        "merchant_no",
        "subsidy",
    }


def test_amounts_with_a_minus_say_which_rows_are_refunds(voucher: Callable[..., Ran]) -> None:
    text = (
        "券码,订单号,商户编号,支付时间,订单金额,优惠金额\n"
        "W1,O1,M1,2020-03-28 12:10:00,100.00,10.00\nW1,O2,M1,2020-03-29 12:10:00,-100.00,-10.00\n"
    )
    document = guessed(voucher("profile", "guess", write("bill.csv", text)).out)
    assert document["columns"]["kind"] == {"sign": "订单金额"}
    assert document["refunds"] == "negative"


def test_nobody_is_named_in_a_guess(voucher: Callable[..., Ran]) -> None:
    text = (
        "领取编号,期次,身份证号,领取时间,备注\n"
        "C1,hz-1,330106199001011018,2020-03-27 08:00:01,13812345678\n"
        "C2,hz-1,13812345679,2020-03-27 08:00:02,6222020200112233445\n"
    )
    ran = voucher("profile", "guess", write("claims.csv", text))
    assert guessed(ran.out)["kind"] == "claims"
    for identity in ("330106199001011018", "13812345678", "13812345679", "6222020200112233445"):
        assert identity not in ran.out + ran.err
    assert "18 characters" in ran.out


def test_the_kind_can_be_said(voucher: Callable[..., Ran]) -> None:
    text = "身份证号,人群\nU1,elderly\n"
    assert "\nkind: eligibility\n" in voucher("profile", "guess", write("l.csv", text)).out
    assert "\nkind: claims\n" in voucher("profile", "guess", "l.csv", "--kind", "claim").out
    ran = voucher("profile", "guess", "l.csv", "--kind", "shops", expect=2)
    assert "there are no files of kind shops" in ran.err


def test_a_file_that_cannot_be_read_gets_no_guess(voucher: Callable[..., Ran]) -> None:
    assert "[no_such_file]" in voucher("profile", "guess", "nosuch.csv", expect=3).err
    assert "[empty_file]" in voucher("profile", "guess", write("e.csv", ""), expect=3).err


def test_every_known_name_belongs_to_a_field() -> None:
    for kind, fields in names.NAMES.items():
        assert set(fields) <= set(names.known(kind))
        assert all(names.weight(kind, field, text.split()[0]) > 0 for field, text in fields.items())


# ---------------------------------------------------------------- try

CLAIMS = (
    "claim_no,round,resident,claimed_at,note\n"
    "C1,hz-1,330106199001011018,2020-03-27 08:00:01,a\nC2,hz-1,1.38E+10,2020-03-27 08:00:02,b\n"
)


def test_rows_are_shown_as_they_would_be_read(voucher: Callable[..., Ran]) -> None:
    ran = voucher("profile", "try", write("c.csv", CLAIMS), "-o", "json", expect=5)
    data = ran.data
    assert (data["profile"], data["kind"]) == ("voucher", "claims")
    assert (data["rows_read"], data["rows_at_fault"]) == (2, 1)
    assert data["rows"] == [
        {
            "line": 2,
            "claim_no": "C1",
            "round": "hz-1",
            "resident": "*" * 18,
            "claimed_at": "2020-03-27 08:00:01",
        }
    ]
    assert [(problem["where"], problem["code"]) for problem in ran.json["problems"]] == [
        ("c.csv:3", "bad_row")
    ]


def test_a_trial_says_what_the_file_is(voucher: Callable[..., Ran]) -> None:
    ran = voucher("profile", "try", write("c.csv", CLAIMS), "--limit", "1")
    assert "claims file" in ran.out
    assert "note" in ran.out
    assert "330106199001011018" not in ran.out + ran.err
    assert "rows read on trial: 1; nothing was kept" in ran.err


@pytest.mark.parametrize(
    ("kind", "header", "row"),
    [
        ("cells", "期次,组别,周,人数,消费合计,消费平方和,补贴合计,补贴平方和,补贴消费积和",
         "r1,中签,1,100,44313.54,23886495.45,2280,91200,1180408.4"),
        ("survey", "round,used,ordinary,by_voucher,of_own", "r1,50,30,20,10"),
    ],
)  # fmt: skip
def test_cells_and_surveys_are_tried_as_other_files(
    voucher: Callable[..., Ran], kind: str, header: str, row: str
) -> None:
    file = write("x.csv", f"{header}\n{row}\n")
    for words in ((), ("--profile", kind), ("--kind", kind)):
        data = voucher("profile", "try", file, *words, "-o", "json").data
        assert (data["kind"], data["profile"], data["rows"][0]["round"]) == (kind, kind, "r1")
    refused = voucher("profile", "try", file, "--kind", "bills", "-o", "json", expect=3)
    assert refused.json["problems"][0]["code"] == "other_kind"


def test_a_trial_keeps_nothing(voucher: Callable[..., Ran], here: Path) -> None:
    voucher("profile", "try", write("c.csv", CLAIMS), expect=5)
    assert [path.name for path in here.iterdir()] == ["c.csv"]


def test_a_file_that_fits_no_profile_is_refused(voucher: Callable[..., Ran]) -> None:
    ran = voucher("profile", "try", write("x.csv", "a,b\n1,2\n"), expect=3)
    assert "x.csv:1: error: x.csv fits no profile; columns found: a, b [unknown_layout]" in ran.err
    assert "profile voucher of the eligibility list needs the columns: resident" in ran.err
    assert "next: voucher profile guess x.csv --to my-platform.yaml, correct it, then" in ran.err


# ---------------------------------------------------------------- layouts that must be said


def taken_in(voucher: Callable[..., Ran], file: str, *columns: str) -> list[tuple[str, ...]]:
    """These columns of the rows of a file, read by the profile that was guessed from it."""
    voucher("profile", "guess", file, "--to", "guessed.yaml")
    ran = voucher("profile", "try", file, "--profile", "guessed.yaml", "-o", "json")
    return [tuple(row[column] for column in columns) for row in ran.data["rows"]]


def test_a_file_without_a_header_is_read_by_places(voucher: Callable[..., Ran]) -> None:
    file = write("bare.csv", "M001;知味观;上城区\nM002;武林银泰;下城区\n")
    assert taken_in(voucher, file, "merchant_no", "name") == [
        ("M001", "知味观"),
        ("M002", "武林银泰"),
    ]
    document = yamls.read("guessed.yaml").value
    assert (document["header"], document["delimiter"]) == ("none", ";")


def test_lines_without_delimiters_are_cut_where_blanks_stand(voucher: Callable[..., Ran]) -> None:
    lines = "M001  知味观    上城区  \nM0022 武林银泰  下城区  \n"
    file = write("fixed.txt", lines, "gb18030")
    assert taken_in(voucher, file, "merchant_no", "name") == [
        ("M001", "知味观"),
        ("M0022", "武林银泰"),
    ]
    assert yamls.read("guessed.yaml").value["widths"] == [6, 10, 8]


def test_the_day_first_is_seen_where_the_values_say_it(voucher: Callable[..., Ran]) -> None:
    text = (
        "领取编号,期次,用户ID,领取时间\nC1,hz-1,U1,27/03/2020 08:00\nC2,hz-1,U2,04/04/2020 09:30\n"
    )
    file = write("c.csv", text)
    assert taken_in(voucher, file, "claimed_at") == [
        ("2020-03-27 08:00:00",),
        ("2020-04-04 09:30:00",),
    ]
    assert yamls.read("guessed.yaml").value["time"] == "%d/%m/%Y %H:%M"


def test_day_and_month_that_could_be_either_are_left_open(voucher: Callable[..., Ran]) -> None:
    text = "领取编号,期次,用户ID,领取时间\nC1,hz-1,U1,03/04/2020 08:00\n"
    ran = voucher("profile", "guess", write("c.csv", text))
    assert "time" not in guessed(ran.out)
    assert "# time: '%d/%m/%Y %H:%M'" in ran.out
    assert "# time: '%m/%d/%Y %H:%M'" in ran.out


def test_sheets_of_one_kind_are_one_file(voucher: Callable[..., Ran]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook("districts.xlsx") as book:
        for district in ("上城区", "西湖区"):
            sheet = book.add_worksheet(district)
            sheet.write_row(0, 0, ["商户编号", "商户名称", "区县"])
            sheet.write_row(1, 0, [f"M-{district}", f"店-{district}", district])
    assert taken_in(voucher, "districts.xlsx", "merchant_no") == [("M-上城区",), ("M-西湖区",)]
    assert yamls.read("guessed.yaml").value["sheets"] == "all"


def test_a_date_and_a_time_of_day_are_joined(voucher: Callable[..., Ran]) -> None:
    text = (
        "券码,订单号,商户编号,交易日期,交易时间,订单金额,优惠金额\n"
        "W1,O1,M1,20200328,121000,100.00,10.00\nW2,O2,M1,20200329,93015,60.00,10.00\n"
    )
    assert taken_in(voucher, write("abc.csv", text), "paid_at") == [
        ("2020-03-28 12:10:00",),
        ("2020-03-29 09:30:15",),
    ]
