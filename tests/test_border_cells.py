"""What stands in a cell although nothing is there, what spreadsheets made of it, and times in every
form: row by row and by columns alike.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_by_columns import BY_COLUMNS, BY_ROWS, COLUMNS, PAYMENT, same
from towns import CLAIMS, PAYMENTS

from vouchercli.formats.configs.profiles import Spec
from vouchercli.formats.tables import readers, written_times
from vouchercli.formats.tables.nothing import is_error, is_nothing
from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.intake.claims import import_claims
from vouchercli.rules import times

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Ran

NULLS = (
    "NULL null Null (null) <NULL> nan NaN NA na N/A n/a None none NIL NaT \\N \\n - -- --- / — ——"
)
ERRORS = (
    "#N/A #n/a #REF! #VALUE! #DIV/0! #NAME? #NUM! #NULL! #SPILL! #CALC! #GETTING_DATA #### # ########"
    " Err:508 #WERT! #NV #NOVALUE!"
)
LOST = (
    "1.38E+10 1.3800000001E10 1.3800000001e10 5,58199E+12 5.58199e12 5,6e+1 1E+5 1E-05 2.0E7 -1.5E+3"
    " 1234567890123456.0 1234567890123456.00 １．３８Ｅ＋１０"
)
TURNED = (
    "2020-01-02 2020/1/2 2020/01/02 1900/1/0 2020.1.2 1/2/2020 31.12.2020 3/4 12/31 3/4/20 1月2日"
    " 2020年1月2日 2020年1月 一月二日 二〇二〇年一月二日 2-Jan 02-Jan 2-Jan-20 2-Jan-2020 Jan-02 Jan-20 Mar-05"
    " 10:30 20:01 150:20:00 10:05.0 1월2일"
)
TRUE = (
    "945324E7 558199E7 12E-4 HZ-1 MAR-05 DEC-01 30:5 1:1 13/40 40/13 5/2020 2020-03-0001 1234-56-78"
    " 2020-1 12-5 1.2 C#12 A/B NAN2 NULL1 1-2-3-4 J-1 0"
)


def told(field: str, cell: str, spec: Spec | None = None, **more: Any) -> str | readers.Word:
    """What a cell is read as, or what is wrong with it."""
    try:
        return readers.reader(field, "column", spec, **more)(cell)
    except readers.RowFault as fault:
        problem: readers.Word = fault.problem.params["problem"]
        return problem


def profiled(here: Path, kind: str, columns: str, more: str = "") -> None:
    """A profile p.yaml in this folder."""
    (here / "p.yaml").write_text(f"profile: p\nkind: {kind}\ncolumns: {columns}\n{more}\n", "utf-8")


@pytest.mark.parametrize("word", NULLS.split())
def test_a_word_for_nothing_is_blank(word: str) -> None:
    for field in ("claim_no", "resident", "district", "merchant_discount", "refund_of"):
        assert told(field, f" {word} ") == ""


@pytest.mark.parametrize("name", ["NA", "Nan", "NONE", "Nil", "无", "NULLA", "Nano"])
def test_a_shop_may_be_called_so(name: str) -> None:
    assert told("name", name) == name


@pytest.mark.parametrize("name", ["NULL", "null", "nan", "None", "\\N", "N/A", "-", "--"])
def test_no_shop_is_called_so(name: str) -> None:
    assert is_nothing(name, "name")


@pytest.mark.parametrize("error", ERRORS.split())
def test_the_error_of_a_spreadsheet_is_no_value(error: str) -> None:
    for field in ("claim_no", "name", "district", "subsidy", "paid_at"):
        problem = readers.UNCALCULATED if error == "#NOVALUE!" else readers.ERROR
        assert told(field, error) == problem
    assert told("district", error, may_stay=True) == readers.unknown(error)


@pytest.mark.parametrize("text", ["#1", "C#", "#WOW!", "#hashtag", "Err", "E508", "#REF"])
def test_what_only_looks_like_an_error_is_none(text: str) -> None:
    assert not is_error(text)


@pytest.mark.parametrize("cell", LOST.split())
def test_a_number_that_lost_its_digits_is_refused_in_every_spelling(cell: str) -> None:
    assert told("claim_no", cell) == told("resident", cell) == readers.LOST


@pytest.mark.parametrize("cell", [*TURNED.split(), "2 Jan", "2. Jan", "10:30 PM", "上午 10:30"])
def test_a_code_that_became_a_date_is_refused_in_every_spelling(cell: str) -> None:
    assert told("merchant_no", cell) == readers.TURNED


@pytest.mark.parametrize("cell", TRUE.split())
def test_a_true_code_is_believed(cell: str) -> None:
    assert told("merchant_no", cell) == cell


@pytest.mark.parametrize("cell", ["13,800,000,001", "1,234", "12,345.00"])
def test_a_number_with_commas_is_refused_as_a_code(cell: str) -> None:
    assert told("claim_no", cell) == readers.GROUPED


@pytest.mark.parametrize(
    ("cell", "text"), [("11002.0", "11002"), ("11002.00", "11002"), ("11002,00", "11002")]
)
def test_zeros_behind_a_whole_number_go(cell: str, text: str) -> None:
    assert told("claim_no", cell) == text


def test_what_a_profile_names_is_meant() -> None:
    assert told("round", "20:30", Spec(words={"20:30": "t-20-30"})) == "t-20-30"
    assert told("round", "NA", Spec(words={"NA": "NA"})) == "NA"
    assert told("round", "1E+5", Spec(words={"1E+5": "x"})) == "x"
    assert told("round", "20:30", Spec(pattern=r"^(\d+:\d+)$")) == "20:30"
    assert told("round", "满20:30减", Spec(pattern=r"\d+:\d+", words={"20:30": "t"})) == "t"
    assert told("round", "3/4", Spec(pattern=r"^(\d)/\d$")) == "3"


def test_a_pattern_that_takes_anything_says_nothing_of_damage() -> None:
    assert told("round", "20:30", Spec(pattern=r"^(.+)$")) == readers.TURNED
    assert told("claim_no", "1.38E+10", Spec(pattern=r"^[\d.]+")) == readers.LOST
    assert told("claim_no", "#N/A", Spec(pattern=r"\w")) == readers.ERROR
    assert told("claim_no", "NULL", Spec(pattern=r"\w+")) == ""
    assert told("claim_no", "abc", Spec(pattern=r"\d+")) == readers.NO_MATCH


def test_a_profiles_own_words_for_nothing() -> None:
    blanks = frozenset({"暂缺", "tbd"})
    assert told("district", "暂缺", blanks=blanks) == told("district", " TBD ", blanks=blanks) == ""
    assert told("district", "TBD", Spec(words={"TBD": "x"}), blanks=blanks) == "x"


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("20200328121005", "2020-03-28 12:10:05"),
        ("202003281210", "2020-03-28 12:10:00"),
        ("20200328121005123", "2020-03-28 12:10:05"),
        ("20200328 121005", "2020-03-28 12:10:05"),
        ("20200328 91005", "2020-03-28 09:10:05"),
        ("20200328T121005", "2020-03-28 12:10:05"),
        ("20200328T121005+0800", "2020-03-28 12:10:05+08:00"),
        ("20200328T041005Z", "2020-03-28 04:10:05+00:00"),
        ("2020-03-28T12:10:05+08:00", "2020-03-28 12:10:05+08:00"),
        ("2020-03-28 12:10:05 UTC", "2020-03-28 12:10:05+00:00"),
        ("4/30/2020 13:42", "2020-04-30 13:42:00"),
        ("4/30/2020 1:42:07 PM", "2020-04-30 13:42:07"),
        ("3/3/2020 1:02", "2020-03-03 01:02:00"),
        ("4/30/2020", "2020-04-30"),
        ("2020-03-28 下午 12:10:05", "2020-03-28 12:10:05"),
        ("2020/3/28 上午12:10", "2020-03-28 00:10:00"),
        ("2020年3月28日 下午1:10", "2020-03-28 13:10:00"),
        ("2020-03-28 1:05:09 上午", "2020-03-28 01:05:09"),
        ("2020/3/28 12:10:05 PM", "2020-03-28 12:10:05"),
        ("2020/3/28 11:10 p.m.", "2020-03-28 23:10:00"),
        ("Mar 28, 2020 12:10", "2020-03-28 12:10:00"),
        ("28-Mar-2020 1:02 pm", "2020-03-28 13:02:00"),
        ("２０２０－０３－２８　１２：１０：０５", "2020-03-28 12:10:05"),
    ],
)
def test_a_time_with_one_reading_is_read(cell: str, text: str) -> None:
    assert told("paid_at", cell) == text


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("04/03/2020 12:10", written_times.AMBIGUOUS),
        ("4.3.2020", written_times.AMBIGUOUS),
        ("30/4/2020 13:42", written_times.DAY_FIRST),
        ("30.04.2020 13:42", written_times.DAY_FIRST),
        ("9/22/88 12:00", written_times.SHORT_YEAR),
        ("2020-03-28 13:10 AM", written_times.NO_SUCH_HALF),
        ("2020-03-28 0:10 PM", written_times.NO_SUCH_HALF),
        ("2020-03-28 晚上 12:10", written_times.NO_SUCH_HALF),
        ("令和2年3月28日 12:10", written_times.UNKNOWN_FORM),
        ("109/03/28 12:10:05", written_times.UNKNOWN_FORM),
    ],
)
def test_a_time_with_two_readings_is_not_guessed(cell: str, problem: str) -> None:
    assert told("paid_at", cell) == problem


@pytest.mark.parametrize(
    ("cell", "form", "text"),
    [
        ("04/03/2020 12:10", "%d/%m/%Y %H:%M", "2020-03-04 12:10:00"),
        ("04/03/2020 12:10", "%m/%d/%Y %H:%M", "2020-04-03 12:10:00"),
        ("9/22/88 12:00", "%m/%d/%y %H:%M", "1988-09-22 12:00:00"),
        ("04032020 1015", "%d%m%Y %H%M", "2020-03-04 10:15:00"),
        ("4-Mar-20", "%d-%b-%y", "2020-03-04"),
        ("04/03/2020 下午 1:05", "%d/%m/%Y %p %I:%M", "2020-03-04 13:05:00"),
        ("1585368605", "%s", "2020-03-28 04:10:05+00:00"),
        ("1585368605000", "%s", "2020-03-28 04:10:05+00:00"),
        ("2020-03-28 12:10:05", "%d/%m/%Y", "2020-03-28 12:10:05"),
        ("30/04/2020", "%m/%d/%Y", written_times.OTHER_FORM),
        ("1/5", "%d/%m/%Y", written_times.OTHER_FORM),
    ],
)
def test_a_profile_says_how_times_are_written(cell: str, form: str, text: str) -> None:
    assert told("paid_at", cell, forms=(form,)) == text


def test_of_several_forms_the_first_that_fits_is_taken() -> None:
    forms = ("%d/%m/%Y %H:%M", "%d/%m/%Y")
    assert told("paid_at", "04/03/2020", forms=forms) == "2020-03-04"


def test_a_time_that_was_skipped_is_no_time() -> None:
    with pytest.raises(times.NoSuchTimeError):
        times.parse("2017-03-12 02:58:44", "America/New_York")
    assert times.parse("2017-03-12 03:00:00", "America/New_York") == 1489302000
    assert times.parse("2018-11-04", "America/Sao_Paulo")  # the day begins at 01:00
    with pytest.raises(ValueError, match="skipped"):
        times.Reader("America/New_York").read("2017-03-12 02:58:44")


# ---------------------------------------------------------------- both ways

ODD = [
    *NULLS.split(),
    *ERRORS.split(),
    *LOST.split(),
    *TURNED.split(),
    *TRUE.split(),
    "13800000001.00",
    "1,234",
    "20200328121005",
    "20200328 121005",
    "20201328121005",
    "20200328T121005",
    "04/03/2020 12:10",
    "4/30/2020 13:42",
    "2020-03-28 下午 12:10",
    "HZ-1 ",
    "无",
    "x",
]


@pytest.mark.slow
def test_odd_cells_are_read_alike_row_by_row_and_by_columns(city: Any, here: Path) -> None:
    city()
    rows = []
    for at, _ in enumerate(COLUMNS):
        for number, cell in enumerate(ODD):
            row = [*PAYMENT]
            row[0] = f"T{at}{number:03d}"
            row[at] = f'"{cell}"' if "," in cell else cell
            rows.append(",".join(row))
    text = PAYMENTS + "\n".join(rows) + "\n"
    answer = same(here, text.encode(), lines=7, has_repeats=True)
    assert answer["read"] == len(rows)
    assert answer["rejected"] > 100


PROFILED = """\
profile: mine
kind: redemptions
blank: [暂缺]
columns:
  transaction_no: transaction_no
  kind: kind
  claim_no: {column: claim_no, words: {"2:5": C1, "10:30": C2}}
  coupon_no: coupon_no
  merchant_no: {column: merchant_no, blank: [none here]}
  paid_at: {column: paid_at, time: ["%d/%m/%Y %H:%M", "%d.%m.%y"]}
  order_amount: order_amount
  merchant_discount: {column: merchant_discount, blank: [免]}
  subsidy: subsidy
  refund_of: refund_of
