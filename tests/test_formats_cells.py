"""Cells: what is stripped, what is kept, what a spreadsheet did to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.formats.tables import cells
from vouchercli.formats.written.formulas import disarm


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("`4200001", "4200001"),
        ("20230212\t", "20230212"),
        (" \u3000\u00a0A1\u200b\ufeff", "A1"),
        ("'0012", "0012"),
        ('"0012"', "0012"),
        ("１２３ＡＢ", "123AB"),
        ('="0012"', "0012"),
        ("11002.0", "11002"),
        ("007", "007"),
        ("1.50", "1.50"),
        ("=A1&B2", "=A1&B2"),
        ("", ""),
        ("'=1+1", "=1+1"),
        ("HZ\u200b1", "HZ1"),
        ("`\t 12 \t", "12"),
    ],
)
def test_an_id_is_cleaned(cell: str, text: str) -> None:
    assert cells.id_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("アーティーチョーク\u3000", "アーティーチョーク"),
        ("ＡＢ１", "ＡＢ１"),
        ("'=老王", "=老王"),
        ("'Ndrangheta", "'Ndrangheta"),
        ("`店", "店"),
        ('"店"', "店"),
        ('"老王"烧烤', '"老王"烧烤'),
        ("a\r\nb", "a b"),
        ("-10度 酒吧", "-10度 酒吧"),
        ("@home", "@home"),
        ("'\tx", "x"),
        ("'-", "-"),
    ],
)
def test_a_name_keeps_its_own_characters(cell: str, text: str) -> None:
    assert cells.name_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("¥28.16", "28.16"),
        ("￥ 28.16", "28.16"),
        ("28.16元", "28.16"),
        ("`1,234.50", "1234.50"),
        ("1,23", "1,23"),
        ("1,234,5", "1,234,5"),
        ("１２．５０", "12.50"),
        ("-10.00", "-10.00"),
        ("−10.00", "-10.00"),
        ("'-10.00", "-10.00"),
        ("40.0", "40"),
        ("abc", "abc"),
        ("", ""),
    ],
)
def test_an_amount_loses_its_dress_only(cell: str, text: str) -> None:
    assert cells.amount_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("2020-03-27 08:00:00", "2020-03-27 08:00:00"),
        ("`2020-03-27 08:00:00", "2020-03-27 08:00:00"),
        ("43917.333333333", "2020-03-27 08:00:00"),
        ("43917", "2020-03-27"),
        ("20200327", "20200327"),
        ("２０２０年３月２７日", "2020年3月27日"),
    ],
)
def test_a_time_may_be_a_spreadsheets_serial_number(cell: str, text: str) -> None:
    assert cells.time_text(cell) == text


@pytest.mark.parametrize(
    ("fen", "yuan"),
    [("1234", "12.34"), ("5", "0.05"), ("-50", "-0.50"), ("0", "0.00"), ("1200", "12.00")],
)
def test_fen_become_yuan_exactly(fen: str, yuan: str) -> None:
    assert cells.yuan_of_fen(fen) == yuan


@pytest.mark.parametrize("text", ["12.34", "1200.00", "", "1e3", "12,00"])
def test_what_is_not_whole_fen_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        cells.yuan_of_fen(text)


@pytest.mark.parametrize(
    ("amount", "turned"),
    [("-10.00", "10.00"), ("10.00", "-10.00"), ("0.00", "0.00"), ("0", "0"), ("+3", "-3")],
)
def test_a_sign_is_turned(amount: str, turned: str) -> None:
    assert cells.opposite(amount) == turned


@pytest.mark.parametrize(
    "name",
    [
        "优惠金额（元）",
        "优惠金额(元)",
        " 优惠金额 (元)\u3000",
        "\ufeff优惠金额（元）",
        "`优惠金额（元）",
        "?优惠金额（元）",
        "ï»¿优惠金额（元）",
    ],
)
def test_header_names_match_whatever_surrounds_them(name: str) -> None:
    assert cells.column_key(name) == "优惠金额(元)"


def test_a_key_of_columns_survives_what_people_change_without_meaning_it() -> None:
    assert cells.identity_key("赤から　秋田駅東店", "中通２丁目 6-44 ") == cells.identity_key(
        "赤から秋田駅東店", "中通2丁目6-44"
    )
    assert cells.identity_key("The  PIG and Whistle ", "sw18 5ld") == cells.identity_key(
        "The Pig and Whistle", "SW18 5LD"
    )
    assert cells.identity_key("85−2") == cells.identity_key("85‐2") == "85-2"
    assert cells.identity_key("a b", "c") != cells.identity_key("a", "b c")


@given(st.text())
def test_a_name_written_by_us_and_read_by_us_is_the_same_name(text: str) -> None:
    name = cells.name_text(text)
    assert cells.name_text(disarm(name)) in (name, cells.name_text(name))


@given(st.sampled_from(["-10.00", "+3", "=1", "@a", "12", "007", "A-1"]))
def test_an_id_or_amount_written_by_us_and_read_by_us_is_the_same(text: str) -> None:
    assert cells.id_text(disarm(text)) == text
    assert cells.amount_text(disarm(text)) == text
