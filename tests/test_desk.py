"""At the desk: what a person meets who types, pastes, reads on paper or from a CD."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.cli import language, pasting
from vouchercli.cli.language import speak
from vouchercli.cli.nouns import NOUNS, WITHOUT_DATABASE
from vouchercli.cli.show import show
from vouchercli.cli.values import span
from vouchercli.errors import VoucherError
from vouchercli.formats.configs import yamls
from vouchercli.ops.schedule import inbox, install
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import times
from vouchercli.store import db as store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

    Voucher = Callable[..., Ran]


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    speak("en")
    yield
    speak("en")


# ---------------------------------------------------------------- times that are none

WRONG_TIMES = {
    "2020-02-30": ("February has no day 30", "2 月没有 30 日"),
    "20210229 08:00": ("February 2021 has no day 29", "2021 年2 月没有 29 日"),
    "2020年4月31日": ("April has no day 31", "4 月没有 31 日"),
    "2020-04-00": ("April has no day 0", "4 月没有 0 日"),
    "2020-13-01": ("there is no month 13", "没有 13 月"),
    "0000-01-01": ("there is no year 0", "没有公元 0 年"),
    "2020-04-01 24:01": ("a day ends at 24:00", "一天到 24:00 为止"),
    "2020-04-01 25:00": ("there is no hour 25", "没有 25 时"),
    "2020-04-01 08:60": ("there is no minute 60", "没有 60 分"),
    "2020-04-01 08:00:61": ("there is no second 61", "没有 61 秒"),
    "24:01": ("the date is missing", "缺少日期"),
    "8点30分": ("the date is missing", "缺少日期"),
    "4月1日": ("the year is missing", "缺少年份"),
    "4/1 08:00": ("the year is missing", "缺少年份"),
    "9999-12-31 24:00": ("it is beyond the calendar", "超出历法范围"),
}


@pytest.mark.parametrize(("text", "why"), WRONG_TIMES.items())
def test_a_wrong_time_names_its_option_and_its_cause(
    text: str, why: tuple[str, str], voucher: Voucher
) -> None:
    voucher("init")
    asked = ("round", "list", "--now", text)
    err = voucher(*asked, expect=2).err
    assert err.startswith(f"--now: error: {text} is not a time: {why[0]} [bad_time_option]")
    assert f"无法识别的时间 {text}：{why[1]} [bad_time_option]" in (
        voucher(*asked, "--lang", "zh", expect=2).err
    )


@pytest.mark.parametrize("text", ["tomorrow", "", "27.3.2020", "2020"])
def test_what_is_no_time_at_all_has_no_cause(text: str) -> None:
    assert times.why_no_time(text) is None


def test_every_command_names_the_option_of_a_wrong_time(
    town: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command, option in (
        (("round", "reschedule", "r1", "--actor", "mei"), "--opens-at"),
        (("round", "reschedule", "r1", "--actor", "mei"), "--closes-at"),
        (("report", "leverage"), "--as-of"),
        (("report", "leverage"), "--since"),
        (("claim", "list"), "--until"),
        (("audit", "log"), "--since"),
        (("merchant", "suspend", "M1", "--note", "x", "--actor", "mei"), "--from"),
        (("redemption", "check", "--round", "r1", "--amount", "50"), "--at"),
    ):
        err = town(*command, option, "2020-02-30", expect=2).err
        assert err.startswith(f"{option}: error: 2020-02-30 is not a time: February has no day 30")
    monkeypatch.setenv("VOUCHER_NOW", "bad")
    assert town("round", "list", expect=2).err.startswith("VOUCHER_NOW: error: bad is not a time [")


def test_a_time_in_full_width_signs_is_read(town: Voucher) -> None:
    town("report", "leverage", "--as-of", "２０２０-０３-３０ ０９：００")
    assert "2020-03-30 09:00" in town("report", "leverage", "--as-of", "2020-03-30 9：00").out


@pytest.fixture
def town(city: Callable[..., Voucher]) -> Voucher:
    return city()


# ---------------------------------------------------------------- ends


def test_an_end_at_midnight_is_24_00_of_its_day_and_a_beginning_is_00_00(voucher: Voucher) -> None:
    towns.build(voucher, towns.programme(), towns.pack("pack"))
    ran = voucher(
        *("round", "create", "r9", "--template", "pack", "--packs", "5"),
        *("--opens-at", "2020-04-01", "--closes-at", "2020-04-02", "--actor", "mei"),
        expect=None,
    )
    assert "claims count from 2020-04-01 00:00:00 to 2020-04-02 24:00:00" in ran.err
    assert "2020-04-02 24:00" in voucher("round", "list").out
    shown = voucher("round", "show", "r9").out
    assert "2020-04-01 00:00:00" in shown and "2020-04-02 24:00:00" in shown
    closes = voucher("round", "show", "r9", "-o", "json").data["closes_at"]
    assert closes == "2020-04-03T00:00:00+08:00"
    assert times.shown_end(0, "UTC") == "1969-12-31 24:00:00"
    assert times.shown_end(1, "UTC") == "1970-01-01 00:00:01"


def test_a_report_says_from_00_00(town: Voucher) -> None:
    out = town("report", "leverage", "--since", "2020-03-27", "--until", "2020-04-01").out
    assert "as of 2020-04-01" in out.splitlines()[0]
    town("report", "leverage", "--since", "2020-04-02", "--until", "2020-04-01", expect=2)


# ---------------------------------------------------------------- hints that are pasted


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("voucher round plan r1", "voucher --db 'my city.db' round plan r1"),
        (
            "先运行 voucher round plan r1，再运行voucher round submit r1",
            "先运行 voucher --db 'my city.db' round plan r1，再运行voucher --db 'my city.db' round"
            " submit r1",
        ),
        ("voucher init --db x.db", "voucher init --db x.db"),
        ("voucher schedule status says how", "voucher --db 'my city.db' schedule status says how"),
        ("voucher demo FOLDER", "voucher demo FOLDER"),
        ("a voucher round the corner", "a voucher --db 'my city.db' round the corner"),
        ("one voucher a payment", "one voucher a payment"),
        ("voucher --help", "voucher --help"),
    ],
)
def test_a_hint_names_the_database_that_was_named(said: str, told: str) -> None:
    assert pasting.for_database(said, Path("my city.db")) == told
    assert pasting.for_database(said, None) == said


@pytest.mark.parametrize("noun", NOUNS)
def test_a_hint_with_any_command_is_quoted_and_names_its_database(noun: str) -> None:
    said = f"next: voucher {noun}"
    found = re.search(language.COMMAND, said)
    assert found and found[0] == f"voucher {noun}"
    named = f"next: voucher --db city.db {noun}"
    assert pasting.for_database(said, "city.db") == (said if noun in WITHOUT_DATABASE else named)


def test_a_hint_after_db_works_when_it_is_pasted(voucher: Voucher) -> None:
    ran = voucher("init", "--db", "other.db")
    assert ran.err.splitlines()[-1] == "next: voucher --db other.db programme list --shipped"
    refused = voucher("round", "show", "x", "--db", "other.db", "-o", "json", expect=3)
    assert refused.json["problems"][0]["hint"] == "voucher --db other.db programme list --shipped"
    voucher("--db", "other.db", "programme", "list", "--shipped")


def test_where_the_shell_does_not_know_it_a_hint_names_the_way_to_the_program(
    voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = here / "my bin" / "voucher"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(pasting, "_started", [str(script)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert f"'{script}' programme list --shipped" in voucher("init").err
    assert f"下一步：'{script}' programme list --shipped" in (
        voucher("round", "list", "--lang", "zh", expect=3).err
    )
    assert f"'{script}' round --help" in voucher("round", "lst", expect=2).err
    assert f"'{script}' --help" in voucher("rond", expect=2).err
    monkeypatch.setenv("PATH", str(script.parent))
    assert "next: voucher programme list" in voucher("round", "list", expect=3).err
    monkeypatch.setattr(pasting, "_started", ["/x/vouchercli/__main__.py"])
    assert f"{sys.executable} -m vouchercli programme" in voucher("round", "list", expect=3).err


def test_a_database_that_is_not_here_is_not_made_first(voucher: Voucher, here: Path) -> None:
    err = voucher("round", "list", expect=3).err
    assert f"there is no database voucher.db in the folder {here} [no_database]" in err
    assert err.index("--db FILE or VOUCHER_DB") < err.index("voucher init --db voucher.db")


def test_a_command_as_a_hint_has_its_stand_ins_in_chinese(town: Voucher) -> None:
    refused = town("round", "cancel", "r1", "--actor", "mei", "--lang", "zh", expect=3).err
    assert "NEW" not in refused and "WHY" not in refused


# ---------------------------------------------------------------- a file that can only be read


def closed(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> None:
    """Nobody may write these: who runs the tests may be allowed everything."""
    real = os.access
    monkeypatch.setattr(
        "os.access",
        lambda path, mode: not (mode == os.W_OK and Path(path) in paths) and real(path, mode),
    )


READING = (
    ("report", "leverage"),
    ("report", "rounds"),
    ("check",),
    ("audit", "verify"),
    ("audit", "log"),
    ("audit", "head"),
    ("todo",),
    ("round", "list"),
    ("round", "show", "r1"),
    ("round", "plan", "r1"),
    ("claim", "list"),
    ("redemption", "list"),
    ("application", "list"),
    ("eligibility", "list"),
    ("batch", "list"),
    ("batch", "rejects", "2"),
    ("merchant", "list"),
    ("programme", "show"),
    ("template", "list"),
    ("schedule", "show"),
    ("law", "show"),
)


def test_an_auditors_copy_answers_what_the_file_answers_and_takes_nothing(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {command: town(*command).out for command in READING}
    database = here / "voucher.db"
    for left in ("-wal", "-shm"):
        database.with_name(database.name + left).unlink(missing_ok=True)
    before = database.read_bytes()
    closed(monkeypatch, here, database)
    assert {command: town(*command).out for command in READING} == expected
    refused = town("round", "pause", "r1", "--actor", "mei", expect=3).err
    assert "voucher.db cannot be written: it is read-only [no_permission]" in refused
    assert not [*here.glob("voucher.db-*")] and database.read_bytes() == before


def test_doctor_reads_an_auditors_copy_to_its_end(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = here / "voucher.db"
    for left in ("-wal", "-shm"):
        database.with_name(database.name + left).unlink(missing_ok=True)
    (here / "voucher.key").unlink()
    usual = {"Staff": ("warning", "no_staff"), "Clock": ("warning", "clock_behind")}
    closed(monkeypatch, here, database, Path("voucher.db"))
    examined = town("doctor", "-o", "json").data["checks"]
    states = {row["check"]: (row["state"], row["code"]) for row in examined}
    assert {check: state for check, state in states.items() if state[0] != "ok"} == {
        "Free space": ("warning", "folder_not_writable"),
        "Database": ("warning", "read_only_database"),
        "Key": ("warning", "no_key"),
        **usual,
    }
    assert {"Integrity", "Journal", "Programmes", "Staff", "Schedule"} <= states.keys()
    (here / "voucher.db-wal").write_bytes(b"x" * 100)
    refused = town("doctor", "-o", "json", expect=5).data["checks"]
    assert refused[-1]["code"] == "unread_changes"


def test_doctor_says_that_an_old_copy_cannot_be_read(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(here / "voucher.db") as db:
        db.execute("PRAGMA user_version = 1")
    db.close()
    closed(monkeypatch, here, Path("voucher.db"))
    assert "too_old_to_read" in town("doctor", expect=5).err


def test_beside_a_writer_its_last_changes_are_read(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = sqlite3.connect(here / "voucher.db", isolation_level=None)
    writer.execute("UPDATE merchants SET name = 'of the log' WHERE merchant_no = 'M1'")
    assert (here / "voucher.db-wal").stat().st_size > 0
    closed(monkeypatch, here, here / "voucher.db")
    assert "of the log" in town("merchant", "list").out
    writer.close()


def test_changes_that_cannot_be_read_are_said(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "voucher.db-shm").unlink(missing_ok=True)
    (here / "voucher.db-wal").write_bytes(b"x" * 100)
    closed(monkeypatch, here, here / "voucher.db")
    refused = town("template", "list", expect=3).err
    assert "its last changes are in voucher.db-wal" in refused and "[unread_changes]" in refused
    (here / "voucher.db-wal").write_bytes(b"")
    town("template", "list")


def test_an_old_file_that_can_only_be_read_is_said(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(here / "voucher.db") as db:
        db.execute("PRAGMA user_version = 1")
    db.close()
    closed(monkeypatch, here / "voucher.db")
    with pytest.raises(VoucherError) as refused:
        store.open_db(here / "voucher.db")
    assert refused.value.code == "too_old_to_read"


# ---------------------------------------------------------------- YAML from a Chinese keyboard


def faults(text: str) -> list[tuple[str, str, str]]:
    """(code, place, sign) of every fault of a text."""
    with pytest.raises(VoucherError) as refused:
        yamls.parse(text, "x")
    return [
        (each.code, each.where.removeprefix("x:"), str(each.params.get("sign", "")))
        for each in refused.value.problems
    ]


FULL = "yaml_full_width"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("programme：x\nname: y\n", [(FULL, "1:10", "：")]),
        ("template：x", [(FULL, "1:9", "：")]),
        ("a: 1\nscope：\n  channel: any\n", [(FULL, "2:6", "：")]),
        ("a: {kind：public, b: 1}\n", [(FULL, "1:9", "：")]),
        ("a: {b: 1, kind：public}\n", [(FULL, "1:15", "：")]),
        ("funders:\n  treasury：100%\n", [(FULL, "2:11", "：")]),
        ("l:\n  - kind：pay\n", [(FULL, "2:9", "：")]),
        ("name: {zh: 余杭，en: Yuhang}\n", [(FULL, "1:14", "，")]),
        ("l: [上城区，下城区]\n", [(FULL, "1:8", "，")]),
        ("a: “10”\n", [(FULL, "1:4", "“")]),
        ("a: {b: “10”, c: 1}\n", [(FULL, "1:8", "“")]),
        ("a：1\nb：2\nc: d: e\n", [(FULL, "1:2", "："), (FULL, "2:2", "：")]),
        ("a: 1\n# 注：无\nb: c: d\n", [("yaml_syntax", "3:5", "")]),
    ],
)
def test_a_full_width_sign_is_named_at_its_place(
    text: str, found: list[tuple[str, str, str]]
) -> None:
    assert faults(text) == found


def test_inside_a_text_they_are_signs_like_any_other() -> None:
    text = (
        "name: {zh: 春风十里，与你同行, en: x}\nsource: 杭州日报：头版，“春风”一文\n"
        'note: "kind：public，“x”"\nlist: ["a，b", 上城区]\nlong:\n  通知如下：一、二，三\n'
    )
    value = yamls.parse(text, "x").value
    assert value["name"]["zh"] == "春风十里，与你同行" and value["list"] == ["a，b", "上城区"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b: c\n", "a colon stands where none may stand"),
        ("a: 1\nb\nc: 2\n", "a key has no colon and blank after it"),
        ("a: {b: 1\nc: 2\n", "a comma or a closing brace is missing"),
        ("a: [1 2\nb: 3\n", "a comma or a closing bracket is missing"),
        ('a: "b\n', "a quote or a bracket is not closed"),
        ("a:\n\t- 1\n", "a TAB stands where a blank must stand"),
        ("a: 1\n  b: 2\n c: 3\n", "a colon stands where none may stand"),
        ("a: *x\n", "an alias (*) names nothing that was marked with &"),
        ("a: 1\n---\nb: 2\n", "a second document begins here: one file is one document"),
        ('a: "\\q"\n', "a backslash in double quotes is followed by a wrong sign"),
        ("a: @x\n", "a value cannot begin with this sign: put it in quotes"),
    ],
)
def test_the_parser_speaks_in_words(text: str, words: str) -> None:
    with pytest.raises(VoucherError) as refused:
        yamls.parse(text, "x")
    assert [each.params["why"] for each in refused.value.problems] == [words]


PACK = """\
template: plain
name: 余杭消费券
coupons: [{count: 1, kind: amount_off, denomination: "10", threshold: "40"}]
validity: {days_after_claim: 7}
funding: {treasury: "100%"}
"""


def test_a_name_may_be_a_text_alone(voucher: Voucher) -> None:
    towns.build(voucher, towns.programme())
    voucher("template", "add", towns.write("plain.yaml", PACK))
    shown = voucher("template", "show", "plain").out
    assert shown.count("余杭消费券") == 2


@pytest.mark.parametrize(
    ("before", "after", "hint"),
    [
        ("{days_after_claim: 7}", "7", "write it like {days_after_claim: 7}"),
        ('{treasury: "100%"}', "treasury", "write it like {treasury: VALUE}"),
    ],
)
def test_a_value_that_must_be_pairs_shows_them(
    before: str, after: str, hint: str, voucher: Voucher
) -> None:
    towns.build(voucher, towns.programme())
    file = towns.write("x.yaml", PACK.replace(before, after))
    assert f"next: {hint}" in voucher("template", "check", file, expect=3).err
    assert "“键: 值”" in voucher("template", "check", file, "--lang", "zh", expect=3).err


def test_an_amount_that_cannot_be_read_is_one_fault(voucher: Voucher) -> None:
    towns.build(voucher, towns.programme())
    for wrong in ("10元", "10.005", "1,000元"):
        file = towns.write("x.yaml", PACK.replace('denomination: "10"', f'denomination: "{wrong}"'))
        err = voucher("template", "check", file, expect=3).err
        assert "has 1 fault(s)" in err and f"{wrong} is not an amount in yuan" in err


# ---------------------------------------------------------------- lists and forms


def test_every_list_of_facts_takes_a_span_of_time(town: Voucher) -> None:
    def numbers(*options: str) -> list[str]:
        return [
            row["claim_no"] for row in town("claim", "list", "-o", "json", *options).data["claims"]
        ]

    everyone = numbers()
    first = town("claim", "list", "-o", "json").data["claims"][0]
    assert numbers("--since", "2020-03-27", "--until", "2020-03-27") == everyone
    assert numbers("--since", "2020-03-28") == numbers("--until", "2020-03-26") == []
    until = first["claimed_at"].replace("T", " ")
    assert numbers("--until", until)[0] == first["claim_no"]
    for command in (("redemption", "list"), ("application", "list"), ("batch", "list")):
        assert "(none)" in town(*command, "--since", "2020-07-01").out
        swapped = town(*command, "--since", "2020-07-02", "--until", "2020-07-01", expect=2)
        assert "--since is later than --until [empty_window]" in swapped.err
    batches = town("batch", "list", "--since", "2020-03-20", "--until", "2020-03-20", "-o", "json")
    assert [row["batch"] for row in batches.data["batches"]] == [1]


def test_csv_for_excel_begins_with_a_byte_order_mark(town: Voucher) -> None:
    plain, marked = (
        town("claim", "list", *how).out for how in (("-o", "csv"), ("-o", "csv", "--excel"))
    )
    assert marked == "\ufeff" + plain and town("claim", "list", "--excel").out == marked
    chinese = town("claim", "list", "--excel", "--lang", "zh").out
    assert chinese.startswith("\ufeff领取编号,期次")
    refused = town("claim", "list", "--excel", "-o", "json", expect=2)
    assert refused.json["problems"][0]["code"] == "excel_is_csv"


# ---------------------------------------------------------------- reports


def test_a_report_is_dated(town: Voucher) -> None:
    for kind, title in (("leverage", "Leverage by round: "), ("rounds", "Rounds: ")):
        first = town("report", kind, "--now", "2020-03-30 09:00").out.splitlines()[0]
        assert first.startswith(title) and first.endswith(", all known at 2020-03-30 09:00")
        data = town("report", kind, "--now", "2020-03-30 09:00", "-o", "json").data
        assert (data["as_of"], data["known_at"]) == (None, "2020-03-30T09:00:00+08:00")
        data = town("report", kind, "--as-of", "2020-03-29", "-o", "json").data
        assert (data["as_of"], data["known_at"]) == ("2020-03-29T23:59:59+08:00", None)


PAID = """\
transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of
T1,pay,C1,1,M1,2020-03-29 12:00:00,100.00,0,10.00,
"""


def test_a_clock_in_the_past_says_that_later_payments_count(town: Voucher) -> None:
    town("redemption", "import", towns.write("p.csv", PAID), "--now", "2020-03-30", expect=None)
    for kind in ("leverage", "rounds"):
        assert "all that is in the file counts, up to 2020-03-29" in (
            town("report", kind, "--now", "2020-03-28 09:00").err
        )
        assert "counts" not in town("report", kind, "--now", "2020-03-29 09:00").err
        assert "counts" not in town("report", kind, "--as-of", "2020-03-28").err


def test_cancelled_rounds_are_left_out_of_the_report_unless_they_are_named(town: Voucher) -> None:
    towns.make_round(town, "gone", state="draft")
    town("round", "cancel", "gone", "--actor", "mei", "--note", "x", expect=None)
    out = town("report", "rounds").out
    assert "Cancelled and left out: gone." in out
    assert "left out" not in town("report", "rounds", "--round", "gone").out
    rows = town("report", "rounds", "-o", "json").data["rows"]
    assert ("gone", "cancelled") in [(row["round"], row["state"]) for row in rows]


SUMS = (Column("name", "Name"), Column("a_fen", "Amount", "fen"), Column("b_fen", "Rest", "fen"))


def drawn(
    width: int, command: str, *rows: tuple[Any, ...], capfd: pytest.CaptureFixture[str]
) -> str:
    """Two tables of one answer: a row each."""
    from vouchercli.cli.options import Call

    os.environ["COLUMNS"] = str(width)
    tables = tuple(
        Table(say("T"), SUMS, [dict(zip(("name", "a_fen", "b_fen"), row, strict=True))])
        for row in rows
    )
    show(Call(command), Outcome(tables=tables))
    return capfd.readouterr().out


def test_one_report_is_in_one_unit_and_never_coarser_than_its_smallest_amount_bears(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    large, small = ("a", 10**9 + 50, 10**9), ("b", 1_234_56, 5_00)
    out = drawn(30, "report x", large, small, capfd=capfd)
    assert out.count("Amounts in yuan, rounded") == 2 and "1,235" in out
    out = drawn(30, "round show", large, small, capfd=capfd)
    assert "1,234.56" in out
    # 500.00 yuan would be 0.00 million, so the row becomes lines
    out = drawn(22, "report x", ("a", 10**14, 500_00), capfd=capfd)
    assert "Rest: 500.00" in out and "million" not in out
    out = drawn(29, "report x", ("a", 10**14, 10**13), capfd=capfd)
    assert "Amounts in million yuan" in out


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 s", "0 秒"),
        (59, "59 s", "59 秒"),
        (60, "1 min", "1 分"),
        (3_661, "1 h 1 min", "1 小时 1 分"),
        (86_405, "1 d", "1 天"),
        (1_504_800, "17 d 10 h", "17 天 10 小时"),
        (217_897_141, "2,521 d 22 h", "2,521 天 22 小时"),
    ],
)
def test_a_length_of_time_is_in_words(seconds: int, english: str, chinese: str) -> None:
    assert span(seconds) == english
    speak("zh")
    assert span(seconds) == chinese


# ---------------------------------------------------------------- the clock's line and the inbox


def test_the_crontab_speaks_the_language_of_whoever_installed_it(
    voucher: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher("init")
    assert " --lang en " in voucher("schedule", "print").out
    assert " --lang zh " in voucher("schedule", "print", "--lang", "zh").out
    monkeypatch.setenv("VOUCHER_LANG", "zh")
    assert " --lang zh " in voucher("schedule", "print").out


@pytest.mark.parametrize("minutes", ["7", "8", "9", "11", "25"])
def test_minutes_that_do_not_fit_into_an_hour_are_refused(minutes: str, voucher: Voucher) -> None:
    voucher("init")
    refused = voucher("schedule", "print", "--every", minutes, expect=2).err
    assert "[uneven_minutes]" in refused
    assert "choose one of: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30" in refused


def test_a_systemd_that_is_not_reached_has_installed_nothing() -> None:
    plan = install.Plan("/x/voucher.db", 1, "/x", ("voucher",), "/x/out")
    for is_removal, text in (
        (False, "the files are written, but nothing runs the tick of {db} yet"),
        (True, "the files are gone, but systemd may still run the tick of {db}"),
    ):
        change = install.Change(plan, {"a": (None, b"")}, is_removal)
        assert install._say_done(change, is_silent=True).text == text
        assert install._say_done(change, is_silent=False).text != text


@pytest.mark.parametrize(
    ("folders", "name", "platform", "kind"),
    [
        (("alipay", "redemption"), "核销明细0330.csv", "alipay", "redemptions"),
        (("alipay", "claim"), "a.csv", "alipay", "claims"),
        (("alipay",), "核销明细.csv", "alipay", "redemptions"),
        (("支付宝", "领取明细"), "a.csv", "支付宝", "claims"),
        (("merchant",), "a.csv", "PLATFORM", "merchants"),
        ((), "a.csv", "PLATFORM", "KIND"),
        (("hz", "wechat", "Redemptions"), "a.csv", "wechat", "redemptions"),
    ],
)
def test_a_stray_file_is_sent_where_its_folders_and_name_say(
    folders: tuple[str, ...], name: str, platform: str, kind: str
) -> None:
    assert inbox._place(folders, name) == {"platform": platform, "kind": kind}


def test_a_changed_round_says_what_changed(voucher: Voucher) -> None:
    towns.build(voucher, towns.programme(), towns.pack("pack"))
    towns.make_round(voucher, "r9", state="draft")
    ran = voucher("round", "edit", "r9", "--packs", "1234", "--actor", "mei", expect=None)
    assert "changed r9, which is a draft: 1,234 packs" in ran.err
    assert "packs: 10 → 1,234" in ran.err
    assert "0.00 yuan" not in voucher("round", "cancel", "r9", "--actor", "mei", expect=None).err