"""


def test_what_a_profile_says_is_read_alike(city: Any, here: Path) -> None:
    city()
    (here / "mine.yaml").write_text(PROFILED, "utf-8")
    odd = [
        "2:5",
        "10:30",
        "暂缺",
        "免",
        "none here",
        "28/03/2020 10:00",
        "28.03.20",
        "NA",
        "-",
        "#N/A",
    ]
    rows = []
    for at, _ in enumerate(COLUMNS):
        for number, cell in enumerate(odd):
            row = [f"T{at}{number:03d}", *PAYMENT[1:]]
            row[at] = cell
            rows.append(",".join(row))
    text = PAYMENTS + "\n".join(rows) + "\n"
    profile = str(here / "mine.yaml")
    assert same(here, text.encode(), lines=7, has_repeats=True, profile=profile)["accepted"]


def test_claims_are_read_alike(city: Any, here: Path) -> None:
    city(with_claims=False)
    people = [
        "13800000001",
        "138-0000-0002",
        "8613800000003",
        "013800000004",
        "33010219900101001x",
        "330102199001010012",
        "330102199001010013",
        "330106199001011000",
        "e12345678",
        "oUpF-8x",
        "1-11",
        "NULL",
        "#N/A",
        "1.38E+10",
        "330106900101101",
    ]
    lines = [
        f"C{number},{('r1', 'R1')[number % 2]},{who},2020-03-27 08:00:{number:02d}"
        for number, who in enumerate(people)
    ]
    left = []
    for bytes_ in (BY_ROWS, BY_COLUMNS):
        path = here / f"by{bytes_}.db"
        shutil.copy(here / "voucher.db", path)
        shutil.copy(here / "voucher.key", path.with_suffix(".key"))
        (here / "c.csv").write_text(CLAIMS + "\n".join(lines) + "\n", "utf-8")
        with towns.session(path, "mei") as one, pytest.MonkeyPatch.context() as patch:
            patch.setattr(chunks, "LINES", 4)
            patch.setattr(by_columns, "BYTES", bytes_)
            data = import_claims(one, str(here / "c.csv")).data
            claims = sorted(
                tuple(row) for row in one.db.execute("SELECT claim_no, hex(resident) FROM claims")
            )
            warned = sorted(
                tuple(row) for row in one.db.execute("SELECT line, reason FROM warnings")
            )
        left.append((data["reasons"], data["accepted"], claims, warned))
    assert left[0] == left[1]
    reasons, accepted, _, warned = left[0]
    assert (accepted, reasons) == (10, {"bad_row": 4, "over_quota": 1})
    assert [reason for _, reason in warned] == ["identity_check_digit"] * 2


# ---------------------------------------------------------------- at the border


def test_words_for_nothing_and_errors_are_nobody(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    cells = ["NULL", "null", "nan", "#N/A", "NULL", "########"]
    rows = "".join(f"C{n},r1,{cell},2020-03-27 08:00:0{n}\n" for n, cell in enumerate(cells))
    (here / "c.csv").write_text(CLAIMS + rows + "nan,r1,1,2020-03-27 08:00:07\n", "utf-8")
    data = voucher("claim", "import", "c.csv", "-o", "json", expect=4).data
    assert (data["accepted"], data["reasons"]) == (0, {"bad_row": 7})
    voucher("batch", "rejects", str(data["batch"]), "--to", "r.csv")
    text = (here / "r.csv").read_text("utf-8-sig")
    assert [line.split(",")[2] for line in text.splitlines()[1:7]] == cells  # still to be seen
    assert (
        voucher("batch", "retry", str(data["batch"]), "-o", "json", expect=4).data["accepted"] == 0
    )


def test_a_damaged_identity_is_nobodys_token_when_it_comes_back(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    rows = "C1,r1,1.38E+10,2020-03-27 08:00:01\nC2,r1,token:9,2020-03-27 08:00:02\n"
    (here / "c.csv").write_text(CLAIMS + rows, "utf-8")
    data = voucher("claim", "import", "c.csv", "-o", "json", expect=4).data
    voucher("batch", "rejects", str(data["batch"]), "--to", "r.csv")
    again = voucher("claim", "import", "r.csv", "-o", "json", expect=4).data
    assert (again["accepted"], again["reasons"]) == (0, {"bad_row": 2})
    assert (
        voucher("batch", "retry", str(data["batch"]), "-o", "json", expect=4).data["accepted"] == 0
    )
    assert "#DAMAGED!" in (here / "r.csv").read_text("utf-8-sig")


MERCHANTS = "merchant_no,name,uscc,district,industry,size\n"


def test_an_error_never_erases_what_a_registry_knows(voucher: Any, here: Path) -> None:
    voucher("init")
    good = "M1,知味观,91330100143050988A,上城区,餐饮,small\nM2,楼外楼,,西湖区,餐饮,small\n"
    (here / "good.csv").write_text(MERCHANTS + good, "utf-8")
    voucher("merchant", "import", "good.csv")
    bad = "M1,知味观,#REF!,#N/A,餐饮,small\nM2,楼外楼,,####,小吃,small\n#N/A,天香楼,,上城区,餐饮,small\n"
    (here / "bad.csv").write_text(MERCHANTS + bad + "M3,新店,,#N/A,餐饮,\n", "utf-8")
    data = voucher("merchant", "import", "bad.csv", "-o", "json", expect=4).data
    assert (data["accepted"], data["duplicate"], data["rejected"]) == (2, 1, 1)
    assert data["warning_reasons"] == {"error_cell": 3}
    shown = {
        row["merchant_no"]: row
        for row in voucher("merchant", "list", "-o", "json").data["merchants"]
    }
    assert (shown["M1"]["district"], shown["M2"]["district"]) == ("上城区", "西湖区")
    assert (shown["M2"]["industry"], shown["M3"]["district"]) == ("小吃", "")
    assert "91330100143050988A" in voucher("merchant", "show", "M1").out


def test_words_for_nothing_are_no_part_of_an_address(voucher: Any, here: Path) -> None:
    voucher("init")
    (here / "snap.yaml").write_text(
        "profile: snap\nkind: merchants\ncolumns:\n  merchant_no: id\n  name: name\n"
        '  address: {join: [number, street, more], with: " "}\n',
        "utf-8",
    )
    (here / "s.csv").write_text(
        "id,name,number,street,more\n1,CITGO,400,W Pike St,NA\n2,NA,9,Main St,Ste B\nNA,Corner,1,x,NA\n"
    )
    data = voucher(
        "merchant", "import", "s.csv", "--profile", "snap.yaml", "-o", "json", expect=4
    ).data
    assert (data["accepted"], data["reasons"]) == (2, {"bad_row": 1})
    assert "400 W Pike St\n" in voucher("merchant", "show", "1").out


def test_a_blank_merchant_discount_is_none(city: Any, here: Path) -> None:
    voucher = city()
    rows = [[f"T{n}", *PAYMENT[1:]] for n in (1, 2, 3)]
    for row, claim, cell in zip(rows, ("C1", "C2", "C3"), ("", "-", "NULL"), strict=True):
        row[2], row[7] = claim, cell
    (here / "p.csv").write_text(PAYMENTS + "\n".join(map(",".join, rows)) + "\n", "utf-8")
    assert voucher("redemption", "import", "p.csv", "-o", "json").data["accepted"] == 3


def test_case_does_not_matter_for_the_kind_of_a_row(city: Any, here: Path) -> None:
    voucher = city()
    profile = PROFILED.replace(
        "  kind: kind\n", "  kind: {column: kind, pay: SUCCESS, refund: REFUND}\n"
    )
    (here / "k.yaml").write_text(profile, "utf-8")
    rows = [[*PAYMENT], ["T2", *PAYMENT[1:]], ["T3", *PAYMENT[1:]]]
    for row, claim, kind in zip(
        rows, ("C1", "C2", "C3"), ("SUCCESS", "Success", "#N/A"), strict=True
    ):
        row[1], row[2] = kind, claim
    (here / "p.csv").write_text(PAYMENTS + "\n".join(map(",".join, rows)) + "\n", "utf-8")
    data = voucher(
        "redemption", "import", "p.csv", "--profile", "k.yaml", "-o", "json", expect=4
    ).data
    assert (data["accepted"], data["reasons"]) == (2, {"bad_row": 1})


def test_a_round_is_known_in_any_case(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    (here / "c.csv").write_text(CLAIMS + "C1,R1,13800000001,2020-03-27 08:00:01\n", "utf-8")
    voucher("claim", "import", "c.csv")
    assert voucher("claim", "list", "-o", "json").data["claims"][0]["round"] == "r1"


# ---------------------------------------------------------------- keys of several columns


KEYED = """\
profile: keyed
kind: merchants
columns: {name: name, address: {join: [street, town], with: ", "}}
key: [name, street, {column: floor, optional: true}]
"""


def test_a_key_may_have_optional_parts(voucher: Any, here: Path) -> None:
    voucher("init")
    (here / "keyed.yaml").write_text(KEYED, "utf-8")
    rows = "Costa,High St,1,Ely\nCosta,High St,,Ely\nCOSTA,HIGH ST,,ELY\nCosta,,2,Ely\nCosta,High St,NA,York\n"
    (here / "k.csv").write_text("name,street,floor,town\n" + rows, "utf-8")
    data = voucher(
        "merchant", "import", "k.csv", "--profile", "keyed.yaml", "-o", "json", expect=4
    ).data
    # the third is the second in capitals; the last has its key, and another town
    assert (data["accepted"], data["duplicate"]) == (2, 1)
    assert data["reasons"] == {"bad_row": 1, "conflicting_row": 1}
    (here / "n.csv").write_text("name,street,town\nCosta,High St,Ely\n", "utf-8")
    data = voucher("merchant", "import", "n.csv", "--profile", "keyed.yaml", "-o", "json").data
    assert data["duplicate"] == 1


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ('{join: [a, b], with: " ", words: {X: y}}', "words"),
        ("{join: [a, b], pattern: '^x'}", "pattern"),
        ("{join: [a, b], default: none}", "default"),
        ("{join: [a, b], down: true}", "down"),
        ("{value: abc, words: {abc: x}}", "words"),
        ("{value: abc, blank: [x]}", "blank"),
        ('{column: a, with: " "}', "with"),
    ],
)
def test_a_key_that_says_nothing_is_a_fault(
    voucher: Any, here: Path, column: str, key: str
) -> None:
    voucher("init")
    (here / "p.yaml").write_text(
        "profile: p\nkind: merchants\ncolumns:\n  merchant_no: a\n  name: b\n  address: "
        + column
        + "\n",
        "utf-8",
    )
    (here / "m.csv").write_text("a,b\n1,2\n", "utf-8")
    ran: Ran = voucher("merchant", "import", "m.csv", "--profile", "p.yaml", "-o", "json", expect=3)
    (fault,) = [each for each in ran.json["problems"] if each["code"] == "misplaced_key"]
    assert fault["message"].startswith(f"{key} says nothing here")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("unit: fen", "misplaced_key"),
        ("refunds: negative", "misplaced_key"),
        ('time: "%d/%m/%Y"', "misplaced_key"),
        ("resident: opaque", "misplaced_key"),
        ("key: [{column: a, optional: true}]", "unclear_origin"),
        ("blank: {a: b}", "wrong_type"),
    ],
)
def test_a_section_may_not_say_what_has_no_effect(
    voucher: Any, here: Path, text: str, code: str
) -> None:
    voucher("init")
    profiled(here, "merchants", "{merchant_no: a, name: b}", text)
    (here / "m.csv").write_text("a,b\n1,2\n", "utf-8")
    ran = voucher("merchant", "import", "m.csv", "--profile", "p.yaml", "-o", "json", expect=3)
    assert code in [each["code"] for each in ran.json["problems"]]


@pytest.mark.parametrize("form", ["dd/MM/yyyy", "%H:%M", "%d/%d/%Y", "%q %d %m %Y", ""])
def test_a_form_of_time_must_say_a_date(voucher: Any, here: Path, form: str) -> None:
    voucher("init")
    columns = "{claim_no: a, round: b, resident: c, claimed_at: {column: d, time: '" + form + "'}}"
    profiled(here, "claims", columns)
    (here / "c.csv").write_text("a,b,c,d\n", "utf-8")
    ran = voucher("claim", "import", "c.csv", "--profile", "p.yaml", "-o", "json", expect=3)
    assert {"bad_time_form", "wrong_type"} & {each["code"] for each in ran.json["problems"]}


def test_columns_take_compact_times_blank_discounts_and_words_for_nothing(tmp_path: Path) -> None:
    pytest.importorskip("polars")
    from vouchercli.formats.columnar import blocks
    from vouchercli.formats.tables.files import read

    rows = (
        "T1,pay,C1,1,M1,20200328121005,45.00,,10.00,-\n"
        "T2,pay,C1,2,M1,20200328 121005,45.00,-,10.00,NULL\n"
        "T3,pay,NULL,3,M1,2020-03-28 12:10:05,45.00,0,10.00,\n"
        "T4,pay,2-Jan,3,M1,2020-03-28 12:10:05,45.00,0,10.00,\n"
    )
    (tmp_path / "p.csv").write_text(PAYMENTS + rows)
    (block,) = blocks.blocks(read(tmp_path / "p.csv", "redemptions"), 0, lambda line: line + 99)
    frame, others = block.columns()
    assert frame["paid_at"].to_list() == ["2020-03-28 12:10:05"] * 2
    assert frame["merchant_discount"].to_list() == ["0", "0"]
    assert frame["refund_of"].to_list() == ["", ""]
    assert others == [4, 5]


def test_times_of_a_payment_interface_need_no_profile(city: Any, here: Path) -> None:
    voucher = city()
    cells = ("20200328121000", "20200328 183000", "20200328T120000+0800", "04/03/2020 12:00")
    rows = [[f"T{number}", *PAYMENT[1:]] for number in range(4)]
    for row, cell, claim in zip(rows, cells, ("C1", "C2", "C3", "C3"), strict=True):
        row[2], row[5] = claim, cell
    (here / "p.csv").write_text(PAYMENTS + "\n".join(map(",".join, rows)) + "\n", "utf-8")
    ran = voucher("redemption", "import", "p.csv", "-o", "json", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (3, {"bad_time": 1})
    assert "time:" in ran.json["problems"][0]["message"]
    shown = voucher("redemption", "list", "-o", "json").data["redemptions"]
    assert [each["paid_at"] for each in shown] == [
        "2020-03-28T12:00:00+08:00",
        "2020-03-28T12:10:00+08:00",
        "2020-03-28T18:30:00+08:00",
    ]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("Sat Mar 28 12:10:05 CST 2020", "%a %b %d %H:%M:%S CST %Y"),
        ("Sat, 28 Mar 2020 12:10:05 +0800", "%a, %d %b %Y %H:%M:%S %z"),
        ("2020-03-28(土) 12:10:05", "%Y-%m-%d%a %H:%M:%S"),
        ("2020年3月28日 星期六 12:10:05", "%Y年%m月%d日 %a %H:%M:%S"),
        ("2020年3月28日 토요일 12:10:05", "%Y年%m月%d日 %A %H:%M:%S"),
        ("2020. 3. 28. 오후 12:10:05", ""),
        ("2020-03-28 12:10:05,123", ""),
    ],
)
def test_weekdays_and_marks_of_other_programs_hide_no_time(written: str, form: str) -> None:
    text = written_times.as_iso(written, (form,) if form else ())
    assert times.parse(text, "Asia/Shanghai") == times.parse("2020-03-28 12:10:05", "Asia/Shanghai")


def test_a_word_that_is_no_weekday_is_no_time() -> None:
    with pytest.raises(written_times.UnreadableTime):
        written_times.as_iso("Foo Mar 28 12:10:05 2020", ("%a %b %d %H:%M:%S %Y",))
