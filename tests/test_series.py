"""Series: figures to compare with, from their files to the report."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest
import towns
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import periods
from vouchercli.rules import series as law
from vouchercli.rules.periods import Period

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Voucher = Callable[..., Any]

HEAD = "measure,period,industry,district,brand,value,unit,source\n"
CATERING = "turnover,2020-03-27,catering,,,240,万元,Bureau\n"
BEFORE = "turnover,2019-03-27,catering,,,100,万元,Bureau\n"


@pytest.fixture
def town(voucher: Voucher, once: Any, monkeypatch: pytest.MonkeyPatch) -> Voucher:
    """A round whose vouchers pay for catering alone, used on 27 and 28 March 2020."""

    def build() -> None:
        shops = "merchant_no,name,industry\nM1,a,catering\n"
        pack = towns.pack(scope={"industries": ["catering"]})
        towns.build(voucher, towns.programme(), pack, merchants=shops)
        towns.make_round(voucher, "r1", packs=9, state="open")
        claims = "C1,r1,a,2020-03-27 08:00:30\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
        rows = (
            "T1,pay,C1,1,M1,2020-03-27 17:00:00,50,0,10,\n"
            "T2,pay,C1,2,M1,2020-03-28 17:00:00,50,0,10,\n"
        )
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + rows))

    once("series", build)
    monkeypatch.setenv("VOUCHER_NOW", "2020-06-30 09:00")
    return voucher


def bring(voucher: Voucher, rows: str, *words: str, name: str = "s.csv", expect: int = 0) -> Any:
    """Import a file of these rows."""
    return voucher("series", "import", towns.write(name, HEAD + rows), *words, expect=expect)


def figures(voucher: Voucher) -> list[dict[str, Any]]:
    """The series that stand."""
    listed: list[dict[str, Any]] = voucher("series", "list", "-o", "json").data["series"]
    return listed


# ---------------------------------------------------------------- periods


@pytest.mark.parametrize(
    ("text", "grain", "first", "last"),
    [
        ("2020-03-27", "day", 20200327, 20200327),
        ("2020/3/27", "day", 20200327, 20200327),
        ("20200327", "day", 20200327, 20200327),
        ("2020年3月27日", "day", 20200327, 20200327),
        ("２０２０-03-27 00:00:00", "day", 20200327, 20200327),
        ("2020-W13", "week", 20200323, 20200329),
        ("2020年第13周", "week", 20200323, 20200329),
        ("2020-03-23/2020-03-29", "week", 20200323, 20200329),
        ("2020-02", "month", 20200201, 20200229),
        ("2020年2月", "month", 20200201, 20200229),
        ("202002", "month", 20200201, 20200229),
        ("2020年1-2月", "span", 20200101, 20200229),
        ("2020-01/2020-02", "span", 20200101, 20200229),
        ("2020-01-01~2020-03-31", "quarter", 20200101, 20200331),
        ("2020Q1", "quarter", 20200101, 20200331),
        ("2020年第一季度", "quarter", 20200101, 20200331),
        ("2020", "year", 20200101, 20201231),
        ("2020年", "year", 20200101, 20201231),
    ],
)
def test_periods_are_read_as_files_write_them(text: str, grain: str, first: int, last: int) -> None:
    assert periods.parse(text) == Period(grain, first, last)


@pytest.mark.parametrize(
    "text",
    ["", "2020-13", "2020-02-30", "2020-W54", "27.3.", "2020-04/2020-03", "1899-01", "x/y", "13"],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        periods.parse(text)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2020-03-27", "2019-03-27"),
        ("2020-02-29", None),
        ("2020-W13", "2019-W13"),
        ("2021-02", "2020-02"),
        ("2020-Q1", "2019-Q1"),
        ("2020年1-2月", "2019年1-2月"),
        ("2020", "2019"),
        ("2020-03-27/2020-04-01", "2019-03-27/2019-04-01"),
    ],
)
def test_the_same_period_of_the_year_before(text: str, before: str | None) -> None:
    expected = None if before is None else periods.parse(before)
    assert periods.year_before(periods.parse(text)) == expected


@given(st.dates(datetime.date(1995, 1, 1), datetime.date(2090, 1, 1)), st.integers(0, 800))
def test_a_period_is_read_back_from_its_days(first: datetime.date, more: int) -> None:
    period = periods.between(first, first + datetime.timedelta(days=more))
    assert periods.parse(f"{first}/{first + datetime.timedelta(days=more)}") == period
    assert period.days == more + 1
    before = periods.year_before(period)
    assert before is None or (before.grain, before.last_on < period.last_on) == (period.grain, True)


# ---------------------------------------------------------------- figures beside others


@pytest.mark.parametrize(
    ("measure", "text", "unit", "value"),
    [
        ("turnover", "1234.56", "万元", 1_234_560_000),
        ("turnover", "0.000001", "万元", 1),
        ("turnover", "1.5", "亿元", 15_000_000_000),
        ("turnover", "12", "", 1_200),
        ("turnover", "12", "fen", 12),
        ("orders", "12", "", 12),
        ("shops", "812.5", "万家", 8_125_000),
    ],
)
def test_a_value_is_exact_in_its_unit(measure: str, text: str, unit: str, value: int) -> None:
    assert law.value_of(measure, text, unit) == value


@pytest.mark.parametrize(
    ("measure", "text", "unit"),
    [("turnover", "0.001", "元"), ("orders", "1.5", ""), ("orders", "-1", ""), ("orders", "", "")],
)
def test_what_is_not_whole_in_its_unit_is_refused(measure: str, text: str, unit: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        law.value_of(measure, text, unit)


def test_changes_are_those_of_periods_that_have_a_figure_of_the_year_before() -> None:
    days = {f"2020-03-{day}": 240 for day in (27, 28)} | {"2019-03-27": 100}
    days |= {f"2020-03-{day:02d}": 120 for day in range(1, 27)}
    found = law.beside({periods.parse(day): n for day, n in days.items()}, 20200327, 20200329)
    assert (found.now.value, found.now.periods, found.paired.periods) == (480, 2, 1)
    assert found.year_change == "1.4000"
    assert found.weeks_change("orders") == "1.0000"
    assert found.weeks_change("shops") == "1.0000"


@given(st.integers(0, 10**15), st.integers(1, 10**15))
def test_a_change_is_the_share_above_rounded_once(now: int, before: int) -> None:
    change = law.change(now, before)
    assert change is not None
    scaled = int(change.replace(".", ""))
    assert abs(scaled * before - (now - before) * 10_000) * 2 <= before
    assert law.points(change, change) == "0.0000"


# ---------------------------------------------------------------- import


def test_a_file_comes_in_once(town: Voucher) -> None:
    assert "2 accepted" in bring(town, CATERING + BEFORE).err
    again = bring(town, CATERING + BEFORE)
    assert "nothing to do" in again.err
    other = bring(town, CATERING, name="other.csv")
    assert "1 duplicate" in other.err
    (only,) = figures(town)
    assert (only["measure"], only["grain"], only["by"], only["figures"]) == (
        "turnover",
        "day",
        ["industry"],
        2,
    )
    assert town("check").code == 0


def test_every_fault_is_named_with_its_line(town: Voucher) -> None:
    rows = (
        "mood,2020-03-27,catering,,,1,,Bureau\n"
        "turnover,2020-13-27,catering,,,1,,Bureau\n"
        "turnover,2020-03-27,catering,,,0.001,元,Bureau\n"
        "orders,2020-03-27,catering,,,1,万元,Bureau\n"
        "turnover,2020-03-27,catering,,,1,,\n"
        "turnover,2020-07,catering,,,1,,Bureau\n"
        + CATERING
        + CATERING.replace("240", "241")
        + CATERING
    )
    ran = bring(town, rows, expect=4)
    for line, code, words in (
        (2, "bad_row", "none of turnover"),
        (3, "bad_time", "no period"),
        (4, "bad_amount", "whole in fen"),
        (5, "bad_row", "no unit"),
        (6, "bad_row", "--source"),
        (7, "bad_time", "not over yet"),
        (9, "conflicting_figure", "line 8"),
    ):
        (told,) = [each for each in ran.err.splitlines() if each.startswith(f"s.csv:{line}:")]
        assert f"[{code}]" in told
        assert words in told
    assert "9 rows read = 1 accepted + 1 duplicate + 7 rejected" in ran.err


def test_rows_without_a_source_have_that_of_the_command(town: Voucher) -> None:
    rows = "orders,2020-03,catering,,,7,,\norders,2020-03,taxi,,,7,,Platform\n"
    bring(town, rows, expect=4)
    ran = bring(town, rows, "--source", "Bureau")
    assert "it replaces batch" in ran.err
    assert [each["source"] for each in figures(town)] == ["Bureau", "Platform"]


def test_a_changed_value_is_refused_or_is_a_correction_that_is_said(town: Voucher) -> None:
    bring(town, CATERING + BEFORE)
    changed = CATERING.replace("240", "250")
    refused = bring(town, changed, name="new.csv", expect=4)
    assert "the figure stands as 2400000.00 by batch" in refused.err
    revised = bring(town, changed, "--revise", name="new.csv")
    assert "1 figures take the place of others that stood" in revised.err
    (row,) = town("report", "series", "-o", "json").data["rows"]
    assert row["value_fen"] == 250_000_000
    batch = town("batch", "list", "-o", "json").data["batches"][0]["batch"]
    town("batch", "undo", str(batch))
    (row,) = town("report", "series", "-o", "json").data["rows"]
    assert row["value_fen"] == 240_000_000
    assert town("check").code == 0


def test_an_undone_file_leaves_what_another_brought_too(town: Voucher) -> None:
    bring(town, CATERING + BEFORE)
    bring(town, CATERING, name="other.csv")
    batches = {
        each["file"]: each["batch"] for each in town("batch", "list", "-o", "json").data["batches"]
    }
    assert "other.csv" in town("batch", "undo", str(batches["s.csv"])).err
    assert [each["figures"] for each in figures(town)] == [1]
    assert town("check").code == 0


def test_an_edit_by_hand_is_found(town: Voucher) -> None:
    bring(town, CATERING)
    towns.by_hand(".", "UPDATE series SET value = value + 1")
    assert "facts_as_written" in town("check", expect=5).out


def sheet_of_months(path: Path, day: int, num_format: str) -> str:
    """An XLSX file with a figure of catering whose period is a date of March 2020."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["指标", "期间", "行业", "数值", "单位"])
        sheet.write_row(1, 0, ["营业额", "", "餐饮", 12.5, "亿元"])
        shown = book.add_format({"num_format": num_format})
        sheet.write_datetime(1, 1, datetime.datetime(2020, 3, day), shown)
    return str(path)


