"""Tables as a terminal gets them, fixed letter by letter: units, folding, headings, totals, notes,
and the list that a table becomes where it has no room. And what programs get of the same values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.cli import drawing, keys, language, pasting, show
from vouchercli.cli.options import Call
from vouchercli.cli.units import UNITS
from vouchercli.cli.values import as_lines, label, pretty
from vouchercli.ops import answers, lists
from vouchercli.result import MOST_COUNTED, SCREEN, Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import resident_tokens
from vouchercli.store.lists import Listed, of_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = (
    Column("name", "Name"),
    Column("opens_at", "Opens", "time"),
    Column("packs", "Packs", "int"),
    Column("base_fen", "Base", "fen"),
    Column("rate", "Used of claimed", "rate"),
)
ROWS: tuple[dict[str, Any], ...] = (
    {
        "name": "消费券第一期 spring",
        "opens_at": 1585267200,
        "packs": 12345,
        "base_fen": 123_456_789_012,
        "rate": "0.70249",
    },
    {"name": "b", "opens_at": None, "packs": 7, "base_fen": -50_000, "rate": None},
)
TOTAL = {"name": "total", "packs": 12352, "base_fen": 123_456_739_012, "rate": "1.0"}
NOTE = say("a note that is rather long and is folded when the terminal is narrow")
ROUNDS = Table(say("Two {n}", n="rounds"), COLUMNS, ROWS, TOTAL, notes=(NOTE,))
DRAWN = {
    ("en", 100): """\
Two rounds
                                                                 Used of
Name                 Opens              Packs              Base  claimed
────────────────────────────────────────────────────────────────────────
消费券第一期 spring  2020-03-27 08:00  12,345  1,234,567,890.12   70.2 %
b                    –                      7           -500.00        –
────────────────────────────────────────────────────────────────────────
total                                  12,352  1,234,567,390.12  100.0 %
Amounts in yuan.
a note that is rather long and is folded when the terminal is narrow
""",
    ("en", 70): """\
Two rounds
                                                               Used of
Name               Opens              Packs              Base  claimed
──────────────────────────────────────────────────────────────────────
消费券第一期       2020-03-27 08:00  12,345  1,234,567,890.12   70.2 %
spring
b                  –                      7           -500.00        –
──────────────────────────────────────────────────────────────────────
total                                12,352  1,234,567,390.12  100.0 %
Amounts in yuan.
a note that is rather long and is folded when the terminal is narrow
""",
    ("en", 62): """\
Two rounds
                                                       Used of
Name       Opens              Packs              Base  claimed
──────────────────────────────────────────────────────────────
消费券第   2020-03-27 08:00  12,345  1,234,567,890.12   70.2 %
一期
spring
b          –                      7           -500.00        –
──────────────────────────────────────────────────────────────
total                        12,352  1,234,567,390.12  100.0 %
Amounts in yuan.
a note that is rather long and is folded when the terminal is
narrow
""",
    ("zh", 62): """\
Two rounds
                                                        核销率
名称       开领时间            份数         交易额  （按张数）
──────────────────────────────────────────────────────────────
消费券第   2020-03-27 08:00  12,345  1,234,567,890      70.2 %
一期
spring
b          –                      7           -500           –
──────────────────────────────────────────────────────────────
total                        12,352  1,234,567,390     100.0 %
金额单位：元（已取整）；-o csv 与 -o json 为精确值。
a note that is rather long and is folded when the terminal is
narrow
""",
    ("en", 57): """\
Two rounds
                                                  Used of
Name     Opens             Packs             Base claimed
─────────────────────────────────────────────────────────
消费券第 2020-03-27 08:00 12,345 1,234,567,890.12  70.2 %
一期
spring
b        –                     7          -500.00       –
─────────────────────────────────────────────────────────
total                     12,352 1,234,567,390.12 100.0 %
Amounts in yuan.
a note that is rather long and is folded when the
terminal is narrow
""",
    ("en", 52): """\
Two rounds
                                             Used of
Name     Opens        Packs             Base claimed
────────────────────────────────────────────────────
消费券第 03-27 08:00 12,345 1,234,567,890.12  70.2 %
一期
spring
b        –                7          -500.00       –
────────────────────────────────────────────────────
total                12,352 1,234,567,390.12 100.0 %
Amounts in yuan.
Times of 2020.
a note that is rather long and is folded when the
terminal is narrow
""",
    ("en", 40): """\
Two rounds
Name: 消费券第一期 spring
Opens: 2020-03-27 08:00:00
Packs: 12,345
Base: 1,234,567,890.12
Used of claimed: 70.2 %

