"""The renderer: tables that fit 80 columns in both languages, lose no digit, and obey nothing that
data says.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from vouchercli.cli import drawing, show
from vouchercli.cli.language import speak
from vouchercli.cli.options import Call
from vouchercli.cli.wrapping import fill, fold, tokens
from vouchercli.ops.answers import answer
from vouchercli.result import (
    DATA,
    EVERYWHERE,
    JSON,
    SCREEN,
    Column,
    Message,
    Outcome,
    Problem,
    Table,
    Word,
    only,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = (
    Column("key", "Round", blank="(not stated)"),
    Column("redemptions", "Redemptions", "int"),
    Column("base_fen", "Base spend", "fen"),
    Column("subsidy_fen", "Subsidy", "fen"),
    Column("platform_fen", "Platform paid", "fen", optional=True),
    Column("own_fen", "Own", "fen"),
    Column("gross", "G", "ratio"),
    Column("own_spend", "N", "ratio"),
    Column("floor", "Floor", "ratio"),
    Column("rate", "Used of claimed", "rate", where=DATA),
)
HANGZHOU: dict[str, Any] = {  # the size of 2020: 3,422 million yuan
    "key": "hz-1",
    "redemptions": 32_100_000,
    "base_fen": 342_200_000_000,
    "subsidy_fen": 32_100_000_000,
    "platform_fen": 0,
    "own_fen": 310_100_000_000,
    "gross": "10.66",
    "own_spend": "9.66",
    "floor": "4.00",
    "rate": "0.8676",
}


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLUMNS", "80")
    yield
    speak("en")


@pytest.fixture
def shown(capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(outcome: Outcome | Table, language: str = "en", **given: Any) -> str:
        speak(language)
        show.show(
            Call("x", given),
            outcome if isinstance(outcome, Outcome) else Outcome(tables=(outcome,)),
        )
        return capfd.readouterr().out

    return run


def table(*rows: dict[str, Any], columns: tuple[Column, ...] = COLUMNS, **more: Any) -> Table:
    return Table(say("A table"), columns, rows, **more)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hangzhou_at_its_real_size_fits_80_columns(shown: Any, lang: str) -> None:
    out = shown(table(HANGZHOU, HANGZHOU, total={**HANGZHOU, "key": Word("total")}), lang)
    assert max(map(cell_len, out.splitlines())) <= 80
    assert "10.66" in out
    assert ("342,200.00" if lang == "zh" else "3,422,000") in out
    assert "…" not in out


def test_amounts_are_exact_while_they_fit(shown: Any) -> None:
    out = shown(table({**HANGZHOU, "base_fen": 123_456_789, "subsidy_fen": 1, "own_fen": -5}))
    assert out.splitlines()[-2].split()[2:5] == ["1,234,567.89", "0.01", "-0.05"]
    assert out.splitlines()[-1] == "Amounts in yuan."


def test_the_unit_steps_as_the_terminal_narrows(
    shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert "Amounts in thousand yuan, rounded; -o csv and -o json are exact." in shown(
        table(HANGZHOU)
    )
    assert "万元（已取整）" in shown(table(HANGZHOU), "zh")
    nation = HANGZHOU | {
        key: HANGZHOU[key] * 1000 for key in ("base_fen", "subsidy_fen", "own_fen")
    }
    monkeypatch.setenv("COLUMNS", "73")
    assert "million yuan" in shown(table(nation))


def test_a_terminal_too_narrow_for_any_table_gets_a_list(
    shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert "Base spend: 3,422,000,000.00" in shown(table(HANGZHOU)).splitlines()


def test_into_a_file_a_table_is_as_wide_as_it_needs(
    shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS")
    long = "很长的名称" * 30
    out = shown(table({**HANGZHOU, "key": long}))
    assert long in out
    assert "3,422,000,000.00" in out
    assert "\x1b" not in out
    assert not any(line.endswith(" ") for line in out.splitlines())


def test_a_long_text_is_folded_and_nothing_of_it_is_lost(shown: Any) -> None:
    long = "杭州市商务局关于发放电子消费券的通知与说明，第一期至第四期。" * 3
    out = shown(
        table(
            {"name": long, "n": 1}, columns=(Column("name", "Name"), Column("n", "Number", "int"))
        ),
        "zh",
    )
    assert max(map(cell_len, out.splitlines())) <= 80
    body = "".join(line[:-1] if line.endswith("1") else line for line in out.splitlines()[3:])
    assert body.replace(" ", "") == long


@given(
    text=st.text(st.sampled_from("ab 消费券，。（）(),1"), max_size=60), width=st.integers(4, 30)
)
def test_folding_keeps_every_character_and_breaks_only_between_words(text: str, width: int) -> None:
    lines = fold(text, width).split("\n")
    assert all(cell_len(line) <= width or len(tokens(line)) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_heading_breaks_in_the_middle_of_a_chinese_word_and_before_a_bracket() -> None:
    def heading(label: str, width: int) -> str:
        return fill(drawing._pieces(label), width)

    assert heading("财政补贴", 4) == "财政\n补贴"
    assert heading("拉动消费(交易额)", 8) == "拉动消费\n(交易额)"
    assert heading("实付杠杆率", 6) == "实付\n杠杆率"
    assert heading("杠杆率下限", 6) == "杠杆率\n下限"
    assert heading("Vouchers used", 20) == "Vouchers used"
    assert heading("Vouchers used", 8) == "Vouchers\nused"


# ---------------------------------------------------------------- nothing is broken in two

KINDS = ("text", "word", "int", "fen", "ratio", "rate", "time", "date", "token")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-(10**9), 10**12),
    "fen": st.integers(-(10**9), 10**15),
    "ratio": st.integers(0, 10**6).map(lambda n: f"{n / 100:.2f}"),
    "rate": st.integers(0, 10_000).map(lambda n: f"{n / 10_000:.4f}"),
    "time": st.integers(1_500_000_000, 1_700_000_000) | st.just(1_585_267_200),
    "date": st.dates().map(lambda day: day.year * 10_000 + day.month * 100 + day.day),
    "token": st.binary(min_size=16, max_size=16),
    "word": st.sampled_from(["open", "closed", "below_threshold"]),
    "text": st.sampled_from(
        [
            "",
            "hz-1-topup",
            "1,234.56",
            "0a1b2c3d" * 8,
            "杭州市商务局" * 6,
            "one press source or two that agree",
            "截至2020-03-27 08:00:00，共1,234,567张",
        ]
    ),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8))
    labels = st.sampled_from(["Base spend", "Round", "拉动消费(交易额)", "No.", "Opens"])
    columns = tuple(Column(f"c{n}", draw(labels), kind) for n, kind in enumerate(kinds))
    row = st.fixed_dictionaries({each.key: st.none() | VALUES[each.kind] for each in columns})
    rows = draw(st.lists(row, min_size=1, max_size=4))
    if len(rows) == 1 and draw(st.booleans()):
        return table(*rows, columns=columns, is_record=True)
    return table(*rows, columns=columns, total=draw(st.none() | row))


def ways_to_show(column: Column, value: Any, zone: str) -> set[str]:
    """A cell in one piece: an amount in any unit, a time also without its seconds."""
    units = drawing.UNITS[drawing.language()] if column.kind == "fen" else (drawing.EXACT,)
    texts = {drawing.pretty(column, value, zone, unit) for unit in units}
    if column.kind == "time":
        texts |= {text.removesuffix(":00") for text in texts}
        texts |= {text[len("2020-") :] for text in texts}  # where all are of one year
    return texts


@given(table=tables(), width=st.integers(40, 120), lang=st.sampled_from(["zh", "en"]))
def test_no_number_time_code_or_digest_is_broken_in_two(
    table: Table, width: int, lang: str
) -> None:
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        patch.setenv("COLUMNS", str(width))
        speak(lang)
        show.show(Call("x"), Outcome(tables=(table,)))
    lines = [f" {line} " for line in out.getvalue().splitlines()]
    for row in [*table.rows, *([table.total] if table.total else [])]:
        for column in table.columns:
            ways = ways_to_show(column, row[column.key], table.zone)
            if row[column.key] and all(len(tokens(way)) == 1 for way in ways):
                assert any(f" {way} " in line for way in ways for line in lines)
    assert all(cell_len(line.strip()) <= width or len(line.split()) == 1 for line in lines)


def test_a_digest_wider_than_the_terminal_is_kept_on_one_line(
    shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    digest = "0a1b2c3d" * 8
    columns = (Column("sha256", "Digest"), Column("n", "Number", "int"))
    lines = shown(table({"sha256": digest, "n": 1}, columns=columns)).splitlines()
    assert lines[1:] == ["Digest:", digest, "Number: 1"]


def test_an_optional_column_of_noughts_and_a_csv_column_are_not_shown(shown: Any) -> None:
    out = shown(table(HANGZHOU))
    assert "Platform" not in out
    assert "86.8 %" not in out
    assert "Platform" in shown(table({**HANGZHOU, "platform_fen": 1}))


def test_data_cannot_steer_the_terminal(shown: Any) -> None:
    out = shown(table({"key": "[/x] [red]a\x1b[2J\x07:smile:"}, columns=(Column("key", "Key"),)))
    assert "[/x] [red]a�[2J�:smile:" in out


def test_every_kind_of_value_reads_well() -> None:
    def cell(kind: Any, value: Any, blank: str = "") -> str:
        return drawing.pretty(Column("k", "K", kind, blank=blank), value, "Asia/Shanghai")

    assert cell("rate", "0.7020") == "70.2 %"
    assert cell("rate", "1.0000") == "100.0 %"
    assert cell("rate", "0.86755") == "86.8 %"
    assert cell("int", 1234567) == "1,234,567"
    assert cell("date", 20200327) == "2020-03-27"
    assert cell("time", 1585267200) == "2020-03-27 08:00:00"
    assert cell("text", "", "(not stated)") == "(not stated)"
    assert cell("text", Message("at least {n}", {"n": 2})) == "at least 2"
    assert cell("fen", None) == "–"


def test_nought_seconds_are_left_out_only_when_all_are_nought(shown: Any) -> None:
    columns = (Column("at", "Opens", "time"),)
    assert shown(table({"at": 1585267200}, columns=columns)).splitlines()[-1] == "2020-03-27 08:00"
    assert "08:00:00" in shown(table({"at": 1585267200}, {"at": 1585267201}, columns=columns))


def test_an_empty_table_says_so(shown: Any) -> None:
    assert shown(table()).splitlines()[-1] == "(none)"
    assert shown(table(), "zh").splitlines()[-1] == "（无）"


def test_a_heading_that_is_data_is_not_translated(shown: Any) -> None:
    columns = (Column("a", "district", "fen", verbatim=True), Column("b", "District"))
    assert shown(table({"a": 1, "b": "x"}, columns=columns), "zh").splitlines()[1].split() == [
        "district",
        "区县",
    ]


# ---------------------------------------------------------------- CSV


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_is_exact_and_has_every_column(shown: Any) -> None:
    heading, row = rows_of(shown(table(HANGZHOU), output="csv"))
    keys = [column.key for column in COLUMNS]
    assert heading == [key.replace("_fen", "_yuan") for key in keys]
    assert row == [
        "hz-1",
        "32100000",
        "3422000000.00",
        "321000000.00",
        "0.00",
        "3101000000.00",
        "10.66",
        "9.66",
        "4.00",
        "0.8676",
    ]


def test_csv_headings_are_chinese_only_when_lang_zh_is_given(shown: Any) -> None:
    assert rows_of(shown(table(HANGZHOU), "zh", output="csv"))[0][0] == "key"
    assert rows_of(shown(table(HANGZHOU), "zh", output="csv", lang="zh"))[0][:3] == [
        "期次",
        "核销笔数",
        "拉动消费（交易额，元）",
    ]


def test_csv_disarms_formulas_and_keeps_negative_amounts(shown: Any) -> None:
    columns = (Column("name", "Name"), Column("fen", "Own", "fen"))
    assert rows_of(shown(table({"name": "=1+1", "fen": -150}, columns=columns), output="csv"))[
        1
    ] == ["'=1+1", "-1.50"]


def test_csv_leaves_asides_out_and_parts_tables_by_a_blank_line(shown: Any) -> None:
    columns = (Column("name", "Name"),)
    first, aside, last = (
        table({"name": name}, columns=columns, where=SCREEN if name == "b" else EVERYWHERE)
        for name in "abc"
    )
    assert shown(Outcome(tables=(first, aside, last)), output="csv") == "name\na\n\nname\nc\n"


# ---------------------------------------------------------------- JSON, talk


def test_programs_and_people_read_the_same_table_each_in_its_words(shown: Any) -> None:
    columns = (
        Column("state", "State", "word", shown="said"),
        *only(JSON, "opens_at", kind="time"),
    )
    row = {"state": "open", "said": "taking claims", "opens_at": 0}
    outcome = Outcome(
        {"city": "Hangzhou"},
        (
            table(row, columns=columns, key="round", is_record=True),
            table(row, columns=columns, key="round.days", where=JSON),
        ),
    )
    opens = {"state": "open", "opens_at": "1970-01-01T08:00:00+08:00"}
    assert answer(outcome) == {"city": "Hangzhou", "round": {**opens, "days": [opens]}}
    assert rows_of(shown(outcome, output="csv")) == [["what", "value"], ["State", "taking claims"]]
    assert "taking claims" in shown(outcome)


def test_json_is_the_envelope_and_nothing_else(shown: Any) -> None:
    late = Problem("late", "{n} days late", "x.csv:3", params={"n": 2})
    assert json.loads(
        shown(
            Outcome({"a": 1}, says=(say("done"),), problems=(late,), status="partial"),
            output="json",
        )
    ) == {
        "voucher": 1,
        "command": "x",
        "status": "partial",
        "data": {"a": 1},
        "problems": [
            {
                "code": "late",
                "level": "error",
                "where": "x.csv:3",
                "message": "2 days late",
                "hint": "",
            }
        ],
    }


def test_a_terminal_gets_bold_headings_and_dim_notes(
    shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    lines = shown(table(HANGZHOU)).splitlines()
    assert lines[0] == "\x1b[1mA table\x1b[0m"
    assert lines[1].startswith("\x1b[1m")
    assert lines[-1].startswith("\x1b[2mAmounts in thousand yuan")
    assert "\x1b" not in lines[-2]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in shown(table(HANGZHOU))
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in shown(table(HANGZHOU))


def test_a_pipe_gets_no_colours_whatever_the_caller_wants(
    shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in shown(table(HANGZHOU))


def test_a_stream_without_line_drawing_gets_hyphens(
    shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "gb18030"))
    shown(table(HANGZHOU, total=HANGZHOU))
    sys.stdout.seek(0)
    rules = [line for line in sys.stdout if not line.strip("-\n")]
    assert len(set(rules)) == 1
    assert len(rules) == 2


def test_talk_goes_to_stderr_and_the_status_is_the_exit_code(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert show.show(Call("x"), Outcome(says=(say("done"),), status="failed")) == 5
    assert capfd.readouterr() == ("", "done\n")


def test_data_that_looks_like_a_word_of_ours_is_not_translated(voucher: Any) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    towns.draft(voucher, "draft")
    lines = voucher("round", "list", "-o", "csv", "--lang", "zh").out.splitlines()
    cells = lines[1].split(",")
    assert "draft" in cells and "草稿" in cells