def test_the_first_of_a_month_shown_as_a_day_is_warned_of(town: Voucher, tmp_path: Path) -> None:
    file = sheet_of_months(tmp_path / "m.xlsx", 1, "yyyy-mm-dd")
    assert "[perhaps_a_month]" in town("series", "import", file, "--source", "统计局").err
    assert [each["grain"] for each in figures(town)] == ["day"]


@pytest.mark.parametrize("shown", ["mmm-yy", "yyyy-mm", 'yyyy"年"m"月";@', "[$-804]yyyy/m"])
def test_a_date_that_is_shown_as_a_month_is_that_month(
    town: Voucher, tmp_path: Path, shown: str
) -> None:
    file = sheet_of_months(tmp_path / "m.xlsx", 1, shown)
    assert "perhaps_a_month" not in town("series", "import", file, "--source", "统计局").err
    [each] = figures(town)
    assert (each["grain"], each["first_on"], each["last_on"]) == (
        "month",
        "2020-03-01",
        "2020-03-31",
    )


def test_a_month_that_hides_another_day_is_rejected_with_its_cell(
    town: Voucher, tmp_path: Path
) -> None:
    file = sheet_of_months(tmp_path / "m.xlsx", 15, "yyyy-mm")
    ran = town("series", "import", file, "--source", "统计局", "-o", "json", expect=4)
    batch = str(ran.data["batch"])
    [reject] = town("batch", "rejects", batch, "-o", "json").data["rejects"]
    assert reject["reason"] == "bad_time"
    assert "2020-03-15 0:00" in str(reject)
    said = town("batch", "rejects", batch, "--lang", "zh").out
    assert "单元格显示为月份" in "".join(said.split())
    assert figures(town) == []