Name: b
Opens: –
Packs: 7
Base: -500.00
Used of claimed: –

Name: total
Opens: –
Packs: 12,352
Base: 1,234,567,390.12
Used of claimed: 100.0 %
Amounts in yuan.
a note that is rather long and is folded
when the terminal is narrow
""",
    ("zh", 45): """\
Two rounds
名称: 消费券第一期 spring
开领时间: 2020-03-27 08:00:00
份数: 12,345
交易额: 1,234,567,890.12
核销率（按张数）: 70.2 %

名称: b
开领时间: –
份数: 7
交易额: -500.00
核销率（按张数）: –

名称: total
开领时间: –
份数: 12,352
交易额: 1,234,567,390.12
核销率（按张数）: 100.0 %
金额单位：元。
a note that is rather long and is folded when
the terminal is narrow
""",
}


@pytest.fixture(autouse=True)
def speak_english() -> Iterator[None]:
    language.speak("en")
    yield
    language.speak("en")


@pytest.mark.parametrize(("lang", "width"), DRAWN)
def test_a_table_is_drawn_so_at_this_width(
    lang: str, width: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    language.speak(lang)
    assert show.show(Call("x"), Outcome(tables=(ROUNDS,))) == 0
    assert capfd.readouterr() == (DRAWN[lang, width], "")


def test_two_tables_are_parted_and_a_record_is_lines(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    record = Table(
        say("One"),
        (*COLUMNS[:3], Column("empty", "Empty"), Column("csv", "Csv", where=("csv",))),
        ({**ROWS[0], "empty": "", "csv": "x"},),
        is_record=True,
    )
    hidden = Table(say("Hidden"), COLUMNS[:1], (), optional=True)
    last = Table(say("Last"), COLUMNS[:1], ({"name": "z"},), where=SCREEN)
    show.show(Call("x"), Outcome(tables=(hidden, record, last)))
    assert capfd.readouterr().out == (
        "One\n"
        "What   Value\n"
        "──────────────────────────\n"
        "Name   消费券第一期 spring\n"
        "Opens  2020-03-27 08:00:00\n"
        "Packs  12,345\n"
        "\n"
        "Last\n"
        "Name\n"
        "────\n"
        "z\n"
    )
    assert [row["value"] for row in as_lines(record).rows] == [
        "消费券第一期 spring",
        "2020-03-27 08:00:00",
        "12,345",
    ]


def test_a_total_of_no_rows_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    show.show(Call("x"), Outcome(tables=(Table(say("None"), COLUMNS[:3], (), TOTAL),)))
    assert "12,352" not in capfd.readouterr().out


@pytest.mark.parametrize(
    ("lang", "fen", "shown"),
    [
        ("zh", 1_234_567_850, ["12,345,678.50", "12,345,679", "1,234.57", "1,235"]),
        ("en", 1_234_567_850, ["12,345,678.50", "12,345,679", "12,346", "12.35"]),
        ("zh", -5_050, ["-50.50", "-51", "-0.01", "0"]),
        ("en", 0, ["0.00", "0", "0", "0.00"]),
    ],
)
def test_an_amount_in_each_of_its_units(lang: str, fen: int, shown: list[str]) -> None:
    assert [unit.amount_text(fen) for unit in UNITS[lang]] == shown


def test_words_of_ours_are_headings_with_a_capital_and_data_stays() -> None:
    assert label(Column("a", "used of claimed")) == "Used of claimed"
    assert label(Column("a", "data\x07", verbatim=True)) == "data�"
    assert pretty(Column("a", "A"), ["x", "y"], "UTC") == "x, y"
    assert pretty(Column("a", "A"), Word("total"), "UTC") == "total"
    assert pretty(Column("a", "A"), "a\nb\x9b\x7f", "UTC") == "a\nb��"


@pytest.mark.parametrize(
    ("heading", "pieces"),
    [
        ("杠杆率", ["杠杆率"]),
        ("财政补贴", ["财政", "补贴"]),
        ("拉动消费额", ["拉动消", "费额"]),
        ("自付额", ["自付额"]),
        ("总杠杆率（毛）", ["总", "杠杆率", "（毛）"]),
        ("Used of claimed", ["Used", " of", " claimed"]),
        ("Base(net)", ["Base", "(net)"]),
    ],
)
def test_a_heading_is_broken_at_these_places(heading: str, pieces: list[str]) -> None:
    assert drawing._pieces(heading) == pieces


# ---------------------------------------------------------------- talk


def test_problems_beyond_twenty_are_counted(capfd: pytest.CaptureFixture[str]) -> None:
    def talk(count: int) -> list[str]:
        some = tuple(Problem("late", "late {n}", f"x:{n}", params={"n": n}) for n in range(count))
        show.show(Call("x"), Outcome(problems=some, status="partial"))
        return capfd.readouterr().err.splitlines()

    assert talk(20)[-1] == "x:19: error: late 19 [late]"
    assert talk(21)[-2:] == ["x:19: error: late 19 [late]", "... and 1 more"]
    assert talk(25)[-1] == "... and 5 more"


def test_a_problem_says_where_how_grave_and_what_next(capfd: pytest.CaptureFixture[str]) -> None:
    dry = Call("x", {"dry_run": True, "programme": "town"})
    problems = (
        Problem("old", "{n} old", hint="voucher round list", level="warning", params={"n": 1}),
    )
    assert show.show(dry, Outcome(problems=problems, says=(say("did {n}", n=2),))) == 0
    assert capfd.readouterr().err.splitlines() == [
        "warning: 1 old [old]",
        "  next: voucher round list --programme town",
        "did 2",
        "dry run: nothing was written",
    ]


@pytest.mark.parametrize(
    ("status", "code"), [("ok", 0), ("refused", 3), ("partial", 4), ("failed", 5)]
)
@pytest.mark.parametrize("output", ["json", "csv", "table"])
def test_each_status_has_its_exit_code_in_every_form(
    status: Any, code: int, output: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert show.show(Call("x", {"output": output}), Outcome(status=status)) == code
    assert (f'"status": "{status}"' in capfd.readouterr().out) == (output == "json")


# ---------------------------------------------------------------- CSV

ODD = Table(
    say("Odd"),
    (
        Column("on", "Day", "date"),
        Column("at", "At", "time"),
        Column("who", "Resident", "token"),
        Column("state", "State", "word"),
        Column("why", "Reason", "code"),
        Column("names", "Names"),
        Column("text", "Text"),
        Column("subsidy_fen", "Subsidy", "fen"),
        Column("funder", "treasury", "fen", verbatim=True),
        Column("n", "Number", "int"),
        Column("screen", "Screen", where=SCREEN),
    ),
    (
        {
            "on": 20200327,
            "at": 1585267200,
            "who": bytes.fromhex("5e" * 16),
            "state": "open",
            "why": "=expired",
            "names": ["+a", "b"],
            "text": say("at least {least}", least=2),
            "subsidy_fen": 1234567,
            "funder": -5,
            "n": 1234567,
            "screen": "x",
        },
        dict.fromkeys(("on", "at", "who", "state", "why", "names", "text", "subsidy_fen")),
    ),
    zone="Asia/Urumqi",
)


@pytest.mark.parametrize(
    ("lang", "lines"),
    [
        (
            "en",
            [
                "on,at,who,state,why,names,text,subsidy_yuan,funder_yuan,n",
                "2020-03-27,2020-03-27T06:00:00+06:00,TOKEN,open,'=expired,\"'+a, b\",at least 2,"
                "12345.67,-0.05,1234567",
                ",,,,,,,,,",
            ],
        ),
        (
            "zh",
            [
                "日,时间,居民（脱敏）,状态,原因,Names,Text,财政补贴（元）,funder_yuan,编号",
                "2020-03-27,2020-03-27T06:00:00+06:00,TOKEN,开放领取,'=expired,\"'+a, b\",2 或以上,"
                "12345.67,-0.05,1234567",
                ",,,,,,,,,",
            ],
        ),
    ],
)
def test_every_kind_of_value_is_exact_in_csv(
    lang: str, lines: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    language.speak(lang)
    show.show(Call("x", {"output": "csv", "lang": lang}), Outcome(tables=(ODD,)))
    token = resident_tokens.shown(bytes.fromhex("5e" * 16))
    assert capfd.readouterr().out.replace(token, "TOKEN").splitlines() == lines


# ---------------------------------------------------------------- JSON


def test_a_total_has_the_fields_that_it_states() -> None:
    table = Table(say("T"), COLUMNS, ROWS, {"packs": 3}, key="a.b", total_key="total")
    data = answers.answer(Outcome({"c": 1}, (table, Table(say("other"), COLUMNS, ROWS))))
    assert list(data) == ["c", "a", "total"]
    assert (data["total"], data["a"]["b"][0]["opens_at"], data["a"]["b"][1]["opens_at"]) == (
        {"packs": 3},
        "2020-03-27T08:00:00+08:00",
        None,
    )


def test_only_moments_are_written_as_times() -> None:
    fields = {"at": 0, "paid_at": 0, "ends_at": None, "flat": 0, "attempts": 1}
    assert answers.dated(fields, "UTC") == {
        "at": "1970-01-01T00:00:00+00:00",
        "paid_at": "1970-01-01T00:00:00+00:00",
        "ends_at": None,
        "flat": 0,
        "attempts": 1,
    }


@pytest.mark.parametrize(("limit", "rows", "left"), [(1, 1, 1), (2, 2, 0), (3, 2, 0), (None, 2, 0)])
def test_a_list_is_cut_at_its_limit_and_says_so(limit: int | None, rows: int, left: int) -> None:
    outcome = lists.show(Table(say("T"), COLUMNS, (), key="t"), of_rows(ROWS), limit)
    assert [*outcome.tables[0].read().rows] == [*ROWS[:rows]]
    assert outcome.left == left
    assert answers.answer(outcome)["more"] is (left > 0)


def test_millions_are_not_counted_to_say_how_many_are_left() -> None:
    listed = Listed(lambda most: iter(ROWS), lambda: MOST_COUNTED)
    outcome = lists.show(Table(say("T"), COLUMNS, ()), listed, 1)
    assert outcome.left == MOST_COUNTED


def test_a_list_of_all_reads_no_row_before_it_is_shown() -> None:
    read: list[int] = []

    def rows(most: int | None) -> Iterator[int]:
        assert most is None
        for number in range(9):
            read.append(number)
            yield number

    table = lists.show(
        Table(say("T"), COLUMNS, ()), Listed(rows, lambda: 9), None, lambda n: {"key": n}
    ).tables[0]
    assert (read, [*table.rows]) == ([0], [{"key": 0}])
    assert (next(iter(table.rest)), read) == ({"key": 1}, [0, 1])


# ---------------------------------------------------------------- language


@pytest.mark.parametrize(
    ("args", "environ", "chosen"),
    [
        (("round", "--lang", "zh"), {"VOUCHER_LANG": "en"}, "zh"),
        (("--lang=zh", "round"), {}, "zh"),
        (("--lang",), {"LANG": "zh_CN.UTF-8"}, "zh"),
        (("--lang", "fr"), {"VOUCHER_LANG": "zh"}, "zh"),
        (("--language", "zh"), {}, "en"),
        ((), {"VOUCHER_LANG": "en", "LANG": "zh_CN"}, "en"),
        ((), {"VOUCHER_LANG": "fr", "LANG": "zh_CN"}, "zh"),
        ((), {"LC_ALL": "C", "LANG": "zh_CN"}, "en"),
        ((), {"LC_ALL": "", "LC_MESSAGES": "zh_TW", "LANG": "C"}, "zh"),
        ((), {"LANG": "en_zh"}, "en"),
        ((), {}, "en"),
    ],
)
def test_the_language_is_chosen_so(
    args: tuple[str, ...], environ: dict[str, str], chosen: str
) -> None:
    assert language.choose_language(args, environ) == chosen


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("voucher round list", "voucher round list --programme p"),
        ("voucher audit log", "voucher audit log"),
        ("voucher round list --programme q", "voucher round list --programme q"),
        ("voucher round list --help", "voucher round list --help"),
        (
            'voucher round list; then voucher claim list --round "a, b", or not',
            'voucher round list --programme p; then voucher claim list --round "a, b" --programme p'
            ", or not",
        ),
    ],
)
def test_a_command_to_paste_names_the_programme(sentence: str, named: str) -> None:
    assert pasting.for_programme(sentence, "p") == named
    assert pasting.for_programme(sentence, None) == sentence


def test_a_name_with_blanks_is_quoted_in_a_command_and_only_there() -> None:
    values = {"name": "it's a b"}
    assert language.t("voucher round show {name}", values) == r"voucher round show 'it'\''s a b'"
    assert language.t("there is no round {name}", values) == "there is no round it's a b"
    assert language.t("no {name}", {"name": "x"}) == "no x"
    assert language.t("{braces} stay") == "{braces} stay"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("5 x 10 / 40", "5 张 满 40 减 10"),
        ("scope.channel, name.zh", "渠道, 名称"),
        ("M1", "M1"),
    ],
)
def test_a_template_is_read_in_words_by_chinese_readers(entry: str, words: str) -> None:
    assert keys.entry(entry) == entry
    language.speak("zh")
    assert keys.entry(entry) == words


def test_a_reason_has_its_words_before_its_code_in_chinese() -> None:
    assert keys.code("expired") == "expired"
    language.speak("zh")
    assert (keys.code("expired"), keys.code("strange")) == ("已过有效期 expired", "strange")
