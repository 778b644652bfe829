"""Help pages are fixed letter by letter: what is folded where, and which of Typer's words are put
into ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vouchercli.cli import help as pages
from vouchercli.cli.language import speak
from vouchercli.cli.wrapping import cells, fold, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def speak_english() -> Iterator[None]:
    speak("en")
    yield
    speak("en")


def page(width: int, indent: int = 0) -> pages.Page:
    made = pages.Page(width=width)
    made.current_indent = indent
    return made


def test_names_and_meanings_stand_side_by_side_and_long_names_get_a_line_of_their_own() -> None:
    made = page(40, indent=2)
    made.write_dl(
        [
            ("--to", "Where to write what was drawn, and what proves it."),
            ("--packs NO", ""),
            ("--registration-opens-at-last TIME", "When."),
            ("--five-and-twenty-letters NO", "What [default: 5; x>=1; required]"),
        ]
    )
    assert made.getvalue().splitlines() == [
        "  --to                            Where",
        "                                  to",
        "                                  write",
        "                                  what",
        "                                  was",
        "                                  drawn,",
        "                                  and",
        "                                  what",
        "                                  proves",
        "                                  it.",
        "  --packs NO",
        "  --registration-opens-at-last TIME",
        "                                  When.",
        "  --five-and-twenty-letters NO    What",
        "                                  [default:",
        "                                  5; at",
        "                                  least",
        "                                  1;",
        "                                  required]",
    ]


@pytest.mark.parametrize(("long", "is_beside"), [(30, True), (31, False)])
def test_a_name_of_thirty_columns_still_has_its_meaning_beside_it(
    long: int, is_beside: bool
) -> None:
    made = page(80)
    made.write_dl([("x" * long, "Meaning."), ("y", "Other.")])
    first = made.getvalue().splitlines()[0]
    assert first == ("x" * 30 + "  Meaning." if is_beside else "x" * 31)


def test_short_names_make_a_narrow_column() -> None:
    made = page(80)
    made.write_dl([("a", "First."), ("bb", "Second.")], col_spacing=3)
    assert made.getvalue() == "a    First.\nbb   Second.\n"


@pytest.mark.parametrize(
    ("meaning", "english", "chinese"),
    [
        ("How many. [default: 100; x>=1]", "How many. [default: 100; at least 1]", None),
        ("How many. [1<=x<=20000]", "How many. [1 to 20,000]", "How many. [1 至 20,000 之间]"),
        ("How many.  [required]", "How many. [required]", "How many. [必填]"),
        ("[required]", "[required]", "[必填]"),
        ("As a [b] c.", "As a [b] c.", None),
    ],
)
def test_what_typer_adds_is_put_into_words(meaning: str, english: str, chinese: str | None) -> None:
    assert pages.explain(meaning) == english
    if chinese:
        speak("zh")
        assert pages.explain(meaning) == chinese


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("CODE[@VERSION]", "CODE[@VERSION]", "代码[@版本]"),
        ("--CODE", "--CODE", "--CODE"),
        ("XCODE CODEX", "XCODE CODEX", "XCODE CODEX"),
        ("SHA [FILE]", "SHA [FILE]", "SHA [文件]"),
    ],
)
def test_stand_ins_are_translated_where_they_stand_alone(
    text: str, english: str, chinese: str
) -> None:
    assert pages.translate_stand_ins(text) == english
    speak("zh")
    assert pages.translate_stand_ins(text) == chinese


def test_a_usage_line_is_folded_under_its_first_word() -> None:
    made = page(36)
    made.write_usage("voucher round", "[OPTIONS] {CODE} [--packs NO] [--note TEXT]")
    assert made.getvalue() == (
        "Usage: voucher round [OPTIONS] CODE\n"
        "                     [--packs NO]\n"
        "                     [--note TEXT]\n"
    )


def test_examples_are_broken_where_a_shell_reads_on() -> None:
    made = page(34, indent=2)
    made.write_text("Examples: voucher a; voucher round create hz-2 --note 'a b c' --packs 10")
    assert made.getvalue() == (
        "  Examples:\n"
        "    voucher a\n"
        "    voucher round create hz-2 \\\n"
        "        --note 'a b c' \\\n"
        "        --packs 10\n"
    )
    one = page(40)
    one.write_text("Example: voucher a")
    assert one.getvalue() == "Example:\n  voucher a\n"


def test_a_command_fills_its_line_but_for_the_backslash() -> None:
    assert pages.break_command("voucher abcd efgh", 17) == ["voucher abcd \\", "    efgh"]
    assert pages.break_command("voucher abcd efgh", 19) == ["voucher abcd efgh"]
    assert pages.break_command("voucher abcd efgh", 18) == ["voucher abcd \\", "    efgh"]


def test_a_paragraph_is_folded_within_its_indent() -> None:
    made = page(14, indent=4)
    made.write_text("one two three four")
    assert made.getvalue() == "    one two\n    three four\n"
    made = page(20)
    made.write_heading("Options")
    assert made.getvalue() == "Options:\n"


# ---------------------------------------------------------------- folding


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 8, ["one two", "three"]),
        ("one two three", 13, ["one two three"]),
        ("消费券发放", 6, ["消费券", "发放"]),
        ("消费券，发放", 6, ["消费", "券，发", "放"]),
        ("消费券，发放", 8, ["消费券，", "发放"]),
        ("at 2020-03-27 08:00 sharp", 12, ["at", "2020-03-27 08:00", "sharp"]),
        ("rate -1,234.5 % now", 10, ["rate", "-1,234.5 %", "now"]),
        ("x [a b c] y", 8, ["x", "[a b c]", "y"]),
        ("ab\ncd ef", 4, ["ab", "cd", "ef"]),
        ("e\u0301e\u0301 x", 2, ["e\u0301e\u0301", "x"]),
        ("", 4, [""]),
    ],
)
def test_a_text_is_folded_at_these_places(text: str, width: int, lines: list[str]) -> None:
    assert fold(text, width).split("\n") == lines


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("消费", 4), ("ｆ", 2), ("e\u0301", 1), ("\u200b", 0), ("é", 1)]
)
def test_a_wide_character_takes_two_columns_and_a_mark_none(text: str, width: int) -> None:
    assert cells(text) == width


def test_a_remark_of_25_letters_is_no_longer_kept_together() -> None:
    assert tokens("[" + "a " * 12 + "]") == ["[" + "a " * 12 + "]"]
    assert len(tokens("[" + "a " * 12 + "a]")) > 1