def test_words_that_are_no_option_are_refused(town: Voucher) -> None:
    town("series", "list", "--limit", "-1", expect=2)
    town("series", "blank", "-o", "nothing", expect=2)
    town("series", "import", "nowhere.csv", expect=3)
    assert "turnover" in town("series", "blank").out
    assert town("series", "blank", "-o", "csv").out.startswith("measure,period,industry")


# ---------------------------------------------------------------- report

MORE = (
    "turnover,2020-03-27,taxi,,,129,万元,Bureau\nturnover,2019-03-27,taxi,,,100,万元,Bureau\n"
    "shops,2020-03,catering,,,108,万家,Bureau\nshops,2019-03,catering,,,100,万家,Bureau\n"
)


def test_inside_stands_beside_outside(town: Voucher) -> None:
    bring(town, CATERING + BEFORE + MORE)
    data = town("report", "series", "-o", "json").data
    assert (data["first_on"], data["last_on"]) == ("2020-03-27", "2020-03-28")
    by_key = {(row["measure"], row["key"]): row for row in data["rows"]}
    catering = by_key["turnover", "catering"]
    assert (catering["year_change"], catering["beside_outside"]) == ("1.4000", "1.1100")
    taxi = by_key["turnover", "taxi"]
    assert (taxi["is_inside"], taxi["year_change"], taxi["beside_outside"]) == (
        False,
        "0.2900",
        None,
    )
    shops = by_key["shops", "catering"]
    assert (shops["value"], shops["above"], shops["year_change"]) == (1_080_000, 80_000, "0.0800")
    (both,) = data["beside_outside"]
    assert (both["inside_change"], both["outside_change"], both["difference"]) == (
        "1.4000",
        "0.2900",
        "1.1100",
    )
    shown = town("report", "series")
    assert "+140.0 %" in shown.out
    assert "A comparison, not the effect of the vouchers" in shown.out
    assert "同比" in town("report", "series", "--lang", "zh").out


