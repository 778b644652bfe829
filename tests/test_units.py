"""Amounts as officials write them: in the unit that is asked for, rounded once, parts that add up
to the total that is shown.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import python_calamine
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.cli import units
from vouchercli.cli.language import speak, t
from vouchercli.result import Amount
from vouchercli.rules import money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    Voucher = Callable[..., Any]

AMOUNTS = st.lists(st.integers(-(10**12), 10**12), max_size=30)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    units.ask(None)
    speak("en")


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    """Payments of 50, 25 and 25 yuan of subsidy: in 10,000 yuan all below the last place."""

    def build() -> None:
        shops = "merchant_no,name,district,industry,size\n" + "".join(
            f"M{number},m,西湖区,餐饮,small\n" for number in (1, 2, 3)
        )
        towns.build(voucher, towns.programme(), towns.pack(), merchants=shops)
        towns.make_round(voucher, "r1", packs=4, state="open")
        claims = [f"C{number},r1,p{number},2020-03-27 08:00:01" for number in (1, 2)]
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + "\n".join(claims) + "\n"))
        paid = [("C1", 1, 1), ("C1", 2, 1), ("C1", 3, 1), ("C1", 4, 1), ("C1", 5, 1)]
        paid += [("C2", 1, 2), ("C2", 2, 2), ("C2", 3, 3), ("C2", 4, 3)]
        rows = [
            f"T{at},pay,{claim},{coupon},M{shop},2020-03-28 1{at}:00:00,50,0,10,\n"
            for at, (claim, coupon, shop) in enumerate(paid)
        ]
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + "".join(rows)))

    once("report units", build)
    return voucher


@given(AMOUNTS, st.sampled_from([units.WAN, units.YI, units.MILLION, units.UNITS["zh"][1]]))
def test_parts_add_up_to_their_rounded_total_and_none_is_a_step_away(
    parts: list[int], unit: units.Unit
) -> None:
    shown = money.apportion(parts, unit.fen, 10**unit.digits)
    assert sum(shown) == unit.scaled(sum(parts))
    step = Decimal(unit.fen) / 10**unit.digits
    assert all(abs(each - part / step) < 1 for each, part in zip(shown, parts, strict=True))


def test_those_that_lose_most_are_given_the_steps_that_are_left() -> None:
    assert money.apportion([1_333, 1_333, 1_334], 1_000) == [1, 1, 2]
    assert money.apportion([500, 500], 1_000) == [1, 0]
    assert money.apportion([2_000, 3_000], 1_000) == [2, 3]
    assert money.apportion([-600, 1_600], 1_000) == [-1, 2]
    assert money.apportion([], 1_000) == []


def test_where_parts_are_not_all_of_the_total_each_is_rounded_by_itself() -> None:
    assert units.WAN.rounded([5_000, None, 5_000], 99_999) == [10_000, None, 10_000]
    assert units.WAN.rounded([5_000, None, 5_000], 10_000) == [10_000, None, 0]


@pytest.mark.parametrize(
    ("fen", "lang", "unit", "said"),
    [
        (15_000_000_000, "zh", None, "1.5 亿元"),
        (3_421_500_000, "zh", None, "3,421.5 万元"),
        (10_000_000_000, "zh", None, "1 亿元"),
        (999_999, "zh", None, "9,999.99 元"),
        (1_000_000, "zh", None, "1 万元"),
        (-3_421_500_000, "zh", None, "-3,421.5 万元"),
        (3_421_500_000, "zh", "元", "34,215,000.00 元"),
        (3_421_500_000, "zh", "亿元", "0.34 亿元"),
        (15_000_000_000, "en", None, "150 million yuan"),
        (99_999_999, "en", None, "999,999.99 yuan"),
        (3_421_500_000, "en", "wan", "3,421.5 10,000 yuan"),
    ],
)
def test_a_sentence_has_the_unit_of_its_size_or_the_one_asked_for(
    fen: int, lang: str, unit: str | None, said: str
) -> None:
    speak(lang)
    units.ask(unit)
    sentence = t("{funder} paid {amount} yuan.", {"funder": "f", "amount": Amount(fen)})
    assert said in sentence


def test_programs_have_sentences_with_exact_amounts() -> None:
    assert f"{Amount(3_421_500_050)} yuan" == "34,215,000.50 yuan"
    assert f"{Amount(-5)}" == "-0.05"


@pytest.mark.parametrize(
    ("unit", "lang", "heading"),
    [
        ("万元", "zh", "拉动消费（交易额，万元）"),
        ("亿元", "zh", "财政补贴（亿元）"),
        ("元", "zh", "财政补贴（元）"),
        ("wan", "en", "Subsidy (10,000 yuan)"),
        ("million", "en", "Subsidy (million yuan)"),
    ],
)
def test_headings_say_the_unit_on_pages_and_in_workbooks(
    town: Voucher, tmp_path: Path, unit: str, lang: str, heading: str
) -> None:
    shown = town("report", "leverage", "--unit", unit, "--lang", lang, "-o", "md").out
    assert heading in shown
    file = tmp_path / "leverage.html"
    town("report", "leverage", "--unit", unit, "--lang", lang, "-O", str(file))
    assert heading in file.read_text("utf-8")


def test_csv_says_the_unit_and_its_parts_add_up_and_json_keeps_fen(town: Voucher) -> None:
    first, *_ = town(
        "report", "leverage", "--by", "merchant", "--unit", "wan", "-o", "csv"
    ).out.split("\n\n")
    *rows, total = csv.DictReader(io.StringIO(first))
    assert [each["subsidy_wan"] for each in rows] == ["0.01", "0.00", "0.00"]  # 50, 25 and 25 yuan
    assert total["subsidy_wan"] == "0.01" and "subsidy_yuan" not in total
    exact = town("report", "leverage", "-o", "json").data
    assert town("report", "leverage", "--unit", "wan", "-o", "json").data == exact


def test_a_workbook_has_the_numbers_that_are_shown(town: Voucher, tmp_path: Path) -> None:
    file = tmp_path / "leverage.xlsx"
    town(
        "report", "leverage", "--by", "merchant", "--unit", "万元", "--lang", "zh", "-O", str(file)
    )
    rows = python_calamine.load_workbook(str(file)).get_sheet_by_index(0).to_python()
    at = rows[0].index("财政补贴（万元）")
    assert [row[at] for row in rows[1:5]] == [0.01, 0.0, 0.0, 0.01]


def test_figures_of_several_kinds_say_their_unit_in_front(town: Voucher) -> None:
    shown = town("report", "compare", "r1", "town", "--unit", "wan", "-o", "md").out
    assert "(10,000 yuan)" in shown and "Amounts in 10,000 yuan." in shown
    assert "Amounts in yuan." in town("report", "compare", "r1", "town").out


def test_a_table_says_the_unit_in_its_headings_and_below(town: Voucher) -> None:
    out = town("report", "funds", "--unit", "万元", "--lang", "zh").out
    assert "（万元）" in out
    assert "金额单位：万元；分项按合计取整，与所示合计一致" in out


def test_a_unit_is_refused_where_it_is_not_known_or_nothing_is_reported(town: Voucher) -> None:
    assert "[unknown_unit]" in town("report", "funds", "--unit", "pence", expect=2).err
    assert "[no_unit]" in town("round", "list", "--unit", "wan", expect=2).err
    assert "万元" not in town("report", "funds", "--lang", "zh").out  # it is not kept
