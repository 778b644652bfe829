"""One person has one token, at every door; and what cannot be a person's number is nobody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import towns
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from towns import CLAIMS

from vouchercli.rules import identities as law

if TYPE_CHECKING:
    from pathlib import Path

NOW = ("--now", "2020-03-27 09:00")
MOBILE = "13800000001"
SPELLINGS = (
    "138 0000 0001",
    "138-0000-0001",
    "138—0000—0001",
    "+8613800000001",
    "+86 138 0000 0001",
    "(+86)13800000001",
    "86-13800000001",
    "008613800000001",
    "013800000001",
    "１３８００００００００１".replace("００００００００１", "０００００００１"),
    "'13800000001",
    "`13800000001",
    "13800000001.0",
    "13800000001.00",
    " 13800000001\u3000",
    "\u200b13800000001",
)
NUMBER = "11010519491231002X"  # the example of GB 11643
SPELLED = (
    "11010519491231002x",
    "110105 19491231 002X",
    "１１０１０５１９４９１２３１００２Ｘ",
    "110105-19491231-002x",
)


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_mobile_number_is_its_eleven_digits(text: str) -> None:
    assert law.even_out(text) == MOBILE


@pytest.mark.parametrize("text", SPELLED)
def test_an_identity_number_has_a_large_x(text: str) -> None:
    assert law.even_out(text) == NUMBER


@pytest.mark.parametrize(
    ("text", "evened"),
    [
        ("Alice@Example.COM", "alice@example.com"),
        ("e12345678", "E12345678"),
        ("H 1234567(8)", "H12345678"),
        ("6222 0212 3456 7890 128", "6222021234567890128"),
        ("330106900101101", "330106199001011010"),  # 15 digits, until 1999
        ("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ("oupf8umuajo_m2pxb1q9znjwes6o", "oupf8umuajo_m2pxb1q9znjwes6o"),
        ("1-11", "1-11"),
        ("11-1", "11-1"),
        ("SYN-R0000001", "SYN-R0000001"),
        ("user 7", "user 7"),
        ("123456789012345", "123456789012345"),  # no true date in it
        ("12345678.0", "12345678.0"),
    ],
)
def test_only_what_is_known_is_evened_out(text: str, evened: str) -> None:
    assert law.even_out(text) == evened


def test_an_older_way_leaves_everything_as_it_stands() -> None:
    for text in (*SPELLINGS, *SPELLED, "Alice@Example.com"):
        assert law.even_out(text, law.BEFORE_WAYS) == text


@given(st.text(alphabet="0123456789Xx-+. @aB86", max_size=20))
def test_evening_out_twice_changes_nothing(text: str) -> None:
    once = law.even_out(text)
    assert law.even_out(once) == once


@given(st.text(alphabet="0123456789XxABab-_|#/", min_size=1, max_size=19))
def test_columns_look_at_all_that_may_change(text: str) -> None:
    may_change = re.search(law.CHANGEABLE, text) or ("-" in text and re.search(law.DASHED, text))
    assert may_change or law.even_out(text) == text


@pytest.mark.parametrize(
    ("number", "last"),
    [("11010519491231002", "X"), ("44052418800101001", "4"), ("33010219900101001", "2")],
)
def test_the_last_character_of_an_identity_number(number: str, last: str) -> None:
    assert law.check_character(number) == last
    assert not law.has_wrong_check(number + last)
    assert law.has_wrong_check(number + ("0" if last != "0" else "1"))


@pytest.mark.parametrize(
    ("number", "is_rounded"),
    [
        ("330106199001011000", True),
        ("330106198512122000", True),
        ("330106199001011010", False),
        ("330106199001321000", False),  # the 32nd: no identity number
        ("13800000000", False),
    ],
)
def test_an_identity_number_that_was_a_number_is_known(number: str, is_rounded: bool) -> None:
    assert law.is_rounded(number) is is_rounded


def test_a_bank_card_that_was_a_number_is_known() -> None:
    assert law.is_rounded_card("6222021234567890000")
    assert not law.is_rounded_card("6222021234567890128")
    assert law.is_luhn("4111111111111111")


# ---------------------------------------------------------------- at every door


def claims_of(voucher: Any, *who: str) -> list[str]:
    asked = voucher("claim", "list", *(("--resident", who[0]) if who else ()), "-o", "json").data
    return [claim["claim_no"] for claim in asked["claims"]]


def test_one_person_gets_one_pack_however_it_is_written(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    everybody = [MOBILE, *SPELLINGS, NUMBER, *SPELLED, "Alice@Example.com", "alice@example.com"]
    rows = "".join(
        f"C{n:02d},r1,{who},2020-03-27 08:00:{n:02d}\n" for n, who in enumerate(everybody)
    )
    (here / "c.csv").write_text(CLAIMS + rows, "utf-8")
    data = voucher("claim", "import", "c.csv", "-o", "json", expect=4).data
    assert (data["accepted"], data["reasons"]) == (3, {"resident_limit": len(everybody) - 3})
    for who in (MOBILE, *SPELLINGS):
        assert claims_of(voucher, who) == ["C00"]
    assert claims_of(voucher, NUMBER.lower()) == [f"C{1 + len(SPELLINGS)}"]
    for who in ("+86 13800000001", "110105-19491231-002x", "ALICE@example.com"):
        assert "[resident_limit]" in voucher("claim", "grant", "r1", who, *NOW, expect=3).err


def test_a_list_knows_one_person_however_it_is_written(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    rows = f"{MOBILE},medics\n138 0000 0001,medics\n{SPELLED[0]},medics\n{NUMBER},medics\n"
    (here / "e.csv").write_text("resident,group\n" + rows, "utf-8")
    data = voucher("eligibility", "import", "e.csv", "-o", "json").data
    assert (data["accepted"], data["duplicate"]) == (2, 2)
    listed = voucher("eligibility", "list", "--resident", "86 138 0000 0001", "-o", "json").data
    assert len(listed["residents"]) == 1
    voucher("eligibility", "remove", "138-0000-0001")
    assert (
        voucher("eligibility", "list", "--resident", MOBILE, "-o", "json").data["residents"] == []
    )


def test_applications_know_one_person_however_it_is_written(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    rows = (
        f"A1,r1,a,2020-03-27 08:00:01,,,d1,{MOBILE}\nA2,r1,b,2020-03-27 08:00:02,,,d2,+86 {MOBILE}\n"
        "A3,r1,c,2020-03-27 08:00:03,,,NULL,-\nA4,r1,d,2020-03-27 08:00:04,,,NULL,-\n"
    )
    header = "application_no,round,resident,applied_at,group,district,device,mobile\n"
    (here / "a.csv").write_text(header + rows, "utf-8")
    voucher("application", "import", "a.csv")
    persons = {
        each["application_no"]: each["person"]
        for each in voucher("application", "list", "-o", "json").data["applications"]
    }
    assert persons["A1"] == persons["A2"]
    assert persons["A3"] is None or persons["A3"] != persons["A4"]  # nothing joins nobody


def test_a_number_that_a_spreadsheet_rounded_is_nobodys(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    (here / "e.csv").write_text("resident,group\n330106199001011000,x\n330106199001011000,x\n")
    data = voucher("eligibility", "import", "e.csv", "-o", "json", expect=4).data
    assert data["reasons"] == {"bad_row": 2}
    (here / "c.csv").write_text(CLAIMS + "C1,r1,330106199001011000,2020-03-27 08:00:01\n")
    voucher("claim", "import", "c.csv", expect=4)
    for who in ("330106199001011000", "3.30106199001011E17", "NULL", "#N/A", "a;b"):
        assert "[bad_resident]" in voucher("claim", "grant", "r1", who, *NOW, expect=3).err
        assert "[bad_resident]" in voucher("claim", "list", "--resident", who, expect=3).err


def test_a_card_that_a_spreadsheet_rounded_joins_nobody(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    header = "application_no,round,resident,applied_at,card\n"
    rows = (
        "A1,r1,a,2020-03-27 08:00:01,6222021234567890000\n"
        "A2,r1,b,2020-03-27 08:00:02,6222 0212 3456 7890 128\n"
    )
    (here / "a.csv").write_text(header + rows)
    data = voucher("application", "import", "a.csv", "-o", "json", expect=4).data
    assert (data["accepted"], data["reasons"]) == (1, {"bad_row": 1})


def test_a_last_character_that_does_not_fit_is_a_warning(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    (here / "c.csv").write_text(CLAIMS + "C1,r1,330106199001011011,2020-03-27 08:00:01\n")
    data = voucher("claim", "import", "c.csv", "-o", "json").data
    assert (data["accepted"], data["warning_reasons"]) == (1, {"identity_check_digit": 1})
    (here / "e.csv").write_text("resident,group\n330106199001011011,x\n")
    data = voucher("eligibility", "import", "e.csv", "-o", "json").data
    assert data["warning_reasons"] == {"identity_check_digit": 1}
    err = voucher("claim", "grant", "r1", "330106199001011012", *NOW).err
    assert "[identity_check_digit]" in err
    assert "33010619900101" not in err
    assert "[identity_check_digit]" not in voucher("claim", "grant", "r1", NUMBER, *NOW).err


def test_an_older_file_goes_on_with_its_own_way(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    towns.by_hand(here, "UPDATE identity_key SET way = 1")
    rows = f"C1,r1,{MOBILE},2020-03-27 08:00:01\nC2,r1,138-0000-0001,2020-03-27 08:00:02\n"
    (here / "c.csv").write_text(CLAIMS + rows, "utf-8")
    assert voucher("claim", "import", "c.csv", "-o", "json").data["accepted"] == 2
    assert claims_of(voucher, MOBILE) == ["C1"]
    assert claims_of(voucher, " １３８-0000-0001") == ["C2"]
    assert "[resident_limit]" in voucher("claim", "grant", "r1", MOBILE, *NOW, expect=3).err


# ---------------------------------------------------------------- requests from a file


def granted(voucher: Any, name: str, expect: int = 0) -> Any:
    return voucher("claim", "grant", "r1", "--from", name, "-o", "json", *NOW, expect=expect)


def test_requests_are_read_like_any_table(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    rows = f'{MOBILE},A1\n"13800000002",A2\n13800000003;A6\n13800000004\tA7\n'
    (here / "g.csv").write_text("resident,application_no\n" + rows, "utf-8")
    data = granted(voucher, "g.csv", expect=4).data
    assert (data["granted"], data["reasons"]) == (2, {"bad_row": 2})
    (here / "c.csv").write_text(CLAIMS + "C1,r1,13800000002,2020-03-27 08:00:01\n")
    data = voucher("claim", "import", "c.csv", "-o", "json", expect=4).data
    assert data["reasons"] == {"resident_limit": 1}


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (f"报名编号,身份证号\nA1,{MOBILE}\n", "gb18030"),
        (f"{MOBILE};A1\n13800000002;A2\n", "utf-8"),
        (f"\ufeff{MOBILE}\tA1\r\n", "utf-8"),
        (f"\n\n{MOBILE},A1\n\n", "utf-8"),
        (f"名单\n\nresident,phone,application_no\n{MOBILE},1,A1\n", "utf-16"),
    ],
)
def test_requests_come_in_any_layout(city: Any, here: Path, content: str, encoding: str) -> None:
    voucher = city(with_claims=False)
    (here / "g.csv").write_bytes(content.encode(encoding))
    data = granted(voucher, "g.csv").data
    assert data["rows"][0]["application_no"] == "A1"
    assert claims_of(voucher, MOBILE) == ["r1-00000001"]


def test_requests_come_in_a_sheet(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    book = xlsxwriter.Workbook(str(here / "g.xlsx"))
    sheet = book.add_worksheet()
    for row, cells in enumerate([["居民", "报名编号"], [13800000001, "A1"], ["#N/A", "A2"]]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    book.close()
    data = granted(voucher, "g.xlsx", expect=4).data
    assert (data["granted"], data["reasons"]) == (1, {"bad_row": 1})
    assert claims_of(voucher, MOBILE) == ["r1-00000001"]


@pytest.mark.parametrize(
    "content", ["姓名,电话\n张三,13800000001\n", "who,no\n13800000001,A1\n13800000002,A2\n"]
)
def test_requests_of_nobody_known_are_refused(city: Any, here: Path, content: str) -> None:
    voucher = city(with_claims=False)
    (here / "g.csv").write_text(content, "utf-8")
    assert granted(voucher, "g.csv", expect=3).json["problems"][0]["code"] == "unknown_layout"
    assert claims_of(voucher) == []


def test_a_row_that_cannot_be_read_is_no_request(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    (here / "g.csv").write_text(f"{MOBILE},A1\n1.38E+10,A2\nNULL\n1,2,3\n-,A5\n", "utf-8")
    ran = granted(voucher, "g.csv", expect=4)
    assert (ran.data["granted"], ran.data["reasons"]) == (1, {"bad_row": 4})
    assert [each["where"] for each in ran.json["problems"]] == [f"g.csv:{n}" for n in (2, 3, 4, 5)]
    assert "1.38E+10" not in ran.out