def test_who_is_compared_with_may_be_chosen(town: Voucher) -> None:
    bring(town, CATERING + BEFORE + MORE)
    data = town("report", "series", "--against", "catering", "-o", "json").data
    inside = {row["key"]: row["is_inside"] for row in data["rows"]}
    assert inside == {"catering": False, "taxi": True}
    refused = town("report", "series", "--against", "mining", expect=3)
    assert "no series has a figure of mining" in refused.err
    town("report", "series", "--by", "mood", expect=2)


def test_figures_of_several_cuts_are_not_counted_twice(town: Voucher) -> None:
    rows = "".join(f"orders,2020-03-27,catering,{each},,5,,Bureau\n" for each in ("", "a", "b"))
    bring(town, rows)
    (row,) = town("report", "series", "-o", "json").data["rows"]
    assert row["value"] == 5
    of_districts = town("report", "series", "--by", "district", "-o", "json").data["rows"]
    assert [(row["key"], row["value"]) for row in of_districts] == [("a", 5), ("b", 5)]


def test_figures_after_the_moment_of_the_report_do_not_count(town: Voucher) -> None:
    bring(town, CATERING + CATERING.replace("03-27", "03-28"))
    asked = ("report", "series", "--as-of", "2020-03-27", "-o", "json")
    (row,) = town(*asked).data["rows"]
    assert (row["periods"], row["value_fen"]) == (1, 240_000_000)


def test_without_rounds_the_days_must_be_said(
    voucher: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOUCHER_NOW", "2020-06-30 09:00")
    towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,a\n")
    bring(voucher, CATERING)
    assert "[no_span]" in voucher("report", "series", expect=2).err
    span = ("--since", "2020-03-27", "--until", "2020-03-27")
    (row,) = voucher("report", "series", *span, "-o", "json").data["rows"]
    assert row["is_inside"] is True
    nothing = voucher("report", "series", "--since", "2020-05-01", "--until", "2020-05-01")
    assert "no series by industry has a figure in this span" in nothing.err


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx", "html", "md", "docx", "txt"])
def test_every_form(town: Voucher, form: str, tmp_path: Path) -> None:
    bring(town, CATERING + BEFORE + MORE)
    file = tmp_path / f"s.{form}"
    asked = ("report", "series", "--as-of", "2020-03-28", "-O", str(file))
    town(*asked)
    first = file.read_bytes()
    town(*asked)
    assert file.read_bytes() == first
    assert len(first) > 100


# ---------------------------------------------------------------- brief


def told(town: Voucher) -> list[str]:
    """What the brief says of series."""
    sections = town("report", "brief", "-o", "json").data["sections"]
    return [row["text"] for row in sections.get("baselines", ())]


def test_the_brief_says_what_the_series_say(town: Voucher) -> None:
    assert told(town) == []
    everything = "shops,2020-03,,,,1208,万家,Bureau\nshops,2019-03,,,,408,万家,Bureau\n"
    bring(town, CATERING + BEFORE + MORE + everything)
    assert told(town) == [
        "By Bureau, 12,080,000 shops of all industries together were open from 2020-03-01 to 2020-03-31,"
        " +8,000,000 on the year before (+196.1 %).",
        "By Bureau, 1,080,000 shops of catering were open from 2020-03-01 to 2020-03-31, +80,000"
        " on the year before (+8.0 %).",
        "By Bureau, turnover of catering from 2020-03-27 to 2020-03-27 was 2,400,000.00 yuan,"
        " +140.0 % on the year before.",
        "What cannot take the vouchers changed by +29.0 % in the same figures.",
        "That is a comparison, not the effect of the vouchers.",
    ]
    chinese = town("report", "brief", "--lang", "zh", "-o", "md").out
    assert "据Bureau，2020-03-27 至 2020-03-27 catering营业额 240 万元，同比 +140.0 %。" in chinese


def test_another_figure_makes_another_sentence_of_the_brief(town: Voucher) -> None:
    bring(town, CATERING + BEFORE)
    before = told(town)
    bring(town, BEFORE.replace("100", "80"), "--revise", name="new.csv")
    after = told(town)
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True]
    assert after[0].endswith("+200.0 % on the year before.")


def test_of_everything_together(town: Voucher) -> None:
    bring(town, "orders,2020-03-27,,,,30,,Bureau\norders,2019-03-27,,,,40,,Bureau\n")
    (row,) = town("report", "series", "--by", "all", "-o", "json").data["rows"]
    assert (row["key"], row["value"], row["year_change"]) == ("", 30, "-0.2500")
    assert "-25.0 %" in town("report", "series", "--by", "all").out
    assert town("report", "series", "-o", "json").data["rows"] == []
